"""The real images of a training."""

import numpy as np
import torch
from torch import Tensor, nn

from spingan.data.catalogue import DATA
from spingan.errors import UserError
from spingan.nn.family import family_named
from spingan.training.recipe import Recipe


def load_training_set(recipe: Recipe) -> tuple[np.ndarray, np.ndarray | None]:
    """The recipe's training images, 8 bit, and their labels where the image set has some.

    Raises:
        UserError: They are not there.
    """
    images, labels = DATA[recipe.data.name].load("train", recipe.data.path, family_named(recipe.net).size)
    count = recipe.data.count
    if count is not None and count > len(images):
        raise UserError(
            f"data.count asks for {count:,} images, and {recipe.data.name} has {len(images):,} for training",
            "Ask for fewer, or leave data.count out.",
        )
    return images[:count], None if labels is None else labels[:count]


def load_images(recipe: Recipe) -> np.ndarray:
    """`load_training_set` without the labels."""
    return load_training_set(recipe)[0]


def training_tensor(images: np.ndarray) -> Tensor:
    """8-bit images as a tensor (n, channels, height, width); they stay 8 bit until a batch is drawn.

    Raises:
        UserError: They are not 8 bit, or not (n, height, width) or (n, height, width, channels).
    """
    if images.dtype != np.uint8 or images.ndim not in (3, 4):
        raise UserError(
            f"training images are 8 bit, (n, height, width) or with channels last, not {images.dtype} {images.shape}",
            "Convert them to numpy.uint8.",
        )
    pixels = torch.from_numpy(np.require(images, requirements="W"))  # PyTorch warns of arrays that are read only
    return pixels.unsqueeze(1) if pixels.dim() == 3 else pixels.permute(0, 3, 1, 2)


def training_labels(labels: np.ndarray | None, count: int, recipe: Recipe) -> Tensor | None:
    """The labels of `count` training images as the recipe's net takes them; None where it takes none.

    Raises:
        UserError: There are none, not as many, or the net does not know a class among them.
    """
    family = family_named(recipe.net)
    if not family.classes:
        return None
    if labels is None:
        raise UserError(
            f"net {recipe.net} takes a class with each image, and these images have none",
            "Choose data with classes, or give labels with the images.",
        )
    return family.labels(count, torch.from_numpy(np.asarray(labels).copy()))[0]


def check_images(pixels: Tensor, recipe: Recipe, devices: int = 1) -> None:
    """Make sure that there are images, and that they are of the size that the recipe's net makes.

    Args:
        devices: Processes that share each batch.

    Raises:
        UserError: It is not so.
    """
    if not len(pixels):
        raise UserError("there are no training images", "Give at least one.")
    family = family_named(recipe.net)
    channels, height, width = pixels.shape[1:]
    if (channels, height, width) != (family.channels, family.size, family.size):
        raise UserError(
            f"the images are {height}x{width} in {channels} channels, "
            f"and net {recipe.net} makes {family.size}x{family.size} in {family.channels}",
            "Choose the data for the net, or the net for the data.",
        )
    last = len(pixels) % recipe.batch_size
    if last and last // devices <= 1 and _needs_two(recipe):
        shared = f" for {devices} processes" if devices > 1 else ""
        raise UserError(
            f"{len(pixels):,} images in batches of {recipe.batch_size}{shared} end in a batch of one, "
            "which has no variance",
            "Choose another batch_size, or the net without batch norm.",
        )


def _needs_two(recipe: Recipe) -> bool:
    """Whether a batch norm of the recipe's nets has one value a channel and image: it needs two images."""
    family = family_named(recipe.net)
    with torch.device("meta"):
        nets = family.make_generator(recipe.latent_size), family.make_discriminator()
    return any(isinstance(module, nn.BatchNorm1d) for net in nets for module in net.modules())
