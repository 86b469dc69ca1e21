"""How long work says how far it is: one type, the one that says nothing, and lines for where there is no terminal."""

import sys
import time
from collections.abc import Callable

Progress = Callable[[str, int, int], None]
"""Called with (what is being done, parts done, parts in all)."""


def no_progress(what: str, done: int, total: int) -> None:
    """Say nothing."""


def progress_lines(every_s: float = 15, clock: Callable[[], float] = time.monotonic) -> Progress:
    """A line on standard error now and then, with the time left: for logs and pipes, where a bar cannot move.

    Args:
        every_s: Least time between two lines; work that is done before it stays silent.
        clock: The time in seconds.
    """
    began: dict[str, tuple[float, int]] = {}
    told = clock()

    def advance(what: str, done: int, total: int) -> None:
        nonlocal told
        now = clock()
        first_s, first = began.setdefault(what, (now, done))
        if now - told < every_s or done >= total:
            return
        told = now
        left_s = (now - first_s) / (done - first) * (total - done) if done > first else 0.0
        left = f", {duration(left_s)} left" if left_s >= 1 else ""
        print(f"{what}: {done:,} of {total:,}{left}", file=sys.stderr, flush=True)

    return advance


def duration(seconds: float) -> str:
    """A time in the unit that a person would use: `40 s`, `12 min`, `3.5 h`."""
    minutes = seconds / 60
    return f"{seconds:.0f} s" if seconds < 100 else f"{minutes:.0f} min" if minutes < 100 else f"{minutes / 60:.1f} h"
