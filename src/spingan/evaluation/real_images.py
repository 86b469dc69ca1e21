"""The real images that generated ones are compared with, of every image set, and images as both are compared: 8 bit."""

from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from spingan.data import cartoon_faces
from spingan.data.catalogue import IDX_SETS
from spingan.errors import UserError
from spingan.evaluation.features import FEATURE_NETS, Images
from spingan.image_grid import to_bytes
from spingan.nn.weights import Model

_FACE_SIZE = cartoon_faces.SIZE


@dataclass(frozen=True)
class RealImages:
    """Test images, the pair whose distance is the floor, and where they come from, in words."""

    test: Images
    floor_pair: tuple[Images, Images]
    about_test: str
    about_floor: str
    source: str


def recorded_data(model: Model) -> str | None:
    """The image set that a model's file says it was trained on; None where it does not say."""
    recipe = model.info.get("recipe")
    data = recipe.get("data") if isinstance(recipe, dict) else None
    name = data.get("name") if isinstance(data, dict) else None
    return name if isinstance(name, str) else None


def data_of(model: Model, named: str | None = None) -> str:
    """The name of the image set that a model was trained on: as its file says, or as the user does.

    Raises:
        UserError: Neither says it, or they do not agree: what is unknown is not judged as clothes.
    """
    recorded = recorded_data(model)
    if recorded is None:
        if named is not None:
            return named
        raise UserError(
            f"model {model.name} does not say which images it was trained on",
            f"Name them: --data-name {' or '.join(FEATURE_NETS)}. For all else write it into "
            'the model, info["recipe"] = {"data": {"name": ...}}, and save it anew.',
        )
    if named not in (None, recorded):
        raise UserError(f"model {model.name} was trained on {recorded}, not on {named}", "Leave --data-name out.")
    return recorded


def check_known(name: str, what: str) -> None:
    """Make sure that there is a feature network for the image set `name`.

    Raises:
        UserError: There is none; `what` draws such images.
    """
    if name not in FEATURE_NETS:
        raise UserError(
            f"{what} draws images of {name}, for which there is no feature network",
            f"Name a model of {', '.join(FEATURE_NETS)}.",
        )


def class_names(name: str) -> tuple[str, ...]:
    """The classes of the image set `name`: clothes, digits, styles; none for a folder of anyone's images."""
    if name == cartoon_faces.NAME:
        return tuple(sorted(cartoon_faces.STYLES))  # as a drawn set numbers them
    return IDX_SETS[name].class_names if name in IDX_SETS else ()


def image_shape(name: str) -> tuple[int, int, int]:
    """(channels, height, width) of the set's images."""
    return (1, 28, 28) if name in IDX_SETS else (3, _FACE_SIZE, _FACE_SIZE)


def test_images(name: str, count: int, path: str | Path | None = None) -> Images:
    """The first `count` test images of the set `name`; of its shipped sample where the set is not on this machine.

    Raises:
        UserError: There are fewer.
    """
    found = _test_part(name, path)
    if not 2 <= count <= len(found):
        raise UserError(
            f"{count:,} real images are asked for and {len(found):,} are here", f"Ask for 2 to {len(found):,}."
        )
    return found[:count]


test_images.__test__ = False  # pyright: ignore[reportFunctionMemberAccess]  # its name makes pytest collect it


def _test_part(name: str, path: str | Path | None) -> Images:
    if name in IDX_SETS:
        source = IDX_SETS[name]
        return (source.test_sample() if source.find(path) is None else source.load("test", path))[0]
    return _faces(name, path)[0]


def _faces(name: str, path: str | Path | None) -> tuple[Images, Images, str]:
    """Test images, others, and where they are."""
    if name == cartoon_faces.NAME:
        drawn = cartoon_faces.draw(cartoon_faces.JUDGES)
    else:
        from spingan.data import folder

        drawn = folder.prepare(None if path is None else str(path), size=_FACE_SIZE)
    return drawn.images("test"), drawn.images("train"), str(drawn.folder)


def real_images(name: str, count: int, path: str | Path | None = None) -> RealImages:
    """What `count` generated images are compared with: as many test images, and a pair of real sets for the floor.

    Cartoon faces are compared with faces drawn for it, that no net was trained on.

    Args:
        name: Of the image set.
        path: Folder that holds it (recipe key data.path).

    Raises:
        UserError: There are not as many.
    """
    if count < 2:
        raise UserError(f"cannot compare {count} images", "Ask for at least 2; 10,000 is the usual number.")
    if name in IDX_SETS:
        source = IDX_SETS[name]
        place = source.find(path)
        if place is None:
            return _of_sample(name, count)
        test, others, where = source.load("test", path)[0], source.load("train", path)[0], str(place)
    else:
        test, others, where = _faces(name, path)
    most = min(len(test), len(others))
    if count > most:
        raise UserError(f"cannot compare {count:,} images: {where} has {most:,}", f"Ask for at most {most:,}.")
    drawn = name == cartoon_faces.NAME
    return RealImages(
        test[:count],
        (others[:count], test[:count]),
        f"{count:,} faces drawn for it, that no net was trained on" if drawn else f"the first {count:,} test images",
        f"{'as many others' if drawn else f'the first {count:,} training images'} against the same test images",
        where,
    )


def training_images(name: str, path: str | Path | None = None) -> tuple[Images | None, str]:
    """All training images of the set `name`, to look for copies of them; or None, and what to do to have them.

    Args:
        path: Folder that holds the set (recipe key data.path).

    Raises:
        UserError: `path` is given and does not hold the set.
    """
    if name in IDX_SETS:
        source = IDX_SETS[name]
        if source.find(path) is None:
            return None, f"the training images are not on this machine; get them with: spingan data fetch {name}"
        return source.load("train", path)[0], ""
    if name == cartoon_faces.NAME:
        drawn = cartoon_faces.find()
        if drawn is None:
            return None, f"the training faces are not drawn on this machine; draw them with: spingan data fetch {name}"
        return drawn.images("train"), ""
    return _faces(name, path)[1], ""


def _of_sample(name: str, count: int) -> RealImages:
    test = IDX_SETS[name].test_sample()[0][:count]
    half = len(test) // 2
    if half < 2:
        raise UserError(f"cannot halve {count} images for the floor", "Ask for at least 4.")
    return RealImages(
        test,
        (test[:half], test[half:]),
        f"{len(test):,} images of the shipped test sample",
        f"the sample's two halves of {half:,}, so it lies higher than with as many images as the value",
        f"shipped sample, {IDX_SETS[name].sample_folder()}",
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
