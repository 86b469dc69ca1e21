"""`spingan device leaky-relu --temperature`: rows for a program, ten lines for a person, one line for bad input."""

import json

import pytest
from PIL import Image

from spingan.devices.wall_device import write_wall_device
from spingan.spec.files import read_conductance_curve
from test_cli import assert_refused, run
from test_device_command import COARSE

ASKED = ("rms_position_nm", "rms_conductance_s", "correlation_time_s", "energy_at_snr_j")


@pytest.fixture
def arguments(tmp_path):
    """A small device of one's own, few walls."""
    write_wall_device(COARSE, tmp_path / "coarse.yaml")
    return ("device", "leaky-relu", "--device", str(tmp_path / "coarse.yaml"), "--walls", "20", "--currents-ua", "-5,5",
            "--out", str(tmp_path / "out"))  # fmt: skip


def test_rows_hold_what_is_asked_each_with_its_interval(arguments, tmp_path):
    result = run(*arguments, "--temperature", "300", "--json")
    assert result.exit_code == 0, result.output
    printed = json.loads(result.stdout)
    assert (printed["temperature_k"], printed["walls"], printed["seed"]) == (300, 20, 0)
    assert [row["input_ua"] for row in printed["rows"]] == [-5, 0, 5, 20]
    for row in printed["rows"]:
        for name in ASKED:
            low, high = row[f"{name}_interval"]
            assert low <= row[name] <= high
    curve = read_conductance_curve(tmp_path / "out" / "coarse_300k.csv")
    assert curve.output_noise.temperature_k == 300
    with Image.open(tmp_path / "out" / "heat.png") as picture:
        assert picture.width > 800
    assert (tmp_path / "out" / "heat.csv").read_text().startswith("input_ua,")


def test_barriers_are_rows_of_their_own(arguments):
    options = ("--temperature", "300", "--barriers", "--cell-nm", "2", "--workers", "1", "--json")
    result = run(*arguments, *options)
    assert result.exit_code == 0, result.output
    first, second = json.loads(result.stdout)["barriers"]
    assert 0 < first["barrier_j"] <= second["barrier_j"]
    low, high = first["retention_s_interval"]
    assert low < first["retention_s"] < high


def test_the_first_lines_answer_a_person(arguments):
    result = run(*arguments, "--temperature", "300")
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert len(lines) <= 10
    assert "coarse at 300 K: noise of" in lines[0] and "Wall lost per evaluation" in lines[0]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--temperature", "-1"), ("-1 K", "0 or more")),
        (("--temperature", "1500"), ("1500 K", "Curie point of 1120 K")),
        (("--temperature", "nan"), ("nan K",)),
        (("--temperature", "300", "--averaging-ns", "0.001"), ("averaging time", "below the step")),
        (("--temperature", "300", "--snr", "-3"), ("snr is -3",)),
        (("--temperature", "300", "--with", "sweep"), ("--with and --full are for the solver at 0 K",)),
        (("--temperature", "300", "--cell-nm", "2"), ("--cell-nm", "for the solver's --barriers")),
        (("--temperature", "300", "--workers", "1"), ("--workers", "for the solver's --barriers")),
        (("--temperature", "300", "--time-limit-s", "9"), ("--time-limit-s", "for the solver's --barriers")),
        (("--barriers",), ("--barriers is for a study in heat", "--temperature")),
        (("--temperature", "300", "--barriers", "--cell-nm", "3"), ("3 nm do not fill",)),
        (
            ("--temperature", "300", "--barriers", "--cell-nm", "2", "--workers", "1", "--time-limit-s", "0.01"),
            ("time limit",),
        ),
        (("--walls", "60"), ("--walls is for a study in heat", "--temperature")),
        (("--temperature", "300", "--currents-ua", "-5,much"), ("--currents-ua", "much")),
    ],
)
def test_bad_input_is_refused_in_one_line(arguments, options, words, tmp_path):
    assert_refused(run(*arguments, *options), *words)
    assert not (tmp_path / "out").exists()
