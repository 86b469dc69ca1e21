"""A study of noise: settings reach the images, claims and goals follow the rule, the paper's points stay apart."""

import csv
import io

import pytest

from spingan.errors import UserError
from spingan.evaluation.interval import interval
from spingan.nn.weights import load_model
from spingan.papers.claims import held_against
from spingan.spec.synapse import Retention
from spingan.studies.noise import AXES, AXIS_NAMES, above_floor, chosen_axes, drift_note, goals
from spingan.studies.parallel import Workers
from spingan.studies.run import run_study
from spingan.studies.study import Series, Setting

MODEL = "fashion-mnist"


def _setting(value: float, *distances: float) -> Setting:
    return Setting(value, "", distances, interval(distances))


IDEAL = _setting(0.0, 9.9, 10.0, 10.1)


def _weight(value: float, *distances: float) -> Series:
    return Series("weight noise", "of full scale, frozen", "", "FD", (_setting(value, *distances),))


@pytest.fixture(scope="module")
def study():
    chosen = {"axes": ["weight noise"], "at": [0.05, 0.2]}
    return run_study("noise", MODEL, **chosen, count=60, seeds=2, workers=Workers(1), **held_against("noise"))


@pytest.mark.slow
def test_noise_of_full_scale_does_more_harm_than_noise_of_value_and_more_noise_more(study):
    found = {(line.name, setting.value): setting.of_ideal for line in study.series for setting in line.settings}
    for when in ("frozen", "each read"):
        assert found[f"of full scale, {when}", 0.2] > found[f"of value, {when}", 0.2]
        assert found[f"of full scale, {when}", 0.2] > found[f"of full scale, {when}", 0.05] > 1.0


@pytest.mark.slow
def test_the_images_shown_are_of_the_chip_that_did_worst_and_every_distance_is_kept(study):
    content = study.to_dict()
    worst = content["series"][0]["settings"][1]
    assert max(worst["distances"]) == pytest.approx(
        worst["worst_above_floor"] * (study.ideal.interval.mean - study.more["floor"]) + study.more["floor"]
    )
    assert len(worst["distances"]) == 2 and study.series[0].settings[1].images.shape == (10, 28, 28)
    rows = list(csv.DictReader(io.StringIO(study.csv())))
    assert len(rows) == 2 * 4 * 2 and rows[0]["axis"] == "weight noise"


@pytest.mark.slow
def test_printed_points_are_only_of_axes_that_were_measured(study):
    assert {point.axis for point in study.printed} == {"weight noise"}


def test_the_goal_is_of_the_worst_chip_and_above_the_floor():
    just, missed = (goals((_weight(0.05, *distances),), IDEAL, 2.0)[0] for distances in ((10, 13.9), (10, 14.1)))
    assert just["worst"] == pytest.approx(11.9 / 8) and just["reached"] and not missed["reached"]
    assert above_floor(2.0, IDEAL, 2.0) == 0.0
    assert goals((_weight(0.02, 10, 10),), IDEAL, 2.0) == []


def test_every_axis_is_reached_and_one_without_devices_is_left_out_with_a_word_or_refused_by_name():
    assert {axis.axis for axis in AXES} == set(AXIS_NAMES)
    twin = load_model("clothes-float")
    chosen, notes = chosen_axes(twin, (), ())
    assert {"stuck devices", "drift", "spread of activations", "trimmed activations"}.isdisjoint(
        axis.axis for axis in chosen
    )
    assert len(notes) == 4
    with pytest.raises(UserError, match="no devices for the axis drift"):
        chosen_axes(twin, ("drift",), ())
    with pytest.raises(UserError, match="unknown axis"):
        run_study("noise", MODEL, axes=["nonsense"])


def test_a_share_that_drifts_away_has_a_time_only_by_a_law_that_is_known():
    assert "unknown" in drift_note("a", None, (0.1,)) and "assumed" in drift_note("a", None, (0.1,))
    law = Retention(law="exponential", time_s=10.0)
    assert "10% after 1.05 s" in drift_note("a", law, (0.1,))
