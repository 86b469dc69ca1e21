"""The one exception that a user causes and can mend."""

import difflib
from collections.abc import Iterable


class UserError(ValueError):
    """Something in what the user gave is wrong; the command line prints it and exits with status 2.

    Args:
        problem: What is wrong, naming the file, key or value.
        remedy: What to do about it; printed on a line of its own.
    """

    def __init__(self, problem: str, remedy: str = "") -> None:
        super().__init__(f"{problem}\n  {remedy}" if remedy else problem)
        self.problem = problem
        self.remedy = remedy

    def __reduce__(self) -> tuple[type["UserError"], tuple[str, str]]:
        """Both texts survive the way between processes."""
        return type(self), (self.problem, self.remedy)


def did_you_mean(name: object, known: Iterable[str]) -> str:
    """`Did you mean X? ` with the known name that is closest; empty where none is close."""
    close = difflib.get_close_matches(str(name), list(known), 1)
    return f"Did you mean {close[0]}? " if close else ""
