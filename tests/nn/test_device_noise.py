"""Noise of activations on a chip: as large as the file says, new in every evaluation, and its seed's alone."""

import numpy as np
import pytest
import torch
from torch import nn

from spingan.arrays.conditions import ChipConditions
from spingan.nn.chip import program_chip
from spingan.nn.conversion import convert
from spingan.nn.simulated import not_simulated
from spingan.spec.activation import Activation, OutputNoise
from spingan.spec.technology import Technology

NOISE = OutputNoise(input=(-1e-5, 0.0, 1e-5), rms=(1e-6, 2e-6, 6e-6), averaging_time_s=1e-9, temperature_k=300.0)
RELU = Activation(
    name="warm", function="relu", input=(-1e-5, 0.0, 1e-5), rising=(1e-4, 1e-4, 3e-4), input_unit="A",
    output_unit="S", input_full_scale=1e-5, output_zero=1e-4, output_full_scale=3e-4, output_noise=NOISE,
)  # fmt: skip
SPAN_S = 2e-4


def chip_of(activation: Activation, seed: int = 0, function: type[nn.Module] = nn.ReLU):
    layer = nn.Linear(1, 1, bias=False)
    nn.init.ones_(layer.weight)
    technology = Technology(name="warm", activations={activation.function: activation})
    return program_chip(
        convert(nn.Sequential(layer, function()), technology).model, technology, ChipConditions(seed=seed)
    )


@pytest.mark.parametrize(("x", "rms_s"), [(-1.0, 1e-6), (0.0, 2e-6), (0.5, 4e-6), (1.0, 6e-6), (3.0, 6e-6)])
def test_its_standard_deviation_is_the_files_at_that_input(x, rms_s):
    out = chip_of(RELU)(torch.full((20_000, 1), x))
    assert float(out.std()) == pytest.approx(rms_s / SPAN_S, rel=0.03)  # of 20,000: 0.5 %
    assert float(out.mean()) == pytest.approx(min(max(x, 0.0), 1.0), abs=1e-3)


def test_every_evaluation_has_its_own_and_a_restart_repeats_it():
    chip, inputs = chip_of(RELU), torch.linspace(-1, 1, 64)[:, None]
    chip.restart(3)
    first, second = chip(inputs), chip(inputs)
    chip.restart(3)
    assert torch.equal(first, chip(inputs))
    assert not torch.equal(first, second)


def test_full_scale_scales_the_noise_with_the_signal():
    chip = chip_of(RELU)
    chip.net[1].full_scale.fill_(5.0)
    out = chip(torch.full((20_000, 1), 5.0))
    assert float(out.std()) == pytest.approx(5 * 6e-6 / SPAN_S, rel=0.03)


def test_a_sigmoids_noise_is_in_its_own_scale():
    """Its output spans 0..1 where the device's spans 0..2 V: half of what the file says."""
    noisy = Activation(
        name="noisy", function="sigmoid", input=(-1.0, -0.5, 0.5, 1.0), rising=(0.0, 0.0, 2.0, 2.0), input_unit="V",
        output_unit="V", input_full_scale=1.0, output_zero=0.0, output_full_scale=2.0, output_noise=0.1,
    )  # fmt: skip
    out = chip_of(noisy, function=nn.Sigmoid)(torch.full((20_000, 1), 0.3))
    assert float(out.std()) == pytest.approx(0.05, rel=0.03)


def test_without_noise_in_the_file_nothing_is_drawn_and_with_it_nothing_is_left_out():
    silent = RELU.model_copy(update={"output_noise": None})
    inputs = torch.linspace(-1, 1, 64)[:, None]
    assert torch.equal(chip_of(silent)(inputs), chip_of(silent, seed=5)(inputs))
    assert not_simulated(Technology(name="warm", activations={"relu": RELU})) == ()


def test_a_net_that_is_on_no_chip_stays_exact():
    technology = Technology(name="warm", activations={"relu": RELU})
    net = convert(nn.Sequential(nn.ReLU()), technology).model
    inputs = torch.linspace(-1, 1, 65)
    torch.testing.assert_close(net(inputs), inputs.clamp(min=0))
    assert np.isfinite(RELU.output_noise.at([-2e-5, 5e-6])).all()
