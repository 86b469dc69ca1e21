"""Sets of 28x28 grey images in ten classes, published as four IDX files: where they are, and how to get them."""

from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import ClassVar

import numpy as np
from jaxtyping import UInt8

from spingan.data import idx
from spingan.data.image_set import Images as AnyImages
from spingan.data.image_set import ImageSet, Judges, Labels, Place, Split
from spingan.errors import UserError

Images = UInt8[np.ndarray, "n 28 28"]


@dataclass(kw_only=True)
class IdxSet(ImageSet):
    """One set: 60,000 images for training, 10,000 for testing.

    Attributes:
        name: As recipes and commands write it.
        title: As a person writes it.
        about: What is on the images.
        licence: Under which they are published, and by whom.
        source: The publication.
        class_names: Of the ten classes.
        system_folders: Where system packages put the files.
        url: Folder of the download.
        sha256: Of the compressed files at `url`.
        how_to_get: What a user without the files can do.
        sample: The folder, within spingan's data, of the shipped test sample.
        feature_net: The shipped network that judges such images.
    """

    files: ClassVar[dict[Split, tuple[str, str]]] = {
        "train": ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
        "test": ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"),
    }
    name: str
    title: str
    about: str
    licence: str
    source: str
    class_names: tuple[str, ...]
    system_folders: tuple[Path, ...]
    url: str
    sha256: dict[str, str]
    how_to_get: str
    sample: str
    feature_net: str | None
    channels: int = 1
    size: int = 28

    def cache_folder(self) -> Path:
        """The user's cache folder for downloads."""
        import pooch  # late: only a machine without the files needs it

        return Path(pooch.os_cache("spingan")) / self.name

    def sample_folder(self) -> Path:
        """The folder of the shipped test sample."""
        return Path(str(resources.files("spingan"))) / "data" / self.sample

    def find(self, path: str | Path | None = None) -> Place | None:
        """Where the whole set is on this machine: `path` if given, else the system package, else the cache; or None.

        Raises:
            UserError: `path` is given and lacks one of the four files.
        """
        if path is not None:
            missing = [stem for stems in self.files.values() for stem in stems if _file(Path(path), stem) is None]
            if missing:
                problem = f"no {self.title} in {path}: " + ", ".join(f"{stem}.gz" for stem in missing) + " missing"
                raise UserError(problem, "Let data.path name a folder that holds the four IDX files, or leave it out.")
            return Place("folder", Path(path))
        for folder in self.system_folders:
            if self._complete(folder):
                return Place("system package", folder)
        cache = self.cache_folder()
        return Place("cache", cache) if self._complete(cache) else None

    def load(self, split: Split, path: str | Path | None = None, size: int | None = None) -> tuple[Images, Labels]:
        """The images and labels of one split: 60,000 for training or 10,000 for testing.

        Looked for in `path` (the recipe key data.path), then where a system package puts them, then in the user's
        cache, and downloaded there with a checksum if they are nowhere.

        Args:
            split: "train" or "test".
            path: A folder with the four IDX files, plain or .gz.
            size: Not looked at: the images have one size.

        Raises:
            UserError: `path` lacks a file, a file is damaged, or the download fails.
        """
        place = self.find(path) or self.fetch()
        return self._read(place.folder, split)

    def test_sample(self) -> tuple[Images, Labels]:
        """The shipped sample: the first 200 images of each class of the test set, in the test set's order."""
        return self._read(self.sample_folder(), "test")

    def fetch(self) -> Place:
        """Download the four files into the user's cache, each checked against its SHA-256, with a bar on stderr.

        A file that is there and sound is kept.

        Raises:
            UserError: No connection, a checksum that differs, or a cache that cannot be written.
        """
        from spingan.data.download import download

        folder = self.cache_folder()
        for name, sha256 in self.sha256.items():
            download(self.url + name, sha256, folder, self._remedy)
        return Place("cache", folder)

    def judges(self, path: str | Path | None = None) -> Judges:
        """The test images, or the shipped sample where the set is not on this machine."""
        place = self.find(path)
        if place is None:
            about = "{count:,} images of the shipped test sample"
            return Judges(self.test_sample()[0], None, f"shipped sample, {self.sample_folder()}", about)
        return Judges(self.load("test", path)[0], lambda: self.load("train", path)[0], str(place))

    def few(self, count: int, path: str | Path | None = None) -> AnyImages:
        """The first images of the shipped sample."""
        return self.test_sample()[0][:count]

    def places(self) -> list[dict[str, object]]:
        """The whole set and the shipped sample."""
        place = self.find()
        whole = {
            "name": self.name,
            "images": 70_000,
            "place": None if place is None else str(place.folder),
            "how": f"spingan data fetch {self.name}" if place is None else place.kind,
        }
        sample = {"images": 2_000, "place": str(self.sample_folder()), "how": "shipped, of the test set"}
        return [whole, {"name": f"{self.name} sample", **sample}]

    @property
    def _remedy(self) -> str:
        return f"{self.how_to_get}: recipe key data.path."

    def _complete(self, folder: Path) -> bool:
        return all(_file(folder, stem) for stems in self.files.values() for stem in stems)

    def _read(self, folder: Path, split: Split) -> tuple[Images, Labels]:
        image_path, label_path = (_file(folder, stem) or folder / f"{stem}.gz" for stem in self.files[split])
        images = idx.read(image_path, (None, 28, 28))
        labels = idx.read(label_path, (None,))
        if len(images) != len(labels):
            problem = f"{image_path} holds {len(images)} images, {label_path} {len(labels)} labels"
            raise UserError(problem, self._remedy)
        if len(images) == 0:
            raise UserError(f"{image_path} holds no images", self._remedy)
        most = len(self.class_names) - 1
        if labels.max() > most:
            raise UserError(f"{label_path} holds class {labels.max()}, expected 0 to {most}", self._remedy)
        return images, labels


def _file(folder: Path, stem: str) -> Path | None:
    return next((path for path in (folder / f"{stem}.gz", folder / stem) if path.is_file()), None)
