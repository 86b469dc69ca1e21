"""Real images as a yardstick, described once: studies judge many sets of images against the same test images."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float

from spingan.errors import UserError
from spingan.evaluation.features import FeatureCnn, Images, describe, feature_cnn, net_of
from spingan.evaluation.frechet import frechet_distance
from spingan.evaluation.real_images import data_of, test_images
from spingan.evaluation.variety import METRIC_NAME, K, Manifolds, manifolds
from spingan.nn.weights import Model


@dataclass(frozen=True)
class Reference:
    """Test images' features, and the network that describes images as they were described.

    Attributes:
        metric: Name of the distance with the number of images; values compare only at the same name.
        variety_metric: Name of the measures of variety, with the number of images and k.
    """

    metric: str
    variety_metric: str
    features: Float[np.ndarray, "n features"]
    net: FeatureCnn

    def distance(self, images: Images) -> float:
        """The Fréchet distance of as many images from the test images.

        Raises:
            UserError: Another number of images than the reference has.
        """
        return frechet_distance(self.features, self._described(images))

    def distance_and_variety(self, images: Images) -> tuple[float, Manifolds]:
        """The distance, and precision, recall, density and coverage of the same images.

        Raises:
            UserError: Another number of images than the reference has.
        """
        described = self._described(images)
        return frechet_distance(self.features, described), manifolds(self.features, described, _k(len(images)))

    def _described(self, images: Images) -> Float[np.ndarray, "n features"]:
        if len(images) != len(self.features):
            raise UserError(
                f"{len(images):,} images against {len(self.features):,} real ones do not compare",
                "Give as many on both sides.",
            )
        return describe(images, self.net)[0]


def _k(count: int) -> int:
    """5, or the most that so few images allow."""
    return min(K, count - 1)


def reference_for(
    model: Model, count: int, data_path: str | Path | None = None, data_name: str | None = None
) -> Reference:
    """The first `count` test images of the set that a model was trained on, described; of the sample for want of it.

    Args:
        data_name: The set, where the model's file does not say it.

    Raises:
        UserError: There are fewer, the model does not say what it was trained on, or it has no feature network.
    """
    name = data_of(model, data_name)
    space = net_of(name, f"model {model.name}")
    net = feature_cnn(space)
    features = describe(test_images(name, count, data_path), net)[0]
    return Reference(f"FD({space}, {count})", variety_metric(space, count), features, net)


def variety_metric(space: str, count: int) -> str:
    """Name of the measures of variety on so many images."""
    return METRIC_NAME.format(space=space, count=count, k=_k(count))
