import json

import pytest
import typer
from typer.testing import CliRunner

from spingan.commands import calibrate, device
from spingan.errors import UserError
from spingan.spec.files import read_synapse

app = typer.Typer()
app.command("skyrmion-synapse")(device.skyrmion_synapse)
app.add_typer(calibrate.app, name="calibrate")


def run(*arguments):
    return CliRunner().invoke(app, list(arguments))


def test_a_calibration_that_is_not_there_is_refused_before_any_work(tmp_path):
    result = run("skyrmion-synapse", "--out", str(tmp_path / "out"), "--calibration", str(tmp_path / "none.json"))
    assert isinstance(result.exception, UserError)
    assert "none.json" in str(result.exception)
    assert not (tmp_path / "out").exists()


def test_a_calibration_is_not_begun_where_its_file_cannot_stand(tmp_path):
    result = run("calibrate", "skyrmion", "--out", str(tmp_path))
    assert isinstance(result.exception, UserError)
    assert "folder" in str(result.exception)


def test_cells_larger_than_a_wall_are_refused(tmp_path):
    result = run("calibrate", "skyrmion", "--out", str(tmp_path / "c.json"), "--cell-nm", "8")
    assert isinstance(result.exception, UserError)
    assert "8 nm" in str(result.exception)
    assert not (tmp_path / "c.json").exists()


@pytest.mark.parametrize("cell_nm", ["0", "nan", "0.01", "-1", "50"])
def test_cells_that_are_no_cells_are_refused_with_the_limits(cell_nm, tmp_path):
    result = run("calibrate", "skyrmion", "--out", str(tmp_path / "c.json"), "--cell-nm", cell_nm)
    assert isinstance(result.exception, UserError)
    assert f"the cell size is {cell_nm} nm, the limits are 0.1 and 6.4 nm" in str(result.exception)
    assert not (tmp_path / "c.json").exists()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--temperature", "-1"), "-1 K"),
        (("--temperature", "0"), "without heat"),
        (("--temperature", "1500"), "Curie point of 1120 K"),
        (("--temperature", "300", "--full"), "--full is for the study at 300 K"),
        (("--barriers",), "--barriers is for a study in heat"),
    ],
)
def test_heat_that_is_none_is_refused_before_any_work(options, words, tmp_path):
    result = run("skyrmion-synapse", "--out", str(tmp_path / "out"), *options)
    assert isinstance(result.exception, UserError)
    assert words in str(result.exception)
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_the_command_in_heat_writes_rows_and_synapses_that_say_where_they_come_from(tmp_path):
    result = run("skyrmion-synapse", "--temperature", "300", "--out", str(tmp_path), "--seeds", "2", "--json")
    assert result.exit_code == 0, result.exception
    shown = json.loads(result.stdout)
    assert (shown["temperature_k"], shown["runs"], shown["barriers"]) == (300, 2, [])
    for row in shown["rows"]:
        low, high = row["rms_conductance_s_interval"]
        assert low <= row["rms_conductance_s"] <= high
    made = read_synapse(tmp_path / "skyrmion_designed_300k.csv")
    assert made.ensemble.loss_per_write == shown["rows"][-1]["loss_per_operation"]
    assert made.retention.law == "exponential"


@pytest.mark.slow
def test_the_command_writes_the_curves_the_pictures_and_the_rows(tmp_path):
    result = run("skyrmion-synapse", "--out", str(tmp_path), "--seeds", "2", "--json")
    assert result.exit_code == 0, result.exception
    shown = json.loads(result.stdout)
    assert set(shown["rows"][0]) == {"quantity", "printed", "ours", "unit", "note"}
    assert read_synapse(tmp_path / "skyrmion_simulated.csv").basis == "simulated"
    assert read_synapse(tmp_path / "skyrmion_designed.csv").states > 55
    for name in ("sweep.png", "skyrmion_simulated.gif", "skyrmion_simulated_conductance.png", "comparison.csv"):
        assert (tmp_path / name).stat().st_size > 1000
