"""Designing a domain-wall leaky ReLU: the search with the compact wall.

A quadratic anisotropy without a flat zone turns the current into a position that rises steadily and has one place of
rest; two junctions of different width, left and right of it, turn the position into a conductance with two slopes. The
wall's own width rounds the kink, so the search wants a long travel and a narrow wall, within the printed range of
anisotropy and the printed track, materials and ends.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from spingan.devices.wall_compact import compact_model, drive_t
from spingan.devices.wall_device import (
    CONVENTIONS,
    LEAKY_RELU,
    AnisotropyProfile,
    Detector,
    TorqueConvention,
    WallDevice,
)
from spingan.devices.wall_transfer_fit import Maps, cost, detectors_from, fit_detectors, least_by_evolution
from spingan.errors import UserError
from spingan.physics.mesh import Mesh
from spingan.physics.wall import WallConstants, WallState, at_rest, magnetisation_z, rest_state

LOWEST_SLOPE, HIGHEST_SLOPE = 0.05, 0.5  # of the issue; 0 is the ReLU, with the right junction alone
ANISOTROPY_J_PER_M3 = (0.6e6, 1.25e6)  # what oxidation reaches in the printed device: paper S, III-B
REST_PLACES = (0.3, 0.7)  # of the track's length, where the valley may lie
MARGIN = 1.25  # of the range: currents up to here must keep the wall
FREE_ENDS_M = 8e-9  # under the largest current the wall stays this far from the ends, about 1.5 Δ: assumed
GENERATIONS, POPULATION = 40, 6  # of the differential evolution: more change the cost by less than 2 %
HOPELESS = 1e3


@dataclass(frozen=True)
class Goal:
    """What is asked for.

    Attributes:
        slope: below zero over above zero; 0 asks for a ReLU.
        range_a: the inputs go from minus to plus this.
        convention: how an input becomes a spin current.
        base: the device whose film, track, ends and junctions are kept.

    Raises:
        UserError: A slope or a range that no device of this kind has.
    """

    slope: float
    range_a: float
    convention: TorqueConvention = "magnet-section"
    base: WallDevice = LEAKY_RELU

    def __post_init__(self) -> None:
        if self.slope != 0 and not LOWEST_SLOPE <= self.slope <= HIGHEST_SLOPE:
            raise UserError(
                f"design: the slope is {self.slope:g}, the limits are {LOWEST_SLOPE:g} and {HIGHEST_SLOPE:g}",
                "Ask for a slope between them, or for a ReLU with slope 0",
            )
        if not (math.isfinite(self.range_a) and self.range_a > 0):
            raise UserError(f"design: the range is {self.range_a * 1e6:g} µA", "Give a current above 0")
        if self.convention not in CONVENTIONS:
            raise UserError(f"there is no torque convention {self.convention!r}", f"Known: {', '.join(CONVENTIONS)}")
        self._check_force()

    def _check_force(self) -> None:
        """Compare the largest push of the torque, pi Ms a, with the steepest pull that the anisotropy can give."""
        film = self.base.film
        push = math.pi * film.saturation_magnetization_a_per_m * self.largest_drive_t
        rise = ANISOTROPY_J_PER_M3[1] - ANISOTROPY_J_PER_M3[0]
        # 2 Δ dK/dx at the end of a parabola over half the track, with the widest wall: no profile does better.
        widest = replace(film, anisotropy_j_per_m3=ANISOTROPY_J_PER_M3[0]).wall_width_m / math.pi
        pull = 2 * widest * 2 * rise / (self.base.length_m / 2)
        if push > pull:
            limit_a = self.range_a * pull / push
            raise UserError(
                f"design: {MARGIN:g} x {self.range_a * 1e6:g} µA push the wall with {push:.3g} N/m², the anisotropy "
                f"({ANISOTROPY_J_PER_M3[0] / 1e6:g} to {ANISOTROPY_J_PER_M3[1] / 1e6:g} MJ/m³) holds at most "
                f"{pull:.3g} N/m²",
                f"Ask for a range below {limit_a * 1e6:.3g} µA, or take another convention",
            )

    @property
    def largest_drive_t(self) -> float:
        """Damping-like amplitude at the margin's current."""
        return drive_t(self.base, MARGIN * self.range_a, self.convention)


def fitted_currents_a(range_a: float) -> list[float]:
    """The currents that search and fits look at: odd twelfths of the range, so that the even ones are left to judge.

    The outermost two stand at 0.98 of it: lines fitted to a bent curve depend on how far out they reach.
    """
    positive = [1 / 12, 3 / 12, 5 / 12, 7 / 12, 9 / 12, 0.98]
    return [range_a * share for share in (*(-share for share in reversed(positive)), *positive)]


def profile_from(numbers: NDArray[np.float64], length_m: float) -> AnisotropyProfile:
    """A profile from four numbers in 0..1: the lowest anisotropy, both ends', and the valley's place."""
    low, high = ANISOTROPY_J_PER_M3
    flat = low + numbers[0] * 0.7 * (high - low)
    left, right = (flat + number * (high - flat) for number in numbers[1:3])
    valley = (REST_PLACES[0] + numbers[3] * (REST_PLACES[1] - REST_PLACES[0])) * length_m
    valley = round(valley * 1e10) / 1e10
    return AnisotropyProfile(_three(flat), _three(left), valley, _three(right), valley, length_m)


def _three(anisotropy_j_per_m3: float) -> float:
    return round(anisotropy_j_per_m3 / 1e3) * 1e3


def compact_states(
    device: WallDevice, currents_a: Sequence[float], convention: TorqueConvention, constants: WallConstants
) -> list[WallState] | None:
    """Rest states of the compact wall under rising currents, from zero outwards; None where the wall is lost."""
    model = compact_model(device, constants=constants)
    valley = rest_state(model, drive_t(device, 0.0, convention), at_rest(model, device.profile.left_end_m))
    if not valley.kept:
        return None
    found: dict[float, WallState] = {0.0: valley}
    for side in ([c for c in currents_a if c > 0], [c for c in reversed(currents_a) if c < 0]):
        here = valley
        for current_a in side:
            here = rest_state(model, drive_t(device, current_a, convention), here)
            if not (here.kept and here.settled):
                return None
            found[current_a] = here
    return [found[current_a] for current_a in currents_a]


def compact_maps(
    device: WallDevice, currents_a: Sequence[float], states: Sequence[WallState], constants: WallConstants
) -> Maps:
    """What detectors see of compact walls, averaged over the width (their tilt is a few hundredths)."""
    model = compact_model(device, constants=constants)
    grid = Mesh(len(model.anisotropy_j_per_m3), 1, model.cell_m, device.width_m)
    rows = [device.left_domain * magnetisation_z(model, state, grid.x_m, device.width_m / 2) for state in states]
    return Maps(device, np.asarray(currents_a, float), np.asarray(rows)[:, None, :], grid)


@dataclass(frozen=True)
class Candidate:
    """A device that the search found, its cost (1: at a tolerance), and the compact wall's places at the margins."""

    device: WallDevice
    cost: float
    margins_m: tuple[float, float]


def search(
    goal: Goal,
    constants: WallConstants,
    seed: int,
    progress: Callable[[str, int, int], None] = lambda what, done, total: None,
) -> Candidate:
    """The profile and detectors with which the compact wall comes closest to the goal.

    Differential evolution over nine numbers (six for slope 0): profile and detectors at once, then the detectors alone.

    Raises:
        UserError: No profile holds the wall over the range with its margin.
    """
    currents = np.array(fitted_currents_a(goal.range_a))
    two = goal.slope > 0
    done = [0]

    def judged(numbers: NDArray[np.float64]) -> float:
        return _judge(goal, numbers, currents, constants, two)

    def advance() -> None:
        done[0] += 1
        progress("search", done[0], GENERATIONS)

    numbers, least = least_by_evolution(
        judged, 9 if two else 6, seed, population=POPULATION, generations=GENERATIONS, after_each=advance
    )
    if least >= HOPELESS:
        raise UserError(
            f"design: no anisotropy profile between {ANISOTROPY_J_PER_M3[0] / 1e6:g} and "
            f"{ANISOTROPY_J_PER_M3[1] / 1e6:g} MJ/m³ keeps the wall on the track up to {MARGIN:g} x "
            f"{goal.range_a * 1e6:g} µA",
            "Ask for a smaller range, or take another convention",
        )
    device = device_from(goal, numbers, two)
    states = compact_states(device, [*currents.tolist()], goal.convention, constants)
    ends = compact_states(device, _margins(goal), goal.convention, constants)
    if states is None or ends is None:
        raise UserError("design: the search's best device does not hold its wall", "Ask for a smaller range")
    maps = compact_maps(device, currents.tolist(), states, constants)
    detectors = fit_detectors(maps, goal.slope, goal.range_a, seed)
    if cost(maps, detectors, goal.slope, goal.range_a) < least:
        device = replace(device, detectors=detectors)
    final = cost(maps, device.detectors, goal.slope, goal.range_a)
    return Candidate(device, final, (ends[0].position_m, ends[-1].position_m))


def device_from(goal: Goal, numbers: NDArray[np.float64], two: bool) -> WallDevice:
    """The device that the search's numbers stand for."""
    base = goal.base
    profile = profile_from(numbers[:4], base.length_m)
    detectors: tuple[Detector, ...] = detectors_from(numbers[4:], base, two)
    name = f"leaky_relu_{goal.slope:g}".replace(".", "p") if two else "relu_designed"
    return replace(base, name=name, profile=profile, detectors=detectors, bias_current_a=0.0)


def _margins(goal: Goal) -> list[float]:
    return [-MARGIN * goal.range_a, 0.0, MARGIN * goal.range_a]


def _judge(
    goal: Goal, numbers: NDArray[np.float64], currents: NDArray[np.float64], constants: WallConstants, two: bool
) -> float:
    device = device_from(goal, numbers, two)
    all_currents = [-MARGIN * goal.range_a, *currents.tolist(), MARGIN * goal.range_a]
    try:
        states = compact_states(device, all_currents, goal.convention, constants)
    except UserError:  # an anisotropy that jumps from cell to cell
        return HOPELESS
    if states is None:
        return HOPELESS
    reach = [state.position_m for state in states]
    too_near = max(FREE_ENDS_M - min(reach), max(reach) - (device.length_m - FREE_ENDS_M), 0.0)
    maps = compact_maps(device, currents.tolist(), states[1:-1], constants)
    return cost(maps, device.detectors, goal.slope, goal.range_a) + too_near / 1e-9
