"""The command `spingan reproduce` as a user meets it."""

import json
import sys

import pytest

from spingan import cli


def run(arguments, monkeypatch):
    """The exit status of a command."""
    monkeypatch.setattr(sys, "argv", ["spingan", "reproduce", *arguments])
    with pytest.raises(SystemExit) as status:
        cli.main()
    return status.value.code


def test_json_is_one_object_with_the_rows_of_the_source(monkeypatch, capsys, tmp_path):
    page = tmp_path / "page.html"
    assert run(["--only", "accounts", "--json", "--html", str(page)], monkeypatch) == 0
    found = json.loads(capsys.readouterr().out)
    assert [row["ours"] for row in found["rows"]] == [2, 3]  # the factors of paper S's accounts
    assert found["files"] == [str(page)] and page.exists()


def test_the_terminal_shows_rows_counts_and_the_headline(monkeypatch, capsys):
    assert run(["--only", "accounts"], monkeypatch) == 0
    shown = capsys.readouterr().out
    assert "Paper S: energy, Table I" in shown
    assert "updates of the optimiser a batch" in shown
    assert shown.rstrip().endswith("need something that is not here.")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--only", "nonsense"], "Known: leaky-relu"),
        (["--fresh", "--only", "nonsense"], "Known: leaky-relu"),
        (["--fresh", "--only", "accounts"], "no stored result 'accounts'"),
        (["--store", "nonsense", "x.json"], "Known: leaky-relu"),
        (["--store", "relu", "no-such-file.json"], "spingan device relu --json"),
        (["--html", "/"], "it is a folder"),
        (["--stored", "no-such-folder"], "there is no folder no-such-folder"),
        (["--out", "/proc/here"], "cannot write"),
    ],
)
def test_bad_input_ends_with_what_to_do_and_status_2(arguments, said, monkeypatch, capsys):
    assert run(arguments, monkeypatch) == 2
    assert said in capsys.readouterr().err


def test_store_takes_a_commands_json_into_a_folder_of_the_users(monkeypatch, capsys, tmp_path):
    rows = [
        {"quantity": "slope below zero over slope above, within ±34.8 µA", "printed": 0.0, "ours": 0.001, "unit": "1"}
    ]
    file = tmp_path / "relu.txt"
    file.write_text(json.dumps({"rows": [row | {"note": ""} for row in rows]}))
    arguments = ["--store", "relu", str(file), "--stored", str(tmp_path), "--only", "relu", "--json"]
    assert run(arguments, monkeypatch) == 0
    (row,) = json.loads(capsys.readouterr().out)["rows"]
    assert (row["status"], row["ours"], row["stored"]) == ("matches", 0.001, "relu")
