"""What all compiled kernels share: two number formats, flat views, and threads.

PyTorch needs five to ten passes over memory where a kernel needs one. The kernels work on CPU tensors in float32 or
bfloat16 through numpy views without a copy; elsewhere, and where numba is not installed, the layers use PyTorch's
operations. Work is split over as many threads as PyTorch uses, and no result depends on how it is split.
"""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from spingan.compiled import is_compiled, njit

_MIN_PIECE = 1 << 15  # elements; below this a second thread costs more than it saves
CHEAP = 1 << 18  # the same for kernels that need less than a nanosecond an element: to wake a thread takes 50 µs


@njit(inline="always")
def _number(bits):  # pragma: no cover - compiled
    return np.uint32(np.uint32(bits) << np.uint32(16)).view(np.float32)


@njit(inline="always")
def _bits(value):  # bfloat16: round to nearest, ties to even
    bits = np.float32(value).view(np.uint32)
    return np.uint16((bits + np.uint32(0x7FFF) + ((bits >> np.uint32(16)) & np.uint32(1))) >> np.uint32(16))


@njit(inline="always")
def _as_it_is(value):
    return value


def has_kernel(values: Tensor) -> bool:
    """Whether the compiled kernels can work on these values; where not, PyTorch's operations do."""
    return in_reach(values) and is_compiled()


def in_reach(values: Tensor) -> bool:
    """Whether numpy can view these values: float32 or bfloat16, on the CPU."""
    return values.device.type == "cpu" and values.dtype in (torch.float32, torch.bfloat16)


def as_numbers(held: NDArray[Any]) -> NDArray[np.float32]:
    """What a float32 array holds, or a bfloat16 array seen as uint16."""
    return (held.astype(np.uint32) << np.uint32(16)).view(np.float32) if held.dtype == np.uint16 else held


def as_stored(numbers: NDArray[np.float32], kind: Any) -> NDArray[Any]:
    """The numbers as an array of that kind holds them: float32, or bfloat16 seen as uint16."""
    if kind != np.uint16:
        return numbers
    bits = numbers.view(np.uint32)
    return ((bits + np.uint32(0x7FFF) + ((bits >> np.uint32(16)) & np.uint32(1))) >> np.uint32(16)).astype(np.uint16)


def compile_for(bfloat16: bool, build: Callable[..., Any]) -> Any:
    """`build(load, stored)` compiled for float32 arrays, or for bfloat16 seen as uint16.

    `load` makes a number of what an array holds, `stored` the other way. Neither takes the array: each element would
    count one more use of it, and no loop would run in vector registers.
    """
    return build(_number, _bits) if bfloat16 else build(_as_it_is, _as_it_is)


def require(holds: bool, what: str) -> None:
    """A kernel checks no index: what it is given must fit before it runs.

    Raises:
        ValueError: It does not hold.
    """
    if not holds:
        raise ValueError(f"a kernel was given what does not fit: {what}")


def is_dense(values: Tensor) -> bool:
    """Whether the elements lie one after the other in some order of the axes, none twice and none left out."""
    if values.is_contiguous():  # asked first: it takes a tenth of the time of the rest
        return True
    expected = 1
    for stride, size in sorted((stride, size) for stride, size in zip(values.stride(), values.shape, strict=True)):
        if size != 1:
            if stride != expected:
                return False
            expected *= size
    return True


def dense(values: Tensor) -> Tensor:
    """The tensor itself where its memory holds every element once; else a copy."""
    return values if is_dense(values) else values.contiguous()


def flat(values: Tensor) -> NDArray[Any]:
    """A flat numpy view of a dense tensor in its memory order; bfloat16 as uint16.

    Raises:
        ValueError: Its elements do not lie in one piece, or it is not float32 or bfloat16 on the CPU.
    """
    kind = values.device.type, values.dtype
    require(kind in (("cpu", torch.float32), ("cpu", torch.bfloat16)), f"{values.dtype} on {values.device}")
    if values.numel() == 0:
        return np.empty(0, np.uint16 if values.dtype == torch.bfloat16 else np.float32)
    require(is_dense(values), f"strides {values.stride()} of shape {tuple(values.shape)} leave gaps")
    flat = values.detach()
    flat = flat if values.is_contiguous() else flat.as_strided((values.numel(),), (1,))
    return (flat.view(torch.uint16) if values.dtype == torch.bfloat16 else flat).numpy().reshape(-1)


def in_order_of(gradient: Tensor, values: Tensor) -> Tensor:
    """A gradient in the memory order and the type of its values."""
    require(gradient.shape == values.shape, f"a gradient {tuple(gradient.shape)} of values {tuple(values.shape)}")
    if gradient.stride() == values.stride() and gradient.dtype == values.dtype:
        return gradient
    return torch.empty_like(values).copy_(gradient)


@cache
def _pool(process: int) -> ThreadPoolExecutor:  # a forked process has none of its parent's threads
    return ThreadPoolExecutor(max_workers=16, thread_name_prefix="spingan-kernel")


def in_pieces(rows: int, row_size: int, work: Callable[[int, int], Any], least: int = _MIN_PIECE) -> list[Any]:
    """`work(start, stop)` over 0..rows, split over PyTorch's threads where that pays; the results in order.

    Args:
        least: Elements that a thread should have.
    """
    pieces = max(1, min(torch.get_num_threads(), rows, rows * row_size // least))
    if pieces == 1:
        return [work(0, rows)]
    edges = [rows * piece // pieces for piece in range(pieces + 1)]
    futures = [_pool(os.getpid()).submit(work, edges[piece], edges[piece + 1]) for piece in range(1, pieces)]
    return [work(edges[0], edges[1]), *(future.result() for future in futures)]


def over_elements(
    kernel: Callable[..., Any], arrays: Sequence[NDArray[Any]], *rest: Any, least: int = _MIN_PIECE
) -> list[Any]:
    """`kernel(*pieces, *rest)` over pieces of flat arrays of one length, as `in_pieces`; its results in order."""
    return in_pieces(
        arrays[0].size, 1, lambda start, stop: kernel(*(part[start:stop] for part in arrays), *rest), least
    )
