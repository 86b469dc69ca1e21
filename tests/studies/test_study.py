"""A study's result: Student's interval, the rule of 1.25 of the ideal's, and what its table and JSON hold."""

import csv
import io
import math

import numpy as np
import pytest

from spingan.evaluation.interval import Interval, interval
from spingan.studies.study import Judged, Series, Setting, Study, band, tolerated


def test_the_interval_holds_the_true_mean_in_95_of_100_studies():
    random = np.random.default_rng(0)
    studies = [interval(random.normal(5.0, 2.0, 3)) for _ in range(4000)]
    share = np.mean([found.low <= 5.0 <= found.high for found in studies])
    assert share == pytest.approx(0.95, abs=0.012)  # three standard deviations of 4,000 draws


def test_three_values_have_the_interval_of_the_tables():
    found = interval((1.0, 2.0, 3.0))
    assert (found.low, found.high) == pytest.approx((2 - 4.302653 / math.sqrt(3), 2 + 4.302653 / math.sqrt(3)))


def test_one_value_says_nothing_about_the_spread():
    assert interval((4.0,)) == Interval(4.0, -math.inf, math.inf)
    assert not tolerated(interval((4.0,)), Interval(100.0, 100.0, 100.0))


def test_a_band_holds_the_middle_95_percent_of_what_was_measured():
    assert band([1.0, 2.0]) == Interval(1.5, 1.025, 1.975)


@pytest.mark.parametrize(("high", "verdict"), [(12.4, True), (12.5, False), (13.0, False)])
def test_a_setting_is_tolerated_when_its_whole_interval_is_below_five_quarters(high, verdict):
    assert tolerated(Interval(11.0, 9.0, high), Interval(10.0, 9.0, 11.0)) is verdict


def test_the_table_has_a_row_a_seed_or_one_where_the_interval_is_over_more():
    seeds = Setting(0.5, "half", (1.0, 3.0), interval((1.0, 3.0)), 1.2, True, recall=0.25)
    many = Setting(0.5, "half", (), band([1.0, 2.0]))
    lines = (Series("noise", "of value", "share", "FD", (seeds,)), Series("off", "a", "share", "current", (many,), "A"))
    claim = Judged("half is nothing", "noise", "of value", "holds", "x 1.20")
    study = Study("s", "m", "t", "FD", (7, 8), lines, seeds, (claim,), (), {}, more={"floor": 0.1})
    rows = list(csv.DictReader(io.StringIO(study.csv())))
    assert [(row["axis"], row["seed"], row["value"], row["of_ideal"]) for row in rows] == [
        ("noise", "7", "1", "1.2"),
        ("noise", "8", "3", "1.2"),
        ("off", "", "", ""),
    ]
    assert rows[2]["unit"] == "A" and float(rows[2]["high_95"]) == 1.975 and rows[0]["mean_recall"] == "0.25"
    content = study.to_dict()
    assert content["series"][0]["settings"][0]["distances"] == [1.0, 3.0] and content["floor"] == 0.1
    assert (content["claim"], content["verdict"]) == (claim.text, "holds")
