"""A sweep: the same generator at several settings of one property, judged over seeds, with a verdict on a claim."""

import io
from collections.abc import Callable, Sequence
from csv import writer
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any, Literal

import numpy as np
from jaxtyping import UInt8

from spingan.errors import UserError
from spingan.studies.parallel import Progress, Workers, run_parallel
from spingan.studies.trials import Outcome, Trial, run_trial
from spingan.studies.verdict import RULE, Interval, interval, tolerated

SHOWN = 10  # images a setting in the picture: paper M's figures 7 to 9 show ten
Verdict = Literal["holds", "does not hold", "not tested"]


@dataclass(frozen=True)
class Point:
    """One setting: its value, how it is written, and the trial for a seed."""

    value: float
    label: str
    trial: Callable[[int, int], Trial]
    """(seed, images shown) -> trial."""


@dataclass(frozen=True, eq=False)
class Setting:
    """One setting with its distances, a seed each, and whether they are tolerated compared with the ideal's.

    `recall` and `coverage` are means over the seeds: a distance can be small though few pictures are drawn.
    """

    value: float
    label: str
    distances: tuple[float, ...]
    interval: Interval
    of_ideal: float
    tolerated: bool
    images: UInt8[np.ndarray, "shown height width"] = field(repr=False)
    recall: float | None = None
    coverage: float | None = None

    def variety_cells(self) -> tuple[str, str]:
        """Recall and coverage as a table has them; empty where they were not measured."""
        recall, coverage = ("" if value is None else f"{value:.4g}" for value in (self.recall, self.coverage))
        return recall, coverage


@dataclass(frozen=True, eq=False)
class Sweep:
    """A study of one property.

    Attributes:
        name: `variability`, `levels` or `epochs`.
        quantity: What the settings are values of, with its unit.
        metric: The distance's name with its number of images.
        ideal: What the settings are held against; it may be one of them.
        claim: What the paper claims, in words; `verdict` is about it, by `rule`.
        largest_tolerated: The last setting, going away from the ideal, before one is not tolerated; None if none is.
    """

    name: str
    model: str
    technology: str
    quantity: str
    metric: str
    seeds: tuple[int, ...]
    settings: tuple[Setting, ...]
    ideal: Setting
    claim: str
    verdict: Verdict
    rule: str
    largest_tolerated: float | None
    notes: tuple[str, ...]
    obtained: dict[str, str]

    def to_dict(self) -> dict[str, Any]:
        """The fields as JSON-able values, without the images."""
        shown = {key: value for key, value in vars(self).items() if key not in ("settings", "ideal")}
        return shown | {
            "settings": [_setting_dict(setting) for setting in self.settings],
            "ideal": _setting_dict(self.ideal),
        }

    def csv(self) -> str:
        """A row a setting and seed, the setting's interval beside it."""
        text = io.StringIO()
        rows = writer(text, lineterminator="\n")
        heads = self.quantity, "seed", self.metric, "mean", "low_95", "high_95", "of_ideal", "tolerated"
        rows.writerow((*heads, "mean_recall", "mean_coverage"))
        for setting in self.settings:
            found = setting.interval
            for seed, distance in zip(self.seeds, setting.distances, strict=True):
                about = (found.mean, found.low, found.high, setting.of_ideal)
                numbers = (f"{number:.6g}" for number in (distance, *about))
                rows.writerow((f"{setting.value:g}", seed, *numbers, setting.tolerated, *setting.variety_cells()))
        return text.getvalue()


def sweep(
    points: Sequence[Point],
    ideal: Point,
    *,
    seed: int,
    seeds: int,
    workers: int | Workers | None,
    what: str,
    progress: Progress,
) -> tuple[tuple[Setting, ...], Setting, str]:
    """Every setting and the ideal at every seed, in parallel: the settings, the ideal, and the distance's name.

    The ideal is judged once, whether it is one of the points or not.

    Raises:
        UserError: Fewer than two seeds, which have no interval, or as a trial raises.
    """
    if seeds < 2:
        raise UserError(f"{seeds} seed(s) give no interval", "Ask for at least two; three is the default.")
    places = [*points] if any(point is ideal for point in points) else [*points, ideal]
    trials = [
        point.trial(number, SHOWN if number == seed else 0) for point in places for number in range(seed, seed + seeds)
    ]
    outcomes = run_parallel(run_trial, trials, workers=workers, what=what, progress=progress)
    by_place = [outcomes[start : start + seeds] for start in range(0, len(outcomes), seeds)]
    ideal_interval = interval(_distances(by_place[next(n for n, point in enumerate(places) if point is ideal)]))
    settings = [
        setting_of(point.value, point.label, found, ideal_interval, found[0].images)
        for point, found in zip(places, by_place, strict=True)
    ]
    ideal_setting = next(setting for setting, point in zip(settings, places, strict=True) if point is ideal)
    return tuple(settings[: len(points)]), ideal_setting, outcomes[0].metric


def largest_tolerated(away_from_ideal: Sequence[Setting]) -> float | None:
    """The last setting before the first that is not tolerated, in the order given."""
    last = None
    for setting in away_from_ideal:
        if not setting.tolerated:
            break
        last = setting.value
    return last


def claim_verdict(settings: Sequence[Setting], claimed: Callable[[float], bool], must_reach: float) -> Verdict:
    """Whether every setting that the claim covers is tolerated; not tested where the sweep lacks its last value."""
    if not any(setting.value == must_reach for setting in settings):
        return "not tested"
    return "holds" if all(setting.tolerated for setting in settings if claimed(setting.value)) else "does not hold"


def obtained_by(seeds: Sequence[int], count: int) -> dict[str, str]:
    """How the numbers came about."""
    import torch

    return {
        "images": f"{count:,} a seed",
        "seeds": f"{seeds[0]} to {seeds[-1]}, each of latents and chip",
        "rule": RULE,
        "spingan": version("spingan"),
        "torch": torch.__version__,
        "threads": "1 a process",
    }


def _distances(outcomes: Sequence[Outcome]) -> tuple[float, ...]:
    return tuple(outcome.distance for outcome in outcomes if outcome.distance is not None)


def setting_of(
    value: float,
    label: str,
    outcomes: Sequence[Outcome],
    ideal: Interval | None,
    images: UInt8[np.ndarray, "shown height width *channels"],
) -> Setting:
    """A setting from its trials' outcomes, held against the ideal's interval; None: this is the ideal."""
    distances = _distances(outcomes)
    found = interval(distances)
    against = found if ideal is None else ideal
    recalls, coverages = (
        [value for value in (getattr(outcome, name) for outcome in outcomes) if value is not None]
        for name in ("recall", "coverage")
    )
    return Setting(
        value,
        label,
        distances,
        found,
        found.mean / against.mean,
        tolerated(found, against),
        images,
        float(np.mean(recalls)) if recalls else None,
        float(np.mean(coverages)) if coverages else None,
    )


def _setting_dict(setting: Setting) -> dict[str, Any]:
    return {
        "value": setting.value,
        "label": setting.label,
        "distances": list(setting.distances),
        "mean": setting.interval.mean,
        "low_95": setting.interval.low,
        "high_95": setting.interval.high,
        "of_ideal": setting.of_ideal,
        "tolerated": setting.tolerated,
        "recall": setting.recall,
        "coverage": setting.coverage,
    }
