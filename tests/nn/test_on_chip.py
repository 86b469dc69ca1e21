"""On-chip learning: pulses move conductances as the gradient wants on average, and every one of them is counted."""

import math

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from spingan.devices.wox_memristor import wox_memristor
from spingan.errors import UserError
from spingan.nn.analog import AnalogLayer, analog_layers
from spingan.nn.conversion import convert
from spingan.nn.family import family_named
from spingan.nn.kernels.pulses import MOST_PULSES, PulseResponse, write_pulses
from spingan.nn.on_chip import hold_conductances, pulse_response
from spingan.nn.update_rules.pulses import Pulses
from spingan.spec.technology import Technology, load_technology

STEP = np.float32(1 / 127)
IDEAL = PulseResponse(*(np.full(128, step, np.float32) for step in (STEP, STEP, 0, 0)), off=0.0, endurance=np.inf)


def _write(weight: Tensor, gradient: Tensor, response: PulseResponse = IDEAL, key: int = 1, **scales: float):
    writes = torch.zeros_like(weight), torch.zeros_like(weight)
    pulses = write_pulses(
        weight, gradient, *writes, **{"full": 1.0, "factor": 1.0} | scales, response=response, key=key
    )
    return pulses.pulses, *writes


def test_with_an_ideal_response_the_mean_update_is_that_of_gradient_descent():
    repeats = 20_000
    wanted = torch.tensor([-2.7, -0.3, 0.0, 0.1, 5.0])  # pulses
    start = torch.tensor([0.5, -0.2, 0.1, -0.4, 0.3])
    weight = start.repeat(repeats, 1)
    _write(weight, -wanted.repeat(repeats, 1))
    moved = (weight - start).double().mean(0) / float(STEP)
    error = 5 * 0.5 / repeats**0.5  # five standard errors of a lot between two neighbouring integers
    torch.testing.assert_close(moved, wanted.double(), rtol=0, atol=error)


def test_a_pulse_moves_by_the_response_of_the_place_it_finds_and_scatters_as_the_device_says():
    up, down = np.linspace(2, 1, 128, dtype=np.float32) * STEP, np.linspace(0.5, 3, 128, dtype=np.float32) * STEP
    response = PulseResponse(up, down, 0.3 * up, 0 * down, 0.0, np.inf)
    place = 64 / 127
    for sign in (1.0, -1.0):  # either device of the pair
        outward, inward = (torch.full((50_000,), sign * place) for _ in range(2))
        _write(outward, torch.full((50_000,), -sign), response)
        _write(inward, torch.full((50_000,), sign), response)
        steps = (outward.double().abs() - place) / float(up[64])
        assert float(steps.mean()) == pytest.approx(1, abs=5 * 0.3 / 50_000**0.5)
        assert float(steps.std()) == pytest.approx(0.3, rel=0.02)
        assert float(place - inward.abs().mean()) == pytest.approx(float(down[64]), rel=1e-4)


def test_a_weight_that_crosses_zero_goes_over_to_the_pairs_other_device():
    weight = torch.full((4,), 0.5 * float(STEP))
    _, positive, negative = _write(weight, torch.full((4,), 1.0))
    np.testing.assert_allclose(weight.numpy(), -0.5 * STEP, rtol=1e-4)
    assert positive.tolist() == [1] * 4 and negative.tolist() == [0] * 4
    _, positive, negative = _write(weight, torch.full((4,), 1.0))
    assert positive.tolist() == [0] * 4 and negative.tolist() == [1] * 4


def test_a_sign_crossbar_turns_its_sign_where_its_smallest_conductance_lies():
    off = 0.2
    response = PulseResponse(IDEAL.up, IDEAL.down, IDEAL.up_spread, IDEAL.down_spread, off, np.inf)
    weight = torch.full((10,), off / (1 + off))
    pulses, writes, unused = _write(weight, torch.full((10,), 3.0), response)
    np.testing.assert_allclose(weight.numpy(), -(off + 3 * STEP) / (1 + off), rtol=1e-5)
    assert pulses == 30 and writes.tolist() == [3.0] * 10 and not unused.any()


def test_conductances_stop_at_their_ends_and_a_driver_at_its_most_pulses():
    weight = torch.tensor([0.999, -0.999, 0.0])
    pulses, positive, negative = _write(weight, torch.tensor([-1e3, 1e3, -1e3]))
    assert weight[:2].tolist() == [1.0, -1.0]
    assert float(weight[2]) == pytest.approx(MOST_PULSES * float(STEP), rel=1e-5)
    assert pulses == 3 * MOST_PULSES == int((positive + negative).sum())


def test_every_pulse_is_counted_and_a_worn_device_no_longer_moves():
    response = PulseResponse(IDEAL.up, IDEAL.down, IDEAL.up_spread, IDEAL.down_spread, 0.0, 5.0)
    weight, writes = torch.zeros(100), (torch.zeros(100), torch.zeros(100))
    total = sum(
        write_pulses(weight, torch.full((100,), -2.0), *writes, full=1.0, factor=1.0, response=response, key=key).pulses
        for key in range(10)
    )
    assert total == int(writes[0].sum()) == 600 and writes[0].tolist() == [6.0] * 100  # the third train wears it out
    np.testing.assert_allclose(weight.numpy(), 6 * STEP, rtol=1e-5)


def test_the_same_key_writes_the_same_pulses_whatever_the_threads():
    results = []
    before = torch.get_num_threads()
    for threads in (1, 3):
        torch.set_num_threads(threads)
        weight = torch.linspace(-1, 1, 200_000)
        _write(weight, torch.sin(torch.arange(200_000.0)), key=7)
        results.append(weight)
    torch.set_num_threads(before)
    assert torch.equal(*results)


def _converted(technology: Technology) -> nn.Module:
    torch.manual_seed(0)
    return convert(family_named("am-dcgan").make_generator(10), technology, noise_seed=3).model


@pytest.fixture
def beginning() -> tuple[AnalogLayer, Pulses]:
    """A layer of a generator with even pulses, and what updates it: by 13 pulses, so that rounding is small."""
    synapse = wox_memristor(nonlinearity=0.0, cycle_to_cycle=0.0)
    technology = load_technology("wox-memristor").model_copy(update={"synapse": synapse})
    model = _converted(technology)
    hold_conductances(model, full_scale=8.0, transposed_noise=0.0)
    layer = next(layer for layer in analog_layers(model) if isinstance(layer, nn.ConvTranspose2d))
    return layer, Pulses(model, technology, learning_rate=0.1)


def _moved(layer: AnalogLayer, update: Pulses, gradient: float) -> float:
    """Root mean square of the change, in full scales, that random gradients of that size make against themselves."""
    random = torch.randn(layer.weight.shape)
    layer.weight.grad = random * gradient
    before = layer.weight.detach().clone()
    update.step()
    moved = (layer.weight.detach() - before) / layer.gain[0]
    held = random.abs() < 1  # the driver cuts what is above 16 pulses
    return float((moved * -random)[held].sum() / random[held].square().sum())


def test_the_first_update_is_the_learning_rate_in_full_scales_and_goes_against_the_gradient(beginning):
    layer, update = beginning
    assert _moved(layer, update, 1e-5) == pytest.approx(0.1, rel=0.02)
    assert update.most_writes() == MOST_PULSES and update.mean_writes() > 0


def test_a_small_gradient_moves_less_beside_those_before_and_a_large_one_no_more(beginning):
    layer, update = beginning
    _moved(layer, update, 1e-5)
    assert _moved(layer, update, 1e-6) == pytest.approx(0.1 * 0.1 / math.sqrt(1.01 / 2), rel=0.05)
    for _ in range(3):
        _moved(layer, update, 0.0)  # no pulse, and remembered
    assert _moved(layer, update, 1e-6) == pytest.approx(0.1 * 0.1 / math.sqrt(1.02 / 6), rel=0.05)
    assert _moved(layer, update, 1e-3) == pytest.approx(0.1, rel=0.02)


def test_the_arrays_of_a_model_that_holds_conductances_are_what_devices_can_hold():
    technology = load_technology("wox-memristor")
    model = _converted(technology)
    hold_conductances(model, full_scale=2.0, transposed_noise=0.0)
    for layer in analog_layers(model):
        places = layer.weight.detach().abs() / layer.gain[0]
        smallest = technology.off_conductance / (1 + technology.off_conductance)
        least = smallest if layer.rules.encoding == "sign_crossbar" else 0.0
        assert float(places.max()) <= 1 + 1e-6 and float(places.min()) >= least - 1e-6


def test_one_full_scale_for_all_layers_is_a_weight_s_own():
    model = _converted(load_technology("wox-memristor"))
    hold_conductances(model, full_scale=0.6, transposed_noise=0.0, relative=False)
    gains = torch.cat([layer.gain.flatten() for layer in analog_layers(model)])
    assert len(list(analog_layers(model))) > 1 and torch.equal(gains, torch.full_like(gains, 0.6))


def test_the_noise_of_a_transposed_read_has_the_deviation_of_independent_devices():
    model = convert(nn.Sequential(nn.Conv2d(3, 40, 3, 2, 1, bias=False)), load_technology("wox-memristor")).model
    hold_conductances(model, full_scale=2.0, transposed_noise=0.05)
    (layer,) = analog_layers(model)
    images = torch.rand(400, 3, 8, 8, requires_grad=True)
    upstream = torch.randn(1, 40, 4, 4).expand(400, -1, -1, -1)
    gradients = []
    for noise in (0.0, 0.05):
        layer.transposed_noise = noise
        gradients.append(torch.autograd.grad(layer(images), images, upstream)[0])
    error = gradients[1] - gradients[0]
    covered = nn.functional.conv_transpose2d(
        upstream[:1].square().sum(1, keepdim=True), torch.ones(1, 1, 3, 3), stride=2, padding=1, output_padding=1
    )
    expected = 0.05 * float(layer.gain[0]) * covered[0, 0].sqrt()
    measured = error.flatten(0, 1).square().mean(0).sqrt()  # over 1,200 images and channels
    torch.testing.assert_close(measured, expected, rtol=5 / (2 * 1200) ** 0.5, atol=1e-6)


def test_batch_norm_and_biases_have_no_devices_on_the_chip():
    technology = load_technology("wox-memristor")
    model = convert(family_named("am-dcgan-batch-norm").make_generator(10), technology).model
    with pytest.raises(UserError, match="no devices for norm1") as caught:
        hold_conductances(model, 4.0, 0.0)
    assert "digital_norms" in caught.value.remedy
    hold_conductances(model, 4.0, 0.0, digital_norms=True)
    biased = convert(nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Tanh()), technology).model
    with pytest.raises(UserError, match=r"no devices for 0\.bias\n"):
        hold_conductances(biased, 4.0, 0.0, digital_norms=True)


def test_a_synapse_without_a_pulse_response_cannot_be_trained_on_the_chip():
    with pytest.raises(UserError, match="says nothing of what a write pulse does") as caught:
        pulse_response(load_technology("skyrmion-published"))
    assert "spingan fit synapse" in caught.value.remedy
