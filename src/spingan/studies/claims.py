"""What a study can be held against, as data, and the rules by which settings bear a claim out."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from spingan.studies.study import TOLERANCE, Judged, Series, Setting

SMALL = 0.01  # of the weights' mean square: an error that counts as a small deviation; chosen before the study was run
UNSTEADY = 1.25  # times the spread of the generator's loss with float weights; chosen before the study was run


@dataclass(frozen=True)
class Claim:
    """A sentence of a paper that a study can test.

    Attributes:
        axis: The series that it is about.
        says: What it says of them, by a rule of `RULES`; `nothing` that has a number.
        covers: The settings that it is about, from and to.
        must_reach: Without one of these settings it is not tested.
        series: Name of the only series that it is about; empty: all of the axis.
        than: Axis whose series are compared with those of `axis`.
    """

    text: str
    axis: str = ""
    says: Literal["tolerated", "harm", "less harm", "small", "unsteady", "nothing"] = "nothing"
    covers: tuple[float, float] = (-math.inf, math.inf)
    must_reach: tuple[float, ...] = ()
    series: str = ""
    than: str = ""


def judge(claims: Sequence[Claim], series: Sequence[Series], ideal: Setting | None = None) -> tuple[Judged, ...]:
    """The verdict on each claim, for each series that it is about.

    A claim about an axis that was left out has none; one about a series that was left out is not tested.
    """
    found = []
    for claim in claims:
        if claim.says == "nothing":
            found.append(Judged(claim.text, "", "", "not tested: no figure is stated", ""))
            continue
        first = [line for line in series if line.axis == claim.axis and claim.series in ("", line.name)]
        others = [line for line in series if line.axis == claim.than] if claim.than and first else first
        if claim.series and not others:
            found.append(Judged(claim.text, claim.axis, claim.series, "not tested", ""))
        for line in others:
            holds, ours = RULES[claim.says](claim, first[0] if claim.than else line, line, ideal)
            verdict = "not tested" if holds is None else "holds" if holds else "does not hold"
            found.append(Judged(claim.text, claim.axis, line.name, verdict, ours))
    return tuple(found)


_Found = tuple[bool | None, str]
"""Whether a claim holds, None if it is not tested, and the number that decides it."""


def _covered(claim: Claim, line: Series) -> tuple[list[Setting], bool]:
    """The settings that a claim is about, and whether none that it needs is missing."""
    low, high = claim.covers
    settings = [setting for setting in line.settings if low <= setting.value <= high]
    return settings, all(line.at(value) is not None for value in claim.must_reach)


def _tolerated(claim: Claim, line: Series, _: Series, ideal: Setting | None) -> _Found:
    settings, whole = _covered(claim, line)
    largest = max((setting.of_ideal or 0.0 for setting in settings), default=math.nan)
    return all(setting.tolerated for setting in settings) if whole else None, f"at most x {largest:.2f}"


def _harm(claim: Claim, line: Series, _: Series, ideal: Setting | None) -> _Found:
    setting = line.at(claim.must_reach[0])
    if setting is None or ideal is None:
        return None, ""
    return setting.interval.low > TOLERANCE * ideal.interval.mean, f"x {setting.of_ideal:.2f} at {setting.value:.0%}"


def _less_harm(claim: Claim, line: Series, than: Series, ideal: Setting | None) -> _Found:
    value = claim.must_reach[0]
    ours, other = line.at(value), than.at(value)
    if ours is None or other is None:
        return None, ""
    both = f"x {ours.of_ideal:.2f} against x {other.of_ideal:.2f}, both at {value:.0%}"
    return ours.interval.high < other.interval.low, both


def _small(claim: Claim, line: Series, _: Series, ideal: Setting | None) -> _Found:
    settings, whole = _covered(claim, line)
    errors = {setting.value: setting.interval.mean for setting in settings}
    ours = ", ".join(f"{error:.2%} of the mean square at {bits:g} bits" for bits, error in errors.items())
    return all(error <= SMALL for error in errors.values()) if whole else None, ours


def _unsteady(claim: Claim, line: Series, _: Series, ideal: Setting | None) -> _Found:
    """The loss spreads more than with float weights (value 0), or the training ended early."""
    exact, coarse = line.at(0), line.at(claim.must_reach[0])
    if exact is None or coarse is None:
        return None, ""
    wide, narrow = (setting.more["deviation"] for setting in (coarse, exact))
    ours = f"deviation of the generator's loss {wide:.2f}, {narrow:.2f} in float, {coarse.more['steps']} steps"
    return coarse.more["ended"] != "as planned" or wide > UNSTEADY * narrow, ours


RULES: dict[str, Callable[[Claim, Series, Series, Setting | None], _Found]] = {
    "tolerated": _tolerated,
    "harm": _harm,
    "less harm": _less_harm,
    "small": _small,
    "unsteady": _unsteady,
}


def largest_tolerated(settings: Sequence[Setting], ideal: Setting) -> float | None:
    """The last setting, going away from the ideal, before the first that is not tolerated; None if none is."""
    last = None
    ordered = settings if ideal.value <= settings[0].value else settings[::-1]
    for setting in ordered:
        if not setting.tolerated:
            break
        last = setting.value
    return last
