"""How near a number must be to the printed one to match it: fixed by kind of quantity, before anything was compared."""

from dataclasses import asdict, dataclass
from typing import Any

from spingan.papers.paper import explain_rounding
from spingan.papers.printed_text import Numbers, half_last_place, numbers_in, significant


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

    @property
    def text(self) -> str:
        """The limit in words."""
        return self.text_in("in the row's unit")

    def text_in(self, unit: str) -> str:
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
        return asdict(self) | {"text": self.text}


TOLERANCES: dict[str, Tolerance] = {
    tolerance.kind: tolerance
    for tolerance in (
        Tolerance(
            "position", absolute=1.0, reason="one cell of paper S's mesh, in nm (IV-D): no finer than it computed"
        ),
        Tolerance(
            "conductance",
            relative=0.05,
            reason="a wall one cell off under the 14 nm junction moves it by 2 %, RA to two digits by 2.5 %",
        ),
        Tolerance(
            "slope",
            absolute=0.01,
            rounded=False,
            reason="0.2 is the slope that the networks are trained with; the limit of `spingan design leaky-relu`",
        ),
        Tolerance(
            "time",
            factor=2.0,
            reason="papers do not say to within what a wall has settled; ln 0.005 / ln 0.05 is 1.8",
        ),
        Tolerance(
            "current", relative=0.05, reason="2 % is a step of the search for an annihilating current; D moves the rest"
        ),
        Tolerance(
            "energy", relative=0.2, reason="generic transistors in place of PTM's change a cell's power by as much"
        ),
        Tolerance(
            "circuit",
            factor=2.0,
            reason="power or area of a cell whose schematic and widths are not printed, at the same node",
        ),
        Tolerance("count", absolute=1.0, rounded=False, reason="a skyrmion that is half under the detector"),
        Tolerance(
            "loss",
            factor=2.0,
            reason="read off a curve; depends on the first weights, the order of images and what is averaged over",
        ),
        Tolerance(
            "distance",
            relative=0.1,
            reason="another seed of the same training moves an FID by as much; other features are never compared",
        ),
        Tolerance("limit", rounded=False, reason="a claim holds or not: ours must reach the printed limit"),
    )
}
"""By kind of quantity, for what is fitted or predicted."""

ARITHMETIC_TEXT = "must round or cut to the printed digits"
LIMIT_TEXT = "half a unit of the last printed place"
"""Of a limit or a range, whatever the kind."""


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
    if rule == "at most":
        return all(mine <= value + half_last_place(text) for (text, value), mine in zip(texts, ours, strict=True))
    if rule == "at least":
        return all(mine >= value - half_last_place(text) for (text, value), mine in zip(texts, ours, strict=True))
    bounds = [_bounds(TOLERANCES[kind], text, value) for text, value in texts]
    return all(low <= mine <= high for (low, high), mine in zip(bounds, ours, strict=True))


def _bounds(allowed: Tolerance, text: str, value: float) -> tuple[float, float]:
    if allowed.factor is not None:
        ends = (value / allowed.factor, value * allowed.factor)
        return min(ends), max(ends)
    room = allowed.absolute + allowed.relative * abs(value)
    room += half_last_place(text) if allowed.rounded else 0.0
    room += 1e-9 * abs(value)  # the last bits of a float
    return value - room, value + room
