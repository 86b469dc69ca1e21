"""Which axis a crossbar's columns lie on is the layer's affair, whatever the shape of what comes in."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from spingan.errors import UserError
from spingan.nn.conversion import convert
from spingan.spec.noise import Noise
from spingan.spec.technology import load_technology

IDEAL = load_technology("ideal")
KINDS = st.sampled_from(["full_scale", "value"])


def _noisy(layer: nn.Module, kind: str) -> nn.Module:
    model = convert(layer, IDEAL, read_noise=Noise(fraction=0.1, of=kind)).model
    with torch.no_grad():
        model.gain.copy_(torch.rand(model.gain.shape) + 0.5)
    return model


def _from_one_seed(layer, inputs):
    layer.source.restart(1)
    return layer(inputs)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, 5), max_size=4), st.integers(1, 7), st.integers(1, 9), KINDS)
def test_a_dense_layer_reads_its_last_axis_whatever_stands_before_it(before, inputs, outputs, kind):
    torch.manual_seed(0)
    layer = _noisy(nn.Linear(inputs, outputs), kind)
    values = torch.randn(*before, inputs) + 3
    rows = _from_one_seed(layer, values.reshape(-1, inputs))
    torch.testing.assert_close(_from_one_seed(layer, values).reshape(-1, outputs), rows, rtol=1e-5, atol=1e-6)
    exact = nn.functional.linear(values, layer.weight, layer.bias).reshape(-1, outputs)
    assert bool((rows != exact).float().mean() > 0.9)  # noise is everywhere; a draw near zero may round away


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 3), st.integers(1, 4), st.integers(1, 5), st.integers(3, 6), KINDS, st.booleans())
def test_noise_on_maps_is_a_row_for_each_pixel_in_whatever_order_memory_is(batch, inputs, outputs, side, kind, last):
    torch.manual_seed(0)
    layer = _noisy(nn.Conv2d(inputs, outputs, 3, padding=1), kind)
    pixels = torch.randn(batch, inputs, side, side) + 3
    given_pixels = pixels.contiguous(memory_format=torch.channels_last) if last else pixels
    noisy, plain = _from_one_seed(layer, given_pixels), _from_one_seed(layer, pixels)
    torch.testing.assert_close(noisy, plain, rtol=1e-5, atol=1e-5)
    exact = nn.functional.conv2d(pixels, layer.weight, layer.bias, padding=1)
    assert bool((noisy != exact).float().mean() > 0.9)


@pytest.mark.parametrize("kind", ["full_scale", "value"])
def test_each_column_of_a_dense_layer_on_maps_has_the_noise_of_its_own_inputs_and_gain(kind):
    torch.manual_seed(0)
    layer = _noisy(nn.Linear(6, 5), kind)
    values = torch.randn(1, 3, 4, 6).expand(3000, 3, 4, 6)
    with torch.no_grad():
        spread = layer(values).std(0)
        scale = layer.gain.square()[:, None] if kind == "full_scale" else layer.weight.square()
        expected = 0.1 * nn.functional.linear(values[0].square(), scale.expand(5, 6)).sqrt()
    torch.testing.assert_close(spread, expected, rtol=0.065, atol=0)  # five standard errors: 5 / sqrt(6000)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(1, 4), min_size=1, max_size=3), st.integers(1, 5), st.integers(1, 5))
def test_the_transposed_read_of_a_dense_layer_too_is_along_its_last_axis(before, inputs, outputs):
    torch.manual_seed(0)
    layer = convert(nn.Linear(inputs, outputs), IDEAL).model
    layer.transposed_noise = 0.1

    def gradient(values):
        values = values.detach().requires_grad_()
        _from_one_seed(layer, values).square().sum().backward()
        return values.grad

    values = torch.randn(*before, inputs)
    rows = gradient(values.reshape(-1, inputs))
    torch.testing.assert_close(gradient(values).reshape(-1, inputs), rows, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("how", ["read_noise", "transposed_noise"])
def test_one_image_without_a_batch_has_no_axis_of_samples_and_is_refused(how):
    layer = convert(nn.Conv2d(2, 2, 3), IDEAL).model
    setattr(layer, how, Noise(fraction=0.1) if how == "read_noise" else 0.1)
    with pytest.raises(UserError, match="a batch of images"):
        layer(torch.ones(2, 5, 5, requires_grad=True))


@settings(max_examples=30, deadline=None)
@given(st.sampled_from(["rows", "maps", "tiny"]), KINDS, st.sampled_from([torch.float32, torch.float64]))
def test_both_reads_may_be_noisy_and_the_forward_s_noise_leaves_the_gradient_alone(shape, kind, dtype):
    torch.manual_seed(0)
    layer = {"rows": nn.Linear(3, 5), "maps": nn.Conv2d(3, 5, 3), "tiny": nn.Conv2d(3, 5, 2)}[shape].to(dtype)
    model = convert(layer, IDEAL, read_noise=Noise(fraction=0.1, of=kind)).model
    inputs = torch.randn({"rows": (2, 4, 4, 3), "maps": (2, 3, 12, 12), "tiny": (2, 3, 3, 3)}[shape], dtype=dtype)
    gradients = []
    for net, transposed in ((layer, None), (model, 0.0), (model, 1e-7)):
        if transposed is not None:
            net.transposed_noise = transposed
        values = inputs.clone().requires_grad_()
        net(values).sum().backward()
        gradients.append(values.grad)
    torch.testing.assert_close(gradients[1], gradients[0], rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(gradients[2], gradients[0], rtol=1e-5, atol=1e-5)
