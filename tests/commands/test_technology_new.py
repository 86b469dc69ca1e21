"""`spingan technology new --from`: a variation of a technology as files, and what it refuses."""

import pytest
from typer.testing import CliRunner

from spingan.cli import app
from spingan.spec.technology import load_technology
from spingan.technologies import varied_technology


def run(*arguments: str):
    return CliRunner().invoke(app, arguments, prog_name="spingan")


def test_the_files_hold_the_technology_that_the_call_gives(tmp_path):
    folder = tmp_path / "mine"
    result = run("technology", "new", str(folder), "--from", "hfox-rram", "--levels", "8", "--set", "adc.bits=6")
    assert result.exit_code == 0, result.output
    found = load_technology(folder)
    assert found == varied_technology("hfox-rram", levels=8, settings=["adc.bits=6"])
    assert found.synapse is not None and found.synapse.states == 8 and found.adc.bits == 6
    assert found.wire_resistance_ohm == load_technology("hfox-rram").wire_resistance_ohm


def test_an_activation_of_one_s_own_takes_the_place_of_the_base_s(tmp_path):
    folder = tmp_path / "mine"
    curve = f"relu={load_technology('skyrmion-designed').activations['relu'].name}"
    result = run("technology", "new", str(folder), "--from", "skyrmion-published", "--activation", curve)
    assert result.exit_code == 0, result.output
    found = load_technology(folder)
    assert found.activations["relu"] == load_technology("skyrmion-designed").activations["relu"]
    assert found.activations["leaky_relu"] == load_technology("skyrmion-published").activations["leaky_relu"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--levels", "8"), ("--levels", "--from NAME")),
        (("--set", "adc.bits=6"), ("--set", "--from NAME")),
        (("--from", "hfox-ram"), ("hfox-rram",)),
        (("--from", "hfox-rram", "--set", "adc.bit=6"), ("unknown key adc.bit",)),
        (("--from", "hfox-rram", "--levels", "1"), ("1 levels",)),
        (("--from", "ideal", "--levels", "8"), ("has no levels",)),
        (("--from", "ideal", "--activation", "mine.csv"), ("key=file",)),
        (("--from", "ideal", "--activation", "relu=nowhere.csv"), ("nowhere.csv",)),
    ],
)
def test_what_makes_no_technology_is_refused_and_nothing_is_written(tmp_path, arguments, words):
    folder = tmp_path / "mine"
    result = run("technology", "new", str(folder), *arguments)
    assert result.exit_code == 2 and result.stdout == ""
    assert all(word in result.stderr for word in words), result.stderr
    assert not folder.exists()


def test_a_technology_that_is_there_already_is_kept(tmp_path):
    assert run("technology", "new", str(tmp_path), "--from", "ideal").exit_code == 0
    before = (tmp_path / "technology.yaml").read_bytes()
    again = run("technology", "new", str(tmp_path), "--from", "pcm")
    assert again.exit_code == 2 and "is there already" in again.stderr
    assert (tmp_path / "technology.yaml").read_bytes() == before
