"""Dropout whose switches a seed and a count decide, in one pass over memory."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from spingan.nn.kernels.base import in_reach
from spingan.nn.kernels.noise import drawn_like
from spingan.nn.noise_source import NoiseSource, stream_key


class DrawnDropout(nn.Dropout):
    """`nn.Dropout` whose switches come from the model's noise source: a draw can be repeated, and a run resumed.

    PyTorch's own took a sixth of the discriminator's step on a processor.

    Attributes:
        key: What the switches are drawn by instead of the source: they then stay where they are (`same_switches`).
    """

    def __init__(self, p: float, source: NoiseSource, inplace: bool = False) -> None:
        super().__init__(p, inplace)
        self.source = source
        self.key: int | None = None

    def forward(self, input: Tensor) -> Tensor:
        if not self.training or self.p == 0:
            return input
        key = self.source.next_key() if self.key is None else self.key
        factors = self._factors(input, key)
        return input.mul_(factors) if self.inplace else input * factors

    def _factors(self, input: Tensor, key: int) -> Tensor:
        if self.source.part is None:
            return dropout_factors(input, self.p, key)
        first, total = self.source.part
        by_pixel = input.dim() == 4 and input.is_contiguous(memory_format=torch.channels_last)
        order = torch.channels_last if by_pixel else torch.contiguous_format
        whole = torch.empty((total, *input.shape[1:]), dtype=input.dtype, device=input.device, memory_format=order)
        return dropout_factors(whole, self.p, key)[first : first + len(input)]


@contextmanager
def same_switches(net: nn.Module, key: int) -> Iterator[None]:
    """Within the block every pass of `net` finds its dropout's switches in the same places, which `key` decides."""
    layers = [module for module in net.modules() if isinstance(module, DrawnDropout)]
    for number, layer in enumerate(layers):
        layer.key = stream_key(key, number)
    try:
        yield
    finally:
        for layer in layers:
            layer.key = None


def dropout_factors(like: Tensor, share: float, key: int) -> Tensor:
    """0 with probability `share` (to one part in 65,536), else 1 / (1 - share); in shape, type and order as `like`."""
    if not in_reach(like):
        generator = torch.Generator(like.device).manual_seed(key & 0x7FFFFFFFFFFFFFFF)
        lot = torch.rand(like.shape, generator=generator, device=like.device)
        return (lot >= share).to(like.dtype) / (1 - share)
    return drawn_like(like, _switches(share), key)


@cache
def _switches(share: float) -> NDArray[np.float32]:
    open_from = round(share * 65536)
    return np.where(np.arange(65536) < open_from, 0.0, 65536 / (65536 - open_from)).astype(np.float32)
