"""`spingan device export` leaves a folder that another program runs as it is."""

import json

import pytest
import typer
from typer.testing import CliRunner

from spingan.commands.device import export
from spingan.errors import UserError


def run(*words):
    app = typer.Typer()
    app.command()(export)
    return CliRunner().invoke(app, list(words), catch_exceptions=False)


@pytest.mark.parametrize(("program", "suffix"), [("mumax3", "mx3"), ("oommf", "mif")])
def test_each_device_and_current_becomes_one_script(program, suffix, tmp_path):
    for device, name in (("leaky-relu", "leaky_relu"), ("relu", "relu")):
        folder = tmp_path / device
        result = run(device, "--program", program, "--currents-ua", "-20,5", "--out", str(folder), "--json")
        said = json.loads(result.stdout)
        assert said["scripts"] == [str(folder / f"{name}_{word}uA.{suffix}") for word in ("-20", "+5")]
        assert set(said["files"]) == {str(path) for path in folder.iterdir()}


def test_the_synapse_comes_with_its_disc_its_skyrmions_and_its_pulses(tmp_path):
    result = run("skyrmion-synapse", "--program", "mumax3", "--cell-nm", "2.5", "--out", str(tmp_path))
    (script,) = (line for line in result.stdout.splitlines() if line.endswith(".mx3"))
    text = (tmp_path / script.rsplit("/", 1)[1]).read_text()
    assert "SetGridSize(260, 260, 1)" in text and "i < 57" in text and "2.5e+10 A/m2" in text


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--currents-ua", "1,two"), "'two' is not a number"),
        (("--currents-ua", "5,5"), "twice"),
        (("--currents-ua", "1e9"), "no current for"),
        (("--cell-nm", "0"), "not between"),
        (("--cell-nm", "3"), "do not fill"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_written(words, said, tmp_path):
    with pytest.raises(UserError, match=said):
        run("leaky-relu", "--program", "oommf", "--out", str(tmp_path / "out"), *words)
    assert not (tmp_path / "out").exists()
