"""A mean over chips or seeds with its interval."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

CONFIDENCE = 0.95  # the usual level: assumed


@dataclass(frozen=True)
class Interval:
    """A mean with its bounds."""

    mean: float
    low: float
    high: float


def interval(values: Sequence[float]) -> Interval:
    """The mean and the interval that holds the true one in 95 of 100 studies (Student's t).

    Infinitely wide for one value, which says nothing about the spread.
    """
    count = len(values)
    mean = math.fsum(values) / count
    if count == 1:
        return Interval(mean, -math.inf, math.inf)
    deviation = math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (count - 1))
    half = student_t(count - 1) * deviation / math.sqrt(count)
    return Interval(mean, mean - half, mean + half)


@cache
def student_t(freedom: int) -> float:
    """The t that Student's variable of so many degrees of freedom stays within with the probability `CONFIDENCE`.

    With t = √ν tan θ that probability is a finite sum over powers of cos θ: M. Abramowitz and I. A. Stegun, Handbook of
    Mathematical Functions (1964), 26.7.3 and 26.7.4; θ by bisection.
    """
    low, high = 0.0, math.pi / 2
    while low < (middle := (low + high) / 2) < high:
        low, high = (middle, high) if _within(middle, freedom) < CONFIDENCE else (low, middle)
    return math.sqrt(freedom) * math.tan(low)


def _within(angle: float, freedom: int) -> float:
    """The probability that |t| is at most √ν tan `angle`, for ν degrees of freedom."""
    square, odd = math.cos(angle) ** 2, freedom % 2
    term, total = 1.0, 0.0
    for power in range(odd, freedom - 1, 2):
        total += term
        term *= square * (power + 1) / (power + 2)
    total *= math.sin(angle) * (math.cos(angle) if odd else 1.0)
    return (angle + total) * 2 / math.pi if odd else total
