"""The comparison with the papers as tables of text: for the terminal, the page, and a CSV file."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from spingan.papers.judge import ARITHMETIC_TEXT, LIMIT_TEXT, STATUSES, TOLERANCES
from spingan.papers.printed import KIND_MEANS
from spingan.papers.reproduce import ComparedRow, Number, Reproduction
from spingan.reports.tables import Table
from spingan.tabular import csv_text

COLUMNS = ("paper", "source", "group", "quantity", "printed", "ours", "unit", "kind", "status", "reason", "command")


def groups(found: Reproduction) -> Iterator[tuple[str, list[ComparedRow]]]:
    """The rows by paper and group, in the papers' order, each under its title."""
    for (paper, group), rows in groupby(found.rows, key=lambda row: (row.paper, row.group)):
        yield f"Paper {paper}: {group}", list(rows)


def row_table(title: str, rows: Sequence[ComparedRow]) -> Table:
    """A group's table: what is printed, ours, by what right they may agree, and whether they do."""
    headings = ("quantity", "printed", "ours", "unit", "kind", "status")
    cells = [
        (row.quantity, row.printed_text, number_text(row.ours), unit_text(row), row.kind, row.status) for row in rows
    ]
    return Table(title, headings, cells, (1, 2))


def reasons(rows: Sequence[ComparedRow]) -> list[str]:
    """A line for each row that differs, needs something, or has a word beside it."""
    lines = []
    for row in rows:
        if row.status in ("differs", "needs") or row.beside:
            why = (row.reason, row.beside and f"beside it, not to be compared: {row.beside}")
            lines.append(f"{row.quantity}: {row.status}; {'; '.join(part for part in why if part)}")
    return lines


def count_table(found: Reproduction) -> Table:
    """Rows by kind and status."""
    rows = [
        (kind, KIND_MEANS[kind], *(str(by_status[status]) for status in STATUSES), str(sum(by_status.values())))
        for kind, by_status in found.counts.items()
    ]
    sums = [sum(by_status[status] for by_status in found.counts.values()) for status in STATUSES]
    rows.append(("all", "", *map(str, sums), str(len(found.rows))))
    return Table("", ("kind", "which is", *STATUSES, "all"), rows, (2, 3, 4, 5, 6))


def stored_table(found: Reproduction) -> Table:
    """The slow sources, with what is stored of each."""
    rows = [(state.name, state.command, state.obtained) for state in found.stored]
    return Table("", ("name", "command", "obtained"), rows)


def tolerance_table() -> Table:
    """The limits by kind of quantity."""
    rows = [(limit.kind, limit.text(), limit.reason) for limit in TOLERANCES.values()]
    rows.append(("what is arithmetic", ARITHMETIC_TEXT, "nothing but rounding can part them"))
    rows.append(("at most, at least, a range", LIMIT_TEXT, "a limit is a limit"))
    return Table("", ("kind of quantity", "limit", "reason"), rows)


def number_text(number: Number | None) -> str:
    """A number of ours with five digits, or several; a dash where there is none."""
    if number is None:
        return "-"
    return ", ".join(f"{value:.5g}" for value in (number if isinstance(number, list) else [number]))


def unit_text(row: ComparedRow) -> str:
    """The unit, and nothing for a bare number."""
    return "" if row.unit == "1" else row.unit


def csv_of(found: Reproduction) -> str:
    """All rows as CSV, printed numbers with their own digits."""

    def cells(row: ComparedRow) -> list[object]:
        ours = "" if row.ours is None else number_text(row.ours)
        return [{"printed": row.printed_text, "ours": ours}.get(name, getattr(row, name)) for name in COLUMNS]

    return csv_text(COLUMNS, map(cells, found.rows))
