"""A domain-wall device at a temperature: noise of place and conductance, what averaging leaves, losses, energy.

Thousands of compact walls (`physics.wall_heat`) wander under each current; the film is that of the temperature
(`physics.film_temperature`). An evaluation is: set the current, wait until the wall has settled, and average the
conductance for a while. How long the average must be follows from the noise that is asked for, and with it the energy.
"""

import math
from dataclasses import dataclass, field, replace
from functools import lru_cache

import numpy as np

from spingan.devices.noise_statistics import Estimate, Noise, in_blocks, loss_share, noise_of
from spingan.devices.published import CURVES, LEAKY_LINEAR_A
from spingan.devices.wall_compact import compact_model, drive_t, read_wall_calibration
from spingan.devices.wall_curve import heavy_metal_current_a, joule_power_w
from spingan.devices.wall_device import LEAKY_RELU, RELU, TorqueConvention, WallDevice, read_wall_device
from spingan.devices.wall_heat_solver import read_heat_calibration
from spingan.devices.wall_study import settling_time_s
from spingan.errors import UserError
from spingan.extras import needs
from spingan.physics.film_temperature import COBALT_ON_PLATINUM, TemperatureLaw
from spingan.physics.mesh import Array
from spingan.physics.mtj import conductance_per_area
from spingan.physics.wall import LONGEST_S, TORQUE_TOLERANCE_T, WallConstants, WallModel, settle
from spingan.physics.wall import run as follow
from spingan.physics.wall_heat import STEP_S, HeatConstants, wander, warm_wall
from spingan.progress import Progress, no_progress

with needs("the physics of devices"):
    from scipy.ndimage import map_coordinates

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(5)  # across a junction, as the compact wall's own energy
EVERY_S = 10e-12  # between two looks: an eighth of the memory of the papers' walls
BLOCK_S = 2e-9  # twenty memories, of walls that are lost sooner or later
FEWEST = 2  # walls, or blocks of them
WARM_UP_S = 1e-9  # ten memories of the papers' walls before anything counts


@dataclass(frozen=True)
class WarmPlan:
    """What a device is asked at a temperature.

    Attributes:
        currents_a: rising; 0 and `full_scale_a` belong to them.
        full_scale_a: the input that stands for 1; from 0 to it the conductance spans the signal.
        averaging_s: how long an evaluation averages the conductance.
        snr: span over standard deviation that `energy_at_snr` asks for.
        walls: of the ensemble, under each current.
        duration_s: how long each wanders.
        every_s: between two looks.
        law: the film against temperature.

    Raises:
        UserError: A temperature that the law does not hold at, an averaging time below the step, currents that do not
            hold 0 and full scale, or numbers that are not positive.
    """

    temperature_k: float
    currents_a: tuple[float, ...] = tuple(share * LEAKY_LINEAR_A for share in (-1, -0.5, -0.25, 0, 0.25, 0.5, 1))
    full_scale_a: float = LEAKY_LINEAR_A
    averaging_s: float = 1e-9
    snr: float = 50.0  # a noise of 2 % of the span
    walls: int = 1000
    duration_s: float = 10e-9
    seed: int = 0
    law: TemperatureLaw = COBALT_ON_PLATINUM
    every_s: float = EVERY_S

    def __post_init__(self) -> None:
        self.law.magnetisation(self.temperature_k)  # refuses what it does not hold at
        if not (math.isfinite(self.averaging_s) and self.averaging_s >= STEP_S):
            raise UserError(
                f"the averaging time is {self.averaging_s * 1e9:g} ns, below the step of {STEP_S * 1e9:g} ns",
                "The walls are not followed in finer steps: average for longer.",
            )
        for name in ("snr", "duration_s", "full_scale_a"):
            if not (math.isfinite(getattr(self, name)) and getattr(self, name) > 0):
                raise UserError(f"{name} is {getattr(self, name):g}", "It must be above 0.")
        if self.walls < 2:
            raise UserError(f"{self.walls} wall makes no interval", "Give 2 or more; 1,000 are usual.")
        if self.duration_s < 10 * self.every_s:
            raise UserError(
                f"walls that wander for {self.duration_s * 1e9:g} ns show no memory", "Give a nanosecond or more."
            )
        ends = {0.0, self.full_scale_a}
        if list(self.currents_a) != sorted(set(self.currents_a)) or not ends <= set(self.currents_a):
            raise UserError(
                f"the currents do not rise, or lack 0 or the full scale of {self.full_scale_a * 1e6:g} µA",
                "Sort them, each once, with both.",
            )


@dataclass(frozen=True, eq=False)
class WatchedWalls:
    """Walls under one current at a temperature, and how many of them were lost.

    Attributes:
        settling_s: how long a wall takes from rest without a current, without heat.
        rest_m: where it would be without heat.
        lost: how many of the walls left the track.
        watched_s: the time that all walls were watched, together.
    """

    current_a: float
    settling_s: float
    rest_m: float
    lost: int
    watched_s: float


@dataclass(frozen=True, eq=False)
class WarmPoint(WatchedWalls):
    """Walls that stay long enough to say how they wander.

    Attributes:
        position_m, conductance_s: of the walls while they were there.
        paths_m: (times, some walls) of the place, to be drawn.
    """

    position_m: Noise
    conductance_s: Noise
    paths_m: Array = field(repr=False)


@dataclass(frozen=True, eq=False)
class WarmStudy:
    """A device at a temperature.

    Attributes:
        device: with the film of that temperature.
        points: the currents under which walls stay; 0 and one above it are among them.
        gone: those under which nearly all are lost within 2 ns.
        note: how well the constants are known.
    """

    device: WallDevice
    convention: TorqueConvention
    plan: WarmPlan
    constants: WallConstants
    heat: HeatConstants
    points: tuple[WarmPoint, ...]
    gone: tuple[WatchedWalls, ...]
    note: str

    @property
    def full(self) -> WarmPoint:
        """The point at full scale or, where walls do not stay there, the highest below at which they do."""
        return max((p for p in self.points if p.current_a <= self.plan.full_scale_a), key=lambda point: point.current_a)

    @property
    def span_s(self) -> float:
        """The signal: mean conductance at `full` less that without an input, in siemens."""
        zero = next(point for point in self.points if point.current_a == 0)
        return self.full.conductance_s.mean.value - zero.conductance_s.mean.value

    @property
    def slopes_s_per_a(self) -> Array:
        """(points,) how the mean conductance rises with the input."""
        current = np.array([point.current_a for point in self.points])
        return np.gradient(np.array([point.conductance_s.mean.value for point in self.points]), current)

    def power_w(self, point: WarmPoint) -> float:
        """Heat of the drive in the heavy metal and of the read voltage in the junctions, in watts."""
        drive = joule_power_w(self.device, heavy_metal_current_a(self.device, point.current_a, self.convention))
        return drive + self.device.read_voltage_v**2 * point.conductance_s.mean.value

    def averaging_at_snr_s(self, point: WarmPoint) -> Estimate:
        """How long to average until the span is `plan.snr` standard deviations."""
        return point.conductance_s.time_to(abs(self.span_s) / self.plan.snr)

    def energy_at_snr_j(self, point: WarmPoint) -> Estimate:
        """Drive and read while the wall settles and the average is taken that `averaging_at_snr_s` asks for."""
        window, power = self.averaging_at_snr_s(point), self.power_w(point)
        return Estimate(*(power * (point.settling_s + part) for part in (window.value, window.low, window.high)))

    def loss_per_operation(self, point: WatchedWalls) -> Estimate:
        """Chance to lose the wall in an evaluation of settling and `plan.averaging_s`."""
        return loss_share(point.lost, point.watched_s, point.settling_s + self.plan.averaging_s)

    def averaged_s(self, point: WarmPoint) -> Estimate:
        """Standard deviation of the conductance averaged over `plan.averaging_s`, in siemens."""
        noise, window = point.conductance_s, self.plan.averaging_s
        left = float(noise.averaged(window)) / noise.rms.value if noise.rms.value else 1.0
        return noise.rms.scaled(left)


def constants_of(device: WallDevice) -> tuple[WallConstants, HeatConstants, str]:
    """The calibrated constants of a shipped device, the bare model's for any other, and a line that says which."""
    for name, shipped in shipped_devices().items():
        if replace(device, name=shipped.name) == shipped:
            wall = read_wall_calibration(CURVES / f"wall_calibration_{name}.yaml").constants
            file = CURVES / f"wall_heat_{name}.yaml"
            if not file.exists():
                return wall, HeatConstants(), f"constants at 0 K of {name}; in heat the bare model, fitted to no run"
            made = read_heat_calibration(file)
            at = ", ".join(f"{kelvin:g}" for kelvin in sorted({seen.temperature_k for seen in made.observations}))
            return wall, made.constants, f"constants at 0 K and in heat of {name}, fitted at {at} K; {made.source}"
    return WallConstants(), HeatConstants(), "the bare model: no run of the solver was fitted for this device"


@lru_cache(maxsize=1)
def shipped_devices() -> dict[str, WallDevice]:
    """Paper S's devices and the designed ones, by the names of their files."""
    designed = {
        f"{name}_designed": read_wall_device(CURVES / f"{name}_designed_device.yaml") for name in ("leaky_relu", "relu")
    }
    return {"leaky_relu": LEAKY_RELU, "relu": RELU} | designed


def table_conductance_s(
    device: WallDevice, model: WallModel, states: Array, temperature_k: float, dimming: float
) -> Array:
    """Conductance (n, k) of all detectors for walls (n, k, 4) of position, angle, width and tilt, in siemens.

    Along the track the tanh is integrated exactly, across it by five Gauss-Legendre nodes. `dimming` is the share of
    m_z that spin waves take per kelvin.
    """
    position, _, width, tilt = np.moveaxis(states, -1, 0)
    up, down = conductance_per_area(
        np.array([1.0, -1.0]),
        device.ra_parallel_ohm_m2,
        device.polarization,
        device.read_voltage_v,
        device.half_bias_voltage_v,
    )
    seen_m2 = np.zeros(position.shape)
    for detector in device.detectors:
        height = detector.y1_m - detector.y0_m
        for node, weight in zip(_NODES, _WEIGHTS, strict=True):
            across = (detector.y0_m + detector.y1_m + node * height) / 2 - device.width_m / 2
            low, high = (
                ((x - position) * np.cos(tilt) + across * np.sin(tilt)) / width for x in (detector.x0_m, detector.x1_m)
            )
            # The fixed layers lie along the left domain, so that the cosine is -tanh.
            seen_m2 -= weight * height / 2 * width / np.cos(tilt) * (_log_cosh(high) - _log_cosh(low))
    seen_m2 *= model.constants.domain_magnetisation * max(0.0, 1 - dimming * temperature_k)
    return (up + down) / 2 * device.detector_area_m2 + (up - down) / 2 * seen_m2


def _log_cosh(v: Array) -> Array:
    return np.abs(v) + np.log1p(np.exp(-2 * np.abs(v))) - math.log(2)


def warm_point(
    device: WallDevice,
    model: WallModel,
    heat: HeatConstants,
    plan: WarmPlan,
    current_a: float,
    convention: TorqueConvention,
) -> WatchedWalls:
    """A device under one current, a `WarmPoint` unless nearly all walls are lost within 2 ns.

    Args:
        device: with the film of the temperature, as `model`.

    Raises:
        UserError: As `physics.wall_heat.warm_wall`.
    """
    middle = (device.profile.left_end_m + device.profile.right_start_m) / 2
    home = settle(model, drive_t(device, 0.0, convention), middle)
    drive = drive_t(device, current_a, convention)
    way = follow(model, drive, home, LONGEST_S, torque_tolerance_t=TORQUE_TOLERANCE_T)
    try:
        wall = warm_wall(model, drive, way.last, plan.temperature_k, heat)
    except UserError as error:
        raise UserError(f"{device.name} at {current_a * 1e6:+g} µA: {error.problem}", error.remedy) from error
    seed = int(
        np.random.SeedSequence([plan.seed, round(abs(current_a) * 1e12), int(current_a < 0)]).generate_state(1)[0]
    )
    run = wander(wall, plan.walls, plan.duration_s, seed=seed, every_s=plan.every_s, warm_up_s=WARM_UP_S)
    kept = np.isnan(run.lost_s)
    paths = np.stack([run.positions_m, run.angles_rad])
    if not kept.all():  # what was seen of a wall before it was lost counts, in whole blocks
        block = min(round(BLOCK_S / plan.every_s), paths.shape[1])
        paths = np.stack([in_blocks(path, block) for path in paths])
        paths = paths[:, :, np.isfinite(paths[0]).all(axis=0)]
    total_s = WARM_UP_S + plan.duration_s
    settling_s = settling_time_s(way.time_s, way.states[:, 0]) if len(way.time_s) else 0.0
    watched_s = float(np.where(kept, total_s, run.lost_s).sum())
    watched = current_a, settling_s, wall.rest.position_m, int((~kept).sum()), watched_s
    if paths.shape[2] < FEWEST:
        return WatchedWalls(*watched)
    places = np.stack(
        [
            (paths[0] - wall.positions_m[0]) / wall.spacing[0],
            (paths[1] - wall.angles_rad[0]) / wall.spacing[1],
        ]
    )
    table = table_conductance_s(device, model, wall.states, plan.temperature_k, heat.dimming_per_k)
    conductance = map_coordinates(table, places, order=1, mode="nearest")
    seen, read = noise_of(paths[0], plan.every_s), noise_of(conductance, plan.every_s)
    return WarmPoint(*watched, seen, read, paths[0, :200, :5].copy())


def device_at(device: WallDevice, law: TemperatureLaw, temperature_k: float) -> WallDevice:
    """A device whose film and anisotropy profile are those of a temperature; the exchange bias stays.

    Raises:
        UserError: As `TemperatureLaw.film_at`.
    """
    film, profile = law.film_at(device.film, temperature_k), device.profile
    ratio = film.anisotropy_j_per_m3 / device.film.anisotropy_j_per_m3
    warm = replace(
        profile,
        flat_j_per_m3=profile.flat_j_per_m3 * ratio,
        left_peak_j_per_m3=profile.left_peak_j_per_m3 * ratio,
        right_peak_j_per_m3=profile.right_peak_j_per_m3 * ratio,
    )
    return replace(device, film=film, profile=warm)


def warm_study(
    device: WallDevice,
    plan: WarmPlan,
    convention: TorqueConvention = "magnet-section",
    constants: tuple[WallConstants, HeatConstants, str] | None = None,
    progress: Progress = no_progress,
    cell_m: float = 1e-9,
) -> WarmStudy:
    """A device at a temperature, current by current.

    Args:
        device: with the film of the law's reference temperature.
        constants: by default those of `constants_of`.
        progress: called with (what, done, total).
        cell_m: of the compact wall's track.

    Raises:
        UserError: As `warm_point`.
    """
    wall, heat, note = constants or constants_of(device)
    warm = device_at(device, plan.law, plan.temperature_k)
    model = compact_model(warm, cell_m, wall)
    found: list[WatchedWalls] = []
    for current_a in plan.currents_a:
        progress("currents", len(found), len(plan.currents_a))
        found.append(warm_point(warm, model, heat, plan, current_a, convention))
    progress("currents", len(found), len(plan.currents_a))
    points = tuple(point for point in found if isinstance(point, WarmPoint))
    gone = tuple(point for point in found if not isinstance(point, WarmPoint))
    held = [point.current_a for point in points]
    if 0 not in held or not any(0 < current_a <= plan.full_scale_a for current_a in held):
        lost = ", ".join(f"{point.current_a * 1e6:g}" for point in gone)
        raise UserError(
            f"{device.name} at {plan.temperature_k:g} K: walls are lost too soon to say how they wander, at {lost} µA",
            "It must hold its wall without a current and above: lower the temperature, or give smaller currents.",
        )
    return WarmStudy(warm, convention, plan, wall, heat, points, gone, note)
