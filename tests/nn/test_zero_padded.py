"""The literal form, the lowered form and the library's transposed convolution are one function."""

import pytest
import torch
from torch import Tensor, nn

from spingan.nn.dcgan import COLOUR_64, FASHION
from spingan.nn.zero_padded import ZeroPaddedConv2d, insert_zeros, structural_zero_fraction, zero_padded_conv2d

# The paper's nets, each with the map sizes that enter its layers.
MAPS = {"fashion": (1, 4, 4, 4, 7, 14), "colour-64": (1, 4, 8, 16, 32)}
LAYERS = sorted(
    {
        (size, stage.kernel, stage.stride, stage.padding)
        for name, pair in (("fashion", FASHION), ("colour-64", COLOUR_64))
        for size, stage in zip(MAPS[name], pair.generator, strict=True)
    }
)


def _run(layer: nn.ConvTranspose2d, image: Tensor, upstream: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    image = image.clone().requires_grad_()
    layer.zero_grad()
    output = layer(image)
    output.backward(upstream)
    assert image.grad is not None and layer.weight.grad is not None
    return output.detach(), image.grad, layer.weight.grad.clone()


@pytest.mark.parametrize(("size", "kernel", "stride", "padding"), LAYERS)
def test_literal_lowered_and_transposed_convolution_agree_in_values_and_gradients(size, kernel, stride, padding):
    torch.manual_seed(1)
    library = nn.ConvTranspose2d(6, 5, kernel, stride, padding)
    image = torch.randn(3, 6, size, size)
    upstream = torch.randn_like(library(image))
    expected = _run(library, image, upstream)
    for execution in ("literal", "lowered"):
        layer = ZeroPaddedConv2d(6, 5, kernel, stride, padding, execution=execution)
        layer.load_state_dict(library.state_dict())
        for ours, theirs in zip(_run(layer, image, upstream), expected, strict=True):
            torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-5)  # fp32 sums in another order


def test_a_literal_layer_without_bias_agrees_too():
    torch.manual_seed(2)
    layer = ZeroPaddedConv2d(4, 3, 4, 2, 1, bias=False)
    image = torch.randn(2, 4, 7, 7)
    torch.testing.assert_close(zero_padded_conv2d(image, layer.weight, None, 2, 1), layer(image), rtol=1e-5, atol=1e-5)


def test_inserted_zeros_stand_between_the_pixels_and_nowhere_else():
    image = torch.arange(1.0, 5.0).view(1, 1, 2, 2)
    assert insert_zeros(image, 3)[0, 0].tolist() == [[1, 0, 0, 2], [0] * 4, [0] * 4, [3, 0, 0, 4]]


def test_padding_as_large_as_the_kernel_is_refused():
    with pytest.raises(ValueError, match="padding 3 must be smaller"):
        ZeroPaddedConv2d(1, 1, 3, 2, 3)


@pytest.mark.parametrize(("size", "kernel", "stride", "padding"), LAYERS)
def test_structural_zero_fraction_is_the_share_of_zeros_that_an_image_of_ones_gets(size, kernel, stride, padding):
    border = kernel - 1 - padding
    literal = nn.functional.pad(insert_zeros(torch.ones(1, 1, size, size), stride), (border,) * 4)
    share = 1 - float(literal.count_nonzero()) / literal.numel()
    assert structural_zero_fraction(size, size, kernel, stride, padding) == pytest.approx(share, abs=1e-12)


def test_up_sampling_layers_of_both_nets_are_fed_77_to_87_percent_of_zeros():
    # True of the layers with stride 2 only: 3x3 kernels with stride 1 have a border of zeros, 56 % of the 6x6 input.
    shares = [structural_zero_fraction(s, s, k, stride, p) for s, k, stride, p in LAYERS if stride == 2]
    assert round(min(shares), 2) == 0.77
    assert round(max(shares), 2) == 0.87
