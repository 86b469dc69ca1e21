"""The activations of one chip: physical devices that differ from each other, drawn once and then frozen."""

import numpy as np
import torch
from torch import Tensor

from spingan.spec.activation import ActivationSpread


class MadeDevices:
    """One physical device for each value of a layer's output (channel, row, column), the same for every image.

    Each has a gain, an offset and a slope below zero of its own, normal with the means and the covariance of `spread`
    and frozen by `seed`; a gain that comes out below 0 is 0, a cell at a rail. Hardware that shares one device between
    several values would differ less within an image, and is not this.
    """

    def __init__(self, spread: ActivationSpread, seed: int) -> None:
        self.spread = spread
        self.seed = seed
        self._drawn: dict[tuple[int, ...], tuple[Tensor, Tensor, Tensor]] = {}

    def __call__(self, values: Tensor, full_scale: float | Tensor) -> Tensor:
        """What the devices make of the table's outputs (batch, ...): offset + gain (max(v, 0) + slope min(v, 0))."""
        gain, offset, slope = (part.to(values) for part in self.parts(tuple(values.shape[1:])))
        return offset * full_scale + gain * (values.clamp(min=0) + slope * values.clamp(max=0))

    def parts(self, shape: tuple[int, ...]) -> tuple[Tensor, Tensor, Tensor]:
        """Gain, offset (in full scales) and slope of a layer of `shape`, each of that shape."""
        if shape not in self._drawn:
            generator = torch.Generator().manual_seed(self.seed)
            normal = torch.randn((3, *shape), generator=generator, dtype=torch.float64)
            variances, axes = np.linalg.eigh(self.spread.covariance)
            root = torch.from_numpy(axes * np.sqrt(np.clip(variances, 0.0, None)))
            mean = torch.from_numpy(self.spread.mean).reshape(3, *(1 for _ in shape))
            gain, offset, slope = (mean + torch.tensordot(root, normal, dims=1)).float()
            self._drawn[shape] = gain.clamp(min=0), offset, slope
        return self._drawn[shape]
