"""The image sets that spingan knows: where each is on this machine, and how to get it. Behind `spingan data`."""

from dataclasses import asdict, dataclass
from typing import Any

from spingan.data import fashion_mnist
from spingan.errors import UserError


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
    """Every known image set, with where it was found."""
    place = fashion_mnist.find()
    return (
        DataSet(
            name="fashion-mnist",
            about="grey images of clothes, 28 x 28, ten classes",
            train_images=60_000,
            test_images=10_000,
            licence="MIT (Zalando SE)",
            source="arXiv 1708.07747",
            found=None if place is None else str(place),
            how_to_get="system package dataset-fashion-mnist, or spingan data fetch fashion-mnist (31 MB)",
        ),
        DataSet(
            name="fashion-mnist-sample",
            about="200 test images of each class",
            train_images=0,
            test_images=2_000,
            licence="MIT (Zalando SE)",
            source="arXiv 1708.07747",
            found=f"shipped sample, {fashion_mnist.sample_folder()}",
            how_to_get="part of spingan",
        ),
    )


def fetch_data(name: str) -> DataSet:
    """Make sure that the image set `name` is on this machine, downloading it if it is not; its entry after that.

    Raises:
        UserError: No such set, or the download failed.
    """
    known = {entry.name: entry for entry in list_data()}
    if name not in known:
        raise UserError(f"unknown data set {name!r}", f"Known: {', '.join(known)}.")
    if known[name].found is None:
        fashion_mnist.fetch()
    return next(entry for entry in list_data() if entry.name == name)
