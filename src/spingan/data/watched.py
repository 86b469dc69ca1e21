"""Work on many images with a progress bar on standard error."""

import sys
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

from spingan.progress import progress_lines

Result = TypeVar("Result")

_PATIENCE_S = 2.0  # work that takes no longer needs no progress bar


def watched(results: Iterable[Result], total: int, what: str) -> Iterator[Result]:
    """The results as they come, with a bar and the time left once they have taken a while; lines without a terminal."""
    if not sys.stderr.isatty():
        advance = progress_lines()
        for done, result in enumerate(results, 1):
            advance(what, done, total)
            yield result
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    begun = time.monotonic()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=total, visible=False)
        for result in results:
            bar.update(task, advance=1, visible=time.monotonic() - begun > _PATIENCE_S)
            yield result
