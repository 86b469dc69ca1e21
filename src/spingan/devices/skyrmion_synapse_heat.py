"""The skyrmion synapse at a temperature: noise of place and conductance at rest, losses in an operation, retention.

All skyrmions of the disc wander as rigid particles (`physics.thiele`), which know no collapse: what the film itself
holds is in `skyrmion_barrier`. The film follows `physics.film_temperature`; at another temperature than its law's
reference one skyrmion is brought to rest in the film of that temperature, and what the particles' calibration has of
runs is scaled: lengths with the wall's √(A/Keff), forces with A t over that length, the drive with Ms and the texture's
own length.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from spingan.devices.escape import Escape
from spingan.devices.noise_statistics import Estimate, Noise, loss_share, noise_of, share_of
from spingan.devices.skyrmion_synapse import SkyrmionSynapse, covered_share
from spingan.devices.skyrmion_synapse import conductance_s as conductance_of
from spingan.devices.skyrmion_synapse_run import (
    Bench,
    Operation,
    Phase,
    bench,
    designed,
    in_threads,
    operate,
    pulse_energy,
    torques_t,
)
from spingan.devices.skyrmion_synapse_study import HOLD_PARTS, Heat, hold, level_table, rounded
from spingan.errors import UserError
from spingan.physics import skyrmion_runs, thiele
from spingan.physics.film import Film
from spingan.physics.film_temperature import COBALT_ON_PLATINUM, TemperatureLaw
from spingan.physics.mesh import Array
from spingan.physics.skyrmion_calibration import SkyrmionCalibration
from spingan.physics.skyrmion_texture import texture
from spingan.progress import Progress, no_progress
from spingan.spec.synapse import Ensemble, Retention, Synapse, Validity, Write

WORKING_POINTS = {  # density over the printed one, damping: the sweeps of `spingan device skyrmion-synapse` chose them
    "skyrmion_simulated": (12.0, 0.1),
    "skyrmion_designed": (1.0, 0.3),
}
STEP_S, EVERY_S = 5e-12, 20e-12  # a thirtieth and an eighth of the memory of a skyrmion's place across the track
WARM_UP_S, WINDOW_S = 2e-9, 10e-9  # twelve memories; the window of a read, as in skyrmion_synapse_study
OUT_OF_TRACK = 0.5  # of a pitch off the middle of the track that it began in: on the rail's middle


@dataclass(frozen=True)
class WarmPlan:
    """What the synapse is asked at a temperature.

    Attributes:
        runs: operations, and holds at each level, each with its own seed.
        law: the film against temperature.

    Raises:
        UserError: A temperature of 0 or that the law does not hold at, or fewer than two runs.
    """

    temperature_k: float
    seed: int = 0
    runs: int = 4
    law: TemperatureLaw = COBALT_ON_PLATINUM

    def __post_init__(self) -> None:
        self.law.magnetisation(self.temperature_k)  # refuses what it does not hold at
        if self.temperature_k == 0:
            raise UserError("without heat there is no noise to look at", "Give a temperature above 0, or leave it out.")
        if self.runs < 2:
            raise UserError(f"{self.runs} run makes no interval", "Give 2 or more.")


@dataclass(frozen=True, eq=False)
class Level:
    """The synapse at rest, begun with `number` skyrmions under the junction.

    Attributes:
        conductance_s: over the read's window, of its magnetic part.
        across_m: place across the track, from its middle, of those that began and stayed in one; None where fewer than
            two did.
        left: how many left the track that they began in.
        watched_s: the time that they were in it, all together.
    """

    number: float
    conductance_s: Noise
    across_m: Noise | None
    left: int
    watched_s: float


@dataclass(frozen=True, eq=False)
class WarmSynapse:
    """A synapse at a temperature.

    Attributes:
        device: with the film and the rails of that temperature.
        calibration: of that film.
        up: its operation without heat.
        heat: operations and holds in heat.
        levels: at rest.
        escapes: the barriers, the easiest first; empty where they were not asked for.
    """

    name: str
    device: SkyrmionSynapse
    calibration: SkyrmionCalibration
    plan: WarmPlan
    up: Operation
    heat: Heat
    levels: tuple[Level, ...]
    escapes: tuple[Escape, ...] = ()

    @property
    def loss_per_operation(self) -> Estimate:
        """Chance that one skyrmion is lost over the edge in a whole operation, potentiation to reset."""
        lost = sum(run.lost for run in self.heat.operations)
        return share_of(lost, self.device.skyrmions * len(self.heat.operations))

    @property
    def loss_per_pulse(self) -> Estimate:
        """The same for one pulse's period, at a constant rate over the operation."""
        pulses = sum(phase.periods for phase in self.up.phases)
        share = self.loss_per_operation
        return Estimate(*(-math.expm1(math.log1p(-min(value, 1 - 1e-12)) / pulses) for value in
                          (share.value, share.low, share.high)))  # fmt: skip

    @property
    def out_of_track_per_s(self) -> Estimate:
        """Rate at which a skyrmion leaves its track at rest."""
        left, watched = sum(level.left for level in self.levels), sum(level.watched_s for level in self.levels)
        share = loss_share(left, watched, 1e-12)  # of so short a time the chance is the rate times it
        if watched == 0:
            return Estimate(math.nan, 0.0, math.inf)
        return Estimate(*(value / 1e-12 for value in (share.value, share.low, share.high)))


def film_at(
    device: SkyrmionSynapse, calibration: SkyrmionCalibration, temperature_k: float, law: TemperatureLaw
) -> tuple[SkyrmionSynapse, SkyrmionCalibration]:
    """The device and the particles' constants at a temperature; both unchanged at the law's reference.

    Raises:
        UserError: As the law, or the film of that temperature holds no skyrmion.
    """
    film = law.film_at(device.film, temperature_k)
    if film is device.film:
        return device, calibration
    return in_film(device, calibration, film, f"at {temperature_k:g} K")


def in_film(
    device: SkyrmionSynapse, calibration: SkyrmionCalibration, film: Film, what: str
) -> tuple[SkyrmionSynapse, SkyrmionCalibration]:
    """The device and the particles' constants in another film, around one skyrmion that is brought to rest there.

    Args:
        what: which film it is, for the calibration's source: "at 250 K".

    Raises:
        UserError: The film holds no skyrmion.
    """
    old = device.film
    ratio = film.anisotropy_j_per_m3 / old.anisotropy_j_per_m3
    warm = replace(device, film=film, rail_anisotropy_j_per_m3=device.rail_anisotropy_j_per_m3 * ratio)
    state, mesh = skyrmion_runs.relaxed_skyrmion(film, calibration.cell_m)
    if len(skyrmion_runs.centres_m(state, mesh)) != 1:
        raise UserError(f"the film holds no skyrmion {what}", "Take another temperature, or a stronger DMI.")
    shape, (radius, values) = texture(state, mesh), skyrmion_runs.profile(state, mesh)
    length = film.wall_width_m / old.wall_width_m
    force = film.exchange_stiffness_j_per_m / old.exchange_stiffness_j_per_m / length
    drive = shape.drive_length_m / calibration.texture.drive_length_m
    made = replace(
        calibration,
        film=film,
        step_height_j_per_m3=calibration.step_height_j_per_m3 * ratio,
        texture=shape,
        drive_length_m=calibration.drive_length_m * drive,
        track_drive_length_m=calibration.track_drive_length_m * drive,
        softness_per_j=calibration.softness_per_j / (force * length),
        repulsion_n=calibration.repulsion_n * force,
        repulsion_length_m=calibration.repulsion_length_m * length,
        profile_radius_m=tuple(radius.tolist()),
        profile=tuple(values.tolist()),
        edge_n=calibration.edge_n * force,
        edge_length_m=calibration.edge_length_m * length,
        source=f"{calibration.source}; scaled to the film {what} around one skyrmion at rest",
    )
    return warm, made


def working_device(name: str, printed: SkyrmionSynapse) -> SkyrmionSynapse:
    """The synapse of a shipped curve at its working point.

    Raises:
        UserError: There is none of that name.
    """
    if name not in WORKING_POINTS:
        raise UserError(f"there is no synapse {name!r}", f"Known: {', '.join(WORKING_POINTS)}.")
    factor, damping = WORKING_POINTS[name]
    device = printed if name == "skyrmion_simulated" else designed(printed)
    return device.with_drive(device.current_density_a_per_m2 * factor, damping)


def warm_synapse(
    name: str,
    printed: SkyrmionSynapse,
    calibration: SkyrmionCalibration,
    plan: WarmPlan,
    workers: int = 1,
    progress: Progress = no_progress,
) -> WarmSynapse:
    """A synapse at its working point at a temperature, without its barriers.

    Args:
        printed: with the film of the law's reference temperature, as `calibration`.
        workers: threads.
        progress: called with (what, done, total).

    Raises:
        UserError: As `film_at` and `working_device`.
    """
    device, constants = film_at(working_device(name, printed), calibration, plan.temperature_k, plan.law)
    at = bench(device, constants)
    up = operate(at)
    seeds = range(plan.seed, plan.seed + plan.runs)
    heat = hold(at, up, seeds, progress, workers, plan.temperature_k)
    number = up.number[up.rising]
    starts = sorted({int(np.argmin(np.abs(number - part * float(number.max())))) for part in HOLD_PARTS})
    levels = in_threads(lambda start: _rest(at, up, start, plan), starts, workers, "levels at rest", progress)
    return WarmSynapse(name, device, constants, plan, up, heat, tuple(levels))


def _rest(at: Bench, up: Operation, start: int, plan: WarmPlan) -> Level:
    """Runs of a read's window at one level, after a warm-up."""
    device, shape = at.device, at.calibration.texture
    quiet = Phase("rest", math.ceil((WARM_UP_S + WINDOW_S) / device.pulse_period_s), 0)
    torque = torques_t(device, (quiet,), STEP_S)[: round((WARM_UP_S + WINDOW_S) / STEP_S)]
    radius, first = math.sqrt(shape.reversed_area_m2 / math.pi), round(WARM_UP_S / EVERY_S)
    conductance, across, left, watched = [], [], 0, 0.0
    for seed in range(plan.seed, plan.seed + plan.runs):
        run = thiele.run(
            at.skyrmion, up.run.positions_m[start], torque, STEP_S, ground=at.ground,
            temperature_k=plan.temperature_k, generator=np.random.default_rng((seed, start, 2)),
            every=round(EVERY_S / STEP_S), alive=up.run.alive[start],
        )  # fmt: skip
        covered = (covered_share(device, run.positions_m, radius) * run.alive).sum(axis=1)
        conductance.append(conductance_of(device, covered, shape.reversed_area_m2)[first:])
        off = off_middle(device, run.positions_m)
        begun = up.run.alive[start] & (off[0] > -0.5) & (off[0] < len(device.skyrmions_each_turn) - 0.5)
        stays = run.alive & (np.abs(off - np.round(off[0])) < OUT_OF_TRACK)
        stays = np.logical_and.accumulate(stays, axis=0) & begun
        left += int((begun & ~stays[-1]).sum())
        watched += float(stays.sum()) * EVERY_S
        kept = stays[-1]
        across.append((off - np.round(off[0]))[first:, kept] * device.pitch_m)
    places = np.concatenate(across, axis=1)
    return Level(
        number=float(up.number[start]),
        conductance_s=noise_of(np.array(conductance).T, EVERY_S),
        across_m=noise_of(places, EVERY_S) if places.shape[1] >= 2 else None,
        left=left,
        watched_s=watched,
    )


def off_middle(device: SkyrmionSynapse, places_m: Array) -> Array:
    """(k, n) turns of the spiral from the track's middle of places (k, n, 2), followed from moment to moment."""
    turns = device.polar(places_m[..., 0], places_m[..., 1])[1] - 0.5
    whole = np.round(np.diff(turns, axis=0, prepend=turns[:1]))  # the spiral's cut is no jump of the skyrmion
    return turns - np.cumsum(whole, axis=0)


def warm_rows(study: WarmSynapse) -> list[dict[str, Any]]:
    """One row of JSON's types a level at rest; each estimated number has its interval of 95 % beside it."""
    rows: list[dict[str, Any]] = []
    span = float(np.ptp(study.up.conductance_s))
    for level in study.levels:
        row: dict[str, Any] = {"synapse": study.name, "skyrmions": level.number}
        noise, place = level.conductance_s, level.across_m
        estimates = {
            "conductance_s": noise.mean,
            "rms_conductance_s": noise.rms,
            "rms_of_span": noise.rms.scaled(1 / span) if span > 0 else None,
            "correlation_time_s": place and place.memory_s,
            "conductance_correlation_time_s": noise.memory_s,
            "rms_position_nm": place and place.rms.scaled(1e9),
            "loss_per_operation": study.loss_per_operation,
            "loss_per_pulse": study.loss_per_pulse,
            "out_of_track_per_s": study.out_of_track_per_s,
        }
        for name, estimate in estimates.items():
            row[name] = estimate and estimate.value
            row[f"{name}_interval"] = estimate and [estimate.low, estimate.high]
        rows.append(row)
    return rows


def with_escapes(study: WarmSynapse, escapes: Sequence[Escape]) -> WarmSynapse:
    """The study with its barriers, the easiest first."""
    return replace(study, escapes=tuple(sorted(escapes, key=lambda one: one.time.barrier_j)))


def warm_curve(study: WarmSynapse) -> Synapse:
    """The synapse at its working point at the temperature, with what its ensemble says of it, for arrays."""
    plan, device, heat = study.plan, study.device, study.heat
    table = level_table(study.up, study.calibration, heat)
    numbers = np.arange(len(table.conductance_s))
    begun = [level.number for level in study.levels]
    rms = [level.conductance_s.rms for level in study.levels]
    noise, low, high = (
        rounded(np.interp(numbers, begun, values))
        for values in zip(*((one.value, one.low, one.high) for one in rms), strict=True)
    )
    loss = study.loss_per_operation
    retention, interval, why = _retention(study, len(numbers) - 1)
    pulses = study.up.phases[0].periods
    energy = pulse_energy(device).perpendicular_j * pulses / (len(numbers) - 1)
    runs = f"{plan.runs} runs, seeds {plan.seed} to {plan.seed + plan.runs - 1}"
    return Synapse(
        name=f"{study.name}_{plan.temperature_k:g}k",
        basis="simulated",
        conductance=rounded(table.conductance_s),
        read_noise_s=noise,
        step_up=rounded(np.maximum(table.step_up_s, 0.0)),
        step_up_spread=rounded(table.step_up_spread_s),
        step_down=rounded(np.maximum(table.step_down_s, 0.0)),
        step_down_spread=rounded(table.step_down_spread_s),
        write=Write(
            pulse_current_density_a_per_m2=device.current_density_a_per_m2,
            pulse_width_s=device.pulse_width_s,
            pulse_period_s=device.pulse_period_s,
            energy_j=rounded([energy])[0],
            energy_per="state",
            access="bidirectional",
        ),
        retention=retention,
        ensemble=Ensemble(
            temperature_k=plan.temperature_k,
            seed=plan.seed,
            runs=plan.runs,
            read_noise_interval_s=tuple(zip(low, high, strict=True)),
            loss_per_write=loss.value,
            loss_per_write_interval=(loss.low, loss.high),
            retention_interval_s=interval,
            source="a write is a whole operation, potentiation to reset; the loss is one skyrmion's, over the edge",
        ),
        validity=Validity(temperature_k=(plan.temperature_k, plan.temperature_k)),
        area_m2=rounded([device.area_m2])[0],
        source="spingan device skyrmion-synapse --temperature: Thiele model calibrated on spingan's solver",
        provenance=(
            f"{device.name} at {device.current_density_a_per_m2:.3g} A/m², damping {device.film.gilbert_damping:g}, "
            f"{plan.temperature_k:g} K; {runs}; calibration: {study.calibration.source}"
        ),
        notes=(
            f"Read noise: rms within {WINDOW_S * 1e9:g} ns at rest, of skyrmions that wander across the junction's rim "
            "and do not breathe. A sense amplifier's and a junction's own noise are unknown.",
            why,
            *(f"Barrier: {one.what}, {one.time.barrier_kt:.3g} kT, {one.time.mean_s:.2g} s ({one.time.low_s:.2g} to "
              f"{one.time.high_s:.2g} s by the attempt frequency)." for one in study.escapes),
            "Endurance, faults and spread from device to device are unknown.",
        ),
    )  # fmt: skip


def _retention(study: WarmSynapse, top: int) -> tuple[Retention | None, tuple[float, float] | None, str]:
    """The faster of the runs' drift and of the easiest barrier, its interval, and a line that says which."""
    heat = study.heat
    finest = min((one.cell_m for one in study.escapes if one.collapse), default=0.0)  # coarse cells hold too little
    ways = [one for one in study.escapes if not one.collapse or one.cell_m <= finest]
    easiest = min(ways, key=lambda one: one.time.barrier_j, default=None)
    drift = heat.retention_s if heat.resting_number is not None else None
    if easiest is not None and (drift is None or easiest.time.mean_s < drift) and math.isfinite(easiest.time.high_s):
        time_s, low, high = rounded([easiest.time.mean_s, easiest.time.low_s, easiest.time.high_s])
        return (
            Retention(law="exponential", time_s=time_s, towards="minimum"), (low, high),
            f"Retention: mean time of {easiest.what}, by Arrhenius; its interval is the attempt frequency's.",
        )  # fmt: skip
    if drift is None or heat.resting_number is None:
        return None, None, "Retention: no drift seen in 100 ns, and no barrier asked for or low enough: unknown."
    part = heat.resting_number / top
    towards = "minimum" if part <= 0.25 else "middle" if part <= 0.75 else "maximum"  # whichever is nearest
    kept = Retention(law="exponential", time_s=rounded([drift])[0], towards=towards)
    return kept, None, "Retention: the drift of rigid skyrmions at rest, which know no collapse (--barriers)."
