"""Whether a printed number and ours agree, and what that says: only what was computed can match."""

import math
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

from spingan.papers.printed import (
    Numbers,
    PrintedRow,
    explain_rounding,
    half_last_place,
    load_yaml,
    numbers_in,
    significant,
)
from spingan.papers.rows import Value

Status = Literal["matches", "differs", "needs", "taken"]
STATUSES: tuple[Status, ...] = get_args(Status)
_FAR = 2.0  # from here on a factor says more than a percentage


@dataclass(frozen=True)
class Tolerance:
    """What a predicted number of one kind may be off by.

    Attributes:
        absolute: In the row's unit.
        relative: Of the printed number.
        factor: Between the two numbers, either way.
        rounded: Whether the printed number is a rounded result, so that half a unit of its last place is added. A
            nominal figure is not: the slope 0.2 does not stand for 0.15 to 0.25.
        reason: Why so much and no more.
    """

    kind: str
    absolute: float = 0.0
    relative: float = 0.0
    factor: float | None = None
    rounded: bool = True
    reason: str = ""

    def text(self, unit: str = "in the row's unit") -> str:
        """The limit in words, for a row with that unit."""
        parts = []
        if self.factor is not None:
            parts.append(f"a factor of {self.factor:g} either way")
        if self.relative:
            parts.append(f"{100 * self.relative:g} %")
        if self.absolute:
            parts.append(f"{self.absolute:g} {unit}".removesuffix(" 1"))
        if self.rounded and self.factor is None:
            parts.append("half a unit of the last printed place")
        return " and ".join(parts) or "none"

    def to_dict(self) -> dict[str, Any]:
        """The fields as JSON-able values, and the limit in words."""
        return asdict(self) | {"text": self.text()}


TOLERANCES = {kind: Tolerance(kind, **limits) for kind, limits in load_yaml("tolerances.yaml").items()}
"""By kind of quantity, for what is fitted or predicted."""

ARITHMETIC_TEXT = "must round or cut to the printed digits"
LIMIT_TEXT = "half a unit of the last printed place"
"""Of a limit or a range, whatever the kind."""


def limit_text(row: PrintedRow) -> str:
    """What a row's number may be off by, in words."""
    if row.rule != "equals":
        return LIMIT_TEXT
    if row.kind == "input":
        return "the printed digits"
    return TOLERANCES[row.of].text(row.unit) if row.of else ARITHMETIC_TEXT


def rounds_to(printed: str, ours: Numbers) -> str | None:
    """How every printed figure follows from ours (`exact`, `round`, `truncate`, ...); None if one does not."""
    wanted = numbers_in(printed)
    if len(wanted) != len(ours):
        return None
    found = {explain_rounding(significant(text), value) for (text, _), value in zip(wanted, ours, strict=True)}
    if "none" in found:
        return None
    found.discard("round or truncate")
    return " and ".join(sorted(found)) or "round or truncate"


def within(kind: str, printed: str, rule: str, ours: Numbers) -> bool:
    """Whether a predicted number agrees with the printed text.

    Args:
        kind: A key of `TOLERANCES`.
        rule: `equals`, to within the kind's tolerance; `at most` or `at least` the printed number, or `range`, between
            two: to within half a unit of their last places, whatever the kind.
    """
    texts = numbers_in(printed)
    if rule == "range":
        (low_text, low), (high_text, high) = texts
        return all(low - half_last_place(low_text) <= value <= high + half_last_place(high_text) for value in ours)
    if len(texts) != len(ours):
        return False
    bounds = [_bounds(kind, rule, text, value) for text, value in texts]
    return all(low <= mine <= high for (low, high), mine in zip(bounds, ours, strict=True))


def _bounds(kind: str, rule: str, text: str, value: float) -> tuple[float, float]:
    """Between what ours may lie for a printed number to be met."""
    if rule == "at most":
        return -math.inf, value + half_last_place(text)
    if rule == "at least":
        return value - half_last_place(text), math.inf
    allowed = TOLERANCES[kind]
    if allowed.factor is not None:
        ends = (value / allowed.factor, value * allowed.factor)
        return min(ends), max(ends)
    room = allowed.absolute + allowed.relative * abs(value)
    room += half_last_place(text) if allowed.rounded else 0.0
    room += 1e-9 * abs(value)  # the last bits of a float
    return value - room, value + room


@dataclass(frozen=True)
class Verdict:
    """What a comparison came to, and why."""

    status: Status
    reason: str


def judge(row: PrintedRow, value: Value | None, lacking: str = "") -> Verdict:
    """The status of a row with our value.

    Args:
        value: None where there is none, for which `lacking` is the reason.
    """
    if value is None:
        return Verdict("needs", row.missing or lacking)
    if value.number is None:
        if row.missing:
            return Verdict("needs", _joined(row.missing, value.note))
        return Verdict("differs", _joined("none found", value.note, row.why))
    ours = value.numbers_in(row.unit)
    agrees, how = _agrees(row, ours)
    if not agrees:
        return Verdict("differs", _joined(difference(row, ours), row.why, row.caution))
    status: Status = "matches" if row.kind in ("arithmetic", "predicted") else "taken"
    return Verdict(status, _joined(how, row.caution))


def _agrees(row: PrintedRow, ours: Numbers) -> tuple[bool, str]:
    """Whether, and how: input and arithmetic to the printed digits, fitted and predicted within the tolerance."""
    if row.kind in ("fitted", "predicted"):
        return within(row.of, row.printed, row.rule, ours), difference(row, ours)
    if row.rule == "range":
        return within("limit", row.printed, "range", ours), ""
    rounding = rounds_to(row.printed, ours)
    if row.kind == "input":
        return rounding == "exact", ""
    return rounding is not None, _ROUNDINGS.get(rounding or "", "")


_ROUNDINGS = {
    "exact": "exactly",
    "round": "the printed one is rounded",
    "truncate": "the printed one is cut, not rounded",
    "round or truncate": "the printed one is rounded or cut",
}


def difference(row: PrintedRow, ours: Numbers) -> str:
    """How far ours is from the printed number, for a person."""
    printed = tuple(value for _, value in numbers_in(row.printed))
    if row.rule in ("at most", "at least", "range"):
        return f"printed: {row.printed if row.rule == 'range' else f'{row.rule} {row.printed}'}"
    if len(printed) != 1 or len(ours) != 1:
        return ""
    (theirs,), (mine,) = printed, ours
    if mine == theirs:
        return "exactly"
    if row.of and TOLERANCES[row.of].absolute:
        return f"{mine - theirs:+.3g} {row.unit}".removesuffix(" 1")
    if theirs == 0:
        return f"off by {mine:.3g}"
    if mine / theirs >= _FAR or 0 < mine / theirs <= 1 / _FAR:
        return f"{mine / theirs:.3g} times the printed one"
    return f"{100 * (mine / theirs - 1):+.2g} %"


def _joined(*parts: str) -> str:
    return "; ".join(part for part in parts if part)
