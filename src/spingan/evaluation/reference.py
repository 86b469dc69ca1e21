"""Real images as a yardstick, described once: studies judge many sets of images against the same test images."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float, UInt8
from torch import Tensor

from spingan.data.catalogue import IDX_SETS
from spingan.errors import UserError
from spingan.evaluation.features import FEATURE_NETS, FeatureCnn, describe, feature_cnn
from spingan.evaluation.frechet import frechet_distance
from spingan.image_grid import to_bytes
from spingan.nn.weights import Model

Images = UInt8[np.ndarray, "n 28 28"]


@dataclass(frozen=True)
class Reference:
    """Test images' features, and the network that describes images as they were described.

    Attributes:
        metric: Name of the distance with the number of images; values compare only at the same name.
    """

    metric: str
    features: Float[np.ndarray, "n features"]
    net: FeatureCnn

    def distance(self, images: Images) -> float:
        """The Fréchet distance of as many images from the test images.

        Raises:
            UserError: Another number of images than the reference has.
        """
        if len(images) != len(self.features):
            raise UserError(
                f"{len(images):,} images against {len(self.features):,} real ones do not compare",
                "Give as many on both sides.",
            )
        return frechet_distance(self.features, describe(images, self.net)[0])


def reference_for(model: Model, count: int, data_path: str | Path | None = None) -> Reference:
    """The first `count` test images of the set that a model was trained on, described; of the sample for want of it.

    Raises:
        UserError: There are fewer, or the model was trained on a set without a feature network.
    """
    name = model.info.get("recipe", {}).get("data", {}).get("name", "fashion-mnist")
    if name not in FEATURE_NETS:
        raise UserError(
            f"model {model.name} draws images of {name}, for which there is no feature network",
            f"Name a model of {' or '.join(FEATURE_NETS)}.",
        )
    source = IDX_SETS[name]
    place = source.find(data_path)
    images = (source.test_sample() if place is None else source.load("test", data_path))[0]
    if not 2 <= count <= len(images):
        raise UserError(
            f"{count:,} real images are asked for and {len(images):,} are here",
            f"Ask for 2 to {len(images):,}.",
        )
    space = FEATURE_NETS[name]
    net = feature_cnn(space)
    return Reference(f"FD({space}, {count})", describe(images[:count], net)[0], net)


def grey_bytes(images: Tensor) -> Images:
    """Images (n, 1, 28, 28) in -1..1 as real ones are: 8 bit, without the channel.

    Raises:
        UserError: A value is not finite, or the images are not grey.
    """
    if images.dim() != 4 or images.shape[1] != 1:
        raise UserError(f"images of shape {tuple(images.shape)} are not grey", "Name a model that draws grey images.")
    if not images.isfinite().all():
        raise UserError(
            "the model gives images with values that are not finite", "Its training went wrong: train again."
        )
    return to_bytes(images.detach().cpu().float().numpy())[..., 0]
