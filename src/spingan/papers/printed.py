"""Every number that the two papers print, as rows of YAML; and what a printed text says about an unrounded number."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args

import yaml

Kind = Literal["input", "fitted", "arithmetic", "predicted"]
Rule = Literal["equals", "at most", "at least", "range"]
Rounding = Literal["exact", "round", "truncate", "round or truncate", "none"]
Numbers = tuple[float, ...]
KINDS: tuple[Kind, ...] = get_args(Kind)
KIND_MEANS: Mapping[Kind, str] = {
    "input": "taken from the paper",
    "fitted": "something unprinted was chosen to give it",
    "arithmetic": "follows from other printed numbers",
    "predicted": "from physics, circuits or training",
}
PAPERS = {"S": "paper_numbers.yaml", "M": "am_dcgan_numbers.yaml"}
NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?")
_SIGNIFICANT = 12  # digits of a float that we trust: sums such as 3 x 11.48 must not miss 34.44 by 1e-15


@dataclass(frozen=True)
class PrintedRow:
    """One printed number.

    Attributes:
        paper: `S` (arXiv 2601.01441) or `M` (AM-DCGAN).
        where: Section, table or figure.
        printed: As the paper writes it; several numbers where they belong together.
        kind: How ours can be had at all, see `KIND_MEANS`.
        of: Kind of quantity, a key of `tolerance.TOLERANCES`; empty for an input and for arithmetic.
        source, value: Ours is the value of that name in that source; without a source there is none.
        why: Why ours differs, shown if it does.
        caution: What an agreement is worth, shown always.
        missing: What it takes to have ours.
        beside: Names of values that are shown and never compared, by source.
    """

    paper: str
    group: str
    what: str
    where: str
    printed: str
    unit: str
    kind: Kind
    value: str
    of: str = ""
    rule: Rule = "equals"
    source: str | None = None
    why: str = ""
    caution: str = ""
    missing: str = ""
    beside: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def load_yaml(name: str) -> dict[str, Any]:
    """A file of this folder; by libyaml where it is there, which takes a tenth of the time."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return yaml.load(Path(__file__).with_name(name).read_text(encoding="utf-8"), loader)


@cache
def printed_rows() -> tuple[PrintedRow, ...]:
    """The rows of both papers, in the files' order."""
    return tuple(
        _row(paper, group, row)
        for paper, name in PAPERS.items()
        for group, rows in load_yaml(name)["rows"].items()
        for row in rows
    )


def _row(paper: str, group: str, data: dict[str, Any]) -> PrintedRow:
    given = {"from": "source"}
    fields = {given.get(key, key): value for key, value in data.items()}
    beside = {source: tuple(names) for source, names in data.get("beside", {}).items()}
    return PrintedRow(**{"value": data["what"], **fields, "paper": paper, "group": group, "beside": beside})


def numbers_in(printed: str) -> tuple[tuple[str, float], ...]:
    """Every number in a printed text with its own digits: `3 to 6` has two, `64, 128` too."""
    return tuple((found, float(found)) for found in NUMBER.findall(printed))


def significant(printed: str) -> str:
    """A printed figure without the zeros that fill it up: 17.2000 says no more than 17.2."""
    return printed.rstrip("0").rstrip(".") if "." in printed and "e" not in printed else printed


def half_last_place(text: str) -> float:
    """Half a unit of a printed number's last decimal place; of a whole number, half of one."""
    exponent = Decimal(text).as_tuple().exponent
    return 0.5 * 10.0 ** int(exponent)


def explain_rounding(printed: str, computed: float) -> Rounding:
    """How `printed` follows from `computed`: by rounding to its decimals, by cutting the rest off, by both, or not."""
    target = Decimal(printed)
    unrounded = Decimal(f"{computed:.{_SIGNIFICANT}g}")
    if unrounded == target:
        return "exact"
    last_place = Decimal(1).scaleb(int(target.as_tuple().exponent))
    rounds = unrounded.quantize(last_place, ROUND_HALF_UP) == target
    truncates = unrounded.quantize(last_place, ROUND_DOWN) == target
    if rounds and truncates:
        return "round or truncate"
    if rounds:
        return "round"
    return "truncate" if truncates else "none"
