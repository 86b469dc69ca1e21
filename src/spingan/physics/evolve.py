"""Motion in time: Dormand and Prince's 5(4) pair with error control, Heun's scheme where there is temperature."""

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from spingan.errors import UserError
from spingan.physics.constants import GYROMAGNETIC_RATIO_RAD_PER_S_T
from spingan.physics.kernels import largest_sum
from spingan.physics.llg import Motion, motion, thermal_field_t
from spingan.physics.mesh import Array
from spingan.physics.system import System

Observer = Callable[[float, Array], "float | Array"]
Stop = Callable[[float, Array, float], bool]

# Dormand and Prince, J. Comput. Appl. Math. 6, 19 (1980), table 2: RK5(4)7M.
STAGES = np.array(
    (
        (1 / 5, 0.0, 0.0, 0.0, 0.0, 0.0),
        (3 / 40, 9 / 40, 0.0, 0.0, 0.0, 0.0),
        (44 / 45, -56 / 15, 32 / 9, 0.0, 0.0, 0.0),
        (19372 / 6561, -25360 / 2187, 64448 / 6561, -212 / 729, 0.0, 0.0),
        (9017 / 3168, -355 / 33, 46732 / 5247, 49 / 176, -5103 / 18656, 0.0),
        (35 / 384, 0.0, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84),
    )
)
ERROR = np.array([71 / 57600, 0.0, -71 / 16695, 71 / 1920, -17253 / 339200, 22 / 525, -1 / 40])  # 5th less 4th order

SAFETY, LARGEST_GROWTH, LARGEST_CUT = 0.9, 2.0, 0.2  # the usual step control: Hairer, Norsett, Wanner I, II.4
FIRST_TURN_RAD = 0.01  # how far the fastest cell turns in the first step, before the control knows better
MOST_STEPS = 200  # with temperature, in one compiled call: some hundredths of a second
SHORTEST_STEP_S = 1e-18  # 1/100,000 of what exchange between 0.1 nm cells would ask for


@dataclass(frozen=True, eq=False)
class Trajectory:
    """What came of an evolution.

    Attributes:
        time_s: when the observers looked, (n,).
        records: what each saw, (n, ...).
        m: the final magnetisation, (3, ny, nx).
        steps: accepted steps.
        rejected: steps that were too long and were taken again.
        stopped: whether `stop` ended it early.
        seconds: the wall-clock time that it took.
    """

    time_s: Array
    records: dict[str, Array]
    m: Array
    steps: int
    rejected: int
    stopped: bool
    seconds: float


class _Record:
    """What a run leaves while it goes on: what the observers saw, how many steps, and why it ends early."""

    def __init__(
        self, ready: Motion, observers: Mapping[str, Observer], stop: Stop | None, time_limit_s: float | None
    ) -> None:
        self.ready, self.observers, self.stop, self.time_limit_s = ready, observers, stop, time_limit_s
        self.begin = time.perf_counter()
        self.time_s: list[float] = []
        self.records: dict[str, list[object]] = {name: [] for name in observers}
        self.steps = self.rejected = 0
        self.stopped = False

    def cells(self, m: Array) -> Array:
        """A copy without the rim, (3, ny, nx)."""
        return np.ascontiguousarray(self.ready.grid.cells(m, 3))

    def check_time(self, now: float, duration_s: float) -> None:
        if self.time_limit_s is not None and time.perf_counter() - self.begin > self.time_limit_s:
            raise UserError(
                f"solver: the time limit of {self.time_limit_s:g} s is over, with {now:.3g} s of {duration_s:.3g} s "
                "simulated",
                "Raise the time limit, take larger cells or a looser tolerance, or simulate less time.",
            )

    def look(self, time_s: float, m: Array) -> None:
        if not self.time_s or self.time_s[-1] != time_s:
            self.time_s.append(time_s)
            for name, observer in self.observers.items():
                self.records[name].append(np.array(observer(time_s, self.cells(m))))

    def ends(self, time_s: float, m: Array, torque_t: float) -> bool:
        """Count a step, and ask whether it was the last."""
        self.steps += 1
        self.stopped = self.stop is not None and self.stop(time_s, self.cells(m), torque_t)
        if self.stopped:
            self.look(time_s, m)
        return self.stopped

    def trajectory(self, m: Array) -> Trajectory:
        records = {name: np.array(values, dtype=np.float64) for name, values in self.records.items()}
        seconds = time.perf_counter() - self.begin
        return Trajectory(
            np.array(self.time_s), records, self.cells(m), self.steps, self.rejected, self.stopped, seconds
        )


def evolve(
    system: System,
    m: Array,
    duration_s: float,
    *,
    every_s: float | None = None,
    observers: Mapping[str, Observer] | None = None,
    tolerance: float = 1e-5,
    stop: Stop | None = None,
    first_step_s: float | None = None,
    fixed_step_s: float | None = None,
    seed: int = 0,
    time_limit_s: float | None = None,
) -> Trajectory:
    """Let the magnetisation move for a time.

    Without temperature Dormand and Prince's pair keeps the local error of every cell's unit vector below `tolerance`
    in each step. With temperature Heun's scheme (Stratonovich) takes steps of `fixed_step_s`.

    Args:
        system: what acts on the magnetisation.
        m: where it starts, (3, ny, nx); not changed.
        duration_s: how long it moves.
        every_s: how often the observers look; a step ends exactly then. By default only at the start and the end.
        observers: functions of (time_s, m).
        tolerance: largest local error of a step; not used with temperature.
        stop: a function of (time_s, m, torque_t), asked after every step, that ends the evolution by True; torque_t is
            the largest |dm/dt| / gamma without the thermal field.
        first_step_s: a first step to try.
        fixed_step_s: the step with temperature; needed there, refused elsewhere.
        seed: of the thermal field.
        time_limit_s: wall-clock time after which it gives up.

    Raises:
        UserError: a bad argument, a step that falls below the floor, or the time limit.
    """
    positive = {
        "duration_s": duration_s,
        "every_s": every_s,
        "tolerance": tolerance,
        "first_step_s": first_step_s,
        "fixed_step_s": fixed_step_s,
    }
    for name, value in positive.items():
        if value is not None and not (math.isfinite(value) and value > 0):
            raise UserError(f"solver: {name} is {value:g}", "It must be above 0.")
    if system.temperature_k > 0 and fixed_step_s is None:
        raise UserError(
            f"solver: a run at {system.temperature_k:g} K needs fixed_step_s",
            "The thermal field has no error control: give a step of some femtoseconds, and halve it to see.",
        )
    if system.temperature_k == 0 and fixed_step_s is not None:
        raise UserError("solver: fixed_step_s is for runs with temperature", "Leave it out; tolerance sets the steps.")
    ready = motion(system)
    record = _Record(ready, observers or {}, stop, time_limit_s)
    start = ready.grid.padded(unit_vectors(m, system))
    record.look(0.0, start)
    times = (duration_s, every_s)
    if fixed_step_s is not None:
        return record.trajectory(_heun(system, record, start, times, fixed_step_s, seed))
    return record.trajectory(_dormand_prince(record, start, times, tolerance, first_step_s))


def unit_vectors(m: Array, system: System) -> Array:
    """A copy of unit length inside the mask, zero outside.

    Raises:
        UserError: the wrong shape, or a cell inside without a direction.
    """
    shape = (3, *system.mesh.shape)
    if np.shape(m) != shape:
        raise UserError(f"magnetisation: its shape is {np.shape(m)}", f"The mesh wants {shape}.")
    inside = system.inside
    length = np.sqrt((np.asarray(m, dtype=np.float64) ** 2).sum(axis=0))
    if not np.all(np.isfinite(length) & (length > 0) | ~inside):
        raise UserError("magnetisation: a cell inside the mask has no direction", "Give every cell a vector.")
    return np.ascontiguousarray(np.where(inside, m / np.where(inside, length, 1), 0.0))


def _targets(duration_s: float, every_s: float | None) -> list[float]:
    """The times that a step must end at."""
    if every_s is None:
        return [duration_s]
    count = math.ceil(duration_s / every_s - 1e-9)
    return [min(k * every_s, duration_s) for k in range(1, count)] + [duration_s]


def _dormand_prince(
    record: _Record, m: Array, times: tuple[float, float | None], tolerance: float, first_step_s: float | None
) -> Array:
    ready, stages = record.ready, len(STAGES)
    trial = np.empty_like(m)
    k = np.zeros((stages + 1) * len(m))
    torque = ready.velocity(m, k)
    fastest = torque * GYROMAGNETIC_RATIO_RAD_PER_S_T
    step = first_step_s or (FIRST_TURN_RAD / fastest if fastest > 0 else times[0])
    now = 0.0
    for target in _targets(*times):
        while now < target:
            record.check_time(now, times[0])
            last = step >= (target - now) * (1 - 1e-9)
            taken = target - now if last else step
            torque = ready.attempt(m, k, taken * STAGES, trial)
            error = taken * largest_sum(k, ERROR, ready.grid.layer)
            factor = SAFETY * (tolerance / error) ** 0.2 if error > 0 else LARGEST_GROWTH
            proposed = taken * (min(LARGEST_GROWTH, max(LARGEST_CUT, factor)) if math.isfinite(factor) else LARGEST_CUT)
            if error <= tolerance:
                now = target if last else now + taken
                m, trial = trial, m
                k[: len(m)] = k[stages * len(m) :]  # the last stage is the next step's first
                step = max(step, proposed) if last else proposed
                if record.ends(now, m, torque):
                    return m
            else:
                record.rejected += 1
                step = proposed
                if taken < SHORTEST_STEP_S:
                    raise UserError(
                        f"solver: at {now:.4g} s a step of {taken:.1e} s still has an error of {error:.1e}, more than "
                        f"the tolerance {tolerance:.1e}",
                        "Look at the fields and torques (are they in tesla?), or loosen the tolerance.",
                    )
        record.look(now, m)
    return m


def _heun(
    system: System, record: _Record, m: Array, times: tuple[float, float | None], step_s: float, seed: int
) -> Array:
    """Heun's scheme; the demagnetising field, three quarters of the work, is worked out once a step.

    At a step's end it is continued in a straight line from the last two steps, as in Adams' and Bashforth's scheme of
    second order. Without that it would lag by half a step, which takes the share gamma mu0 Ms dt / (2 alpha) off the
    damping of every mode, and heats it by as much: 0.3 % for 15 fs and a damping of 0.3, but 5 % for one of 0.02.
    """
    ready, generator = record.ready, np.random.default_rng(seed)
    work = np.zeros(2 * len(m)), np.zeros_like(m), np.zeros_like(m), np.zeros_like(ready.stray)
    batch = MOST_STEPS if record.stop is None else 1
    now, last_step = 0.0, math.inf
    for target in _targets(*times):
        count = max(1, math.ceil((target - now) / step_s - 1e-9))
        step = (target - now) / count  # equal steps that end at the target, no longer than asked for
        heat = thermal_field_t(system, step), generator
        begin, done = now, 0
        while done < count:
            record.check_time(now, times[0])
            taken = min(batch, count - done)
            ready.warm_steps(m, work, heat, (step, taken, step / last_step))
            last_step, done = step, done + taken
            now = begin + done * step
            record.steps += taken - 1  # `ends` counts the last
            if record.ends(now, m, 0.0 if record.stop is None else ready.velocity(m, work[0])):
                return m
        now = target
        record.look(now, m)
    return m
