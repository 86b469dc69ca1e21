"""`spingan circuit leaky-relu` and `relu`: one JSON object, a folder, and an activation that `convert` takes."""

import json

import pytest
from torch import nn

from spingan.nn.conversion import convert
from spingan.nn.made_devices import MadeDevices, Trim
from spingan.spec.files import read_activation
from spingan.spec.technology import load_technology
from test_cli import assert_refused, run


@pytest.fixture(scope="module")
def relu(ngspice, tmp_path_factory):
    """The designed ReLU's cell, with a few made cells, from the command line."""
    folder = tmp_path_factory.mktemp("relu")
    words = ("--curve", "designed", "--monte-carlo", "5", "--seed", "3", "--workers", "2", "--out", str(folder))
    result = run("circuit", "relu", *words, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout), folder


def test_the_rows_have_levels_slopes_delays_and_energies_by_both_readings(relu):
    printed, _ = relu
    assert all(set(row) == {"quantity", "printed", "ours", "unit", "note"} for row in printed["rows"])
    rows = {row["quantity"]: row for row in printed["rows"]}
    assert len(rows) == len(printed["rows"])
    for name in (
        "output at 20 µA",
        "slope above zero",
        "delay of the circuit alone",
        "offset, mean from device to device",
    ):
        assert rows[name]["ours"] is not None
    both = [row for name, row in rows.items() if name.startswith("energy of an evaluation")]
    assert len(both) == 2 and all(row["printed"] == 0.00916 and "ns" in f"{row['note']}ns" for row in both)
    items = [row for name, row in rows.items() if name.startswith("energy: ")]
    assert len(items) == 5 and all(" ns; " in row["note"] for row in items)  # each with its window
    assert (printed["cards"], printed["inverters"], printed["seed"]) == ("generic-16nm", 1, 3)


def test_the_folder_has_every_file_that_the_command_names(relu):
    printed, folder = relu
    assert {file.name for file in folder.iterdir()} == {path.rsplit("/", 1)[1] for path in printed["files"]}
    assert {"transfer.png", "waveforms.png", "energy.png", "spread.png", "devices.csv"} <= {
        file.name for file in folder.iterdir()
    }


def test_convert_takes_the_activation_and_a_net_bends_as_the_cell_does(relu):
    printed, folder = relu
    activation = read_activation(folder / f"{printed['activation']}.csv")
    technology = load_technology("skyrmion-published").model_copy(update={"activations": {"relu": activation}})
    conversion = convert(nn.Sequential(nn.Linear(3, 3), nn.ReLU()), technology)
    assert conversion.rows[1].detail.startswith("relu_designed_cell")
    assert activation.spread.source is not None and "5 made cells in ngspice, seed 3" in activation.spread.source


def test_a_cell_whose_device_has_a_memory_stays_refused():
    technology = load_technology("skyrmion-simulated-untrimmed")
    from spingan.errors import UserError

    with pytest.raises(UserError, match="leaky_relu_simulated_cell has a memory"):
        convert(nn.Sequential(nn.Linear(3, 3), nn.LeakyReLU(0.2)), technology)


def test_the_shipped_trimmed_cell_clears_that_memory():
    technology = load_technology("skyrmion-simulated")
    conversion = convert(nn.Sequential(nn.Linear(3, 3), nn.LeakyReLU(0.2)), technology)
    assert conversion.rows[1].detail.startswith("leaky_relu_simulated_cell_trimmed")


@pytest.mark.parametrize("name", ["skyrmion-simulated", "skyrmion-designed"])
def test_the_shipped_technologies_take_their_activations_from_simulated_cells(name):
    for activation in load_technology(name).activations.values():
        assert activation.output_unit == "V"
        assert activation.provenance is not None and activation.provenance.startswith("ngspice")
        assert all(item.window_s is not None for item in activation.energy_items)
        assert activation.delay_s and activation.area_m2 and not activation.spread.is_none
        assert activation.spread.runs == 400 and activation.spread.offset_interval is not None


def test_the_designed_cells_have_the_walls_noise_and_losses_at_300_k_and_a_trim_that_leaves_little_of_offsets():
    technology = load_technology("skyrmion-designed")
    assert technology.trim_bits and technology.trim_reads
    for activation in technology.activations.values():
        noise, loss, spread = activation.output_noise, activation.loss, activation.spread
        assert noise is not None and loss is not None and spread.offset is not None
        assert noise.temperature_k == loss.temperature_k == 300 and noise.averaging_time_s == 10e-9
        assert noise.bandwidth_hz and noise.interval and noise.runs == loss.runs == 1000 and loss.interval
        span = abs(activation.output_full_scale - activation.output_zero)
        assert 0.005 < noise.at(0.0) / span < 0.03
        trim = Trim.of(activation, technology.trim_bits, 0.0, technology.trim_reads)
        left = MadeDevices(spread, 0, trim).parts((10_000,))[1]
        assert float(left.std()) < 0.005 < 0.1 < spread.offset  # half a percent of full scale is what was asked
    plain = load_technology("skyrmion-designed-untrimmed")
    assert plain.trim_bits is None and plain.activations == technology.activations


def test_the_auto_zero_of_the_simulated_cells_leaves_half_a_percent_at_most():
    for key, activation in load_technology("skyrmion-simulated").activations.items():
        assert activation.spread.offset is not None and activation.spread.offset < 0.005
        assert activation.reset.required and activation.output_noise is not None
        bare = load_technology("skyrmion-simulated-untrimmed").activations[key]
        assert bare.spread.offset is not None and bare.spread.offset > 0.2
        assert activation.energy_j > bare.energy_j and activation.reset.time_s > bare.reset.time_s


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--sigma", "threshold=1"), "'threshold=1' is not NAME=VALUE"),
        (("--sigma", "resistor-percent=a"), "'a' is not a number"),
        (("--sigma", "junction-percent=-1"), "junction is -0.01"),
        (("--temperatures-c", "85"), "'85' is no range"),
        (("--temperatures-c", "85,0"), "temperatures from 85 to 0"),
        (("--monte-carlo", "2"), "2 devices have no covariance"),
        (("--cell", "fitted", "--inverters", "pair"), "a fitted cell has one inverter"),
    ],
)
def test_options_that_make_no_sense_are_refused(ngspice, tmp_path, words, said):
    assert_refused(run("circuit", "relu", "--out", str(tmp_path / "out"), *words), said)
    assert not (tmp_path / "out").exists()
