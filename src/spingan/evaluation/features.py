"""Features of images, the space in which distances between sets of images are measured.

`fashion-cnn`, `mnist-cnn` and `cartoon-cnn` are small networks trained here, on Fashion-MNIST, MNIST and cartoon faces
(`spingan.evaluation.train_features`). They know clothes, digits and drawn faces, run on a processor in seconds and need
no download; their distances are not comparable with those of Inception, nor with each other's.
"""

import hashlib
import json
from collections.abc import Callable
from functools import cache
from importlib import resources
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, UInt8
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from spingan.data.catalogue import DATA
from spingan.errors import UserError

FEATURES = 64  # assumed: far below the 2,000 images of the smallest set, so its covariance has full rank
CLASSES = 10
Images = UInt8[np.ndarray, "n size size *channels"]
BATCH = 500  # assumed: large enough for full speed, 500 images take about 60 MB


class FeatureCnn(nn.Module):
    """Three convolutions, one dense layer to the features, one to the classes; 167,402 weights for digits.

    Images of 64 pixels pass a convolution with stride 2 first.

    Args:
        channels: Of the images: 1 or 3.
        size: Of the images: 28 or 64 pixels a side.
        classes: Of each attribute that is told of an image; the first is the class of a histogram.
    """

    def __init__(self, channels: int = 1, size: int = 28, classes: tuple[int, ...] = (CLASSES,)) -> None:
        super().__init__()
        self.channels, self.size, self.classes = channels, size, classes
        large = size > 28
        self.body = nn.Sequential(
            *(_block(channels, 32, stride=2) if large else ()),
            *_block(32 if large else channels, 32),
            nn.MaxPool2d(2),
            *_block(32, 64),
            nn.MaxPool2d(2),
            *_block(64, 128),
            nn.MaxPool2d(2),
            nn.Flatten(),
            nn.Linear(128 * (size // (16 if large else 8)) ** 2, FEATURES, bias=False),
            nn.BatchNorm1d(FEATURES),
        )
        self.head = nn.Sequential(nn.ReLU(), nn.Dropout(0.3), nn.Linear(FEATURES, sum(classes)))

    def features(self, images: Float[Tensor, "n channels size size"]) -> Float[Tensor, "n 64"]:
        """The features of images in [0, 1], not rectified: each near mean 0 and variance 1 on the training set."""
        return self.body(images - 0.5)

    def forward(self, images: Float[Tensor, "n channels size size"]) -> Float[Tensor, "n classes"]:
        """The logarithmic odds of each attribute's classes, one attribute after the other, of images in [0, 1]."""
        return self.head(self.features(images))


def _block(inputs: int, outputs: int, stride: int = 1) -> tuple[nn.Module, ...]:
    return nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()


def channels_last(net: FeatureCnn) -> FeatureCnn:
    """`net` itself, its kernels laid out so that the processor's faster convolutions are used (same values)."""
    for parameter in net.parameters():
        if parameter.dim() == 4:
            parameter.data = parameter.data.contiguous(memory_format=torch.channels_last)
    return net


def net_of(data: str, what: str = "the model") -> str:
    """Name of the shipped network that judges images of the set `data`, which `what` draws.

    Raises:
        UserError: There is no such set, or none judges it.
    """
    name = DATA[data].feature_net
    if name is None:
        raise UserError(
            f"{what} draws images of {data}, for which there is no feature network",
            f"Name a model of {', '.join(DATA)}.",
        )
    return name


@cache
def feature_cnn(name: str) -> FeatureCnn:
    """A shipped network, such as `fashion-cnn`, in evaluation mode, its weights checked against its model card.

    Raises:
        UserError: The installed package is damaged.
    """
    with resources.as_file(resources.files("spingan") / "pretrained") as folder:
        return load_feature_cnn(folder / f"{name}.safetensors")


def load_feature_cnn(path: str | Path) -> FeatureCnn:
    """The network in the weights file `path`, checked against the SHA-256 in the model card (.json) beside it.

    Raises:
        UserError: A file is missing, is not what its name says, or the two do not belong together.
    """
    path = Path(path)
    remedy = "Install spingan again, or train it: python -m spingan.evaluation.train_features SET --out FOLDER"
    try:
        card = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
        found = hashlib.sha256(path.read_bytes()).hexdigest()
        if found != card["sha256"]:
            raise UserError(f"{path} is not the file that its model card describes (SHA-256 {found})", remedy)
        net = FeatureCnn(card["channels"], card["size"], tuple(card["classes"].values()))
        net.load_state_dict(load_file(path))
    except (OSError, KeyError, AttributeError, TypeError, json.JSONDecodeError, SafetensorError, RuntimeError) as error:
        raise UserError(f"cannot load the feature network {path}: {error}", remedy) from error
    return channels_last(net.eval().requires_grad_(False))


def describe(
    images: Images, net: FeatureCnn, advance: Callable[[int], None] = lambda done: None
) -> tuple[Float[np.ndarray, "n 64"], NDArray[np.int64]]:
    """The features (float64) and the likeliest class of each image; `advance` is told how many are done."""
    features, classes = [], []
    with torch.inference_mode():
        for start in range(0, len(images), BATCH):
            batch = as_tensor(images[start : start + BATCH])
            described = net.features(batch.contiguous(memory_format=torch.channels_last))
            features.append(described.double().numpy())
            classes.append(net.head(described)[:, : net.classes[0]].argmax(1).numpy())
            advance(start + len(batch))
    return np.concatenate(features), np.concatenate(classes)


def as_tensor(images: Images) -> Float[Tensor, "n channels size size"]:
    """8-bit images, (n, size, size) or (n, size, size, 3), as numbers in [0, 1]."""
    pixels = torch.from_numpy(np.require(images, requirements="W"))  # PyTorch warns of arrays that are read only
    return (pixels.unsqueeze(1) if pixels.dim() == 3 else pixels.permute(0, 3, 1, 2)).float().div_(255)
