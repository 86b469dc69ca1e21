import csv
import json
from dataclasses import replace

import pytest
from PIL import Image

from spingan.devices.wall_compact import compact_model, drive_t, read_wall_calibration
from spingan.devices.wall_design import MARGIN, Candidate, Goal
from spingan.devices.wall_design_run import (
    Design,
    calibrate_on,
    judge,
    judged_currents_a,
    jump,
    read_torque_match,
    solve_walls,
    summary,
)
from spingan.devices.wall_device import LEAKY_RELU, AnisotropyProfile, Detector, read_wall_device
from spingan.devices.wall_study import Setup
from spingan.physics.ovf import read_ovf
from spingan.physics.wall import settle
from spingan.spec.catalogue import check
from spingan.spec.files import read_activation
from test_cli import assert_refused, run

SMALL = replace(
    LEAKY_RELU,
    name="small",
    length_m=64e-9,
    width_m=16e-9,
    profile=AnisotropyProfile(0.65e6, 1.25e6, 32e-9, 1.25e6, 32e-9, 64e-9),
    detectors=(Detector("left", 8e-9, 31e-9, 0.0, 4e-9), Detector("right", 32e-9, 58e-9, 0.0, 16e-9)),
)


@pytest.fixture(scope="module")
def solved() -> Design:
    """A small device solved and judged as a design is; it need not be a good one."""
    goal = Goal(0.25, 8e-6, base=SMALL)
    model = compact_model(SMALL)
    margins = [
        settle(model, drive_t(SMALL, s * goal.range_a, goal.convention), 32e-9).position_m for s in (-1.25, 1.25)
    ]
    candidate = Candidate(SMALL, 1.0, (margins[0], margins[1]))
    walls = solve_walls(Setup(SMALL, cell_m=2e-9), goal, candidate, 1, lambda *_: None)
    assert walls is not None
    verdict = judge(walls, jump(walls, 1, lambda *_: None), goal.slope)
    return Design(goal, verdict, calibrate_on(walls), 1, read_torque_match(verdict, goal), 0)


@pytest.fixture
def command(solved, monkeypatch, tmp_path):
    """The command with the search and the solver replaced by what is solved already."""
    monkeypatch.setattr("spingan.devices.wall_design_run.design", lambda *_arguments, **_options: solved)
    return run("design", "leaky-relu", "--slope", "0.25", "--range-ua", "8", "--out", str(tmp_path / "d"), "--json")


def test_the_walls_come_from_both_sides_through_the_same_places(solved):
    walls = solved.verdict.walls
    assert walls.branch_difference_m < 0.1e-9  # a valley without a flat zone has one rest point a current
    assert walls.largest_torque_t <= 1e-4
    assert walls.current_a[0] == pytest.approx(-MARGIN * 8e-6)
    low, high = solved.verdict.jumps.rest_positions_m
    assert abs(high - low) < 1e-9


def test_the_command_prints_one_object_with_what_was_measured(command, solved):
    assert command.exit_code == 0, command.output
    printed = json.loads(command.stdout)
    for key in ("slope", "linearity_error", "rest_position_nm", "verified_by", "folder"):
        assert key in printed
    assert printed["slope"] == solved.verdict.match.slope
    assert len(printed["judged_at_ua"]) == len(judged_currents_a(8e-6))


def test_the_folder_holds_device_curve_states_and_pictures(command, solved, tmp_path):
    assert command.exit_code == 0, command.output
    folder = tmp_path / "d"
    assert read_wall_device(folder / "device.yaml") == SMALL
    curve = read_activation(folder / "small.csv")
    assert curve.single_valued
    assert curve.input_full_scale == pytest.approx(8e-6)
    assert not [w for w in check(folder / "small.csv")["warnings"] if "memory" in w]
    states = sorted((folder / "states").glob("up_*.ovf"))
    assert len(states) == len(solved.verdict.walls.rising)
    first = read_ovf(states[0])
    assert first.values == pytest.approx(solved.verdict.walls.rising[0].m, abs=1e-6)  # binary 4: seven digits
    assert read_wall_calibration(folder / "compact.yaml") == solved.calibration
    assert json.loads((folder / "design.json").read_text(encoding="utf-8"))["seed"] == 0
    for name in ("transfer.png", "wall.png", "jumps.png"):
        with Image.open(folder / name) as picture:
            assert picture.width > 400


def test_the_verification_says_which_currents_judged(command, solved, tmp_path):
    with (tmp_path / "d" / "verification.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    judged = [float(row["input_ua"]) for row in rows if row["role"] == "judged"]
    assert judged == pytest.approx([current * 1e6 for current in judged_currents_a(8e-6)], abs=1e-5)
    assert [row["role"] for row in (rows[0], rows[-1])] == ["margin", "margin"]
    assert float(rows[0]["torque_up_t"]) <= 1e-4


def test_the_summary_is_json_and_names_what_was_changed(solved):
    told = json.loads(json.dumps(summary(solved)))
    assert "anisotropy profile" in told["changed"]
    assert told["rest_after_lowest_nm"] == pytest.approx(told["rest_after_highest_nm"], abs=1)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--slope", "0.7"), ("0.7", "0.05", "0.5")),
        (("--slope", "-0.2"), ("-0.2",)),
        (("--range-ua", "0"), ("0 µA",)),
        (("--range-ua", "80"), ("N/m²", "range below")),
    ],
)
def test_what_cannot_be_designed_is_refused_and_nothing_is_written(arguments, words, tmp_path):
    result = run("design", "leaky-relu", *arguments, "--out", str(tmp_path / "d"))
    assert_refused(result, *words)
    assert not (tmp_path / "d").exists()


def test_cells_that_do_not_fill_the_track_are_refused_before_the_search(tmp_path):
    result = run("design", "leaky-relu", "--cell-nm", "3", "--out", str(tmp_path / "d"))
    assert_refused(result, "3 nm")
    assert not (tmp_path / "d").exists()


def test_a_file_in_the_folders_place_is_refused_before_the_search(tmp_path):
    place = tmp_path / "taken"
    place.write_text("a file", encoding="utf-8")
    assert_refused(run("design", "relu", "--out", str(place)), "taken")
    assert place.read_text(encoding="utf-8") == "a file"
