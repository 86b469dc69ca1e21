"""The study of time: its axis, what it refuses, and that aged chips are worse until they measure themselves again."""

import json

import pytest
from typer.testing import CliRunner

from spingan.cli import app
from spingan.errors import UserError
from spingan.spec.synapse import Retention, Validity
from spingan.spec.technology import load_technology
from spingan.studies.parallel import Workers
from spingan.studies.run import run_study
from spingan.studies.time import TIMES_S, known_times, time_text

MODEL = "fashion-mnist"


def test_the_times_begin_where_a_technology_is_known_and_end_after_ten_years():
    assert known_times(load_technology("hfox-rram").synapse) == TIMES_S
    assert known_times(load_technology("pcm").synapse) == (20.0, *TIMES_S[1:])
    short = load_technology("pcm").synapse.model_copy(
        update={"retention": Retention(law="exponential", time_s=1e-3), "validity": Validity(time_s=(0.0, 5_000.0))}
    )
    assert known_times(short) == TIMES_S[:2]
    assert [time_text(seconds) for seconds in (1.0, 20.0, 3_600.0, 86_400.0, TIMES_S[-1])] == [
        "1 s", "20 s", "1 h", "1 d", "10 y"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"technologies": ["ideal"]}, "no devices that age"),
        ({"technologies": ["wox-memristor"]}, "does not say how its states fade"),
        ({"technologies": ["pcm"], "at": [5.0]}, "power law of synapse pcm begins 20 s after writing, not at 5 s"),
        ({"technologies": ["nonsense"]}, "no technology"),
    ],
)
def test_what_does_not_age_or_is_not_known_then_is_refused_before_the_work(asked, message):
    with pytest.raises(UserError, match=message):
        run_study("time", MODEL, **asked)


def test_the_study_says_its_series_its_laws_and_how_often_to_write_again(monkeypatch):
    monkeypatch.setattr("spingan.studies.axes.run_parallel", lambda work, tasks, **_: [work(task) for task in tasks])
    options = ("--technology", "pcm", "--at", "1e6", "--count", "20", "--seeds", "2", "--calibration", "32", "--json")
    result = CliRunner().invoke(app, ("study", "time", MODEL, *options))
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert [line["name"] for line in found["series"]] == ["pcm, as written", "pcm, gains and norms measured again"]
    left, measured = (line["settings"][0] for line in found["series"])
    assert left["value"] == 1e6 and left["label"] == "11.6 d" and len(left["distances"]) == 2
    assert measured["mean"] < left["mean"] and left["recall"] is not None
    assert [entry["devices"] for entry in found["refresh"]] == [found["refresh"][0]["devices"]] * 2
    assert "power law" in found["notes"][0] and "measured until 1 d" in found["notes"][0]


@pytest.mark.slow
def test_an_hour_of_relaxation_does_less_harm_than_ten_years():
    study = run_study("time", MODEL, technologies=["hfox-rram"], count=200, seeds=2, workers=Workers(1))
    for line in study.series:
        assert line.settings[1].interval.mean < line.settings[-1].interval.mean
