"""The skyrmion synapse of paper S: a disc with a spiral track of high anisotropy rails around a junction.

Paper S prints the disc, the radii, both anisotropies, "30 nm spaced" rails and 32 + 32 skyrmions. What it leaves out
is assumed here, beside the number: the rails' width, that the track is one spiral of two turns, and the junction.
"""

import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, Self

import numpy as np

from spingan.errors import UserError
from spingan.physics import thiele
from spingan.physics.film import Film
from spingan.physics.mesh import Array, Mesh
from spingan.physics.mtj import partly_reversed_conductance_s
from spingan.physics.skyrmion_calibration import SkyrmionCalibration, read_calibration
from spingan.physics.spin_torque import slonczewski_torque

CALIBRATION = Path(__file__).parent / "calibration" / "skyrmion_co_pt.json"

CO_PT = Film(
    saturation_magnetization_a_per_m=580e3,  # Sampaio et al., Nat. Nanotechnol. 8, 839 (2013): paper S's reference 32
    exchange_stiffness_j_per_m=15e-12,  # the same
    interfacial_dmi_j_per_m2=3.0e-3,  # 3 to 3.5 in docs/derivations.md, section 2; not printed: assumed
    anisotropy_j_per_m3=0.8e6,  # paper S, IV-C
    gilbert_damping=0.3,  # docs/derivations.md, section 2; 0.1 is also used in the field
    thickness_m=0.5e-9,  # paper S, IV-C
    source="Co/Pt after Sampaio et al. 2013 and paper S, IV-C; DMI and damping: docs/derivations.md, section 2",
)


@dataclass(frozen=True)
class SkyrmionSynapse:
    """A disc with a spiral track, and how it is written and read.

    The rail is an Archimedean spiral r = rail_start + pitch φ / 2π up to the disc's edge; the track is what lies
    between its turns. Positive current pushes skyrmions inwards.
    """

    name: str
    radius_m: float
    detector_radius_m: float
    rail_start_m: float
    rail_width_m: float
    pitch_m: float
    handedness: Literal[1, -1]
    """1: the spiral opens anticlockwise, -1: clockwise."""
    skyrmions_each_turn: tuple[int, ...]
    film: Film
    rail_anisotropy_j_per_m3: float
    polarization: float
    polarisation_angle_rad: float
    """0: a vortex, whose force is radial; π/2: radial, whose force goes round. Both inwards for positive current."""
    current_density_a_per_m2: float
    pulse_width_s: float
    pulse_period_s: float
    ra_parallel_ohm_m2: float
    junction_polarization: float

    def __post_init__(self) -> None:
        if not 0 < self.detector_radius_m < self.radius_m:
            raise UserError(
                f"{self.name}: the detector's radius {self.detector_radius_m * 1e9:g} nm is not within the disc's "
                f"{self.radius_m * 1e9:g} nm",
                "Make it smaller than the disc.",
            )
        if not 0 < self.rail_width_m < self.pitch_m:
            raise UserError(
                f"{self.name}: rails of {self.rail_width_m * 1e9:g} nm leave no track at a pitch of "
                f"{self.pitch_m * 1e9:g} nm",
                "Make the pitch larger than the rails.",
            )
        if not 0 < self.pulse_width_s <= self.pulse_period_s:
            raise UserError(
                f"{self.name}: a pulse of {self.pulse_width_s * 1e9:g} ns does not fit in a period of "
                f"{self.pulse_period_s * 1e9:g} ns",
                "Make the period at least as long as the pulse.",
            )
        if not (math.isfinite(self.current_density_a_per_m2) and self.current_density_a_per_m2 > 0):
            raise UserError(
                f"{self.name}: a current density of {self.current_density_a_per_m2:g} A/m² moves nothing",
                "Give one above 0.",
            )

    @property
    def skyrmions(self) -> int:
        """How many there are."""
        return sum(self.skyrmions_each_turn)

    @property
    def centre_m(self) -> tuple[float, float]:
        """The disc's centre, when its bounding square's corner is the origin."""
        return self.radius_m, self.radius_m

    @property
    def area_m2(self) -> float:
        """Of the disc."""
        return math.pi * self.radius_m**2

    @property
    def detector_area_m2(self) -> float:
        """Of the junction."""
        return math.pi * self.detector_radius_m**2

    def torque_t(self, current_density_a_per_m2: float) -> float:
        """Damping-like torque field of a current density, in T: ħ P J / (2 e Ms t)."""
        torque = slonczewski_torque(current_density_a_per_m2, self.polarization, self.film, (1, 0, 0))
        return float(np.asarray(torque.field_t))

    def with_drive(self, current_density_a_per_m2: float, gilbert_damping: float | None = None) -> Self:
        """The same disc at another current density, and damping if one is given."""
        film = self.film if gilbert_damping is None else replace(self.film, gilbert_damping=gilbert_damping)
        return replace(self, film=film, current_density_a_per_m2=current_density_a_per_m2)

    def polar(self, x_m: Array, y_m: Array) -> tuple[Array, Array]:
        """Radius in m about the disc's centre, and turns of the spiral from its track's inner rail, of places."""
        dx, dy = x_m - self.centre_m[0], y_m - self.centre_m[1]
        radius = np.hypot(dx, dy)
        turn = np.mod(np.arctan2(self.handedness * dy, dx), 2 * math.pi) / (2 * math.pi)
        return radius, (radius - self.rail_start_m) / self.pitch_m - turn


PRINTED = SkyrmionSynapse(
    name="skyrmion synapse of paper S",
    radius_m=325e-9,  # paper S, III-A
    detector_radius_m=220e-9,  # "220 nm post-synapse": paper S, III-A
    rail_start_m=210e-9,  # so that all skyrmions begin outside the junction, from 230 nm on: assumed
    rail_width_m=10e-9,  # not printed: assumed
    pitch_m=40e-9,  # "30 nm spaced" rails of 10 nm: paper S, III-A with the width assumed
    handedness=1,  # not printed; under a vortex the mirror image does the same but for the sense of gyration
    skyrmions_each_turn=(32, 32),  # paper S, III-A
    film=CO_PT,
    rail_anisotropy_j_per_m3=1.2e6,  # paper S, III-A
    polarization=0.4,  # docs/derivations.md, section 2
    polarisation_angle_rad=0.0,  # "vortex-like": paper S, III-A
    current_density_a_per_m2=2.5e10,  # 2.5 MA/cm²: paper S, V-A1
    pulse_width_s=2.2e-9,  # paper S, V-A1
    pulse_period_s=2.5e-9,  # paper S, V-A1
    ra_parallel_ohm_m2=2e-12,  # of the domain-wall devices: docs/derivations.md, section 1; none is printed
    junction_polarization=0.614,  # of the domain-wall devices: paper S, IV-D; the synapse's is not printed
)

SMALL = replace(
    PRINTED,
    name="small disc",
    radius_m=95e-9,
    detector_radius_m=32e-9,
    rail_start_m=20e-9,
    pitch_m=38e-9,
    skyrmions_each_turn=(5,),
)
"""A disc that the solver can do in minutes: one turn of the same kind of track, with five skyrmions."""


def shipped_calibration() -> SkyrmionCalibration:
    """The constants of the Co/Pt skyrmion that come with the package."""
    return read_calibration(CALIBRATION)


def rail_cover(device: SkyrmionSynapse, x_m: Array, y_m: Array, cell_m: float) -> Array:
    """Part of each cell that a rail covers, (ny, nx), with the disc's centre at `device.centre_m`.

    Args:
        x_m: (nx,) centres; `y_m` (ny,) likewise.
        cell_m: Side of a cell, over which a rail's flank is smoothed.
    """
    radius, turns_out = device.polar(x_m[None, :], y_m[:, None])
    nearest = np.maximum(np.round(turns_out), 0.0)  # there is no turn before the first
    slope = device.pitch_m / (2 * math.pi * np.maximum(radius, device.rail_start_m / 2))
    distance = np.abs(turns_out - nearest) * device.pitch_m / np.sqrt(1 + slope**2)
    cover = np.clip(0.5 + (device.rail_width_m / 2 - distance) / cell_m, 0.0, 1.0)
    return np.where(radius <= device.radius_m, cover, 0.0)


def disc_mesh(device: SkyrmionSynapse, cell_m: float) -> Mesh:
    """Square cells over the disc's bounding square."""
    cells = math.ceil(2 * device.radius_m / cell_m)
    return Mesh(cells, cells, cell_m, cell_m)


def ground(
    device: SkyrmionSynapse, calibration: SkyrmionCalibration, cell_m: float = 2e-9, grains: Array | None = None
) -> thiele.Landscape:
    """The energy of a skyrmion over the disc: rails and edge. One that reaches the edge is lost.

    Args:
        grains: factors on the anisotropy, cell by cell of `disc_mesh`; None: a film without grains.
    """
    centres = disc_mesh(device, cell_m).x_m
    excess = rail_cover(device, centres, centres, cell_m) * (
        device.rail_anisotropy_j_per_m3 - device.film.anisotropy_j_per_m3
    )
    if grains is not None:
        excess = excess + (grains - 1) * (device.film.anisotropy_j_per_m3 + excess)
    radius, _ = device.polar(centres[None, :], centres[:, None])
    to_edge = device.radius_m - radius
    energy = calibration.anisotropy_energy_j(excess, cell_m) + calibration.edge_energy_j(np.maximum(to_edge, 0.0))
    return thiele.landscape(energy, cell_m, to_edge > calibration.texture.radius_m / 2)


def polarisation(device: SkyrmionSynapse, calibration: SkyrmionCalibration) -> thiele.Polarisation:
    """The write current's polarisation, turned so that positive current pushes inwards."""
    inwards = math.copysign(1.0, calibration.drive_length_m)
    turned = thiele.vortex(device.centre_m, device.polarisation_angle_rad, core_radius_m=calibration.texture.radius_m)
    around = inwards * device.handedness
    return replace(turned, azimuthal=-inwards * turned.azimuthal, radial=around * turned.radial)


def track_places_m(device: SkyrmionSynapse) -> Array:
    """Where the skyrmions begin, (n, 2): evenly round each turn of the track, in its middle; the innermost first."""
    places = []
    for turn, count in enumerate(device.skyrmions_each_turn):
        angle = 2 * math.pi * (np.arange(count) + 0.5) / count
        radius = device.rail_start_m + device.pitch_m * (0.5 + turn + angle / (2 * math.pi))
        places.append(np.stack([radius * np.cos(angle), device.handedness * radius * np.sin(angle)], axis=1))
    return np.concatenate(places) + np.array(device.centre_m)


def off_track_m(device: SkyrmionSynapse, place_m: Array) -> float:
    """Distance of a place (2,) from the middle of the track between the rails around it, along the radius."""
    turns_out = float(device.polar(place_m[0], place_m[1])[1])
    return abs(turns_out - math.floor(turns_out) - 0.5) * device.pitch_m


def covered_share(device: SkyrmionSynapse, places_m: Array, skyrmion_radius_m: float) -> Array:
    """Part of each skyrmion's area under the junction, from 0 to 1; shape (...,) for places (..., 2).

    The skyrmion is a disc, the junction's rim beside it a straight line.
    """
    radius, _ = device.polar(places_m[..., 0], places_m[..., 1])
    depth = np.clip((device.detector_radius_m - radius) / skyrmion_radius_m, -1.0, 1.0)
    return 0.5 + (depth * np.sqrt(1 - depth**2) + np.arcsin(depth)) / math.pi


def conductance_s(device: SkyrmionSynapse, covered_skyrmions: Array, reversed_area_m2: float) -> Array:
    """Conductance of the junction over a number of skyrmions, of any shape, partly covered ones in parts; in siemens.

    The reference layer stands against the film around the skyrmions, so that each skyrmion raises the conductance, as
    paper S says; that it is perpendicular is assumed.
    """
    parallel = np.asarray(covered_skyrmions, dtype=np.float64) * reversed_area_m2
    return partly_reversed_conductance_s(
        device.detector_area_m2,
        device.detector_area_m2 - parallel,
        device.ra_parallel_ohm_m2,
        device.junction_polarization,
    )
