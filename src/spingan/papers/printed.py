"""Every number that the two papers print, as rows: what, where, how much, and where ours comes from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args

import yaml

Kind = Literal["input", "fitted", "arithmetic", "predicted"]
Rule = Literal["equals", "at most", "at least", "range"]
KINDS: tuple[Kind, ...] = get_args(Kind)
KIND_MEANS: Mapping[Kind, str] = {
    "input": "taken from the paper",
    "fitted": "something unprinted was chosen to give it",
    "arithmetic": "follows from other printed numbers",
    "predicted": "from physics, circuits or training",
}
PAPERS = {"S": "paper_numbers.yaml", "M": "am_dcgan_numbers.yaml"}


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
    of: str
    rule: Rule
    source: str | None
    value: str
    why: str
    caution: str
    missing: str
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
    return PrintedRow(
        paper=paper,
        group=group,
        what=data["what"],
        where=data["where"],
        printed=data["printed"],
        unit=data["unit"],
        kind=data["kind"],
        of=data.get("of", ""),
        rule=data.get("rule", "equals"),
        source=data.get("from"),
        value=data.get("value", data["what"]),
        why=data.get("why", ""),
        caution=data.get("caution", ""),
        missing=data.get("missing", ""),
        beside={source: tuple(names) for source, names in data.get("beside", {}).items()},
    )
