"""Motion in time: Dormand and Prince's 5(4) pair with error control, Heun's scheme where there is temperature."""

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spingan.errors import UserError
from spingan.physics.constants import GYROMAGNETIC_RATIO_RAD_PER_S_T
from spingan.physics.kernels import combine, largest_sum, normalise
from spingan.physics.llg import Motion, motion, thermal_field_t
from spingan.physics.system import System

Observer = Callable[[float, NDArray[np.float64]], "float | NDArray[np.float64]"]
Stop = Callable[[float, NDArray[np.float64], float], bool]

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

    time_s: NDArray[np.float64]
    records: dict[str, NDArray[np.float64]]
    m: NDArray[np.float64]
    steps: int
    rejected: int
    stopped: bool
    seconds: float


class _Clock:
    """Ends a run that takes longer than the user allowed."""

    def __init__(self, limit_s: float | None) -> None:
        self.start = time.perf_counter()
        self.limit_s = limit_s

    @property
    def seconds(self) -> float:
        return time.perf_counter() - self.start

    def check(self, reached: str) -> None:
        if self.limit_s is not None and self.seconds > self.limit_s:
            raise UserError(
                f"solver: the time limit of {self.limit_s:g} s is over, with {reached}",
                "Raise the time limit, take larger cells or a looser tolerance, or simulate less time.",
            )


class _Recorder:
    def __init__(self, observers: Mapping[str, Observer]) -> None:
        self.observers = observers
        self.time_s: list[float] = []
        self.records: dict[str, list[object]] = {name: [] for name in observers}

    def look(self, time_s: float, m: NDArray[np.float64]) -> None:
        if self.time_s and self.time_s[-1] == time_s:
            return
        self.time_s.append(time_s)
        for name, observer in self.observers.items():
            self.records[name].append(np.array(observer(time_s, m)))

    def trajectory(self, m: NDArray[np.float64], steps: int, rejected: int, stopped: bool, clock: _Clock) -> Trajectory:
        records = {name: np.array(values, dtype=np.float64) for name, values in self.records.items()}
        return Trajectory(np.array(self.time_s), records, m, steps, rejected, stopped, clock.seconds)


def evolve(
    system: System,
    m: NDArray[np.float64],
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
    _check_scheme(system, fixed_step_s)
    clock = _Clock(time_limit_s)
    recorder = _Recorder(observers or {})
    ready = motion(system)
    m = unit_vectors(m, system)
    if fixed_step_s is not None:
        return _heun(system, ready, m, duration_s, every_s, stop, fixed_step_s, seed, recorder, clock)
    return _dormand_prince(ready, m, duration_s, every_s, tolerance, stop, first_step_s, recorder, clock)


def unit_vectors(m: NDArray[np.float64], system: System) -> NDArray[np.float64]:
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


def _check_scheme(system: System, fixed_step_s: float | None) -> None:
    if system.temperature_k > 0 and fixed_step_s is None:
        raise UserError(
            f"solver: a run at {system.temperature_k:g} K needs fixed_step_s",
            "The thermal field has no error control: give a step of some femtoseconds, and halve it to see.",
        )
    if system.temperature_k == 0 and fixed_step_s is not None:
        raise UserError("solver: fixed_step_s is for runs with temperature", "Leave it out; tolerance sets the steps.")


def _targets(duration_s: float, every_s: float | None) -> list[float]:
    """The times that a step must end at."""
    if every_s is None:
        return [duration_s]
    count = math.ceil(duration_s / every_s - 1e-9)
    return [min(k * every_s, duration_s) for k in range(1, count)] + [duration_s]


def _dormand_prince(
    ready: Motion,
    start: NDArray[np.float64],
    duration_s: float,
    every_s: float | None,
    tolerance: float,
    stop: Stop | None,
    first_step_s: float | None,
    recorder: _Recorder,
    clock: _Clock,
) -> Trajectory:
    stages = len(STAGES)
    m = ready.grid.padded(start)
    trial = np.empty_like(m)
    k = np.zeros((stages + 1) * len(m))
    recorder.look(0.0, start)
    torque = ready.velocity(m, k)
    fastest = torque * GYROMAGNETIC_RATIO_RAD_PER_S_T
    step = first_step_s or (FIRST_TURN_RAD / fastest if fastest > 0 else duration_s)
    now, steps, rejected = 0.0, 0, 0
    for target in _targets(duration_s, every_s):
        while now < target:
            clock.check(f"{now:.3g} s of {duration_s:.3g} s simulated")
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
                steps += 1
                if stop is not None and stop(now, _cells(ready, m), torque):
                    recorder.look(now, _cells(ready, m))
                    return recorder.trajectory(_cells(ready, m), steps, rejected, True, clock)
            else:
                rejected += 1
                step = proposed
                if taken < SHORTEST_STEP_S:
                    raise UserError(
                        f"solver: at {now:.4g} s a step of {taken:.1e} s still has an error of {error:.1e}, more than "
                        f"the tolerance {tolerance:.1e}",
                        "Look at the fields and torques (are they in tesla?), or loosen the tolerance.",
                    )
        recorder.look(now, _cells(ready, m))
    return recorder.trajectory(_cells(ready, m), steps, rejected, False, clock)


def _cells(ready: Motion, m: NDArray[np.float64]) -> NDArray[np.float64]:
    """A copy without the rim, (3, ny, nx)."""
    return np.ascontiguousarray(ready.grid.cells(m, 3))


def _heun(
    system: System,
    ready: Motion,
    start: NDArray[np.float64],
    duration_s: float,
    every_s: float | None,
    stop: Stop | None,
    step_s: float,
    seed: int,
    recorder: _Recorder,
    clock: _Clock,
) -> Trajectory:
    random = np.random.default_rng(seed)
    m = ready.grid.padded(start)
    trial, noisy = np.empty_like(m), np.empty_like(m)
    k = np.zeros(2 * len(m))
    recorder.look(0.0, start)
    now, steps = 0.0, 0
    for target in _targets(duration_s, every_s):
        count = max(1, math.ceil((target - now) / step_s - 1e-9))
        step = (target - now) / count  # equal steps that end at the target, no longer than asked for
        amplitude = thermal_field_t(system, step)
        begin = now
        for index in range(1, count + 1):
            clock.check(f"{now:.3g} s of {duration_s:.3g} s simulated")
            noisy[:] = ready.applied_t
            ready.grid.cells(noisy, 3)[...] += amplitude * random.standard_normal(start.shape)
            ready.velocity(m, k, 0, noisy)
            combine(m, k, np.array([step]), trial)
            normalise(trial)
            ready.velocity(trial, k, 1, noisy)
            combine(m, k, np.array([step / 2, step / 2]), m)
            normalise(m)
            now = begin + index * step
            steps += 1
            if stop is not None and stop(now, _cells(ready, m), ready.velocity(m, k)):
                recorder.look(now, _cells(ready, m))
                return recorder.trajectory(_cells(ready, m), steps, 0, True, clock)
        now = target
        recorder.look(now, _cells(ready, m))
    return recorder.trajectory(_cells(ready, m), steps, 0, False, clock)
