"""The activations of one chip: physical devices that differ from each other, drawn once and then frozen.

A chip can be trimmed by measurement. Every device's output at zero input is read once, and what it is off is stored as
a number of some bits. The columns that read the devices have the sum of these numbers times their weights taken off
their own offsets: a ReLU's own column could not do it, for below zero its output does not follow. As columns are sums,
that is the same as if each device had only the offset that is left, which is how it is computed.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from spingan.spec.activation import Activation, ActivationSpread

COVERED = 4.0  # standard deviations of the offset that the stored numbers reach: one device in 16,000 lies beyond


@dataclass(frozen=True)
class Trim:
    """Stored offsets of `bits`, measured with a standard deviation of `noise`, in full scales."""

    bits: int
    noise: float = 0.0

    @classmethod
    def of(cls, activation: Activation, bits: int, noise: float = 0.0, reads: int = 1, outputs: float = 1.0) -> "Trim":
        """The measurement of an activation's offsets at zero input, with the noise that its devices have there.

        Args:
            noise: Standard deviation that comes to it, in full scales.
            reads: Measurements that are averaged.
            outputs: The output's span in the net's numbers.
        """
        known = activation.output_noise
        span = abs(activation.output_full_scale - activation.output_zero)
        own = 0.0 if known is None else float(known.at(0.0)) / span * outputs
        return cls(bits, float(np.hypot(noise, own)) / reads**0.5)

    def left(self, offset: Tensor, spread: ActivationSpread, seed: int) -> Tensor:
        """What is left of offsets (...), in full scales: of rounding, of the measurement, and beyond the range."""
        reach = COVERED * (spread.offset or 0.0) + abs(float(spread.mean[1]))
        step = reach / (2 ** (self.bits - 1) - 1)
        if step == 0:
            return offset
        generator = torch.Generator().manual_seed(seed)
        measured = offset + self.noise * torch.randn(offset.shape, generator=generator, dtype=torch.float64)
        return offset - (measured.clamp(-reach, reach) / step).round() * step


class MadeDevices:
    """One physical device for each value of a layer's output (channel, row, column), the same for every image.

    Each has a gain, an offset and a slope below zero of its own, normal with the means and the covariance of `spread`
    and frozen by `seed`; a gain that comes out below 0 is 0, a cell at a rail. With a `trim` they are the same devices,
    and only what it leaves of their offsets reaches the next columns. Hardware that shares one device between
    several values would differ less within an image, and is not this.
    """

    def __init__(self, spread: ActivationSpread, seed: int, trim: Trim | None = None) -> None:
        self.spread = spread
        self.seed = seed
        self.trim = trim
        self._drawn: dict[tuple[int, ...], tuple[Tensor, Tensor, Tensor]] = {}

    def __call__(self, values: Tensor, full_scale: float | Tensor) -> Tensor:
        """What the devices make of the table's outputs (batch, ...): offset + gain (max(v, 0) + slope min(v, 0))."""
        gain, offset, slope = (part.to(values) for part in self.parts(tuple(values.shape[1:])))
        return offset * full_scale + gain * (values.clamp(min=0) + slope * values.clamp(max=0))

    def parts(self, shape: tuple[int, ...]) -> tuple[Tensor, Tensor, Tensor]:
        """Gain, offset (in full scales, what a trim leaves) and slope of a layer of `shape`, each of that shape."""
        if shape not in self._drawn:
            generator = torch.Generator().manual_seed(self.seed)
            normal = torch.randn((3, *shape), generator=generator, dtype=torch.float64)
            variances, axes = np.linalg.eigh(self.spread.covariance)
            root = torch.from_numpy(axes * np.sqrt(np.clip(variances, 0.0, None)))
            mean = torch.from_numpy(self.spread.mean).reshape(3, *(1 for _ in shape))
            gain, offset, slope = mean + torch.tensordot(root, normal, dims=1)
            if self.trim is not None:
                offset = self.trim.left(offset, self.spread, self.seed ^ 1)
            self._drawn[shape] = gain.clamp(min=0).float(), offset.float(), slope.float()
        return self._drawn[shape]
