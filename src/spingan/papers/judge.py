"""Whether a printed number and ours agree, and what that says: only what was computed can match."""

from dataclasses import dataclass
from typing import Literal, get_args

from spingan.papers.printed import PrintedRow
from spingan.papers.printed_text import Numbers, numbers_in
from spingan.papers.tolerance import TOLERANCES, rounds_to, within
from spingan.papers.values import Value

Status = Literal["matches", "differs", "needs", "taken"]
STATUSES: tuple[Status, ...] = get_args(Status)
STATUS_MEANS: dict[Status, str] = {
    "matches": "computed, and within the tolerance",
    "differs": "computed or chosen otherwise, with the reason",
    "needs": "cannot be compared here, and what is missing",
    "taken": "the paper's own number, taken or fitted: that it agrees says nothing",
}
_FAR = 2.0  # from here on a factor says more than a percentage


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
