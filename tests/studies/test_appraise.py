"""An appraisal: the same seed the same page, stored trials taken or refused, and what a page and its JSON hold."""

import json
import time
from dataclasses import replace
from pathlib import Path

import appraisal_cases as cases
import pytest
from typer.testing import CliRunner

from spingan.api import appraise
from spingan.cli import app
from spingan.comparison import compare, comparison_notes
from spingan.errors import UserError
from spingan.nn.weights import load_model
from spingan.progress import no_progress
from spingan.reports.verdict import verdict
from spingan.spec.files import write_synapse
from spingan.spec.technology import load_technology, write_technology
from spingan.studies import stored as store
from spingan.studies.net_trials import NetTrials
from spingan.studies.parallel import Workers
from spingan.studies.stored import Plan, key_of, stored_of
from spingan.studies.subject import subject_of

SHIPPED = ("ideal", "hfox-rram", "pcm", "skyrmion-published-array")  # in place of all, which take longer
EXAMPLES = Path(__file__).parents[2] / "examples" / "data"


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    """Trials that cost nothing, a cache and a folder of shipped files of its own, and a count of what was measured."""
    patch, folder, asked = pytest.MonkeyPatch(), tmp_path_factory.mktemp("appraised"), []

    def counted(function, tasks, **options):
        asked.extend(tasks)
        return cases.at_once(function, tasks)

    for module in ("net_trials", "tolerance"):
        patch.setattr(f"spingan.studies.{module}.run_parallel", counted)
    for module in ("net_trials", "appraise"):
        patch.setattr(f"spingan.studies.{module}.shipped_technologies", lambda: SHIPPED)
    for module in ("trials", "tolerance"):
        patch.setattr(f"spingan.studies.{module}.run_trial", cases.run_trial)
    patch.setattr("spingan.studies.stored.cache_file", lambda key, plan: folder / f"{key}-{plan.count}.json")
    patch.setattr("spingan.studies.stored.SHIPPED", folder / "shipped")
    yield asked
    patch.undo()


@pytest.fixture(scope="module")
def page(measured, tmp_path_factory):
    """An appraisal from nothing, its folder, and the number of trials that it took."""
    out = tmp_path_factory.mktemp("pcm")
    found = appraise("pcm", out, energy_j=1e-6)
    return found, out, len(measured)


def test_the_page_holds_what_was_asked_for_and_needs_no_other_file(page):
    found, out, _ = page
    html = (out / "appraisal.html").read_text()
    for section in (
        "verdict",
        "pictures",
        "requirements",
        "changes",
        "unknown",
        "comparison",
        "bill",
        "arrays",
        "curves",
    ):
        assert f'<section id="{section}">' in html
    assert "http://" not in html.replace("http://www.w3.org", "") and 'src="data:image/' in html and "<link" not in html
    lines = verdict(found)
    assert len(lines) == 5 and all(line in html.replace("&#39;", "'") for line in lines)
    assert html.index('id="verdict"') < html.index('class="cards"')  # the verdict is the first screen


def test_its_json_has_the_keys_that_programs_read(page):
    found, out, _ = page
    content = json.loads((out / "appraisal.json").read_text())
    assert content["verdict"] == verdict(found) and content["largest_rows"] > 100
    assert {"property", "has", "needs", "margin", "unit"} <= content["requirements"][0].keys()
    assert content["bill"]["energy_per_image_j"] == found.bill.drawing.energy_j
    named = {each["property"]: each for each in content["requirements"]}
    assert named["programming noise"]["needs"] == pytest.approx(0.03, rel=0.03)
    assert named["loss in ten years"]["met"] == "no" and named["levels"]["met"] == "yes"
    assert [each["name"] for each in content["comparison"]] == list(SHIPPED)


def test_what_belongs_to_the_net_is_measured_once_and_the_same_again_gives_the_same_page(page, measured, tmp_path):
    first, out, _ = page
    before = len(measured)
    again = appraise("pcm", tmp_path, energy_j=1e-6)
    assert len(measured) - before == 3 * len(again.drawn)  # its own pictures, and nothing else
    assert [each.to_dict() for each in again.drawn] == [each.to_dict() for each in first.drawn]
    notes = "all measured now", "tolerances and shipped technologies as stored for clothes-longer"
    pages = [(folder / "appraisal.html").read_text() for folder in (out, tmp_path)]
    assert pages[0].replace(notes[0], notes[1]) == pages[1]


def test_stored_trials_of_other_weights_settings_or_technologies_are_refused_and_of_other_code_said(page, tmp_path):
    model = load_model("clothes-longer")
    key, plan = key_of(model), Plan()
    found, note = stored_of("clothes-longer", key, plan)
    assert found is not None and note == ""
    store.keep(replace(found, code="older"), store.SHIPPED / "clothes-longer.json")
    assert "other code" in stored_of("clothes-longer", key, plan)[1]
    store.keep(replace(found, key="another"), store.SHIPPED / "clothes-longer.json")
    store.cache_file(key, plan).unlink()
    assert stored_of("clothes-longer", key, plan) == (None, stored_of("clothes-longer", key, plan)[1])
    assert (
        "refused" in stored_of("clothes-longer", key, plan)[1]
        and "other weights" in stored_of("clothes-longer", key, plan)[1]
    )
    store.keep(found, store.SHIPPED / "clothes-longer.json")
    assert stored_of("clothes-longer", key, plan)[0] is not None
    assert [replace(plan, count=count).fit_images for count in (64, 500, 2_000)] == [256, 500, 1_024]
    assert NetTrials.of("clothes-longer", model, replace(plan, count=64), Workers(), no_progress).base.fit_images == 256
    refused, why = stored_of("clothes-longer", key, replace(plan, count=100))
    assert refused is None and "other counts" in why
    store.keep(replace(found, plan=replace(plan, count=100)), store.SHIPPED / "clothes-longer.json")
    any_plan = stored_of("clothes-longer", key, None)[0]
    assert any_plan is not None and any_plan.plan.count == 100  # what ships holds where nobody asks for a count
    own = model.generator.state_dict()["conv1.weight"]
    own.mul_(1.001)
    assert key_of(model) != key
    pcm = load_technology("pcm")
    assert found.device(load_technology("hfox-rram")) is not None
    assert found.device(pcm.model_copy(update={"name": "hfox-rram"})) is None
    (store.SHIPPED / "clothes-longer.json").unlink()
    store.keep(found)


def test_a_page_from_stored_trials_alone_is_quick(page, measured, tmp_path):
    stored = stored_of("clothes-longer", key_of(load_model("clothes-longer")), Plan())[0]
    trials = NetTrials.of("clothes-longer", load_model("clothes-longer"), Plan(), Workers(), no_progress)
    whole = replace(stored, devices=trials.devices([load_technology("pcm")], None))
    store.keep(whole)
    before, start = len(measured), time.process_time()
    appraise("pcm", tmp_path)
    assert len(measured) == before and time.process_time() - start < 10  # 5 s on an idle machine
    store.keep(replace(whole, plan=replace(whole.plan, count=1_000)), store.SHIPPED / "clothes-longer.json")
    assert appraise("pcm").plan.count == 1_000 and len(measured) == before  # by the plan of what ships
    assert appraise("pcm", count=2_000).plan.count == 2_000 and len(measured) == before
    (store.SHIPPED / "clothes-longer.json").unlink()
    store.keep(stored)


def test_a_measured_file_becomes_a_technology_and_what_was_assumed_is_said(tmp_path):
    clothes = load_model("clothes-longer")
    levels, transfer = (subject_of(EXAMPLES / name, clothes) for name in ("synapse.csv", "relu.csv"))
    assert levels.technology.synapse.states == 64 and levels.technology.encoding == "differential_pair"
    assert "that of pcm" in levels.assumed[0] and levels.fit is not None
    assert transfer.technology.activations["relu"].name == "relu"
    assert transfer.technology.synapse == clothes.technology.synapse
    write_synapse(levels.technology.synapse, tmp_path / "own.csv")
    assert subject_of(tmp_path / "own.csv", clothes).technology.synapse == levels.technology.synapse


@pytest.mark.slow
def test_measured_files_are_appraised_and_what_was_assumed_is_said(page, tmp_path):
    levels = appraise(EXAMPLES / "synapse.csv", tmp_path / "levels")
    assert levels.technology.synapse.states == 64 and any("assumed: the array" in note for note in levels.notes)
    assert "measured" in (tmp_path / "levels" / "appraisal.html").read_text()
    transfer = appraise(EXAMPLES / "relu.csv", tmp_path / "relu")
    assert transfer.technology.activations["relu"].name == "relu" and transfer.fit is not None


def test_the_command_prints_five_lines_and_refuses_what_is_neither(page, tmp_path, monkeypatch):
    monkeypatch.setattr("spingan.api.appraise", lambda *asked, **options: page[0])
    run = CliRunner().invoke(app, ["appraise", "pcm", "--out", str(tmp_path)], prog_name="spingan")
    assert run.exit_code == 0 and len(run.stdout.splitlines()) == 5 and run.stdout.startswith("1. pcm is ")
    printed = CliRunner().invoke(app, ["appraise", "pcm", "--out", str(tmp_path), "--json"], prog_name="spingan")
    assert json.loads(printed.stdout)["files"] == [str(tmp_path / "appraisal.html"), str(tmp_path / "appraisal.json")]
    monkeypatch.undo()
    table = tmp_path / "trace.csv"
    table.write_text("time_s,current_ua\n0,1\n1,2\n2,3\n3,4\n4,6\n5,7\n")
    refused = CliRunner().invoke(app, ["appraise", str(table)], prog_name="spingan")
    assert refused.exit_code == 2 and "neither levels nor a transfer" in refused.stderr and "a time" in refused.stderr
    for wrong in (["nothing.csv"], ["unobtainium"], ["pcm", "--quality", "1"], ["pcm", "--energy-j", "0"]):
        assert CliRunner().invoke(app, ["appraise", *wrong], prog_name="spingan").exit_code == 2, wrong


def test_a_net_that_does_not_go_onto_a_technology_is_refused_before_anything_else_is_measured(page, measured, tmp_path):
    write_technology(load_technology("pcm").model_copy(update={"name": "broken"}), tmp_path)
    before = len(measured)
    with pytest.raises(UserError, match="cannot be drawn on broken: its cells have a memory"):
        appraise(tmp_path, fresh=True)
    assert len(measured) - before == 3 * 6 and not any(hasattr(task, "name") for task in measured[before:])


def test_a_comparison_is_the_view_of_what_is_stored(page, measured):
    before = len(measured)
    found = compare("clothes-longer", ["hfox-rram", "ideal"])
    assert len(measured) == before and "as stored for clothes-longer" in comparison_notes(found)[1]
    beside = {each.technology: each.distance for each in page[0].beside}
    assert [row.distance for row in found.rows] == [beside["hfox-rram"], beside["ideal"]]
    fresh = compare("clothes-longer", ["hfox-rram", "ideal"], seed=5)
    assert len(measured) == before + 2 and fresh.source == ""
    with pytest.raises(UserError, match="same name"):
        compare("clothes-longer", ["ideal", "ideal"])
