"""Patches of an image as rows of a matrix and back (im2col and its adjoint), as compiled kernels.

Memory order is channels last throughout: a patch is (kernel, kernel, channels), which is also the order of a
channels-last weight, so that neither has to be rearranged for the matrix product.
"""

from functools import cache
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from spingan.compiled import njit
from spingan.nn.kernels.base import compile_for, flat, in_pieces, require


def output_size(size: int, kernel: int, stride: int, padding: int) -> int:
    """Pixels along one side of a convolution's output."""
    return (size + 2 * padding - kernel) // stride + 1


def _places(height: int, width: int, kernel: int, stride: int, padding: int) -> tuple[int, int]:
    """Rows and columns of patches; there is at least one."""
    require(kernel >= 1 and stride >= 1 and padding >= 0, f"kernel {kernel}, stride {stride}, padding {padding}")
    rows, columns = output_size(height, kernel, stride, padding), output_size(width, kernel, stride, padding)
    require(rows >= 1 and columns >= 1, f"a kernel of {kernel} on a map of {height} x {width}, padded by {padding}")
    return rows, columns


@cache
def _gather_kernel() -> Any:
    @njit(nogil=True)
    def gather(maps, out, kernel, stride, padding, rows, columns, first):
        # maps (batch, height, width * channels); out (patches, kernel, kernel * channels), patches counted from `first`
        # a patch's row lies in one piece in the map's: it is copied whole, up to the map's edges
        _, height, length = maps.shape
        across = out.shape[2]
        channels = across // kernel
        for patch in range(out.shape[0]):
            image, place = divmod(first + patch, rows * columns)
            top, left = (place // columns) * stride - padding, ((place % columns) * stride - padding) * channels
            begin, end = min(max(-left, 0), across), max(min(length - left, across), 0)
            for i in range(kernel):
                y = top + i
                target = out[patch, i]
                if not 0 <= y < height:
                    target[:] = 0
                    continue
                target[:begin] = 0
                target[begin:end] = maps[image, y, left + begin : left + end]
                target[end:] = 0

    return gather


def gather_patches(
    images: Float[Tensor, "batch channels height width"], kernel: int, stride: int, padding: int
) -> Float[Tensor, "patches patch"]:
    """Every patch of the zero-padded images as a row of (kernel, kernel, channels); float32 or bfloat16, on the CPU."""
    images = images.contiguous(memory_format=torch.channels_last)
    batch, channels, height, width = images.shape
    rows, columns = _places(height, width, kernel, stride, padding)
    out = images.new_empty(batch * rows * columns, kernel * kernel * channels)
    maps = flat(images).reshape(batch, height, width * channels)
    target = flat(out).reshape(-1, kernel, kernel * channels)
    work = _gather_kernel()
    in_pieces(
        target.shape[0],
        out.shape[1],
        lambda start, stop: work(maps, target[start:stop], kernel, stride, padding, rows, columns, start),
    )
    return out


@cache
def _scatter_kernel(bfloat16: bool) -> Any:
    def build(load: Any, stored: Any) -> Any:
        @njit(nogil=True, fastmath={"contract"}, error_model="numpy")
        def scatter(patches, out, kernel, stride, padding, rows, columns):
            # patches (batch, rows, columns, kernel, kernel, channels); out (batch, height, width, channels)
            batch, height, width, channels = out.shape
            total = np.empty(channels, np.float32)
            for image in range(batch):
                for y in range(height):
                    for x in range(width):
                        total[:] = 0
                        for i in range((y + padding) % stride, kernel, stride):
                            row = (y + padding - i) // stride
                            for j in range((x + padding) % stride, kernel, stride):
                                column = (x + padding - j) // stride
                                if 0 <= row < rows and 0 <= column < columns:
                                    piece = patches[image, row, column, i, j]
                                    for channel in range(channels):
                                        total[channel] += load(piece[channel])
                        target = out[image, y, x]
                        for channel in range(channels):
                            target[channel] = stored(total[channel])

        return scatter

    return compile_for(bfloat16, build)


def scatter_patches(
    patches: Float[Tensor, "patches patch"], size: torch.Size, kernel: int, stride: int, padding: int
) -> Float[Tensor, "batch channels height width"]:
    """The adjoint of `gather_patches`: every patch added back to its place in images of `size`, summed in float32."""
    batch, channels, height, width = size
    rows, columns = _places(height, width, kernel, stride, padding)
    wanted = batch * rows * columns, kernel * kernel * channels
    require(patches.shape == wanted, f"patches {tuple(patches.shape)} where images {tuple(size)} have {wanted}")
    out = patches.new_empty(size).contiguous(memory_format=torch.channels_last)
    source = flat(patches.contiguous()).reshape(batch, rows, columns, kernel, kernel, channels)
    target = flat(out).reshape(batch, height, width, channels)
    work = _scatter_kernel(patches.dtype == torch.bfloat16)
    in_pieces(
        batch,
        height * width * channels,
        lambda start, stop: work(source[start:stop], target[start:stop], kernel, stride, padding, rows, columns),
    )
    return out
