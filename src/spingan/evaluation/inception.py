"""Features of Inception-V3, the space of the standard FID, by the protocol of paper S (V, "Mode collapse").

Needs the extra `fid`: torchmetrics' network is torch-fidelity's, whose weights are those of the original FID.
"""

from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor, nn
from torch.nn import functional

from spingan.errors import UserError
from spingan.evaluation.features import Images, as_tensor

SIZE = 299  # pixels; paper S, V
FEATURES = 2048  # the layer that paper S names, V
BATCH = 50  # assumed: 299 x 299 activations of 50 images take about 1 GB
WEIGHTS = "weights-inception-2015-12-05-6726825d.pth"  # torch-fidelity's name


def prepare(images: Images) -> UInt8[Tensor, "n 3 299 299"]:
    """Images as Inception takes them: to [0, 1], resized to 299 x 299, to 8 bit, grey ones copied to three channels."""
    large = functional.interpolate(
        as_tensor(images), size=(SIZE, SIZE), mode="bilinear", align_corners=False, antialias=True
    )
    return large.mul_(255).round_().clamp_(0, 255).byte().expand(-1, 3, -1, -1)


@cache
def network(weights: Path | None = None) -> nn.Module:
    """The Inception-V3 that torchmetrics uses for FID, to its 2,048 features; `weights` in place of the cached file.

    Raises:
        UserError: torch-fidelity is not installed, or its weights can be neither found nor downloaded.
    """
    from torchmetrics.image.fid import NoTrainInceptionV3

    place = Path(torch.hub.get_dir()) / "checkpoints" / WEIGHTS
    try:
        path = None if weights is None else str(weights)
        return NoTrainInceptionV3("inception-v3-compat", [str(FEATURES)], path)
    except ModuleNotFoundError as error:
        remedy = "Install it with pip install 'spingan[fid]', or use --features cnn."
        raise UserError("standard FID needs torch-fidelity, which is not installed", remedy) from error
    except (OSError, RuntimeError) as error:
        remedy = f"Put the file {WEIGHTS} of torch-fidelity's release v0.2.0 at {place}, or use --features cnn."
        raise UserError(f"cannot load the weights of Inception: {error}", remedy) from error


def inception_features(
    images: Images, net: nn.Module, advance: Callable[[int], None] = lambda done: None
) -> Float[np.ndarray, "n 2048"]:
    """The 2,048 features (float64) of each image; `advance` is told at each batch how many are done."""
    features = []
    with torch.inference_mode():
        for start in range(0, len(images), BATCH):
            batch = images[start : start + BATCH]
            features.append(net(prepare(batch)).double().numpy())
            advance(start + len(batch))
    return np.concatenate(features)
