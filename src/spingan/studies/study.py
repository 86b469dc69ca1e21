"""The result of every study: series of settings with intervals over seeds, the verdict on each claim, and its notes."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from typing import Any

import numpy as np
from jaxtyping import UInt8

from spingan.evaluation.interval import Interval
from spingan.tabular import cell, csv_text

TOLERANCE = 1.25  # of the ideal's distance; the rule of the project's studies, chosen before any of them was run
RULE = "tolerated: the 95 % interval of the distance over seeds and chips stays below 1.25 of the ideal's mean"


def band(values: Sequence[float] | np.ndarray) -> Interval:
    """The mean, and the bounds of the middle 95 % of `values`."""
    low, high = np.percentile(values, (2.5, 97.5))
    return Interval(float(np.mean(values)), float(low), float(high))


def tolerated(found: Interval, ideal: Interval) -> bool:
    """Whether a setting's whole interval lies below 1.25 of the ideal's mean."""
    return found.high < TOLERANCE * ideal.mean


@dataclass(frozen=True, eq=False)
class Setting:
    """One setting of a series.

    Attributes:
        value: Its place on the axis; NaN for an ideal that has none.
        values: What was measured, a seed each; empty where the interval is over more than seeds.
        of_ideal, tolerated: Compared with the ideal; None in a study without one.
        images: Some of them, 8 bit; None where none were drawn.
        recall, coverage: Means over the seeds: a distance can be small though few kinds of images are drawn.
        more: What else a study says of its settings.
    """

    value: float
    label: str
    values: tuple[float, ...]
    interval: Interval
    of_ideal: float | None = None
    tolerated: bool | None = None
    images: UInt8[np.ndarray, "shown height width *channels"] | None = field(default=None, repr=False)
    recall: float | None = None
    coverage: float | None = None
    more: Mapping[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """The fields as JSON-able values, without the images."""
        return {
            "value": self.value if math.isfinite(self.value) else None,
            "label": self.label,
            "distances": list(self.values),
            "mean": self.interval.mean,
            "low_95": self.interval.low,
            "high_95": self.interval.high,
            "of_ideal": self.of_ideal,
            "tolerated": self.tolerated,
            "recall": self.recall,
            "coverage": self.coverage,
            **self.more,
        }


@dataclass(frozen=True, eq=False)
class Series:
    """Settings along one line.

    Attributes:
        axis: What the series of one panel have in common.
        quantity: What the settings are values of.
        measure: What was measured, as an axis of a plot says it.
        unit: `A`, `1` for a fraction, or empty for a distance or a loss.
        scale: Of the settings: `percent`, `log2`, `log10`, `falling`, `labels` (side by side), `names` (the same, not
            joined); empty for a linear one.
    """

    axis: str
    name: str
    quantity: str
    measure: str
    settings: tuple[Setting, ...]
    unit: str = ""
    scale: str = ""

    def at(self, value: float) -> Setting | None:
        """The setting of that value, if there is one."""
        return next((setting for setting in self.settings if setting.value == value), None)

    def to_dict(self) -> dict[str, Any]:
        """The fields as JSON-able values."""
        plain = ("axis", "name", "quantity", "measure", "unit")
        settings = [setting.to_dict() for setting in self.settings]
        return {name: getattr(self, name) for name in plain} | {"settings": settings}


@dataclass(frozen=True)
class Judged:
    """A claim, and whether our settings bear it out; `ours` is the number that decides it."""

    text: str
    axis: str
    series: str
    verdict: str
    ours: str


@dataclass(frozen=True)
class PaperPoint:
    """A printed FID as a ratio to the printed noise-free one; `settings` is the range that is printed, if one is."""

    axis: str
    data: str
    printed_fid: float
    noise_free_fid: float
    settings: tuple[float, float] | None
    reading: str

    @property
    def ratio(self) -> float:
        """How many times as large as without noise."""
        added = self.noise_free_fid if self.reading == "an increase" else 0.0
        return (self.printed_fid + added) / self.noise_free_fid


@dataclass(frozen=True, eq=False)
class Study:
    """What one model does at the settings of one or several axes.

    Attributes:
        metric: Name of the distance with its number of images; empty where no distance was measured.
        ideal: What the settings are compared with; None where errors or currents were measured.
        claims: What the papers claim, and the verdict by `rule`.
        printed: A paper's points for the picture, as ratios to the ideal; never in a column with ours.
        more: JSON-able values that belong to one study alone.
        lines: The same in words.
        compares_axes: Distances are drawn as ratios to the ideal's, and the images apart from them.
        beneath: What is drawn beneath each panel: its name in a setting's `more`, and in words.
    """

    name: str
    model: str
    technology: str
    metric: str
    seeds: tuple[int, ...]
    series: tuple[Series, ...]
    ideal: Setting | None
    claims: tuple[Judged, ...]
    notes: tuple[str, ...] = ()
    obtained: dict[str, str] = field(default_factory=dict)
    rule: str = RULE
    printed: tuple[PaperPoint, ...] = ()
    more: Mapping[str, Any] = field(default_factory=dict)
    lines: tuple[str, ...] = ()
    compares_axes: bool = False
    beneath: tuple[str, str] | None = None

    @property
    def settings(self) -> tuple[Setting, ...]:
        """The settings of the first series: all of them in a study of one."""
        return self.series[0].settings

    @property
    def pictures(self) -> tuple[str, ...]:
        """Names of its pictures."""
        return (self.name, f"{self.name}_samples") if self.compares_axes else (self.name,)

    def to_dict(self) -> dict[str, Any]:
        """The study as JSON-able values, without the images; a single claim is in `claim` and `verdict`, too."""
        plain = ("name", "model", "technology", "metric", "seeds", "notes", "obtained", "rule")
        content: dict[str, Any] = {name: getattr(self, name) for name in plain}
        if len(self.claims) == 1:
            content |= {"claim": self.claims[0].text, "verdict": self.claims[0].verdict}
        return content | {
            "ideal": None if self.ideal is None else self.ideal.to_dict(),
            "series": [line.to_dict() for line in self.series],
            "claims": [asdict(claim) for claim in self.claims],
            **self.more,
        }

    def csv(self) -> str:
        """A row a series, setting and seed; one without seed and value where the interval is over more than seeds.

        The numbers in `more` that all settings have are the last columns.
        """
        heads = "axis", "series", "setting", "measure", "unit", "seed", "value", "mean", "low_95", "high_95"
        more, rows = self._numbers_of_all(), []
        for line in self.series:
            for setting in line.settings:
                found = setting.interval
                about = (found.mean, found.low, found.high, setting.of_ideal)
                judged = setting.tolerated, cell(setting.recall, 4, ""), cell(setting.coverage, 4, "")
                own = [cell(setting.more[name], 6, "") for name in more]
                place = line.axis, line.name, f"{setting.value:g}", line.measure, line.unit
                for seed, value in zip(self.seeds, setting.values, strict=True) if setting.values else (("", None),):
                    numbers = (cell(number, 6, "") for number in (value, *about))
                    rows.append((*place, seed, *numbers, *judged, *own))
        return csv_text((*heads, "of_ideal", "tolerated", "mean_recall", "mean_coverage", *more), rows)

    def _numbers_of_all(self) -> list[str]:
        """Names of the numbers in `more` that every setting has."""
        settings = [setting.more for line in self.series for setting in line.settings]
        first = settings[0] if settings else {}
        return [name for name in first if all(isinstance(more.get(name), int | float) for more in settings)]


def obtained(**about: str) -> dict[str, str]:
    """How a study's numbers came about, with the versions that they depend on."""
    import torch

    return {**about, "spingan": version("spingan"), "torch": torch.__version__, "numpy": np.__version__}
