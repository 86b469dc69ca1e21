"""A printed number beside ours: a row of the comparison that every device and circuit command prints."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

from spingan.papers.printed import printed_rows
from spingan.tabular import Figure, cell, rounded, write_csv

Name = tuple[str, str]
"""A printed number's source and name in the papers' files."""


@dataclass(frozen=True)
class Row:
    """One quantity as printed and as found, in `unit`; None: not printed, or not found, and `note` says why.

    Both numbers are kept to 12 significant digits.
    """

    quantity: str
    printed: float | None
    ours: float | None
    unit: str
    note: str = ""

    def __post_init__(self) -> None:
        for name in ("printed", "ours"):
            object.__setattr__(self, name, rounded(getattr(self, name)))

    def to_dict(self) -> dict[str, Any]:
        """The row as JSON-able values."""
        return asdict(self)


@cache
def printed_numbers() -> dict[Name, tuple[float, str]]:
    """Every printed number that stands alone, with its unit, by its source and the name of our value."""
    return {
        (row.source or "", row.value): (float(row.printed), row.unit)
        for row in printed_rows()
        if row.rule != "range" and _is_number(row.printed)
    }


def printed_in(name: Name, unit: str) -> float:
    """A printed number in a unit."""
    from spingan.papers.values import Value

    number, own = printed_numbers()[name]
    return Value(number, own).numbers_in(unit)[0]


def printed_at(source: str, what: str) -> dict[float, float]:
    """What is printed at several currents, such as `conductance at `: by the current in A, in the printed unit."""
    found = {}
    for (where, name), (number, _) in printed_numbers().items():
        if where == source and name.startswith(what):
            found[round(float(name.removeprefix(what).removesuffix(" µA")) * 1e-6, 12)] = number
    return found


def beside(figures: Iterable[Figure], source: str, same: Mapping[str, Name | float] | None = None) -> list[Row]:
    """Figures with what is printed of each.

    Args:
        source: of the papers' files, whose rows bear our figures' names.
        same: what is printed under another name, or follows from what is printed, by the beginning of our figure's
            name; the longest that fits counts.
    """
    rows = []
    for figure in figures:
        name: Name | float | None = (source, figure.quantity)
        if name not in printed_numbers():
            fits = [start for start in same or {} if figure.quantity.startswith(start)]
            name = (same or {})[max(fits, key=len)] if fits else None
        printed = printed_in(name, figure.unit) if isinstance(name, tuple) else name
        rows.append(Row(figure.quantity, printed, figure.value, figure.unit, figure.note))
    return rows


def write_rows(rows: Sequence[Row], path: Path) -> Path:
    """Write rows as CSV.

    Raises:
        UserError: The file cannot be written.
    """
    cells = [(row.quantity, cell(row.printed, 6, ""), cell(row.ours, 6, ""), row.unit, row.note) for row in rows]
    write_csv(path, ("quantity", "printed", "ours", "unit", "note"), cells)
    return path


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
