"""A domain-wall device in the solver: where its wall settles under a current, how fast, and when it is lost.

Every function takes a `Setup`, so that a run says all that it depends on, and goes into a process of its own as it is.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spingan.devices.wall_device import TorqueConvention, WallDevice
from spingan.devices.wall_system import conductance_s, mesh, system, wall_position_m
from spingan.errors import UserError
from spingan.physics.evolve import evolve
from spingan.physics.relax import relax
from spingan.physics.states import wall

SAMPLE_S = 5e-12  # a fiftieth of the fastest settling that paper S prints
WINDOW_S = 0.1e-9  # half a period of the wall's ringing, so that a turning point does not pass for rest
STILL_M = 0.05e-9  # within the window: 0.5 m/s, a hundredth of the speed under 20 µA; assumed
SETTLED_SHARE = 0.02  # of the travel: the usual band of a settling time
LEAST_BAND_M = 0.1e-9  # a tenth of the printed cell: after a small step a wall that wanders less has settled; assumed
LONGEST_S = 10e-9  # paper S's longest settling and reset: V-A3
RELEASE_S = 1e-9  # without a current a wall may creep for ever where nothing holds it: followed so long by default
TIME_LIMIT_S = 3600.0


@dataclass(frozen=True)
class Setup:
    """What a run depends on beside its current: the device, the torque's convention, and how the solver is set."""

    device: WallDevice
    convention: TorqueConvention = "magnet-section"
    cell_m: float = 1e-9
    read_torque: bool = False
    time_limit_s: float = TIME_LIMIT_S


@dataclass(frozen=True, eq=False)
class Settled:
    """A run under one current.

    Attributes:
        current_a: the input; the device's bias current comes on top.
        position_m: where the wall ended; nan where it was annihilated.
        conductance_s: of all detectors at the end.
        settling_s: when the wall came within 2 % of its travel of the end, to stay; None if it was still moving at the
            end of the longest time, or was annihilated.
        still: whether it moved less than 0.05 nm in the last 0.1 ns.
        time_s, path_m, path_s: times, wall positions and conductances along the way, (n,).
        m: the final magnetisation, (3, ny, nx).
        frames: m_z along the way, (n, ny, nx), in 1/127.
        steps: the solver's accepted steps.
        seconds: wall-clock time that it took.
    """

    current_a: float
    position_m: float
    conductance_s: float
    settling_s: float | None
    still: bool
    time_s: NDArray[np.float64]
    path_m: NDArray[np.float64]
    path_s: NDArray[np.float64]
    m: NDArray[np.float64]
    frames: NDArray[np.int8]
    steps: int
    seconds: float

    @property
    def annihilated(self) -> bool:
        """Whether no wall is left."""
        return math.isnan(self.position_m)


class _Watch:
    """Looks at the wall now and then, and says when it rests or is lost."""

    def __init__(self, setup: Setup, m: NDArray[np.float64], still_m: float) -> None:
        self.device, self.mesh, self.still_m = setup.device, mesh(setup.device, setup.cell_m), still_m
        self.time_s: list[float] = []
        self.path_m: list[float] = []
        self.path_s: list[float] = []
        self.frames: list[NDArray[np.int8]] = []
        self.look(0.0, m)

    def look(self, time_s: float, m: NDArray[np.float64]) -> None:
        self.time_s.append(time_s)
        self.path_m.append(wall_position_m(m, self.mesh))
        self.path_s.append(conductance_s(self.device, m, self.mesh))
        self.frames.append(np.round(127 * m[2]).astype(np.int8))

    @property
    def still(self) -> bool:
        if self.time_s[-1] < WINDOW_S:
            return False
        recent = [x for t, x in zip(self.time_s, self.path_m, strict=True) if t >= self.time_s[-1] - WINDOW_S]
        return max(recent) - min(recent) < self.still_m

    def __call__(self, time_s: float, m: NDArray[np.float64], _torque_t: float) -> bool:
        if time_s - self.time_s[-1] < SAMPLE_S:
            return False
        self.look(time_s, m)
        return math.isnan(self.path_m[-1]) or self.still


def place_wall(setup: Setup, position_m: float) -> NDArray[np.float64]:
    """A wall of the film's own width at `position_m`, (3, ny, nx), not yet at rest.

    Raises:
        UserError: The place is not on the track.
    """
    device = setup.device
    if not 0 < position_m < device.length_m:
        raise UserError(
            f"{device.name}: a wall at {position_m * 1e9:g} nm is not on the track of {device.length_m * 1e9:g} nm",
            "Place it between the ends",
        )
    wants_opposite = device.film.interfacial_dmi_j_per_m2 < 0
    angle = math.pi if (device.left_domain > 0) != wants_opposite else 0.0
    return wall(mesh(device, setup.cell_m), position_m, device.film.wall_width_m, device.left_domain, angle)


def settle(
    setup: Setup,
    current_a: float,
    start: NDArray[np.float64],
    longest_s: float = LONGEST_S,
    still_m: float = STILL_M,
) -> Settled:
    """Put `current_a` through the device and follow the wall until it rests, is lost, or `longest_s` are over.

    Args:
        start: (3, ny, nx), see `place_wall`, or another run's `m`.
        still_m: the wall rests when it moves less than this within 0.1 ns; 0 follows it for the whole time.

    Raises:
        UserError: As `system` and the solver; among them its time limit.
    """
    problem = system(setup.device, current_a, setup.convention, setup.cell_m, setup.read_torque)
    watch = _Watch(setup, start, still_m)
    with naming_current(setup.device, current_a):
        run = evolve(problem, start, longest_s, stop=watch, time_limit_s=setup.time_limit_s)
    if not run.stopped:
        watch.look(longest_s, run.m)
    time_s, path_m = np.array(watch.time_s), np.array(watch.path_m)
    rests = _moves(time_s, path_m) < STILL_M
    return Settled(
        current_a=current_a,
        position_m=float(path_m[-1]),
        conductance_s=watch.path_s[-1],
        settling_s=settling_time_s(time_s, path_m) if rests else None,
        still=rests,
        time_s=time_s,
        path_m=path_m,
        path_s=np.array(watch.path_s),
        m=run.m,
        frames=np.array(watch.frames),
        steps=run.steps,
        seconds=run.seconds,
    )


@contextmanager
def naming_current(device: WallDevice, current_a: float) -> Iterator[None]:
    """Let an error of the solver say which device and input it happened at."""
    try:
        yield
    except UserError as error:
        raise UserError(f"{device.name} at {current_a * 1e6:+g} µA: {error.problem}", error.remedy) from error


def _moves(time_s: NDArray[np.float64], path_m: NDArray[np.float64]) -> float:
    """How far the wall wandered in the last window, in metres; nan where it was lost."""
    return float(np.ptp(path_m[time_s >= time_s[-1] - WINDOW_S]))


def settling_time_s(time_s: NDArray[np.float64], path: NDArray[np.float64], band: float | None = None) -> float:
    """The time from which `path` (n,) stays within `band` of its end; by default 2 % of its travel, 0.1 nm at least."""
    if band is None:
        band = max(SETTLED_SHARE * abs(float(path[-1] - path[0])), LEAST_BAND_M)
    outside = np.flatnonzero(np.abs(path - path[-1]) > band)
    return 0.0 if outside.size == 0 else float(time_s[outside[-1] + 1])


def rest(setup: Setup, start_m: float, longest_s: float = RELEASE_S) -> Settled:
    """The device without an input, from a wall placed at `start_m`, until it rests or `longest_s` are over.

    Raises:
        UserError: As `settle`; and no wall is left.
    """
    settled = settle(setup, 0.0, place_wall(setup, start_m), longest_s)
    if settled.annihilated:
        raise UserError(
            f"{setup.device.name}: without an input the wall leaves the track from {start_m * 1e9:g} nm",
            "Its anisotropy, bias current or exchange bias cannot hold it; change one of them",
        )
    return settled


def sweep(setup: Setup, currents_a: Sequence[float], start: NDArray[np.float64]) -> list[Settled]:
    """One current after the other, each from where the last left the wall; it ends where the wall is annihilated.

    Each is followed for `RELEASE_S` at most, so that a wall without a rest point shows as memory.
    """
    results: list[Settled] = []
    for current_a in currents_a:
        settled = settle(setup, current_a, start, RELEASE_S)
        results.append(settled)
        if settled.annihilated:
            break
        start = settled.m
    return results


@dataclass(frozen=True)
class Limit:
    """The current that annihilates the wall lies between `held_a` and `lost_a`; lost_a None: it was never lost."""

    held_a: float
    lost_a: float | None


LIMIT_ACCURACY = 0.02  # of the current
LIMIT_GROWTH = 1.3


def annihilation_limit(setup: Setup, start: NDArray[np.float64], first_a: float, last_a: float) -> Limit:
    """Search for the current that annihilates the wall, from `first_a` outwards to `last_a` (the same sign), to 2 %.

    Raises:
        UserError: As `settle`; `first_a` itself annihilates it is a result: then held_a is 0.
    """
    held, lost, trial = 0.0, None, first_a
    while lost is None:
        if settle(setup, trial, start).annihilated:
            lost = trial
        else:
            held = trial
            if abs(trial) >= abs(last_a):
                return Limit(held, None)
            trial = math.copysign(min(abs(trial) * LIMIT_GROWTH, abs(last_a)), first_a)
    while abs(lost - held) > LIMIT_ACCURACY * abs(lost):
        trial = (held + lost) / 2
        if settle(setup, trial, start).annihilated:
            lost = trial
        else:
            held = trial
    return Limit(held, lost)


Task = tuple[Callable[..., Any], tuple[Any, ...]]


def run_tasks(tasks: Sequence[Task], workers: int, advance: Callable[[], None] = lambda: None) -> list[Any]:
    """What every task (function, arguments) returns, in their order, from as many processes as `workers`.

    `advance` is called as each ends. One worker runs them in this process.

    Raises:
        UserError: A task's, or fewer than one worker.
    """
    if workers < 1:
        raise UserError(f"workers is {workers}", "Give 1 or more")
    if workers == 1 or len(tasks) <= 1:
        results = []
        for function, arguments in tasks:
            results.append(function(*arguments))
            advance()
        return results
    with ProcessPoolExecutor(min(workers, len(tasks)), mp_context=get_context("spawn")) as pool:
        futures = [pool.submit(_guarded, function, arguments) for function, arguments in tasks]
        try:
            for future in as_completed(futures):
                outcome = future.result()
                if isinstance(outcome, _Refusal):
                    raise UserError(outcome.problem, outcome.remedy)
                advance()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
        return [future.result() for future in futures]


@dataclass(frozen=True)
class _Refusal:
    """A UserError on its way between processes: exceptions with two arguments do not survive pickling."""

    problem: str
    remedy: str


def _guarded(function: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
    try:
        return function(*arguments)
    except UserError as error:
        return _Refusal(error.problem, error.remedy)


TORQUE_TOLERANCE_T = 1e-4  # the solver's own default: 1e-4 of the field that holds a domain


@dataclass(frozen=True, eq=False)
class Rest:
    """A rest state under one current.

    Attributes:
        position_m: nan where no wall is left.
        torque_t: the largest torque left in any cell.
        m: (3, ny, nx) magnetisation.
    """

    current_a: float
    position_m: float
    conductance_s: float
    torque_t: float
    m: NDArray[np.float64]

    @property
    def annihilated(self) -> bool:
        """Whether no wall is left."""
        return math.isnan(self.position_m)


def rest_chain(
    setup: Setup,
    currents_a: Sequence[float],
    start: NDArray[np.float64],
    advance: Callable[[], None] = lambda: None,
) -> list[Rest]:
    """Rest states under each current, each begun where the last ended; it ends where the wall is annihilated.

    Args:
        start: (3, ny, nx), see `wall_study.place_wall`.
        advance: called after each.

    Raises:
        UserError: As `wall_device.system`, and the solver's time limit.
    """
    grid = mesh(setup.device, setup.cell_m)
    states: list[Rest] = []
    for current_a in currents_a:
        problem = system(setup.device, current_a, setup.convention, setup.cell_m, setup.read_torque)
        with naming_current(setup.device, current_a):
            found = relax(problem, start, torque_tolerance_t=TORQUE_TOLERANCE_T, time_limit_s=setup.time_limit_s)
        start = found.m
        position_m = wall_position_m(start, grid)
        states.append(Rest(current_a, position_m, conductance_s(setup.device, start, grid), found.torque_t, start))
        advance()
        if states[-1].annihilated:
            break
    return states
