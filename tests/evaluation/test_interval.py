"""Intervals of a mean: Student's t by its finite sums, held against scipy's."""

import math

import pytest
from scipy import stats

from spingan.evaluation.interval import CONFIDENCE, interval, student_t


@pytest.mark.parametrize("freedom", [1, 2, 3, 4, 5, 9, 10, 99, 100, 1000])
def test_student_s_t_is_scipy_s(freedom):
    assert student_t(freedom) == pytest.approx(float(stats.t.ppf((1 + CONFIDENCE) / 2, freedom)), rel=1e-12)


def test_an_interval_is_scipy_s():
    values = [1.0, 2.5, 4.0, 3.0]
    found = interval(values)
    low, high = stats.t.interval(CONFIDENCE, 3, found.mean, stats.sem(values))
    assert (found.low, found.high) == pytest.approx((low, high), rel=1e-12)


def test_one_value_says_nothing_of_the_spread():
    assert interval([2.0]) == interval([2.0]) and interval([2.0]).high == math.inf
