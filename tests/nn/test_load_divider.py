"""What training computes with is what a chip of the same technology gives, load dividers and variability included."""

import pytest
import torch
from torch import nn

from spingan.arrays.conditions import ChipConditions
from spingan.arrays.mapping import program
from spingan.errors import UserError
from spingan.nn.analog import AnalogLayer, analog_layers
from spingan.nn.chip import program_chip
from spingan.nn.conversion import convert
from spingan.nn.family import family_named
from spingan.nn.zero_padded import ZeroPaddedConv2d
from spingan.spec.noise import Noise
from spingan.spec.technology import DenseArrays, load_technology

WOX = load_technology("wox-memristor")
TILED = WOX.model_copy(update={"tile_rows": 20})
LAYERS = {
    "convolution": lambda: nn.Conv2d(3, 8, 5, 2, 2, bias=False),
    "zero-padded": lambda: ZeroPaddedConv2d(3, 8, 5, 2, 2, bias=False, output_padding=1),
    "dense": lambda: nn.Linear(30, 8, bias=False),
}


def _layer(kind: str, technology=WOX) -> tuple[nn.Module, AnalogLayer, torch.Tensor]:
    torch.manual_seed(1)
    model = convert(nn.Sequential(LAYERS[kind]()), technology).model
    (layer,) = analog_layers(model)
    return model, layer, torch.rand((4, 30) if kind == "dense" else (4, 3, 9, 9))


@pytest.mark.parametrize("technology", [WOX, TILED], ids=["one array", "tiles"])
@pytest.mark.parametrize("kind", LAYERS)
def test_the_training_pass_equals_the_programmed_chip(kind, technology):
    model, _, inputs = _layer(kind, technology)
    torch.testing.assert_close(
        program_chip(model, technology)(inputs),
        model(inputs),
        rtol=1e-4,
        atol=1e-5,  # float32 sums
    )


def test_tiles_behind_a_load_change_what_the_layer_computes():
    (model, _, inputs), (tiled, _, _) = _layer("convolution"), _layer("convolution", TILED)
    with torch.no_grad():
        assert float((model(inputs) - tiled(inputs)).norm() / model(inputs).norm()) > 0.02


def test_a_convolutions_outputs_are_its_column_voltages_in_volts_times_gain():
    model, layer, inputs = _layer("convolution")
    matrix = layer.weight.detach().flatten(1).t().contiguous()
    array = program(matrix, WOX, 0, gain=layer.gain)
    span = WOX.synapse.conductance[-1] - WOX.synapse.conductance[0]
    load_s = 1 / WOX.load_resistance_ohm
    patches = nn.functional.unfold(inputs, 5, stride=2, padding=2).transpose(1, 2).double()
    siemens = [half * span for half in (array.positive, array.negative)]
    halves = [patches @ half / (half.sum(0) + load_s) for half in siemens]
    amplifier = len(matrix) * array.rules.off + array.rules.load  # of a column whose devices are all at their smallest
    expected = (halves[0] - halves[1]) * amplifier * layer.gain.double()
    got = model(inputs).flatten(2).transpose(1, 2).double()
    torch.testing.assert_close(got, expected, rtol=1e-3, atol=1e-4)


def test_dense_layers_have_the_sign_crossbars_levels_and_no_load():
    _, layer, _ = _layer("dense")
    smallest = WOX.off_conductance / (1 + WOX.off_conductance)
    assert layer.rules.load is None and layer.levels.numel() == 256
    held = (layer.effective_weight().detach() / layer.gain[:, None]).abs()
    assert float(held.min()) >= smallest * (1 - 1e-5) and float(held.max()) <= 1 + 1e-6


@pytest.mark.parametrize("kind", LAYERS)
def test_the_gradient_goes_through_read_out_and_variability_to_every_weight(kind):
    model, layer, inputs = _layer(kind)
    layer.programming_noise = Noise(fraction=0.2, of="resistance")
    layer.redraw_deviation()
    layer.levels = torch.empty(0)  # a rounded weight has no slope to compare with
    model(inputs).square().sum().backward()
    assert layer.weight.grad is not None
    place = tuple(int(index) for index in torch.nonzero(layer.weight.grad.abs() == layer.weight.grad.abs().max())[0])
    slopes = []
    for step in (1e-3, -1e-3):
        with torch.no_grad():
            layer.weight[place] += step
            slopes.append(float(model(inputs).double().square().sum()))
            layer.weight[place] -= step
    assert float(layer.weight.grad[place]) == pytest.approx((slopes[0] - slopes[1]) / 2e-3, rel=0.02)  # float32


def test_variability_in_training_scatters_as_on_chips():
    model, layer, inputs = _layer("convolution")
    exact = model(inputs).detach()
    noise = Noise(fraction=0.2, of="resistance")
    layer.programming_noise = noise
    errors: dict[str, list[torch.Tensor]] = {"training": [], "chip": []}
    for seed in range(150):
        layer.redraw_deviation()
        errors["training"].append(model(inputs).detach() - exact)
        layer.deviation = layer.other_deviation = None
        errors["chip"].append(program_chip(model, WOX, ChipConditions(seed, noise))(inputs) - exact)
    size = {name: float(torch.stack(found).square().mean().sqrt()) for name, found in errors.items()}
    assert size["training"] == pytest.approx(size["chip"], rel=0.1)  # 150 arrays of 600 pairs each
    assert size["chip"] > 0.01 * float(exact.abs().mean())


def test_resistances_that_nobody_knows_cannot_vary():
    model = convert(nn.Sequential(nn.Linear(4, 4)), load_technology("skyrmion-published")).model
    (layer,) = analog_layers(model)
    layer.programming_noise = Noise(fraction=0.1, of="resistance")
    with pytest.raises(UserError, match="needs devices with a resistance"):
        layer.redraw_deviation()
    ideal = convert(family_named("am-dcgan").make_generator(5), load_technology("ideal")).model
    with pytest.raises(UserError, match="has no devices whose resistance could vary"):
        program_chip(ideal, load_technology("ideal"), ChipConditions(0, Noise(fraction=0.1, of="resistance")))


def test_variability_of_a_whole_resistance_is_refused():
    with pytest.raises(ValueError, match="makes resistances zero or negative"):
        Noise(fraction=1.0, of="resistance")


@pytest.mark.parametrize("tile_rows", [None, 1, 7, 10**6])
@pytest.mark.parametrize("read_out", ["virtual_ground", "load_divider"])
@pytest.mark.parametrize("encoding", ["midpoint_reference", "differential_pair", "sign_crossbar"])
def test_training_and_chip_agree_for_every_way_to_build_an_array(encoding, read_out, tile_rows):
    fields = {"encoding": encoding, "read_out": read_out, "tile_rows": tile_rows, "dense": DenseArrays()}
    technology = WOX.model_copy(update=fields)
    for kind in LAYERS:
        model, _, inputs = _layer(kind, technology)
        with torch.no_grad():
            torch.testing.assert_close(program_chip(model, technology)(inputs), model(inputs), rtol=1e-4, atol=1e-5)


def test_all_columns_have_one_reference_whose_devices_vary_in_training_as_on_a_chip():
    fields = {"encoding": "midpoint_reference", "read_out": "virtual_ground", "dense": DenseArrays()}
    technology = WOX.model_copy(update=fields)
    noise = Noise(fraction=0.2, of="resistance")
    for kind in LAYERS:
        model, layer, _ = _layer(kind, technology)
        layer.programming_noise = noise
        layer.redraw_deviation()
        chip = program_chip(model, technology, ChipConditions(1, noise))
        (programmed,) = chip.arrays.values()
        assert programmed.negative.shape == (layer.matrices()[0].shape[0], 1)
        assert layer.other_deviation is not None
        assert layer.other_deviation.numel() == layer.weight.numel() // layer.weight.shape[layer.column_axis]
