"""`spingan study` and `spingan compare`: what they print and write, and what they refuse."""

import csv
import json

import pytest
from PIL import Image
from typer.testing import CliRunner

from spingan.api import reprogram
from spingan.cli import app
from spingan.comparison import HEADINGS, compare, comparison_notes, comparison_rows
from spingan.evaluation.real_images import image_bytes
from spingan.evaluation.reference import reference_for
from spingan.nn.weights import load_model, save_weights
from spingan.studies.levels import levels
from spingan.studies.stored import Plan


def run(*arguments: str):
    return CliRunner().invoke(app, arguments, prog_name="spingan")


def refused(result, *words: str) -> None:
    assert result.exit_code == 2, result.output
    assert result.stdout == "" and result.stderr.startswith("spingan: ")
    assert len(result.stderr.splitlines()) >= 2
    assert all(word in result.stderr for word in words)


@pytest.mark.slow
def test_a_study_writes_its_picture_and_table_and_prints_one_object(tmp_path):
    options = ("--out", str(tmp_path), "--count", "60", "--seeds", "2", "--workers", "2", "--seed", "5")
    result = run("study", "variability", "fashion-mnist", *options, "--json")
    found = json.loads(result.stdout)
    assert found["seeds"] == [5, 6] and found["verdict"] in ("holds", "does not hold")
    assert [setting["value"] for setting in found["settings"]] == [0.0, 0.1, 0.2, 0.3, 0.4, 0.5]
    with Image.open(tmp_path / "variability.png") as picture:
        assert picture.width > 600
    with (tmp_path / "variability.csv").open() as file:
        assert len(list(csv.DictReader(file))) == 12
    assert found["files"] == [str(tmp_path / "variability.png"), str(tmp_path / "variability.csv")]


def test_a_study_of_what_does_not_exist_is_refused():
    refused(run("study", "levels", "nonsense"), "there is no model")
    refused(run("study", "epochs", "fashion-mnist"), "no weights of several epochs", "spingan train")
    refused(run("study", "block-error", "fashion-mnist"), "has no discriminator")
    refused(run("study", "leakage", "fashion-mnist"), "siemens")
    refused(run("study", "nonsense"), "such command")


def test_a_model_that_does_not_say_its_images_is_studied_when_the_user_names_them(tmp_path, monkeypatch):
    monkeypatch.setattr("spingan.studies.axes.run_parallel", lambda work, tasks, **_: [work(task) for task in tasks])
    silent = load_model("fashion-mnist")
    silent.info = {"seed": 0}
    save_weights(tmp_path / "silent.safetensors", silent)
    asked = ("study", "levels", str(tmp_path / "silent.safetensors"), "--count", "20", "--seeds", "2", "--json")
    refused(run(*asked), "does not say which images", "--data-name")
    monkeypatch.setitem(levels.__kwdefaults__, "levels", (2,))
    assert json.loads(run(*asked, "--data-name", "mnist").stdout)["metric"] == "FD(mnist-cnn, 20)"
    assert "--data-name" not in run("study", "leakage", "--help").stdout  # judges no pictures


def test_a_study_is_printed_with_its_settings_claims_and_notes(monkeypatch):
    monkeypatch.setattr("spingan.studies.axes.run_parallel", lambda work, tasks, **_: [work(task) for task in tasks])
    chosen = ("--axis", "weight noise", "--at", "0.05", "--count", "20", "--seeds", "2")
    printed = run("study", "noise", "fashion-mnist", *chosen).stdout
    for words in ("weight noise: of full scale, frozen", "raises the distance", "goal, 5 %"):
        assert words in printed
    assert "paper S, weight noise, Fashion-MNIST: FID 300" in printed and "real images: " in printed
    currents = run("study", "leakage", "mnist-memristive").stdout
    assert "column, all devices off: dense" in currents and "mA" in currents and "not tested" in currents


def test_what_is_no_scheduler_is_refused_before_the_work():
    refused(
        run("study", "levels", "fashion-mnist", "--scheduler", "here:8786"), "'here:8786' is not the address", "tcp://"
    )
    both = ("--scheduler", "tcp://10.0.0.5:8786", "--workers", "2")
    refused(run("study", "levels", "fashion-mnist", *both), "2 workers here, and those of the scheduler")


def test_a_folder_that_cannot_be_written_is_refused_before_the_work(tmp_path):
    (tmp_path / "file").touch()
    refused(run("study", "levels", "fashion-mnist", "--out", str(tmp_path / "file" / "x")), "cannot write")


@pytest.mark.slow
def test_technologies_stand_side_by_side_with_what_is_not_counted():
    names = ("ideal", "skyrmion-published", "skyrmion-simulated")
    options = [part for name in names for part in ("--technology", name)]
    found = json.loads(run("compare", "fashion-mnist", *options, "--count", "50", "--json").stdout)
    rows = {row["technology"]: row for row in found["rows"]}
    assert list(rows) == list(names) and found["metric"] == "FD(fashion-cnn, 50)"
    assert rows["ideal"]["drawing"]["time_s"]["value"] is None
    published = rows["skyrmion-published"]["drawing"]["activation_energy_j"]
    assert published["value"] == pytest.approx(108.75e-12, rel=1e-3, abs=0) and "tanh, digital" in published["missing"]


def test_a_technology_that_does_not_exist_is_refused():
    refused(run("compare", "fashion-mnist", "--technology", "unobtainium"), "no technology")


def test_the_comparison_shows_recall_and_coverage_of_the_images_that_the_distance_is_measured_on(monkeypatch):
    monkeypatch.setattr(
        "spingan.studies.net_trials.run_parallel", lambda work, tasks, **given: [work(task) for task in tasks]
    )
    found = compare("fashion-mnist", ["ideal", "wox-memristor"], count=60)
    images = image_bytes(reprogram("fashion-mnist", "ideal", fit_images=Plan(count=60).fit_images).sample(60, 0, 0))
    reference = reference_for(load_model("fashion-mnist"), 60)
    assert found.variety_metric == "variety(fashion-cnn, 60, k=5)"
    assert found.rows[0].variety == reference.distance_and_variety(images)[1]
    assert found.to_dict()["rows"][1]["variety"]["recall"] == found.rows[1].variety.recall
    rows = comparison_rows(found)
    assert rows[0][HEADINGS.index("recall")] == f"{found.rows[0].variety.recall:.3f}"
    assert rows[1][HEADINGS.index("coverage")] == f"{found.rows[1].variety.coverage:.3f}"
    assert found.variety_metric in comparison_notes(found)[0]
