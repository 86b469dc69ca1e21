"""The check of predicted tolerances on fresh chips: inside where the law is as stored, outside where it is not."""

import json
import runpy
from dataclasses import replace
from pathlib import Path

import appraisal_cases as cases
import numpy as np
import pytest

from spingan.nn.weights import load_model
from spingan.studies.stored import Plan, Stored, keep, key_of
from spingan.studies.tolerance import Tolerance
from spingan.studies.trials import Attempt, Outcome

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "check_limits.py"
PLAN = Plan(count=64, chips=2)
NAMES = {"programming noise": "programming_noise", "read noise": "read_noise", "stuck devices": "stuck",
         "loss": "faded", "offset": "activation_offset", "slope error": "activation_gain"}  # fmt: skip


def tolerance(name: str, limit: float) -> Tolerance:
    """One as measured: within a tenth, its excess growing with the square, as that of the cases."""
    return Tolerance(name, limit, 0.9 * limit, 1.1 * limit, 2.0, ())


@pytest.fixture
def check(monkeypatch, tmp_path, capsys):
    """The script on closed-form trials, with tolerances that are stored in a cache of its own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    model = load_model("clothes")
    script, seeds = runpy.run_path(str(SCRIPT)), []

    def at_once(function, tasks, **_):
        seeds.extend(task.seed for task in tasks)
        return [cases.run_trial(task) for task in tasks]

    monkeypatch.setitem(script["main"].__globals__, "run_parallel", at_once)

    def run(tolerances, *more: str):
        outcome = Outcome({"distance": (2.0,)}, "FD(fashion-cnn, 64)", np.zeros((0, 1, 1), np.uint8))
        stored = Stored(model.name, key_of(model), PLAN, outcome.about, (Attempt(outcome),), tuple(tolerances))
        keep(stored)
        with pytest.raises(SystemExit) as ended:
            script["main"](["clothes", "--count", "64", "--chips", "2", *more])
        return ended.value.code, capsys.readouterr().out

    return run, seeds


def test_five_limits_that_are_true_are_inside_on_chips_of_other_seeds(check):
    run, seeds = check
    stored = [tolerance(name, cases.LIMITS[key]) for name, key in NAMES.items()]
    code, text = run([tolerance("levels", 12.0), *stored], "--json")
    found = json.loads(text)["checks"]
    assert code == 0 and [each["name"] for each in found] == [*NAMES][:5]  # levels are whole
    for each in found:
        assert each["inside"] and each["ratio"] == pytest.approx(1.25)
        assert 1 < each["least"] < 1.25 < each["most"]
    assert not set(seeds) & set(PLAN.seeds)


def test_a_limit_that_is_wrong_is_outside_and_the_status_says_so(check):
    run, _ = check
    code, text = run([tolerance("offset", 0.008), tolerance("loss", 2 * cases.LIMITS["faded"])])
    lines = {line.split("  ")[0]: line for line in text.splitlines()}
    assert code == 1 and lines["offset"].endswith("inside") and lines["loss"].endswith("outside")


@pytest.mark.parametrize(
    ("tolerances", "more", "problem"),
    [
        ([tolerance("offset", 0.008)], ("--property", "ofset"), "no limit of 'ofset' can be checked"),
        ([replace(tolerance("offset", 0.008), limit=None)], (), "has no limit that can be checked"),
        ([tolerance("offset", 0.008)], ("--fresh", "1"), "1 fresh chip(s) give no interval"),
        ([tolerance("offset", 0.008)], ("--count", "128"), "nothing is stored of clothes"),
    ],
)
def test_what_cannot_be_checked_is_one_clear_message(check, tolerances, more, problem):
    run, _ = check
    code, _ = run(tolerances, *more)
    assert problem in code and code.count("\n") == 1
