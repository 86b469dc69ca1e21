"""Compiled kernels of activations: transfer tables and bent lines, each one pass over memory.

Bent lines have a form in PyTorch's operations, too, so that without numba a chip computes the same curve.
"""

from functools import cache, lru_cache
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from spingan.compiled import is_compiled, njit
from spingan.nn.kernels.base import compile_for, flat, in_order_of, over_elements, require


@cache
def _table_kernels(bfloat16: bool) -> tuple[Any, Any]:
    def build(load: Any, stored: Any) -> tuple[Any, Any]:
        @njit(nogil=True, fastmath={"contract"}, error_model="numpy")
        def forward(values, out, table, rise, low, inverse_step, lowest, highest, tolerance):
            last = np.uint32(rise.size - 1)
            top = np.float32(rise.size)
            zero = np.float32(0.0)
            beyond = np.uint32(0)
            for index in range(values.size):
                exact = (load(values[index]) - low) * inverse_step
                inside = exact if exact > zero else zero  # also what makes a NaN a safe index
                inside = inside if inside < top else top
                beyond += np.uint32(abs(exact - inside) > tolerance)
                cell = np.uint32(inside)
                cell = cell if cell < last else last
                position = exact if exact > lowest else lowest
                position = position if position < highest else highest
                out[index] = stored(table[cell] + (position - np.float32(cell)) * rise[cell] + exact * zero)
            return beyond

        @njit(nogil=True, fastmath={"contract"}, error_model="numpy")
        def backward(values, gradient, out, slope, low, inverse_step):
            # slope[0] and slope[-1] belong to what lies below and above the table; `slopes` below finds the same cells
            top = np.float32(slope.size - 1)
            zero, one = np.float32(0.0), np.float32(1.0)
            for index in range(values.size):
                position = (load(values[index]) - low) * inverse_step + one
                position = position if position > zero else zero
                position = position if position < top else top
                out[index] = stored(load(gradient[index]) * slope[np.uint32(position)])

        return forward, backward

    return compile_for(bfloat16, build)


_WORDS = 1 << 16  # numbers that bfloat16 has
_MANY = 4 * _WORDS  # values; for fewer it does not pay to look at all numbers first


@cache
def _lookup_kernels() -> tuple[Any, Any]:
    def build(load: Any, stored: Any) -> tuple[Any, Any]:
        @njit(nogil=True, error_model="numpy")
        def forward(values, out, words):
            beyond = np.uint32(0)
            for index in range(values.size):
                word = words[values[index]]
                out[index] = np.uint16(word)
                beyond += word >> np.uint32(16)
            return beyond

        @njit(nogil=True, error_model="numpy")
        def backward(values, gradient, out, slopes):
            for index in range(values.size):
                out[index] = stored(load(gradient[index]) * slopes[values[index]])

        return forward, backward

    return compile_for(True, build)


@cache
def _survey_kernels() -> tuple[Any, Any]:
    """What the kernels of tables do at each of some numbers in bfloat16."""
    forward, _ = _table_kernels(True)

    def build(load: Any, stored: Any) -> tuple[Any, Any]:
        @njit(nogil=True, error_model="numpy")
        def outputs(numbers, words, table, rise, low, inverse_step, lowest, highest, tolerance):
            held = np.empty(1, np.uint16)
            for index in range(numbers.size):
                one = numbers[index : index + 1]
                beyond = forward(one, held, table, rise, low, inverse_step, lowest, highest, tolerance)
                words[index] = np.uint32(held[0]) | np.uint32(beyond) << np.uint32(16)

        @njit(nogil=True, fastmath={"contract"}, error_model="numpy")
        def slopes(numbers, out, slope, low, inverse_step):
            top, zero, one = np.float32(slope.size - 1), np.float32(0.0), np.float32(1.0)
            for index in range(numbers.size):
                position = (load(numbers[index]) - low) * inverse_step + one
                position = position if position > zero else zero
                position = position if position < top else top
                out[index] = slope[np.uint32(position)]

        return outputs, slopes

    return compile_for(True, build)


def _all_numbers() -> NDArray[np.uint16]:
    return np.arange(_WORDS, dtype=np.uint32).astype(np.uint16)


@lru_cache(maxsize=64)
def _words_of_all(nodes: bytes, start: np.float32, inverse: np.float32, ends: tuple[Any, ...]) -> NDArray[np.uint32]:
    """The output of each number that bfloat16 has, as its bits, and above them whether the number is beyond the table.

    A look there takes a sixth of the time of an interpolation.
    """
    table, words = np.frombuffer(nodes, np.float32), np.empty(_WORDS, np.uint32)
    _survey_kernels()[0](_all_numbers(), words, table, np.diff(table), start, inverse, *ends)
    return words


@lru_cache(maxsize=64)
def _slopes_of_all(slope: bytes, start: np.float32, inverse: np.float32) -> NDArray[np.float32]:
    """The slope at each number that bfloat16 has."""
    out = np.empty(_WORDS, np.float32)
    _survey_kernels()[1](_all_numbers(), out, np.frombuffer(slope, np.float32), start, inverse)
    return out


def edge_tolerance(points: int) -> float:
    """How far beyond a table, in cells, a value still counts as its end: what float32 rounds off on the way there."""
    return 1e-6 * points


def table_forward(
    values: Tensor, table: Tensor, low: float, step: float, *, extrapolate: bool = False
) -> tuple[Tensor, int]:
    """A uniform transfer table applied to every value, and how many values lay beyond it.

    Args:
        values: float32 or bfloat16, dense, on the CPU.
        table: (points,) float32 outputs at `low`, `low + step`, ...
        extrapolate: Beyond the table continue its first and last cells; else clamp to its ends.
    """
    require(table.dim() == 1 and table.numel() >= 2, f"a table of shape {tuple(table.shape)}")
    out = torch.empty_like(values)
    nodes = flat(table)
    rise = np.diff(nodes)
    kernel, _ = _table_kernels(values.dtype == torch.bfloat16)
    start, inverse = np.float32(low), np.float32(1.0 / step)
    lowest, highest = (-np.inf, np.inf) if extrapolate else (0.0, rise.size)
    ends = np.float32(lowest), np.float32(highest), np.float32(edge_tolerance(nodes.size))
    if values.dtype == torch.bfloat16 and values.numel() >= _MANY:
        words = _words_of_all(nodes.tobytes(), start, inverse, ends)
        return out, int(sum(over_elements(_lookup_kernels()[0], (flat(values), flat(out)), words)))
    counts = over_elements(kernel, (flat(values), flat(out)), nodes, rise, start, inverse, *ends)
    return out, int(sum(counts))


def table_backward(values: Tensor, gradient: Tensor, slope: Tensor, low: float, step: float) -> Tensor:
    """The gradient of `table_forward`: `gradient` times the slope of the cell that each value fell in.

    Args:
        slope: (points + 1,) float32: below the table, each of its points - 1 cells, above it.
    """
    require(slope.dim() == 1 and slope.numel() >= 2, f"slopes of shape {tuple(slope.shape)}")
    out = torch.empty_like(values)
    _, kernel = _table_kernels(values.dtype == torch.bfloat16)
    arrays = flat(values), flat(in_order_of(gradient, values)), flat(out)
    start, inverse = np.float32(low), np.float32(1.0 / step)
    if values.dtype == torch.bfloat16 and values.numel() >= _MANY:
        over_elements(_lookup_kernels()[1], arrays, _slopes_of_all(flat(slope).tobytes(), start, inverse))
        return out
    over_elements(kernel, arrays, flat(slope), start, inverse)
    return out


HINGES = (4, 8)  # bends that a kernel has room for; four take half the time of eight, eight half that of a table


@cache
def _hinge_kernels(bfloat16: bool, count: int) -> tuple[Any, Any]:
    @njit(inline="always")
    def bent(value, bends, places):  # sum of the first four bends, written out so that it runs in vector registers
        zero = np.float32(0.0)
        d0, d1, d2, d3 = value - places[0], value - places[1], value - places[2], value - places[3]
        total = bends[0] * (d0 if d0 > zero else zero)
        total += bends[1] * (d1 if d1 > zero else zero)
        total += bends[2] * (d2 if d2 > zero else zero)
        total += bends[3] * (d3 if d3 > zero else zero)
        return total

    @njit(inline="always")
    def slope(value, bends, places):
        zero = np.float32(0.0)
        total = bends[0] if value >= places[0] else zero
        total += bends[1] if value >= places[1] else zero
        total += bends[2] if value >= places[2] else zero
        total += bends[3] if value >= places[3] else zero
        return total

    @njit(inline="always")
    def four(values, first):
        return values[first], values[first + 1], values[first + 2], values[first + 3]

    eight = count == 8

    def build(load: Any, stored: Any) -> tuple[Any, Any]:
        @njit(nogil=True, fastmath={"contract"}, error_model="numpy")
        def forward(values, out, base, places, bends, low, high):
            p, b = four(places, 0), four(bends, 0)
            q, c = four(places, count - 4), four(bends, count - 4)
            zero = np.float32(0.0)
            beyond = np.uint32(0)
            for index in range(values.size):
                value = load(values[index])
                beyond += np.uint32((value < low) | (value > high))
                within = value if value < high else high  # far above, the sum of the bends would round
                total = base + value * zero + bent(within, b, p)  # a NaN stays one
                if eight:
                    total += bent(within, c, q)
                out[index] = stored(total)
            return beyond

        @njit(nogil=True, fastmath={"contract"}, error_model="numpy")
        def backward(values, gradient, out, places, bends):
            p, b = four(places, 0), four(bends, 0)
            q, c = four(places, count - 4), four(bends, count - 4)
            for index in range(values.size):
                value = load(values[index])
                total = slope(value, b, p)
                if eight:
                    total += slope(value, c, q)
                out[index] = stored(load(gradient[index]) * total)

        return forward, backward

    return compile_for(bfloat16, build)


def hinge_forward(
    values: Tensor, base: float, places: NDArray[np.float32], bends: NDArray[np.float32], low: float, high: float
) -> tuple[Tensor, int]:
    """base + sum of bends x max(values - places, 0), and how many values lay outside low..high.

    What a curve of a few straight pieces needs; a third of the time of `table_forward`, which looks up memory.

    Args:
        values: float32 or bfloat16, dense, on the CPU.
        places: (4,) or (8,) where the slope changes; unused places have a bend of 0.
        bends: As many, by how much it changes there; the slope is 0 before the first.
    """
    _require_hinges(places, bends)
    if not is_compiled():
        exact = values.float()
        within, total = exact.clamp(max=high), base + exact * 0  # a NaN stays one
        for place, bend in zip(places.tolist(), bends.tolist(), strict=True):
            total += bend * (within - place).clamp_(min=0)
        return total.to(values.dtype), int(((exact < low) | (exact > high)).sum())
    out = torch.empty_like(values)
    kernel, _ = _hinge_kernels(values.dtype == torch.bfloat16, places.size)
    ends = np.float32(low), np.float32(high)
    counts = over_elements(kernel, (flat(values), flat(out)), np.float32(base), places, bends, *ends)
    return out, int(sum(counts))


def hinge_backward(values: Tensor, gradient: Tensor, places: NDArray[np.float32], bends: NDArray[np.float32]) -> Tensor:
    """The gradient of `hinge_forward`."""
    _require_hinges(places, bends)
    if not is_compiled():
        exact, slope = values.float(), torch.zeros_like(values, dtype=torch.float32)
        for place, bend in zip(places.tolist(), bends.tolist(), strict=True):
            slope += bend * (exact >= place)
        return (gradient.float() * slope).to(values.dtype)
    out = torch.empty_like(values)
    _, kernel = _hinge_kernels(values.dtype == torch.bfloat16, places.size)
    over_elements(kernel, (flat(values), flat(in_order_of(gradient, values)), flat(out)), places, bends)
    return out


def _require_hinges(places: NDArray[np.float32], bends: NDArray[np.float32]) -> None:
    require(places.shape == bends.shape and places.size in HINGES, f"{places.shape} places, {bends.shape} bends")
