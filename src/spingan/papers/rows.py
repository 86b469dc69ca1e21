"""Numbers of ours with their units, and beside printed ones: rows that every device and circuit command prints."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

from spingan.papers.printed import NUMBER, Numbers, printed_rows
from spingan.tabular import Figure, cell, rounded, write_csv

Name = tuple[str, str]
"""A printed number's source and name in the papers' files."""

_PREFIX = {"": 1.0, "a": 1e-18, "f": 1e-15, "p": 1e-12, "n": 1e-9, "µ": 1e-6, "m": 1e-3, "k": 1e3, "M": 1e6}
_BASES = ("J", "W", "A", "V", "s", "S", "F", "ohm", "A/m", "J/m", "J/m²", "J/m³", "m")


@dataclass(frozen=True)
class Value:
    """One quantity as found. `number` is None where nothing was found, and `note` says why."""

    number: float | Numbers | None
    unit: str
    note: str = ""

    @property
    def numbers(self) -> Numbers:
        """The number or numbers as a tuple; empty where nothing was found."""
        if self.number is None:
            return ()
        return self.number if isinstance(self.number, tuple) else (self.number,)

    def numbers_in(self, unit: str) -> Numbers:
        """The numbers in another unit of the same base: pJ as fJ.

        Raises:
            ValueError: The units are of different bases.
        """
        if unit == self.unit:
            return self.numbers
        (base, factor), (wanted, other) = _unit(self.unit), _unit(unit)
        if base != wanted:
            raise ValueError(f"{self.unit} is no {unit}")
        return tuple(float(f"{number * (factor / other):.12g}") for number in self.numbers)

    def to_dict(self) -> dict[str, Any]:
        """The value as JSON-able ones."""
        number = list(self.number) if isinstance(self.number, tuple) else self.number
        return {"value": number, "unit": self.unit, "note": self.note}


Values = Mapping[str, Value]
"""By the quantity's name."""


def _unit(unit: str) -> tuple[str, float]:
    """A unit's base, and how many of it the unit is."""
    if unit == "MA/cm²":
        return "A/m²", 1e10
    for base in _BASES:
        if unit.endswith(base) and unit[: -len(base)] in _PREFIX:
            return base, _PREFIX[unit[: -len(base)]]
    return unit, 1.0


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
    alone = (row for row in printed_rows() if row.rule != "range" and NUMBER.fullmatch(row.printed))
    return {(row.source or "", row.value): (float(row.printed), row.unit) for row in alone}


def printed_in(name: Name, unit: str) -> float:
    """A printed number in a unit."""
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


def values_of_rows(rows: Iterable[Row | Mapping[str, Any]]) -> dict[str, Value]:
    """The values of a device's or a circuit's own comparison, as it returns or prints them."""
    found = {}
    for row in rows:
        fields = row.to_dict() if isinstance(row, Row) else row
        found[fields["quantity"]] = Value(fields["ours"], fields["unit"], fields["note"])
    return found
