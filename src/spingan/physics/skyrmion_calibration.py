"""The Thiele model's constants from small solver runs, each fit with its residual, and judged on runs not fitted.

- Gyrovector and dissipation: integrals of the relaxed texture.
- Drive: the speed under one uniform torque, and judged under another.
- Drive in a track, and softness: see skyrmion_track. They are the Thiele model's; the free film's drive is beside them.
- Repulsion F0 exp(-d / λ): two skyrmions let go side by side, judged from another distance.
- Anisotropy: over a map K(x, y) a skyrmion has the energy t ∫ (K - K0) S(|r - X|) dA. S begins as 1 - m_z² of the
  relaxed texture; an amplitude and a scale are fitted to the force beside a step, and judged on a rail's two steps.
- Edge: F1 exp(-s / λ1) against the distance to a free edge.
"""

import json
import math
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from spingan.errors import UserError
from spingan.extras import needs
from spingan.input_files import read_text, reason
from spingan.output import write_text
from spingan.physics import skyrmion_runs as runs
from spingan.physics import thiele
from spingan.physics.film import Film
from spingan.physics.mesh import Array, Mesh
from spingan.physics.skyrmion_texture import Texture, centres_m, moment_over_gamma, texture
from spingan.physics.skyrmion_track import RAIL_WIDTH_M, softened, track_ground, track_rails
from spingan.physics.typed import typed

with needs("the physics of devices"):
    from scipy.optimize import least_squares
    from scipy.signal import fftconvolve

Report = Callable[[float, str], None]

STEP_HEIGHT_J_PER_M3 = 0.4e6  # from 0.8 to 1.2 MJ/m³: paper S, III-A and docs/derivations.md, section 2
DRIVE_T, JUDGED_DRIVE_T = 0.03, 0.08  # torque fields; the printed 2.5e10 A/m² makes 0.011 T
TRACK_DRIVE_T, JUDGED_TRACK_DRIVE_T = 0.05, 0.02
TRACK_RUN_S = 0.34e-9
PAIR_M, JUDGED_PAIR_M = (22e-9, 32e-9), 27e-9  # distances at the start
STEP_M, RAIL_M = (8e-9, 0.0), 12e-9  # from the skyrmion's centre at the start to the step, and to the rail's middle
EDGE_M = (14e-9, 20e-9)
STEP_AT_M = 50e-9
RUN_S = 0.16e-9  # of which the first 0.04 ns do not count: skyrmion_runs.SETTLE_S
THIELE_STEP_S = 1e-12
SCHEMA_VERSION = 2


@dataclass(frozen=True)
class Fit:
    """How well a form follows the forces that it was fitted to."""

    points: int
    root_mean_square_n: float
    largest_n: float
    strongest_force_n: float
    nearest_m: float
    farthest_m: float


@dataclass(frozen=True)
class Judgement:
    """A run that was not fitted, beside the Thiele model's run from the same start."""

    name: str
    duration_s: float
    path_m: float
    """How far the solver's skyrmion moved."""
    end_error_m: float
    root_mean_square_m: float


@dataclass(frozen=True)
class SkyrmionCalibration:
    """The constants of one film's skyrmion, as fitted, with what is known of their errors."""

    film: Film
    cell_m: float
    step_height_j_per_m3: float
    texture: Texture
    drive_length_m: float
    """Force over Ms t a, along p x z, from the motion in a free film; the texture's own integral is beside it."""
    hall_tangent: float
    """v across over v along the force, in the driven run."""
    track_drive_length_m: float
    """The same in the middle of a track, where the landscape's energy is zero."""
    softness_per_j: float
    repulsion_n: float
    repulsion_length_m: float
    profile_radius_m: tuple[float, ...]
    profile: tuple[float, ...]
    """1 - m_z² of the relaxed texture at those radii."""
    kernel_amplitude: float
    kernel_scale: float
    edge_n: float
    edge_length_m: float
    fits: dict[str, Fit]
    judgements: tuple[Judgement, ...]
    seconds: float
    source: str

    def __post_init__(self) -> None:
        for name in ("cell_m", "repulsion_length_m", "edge_length_m", "kernel_scale"):
            if getattr(self, name) <= 0:
                raise UserError(f"{name} is {getattr(self, name):g}", "It must be above 0")
        if len(self.profile) != len(self.profile_radius_m) or not self.profile:
            counts = f"{len(self.profile_radius_m)} radii and {len(self.profile)} values"
            raise UserError(f"the profile has {counts}", "Give as many of both, one at least")

    def skyrmion(self) -> thiele.Skyrmion:
        """The Thiele model's constants."""
        unit = moment_over_gamma(self.film)
        moment = self.film.saturation_magnetization_a_per_m * self.film.thickness_m
        return thiele.Skyrmion(
            gyro_n_s_per_m=4 * math.pi * round(self.texture.charge) * unit,
            dissipation_n_s_per_m=self.texture.dissipation * unit,
            gilbert_damping=self.film.gilbert_damping,
            drive_n_per_t=moment * self.track_drive_length_m,
            repulsion_n=self.repulsion_n,
            repulsion_length_m=self.repulsion_length_m,
            softness_per_j=self.softness_per_j,
        )

    def anisotropy_energy_j(self, excess_j_per_m3: Array, spacing_m: float) -> Array:
        """Energy of a skyrmion at the centre of each cell of a map of K - K0; zero K - K0 beyond the map.

        Args:
            excess_j_per_m3: (ny, nx) in J/m³.
            spacing_m: Side of a cell.
        """
        reach = math.ceil(self.profile_radius_m[-1] * self.kernel_scale / spacing_m)
        offset = np.arange(-reach, reach + 1) * spacing_m
        kernel = self._kernel(np.hypot(offset[None, :], offset[:, None]))
        energy = fftconvolve(excess_j_per_m3, kernel, mode="same")
        return energy * self.film.thickness_m * spacing_m**2

    def edge_energy_j(self, distance_m: Array) -> Array:
        """Energy against the distance of the centre from a free edge: F1 λ1 exp(-s / λ1)."""
        return self.edge_n * self.edge_length_m * np.exp(-distance_m / self.edge_length_m)

    def _kernel(self, radius_m: Array) -> Array:
        shrunk = radius_m / self.kernel_scale
        return self.kernel_amplitude * np.interp(shrunk, self.profile_radius_m, self.profile, right=0.0)


def step_force_n(profile: tuple[Array, Array], film: Film, height_j_per_m3: float, distance_m: Array) -> Array:
    """Force away from a long step, whose higher side begins `distance_m` (any shape) ahead: t ΔK ∫ S dy.

    Args:
        profile: Radii and S, (k,) each.
    """
    radius, values = profile
    along = np.linspace(0.0, radius[-1], 400)
    across = np.hypot(np.asarray(distance_m)[..., None], along)
    line = 2 * np.trapezoid(np.interp(across, radius, values, right=0.0), along, axis=-1)
    return film.thickness_m * height_j_per_m3 * line


def _exponential(distance_m: Array, force_n: Array) -> tuple[float, float, Fit]:
    """Least squares of F exp(-d / λ); the guess is the straight line through the logarithms."""
    good = force_n > 0.02 * force_n.max()
    slope, level = np.polyfit(distance_m[good], np.log(force_n[good]), 1)
    scale = force_n.max()

    def miss(values: Array) -> Array:
        return (np.exp(values[0] - distance_m / (values[1] * 1e-9)) - force_n) / scale

    found = least_squares(miss, [level, -1e9 / slope])
    strength, length = math.exp(found.x[0]), float(found.x[1]) * 1e-9
    return strength, length, _fit(distance_m, force_n, strength * np.exp(-distance_m / length))


def _fit(distance_m: Array, force_n: Array, fitted_n: Array) -> Fit:
    miss = fitted_n - force_n
    return Fit(
        points=len(force_n),
        root_mean_square_n=float(np.sqrt((miss**2).mean())),
        largest_n=float(np.abs(miss).max()),
        strongest_force_n=float(np.abs(force_n).max()),
        nearest_m=float(distance_m.min()),
        farthest_m=float(distance_m.max()),
    )


def calibrate_skyrmion(film: Film, cell_m: float = 1e-9, report: Report | None = None) -> SkyrmionCalibration:
    """Run the solver on small films and fit the Thiele model's constants to what it shows.

    Args:
        film: With its own Gilbert damping, at which the driven runs are made.
        cell_m: The solver's cells.
        report: Called with the part done (0..1) and what comes next.

    Raises:
        UserError: The film carries no skyrmion, or cells are too large for it.
    """
    say = report or (lambda _part, _text: None)
    began = time.perf_counter()
    say(0.0, "one skyrmion at rest")
    state, mesh = runs.relaxed_skyrmion(film, cell_m)
    count = len(centres_m(state, mesh))
    if count != 1 or round(texture(state, mesh).charge) != -1:
        raise UserError(
            f"the film carries no single skyrmion at rest: {count} reversed areas are left of one, with a DMI of "
            f"{film.interfacial_dmi_j_per_m2:g} J/m² where {film.critical_dmi_j_per_m2:.3g} is critical",
            "Take an interfacial DMI somewhat below the critical one.",
        )
    shape = texture(state, mesh)
    unit = moment_over_gamma(film)
    gyro, dissipation = -4 * math.pi * unit, shape.dissipation * unit
    say(0.2, "driven by a uniform torque")
    drive_length, tangent, drive_fit = _drive(film, state, cell_m, gyro, dissipation)
    say(0.3, "two skyrmions that part")
    parting = [runs.pair_parting(film, state, cell_m, distance, RUN_S) for distance in PAIR_M]
    repulsion, repulsion_length, pair_fit = _exponential(*_joined(_radial(run, gyro, dissipation) for run in parting))
    say(0.45, "beside an edge")
    off = [runs.leaving(film, state, cell_m, distance, RUN_S) for distance in EDGE_M]
    edge, edge_length, edge_fit = _exponential(*_joined(_along_x(run, gyro, dissipation) for run in off))
    say(0.6, "beside an anisotropy step")
    radius, values = runs.profile(state, mesh)
    step = runs.steps_of(film.anisotropy_j_per_m3, STEP_HEIGHT_J_PER_M3, STEP_AT_M)
    beside = [runs.leaving(film, state, cell_m, STEP_AT_M - distance, RUN_S, step) for distance in STEP_M]
    place, pushed = _joined(_along_x(run, gyro, dissipation) for run in beside)
    pushed = pushed - edge * (np.exp(-place / edge_length) - np.exp((place - runs.ROOM_M) / edge_length))
    amplitude, scale, step_fit = _kernel(film, radius, values, STEP_AT_M - place, -pushed)
    found = SkyrmionCalibration(
        film=film,
        cell_m=cell_m,
        step_height_j_per_m3=STEP_HEIGHT_J_PER_M3,
        texture=shape,
        drive_length_m=drive_length,
        hall_tangent=tangent,
        track_drive_length_m=drive_length,
        softness_per_j=0.0,
        repulsion_n=repulsion,
        repulsion_length_m=repulsion_length,
        profile_radius_m=tuple(radius.tolist()),
        profile=tuple(values.tolist()),
        kernel_amplitude=amplitude,
        kernel_scale=scale,
        edge_n=edge,
        edge_length_m=edge_length,
        fits={"drive": drive_fit, "pair": pair_fit, "step": step_fit, "edge": edge_fit},
        judgements=(),
        seconds=0.0,
        source=f"spingan's solver, {cell_m * 1e9:g} nm cells, tolerance {runs.TOLERANCE:g}: small films let go",
    )
    say(0.7, "driven along a track")
    track, length, softness, pushes = softened(found, state, TRACK_DRIVE_T, TRACK_RUN_S)
    aside = np.abs(track.positions_m[:, 0, 1] - runs.TRACK_HEIGHT_M / 2)
    fits = found.fits | {"track": _fit(aside, *pushes)}
    found = replace(found, track_drive_length_m=length, softness_per_j=softness, fits=fits)
    judged = _judge(found, state, say)
    return replace(found, judgements=judged, seconds=time.perf_counter() - began)


def _drive(film: Film, state: Array, cell_m: float, gyro: float, dissipation: float) -> tuple[float, float, Fit]:
    track = runs.driven(film, state, cell_m, DRIVE_T, RUN_S)
    moment = film.saturation_magnetization_a_per_m * film.thickness_m
    force = track.forces_n(gyro, dissipation)[:, 0]
    velocity = track.velocities_m_per_s()[:, 0].mean(axis=0)
    along = force[:, 0]  # p = +y: p x z is +x
    length = float(along.mean()) / (moment * DRIVE_T)
    path = np.linalg.norm(track.positions_m[:, 0] - track.positions_m[0, 0], axis=1)
    return length, float(velocity[1] / velocity[0]), _fit(path, along, np.full(len(along), along.mean()))


def _radial(pair: runs.Track, gyro: float, dissipation: float) -> tuple[Array, Array]:
    """Distances (k,) and the force (k,) along the line between two skyrmions."""
    apart = pair.positions_m[:, 1] - pair.positions_m[:, 0]
    force = pair.forces_n(gyro, dissipation)
    distance = np.linalg.norm(apart, axis=1)
    along = ((force[:, 1] - force[:, 0]) / 2 * apart).sum(axis=1) / distance
    return distance, along


def _along_x(track: runs.Track, gyro: float, dissipation: float) -> tuple[Array, Array]:
    """Places (k,) and forces (k,) of one skyrmion along x."""
    return track.positions_m[:, 0, 0], track.forces_n(gyro, dissipation)[:, 0, 0]


def _joined(parts: Iterable[tuple[Array, Array]]) -> tuple[Array, Array]:
    places, forces = zip(*parts, strict=True)
    return np.concatenate(places), np.concatenate(forces)


def _kernel(film: Film, radius: Array, values: Array, distance: Array, force: Array) -> tuple[float, float, Fit]:
    def model(parameters: Array) -> Array:
        stretched = (radius * parameters[1], values * parameters[0])
        return step_force_n(stretched, film, STEP_HEIGHT_J_PER_M3, distance)

    found = least_squares(lambda parameters: (model(parameters) - force) / force.max(), [1.0, 1.0])
    return float(found.x[0]), float(found.x[1]), _fit(distance, force, model(found.x))


def _judge(found: SkyrmionCalibration, state: Array, say: Report) -> tuple[Judgement, ...]:
    film, cell = found.film, found.cell_m
    say(0.75, "judged: another drive")
    fast = runs.driven(film, state, cell, JUDGED_DRIVE_T, RUN_S)
    say(0.8, "judged: another drive along the track")
    slow = runs.along_track(film, state, cell, track_rails(found), JUDGED_TRACK_DRIVE_T, TRACK_RUN_S)
    say(0.85, "judged: another distance")
    pair = runs.pair_parting(film, state, cell, JUDGED_PAIR_M, RUN_S)
    say(0.9, "judged: a rail")
    rail = runs.steps_of(
        film.anisotropy_j_per_m3, found.step_height_j_per_m3, STEP_AT_M - RAIL_WIDTH_M / 2, STEP_AT_M + RAIL_WIDTH_M / 2
    )
    beside = runs.leaving(film, state, cell, STEP_AT_M - RAIL_M, RUN_S, rail, gilbert_damping=film.gilbert_damping)
    spacing = 1e-9
    strip = Mesh(round(runs.ROOM_M / spacing), 200, spacing, spacing)
    x = strip.x_m
    excess = np.ascontiguousarray(np.broadcast_to(rail(x) - film.anisotropy_j_per_m3, strip.shape))
    edges = found.edge_energy_j(x) + found.edge_energy_j(runs.ROOM_M - x)
    ground = thiele.landscape(found.anisotropy_energy_j(excess, spacing) + edges[None, :], spacing)
    push = thiele.Polarisation(y=1.0)
    return (
        _compare(f"drive of {JUDGED_DRIVE_T:g} T", found, fast, torque_t=JUDGED_DRIVE_T, polarisation=push),
        _compare(
            f"drive of {JUDGED_TRACK_DRIVE_T:g} T along a track",
            found,
            slow,
            torque_t=JUDGED_TRACK_DRIVE_T,
            polarisation=push,
            ground=track_ground(found),
        ),
        _compare(f"two skyrmions from {JUDGED_PAIR_M * 1e9:g} nm", found, pair),
        _compare(f"a rail of {RAIL_WIDTH_M * 1e9:g} nm from {RAIL_M * 1e9:g} nm", found, beside, ground=ground),
    )


def _compare(
    name: str,
    found: SkyrmionCalibration,
    track: runs.Track,
    torque_t: float = 0.0,
    polarisation: thiele.Polarisation = thiele.Polarisation(),
    ground: thiele.Landscape = thiele.FLAT,
) -> Judgement:
    every = round(runs.SAMPLE_S / THIELE_STEP_S)
    steps = (len(track.time_s) - 1) * every
    mine = thiele.run(
        found.skyrmion().with_damping(track.gilbert_damping),
        track.positions_m[0],
        np.full(steps, torque_t),
        THIELE_STEP_S,
        polarisation=polarisation,
        ground=ground,
        every=every,
    )
    miss = np.linalg.norm(mine.positions_m - track.positions_m, axis=-1)
    moved = np.linalg.norm(track.positions_m[-1] - track.positions_m[0], axis=-1)
    return Judgement(
        name=name,
        duration_s=float(track.time_s[-1] - track.time_s[0]),
        path_m=float(moved.mean()),
        end_error_m=float(miss[-1].mean()),
        root_mean_square_m=float(np.sqrt((miss**2).mean())),
    )


def write_calibration(found: SkyrmionCalibration, path: str | Path) -> None:
    """Write a calibration as JSON, one key a constant with its unit in the name.

    Raises:
        UserError: The file cannot be written.
    """
    fields = {"kind": "skyrmion calibration", "schema_version": SCHEMA_VERSION} | asdict(found)
    write_text(path, json.dumps(fields, indent=1, ensure_ascii=False) + "\n")


def read_calibration(path: str | Path) -> SkyrmionCalibration:
    """The calibration in a file that `write_calibration` wrote.

    Raises:
        UserError: There is no such file, or it is no calibration of a skyrmion.
    """
    again = "Make one: spingan calibrate skyrmion --out FILE"
    text = read_text(path, str(path), "JSON in UTF-8")
    try:
        fields = json.loads(text)
    except Exception as error:
        raise UserError(f"{path} is not JSON: {reason(error)}", again) from error
    if not isinstance(fields, dict) or fields.get("kind") != "skyrmion calibration":
        raise UserError(f"{path} is not a skyrmion's calibration", again)
    if fields.get("schema_version") != SCHEMA_VERSION:
        raise UserError(f"{path} has schema_version {fields.get('schema_version')}, not {SCHEMA_VERSION}", again)
    del fields["kind"], fields["schema_version"]
    return typed(SkyrmionCalibration, fields, f"{path} is no whole calibration", again)
