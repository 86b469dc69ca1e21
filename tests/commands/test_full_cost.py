"""The whole bill on the command line: what is asked for is counted, or refused, and never left aside."""

import json

import pytest
from typer.testing import CliRunner

from spingan.bills import compare_bills
from spingan.cli import app
from spingan.errors import UserError
from spingan.spec.technology import load_technology, write_technology


def run(*arguments: str):
    return CliRunner().invoke(app, ["cost", *arguments])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--write-time-ns", "5"), "--table write-schedules"),
        (("--schedule", "1x1", "--json"), "--table write-schedules"),
        (("--measure",), "--table components"),
        (("--table", "components", "--write-time-ns", "5"), "--table write-schedules"),
        (("--table", "write-schedules", "--measure"), "--table components"),
        (("--table", "components", "--accounting", "full"), "--table bill"),
        (("--table", "components", "--detail"), "the whole bill"),
        (("--compare", ""), "names no technology"),
        (("--compare", "pcm", "--compare", "all"), "all, and more"),
        (("--technology", "pcm", "--set", "technology=ideal"), "both give the technology"),
        (("--technology", "no: such", "--set", "epochs=3"), "no technology no: such"),
        (("--technology", "null"), "no technology null"),
    ],
)
def test_an_option_that_would_be_left_aside_is_refused(arguments, words):
    result = run("fashion-mnist", *arguments)
    assert result.exit_code == 2 and words in result.output, result.output
    assert len(result.output.splitlines()) <= 4


def test_two_technologies_of_one_name_are_not_compared(tmp_path):
    own = load_technology("pcm").model_copy(update={"name": "skyrmion-published"})
    with pytest.raises(UserError, match="two different technologies have the name skyrmion-published"):
        compare_bills("fashion-mnist", [str(write_technology(own, tmp_path)[0])])


def test_a_sum_that_lacks_a_part_says_so_in_print_and_in_json(tmp_path):
    (tmp_path / "own.yaml").write_text(
        "schema_version: 1\nname: own\nbased_on: pcm\nadc: {bits: 3, energy_j: 1.0e-12}\n", encoding="utf-8"
    )
    own = ("fashion-mnist", "--technology", str(tmp_path / "own.yaml"))
    assert "area     > " in run(*own).output and "area     > " not in run("fashion-mnist", "--technology", "pcm").output
    assert "column converters (ADC): area" in json.loads(run(*own, "--json").stdout)["not_counted"]
