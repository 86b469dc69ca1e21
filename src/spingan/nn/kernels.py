"""Compiled kernels of the analog layers: noise, in one pass over memory, and what all kernels share.

PyTorch needs five to ten passes for each of these. The kernels work on CPU tensors in float32 or bfloat16 through
numpy views without a copy; `spingan.nn.analog` and `spingan.nn.activations` use PyTorch's operations elsewhere.
Work is split over as many threads as PyTorch uses, and no result depends on how it is split.
"""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

import numpy as np
import torch
from llvmlite import ir
from numba import njit, types, uint64
from numba.extending import intrinsic
from numpy.typing import NDArray
from torch import Tensor

_MIN_PIECE = 1 << 15  # elements; below this a second thread costs more than it saves


def _float_of_bits(typingctx: Any, bits: Any) -> Any:  # the float32 whose bits are `bits`
    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.bitcast(args[0], ir.FloatType())

    return types.float32(types.uint32), codegen


def _bits_of_float(typingctx: Any, value: Any) -> Any:  # the bits of a float32
    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.bitcast(args[0], ir.IntType(32))

    return types.uint32(types.float32), codegen


_as_float: Any = intrinsic(_float_of_bits)
_as_bits: Any = intrinsic(_bits_of_float)


@njit(inline="always")
def _load(values, index):  # pragma: no cover - compiled
    return _as_float(np.uint32(values[index]) << np.uint32(16))


@njit(inline="always")
def _store(values, index, value):  # bfloat16: round to nearest, ties to even
    bits = _as_bits(np.float32(value))
    values[index] = np.uint16((bits + np.uint32(0x7FFF) + ((bits >> np.uint32(16)) & np.uint32(1))) >> np.uint32(16))


def compile_for(bfloat16: bool, build: Callable[..., Any]) -> Any:
    """`build(load, store)` compiled for float32 arrays, or for bfloat16 seen as uint16."""
    if bfloat16:
        return build(_load, _store)

    @njit(inline="always")
    def load(values, index):
        return values[index]

    @njit(inline="always")
    def store(values, index, value):
        values[index] = value

    return build(load, store)


def require(holds: bool, what: str) -> None:
    """A kernel checks no index: what it is given must fit before it runs.

    Raises:
        ValueError: It does not hold.
    """
    if not holds:
        raise ValueError(f"a kernel was given what does not fit: {what}")


def _covers_its_memory(values: Tensor) -> bool:
    """Whether the elements lie one after the other in some order of the axes, none twice and none left out."""
    expected = 1
    for stride, size in sorted((stride, size) for stride, size in zip(values.stride(), values.shape, strict=True)):
        if size != 1:
            if stride != expected:
                return False
            expected *= size
    return True


def flat(values: Tensor) -> NDArray[Any]:
    """A flat numpy view of a dense tensor in its memory order; bfloat16 as uint16.

    Raises:
        ValueError: Its elements do not lie in one piece, or it is not float32 or bfloat16 on the CPU.
    """
    kind = values.device.type, values.dtype
    require(kind in (("cpu", torch.float32), ("cpu", torch.bfloat16)), f"{values.dtype} on {values.device}")
    if values.numel() == 0:
        return np.empty(0, np.uint16 if values.dtype == torch.bfloat16 else np.float32)
    require(_covers_its_memory(values), f"strides {values.stride()} of shape {tuple(values.shape)} leave gaps")
    flat = values.detach().as_strided((values.numel(),), (1,))
    return flat.view(torch.uint16).numpy() if values.dtype == torch.bfloat16 else flat.numpy()


@cache
def _pool(process: int) -> ThreadPoolExecutor:  # a forked process has none of its parent's threads
    return ThreadPoolExecutor(max_workers=16, thread_name_prefix="spingan-kernel")


def in_pieces(rows: int, row_size: int, work: Callable[[int, int], Any]) -> list[Any]:
    """`work(start, stop)` over 0..rows, split over PyTorch's threads where that pays; the results in order."""
    pieces = max(1, min(torch.get_num_threads(), rows, rows * row_size // _MIN_PIECE))
    if pieces == 1:
        return [work(0, rows)]
    edges = [rows * piece // pieces for piece in range(pieces + 1)]
    futures = [_pool(os.getpid()).submit(work, edges[piece], edges[piece + 1]) for piece in range(1, pieces)]
    return [work(edges[0], edges[1]), *(future.result() for future in futures)]


@cache
def gaussian_table() -> NDArray[np.float32]:
    """65,536 equally likely values of a standard normal distribution: mean 0, variance 1, largest 4.2."""
    from scipy.special import ndtri

    values = ndtri((np.arange(65536) + 0.5) / 65536)
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
    def build(load: Any, store: Any) -> Any:
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
                        store(piece, index, load(piece, index) + scale * scales[index] * gaussian[lanes[index]])

        return add

    return compile_for(bfloat16, build)


def tolerance_factors(like: Tensor, tolerance: float, key: int) -> Tensor:
    """Conductances of devices whose resistance is anywhere within ± `tolerance` of what was meant, in units of that.

    Args:
        like: float32 on the CPU, dense; the factors have its shape and its memory order.
        tolerance: 0 .. below 1.
        key: 0 .. 2**64 - 1; the same key, the same devices.
    """
    return drawn_like(like, _tolerance_table(tolerance), key)


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


@cache
def _tolerance_table(tolerance: float) -> NDArray[np.float32]:
    even = (np.arange(65536) + 0.5) / 32768 - 1
    return (1 / (1 + tolerance * even)).astype(np.float32)


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
    values: Tensor,
    row_scale: Tensor,
    column_scale: Tensor,
    key: int,
    table: NDArray[np.float32],
    first_row: int = 0,
) -> None:
    """Add to each value one of the table's 65,536, times its row's and its column's scale."""
    kernel = _noise_kernel(values.dtype == torch.bfloat16)
    target, rows, columns = flat(values), flat(row_scale), flat(column_scale)
    width = columns.size
    require(row_scale.dtype == column_scale.dtype == torch.float32, "scales that are not float32")
    require(rows.size * width == target.size, f"{target.size} values are not {rows.size} rows of {width} columns")
    require(table.shape == (65536,), f"a table of shape {table.shape}, 65,536 values wanted")

    def work(start: int, stop: int) -> None:
        kernel(
            target[start * width : stop * width], rows[start:stop], columns, table, np.uint64(key), first_row + start
        )

    in_pieces(rows.size, width, work)


def stream_key(*parts: int) -> int:
    """A 64-bit key from seeds and counters, well mixed: nearby parts give unrelated keys.

    Zeros at the end do not count, so streams that must differ hold another number at the same place.
    """
    return int(np.random.SeedSequence([part & 0xFFFFFFFFFFFFFFFF for part in parts]).generate_state(1, np.uint64)[0])
