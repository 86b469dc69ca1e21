"""A domain-wall device in the solver: where its wall settles under a current, how fast, and when it is lost.

Every function takes a `Setup`, so that a run says all that it depends on, and goes into a process of its own as it is.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from multiprocessing import get_context
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spingan.devices.wall_device import TorqueConvention, WallDevice
from spingan.devices.wall_system import conductance_s, mesh, system, wall_position_m
from spingan.errors import UserError
from spingan.physics.evolve import evolve
from spingan.physics.mesh import Array, Mesh
from spingan.physics.relax import relax
from spingan.physics.states import wall
from spingan.physics.system import System
from spingan.progress import Progress, no_progress

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
    """What a run depends on beside its current: the device, the torque's convention, and how the solver is set.

    Cells are `cell_m` long and `across_m` wide, by default as wide as they are long.
    """

    device: WallDevice
    convention: TorqueConvention = "magnet-section"
    cell_m: float = 1e-9
    read_torque: bool = False
    time_limit_s: float = TIME_LIMIT_S
    across_m: float | None = None

    @cached_property
    def mesh(self) -> Mesh:
        """The solver's cells; refuses as `wall_system.mesh`."""
        return mesh(self.device, self.cell_m, self.across_m)

    @contextmanager
    def under(self, current_a: float) -> Iterator[System]:
        """The solver's problem at an input; an error inside says which device and input it happened at."""
        try:
            yield system(self.device, current_a, self.convention, self.cell_m, self.read_torque, self.across_m)
        except UserError as error:
            raise UserError(f"{self.device.name} at {current_a * 1e6:+g} µA: {error.problem}", error.remedy) from error


@dataclass(frozen=True, eq=False)
class WallPoint:
    """A wall under one current.

    Attributes:
        current_a: the input; the device's bias current comes on top.
        position_m: where the wall stands; nan where it was annihilated.
        conductance_s: of all detectors.
        m: (3, ny, nx) magnetisation.
    """

    current_a: float
    position_m: float
    conductance_s: float
    m: Array

    @property
    def annihilated(self) -> bool:
        """Whether no wall is left."""
        return math.isnan(self.position_m)


@dataclass(frozen=True, eq=False)
class Settled(WallPoint):
    """The end of a run under one current.

    Attributes:
        settling_s: when the wall came within 2 % of its travel of the end, to stay; None if it was still moving at the
            end of the longest time, or was annihilated.
        still: whether it moved less than 0.05 nm in the last 0.1 ns.
        time_s, path_m, path_s: times, wall positions and conductances along the way, (n,).
        frames: m_z along the way, (n, ny, nx), in 1/127.
        steps: the solver's accepted steps.
        seconds: wall-clock time that it took.
    """

    settling_s: float | None
    still: bool
    time_s: Array
    path_m: Array
    path_s: Array
    frames: NDArray[np.int8]
    steps: int
    seconds: float


@dataclass(frozen=True, eq=False)
class Rest(WallPoint):
    """A rest state under one current; `torque_t` is the largest torque left in any cell."""

    torque_t: float


class _Watch:
    """Looks at the wall now and then, and says when it rests or is lost."""

    def __init__(self, setup: Setup, m: Array, still_m: float) -> None:
        self.setup, self.still_m = setup, still_m
        self.time_s: list[float] = []
        self.path_m: list[float] = []
        self.path_s: list[float] = []
        self.frames: list[NDArray[np.int8]] = []
        self.look(0.0, m)

    def look(self, time_s: float, m: Array) -> None:
        self.time_s.append(time_s)
        self.path_m.append(wall_position_m(m, self.setup.mesh))
        self.path_s.append(conductance_s(self.setup.device, m, self.setup.mesh))
        self.frames.append(np.round(127 * m[2]).astype(np.int8))

    @property
    def still(self) -> bool:
        return self.time_s[-1] >= WINDOW_S and self.moved_m < self.still_m

    @property
    def moved_m(self) -> float:
        """How far the wall wandered in the last window; nan where it was lost."""
        recent = np.array(self.time_s) >= self.time_s[-1] - WINDOW_S
        return float(np.ptp(np.array(self.path_m)[recent]))

    def __call__(self, time_s: float, m: Array, _torque_t: float) -> bool:
        if time_s - self.time_s[-1] < SAMPLE_S:
            return False
        self.look(time_s, m)
        return math.isnan(self.path_m[-1]) or self.still


def place_wall(setup: Setup, position_m: float) -> Array:
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
    return wall(setup.mesh, position_m, device.film.wall_width_m, device.left_domain, angle)


def settle(
    setup: Setup, current_a: float, start: Array, longest_s: float = LONGEST_S, still_m: float = STILL_M
) -> Settled:
    """Put `current_a` through the device and follow the wall until it rests, is lost, or `longest_s` are over.

    Args:
        start: (3, ny, nx), see `place_wall`, or another run's `m`.
        still_m: the wall rests when it moves less than this within 0.1 ns; 0 follows it for the whole time.

    Raises:
        UserError: As `system` and the solver; among them its time limit.
    """
    watch = _Watch(setup, start, still_m)
    with setup.under(current_a) as problem:
        run = evolve(problem, start, longest_s, stop=watch, time_limit_s=setup.time_limit_s)
    if not run.stopped:
        watch.look(longest_s, run.m)
    time_s, path_m = np.array(watch.time_s), np.array(watch.path_m)
    rests = watch.moved_m < STILL_M
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


def settling_time_s(time_s: Array, path: Array, band: float | None = None) -> float:
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


def sweep(setup: Setup, currents_a: Sequence[float], start: Array) -> list[Settled]:
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


def annihilation_limit(setup: Setup, start: Array, first_a: float, last_a: float) -> Limit:
    """Search for the current that annihilates the wall, from `first_a` outwards to `last_a` (the same sign), to 2 %.

    Raises:
        UserError: As `settle`; `first_a` itself annihilates it is a result: then held_a is 0.
    """
    held, lost, trial = 0.0, None, first_a
    while lost is None or abs(lost - held) > LIMIT_ACCURACY * abs(lost):
        if settle(setup, trial, start).annihilated:
            lost = trial
        elif lost is None and abs(trial) >= abs(last_a):
            return Limit(trial, None)
        else:
            held = trial
        further = math.copysign(min(abs(trial) * LIMIT_GROWTH, abs(last_a)), first_a)
        trial = further if lost is None else (held + lost) / 2
    return Limit(held, lost)


Task = tuple[Callable[..., Any], tuple[Any, ...]]


def run_tasks(tasks: Sequence[Task], workers: int, what: str = "runs", progress: Progress = no_progress) -> list[Any]:
    """What every task (function, arguments) returns, in their order, from as many processes as `workers`.

    `progress` is told of `what` as each ends. One worker runs them in this process.

    Raises:
        UserError: A task's, or fewer than one worker.
    """
    if workers < 1:
        raise UserError(f"workers is {workers}", "Give 1 or more")
    progress(what, 0, len(tasks))
    if workers == 1 or len(tasks) <= 1:
        results = []
        for function, arguments in tasks:
            results.append(function(*arguments))
            progress(what, len(results), len(tasks))
        return results
    with ProcessPoolExecutor(min(workers, len(tasks)), mp_context=get_context("spawn")) as pool:
        futures = [pool.submit(function, *arguments) for function, arguments in tasks]
        try:
            for done, future in enumerate(as_completed(futures), start=1):
                future.result()
                progress(what, done, len(tasks))
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
        return [future.result() for future in futures]


TORQUE_TOLERANCE_T = 1e-4  # the solver's own default: 1e-4 of the field that holds a domain


def rest_chain(setup: Setup, currents_a: Sequence[float], start: Array) -> list[Rest]:
    """Rest states under each current, each begun where the last ended; it ends where the wall is annihilated.

    Args:
        start: (3, ny, nx), see `place_wall`.

    Raises:
        UserError: As `wall_system.system`, and the solver's time limit.
    """
    states: list[Rest] = []
    for current_a in currents_a:
        with setup.under(current_a) as problem:
            found = relax(problem, start, torque_tolerance_t=TORQUE_TOLERANCE_T, time_limit_s=setup.time_limit_s)
        start = found.m
        conductance = conductance_s(setup.device, start, setup.mesh)
        states.append(Rest(current_a, wall_position_m(start, setup.mesh), conductance, start, found.torque_t))
        if states[-1].annihilated:
            break
    return states
