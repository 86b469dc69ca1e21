import numpy as np
import pytest
import torch
from torch import nn

from spingan.arrays.conditions import ChipConditions
from spingan.circuits.crossbar_column import Array, solve_crossbar
from spingan.errors import UserError
from spingan.nn.analog import AnalogLayer
from spingan.nn.chip import program_chip
from spingan.nn.conversion import convert
from spingan.nn.crossbar_export import chip_layer, layer_deck, read_matrix, weights_layer
from spingan.nn.weights import Model
from spingan.spec.technology import load_technology

DESIGNED = load_technology("skyrmion-designed")
MEMRISTOR = load_technology("wox-memristor")


def model_in(technology):
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(2, 3, 3, padding=1), nn.Flatten(), nn.Linear(48, 4))
    conversion = convert(net.eval(), technology, example_input=torch.zeros(1, 2, 4, 4))
    return Model("small", "none", 2, technology, conversion)


def noisy(technology):
    """A technology whose devices stick, so that one chip differs from another."""
    synapse = technology.synapse
    faults = synapse.faults.model_copy(update={"stuck_at_random": 0.2})
    return technology.model_copy(update={"synapse": synapse.model_copy(update={"faults": faults})})


def devices_of(deck, rows, columns):
    """The conductances of a deck's cells, read from its text, (rows, columns); 0 where there is none."""
    found = np.zeros((rows, columns))
    for line in deck.text().splitlines():
        if line.startswith("rc"):
            name, _, _, ohm = line.split()
            row, column = name[2:].split("_")
            found[int(row), int(column)] = 1 / float(ohm)
    return found


@pytest.mark.parametrize("technology", [DESIGNED, MEMRISTOR], ids=lambda technology: technology.name)
@pytest.mark.parametrize("seed", [0, 7])
def test_an_exported_layer_is_what_the_chip_of_that_seed_computes_with(technology, seed):
    model = model_in(noisy(technology))
    chip = program_chip(model.generator, model.technology, ChipConditions(seed))
    layers = {name: part for name, part in chip.net.named_modules() if isinstance(part, AnalogLayer)}
    for name, part in layers.items():
        exported = chip_layer(model, name, seed).array.weight()
        columns = part.weight.transpose(0, part.column_axis)
        assert torch.equal(exported, columns.flatten(1).t())
    other = chip_layer(model, None, seed + 1).array
    assert not torch.equal(other.weight(), chip_layer(model, None, seed).array.weight())


def test_a_decks_devices_are_the_programmed_ones_in_siemens():
    layer = chip_layer(model_in(DESIGNED), "0")
    found = devices_of(layer_deck(layer, [2, 0]), 18, 3)
    levels = np.array(DESIGNED.synapse.conductance)
    span = levels[-1] - levels[0]
    for at, column in enumerate((2, 0)):
        assert found[:, at] == pytest.approx(layer.array.positive[:, column].numpy() * span, rel=1e-6, abs=0)
        assert all(np.abs(levels - value).min() < 1e-6 * span for value in found[:, at])
    assert found[:, 2] == pytest.approx(levels[0] + span / 2, rel=1e-6)  # the midpoint reference


def test_a_pair_gives_two_columns_and_a_sign_crossbar_leaves_the_other_half_out():
    model = model_in(MEMRISTOR)
    pair = devices_of(layer_deck(chip_layer(model, "0"), [1]), 18, 2)
    assert np.all(pair >= 4e-5 * (1 - 1e-6))  # the smallest conductance of the memristor
    signed = devices_of(layer_deck(chip_layer(model, "2"), [1]), 48, 2)
    assert np.all((signed > 0).sum(axis=1) == 1)


def test_the_difference_of_a_virtual_grounds_currents_is_the_layers_sum(ngspice):
    layer = chip_layer(model_in(DESIGNED), "0")
    inputs = np.random.default_rng(0).uniform(-0.1, 0.1, 18)
    deck = layer_deck(layer, [0, 1, 2], inputs)
    circuit = devices_of(deck, 18, 4)
    current = solve_crossbar(Array(circuit), inputs).output_a
    per_siemens = layer.array.rules.span / (DESIGNED.synapse.conductance[-1] - DESIGNED.synapse.conductance[0])
    sums = (current[:3] - current[3]) * per_siemens * layer.array.gain.numpy()
    assert sums == pytest.approx(inputs @ layer.array.weight().double().numpy(), rel=1e-4, abs=1e-7)


def test_weights_of_ones_own_are_programmed_column_by_column(tmp_path):
    file = tmp_path / "a b;$(c).csv"
    file.write_text("1, -0.5\n0.5, 0.25\n")
    found = devices_of(layer_deck(weights_layer(file, DESIGNED), [0, 1]), 2, 3)
    low, high = DESIGNED.synapse.conductance[0], DESIGNED.synapse.conductance[-1]
    assert found[0, 0] == pytest.approx(high, rel=1e-9)  # the column's largest weight is full scale
    assert found[0, 1] == pytest.approx(low, rel=1e-9)


@pytest.mark.parametrize(
    ("text", "said"),
    [("", "no numbers"), ("1,2\n3\n", "is no matrix"), ("a,b\n", "is no matrix"), ("1,nan\n", "not finite"),
     ("\x00", "is no matrix"), (b"\xff\xfe\x00\x01", "is no matrix")],
)  # fmt: skip
def test_a_file_that_is_no_matrix_is_refused(tmp_path, text, said):
    file = tmp_path / "weights.csv"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(UserError, match=said):
        read_matrix(file)


def test_what_cannot_be_a_deck_is_refused(tmp_path):
    layer = chip_layer(model_in(DESIGNED), "0")
    for columns, said in (([3], "has no column 3"), ([], "none, or one is named twice"), ([1, 1], "named twice")):
        with pytest.raises(UserError, match=said):
            layer_deck(layer, columns)
    with pytest.raises(UserError, match="no analog layer 'zork'"):
        chip_layer(model_in(DESIGNED), "zork")
    with pytest.raises(UserError, match="a deck needs its conductances in siemens"):
        layer_deck(chip_layer(model_in(load_technology("skyrmion-published")), "0"), [0])
    with pytest.raises(UserError, match="are ideal"):
        chip_layer(model_in(load_technology("ideal")))
    with pytest.raises(UserError, match=r"inputs of the shape \(2,\) for 18 rows"):
        layer_deck(layer, [0], np.zeros(2))
    with pytest.raises(UserError, match=r"No such file|not found"):
        read_matrix(tmp_path / "none.csv")
    file = tmp_path / "large.csv"
    np.savetxt(file, np.ones((300, 80)), delimiter=",")
    with pytest.raises(UserError, match="are 24300, and a deck takes 20000"):
        layer_deck(weights_layer(file, DESIGNED), range(80))
