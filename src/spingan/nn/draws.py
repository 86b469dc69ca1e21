"""Random numbers of whole weights, on whichever device: they depend on a key alone."""

from functools import cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from spingan.nn.kernels.base import in_reach
from spingan.nn.kernels.noise import add_gaussian, drawn_like


def is_ordered(weight: Tensor) -> bool:
    """Whether a weight is in rows or channels last, as the kernels take it: float32, on the CPU."""
    if not in_reach(weight) or weight.dtype != torch.float32:
        return False
    return weight.is_contiguous() or (weight.dim() == 4 and weight.is_contiguous(memory_format=torch.channels_last))


def standard_normal(shape: torch.Size, key: int, device: torch.device) -> Tensor:
    """Independent standard normal numbers that depend on `key` alone."""
    if device.type == "cpu":
        unit = torch.zeros(shape)
        rows = unit.numel() // shape[-1]
        add_gaussian(unit, torch.ones(rows), torch.ones(shape[-1]), key)
        return unit
    generator = torch.Generator(device).manual_seed(key & 0x7FFFFFFFFFFFFFFF)
    return torch.randn(shape, generator=generator, device=device)


def conductance_factors(weight: Tensor, tolerance: float, key: int) -> Tensor:
    """Conductances, in units of what was meant, of devices whose resistance is anywhere within ± `tolerance` of it."""
    if is_ordered(weight):
        return drawn_like(weight.detach(), _tolerance_table(tolerance), key)
    generator = torch.Generator(weight.device).manual_seed(key & 0x7FFFFFFFFFFFFFFF)
    lot = torch.rand(weight.shape, generator=generator, device=weight.device)
    return 1 / (1 + tolerance * (2 * lot - 1))


@cache
def _tolerance_table(tolerance: float) -> NDArray[np.float32]:
    even = (np.arange(65536) + 0.5) / 32768 - 1
    return (1 / (1 + tolerance * even)).astype(np.float32)
