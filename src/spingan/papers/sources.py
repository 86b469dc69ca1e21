"""Where our numbers come from: what is computed at once, and what is stored (`sources.yaml`)."""

import json
import shlex
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spingan.errors import UserError
from spingan.papers import live, slow
from spingan.papers.printed import load_yaml
from spingan.papers.rows import Values
from spingan.papers.slow import Result, read_run


@dataclass(frozen=True)
class Live:
    """Numbers that are computed whenever they are asked for: a function of `spingan.papers.live`, and its arguments."""

    name: str
    command: str
    how: str
    function: tuple[Any, ...]

    def values(self) -> Values:
        """The numbers, now.

        Raises:
            UserError: What they need is not on this machine.
        """
        name, *arguments = self.function
        return getattr(live, name)(*arguments)


@dataclass(frozen=True)
class Slow:
    """Numbers that are stored, because their command takes minutes or hours.

    Attributes:
        reader: Name of a function in `spingan.papers.slow`, followed by its arguments.
        models: Shipped nets that the result is about, the net of the command first: it is stale when their weights
            change.
    """

    name: str
    command: str
    how: str
    reader: tuple[Any, ...]
    models: tuple[str, ...] = ()

    @property
    def from_run(self) -> bool:
        """Whether the numbers are of a training's run folder, and not of what the command prints with --json."""
        return self.command.startswith("spingan train ")

    def run(self) -> Result:
        """What the command prints with --json, or its run folder holds. Its files go into a folder that is removed.

        Raises:
            UserError: The command fails; it has said why on standard error.
        """
        words = [sys.executable, "-m", *shlex.split(self.command), "--json"]
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name) / "result"
            if words[3] != "evaluate":  # the only one that leaves no files
                words += ["--out", str(folder)]
            done = subprocess.run(words, stdout=subprocess.PIPE, encoding="utf-8")
            if done.returncode != 0:
                raise UserError(f"{self.command} ended with status {done.returncode}", "It has said why")
            return read_run(folder) if self.from_run else json.loads(done.stdout)

    def read(self, result: Result) -> Values:
        """The numbers that are kept of a result."""
        name, *arguments = self.reader
        return getattr(slow, name)(result, *arguments)


def slow_source(name: str) -> Slow:
    """The stored source of that name.

    Raises:
        UserError: There is none.
    """
    if name not in SLOW_BY_NAME:
        raise UserError(f"there is no stored result {name!r}", f"Known: {', '.join(SLOW_BY_NAME)}.")
    return SLOW_BY_NAME[name]


_DATA = load_yaml("sources.yaml")
LIVE_BY_NAME = {name: Live(name, one["command"], one["how"], tuple(one["run"])) for name, one in _DATA["live"].items()}
SLOW_BY_NAME = {
    name: Slow(name, one["command"], one["how"], tuple(one["read"]), tuple(one.get("models", ())))
    for name, one in _DATA["slow"].items()
}
SLOW = tuple(SLOW_BY_NAME.values())
