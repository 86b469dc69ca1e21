"""Weights on levels: the compiled kernels give what the definition gives."""

import numpy as np
import pytest
import torch

from spingan.arrays.mapping import nearest_level
from spingan.nn.kernels.levels import quantise_two_sided
from spingan.nn.quantise import along, spacing
from spingan.spec.technology import load_technology


@pytest.mark.parametrize("states", [4, 128, 256])
def test_a_sign_crossbars_kernel_gives_the_nearest_of_its_levels(states):
    smallest = 0.16
    upper = np.linspace(smallest, 1, states // 2)
    levels = torch.tensor(np.concatenate((-upper[::-1], upper)), dtype=torch.float32)
    weight = torch.randn(37, 300, generator=torch.Generator().manual_seed(1))
    gain = weight.abs().amax(1) * 0.7  # some are clipped
    held = quantise_two_sided(weight, gain, levels) / along(gain, weight, 0)
    exact = levels[nearest_level((weight / along(gain, weight, 0)).clamp(-1, 1), levels)]
    step = float(levels[-1] - levels[-2])
    same = (held - exact).abs() < 1e-5
    halfway = ((weight / along(gain, weight, 0)).abs() - (held.abs() + exact.abs()) / 2).abs() < 1e-5 * max(step, 1)
    assert (same | halfway).all() and float(same.double().mean()) > 0.999


def test_a_weight_that_is_no_number_stays_none():
    levels = torch.tensor([-1.0, -0.5, 0.5, 1.0])
    held = quantise_two_sided(torch.tensor([[float("nan"), 0.6, -0.1]]), torch.ones(1), levels)
    assert held[0, 0].isnan() and held[0, 1:].tolist() == [0.5, -0.5]


def test_levels_are_told_apart_by_how_they_lie():
    wox = load_technology("wox-memristor")
    assert spacing(wox.weight_levels()) == "uniform"
    assert spacing(wox.for_dense().weight_levels()) == "two-sided"
    assert spacing(np.array([-1.0, -0.3, 0.1, 1.0])) == "uneven"
