"""Design of a domain-wall leaky ReLU: the search with the compact wall, and the detectors for given walls.

A quadratic anisotropy without a flat zone turns the current into a position that rises steadily and has one place of
rest; two junctions of different width, left and right of it, turn the position into a conductance with two slopes. The
wall's own width rounds the kink, so the search wants a long travel and a narrow wall, within the printed range of
anisotropy and the printed track, materials and ends.
"""

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from spingan.devices.wall_compact import compact_model, drive_t
from spingan.devices.wall_curve import LARGEST_ERROR, Match, match
from spingan.devices.wall_device import (
    CONVENTIONS,
    LEAKY_RELU,
    AnisotropyProfile,
    Detector,
    TorqueConvention,
    WallDevice,
)
from spingan.errors import UserError
from spingan.extras import needs
from spingan.physics.mesh import Array, Mesh
from spingan.physics.mtj import conductance_per_area
from spingan.physics.wall import WallConstants, WallState, at_rest, magnetisation_z, rest_state
from spingan.progress import Progress, no_progress

with needs("the physics of devices"):
    from scipy.interpolate import CubicSpline
    from scipy.optimize import differential_evolution

SEARCH_SLOPE_TOLERANCE = 0.005  # the searches aim at half of it, for what the solver and other currents change
GAP_M = 1e-9  # between two junctions beside each other: one cell
END_M = 2e-9  # junctions keep this far from the track's ends, as the printed ones do
SMALLEST_M = 1e-9  # a junction's least extent: one cell
ROUND_M = 0.1e-9  # of the detectors' corners: finer than any drawing
HOPELESS = 1e3  # the cost of what has no curve


@dataclass(frozen=True, eq=False)
class Maps:
    """What detectors see of settled walls: the cosine to their fixed layer under each current, and its prefix sums.

    Attributes:
        device: the device, its detectors aside.
        current_a: (n,).
        cosine: (n, ny, nx).
        mesh: the cells.
    """

    device: WallDevice
    current_a: Array
    cosine: Array
    mesh: Mesh

    def outputs(self, detectors: Sequence[Detector]) -> Array:
        """Summed conductance (n,) in siemens; the same sum as `wall_device.conductance_s`."""
        device, mesh = self.device, self.mesh
        parallel, antiparallel = conductance_per_area(
            np.array([1.0, -1.0]),
            device.ra_parallel_ohm_m2,
            device.polarization,
            device.read_voltage_v,
            device.half_bias_voltage_v,
        )
        total = np.zeros(len(self.current_a))
        for detector in detectors:
            along = _covered(mesh.nx, mesh.dx_m, detector.x0_m, detector.x1_m)
            across = _covered(mesh.ny, mesh.dy_m, detector.y0_m, detector.y1_m)
            seen = across @ self.cosine @ along
            area = float(across.sum() * along.sum())
            total += (
                ((parallel + antiparallel) / 2 * area + (parallel - antiparallel) / 2 * seen) * mesh.dx_m * mesh.dy_m
            )
        return total


def _covered(count: int, cell_m: float, start_m: float, end_m: float) -> Array:
    edges = np.arange(count + 1) * cell_m
    return np.clip((np.minimum(edges[1:], end_m) - np.maximum(edges[:-1], start_m)) / cell_m, 0.0, 1.0)


def detectors_from(numbers: ArrayLike, device: WallDevice, two: bool) -> tuple[Detector, ...]:
    """Detectors from numbers in 0..1, so that any choice of them is a pair that fits on the track.

    The right one spans the width and lies from `numbers[0]` (place of the gap) on for `numbers[1]` of what is left; the
    left one ends `numbers[2]` of 10 nm before it, covers `numbers[3]` of what is left there and `numbers[4]` of the
    width. Corners are rounded to 0.1 nm.
    """
    u = np.asarray(numbers, dtype=np.float64)
    low, high = END_M, device.length_m - END_M
    start = low + 5 * SMALLEST_M + u[0] * (high - low - 10 * SMALLEST_M)
    right_end = start + SMALLEST_M + u[1] * (high - start - SMALLEST_M)
    right = Detector("right", _round(start), _round(right_end), 0.0, device.width_m)
    if not two:
        return (right,)
    left_end = start - GAP_M - u[2] * min(10e-9, start - GAP_M - low - SMALLEST_M)
    left_start = left_end - SMALLEST_M - u[3] * (left_end - SMALLEST_M - low)
    height = max(u[4] * device.width_m, SMALLEST_M / 4)
    return Detector("left", _round(max(left_start, low)), _round(left_end), 0.0, _round(height)), right


def _round(value_m: float) -> float:
    return round(round(value_m / ROUND_M) * ROUND_M, 13)


def shifted(detectors: Sequence[Detector], by_m: float) -> tuple[Detector, ...]:
    """The detectors moved along x."""
    return tuple(replace(d, x0_m=d.x0_m + by_m, x1_m=d.x1_m + by_m) for d in detectors)


def badness(found: Match, asked: float, leeway: float = 1.0) -> float:
    """1 where linearity, or slope by `leeway` times its tolerance, is off as far as the searches allow; less inside."""
    slope_error = abs(found.slope - asked) / SEARCH_SLOPE_TOLERANCE / leeway
    return max(found.linearity_error / LARGEST_ERROR, slope_error)


def cost(maps: Maps, detectors: Sequence[Detector], asked: float, range_a: float) -> float:
    """What the searches make small: `badness` as drawn, and with the detectors shifted by 1 nm either way.

    It is judged at 13 even currents, joined to those of `maps` by a cubic spline: lines fitted to a bent curve depend
    on where its points lie, and even ones, both ends among them, are what is asked for. Displaced junctions may differ
    four times as much in slope.
    """
    even = np.linspace(-1.0, 1.0, 13)
    spline = CubicSpline(maps.current_a / range_a, np.eye(len(maps.current_a)))(even)
    found = []
    for by_m, leeway in ((0.0, 1.0), (-1e-9, 4.0), (1e-9, 4.0)):
        moved = match(range_a * even, spline @ maps.outputs(shifted(detectors, by_m)), asked, range_a)
        found.append(badness(moved, asked, leeway))
    worst = float(np.max(found))
    return worst if np.isfinite(worst) else HOPELESS


def least_by_evolution(
    function: Callable[[Array], float],
    count: int,
    seed: int,
    *,
    population: int,
    generations: int,
    after_each: Callable[[], None] = lambda: None,
) -> tuple[Array, float]:
    """Numbers in 0..1 (count,) that make `function` small, and what it is there: scipy's differential evolution."""

    options: dict[str, Any] = {"seed": seed}  # scipy 1.15 calls it rng, and takes both names
    best = differential_evolution(
        function,
        [(0.0, 1.0)] * count,
        popsize=population,
        maxiter=generations,
        tol=1e-3,
        polish=False,
        callback=lambda *_: after_each(),
        **options,
    )
    return np.asarray(best.x), float(best.fun)


def fit_detectors(maps: Maps, asked: float, range_a: float, seed: int) -> tuple[Detector, ...]:
    """The detectors with which the walls of `maps` give the asked curve best, by differential evolution.

    A slope of 0 needs no left detector, and gets none.
    """
    two = asked > 0
    numbers, _ = least_by_evolution(
        lambda numbers: cost(maps, detectors_from(numbers, maps.device, two), asked, range_a),
        5 if two else 2,
        seed,
        population=8,
        generations=60,
    )
    return detectors_from(numbers, maps.device, two)


LOWEST_SLOPE, HIGHEST_SLOPE = 0.05, 0.5  # of the issue; 0 is the ReLU, with the right junction alone
ANISOTROPY_J_PER_M3 = (0.6e6, 1.25e6)  # what oxidation reaches in the printed device: paper S, III-B
REST_PLACES = (0.3, 0.7)  # of the track's length, where the valley may lie
MARGIN = 1.25  # of the range: currents up to here must keep the wall
FREE_ENDS_M = 8e-9  # under the largest current the wall stays this far from the ends, about 1.5 Δ: assumed
GENERATIONS, POPULATION = 40, 6  # of the differential evolution: more change the cost by less than 2 %


def check_asked(slope: float, range_a: float, convention: TorqueConvention) -> None:
    """Refuse a slope, a range or a convention that no device of this kind has.

    Raises:
        UserError: It is none.
    """
    if slope != 0 and not LOWEST_SLOPE <= slope <= HIGHEST_SLOPE:
        raise UserError(
            f"design: the slope is {slope:g}, the limits are {LOWEST_SLOPE:g} and {HIGHEST_SLOPE:g}",
            "Ask for a slope between them, or for a ReLU with slope 0",
        )
    if not (math.isfinite(range_a) and range_a > 0):
        raise UserError(f"design: the range is {range_a * 1e6:g} µA", "Give a current above 0")
    if convention not in CONVENTIONS:
        raise UserError(f"there is no torque convention {convention!r}", f"Known: {', '.join(CONVENTIONS)}")


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
        check_asked(self.slope, self.range_a, self.convention)
        self._check_force()

    def _check_force(self) -> None:
        """Compare the largest push of the torque, pi Ms a, with the steepest pull that the anisotropy can give."""
        film = self.base.film
        drive = drive_t(self.base, MARGIN * self.range_a, self.convention)
        push = math.pi * film.saturation_magnetization_a_per_m * drive
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


def fitted_currents_a(range_a: float) -> list[float]:
    """The currents that search and fits look at: odd twelfths of the range, so that the even ones are left to judge.

    The outermost two stand at 0.98 of it: lines fitted to a bent curve depend on how far out they reach.
    """
    positive = [1 / 12, 3 / 12, 5 / 12, 7 / 12, 9 / 12, 0.98]
    return [range_a * share for share in (*(-share for share in reversed(positive)), *positive)]


def profile_from(numbers: Array, length_m: float, valleys: tuple[float, float] = REST_PLACES) -> AnisotropyProfile:
    """A profile from four numbers in 0..1: the lowest anisotropy, both ends', and the valley's place.

    `valleys` are the places, in parts of the length, between which the valley may lie.
    """
    low, high = ANISOTROPY_J_PER_M3
    flat = low + numbers[0] * 0.7 * (high - low)
    left, right = (flat + number * (high - flat) for number in numbers[1:3])
    valley = (valleys[0] + numbers[3] * (valleys[1] - valleys[0])) * length_m
    valley = round(valley * 1e10) / 1e10
    flat, left, right = (round(anisotropy / 1e3) * 1e3 for anisotropy in (flat, left, right))
    return AnisotropyProfile(flat, left, valley, right, valley, length_m)


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


def search(goal: Goal, constants: WallConstants, seed: int, progress: Progress = no_progress) -> Candidate:
    """The profile and detectors with which the compact wall comes closest to the goal.

    Differential evolution over nine numbers (six for slope 0): profile and detectors at once, then the detectors alone.

    Raises:
        UserError: No profile holds the wall over the range with its margin.
    """
    currents = fitted_currents_a(goal.range_a)
    margins = [-MARGIN * goal.range_a, 0.0, MARGIN * goal.range_a]
    two = goal.slope > 0
    generation = itertools.count(1)
    numbers, least = least_by_evolution(
        lambda numbers: _judge(goal, numbers, currents, constants, two),
        9 if two else 6,
        seed,
        population=POPULATION,
        generations=GENERATIONS,
        after_each=lambda: progress("search", next(generation), GENERATIONS),
    )
    if least >= HOPELESS:
        raise UserError(
            f"design: no anisotropy profile between {ANISOTROPY_J_PER_M3[0] / 1e6:g} and "
            f"{ANISOTROPY_J_PER_M3[1] / 1e6:g} MJ/m³ keeps the wall on the track up to {MARGIN:g} x "
            f"{goal.range_a * 1e6:g} µA",
            "Ask for a smaller range, or take another convention",
        )
    device = device_from(goal, numbers, two)
    states = compact_states(device, currents, goal.convention, constants)
    ends = compact_states(device, margins, goal.convention, constants)
    if states is None or ends is None:
        raise UserError("design: the search's best device does not hold its wall", "Ask for a smaller range")
    maps = compact_maps(device, currents, states, constants)
    detectors = fit_detectors(maps, goal.slope, goal.range_a, seed)
    if cost(maps, detectors, goal.slope, goal.range_a) < least:
        device = replace(device, detectors=detectors)
    final = cost(maps, device.detectors, goal.slope, goal.range_a)
    return Candidate(device, final, (ends[0].position_m, ends[-1].position_m))


def device_from(goal: Goal, numbers: Array, two: bool) -> WallDevice:
    """The device that the search's numbers stand for."""
    name = f"leaky_relu_{goal.slope:g}".replace(".", "p") if two else "relu_designed"
    profile = profile_from(numbers[:4], goal.base.length_m)
    detectors = detectors_from(numbers[4:], goal.base, two)
    return replace(goal.base, name=name, profile=profile, detectors=detectors, bias_current_a=0.0)


def _judge(goal: Goal, numbers: Array, currents: list[float], constants: WallConstants, two: bool) -> float:
    device = device_from(goal, numbers, two)
    all_currents = [-MARGIN * goal.range_a, *currents, MARGIN * goal.range_a]
    try:
        states = compact_states(device, all_currents, goal.convention, constants)
    except UserError:  # an anisotropy that jumps from cell to cell
        states = None
    if states is None:
        return HOPELESS
    reach = [state.position_m for state in states]
    too_near = max(FREE_ENDS_M - min(reach), max(reach) - (device.length_m - FREE_ENDS_M), 0.0)
    maps = compact_maps(device, currents, states[1:-1], constants)
    return cost(maps, device.detectors, goal.slope, goal.range_a) + too_near / 1e-9
