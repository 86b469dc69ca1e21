"""Stored results: whole, dated, and known to be old when the weights are others."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from spingan.errors import UserError
from spingan.papers import stored_results
from spingan.papers.reproduce import reproduce
from spingan.papers.rows import Value
from spingan.papers.sources import SLOW
from spingan.papers.stored_results import SHIPPED, age_text, read_stored, renew, store, store_result


def test_a_result_is_read_as_it_was_stored(tmp_path):
    values = {"path": Value(67.2, "nm", "mean of 5"), "ends": Value((2.0, 6.0), "1"), "none": Value(None, "ns", "lost")}
    store("relu", "spingan device relu", values, {"seed": 3, "seconds": 12.5}, folder=tmp_path)
    found = read_stored("relu", tmp_path)
    assert found is not None
    assert found.values == values
    assert found.obtained["seed"] == 3
    assert "12.5 s" in found.provenance() and "today" in found.provenance()


def test_an_age_is_shown_in_days(tmp_path):
    date = (datetime.now(UTC) - timedelta(days=40)).isoformat()
    store("relu", "spingan device relu", {"x": Value(1.0, "1")}, {"date": date}, folder=tmp_path)
    found = read_stored("relu", tmp_path)
    assert found is not None
    assert "40 days old" in found.provenance()
    assert found.age_days() == pytest.approx(40, abs=0.01)  # the test's own seconds
    assert (age_text(0.5), age_text(1.5)) == ("today", "1 day old")


def test_a_stored_value_decides_the_status_of_its_row(tmp_path):
    def status(slope):
        row = "slope below zero over slope above, within ±34.8 µA"
        store("relu", "spingan device relu", {row: Value(slope, "1")}, {}, folder=tmp_path)
        return next(row.status for row in reproduce(["relu"], tmp_path).rows)

    assert status(0.0017) == "matches"
    assert status(0.4) == "differs"
    assert status(None) == "differs"


def test_a_result_about_other_weights_than_those_shipped_is_stale_and_matches_nothing(tmp_path, monkeypatch):
    values = {"largest variability tolerated": Value(30.0, "%")}
    store("variability", "spingan study variability mnist-memristive", values, {}, ("mnist-memristive",), tmp_path)
    (row,) = reproduce(["variability"], tmp_path).rows
    assert (row.status, row.stale) == ("matches", False)
    monkeypatch.setattr(stored_results, "weights_fingerprint", lambda model: "others")
    (row,) = reproduce(["variability"], tmp_path).rows
    assert (row.status, row.stale) == ("needs", True)
    assert "STALE" in row.obtained


def test_what_is_not_stored_needs_the_command_that_makes_it(tmp_path, monkeypatch):
    monkeypatch.setattr(stored_results, "SHIPPED", tmp_path)
    (row,) = reproduce(["relu"], tmp_path).rows
    assert row.status == "needs" and "spingan device relu" in row.reason


@pytest.mark.parametrize("text", ["", "{}", '{"command": 1}', "[1]", "no json"])
def test_a_damaged_file_is_refused_with_the_way_to_make_it_anew(tmp_path, text):
    (tmp_path / "relu.json").write_text(text)
    with pytest.raises(UserError, match="--fresh --only relu"):
        read_stored("relu", tmp_path)


def test_the_json_of_a_command_is_stored_with_the_files_date_and_no_path(tmp_path):
    rows = [{"quantity": "slope", "printed": 0.0, "ours": 0.1, "unit": "1", "note": ""}]
    file = tmp_path / "printed.json"
    file.write_text(json.dumps({"device": "relu", "rows": rows, "files": ["/home/someone/x.png"]}))
    path = store_result("relu", file, tmp_path / "here")
    assert "/home" not in path.read_text()
    found = read_stored("relu", tmp_path / "here")
    assert found is not None
    assert found.values["slope"] == Value(0.1, "1")
    assert abs(found.date.timestamp() - file.stat().st_mtime) <= 1  # dates are kept to the second


@pytest.mark.parametrize("content", ["{", "[]", '{"rows": 3}', '{"other": 1}'])
def test_a_file_that_is_not_the_commands_output_is_refused(tmp_path, content):
    file = tmp_path / "wrong.json"
    file.write_text(content)
    with pytest.raises(UserError, match="spingan device relu"):
        store_result("relu", file, tmp_path)


def test_a_study_of_another_net_is_refused(tmp_path):
    file = tmp_path / "study.json"
    file.write_text(json.dumps({"model": "fashion-mnist", "largest_tolerated": 0.3}))
    with pytest.raises(UserError, match="about fashion-mnist, not about the shipped digits"):
        store_result("variability", file, tmp_path)


def test_an_unknown_name_is_refused_and_the_known_ones_are_named(tmp_path):
    for refused in (
        lambda: renew("nonsense"),
        lambda: store_result("nonsense", tmp_path),
        lambda: reproduce(["nonsense"]),
    ):
        with pytest.raises(UserError, match="leaky-relu"):
            refused()


def test_a_run_that_logged_no_first_step_has_no_first_loss(tmp_path):
    header = "epoch,step,discriminator_loss,generator_loss"
    (tmp_path / "metrics.csv").write_text(f"{header}\n1,50,0.1,6.0\n")
    (tmp_path / "recipe.yaml").write_text("seed: 0\n")
    with pytest.raises(UserError):
        store_result("first-losses-fashion-mnist", tmp_path, tmp_path)


def test_shipped_results_are_of_known_sources_and_name_no_path():
    names = {source.name for source in SLOW}
    for file in SHIPPED.glob("*.json"):
        assert file.stem in names
        assert read_stored(file.stem) is not None
        assert not any(part in file.read_text(encoding="utf-8") for part in ("/root", "/home", "/tmp", "/work"))


def test_a_result_with_other_keys_is_refused_by_their_names(tmp_path):
    store("relu", "spingan device relu", {"x": Value(1.0, "1")}, {}, folder=tmp_path)
    content = json.loads((tmp_path / "relu.json").read_text(encoding="utf-8"))
    for other in (content | {"more": 1}, {"command": "x"}):
        (tmp_path / "relu.json").write_text(json.dumps(other), encoding="utf-8")
        with pytest.raises(UserError, match=r"its keys are .*, not command, models, obtained, values"):
            read_stored("relu", tmp_path)
