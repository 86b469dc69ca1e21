"""What the synapse does over its whole range: current density and damping, heat, levels, energy, and the curve file."""

import math
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from itertools import product

import numpy as np
from numpy.typing import NDArray

from spingan.devices.skyrmion_synapse import SkyrmionSynapse, conductance_s
from spingan.devices.skyrmion_synapse_run import Bench, Operation, Phase, bench, operate
from spingan.physics.bilayer import CO_PT_BILAYER, CO_PT_CO, COBALT, stack_resistance_area_ohm_m2
from spingan.physics.skyrmion_calibration import SkyrmionCalibration

Array = NDArray[np.float64]
Advance = Callable[[str, int, int], None]

DAMPINGS = (0.1, 0.2, 0.3)  # what Co/Pt is given in the literature: docs/derivations.md, section 2
SWEEP_STEP_S = 10e-12
ROOM_TEMPERATURE_K = 300.0  # "at room temperature": paper S, IV-C
HOLD_PERIODS = 40  # 100 ns
HOLD_PARTS = (0.0, 0.25, 0.5, 0.75, 1.0)
READ_WINDOW_S = 10e-9  # over which a read's noise is taken: assumed
IN, OUT = 0.9, 0.1  # shares of a skyrmion under the junction that count as in and as out: a hop passes both
EMPTIED = 4.0  # skyrmions that may be left in after depression, for an operation to count as whole: assumed
MOST_OF_ALL = 0.9  # of the skyrmions must come in, likewise


@dataclass(frozen=True)
class Point:
    """One current density and damping: how many came in, and how many were left at the end."""

    current_density_a_per_m2: float
    gilbert_damping: float
    potentiated: float
    left: float
    lost: int
    closest_m: float
    deviation: float
    """Of the number against time in potentiation from a straight line, the largest, in parts of all skyrmions."""
    skyrmions: int

    @property
    def works(self) -> bool:
        """Nearly all came in, nearly all left again, and none was lost."""
        return self.lost == 0 and self.left <= EMPTIED and self.potentiated >= MOST_OF_ALL * self.skyrmions

    @property
    def swing(self) -> float:
        """Skyrmions that came in and left again; none where some were lost."""
        return 0.0 if self.lost else max(self.potentiated - self.left, 0.0)

    def to_dict(self) -> dict[str, float]:
        """As JSON-able values."""
        return asdict(self)


def sweep(
    device: SkyrmionSynapse,
    calibration: SkyrmionCalibration,
    advance: Advance,
    factors: Sequence[float],
    workers: int = 1,
    dampings: Sequence[float] = DAMPINGS,
) -> tuple[Point, ...]:
    """Run the whole operation, without heat, over current densities and dampings.

    Args:
        factors: Current densities, over the device's own.
        advance: Called with (what, done, total).
        workers: Threads; the kernels let go of Python's lock.
    """

    def one(pair: tuple[float, float]) -> Point:
        factor, damping = pair
        there = device.with_drive(device.current_density_a_per_m2 * factor, damping)
        done = operate(bench(there, calibration), step_s=SWEEP_STEP_S)
        return Point(
            there.current_density_a_per_m2,
            damping,
            done.number_at(done.phase_end_s("potentiation")),
            float(done.number[-1]),
            done.lost,
            done.run.closest_m,
            _deviation(done, done.number),
            device.skyrmions,
        )

    pairs = list(product(factors, dampings))
    points: list[Point] = []
    with ThreadPoolExecutor(workers) as pool:
        for point in pool.map(one, pairs):
            points.append(point)
            advance("current densities and dampings", len(points), len(pairs))
    return tuple(points)


def working_point(points: Sequence[Point]) -> Point:
    """Of those that work the one nearest to a straight line; where none does, the one with the largest swing."""
    working = [point for point in points if point.works]
    if working:
        return min(working, key=lambda point: point.deviation)
    return max(points, key=lambda point: point.swing)


@dataclass(frozen=True)
class PulseEnergy:
    """Joule heat of one pulse, by both readings of the write current's direction, in J."""

    perpendicular_j: float
    """Through the disc and a Co/Pt bilayer, Valet-Fert."""
    perpendicular_three_layers_j: float
    """Through the stack as paper S, III-A has it: free layer, heavy metal, reference layer."""
    in_plane_j: float
    """Along the magnet, a square as wide as the disc."""


def pulse_energy(device: SkyrmionSynapse) -> PulseEnergy:
    """E = I² R t of one pulse (paper S, eq. 1)."""
    density, width = device.current_density_a_per_m2, device.pulse_width_s
    across = density**2 * device.area_m2 * width
    in_plane_a = density * 2 * device.radius_m * device.film.thickness_m
    # A square's sheet resistance: resistivity over thickness; the layer holds both.
    sheet_ohm = COBALT.resistance_area_ohm_m2 * (1 - COBALT.asymmetry**2) / device.film.thickness_m**2
    return PulseEnergy(
        across * stack_resistance_area_ohm_m2(CO_PT_BILAYER),
        across * stack_resistance_area_ohm_m2(CO_PT_CO),
        in_plane_a**2 * sheet_ohm * width,
    )


@dataclass(frozen=True, eq=False)
class Heat:
    """What room temperature does, from runs with several seeds."""

    temperature_k: float
    operations: tuple[Operation, ...]
    level_spread: float
    """Standard deviation of the number under the junction at the same pulse, over the seeds; the worst pulse's."""
    hold_numbers: Array
    """(levels,) skyrmions under the junction when a hold began."""
    read_noise_s: Array
    """(levels,) standard deviation of the conductance within the read window."""
    hops_per_s: float
    """Passages of single skyrmions across the junction's rim while no current flows, all skyrmions together."""
    drift_per_s: Array
    """(levels,) mean change of the number a second over the hold."""
    retention_s: float | None
    """1 / the slope of the drift against the number; None where the runs show none."""
    resting_number: float | None
    """Where the drift is zero."""


def hold(
    at: Bench,
    up: Operation,
    seeds: Sequence[int],
    advance: Advance,
    workers: int = 1,
    temperature_k: float = ROOM_TEMPERATURE_K,
) -> Heat:
    """Let the operation, and holds at several levels, run in the heat.

    Args:
        up: The operation without heat, from whose potentiation the holds begin.
        seeds: Two or more, each an operation and a hold at every level.
        advance: Called with (what, done, total).
        workers: Threads.
    """
    rising = up.time_s <= up.phase_end_s("potentiation")
    top = float(up.number[rising].max())
    starts = [int(np.argmin(np.abs(up.number[rising] - part * top))) for part in HOLD_PARTS]
    tasks = [(seed, start) for start in (None, *starts) for seed in seeds]

    def one(task: tuple[int, int | None]) -> Operation:
        seed, start = task
        phases = up.phases if start is None else (Phase("hold", HOLD_PERIODS, 0),)
        return operate(
            at,
            phases,
            places_m=None if start is None else up.run.positions_m[start],
            alive=None if start is None else up.run.alive[start],
            temperature_k=temperature_k,
            generator=np.random.default_rng((seed, 0 if start is None else start + 1)),
            step_s=SWEEP_STEP_S,
        )

    done: list[Operation] = []
    with ThreadPoolExecutor(workers) as pool:
        for operation in pool.map(one, tasks):
            done.append(operation)
            advance("runs with heat", len(done), len(tasks))
    each = len(seeds)
    groups = [done[first : first + each] for first in range(0, len(done), each)]
    return _heat(temperature_k, groups[0], [float(up.number[start]) for start in starts], groups[1:])


def _heat(
    temperature_k: float, operations: Sequence[Operation], begun: Sequence[float], holds: Sequence[Sequence[Operation]]
) -> Heat:
    numbers = np.array([operation.number for operation in operations])
    time_s = holds[0][0].time_s
    window = (time_s > 0) & (time_s <= READ_WINDOW_S)
    noise = [float(np.std([run.conductance_s[window] for run in held])) for held in holds]
    drift = [float(np.polyfit(time_s, np.mean([run.number for run in held], axis=0), 1)[0]) for held in holds]
    hops = sum(_hops(run.covered) for held in holds for run in held)
    slope, level = np.polyfit(begun, drift, 1)
    settles = bool(slope < 0)
    return Heat(
        temperature_k=temperature_k,
        operations=tuple(operations),
        level_spread=float(numbers.std(axis=0, ddof=1).max()),
        hold_numbers=np.array(begun),
        read_noise_s=np.array(noise),
        hops_per_s=hops / (sum(len(held) for held in holds) * float(time_s[-1])),
        drift_per_s=np.array(drift),
        retention_s=-1 / float(slope) if settles else None,
        resting_number=-float(level / slope) if settles else None,
    )


def _hops(covered: Array) -> int:
    """Times that a skyrmion passed from in to out or back, over a (k, n) history of covered shares."""
    count = 0
    for history in covered.T:
        sides = np.where(history > IN, 1, np.where(history < OUT, -1, 0))
        sides = sides[sides != 0]
        count += int(np.count_nonzero(np.diff(sides)))
    return count


@dataclass(frozen=True, eq=False)
class Levels:
    """The level table: as many levels as skyrmions came in, and one; a pulse's spread at each is from heated runs."""

    conductance_s: Array
    step_up_s: Array
    step_up_spread_s: Array
    step_down_s: Array
    step_down_spread_s: Array
    deviation: float
    """Of the number against time in potentiation from a straight line, in parts of all skyrmions."""


def _deviation(done: Operation, number: Array) -> float:
    rising = done.time_s <= done.phase_end_s("potentiation")
    line = np.polyfit(done.time_s[rising], number[rising], 1)
    return float(np.abs(np.polyval(line, done.time_s[rising]) - number[rising]).max() / done.device.skyrmions)


def level_table(done: Operation, calibration: SkyrmionCalibration, heat: Heat) -> Levels:
    """Levels and what a pulse does at each without heat; the steps' standard deviation is that of the heated runs."""
    rising = done.time_s <= done.phase_end_s("potentiation")
    down = (done.time_s >= done.phase_end_s("short-term state")) & (done.time_s <= done.phase_end_s("depression"))
    top = max(round(float(done.number[rising].max())), 1)
    numbers = np.asarray(np.arange(top + 1), dtype=np.float64)
    conductance = conductance_s(done.device, numbers, calibration.texture.reversed_area_m2)
    return Levels(
        conductance,
        _steps((done,), rising, conductance, 1.0)[0],
        _steps(heat.operations, rising, conductance, 1.0)[1],
        _steps((done,), down, conductance, -1.0)[0],
        _steps(heat.operations, down, conductance, -1.0)[1],
        _deviation(done, done.number),
    )


def _steps(runs: Sequence[Operation], when: NDArray[np.bool_], levels: Array, sign: float) -> tuple[Array, Array]:
    """Mean and standard deviation of a pulse's step at each level, a step in the pulse's own direction counted up."""
    each = round(runs[0].device.pulse_period_s / (runs[0].time_s[1] - runs[0].time_s[0]))
    trains = np.array([run.conductance_s[when][::each] for run in runs])
    before = trains[:, :-1].ravel()
    steps = sign * np.diff(trains, axis=1).ravel()
    mean = _at_levels(before, steps, levels)
    miss = steps - np.interp(before, levels, mean)
    return mean, np.sqrt(_at_levels(before, miss**2, levels))


def _at_levels(places: Array, values: Array, levels: Array) -> Array:
    """Means of `values` around each level, over as many neighbours as a twentieth of them; levels rise."""
    order = np.argsort(places)
    near = max(len(places) // 20, 3)
    smooth = np.convolve(values[order], np.ones(near) / near, mode="same")
    reach = np.convolve(np.ones(len(places)), np.ones(near) / near, mode="same")
    return np.interp(levels, places[order], smooth / reach)


def designed(device: SkyrmionSynapse) -> SkyrmionSynapse:
    """The same disc with a radial polarisation, whose force runs along the track, and the spiral's other sense.

    The vortex of paper S pushes skyrmions against the rails: only the spiral's slope moves them on. A radial
    polarisation pushes along the track. The spiral's sense is chosen so that the Magnus force pulls those that leave
    the track further in, not back out.
    """
    turned = device.with_drive(polarisation_angle_rad=math.pi / 2, handedness=-1)
    return replace(turned, name="skyrmion synapse, radial polarisation")
