"""A designed wall device in the solver: its curve from both drive directions, its rest point, its margins.

The search's currents are solved for the detectors' last fit; the curve is judged at currents that it did not use.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from spingan.devices.wall_design import MARGIN, Candidate, Goal, fitted_currents_a
from spingan.devices.wall_device import WallDevice, mesh
from spingan.devices.wall_rest import Rest, rest_chain
from spingan.devices.wall_study import Settled, Setup, place_wall, run_tasks, settle
from spingan.devices.wall_transfer_fit import LARGEST_ERROR, SLOPE_TOLERANCE, Maps, Match, match, shifted
from spingan.errors import UserError

REST_TOLERANCE_M = 1e-9  # of the issue: both drive directions come to rest within this
SHIFT_M = 1e-9  # of the issue: the detectors may be displaced by this
SHIFTED_SLOPE_TOLERANCE = 2 * SLOPE_TOLERANCE  # a displaced junction may cost as much again: assumed

Progress = Callable[[str, int, int], None]


def judged_currents_a(range_a: float) -> list[float]:
    """The currents that judge: sixths of the range with zero and both ends; neither search nor fit looks at them."""
    return [range_a * sixth / 6 for sixth in range(-6, 7)]


@dataclass(frozen=True, eq=False)
class Walls:
    """A design's walls in the solver, on the way up and down through the same currents, margins at both ends."""

    setup: Setup
    range_a: float
    rising: tuple[Rest, ...]
    falling: tuple[Rest, ...]

    @cached_property
    def current_a(self) -> NDArray[np.float64]:
        """(n,) rising."""
        return np.array([rest.current_a for rest in self.rising])

    def maps(self, currents_a: Sequence[float], falling: bool = False) -> Maps:
        """What detectors see at some of the currents."""
        states = self.falling if falling else self.rising
        chosen = [next(s for s in states if abs(s.current_a - c) < 1e-6 * self.range_a) for c in currents_a]
        device = self.setup.device
        cosine = np.array([device.left_domain * state.m[2] for state in chosen])
        return Maps(device, np.array(currents_a), cosine, mesh(device, self.setup.cell_m))

    @property
    def branch_difference_m(self) -> float:
        """The largest distance between the wall on the way up and on the way down."""
        return max(abs(up.position_m - down.position_m) for up, down in zip(self.rising, self.falling, strict=True))

    @property
    def largest_torque_t(self) -> float:
        """The largest torque that any state is left with."""
        return max(state.torque_t for state in (*self.rising, *self.falling))


def solve_walls(setup: Setup, goal: Goal, candidate: Candidate, workers: int, progress: Progress) -> Walls | None:
    """Rest states up and down through all currents; None where a wall is lost on the way.

    Raises:
        UserError: As `rest_chain`.
    """
    inner = sorted({*fitted_currents_a(goal.range_a), *judged_currents_a(goal.range_a)})
    currents = [-MARGIN * goal.range_a, *inner, MARGIN * goal.range_a]
    total = 2 * len(currents)
    done = [0]

    def advance() -> None:
        done[0] += 1 if workers == 1 else len(currents)
        progress("solver", done[0], total)

    chains = []
    for order, begin_m in ((currents, candidate.margins_m[0]), (currents[::-1], candidate.margins_m[1])):
        arguments = (setup, order, place_wall(setup, begin_m))
        chains.append((rest_chain, (*arguments, advance) if workers == 1 else arguments))
    rising, falling = run_tasks(chains, workers, (lambda: None) if workers == 1 else advance)
    if len(rising) < len(currents) or len(falling) < len(currents) or rising[-1].annihilated or falling[-1].annihilated:
        return None
    return Walls(setup, goal.range_a, tuple(rising), tuple(falling[::-1]))


@dataclass(frozen=True, eq=False)
class Jumps:
    """The wall's motion in time: from rest to both margins at once, and from both ends of the range back to rest."""

    to_margins: tuple[Settled, Settled]
    back: tuple[Settled, Settled]

    @property
    def rest_positions_m(self) -> tuple[float, float]:
        """Where the wall came to rest after the lowest and after the highest current."""
        return self.back[0].position_m, self.back[1].position_m

    @property
    def kept(self) -> bool:
        """Whether no jump lost the wall."""
        return not any(run.annihilated for run in (*self.to_margins, *self.back))

    @property
    def settling_s(self) -> tuple[float | None, float | None, float | None]:
        """Settling times: to the lower margin, back to rest (the slower way), to the upper margin."""
        known = [run.settling_s for run in self.back if run.settling_s is not None]
        return self.to_margins[0].settling_s, max(known) if known else None, self.to_margins[1].settling_s


def jump(walls: Walls, workers: int, progress: Progress) -> Jumps:
    """Follow the four jumps in time.

    Raises:
        UserError: As `wall_study.settle`.
    """
    at = {round(state.current_a / walls.range_a, 6): state for state in walls.rising}
    rest = at[0.0].m
    cases = ((-MARGIN, rest), (MARGIN, rest), (0.0, at[-1.0].m), (0.0, at[1.0].m))
    done = [0]

    def advance() -> None:
        done[0] += 1
        progress("jumps", done[0], len(cases))

    tasks = [(settle, (walls.setup, share * walls.range_a, start)) for share, start in cases]
    low, high, from_low, from_high = run_tasks(tasks, workers, advance)
    return Jumps((low, high), (from_low, from_high))


@dataclass(frozen=True, eq=False)
class Verdict:
    """A design judged in the solver, at currents that neither search nor fit used.

    Attributes:
        match: the curve, the mean of both drive directions, beside the ideal.
        shifts: the same with all detectors 1 nm to the left and to the right.
        branch_error: largest difference between both directions' outputs, in parts of the span.
        failures: what misses its tolerance, in words; empty: the design does what was asked.
    """

    device: WallDevice
    walls: Walls
    jumps: Jumps
    match: Match
    shifts: tuple[Match, Match]
    branch_error: float
    failures: tuple[str, ...]


def with_detectors(walls: Walls, device: WallDevice) -> Walls:
    """The same walls under other detectors, which do not touch them while the read torque is off.

    Raises:
        UserError: The walls were solved with the read torque on.
    """
    if walls.setup.read_torque:
        raise UserError("design: with the read torque on, other detectors make other walls", "Solve them anew")
    return Walls(replace(walls.setup, device=device), walls.range_a, walls.rising, walls.falling)


def curve(walls: Walls, currents_a: Sequence[float]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Outputs (n,) in siemens on the way up and on the way down."""
    detectors = walls.setup.device.detectors
    return walls.maps(currents_a).outputs(detectors), walls.maps(currents_a, falling=True).outputs(detectors)


def judge(walls: Walls, jumps: Jumps, asked: float) -> Verdict:
    """Compare a solved design with what was asked, at the judging currents."""
    device, range_a = walls.setup.device, walls.range_a
    currents = judged_currents_a(range_a)
    up, down = curve(walls, currents)
    found = match(currents, (up + down) / 2, asked, range_a)
    branch_error = float(np.abs(up - down).max()) / found.span
    maps = walls.maps(currents)
    left, right = (
        match(currents, maps.outputs(shifted(device.detectors, by_m)), asked, range_a) for by_m in (-SHIFT_M, SHIFT_M)
    )
    return Verdict(
        device, walls, jumps, found, (left, right), branch_error, _failures(found, (left, right), jumps, walls, asked)
    )


def _failures(found: Match, shifts: tuple[Match, Match], jumps: Jumps, walls: Walls, asked: float) -> tuple[str, ...]:
    failures = []
    if found.linearity_error > LARGEST_ERROR:
        failures.append(f"linearity error {found.linearity_error:.1%}, limit {LARGEST_ERROR:.0%} of the span")
    if abs(found.slope - asked) > SLOPE_TOLERANCE:
        failures.append(f"slope {found.slope:.3f}, asked {asked:g}, limit ±{SLOPE_TOLERANCE:g}")
    for moved, way in zip(shifts, ("left", "right"), strict=True):
        if moved.linearity_error > LARGEST_ERROR:
            failures.append(f"linearity error {moved.linearity_error:.1%} with the detectors 1 nm to the {way}")
        if abs(moved.slope - asked) > SHIFTED_SLOPE_TOLERANCE:
            failures.append(f"slope {moved.slope:.3f} with the detectors 1 nm to the {way}")
    if not jumps.kept:
        failures.append(f"a jump to {MARGIN:g} times the range annihilates the wall")
    low, high = jumps.rest_positions_m
    if not abs(high - low) <= REST_TOLERANCE_M:
        failures.append(f"rest at {low * 1e9:.2f} and {high * 1e9:.2f} nm from the two directions, limit 1 nm apart")
    if walls.branch_difference_m > REST_TOLERANCE_M:
        failures.append(f"the wall on the way up and down is {walls.branch_difference_m * 1e9:.2f} nm apart")
    return tuple(failures)
