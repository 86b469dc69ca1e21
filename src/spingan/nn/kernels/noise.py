"""Kernels of noise: numbers that depend on a key and a place alone, added in one pass over memory.

They decide which devices a chip has. Where numba is not installed numpy draws the same numbers, in more passes.
"""

from functools import cache
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from spingan.compiled import is_compiled, njit, uint64
from spingan.nn.kernels.base import as_numbers, as_stored, compile_for, flat, in_pieces, require


@cache
def gaussian_table() -> NDArray[np.float32]:
    """65,536 equally likely values of a standard normal distribution: mean 0, variance 1, largest 4.2."""
    values = torch.special.ndtri((torch.arange(65536, dtype=torch.float64) + 0.5) / 65536).numpy()
    return (values / values.std()).astype(np.float32)


@njit(inline="always")
def mixed_bits(counter, key):
    # the finaliser of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014): counter-based, so no state and any order
    value = (counter + key) * uint64(0x9E3779B97F4A7C15)
    value = (value ^ (value >> uint64(30))) * uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> uint64(27))) * uint64(0x94D049BB133111EB)
    return value ^ (value >> uint64(31))


_BLOCK = 512  # columns drawn at a time: a draw buffer that stays in the first cache


@cache
def _noise_kernel(bfloat16: bool) -> Any:
    def build(load: Any, stored: Any) -> Any:
        @njit(nogil=True, fastmath={"contract"}, error_model="numpy")
        def add(values, row_scale, column_scale, gaussian, key, first_row):
            columns = column_scale.size
            groups = (columns + 3) // 4
            bits = np.empty((_BLOCK + 3) // 4, np.uint64)
            lanes = bits.view(np.uint16)
            for row in range(row_scale.size):
                scale = row_scale[row]
                start = uint64(first_row + row) * uint64(groups)
                for block in range(0, columns, _BLOCK):
                    width = min(_BLOCK, columns - block)
                    for group in range((width + 3) // 4):
                        bits[group] = mixed_bits(start + uint64(block // 4 + group), key)
                    piece = values[row * columns + block : row * columns + block + width]
                    scales = column_scale[block : block + width]
                    for index in range(width):
                        piece[index] = stored(load(piece[index]) + scale * scales[index] * gaussian[lanes[index]])

        return add

    return compile_for(bfloat16, build)


_PIECE = 1 << 16  # values drawn at a time without a compiler: arrays that stay in the second cache


def _add_in_numpy(
    values: NDArray[Any],
    row_scale: NDArray[np.float32],
    column_scale: NDArray[np.float32],
    table: NDArray[np.float32],
    key: np.uint64,
    first_row: int,
) -> None:
    """As the compiled kernel."""
    columns = column_scale.size
    groups, together = (columns + 3) // 4, max(1, _PIECE // columns)
    grid = values.reshape(row_scale.size, columns)
    for first in range(0, row_scale.size, together):
        rows = slice(first, min(first + together, row_scale.size))
        starts = np.arange(first_row + rows.start, first_row + rows.stop, dtype=np.uint64) * np.uint64(groups)
        bits = mixed_bits(starts[:, None] + np.arange(groups, dtype=np.uint64), key)
        lanes = bits.view(np.uint16)[:, :columns]
        scale = (row_scale[rows, None] * column_scale).astype(np.float64)
        grid[rows] = as_stored((as_numbers(grid[rows]) + scale * table[lanes]).astype(np.float32), grid.dtype)


def drawn_like(like: Tensor, table: NDArray[np.float32], key: int) -> Tensor:
    """For each element one of the table's 65,536 values, all equally likely: of `like`'s shape, type and memory order.

    Args:
        like: float32 or bfloat16 on the CPU, dense.
        table: (65536,) float32.
        key: 0 .. 2**64 - 1; the same key, the same values.
    """
    out = torch.zeros_like(like)
    columns = next(size for size in (4096, 1024, 256, 64, 16, 4, 1) if out.numel() % size == 0)
    _add_drawn(out, torch.ones(out.numel() // columns), torch.ones(columns), key, table)
    return out


def add_gaussian(values: Tensor, row_scale: Tensor, column_scale: Tensor, key: int, first_row: int = 0) -> None:
    """Add in place to (rows, columns) dense `values` independent normal noise of deviation row_scale * column_scale.

    The noise is a function of `key` and of the place alone: the same key draws the same noise, whatever the threads.

    Args:
        values: float32 or bfloat16 on the CPU, whose memory order is rows of columns (a channels-last map is).
        row_scale: (rows,) float32.
        column_scale: (columns,) float32.
        key: 0 .. 2**64 - 1.
        first_row: Place of the first row, where `values` are some of a larger number of rows.

    Raises:
        ValueError: `values` are not as many as rows times columns.
    """
    _add_drawn(values, row_scale, column_scale, key, gaussian_table(), first_row)


def _add_drawn(
    values: Tensor, row_scale: Tensor, column_scale: Tensor, key: int, table: NDArray[np.float32], first_row: int = 0
) -> None:
    """Add to each value one of the table's 65,536, times its row's and its column's scale."""
    kernel = _noise_kernel(values.dtype == torch.bfloat16) if is_compiled() else _add_in_numpy
    target, rows, columns = flat(values), flat(row_scale), flat(column_scale)
    width = columns.size
    require(row_scale.dtype == column_scale.dtype == torch.float32, "scales that are not float32")
    require(rows.size * width == target.size, f"{target.size} values are not {rows.size} rows of {width} columns")
    require(table.shape == (65536,), f"a table of shape {table.shape}, 65,536 values wanted")

    def work(start: int, stop: int) -> None:
        part = target[start * width : stop * width]
        kernel(part, rows[start:stop], columns, table, np.uint64(key), first_row + start)

    in_pieces(rows.size, width, work)
