"""Fashion-MNIST: 70,000 grey images of clothes, 28 x 28 pixels, in ten classes (Xiao et al., arXiv 1708.07747)."""

from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Literal

import numpy as np
from jaxtyping import UInt8

from spingan.data import idx
from spingan.errors import UserError

Split = Literal["train", "test"]
Images = UInt8[np.ndarray, "n 28 28"]
Labels = UInt8[np.ndarray, " n"]

CLASS_NAMES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)
FILES: dict[Split, tuple[str, str]] = {
    "train": ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
    "test": ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"),
}
SYSTEM_FOLDERS = (
    Path("/usr/share/datasets/fashion-mnist"),  # the Debian and Ubuntu package dataset-fashion-mnist
    Path("/usr/local/share/datasets/fashion-mnist"),
)
URL = "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"  # the publisher's, plain HTTP only: hence SHA-256
# SHA-256 of the publisher's compressed files; MD5 of the same files is printed on
# github.com/zalandoresearch/fashion-mnist. The system package holds the same compressed data under another gzip header,
# from which both sums were worked out.
SHA256 = {
    "train-images-idx3-ubyte.gz": "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
    "train-labels-idx1-ubyte.gz": "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
    "t10k-images-idx3-ubyte.gz": "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
    "t10k-labels-idx1-ubyte.gz": "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
}
_REMEDY = (
    "Install the system package dataset-fashion-mnist (Debian, Ubuntu), or name a folder that holds the four files: "
    "recipe key data.path."
)


@dataclass(frozen=True)
class Place:
    """Where the four files are: `kind` is "folder" (given), "system package", "cache" or "shipped sample"."""

    kind: Literal["folder", "system package", "cache", "shipped sample"]
    folder: Path

    def __str__(self) -> str:
        return f"{self.kind}, {self.folder}"


def cache_folder() -> Path:
    """The user's cache folder for downloads."""
    import pooch  # late: only a machine without the files needs it

    return Path(pooch.os_cache("spingan")) / "fashion-mnist"


def sample_folder() -> Path:
    """The folder of the shipped test sample."""
    return Path(str(resources.files("spingan"))) / "data" / "sample"


def find(path: str | Path | None = None) -> Place | None:
    """Where the whole data set is on this machine: `path` if given, else the system package, else the cache; or None.

    Raises:
        UserError: `path` is given and lacks one of the four files.
    """
    if path is not None:
        missing = [stem for stems in FILES.values() for stem in stems if _file(Path(path), stem) is None]
        if missing:
            problem = f"no Fashion-MNIST in {path}: " + ", ".join(f"{stem}.gz" for stem in missing) + " missing"
            raise UserError(problem, "Let data.path name a folder that holds the four IDX files, or leave it out.")
        return Place("folder", Path(path))
    for folder in SYSTEM_FOLDERS:
        if _complete(folder):
            return Place("system package", folder)
    cache = cache_folder()
    return Place("cache", cache) if _complete(cache) else None


def load(split: Split, path: str | Path | None = None, sample_if_missing: bool = False) -> tuple[Images, Labels]:
    """The images and labels of one split: 60,000 for training or 10,000 for testing.

    Looked for in `path` (the recipe key data.path), then where the system package puts them, then in the user's cache,
    and downloaded there with a checksum if they are nowhere.

    Args:
        split: "train" or "test".
        path: A folder with the four IDX files, plain or .gz.
        sample_if_missing: Give the 2,000 images of the shipped sample, for either split, rather than download.

    Raises:
        UserError: `path` lacks a file, a file is damaged, or the download fails.
    """
    place = find(path)
    if place is None:
        if sample_if_missing:
            return test_sample()
        place = fetch()
    return _read(place.folder, split)


def test_sample() -> tuple[Images, Labels]:
    """The shipped sample: the first 200 images of each class of the test set, in the test set's order."""
    return _read(sample_folder(), "test")


test_sample.__test__ = False  # pyright: ignore[reportFunctionMemberAccess]  # its name makes pytest collect it


def fetch() -> Place:
    """Download the four files into the user's cache, each checked against its SHA-256, with a progress bar on stderr.

    A file that is there and sound is kept.

    Raises:
        UserError: No connection, a checksum that differs, or a cache that cannot be written.
    """
    from spingan.data.download import download

    folder = cache_folder()
    for name, sha256 in SHA256.items():
        download(URL + name, sha256, folder, _REMEDY)
    return Place("cache", folder)


def _file(folder: Path, stem: str) -> Path | None:
    return next((path for path in (folder / f"{stem}.gz", folder / stem) if path.is_file()), None)


def _complete(folder: Path) -> bool:
    return all(_file(folder, stem) for stems in FILES.values() for stem in stems)


def _read(folder: Path, split: Split) -> tuple[Images, Labels]:
    image_path, label_path = (_file(folder, stem) or folder / f"{stem}.gz" for stem in FILES[split])
    images = idx.read(image_path, (None, 28, 28))
    labels = idx.read(label_path, (None,))
    if len(images) != len(labels):
        raise UserError(f"{image_path} holds {len(images)} images, {label_path} {len(labels)} labels", _REMEDY)
    if len(images) == 0:
        raise UserError(f"{image_path} holds no images", _REMEDY)
    if labels.max() >= len(CLASS_NAMES):
        raise UserError(f"{label_path} holds class {labels.max()}, expected 0 to {len(CLASS_NAMES) - 1}", _REMEDY)
    return images, labels
