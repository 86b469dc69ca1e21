"""`spingan design leaky-relu --temperature`: a front, folders that other commands take, bad input in one line."""

import csv
import json
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from spingan.devices import warm_design
from spingan.devices.wall_device import read_wall_device
from spingan.devices.warm_design import Effort, Front, changes_for, design_front
from spingan.devices.warm_goal import InputWeight, Limits, WarmGoal
from spingan.spec.files import read_conductance_curve
from spingan.spec.technology import load_technology
from test_cli import assert_refused, run

GOAL = WarmGoal(
    0.2,
    8e-6,
    300.0,
    inputs=InputWeight(np.array([-0.9, -0.3, 0.3, 0.9]), np.full(4, 0.25)),
    limits=Limits(length_m=(72e-9, 96e-9), width_m=(20e-9, 24e-9)),
    largest_loss=1e-3,
)


@pytest.fixture(scope="module")
def made() -> Front:
    """A front of one small search."""
    patch = pytest.MonkeyPatch()
    patch.setattr(warm_design, "TARGETS", (None,))
    found = design_front(GOAL, effort=Effort(population=1, generations=1, points=2, walls=10, duration_s=1e-9))
    patch.undo()
    return found


@pytest.fixture
def printed(made, monkeypatch, tmp_path):
    """What the command prints of that front."""
    missed = replace(made, goal=replace(GOAL, noise=1e-4), changes=changes_for(replace(GOAL, noise=1e-4), made.nearest))
    monkeypatch.setattr(warm_design, "design_front", lambda *_arguments, **_options: missed)
    arguments = ("design", "leaky-relu", "--temperature", "300", "--range-ua", "8", "--out", str(tmp_path / "d"))
    return run(*arguments, "--json"), arguments


def test_the_front_holds_what_is_asked_and_each_folder_a_technology(printed, made, tmp_path):
    result, _ = printed
    assert result.exit_code == 0, result.output
    shown = json.loads(result.stdout)
    assert len(shown["front"]) == len(made.members)
    assert shown["meets"] is False and shown["inputs_of"] == "all inputs alike"
    for row in shown["front"]:
        assert row["noise_interval"][0] <= row["noise"] <= row["noise_interval"][1]
        assert row["energy_j"] > 0 and row["error"] == max(row["negative_error"], row["positive_error"])
        technology = load_technology(row["folder"])
        noise = technology.activations["leaky_relu"].output_noise
        assert noise is not None
        assert (noise.temperature_k, noise.averaging_time_s) == (300, row["averaging_time_s"])
    first = tmp_path / "d" / "device_01"
    device = read_wall_device(first / "device.yaml")
    assert device.length_m * 1e9 == pytest.approx(shown["front"][0]["length_nm"])
    curve = read_conductance_curve(next(first.glob("warm_0p2_01.csv")))
    assert curve.input_full_scale == pytest.approx(8e-6)
    with Image.open(tmp_path / "d" / "front.png") as picture:
        assert picture.width > 800
    with (tmp_path / "d" / "front.csv").open() as file:
        assert len(list(csv.DictReader(file))) == len(made.members)
    assert json.loads((tmp_path / "d" / "design.json").read_text())["front"] == shown["front"]


def test_a_goal_that_is_missed_is_said_plainly_with_what_would_have_to_change(printed):
    result, arguments = printed
    changes = {row["constant"]: row for row in json.loads(result.stdout)["would_have_to_change"]}
    averaging = changes["averaging time"]
    assert averaging["needed"] == pytest.approx(averaging["now"] * averaging["factor"])
    lines = run(*arguments).stdout.splitlines()
    assert lines[0].startswith("No device found has slope 0.2 ± 0.02 and noise below")
    assert any(line.startswith("For its noise: averaging time x") for line in lines)


def test_a_net_gives_the_weight_of_the_fit(monkeypatch, made, tmp_path):
    goals = []
    monkeypatch.setattr(warm_design, "design_front", lambda goal, **_options: goals.append(goal) or made)
    result = run("design", "relu", "--temperature", "300", "--inputs-of", "clothes", "--out", str(tmp_path / "d"))
    assert result.exit_code == 0, result.output
    inputs = goals[0].inputs
    assert inputs.source.startswith("clothes, relu, layers act1, act2")
    assert inputs.weight.sum() == pytest.approx(1)
    assert 0.06 < np.sqrt(inputs.weight @ inputs.share**2) < 0.1
    assert goals[0].limits.smallest_m == pytest.approx(10e-9)
    assert goals[0].averaging_s == pytest.approx(10e-9)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--temperature", "-1"), ("-1 K", "0 or more")),
        (("--temperature", "0"), ("no noise to design for",)),
        (("--temperature", "1500"), ("1500 K", "Curie point of 1120 K")),
        (("--temperature", "300", "--averaging-ns", "0.01"), ("averaging time is 0.01 ns",)),
        (("--temperature", "300", "--smallest-nm", "80"), ("limits that leave no design",)),
        (("--temperature", "300", "--slope", "0.9"), ("slope is 0.9",)),
        (("--temperature", "300", "--noise", "-1"), ("noise is -1",)),
        (("--temperature", "300", "--inputs-of", "clothes-float"), ("never calibrated",)),
        (("--temperature", "300", "--inputs-of", "nobody"), ("no model 'nobody'",)),
        (("--temperature", "300", "--cell-nm", "2"), ("--cell-nm", "is for the solver")),
        (("--smallest-nm", "5"), ("--smallest-nm is for warm devices", "--temperature")),
        (("--inputs-of", "clothes"), ("--inputs-of is for warm devices",)),
    ],
)
def test_bad_input_is_one_line(options, words):
    assert_refused(run("design", "leaky-relu", *options), *words)
