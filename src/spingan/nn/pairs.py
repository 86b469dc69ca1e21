"""The pairs of nets that recipes and weights files name.

Paper S's two, the same two with a discriminator without batch norm, and paper M's with and without batch norm.
"""

from typing import Protocol

from torch import nn

from spingan.errors import UserError
from spingan.nn.am_dcgan import AM_DCGAN, AM_DCGAN_BATCH_NORM
from spingan.nn.dcgan import COLOUR_64, COLOUR_64_NORM_FREE, FASHION, FASHION_NORM_FREE, Discriminator
from spingan.nn.net_names import NetName


class NetPair(Protocol):
    """A generator and a discriminator for images of `channels` x `size` x `size`."""

    @property
    def channels(self) -> int:
        """Colour channels of an image."""
        ...

    @property
    def size(self) -> int:
        """Pixels along an image's side."""
        ...

    def make_generator(self, latent_size: int) -> nn.Sequential:
        """Latents (batch, latent_size, 1, 1) to images (batch, channels, size, size) in -1..1."""
        ...

    def make_discriminator(self) -> Discriminator:
        """Images (batch, channels, size, size) to one logit an image, (batch,)."""
        ...


PAIRS: dict[NetName, NetPair] = {
    "fashion": FASHION,
    "fashion-norm-free": FASHION_NORM_FREE,
    "colour-64": COLOUR_64,
    "colour-64-norm-free": COLOUR_64_NORM_FREE,
    "am-dcgan": AM_DCGAN,
    "am-dcgan-batch-norm": AM_DCGAN_BATCH_NORM,
}


def pair_named(name: str) -> NetPair:
    """The pair of that name.

    Raises:
        UserError: No such pair.
    """
    if name not in PAIRS:
        raise UserError(f"unknown net {name!r}", f"Choose one of: {', '.join(PAIRS)}.")
    return PAIRS[name]
