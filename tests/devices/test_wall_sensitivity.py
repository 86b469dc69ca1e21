"""The table of terms: its first row is today's device, its changes are from there, its spread is in the file."""

from dataclasses import replace

import numpy as np
import pytest

from spingan.devices.domain_wall import designed_wall
from spingan.devices.real_terms import Heat, RealTerms, read_real_terms
from spingan.devices.wall_sensitivity import (
    ALL,
    FIGURES,
    NONE,
    Question,
    headlines,
    sensitivity,
    sensitivity_curve,
)
from spingan.errors import UserError
from spingan.spec.files import read_conductance_curve, write_activation

DEVICE = designed_wall("leaky_relu")
QUESTION = Question(DEVICE, 20e-6, 53e-9, read_real_terms().only("shunt", "grains"), devices=4, seed=1)


@pytest.fixture(scope="module")
def found():
    return sensitivity(QUESTION)


def row(found, term, convention="magnet-section"):
    (one,) = [effect for effect in found.effects if (effect.term, effect.convention) == (term, convention)]
    return one


def test_every_term_stands_in_the_asked_and_in_the_textbook_convention(found):
    terms = [NONE, "shunt", "grains", ALL]
    assert [(one.term, one.convention) for one in found.effects] == [
        (term, convention) for convention in ("magnet-section", "textbook") for term in terms
    ]
    weaker = [row(found, NONE, convention).figures["position_high_nm"] for convention in ("textbook", "magnet-section")]
    assert weaker[0] < weaker[1]  # the textbook's drive is 2.4 times as small


def test_the_first_row_is_the_device_without_terms(found):
    for convention, figures in headlines(DEVICE, 20e-6, 53e-9, "magnet-section").items():
        assert figures == row(found, NONE, convention).figures


def test_changes_are_from_the_first_row_and_only_random_terms_have_a_spread(found):
    bare = row(found, NONE)
    for term in ("shunt", "grains", ALL):
        effect = row(found, term)
        assert (effect.deviation is None) == (term == "shunt")
        for name in FIGURES:
            assert effect.change[name] == pytest.approx(effect.figures[name] - bare.figures[name])
    assert row(found, "shunt").figures["span_s"] < bare.figures["span_s"]
    assert all(row(found, term).source for term in ("shunt", "grains"))


def test_the_file_has_the_spread_of_the_devices_about_the_nominal_one(found, tmp_path):
    curve = sensitivity_curve(found, "leaky_relu", "real")
    assert curve is not None
    write_activation(curve, tmp_path / "real.csv")
    read = read_conductance_curve(tmp_path / "real.csv")
    assert read.spread == curve.spread
    assert read.spread.gain > 0
    assert "4 devices, seed 1: grains" in read.spread.source
    assert np.interp(20e-6, read.input, read.rising) == pytest.approx(found.nominal.at(20e-6).conductance_s)
    span = row(found, ALL).deviation["span_s"] / found.nominal.at(20e-6).conductance_s
    assert span < read.spread.gain < 30 * span  # one is a line's slope, one the last point: the same size


def test_the_same_seed_gives_the_same_table_and_another_seed_another(found):
    again = sensitivity(QUESTION)
    assert [one.figures for one in again.effects] == [one.figures for one in found.effects]
    other = sensitivity(replace(QUESTION, seed=2, terms=QUESTION.terms.only("grains")))
    assert row(other, "grains").figures != row(found, "grains").figures


def test_a_term_that_leaves_no_device_is_told_and_does_not_stop_the_table():
    hot = RealTerms(heat=Heat(1e9, "a test"))
    found = sensitivity(replace(QUESTION, terms=hot))
    effect = row(found, "heat")
    assert effect.lost == 1
    assert "Curie" in effect.note
    assert effect.figures["span_s"] is None
    assert sensitivity_curve(found, "leaky_relu", "hot") is None


def test_questions_without_terms_or_devices_are_refused():
    with pytest.raises(UserError, match="no term"):
        replace(QUESTION, terms=RealTerms())
    with pytest.raises(UserError, match="spread"):
        replace(QUESTION, devices=1)
