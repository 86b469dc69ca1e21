"""Sweeps of the shipped generator: what is done to the devices reaches the images, and the verdict follows the rule."""

import csv
import io

import numpy as np
import pytest
import torch

from spingan.errors import UserError
from spingan.evaluation.real_images import image_bytes
from spingan.evaluation.reference import reference_for
from spingan.nn.weights import load_model
from spingan.spec.technology import load_technology
from spingan.studies.levels import levels_study, with_levels
from spingan.studies.sweep import Setting, claim_verdict, largest_tolerated
from spingan.studies.trials import Trial, fingerprint, run_trial, technology_text
from spingan.studies.variability import variability_of, variability_study
from spingan.studies.verdict import Interval

MODEL = "fashion-mnist"


def _setting(value: float, tolerated: bool) -> Setting:
    return Setting(value, str(value), (), Interval(1, 1, 1), 1.0, tolerated, np.zeros((0, 28, 28), np.uint8))


@pytest.fixture(scope="module")
def study():
    return variability_study(MODEL, fractions=(0.0, 0.5), count=100, seeds=2, workers=2)


def test_a_trial_is_the_model_s_own_images_judged_as_evaluate_judges_them():
    outcome = run_trial(Trial(MODEL, None, None, seed=3, count=100, shown=4))
    images = image_bytes(load_model(MODEL).sample(100, 3, 3))
    assert np.array_equal(outcome.images, images[:4])
    assert outcome.metric == "FD(fashion-cnn, 100)"
    assert outcome.distance == pytest.approx(reference_for(load_model(MODEL), 100).distance(images), rel=1e-12)


def test_a_model_whose_weights_change_under_a_study_is_refused():
    now = fingerprint(load_model(MODEL))
    assert run_trial(Trial(MODEL, None, None, seed=0, count=0, shown=1, fingerprint=now)).images.shape == (1, 28, 28)
    with pytest.raises(UserError, match="have changed since the study began"):
        run_trial(Trial(MODEL, None, None, seed=0, count=0, shown=1, fingerprint=now[::-1]))
    assert fingerprint(load_model("fashion-mnist-float")) != now


def test_a_trial_that_judges_nothing_only_draws():
    outcome = run_trial(Trial(MODEL, None, (0.1, "value"), seed=0, count=0, shown=2))
    assert outcome.distance is None and outcome.images.shape == (2, 28, 28)


@pytest.mark.slow
def test_the_numbers_do_not_depend_on_the_number_of_processes(study):
    alone = variability_study(MODEL, fractions=(0.0, 0.5), count=100, seeds=2, workers=1)
    assert [setting.distances for setting in alone.settings] == [setting.distances for setting in study.settings]


def test_half_of_every_weight_s_value_makes_the_images_worse(study):
    exact, varied = study.settings
    assert study.ideal is exact
    assert min(varied.distances) > max(exact.distances)
    assert varied.of_ideal == pytest.approx(varied.interval.mean / exact.interval.mean)
    assert varied.images.shape == (10, 28, 28) and not np.array_equal(varied.images, exact.images)


def test_variety_stands_with_the_distance_and_is_lost_with_it(study):
    exact, varied = study.settings
    for setting, told in zip(study.settings, study.to_dict()["settings"], strict=True):
        assert 0 <= setting.recall <= 1 and 0 <= setting.coverage <= 1
        assert (told["recall"], told["coverage"]) == (setting.recall, setting.coverage)
    assert varied.coverage < exact.coverage
    rows = list(csv.DictReader(io.StringIO(study.csv())))
    assert float(rows[0]["mean_coverage"]) == pytest.approx(exact.coverage, rel=1e-3)


def test_a_sweep_without_the_claimed_setting_does_not_test_the_claim(study):
    assert study.verdict == "not tested"


def test_the_table_has_a_row_a_setting_and_seed(study):
    rows = list(csv.DictReader(io.StringIO(study.csv())))
    assert [(row["variability"], row["seed"]) for row in rows] == [("0", "0"), ("0", "1"), ("0.5", "0"), ("0.5", "1")]
    assert float(rows[0][study.metric]) == pytest.approx(study.settings[0].distances[0], rel=1e-5)


def test_json_has_everything_but_the_images(study):
    content = study.to_dict()
    assert content["settings"][1]["distances"] == list(study.settings[1].distances)
    assert "images" not in content["settings"][0] and content["metric"] == "FD(fashion-cnn, 100)"


def test_a_claim_holds_when_all_that_it_covers_is_tolerated():
    settings = [_setting(0.0, True), _setting(0.3, True), _setting(0.5, False)]
    assert claim_verdict(settings, lambda value: value <= 0.3, 0.3) == "holds"
    assert claim_verdict(settings, lambda value: value <= 0.5, 0.5) == "does not hold"
    assert claim_verdict(settings, lambda value: value <= 0.4, 0.4) == "not tested"


def test_the_largest_tolerated_is_the_last_before_the_first_that_is_not():
    assert largest_tolerated([_setting(0.0, True), _setting(0.1, False), _setting(0.2, True)]) == 0.0
    assert largest_tolerated([_setting(0.0, False)]) is None


@pytest.mark.parametrize("fraction", [-0.1, 1.0, 1.5])
def test_a_variability_that_makes_resistances_negative_is_refused(fraction):
    with pytest.raises(UserError, match="zero or negative"):
        variability_study(MODEL, fractions=(fraction,))


def test_one_seed_has_no_interval():
    with pytest.raises(UserError, match="no interval"):
        variability_study(MODEL, seeds=1)


def test_variability_is_of_the_resistance_where_there_is_one():
    assert variability_of(load_technology("wox-memristor"))[0] == "resistance"
    assert variability_of(load_technology("skyrmion-published"))[0] == "value"
    with pytest.raises(UserError, match="no devices"):
        variability_of(load_technology("ideal"))


@pytest.mark.parametrize("levels", [0, 1, 10**6])
def test_a_device_has_at_least_two_levels(levels):
    with pytest.raises(UserError, match=f"{levels} levels"):
        levels_study(MODEL, levels=(levels,))


def test_levels_are_evenly_spaced_between_the_same_ends():
    technology = load_technology("wox-memristor")
    synapse, own = with_levels(technology, 5).synapse, technology.synapse
    assert synapse is not None and own is not None
    assert synapse.states == 5 and synapse.step_up is None
    assert (synapse.conductance[0], synapse.conductance[-1]) == (own.conductance[0], own.conductance[-1])
    assert np.diff(synapse.conductance) == pytest.approx(np.diff(synapse.conductance).mean(), rel=1e-9, abs=0)


def test_two_levels_change_the_weights_and_as_many_as_the_model_has_do_not():
    technology = load_model(MODEL).technology
    own = run_trial(Trial(MODEL, None, None, seed=0, count=0, shown=4)).images
    same = run_trial(Trial(MODEL, technology_text(with_levels(technology, 64)), None, seed=0, count=0, shown=4)).images
    two = run_trial(Trial(MODEL, technology_text(with_levels(technology, 2)), None, seed=0, count=0, shown=4)).images
    assert np.abs(same.astype(int) - own).mean() < 1  # batch norm is measured anew on other latents
    assert np.abs(two.astype(int) - own).mean() > 10


def test_images_that_are_neither_grey_nor_colour_or_not_finite_are_refused():
    with pytest.raises(UserError, match="grey or colour"):
        image_bytes(torch.zeros(1, 2, 28, 28))
    with pytest.raises(UserError, match="not finite"):
        image_bytes(torch.full((1, 1, 28, 28), torch.nan))
