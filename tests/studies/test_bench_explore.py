"""The benchmark of a search against chance: what it counts, that it goes on, what it says while designs are open."""

import json
import runpy
from math import log10
from pathlib import Path

import pytest
from test_explore import KEYS, PLAN, asked, row_of  # noqa: F401  (a fixture)

from spingan.front import hypervolume
from spingan.studies.explore import explore
from spingan.studies.space import load_space

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "bench_explore.py"
ARGUMENTS = ("--trials", "20", "--random", "40", "--seeds", "2", "--count", str(PLAN.count), "--json")


@pytest.fixture
def bench(asked, tmp_path, capsys):  # noqa: F811
    """The benchmark on a small space, with trials that cost nothing: what it prints, by more arguments."""
    space = tmp_path / "steps.yaml"
    space.write_text(KEYS)
    script = runpy.run_path(str(SCRIPT))
    script["main"].__globals__["drawing_row"] = row_of

    def run(*more: str):
        script["main"]([str(space), "--out", str(tmp_path / "out"), *ARGUMENTS, *more])
        return json.loads(capsys.readouterr().out)

    return run, script, space


def test_both_volumes_are_those_of_all_designs_measured_and_no_random_one_is_left_out(bench, asked):  # noqa: F811
    run, script, path = bench
    space, found = load_space(path), run("--all")
    for row in found["seeds"]:
        seed = row["seed"]
        searched = explore(space, trials=20, seed=seed, plan=PLAN)
        assert row["search"] == pytest.approx(searched.hypervolume[-1]) and row["open"] == 0 and row["known"] == 40
        designs = script["random_designs"](space, seed, 40)
        assert len({repr(each) for each in designs}) == 40
        search = script["Search"].begun(space, space.model, PLAN, script["Workers"](1), lambda *_: None)
        points = []
        for _, looked in search.looked(designs, (), lambda _: None):
            if looked.state == "measured":
                mean = sum(each.distance for each in looked.attempts) / len(looked.attempts)
                costs = looked.row.energy_j, looked.row.time_s, looked.row.area_m2
                points.append(tuple(map(log10, (mean / search.ideal.mean, *costs))))
        exact = hypervolume(points, tuple(map(log10, search.reference)))
        assert row["random"] >= exact * (1 - 1e-12)  # dropped ones may count a tenth better than they began
        assert row["random"] == pytest.approx(exact, rel=0.2) and row["random_at_most"] == row["random"]
        assert row["dominates"] == ("yes" if row["search"] >= row["random"] else "no")


def test_without_time_all_is_open_and_the_same_command_goes_on_with_nothing_twice(bench, asked):  # noqa: F811
    run, _, _ = bench
    done, _ = asked
    stopped = run("--budget-s", "0")
    assert stopped["ended"].startswith("stopped") and not any(row["within_reference"] for row in stopped["seeds"])
    assert all(row["open"] > 0 and row["open"] + row["known"] == 40 for row in stopped["seeds"])
    assert all(row["random"] == 0 < row["random_at_most"] for row in stopped["seeds"])
    assert all(row["dominates"] == "open" for row in stopped["seeds"])
    whole = run("--all")
    once = len(done)
    assert whole["ended"] == "all is measured"
    assert run("--all") == whole and len(done) == once
    for row, before in zip(whole["seeds"], stopped["seeds"], strict=True):
        assert row["random"] <= before["random_at_most"]


def test_what_is_left_open_changes_no_verdict_where_no_design_draws_better_than_the_floor(bench, asked):  # noqa: F811
    run, _, _ = bench
    done, _ = asked
    few = run("--floor", "0.5")
    spared = len(done)
    whole = run("--floor", "0.5", "--all")
    assert len(done) > spared, "nothing was left open"
    for row, exact in zip(few["seeds"], whole["seeds"], strict=True):
        assert exact["least_ratio"] >= 0.5 and row["open"] > 0 == exact["open"]
        assert row["dominates"].split(",")[0] == exact["dominates"]
        assert row["random"] <= exact["random"] * (1 + 1e-12) and exact["random"] <= row["random_at_most"] * (1 + 1e-12)
