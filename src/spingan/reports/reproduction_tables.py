"""The comparison with the papers as tables of text: for the terminal, the page, and a CSV file."""

import csv
import io
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from spingan.reports.tables import Section

if TYPE_CHECKING:
    from spingan.papers.reproduce import ComparedRow, Number, Reproduction

COLUMNS = ("paper", "source", "group", "quantity", "printed", "ours", "unit", "kind", "status", "reason", "command")


def groups(found: "Reproduction") -> Iterator[tuple[str, list["ComparedRow"]]]:
    """The rows by paper and group, in the papers' order, each under its title."""
    for (paper, group), rows in groupby(found.rows, key=lambda row: (row.paper, row.group)):
        yield f"Paper {paper}: {group}", list(rows)


def row_section(title: str, rows: Sequence["ComparedRow"]) -> Section:
    """A group's table: what is printed, ours, by what right they may agree, and whether they do."""
    headings = ("quantity", "printed", "ours", "unit", "kind", "status")
    cells = tuple(
        (row.quantity, row.printed_text, number_text(row.ours), unit_text(row), row.kind, row.status) for row in rows
    )
    return Section(title, headings, cells, (1, 2))


def reasons(rows: Sequence["ComparedRow"]) -> list[str]:
    """A line for each row that differs, needs something, or has a word beside it."""
    return [
        f"{row.quantity}: {row.status}; {why_text(row)}"
        for row in rows
        if row.status in ("differs", "needs") or row.beside
    ]


def count_section(found: "Reproduction") -> Section:
    """Rows by kind and status."""
    from spingan.papers.judge import STATUSES
    from spingan.papers.printed import KIND_MEANS

    rows = [
        (kind, KIND_MEANS[kind], *(str(by_status[status]) for status in STATUSES), str(sum(by_status.values())))
        for kind, by_status in found.counts.items()
    ]
    sums = [sum(by_status[status] for by_status in found.counts.values()) for status in STATUSES]
    rows.append(("all", "", *map(str, sums), str(len(found.rows))))
    return Section("", ("kind", "which is", *STATUSES, "all"), tuple(rows), (2, 3, 4, 5, 6))


def stored_section(found: "Reproduction") -> Section:
    """The slow sources, with what is stored of each."""
    rows = tuple((state.name, state.command, state.obtained) for state in found.stored)
    return Section("Stored results of slow commands", ("name", "command", "obtained"), rows)


def tolerance_section() -> Section:
    """The limits by kind of quantity."""
    from spingan.papers.tolerance import ARITHMETIC_TEXT, LIMIT_TEXT, TOLERANCES

    rows = [(limit.kind, limit.text, limit.reason) for limit in TOLERANCES.values()]
    rows.append(("what is arithmetic", ARITHMETIC_TEXT, "nothing but rounding can part them"))
    rows.append(("at most, at least, a range", LIMIT_TEXT, "a limit is a limit"))
    return Section("How near is near enough", ("kind of quantity", "limit", "reason"), tuple(rows))


def number_text(number: "Number | None") -> str:
    """A number of ours with five digits, or several; a dash where there is none."""
    if number is None:
        return "-"
    return ", ".join(f"{value:.5g}" for value in (number if isinstance(number, list) else [number]))


def unit_text(row: "ComparedRow") -> str:
    """The unit, and nothing for a bare number."""
    return "" if row.unit == "1" else row.unit


def why_text(row: "ComparedRow") -> str:
    """The reason, and what stands beside it without being compared."""
    return "; ".join(
        part for part in (row.reason, row.beside and f"beside it, not to be compared: {row.beside}") if part
    )


def csv_text(found: "Reproduction") -> str:
    """All rows as CSV."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(COLUMNS)
    for row in found.rows:
        ours = "" if row.ours is None else number_text(row.ours)
        rows.writerow([{"printed": row.printed_text, "ours": ours}.get(name, getattr(row, name)) for name in COLUMNS])
    return text.getvalue()
