"""The memristive DCGAN of paper M (Krestinskaya, Choubey and James, "AM-DCGAN") on 28x28 grey images.

The paper names the filters (128 and 64, 5x5), a dense layer in both nets, mean pooling in the discriminator, and the
functions: ReLU that clips at the supply, tanh at the output. How the maps shrink and grow it does not print; here:

- Generator: latent -> dense 128 x 7x7 -> 64 at 14x14 -> 1 at 28x28, both zero-padded convolutions of stride 2.
- Discriminator: 1 -> 128, stride 2, to 14x14; mean pool to 7x7; 128 -> 64 at 7x7; dense -> 1. A first convolution of
  stride 1 with a pool after each layer does the same with four times the reads, and a map of 128 x 28x28 that every
  activation cell would have to serve; the stride leaves the mean pool its place and 25 rows a filter.
"""

from collections import OrderedDict
from dataclasses import dataclass, replace

from torch import nn

from spingan.nn.clipped_relu import ClippedReLU
from spingan.nn.dcgan import FASHION_NORM_FREE, Dcgan, Discriminator, initialised_without_norm
from spingan.nn.family import Family
from spingan.nn.zero_padded import ZeroPaddedConv2d

SEED_MAP = 7  # pixels a side of the dense layer's map: 28 halved twice
KERNEL = 5  # paper M, results: "filters of size 5x5"
WIDE, NARROW = 128, 64  # paper M, results: "128 and 64 filters"
DROPOUT = 0.3  # paper M lists dropout switches (its Table I), no rate: assumed


@dataclass(frozen=True)
class AmDcgan(Family):
    """Paper M's generator and discriminator.

    `batch_norm` puts one after each of the generator's first two layers: paper M draws it and then drops it, "as ReLU
    function in analog domain has an ability to clip the maximum voltage level".
    """

    batch_norm: bool
    wide: int = WIDE
    narrow: int = NARROW
    kernel: int = KERNEL
    """Filters and their size: fewer and smaller ones make the small pair that the paper's Table I is about."""
    judge: Dcgan | None = None
    """Whose discriminator judges the images in place of the paper's."""
    channels: int = 1
    size: int = 28

    def make_generator(self, latent_size: int) -> nn.Sequential:
        """Latents (batch, latent_size, 1, 1) to images (batch, 1, 28, 28) in -1..1."""
        dense = self.wide * SEED_MAP**2
        geometry = (self.kernel, 2, self.kernel // 2)
        norm = self.batch_norm
        layers: OrderedDict[str, nn.Module] = OrderedDict()
        layers["flatten"] = nn.Flatten()
        layers["dense"] = nn.Linear(latent_size, dense, bias=False)
        if norm:
            layers["norm1"] = nn.BatchNorm1d(dense)
        layers["act1"] = ClippedReLU()
        layers["map"] = nn.Unflatten(1, (self.wide, SEED_MAP, SEED_MAP))
        layers["conv1"] = ZeroPaddedConv2d(self.wide, self.narrow, *geometry, bias=False, output_padding=1)
        if norm:
            layers["norm2"] = nn.BatchNorm2d(self.narrow)
        layers["act2"] = ClippedReLU()
        layers["conv2"] = ZeroPaddedConv2d(self.narrow, 1, *geometry, bias=False, output_padding=1)
        layers["tanh"] = nn.Tanh()
        return initialised_without_norm(nn.Sequential(layers))

    def make_discriminator(self) -> Discriminator:
        """Images (batch, 1, 28, 28) to one logit an image, (batch,)."""
        if self.judge is not None:
            return self.judge.make_discriminator()
        layers: OrderedDict[str, nn.Module] = OrderedDict()
        layers["conv1"] = nn.Conv2d(1, self.wide, self.kernel, 2, self.kernel // 2, bias=False)
        layers["act1"] = ClippedReLU()
        layers["mean"] = nn.AvgPool2d(2)
        layers["dropout1"] = nn.Dropout(DROPOUT)
        layers["conv2"] = nn.Conv2d(self.wide, self.narrow, self.kernel, 1, self.kernel // 2, bias=False)
        layers["act2"] = ClippedReLU()
        layers["dropout2"] = nn.Dropout(DROPOUT)
        layers["flatten"] = nn.Flatten()
        layers["dense"] = nn.Linear(self.narrow * SEED_MAP**2, 1, bias=False)
        return initialised_without_norm(Discriminator(layers))


AM_DCGAN = AmDcgan(batch_norm=False)
AM_DCGAN_BATCH_NORM = AmDcgan(batch_norm=True)
# The paper's discriminator has two layers, clips at 1 and drops a third of its activations: pictures that it takes for
# digits need not look like them. Paper S's has five layers; with ReLU, as the memristors' cells have no other.
AM_DCGAN_DEEP = replace(AM_DCGAN_BATCH_NORM, judge=replace(FASHION_NORM_FREE, slope=0.0))
