"""Sweeps of the shipped generator: what is done to the devices reaches the images, and the verdict follows the rule."""

import csv
import io

import numpy as np
import pytest
import torch

from spingan.arrays.conditions import ChipConditions
from spingan.errors import UserError
from spingan.evaluation.real_images import image_bytes
from spingan.evaluation.reference import reference_for
from spingan.nn.weights import load_model
from spingan.papers.claims import held_against
from spingan.papers.printed import load_yaml
from spingan.spec.noise import Noise
from spingan.spec.technology import load_technology
from spingan.studies.claims import Claim
from spingan.studies.levels import with_levels
from spingan.studies.parallel import Workers
from spingan.studies.run import STUDIES, run_study
from spingan.studies.trials import Trial, fingerprint, run_trial, technology_text
from spingan.studies.variability import variability_of

MODEL = "fashion-mnist"


@pytest.fixture(scope="module")
def study():
    return _variability(workers=2)


def _variability(workers: int, **options):
    chosen = Workers(workers)
    asked = {"fractions": (0.0, 0.5), "count": 100, "seeds": 2, **held_against("variability"), **options}
    return run_study("variability", MODEL, workers=chosen, **asked)


def test_a_trial_is_the_model_s_own_images_judged_as_evaluate_judges_them():
    outcome = run_trial(Trial(MODEL, seed=3, count=100, shown=4))
    images = image_bytes(load_model(MODEL).sample(100, 3, 3))
    assert np.array_equal(outcome.images, images[:4])
    assert outcome.about == "FD(fashion-cnn, 100)"
    assert outcome.distance == pytest.approx(reference_for(load_model(MODEL), 100).distance(images), rel=1e-12)


def test_a_model_whose_weights_change_under_a_study_is_refused():
    now = fingerprint(load_model(MODEL).generator)
    assert run_trial(Trial(MODEL, shown=1, fingerprint=now)).images.shape == (1, 28, 28)
    with pytest.raises(UserError, match="have changed since the study began"):
        run_trial(Trial(MODEL, shown=1, fingerprint=now[::-1]))
    assert fingerprint(load_model("clothes-float").generator) != now


def test_a_trial_that_judges_nothing_only_draws():
    outcome = run_trial(
        Trial(MODEL, conditions=ChipConditions(programming_noise=Noise(fraction=0.1, of="value")), shown=2)
    )
    assert outcome.values == {} and outcome.images.shape == (2, 28, 28)


@pytest.mark.slow
def test_the_numbers_do_not_depend_on_the_number_of_processes(study):
    alone = _variability(workers=1)
    assert [setting.values for setting in alone.settings] == [setting.values for setting in study.settings]


def test_half_of_every_weight_s_value_makes_the_images_worse(study):
    exact, varied = study.settings
    assert study.ideal.values == exact.values
    assert min(varied.values) > max(exact.values)
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
    assert study.claims[0].verdict == study.to_dict()["verdict"] == "not tested"


def test_the_table_has_a_row_a_setting_and_seed(study):
    rows = list(csv.DictReader(io.StringIO(study.csv())))
    assert [(row["setting"], row["seed"]) for row in rows] == [("0", "0"), ("0", "1"), ("0.5", "0"), ("0.5", "1")]
    assert float(rows[0]["value"]) == pytest.approx(study.settings[0].values[0], rel=1e-5)
    assert {row["measure"] for row in rows} == {study.metric}


def test_json_has_everything_but_the_images(study):
    content = study.to_dict()
    assert content["settings"][1]["distances"] == list(study.settings[1].values)
    assert "images" not in content["settings"][0] and content["metric"] == "FD(fashion-cnn, 100)"


def test_the_claim_comes_in_as_data(monkeypatch):
    monkeypatch.setattr("spingan.studies.axes.run_parallel", lambda work, tasks, **_: [work(task) for task in tasks])
    own = Claim("half is too much", "variability", "harm", must_reach=(0.5,))
    (found,) = run_study("variability", MODEL, fractions=(0.5,), count=30, seeds=2, claims=[own]).claims
    assert found.text == own.text and found.verdict in ("holds", "does not hold")


def test_the_ideal_that_is_among_the_settings_is_judged_once(study, monkeypatch):
    asked = []

    def run(work, tasks, **_):
        asked.extend(tasks)
        return [work(task) for task in tasks]

    monkeypatch.setattr("spingan.studies.axes.run_parallel", run)
    run_study("variability", MODEL, fractions=(0.5,), count=20, seeds=2)
    assert len(asked) == 4  # two settings, two seeds


def test_what_does_nothing_in_a_study_and_what_is_no_study_is_refused():
    for name, options in (("leakage", {"count": 2}), ("levels", {"fractions": (0.1,)}), ("block-error", {"bits": [4]})):
        with pytest.raises(UserError, match=f"does nothing in the study {name}"):
            run_study(name, MODEL, **options)
    with pytest.raises(UserError, match="Known: variability"):
        run_study("nonsense", MODEL)  # pyright: ignore[reportArgumentType]
    assert set(load_yaml("claims.yaml")["claims"]) <= set(STUDIES)  # every claim of a paper has its study


@pytest.mark.parametrize("fraction", [-0.1, 1.0, 1.5])
def test_a_variability_that_makes_resistances_negative_is_refused(fraction):
    with pytest.raises(UserError, match="zero or negative"):
        run_study("variability", MODEL, fractions=(fraction,))


def test_one_seed_has_no_interval():
    with pytest.raises(UserError, match="no interval"):
        run_study("variability", MODEL, seeds=1)


def test_variability_is_of_the_resistance_where_there_is_one():
    assert variability_of(load_technology("wox-memristor"))[0] == "resistance"
    assert variability_of(load_technology("skyrmion-published"))[0] == "value"
    with pytest.raises(UserError, match="no devices"):
        variability_of(load_technology("ideal"))


@pytest.mark.parametrize("levels", [0, 1, 10**6])
def test_a_device_has_at_least_two_levels(levels):
    with pytest.raises(UserError, match=f"{levels} levels"):
        run_study("levels", MODEL, levels=(levels,))


def test_levels_are_evenly_spaced_between_the_same_ends():
    technology = load_technology("wox-memristor")
    synapse, own = with_levels(technology, 5).synapse, technology.synapse
    assert synapse is not None and own is not None
    assert synapse.states == 5 and synapse.step_up is None
    assert (synapse.conductance[0], synapse.conductance[-1]) == (own.conductance[0], own.conductance[-1])
    assert np.diff(synapse.conductance) == pytest.approx(np.diff(synapse.conductance).mean(), rel=1e-9, abs=0)


def test_two_levels_change_the_weights_and_as_many_as_the_model_has_do_not():
    technology = load_model(MODEL).technology
    own = run_trial(Trial(MODEL, shown=4)).images
    same = run_trial(Trial(MODEL, technology=technology_text(with_levels(technology, 64)), shown=4)).images
    two = run_trial(Trial(MODEL, technology=technology_text(with_levels(technology, 2)), shown=4)).images
    assert np.abs(same.astype(int) - own).mean() < 1  # batch norm is measured anew on other latents
    assert np.abs(two.astype(int) - own).mean() > 10


def test_images_that_are_neither_grey_nor_colour_or_not_finite_are_refused():
    with pytest.raises(UserError, match="grey or colour"):
        image_bytes(torch.zeros(1, 2, 28, 28))
    with pytest.raises(UserError, match="not finite"):
        image_bytes(torch.full((1, 1, 28, 28), torch.nan))
