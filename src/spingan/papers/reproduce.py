"""The comparison: every printed number beside ours, by what right the two may agree, and whether they do."""

import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from spingan.errors import UserError
from spingan.papers.judge import STATUSES, TOLERANCES, Status, Verdict, judge, limit_text
from spingan.papers.printed import KINDS, Kind, PrintedRow, Rule, numbers_in, printed_rows
from spingan.papers.rows import Value
from spingan.papers.sources import LIVE_BY_NAME, SLOW, SLOW_BY_NAME, Live, Slow
from spingan.papers.stored_results import SHIPPED, Stored, read_stored
from spingan.tabular import DIGITS

Number = float | list[float]


@dataclass(frozen=True)
class ComparedRow:
    """One printed number beside ours.

    Attributes:
        paper, source: Whose it is, and the section, table or figure.
        printed: As a number, or several; `printed_text` as the paper writes it.
        rule: Whether ours should equal it, or it is a limit or a range.
        ours: None where there is none.
        reason: Why it differs, what is missing, or how exactly it agrees.
        note: What our own value's source says of it.
        beside: Other values, not to be compared.
        how, command: How ours was obtained, and what shows it.
        obtained: `now`, or when and how the stored result was.
        tolerance: The limit that was fixed for this kind of quantity.
        stored: Name of the stored result; None for a number that was computed now.
        age_days: Of the stored result.
        stale: The stored result is about other weights than those shipped.
    """

    paper: str
    source: str
    where: str
    group: str
    quantity: str
    printed: Number
    printed_text: str
    rule: Rule
    ours: Number | None
    unit: str
    kind: Kind
    status: Status
    reason: str
    note: str
    beside: str
    how: str
    command: str
    obtained: str
    tolerance: str
    stored: str | None
    age_days: float | None
    stale: bool


@dataclass(frozen=True)
class StoredState:
    """A slow source: whether a result is there, and what is known of it."""

    name: str
    command: str
    obtained: str
    age_days: float | None
    stale: bool


@dataclass(frozen=True)
class Reproduction:
    """The whole comparison."""

    rows: tuple[ComparedRow, ...]
    stored: tuple[StoredState, ...]
    seconds: float

    @property
    def counts(self) -> dict[Kind, dict[Status, int]]:
        """Rows by kind and status."""
        found = Counter((row.kind, row.status) for row in self.rows)
        return {kind: {status: found[kind, status] for status in STATUSES} for kind in KINDS}

    @property
    def headline(self) -> str:
        """The comparison in a sentence: what could have failed comes first."""
        tested = [row for row in self.rows if row.kind in ("arithmetic", "predicted") and row.status != "needs"]
        matching = sum(row.status == "matches" for row in tested)
        rest = Counter(row.status for row in self.rows)
        differing = len(tested) - matching
        return (
            f"{len(self.rows)} printed: of {len(tested)} that we computed {matching} match and {differing} differ; "
            f"{rest['taken']} are the papers' own, taken or fitted; {rest['needs']} need something that is not here."
        )

    def to_dict(self) -> dict[str, Any]:
        """Everything as JSON-able values."""
        return {
            "headline": self.headline,
            "counts": self.counts,
            "rows": [asdict(row) for row in self.rows],
            "tolerances": [tolerance.to_dict() for tolerance in TOLERANCES.values()],
            "stored": [asdict(state) for state in self.stored],
            "seconds": self.seconds,
        }


def reproduce(only: Sequence[str] = (), stored_in: Path = SHIPPED) -> Reproduction:
    """Every printed number beside ours: what is quick is computed, what is slow read from stored results.

    Args:
        only: Sources whose rows are wanted; by default all rows.
        stored_in: A folder of stored results, which go before the shipped ones.

    Raises:
        UserError: An unknown source, or a damaged stored result.
    """
    started = time.monotonic()
    check_sources(only)
    rows = [row for row in printed_rows() if not only or {row.source, *row.beside} & set(only)]
    names = {name for row in rows for name in (row.source, *row.beside) if name is not None}
    found = {name: _Found.of(name, stored_in) for name in sorted(names)}
    shown = [source for source in SLOW if not only or source.name in names]
    states = tuple(_state(source, read_stored(source.name, stored_in)) for source in shown)
    return Reproduction(tuple(_compare(row, found) for row in rows), states, time.monotonic() - started)


def check_sources(names: Iterable[str]) -> None:
    """Refuse names of sources that there are none of.

    Raises:
        UserError: There is one.
    """
    known = [*SLOW_BY_NAME, *LIVE_BY_NAME]
    for name in names:
        if name not in known:
            raise UserError(f"there is no source {name!r}", f"Known: {', '.join(known)}.")


@dataclass(frozen=True)
class _Found:
    """A source with its values, or why there are none."""

    source: Live | Slow
    values: Mapping[str, Value]
    lacking: str = ""
    stored: Stored | None = None

    @classmethod
    def of(cls, name: str, stored_in: Path) -> "_Found":
        if name in LIVE_BY_NAME:
            source = LIVE_BY_NAME[name]
            try:
                return cls(source, source.values())
            except UserError as error:
                return cls(source, {}, str(error).replace("\n ", ":"))
        slow = SLOW_BY_NAME[name]
        stored = read_stored(name, stored_in)
        if stored is None:
            return cls(slow, {}, f"nothing is stored of: {slow.command}")
        return cls(slow, stored.values, "", stored)


_NO_SOURCE = _Found(Live("", "", "", ()), {})


def _compare(row: PrintedRow, found: Mapping[str, _Found]) -> ComparedRow:
    mine = found.get(row.source or "", _NO_SOURCE)
    value, stored, lacking = mine.values.get(row.value), mine.stored, mine.lacking
    if mine.values and value is None:
        lacking = f"the result of {mine.source.command} has no {row.value!r}: make it anew"
    verdict = judge(row, value, lacking)
    changed = () if stored is None else stored.changed_models
    if changed:
        why = f"the weights of {', '.join(changed)} have changed since: {mine.source.command}"
        verdict = Verdict("needs", why)
    obtained = "now" if mine.values else "not obtained" if mine.source.name else ""
    ours = () if value is None else value.numbers_in(row.unit)
    return ComparedRow(
        paper=row.paper,
        source=f"paper {row.paper}, {row.where}",
        where=row.where,
        group=row.group,
        quantity=row.what,
        printed=_number(tuple(number for _, number in numbers_in(row.printed))),
        printed_text=row.printed,
        rule=row.rule,
        ours=_number(ours) if ours else None,
        unit=row.unit,
        kind=row.kind,
        status=verdict.status,
        reason=verdict.reason,
        note="" if value is None else value.note,
        beside=_beside(row, found),
        how=mine.source.how,
        command=mine.source.command,
        obtained=obtained if stored is None else stored.provenance(),
        tolerance=limit_text(row),
        stored=None if stored is None else stored.name,
        age_days=None if stored is None else round(stored.age_days(), 3),
        stale=bool(changed),
    )


def _number(numbers: tuple[float, ...]) -> Number:
    rounded = [float(f"{number:.{DIGITS}g}") if isinstance(number, float) else number for number in numbers]
    return rounded[0] if len(rounded) == 1 else rounded


def _beside(row: PrintedRow, found: Mapping[str, _Found]) -> str:
    """The values that stand beside a row, with the measure's name: never to be compared."""
    parts = []
    for source, names in row.beside.items():
        for name in names:
            value = found[source].values.get(name)
            if value is not None:
                numbers = " to ".join(f"{number:.4g}" for number in value.numbers)
                unit = "" if value.unit == "1" else f" {value.unit}"
                parts.append(f"{name} {numbers}{unit}{f' ({value.note})' if value.note else ''}")
    return "; ".join(parts)


def _state(source: Slow, stored: Stored | None) -> StoredState:
    if stored is None:
        return StoredState(source.name, source.command, "nothing stored", None, False)
    age_days, stale = round(stored.age_days(), 3), bool(stored.changed_models)
    return StoredState(source.name, source.command, stored.provenance(), age_days, stale)
