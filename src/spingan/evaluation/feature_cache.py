"""Features of a whole training part, computed once a machine: 60,000 images take half a minute, reading them none."""

import hashlib
from collections.abc import Callable
from importlib import resources
from pathlib import Path

import numpy as np
from jaxtyping import Float

from spingan.errors import UserError
from spingan.evaluation.features import FEATURES, Images, describe, feature_cnn
from spingan.output import atomic_path


def known_features(
    images: Images, name: str, advance: Callable[[int], None] = lambda done: None
) -> Float[np.ndarray, "n 64"]:
    """The features (float64) that the shipped network `name` gives; kept in the user's cache, if it can be written.

    They are found again by the pixels and the network's weights, whatever the images' folder is called.

    Args:
        advance: Told at each batch how many images are done; not called where the features are known.
    """
    place = _place(images, name)
    try:
        kept = np.load(place, allow_pickle=False)
        if kept.shape == (len(images), FEATURES) and np.isfinite(kept).all():
            return kept.astype(np.float64)
    except (OSError, ValueError, EOFError):
        pass  # never computed, or damaged: compute
    found = describe(images, feature_cnn(name), advance)[0]
    try:
        with atomic_path(place) as temporary:
            np.save(temporary, found.astype(np.float32))  # as the network gives them: nothing is rounded
    except UserError:
        pass  # a cache that cannot be written costs time and nothing else
    return found


def _place(images: Images, name: str) -> Path:
    import pooch  # late: only a machine with a training set needs it

    digest = hashlib.sha256()
    with resources.as_file(resources.files("spingan") / "pretrained" / f"{name}.json") as card:
        digest.update(card.read_bytes())  # it has the weights' SHA-256
    digest.update(str(images.shape).encode())
    digest.update(np.ascontiguousarray(images).data)
    return Path(pooch.os_cache("spingan")) / "features" / f"{name}-{digest.hexdigest()[:16]}.npy"
