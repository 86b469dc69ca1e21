"""What a technology has of each property, what a net needs, the margin; what would do, and which unknown matters."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from spingan.studies.device_figures import AGES, Has
from spingan.studies.properties import BY_NAME, Property
from spingan.studies.study import TOLERANCE
from spingan.studies.tolerance import Tolerance

Met = Literal["yes", "no", "unsure", "unknown"]
LOST = 10.0  # of the ideal's distance: beyond, pictures are lost, and power laws say nothing more. Assumed
ELSEWHERE = {  # values of properties that no shipped technology states, for what they could change
    "stuck devices": (
        0.1079,
        "a 4 Mbit HfOx chip, 1.75 % and 9.04 %: Chen et al., IEEE Trans. Comput. 64, 180 (2015), from memory",
    ),
}


@dataclass(frozen=True)
class Requirement:
    """One property of a technology against a net's tolerance of it.

    Attributes:
        name: Of the property; `loss in a day` and the like are held against the tolerance of `loss`.
        has: None is unknown, and `why` says what is missing.
        needs: The limit at which the distance leaves the asked ratio, the property alone; None: not measured.
        low, high: Its 95 % interval over chips, `low` the more cautious end.
        beyond: The limit lies beyond what was tried: `needs` is the last value, and a bound.
        everywhere: The ratio is left already at the first value: `needs` is that, and a bound.
        margin: 1 - has / needs, of levels and bits 1 - needs / has: 0 at the limit, below it less, at most 1.
        excess: By how much of the ideal's distance the property alone raises it, as the tolerance predicts.
        exact: The technology has nothing of the kind.
    """

    name: str
    what: str
    unit: str
    has: float | None
    needs: float | None
    low: float | None
    high: float | None
    margin: float | None
    met: Met
    excess: float | None
    beyond: bool = False
    everywhere: bool = False
    exact: bool = False
    why: str = ""
    tolerance: str = ""

    @property
    def of(self) -> Property:
        """The property whose tolerance it is held against."""
        return BY_NAME[self.tolerance]

    @property
    def aged(self) -> bool:
        """Whether it is of a time after writing."""
        return any(age in self.name for age in AGES)

    def to_dict(self) -> dict[str, Any]:
        """The fields as JSON-able values; the name is its `property`."""
        return _with_property(self)


def _with_property(of: "Requirement | Change") -> dict[str, Any]:
    content = asdict(of)
    return {"property": content.pop("name"), **content}


def requirements_of(
    figures: Sequence[Has], tolerances: Sequence[Tolerance], quality: float = TOLERANCE
) -> tuple[Requirement, ...]:
    """Each property that the net was tried with against what the technology has.

    Args:
        quality: Distance over the ideal's that is asked for.
    """
    by_name = {tolerance.name: at_quality(tolerance, quality) for tolerance in tolerances}
    plain = {tolerance.name: tolerance for tolerance in tolerances}
    return tuple(
        _required(has, by_name[has.tolerance], plain[has.tolerance]) for has in figures if has.tolerance in by_name
    )


def at_quality(tolerance: Tolerance, quality: float) -> Tolerance:
    """The tolerance with its limit where another ratio is left, by its power law."""
    if quality == TOLERANCE or tolerance.limit is None:
        return tolerance
    prop, factor = tolerance.of, ((quality - 1) / (TOLERANCE - 1)) ** (1 / tolerance.power)
    moved = {
        name: None if value is None else prop.value(prop.harm(value) * factor)
        for name in ("limit", "low", "high")
        for value in (getattr(tolerance, name),)
    }
    return replace(tolerance, **moved)


def _required(has: Has, tolerance: Tolerance, plain: Tolerance) -> Requirement:
    prop = tolerance.of
    beyond, everywhere = tolerance.limit is None and not tolerance.everywhere, tolerance.everywhere
    low, high = tolerance.low, tolerance.high
    needs = tolerance.limit if tolerance.limit is not None else low if beyond else high
    value, margin, excess = has.value, None, None
    met: Met = "unknown"
    if value is not None:
        excess = 0.0 if has.exact else plain.excess(value)
        margin = margin_of(prop, value, needs)
        met = "yes" if has.exact else _met(prop, value, low, high)
    what = prop.what if has.name == prop.name else f"{has.name.split(' in ')[0]} in {has.name.split(' in ')[1]}"
    return Requirement(
        has.name, what, prop.unit, value, needs, low, high, margin, met, excess,
        beyond, everywhere, has.exact, has.why, has.tolerance,
    )  # fmt: skip


def margin_of(prop: Property, has: float, needs: float | None) -> float | None:
    """1 - has / needs, or 1 - needs / has where larger is better; None without a limit."""
    if needs is None or not needs or (not has and prop.larger_is_better):
        return None
    return 1 - needs / has if prop.larger_is_better else 1 - has / needs


def _met(prop: Property, has: float, low: float | None, high: float | None) -> Met:
    harm = 0.0 if math.isinf(has) else prop.harm(has)
    if low is not None and harm <= prop.harm(low):
        return "yes"
    if high is not None and harm >= prop.harm(high):
        return "no"
    return "unsure"


@dataclass(frozen=True)
class Change:
    """A property changed alone: `enough` says whether the asked quality is then reached, or still is."""

    name: str
    unit: str
    has: float
    to: float
    factor: float

    def to_dict(self) -> dict[str, Any]:
        """The fields as JSON-able values; the name is its `property`."""
        return _with_property(self)


def any_one_of(
    requirements: Sequence[Requirement],
    tolerances: Sequence[Tolerance],
    measured_ratio: float,
    quality: float = TOLERANCE,
) -> tuple[bool, tuple[Change, ...]]:
    """Which properties would do if changed alone: to reach a quality, or, where it is reached, how far each may fall.

    Small harms are taken to add (`predicted`), and what the properties do not explain of the measured ratio stays.
    Where the quality is missed, none alone does more harm than was measured.

    Returns:
        Whether the quality is reached as it is, and the changes, the smallest first.
    """
    spare = quality - measured_ratio
    by_name = {tolerance.name: tolerance for tolerance in tolerances}
    changes = []
    for each in requirements:
        if each.has is None or each.exact or each.aged or each.excess is None or math.isinf(each.has):
            continue
        share = each.excess
        if spare < 0:  # far beyond the limit a power law says too much
            share = min(share, measured_ratio - 1)
        to = by_name[each.tolerance].value_at(share + spare)
        if to is None:
            continue
        to = each.of.enough(to)
        changes.append(
            Change(
                each.name,
                each.unit,
                each.has,
                to,
                each.of.harm(to) / each.of.harm(each.has) if each.of.harm(each.has) else math.inf,
            )
        )
    changes.sort(key=lambda change: abs(math.log(change.factor)) if 0 < change.factor < math.inf else math.inf)
    return spare >= 0, tuple(changes)


@dataclass(frozen=True)
class EnergyChange:
    """A part of the bill changed alone: what its energy would have to be, and the factor; None: none would do."""

    item: str
    energy_j: float
    to_j: float | None
    factor: float | None


def energy_changes(items: Mapping[str, float], asked_j: float) -> tuple[EnergyChange, ...]:
    """What each part of an image's energy would have to become, all others as they are, the smallest change first.

    Args:
        items: Energy of each part.
    """
    total, found = math.fsum(items.values()), []
    for item, energy_j in items.items():
        left = asked_j - (total - energy_j)
        enough = left > 0 and energy_j > 0
        found.append(EnergyChange(item, energy_j, left if enough else None, left / energy_j if enough else None))
    return tuple(sorted(found, key=lambda each: math.inf if each.factor is None else abs(math.log(each.factor))))


def predicted(requirements: Sequence[Requirement]) -> float:
    """The distance over the ideal's that all known properties together give as written, if small harms add."""
    return 1 + sum(each.excess or 0.0 for each in requirements if not each.aged)


@dataclass(frozen=True)
class Unknown:
    """Something that nobody states, and what it could change.

    Attributes:
        factor: Largest change of `changes`, as a factor; None: nothing bounds it.
        basis: What the factor is taken from.
    """

    name: str
    changes: Literal["distance", "energy", "time", "area", "lifetime"]
    factor: float | None
    basis: str


def unknown_properties(
    requirements: Sequence[Requirement], tolerances: Sequence[Tolerance], others: Mapping[str, Sequence[Has]]
) -> list[Unknown]:
    """The unknown properties, each as bad as the worst known one of another technology.

    Args:
        others: Figures of other technologies, by their names.
    """
    by_name = {tolerance.name: tolerance for tolerance in tolerances}
    found = []
    for each in requirements:
        if each.has is not None:
            continue
        worst, where = worst_known(each.name, each.of, others)
        if worst is None:
            worst, where = ELSEWHERE.get(each.name, (None, ""))
        excess = None if worst is None else by_name[each.tolerance].excess(worst)
        basis = f"{each.why}; nobody here states it" if worst is None else (
            f"{each.why}; were it as bad as in {where}: {value_text(worst, each.unit)}"
        )  # fmt: skip
        found.append(Unknown(each.name, "distance", None if excess is None else 1 + excess, basis))
    return found


def worst_known(name: str, prop: Property, others: Mapping[str, Sequence[Has]]) -> tuple[float | None, str]:
    """The most harmful known value of a property among technologies, and whose it is."""
    known = [
        (prop.harm(has.value), has.value, technology)
        for technology, figures in others.items()
        for has in figures
        if has.name == name and has.value is not None and not has.exact
    ]
    _, value, technology = max(known, default=(0.0, None, ""))
    return value, technology


def ranked(unknown: Sequence[Unknown]) -> tuple[Unknown, ...]:
    """By what each could change, the largest first: what nothing bounds before all, and lifetimes last."""

    def least(each: Unknown) -> float:
        if each.changes == "lifetime":
            return 0.0
        return -math.inf if each.factor is None else -each.factor

    return tuple(sorted(unknown, key=least))


def factor_text(factor: float | None) -> str:
    """A factor as text, as far as it means anything."""
    if factor is None:
        return "not bounded"
    return f"x {factor:.2g}" if factor < LOST else f"x {LOST:g} or more"


def value_text(value: float | None, unit: str, digits: int = 2) -> str:
    """A property as text: fractions of up to one in percent, whole numbers plain."""
    if value is None:
        return "unknown"
    if math.isinf(value):
        return "none" if unit == "bits" else "any value"
    if unit == "1":
        return f"{value * 100:.{digits}g} %" if value < 1 else f"{value * 100:.0f} %"
    return f"{value:.3g}"
