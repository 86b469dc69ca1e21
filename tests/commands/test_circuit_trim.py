"""`spingan circuit leaky-relu|relu|relu-switch|tanh --trim`: the answer first, one JSON object, and an activation."""

import json

import pytest
import torch
from torch import nn

import spingan
from spingan.arrays.conditions import ChipConditions
from spingan.circuits.messages import NoSolution
from spingan.nn.chip import program_chip
from spingan.nn.conversion import convert
from spingan.spec.files import read_activation
from spingan.spec.technology import load_technology
from test_cli import assert_refused, run

WORDS = ("relu", "--curve", "designed", "--monte-carlo", "5", "--workers", "2")


@pytest.fixture(scope="module")
def relu(ngspice, tmp_path_factory):
    folder = tmp_path_factory.mktemp("relu")
    result = run("circuit", *WORDS, "--trim", "--out", str(folder), "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout), folder


def test_the_offsets_before_and_after_are_printed_in_volts_and_percent_of_full_scale(relu):
    printed, _ = relu
    for when, full in (("before", "full_scale_before"), ("after", "full_scale")):
        volts, percent = printed[f"offset_sigma_{when}"], printed[f"offset_sigma_{when}_percent"]
        assert volts == pytest.approx(percent / 100 * printed[full])
    assert printed["offset_unit"] == "V" and printed["cells"] == 5 and printed["lost"] == []
    assert printed["offset_sigma_before_percent"] > 5 > 0.5 > printed["offset_sigma_after_percent"] > 0
    assert printed["time_after_s"] > printed["time_before_s"] and printed["energy_after_j"] > printed["energy_before_j"]
    assert printed["area_after_m2"] > printed["area_before_m2"]


def test_the_trimmed_activation_is_the_first_file_and_has_what_the_auto_zero_costs_and_leaves(relu):
    printed, folder = relu
    assert printed["files"][0].endswith("relu_designed_cell_trimmed.csv")
    plain, trimmed = (read_activation(folder / f"relu_designed_cell{ending}.csv") for ending in ("", "_trimmed"))
    assert trimmed.spread.offset == pytest.approx(printed["offset_sigma_after"] / printed["full_scale"])
    assert trimmed.energy_j == pytest.approx(printed["energy_after_j"]) and trimmed.energy_j > plain.energy_j
    assert trimmed.area_m2 == pytest.approx(printed["area_after_m2"])
    assert trimmed.reset.required is True and trimmed.reset.time_s == pytest.approx(printed["reset_after_s"])
    assert trimmed.output_noise is not None and trimmed.output_noise.rms[0] == pytest.approx(printed["sampled_noise_v"])
    assert len((folder / "trim.csv").read_text().splitlines()) == 6


def test_convert_a_chip_and_the_bill_take_it_without_a_special_case(relu):
    _, folder = relu
    technology = load_technology("skyrmion-designed-untrimmed")
    curves = {name: read_activation(folder / f"relu_designed_cell{name}.csv") for name in ("", "_trimmed")}
    plain, trimmed = (technology.model_copy(update={"activations": {"relu": curve}}) for curve in curves.values())
    torch.manual_seed(0)
    net, inputs = nn.Sequential(nn.Linear(8, 30), nn.ReLU(), nn.Linear(30, 4)).eval(), torch.randn(200, 8)
    outputs = {}
    for made in (plain, trimmed):
        model = convert(net, made).model
        chip = program_chip(model, made, ChipConditions(1))
        with torch.no_grad():
            outputs[made is trimmed] = float((chip(inputs) - model(inputs)).mean(0).square().mean().sqrt())
    assert outputs[True] < 0.4 * outputs[False]  # the offsets are gone; gains and the arrays' errors are not
    bills = [spingan.cost(net, made, example_input=inputs[:1]) for made in (plain, trimmed)]
    assert bills[1].energy_j.value > bills[0].energy_j.value


def test_without_a_trim_nothing_changes(relu, tmp_path):
    _, folder = relu
    result = run("circuit", *WORDS, "--out", str(tmp_path), "--json")
    assert result.exit_code == 0, result.output
    assert "offset_sigma_after" not in json.loads(result.stdout)
    for name in ("relu_designed_cell.csv", "devices.csv", "transfer.csv"):
        assert (tmp_path / name).read_bytes() == (folder / name).read_bytes()
    assert not (tmp_path / "trim.csv").exists()


def test_the_first_ten_lines_answer_for_a_cell_of_paper_m(ngspice, tmp_path):
    result = run("circuit", "tanh", "--trim", "--monte-carlo", "3", "--out", str(tmp_path))
    assert result.exit_code == 0, result.output
    first = "\n".join(result.stdout.splitlines()[:10])
    for word in ("before", "after", "offset, 1 sigma", "% of full scale", "mV", "fJ", "µm²", "gain", "ns", "droop"):
        assert word in first
    assert read_activation(tmp_path / "tanh_am_dcgan_trimmed.csv").function == "tanh"
    assert (tmp_path / "tanh_am_dcgan.csv").exists()


def test_lost_cells_are_counted_and_named(ngspice, tmp_path, monkeypatch):
    from spingan.circuits import memristive_trim

    def fails(cell, kind, cards, some, phases, inner=memristive_trim._in_time):
        if any(one.number == 2 and one.mismatch.threshold_v_m for one in some):
            raise NoSolution("ngspice found no solution")
        return inner(cell, kind, cards, some, phases)

    monkeypatch.setattr(memristive_trim, "_in_time", fails)
    result = run("circuit", "tanh", "--trim", "--monte-carlo", "4", "--out", str(tmp_path))
    assert result.exit_code == 0, result.output
    assert "3 cells" in result.stdout and "1 cells without a solution in ngspice, numbers 2" in result.stdout
    assert [line.split(",")[0] for line in (tmp_path / "trim.csv").read_text().splitlines()] == [
        "number",
        "0",
        "1",
        "3",
    ]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("op-amp", "--trim", "--monte-carlo", "5"), "op-amp has no auto-zero"),
        (("relu", "--trim"), "a trim without cells that differ"),
        (("tanh", "--trim"), "a trim without cells that differ"),
        (("relu", "--trim", "--monte-carlo", "1"), "1 devices have no covariance"),
        (("tanh", "--trim", "--monte-carlo", "1"), "1 devices have no covariance"),
        (("tanh", "--monte-carlo", "5"), "with the auto-zero only"),
        (("relu", "--hold-ns", "5"), "--hold-ns and --hold-ff are the auto-zero's"),
        (("relu", "--trim", "--monte-carlo", "5", "--hold-ns", "0"), "the hold time is 0 ns"),
        (("tanh", "--trim", "--monte-carlo", "5", "--hold-ff", "-1"), "the hold capacitor is -1 fF"),
    ],
)
def test_a_trim_that_makes_no_sense_is_refused(ngspice, tmp_path, words, said):
    assert_refused(run("circuit", *words, "--out", str(tmp_path / "out")), said)
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_a_cell_at_a_rail_is_refused(ngspice, tmp_path):
    words = ("leaky-relu", "--inverters", "pair", "--trim", "--monte-carlo", "3")
    assert_refused(run("circuit", *words, "--out", str(tmp_path / "out")), "stands at a rail")
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "untrimmed"),
    [
        (("leaky-relu",), 250.0),  # several full scales: docs/circuits.md
        (("relu",), 18.0),
        (("leaky-relu", "--curve", "designed"), 10.0),
        (("relu", "--curve", "designed"), 12.0),
        (("tanh",), 2.0),
        (("relu-switch",), 0.1),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, tuple) else "",
)
def test_four_hundred_cells_keep_half_a_percent_of_full_scale(ngspice, tmp_path, words, untrimmed):
    result = run("circuit", *words, "--trim", "--monte-carlo", "400", "--out", str(tmp_path), "--json")
    assert result.exit_code == 0, result.output
    printed = json.loads(result.stdout)
    assert printed["offset_sigma_before_percent"] > untrimmed
    assert printed["offset_sigma_after_percent"] <= 0.5 and len(printed["lost"]) < 4
