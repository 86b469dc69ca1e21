"""The image sets that spingan knows: where each is on this machine, and how to get it. Behind `spingan data`."""

from dataclasses import asdict, dataclass
from typing import Any

from spingan.data import cartoon_faces
from spingan.data.fashion_mnist import FASHION_MNIST
from spingan.data.idx_set import IdxSet
from spingan.data.mnist import MNIST
from spingan.errors import UserError

IDX_SETS: dict[str, IdxSet] = {"fashion-mnist": FASHION_MNIST, "mnist": MNIST}


@dataclass(frozen=True)
class DataSet:
    """One image set. `found` says where it is on this machine, and is None where it is not."""

    name: str
    about: str
    train_images: int
    test_images: int
    licence: str
    source: str
    found: str | None
    how_to_get: str

    def to_dict(self) -> dict[str, Any]:
        """The fields as JSON-able values."""
        return asdict(self)


def list_data() -> tuple[DataSet, ...]:
    """Every known image set, with where it was found: each whole, and its shipped sample."""
    return (*(entry for images in IDX_SETS.values() for entry in _entries(images)), _cartoon_faces())


def _entries(images: IdxSet) -> tuple[DataSet, DataSet]:
    place = images.find()
    common: dict[str, Any] = {"licence": images.licence, "source": images.source}
    package = f"system package dataset-{images.name}, or " if images.system_folders else ""
    whole = DataSet(
        name=images.name,
        about=images.about,
        train_images=60_000,
        test_images=10_000,
        found=None if place is None else str(place),
        how_to_get=f"{package}spingan data fetch {images.name}",
        **common,
    )
    sample = DataSet(
        name=f"{images.name}-sample",
        about="200 test images of each class",
        train_images=0,
        test_images=2_000,
        found=f"shipped sample, {images.sample_folder()}",
        how_to_get="part of spingan",
        **common,
    )
    return whole, sample


def _cartoon_faces() -> DataSet:
    drawn = cartoon_faces.find()
    return DataSet(
        name=cartoon_faces.NAME,
        about="drawn faces, 64 x 64 colour, four styles",
        train_images=cartoon_faces.WHOLE.training_images,
        test_images=cartoon_faces.WHOLE.count - cartoon_faces.WHOLE.training_images,
        licence=cartoon_faces.LICENCE,
        source="drawn here by dicebear-core, dicebear-styles and resvg-py",
        found=None if drawn is None else f"cache, {drawn.folder}",
        how_to_get=f"spingan data fetch {cartoon_faces.NAME}",
    )


def fetch_data(name: str) -> DataSet:
    """Make sure that the image set `name` is on this machine, downloading or drawing it if not; its entry after that.

    Raises:
        UserError: No such set, the download failed, or the user's cache cannot be written.
    """
    known = {entry.name: entry for entry in list_data()}
    if name not in known:
        raise UserError(f"unknown data set {name!r}", f"Known: {', '.join(known)}.")
    if known[name].found is None:
        cartoon_faces.draw() if name == cartoon_faces.NAME else IDX_SETS[name].fetch()
    return next(entry for entry in list_data() if entry.name == name)
