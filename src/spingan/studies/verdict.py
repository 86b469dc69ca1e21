"""The rule by which a study speaks: intervals over seeds and chips, and what counts as tolerated. Fixed beforehand."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from scipy import stats

CONFIDENCE = 0.95
TOLERANCE = 1.25  # of the ideal's distance; the rule of the project's studies, chosen before any of them was run
RULE = "tolerated: the 95 % interval of the distance over seeds and chips stays below 1.25 of the ideal's mean"


@dataclass(frozen=True)
class Interval:
    """A mean with the interval that holds the true one in 95 of 100 studies (Student's t)."""

    mean: float
    low: float
    high: float


def interval(values: Sequence[float]) -> Interval:
    """The mean and its interval; infinitely wide for one value, which says nothing about the spread."""
    count = len(values)
    mean = math.fsum(values) / count
    if count == 1:
        return Interval(mean, -math.inf, math.inf)
    deviation = math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (count - 1))
    half = float(stats.t.ppf((1 + CONFIDENCE) / 2, count - 1)) * deviation / math.sqrt(count)
    return Interval(mean, mean - half, mean + half)


def tolerated(found: Interval, ideal: Interval) -> bool:
    """Whether a setting's whole interval lies below 1.25 of the ideal's mean."""
    return found.high < TOLERANCE * ideal.mean
