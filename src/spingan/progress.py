"""How long work says how far it is: one type, and the one that says nothing."""

from collections.abc import Callable

Progress = Callable[[str, int, int], None]
"""Called with (what is being done, parts done, parts in all)."""


def no_progress(what: str, done: int, total: int) -> None:
    """Say nothing."""
