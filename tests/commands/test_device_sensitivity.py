"""`spingan device leaky-relu --sensitivity`: a row a term, files to go on with, one line for bad input."""

import json

import pytest

from spingan.devices.wall_device import write_wall_device
from spingan.spec.files import read_conductance_curve
from test_cli import assert_refused, run
from test_device_command import COARSE


@pytest.fixture
def arguments(tmp_path):
    write_wall_device(COARSE, tmp_path / "coarse.yaml")
    return ("device", "leaky-relu", "--device", str(tmp_path / "coarse.yaml"), "--sensitivity", "--devices", "3",
            "--workers", "1", "--out", str(tmp_path / "out"))  # fmt: skip


def test_rows_hold_terms_conventions_and_sources_and_the_folder_what_to_go_on_with(arguments, tmp_path):
    result = run(*arguments, "--terms", "tmr_fall,spread", "--seed", "7", "--json")
    assert result.exit_code == 0, result.output
    printed = json.loads(result.stdout)
    assert (printed["seed"], printed["devices"], sorted(printed["terms"])) == (7, 3, ["spread", "tmr_fall"])
    assert {row["term"] for row in printed["rows"]} == {"none", "tmr_fall", "spread", "all"}
    assert {row["convention"] for row in printed["rows"]} == {"magnet-section", "textbook"}
    for row in printed["rows"]:
        assert {"span_s", "slope", "position_high_nm", "energy_j", "change", "deviation", "source"} <= set(row)
    curve = read_conductance_curve(tmp_path / "out" / f"{COARSE.name}_real.csv")
    assert curve.spread.gain == pytest.approx(printed["spread"]["gain"])
    again = run(*arguments, "--values", str(tmp_path / "out" / "terms.yaml"), "--seed", "7", "--json")
    assert json.loads(again.stdout)["rows"] == printed["rows"]


def test_a_person_sees_the_answer_and_the_table(arguments):
    result = run(*arguments, "--terms", "shunt")
    assert result.exit_code == 0, result.output
    assert "the largest change of the span is that of shunt" in result.stdout
    assert "textbook" in result.stdout


@pytest.mark.parametrize(
    ("more", "named"),
    [
        (("--terms", "heet"), "heat"),
        (("--temperature", "300"), "--temperature"),
        (("--with", "read"), "--with"),
        (("--walls", "20"), "--walls"),
        (("--values", "nowhere.yaml"), "nowhere.yaml"),
    ],
)
def test_what_does_not_belong_there_is_refused(arguments, more, named):
    assert_refused(run(*arguments, *more), named)


def test_the_terms_are_refused_without_the_study():
    assert_refused(run("device", "relu", "--terms", "heat"), "--sensitivity")
    assert_refused(run("device", "skyrmion-synapse", "--devices", "3"), "--sensitivity")


def test_negative_resistances_in_a_file_are_refused(arguments, tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text("kind: real-terms\nheat: {thermal_resistance_k_per_w: -1.0e6, source: mine}\n")
    assert_refused(run(*arguments, "--values", str(file)), "thermal_resistance_k_per_w")


def test_the_synapses_table_has_both_working_points_and_leaves_its_terms(monkeypatch, tmp_path):
    from spingan.devices import skyrmion_synapse_real

    fixed = dict.fromkeys(skyrmion_synapse_real.FIGURES, 2.0) | {"read_moves": None}
    monkeypatch.setattr(skyrmion_synapse_real, "_figures", lambda *_arguments: fixed)  # seconds of particles each
    ask = ("device", "skyrmion-synapse", "--sensitivity", "--terms", "heat,grains", "--devices", "2", "--out")
    result = run(*ask, str(tmp_path), "--json")
    assert result.exit_code == 0, result.output
    printed = json.loads(result.stdout)
    assert {row["synapse"] for row in printed["rows"]} == {"skyrmion_simulated", "skyrmion_designed"}
    assert [row["term"] for row in printed["rows"][:4]] == ["none", "heat", "grains", "all, without disorder"]
    assert printed["rows"][2]["deviation"]["span_s"] == 0
    again = run(*ask, str(tmp_path), "--values", str(tmp_path / "terms.yaml"))
    assert again.exit_code == 0, again.output
    assert "skyrmion_designed" in again.stdout
