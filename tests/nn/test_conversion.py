"""Every module becomes exactly one of four things, or the conversion is refused and the model left as it was."""

import copy
from collections import OrderedDict

import pytest
import torch
from torch import nn
from torch.nn import functional

from spingan.errors import UserError
from spingan.nn.activations import DeviceActivation
from spingan.nn.analog import AnalogConv2d, AnalogConvTranspose2d, AnalogLinear, analog_layers
from spingan.nn.conversion import calibrate, convert, set_noise
from spingan.nn.family import family_named
from spingan.spec.activation import ActivationSpread
from spingan.spec.noise import Noise
from spingan.spec.technology import Converter, load_technology

SKYRMION = load_technology("skyrmion-published")
IDEAL = load_technology("ideal")


@pytest.mark.parametrize("name", ["fashion", "colour-64"])
@pytest.mark.parametrize("technology", [IDEAL, SKYRMION], ids=lambda technology: technology.name)
def test_every_module_of_both_nets_has_one_row_and_one_class(name, technology):
    for net in (family_named(name).make_generator(), family_named(name).make_discriminator()):
        leaves = [layer for layer, module in net.named_modules() if not any(module.children())]
        kinds = {"C": "analog", "Z": "analog", "B": "folded", "R": "device", "L": "device", "T": "digital"}
        expected = [(layer, kinds[type(net.get_submodule(layer)).__name__[0]]) for layer in leaves]
        conversion = convert(net, technology)
        assert [(row.layer, row.kind) for row in conversion.rows] == expected
        assert [row.becomes for row in conversion.rows] == [
            type(conversion.model.get_submodule(layer)).__name__ for layer in leaves
        ]
        assert all(row.detail for row in conversion.rows)
        assert conversion.unchecked == ()


def test_layers_stay_pytorchs_own_and_the_model_keeps_parameters_of_its_own():
    plain = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ConvTranspose2d(2, 2, 2), nn.Flatten(), nn.Linear(32, 3))
    model = convert(plain, SKYRMION).model
    assert [type(module) for module in model] == [AnalogConv2d, AnalogConvTranspose2d, nn.Flatten, AnalogLinear]
    assert all(isinstance(model[at], kind) for at, kind in ((0, nn.Conv2d), (1, nn.ConvTranspose2d), (3, nn.Linear)))
    assert [type(module) for module in plain] == [nn.Conv2d, nn.ConvTranspose2d, nn.Flatten, nn.Linear]
    for ours, theirs in zip(model.parameters(), plain.parameters(), strict=True):
        assert torch.equal(ours, theirs) and ours.data_ptr() != theirs.data_ptr()


def test_the_float_nets_state_still_loads():
    torch.manual_seed(1)
    trained = family_named("fashion").make_generator(10)
    converted = convert(family_named("fashion").make_generator(10), SKYRMION).model
    missing, unexpected = converted.load_state_dict(trained.state_dict(), strict=False)
    assert not unexpected
    assert {key.rpartition(".")[2] for key in missing} == {"gain", "full_scale"}  # what conversion calibrates
    fresh = convert(trained, SKYRMION).model
    calibrate(converted, lambda: None)
    assert all(torch.equal(ours, fresh.state_dict()[key]) for key, ours in converted.state_dict().items())


def test_a_single_layer_converts_to_itself_on_an_array():
    assert isinstance(convert(nn.Linear(2, 3), SKYRMION).model, AnalogLinear)


def test_mode_and_hooks_are_kept():
    net = nn.Sequential(nn.Linear(2, 2), nn.ReLU()).eval()
    called = []
    net[0].register_forward_hook(lambda *_: called.append(1))
    model = convert(net, SKYRMION).model
    model(torch.ones(1, 2))
    assert not any(module.training for module in model.modules())
    assert called == [1]


def test_a_module_used_twice_is_replaced_at_both_places():
    shared = nn.ReLU()
    conversion = convert(nn.Sequential(nn.Linear(2, 2), shared, nn.Linear(2, 2), shared), SKYRMION)
    assert isinstance(conversion.model[1], DeviceActivation)
    assert conversion.model[1] is conversion.model[3]
    assert [row.layer for row in conversion.rows] == ["0", "1", "2"]


class _OutOfOrder(nn.Module):
    """Its modules are not listed in the order in which they run."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(4, 4), nn.Linear(4, 4)
        self.norm = nn.BatchNorm1d(4)

    def forward(self, given):
        return self.second(self.norm(self.first(given)))


class _TooFree(_OutOfOrder):
    """Its course depends on the values."""

    def forward(self, given):
        return super().forward(given if given.sum() > 0 else -given)


def test_batch_norm_is_folded_only_where_the_order_is_known(with_levels):
    technology = with_levels(64, digital=("BatchNorm1d",))
    assert [row.kind for row in convert(_OutOfOrder(), technology).rows] == ["analog", "analog", "folded"]
    unknown = convert(_TooFree(), technology)
    assert [row.kind for row in unknown.rows] == ["analog", "analog", "digital"]
    assert any("no batch norm is folded" in line for line in unknown.unchecked)
    assert any("give an example_input" in line for line in unknown.unchecked)
    in_order = nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4))
    assert [row.kind for row in convert(in_order, technology).rows] == ["analog", "folded"]


def test_batch_norm_that_depends_on_the_batch_or_follows_nothing_stays_digital():
    stages = nn.Sequential(nn.BatchNorm2d(1), nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2, track_running_stats=False))
    assert [row.kind for row in convert(stages, SKYRMION).rows] == ["digital", "analog", "digital"]


class _Scaled(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(1))
        self.layer = nn.Linear(2, 2)


class _Standardised(nn.Conv2d):
    def forward(self, input):
        return functional.conv2d(input, self.weight - self.weight.mean())


REFUSED = {
    "an unknown leaf": (lambda: nn.Sequential(nn.Linear(2, 2), nn.GELU()), r"layer 1 \(GELU\) has no place"),
    "parameters beside submodules": (_Scaled, "holds parameters of its own .*: scale"),
    "groups": (lambda: nn.Conv2d(4, 4, 3, groups=2), "in 2 groups does not fit"),
    "reflected borders": (lambda: nn.Conv2d(1, 1, 3, padding=1, padding_mode="reflect"), "padding_mode reflect"),
    "uneven output padding": (lambda: nn.ConvTranspose2d(1, 1, 3, 2, output_padding=(1, 0)), "not a zero-padded"),
    "a transposed kernel that is not square": (lambda: nn.ConvTranspose2d(1, 1, (2, 3)), "not a zero-padded"),
    "a dilated transposed kernel": (lambda: nn.ConvTranspose2d(1, 1, 3, dilation=2), "not a zero-padded"),
    "more padding than kernel": (lambda: nn.ConvTranspose2d(1, 1, 2, padding=2), "not a zero-padded convolution"),
    "another slope": (lambda: nn.LeakyReLU(0.01), "wants slope 0.01 below zero"),
    "a computed weight": (lambda: nn.utils.parametrizations.weight_norm(nn.Linear(2, 2)), "computed from other"),
    "a forward of its own": (lambda: _Standardised(1, 1, 3), "a forward of its own"),
    "a loss of order": (
        lambda: nn.Sequential(nn.Identity(), nn.BatchNorm1d(2)),
        r"layer 1 \(BatchNorm1d\) has no place",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_a_crossbar_cannot_hold_is_refused_and_the_model_left_alone(case):
    build, message = REFUSED[case]
    net = nn.Sequential(OrderedDict(before=nn.Linear(2, 2), it=build()))
    before = {name: type(module) for name, module in net.named_modules()}
    message = message.replace("layer 1 ", "layer it.1 ")
    with pytest.raises(UserError, match=message) as caught:
        convert(net, SKYRMION)
    assert caught.value.remedy
    assert {name: type(module) for name, module in net.named_modules()} == before


def test_a_model_is_converted_once():
    model = convert(nn.Sequential(nn.Linear(2, 2)), SKYRMION).model
    with pytest.raises(UserError, match="layer 0 is converted already"):
        convert(model, SKYRMION)
    with pytest.raises(UserError, match="converted already"):
        convert(nn.Sequential(DeviceActivation(SKYRMION.activations["relu"])), SKYRMION)


def test_an_activation_without_a_curve_is_refused_unless_it_is_named_digital(with_levels):
    with pytest.raises(UserError, match="has no relu, which layer 0 needs"):
        convert(nn.Sequential(nn.ReLU()), with_levels(64, digital=()))
    conversion = convert(nn.Sequential(nn.ReLU()), with_levels(64, digital=("ReLU",)))
    assert conversion.rows[0].kind == "digital" and type(conversion.model[0]) is nn.ReLU


class _Functional(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(3, 3)

    def forward(self, given):
        return functional.relu(self.layer(given)) @ torch.ones(3, 1)


def test_functional_calls_are_found_when_an_example_is_given():
    with pytest.raises(UserError, match="calls relu, matmul outside of any module"):
        convert(_Functional(), SKYRMION, example_input=torch.ones(1, 3))
    net = nn.Sequential(nn.Linear(3, 3), nn.ReLU())
    assert len(convert(net, SKYRMION, example_input=torch.ones(1, 3)).rows) == 2


def test_noise_is_set_on_every_layer_and_can_be_taken_back():
    noise = Noise(fraction=0.1)
    model = convert(nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2)), SKYRMION, programming_noise=noise).model
    assert all(layer.deviation is not None and layer.read_noise is None for layer in analog_layers(model))
    set_noise(model, read_noise=noise, programming_noise=None)
    assert all(layer.deviation is None and layer.read_noise == noise for layer in analog_layers(model))


def test_a_seed_repeats_the_programming_noise_and_layers_differ():
    noise = Noise(fraction=0.1)
    layers = nn.Sequential(nn.Linear(5, 5), nn.Linear(5, 5))

    def deviations(seed: int) -> list[torch.Tensor]:
        converted = convert(copy.deepcopy(layers), SKYRMION, programming_noise=noise, noise_seed=seed).model
        return [layer.deviation for layer in analog_layers(converted) if layer.deviation is not None]

    first, again, other = deviations(1), deviations(1), deviations(2)
    assert torch.equal(first[0], again[0]) and torch.equal(first[1], again[1])
    assert not torch.equal(first[0], first[1]) and not torch.equal(first[0], other[0])


def test_deviations_move_with_the_model_but_are_no_part_of_its_state():
    model = convert(nn.Sequential(nn.Linear(5, 5)), SKYRMION, programming_noise=Noise(fraction=0.1)).model
    assert set(model.state_dict()) == {"0.weight", "0.bias", "0.gain"}
    assert model.to("meta")[0].deviation.device.type == "meta"


def test_what_is_stated_and_not_simulated_is_said(with_levels):
    assert convert(nn.Linear(2, 2), SKYRMION).not_simulated == ("temperature_k",)
    noisy = SKYRMION.activations["relu"].model_copy(update={"spread": ActivationSpread(gain=0.1)})  # on a chip
    technology = with_levels(
        8, input_coding="bit_serial", adc=Converter(bits=8, shared_by=4), activations={"relu": noisy}
    )
    stated = convert(nn.Linear(2, 2), technology).not_simulated
    assert stated == ("input_coding",)  # of inputs without a number of bits
