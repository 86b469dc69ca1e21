"""A training's devices: other ones at each update, as their files say; noise in each evaluation; exact gradients."""

import numpy as np
import pytest
import torch

from spingan.errors import UserError
from spingan.nn.activations import DeviceActivation
from spingan.nn.drawn_devices import DrawnDevices
from spingan.nn.kernels.devices import devices_backward, devices_forward
from spingan.nn.made_devices import MadeDevices
from spingan.nn.noise_source import NoiseSource
from spingan.spec.activation import Activation, ActivationSpread, OutputNoise

SPREAD = ActivationSpread(
    gain=0.1, offset=0.05, slope=0.2, correlation_gain_offset=0.6, mean_gain=0.97, mean_offset=0.01
)
EVEN = OutputNoise(rms=(2e-6,))  # 1 % of the span, whatever the input
UNEVEN = OutputNoise(input=(-1e-5, 0.0, 0.5e-5, 1e-5), rms=(1e-6, 2e-6, 6e-6, 3e-6))
SPAN_S = 2e-4
LEAKY = Activation(
    name="warm", function="leaky_relu", input=(-1e-5, 0.0, 1e-5), rising=(0.6e-4, 1e-4, 3e-4), input_unit="A",
    output_unit="S", input_full_scale=1e-5, output_zero=1e-4, output_full_scale=3e-4, spread=SPREAD,
)  # fmt: skip
SHAPE = (6, 5, 4, 3)
LAST = torch.channels_last


def _device(share=1.0, noise: OutputNoise | None = EVEN, spread=SPREAD, trim_bits=0, full_scale=1.0):
    device = DeviceActivation(LEAKY.model_copy(update={"output_noise": noise, "spread": spread}))
    device.full_scale.fill_(full_scale)
    drawn = DrawnDevices(device, NoiseSource(5), trim_bits)
    drawn.draw(11, share)
    device.noise = drawn
    return device, drawn


def _values(dtype=torch.float32, memory=torch.contiguous_format, shape=SHAPE):
    values = 0.5 * torch.randn(shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    return values.to(dtype).contiguous(memory_format=memory)


def _again(device, drawn, values):
    drawn.source.restart(5)
    return device(values)


def test_before_the_ramp_begins_every_device_is_the_tables_to_the_last_bit():
    device, _ = _device(share=0.0)
    ours = device(_values())
    device.noise = None
    assert torch.equal(ours, device(_values()))


def test_without_noise_an_update_has_the_devices_that_a_chip_of_that_seed_would_have():
    device, _ = _device(noise=None, full_scale=3.0)
    ours = device(_values())
    device.noise, device.made = None, MadeDevices(SPREAD, 11)
    torch.testing.assert_close(ours, device(_values()))


@pytest.mark.parametrize("memory", [torch.contiguous_format, LAST])
@pytest.mark.parametrize("noise", [None, EVEN, UNEVEN])
def test_kernel_and_plain_operations_give_the_same_devices_noise_and_gradient(memory, noise):
    found = []
    for dtype in (torch.float64, torch.float32, torch.bfloat16):
        device, _ = _device(noise=noise, full_scale=0.8)
        values = _values(torch.bfloat16, memory).to(dtype).requires_grad_()  # the same numbers in all three
        out = device(values)
        out.square().sum().backward()
        assert values.grad is not None and out.dtype == values.grad.dtype == dtype
        found.append((out.detach().double(), values.grad.double()))
    for ours, exact in zip(found[1], found[0], strict=True):
        torch.testing.assert_close(ours, exact, rtol=1e-5, atol=1e-5)
    for ours, exact in zip(found[2], found[0], strict=True):
        torch.testing.assert_close(ours, exact, rtol=2e-2, atol=1e-2)  # 8 bits


@pytest.mark.parametrize("share", [0.3, 1.0, 2.0])
def test_the_gradient_is_that_of_finite_differences(share):
    device, drawn = _device(share)
    values = _values(torch.float64)
    values[values.abs() < 0.01] = 0.01  # finite differences do not see a kink
    torch.autograd.gradcheck(lambda inputs: _again(device, drawn, inputs), values.requires_grad_())


def test_another_update_has_other_devices_and_the_same_key_the_same():
    device, drawn = _device(noise=None)
    first = device(_values())
    assert torch.equal(first, device(_values()))  # as often as the update reads them
    drawn.draw(12, 1.0)
    assert not torch.allclose(first, device(_values()))
    drawn.draw(11, 1.0)
    assert torch.equal(first, device(_values()))


def test_every_evaluation_has_noise_of_its_own_and_a_restart_repeats_it():
    device, drawn = _device()
    first, second = _again(device, drawn, _values()), device(_values())
    assert not torch.equal(first, second)
    assert torch.equal(first, _again(device, drawn, _values()))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize(("x", "rms_s"), [(-1.0, 1e-6), (0.0, 2e-6), (0.25, 4e-6), (0.75, 4.5e-6), (3.0, 3e-6)])
def test_the_noise_is_as_large_as_the_file_says_at_that_input(dtype, x, rms_s):
    device, _ = _device(noise=UNEVEN, spread=ActivationSpread(), full_scale=2.0)
    out = device(torch.full((200, 100), 2.0 * x, dtype=dtype))
    assert float(out.std()) == pytest.approx(2.0 * rms_s / SPAN_S, rel=0.03)  # of 20,000: 0.5 %


@pytest.mark.parametrize("share", [0.5, 2.0])
def test_deviations_means_and_noise_grow_with_the_share(share):
    device, drawn = _device(share)
    gain, below, offset = (part.double().numpy().ravel() for part in drawn.parts(torch.zeros(1, 40_000)))
    assert gain.std() == pytest.approx(share * 0.1, rel=0.02) and offset.std() == pytest.approx(share * 0.05, rel=0.02)
    assert gain.mean() == pytest.approx(1 - share * 0.03, abs=0.005)
    assert (below / gain).std() == pytest.approx(share * 0.2, rel=0.03)
    assert np.corrcoef(gain, offset)[0, 1] == pytest.approx(0.6, abs=0.02)
    device, _ = _device(share, spread=ActivationSpread())
    assert float(device(torch.full((200, 100), 0.5)).std()) == pytest.approx(share * 0.01, rel=0.03)


def test_a_gain_is_never_below_zero():
    _, drawn = _device(2.0, spread=ActivationSpread(gain=1.0))
    assert float(drawn.parts(torch.zeros(1, 1000))[0].min()) == 0


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("memory", [torch.contiguous_format, LAST])
def test_the_shares_of_a_batch_have_the_devices_and_the_noise_of_the_whole(dtype, memory):
    device, drawn = _device(noise=UNEVEN)
    whole = _again(device, drawn, _values(dtype, memory))
    for first, last in ((0, 2), (2, 6)):
        drawn.source.restart(5)
        drawn.source.part = first, SHAPE[0]
        assert torch.equal(device(_values(dtype, memory)[first:last]), whole[first:last])


def test_maps_that_lie_with_the_samples_last_have_the_same_devices():
    device, drawn = _device(noise=None)
    values = _values()
    turned = values.permute(1, 2, 3, 0).contiguous().permute(3, 0, 1, 2)
    assert turned.stride(0) == 1
    torch.testing.assert_close(device(turned), device(values))
    device, drawn = _device()
    assert torch.equal(_again(device, drawn, turned), _again(device, drawn, turned))


def test_the_number_of_threads_changes_nothing():
    values, threads = _values(shape=(64, 16, 32, 4)), torch.get_num_threads()
    found = []
    try:
        for number in (1, 4):
            torch.set_num_threads(number)
            found.append(_again(*_device(noise=UNEVEN), values))
    finally:
        torch.set_num_threads(threads)
    assert torch.equal(*found)


def test_a_trim_leaves_of_the_offsets_what_it_leaves_on_a_chip():
    plain, trimmed = (_device(noise=None, trim_bits=bits)[1] for bits in (0, 8))
    gains = [drawn.parts(torch.zeros(1, 10_000)) for drawn in (plain, trimmed)]
    assert torch.equal(gains[0][0], gains[1][0]) and torch.equal(gains[0][1], gains[1][1])
    step = (4 * 0.05 + 0.01) / 127
    assert float(gains[1][2].std()) == pytest.approx(step / 12**0.5, rel=0.05)


def test_a_file_that_says_nothing_of_its_devices_is_refused():
    with pytest.raises(UserError, match="the file of warm says neither"):
        _device(noise=None, spread=ActivationSpread())


def test_a_kernel_refuses_what_does_not_fit():
    part, values = np.ones(3, np.float32), torch.zeros(2, 3)
    with pytest.raises(ValueError, match="inputs unlike"):
        devices_forward(torch.zeros(3, 2), values, (part, part, part), None, 0)
    with pytest.raises(ValueError, match="a noise of shape"):
        devices_forward(values, values, (part, part, part), (np.ones(1, np.float32), 0.0, 1.0), 0)
    for wrong in (np.ones(4, np.float32), np.ones(0, np.float32)):
        with pytest.raises(ValueError):
            devices_forward(values, values, (wrong, wrong, wrong), None, 0)
        with pytest.raises(ValueError):
            devices_backward(values, values, wrong, wrong)
