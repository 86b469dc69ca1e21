"""How a command prints: results on standard output, everything else on standard error."""

import json
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from spingan.terminal import has_all_letters

if TYPE_CHECKING:
    from spingan.devices.comparison import Row


def print_json(result: Mapping[str, Any]) -> None:
    """Print one JSON object on standard output; numbers that are not finite become null, as JSON has none."""
    print(json.dumps(_finite(result), indent=2, ensure_ascii=not has_all_letters(), allow_nan=False))


def print_note(text: str) -> None:
    """Print a line for the person at the terminal on standard error, out of the way of results."""
    print(text, file=sys.stderr)


def print_table(headings: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[int] = ()) -> None:
    """Print `rows` under `headings` on standard output; the columns numbered in `right` are flush right.

    Plain text as wide as it needs to be, so that it can be piped and searched.
    """
    from spingan.reports.tables import plain_text

    print(plain_text(headings, rows, right))


def print_rows(rows: "Sequence[Row]") -> None:
    """Print a comparison: what a paper prints beside ours."""
    from spingan.reports.tables import cell

    cells = [(row.quantity, cell(row.printed), cell(row.ours), row.unit, row.note) for row in rows]
    print_table(("quantity", "printed", "ours", "unit", "note"), cells, right=(1, 2))


def _finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return None
    return value
