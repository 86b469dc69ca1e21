"""The real images that generated ones are compared with, of every image set, and images as both are compared: 8 bit."""

from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from spingan.data.catalogue import DATA
from spingan.errors import UserError
from spingan.evaluation.features import Images
from spingan.image_grid import to_bytes
from spingan.nn.weights import Model


@dataclass(frozen=True)
class RealImages:
    """Test images, the pair whose distance is the floor, and where they come from, in words."""

    test: Images
    floor_pair: tuple[Images, Images]
    about_test: str
    about_floor: str
    source: str


def data_of(model: Model, named: str | None = None) -> str:
    """The name of the image set that a model was trained on: as its file says, or as the user does.

    Raises:
        UserError: Neither says it, or they do not agree: what is unknown is not judged as clothes.
    """
    recorded = model.origin.data
    if recorded is None:
        if named is not None:
            return named
        raise UserError(
            f"model {model.name} does not say which images it was trained on",
            f"Name them: --data-name {' or '.join(DATA)}. For all else write it into "
            'the model, info["recipe"] = {"data": {"name": ...}}, and save it anew.',
        )
    if named not in (None, recorded):
        raise UserError(f"model {model.name} was trained on {recorded}, not on {named}", "Leave --data-name out.")
    return recorded


def test_images(name: str, count: int, path: str | Path | None = None) -> Images:
    """The first `count` test images of the set `name`; of its shipped sample where the set is not on this machine.

    Raises:
        UserError: There are fewer.
    """
    found = DATA[name].judges(path).test
    if not 2 <= count <= len(found):
        raise UserError(
            f"{count:,} real images are asked for and {len(found):,} are here", f"Ask for 2 to {len(found):,}."
        )
    return found[:count]


test_images.__test__ = False  # pyright: ignore[reportFunctionMemberAccess]  # its name makes pytest collect it


def real_images(name: str, count: int, path: str | Path | None = None) -> RealImages:
    """What `count` generated images are compared with: as many test images, and a pair of real sets for the floor.

    Args:
        name: Of the image set.
        path: Folder that holds it (recipe key data.path).

    Raises:
        UserError: There are not as many.
    """
    if count < 2:
        raise UserError(f"cannot compare {count} images", "Ask for at least 2; 10,000 is the usual number.")
    judges = DATA[name].judges(path)
    if judges.others is None:
        test = judges.test[:count]
        half = len(test) // 2
        if half < 2:
            raise UserError(f"cannot halve {count} images for the floor", "Ask for at least 4.")
        about = f"the sample's two halves of {half:,}, so it lies higher than with as many images as the value"
        return RealImages(
            test, (test[:half], test[half:]), judges.about_test.format(count=len(test)), about, judges.where
        )
    others = judges.others()
    most = min(len(judges.test), len(others))
    if count > most:
        raise UserError(f"cannot compare {count:,} images: {judges.where} has {most:,}", f"Ask for at most {most:,}.")
    return RealImages(
        judges.test[:count],
        (others[:count], judges.test[:count]),
        judges.about_test.format(count=count),
        f"{judges.about_others.format(count=count)} against the same test images",
        judges.where,
    )


def image_bytes(images: Tensor, who: str = "the model") -> Images:
    """Images (n, channels, height, width) in -1..1 as real ones are: 8 bit, channels last, grey ones without.

    Raises:
        UserError: A value is not finite, or there are neither one nor three channels.
    """
    if images.dim() != 4 or images.shape[1] not in (1, 3):
        raise UserError(
            f"{who} gives images of shape {tuple(images.shape)}", "Name a model that draws grey or colour images."
        )
    if not images.isfinite().all():
        raise UserError(f"{who} gives images with values that are not finite", "Its training went wrong: train again.")
    pixels = to_bytes(images.detach().cpu().float().numpy())
    return pixels[..., 0] if pixels.shape[-1] == 1 else pixels
