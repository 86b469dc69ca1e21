"""The real images of a training."""

import numpy as np
import torch
from torch import Tensor

from spingan.data import cartoon_faces
from spingan.data.catalogue import IDX_SETS
from spingan.errors import UserError
from spingan.nn.am_dcgan import AmDcganPair
from spingan.nn.pairs import pair_named
from spingan.training.recipe import Recipe


def load_images(recipe: Recipe) -> np.ndarray:
    """The recipe's training images, 8 bit.

    Raises:
        UserError: They are not there.
    """
    images = _all_images(recipe)
    count = recipe.data.count
    if count is not None and count > len(images):
        raise UserError(
            f"data.count asks for {count:,} images, and {recipe.data.name} has {len(images):,} for training",
            "Ask for fewer, or leave data.count out.",
        )
    return images[:count]


def _all_images(recipe: Recipe) -> np.ndarray:
    if recipe.data.name in IDX_SETS:
        return IDX_SETS[recipe.data.name].load("train", recipe.data.path)[0]
    if recipe.data.name == cartoon_faces.NAME:
        return cartoon_faces.draw().images("train")
    from spingan.data import folder

    return folder.prepare(recipe.data.path, size=pair_named(recipe.net).size).images("train")


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


def check_images(pixels: Tensor, recipe: Recipe, devices: int = 1) -> None:
    """Make sure that there are images, and that they are of the size that the recipe's net makes.

    Args:
        devices: Processes that share each batch.

    Raises:
        UserError: It is not so.
    """
    pair = pair_named(recipe.net)
    channels, height, width = pixels.shape[1:]
    if (channels, height, width) != (pair.channels, pair.size, pair.size):
        raise UserError(
            f"the images are {height}x{width} in {channels} channels, "
            f"and net {recipe.net} makes {pair.size}x{pair.size} in {pair.channels}",
            "Choose the data for the net, or the net for the data.",
        )
    last = len(pixels) % recipe.batch_size
    if isinstance(pair, AmDcganPair) and pair.batch_norm and last and last // devices <= 1:
        shared = f" for {devices} processes" if devices > 1 else ""
        raise UserError(
            f"{len(pixels):,} images in batches of {recipe.batch_size}{shared} end in a batch of one, "
            "which has no variance",
            "Choose another batch_size, or the net without batch norm.",
        )
    if not len(pixels):
        raise UserError("there are no training images", "Give at least one.")
