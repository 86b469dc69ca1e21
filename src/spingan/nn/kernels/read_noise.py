"""Noise of a training's reads: quick to draw, and added in one pass with the sums that say how large it is.

A training needs 10⁸ values of it a minute, of which no chip depends; what decides a chip is `spingan.nn.kernels.noise`.
"""

from functools import cache
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from spingan.compiled import is_compiled, njit, uint64
from spingan.nn.kernels.base import CHEAP, as_numbers, as_stored, compile_for, flat, has_kernel, in_pieces, require
from spingan.nn.kernels.noise import gaussian_table, mixed_bits


class Window(NamedTuple):
    """Which inputs an output of a layer reads: those of a square kernel, at all channels."""

    kernel: int = 1
    stride: int = 1
    padding: int = 0
    transposed: bool = False


_POOLED = 256  # values drawn together: one number of mixed bits for them all


@cache
def _pool() -> NDArray[np.float32]:
    """The Gaussian table in an order by lot, and its beginning once more: (65,536 + `_POOLED`,)."""
    mixed = gaussian_table()[np.random.default_rng(0).permutation(65536)]
    return np.concatenate([mixed, mixed[:_POOLED]])


@cache
def _pooled_kernel(bfloat16: bool) -> Any:
    def build(load: Any, stored: Any) -> Any:
        @njit(nogil=True, fastmath={"contract"}, error_model="numpy")
        def add(values, row_scale, column_scale, pool, key, first):
            columns = column_scale.size
            last, at, sign = np.int64(-1), np.int64(0), np.float32(1)
            for row in range(row_scale.size):
                start, done = first + row * columns, 0
                while done < columns:
                    block, within = (start + done) // _POOLED, (start + done) % _POOLED
                    if block != last:
                        bits, last = mixed_bits(uint64(block), key), block
                        at = np.int64(bits & uint64(0xFFFF))
                        sign = np.float32(1) if bits >> uint64(63) else np.float32(-1)
                    width = min(_POOLED - within, columns - done)
                    begin, scale = row * columns + done, sign * row_scale[row]
                    piece, scales = values[begin : begin + width], column_scale[done : done + width]
                    drawn = pool[at + within : at + within + width]
                    for index in range(width):
                        piece[index] = stored(load(piece[index]) + scale * scales[index] * drawn[index])
                    done += width

        return add

    return compile_for(bfloat16, build)


@cache
def _read_kernel(bfloat16: bool) -> Any:
    add = _pooled_kernel(bfloat16)

    def build(load: Any, stored: Any) -> Any:
        @njit(nogil=True, fastmath={"contract", "reassoc"}, error_model="numpy")
        def read(inputs, size, values, out_size, column_scale, window, fraction, pool, key, first_sample):
            (samples, channels, down, across), (out_down, out_across) = size, out_size
            kernel, stride, padding, transposed = window
            power, rows = np.empty((down, across), np.float32), out_down * out_across
            seen, wide = np.empty((out_down, out_across), np.float32), rows * column_scale.size
            for sample in range(samples):
                for y in range(down):
                    for x in range(across):
                        start, total = ((sample * down + y) * across + x) * channels, np.float32(0)
                        piece = inputs[start : start + channels]
                        for index in range(channels):
                            value = load(piece[index])
                            total += value * value
                        power[y, x] = total
                seen[:] = 0
                for y in range(down if transposed else out_down):
                    for x in range(across if transposed else out_across):
                        for dy in range(max(0, padding - y * stride), kernel):
                            far = y * stride - padding + dy
                            if far >= (out_down if transposed else down):
                                break
                            for dx in range(max(0, padding - x * stride), kernel):
                                along = x * stride - padding + dx
                                if along >= (out_across if transposed else across):
                                    break
                                if transposed:
                                    seen[far, along] += power[y, x]
                                else:
                                    seen[y, x] += power[far, along]
                scale = seen.reshape(rows)
                for row in range(rows):
                    scale[row] = fraction * np.sqrt(scale[row])
                part = values[sample * wide : (sample + 1) * wide]
                first = (first_sample + sample) * wide
                if column_scale.size == 1:  # a row of one value: all rows are a single one
                    add(part, column_scale, scale, pool, key, first)
                else:
                    add(part, scale, column_scale, pool, key, first)

        return read

    return compile_for(bfloat16, build)


def _pooled_in_numpy(
    values: NDArray[Any],
    row_scale: NDArray[np.float32],
    column_scale: NDArray[np.float32],
    pool: NDArray[np.float32],
    key: np.uint64,
    first: int,
) -> None:
    """As the compiled kernel."""
    blocks, within = np.divmod(np.arange(first, first + values.size, dtype=np.int64), _POOLED)
    each, own = np.unique(blocks, return_inverse=True)
    bits = mixed_bits(each.astype(np.uint64), key)[own]
    drawn = pool[(bits & np.uint64(0xFFFF)).astype(np.int64) + within]
    scale = (np.where(bits >> np.uint64(63), 1, -1) * np.repeat(row_scale, column_scale.size)).astype(np.float64)
    wanted = as_numbers(values) + scale * np.tile(column_scale, row_scale.size) * drawn
    values[:] = as_stored(wanted.astype(np.float32), values.dtype)


def add_pooled_gaussian(values: Tensor, row_scale: Tensor, column_scale: Tensor, key: int, first_row: int = 0) -> None:
    """As `add_gaussian`, several times as fast: for noise of which a training needs 10⁸ values and no chip depends.

    256 values at a time are read from a pool of 65,536, normally distributed and in an order by lot, from a place by
    lot and with a sign by lot. So each value has the whole distribution and no two are correlated, but squares of two
    values of different blocks are equal once in 65,536 times.
    """
    kernel = _pooled_kernel(values.dtype == torch.bfloat16) if is_compiled() else _pooled_in_numpy
    target, rows, columns = flat(values), flat(row_scale), flat(column_scale)
    require(row_scale.dtype == column_scale.dtype == torch.float32, "scales that are not float32")
    width = columns.size
    require(rows.size * width == target.size, f"{target.size} values are not {rows.size} rows of {width} columns")
    across = width == 1  # a row of one value: all rows are a single one, whose columns they are

    def work(start: int, stop: int) -> None:
        part, first = target[start * width : stop * width], (first_row + start) * width
        scales = (columns, rows[start:stop]) if across else (rows[start:stop], columns)
        kernel(part, *scales, _pool(), np.uint64(key), first)

    in_pieces(rows.size, width, work, CHEAP)


def can_read(inputs: Tensor, out: Tensor) -> bool:
    """Whether `add_read_noise` takes these: in bfloat16, values side by side in memory, and numba installed."""
    if inputs.dtype != torch.bfloat16 or out.dtype != torch.bfloat16 or not has_kernel(out) or not has_kernel(inputs):
        return False
    return all(one.is_contiguous(memory_format=_values_last(one)) for one in (inputs, out))


def add_read_noise(
    out: Tensor, inputs: Tensor, column_scale: Tensor, fraction: float, window: Window, key: int, first_sample: int = 0
) -> None:
    """Add in place the noise of weights of deviation `fraction` x `column_scale`, read by `inputs`, in one pass.

    An output's variance is fraction² column_scale² Σ x², over the inputs in its window; the noise is drawn as by
    `add_pooled_gaussian`, as rows of an output's values.

    Args:
        out, inputs: `can_read`: (samples, values) or (samples, channels, y, x), the latter channels last.
        column_scale: (values,) float32.
        first_sample: Place of the first one, where these are some of a larger number of samples.
    """
    require(can_read(inputs, out) and len(inputs) == len(out), f"inputs {inputs.shape} of outputs {out.shape}")
    require(column_scale.dtype == torch.float32 and len(column_scale) == out.shape[1], "scales that do not fit")
    size, out_size = (tuple(one.shape[1:]) + (1, 1) * (one.dim() == 2) for one in (inputs, out))
    given, target, columns = flat(inputs), flat(out), flat(column_scale.contiguous())
    each, wide = (size[0] * size[1] * size[2]), out_size[0] * out_size[1] * out_size[2]
    kernel, pool = _read_kernel(True), _pool()

    def work(start: int, stop: int) -> None:
        part, made = given[start * each : stop * each], target[start * wide : stop * wide]
        shape, last = (stop - start, *size), (np.float32(fraction), pool, np.uint64(key), first_sample + start)
        kernel(part, shape, made, out_size[1:], columns, tuple(window), *last)

    in_pieces(len(out), each + wide, work, CHEAP)


def _values_last(values: Tensor) -> torch.memory_format:
    return torch.channels_last if values.dim() == 4 else torch.contiguous_format
