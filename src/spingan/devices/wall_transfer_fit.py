"""How well a curve is the leaky ReLU that was asked for, and the detectors that make it so on given walls."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.interpolate import CubicSpline
from scipy.optimize import differential_evolution

from spingan.devices.wall_curve import fit_slopes
from spingan.devices.wall_device import Detector, WallDevice
from spingan.physics.mesh import Mesh
from spingan.physics.mtj import conductance_per_area

LARGEST_ERROR = 0.05  # of the span: the bound on the deviation from the ideal
SLOPE_TOLERANCE = 0.01  # of the positive slope, absolute: a twentieth of the printed 0.2; assumed
SEARCH_SLOPE_TOLERANCE = 0.005  # the searches aim at half of it, for what the solver and other currents change
GAP_M = 1e-9  # between two junctions beside each other: one cell
END_M = 2e-9  # junctions keep this far from the track's ends, as the printed ones do
SMALLEST_M = 1e-9  # a junction's least extent: one cell
ROUND_M = 0.1e-9  # of the detectors' corners: finer than any drawing


def leaky(current: ArrayLike, slope: float) -> NDArray[np.float64]:
    """The ideal: the input above zero, `slope` times the input below; of the shape of `current`."""
    current = np.asarray(current, dtype=np.float64)
    return np.where(current > 0, current, slope * current)


@dataclass(frozen=True)
class Match:
    """A curve beside the ideal `zero + gain * leaky(current)`, whose gain and zero are fitted, its slope not.

    Attributes:
        slope: slope below zero over slope above, each a least-squares line of its own.
        linearity_error: largest deviation from the ideal, in parts of the curve's span.
        gain: siemens per ampere above zero.
        zero: the output that stands for 0, in siemens.
        span: largest less smallest output.
    """

    slope: float
    linearity_error: float
    gain: float
    zero: float
    span: float

    def meets(self, asked: float) -> bool:
        """Whether slope and linearity are within their tolerances."""
        return self.linearity_error <= LARGEST_ERROR and abs(self.slope - asked) <= SLOPE_TOLERANCE


def match(current_a: ArrayLike, output_s: ArrayLike, asked: float, range_a: float) -> Match:
    """Compare outputs (n,) at rising currents (n,) within ±`range_a` with the leaky ReLU of slope `asked`.

    Raises:
        UserError: Fewer than three currents on a side, zero counted.
    """
    current, output = np.asarray(current_a, float), np.asarray(output_s, float)
    inside = np.abs(current) <= range_a * (1 + 1e-9)
    current, output = current[inside], output[inside]
    shape = leaky(current / range_a, asked)
    centred = shape - shape.mean()
    gain = float(centred @ output / (centred @ centred))
    left_over = output - gain * shape
    zero = float(left_over.max() + left_over.min()) / 2  # the offset with the smallest largest deviation
    span = float(np.ptp(output))
    error = float(np.abs(left_over - zero).max()) / span if span > 0 else float("inf")
    slopes = fit_slopes(current, output, range_a)
    ratio = slopes.ratio if slopes.positive > 0 else float("inf")
    return Match(ratio, error, gain / range_a, zero, span)


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
    current_a: NDArray[np.float64]
    cosine: NDArray[np.float64]
    mesh: Mesh

    def outputs(self, detectors: Sequence[Detector]) -> NDArray[np.float64]:
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


def _covered(count: int, cell_m: float, start_m: float, end_m: float) -> NDArray[np.float64]:
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


def badness(found: Match, asked: float) -> float:
    """1 where slope or linearity stand at what the searches allow, less inside."""
    return max(found.linearity_error / LARGEST_ERROR, abs(found.slope - asked) / SEARCH_SLOPE_TOLERANCE)


def badness_when_shifted(found: Match, asked: float) -> float:
    """The same for displaced junctions, whose slope may differ four times as much."""
    return max(found.linearity_error / LARGEST_ERROR, abs(found.slope - asked) / SEARCH_SLOPE_TOLERANCE / 4)


def spread_evenly(current_a: NDArray[np.float64], range_a: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """13 even currents over ±`range_a`, and the matrix (13, n) of the cubic spline to them from outputs at `current_a`.

    Lines fitted to a bent curve depend on where its points lie: even ones, both ends among them, are what is asked for.
    """
    even = np.linspace(-1.0, 1.0, 13)
    return range_a * even, CubicSpline(current_a / range_a, np.eye(len(current_a)))(even)


def cost(maps: Maps, detectors: Sequence[Detector], asked: float, range_a: float) -> float:
    """What the searches make small: `badness` as drawn, and with the detectors shifted by 1 nm either way."""
    even_a, spline = spread_evenly(maps.current_a, range_a)
    worst = badness(match(even_a, spline @ maps.outputs(detectors), asked, range_a), asked)
    for by_m in (-1e-9, 1e-9):
        moved = match(even_a, spline @ maps.outputs(shifted(detectors, by_m)), asked, range_a)
        worst = max(worst, badness_when_shifted(moved, asked))
    return worst if np.isfinite(worst) else 1e3


def least_by_evolution(
    function: Callable[[NDArray[np.float64]], float],
    count: int,
    seed: int,
    *,
    population: int,
    generations: int,
    after_each: Callable[[], None] = lambda: None,
) -> tuple[NDArray[np.float64], float]:
    """Numbers in 0..1 (count,) that make `function` small, and what it is there: scipy's differential evolution."""

    def callback(*_: object) -> bool:
        after_each()
        return False

    options: dict[str, Any] = {"seed": seed}  # scipy 1.15 calls it rng, and takes both names
    best = differential_evolution(
        function,
        [(0.0, 1.0)] * count,
        popsize=population,
        maxiter=generations,
        tol=1e-3,
        polish=False,
        callback=callback,
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
