"""Faces prepared once and kept on disk: one array that is mapped into memory, and what is known about its rows."""

import json
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import UInt8

from spingan.errors import UserError
from spingan.output import output_folder

TRAIN_IMAGES, TEST_IMAGES = 57_209, 6_356  # paper S, IV-A2
SPLIT_SEED = 0
Faces = UInt8[np.ndarray, "n size size 3"]

IMAGES, _ATTRIBUTES, _ABOUT = "images.npy", "attributes.npy", "about.json"
_ABANDONED_S = 6 * 3600.0  # assumed: nothing prepares faces for so long; what is older was left by a killed process


def training_share(count: int) -> int:
    """How many of `count` images are for training, in paper S's proportion (IV-A2); all of them if there are few."""
    return round(count * TRAIN_IMAGES / (TRAIN_IMAGES + TEST_IMAGES))


@dataclass(frozen=True)
class FaceStore:
    """One prepared set: rows in the order of its split, those for training first."""

    folder: Path
    about: dict[str, Any]

    @property
    def count(self) -> int:
        """Images in both parts."""
        return int(self.about["images"])

    def images(self, split: str) -> Faces:
        """The images of `train` or `test`, mapped into memory: changes to them stay in this process."""
        return self._part(np.load(self.folder / IMAGES, mmap_mode="c"), split)

    def attributes(self, split: str) -> UInt8[np.ndarray, "n attributes"]:
        """For each image the number of its value in each list of `about["attributes"]`.

        Raises:
            UserError: The images came without.
        """
        if not self.about["attributes"]:
            raise UserError("nothing is known about what is on these images", "Choose cartoon-faces.")
        return self._part(np.load(self.folder / _ATTRIBUTES), split)

    def _part(self, rows: np.ndarray, split: str) -> np.ndarray:
        boundary = int(self.about["training_images"])
        return rows[:boundary] if split == "train" else rows[boundary:]


def find_store(folder: Path) -> FaceStore | None:
    """The prepared set in `folder`, or None.

    Raises:
        UserError: There is one that cannot be read.
    """
    if not (folder / _ABOUT).is_file():
        return None
    try:
        about = json.loads((folder / _ABOUT).read_text(encoding="utf-8"))
        store = FaceStore(folder, about)
        found = np.load(folder / IMAGES, mmap_mode="r").shape
        if found[0] != store.count:
            raise ValueError(f"{found[0]} images, not {store.count}")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(f"the prepared images in {folder} are damaged: {error}", "Delete the folder.") from error
    return store


class StoreWriter:
    """A set while it is being made."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._about: dict[str, Any] | None = None

    def new_array(self, name: str, count: int, size: int) -> np.memmap:
        """An array on the disk, mapped into memory: `images.npy` is the set, others go when the set is finished."""
        return np.lib.format.open_memmap(self._folder / name, "w+", np.uint8, (count, size, size, 3))

    def finish(self, about: dict[str, Any], attributes: np.ndarray | None, texts: dict[str, str]) -> None:
        """Keep what is known about the images, and files of text beside them; remove what else was made."""
        if attributes is not None:
            np.save(self._folder / _ATTRIBUTES, attributes)
        for leftover in set(self._folder.iterdir()) - {self._folder / name for name in (IMAGES, _ATTRIBUTES)}:
            leftover.unlink()
        for name, text in {**texts, _ABOUT: json.dumps(about, indent=1, ensure_ascii=False)}.items():
            (self._folder / name).write_text(text, encoding="utf-8")


@contextmanager
def new_store(folder: Path) -> Iterator[StoreWriter]:
    """The writer of a set: `folder` appears, whole, when the block ends well, and not at all when it does not.

    Raises:
        UserError: The place cannot be written, or the disk is full.
    """
    output_folder(folder.parent)
    for leftover in folder.parent.glob(".preparing.*"):
        if time.time() - leftover.stat().st_mtime > _ABANDONED_S:
            shutil.rmtree(leftover, ignore_errors=True)
    try:
        temporary = Path(tempfile.mkdtemp(prefix=".preparing.", dir=folder.parent))
        try:
            yield StoreWriter(temporary)
            temporary.chmod(0o755)
            shutil.rmtree(folder, ignore_errors=True)  # what was prepared from other files, or drawn a moment ago
            temporary.replace(folder)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
    except OSError as error:
        raise UserError(
            f"cannot write {folder}: {error.strerror or error}",
            "63,565 faces take 0.8 GB; free some space, or mend the folder's rights.",
        ) from error
