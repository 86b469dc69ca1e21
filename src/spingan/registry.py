"""Open registries: the names that a recipe or a command may use, and what each stands for.

What comes with the package is registered by its place (`module:attribute`) and imported on first use, so that names are
checked before torch is loaded. Others register from outside. A name that nobody knows yet makes the plug-ins load once:
entry points of the group `spingan.plugins`, and the modules and files named in the environment variable
SPINGAN_PLUGINS, which processes started from here inherit.
"""

import os
import runpy
from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Generic, TypeVar

from spingan.errors import UserError, did_you_mean

Entry = TypeVar("Entry")
_LOADED: list[bool] = []
GROUP, VARIABLE = "spingan.plugins", "SPINGAN_PLUGINS"


def resolve(place: str) -> object:
    """The object at `module:attribute`."""
    module, _, attribute = place.partition(":")
    return getattr(import_module(module), attribute)


class Registry(Generic[Entry]):
    """Entries by name.

    Args:
        what: A word for one entry in messages: "net", "data set".
        shipped: What comes with the package; these names cannot be taken by others.
    """

    def __init__(self, what: str, shipped: Mapping[str, "Entry | str"]) -> None:
        self._what = what
        self._shipped = frozenset(shipped)
        self._entries: dict[str, Entry | str] = dict(shipped)

    def register(self, name: str, entry: Entry) -> None:
        """Add an entry. A name that was registered from outside before now stands for this one.

        Raises:
            UserError: The name is not a text, or it belongs to an entry of the package.
        """
        if not (isinstance(name, str) and name):
            raise UserError(f"{name!r} cannot name a {self._what}", "Give a text.")
        if name in self._shipped:
            raise UserError(f"the {self._what} {name!r} comes with spingan", "Register yours under another name.")
        self._entries[name] = entry

    def names(self) -> tuple[str, ...]:
        """All names known now, those of the package first."""
        return tuple(self._entries)

    def check(self, name: str) -> str:
        """The name itself, if there is such an entry.

        Raises:
            UserError: There is none, not even after the plug-ins are loaded.
        """
        if name not in self._entries:
            load_plugins()
        if name not in self._entries:
            hint = f"{did_you_mean(name, self._entries)}Known: {', '.join(self._entries)}."
            own = f"Your own registers itself first: set {VARIABLE} to the module or file that does it."
            raise UserError(f"unknown {self._what} {name!r}", f"{hint} {own}")
        return name

    def __getitem__(self, name: str) -> Entry:
        entry = self._entries[self.check(name)]
        if isinstance(entry, str):
            entry = self._entries[name] = resolve(entry)  # pyright: ignore[reportArgumentType]
        return entry  # pyright: ignore[reportReturnType]

    def __contains__(self, name: object) -> bool:
        return name in self._entries

    def __iter__(self) -> Iterator[str]:
        return iter(self.names())


def load_plugins() -> None:
    """Import the plug-ins, once.

    Raises:
        UserError: One cannot be imported.
    """
    if _LOADED:
        return
    _LOADED.append(True)  # first: a plug-in may look up a name itself
    try:
        _load_plugins()
    except UserError:
        _LOADED.clear()
        raise


def _load_plugins() -> None:
    from importlib.metadata import entry_points  # late: takes a while, and only an unknown name needs it

    for point in entry_points(group=GROUP):
        try:
            point.load()
        except Exception as error:
            raise UserError(
                f"the plug-in {point.value} cannot be loaded: {error}", "Update or uninstall its package."
            ) from error
    for place in filter(None, os.environ.get(VARIABLE, "").split(os.pathsep)):
        try:
            runpy.run_path(place, run_name="spingan_plugin") if place.endswith(".py") else import_module(place)
        except Exception as error:
            problem = f"{VARIABLE} names {place}, which cannot be loaded: {type(error).__name__}: {error}"
            raise UserError(problem, f"Correct {VARIABLE}, or the module.") from error
