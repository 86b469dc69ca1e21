"""The synapse in the micromagnetic solver: nucleation in a piece of the track, and a small disc beside the Thiele run.

The whole disc for 305 ns would take days; these take minutes. For mumax3 and OOMMF it becomes an experiment.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from spingan.devices.export import Drive, Experiment
from spingan.devices.skyrmion_synapse import (
    SkyrmionSynapse,
    covered_share,
    disc_mesh,
    off_track_m,
    polarisation,
    rail_cover,
    shipped_calibration,
    track_places_m,
)
from spingan.devices.skyrmion_synapse_run import bench
from spingan.errors import UserError
from spingan.extras import needs
from spingan.physics import skyrmion_runs, thiele
from spingan.physics.evolve import evolve
from spingan.physics.mesh import Array, Mesh, disc_mask
from spingan.physics.relax import relax
from spingan.physics.skyrmion_calibration import SkyrmionCalibration
from spingan.physics.skyrmion_texture import centres_m, topological_charge
from spingan.physics.spin_torque import SpinTorque, slonczewski_torque
from spingan.physics.states import uniform
from spingan.physics.system import System

with needs("the physics of devices"):
    from scipy.optimize import linear_sum_assignment

PULSE_S, RELAXATION_S = 2e-9, 10e-9  # paper S, III-A
NUCLEATION_FACTOR = 1.5  # the pulse's torque field over its threshold: assumed, as no current is printed
NUCLEUS_M = 15e-9  # radius of the region under the pulse: assumed
BESSEL_ZERO = 2.405  # of J0: the softest mode of a disc that is held at its rim
PIECE_M = 64e-9
TILT = 0.02  # disorder of the film before the pulse, in radians: a torque along z does nothing to m exactly along z
REST_T = 1e-3
TOLERANCE = 1e-4
REST_TOLERANCE = 1e-6  # at 1e-4 steps at the edge of stability jitter by 12 mT, and no film ever rests
SAMPLE_S = 10e-12
THIELE_STEP_S = 1e-12
START_REST_T = 10e-3  # largest torque of an exported start; below it skyrmions creep along the track for minutes
PULSES = 57  # to the printed maximum at 142.57 ns: docs/derivations.md, section 2


@dataclass(frozen=True, eq=False)
class Nucleation:
    """A pulse polarised against the film, and what is there after the relaxation."""

    current_density_a_per_m2: float
    charge_before: float
    charge_after_pulse: float
    charge_after: float
    skyrmions: int
    off_track_m: float | None
    """Distance of the skyrmion from the track's middle; None unless there is one."""
    relaxed_s: float
    """Time until the torque had faded, at most the printed 10 ns."""
    faded: bool
    m: Array
    cell_m: float


def nucleate(device: SkyrmionSynapse, cell_m: float = 2e-9, seed: int = 0) -> Nucleation:
    """Send a perpendicular pulse through a small region of the outer track, and let the film relax: one injection.

    The film is a piece of the disc with the two rails beside the place of the middle skyrmion of the last turn. It
    points up and the pulse is polarised down; paper S's +z is the same with both turned over. The piece has edges,
    whose canted rim carries a charge of its own, so that a skyrmion shows as a change by -1.
    """
    film = device.film
    cells = round(PIECE_M / cell_m)
    mesh = Mesh(cells, cells, cell_m, cell_m)
    middle = cells * cell_m / 2
    place = track_places_m(device)[-(device.skyrmions_each_turn[-1] // 2)]
    corner = place - middle
    rails = rail_cover(device, mesh.x_m + corner[0], mesh.y_m + corner[1], cell_m)
    excess = device.rail_anisotropy_j_per_m3 - film.anisotropy_j_per_m3
    system = System(mesh, film, anisotropy_j_per_m3=film.anisotropy_j_per_m3 + excess * rails)
    m = uniform(mesh, (0.0, 0.0, 1.0))
    m[:2] = np.random.default_rng(seed).normal(0.0, TILT, m[:2].shape)
    rest = evolve(system, m, 0.3e-9, tolerance=TOLERANCE, stop=lambda _time, _m, torque: torque < TILT).m
    density, unit_t = _nucleating_density(device)
    region = disc_mask(mesh, (middle, middle), NUCLEUS_M)
    pulse = replace(system, torques=(SpinTorque((0.0, 0.0, -1.0), np.where(region, density * unit_t, 0.0)),))
    pulsed = evolve(pulse, rest, PULSE_S, tolerance=TOLERANCE).m
    done = evolve(
        system,
        pulsed,
        RELAXATION_S,
        tolerance=REST_TOLERANCE,
        stop=lambda _time, _m, torque: torque < REST_T,
    )
    found = centres_m(done.m, mesh)
    return Nucleation(
        current_density_a_per_m2=density,
        charge_before=topological_charge(rest),
        charge_after_pulse=topological_charge(pulsed),
        charge_after=topological_charge(done.m),
        skyrmions=len(found),
        off_track_m=off_track_m(device, found[0] + corner) if len(found) == 1 else None,
        relaxed_s=float(done.time_s[-1]),
        faded=done.stopped,
        m=done.m,
        cell_m=cell_m,
    )


def _nucleating_density(device: SkyrmionSynapse) -> tuple[float, float]:
    """Density in A/m², and the torque field of 1 A/m²; antidamping beats damping in the region's softest mode."""
    film = device.film
    # Exchange with the film around the region stiffens its mode.
    stiffness = film.effective_anisotropy_j_per_m3 + film.exchange_stiffness_j_per_m * (BESSEL_ZERO / NUCLEUS_M) ** 2
    threshold_t = film.gilbert_damping * 2 * stiffness / film.saturation_magnetization_a_per_m
    unit_t = float(np.asarray(slonczewski_torque(1.0, device.polarization, film, (0, 0, -1)).field_t))
    return NUCLEATION_FACTOR * threshold_t / unit_t, unit_t


@dataclass(frozen=True, eq=False)
class Comparison:
    """The same small disc in the solver and by Thiele, from the same places: k moments of n skyrmions."""

    device: SkyrmionSynapse
    cell_m: float
    time_s: Array
    solver_m: Array
    """(k, n, 2)"""
    thiele_m: Array
    """(k, n, 2)"""
    solver_number: Array
    """(k,) under the detector."""
    thiele_number: Array
    m: Array
    """The solver's last state."""
    charge_change: float
    """Of the solver's run from its start to its end; zero where every skyrmion lived."""

    @property
    def path_m(self) -> float:
        """How far the solver's skyrmions went on average, from start to end."""
        return float(np.linalg.norm(self.solver_m[-1] - self.solver_m[0], axis=1).mean())

    @property
    def root_mean_square_m(self) -> float:
        """Of the distance between the two models' skyrmions at the end."""
        return float(np.sqrt((np.linalg.norm(self.solver_m[-1] - self.thiele_m[-1], axis=1) ** 2).mean()))


def compare(device: SkyrmionSynapse, calibration: SkyrmionCalibration, duration_s: float, cell_m: float) -> Comparison:
    """Drive a small disc with a constant current in the solver, and its skyrmions by Thiele from the same places.

    Raises:
        UserError: Skyrmions were lost or merged in the solver.
    """
    mesh = disc_mesh(device, cell_m)
    disc = disc_mask(mesh, device.centre_m, device.radius_m)
    low, high = device.film.anisotropy_j_per_m3, device.rail_anisotropy_j_per_m3
    anisotropy = low + (high - low) * rail_cover(device, mesh.x_m, mesh.y_m, cell_m)
    start = skyrmions_on_track(device, calibration, mesh) * disc
    system = System(mesh, device.film, mask=disc, anisotropy_j_per_m3=anisotropy)
    at = bench(device, calibration)
    torque_t = device.torque_t(device.current_density_a_per_m2)
    driven = replace(system, torques=(turning_torque(mesh, at.polarisation, torque_t),))
    settled = evolve(system, start, skyrmion_runs.SETTLE_S, tolerance=TOLERANCE).m
    done, places = skyrmion_runs.watched(driven, settled, duration_s, SAMPLE_S)
    if {len(place) for place in places} != {device.skyrmions}:
        raise UserError(
            f"{device.name}: {device.skyrmions} skyrmions became {len(places[-1])} in the solver",
            "Drive it with less current, or take smaller cells.",
        )
    solver = followed(places)
    every = round(SAMPLE_S / THIELE_STEP_S)
    run = thiele.run(
        at.skyrmion,
        solver[0],
        np.full((len(solver) - 1) * every, torque_t),
        THIELE_STEP_S,
        polarisation=at.polarisation,
        ground=at.ground,
        every=every,
    )
    radius = math.sqrt(calibration.texture.reversed_area_m2 / math.pi)
    return Comparison(
        device=device,
        cell_m=cell_m,
        time_s=done.time_s,
        solver_m=solver,
        thiele_m=run.positions_m,
        solver_number=covered_share(device, solver, radius).sum(axis=1),
        thiele_number=covered_share(device, run.positions_m, radius).sum(axis=1),
        m=done.m,
        charge_change=topological_charge(done.m) - topological_charge(settled),
    )


def followed(places: Sequence[Array]) -> Array:
    """(k, n, 2) places of k moments, (n, 2) each, in the first's order: each skyrmion is the nearest one before."""
    path = np.array(places)
    for before, here in pairwise(path):
        here[:] = here[linear_sum_assignment(np.linalg.norm(before[:, None] - here[None], axis=2))[1]]
    return path


def skyrmions_on_track(device: SkyrmionSynapse, calibration: SkyrmionCalibration, mesh: Mesh) -> Array:
    """A skyrmion as the solver leaves it at rest, (3, ny, nx), at each place of the track."""
    cell_m = mesh.dx_m
    texture, _ = skyrmion_runs.relaxed_skyrmion(device.film, cell_m, calibration.texture.radius_m, box_m=48e-9)
    half = texture.shape[1] // 2
    corners = [(round(x / cell_m) - half, round(y / cell_m) - half) for x, y in track_places_m(device)]
    return skyrmion_runs.placed(texture, mesh, corners)


def turning_torque(mesh: Mesh, turned: thiele.Polarisation, torque_t: float) -> SpinTorque:
    """The turning polarisation as unit vectors, with the amplitude that fades towards the centre."""
    x = mesh.x_m[None, :] - turned.centre_m[0]
    y = mesh.y_m[:, None] - turned.centre_m[1]
    radius = np.hypot(x, y)
    p = np.stack([-turned.azimuthal * y + turned.radial * x, turned.azimuthal * x + turned.radial * y, 0.0 * radius])
    length = np.sqrt((p**2).sum(axis=0))
    p = np.where(length > 0, p / np.where(length > 0, length, 1.0), np.array([1.0, 0.0, 0.0])[:, None, None])
    return SpinTorque(p, torque_t * radius / np.hypot(radius, turned.core_radius_m))


def synapse_experiment(device: SkyrmionSynapse, currents_a: Sequence[float], cell_m: float = 2e-9) -> Experiment:
    """The disc with its skyrmions on the track, at rest (no torque above 10 mT), then 57 pulses of each current.

    The current is perpendicular to the plane and even over the disc; its polarisation turns about the centre, and a
    positive current pushes inwards. The rails' flanks are sharp, cell by cell, since mumax3 knows 256 anisotropies.

    Raises:
        UserError: no currents, or cells too large for the film.
    """
    mesh = disc_mesh(device, cell_m)
    disc = disc_mask(mesh, device.centre_m, device.radius_m)
    rails = rail_cover(device, mesh.x_m, mesh.y_m, cell_m) > 0.5
    anisotropy = np.where(rails, device.rail_anisotropy_j_per_m3, device.film.anisotropy_j_per_m3)
    turned = polarisation(device, shipped_calibration())
    drives = tuple(
        Drive(
            label=f"{current * 1e6:+g}uA",
            about=f"{current * 1e6:+g} uA through the disc, {current / device.area_m2:.4g} A/m2, {PULSES} pulses",
            torques=(turning_torque(mesh, turned, device.torque_t(current / device.area_m2)),),
            on_s=device.pulse_width_s,
            off_s=round(device.pulse_period_s - device.pulse_width_s, 15),
            count=PULSES,
        )
        for current in currents_a
    )
    system = System(mesh, device.film, mask=disc, anisotropy_j_per_m3=anisotropy)
    about = "a disc with a spiral track, P = polarization of the current written into J"
    placed = skyrmions_on_track(device, shipped_calibration(), mesh) * disc
    start = relax(system, placed, torque_tolerance_t=START_REST_T).m
    return Experiment("skyrmion_synapse", about, system, start, drives)
