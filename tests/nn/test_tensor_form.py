"""Without the processor's kernels, as on another device, everything comes out the same: the tensor form is as exact."""

from collections.abc import Iterator

import pytest
import torch
from torch import Tensor, nn

from spingan.nn import activations
from spingan.nn.activations import DeviceActivation
from spingan.nn.analog import AnalogLayer, analog_layers
from spingan.nn.conversion import convert
from spingan.nn.family import family_named
from spingan.spec.noise import Noise
from spingan.spec.technology import load_technology

PLACES = [
    ("fashion-norm-free", "skyrmion-published"),
    ("colour-64-norm-free", "skyrmion-published-smooth"),
    ("am-dcgan", "wox-memristor"),
]


@pytest.fixture
def without_kernels(monkeypatch):
    """Switches to the form that other devices use."""

    def switch() -> None:
        for place in ("activations.in_reach", "activations.has_kernel", "quantise._has_kernel", "draws.is_ordered"):
            monkeypatch.setattr(f"spingan.nn.{place}", lambda values: False)

    return switch


def _nets(name: str, technology: str, **noise: Noise) -> tuple[nn.Module, ...]:
    torch.manual_seed(0)
    pair = family_named(name)
    nets = pair.make_generator(20), pair.make_discriminator()
    return tuple(convert(net, load_technology(technology), **noise).model for net in nets)


def _modules_and_inputs(name: str, technology: str) -> Iterator[tuple[nn.Module, Tensor]]:
    """Each array and activation of both nets, with inputs as they meet there."""
    generator, discriminator = _nets(name, technology)
    pair = family_named(name)
    met: list[tuple[nn.Module, Tensor]] = []
    for net, given in (
        (generator, torch.randn(3, 20, 1, 1)),
        (discriminator.eval(), torch.rand(3, pair.channels, pair.size, pair.size) * 2 - 1),
    ):
        parts = [module for module in net.modules() if isinstance(module, AnalogLayer | DeviceActivation)]
        hooks = [
            part.register_forward_hook(lambda module, inputs, out: met.append((module, inputs[0].detach().clone())))
            for part in parts
        ]
        with torch.no_grad():
            net(given)
        for hook in hooks:
            hook.remove()
    yield from met


def _pass(net: nn.Module, given: Tensor) -> list[Tensor]:
    given = given.clone().requires_grad_()
    out = net(given)
    out.backward(torch.randn(out.shape, generator=torch.Generator().manual_seed(2)))
    assert given.grad is not None
    return [out.detach(), given.grad, *(parameter.grad for parameter in net.parameters() if parameter.grad is not None)]


@pytest.mark.parametrize(("name", "technology"), PLACES)
def test_every_module_s_values_and_gradients_are_the_kernels(name, technology, without_kernels):
    places = list(_modules_and_inputs(name, technology))
    with_kernels = [_pass(module, given) for module, given in places]
    without_kernels()
    for (module, given), ours in zip(places, with_kernels, strict=True):
        module.zero_grad()
        theirs = _pass(module, given)
        apart = [float((one - two).abs().max() / two.abs().max()) for one, two in zip(ours, theirs, strict=True)]
        if isinstance(module, DeviceActivation):
            assert apart[0] < 1.01 * activations._UNSEEN  # by which a kernel may bend a curve straight
            assert float((ours[1] - theirs[1]).abs().mean() / theirs[1].abs().mean()) < 0.01
        else:
            assert max(apart) < 0.005  # a weight halfway between two levels goes up or down by the last bit


@pytest.mark.parametrize(("name", "technology"), PLACES)
def test_every_array_holds_the_same_levels(name, technology, without_kernels):
    layers = list(analog_layers(*_nets(name, technology)))
    with_kernels = [layer.effective_weight().detach() for layer in layers]
    without_kernels()
    for layer, ours in zip(layers, with_kernels, strict=True):
        theirs = layer.effective_weight().detach()
        apart = (ours - theirs).abs() > 1e-5 * float(theirs.abs().max())
        assert int(apart.sum()) <= max(1, 1e-5 * apart.numel())  # halfway between two levels the last bit decides


def test_programming_noise_has_the_same_deviation(without_kernels):
    def deviation() -> float:
        (net, _) = _nets("fashion-norm-free", "skyrmion-published", programming_noise=Noise(fraction=0.05))
        layers = list(analog_layers(net))
        return float(torch.cat([layer.deviation.flatten() for layer in layers if layer.deviation is not None]).std())

    with_kernels = deviation()
    without_kernels()
    assert with_kernels == pytest.approx(0.05, rel=0.01) and deviation() == pytest.approx(0.05, rel=0.01)


@pytest.mark.parametrize("function", ["relu", "leaky_relu"])
def test_half_precision_loses_no_more_than_its_own_rounding(function, without_kernels):
    """A place in a table is found in float32, whatever the values are kept in."""
    device = DeviceActivation(load_technology("skyrmion-published-smooth").activations[function])
    values = torch.cat([torch.linspace(-1, 1, 1001), torch.linspace(-0.01, 0.01, 1001)]).bfloat16()
    exact = device(values.double())
    without_kernels()
    rounded = device(values)
    assert rounded.dtype == torch.bfloat16
    torch.testing.assert_close(rounded.double(), exact, rtol=2**-8, atol=1e-6)
    assert int(device.saturated) == 0
