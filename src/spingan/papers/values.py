"""A number of ours with its unit, and what is to be known of it: what every source of the comparison gives."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from spingan.papers.printed import Numbers
from spingan.papers.rows import Row

_PREFIX = {"": 1.0, "f": 1e-15, "p": 1e-12, "n": 1e-9, "µ": 1e-6, "m": 1e-3, "k": 1e3, "M": 1e6}
_BASES = ("J", "W", "A", "V", "s", "S", "ohm")


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
        factor = _factor(self.unit) / _factor(unit)
        if _base(self.unit) != _base(unit):
            raise ValueError(f"{self.unit} is no {unit}")
        return tuple(float(f"{number * factor:.12g}") for number in self.numbers)

    def to_dict(self) -> dict[str, Any]:
        """The value as JSON-able ones."""
        number = list(self.number) if isinstance(self.number, tuple) else self.number
        return {"value": number, "unit": self.unit, "note": self.note}


Values = Mapping[str, Value]
"""By the quantity's name."""


def values_of_rows(rows: Iterable[Row | Mapping[str, Any]]) -> dict[str, Value]:
    """The values of a device's or a circuit's own comparison, as it returns or prints them."""
    found = {}
    for row in rows:
        fields = row.to_dict() if isinstance(row, Row) else row
        found[fields["quantity"]] = Value(fields["ours"], fields["unit"], fields["note"])
    return found


def _base(unit: str) -> str:
    return next((base for base in _BASES if unit.endswith(base) and unit[: -len(base)] in _PREFIX), unit)


def _factor(unit: str) -> float:
    base = _base(unit)
    return _PREFIX.get(unit[: -len(base)], 1.0) if base != unit or unit in _BASES else 1.0
