"""An analog layer is PyTorch's layer on levels, with noise as defined weight by weight."""

import copy

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from spingan.arrays.mapping import nearest_level
from spingan.errors import UserError
from spingan.nn.analog import AnalogLayer, NoiseSource, analog_layers, hold_weights
from spingan.nn.conversion import calibrate, convert
from spingan.nn.family import family_named
from spingan.nn.zero_padded import ZeroPaddedConv2d
from spingan.spec.noise import Noise
from spingan.spec.technology import load_technology

IDEAL = load_technology("ideal")


def _layer(module: nn.Module, technology, **noise) -> AnalogLayer:
    layer = convert(module, technology, **noise).model
    assert isinstance(layer, AnalogLayer)
    return layer


def _results(net: nn.Module, given: Tensor) -> list[Tensor]:
    """Output and the gradients of everything, after one training pass."""
    given = given.clone().requires_grad_()
    out = net(given)
    out.backward(torch.randn(out.shape, generator=torch.Generator().manual_seed(2)))
    assert given.grad is not None
    grads = [parameter.grad for parameter in net.parameters()]
    return [out.detach(), given.grad, *(grad for grad in grads if grad is not None)]


@pytest.mark.parametrize("name", ["fashion", "colour-64"])
@pytest.mark.parametrize("part", ["generator", "discriminator"])
def test_on_the_ideal_technology_the_converted_net_is_the_float_net(name, part):
    torch.manual_seed(1)
    pair = family_named(name)
    net = pair.make_generator(20) if part == "generator" else pair.make_discriminator()
    given = torch.randn(2, 20, 1, 1) if part == "generator" else torch.randn(2, pair.channels, pair.size, pair.size)
    converted = convert(copy.deepcopy(net), IDEAL).model
    ours, theirs = _results(converted, given), _results(net, given)
    assert len(ours) == len(theirs) == 2 + len(list(net.parameters()))
    for got, expected in zip(ours, theirs, strict=True):
        torch.testing.assert_close(got, expected, rtol=1e-5, atol=1e-5 * float(expected.abs().max()))


CONVERTED = {
    "convolution": lambda: nn.Conv2d(3, 4, 3, 2, 1),
    "literal": lambda: ZeroPaddedConv2d(3, 4, 4, 2, 1, execution="literal"),
    "lowered": lambda: ZeroPaddedConv2d(3, 4, 4, 2, 1),
    "dense": lambda: nn.Linear(48, 5),
}


def _image(kind: str) -> Tensor:
    return torch.randn(1, 48) if kind == "dense" else torch.randn(1, 3, 4, 4)


@pytest.mark.parametrize("kind", CONVERTED)
@pytest.mark.parametrize("encoding", ["midpoint_reference", "differential_pair"])
def test_every_weight_lies_on_a_level_of_its_column(kind, encoding, with_levels):
    technology = with_levels(64, encoding=encoding)
    layer = _layer(CONVERTED[kind](), technology)
    columns = layer.effective_weight().transpose(0, layer.column_axis).flatten(1) / layer.gain[:, None]
    levels = torch.as_tensor(technology.weight_levels(), dtype=torch.float32)
    nearest = levels[nearest_level(columns, levels)]
    torch.testing.assert_close(columns, nearest, rtol=0, atol=1e-6)
    assert nearest.unique().numel() > 10
    torch.testing.assert_close(columns.abs().amax(1), torch.ones(len(columns)))  # the largest reaches full scale


def test_uneven_levels_are_used_as_they_are(with_levels):
    technology = with_levels(0, conductance=(0.0, 0.1, 0.5, 1.0))
    layer = _layer(nn.Linear(30, 4), technology)
    held = (layer.effective_weight() / layer.gain[:, None]).unique()
    torch.testing.assert_close(held, torch.tensor([-1.0, -0.8, 0.0, 1.0]), rtol=0, atol=1e-6)


@pytest.mark.parametrize("kind", CONVERTED)
def test_the_gradient_passes_straight_through_the_levels_and_stops_beyond_the_clip(kind, with_levels):
    torch.manual_seed(3)
    layer = _layer(CONVERTED[kind](), with_levels(64))
    layer.gain.mul_(0.5)  # so that some weights lie beyond
    image = _image(kind)
    held = layer.effective_weight().detach().requires_grad_()
    layer._apply_array(image, held, layer.bias).square().sum().backward()
    layer.zero_grad()
    layer(image).square().sum().backward()
    shape = [-1 if axis == layer.column_axis else 1 for axis in range(held.dim())]
    inside = layer.weight.abs() <= layer.gain.view(shape)
    assert 0 < int(inside.sum()) < inside.numel()
    assert held.grad is not None and layer.weight.grad is not None
    torch.testing.assert_close(layer.weight.grad, held.grad * inside, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("kind", CONVERTED)
def test_other_types_take_the_same_levels_and_gradient_without_a_kernel(kind, with_levels):
    torch.manual_seed(8)
    layer = _layer(CONVERTED[kind](), with_levels(64))
    layer.gain.mul_(0.5)
    results = []
    for each in (layer, copy.deepcopy(layer).double()):
        held = each.effective_weight()
        held.backward(torch.ones_like(held))
        results.append((held.detach().float(), each.weight.grad.float()))
    torch.testing.assert_close(results[0], results[1], rtol=0, atol=1e-6)


def test_with_ever_more_levels_the_net_approaches_the_float_net(with_levels):
    torch.manual_seed(4)
    net = family_named("fashion").make_generator(20).eval()
    latents = torch.randn(4, 20, 1, 1)
    with torch.no_grad():
        exact = net(latents)
        nets = [convert(copy.deepcopy(net), with_levels(levels)).model for levels in (16, 256, 4096)]
        errors = [float((approximate(latents) - exact).std() / exact.std()) for approximate in nets]
    assert errors[2] < 3e-3
    assert errors[0] > 8 * errors[1] > 64 * errors[2]  # each step has 16 times as many levels


@pytest.mark.parametrize("kind", ["none", "layer", "column"])
def test_gain_is_calibrated_over_the_column_the_layer_or_not_at_all(kind, with_levels):
    layer = _layer(nn.ConvTranspose2d(3, 4, 2), with_levels(64, gain=kind))
    with torch.no_grad():
        layer.weight.copy_(torch.arange(48.0).view(3, 4, 2, 2))
    layer.calibrate()
    expected = {"none": [1.0] * 4, "layer": [47.0] * 4, "column": [35.0, 39.0, 43.0, 47.0]}
    assert layer.gain.tolist() == expected[kind]


@pytest.mark.parametrize("of", ["full_scale", "value"])
def test_programming_noise_is_frozen_until_it_is_drawn_again(of, with_levels):
    technology = with_levels(64)
    plain = nn.Linear(300, 40).requires_grad_(False)
    exact = _layer(copy.deepcopy(plain), technology).effective_weight()
    layer = _layer(plain, technology, programming_noise=Noise(fraction=0.1, of=of))
    first = layer.effective_weight()
    assert torch.equal(first, layer.effective_weight())
    layer.redraw_deviation()
    second = layer.effective_weight()
    for drawn in (first, second):
        scale = layer.gain[:, None] if of == "full_scale" else exact
        relative = (drawn - exact) / scale
        assert float(relative.std()) == pytest.approx(0.1, rel=0.04)  # six standard errors of 12,000 draws
    assert not torch.equal(first, second)


READS = 3000


def _outputs_of_fresh_weights(layer: AnalogLayer, image: Tensor, noise: Noise) -> Tensor:
    """The definition: every weight gets noise of its own at each read."""
    weight = layer.effective_weight().detach()
    shape = [-1 if axis == layer.column_axis else 1 for axis in range(weight.dim())]
    scale = layer.gain.view(shape).expand_as(weight) if noise.of == "full_scale" else weight
    drawn = weight + noise.fraction * scale * torch.randn(READS, *weight.shape)
    if isinstance(layer, nn.Linear):
        return torch.einsum("i,noi->no", image[0], drawn) + layer.bias
    function = functional.conv_transpose2d if layer.column_axis == 1 else functional.conv2d
    return torch.func.vmap(lambda one: function(image, one, layer.bias, layer.stride, layer.padding)[0])(drawn)


@pytest.mark.parametrize("of", ["full_scale", "value"])
@pytest.mark.parametrize("kind", CONVERTED)
def test_read_noise_drawn_at_the_output_is_that_of_fresh_weights_at_each_read(kind, of, with_levels):
    torch.manual_seed(5)
    noise = Noise(fraction=0.2, of=of)
    layer = _layer(CONVERTED[kind](), with_levels(64), read_noise=noise)
    image = _image(kind)
    with torch.no_grad():
        ours = layer(image.expand(READS, *image.shape[1:]))
        defined = _outputs_of_fresh_weights(layer, image, noise)
    deviation = defined.std(0)
    assert deviation.min() > 0
    standard_error = (2 / READS) ** 0.5  # of the difference of two means, in deviations
    assert ((ours.mean(0) - defined.mean(0)) / deviation).abs().max() < 5 * standard_error
    torch.testing.assert_close(ours.std(0), deviation, rtol=5 * READS**-0.5, atol=0)  # a ratio of deviations


@pytest.mark.parametrize("of", ["full_scale", "value"])
@pytest.mark.parametrize("kind", CONVERTED)
def test_read_noise_is_fresh_at_each_forward_and_repeats_with_its_seed(kind, of, with_levels):
    torch.manual_seed(6)
    plain, image = CONVERTED[kind](), _image(kind)

    def two_reads() -> tuple[Tensor, Tensor]:
        layer = _layer(copy.deepcopy(plain), with_levels(64), read_noise=Noise(fraction=0.1, of=of), noise_seed=9)
        return layer(image), layer(image)

    first, second = two_reads()
    assert not torch.equal(first, second)
    for ours, again in zip((first, second), two_reads(), strict=True):
        assert torch.equal(ours, again)


@pytest.mark.parametrize("of", ["full_scale", "value"])
def test_a_dense_layer_reads_each_row_of_a_longer_input(of, with_levels):
    layer = _layer(nn.Linear(6, 5, bias=False), with_levels(64), read_noise=Noise(fraction=0.2, of=of))
    given = torch.zeros(2, 3, 6)
    given[1, 2] = 1  # only this row drives the array, so only it is noisy
    noisy = (layer(given) - functional.linear(given, layer.effective_weight())).abs().sum(-1) > 0
    assert noisy.nonzero().tolist() == [[1, 2]]


def test_read_noise_leaves_the_gradient_alone(with_levels):
    torch.manual_seed(7)
    plain, image = nn.Conv2d(3, 4, 3), torch.randn(2, 3, 5, 5)
    gradients = []
    for fraction in (0.0, 0.3):
        layer = _layer(copy.deepcopy(plain), with_levels(64), read_noise=Noise(fraction=fraction))
        layer(image).sum().backward()
        gradients.append(layer.weight.grad)
    torch.testing.assert_close(*gradients)


def test_noise_in_bfloat16_keeps_the_type_and_the_deviation(with_levels):
    layer = _layer(nn.Conv2d(3, 8, 3, bias=False), with_levels(64), read_noise=Noise(fraction=0.5))
    image = torch.ones(400, 3, 3, 3)
    with torch.autocast("cpu", torch.bfloat16), torch.no_grad():
        out = layer(image)
    assert out.dtype == torch.bfloat16
    torch.testing.assert_close(out.float().std(0)[:, 0, 0], 0.5 * 27**0.5 * layer.gain, rtol=0.2, atol=0)


def test_a_source_repeats_after_a_restart_and_gives_no_key_twice():
    source = NoiseSource(1)
    source.restart(1, 2)
    keys = [source.next_key() for _ in range(100)]
    source.restart(1, 2)
    assert keys == [source.next_key() for _ in range(100)]
    source.restart(1, 3)
    assert len({*keys, *(source.next_key() for _ in range(100))}) == 200


def test_held_weights_are_computed_once_and_afresh_after_the_block(with_levels, monkeypatch):
    layer = _layer(nn.Linear(3, 2), with_levels(64))
    computed = []
    exact = AnalogLayer.effective_weight
    monkeypatch.setattr(AnalogLayer, "effective_weight", lambda self: computed.append(1) or exact(self))
    given = torch.ones(1, 3)
    with hold_weights(layer):
        held = [layer(given) for _ in range(3)]
    assert len(computed) == 1
    with torch.no_grad():
        layer.weight.mul_(-1)
    torch.testing.assert_close(layer(given) + held[0], 2 * layer.bias[None], atol=0.1, rtol=0)
    assert len(computed) == 2


def test_weights_are_let_go_when_the_block_ends_in_an_error(with_levels):
    layer = _layer(nn.Linear(3, 2), with_levels(64))
    with pytest.raises(RuntimeError), hold_weights(layer):
        layer(torch.ones(1, 4))
    assert layer._held is None and not layer._holding


def test_calibrating_a_net_fits_all_of_its_gains(with_levels):
    net = convert(nn.Sequential(nn.Linear(3, 2), nn.ReLU(), nn.Linear(2, 2)), with_levels(64)).model
    for layer in analog_layers(net):
        nn.init.constant_(layer.weight, 7.0)
    calibrate(net, lambda: net(torch.ones(1, 3)))
    assert all(layer.gain.tolist() == [7.0, 7.0] for layer in analog_layers(net))


def test_an_output_size_is_refused_by_the_converted_up_sampling(with_levels):
    layer = _layer(ZeroPaddedConv2d(1, 1, 4, 2, 1), with_levels(64))
    with pytest.raises(UserError, match="one output size"):
        layer(torch.zeros(1, 1, 4, 4), [8, 8])


def test_a_second_derivative_through_the_levels_is_refused_rather_than_wrong(with_levels):
    layer = _layer(nn.Linear(3, 2), with_levels(64))
    (gradient,) = torch.autograd.grad(layer(torch.ones(1, 3)).square().sum(), layer.weight, create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        gradient.sum().backward()


def test_a_clipped_column_s_full_scale_is_so_many_times_its_rms_and_holds_every_weight(with_levels):
    torch.manual_seed(4)
    layer = convert(nn.Sequential(nn.Conv2d(20, 3, 5)), with_levels(64)).model[0]
    nn.init.normal_(layer.weight)
    rms = layer.weight.detach().square().mean(dim=(1, 2, 3)).sqrt()
    layer.clip = 2.0
    layer.calibrate()
    torch.testing.assert_close(layer.gain, 2.0 * rms)
    assert (layer.weight.abs().amax(dim=(1, 2, 3)) <= layer.gain).all()
    layer.effective_weight().sum().backward()
    assert (layer.weight.grad == 1).all()  # nothing lies beyond the clip, where the gradient would stop
