"""The two DCGANs of the spintronic paper, as plain PyTorch modules.

Both are sequences of convolution, batch norm and activation, so that `convert` finds every layer by its type.
The discriminators end in a logit: their sigmoid is part of the loss (`binary_cross_entropy_with_logits`) in training
and is counted as a digital function in the hardware's bill.
"""

import math
from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import TypeVar

from torch import Tensor, nn

from spingan.nn.family import Family
from spingan.nn.zero_padded import ZeroPaddedConv2d

LATENT_SIZE = 100  # paper S, IV-E
LEAKY_SLOPE = 0.2  # paper S, IV-B

_Net = TypeVar("_Net", bound=nn.Sequential)


@dataclass(frozen=True)
class Stage:
    """One convolution of a net: `channels` out, a square kernel, its stride and padding."""

    channels: int
    kernel: int
    stride: int
    padding: int


class Discriminator(nn.Sequential):
    """Images (batch, channels, size, size) to one logit an image, (batch,)."""

    def forward(self, input: Tensor) -> Tensor:
        return super().forward(input).flatten()


@dataclass(frozen=True)
class Dcgan(Family):
    """Two stacks of convolutions for images of `channels` x `size` x `size`.

    Attributes:
        norm_free: The discriminator has no batch norm. Batch norm tells it about the other images of a batch and harms
            under a penalty on its slope (Huang et al., "R3GAN", arXiv 2501.05441).
        slope: Of the discriminator's activations below zero; 0: ReLU, for technologies whose cells have no other.
    """

    channels: int
    size: int
    generator: tuple[Stage, ...]
    discriminator: tuple[Stage, ...]
    norm_free: bool = False
    slope: float = LEAKY_SLOPE

    def make_generator(self, latent_size: int = LATENT_SIZE) -> nn.Sequential:
        """Latents (batch, latent_size, 1, 1) to images (batch, channels, size, size) in -1..1.

        The first layer is dense (latent_size x 16 C), written as a transposed convolution of a 1x1 map; the others are
        zero-padded convolutions (paper S, II-B). ReLU after each layer but the last, which ends in tanh.
        """
        layers: OrderedDict[str, nn.Module] = OrderedDict()
        inputs = latent_size
        last = len(self.generator)
        for number, stage in enumerate(self.generator, start=1):
            layers[f"conv{number}"] = ZeroPaddedConv2d(
                inputs, stage.channels, stage.kernel, stage.stride, stage.padding, bias=False, of_one_pixel=number == 1
            )
            if number < last:
                layers[f"norm{number}"] = nn.BatchNorm2d(stage.channels)
                layers[f"act{number}"] = nn.ReLU(inplace=True)
            inputs = stage.channels
        layers["tanh"] = nn.Tanh()
        net = nn.Sequential(layers)
        initialise(net)
        return net

    def make_discriminator(self) -> Discriminator:
        """Images (batch, channels, size, size) to one logit an image, (batch,).

        Leaky ReLU, or ReLU, after each layer but the last. No batch norm on the first one: that follows from Table I's
        26.84 nJ, 6,342,272 trainable values (docs/derivations.md, section 3). One that is `norm_free` has none on the
        others, either, and starts with weights that keep the size of the activations: N(0, 2 / ((1 + slope²) inputs)),
        He et al., arXiv:1502.01852, eq. 15.
        """
        layers: OrderedDict[str, nn.Module] = OrderedDict()
        inputs = self.channels
        last = len(self.discriminator)
        for number, stage in enumerate(self.discriminator, start=1):
            layers[f"conv{number}"] = nn.Conv2d(
                inputs, stage.channels, stage.kernel, stage.stride, stage.padding, bias=False
            )
            if 1 < number < last and not self.norm_free:
                layers[f"norm{number}"] = nn.BatchNorm2d(stage.channels)
            if number < last:
                layers[f"act{number}"] = nn.LeakyReLU(self.slope, inplace=True) if self.slope else nn.ReLU(inplace=True)
            inputs = stage.channels
        net = Discriminator(layers)
        if self.norm_free:
            return initialised_without_norm(net, self.slope)
        initialise(net)
        return net


def initialise(net: nn.Module) -> None:
    """Weights from N(0, 0.02), batch-norm scales from N(1, 0.02): Radford et al., arXiv:1511.06434, section 4."""
    for module in net.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
            nn.init.normal_(module.weight, 0.0, 0.02)
        elif isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.weight, 1.0, 0.02)


def initialised_without_norm(net: _Net, slope: float = 0.0) -> _Net:
    """`net`, weights from N(0, 2 / ((1 + slope²) inputs)): without batch norm the first scale must be right.

    Inputs are what one output sums: of a zero-padded convolution a stride²-th part of the kernel meets pixels. `slope`
    is that of the activations below zero. Source: He et al., arXiv:1502.01852, eq. 15.
    """
    for module in net.modules():
        if isinstance(module, nn.Linear):
            inputs = module.in_features
        elif isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
            inputs = module.in_channels * math.prod(module.kernel_size)
            if isinstance(module, nn.ConvTranspose2d):
                inputs /= math.prod(module.stride)
        else:
            continue
        nn.init.normal_(module.weight, 0.0, math.sqrt(2 / ((1 + slope**2) * inputs)))
    return net


# Channels: paper S, IV-B. Kernels and map sizes are not printed; of the natural schedules this one meets every digit of
# Table I (docs/derivations.md, section 3): maps 4, 4, 4, 7, 14, 28 up and 14, 7, 4, 2 down.
FASHION = Dcgan(
    channels=1,
    size=28,
    generator=(
        Stage(256, 4, 1, 0),
        Stage(128, 3, 1, 1),
        Stage(64, 3, 1, 1),
        Stage(32, 3, 2, 1),
        Stage(16, 4, 2, 1),
        Stage(1, 4, 2, 1),
    ),
    discriminator=(
        Stage(64, 3, 2, 1),
        Stage(128, 3, 2, 1),
        Stage(256, 3, 2, 1),
        Stage(512, 3, 2, 1),
        Stage(1, 2, 1, 0),
    ),
)

# Channels: paper S, IV-B; 4x4 kernels with stride 2 double and halve the map, as in Radford et al., arXiv:1511.06434.
COLOUR_64 = Dcgan(
    channels=3,
    size=64,
    generator=(
        Stage(512, 4, 1, 0),
        Stage(256, 4, 2, 1),
        Stage(128, 4, 2, 1),
        Stage(64, 4, 2, 1),
        Stage(3, 4, 2, 1),
    ),
    discriminator=(
        Stage(64, 4, 2, 1),
        Stage(128, 4, 2, 1),
        Stage(256, 4, 2, 1),
        Stage(512, 4, 2, 1),
        Stage(1, 4, 1, 0),
    ),
)

FASHION_NORM_FREE = replace(FASHION, norm_free=True)
COLOUR_64_NORM_FREE = replace(COLOUR_64, norm_free=True)
