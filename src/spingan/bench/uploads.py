"""The files that a user drops onto the page: kept in a folder of the bench's own, each in one of its own."""

import re
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from pydantic import Field

from spingan.errors import UserError
from spingan.spec.technology import ActivationKey
from spingan.spec.value import Value

MOST_FILES = 40
SUFFIXES = (".csv", ".txt", ".odt")
_STRANGE = re.compile(r"[^A-Za-z0-9._+-]+")


class FitAsked(Value):
    """What a measurement is fitted as.

    Attributes:
        x, y: Names of its columns.
        x_unit, y_unit: Where the file does not say them.
        function: What the device stands for.
        states: Levels of a synapse.
    """

    x: str = Field(max_length=1000)
    y: str = Field(max_length=1000)
    x_unit: str | None = Field(default=None, max_length=20)
    y_unit: str | None = Field(default=None, max_length=20)
    function: ActivationKey | Literal["synapse"]
    states: int = Field(default=64, ge=2, le=65_536)


@dataclass
class Uploads:
    """Files by the bench's names for them.

    Attributes:
        paths: Where each is; its last part is what the user called it.
        made_by: Of those that were fitted here, the command and the Python line that fit them.
    """

    folder: Path
    paths: dict[str, Path] = field(default_factory=dict)
    made_by: dict[str, tuple[str, str]] = field(default_factory=dict)

    @property
    def names(self) -> dict[str, str]:
        """What the user calls each."""
        return {name: path.name for name, path in self.paths.items()}

    def place(self, called: str) -> tuple[str, Path]:
        """A name of the bench's own and a place for a file that the user calls `called`; only its last part counts.

        Raises:
            UserError: It is no table by its name, or there are too many files.
        """
        safe = _STRANGE.sub("_", re.split(r"[/\\]", called)[-1]).lstrip(".")[-80:]
        if not safe.lower().endswith(SUFFIXES) or not safe[: -len(SUFFIXES[0])].strip("._"):
            raise UserError(
                f"{called[:80]!r} is no table by its name", f"Drop a file that ends in {', '.join(SUFFIXES)}."
            )
        if len(self.paths) >= MOST_FILES:
            raise UserError(f"{MOST_FILES} files are open, which is the most", "Start the bench again.")
        name = secrets.token_hex(8)
        place = self.folder / name / safe
        place.parent.mkdir(parents=True)
        return name, place

    def keep(self, called: str, content: bytes) -> str:
        """Write a file down; the bench's name for it.

        Raises:
            UserError: As `place`.
        """
        name, place = self.place(called)
        place.write_bytes(content)
        self.paths[name] = place
        return name

    def drop(self, name: str) -> None:
        """Forget a file, and remove it."""
        place = self.paths.pop(name)
        place.unlink(missing_ok=True)
        place.parent.rmdir()

    def find(self, name: str) -> Path:
        """Where a file is.

        Raises:
            UserError: There is none of that name.
        """
        if name not in self.paths:
            raise UserError("that file is not here any more", "The bench was restarted: drop the file again.")
        return self.paths[name]
