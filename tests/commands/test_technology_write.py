"""`spingan technology write-and-verify` is the function of the same name, for a technology or a synapse's file."""

import csv
import json

import numpy as np
import pytest
from typer.testing import CliRunner

from spingan.arrays.writing import write_and_verify
from spingan.cli import app
from spingan.devices.wox_memristor import wox_memristor
from spingan.spec.files import write_synapse

WOX = wox_memristor()


def run(*words: str):
    return CliRunner().invoke(app, ["technology", "write-and-verify", *words], prog_name="spingan")


@pytest.mark.parametrize("own_file", [False, True])
def test_it_tells_what_the_function_finds(own_file, tmp_path):
    name = "wox-memristor"
    if own_file:
        name = str(tmp_path / "mine.csv")
        write_synapse(WOX, name)
    table = tmp_path / "devices.csv"
    told = json.loads(run(name, "--devices", "300", "--seed", "3", "--out", str(table), "--json").stdout)
    found = write_and_verify(WOX, np.resize(WOX.normalised_levels(), 300), seed=3)
    assert told["synapse"] == WOX.name and told["files"] == [str(table)]
    assert told["pulses_per_device"] == found.pulses.mean() and told["pulses_largest"] == found.pulses.max()
    assert told["error_rms"] == pytest.approx(np.sqrt((found.error**2).mean()))
    assert told["error_largest"] == np.abs(found.error).max()
    assert found.energy_j is not None and told["energy_per_device_j"] == found.energy_j.mean()
    assert found.time_s is not None and told["time_per_device_s"] == found.time_s.mean()
    rows = list(csv.DictReader(table.read_text().splitlines()))
    for column in ("reached", "error", "pulses", "energy_j", "time_s"):
        assert [float(row[column]) for row in rows] == getattr(found, column).tolist()
    assert [float(row["target"]) for row in rows] == pytest.approx(np.resize(WOX.normalised_levels(), 300))


def test_devices_that_are_given_up_count_with_the_error_that_is_left():
    told = json.loads(run("wox-memristor", "--target", "0.9", "--devices", "7", "--most-pulses", "2", "--json").stdout)
    assert (told["verified"], told["pulses_per_device"]) == (0, 2) and told["error_rms"] > 0.5
    assert "given up: 7" in run("wox-memristor", "--target", "0.9", "--devices", "7", "--most-pulses", "2").stdout


def test_an_energy_that_the_synapse_does_not_say_is_unknown_and_not_zero(tmp_path):
    table = tmp_path / "devices.csv"
    words = ("skyrmion-designed", "--devices", "20", "--out", str(table))
    assert json.loads(run(*words, "--json").stdout)["energy_per_device_j"] is None
    assert "energy    unknown" in run(*words).stdout
    assert {row["energy_j"] for row in csv.DictReader(table.read_text().splitlines())} == {""}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("pcm",), "pcm does not say what a write pulse does"),
        (("ideal",), "ideal has no synapse"),
        (("none.csv",), "none.csv"),
        (("wox-memristor", "--target", "1.5"), "beyond its ends"),
        (("wox-memristor", "--tolerance", "inf"), "a tolerance of inf"),
        (("wox-memristor", "--read-noise", "nan"), "a read noise of nan"),
        (("wox-memristor", "--devices", "0"), "--devices"),
        (("wox-memristor", "--out", "."), "it is a folder"),
    ],
)
def test_what_cannot_be_written_is_one_line_with_its_remedy_and_status_2(words, said):
    result = run(*words)
    assert (result.exit_code, result.stdout) == (2, "")
    problem, remedy = result.stderr.splitlines()
    assert problem.startswith("spingan: ") and said in problem and remedy.startswith("  ")
