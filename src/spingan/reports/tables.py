"""Tables of text, laid out in one way: for the terminal, a page, Markdown and CSV."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Table:
    """Rows of text under headings, with a title; the columns numbered in `right` hold numbers."""

    title: str
    headings: Sequence[str]
    rows: Sequence[Sequence[str]]
    right: Sequence[int] = ()


def markdown_text(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of Markdown, each line ended."""
    lines = (f"| {' | '.join(line)} |\n" for line in (headings, *rows))
    return "".join((next(lines), f"|{'---|' * len(headings)}\n", *lines))


def print_tables(tables: Iterable[Table], lines: Iterable[str] = ()) -> None:
    """Print tables as wide as the terminal on standard output, and `lines` below them."""
    from rich import table as rich_table
    from rich.console import Console

    console = Console(highlight=False)
    for table in tables:
        shown = rich_table.Table(title=table.title, title_justify="left", title_style="bold")
        for number, heading in enumerate(table.headings):
            shown.add_column(heading, justify="right" if number in table.right else "left", overflow="fold")
        for row in table.rows:
            shown.add_row(*row)
        console.print(shown)
    for line in lines:
        console.print(line, markup=False)
