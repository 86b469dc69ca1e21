"""What an image set is: what is on its images, where they are, how they are read, and what judges generated ones."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from jaxtyping import UInt8

from spingan.errors import UserError

Split = Literal["train", "test"]
Images = UInt8[np.ndarray, "n size size *channels"]
Labels = UInt8[np.ndarray, " n"]


@dataclass(frozen=True)
class Place:
    """Where a set is: `kind` is "folder" (given), "system package", "cache", "shipped sample" or "drawn, cache"."""

    kind: str
    folder: Path

    def __str__(self) -> str:
        return f"{self.kind}, {self.folder}"


@dataclass(frozen=True)
class Judges:
    """Real images to compare generated ones with, and others, whose distance from them is the floor.

    Attributes:
        others: Loads them; None: there are none, and the halves of `test` are compared.
        where: In words.
        about_test, about_others: In words, with `{count}` for the number of images.
    """

    test: Images
    others: Callable[[], Images] | None
    where: str
    about_test: str = "the first {count:,} test images"
    about_others: str = "the first {count:,} training images"


class ImageSet(ABC):
    """A set of square images. Those of the package derive from it, and so does one of your own (`register_data`).

    Attributes:
        name: As recipes and commands write it.
        channels, size: Of an image, 1 or 3, and pixels a side.
        class_names: Of the classes that labels number from 0; () where nobody knows any.
        feature_net: The shipped network that judges such images (`spingan.evaluation.features`); None: none does.
        licence: Under which the images are published, and by whom.
        how_to_get: What a user without the images can do.
    """

    name: str
    channels: int
    size: int
    class_names: tuple[str, ...] = ()
    feature_net: str | None = None
    licence: str = "unknown"
    how_to_get: str = "Register it with a way to load it"

    @abstractmethod
    def load(
        self, split: Split, path: str | Path | None = None, size: int | None = None
    ) -> tuple[Images, Labels | None]:
        """The images of one part, 8 bit, (n, size, size) or (n, size, size, 3), and the class of each where known.

        Args:
            path: Folder that holds the set (recipe key data.path).
            size: Pixels a side that are asked for, where the set can be read at several.

        Raises:
            UserError: They are not there.
        """

    def find(self, path: str | Path | None = None) -> Place | None:
        """Where the set is on this machine; None: nowhere yet.

        Raises:
            UserError: `path` is given and does not hold it.
        """
        return None if path is None else Place("folder", Path(path))

    def fetch(self) -> Place:
        """Bring the set onto this machine.

        Raises:
            UserError: It cannot be fetched.
        """
        raise UserError(f"{self.name} cannot be fetched", f"{self.how_to_get}.")

    def judges(self, path: str | Path | None = None) -> Judges:
        """The images that generated ones are compared with.

        Raises:
            UserError: They are not there.
        """
        test = self.load("test", path)[0]
        return Judges(test, lambda: self.load("train", path)[0], str(self.find(path) or self.name))

    def training_images(self, path: str | Path | None = None) -> Images | None:
        """All training images, to look for copies of them; None: they are not on this machine."""
        return None if self.find(path) is None else self.load("train", path)[0]

    def few(self, count: int, path: str | Path | None = None) -> Images | None:
        """A few images to look at, without a download; None: there are none without a folder."""
        return self.load("train", path)[0][:count]

    def places(self) -> list[dict[str, object]]:
        """The set as `spingan data list` shows it: name, images, place and how it came or comes there."""
        return [{"name": self.name, "images": None, "place": None, "how": self.how_to_get}]
