"""Convolutions computed the way a crossbar does: patches in rows, weights in columns, one matrix product.

For maps of a few pixels and many channels the library's convolution spends most of its time around the arithmetic: on a
processor with bfloat16 tiles the discriminator's last 3x3 layer (256 to 512 channels, 4x4 to 2x2) took 139 ms forward
and backward at batch 128 and takes 14 ms as a matrix product. `conv2d` and `conv_transpose2d` choose the faster form;
`benchmarks/bench_speed.py` prints both.
"""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional

_SMALL_MAP = 16  # output pixels up to which the matrix product wins in bfloat16
_TINY_MAP = 4  # and in float32


def _patches(
    images: Float[Tensor, "batch channels height width"], kernel: int, stride: int, padding: int
) -> tuple[Float[Tensor, "rows patch"], int, int]:
    """Every patch as a row, (kernel, kernel, channels) within it, and the output's height and width."""
    maps = images.permute(0, 2, 3, 1)
    batch, height, width, channels = maps.shape
    if padding:
        padded = maps.new_zeros(batch, height + 2 * padding, width + 2 * padding, channels)
        padded[:, padding : padding + height, padding : padding + width] = maps
        maps = padded
    else:
        maps = maps.contiguous()
    rows = (height + 2 * padding - kernel) // stride + 1
    columns = (width + 2 * padding - kernel) // stride + 1
    by_image, by_row, by_column, by_channel = maps.stride()
    windows = maps.as_strided(
        (batch, rows, columns, kernel, kernel, channels),
        (by_image, by_row * stride, by_column * stride, by_row, by_column, by_channel),
    )
    return windows.reshape(batch * rows * columns, kernel * kernel * channels), rows, columns


def _scatter(patches: Tensor, size: torch.Size, rows: int, columns: int, kernel: int, stride: int, padding: int) -> Tensor:
    """The adjoint of `_patches`: every patch added back to the place it came from."""
    batch, channels, height, width = size
    pieces = patches.view(batch, rows, columns, kernel, kernel, channels)
    padded = pieces.new_zeros(batch, height + 2 * padding, width + 2 * padding, channels)
    row_span, column_span = stride * (rows - 1) + 1, stride * (columns - 1) + 1
    for i in range(kernel):
        for j in range(kernel):
            padded[:, i : i + row_span : stride, j : j + column_span : stride] += pieces[:, :, :, i, j]
    return padded[:, padding : padding + height, padding : padding + width].permute(0, 3, 1, 2)


def _as_rows(maps: Float[Tensor, "batch channels height width"]) -> Float[Tensor, "pixels channels"]:
    return maps.permute(0, 2, 3, 1).reshape(-1, maps.shape[1])


class _MatrixConv2d(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, images: Tensor, weight: Tensor, stride: int, padding: int) -> Tensor:
        outputs, _, kernel, _ = weight.shape
        patches, rows, columns = _patches(images, kernel, stride, padding)
        matrix = weight.permute(2, 3, 1, 0).reshape(-1, outputs)
        ctx.save_for_backward(patches, matrix, weight)
        ctx.geometry = (images.shape, rows, columns, kernel, stride, padding)
        return (patches @ matrix).view(images.shape[0], rows, columns, outputs).permute(0, 3, 1, 2)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, Tensor | None, None, None]:
        patches, matrix, weight = ctx.saved_tensors
        size, rows, columns, kernel, stride, padding = ctx.geometry
        outgoing = _as_rows(gradient)
        for_images = for_weight = None
        if ctx.needs_input_grad[0]:
            if stride == 1:  # gathering keeps the matrix product's float32 sums; scattering would round each of them
                around, _, _ = _patches(gradient, kernel, 1, kernel - 1 - padding)
                flipped = weight.flip(2, 3).permute(2, 3, 0, 1).reshape(-1, size[1])
                for_images = (around @ flipped).view(size[0], size[2], size[3], size[1]).permute(0, 3, 1, 2)
            else:
                for_images = _scatter(outgoing @ matrix.t(), size, rows, columns, kernel, stride, padding)
        if ctx.needs_input_grad[1]:
            by_patch = (patches.t() @ outgoing).view(kernel, kernel, size[1], -1)
            for_weight = by_patch.permute(3, 2, 0, 1).contiguous()
        return for_images, for_weight, None, None


def _autocast(*tensors: Tensor) -> tuple[Tensor, ...]:
    """What autocast does for the library's convolutions."""
    kind = tensors[0].device.type
    if torch.is_autocast_enabled(kind):
        return tuple(tensor.to(torch.get_autocast_dtype(kind)) for tensor in tensors)
    return tensors


def _matrix_wins(images: Tensor, pixels: int) -> bool:
    kind = images.device.type
    if kind != "cpu":
        return False
    halved = torch.is_autocast_enabled(kind) or images.dtype == torch.bfloat16
    return pixels <= (_SMALL_MAP if halved else _TINY_MAP)


def conv2d(images: Tensor, weight: Tensor, bias: Tensor | None, stride: int, padding: int) -> Tensor:
    """`torch.nn.functional.conv2d` of a square kernel, in whichever form is faster here."""
    kernel = weight.shape[2]
    rows = (images.shape[2] + 2 * padding - kernel) // stride + 1
    columns = (images.shape[3] + 2 * padding - kernel) // stride + 1
    fits = padding < kernel and weight.shape[0] > 1
    if not fits or not _matrix_wins(images, rows * columns):
        return functional.conv2d(images, weight, bias, stride, padding)
    images, weight = _autocast(images, weight)
    out: Tensor = _MatrixConv2d.apply(images, weight, stride, padding)  # pyright: ignore[reportAssignmentType]
    return out if bias is None else out + bias.to(out.dtype).view(1, -1, 1, 1)


def conv_transpose2d(images: Tensor, weight: Tensor, bias: Tensor | None, stride: int, padding: int) -> Tensor:
    """`torch.nn.functional.conv_transpose2d` of a square kernel, in whichever form is faster here.

    A 1x1 map is a dense layer; with stride 1 it is a convolution with the flipped kernel.
    """
    inputs, outputs, kernel, _ = weight.shape
    height, width = images.shape[2:]
    if height == width == 1 and padding == 0 and images.device.type == "cpu":
        images, weight = _autocast(images, weight)
        matrix = weight.permute(0, 2, 3, 1).reshape(inputs, kernel * kernel * outputs)
        dense = images.reshape(-1, inputs) @ matrix
        out = dense.view(-1, kernel, kernel, outputs).permute(0, 3, 1, 2)
    elif stride == 1 and padding < kernel and _matrix_wins(images, height * width):
        images, weight = _autocast(images, weight)
        flipped = weight.flip(2, 3).transpose(0, 1)
        out: Tensor = _MatrixConv2d.apply(images, flipped, 1, kernel - 1 - padding)  # pyright: ignore[reportAssignmentType]
    else:
        return functional.conv_transpose2d(images, weight, bias, stride, padding)
    return out if bias is None else out + bias.to(out.dtype).view(1, -1, 1, 1)
