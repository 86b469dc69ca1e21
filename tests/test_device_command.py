import csv
import json
from dataclasses import replace

import pytest
from PIL import Image

from spingan.devices.wall_characteristic import Characteristic
from spingan.devices.wall_device import LEAKY_RELU, AnisotropyProfile, Detector, read_wall_device, write_wall_device
from spingan.spec.files import read_activation
from test_cli import assert_refused, run

COARSE = replace(  # 16 nm wide, so that 20 µA do not annihilate its wall
    LEAKY_RELU,
    name="coarse",
    length_m=64e-9,
    width_m=16e-9,
    profile=AnisotropyProfile(0.6e6, 1.25e6, 28e-9, 1.25e6, 36e-9, 64e-9),
    detectors=(Detector("left", 8e-9, 16e-9, 0.0, 8e-9), Detector("right", 44e-9, 56e-9, 0.0, 16e-9)),
)


@pytest.fixture(scope="module")
def coarse_study():
    """The coarse device at three currents, solved once."""
    from spingan.devices.domain_wall import LEAKY_PLAN
    from spingan.devices.wall_characteristic import characterise
    from spingan.devices.wall_study import Setup

    plan = replace(LEAKY_PLAN, start_m=32e-9, currents_a=(-20e-6, 0.0, 20e-6), probes_a=())
    return characterise(Setup(COARSE, cell_m=2e-9), plan)


@pytest.fixture
def solved(coarse_study, monkeypatch) -> Characteristic:
    """The solver's part of the commands replaced by the study that is solved already."""
    monkeypatch.setattr("spingan.devices.wall_characteristic.characterise", lambda *_arguments: coarse_study)
    return coarse_study


def test_leaky_relu_prints_rows_and_leaves_a_folder_that_the_network_half_reads(solved, tmp_path):
    result = run("device", "leaky-relu", "--json", "--out", str(tmp_path))
    assert result.exit_code == 0, result.output
    printed = json.loads(result.stdout)
    assert printed["convention"] == "magnet-section"
    assert all(set(row) == {"quantity", "printed", "ours", "unit", "note"} for row in printed["rows"])
    assert set(printed["headlines"]) == {"magnet-section", "textbook"}
    assert all({"position_high_nm", "span_s", "slope"} <= set(row) for row in printed["headlines"].values())
    curve = read_activation(tmp_path / "leaky_relu_simulated.csv")
    assert curve.rising[-1] == solved.points[-1].conductance_s
    assert read_wall_device(tmp_path / "device.yaml") == COARSE
    with (tmp_path / "settled.csv").open(encoding="utf-8") as file:
        settled = list(csv.DictReader(file))
    assert [row["input_ua"] for row in settled[:3]] == ["-20", "0", "20"]
    with Image.open(tmp_path / "wall.gif") as animation:
        assert animation.n_frames > 20
    for name in ("characteristic.png", "transfer.png", "paths.png"):
        with Image.open(tmp_path / name) as picture:
            assert picture.width > 400


def test_the_relu_prints_a_table_for_a_person(solved, tmp_path):
    result = run("device", "relu", "--out", str(tmp_path), "--currents-ua", "-34.8,34.8")
    # The coarse study reaches 20 µA only; the ReLU's own full scale is taken from its plan, so the curve still stands.
    assert result.exit_code == 0, result.output
    assert "heavy-metal resistance" in result.stdout
    assert (tmp_path / "relu_simulated.csv").exists()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--currents-ua", "-20,much,20"), ("--currents-ua", "much")),
        (("--currents-ua", "-5,5"), ("full scale of 20 µA",)),
        (("--currents-ua", "5,20"), ("from below 0",)),
        (("--cell-nm", "3"), ("cells of 3 nm do not fill",)),
        (("--cell-nm", "-1"), ("the cell size is -1 nm", "0.1 nm")),
        (("--cell-nm", "nan"), ("the cell size is nan nm", "0.1 nm")),
        (("--cell-nm", "0.01"), ("the cell size is 0.01 nm", "0.1 nm")),
        (("--device", "none.yaml"), ("there is no device file none.yaml",)),
        (("--time-limit-s", "0.001"), ("leaky_relu at +0 µA", "time limit of 0.001 s")),
        (("--currents-ua", "-20,20,20"), ("names a current twice",)),
        (("--convention", "guess"), ("guess",)),
        (("--with", "luck"), ("no extra 'luck'", "sweep")),
    ],
)
def test_bad_input_is_refused_before_anything_is_written(options, words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert_refused(run("device", "leaky-relu", "--out", "here", *options), *words)
    assert not (tmp_path / "here").exists()


@pytest.mark.slow
def test_a_current_that_annihilates_the_wall_within_full_scale_is_refused_with_the_current(tmp_path):
    weak = replace(COARSE, width_m=8e-9, detectors=(Detector("right", 44e-9, 56e-9, 0.0, 8e-9),), name="weak")
    write_wall_device(weak, tmp_path / "weak.yaml")
    arguments = ("--device", str(tmp_path / "weak.yaml"), "--cell-nm", "2", "--currents-ua", "-5,20", "--workers", "1")
    result = run("device", "leaky-relu", "--out", str(tmp_path / "out"), *arguments)
    assert_refused(result, "annihilated at 20 µA", "full scale of 20 µA")


@pytest.mark.slow
def test_a_device_of_ones_own_is_studied_with_extras_in_two_processes(tmp_path):
    write_wall_device(COARSE, tmp_path / "coarse.yaml")
    arguments = ["--device", str(tmp_path / "coarse.yaml"), "--cell-nm", "2", "--currents-ua", "-20,-10,10,20"]
    extras = ["--with", "sweep", "--with", "read", "--workers", "2"]
    result = run("device", "leaky-relu", "--json", "--out", str(tmp_path / "out"), *arguments, *extras)
    assert result.exit_code == 0, result.output
    quantities = {row["quantity"] for row in json.loads(result.stdout)["rows"]}
    assert any("read torque away from the fixed layer" in quantity for quantity in quantities)
    assert len(read_activation(tmp_path / "out" / "coarse.csv").input) > 15


def test_a_device_is_begun_studied_and_exported_by_its_file(solved, tmp_path):
    file = tmp_path / "mine.yaml"
    assert run("device", "new", str(file), "--like", "relu").exit_code == 0
    result = run("device", "relu", "--device", str(file), "--out", str(tmp_path / "studied"))
    assert result.exit_code == 0, result.output
    out = ("--program", "mumax3", "--currents-ua", "5", "--out", str(tmp_path / "exported"))
    result = run("device", "export", "relu", "--device", str(file), *out)
    assert result.exit_code == 0, result.output
    assert (tmp_path / "exported" / "relu_+5uA.mx3").exists()
    assert_refused(run("device", "export", "skyrmion-synapse", "--device", str(file), *out), "wall device")
    assert_refused(run("device", "new", str(file)), "there already")
