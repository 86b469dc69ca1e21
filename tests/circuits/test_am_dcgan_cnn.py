import json
from dataclasses import replace

import numpy as np
import pytest
from typer.testing import CliRunner

from spingan.circuits.am_dcgan_cnn import cnn_groups, cnn_netlist, simulate_cnn
from spingan.circuits.am_dcgan_network import Network, draw_network, draw_pictures, measured_curves, node_values
from spingan.circuits.am_dcgan_study import NODES
from spingan.circuits.cards import load_cards
from spingan.cli import app
from spingan.errors import UserError

CARDS = load_cards(node="180nm")
WHOLE = draw_network(7)
# One filter a layer, half of the transistors, of a seed that leaves 57 mV after the second convolution.
LIVELY = draw_network(58)
SMALL = Network(LIVELY.first[:1], LIVELY.second[:1, :1], LIVELY.dense[:1])
PICTURES = draw_pictures(1, 58)


@pytest.fixture(scope="module")
def small(ngspice):
    return simulate_cnn(SMALL, PICTURES)


def test_the_net_in_spice_is_the_net_in_numpy(small):
    ideal, curves = node_values(SMALL, PICTURES), node_values(SMALL, PICTURES, measured_curves(SMALL))
    for name in NODES:
        scale = np.abs(ideal[name]).max() or 0.1  # the last ReLU is silent: in tenths of a volt
        off, left = (np.abs(small.settled(name) - values[name]) / scale for values in (ideal, curves))
        # Columns are exact. Offsets of 0.1 to 0.3 mV on rows of 31 mV, and a switch in series with the dense column,
        # make two per cent at the end; the cells' own DC transfers explain all but a fifth of a per cent of it.
        assert off.mean() < (1e-6 if name == "first" else 0.03), name
        assert left.mean() < (1e-6 if name == "first" else 0.002), name
    assert np.abs(small.settled("converted") - ideal["converted"]).max() > 0.005 * np.abs(ideal["converted"]).max()


def test_the_signal_is_there_long_before_the_pulse_ends(small):
    wave, end = small.waves["converted"], small.settled("converted")[0]
    assert abs(wave[0]) < 0.05 * abs(end)  # dark before the first picture
    late = (small.time_s > 50e-9) & (small.time_s < 95e-9)
    assert wave[late] == pytest.approx(end, abs=0.01 * abs(end))


def test_power_is_near_that_of_each_cell_at_rest_times_their_number(small):
    (relu, drivers, *_) = cnn_groups(SMALL, 10)
    assert (relu.number, drivers.number) == (64 + 4 + 1, 16)
    assert 3e-3 < small.mean_power_w("relu_switch") / relu.number < 4.5e-3
    assert 5.5e-3 < small.mean_power_w("both_signs") / drivers.number < 6.5e-3


def test_the_netlist_has_a_memristor_for_every_weight_at_every_place():
    text = cnn_netlist(WHOLE, PICTURES, CARDS)
    count = {
        name: sum(line.startswith(f"r{name}_") for line in text.splitlines()) for name in ("first", "second", "dense")
    }
    # Columns of 9 and 18 memristors and a load, 2x64 and 2x4 of them; means of four at 2x16 and 2 places.
    assert count == {"first": 128 * 10 + 32 * 4, "second": 8 * 19 + 2 * 4, "dense": 2}
    uses = [line.split()[-1] for line in text.splitlines() if line.startswith("x") and "vddr" in line]
    assert uses == ["relu_switch"] * 137


def test_a_memristor_hangs_on_the_inverse_where_its_weight_is_negative():
    flipped = replace(SMALL, second=-SMALL.second)
    lines = cnn_netlist(SMALL, PICTURES, CARDS).splitlines()
    turned = cnn_netlist(flipped, PICTURES, CARDS).splitlines()
    differ = [(a, b) for a, b in zip(lines, turned, strict=True) if a != b]
    assert len(differ) == 4 * 9
    for before, after in differ:
        swapped = before.replace("first_plus", "x").replace("first_minus", "first_plus").replace("x", "first_minus")
        assert swapped == after


@pytest.mark.parametrize(("shape", "said"), [((1, 9, 9), "do not fit"), ((1, 10, 9), "shape"), ((10, 10), "shape")])
def test_pictures_that_do_not_fit_are_refused(shape, said):
    with pytest.raises(UserError, match=said):
        cnn_netlist(SMALL, np.zeros(shape), CARDS)


@pytest.mark.slow
def test_the_command_prints_rows_and_writes_the_pictures(ngspice, tmp_path):
    done = CliRunner().invoke(app, ["circuit", "am-dcgan-cnn", "--pictures", "1", "--out", str(tmp_path), "--json"])
    assert done.exit_code == 0, done.output
    result = json.loads(done.stdout)
    rows = {row["quantity"]: row for row in result["rows"]}
    assert rows["relu-switch: power"]["printed"] == 23.3
    assert 0 < rows["error: last ReLU's output"]["ours"] < 5
    assert rows["small CNN: power"]["ours"] < 1 < rows["small CNN: power"]["printed"]
    assert {error["name"] for error in result["errors"]} == set(NODES)
    assert all((tmp_path / name).stat().st_size > 1000 for name in ("waveforms.png", "activations.png", "nodes.csv"))
