"""A search: what its front is, that it goes on as if it had never been stopped, and what it refuses."""

import json
import socket
from dataclasses import replace
from math import log10

import appraisal_cases as cases
import pytest
from typer.testing import CliRunner

from spingan.api import explore as written
from spingan.cli import app
from spingan.costs.side_by_side import Row
from spingan.errors import UserError
from spingan.front import dominates, hypervolume
from spingan.reports.explore_report import summary
from spingan.spec.technology import load_technology
from spingan.studies import cluster
from spingan.studies.cluster import local_client
from spingan.studies.designs import Better, Candidate, designed, look
from spingan.studies.explore import explore
from spingan.studies.parallel import Workers
from spingan.studies.results_file import ResultsFile
from spingan.studies.space import load_space
from spingan.studies.stored import Plan
from spingan.studies.trials import Trial, technology_text
from spingan.training.run_lock import sole_training

KEYS = """schema_version: 1
name: steps
model: clothes
technology: pcm-array
reference: {distance: 3}
keys:
  technology: [pcm-array, skyrmion-published]
  wire_resistance_ohm: [0, 0.35]
  levels: [4, 8, 16, 32, 64]
  bits: {low: 3, high: 10}
  tile_rows: [16, 32, 64, 128]
  conditions.activation_offset: {low: 0.0001, high: 0.02, scale: log}
"""
PLAN = Plan(count=400, chips=3)


def row_of(model, technology):
    """A bill in closed form: bits cost energy and area, tall tiles save both and cost time; 1,000 rows have none."""
    bits, rows, levels = technology.adc.bits, technology.tile_rows, technology.synapse.states
    energy, time, area = 1e-9 * 2.0**bits / rows, 1e-8 * rows * bits, 1e-9 * bits * levels / rows
    missing = ("array reads: no figure",) if rows == 16 else ()
    return Row(technology.name, "technology", energy, energy / 2, 2 * energy, time, area, None, missing=missing)


def run_trial(trial):
    """`cases.run_trial`, and a net that does not go onto devices of four levels."""
    if trial.technology is not None and len(json.loads(trial.technology)["synapse"]["conductance"]) == 4:
        raise UserError("its cells have a memory", "Mend them.")
    return cases.run_trial(trial)


class Killed(Exception):
    """As a search that is killed ends."""


@pytest.fixture
def asked(monkeypatch):
    """Trials and bills that cost nothing, done in this process and kept in a file as Dask's are; what was asked."""
    done: list = []

    def at_once(function, tasks, *, workers, progress, **_):
        kept = None if workers.results is None else ResultsFile(workers.results, function)
        results = {} if kept is None else kept.found(tasks)
        for place, task in enumerate(tasks):
            if place not in results:
                if len(done) == at_once.last:
                    raise Killed
                done.append(task)
                found = function(task)
                results[place] = found if kept is None else kept.add(task, found)
        return [results[place] for place in range(len(tasks))]

    at_once.last = None
    monkeypatch.setattr("spingan.studies.explore.run_parallel", at_once)
    for module in ("explore", "designs"):
        monkeypatch.setattr(f"spingan.studies.{module}.drawing_row", row_of)
    monkeypatch.setattr("spingan.studies.designs.figures_of", lambda model, technology: ())
    monkeypatch.setattr("spingan.studies.trials.run_trial", run_trial)
    return done, at_once


@pytest.fixture
def space(tmp_path):
    """A space in which some designs make no technology, some do not convert, and some have a bill with a gap."""
    path = tmp_path / "steps.yaml"
    path.write_text(KEYS)
    return load_space(path)


def points(found):
    """Objectives of the measured designs."""
    return {
        each.number: (each.distance.mean, each.row.energy_j, each.row.time_s, each.row.area_m2)
        for each in found.designs
        if each.state == "measured"
    }


@pytest.mark.parametrize("sampler", ["tpe", "nsga2", "random"])
def test_no_design_of_the_front_is_beaten_and_the_hypervolume_never_falls(asked, space, sampler):
    found = explore(space, trials=40, sampler=sampler, plan=PLAN)
    measured, front = points(found), {each.number for each in found.best}
    ideal, reference = found.ideal.mean, found.reference
    assert front and [each.number for each in found.designs] == list(range(1, 41))
    for number, point in measured.items():
        beaten = any(dominates(other, point) for other in measured.values())
        assert beaten != (number in front)
    assert list(found.hypervolume) == sorted(found.hypervolume) and len(found.hypervolume) == 40
    decades = [tuple(map(log10, (distance / ideal, *costs))) for distance, *costs in measured.values()]
    assert found.hypervolume[-1] == pytest.approx(hypervolume(decades, tuple(map(log10, reference))))


def test_what_cannot_be_is_kept_with_its_reason_and_the_search_goes_on(asked, space):
    found = explore(space, trials=60, plan=PLAN)
    reasons = {each.looked.why for each in found.designs if each.state == "refused"}
    assert "its cells have a memory" in reasons and "its bill has a gap: array reads: no figure" in reasons
    assert any("siemens" in reason for reason in reasons)  # wires on normalised devices make no technology
    for each in found.designs:
        if dict(each.choices)["technology"] == "skyrmion-published" and each.choices["wire_resistance_ohm"]:
            assert each.state == "refused" and each.technology is None
    assert len(found.designs) == 60 and found.count("measured") > 10
    assert {each.state for each in found.best} == {"measured"}


def test_pictures_are_drawn_only_of_what_may_be_on_the_front_and_on_all_chips_only_near_it(asked, space):
    two = replace(space, objectives=("distance", "energy"), reference={"distance": 3.0, "energy_j": 2e-9})
    found = explore(two, trials=60, plan=PLAN)
    for each in found.designs:
        attempts, few = each.looked.attempts, each.looked.few
        if each.state in ("dear", "dominated"):
            assert few is None and not attempts and each.row is not None
        elif each.state == "poor":
            assert few is not None and len(attempts) <= 1
        elif each.state == "measured":
            assert few is not None and len(attempts) == PLAN.chips
            assert each.distance.low <= each.distance.mean <= each.distance.high
    assert found.count("poor") and found.count("dear")


@pytest.mark.parametrize(
    ("known", "state", "chips"),
    [
        ((), "measured", 3),
        ((Better((1e-12,), 3.0, 2.0),), "dominated", 0),  # cheaper, and as good as the ideal
        ((Better((1.0,), 3.0, 2.0),), "measured", 3),  # as good, and dearer
        ((Better((1e-12,), 3.0, 2.2),), "poor", 0),  # cheaper, and better on few images
        ((Better((1e-12,), 9.0, 2.2),), "poor", 1),  # cheaper, and better on all images alone
    ],
)
def test_a_design_is_drawn_as_far_as_a_cheaper_one_leaves_it_a_place(asked, space, known, state, chips):
    choices = {"wire_resistance_ohm": 0, "levels": 8, "bits": 6, "tile_rows": 64}
    technology, conditions, told = designed(space, {"technology": "pcm-array", **choices})
    trial = Trial("clothes", 0, 400, conditions, technology_text(technology))
    found = look(Candidate("clothes", trial, told, 3, 100, ("energy_j",), (1e-7,), (3.0, 2.0), 3.0, known))
    assert (found.state, len(found.attempts)) == (state, chips)


def test_a_search_that_is_killed_goes_on_and_gives_what_one_that_was_not_gives(asked, space, tmp_path):
    done, limit = asked
    straight = explore(space, trials=24, plan=PLAN)
    once = len(done)
    results = Workers(results=tmp_path / "explore.trials.jsonl")
    limit.last = once + 9
    with pytest.raises(Killed):
        explore(space, trials=24, plan=PLAN, workers=results)
    limit.last = None
    gone_on = explore(space, trials=24, plan=PLAN, workers=results)
    assert gone_on.to_dict() == straight.to_dict()
    assert len(done) == 2 * once  # nothing twice
    again = explore(space, trials=24, plan=PLAN, workers=results)
    assert again.to_dict() == straight.to_dict() and len(done) == 2 * once


def test_more_designs_begin_with_those_that_were_there(asked, space):
    fewer, more = (explore(space, trials=trials, plan=PLAN).to_dict() for trials in (13, 21))
    assert more["designs"][:13] == fewer["designs"] and more["hypervolume"][:13] == fewer["hypervolume"]


def test_another_seed_proposes_other_designs_and_none_comes_twice(asked, space):
    one, other = (explore(space, trials=20, seed=seed, plan=PLAN) for seed in (0, 1))
    assert [each.choices for each in one.designs] != [each.choices for each in other.designs]
    assert len({str(each.choices) for each in one.designs}) == 20


def test_a_small_space_is_searched_whole_and_no_further(asked, tmp_path):
    path = tmp_path / "small.yaml"
    path.write_text("schema_version: 1\nmodel: clothes\ntechnology: pcm-array\nkeys: {levels: [8, 16], bits: [6, 7]}\n")
    found = explore(path, trials=30, plan=PLAN)
    assert len(found.designs) == 4 and found.notes == ("the space has no other designs: 4 in place of 30",)


def test_a_search_finds_more_than_chance(asked, space):
    volumes = {
        sampler: sum(explore(space, trials=60, sampler=sampler, seed=s, plan=PLAN).hypervolume[-1] for s in range(3))
        for sampler in ("tpe", "random")
    }
    assert volumes["tpe"] > volumes["random"]


def test_the_folder_holds_a_page_and_each_design_of_the_front_as_a_technology(asked, space, tmp_path):
    found = written(space, tmp_path / "out", trials=15, count=400)
    html = (tmp_path / "out" / "explore.html").read_text()
    assert all(f'<section id="{name}">' in html for name in ("summary", "front", "refused", "volume", "space"))
    assert "http://" not in html.replace("http://www.w3.org", "")
    for each in found.best:
        technology = load_technology(tmp_path / "out" / "front" / str(each.number))
        assert technology.name == f"steps-{each.number}" and technology.adc == each.technology.adc
        assert technology.synapse == each.technology.synapse
    content = json.loads((tmp_path / "out" / "explore.json").read_text())
    assert [each["number"] for each in content["front"]] == [each.number for each in found.best]


def test_the_best_generator_is_the_cheapest_design_near_the_ideal_and_a_technology_of_its_own(asked, space, tmp_path):
    found = written(space, tmp_path / "out", trials=40, count=400)
    near = [each for each in found.designs if each.distance and each.distance.mean <= 1.1 * found.ideal.mean]
    least = min(near, key=lambda each: each.row.energy_j)
    best = found.to_dict()["best"]
    assert best["energy_j"] == least.row.energy_j and best["of_ideal"] <= 1.1
    paper = row_of(None, load_technology("skyrmion-published-array")).energy_j
    assert best["of_paper"] == pytest.approx(least.row.energy_j / paper)
    assert best["reached"] == (best["of_paper"] <= 0.01)
    assert load_technology(tmp_path / "out" / "best").adc == found.designs[best["number"] - 1].technology.adc
    line = next(line for line in summary(found) if line.startswith("Best generator"))
    assert f"design {best['number']}," in line and f"is {'reached' if best['reached'] else 'not reached'}" in line
    assert line in (tmp_path / "out" / "explore.html").read_text().replace("&#39;", "'")


def test_without_a_design_near_the_ideal_there_is_no_best_generator(asked, tmp_path):
    path = tmp_path / "poor.yaml"
    head = "schema_version: 1\nmodel: clothes\ntechnology: pcm-array\nreference: {distance: 4}\n"
    path.write_text(head + "keys: {levels: [8], bits: [6, 7]}\n")
    found = written(path, tmp_path / "out", trials=2, count=400)
    assert found.best_generator is None and found.to_dict()["best"] is None and not (tmp_path / "out" / "best").exists()
    assert found.best and any(line.startswith("Best generator: none") for line in summary(found))


def test_a_folder_holds_one_search_at_a_time(asked, space, tmp_path):
    with sole_training(tmp_path, "search"), pytest.raises(UserError, match="another search runs into"):
        written(space, tmp_path, trials=2, count=400)


def test_the_command_prints_its_front_and_refuses_in_one_line(asked, space, tmp_path):
    run = CliRunner().invoke
    file = str(space.folder / "steps.yaml")
    asked_for = ("explore", file, "--trials", "15", "--count", "400", "--out", str(tmp_path / "out"))
    content = json.loads(run(app, [*asked_for, "--json"]).stdout)
    assert content["front"] and len(content["hypervolume"]) == 15
    assert {"choices", "distance", "energy_j", "time_s", "area_m2"} <= content["front"][0].keys()
    text = run(app, asked_for).stdout
    assert "15 designs of steps with clothes" in text and str(content["front"][0]["number"]) in text
    for wrong, message in (
        (("explore", "energy-qualty"), "Did you mean energy-quality?"),
        (("explore", file, "--sampler", "best"), "best"),
        (("explore", file, "--model", "cloths"), "cloths"),
    ):
        refused = run(app, [*wrong, "--out", str(tmp_path / "no")])
        assert refused.exit_code == 2 and message in refused.stderr


def test_a_scheduler_that_is_not_there_is_one_clear_line(monkeypatch, tmp_path):
    monkeypatch.setattr(cluster, "ANSWER_LIMIT_S", 1.0)
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"tcp://127.0.0.1:{server.getsockname()[1]}"
    asked_for = ("explore", "energy-quality", "--model", "clothes", "--out", str(tmp_path), "--scheduler")
    refused = CliRunner().invoke(app, [*asked_for, address])
    assert refused.exit_code == 2 and f"no Dask scheduler answers at {address} within 1 s" in refused.stderr
    refused = CliRunner().invoke(app, [*asked_for, "here:1"])
    assert refused.exit_code == 2 and "'here:1' is not the address of a scheduler" in refused.stderr
    refused = CliRunner().invoke(app, [*asked_for, address, "--workers", "2"])
    assert refused.exit_code == 2 and "Give one of the two." in refused.stderr


@pytest.mark.slow
def test_a_scheduler_s_workers_find_what_processes_here_find(tmp_path):
    path = tmp_path / "one.yaml"
    head = "schema_version: 1\nmodel: clothes\ntechnology: pcm-array\nreference: {distance: 30}\n"
    path.write_text(head + "keys: {wire_resistance_ohm: [0], bits: [6, 8]}\n")
    plan = Plan(count=16, chips=2)
    here = explore(path, trials=2, plan=plan, workers=Workers(1))
    with local_client(1) as client:
        there = explore(path, trials=2, plan=plan, workers=Workers(scheduler=client.scheduler.address))
    assert there.to_dict() == here.to_dict() and here.count("measured")
