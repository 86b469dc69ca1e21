"""Counts of nets: the paper's, and small ones that can be counted by brute force."""

from itertools import product

import pytest
import torch
from torch import nn
from torch.nn import functional

from spingan.costs.bill import activations_built
from spingan.costs.components import load_components
from spingan.costs.counts import LayerCounts, ModelCounts
from spingan.costs.write_schedules import writable_arrays
from spingan.errors import UserError
from spingan.nn.conversion import convert
from spingan.nn.cost import module_full_bill
from spingan.nn.counting import count, count_model, find_functional_calls
from spingan.nn.family import family_named
from spingan.nn.layouts import Phases, layout_of
from spingan.nn.zero_padded import ZeroPaddedConv2d, insert_zeros
from spingan.spec.technology import Technology, load_technology

IDEAL = Technology(name="none")


def _pair_counts(name: str, technology: Technology = IDEAL):
    pair = family_named(name)
    with torch.device("meta"):
        nets = pair.make_generator(), pair.make_discriminator()
    return count(*nets, technology, 100, (pair.channels, pair.size, pair.size))


def _array(layer: nn.Module, *shape: int, technology: Technology = IDEAL):
    (counted,) = count_model(layer, torch.zeros(1, *shape), technology).layers
    assert counted.array is not None
    return counted.array


@pytest.mark.parametrize(
    ("name", "leaky", "relu", "trainable"), [("fashion", 24960, 11872, 2358816), ("colour-64", 122880, 122880, 6342272)]
)
def test_the_papers_nets_have_the_activations_and_values_that_table_one_implies(name, leaky, relu, trainable):
    counts = _pair_counts(name)
    assert counts.generator.activations == {"relu": relu}
    assert counts.discriminator.activations == {"leaky_relu": leaky}
    assert counts.both.trainable == trainable


@pytest.mark.parametrize("name", ["fashion", "colour-64"])
def test_trainable_values_are_the_parameters_of_the_nets(name):
    pair = family_named(name)
    with torch.device("meta"):
        nets = pair.make_generator(), pair.make_discriminator()
    assert _pair_counts(name).both.trainable == sum(p.numel() for net in nets for p in net.parameters())


def test_converted_nets_count_as_plain_ones():
    technology = load_technology("skyrmion-published")
    pair = family_named("fashion")
    nets = convert(pair.make_generator(), technology).model, convert(pair.make_discriminator(), technology).model
    converted = count(*nets, technology, 100, (1, 28, 28)).to_dict()
    assert converted == _pair_counts("fashion", technology).to_dict()


def test_a_plain_net_is_billed_on_converters_whose_range_nobody_has_measured():
    pcm = load_technology("pcm")
    assert pcm.dac.bits or pcm.adc.bits
    found = module_full_bill(nn.Sequential(nn.Linear(6, 4)), pcm, load_components(), torch.zeros(1, 6))
    (conversions,) = [item.count for item in found.drawing.items if item.item == "column converters (ADC)"]
    assert conversions == 4


def test_the_latent_layer_is_a_dense_array_read_once():
    latent = _pair_counts("fashion").generator.layers[0].array
    assert latent is not None
    assert (latent.rows, latent.columns, latent.reads) == (100, 16 * 256, 1)
    assert latent.macs == latent.useful_macs == 100 * 16 * 256


def _products_by_brute_force(literal: torch.Tensor, kernel: int, stride: int) -> int:
    """Products of one output channel whose input is no zero, window by window; pixels of `literal` are ones."""
    windows = functional.unfold(literal, kernel, stride=stride)
    return int(windows.count_nonzero())


@pytest.mark.parametrize(("kernel", "stride", "padding"), [(3, 1, 1), (3, 2, 1), (4, 2, 1), (5, 3, 2), (4, 1, 0)])
@pytest.mark.parametrize("size", [2, 4, 7])
def test_products_on_pixels_of_a_zero_padded_convolution_match_brute_force(size, kernel, stride, padding):
    array = _array(ZeroPaddedConv2d(2, 3, kernel, stride, padding), 2, size, size)
    border = kernel - 1 - padding
    literal = functional.pad(insert_zeros(torch.ones(1, 2, size, size), stride), (border,) * 4)
    assert array.useful_macs == 3 * _products_by_brute_force(literal, kernel, 1)
    assert array.macs == 3 * functional.unfold(literal, kernel).numel()


@pytest.mark.parametrize(("kernel", "stride", "padding"), [(3, 1, 1), (3, 2, 1), (4, 2, 1), (5, 3, 2), (2, 1, 0)])
@pytest.mark.parametrize("size", [4, 7])
def test_products_on_pixels_of_a_convolution_match_brute_force(size, kernel, stride, padding):
    array = _array(nn.Conv2d(2, 3, kernel, stride, padding), 2, size, size)
    literal = functional.pad(torch.ones(1, 2, size, size), (padding,) * 4)
    assert array.useful_macs == 3 * _products_by_brute_force(literal, kernel, stride)
    assert array.macs == 3 * functional.unfold(literal, kernel, stride=stride).numel()
    assert array.useful_input_drives * array.columns == array.useful_macs


@pytest.mark.parametrize("size", [5, 6])
def test_same_padding_and_dilation_match_brute_force(size):
    layer = nn.Conv2d(1, 1, 4, padding="same", dilation=2, bias=False)
    nn.init.ones_(layer.weight)
    with torch.no_grad():
        products = int(layer(torch.ones(1, 1, size, size)).sum())
    assert _array(layer, 1, size, size).useful_macs == products


@pytest.mark.parametrize(
    ("form", "drives", "conversions"),
    [("literal", 384_676, 72_128), ("polyphase", 137_060, 55_952), ("polyphase_shared", 82_084, 57_232)],
)
def test_without_inserted_zeros_the_papers_generator_drives_a_third_of_the_rows_or_less(form, drives, conversions):
    # Three of its six layers up-sample. Estimated by hand: 385,000 and 72,100, 138,000 and 56,100, 82,000 drives. The
    # shared window of the 3x3 kernel has more conversions: all of its phases are as high as the one of four taps.
    technology = Technology(name="tiles", tile_rows=128, transposed=form)
    counts = _pair_counts("fashion", technology).generator
    assert (counts.total("input_drives"), counts.total("output_conversions")) == (drives, conversions)
    literal = _pair_counts("fashion", technology.model_copy(update={"transposed": "literal"})).generator
    for quantity in ("weights", "useful_macs"):
        assert counts.total(quantity) == literal.total(quantity)
    assert counts.activations == literal.activations
    built = [activations_built(net)["relu"] for net in (literal, counts)]
    assert built == [4096 + 128 + 64 + (32 + 16) * at_once for at_once in (1, 1 if form == "literal" else 4)]


@pytest.mark.parametrize(
    "geometry", [(4, 2, 1, 0), (3, 2, 1, 0), (3, 2, 1, 1), (5, 2, 2, 1), (5, 3, 1, 0), (2, 3, 0, 2)]
)
@pytest.mark.parametrize("size", [1, 4, 7])
@pytest.mark.parametrize("encoding", ["midpoint_reference", "differential_pair"])
def test_the_reads_of_phases_match_brute_force(geometry, size, encoding):
    kernel, stride, padding, output_padding = geometry
    net = ZeroPaddedConv2d(2, 3, kernel, stride, padding, output_padding=output_padding)
    phases = Phases(*geometry)
    wide = net(torch.zeros(1, 2, size + 1, size)).shape[-2:]
    found = {}
    for form in ("literal", "polyphase", "polyphase_shared"):
        technology = Technology(name="t", transposed=form, encoding=encoding)
        found[form] = _array(net, 2, size + 1, size, technology=technology)
    layout = layout_of(net, "polyphase_shared")
    built = layout.built(net.weight)
    (matrix,) = layout.matrices(net.weight)
    columns = torch.ones(len(matrix), phases.count**2, dtype=torch.bool) if built is None else built
    cells = columns.double().sum(1) * 3 * technology.cells_per_weight
    if encoding == "midpoint_reference":
        cells += 1 if built is None else columns.sum(1)
    ends = [sorted({(out + padding + phases.lead) // stride for out in range(side)}) for side in wide]
    crossed = driven = 0
    for last in product(*ends):
        rows = [
            place
            for place in range(len(matrix))
            if 0 <= last[0] - place // phases.window % phases.window <= size
            and 0 <= last[1] - place % phases.window < size
        ]
        crossed, driven = crossed + float(cells[rows].sum()), driven + len(rows)
    shared, apart = found["polyphase_shared"], found["polyphase"]
    assert shared.reads == len(ends[0]) * len(ends[1])
    assert (shared.input_drives, shared.useful_input_drives) == (shared.reads * len(matrix), driven)
    assert shared.useful_cell_reads == crossed
    outputs = [out for out in product(*map(range, wide)) if max((one + padding) % stride for one in out) < kernel]
    assert apart.reads == len(outputs)
    assert apart.output_conversions == shared.output_conversions == 3 * len(outputs)
    assert apart.outputs == shared.outputs == 3 * len(outputs)
    for quantity in ("weights", "weight_cells", "useful_macs"):
        assert len({getattr(array, quantity) for array in found.values()}) == 1
    assert apart.useful_input_drives == found["literal"].useful_input_drives
    assert apart.useful_cell_reads == found["literal"].useful_cell_reads
    assert apart.read_slots == max(one.reads for one in apart.phases)


def test_phases_of_a_layer_that_does_not_convert_are_not_counted():
    technology = Technology(name="t", transposed="polyphase")
    with pytest.raises(UserError, match="is not a zero-padded convolution"):
        _array(nn.ConvTranspose2d(2, 2, (3, 4), 2), 2, 5, 5, technology=technology)


def test_borders_that_repeat_pixels_are_no_structural_zeros():
    array = _array(nn.Conv2d(1, 1, 3, padding=1, padding_mode="reflect"), 1, 5, 5)
    assert array.useful_macs == array.macs


def test_groups_are_arrays_of_their_own():
    array = _array(nn.Conv2d(6, 4, 3, groups=2), 6, 5, 5)
    assert (array.arrays, array.rows, array.columns, array.reads) == (2, 27, 2, 2 * 9)
    assert array.macs == array.useful_macs == 9 * 27 * 4
    assert array.weights == 6 * 4 * 9 // 2


def test_a_dense_layer_is_read_once_a_vector():
    array = _array(nn.Linear(12, 5), 3, 12)
    assert (array.rows, array.columns, array.reads, array.macs) == (12, 5, 3, 180)


@pytest.mark.parametrize(
    ("encoding", "cells", "reference", "tiles", "drives", "conversions"),
    [
        # 12 x 5 weights on tiles of 8 x 4 cells. Midpoint: 3 weights and a reference column a tile, 2 x 2 tiles.
        ("midpoint_reference", 60, 12 * 2, 4, 12 * 2, 5 * 2),
        # Two cells a weight: 2 weights a tile, 2 x 3 tiles.
        ("differential_pair", 120, 0, 6, 12 * 3, 5 * 2),
        ("sign_crossbar", 120, 0, 6, 12 * 3, 5 * 2),
    ],
)
def test_cells_tiles_and_conversions_follow_the_encoding(encoding, cells, reference, tiles, drives, conversions):
    technology = Technology(name="tiled", encoding=encoding, tile_rows=8, tile_columns=4)
    array = _array(nn.Linear(12, 5), 12, technology=technology)
    assert (array.weight_cells, array.reference_cells, array.tiles) == (cells, reference, tiles)
    assert (array.input_drives, array.output_conversions) == (drives, conversions)
    assert array.useful_cell_reads == array.cells


def test_pairs_in_separate_tiles_take_twice_the_tiles_and_drives_of_their_weights():
    technology = Technology(name="t", encoding="differential_pair", tile_rows=8, tile_columns=4, pair_layout="separate")
    array = _array(nn.Linear(12, 5), 12, technology=technology)  # 4 weights a tile: 2 x 2 tiles for either sign
    assert (array.weight_cells, array.tiles, array.input_drives) == (120, 8, 12 * 4)
    counts = ModelCounts((LayerCounts("a", "Linear", (5,), array=array),))
    tiles = writable_arrays(counts)
    assert sum(tile.count for tile in tiles) == 8 and sum(tile.devices for tile in tiles) == 120


def test_without_a_tile_size_an_array_is_whole_and_tiles_are_unknown():
    array = _array(nn.Linear(12, 5), 12)
    assert array.tiles is None
    assert (array.reference_cells, array.input_drives, array.output_conversions) == (12, 12, 5)


def test_a_tile_too_narrow_for_one_weight_is_refused():
    with pytest.raises(UserError, match="tile_columns 1 cannot hold one weight"):
        _array(nn.Linear(2, 2), 2, technology=Technology(name="thin", tile_columns=1))


def test_digital_functions_convert_each_value_in_and_out():
    model = nn.Sequential(nn.BatchNorm2d(3), nn.MaxPool2d(2), nn.Dropout(), nn.Flatten(), nn.Tanh())
    counts = count_model(model, torch.zeros(1, 3, 4, 4), IDEAL)
    assert counts.digital_by_type == {"BatchNorm2d": 48, "MaxPool2d": 12, "Tanh": 12}
    assert counts.digital_conversions == 48 + 48 + 48 + 12 + 12 + 12
    assert counts.trainable == 6


def test_a_logit_gets_the_sigmoid_that_its_loss_computed_and_a_probability_gets_no_second_one():
    for net in (
        nn.Sequential(nn.Flatten(), nn.Linear(4, 1)),
        nn.Sequential(nn.Flatten(), nn.Linear(4, 1), nn.Sigmoid()),
    ):
        counts = count(nn.ConvTranspose2d(3, 1, 2), net, IDEAL, 3, (1, 2, 2))
        assert counts.discriminator.digital_by_type == {"Sigmoid": 1}


def test_a_layer_used_twice_has_its_cells_once_and_its_reads_twice():
    class Twice(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer, self.act = nn.Linear(4, 4), nn.ReLU()

        def forward(self, x):
            return self.act(self.layer(self.act(self.layer(x))))

    counts = count_model(Twice(), torch.zeros(1, 4), IDEAL)
    assert counts.activations == {"relu": 8}
    assert (counts.total("reads"), counts.total("weights"), counts.trainable) == (2, 16, 20)


def test_inputs_of_a_second_use_are_read_at_least_once_too():
    class Twice(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Conv2d(1, 1, 3, padding=1, bias=False)

        def forward(self, x):
            return self.layer(self.layer(x))

    (layer,) = count_model(Twice(), torch.zeros(1, 1, 8, 8), IDEAL).layers
    assert (layer.inputs, layer.all_inputs) == (64, 128)
    library = load_components()
    drawing = module_full_bill(Twice(), IDEAL, library, torch.zeros(1, 1, 8, 8)).drawing
    (bus,) = [one for one in drawing.items if one.item == "bus"]
    assert bus.energy_low_j == pytest.approx((128 + 128) * (library.item("bus", bits=8).low_j or 0))  # in and out


def test_a_module_called_after_two_arrays_stands_behind_each_of_them():
    class Shared(nn.Module):
        def __init__(self):
            super().__init__()
            self.wide, self.narrow, self.act = nn.Conv2d(1, 2, 3), nn.Conv2d(2, 3, 3), nn.ReLU()
            self.norm = nn.BatchNorm2d(3, affine=False)

        def forward(self, x):
            return self.act(self.norm(self.narrow(self.act(self.wide(x)))))

    net, devices = Shared(), load_technology("skyrmion-designed")
    layers = count_model(net, torch.zeros(1, 1, 8, 8), devices).layers
    assert [(layer.name, dict(layer.activations)) for layer in layers if layer.name == "act"] == [
        ("act", {"relu": 2 * 36}), ("act", {"relu": 3 * 16}),
    ]  # fmt: skip
    assert activations_built(ModelCounts(layers)) == {"relu": 2 + 3}  # one a channel, used in turn
    found = module_full_bill(net, devices, load_components(), torch.zeros(1, 1, 8, 8)).drawing
    times = {one.layer: one.time_s for one in found.items if one.item == "activations (relu)"}
    assert times["wide"] == pytest.approx(36 / 16 * times["narrow"])


def test_the_values_of_a_norm_called_twice_are_trained_once():
    norm = nn.BatchNorm2d(1)
    net = nn.Sequential(nn.Conv2d(1, 1, 3, bias=False), norm, nn.Conv2d(1, 1, 3, bias=False), norm)
    counts = count_model(net, torch.zeros(1, 1, 8, 8), IDEAL)
    assert counts.trainable == 9 + 9 + 2 and counts.digital_by_type == {"BatchNorm2d": 36 + 16}


def test_a_type_that_nobody_knows_is_refused_unless_the_technology_calls_it_digital():
    model, image = nn.Sequential(nn.Conv2d(1, 1, 3), nn.PixelShuffle(1)), torch.zeros(1, 1, 4, 4)
    devices = load_technology("skyrmion-published")
    with pytest.raises(UserError, match="layer 1 has the type PixelShuffle"):
        count_model(model, image, devices)
    digital = devices.model_copy(update={"digital": ("PixelShuffle",)})
    assert count_model(model, image, digital).digital_by_type == {"PixelShuffle": 4}


def test_a_subclass_with_a_forward_of_its_own_is_not_billed_as_its_base():
    class Tanh(nn.Tanh):
        def forward(self, input):
            return 2 * super().forward(input)

    class LeakyReLU(nn.LeakyReLU):
        def forward(self, input):
            return super().forward(input) + 1

    for module in (Tanh(), LeakyReLU()):
        with pytest.raises(UserError, match="cannot count"):
            count_model(nn.Sequential(module), torch.zeros(1, 4), IDEAL)


def test_counting_leaves_modes_hooks_and_running_statistics_alone():
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.ReLU())
    model[1].eval()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    count_model(model, torch.ones(1, 1, 5, 5), IDEAL)
    find_functional_calls(model, torch.ones(1, 1, 5, 5))
    assert [module.training for module in model] == [True, False, True]
    assert all(not module._forward_hooks and not module._forward_pre_hooks for module in model.modules())
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_the_structural_zeros_of_the_up_sampling_layers_are_most_of_their_products():
    counts = _pair_counts("colour-64").generator
    for array in counts.arrays[1:]:
        assert 0.75 < 1 - array.useful_macs / array.macs < 0.81


class _Functional(nn.Module):
    def __init__(self, call):
        super().__init__()
        self.layer, self.call = nn.Linear(4, 4), call

    def forward(self, x):
        return self.call(self, self.layer(x))


@pytest.mark.parametrize(
    ("call", "names"),
    [
        (lambda m, x: functional.relu(x), ("relu",)),
        (lambda m, x: torch.relu(x), ("relu",)),
        (lambda m, x: x.relu(), ("relu",)),
        (lambda m, x: functional.leaky_relu(x, 0.2, inplace=True), ("leaky_relu",)),
        (lambda m, x: torch.tanh(torch.sigmoid(x)), ("sigmoid", "tanh")),
        (lambda m, x: functional.linear(x, m.layer.weight), ("linear",)),
        (lambda m, x: functional.conv2d(x.view(1, 1, 2, 2), torch.ones(1, 1, 1, 1)), ("conv2d",)),
        (lambda m, x: x @ m.layer.weight, ("matmul",)),
        (lambda m, x: torch.matmul(x, m.layer.weight), ("matmul",)),
        (lambda m, x: functional.max_pool2d(x.view(1, 1, 2, 2), 2), ("max_pool2d",)),
        (lambda m, x: torch.cat([x, x + 1]).reshape(-1).flatten(), ()),
    ],
)
def test_functions_called_outside_modules_are_found(call, names):
    assert find_functional_calls(_Functional(call), torch.zeros(1, 4)) == names


@pytest.mark.parametrize("name", ["fashion", "colour-64"])
def test_the_papers_nets_call_no_function_outside_modules(name):
    pair = family_named(name)
    with torch.device("meta"):
        assert find_functional_calls(pair.make_generator(), torch.zeros(1, 100, 1, 1)) == ()
        images = torch.zeros(1, pair.channels, pair.size, pair.size)
        assert find_functional_calls(pair.make_discriminator(), images) == ()


def test_a_watch_that_an_error_ended_sees_the_next_model_clearly():
    model = _Functional(lambda m, x: functional.relu(x))
    with pytest.raises(RuntimeError):
        find_functional_calls(model, torch.zeros(1, 3))
    assert find_functional_calls(model, torch.zeros(1, 4)) == ("relu",)
