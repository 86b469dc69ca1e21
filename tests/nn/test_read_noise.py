"""Noise of a training's reads, in one pass: as large as the inputs in an output's window say, and the pool's own."""

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch.nn import functional

from spingan.compiled import is_compiled
from spingan.nn.analog import analog_layers
from spingan.nn.conversion import convert
from spingan.nn.kernels.read_noise import Window, add_pooled_gaussian, add_read_noise, can_read
from spingan.nn.weights import load_model
from spingan.spec.noise import Noise
from spingan.spec.technology import load_technology

pytestmark = pytest.mark.skipif(not is_compiled(), reason="one pass needs numba")


def maps(samples: int, channels: int, down: int, across: int, seed: int = 0) -> torch.Tensor:
    made = torch.randn(samples, channels, down, across, generator=torch.Generator().manual_seed(seed))
    return made.bfloat16().contiguous(memory_format=torch.channels_last)


def by_parts(out, inputs, scale, fraction, window, key, first_sample=0):
    """The same by a convolution with ones, and a pass that adds."""
    squares = inputs.float().square().sum(1, keepdim=True)
    ones = torch.ones(1, 1, window.kernel, window.kernel)
    geometry = {"stride": window.stride, "padding": window.padding}
    if window.transposed:
        size = (squares.shape[2] - 1) * window.stride - 2 * window.padding + window.kernel
        seen = functional.conv_transpose2d(squares, ones, output_padding=out.shape[2] - size, **geometry)
    else:
        seen = functional.conv2d(squares, ones, **geometry)
    rows = fraction * seen.sqrt().reshape(-1)
    add_pooled_gaussian(out, rows, scale, key, first_sample * out.shape[2] * out.shape[3])


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_one_pass_adds_what_a_convolution_with_ones_and_a_pass_for_the_draws_would(data):
    def number(low: int, high: int) -> int:
        return data.draw(st.integers(low, high))

    kernel, stride, transposed = number(1, 4), number(1, 3), data.draw(st.booleans())
    window = Window(kernel, stride, number(0, kernel - 1), transposed)
    inputs = maps(number(1, 3), number(1, 9), number(1, 6), number(1, 6))
    if transposed:
        extra = number(0, stride - 1)
        sizes = [(side - 1) * stride - 2 * window.padding + kernel for side in inputs.shape[2:]]
        assume(min(sizes) > 0)
        sizes = [size + extra for size in sizes]
    else:
        sizes = [(side + 2 * window.padding - kernel) // stride + 1 for side in inputs.shape[2:]]
    assume(min(sizes) > 0)
    channels, key, first = number(1, 300), number(0, 2**63), number(0, 5)
    ours = maps(len(inputs), channels, *sizes, seed=1)
    theirs, scale = ours.clone(memory_format=torch.channels_last), torch.linspace(0.5, 2, channels)
    add_read_noise(ours, inputs, scale, 0.1, window, key, first)
    by_parts(theirs, inputs, scale, 0.1, window, key, first)
    torch.testing.assert_close(ours, theirs, rtol=1e-2, atol=1e-6)  # a rounding of bfloat16 apart at most


def test_dense_layers_read_all_their_inputs():
    inputs, out = torch.randn(20, 70).bfloat16(), torch.zeros(20, 3000).bfloat16()
    add_read_noise(out, inputs, torch.ones(3000), 0.5, Window(), 3)
    wanted = 0.5 * inputs.float().square().sum(1).sqrt()
    torch.testing.assert_close(out.float().std(1), wanted, rtol=0.08, atol=0)  # 6 standard errors of 3,000 values


def test_samples_have_the_noise_that_they_have_in_a_larger_batch_on_any_number_of_threads(two_threads):
    inputs, window = maps(64, 32, 14, 14), Window(3, 2, 1)
    whole, part = torch.zeros(2, 64, 64, 7, 7).bfloat16().unbind()
    whole, part = (one.contiguous(memory_format=torch.channels_last) for one in (whole, part))
    add_read_noise(whole, inputs, torch.ones(64), 0.1, window, 5)
    torch.set_num_threads(1)
    add_read_noise(part[10:30], inputs[10:30], torch.ones(64), 0.1, window, 5, first_sample=10)
    assert torch.equal(part[10:30], whole[10:30]) and whole.count_nonzero() > 0.99 * whole.numel()
    assert not part[:10].any() and not part[30:].any()


def test_what_does_not_lie_as_the_kernel_reads_it_is_not_given_to_it():
    usual = maps(2, 3, 4, 4)
    assert can_read(usual, usual)
    for other in (usual.float(), usual.contiguous(), usual[:, :, ::2]):
        assert not can_read(other, usual) and not can_read(usual, other)
    with pytest.raises(ValueError, match="inputs"):
        add_read_noise(usual, usual.float(), torch.ones(3), 0.1, Window(), 1)
    with pytest.raises(ValueError, match="scales"):
        add_read_noise(usual, usual, torch.ones(4), 0.1, Window(), 1)


def test_a_nets_layers_in_bfloat16_are_as_noisy_as_in_float32():
    """Of every layer: the deviation that noise makes at its outputs, over reads of the same inputs."""
    net, found = load_model("clothes").generator, {}
    first = next(analog_layers(net))
    for kind in (torch.float32, torch.bfloat16):
        spreads = []
        for layer in analog_layers(net):
            layer.read_noise = Noise(fraction=0.05)
        with torch.no_grad(), torch.autocast("cpu", torch.bfloat16, enabled=kind == torch.bfloat16):
            for layer in analog_layers(net):
                side = 1 if layer is first else 5
                inputs = maps(16, layer.weight.shape[0], side, side).to(kind)
                reads = torch.stack([layer(inputs).float() for _ in range(12)])
                spreads.append(float(reads.std(0).square().mean().sqrt()))
        found[kind] = torch.tensor(spreads)
    assert len(found[torch.float32]) == 6
    torch.testing.assert_close(found[torch.bfloat16], found[torch.float32], rtol=0.03, atol=0)


@pytest.mark.parametrize("shape", [(40, 30), (40, 3, 30), (40, 2, 3, 30)])
def test_a_dense_layer_of_any_number_of_axes_is_as_noisy_in_bfloat16(shape):
    torch.manual_seed(0)
    layer = convert(torch.nn.Linear(30, 500), load_technology("skyrmion-published")).model
    layer.read_noise = Noise(fraction=0.05)
    inputs = torch.randn(shape).bfloat16()
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        apart = (layer(inputs).float() - layer(inputs).float()) / layer.gain / 2**0.5
    wanted = 0.05 * inputs.float().square().sum(-1).sqrt()
    torch.testing.assert_close(apart.square().mean(-1).sqrt(), wanted, rtol=0.2, atol=0)  # 6 standard errors of 500
