"""Named numbers, and how they are written: one CSV writer and one way to show a number in a cell."""

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from spingan.output import write_text

DIGITS = 12  # more are rounding noise: 304.99999999999994 ns are 305


def rounded(value: Any) -> Any:
    """A float to 12 significant digits; anything else as it is."""
    return type(value)(f"{value:.{DIGITS}g}") if isinstance(value, float) else value


@dataclass(frozen=True)
class Figure:
    """One quantity in `unit`; `value` None: not found, and `note` says why. Kept to 12 significant digits."""

    quantity: str
    value: float | None
    unit: str
    note: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "value", rounded(self.value))

    def to_dict(self) -> dict[str, Any]:
        """The figure as JSON-able values."""
        return asdict(self)


def cell(value: object, digits: int = 4, missing: str = "-") -> str:
    """A value in a table's cell: floats to `digits` significant digits, lists and groups written out."""
    if value is None:
        return missing
    if isinstance(value, dict):
        return "; ".join(f"{key}: {cell(item, digits, missing)}" for key, item in value.items()) or missing
    if isinstance(value, list | tuple):
        return ", ".join(cell(item, digits, missing) for item in value)
    return f"{value:.{digits}g}" if isinstance(value, float) else str(value)


def plain_text(headings: Sequence[str], rows: Iterable[Sequence[object]], right: Sequence[int] = ()) -> str:
    """Rows under their headings, as wide as they need to be, so that they can be piped and searched."""
    cells = [list(headings), *[[str(value) for value in row] for row in rows]]
    widths = [max(len(row[column]) for row in cells) for column in range(len(headings))]
    lines = [
        "  ".join(
            text.rjust(width) if column in right else text.ljust(width)
            for column, (text, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in cells
    ]
    lines.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join(lines)


def csv_text(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table as CSV."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(headings)
    writer.writerows(rows)
    return text.getvalue()


def write_csv(path: str | Path, headings: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a table as CSV.

    Raises:
        UserError: The file cannot be written.
    """
    write_text(path, csv_text(headings, rows))
