"""A sample's noise in a batch that processes share is what it is in one process, wherever the batch is cut."""

import pytest
import torch
from torch import Tensor, nn

from spingan.nn.analog import analog_layers
from spingan.nn.conversion import convert
from spingan.nn.dropout import DrawnDropout
from spingan.nn.noise_source import NoiseSource
from spingan.spec.noise import Noise
from spingan.spec.technology import load_technology

TOTAL = 7  # samples of the whole batch: an odd number, cut unevenly
CUTS = [(0, 3), (3, 4), (4, 7)]


def _layer(kind: type[nn.Module], of: str) -> nn.Module:
    torch.manual_seed(0)
    plain = {nn.Conv2d: nn.Conv2d(2, 5, 3, padding=1), nn.Linear: nn.Linear(6, 5)}[kind]
    noise = Noise.model_validate({"fraction": 0.3, "of": of})
    return convert(nn.Sequential(plain), load_technology("skyrmion-published"), read_noise=noise).model


def _inputs(kind: type[nn.Module], dtype: torch.dtype) -> Tensor:
    shape = (TOTAL, 2, 3, 3) if kind is nn.Conv2d else (TOTAL, 6)
    return torch.randn(shape, generator=torch.Generator().manual_seed(1)).to(dtype)


def _drawn(net: nn.Module, inputs: Tensor, part: tuple[int, int] | None) -> Tensor:
    for layer in analog_layers(net):
        layer.source.restart(5)
        layer.source.part = part
    return net(inputs)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("of", ["full_scale", "value"])
@pytest.mark.parametrize("kind", [nn.Conv2d, nn.Linear])
def test_read_noise_is_by_the_sample_s_place_in_the_whole_batch(kind, of, dtype):
    net, inputs = _layer(kind, of).to(dtype), _inputs(kind, dtype)
    whole = _drawn(net, inputs, None)
    parts = torch.cat([_drawn(net, inputs[first:last], (first, TOTAL)) for first, last in CUTS])
    unplaced = torch.cat([_drawn(net, inputs[first:last], None) for first, last in CUTS])
    torch.testing.assert_close(parts, whole, rtol=1e-5, atol=1e-5)  # sums round by the size of the batch
    assert not torch.allclose(unplaced[3:], whole[3:], rtol=0.01)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("shape", [(3, 5, 5), (4, 2, 2), (9,)])
def test_dropout_is_by_the_sample_s_place_in_the_whole_batch(shape, dtype):
    layer = DrawnDropout(0.5, NoiseSource(3)).train()
    maps = torch.ones(TOTAL, *shape, dtype=dtype)
    ones = maps.to(memory_format=torch.channels_last) if len(shape) == 3 else maps
    whole, parts = layer(ones), []
    for first, last in CUTS:
        layer.source.draws, layer.source.part = 0, (first, TOTAL)
        parts.append(layer(ones[first:last]))
    assert torch.equal(torch.cat(parts), whole)


def test_noise_of_a_transposed_read_is_by_the_sample_s_place_in_the_whole_batch():
    net = _layer(nn.Conv2d, "full_scale")
    for layer in analog_layers(net):
        layer.read_noise, layer.transposed_noise = None, 0.5
    gradients = []
    for cuts in ([(0, TOTAL)], CUTS):
        inputs = _inputs(nn.Conv2d, torch.float32).requires_grad_()
        for first, last in cuts:
            _drawn(net, inputs[first:last], (first, TOTAL)).sum().backward()
        gradients.append(inputs.grad)
    torch.testing.assert_close(gradients[1], gradients[0], rtol=1e-5, atol=1e-6)
