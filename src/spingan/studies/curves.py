"""A study whose result is curves: an error or a current against a setting, with what scatters over chips."""

import io
from collections.abc import Sequence
from csv import writer
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class CurvePoint:
    """One setting of one curve: the mean, and bounds between which 95 % of what was measured lies."""

    setting: float
    mean: float
    low: float
    high: float


@dataclass(frozen=True)
class Curve:
    """One curve. `unit` is SI, or `1` for a fraction."""

    name: str
    unit: str
    points: tuple[CurvePoint, ...]


@dataclass(frozen=True)
class Curves:
    """A study of several curves against one quantity, with what the paper says about them."""

    name: str
    model: str
    technology: str
    quantity: str
    curves: tuple[Curve, ...]
    claim: str
    verdict: str
    notes: tuple[str, ...]
    obtained: dict[str, str]

    def to_dict(self) -> dict[str, Any]:
        """The fields as JSON-able values."""
        return asdict(self)

    def csv(self) -> str:
        """A row a curve and setting."""
        text = io.StringIO()
        rows = writer(text, lineterminator="\n")
        rows.writerow(("curve", "unit", self.quantity, "mean", "low_95", "high_95"))
        for curve in self.curves:
            for point in curve.points:
                numbers = (point.setting, point.mean, point.low, point.high)
                rows.writerow((curve.name, curve.unit, *(f"{number:.6g}" for number in numbers)))
        return text.getvalue()


def curve_point(setting: float, values: Sequence[float] | np.ndarray) -> CurvePoint:
    """Mean of `values`, and the bounds of their middle 95 %."""
    low, high = np.percentile(values, (2.5, 97.5))
    return CurvePoint(setting, float(np.mean(values)), float(low), float(high))
