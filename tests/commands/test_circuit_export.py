"""`spingan circuit export` and `export-crossbar` leave files that another program reads as they are."""

import json
import subprocess

import numpy as np
import pytest
from typer.testing import CliRunner

from spingan.circuits.catalogue import CELLS
from spingan.circuits.cell_decks import cell_deck, device_module
from spingan.cli import app
from spingan.devices.published import CURVES
from spingan.errors import UserError
from spingan.spec.files import read_activation


def export(*words):
    done = CliRunner().invoke(app, ["circuit", *words, "--json"])
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def printed(file):
    """What ngspice prints for a deck: the columns' names and (rows, columns), without the index; a table's head is
    repeated on each page."""
    done = subprocess.run(["ngspice", "-n", "-b", file], capture_output=True, text=True, check=True, timeout=100)
    lines = done.stdout.splitlines()
    names = next(line.split()[1:] for line in lines if line.startswith("Index"))
    rows = [line.split()[1:] for line in lines if line.split("\t")[0].isdigit()]
    return names, np.array(rows, dtype=float)


@pytest.mark.parametrize("cell", [entry.name for entry in CELLS])
def test_every_circuit_of_the_catalogue_has_a_deck(cell):
    deck = cell_deck(cell)
    assert deck.analysis == ("tran" if cell == "am-dcgan-cnn" else "dc")
    assert ".model" in deck.text()


def test_an_exported_deck_runs_and_its_output_rises(ngspice, tmp_path):
    said = export("export", "leaky-relu", "--out", str(tmp_path / "cell.cir"))
    names, table = printed(said["file"])
    assert names[1:4] == ["v(in)", "v(mid)", "v(out)"]
    assert table.shape[0] == 277
    assert table[-1, 3] - table[0, 3] > 0.2  # from -34.5 to 34.5 µA


def test_a_users_weights_become_a_crossbar_that_runs(ngspice, tmp_path):
    weights, inputs, out = tmp_path / "w.csv", tmp_path / "v.csv", tmp_path / "xbar.cir"
    matrix, volts = np.array([[1.0, -0.5], [0.25, 1.0], [-1.0, 0.5]]), np.array([0.1, -0.05, 0.02])
    np.savetxt(weights, matrix, delimiter=",")
    np.savetxt(inputs, volts)
    words = (
        "--weights",
        str(weights),
        "--technology",
        "skyrmion-designed",
        "--columns",
        "0-1",
        "--inputs",
        str(inputs),
    )
    said = export("export-crossbar", *words, "--out", str(out))
    assert said["outputs"] == ["i(vs0)", "i(vs1)", "i(vs2)"]
    _, table = printed(out)
    levels = read_levels("skyrmion_designed")
    first, second, reference = table[0, 1:]
    sums = 2 * np.array([first - reference, second - reference]) / (levels[-1] - levels[0])
    # 65 levels: a weight is off by half a level, 1/64, at most, and the three add up.
    assert sums == pytest.approx(volts @ matrix, abs=np.abs(volts).sum() / 64)


def read_levels(name):
    from spingan.spec.files import read_synapse

    return read_synapse(CURVES / f"{name}.csv").conductance


@pytest.mark.parametrize("device", ["leaky-relu", "relu", "memristor"])
def test_each_device_has_a_module(device, tmp_path):
    said = export("export", device, "--format", "verilog-a", "--out", str(tmp_path / "device.va"))
    text = (tmp_path / "device.va").read_text()
    assert said["file"].endswith("device.va")
    assert text.count("endmodule") == 1 and '`include "disciplines.vams"' in text


def test_a_curve_whose_wall_device_is_not_known_has_no_module_and_no_motion(tmp_path):
    file = CURVES / "relu_simulated.csv"
    assert read_activation(file).output_unit == "S"
    with pytest.raises(UserError, match="the wall device of the curve is not known"):
        device_module("relu", curve=file)
    with pytest.raises(UserError, match="how its wall moves is not known"):
        cell_deck("relu", "time", curve=file, form="printed")
    with pytest.raises(UserError, match="has no transfer"):
        cell_deck("am-dcgan-cnn", "transfer")
