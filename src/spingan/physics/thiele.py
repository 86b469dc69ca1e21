"""Many rigid skyrmions after Thiele: Magnus force, dissipation, drive, repulsion, a landscape, and heat.

    G z x v + α D v = F(x) + F_thermal

with G = 4π Q Ms t / γ and D = (Ms t / γ) ∫ ∂m·∂m / 2 [1]. The thermal force is white, with the strength
2 kT α D for each component, so that a free skyrmion spreads with D_free = kT α D / (G² + (α D)²) [2, 3].
Skyrmions repel as F0 exp(-d / λ) [4]. The texture is rigid: what a skyrmion does when it is squeezed is not in here.

[1] A. A. Thiele, Phys. Rev. Lett. 30, 230 (1973).  [2] C. Schütte et al., Phys. Rev. B 90, 174434 (2014).
[3] J. Miltat et al., Phys. Rev. B 97, 214426 (2018).  [4] exponential: D. Capic et al., J. Phys. Condens. Matter 32,
415803 (2020), Y. Ge et al., Commun. Phys. 6, 30 (2023); F0 and λ are calibrated, see skyrmion_calibration.
"""

import math
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from spingan.extras import needs
from spingan.physics.constants import BOLTZMANN
from spingan.physics.mesh import Array
from spingan.physics.thiele_kernels import add_forces, integrate, landscape_at, total_energy

with needs("the physics of devices"):
    from scipy.ndimage import spline_filter

REPULSION_REACH = 10.0  # lengths; F0 exp(-10) is left there, for the shipped film 0.002 pN of a drive of 0.2 pN


@dataclass(frozen=True)
class Skyrmion:
    """The constants of one kind of skyrmion in one film."""

    gyro_n_s_per_m: float
    """4π Q Ms t / γ, with the sign of Q."""
    dissipation_n_s_per_m: float
    """D, to be multiplied by the Gilbert damping."""
    gilbert_damping: float
    drive_n_per_t: float
    """Force for a torque field of 1 T and a unit in-plane polarisation p; it points along p x z."""
    repulsion_n: float
    """F0 of F0 exp(-d / λ) between two of them."""
    repulsion_length_m: float
    softness_per_j: float = 0.0
    """Share of the drive that goes for each joule of the landscape's energy: a skyrmion squeezed there is smaller."""

    def __post_init__(self) -> None:
        for name in ("dissipation_n_s_per_m", "gilbert_damping", "repulsion_length_m"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} is {getattr(self, name):g}; it must be positive")
        if self.repulsion_n < 0:
            raise ValueError(f"repulsion_n is {self.repulsion_n:g}; attraction is not in this model")

    @property
    def damping_n_s_per_m(self) -> float:
        """α D."""
        return self.gilbert_damping * self.dissipation_n_s_per_m

    def with_damping(self, gilbert_damping: float) -> Self:
        """The same texture in a film of another Gilbert damping."""
        return replace(self, gilbert_damping=gilbert_damping)


@dataclass(frozen=True)
class Polarisation:
    """In-plane spin polarisation over the plane: a uniform part, and a part that turns about a centre."""

    x: float = 0.0
    y: float = 0.0
    azimuthal: float = 0.0
    radial: float = 0.0
    centre_m: tuple[float, float] = (0.0, 0.0)
    core_radius_m: float = 0.0
    """Within about this radius the turning part fades to nothing at the centre, where it has no direction."""

    def packed(self, softness_per_j: float) -> Array:
        """(8,) as the kernels take it, with the skyrmion's softness at the end."""
        turning = [self.azimuthal, self.radial, *self.centre_m, self.core_radius_m]
        return np.array([self.x, self.y, *turning, softness_per_j])


def vortex(centre_m: tuple[float, float], angle_rad: float, core_radius_m: float) -> Polarisation:
    """A polarisation that winds once about a centre: azimuthal (a vortex) at angle 0, radial outwards at π/2."""
    return Polarisation(
        azimuthal=math.cos(angle_rad), radial=math.sin(angle_rad), centre_m=centre_m, core_radius_m=core_radius_m
    )


@dataclass(frozen=True, eq=False)
class Landscape:
    """The energy of a skyrmion against the place of its centre; cell centres at (i + 0.5) h, as in a `Mesh`."""

    coefficients: Array
    inside: NDArray[np.bool_]
    """(ny, nx); a skyrmion whose centre leaves it is lost."""
    spacing_m: float

    def energy_j(self, x_m: float, y_m: float) -> float:
        """Energy at one point, in J."""
        return landscape_at(x_m, y_m, self.coefficients, self.spacing_m, np.empty((4, 4)))[0]

    def force_n(self, x_m: float, y_m: float) -> tuple[float, float]:
        """Force at one point, in N."""
        _, along_x, along_y = landscape_at(x_m, y_m, self.coefficients, self.spacing_m, np.empty((4, 4)))
        return along_x, along_y


FLAT = Landscape(np.zeros((0, 0)), np.zeros((0, 0), bool), 1.0)
"""A plane without an end."""


def landscape(energy_j: Array, spacing_m: float, inside: NDArray[np.bool_] | None = None) -> Landscape:
    """A landscape through given energies, joined by cubic splines.

    Args:
        energy_j: (ny, nx) energies at the cell centres.
        spacing_m: Side of a cell.
        inside: (ny, nx) where a skyrmion may be; by default everywhere.
    """
    if energy_j.ndim != 2 or min(energy_j.shape) < 4:
        raise ValueError(f"a landscape needs at least 4 x 4 energies, not {energy_j.shape}")
    coefficients = np.ascontiguousarray(spline_filter(energy_j, order=3, mode="mirror"))
    allowed = np.ones(energy_j.shape, bool) if inside is None else np.ascontiguousarray(inside, dtype=bool)
    return Landscape(coefficients, allowed, spacing_m)


@dataclass(frozen=True, eq=False)
class ThieleRun:
    """What a run left: k recorded moments of n skyrmions."""

    time_s: Array
    """(k,)"""
    positions_m: Array
    """(k, n, 2)"""
    alive: NDArray[np.bool_]
    """(k, n); False from the moment that a skyrmion left the landscape's inside."""
    closest_m: float
    """Smallest distance between any two at any step; infinite where they do not repel."""


def _pair(skyrmion: Skyrmion) -> Array:
    reach = REPULSION_REACH * skyrmion.repulsion_length_m
    return np.array([skyrmion.repulsion_n, skyrmion.repulsion_length_m, reach])


def run(
    skyrmion: Skyrmion,
    positions_m: Array,
    torque_t: Array,
    time_step_s: float,
    *,
    polarisation: Polarisation = Polarisation(),
    ground: Landscape = FLAT,
    temperature_k: float = 0.0,
    generator: np.random.Generator | None = None,
    every: int = 100,
    alive: NDArray[np.bool_] | None = None,
) -> ThieleRun:
    """Move skyrmions for len(torque_t) steps of Heun's scheme.

    Args:
        positions_m: (n, 2) places at the start.
        torque_t: (steps,) damping-like torque field in T during each step; its sign is the current's.
        time_step_s: Step; the run refuses one that is too long for the forces it meets.
        polarisation: The torque's polarisation over the plane.
        ground: The landscape.
        temperature_k: Above 0, `generator` draws the thermal force.
        every: Steps between two records.
        alive: (n,) which of them there are; by default all.

    Raises:
        ValueError: A step too long, a wrong shape, or a temperature without a generator.
    """
    places = np.array(positions_m, dtype=np.float64)
    if places.ndim != 2 or places.shape[1] != 2:
        raise ValueError(f"positions have the shape {places.shape}, not (n, 2)")
    if temperature_k > 0 and generator is None:
        raise ValueError("a temperature needs a random generator")
    living = np.ones(len(places), bool) if alive is None else np.array(alive, dtype=bool)
    torques = np.ascontiguousarray(torque_t, dtype=np.float64)
    records = len(torques) // every + 1
    recorded = np.empty((records, *places.shape))
    recorded_alive = np.empty((records, len(places)), bool)
    noise = math.sqrt(2 * BOLTZMANN * temperature_k * skyrmion.damping_n_s_per_m / time_step_s)
    closest = integrate(
        places,
        living,
        skyrmion.gyro_n_s_per_m,
        skyrmion.damping_n_s_per_m,
        _pair(skyrmion),
        ground.coefficients,
        ground.inside,
        ground.spacing_m,
        polarisation.packed(skyrmion.softness_per_j),
        torques * skyrmion.drive_n_per_t,
        time_step_s,
        noise,
        np.random.default_rng(0) if generator is None else generator,
        every,
        recorded,
        recorded_alive,
    )
    if not np.all(np.isfinite(recorded)):
        raise ValueError(f"a step of {time_step_s:g} s is too long for these forces")
    time_s = np.asarray(np.arange(records) * (every * time_step_s), dtype=np.float64)
    return ThieleRun(time_s, recorded, recorded_alive, float(closest))


def energy_j(skyrmion: Skyrmion, positions_m: Array, ground: Landscape = FLAT) -> float:
    """Potential energy of skyrmions at (n, 2) places: landscape and repulsion, in J."""
    return total_energy(
        np.asarray(positions_m, dtype=np.float64),
        np.ones(len(positions_m), bool),
        _pair(skyrmion),
        ground.coefficients,
        ground.spacing_m,
        np.empty((4, 4)),
    )


def forces_n(
    skyrmion: Skyrmion,
    positions_m: Array,
    torque_t: float = 0.0,
    *,
    polarisation: Polarisation = Polarisation(),
    ground: Landscape = FLAT,
) -> Array:
    """Force on each skyrmion at (n, 2) places, in N, without heat: shape (n, 2)."""
    places = np.asarray(positions_m, dtype=np.float64)
    out = np.empty_like(places)
    add_forces(
        places,
        np.ones(len(places), bool),
        _pair(skyrmion),
        ground.coefficients,
        ground.spacing_m,
        polarisation.packed(skyrmion.softness_per_j),
        torque_t * skyrmion.drive_n_per_t,
        np.empty((4, 4)),
        out,
    )
    return out
