"""Decks are run as a user would, by the real ngspice, and compared with our own run of the same circuit."""

import re
import subprocess
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spingan.circuits.am_dcgan_cnn import simulate_cnn
from spingan.circuits.am_dcgan_network import draw_network, draw_pictures
from spingan.circuits.cards import load_cards
from spingan.circuits.cell_decks import (
    bench_deck,
    cnn_deck,
    crossbar_deck,
    domain_wall_time_deck,
    domain_wall_transfer_deck,
)
from spingan.circuits.cell_devices import cell_device
from spingan.circuits.crossbar_column import Array, solve_crossbar
from spingan.circuits.decks import Deck
from spingan.circuits.domain_wall_cells import LEAKY_RELU_CELL, RELU_CELL, DeviceTable, bias_fall, transfer
from spingan.circuits.domain_wall_response import respond, wall_waveform
from spingan.circuits.memristive_cells import MEMRISTIVE_CELLS
from spingan.circuits.ngspice import run
from spingan.errors import UserError

PRINTED = 1e-8  # of a vector's largest value: nine digits are printed
DIVIDER = "title\nv1 in 0 1\nr1 in out 1k\nr2 out 0 3k\n.dc v1 0 1 0.25"
PLAIN = Deck("a", ("b",), DIVIDER, ("v(out)",))


def run_as_a_user_would(deck, folder):
    """What ngspice prints for a deck, by vector: every table's columns after the index and the sweep."""
    file = deck.write(folder / "deck.cir")
    finished = subprocess.run(
        ["ngspice", "-n", "-b", file.name], cwd=folder, capture_output=True, text=True, timeout=900
    )
    assert finished.returncode == 0, finished.stderr
    found = {}
    names = []
    for line in finished.stdout.splitlines():
        if line.startswith("Index"):
            names = line.split()[2:]
        elif re.match(r"\d+\t", line):
            for name, value in zip(names, line.split()[2:], strict=True):
                found.setdefault(name, {})[int(line.split()[0])] = float(value)
    return {name: np.array([values[at] for at in sorted(values)]) for name, values in found.items()}


def assert_prints(found, name, expected):
    printed = found[re.sub(r"i\((.*)\)", r"\1#branch", name)]
    assert printed == pytest.approx(np.asarray(expected), abs=PRINTED * np.abs(expected).max() + 1e-15)


@pytest.mark.parametrize(
    ("cell", "function", "curve"),
    [(LEAKY_RELU_CELL, "leaky_relu", "published"), (LEAKY_RELU_CELL, "leaky_relu", "simulated"),
     (RELU_CELL, "relu", "simulated"), (RELU_CELL, "relu", "designed")],
)  # fmt: skip
def test_a_domain_wall_cells_deck_gives_the_transfer_that_we_compute(ngspice, tmp_path, cell, function, curve):
    device, cards = cell_device(function, curve), load_cards()
    found = run_as_a_user_would(domain_wall_transfer_deck(cell, device, cards), tmp_path)
    fall = None if device.wall is None else bias_fall(device.wall)
    ours = transfer(
        cell, DeviceTable.of(device.curve, fall=fall), device.curve.input[0], device.curve.input[-1], cards=cards
    )
    assert_prints(found, "v(out)", ours.output_v)
    assert_prints(found, "v(mid)", ours.divider_v)
    assert_prints(found, "v(in)", ours.current_a * 1e6)
    high, low = cell.divider_v
    power = -high * found["vhd#branch"] - low * found["vld#branch"]
    assert power == pytest.approx(ours.divider_w, rel=1e-6)


def test_a_cells_deck_in_time_gives_the_response_that_we_compute(ngspice, tmp_path):
    device, cards = cell_device("leaky_relu", "simulated"), load_cards()
    found = run_as_a_user_would(domain_wall_time_deck(LEAKY_RELU_CELL, device, "magnet-section", cards), tmp_path)
    full_scale = device.curve.input_full_scale
    waveform = wall_waveform(device.wall, device.constants, "magnet-section", 0.0, full_scale, device.start_m, 2e-9)
    ours = respond(LEAKY_RELU_CELL, waveform, cards=cards, fall=bias_fall(device.wall))
    assert_prints(found, "v(out)", ours.output_v)
    assert found["v(g)"][-1] == pytest.approx(waveform.conductance_s[-1] * 1e3, rel=1e-6)


@pytest.mark.parametrize(("cell", "function"), [(LEAKY_RELU_CELL, "leaky_relu"), (RELU_CELL, "relu")])
def test_a_deck_in_time_says_how_far_its_ends_are_from_the_curve_of_the_transfer(cell, function):
    device = cell_device(function, "simulated")
    deck = domain_wall_time_deck(cell, device, "magnet-section", load_cards())
    (said,) = (about for about in deck.about if "begins and ends" in about)
    waveform = [float(part) for part in re.findall(r"([\d.]+) uS at", said)]
    curve = [float(part) for part in re.findall(r"curve: ([\d.]+) uS", said)]
    written = re.search(r"vg g 0 pwl\((.*?)\)", deck.netlist, re.DOTALL)
    assert written is not None
    volts = [float(number) for number in re.sub(r"\n\+", " ", written[1]).split()][1::2]
    assert waveform == pytest.approx([volts[0] * 1e3, volts[-1] * 1e3], abs=0.006)
    inputs = np.array([0.0, device.curve.input_full_scale])
    assert curve == pytest.approx(1e6 * np.interp(inputs, device.curve.input, device.curve.rising), abs=0.006)


@pytest.mark.parametrize("cell", MEMRISTIVE_CELLS, ids=lambda cell: cell.name)
@pytest.mark.parametrize("analysis", ["transfer", "time"])
def test_a_memristive_cells_deck_gives_what_our_run_of_it_gives(ngspice, tmp_path, cell, analysis):
    deck = bench_deck(cell, analysis, load_cards(node="180nm"))
    found = run_as_a_user_would(deck, tmp_path)
    (plot,) = run(deck.netlist).plots
    for name in deck.shown:
        assert_prints(found, name, plot[name])
    assert np.ptp(found["v(out)"]) > 0.01


@pytest.mark.slow
def test_the_small_cnns_deck_gives_what_our_run_of_it_gives(ngspice, tmp_path):
    network, pictures = draw_network(7), draw_pictures(1, 7)
    found = run_as_a_user_would(cnn_deck(network, pictures, load_cards(node="180nm")), tmp_path)
    ours = simulate_cnn(network, pictures)
    assert_prints(found, "v(score)", ours.waves["score"].ravel())
    assert_prints(found, "i(vcolumn)", ours.waves["column_a"].ravel())


@pytest.mark.parametrize("load_s", [None, 2e-4])
def test_a_crossbars_deck_gives_what_our_run_of_it_gives(ngspice, tmp_path, load_s):
    rng = np.random.default_rng(0)
    array = Array(rng.uniform(1e-5, 1e-4, (20, 11)), load_s, wire_ohm=2.0, driver_ohm=50.0)  # more than one table
    inputs = rng.uniform(-0.2, 0.2, 20)
    found = run_as_a_user_would(crossbar_deck(array, inputs, "a crossbar", ("for a test",)), tmp_path)
    ours = solve_crossbar(array, inputs)
    for column in range(11):
        name, expected = (f"i(vs{column})", ours.output_a) if load_s is None else (f"v(out{column})", ours.output_v)
        assert_prints(found, name, expected[column : column + 1])


def test_a_deck_says_what_it_is_and_holds_the_cards_it_needs():
    text = domain_wall_transfer_deck(LEAKY_RELU_CELL, cell_device("leaky_relu", "simulated"), load_cards()).text()
    head = [line for line in text.splitlines() if line.startswith("*")]
    assert "leaky_relu_simulated in its cell, DC transfer" in head[0]
    assert any("Written by spingan" in line for line in head)
    assert ".model nmos_generic" in text and ".include" not in text


@given(st.text(max_size=40))
def test_no_name_leaves_its_comment(name):
    deck = Deck(f"a{name}", (name, f"b{name}"), DIVIDER, ("v(out)",))
    without_comments = [line for line in deck.text().split("\n") if not line.startswith("*")]
    assert without_comments == [line for line in PLAIN.text().split("\n") if not line.startswith("*")]


def test_a_curves_name_with_line_ends_adds_no_line_to_a_netlist(ngspice, tmp_path):
    device, cards = cell_device("leaky_relu", "simulated"), load_cards()
    bad = "x\n.control\nshell touch spoilt\n.endc\n\x0b\u2028v9 9 0 1"
    named = replace(device, curve=device.curve.model_copy(update={"name": bad, "provenance": bad}))
    spoilt, plain = (domain_wall_transfer_deck(LEAKY_RELU_CELL, each, cards) for each in (named, device))
    assert spoilt.netlist.split("\n")[1:] == plain.netlist.split("\n")[1:]
    run_as_a_user_would(spoilt, tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["deck.cir"]


@pytest.mark.parametrize(
    ("netlist", "shown", "said"),
    [
        (DIVIDER, (), "prints nothing"),
        (DIVIDER.replace(".dc v1 0 1 0.25", ""), ("v(out)",), "has 0 analyses"),
        (f"{DIVIDER}\n.tran 1n 1u", ("v(out)",), "has 2 analyses"),
    ],
)
def test_a_deck_that_shows_nothing_or_asks_for_no_single_analysis_is_refused(netlist, shown, said):
    with pytest.raises(UserError, match=said):
        Deck("a deck", (), netlist, shown)
