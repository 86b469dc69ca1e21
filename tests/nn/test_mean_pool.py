"""Mean pooling by memristors is the mean, and what varies on a chip are its devices."""

import pytest
import torch
from torch import nn

from spingan.arrays.conditions import ChipConditions
from spingan.errors import UserError
from spingan.nn.chip import program_chip
from spingan.nn.conversion import convert
from spingan.nn.mean_pool import MemristiveMeanPool
from spingan.spec.noise import Noise
from spingan.spec.technology import load_technology

WOX = load_technology("wox-memristor")


def _pool() -> nn.Module:
    return convert(nn.Sequential(nn.AvgPool2d(2)), WOX).model


def test_devices_as_meant_give_the_mean():
    maps = torch.rand(3, 5, 8, 8)
    assert torch.equal(program_chip(_pool(), WOX)(maps), nn.functional.avg_pool2d(maps, 2))


def test_on_a_chip_each_filter_has_its_own_devices_and_weighs_all_windows_alike():
    chip = program_chip(_pool(), WOX, ChipConditions(1, Noise(fraction=0.3, of="resistance")))
    (pool,) = (module for module in chip.modules() if isinstance(module, MemristiveMeanPool))
    shares = pool.shares(400)
    torch.testing.assert_close(shares.sum((2, 3)), torch.ones(400, 1))  # a flat map stays as it is
    lowest, highest = 1 / 1.3 / (1 / 1.3 + 3 / 0.7), 1 / 0.7 / (1 / 0.7 + 3 / 1.3)
    assert lowest < float(shares.min()) < 0.2 and 0.32 < float(shares.max()) < highest
    maps = torch.rand(1, 400, 2, 2).repeat(2, 1, 3, 3)
    means = chip(maps)
    torch.testing.assert_close(means, means[:1, :, :1, :1].expand_as(means))
    torch.testing.assert_close(means[0, :, 0, 0], (maps[0, :, :2, :2] * shares[:, 0]).sum((1, 2)))
    again = program_chip(_pool(), WOX, ChipConditions(1, Noise(fraction=0.3, of="resistance")))
    assert torch.equal(again(maps), means)


def test_windows_that_no_column_of_equal_devices_averages_are_refused():
    with pytest.raises(UserError, match="not a mean over whole square windows"):
        convert(nn.Sequential(nn.AvgPool2d(3, padding=1)), WOX)
