"""Where our numbers come from: what is computed at once, and what is stored (`sources.yaml`)."""

from dataclasses import dataclass
from importlib import import_module
from typing import Any

from spingan.errors import UserError
from spingan.papers import slow
from spingan.papers.printed import load_yaml
from spingan.papers.slow import Progress, Result
from spingan.papers.values import Values


@dataclass(frozen=True)
class Live:
    """Numbers that are computed whenever they are asked for. `where` is `module:function` here, with an argument."""

    name: str
    command: str
    how: str
    where: str

    def values(self) -> Values:
        """The numbers, now.

        Raises:
            UserError: What they need is not on this machine.
        """
        module, function, *arguments = self.where.split(":")
        found: Values = getattr(import_module(f"spingan.papers.{module}"), function)(*arguments)
        return found


@dataclass(frozen=True)
class Slow:
    """Numbers that are stored, because their command takes minutes or hours.

    Attributes:
        function, reader: Names in `spingan.papers.slow`, each followed by its arguments.
        models: Shipped nets that the result is about, the net of the command first: it is stale when their weights
            change.
        from_run: What --store takes: the command's JSON, or, of a training, its run folder.
    """

    name: str
    command: str
    how: str
    function: tuple[Any, ...]
    reader: tuple[Any, ...]
    models: tuple[str, ...] = ()
    from_run: bool = False

    def run(self, progress: Progress) -> Result:
        """Do what the command does, and return what it prints with --json."""
        name, *arguments = self.function
        return getattr(slow, name)(*arguments, progress)

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


def _slow(name: str, data: dict[str, Any]) -> Slow:
    models, read = tuple(data.get("models", ())), tuple(data["read"])
    if "train" not in data:
        return Slow(name, data["command"], data["how"], tuple(data["run"]), read, models)
    recipe, *overrides = data["train"]
    command = " --set ".join(("spingan train " + recipe, *overrides))
    return Slow(name, command, data["how"], ("training", recipe, tuple(overrides)), read, models, from_run=True)


_DATA = load_yaml("sources.yaml")
LIVE_BY_NAME = {name: Live(name, **fields) for name, fields in _DATA["live"].items()}
SLOW_BY_NAME = {name: _slow(name, fields) for name, fields in _DATA["slow"].items()}
SLOW = tuple(SLOW_BY_NAME.values())
