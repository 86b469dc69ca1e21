"""A chip's activations are physical devices: drawn once, each with a gain, offset and slope of its own."""

import numpy as np
import pytest
import torch
from torch import nn

from spingan.arrays.conditions import ChipConditions
from spingan.errors import UserError
from spingan.nn.activations import DeviceActivation
from spingan.nn.chip import program_chip
from spingan.nn.conversion import convert
from spingan.nn.made_devices import MadeDevices
from spingan.spec.activation import ActivationSpread
from spingan.spec.technology import load_technology

TECHNOLOGY = load_technology("skyrmion-published")
SPREAD = ActivationSpread(gain=0.1, offset=0.05, slope=0.2, correlation_gain_offset=0.6, correlation_offset_slope=-0.5)


def _with_spread(spread):
    activations = {name: curve.model_copy(update={"spread": spread}) for name, curve in TECHNOLOGY.activations.items()}
    return TECHNOLOGY.model_copy(update={"activations": activations})


def _converted(technology):
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(2, 4, 3), nn.ReLU(), nn.Conv2d(4, 4, 3), nn.LeakyReLU(0.2)).eval()
    return convert(net, technology).model


def _images(count=5):
    return torch.randn(count, 2, 9, 9, generator=torch.Generator().manual_seed(1))


def _devices(chip):
    return [module for module in chip.modules() if isinstance(module, DeviceActivation)]


@pytest.mark.parametrize("spread", [ActivationSpread(), ActivationSpread(gain=0.0, offset=0.0, slope=0.0)])
def test_without_a_spread_a_chip_is_the_same_to_the_last_bit(spread):
    plain, stated = TECHNOLOGY, _with_spread(spread)
    ours, expected = (
        program_chip(_converted(technology), technology, ChipConditions(7))(_images()) for technology in (stated, plain)
    )
    assert torch.equal(ours, expected)
    assert all(device.made is None for device in _devices(program_chip(_converted(stated), stated)))


def test_the_devices_of_a_chip_are_frozen_and_another_chip_has_others():
    technology = _with_spread(SPREAD)
    model = _converted(technology)
    chip, again, other = (program_chip(model, technology, ChipConditions(seed)) for seed in (3, 3, 4))
    images = _images()
    first = chip(images)
    assert torch.equal(first, chip(images)) and torch.equal(first, again(images))
    torch.testing.assert_close(chip(images[2:3]), first[2:3])  # whatever the batch
    assert not torch.allclose(first, other(images))
    # The converted model that was programmed has no devices yet: only a chip does.
    assert all(device.made is None for device in _devices(model))


def test_two_layers_of_a_chip_have_devices_of_their_own():
    technology = _with_spread(SPREAD)
    first, second = _devices(program_chip(_converted(technology), technology))
    assert first.made is not None and second.made is not None
    assert not torch.equal(first.made.parts((4, 5))[0], second.made.parts((4, 5))[0])


def test_each_device_bends_the_drawn_output_by_its_own_three_numbers():
    made = MadeDevices(SPREAD, seed=5)
    values = torch.randn(3, 2, 4, 4)
    gain, offset, slope = made.parts((2, 4, 4))
    assert gain.shape == offset.shape == slope.shape == (2, 4, 4)
    expected = 0.7 * offset + gain * torch.where(values > 0, values, slope * values)
    torch.testing.assert_close(made(values, 0.7), expected)


def test_many_devices_have_the_stated_means_and_covariance():
    spread = SPREAD.model_copy(update={"mean_gain": 0.9, "mean_offset": 0.02})
    drawn = np.stack([part.flatten().numpy() for part in MadeDevices(spread, seed=0).parts((40_000,))])
    errors = np.sqrt(np.diag(spread.covariance) / 40_000)
    assert np.all(np.abs(drawn.mean(axis=1) - [0.9, 0.02, 1.0]) < 5 * errors)
    assert np.cov(drawn) == pytest.approx(spread.covariance, abs=5 * 0.2**2 * np.sqrt(2 / 40_000))


def test_a_gain_is_never_below_zero():
    assert MadeDevices(ActivationSpread(gain=2.0), seed=0).parts((1000,))[0].min() == 0


def test_a_stated_spread_is_computed_with_and_so_not_listed_as_left_out():
    technology = _with_spread(SPREAD)
    conversion = convert(nn.Sequential(nn.Conv2d(2, 4, 3), nn.ReLU()), technology)
    assert not [name for name in conversion.not_simulated if "spread" in name]


def test_one_sample_without_a_batch_is_refused_as_its_channels_would_share_devices():
    technology = _with_spread(SPREAD)
    dense = convert(nn.Sequential(nn.Linear(4, 4), nn.ReLU()).eval(), technology).model
    for model, sample in ((_converted(technology), _images(1)[0]), (dense, torch.ones(4))):
        model(sample)  # no devices yet
        chip = program_chip(model, technology)
        with pytest.raises(UserError, match="need a batch of"):
            chip(sample)
        assert chip(sample[None]).shape[0] == 1
