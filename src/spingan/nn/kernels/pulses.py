"""The compiled kernel of on-chip learning: wanted changes become write pulses on every device, one pass over memory."""

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import torch
from numba import njit
from numpy.typing import NDArray
from torch import Tensor

from spingan.nn.kernels.base import flat, in_pieces, require
from spingan.nn.kernels.noise import gaussian_table, mixed_bits

MOST_PULSES = 16  # on one device in one update: what a driver's counter holds; assumed


@dataclass(frozen=True)
class PulseResponse:
    """What a pulse does, against the device's place 0..1 between its smallest and its largest conductance.

    Attributes:
        up, down: (states,) mean step of one pulse in fractions of the span, at even places.
        up_spread, down_spread: (states,) standard deviation of that step, in the same unit.
        off: Smallest conductance in units of the span if a weight has no reference to subtract it (a sign crossbar);
            0 for a pair.
        endurance: Writes after which a device no longer moves; infinite if unknown.
    """

    up: NDArray[np.float32]
    down: NDArray[np.float32]
    up_spread: NDArray[np.float32]
    down_spread: NDArray[np.float32]
    off: float
    endurance: float


@cache
def _kernel() -> Any:
    @njit(nogil=True, error_model="numpy")
    def write(
        weight, gradient, positive, negative, full, factor, up, down, up_spread, down_spread, off, endurance, gauss,
        key, first,
    ):  # fmt: skip
        inverse, scale, top = np.float32(1.0) / full, np.float32(1.0) + off, np.float32(up.size - 1)
        most = np.float32(MOST_PULSES)
        total = np.int64(0)
        for index in range(weight.size):
            want = -gradient[index] * factor
            bits = mixed_bits(np.uint64(first + index), key)
            lot = np.float32(bits & np.uint64(0xFFFF)) * np.float32(1 / 65536)
            pulses = np.floor(min(abs(want), most) + lot)  # on average what is wanted
            if not pulses > 0:
                continue
            forward = np.float32(1.0) if want > 0 else np.float32(-1.0)
            held = weight[index] * inverse
            place = max(abs(held) * scale - off, np.float32(0.0))
            side = np.float32(-1.0) if held < 0 else np.float32(1.0)
            if off == 0 and place == 0:
                side = forward  # both devices of a pair are at their smallest: the right one goes up
            count = positive if side > 0 or off > 0 else negative
            if count[index] >= endurance:
                continue
            level = np.int64(min(place * top + np.float32(0.5), top))
            outward = forward == side
            mean = up[level] if outward else down[level]
            spread = up_spread[level] if outward else down_spread[level]
            normal = gauss[np.int64((bits >> np.uint64(16)) & np.uint64(0xFFFF))]
            moved = pulses * mean + np.sqrt(pulses) * spread * normal
            signed = side * place + forward * moved
            signed = min(max(signed, np.float32(-1.0)), np.float32(1.0))
            now = np.float32(-1.0) if signed < 0 else np.float32(1.0)
            if signed == 0:
                now = side
            weight[index] = full * now * (off + abs(signed)) / scale
            count[index] += pulses
            total += np.int64(pulses)
        return total

    return write


def write_pulses(
    weight: Tensor,
    gradient: Tensor,
    positive: Tensor,
    negative: Tensor,
    *,
    full: float,
    factor: float,
    response: PulseResponse,
    key: int,
) -> int:
    """Write one update into the devices behind `weight`, in place; gives back how many pulses it took.

    Each weight wants -`factor` x gradient pulses, rounded up or down by lot so that the mean is right, and at most
    `MOST_PULSES`. Where a pulse would bring a weight through zero the pair's other device, or the sign, takes over.

    Args:
        weight: float32, dense: `full` x (± conductance, in fractions of full scale). On another device than the
            processor the pulses are counted on copies here, so that every device writes the same.
        gradient: As `weight`, the same memory order.
        positive, negative: As `weight`: writes that each device has had; the second is unused with a sign crossbar.
        full: The weight that full scale stands for.
        key: 0 .. 2**64 - 1.

    Raises:
        ValueError: The four tensors have not one shape, type and memory order, or the curves not one length.
    """
    alike = {(part.shape, part.stride(), part.dtype) for part in (weight, gradient, positive, negative)}
    require(len(alike) == 1 and weight.dtype == torch.float32, f"weights and their states are unlike: {alike}")
    curves = response.up, response.down, response.up_spread, response.down_spread
    require(len({curve.shape for curve in curves}) == 1 and response.up.size >= 2, "curves of several lengths")
    if weight.device.type != "cpu":
        state = weight, positive, negative
        here = [part.cpu() for part in (weight, gradient, positive, negative)]
        total = write_pulses(*here, full=full, factor=factor, response=response, key=key)
        for kept, copy in zip(state, (here[0], *here[2:]), strict=True):
            kept.copy_(copy)
        return total
    kernel = _kernel()
    arrays = [flat(part) for part in (weight, gradient, positive, negative)]
    ends = np.float32(response.off), np.float32(response.endurance)
    scales = np.float32(full), np.float32(factor)
    table = gaussian_table()
    totals = in_pieces(
        weight.numel(),
        1,
        lambda start, stop: kernel(
            *(part[start:stop] for part in arrays), *scales, *curves, *ends, table, np.uint64(key), start
        ),
    )
    return int(sum(totals))
