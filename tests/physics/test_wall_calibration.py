from dataclasses import replace

import numpy as np
import pytest
import yaml

from spingan.devices.wall_compact import (
    WallCalibration,
    WallObservation,
    errors_m,
    fit_constants,
    read_wall_calibration,
    write_wall_calibration,
)
from spingan.errors import UserError
from spingan.physics.film import Film
from spingan.physics.wall import WallConstants, WallModel, settle

FILM = Film(580e3, 15e-12, 3e-3, 0.6e6, 0.3, 1e-9, "test")
X = np.arange(100) + 0.5
MODEL = WallModel(FILM, 23e-9, 1e-9, 0.7e6 + 0.5e6 * ((X - 50) / 50) ** 2, np.zeros(100))
DRIVES = (-0.08, -0.04, 0.04, 0.08)


def observed(constants: WallConstants) -> list[WallObservation]:
    """What a wall with these constants would show."""
    states = [settle(replace(MODEL, constants=constants), drive, 50e-9, torque_tolerance_t=1e-6) for drive in DRIVES]
    return [
        WallObservation(drive, state.position_m, state.width_m, constants.domain_magnetisation)
        for drive, state in zip(DRIVES, states, strict=True)
    ]


def test_the_fit_finds_a_stronger_drive_again():
    truth = WallConstants(drive=1.08, domain_magnetisation=0.95)
    found = fit_constants(MODEL, observed(truth))
    assert found.drive == pytest.approx(1.08, abs=0.02)  # the pull of all factors towards 1 takes a part
    assert found.domain_magnetisation == pytest.approx(0.95)
    assert np.max(np.abs(errors_m(replace(MODEL, constants=found), observed(truth)))) < 0.5e-9


def test_observations_of_the_bare_model_leave_it_bare():
    found = fit_constants(MODEL, observed(WallConstants()))
    assert (found.drive, found.dmi, found.exchange) == pytest.approx((1, 1, 1), abs=2e-3)


def test_nothing_to_fit_is_refused():
    with pytest.raises(UserError, match="no run"):
        fit_constants(MODEL, [])


def calibration() -> WallCalibration:
    seen = WallObservation(0.1, 70e-9, 5e-9, 0.97)
    return WallCalibration("mine", WallConstants(drive=1.02), (seen,), (seen, seen), (1e-10,), (2e-10, -3e-10), "here")


def test_what_is_written_is_read_back_equal(tmp_path):
    write_wall_calibration(calibration(), tmp_path / "wall.yaml")
    assert read_wall_calibration(tmp_path / "wall.yaml") == calibration()


def test_the_error_that_counts_is_that_of_runs_not_fitted():
    assert calibration().largest_error_m == pytest.approx(3e-10)


@pytest.mark.parametrize(
    ("text", "word"),
    [("kind: other\n", "kind"), ("kind: wall-calibration\n", "lacks"), ("a: [\n", "YAML"), ("just words\n", "no YAML")],
)
def test_a_file_that_is_no_calibration_is_refused_by_name(tmp_path, text, word):
    file = tmp_path / "broken.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match=word) as refusal:
        read_wall_calibration(file)
    assert "broken.yaml" in str(refusal.value)


@pytest.mark.parametrize(
    ("part", "value", "words"),
    [
        ("constants", {"drive": "fast"}, "constants: drive: input should be a valid number"),
        ("constants", {"drive": float("inf")}, "constants: drive: input should be a finite number"),
        ("constants", [1.0], "constants"),
        ("judged", 3, "lacks a part"),
        ("fitted", [{"drive_t": 0.1, "error_m": 0.0}], "a fitted run: lacks position_m"),
        ("fitted", [{"error_m": "large"}], "not a number"),
    ],
)
def test_a_part_of_the_wrong_type_is_refused_by_its_name(tmp_path, part, value, words):
    file = tmp_path / "wall.yaml"
    write_wall_calibration(calibration(), file)
    file.write_text(yaml.safe_dump(yaml.safe_load(file.read_text(encoding="utf-8")) | {part: value}), encoding="utf-8")
    with pytest.raises(UserError, match=words):
        read_wall_calibration(file)


def test_a_file_that_is_missing_is_refused(tmp_path):
    with pytest.raises(UserError, match="nowhere"):
        read_wall_calibration(tmp_path / "nowhere.yaml")
