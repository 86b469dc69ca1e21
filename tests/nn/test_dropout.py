"""Dropout drops its share, keeps the mean, and can be repeated."""

import pytest
import torch
from torch import nn

from spingan.nn.conversion import convert
from spingan.nn.dropout import DrawnDropout, dropout_factors
from spingan.nn.noise_source import NoiseSource
from spingan.spec.technology import load_technology


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("share", [0.0, 0.3, 0.75])
def test_factors_are_zero_with_the_share_and_else_keep_the_mean(dtype, share):
    maps = torch.empty(50, 16, 20, 25, dtype=dtype).to(memory_format=torch.channels_last)
    factors = dropout_factors(maps, share, key=5)
    assert factors.dtype == dtype and factors.stride() == maps.stride()
    dropped = float((factors == 0).double().mean())
    assert dropped == pytest.approx(share, abs=5 * (share * (1 - share) / maps.numel()) ** 0.5 + 1e-9)
    kept = factors[factors != 0].double()
    assert float(kept.mean()) == pytest.approx(1 / (1 - share), rel=2**-8)  # bfloat16


def test_the_source_decides_the_switches_and_neighbours_are_independent():
    layer = DrawnDropout(0.5, NoiseSource(3)).train()
    ones = torch.ones(200, 500)
    first, second = layer(ones), layer(ones)
    layer.source = NoiseSource(3)
    assert torch.equal(layer(ones), first) and not torch.equal(first, second)
    centred = first / 2 - 0.5
    assert abs(float((centred[:, 1:] * centred[:, :-1]).mean())) < 5 * 0.25 / 100_000**0.5


def test_the_gradient_passes_where_the_value_did_and_evaluation_drops_nothing():
    layer = convert(nn.Sequential(nn.Dropout(0.4)), load_technology("ideal")).model
    values = torch.randn(100, 30, requires_grad=True)
    out = layer.train()(values)
    out.sum().backward()
    assert values.grad is not None
    torch.testing.assert_close(values.grad * values, out)
    assert torch.equal(layer.eval()(values), values)


@pytest.mark.parametrize("in_place", [True, False])
def test_dropout_in_place_changes_what_it_was_given_and_other_dropout_does_not(in_place):
    layer = convert(nn.Sequential(nn.Dropout(0.5, in_place)), load_technology("ideal")).model.train()
    given = torch.ones(1000)
    out = layer(given)
    assert 300 < int((out == 0).sum()) < 700
    assert torch.equal(given, out if in_place else torch.ones(1000))
