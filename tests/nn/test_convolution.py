"""The matrix form of every convolution is the library's, in values and gradients, in float32 and bfloat16."""

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from spingan.nn import convolution
from spingan.nn.convolution import conv2d, conv_transpose2d
from spingan.nn.dcgan import COLOUR_64, FASHION
from spingan.nn.kernels.patches import gather_patches, output_size, scatter_patches

_UP = {"fashion": (1, 4, 4, 4, 7, 14), "colour-64": (1, 4, 8, 16, 32)}
_DOWN = {"fashion": (28, 14, 7, 4, 2), "colour-64": (64, 32, 16, 8, 4)}


def _geometries(maps: dict[str, tuple[int, ...]], part: str) -> list[tuple[int, int, int, int]]:
    return sorted(
        {
            (min(size, 16), stage.kernel, stage.stride, stage.padding)  # what is above 16 has the same borders
            for name, pair in (("fashion", FASHION), ("colour-64", COLOUR_64))
            for size, stage in zip(maps[name], getattr(pair, part), strict=True)
        }
    )


@pytest.fixture(autouse=True)
def _matrix_form_everywhere(monkeypatch):
    monkeypatch.setattr(convolution, "_SMALL_MAP", 10**6)
    monkeypatch.setattr(convolution, "_TINY_MAP", 10**6)
    monkeypatch.setattr(convolution, "_SMALL_INPUT", 10**6)
    monkeypatch.setattr(convolution, "_MANY_WEIGHTS", 0)


def _agree(ours, library, images: Tensor, weight: Tensor, bias: Tensor, stride: int, padding: int, tolerance: float):
    results = []
    for function in (ours, library):
        leaves = [leaf.clone().requires_grad_() for leaf in (images, weight, bias)]
        out = function(*leaves, stride, padding)
        upstream = torch.randn(out.shape, generator=torch.Generator().manual_seed(9)).to(out.dtype)
        out.backward(upstream)
        results.append([out.detach(), *(leaf.grad for leaf in leaves)])
    for got, expected in zip(*results, strict=True):
        assert got.dtype == expected.dtype
        scale = float(expected.float().abs().max())
        torch.testing.assert_close(got.float(), expected.float(), rtol=0, atol=tolerance * scale)


def _tensors(size: int, kernel: int, inputs: int, outputs: int, *, transposed: bool) -> tuple[Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(size + kernel)
    shape = (inputs, outputs) if transposed else (outputs, inputs)
    return (
        torch.randn(3, inputs, size, size, generator=generator),
        torch.randn(*shape, kernel, kernel, generator=generator),
        torch.randn(outputs, generator=generator),
    )


TOLERANCE = {torch.float32: 1e-5, torch.bfloat16: 2**-6}  # of the largest value; bfloat16 has 8 bits, sums round twice


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize(("size", "kernel", "stride", "padding"), _geometries(_DOWN, "discriminator"))
def test_a_convolution_is_the_librarys(size, kernel, stride, padding, dtype):
    tensors = [tensor.to(dtype) for tensor in _tensors(size, kernel, 5, 6, transposed=False)]
    _agree(conv2d, functional.conv2d, *tensors, stride, padding, TOLERANCE[dtype])


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize(("size", "kernel", "stride", "padding"), _geometries(_UP, "generator"))
def test_a_transposed_convolution_is_the_librarys(size, kernel, stride, padding, dtype):
    tensors = [tensor.to(dtype) for tensor in _tensors(size, kernel, 5, 6, transposed=True)]
    _agree(conv_transpose2d, functional.conv_transpose2d, *tensors, stride, padding, TOLERANCE[dtype])


@pytest.mark.parametrize(
    ("kernel", "stride", "output_padding"), [(5, 2, 1), (3, 2, 1), (4, 3, 2), (2, 2, 0), (4, 2, 0)]
)
def test_a_transposed_convolution_with_strides_is_exact_in_whole_numbers(kernel, stride, output_padding):
    generator = torch.Generator().manual_seed(kernel)
    images, weight = (
        torch.randint(-2, 3, shape, generator=generator).bfloat16().requires_grad_()
        for shape in ((2, 3, 4, 4), (3, 4, kernel, kernel))
    )
    results = []
    for function in (conv_transpose2d, functional.conv_transpose2d):
        out = function(images, weight, None, stride, 1, output_padding)
        upstream = torch.randint(-2, 3, out.shape, generator=torch.Generator().manual_seed(9)).to(out.dtype)
        results.append((out, *torch.autograd.grad(out, (images, weight), upstream)))
    for ours, theirs in zip(*results, strict=True):
        assert torch.equal(ours, theirs)  # sums of small whole numbers are exact in bfloat16


def test_channels_last_tensors_give_the_same():
    images, weight, bias = _tensors(7, 3, 5, 6, transposed=False)
    images, weight = (tensor.contiguous(memory_format=torch.channels_last) for tensor in (images, weight))
    _agree(conv2d, functional.conv2d, images, weight, bias, 2, 1, 1e-5)


def test_autocast_gives_bfloat16_as_for_the_librarys_convolution():
    images, weight, bias = _tensors(4, 3, 5, 6, transposed=False)
    with torch.autocast("cpu", torch.bfloat16):
        ours, library = conv2d(images, weight, bias, 2, 1), functional.conv2d(images, weight, bias, 2, 1)
    assert ours.dtype == library.dtype == torch.bfloat16
    torch.testing.assert_close(ours.float(), library.float(), rtol=0, atol=2**-6 * float(library.abs().max()))


def test_one_image_without_a_batch_is_taken_as_the_library_takes_it():
    images, weight, bias = _tensors(4, 3, 5, 6, transposed=False)
    torch.testing.assert_close(conv2d(images[0], weight, bias, 1, 1), functional.conv2d(images[0], weight, bias, 1, 1))


def test_a_second_derivative_is_refused_rather_than_wrong():
    images, weight, bias = _tensors(4, 3, 5, 6, transposed=False)
    weight.requires_grad_()
    (gradient,) = torch.autograd.grad(conv2d(images, weight, bias, 1, 1).square().sum(), weight, create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        gradient.sum().backward()


@pytest.mark.parametrize(
    ("size", "kernel", "stride", "padding"), [(7, 3, 2, 1), (5, 4, 1, 0), (6, 4, 2, 1), (5, 2, 3, 1)]
)
def test_gathered_patches_are_the_librarys_and_scattering_is_the_adjoint(size, kernel, stride, padding):
    images = torch.randn(2, 3, size, size + 2, dtype=torch.float64).float()  # not square on purpose
    patches = gather_patches(images, kernel, stride, padding)
    library = functional.unfold(images, kernel, padding=padding, stride=stride)  # (batch, channels x kernel², places)
    reordered = library.transpose(1, 2).reshape(-1, 3, kernel, kernel).permute(0, 2, 3, 1).reshape(len(patches), -1)
    assert torch.equal(patches, reordered)
    other = torch.randn_like(patches)
    back = scatter_patches(other, images.shape, kernel, stride, padding)
    inner = (patches.double() * other.double()).sum(), (images.double() * back.double()).sum()
    torch.testing.assert_close(*inner, rtol=1e-5, atol=1e-4)  # <gather x, y> = <x, scatter y>


def test_output_size_is_the_librarys():
    for size, kernel, stride, padding in _geometries(_DOWN, "discriminator"):
        out = functional.conv2d(torch.zeros(1, 1, size, size), torch.zeros(1, 1, kernel, kernel), None, stride, padding)
        assert output_size(size, kernel, stride, padding) == out.shape[2]
