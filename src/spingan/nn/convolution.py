"""Convolutions computed the way a crossbar does: patches in rows, weights in columns, one matrix product.

For maps of a few pixels and many channels the library's convolution spends most of its time around the arithmetic: on a
processor with bfloat16 tiles the discriminator's last 3x3 layer (256 to 512 channels, 4x4 to 2x2) took 139 ms forward
and backward at batch 128 and takes 14 ms as a matrix product. `conv2d` and `conv_transpose2d` choose the faster form;
`benchmarks/bench_speed.py` prints both.
"""

from typing import Any, cast

import torch
from jaxtyping import Float
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional

from spingan.nn.kernels.base import has_kernel
from spingan.nn.kernels.patches import gather_patches, output_size, scatter_patches

_SMALL_MAP = 256  # output pixels x kernel area up to which the matrix product wins in bfloat16
_TINY_MAP = 64  # and in float32
_SMALL_INPUT = 1024  # input pixels x kernel area up to which it wins for a transposed convolution in bfloat16,
_MANY_WEIGHTS = 128 * 256  # where inputs x outputs are at least so many


def _as_rows(maps: Float[Tensor, "batch channels height width"]) -> Float[Tensor, "pixels channels"]:
    return maps.permute(0, 2, 3, 1).reshape(-1, maps.shape[1])


def _as_matrix(weight: Float[Tensor, "outputs inputs kernel kernel"]) -> Float[Tensor, "outputs patch"]:
    """A row for each output, in the order of a patch; no copy if the weight is channels last."""
    return weight.permute(0, 2, 3, 1).reshape(weight.shape[0], -1)


@once_differentiable
def _matrix_gradients(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, Tensor | None, None, None]:
    patches, weight = ctx.saved_tensors
    size, kernel, stride, padding = ctx.geometry
    outgoing = gradient.contiguous()
    for_images = for_weight = None
    if ctx.needs_input_grad[0]:
        for_images = scatter_patches(outgoing @ _as_matrix(weight), size, kernel, stride, padding)
    if ctx.needs_input_grad[1]:
        by_patch = outgoing.t().contiguous() @ patches  # the copy costs less than a product with a transposed factor
        for_weight = by_patch.view(weight.shape[0], kernel, kernel, -1).permute(0, 3, 1, 2)
    return for_images, for_weight, None, None


class _MatrixConv2d(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, images: Tensor, weight: Tensor, stride: int, padding: int) -> Tensor:
        kernel = weight.shape[2]
        patches, matrix = gather_patches(images, kernel, stride, padding), _as_matrix(weight)
        ctx.save_for_backward(patches, weight)
        ctx.geometry = (images.shape, kernel, stride, padding)
        return patches @ matrix.t()

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Any) -> Any:
        return _matrix_gradients(ctx, *grad_outputs)


@once_differentiable
def _transposed_gradients(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, Tensor | None, None, None, None]:
    images, weight = ctx.saved_tensors
    kernel, stride, padding = ctx.geometry
    patches = gather_patches(gradient, kernel, stride, padding)
    for_images = for_weight = None
    if ctx.needs_input_grad[0]:
        batch, _, height, width = images.shape
        for_images = (patches @ _as_matrix(weight).t()).view(batch, height, width, -1).permute(0, 3, 1, 2)
    if ctx.needs_input_grad[1]:
        by_patch = _as_rows(images).t().contiguous() @ patches
        for_weight = by_patch.view(weight.shape[0], kernel, kernel, -1).permute(0, 3, 1, 2)
    return for_images, for_weight, None, None, None


class _MatrixConvTranspose2d(torch.autograd.Function):
    """Every input pixel times the kernel, added up where it falls: a convolution's gradient, the other way round."""

    @staticmethod
    def forward(ctx: Any, images: Tensor, weight: Tensor, stride: int, padding: int, output_padding: int) -> Tensor:
        batch, _, height, width = images.shape
        kernel = weight.shape[2]
        ctx.save_for_backward(images, weight)
        ctx.geometry = kernel, stride, padding
        sides = ((side - 1) * stride - 2 * padding + kernel + output_padding for side in (height, width))
        size = torch.Size((batch, weight.shape[1], *sides))
        return scatter_patches(_as_rows(images) @ _as_matrix(weight), size, kernel, stride, padding)

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Any) -> Any:
        return _transposed_gradients(ctx, *grad_outputs)


def _matrix_conv2d(images: Tensor, weight: Tensor, stride: int, padding: int) -> Tensor:
    """The product's rows as maps, a view made out here: one made within a Function may not be changed in place."""
    rows, columns = (output_size(side, weight.shape[2], stride, padding) for side in images.shape[2:])
    out = cast(Tensor, _MatrixConv2d.apply(images, weight, stride, padding))
    return out.view(images.shape[0], rows, columns, -1).permute(0, 3, 1, 2)


def autocast(*tensors: Tensor) -> tuple[Tensor, ...]:
    """What autocast does for the library's convolutions."""
    kind = tensors[0].device.type
    if torch.is_autocast_enabled(kind):
        return tuple(tensor.to(torch.get_autocast_dtype(kind)) for tensor in tensors)
    return tensors


def _halved(images: Tensor) -> bool:
    """Whether a convolution of these would be computed in bfloat16, on a processor."""
    if not has_kernel(images):
        return False
    if torch.is_autocast_enabled("cpu"):
        return torch.get_autocast_dtype("cpu") == torch.bfloat16
    return images.dtype == torch.bfloat16


def _matrix_wins(images: Tensor, pixels: int, kernel: int) -> bool:
    if not has_kernel(images):
        return False
    return pixels * kernel**2 <= (_SMALL_MAP if _halved(images) else _TINY_MAP)


def conv2d(images: Tensor, weight: Tensor, bias: Tensor | None, stride: int, padding: int) -> Tensor:
    """`torch.nn.functional.conv2d` of a square kernel, in whichever form is faster here."""
    if images.dim() != 4:  # one image without a batch
        return functional.conv2d(images, weight, bias, stride, padding)
    kernel = weight.shape[2]
    rows, columns = (output_size(side, kernel, stride, padding) for side in images.shape[2:])
    fits = padding < kernel and weight.shape[0] > 1
    if not fits or not _matrix_wins(images, rows * columns, kernel):
        return functional.conv2d(images, weight, bias, stride, padding)
    images, weight = autocast(images, weight)
    out = _matrix_conv2d(images, weight, stride, padding)
    return out if bias is None else out + bias.to(out.dtype).view(1, -1, 1, 1)


def conv_transpose2d(
    images: Tensor, weight: Tensor, bias: Tensor | None, stride: int, padding: int, output_padding: int = 0
) -> Tensor:
    """`torch.nn.functional.conv_transpose2d` of a square kernel, in whichever form is faster here.

    A 1x1 map is a dense layer; with stride 1 it is a convolution with the flipped kernel.
    """
    if images.dim() != 4:  # one image without a batch
        return functional.conv_transpose2d(images, weight, bias, stride, padding, output_padding)
    inputs, outputs, kernel, _ = weight.shape
    height, width = images.shape[2:]
    if height == width == 1 and padding == output_padding == 0 and images.device.type == "cpu":
        images, weight = autocast(images, weight)
        matrix = weight.permute(0, 2, 3, 1).reshape(inputs, kernel * kernel * outputs)
        dense = images.reshape(-1, inputs) @ matrix
        out = dense.view(-1, kernel, kernel, outputs).permute(0, 3, 1, 2)
    elif stride == 1 and output_padding == 0 and padding < kernel and _matrix_wins(images, height * width, kernel):
        images, weight = autocast(images, weight)
        flipped = weight.flip(2, 3).transpose(0, 1)
        out = _matrix_conv2d(images, flipped, 1, kernel - 1 - padding)
    elif (
        height * width * kernel**2 <= _SMALL_INPUT
        and inputs * outputs >= _MANY_WEIGHTS
        and padding < kernel
        and output_padding < stride
        and _halved(images)
    ):
        images, weight = autocast(images, weight)
        out = cast(Tensor, _MatrixConvTranspose2d.apply(images, weight, stride, padding, output_padding))
    else:
        return functional.conv_transpose2d(images, weight, bias, stride, padding, output_padding)
    return out if bias is None else out + bias.to(out.dtype).view(1, -1, 1, 1)
