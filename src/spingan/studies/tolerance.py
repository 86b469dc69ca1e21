"""How much of a property a net tolerates: on each of several chips, where distance leaves 1.25 x the ideal.

Each chip is searched by itself: bisected on few images between the property's rungs, then on all of them towards the
limit. The interval is that of the chips' limits.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from spingan.evaluation.interval import Interval, interval
from spingan.progress import Progress, no_progress
from spingan.spec.technology import Technology
from spingan.studies.parallel import Workers, run_parallel
from spingan.studies.properties import BY_NAME, Property
from spingan.studies.study import TOLERANCE
from spingan.studies.trials import Trial, run_trial, technology_of, technology_text

FEW = 4  # parts of the images that locate a limit: its distances are larger, so that ratios compare only with their own
LOOKS = 2  # values tried between the last two, on all images: each halves what is left of the limit's logarithm
STEEPEST = 8.0  # power of an excess; beyond, a curve is a step: assumed
SEEN = 0.01  # least excess that a power is fitted to: what 2,000 images show
_POWER = 2.0  # of an excess of which there is one point: noise powers add


@dataclass(frozen=True)
class Search:
    """One chip and one property.

    Attributes:
        model, seed, trial: The trial without the property; its `model` again, by which results are found.
        technology: Of the reference, as text.
        name: Of the property.
    """

    model: str
    trial: Trial
    technology: str
    name: str


@dataclass(frozen=True)
class ChipLimit:
    """What one chip tolerates.

    Attributes:
        points: (value, distance over the ideal's) on all images.
        limit: None: the ratio is not reached at the property's last value, or `everywhere` already at its first.
    """

    seed: int
    points: tuple[tuple[float, float], ...]
    limit: float | None
    everywhere: bool = False


def limit_on_chip(search: Search) -> ChipLimit:
    """Find one chip's limit of one property.

    Raises:
        UserError: As for trials.
    """
    prop, technology = BY_NAME[search.name], technology_of(search.technology)
    few = replace(search.trial, count=max(search.trial.count // FEW, 2))

    def over(trial: Trial) -> Callable[[float], float]:
        best = _distance(trial if prop.ideal is None else prop.ideal(trial, technology, 0.0))
        return lambda value: _distance(prop.change(trial, technology, value)) / best

    return find_limit(prop, over(few), over(search.trial), search.trial.seed)


def find_limit(
    prop: Property, few: Callable[[float], float], all_of: Callable[[float], float], seed: int = 0
) -> ChipLimit:
    """The limit of a ratio that grows along a property.

    Args:
        few, all_of: The ratio at a value, on few images and on all.
    """
    rungs = prop.rungs
    low, high = -1, len(rungs)  # the last tolerated rung and the first that is not
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if few(rungs[middle]) < TOLERANCE else (low, middle)
    found: dict[float, float] = {}

    def tolerated(value: float) -> bool:
        if value not in found:
            found[value] = all_of(value)
        return found[value] < TOLERANCE

    while low >= 0 and not tolerated(rungs[low]):
        low, high = low - 1, low
    while high < len(rungs) and tolerated(rungs[high]):
        low, high = high, high + 1
    if low < 0 or high == len(rungs):
        return ChipLimit(seed, _sorted(prop, found), None, low < 0)
    good, bad = rungs[low], rungs[high]
    for _ in range(LOOKS):
        middle = prop.between(good, bad)
        if middle in found:
            break
        good, bad = (middle, bad) if tolerated(middle) else (good, middle)
    return ChipLimit(seed, _sorted(prop, found), _crossing(prop, (good, found[good]), (bad, found[bad])))


def _sorted(prop: Property, found: dict[float, float]) -> tuple[tuple[float, float], ...]:
    return tuple(sorted(found.items(), key=lambda pair: prop.harm(pair[0])))


def _crossing(prop: Property, good: tuple[float, float], bad: tuple[float, float]) -> float:
    """Where the ratio reaches the limit between two values, straight in the logarithms of harm."""
    share = (TOLERANCE - good[1]) / (bad[1] - good[1])
    ends = math.log(prop.harm(good[0])), math.log(prop.harm(bad[0]))
    return prop.value(math.exp(ends[0] + share * (ends[1] - ends[0])))


@lru_cache(maxsize=256)
def _distance(trial: Trial) -> float:
    return run_trial(replace(trial, shown=0)).distance


@dataclass(frozen=True)
class Tolerance:
    """What a net tolerates of a property, over chips.

    Attributes:
        limit: Geometric mean over chips; None: no chip, or not every chip, leaves 1.25 x within the property's values.
        low, high: Its 95 % interval, `low` the more cautious end. Where there is no limit, the last value tried is
            `low` and `high` is None, or, `everywhere`, the first value is `high` and `low` is None.
        power: Of the excess, 0.25 (harm / harm at the limit) ** power, fitted to the points.
        points: (value, ratio, seed).
    """

    name: str
    limit: float | None
    low: float | None
    high: float | None
    power: float
    points: tuple[tuple[float, float, int], ...]
    everywhere: bool = False

    @property
    def of(self) -> Property:
        """The property."""
        return BY_NAME[self.name]

    def excess(self, value: float) -> float | None:
        """By how much of the ideal's distance the property at that value raises it; None where there is no limit.

        Of a property without a limit, a value within what was tried is taken to do no harm.
        """
        if self.limit is None:
            inside = self.low is not None and self.of.harm(value) <= self.of.harm(self.low)
            return 0.0 if inside else None
        harm = self.of.harm(value)
        return (TOLERANCE - 1) * (harm / self.of.harm(self.limit)) ** self.power if harm else 0.0

    def value_at(self, excess: float) -> float | None:
        """The property at which the distance is raised by so much; None where there is no limit, or nothing is left."""
        if self.limit is None or excess <= 0:
            return None
        return self.of.value(self.of.harm(self.limit) * (excess / (TOLERANCE - 1)) ** (1 / self.power))


def tolerance_of(name: str, chips: Sequence[ChipLimit]) -> Tolerance:
    """The chips' limits together."""
    prop = BY_NAME[name]
    points = tuple((value, ratio, chip.seed) for chip in chips for value, ratio in chip.points)
    limits = [chip.limit for chip in chips if chip.limit is not None]
    if len(limits) < len(chips):
        everywhere = any(chip.everywhere for chip in chips)
        ends = (None, prop.rungs[0]) if everywhere else (prop.rungs[-1], None)
        if limits and not everywhere:  # some chips have one: the most cautious of them holds
            ends = prop.value(max(prop.harm(limit) for limit in limits)), None
        return Tolerance(name, None, *ends, _POWER, points, everywhere)
    found = interval([math.log(prop.harm(limit)) for limit in limits])
    harm = math.exp(found.mean)
    mean, low, high = (prop.value(each) for each in (harm, *_bounds(found, harm)))
    return Tolerance(name, mean, low, high, _power(prop, harm, points), points)


def _bounds(found: Interval, harm: float) -> tuple[float, float]:
    """Both ends; those of one chip, about which nothing is known, are its limit."""
    if not math.isfinite(found.low):
        return harm, harm
    return math.exp(found.low), math.exp(found.high)


def _power(prop: Property, at_limit: float, points: Sequence[tuple[float, float, int]]) -> float:
    """Least squares of log excess on log harm, through 0.25 at the limit."""
    seen = [
        (math.log(prop.harm(value) / at_limit), math.log((ratio - 1) / (TOLERANCE - 1)))
        for value, ratio, _ in points
        if ratio - 1 > SEEN
    ]
    weight = sum(x * x for x, _ in seen)
    fitted = sum(x * y for x, y in seen) / weight if weight else _POWER
    return float(np.clip(fitted, 0.5, STEEPEST))


def measure_tolerances(
    base: Trial,
    technology: Technology,
    properties: Sequence[Property],
    chips: int,
    *,
    workers: Workers | None = None,
    progress: Progress = no_progress,
) -> tuple[Tolerance, ...]:
    """The tolerances of a net, all chips of all properties at once.

    Args:
        base: The trial of the net without imperfections, of the first chip.
        technology: The reference (`reference_technology`).

    Raises:
        UserError: As for trials.
    """
    text, seeds = technology_text(technology), range(base.seed, base.seed + chips)
    tasks = [Search(base.model, replace(base, seed=seed), text, prop.name) for prop in properties for seed in seeds]
    found = run_parallel(limit_on_chip, tasks, workers=workers, what="tolerances", progress=progress)
    by_property: dict[str, list[ChipLimit]] = {prop.name: [] for prop in properties}
    for task, chip in zip(tasks, found, strict=True):
        by_property[task.name].append(chip)
    return tuple(tolerance_of(name, limits) for name, limits in by_property.items())
