"""Printed figures as text: the numbers in them, and how many digits they were printed with."""

import re
from decimal import Decimal

Numbers = tuple[float, ...]

_NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?")


def numbers_in(printed: str) -> tuple[tuple[str, float], ...]:
    """Every number in a printed text with its own digits: `3 to 6` has two, `64, 128` too."""
    return tuple((found, float(found)) for found in _NUMBER.findall(printed))


def significant(printed: str) -> str:
    """A printed figure without the zeros that fill it up: 17.2000 says no more than 17.2."""
    return printed.rstrip("0").rstrip(".") if "." in printed and "e" not in printed else printed


def half_last_place(text: str) -> float:
    """Half a unit of a printed number's last decimal place; of a whole number, half of one."""
    exponent = Decimal(text).as_tuple().exponent
    return 0.5 * 10.0 ** int(exponent)
