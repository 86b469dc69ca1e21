"""How a command runs and prints: results on standard output, everything else on standard error."""

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spingan.progress import Progress, progress_lines
from spingan.tabular import cell
from spingan.tabular import plain_text as table
from spingan.terminal import has_all_letters

if TYPE_CHECKING:
    from spingan.papers.rows import Row


@dataclass(frozen=True)
class Result:
    """What a command found.

    Attributes:
        data: for a program, in JSON's types.
        text: for a person, on standard output.
        notes: for a person, on standard error, before the files.
        write: leaves the result in a folder, and says which files; None: it leaves none.
    """

    data: Mapping[str, Any]
    text: str = ""
    notes: Sequence[str] = ()
    write: Callable[[Path], Sequence[Path]] | None = None


def run(work: Callable[[Progress], Result], as_json: bool, folder: Path | None = None) -> None:
    """Do a command's work under progress bars, write its files into `folder`, and print it; the JSON names the files.

    Raises:
        UserError: The work's; and that the folder cannot stand there, before the work begins.
    """
    from spingan.output import output_folder

    if folder is not None:
        output_folder(folder if folder.exists() else folder.parent)  # a bad place is known before the minutes of work
    with progress_bars() as advance:
        result = work(advance)
    files = None
    if result.write is not None:
        files = [] if folder is None else [str(file) for file in result.write(output_folder(folder))]
    show(result, as_json, files)


@contextmanager
def progress_bars() -> Iterator[Progress]:
    """A bar on standard error for work that is done in parts; without a terminal a line now and then."""
    if not sys.stderr.isatty():
        yield progress_lines()
        return
    from rich import progress as bars
    from rich.console import Console

    columns = bars.TextColumn("{task.description}"), bars.BarColumn(), bars.MofNCompleteColumn()
    terminal = Console(stderr=True)
    with bars.Progress(*columns, bars.TimeRemainingColumn(), console=terminal, transient=True) as bar:
        tasks = {}

        def advance(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bar.add_task(what, total=total)
            bar.update(tasks[what], completed=done)

        yield advance


def show(result: Result, as_json: bool, files: Sequence[str] | None = None) -> None:
    """Print a result as JSON, or for a person; `files` are those that it left, None where it never leaves any."""
    if as_json:
        print_json(result.data if files is None else {**result.data, "files": list(files)})
        return
    if result.text:
        print(result.text)
    if result.notes or files:
        print_note("\n".join([*result.notes, *(files or ())]))


def print_json(result: Mapping[str, Any]) -> None:
    """Print one JSON object on standard output; numbers that are not finite become null, as JSON has none."""
    print(json.dumps(_finite(result), indent=2, ensure_ascii=not has_all_letters(), allow_nan=False))


def print_note(text: str) -> None:
    """Print a line for the person at the terminal on standard error, out of the way of results."""
    print(text, file=sys.stderr)


def print_table(headings: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[int] = ()) -> None:
    """Print `table`."""
    print(table(headings, rows, right))


def rows_table(rows: "Sequence[Row]") -> str:
    """A comparison: what a paper prints, and ours."""
    cells = [(row.quantity, cell(row.printed), cell(row.ours), row.unit, row.note) for row in rows]
    return table(("quantity", "printed", "ours", "unit", "note"), cells, right=(1, 2))


def _finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return None
    return value
