"""A chip whose offsets are measured once: what is left is rounding and the measurement, and nothing else changes."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from spingan.arrays.conditions import ChipConditions
from spingan.errors import UserError
from spingan.nn.activations import DeviceActivation
from spingan.nn.chip import program_chip
from spingan.nn.conversion import convert
from spingan.nn.made_devices import COVERED, MadeDevices, Trim
from spingan.spec.activation import ActivationSpread, OutputNoise
from spingan.spec.technology import load_technology

SIGMA = 0.13  # of full scale: the designed cells' own, without a trim
SPREAD = ActivationSpread(gain=0.04, offset=SIGMA, slope=0.2, correlation_gain_offset=-0.7, mean_offset=0.02)
STEP = (COVERED * SIGMA + 0.02) / 127  # of 8 bits


def _technology(spread, noise=None):
    technology = load_technology("skyrmion-published")
    update = {"spread": spread, "output_noise": noise}
    activations = {name: curve.model_copy(update=update) for name, curve in technology.activations.items()}
    return technology.model_copy(update={"activations": activations})


def _net():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(6, 40), nn.ReLU(), nn.Linear(40, 5)).eval()


def _output(technology, conditions, inputs=None):
    chip = program_chip(convert(_net(), technology).model, technology, conditions)
    return chip(torch.randn(50, 6, generator=torch.Generator().manual_seed(1)) if inputs is None else inputs)


def _square(technology, conditions, exact):
    return float((_output(technology, conditions) - exact).square().mean())


@pytest.mark.parametrize("noise", [0.0, 0.003])
def test_what_is_left_of_many_offsets_is_rounding_and_the_measurement(noise):
    plain, left = (MadeDevices(SPREAD, 5, trim).parts((40_000,))[1].double().numpy() for trim in (None, Trim(8, noise)))
    inside = np.abs(plain) < COVERED * SIGMA  # two of these devices lie beyond what the numbers reach
    left = left[inside]
    expected = np.hypot(STEP / np.sqrt(12), noise)
    assert np.std(left) == pytest.approx(expected, rel=0.02)  # 40,000 draws know it within 0.4 %
    assert abs(left.mean()) < 5 * expected / np.sqrt(40_000)  # the mean offset is taken out, too


def test_eight_bits_are_within_half_a_percent_of_full_scale_and_five_are_not():
    eight, five = (MadeDevices(SPREAD, 5, Trim(bits)).parts((10_000,))[1].std() for bits in (8, 5))
    assert eight < 0.005 < five


def test_a_trim_changes_neither_which_devices_they_are_nor_their_gains_and_slopes():
    plain, trimmed = (MadeDevices(SPREAD, 5, trim).parts((300,)) for trim in (None, Trim(20)))
    assert torch.equal(plain[0], trimmed[0]) and torch.equal(plain[2], trimmed[2])
    assert plain[1].std() > 0.1 and trimmed[1].abs().max() < 1e-5


def test_the_columns_own_offsets_do_what_the_trim_computes():
    technology = _technology(SPREAD)
    inputs = torch.randn(20, 6, generator=torch.Generator().manual_seed(1))
    plain, trimmed = (
        program_chip(convert(_net(), technology).model, technology, ChipConditions(3, trim_bits=bits))
        for bits in (0, 6)
    )
    offsets = []
    for chip in (plain, trimmed):
        (device,) = (module for module in chip.modules() if isinstance(module, DeviceActivation))
        assert device.made is not None
        offsets.append(device.made.parts((40,))[1] * device.full_scale)
    stored, last = offsets[0] - offsets[1], plain.net[2]
    with torch.no_grad():
        last.bias -= last.effective_weight() @ stored
    torch.testing.assert_close(plain(inputs), trimmed(inputs), rtol=1e-4, atol=1e-4)


def test_the_effect_of_offsets_on_the_outputs_falls_to_what_is_left():
    only = ActivationSpread(offset=SIGMA)
    technology = _technology(only)
    exact = _output(_technology(ActivationSpread()), ChipConditions())
    chips = [[ChipConditions(seed, trim_bits=bits) for seed in range(12)] for bits in (0, 4, 8)]
    errors = [float(np.sqrt(np.mean([_square(technology, chip, exact) for chip in each]))) for each in chips]
    # The outputs are sums of the offsets, so that errors fall as these do.
    for error, bits in zip(errors[1:], (4, 8), strict=True):
        left = COVERED / (2 ** (bits - 1) - 1) / np.sqrt(12)  # of the offsets' own deviation
        assert error / errors[0] == pytest.approx(left, rel=0.25)  # of 60 outputs, those of a chip alike
    assert errors[2] < 0.02 * errors[0]


def test_the_devices_own_noise_is_in_the_measurement_and_averages_out():
    technology = _technology(ActivationSpread(offset=SIGMA), OutputNoise(rms=(0.05,)))
    curve = technology.activations["relu"]
    own = 0.05 / abs(curve.output_full_scale - curve.output_zero)

    def noise(technology=technology, **asked):
        chip = program_chip(convert(_net(), technology).model, technology, ChipConditions(3, trim_bits=8, **asked))
        (device,) = (module for module in chip.modules() if isinstance(module, DeviceActivation))
        assert device.made is not None and device.made.trim is not None
        return device.made.trim.noise

    assert noise() == pytest.approx(own)
    assert noise(trim_reads=100) == pytest.approx(own / 10)
    many = technology.model_copy(update={"trim_bits": 8, "trim_reads": 25})
    assert noise(many) == pytest.approx(own / 5) and noise(many, trim_reads=100) == pytest.approx(own / 10)
    assert noise(trim_noise=0.01) == pytest.approx(np.hypot(own, 0.01))


def test_a_technology_can_say_that_its_chips_are_trimmed():
    technology = _technology(SPREAD)
    stated = technology.model_copy(update={"trim_bits": 6})
    asked = _output(technology, ChipConditions(3, trim_bits=6))
    assert torch.equal(_output(stated, ChipConditions(3)), asked)
    assert not torch.equal(_output(stated, ChipConditions(3, trim_bits=4)), asked)  # a chip's own bits come first
    alike = _technology(ActivationSpread()).model_copy(update={"trim_bits": 6})
    assert torch.isfinite(_output(alike, ChipConditions(3))).all()  # where nothing differs there is nothing to do


def test_an_aged_chip_keeps_its_stored_offsets():
    technology = _technology(SPREAD)
    chip = program_chip(convert(_net(), technology).model, technology, ChipConditions(3, trim_bits=8))
    inputs = torch.zeros(1, 6)
    assert torch.equal(chip.at(0.0)(inputs), chip(inputs))


def test_a_chip_without_offsets_has_nothing_to_trim():
    with pytest.raises(UserError, match="no offset to trim"):
        _output(_technology(ActivationSpread()), ChipConditions(trim_bits=8))
    asked = _output(_technology(ActivationSpread()), ChipConditions(activation_offset=0.1, trim_bits=8))
    assert torch.isfinite(asked).all()


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"trim_bits": 1}, "trim_bits 1 hold no offset"),
        ({"trim_bits": 8.5}, "trim_bits 8.5"),
        ({"trim_bits": 8, "trim_reads": 0}, "trim_reads 0"),
        ({"trim_bits": 8, "trim_noise": -1.0}, "trim_noise -1"),
        ({"trim_noise": 0.1}, "and there is none"),
    ],
)
def test_a_trim_that_is_none_is_refused(asked, said):
    with pytest.raises(UserError, match=said):
        replace(ChipConditions(), **asked)
