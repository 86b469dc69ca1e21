"""A chip's weights behind the wires of its tiles: cut, folded, and subtracted as the columns stand."""

import numpy as np
import pytest
import torch

from spingan.arrays.mapping import program
from spingan.arrays.nodal import solve_tile
from spingan.arrays.wires import WireRules
from spingan.circuits.ngspice import run
from spingan.errors import UserError
from spingan.nn.crossbar_export import ChipLayer, layer_deck
from spingan.spec.synapse import Synapse
from spingan.spec.technology import Encoding, Technology

WIRES = {"wire_resistance_ohm": 2.0, "column_wire_resistance_ohm": 3.0, "driver_resistance_ohm": 40.0}
LOADED = {"read_out": "load_divider", "load_resistance_ohm": 4000.0}
ENCODINGS: tuple[Encoding, ...] = ("midpoint_reference", "differential_pair", "sign_crossbar")
LOW_S, HIGH_S = 2e-5, 2e-4


def built(encoding="differential_pair", **fields):
    levels = tuple(np.linspace(LOW_S, HIGH_S, 33).tolist())
    synapse = Synapse(name="even", basis="measured", conductance=levels)
    return Technology(**{"name": "t", "synapse": synapse, "encoding": encoding, "gain": "column", **fields})


def matrix(rows=23, columns=9):
    return torch.randn(rows, columns, generator=torch.Generator().manual_seed(0)) * 0.05


def column_current(technology, columns, inputs, rows):
    """What a circuit of some rows and device columns delivers, in the conductances' units, (columns, inputs)."""
    span_s = HIGH_S - LOW_S
    current = solve_tile(columns.numpy() * span_s, inputs[rows].numpy(), WireRules.of(technology))
    return torch.from_numpy(current / span_s)


@pytest.mark.parametrize("load", [{}, LOADED], ids=["ground", "load"])
@pytest.mark.parametrize("layout", ["interleaved", "separate"])
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_an_array_gives_what_its_tiles_circuits_give_added_up(encoding, layout, load):
    technology = built(encoding, pair_layout=layout, tile_rows=10, tile_columns=8, **WIRES, **load)
    across = {"midpoint_reference": 7, "differential_pair": 4, "sign_crossbar": 4}[encoding]
    across = 8 if layout == "separate" and encoding != "midpoint_reference" else across
    array = program(matrix(), technology, 1)
    inputs = torch.randn(23, 5, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    expected = torch.zeros(9, 5, dtype=torch.float64)
    for top in range(0, 23, 10):
        rows = slice(top, min(top + 10, 23))
        height = rows.stop - top
        amplified = 1.0
        if load:
            amplified = (height * array.rules.off + array.rules.load) / array.rules.load
        for left in range(0, 9, across):
            here = slice(left, min(left + across, 9))
            own = array.positive[rows, here]
            width = own.shape[1]
            if encoding == "midpoint_reference":
                halves = column_current(technology, torch.cat((own, array.negative[rows]), 1), inputs, rows)
                difference = halves[:-1] - halves[-1:]
            elif layout == "separate":
                pair = array.positive[rows, here], array.negative[rows, here]
                halves = [column_current(technology, half, inputs, rows) for half in pair]
                difference = halves[0] - halves[1]
            else:
                side_by_side = torch.zeros(height, 2 * width, dtype=torch.float64)
                side_by_side[:, ::2], side_by_side[:, 1::2] = own, array.negative[rows, here]
                halves = column_current(technology, side_by_side, inputs, rows)
                difference = halves[::2] - halves[1::2]
            expected[here] += amplified * difference
    expected *= (array.rules.span * array.gain.double())[:, None]
    torch.testing.assert_close(array.weight().double().t() @ inputs, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_wires_of_almost_no_resistance_leave_the_weights_as_they_are(encoding):
    array = program(matrix(), built(encoding, wire_resistance_ohm=1e-9, tile_rows=8, tile_columns=6), 1)
    ideal = program(matrix(), built(encoding), 1)
    torch.testing.assert_close(array.weight(), ideal.weight(), rtol=0, atol=2e-8)  # a float32's rounding
    assert not torch.equal(program(matrix(), built(encoding, **WIRES), 1).weight(), ideal.weight())


@pytest.mark.usefixtures("ngspice")
@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("feed", ["one_side", "two_sides"])
def test_an_exported_deck_of_one_tile_gives_its_weights_in_spice(encoding, feed):
    technology = built(encoding, row_feed=feed, **WIRES)
    array = program(matrix(16, 3), technology, 1)
    inputs = np.random.default_rng(2).uniform(-0.1, 0.1, 16)
    deck = layer_deck(ChipLayer("layer", technology, array), [0, 1, 2], inputs)
    vectors = run(deck.netlist).plots[0].vectors
    current = torch.from_numpy(np.concatenate([vectors[name] for name in deck.shown]))
    difference = current[:3] - current[3] if encoding == "midpoint_reference" else current[::2] - current[1::2]
    expected = difference * (array.rules.span / (HIGH_S - LOW_S)) * array.gain
    found = torch.from_numpy(inputs) @ array.weight().double()
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-6 * float(current.abs().max()) / HIGH_S)


def test_a_pair_in_separate_arrays_has_no_deck_with_wires():
    technology = built(pair_layout="separate", **WIRES)
    layer = ChipLayer("layer", technology, program(matrix(), technology, 1))
    with pytest.raises(UserError, match="pair_layout separate"):
        layer_deck(layer, [0])


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_the_attenuation_of_the_present_devices_gives_their_weights_back(encoding):
    array = program(matrix(), built(encoding, tile_rows=8, tile_columns=6, **WIRES), 1)
    rules = array.rules
    kept = rules.attenuation(array.positive, array.negative)
    upper, lower = rules.halves(array.positive, array.negative, row_axis=0)
    held = (upper * kept[0] - lower * kept[1]) * rules.span * array.gain
    exact = array.weight().double()
    missing = (array.positive == 0) | (array.negative.expand_as(array.positive) == 0)
    bound = 1e-6 + 0.02 * missing.double()  # what comes past a missing cell is not in it
    assert bool(((held - exact).abs() <= bound * float(exact.abs().max())).all())
    assert all(float(half.max()) <= 1 + 1e-12 and float(half.min()) > 0 for half in kept)


def test_an_array_that_fades_loses_less_in_its_wires():
    arrays = [program(matrix(), built(**WIRES), 1).faded(lost) for lost in (0.0, 0.9)]
    lost = [1 - array.rules.attenuation(array.positive, array.negative)[0].mean() for array in arrays]
    assert 0 < float(lost[1]) < float(lost[0])
