"""Compiled kernels of weights on levels: quantisation and the clip's gradient, each one pass over memory."""

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from spingan.compiled import njit
from spingan.nn.kernels.base import flat, in_pieces, require


@cache
def _quantise_kernels() -> tuple[Any, Any]:
    @njit(inline="always")
    def level(value, full, factor, offset, table, top):
        zero = np.float32(0.0)
        code = value * factor + offset
        code = code if code > zero else zero  # also what makes a NaN a safe index
        code = code if code < top else top
        return full * table[np.uint32(code)] + value * zero  # a NaN stays one

    @njit(nogil=True, fastmath={"contract"}, error_model="numpy")
    def by_row(weight, out, gain, table, scale, first, columns, inner):
        # rows of `inner` weights; row r lies in column (first + r) % columns
        top, offset = np.float32(table.size) - np.float32(0.5), scale + np.float32(0.5)
        for row in range(weight.size // inner):
            full = gain[np.uint64((first + row) % columns)]
            factor = scale / full
            piece, target = weight[row * inner : (row + 1) * inner], out[row * inner : (row + 1) * inner]
            for index in range(inner):
                target[index] = level(piece[index], full, factor, offset, table, top)

    @njit(nogil=True, fastmath={"contract"}, error_model="numpy")
    def by_place(weight, out, gain, table, scale):
        # rows with one weight of every column
        top, offset = np.float32(table.size) - np.float32(0.5), scale + np.float32(0.5)
        columns, factors = gain.size, scale / gain
        for row in range(weight.size // columns):
            piece, target = weight[row * columns : (row + 1) * columns], out[row * columns : (row + 1) * columns]
            for index in range(columns):
                target[index] = level(piece[index], gain[index], factors[index], offset, table, top)

    return by_row, by_place


def quantise_uniform(weight: Tensor, gain: Tensor, levels: Tensor, axis: int) -> Tensor:
    """`weight` on the nearest of uniform `levels` times its column's gain; columns lie on `axis`, 0 or 1.

    Args:
        weight: float32, contiguous or channels last, on the CPU.
        gain: (columns,) float32, positive: the weight that the highest level stands for.
        levels: (states,) float32, uniformly spaced from -1 to 1.
    """
    _require_columns(weight, gain, axis)
    require(levels.numel() >= 2, f"{levels.numel()} levels")
    out, table = torch.empty_like(weight), flat(levels)
    scale = np.float32((table.size - 1) / 2)
    _over_columns(weight, axis, _quantise_kernels(), (flat(weight), flat(out)), flat(gain), table, scale)
    return out


@cache
def _two_sided_kernel() -> Any:
    @njit(nogil=True, fastmath={"contract"}, error_model="numpy")
    def by_row(weight, out, gain, smallest, states, first, columns, inner):
        top = np.float32(states - 1)
        step = (np.float32(1.0) - smallest) / top
        inverse, half, zero = np.float32(1.0) / step, np.float32(0.5), np.float32(0.0)
        for row in range(weight.size // inner):
            full = gain[np.uint64((first + row) % columns)]
            factor = np.float32(1.0) / full
            piece, target = weight[row * inner : (row + 1) * inner], out[row * inner : (row + 1) * inner]
            for index in range(inner):
                value = piece[index]
                size = abs(value) * factor
                place = (size - smallest) * inverse + half
                place = place if place > zero else zero
                place = place if place < top + half else top
                level = smallest + step * np.float32(np.uint32(place))
                signed = level if value >= zero else -level
                target[index] = full * signed + value * zero  # a NaN stays one

    return by_row


def quantise_two_sided(weight: Tensor, gain: Tensor, levels: Tensor) -> Tensor:
    """`weight` on the nearest of levels that lie evenly from -1 to -smallest and from smallest to 1.

    What a sign crossbar holds. Zero goes up, as halfway does elsewhere.

    Args:
        weight: float32, contiguous, columns on axis 0, on the CPU.
        gain: (columns,) float32, positive.
        levels: (states,) float32, rising, as many below zero as above.
    """
    _require_columns(weight, gain, 0)
    require(weight.is_contiguous(), "a weight whose columns are not axis 0 in memory")
    require(levels.numel() >= 4 and levels.numel() % 2 == 0, f"{levels.numel()} levels on two sides")
    out, half = torch.empty_like(weight), levels.numel() // 2
    smallest = np.float32(levels[half].item())
    _over_columns(weight, 0, (_two_sided_kernel(), None), (flat(weight), flat(out)), flat(gain), smallest, half)
    return out


def clip_gradient(gradient: Tensor, weight: Tensor, gain: Tensor, axis: int) -> Tensor:
    """`gradient` where the weight is within its column's gain, 0 where it was clipped; arguments as above."""
    _require_columns(weight, gain, axis)
    require(gradient.shape == weight.shape, f"a gradient {tuple(gradient.shape)} of weights {tuple(weight.shape)}")
    if gradient.stride() != weight.stride() or gradient.dtype != weight.dtype:
        gradient = torch.empty_like(weight).copy_(gradient)
    out = torch.empty_like(weight)
    arrays = flat(gradient), flat(weight), flat(out)
    _over_columns(weight, axis, _clip_kernels(), arrays, flat(gain))
    return out


def _require_columns(weight: Tensor, gain: Tensor, axis: int) -> None:
    """The runs of memory that `_over_columns` goes by exist, and each has a gain."""
    require(weight.dtype == gain.dtype == torch.float32, f"weights of {weight.dtype}, gains of {gain.dtype}")
    require(
        axis in (0, 1) and gain.shape == (weight.shape[axis],),
        f"{tuple(gain.shape)} gains on axis {axis} of {tuple(weight.shape)}",
    )
    in_rows = weight.is_contiguous() or (weight.dim() == 4 and weight.is_contiguous(memory_format=torch.channels_last))
    require(in_rows and weight.numel() > 0, f"weights {tuple(weight.shape)} with strides {weight.stride()}")


def _over_columns(
    weight: Tensor, axis: int, kernels: tuple[Any, Any], arrays: Sequence[NDArray[Any]], *rest: Any
) -> None:
    """One of two kernels over pieces of flat arrays: by runs of one column each, or by rows with all columns' weights.

    The first takes (*pieces, *rest, number of its first run, columns, weights of a run), the second (*pieces, *rest).
    """
    by_run, by_place = kernels
    columns, size = weight.shape[axis], weight.numel()
    if axis == 1 and weight.stride(1) == 1 and not weight.is_contiguous():
        in_pieces(size // columns, columns, lambda start, stop: by_place(*_pieces(arrays, columns, start, stop), *rest))
        return
    runs = columns if axis == 0 else weight.shape[0] * columns
    inner = size // runs
    in_pieces(
        runs,
        inner,
        lambda start, stop: by_run(*_pieces(arrays, inner, start, stop), *rest, start, columns, inner),
    )


def _pieces(arrays: Sequence[NDArray[Any]], size: int, start: int, stop: int) -> list[NDArray[Any]]:
    return [part[start * size : stop * size] for part in arrays]


@cache
def _clip_kernels() -> tuple[Any, Any]:
    @njit(nogil=True, error_model="numpy")
    def by_row(gradient, weight, out, gain, first, columns, inner):
        for row in range(weight.size // inner):
            full = gain[np.uint64((first + row) % columns)]
            part = slice(row * inner, (row + 1) * inner)
            piece, incoming, target = weight[part], gradient[part], out[part]
            for index in range(inner):
                target[index] = incoming[index] if abs(piece[index]) <= full else np.float32(0.0)

    @njit(nogil=True, error_model="numpy")
    def by_place(gradient, weight, out, gain):
        columns = gain.size
        for row in range(weight.size // columns):
            part = slice(row * columns, (row + 1) * columns)
            piece, incoming, target = weight[part], gradient[part], out[part]
            for index in range(columns):
                target[index] = incoming[index] if abs(piece[index]) <= gain[index] else np.float32(0.0)

    return by_row, by_place
