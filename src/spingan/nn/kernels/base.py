"""What all compiled kernels share: two number formats, flat views, and threads.

PyTorch needs five to ten passes over memory where a kernel needs one. The kernels work on CPU tensors in float32 or
bfloat16 through numpy views without a copy; `spingan.nn.analog` and `spingan.nn.activations` use PyTorch's operations
elsewhere. Work is split over as many threads as PyTorch uses, and no result depends on how it is split.
"""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

import numpy as np
import torch
from numba import njit
from numpy.typing import NDArray
from torch import Tensor

_MIN_PIECE = 1 << 15  # elements; below this a second thread costs more than it saves


@njit(inline="always")
def _load(values, index):  # pragma: no cover - compiled
    return np.uint32(np.uint32(values[index]) << np.uint32(16)).view(np.float32)


@njit(inline="always")
def _store(values, index, value):  # bfloat16: round to nearest, ties to even
    bits = np.float32(value).view(np.uint32)
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


def over_elements(kernel: Callable[..., Any], arrays: Sequence[NDArray[Any]], *rest: Any) -> list[Any]:
    """`kernel(*pieces, *rest)` over pieces of flat arrays of one length; its results in order."""
    return in_pieces(arrays[0].size, 1, lambda start, stop: kernel(*(part[start:stop] for part in arrays), *rest))
