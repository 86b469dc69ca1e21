"""The rule of the studies: Student's interval, and 1.25 of the ideal's."""

import math

import numpy as np
import pytest

from spingan.studies.verdict import Interval, interval, tolerated


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


@pytest.mark.parametrize(("high", "verdict"), [(12.4, True), (12.5, False), (13.0, False)])
def test_a_setting_is_tolerated_when_its_whole_interval_is_below_five_quarters(high, verdict):
    assert tolerated(Interval(11.0, 9.0, high), Interval(10.0, 9.0, 11.0)) is verdict
