"""The synapse at its working point: heat, levels and noise, and the synapse for the network."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spingan.devices.device import StoredSynapse
from spingan.devices.published import CURVES
from spingan.devices.skyrmion_synapse import PRINTED, SMALL, SkyrmionSynapse, conductance_s, shipped_calibration
from spingan.devices.skyrmion_synapse_run import (
    SWEEP_STEP_S,
    Array,
    Bench,
    Operation,
    Phase,
    Point,
    PulseEnergy,
    bench,
    designed,
    in_threads,
    operate,
    pulse_energy,
    sweep,
    working_point,
)
from spingan.devices.skyrmion_synapse_solver import Comparison, Nucleation, compare, nucleate
from spingan.physics.skyrmion_calibration import SkyrmionCalibration
from spingan.progress import Progress
from spingan.spec.files import read_synapse
from spingan.spec.synapse import Retention, Synapse, Write

ROOM_TEMPERATURE_K = 300.0  # "at room temperature": paper S, IV-C
HOLD_PERIODS = 40  # 100 ns
HOLD_PARTS = (0.0, 0.25, 0.5, 0.75, 1.0)
READ_WINDOW_S = 10e-9  # over which a read's noise is taken: assumed
IN, OUT = 0.9, 0.1  # shares of a skyrmion under the junction that count as in and as out: a hop passes both


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
    advance: Progress,
    workers: int = 1,
    temperature_k: float = ROOM_TEMPERATURE_K,
) -> Heat:
    """Let the operation, and holds at several levels, run at a temperature.

    Args:
        up: The operation without heat, from whose potentiation the holds begin.
        seeds: Two or more, each an operation and a hold at every level.
        advance: Called with (what, done, total).
        workers: Threads.
        temperature_k: Above 0.
    """
    number = up.number[up.rising]
    starts = [int(np.argmin(np.abs(number - part * float(number.max())))) for part in HOLD_PARTS]
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

    done = in_threads(one, tasks, workers, "runs with heat", advance)
    each = len(seeds)
    operations, *holds = (done[first : first + each] for first in range(0, len(done), each))
    begun = [float(up.number[start]) for start in starts]
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


def level_table(done: Operation, calibration: SkyrmionCalibration, heat: Heat) -> Levels:
    """Levels and what a pulse does at each without heat; the steps' standard deviation is that of the heated runs."""
    rising = done.rising
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
        done.deviation,
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


SEEDS = 4  # runs with heat behind the shipped curves
VORTEX_FACTORS = (1, 2, 4, 8, 10, 12)  # times the printed density
RADIAL_FACTORS = (0.5, 0.75, 1, 1.5, 2)
SMALL_FACTOR = 4.0  # times the printed density, so that the small disc's skyrmions move far in a nanosecond
SMALL_DURATION_S = 1e-9
SMALL_CELL_M = 1.5e-9


@dataclass(frozen=True, eq=False)
class Variant:
    """One polarisation of the disc: its sweep, and what it does at its working point."""

    name: str
    calibration: SkyrmionCalibration
    seeds: int
    printed_drive: Operation
    printed_heated: Operation
    """The same at room temperature, one seed."""
    points: tuple[Point, ...]
    operation: Operation
    heat: Heat
    levels: Levels

    @property
    def device(self) -> SkyrmionSynapse:
        """At the working point."""
        return self.operation.device

    @property
    def point(self) -> Point:
        """The working point."""
        return working_point(self.points)

    @property
    def energy(self) -> PulseEnergy:
        """Of one pulse at the working point."""
        return pulse_energy(self.device)

    @property
    def energy_per_state_j(self) -> float:
        """Perpendicular reading: all pulses of the potentiation over the states that they wrote."""
        first = self.operation.phases[0]
        return self.energy.perpendicular_j * first.periods / (len(self.levels.conductance_s) - 1)


@dataclass(frozen=True, eq=False)
class Study:
    """Everything that one call of the command finds."""

    calibration: SkyrmionCalibration
    seed: int
    variants: tuple[Variant, ...]
    """The vortex of paper S, then the radial polarisation."""
    nucleation: Nucleation | None = None
    comparison: Comparison | None = None


def characterise(
    calibration: SkyrmionCalibration, seed: int, seeds: int, workers: int, advance: Progress, solver: bool
) -> Study:
    """Run the disc of paper S under a vortex and under a radial polarisation.

    Args:
        seed: First of the heat's seeds.
        seeds: Number of runs with heat.
        workers: Threads.
        advance: Called with (what, done, total).
        solver: Also nucleate skyrmions, and run the small disc, in the micromagnetic solver: minutes.
    """
    variants = []
    choices = (
        ("skyrmion_simulated", PRINTED, VORTEX_FACTORS),
        ("skyrmion_designed", designed(PRINTED), RADIAL_FACTORS),
    )
    for number, (name, device, factors) in enumerate(choices):
        advance("polarisations", number, 2)
        points = sweep(device, calibration, advance, factors, workers)
        variants.append(_variant(name, device, points, calibration, range(seed, seed + seeds), workers, advance))
    advance("polarisations", 2, 2)
    nucleation = comparison = None
    if solver:
        advance("in the solver", 0, 2)
        nucleation = nucleate(PRINTED, seed=seed)
        advance("in the solver", 1, 2)
        fast = designed(SMALL).with_drive(SMALL.current_density_a_per_m2 * SMALL_FACTOR)
        comparison = compare(fast, calibration, SMALL_DURATION_S, SMALL_CELL_M)
        advance("in the solver", 2, 2)
    return Study(calibration, seed, tuple(variants), nucleation, comparison)


def _variant(
    name: str,
    device: SkyrmionSynapse,
    points: tuple[Point, ...],
    calibration: SkyrmionCalibration,
    seeds: Sequence[int],
    workers: int,
    advance: Progress,
) -> Variant:
    chosen = working_point(points)
    at = bench(device.with_drive(chosen.current_density_a_per_m2, chosen.gilbert_damping), calibration)
    done = operate(at)
    printed = bench(device, calibration)
    heat = hold(at, done, seeds, advance, workers)
    return Variant(
        name=name,
        calibration=calibration,
        seeds=len(seeds),
        printed_drive=operate(printed),
        printed_heated=operate(
            printed,
            temperature_k=ROOM_TEMPERATURE_K,
            generator=np.random.default_rng(seeds[0]),
            step_s=SWEEP_STEP_S,
        ),
        points=points,
        operation=done,
        heat=heat,
        levels=level_table(done, calibration, heat),
    )


DIGITS = 6  # significant ones in the file: far finer than the model


def rounded(values: Sequence[float] | np.ndarray) -> tuple[float, ...]:
    """To as many digits as a file holds."""
    return tuple(float(f"{value:.{DIGITS}g}") for value in values)


def synapse(variant: Variant) -> Synapse:
    """The variant at its working point as the value that crosses to the network half."""
    device, heat, levels = variant.device, variant.heat, variant.levels
    conductance = levels.conductance_s
    numbers = np.arange(len(conductance))
    noise = np.interp(numbers, heat.hold_numbers, heat.read_noise_s)
    factor = device.current_density_a_per_m2 / PRINTED.current_density_a_per_m2
    return Synapse(
        name=variant.name,
        basis="simulated",
        conductance=rounded(conductance),
        read_noise_s=rounded(noise),
        step_up=rounded(np.maximum(levels.step_up_s, 0.0)),
        step_up_spread=rounded(levels.step_up_spread_s),
        step_down=rounded(np.maximum(levels.step_down_s, 0.0)),
        step_down_spread=rounded(levels.step_down_spread_s),
        write=Write(
            pulse_current_density_a_per_m2=device.current_density_a_per_m2,
            pulse_width_s=device.pulse_width_s,
            pulse_period_s=device.pulse_period_s,
            energy_j=float(f"{variant.energy_per_state_j:.{DIGITS}g}"),
            energy_per="state",
            access="bidirectional",
        ),
        retention=_retention(heat, len(conductance) - 1),
        area_m2=float(f"{device.area_m2:.{DIGITS}g}"),
        source="spingan device skyrmion-synapse: Thiele model calibrated on spingan's micromagnetic solver",
        provenance=(
            f"{device.name} at {device.current_density_a_per_m2:.3g} A/m² ({factor:g} times the printed density), "
            f"damping {device.film.gilbert_damping:g}, polarisation {math.degrees(device.polarisation_angle_rad):.0f} "
            f"degrees from a vortex; {variant.seeds} seeds at {heat.temperature_k:g} K, Heun steps of 5 and 10 ps; "
            f"calibration: {variant.calibration.source}"
        ),
        notes=_notes(variant),
    )


def _retention(heat: Heat, top: int) -> Retention | None:
    if heat.retention_s is None or heat.resting_number is None:
        return None
    part = heat.resting_number / top
    towards = "minimum" if part <= 0.25 else "middle" if part <= 0.75 else "maximum"  # whichever is nearest
    return Retention(law="exponential", time_s=float(f"{heat.retention_s:.3g}"), towards=towards)


def _notes(variant: Variant) -> tuple[str, ...]:
    heat, printed = variant.heat, variant.printed_drive
    resting = "" if heat.resting_number is None else f"; at rest {heat.resting_number:.0f} would be under the junction"
    retention = "none found" if heat.retention_s is None else f"{heat.retention_s * 1e9:.3g} ns{resting}"
    return (
        f"At the printed 2.5e10 A/m² and damping {PRINTED.film.gilbert_damping:g} this polarisation brings "
        f"{printed.potentiated:.1f} of {printed.device.skyrmions} skyrmions under the junction by 142.5 ns without "
        "heat, "
        f"{variant.printed_heated.potentiated:.1f} at {heat.temperature_k:g} K.",
        f"Levels and steps are those of a run without heat. In the heat, {variant.seeds} seeds: "
        f"{np.mean([run.potentiated for run in heat.operations]):.1f} come in, "
        f"{np.mean([run.number[-1] for run in heat.operations]):.1f} are left in after depression, and "
        f"{np.mean([run.lost for run in heat.operations]):.1f} are lost over the edge in one operation, since the "
        "rails hold them by a few kT only: a write needs a check.",
        f"Levels: {len(variant.levels.conductance_s)}, one for each skyrmion that came in and one for none; the "
        f"conductance is linear in their number, and its scale is the junction's of the domain-wall devices (RA 2 "
        f"Ω µm², P 0.614), since the synapse's is not printed.",
        f"Read noise: standard deviation within {READ_WINDOW_S * 1e9:g} ns of a hold at {heat.temperature_k:g} K, from "
        "skyrmions that wander across the junction's rim; a sense amplifier's and a junction's own noise are unknown.",
        f"Time constant of the drift in the heat: {retention}. The model has no pinning by defects.",
        f"Write energy: perpendicular reading, Valet-Fert Co/Pt bilayer, {variant.energy.perpendicular_j:.3g} J a "
        f"pulse; in-plane reading {variant.energy.in_plane_j:.3g} J a pulse.",
        f"Skyrmions came as near as {variant.operation.run.closest_m * 1e9:.1f} nm to each other; the repulsion is "
        f"calibrated down to {variant.calibration.fits['pair'].nearest_m * 1e9:.1f} nm, and rigid ones cannot merge.",
        "Assumed, not printed: rails 10 nm wide, one spiral of two turns, DMI 3 mJ/m², perpendicular reference layer.",
        "Endurance, faults and spread from device to device are unknown.",
    )


def _stored(variant: str, about: str) -> StoredSynapse:
    """One variant as a device: its shipped curve, and the simulation that makes it anew."""

    def simulate(seed: int, workers: int, progress: Progress) -> Synapse:
        done = characterise(shipped_calibration(), seed, SEEDS, workers, progress, False)
        return synapse(next(one for one in done.variants if one.name == variant))

    name = variant.replace("skyrmion_", "skyrmion-synapse-")
    return StoredSynapse(name, about, lambda: read_synapse(CURVES / f"{variant}.csv"), simulate)


SIMULATED = _stored("skyrmion_simulated", "paper S's synapse by the Thiele model, vortex polarisation")
DESIGNED = _stored("skyrmion_designed", "the same disc with a radial polarisation, which works")
