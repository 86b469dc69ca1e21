"""Real images as a yardstick, described once: studies judge many sets of images against the same test images."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float

from spingan.errors import UserError
from spingan.evaluation.features import FEATURE_NETS, FeatureCnn, Images, describe, feature_cnn
from spingan.evaluation.frechet import frechet_distance
from spingan.evaluation.real_images import check_known, test_images
from spingan.nn.weights import Model


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
    check_known(name, f"model {model.name}")
    space = FEATURE_NETS[name]
    net = feature_cnn(space)
    return Reference(f"FD({space}, {count})", describe(test_images(name, count, data_path), net)[0], net)
