"""The studies of wires and converters: their axes, what they refuse, and that worse arrays draw worse pictures."""

import json

import pytest
from typer.testing import CliRunner

from spingan.cli import app
from spingan.errors import UserError
from spingan.studies.run import run_study

MODEL = "fashion-mnist"
FEW = ("--count", "200", "--seeds", "2", "--json")


@pytest.mark.parametrize(
    ("name", "asked", "message"),
    [
        ("converters", {"bits": [1]}, "bits 1"),
        ("converters", {"technology": "nonsense"}, "no technology"),
        ("wires", {"technology": "ideal"}, "no devices that wires could join"),
        ("wires", {}, "in siemens"),  # the paper's synapse has normalised levels
        ("wires", {"technology": "pcm", "resistances": [-1.0]}, "a wire of -1 ohm"),
    ],
)
def test_what_cannot_be_studied_is_refused_before_the_work(name, asked, message):
    with pytest.raises(UserError, match=message):
        run_study(name, MODEL, **asked)


def test_the_ideal_of_wires_has_no_resistance_and_columns_follow_the_axis():
    from spingan.arrays.wires import WireRules
    from spingan.spec.technology import load_technology, with_settings
    from spingan.studies.trials import Trial, technology_of
    from spingan.studies.wires import _with_wires

    own = with_settings(load_technology("pcm"), ["column_wire_resistance_ohm=2.8", "driver_resistance_ohm=100"])
    none, some = (WireRules.of(technology_of(_with_wires(own, 64)(Trial(MODEL), ohm).technology)) for ohm in (0.0, 0.5))
    assert none.ideal and (some.row_ohm, some.column_ohm, some.driver_ohm) == (0.5, 0.5, 100.0)


def _studied(monkeypatch, *arguments: str) -> dict:
    monkeypatch.setattr("spingan.studies.axes.run_parallel", lambda work, tasks, **_: [work(task) for task in tasks])
    result = CliRunner().invoke(app, ("study", *arguments, *FEW))
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


@pytest.mark.slow
def test_few_bits_move_the_pictures_and_many_do_not(monkeypatch):
    found = _studied(monkeypatch, "converters", MODEL, "--bits", "3", "--bits", "12")
    assert [line["name"] for line in found["series"]] == ["ADC", "DAC", "both"]
    for line in found["series"]:
        assert line["settings"][1]["mean"] == pytest.approx(found["ideal"]["mean"], rel=0.05)
    assert found["series"][0]["settings"][0]["mean"] > 1.2 * found["ideal"]["mean"]


@pytest.mark.slow
def test_wires_move_the_pictures_the_further_the_more_they_resist(monkeypatch):
    asked = ("--technology", "pcm", "--ohm", "1e-6", "--ohm", "30", "--tile", "64")
    found = _studied(monkeypatch, "wires", MODEL, *asked)
    (line,) = found["series"]
    none, some = line["settings"]
    assert (
        line["name"] == "tiles of 64"
        and none["mean"] == pytest.approx(found["ideal"]["mean"], rel=1e-3)
        and some["mean"] != none["mean"]
    )
