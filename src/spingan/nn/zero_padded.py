"""Zero-padded convolution: the hardware's form of the generator's up-sampling (paper S, II-B and figure 1d)."""

from typing import Literal

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from spingan.errors import UserError

Execution = Literal["lowered", "literal"]


def insert_zeros(
    images: Float[Tensor, "batch channels height width"], stride: int
) -> Float[Tensor, "batch channels out_height out_width"]:
    """`images` with `stride` - 1 zeros between neighbouring pixels: (height - 1) * stride + 1 rows."""
    if stride == 1:
        return images
    batch, channels, height, width = images.shape
    spread = images.new_zeros(batch, channels, (height - 1) * stride + 1, (width - 1) * stride + 1)
    spread[:, :, ::stride, ::stride] = images
    return spread


def zero_padded_conv2d(
    images: Float[Tensor, "batch inputs height width"],
    weight: Float[Tensor, "inputs outputs kernel kernel"],
    bias: Float[Tensor, " outputs"] | None,
    stride: int,
    padding: int,
    output_padding: int = 0,
) -> Float[Tensor, "batch outputs out_height out_width"]:
    """The literal form: insert zeros, pad by kernel - 1 - `padding`, and convolve with stride 1.

    `output_padding` more rows and columns of zeros at the far ends give as many more of output.

    The kernel is flipped because a transposed convolution scatters where a convolution gathers; the crossbar's columns
    hold the flipped kernel. Equal to `conv_transpose2d` with the same arguments.
    """
    border = weight.shape[2] - 1 - padding
    far = border + output_padding
    spread = functional.pad(insert_zeros(images, stride), (border, far, border, far))
    return functional.conv2d(spread, weight.flip(2, 3).transpose(0, 1), bias)


class ZeroPaddedConv2d(nn.ConvTranspose2d):
    """Zero insertion and convolution as one layer, with the weight layout of `ConvTranspose2d`.

    `execution` chooses how it is computed, never what: `lowered` (the library's transposed convolution, the default
    because in the nets' layers of stride 2, 77 to 87 % of the literal form's inputs are structural zeros; with stride 1
    only the border is) or `literal` (what the crossbar is fed). `output_padding` lets an odd kernel double a map.

    `of_one_pixel` says that its maps have one pixel each, as a DCGAN's latents do: then every output meets that pixel
    through one weight, and its array is a dense layer's (`spingan.nn.layouts`).

    Raises:
        ValueError: `padding` of the kernel's size or more, which the literal form cannot express.
        UserError: A map of more than one pixel where there should be one.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int,
        stride: int = 1,
        padding: int = 0,
        bias: bool = True,
        execution: Execution = "lowered",
        output_padding: int = 0,
        of_one_pixel: bool = False,
    ) -> None:
        if padding >= kernel_size:
            raise ValueError(f"padding {padding} must be smaller than the kernel size {kernel_size}")
        super().__init__(in_channels, out_channels, kernel_size, stride, padding, output_padding, bias=bias)
        self.execution: Execution = execution
        self.of_one_pixel = of_one_pixel

    def require_map(self, input: Tensor) -> None:
        """Refuse a map that the layer is not built for."""
        if self.of_one_pixel and input.shape[-2:] != (1, 1):
            height, width = input.shape[-2:]
            raise UserError(
                f"a zero-padded convolution of one pixel got a map of {height} x {width}",
                "Make the layer without of_one_pixel.",
            )

    def forward(self, input: Tensor, output_size: list[int] | None = None) -> Tensor:
        self.require_map(input)
        if self.execution == "literal" and output_size is None:
            geometry = self.stride[0], int(self.padding[0]), self.output_padding[0]
            return zero_padded_conv2d(input, self.weight, self.bias, *geometry)
        return super().forward(input, output_size)


def structural_zero_fraction(height: int, width: int, kernel: int, stride: int, padding: int) -> float:
    """The part of the literal form's input that is zero whatever the image: inserted zeros and border."""
    border = kernel - 1 - padding
    rows = (height - 1) * stride + 1 + 2 * border
    columns = (width - 1) * stride + 1 + 2 * border
    return 1.0 - height * width / (rows * columns)


__all__ = ["Execution", "ZeroPaddedConv2d", "insert_zeros", "structural_zero_fraction", "zero_padded_conv2d"]
