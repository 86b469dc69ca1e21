"""The compiled kernels of on-chip learning: wanted changes become write pulses on devices, one pass over memory."""

from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from spingan.compiled import njit
from spingan.nn.kernels.base import flat, in_pieces, over_elements, require
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
        half_select: Share of a step that a device moves at each pulse on another device of its row or column.
        ends: The weight, in full scales, at a device's smallest and largest conductance, where a weight is one device
            less a reference; None for pairs and sign crossbars.
    """

    up: NDArray[np.float32]
    down: NDArray[np.float32]
    up_spread: NDArray[np.float32]
    down_spread: NDArray[np.float32]
    off: float
    endurance: float
    half_select: float = 0.0
    ends: tuple[float, float] | None = None


class Written(NamedTuple):
    """What an update took: pulses that were given, and trains that worn devices did not get."""

    pulses: int
    refused: int


class Stuck(NamedTuple):
    """Devices that no longer move, as tensors in the weight's shape and memory order.

    Attributes:
        which: int8: 0 none of the weight's devices, 1 the positive one, 2 the negative one, 3 all of them.
        place: float32: of a pair whose one device is stuck, what that device adds to the weight, in full scales.
    """

    which: Tensor
    place: Tensor


@njit(inline="always")
def _device(held, forward, stuck, place_of_stuck, off, bottom, reach):  # pragma: no cover - compiled
    """The device that a pulse on a weight moves, and its place: alone, beside what, how wide, on which side, where."""
    alone = reach > 0 or stuck != 0
    if alone:  # one device moves, beside what does not
        beside = bottom if reach > 0 else place_of_stuck
        wide = reach if reach > 0 else np.float32(1.0)
        side = np.float32(1.0) if reach > 0 or stuck == 2 else np.float32(-1.0)
        place = min(max((held - beside) * side / wide, np.float32(0.0)), np.float32(1.0))
    else:
        beside, wide = np.float32(0.0), np.float32(1.0)
        place = max(abs(held) * (np.float32(1.0) + off) - off, np.float32(0.0))
        side = np.float32(-1.0) if held < 0 else np.float32(1.0)
        if off == 0 and place == 0:
            side = forward  # both devices of a pair are at their smallest: the right one goes up
    return alone, beside, wide, side, place


@njit(inline="always")
def _after(alone, beside, wide, side, place, forward, moved, off):  # pragma: no cover - compiled
    """The weight, in full scales, when that device has moved."""
    one, zero = np.float32(1.0), np.float32(0.0)
    if alone:
        return beside + side * wide * min(max(place + forward * side * moved, zero), one)
    signed = min(max(side * place + forward * moved, -one), one)
    now = -one if signed < 0 else one
    if signed == 0:
        now = side
    return now * (off + abs(signed)) / (one + off)


@cache
def _kernel() -> Any:
    @njit(nogil=True, error_model="numpy")
    def write(
        weight, gradient, positive, negative, which, place_of_stuck, full, factor, up, down, up_spread, down_spread,
        off, endurance, bottom, reach, gauss, key, first,
    ):  # fmt: skip
        inverse, top = np.float32(1.0) / full, np.float32(up.size - 1)
        most, one, zero = np.float32(MOST_PULSES), np.float32(1.0), np.float32(0.0)
        total, refused = np.int64(0), np.int64(0)
        for index in range(weight.size):
            if gradient[index] == 0:
                continue
            want = -gradient[index] * factor
            bits = mixed_bits(np.uint64(first + index), key)
            lot = np.float32(bits & np.uint64(0xFFFF)) * np.float32(1 / 65536)
            pulses = np.floor(min(abs(want), most) + lot)  # on average what is wanted
            if not pulses > 0:
                continue
            stuck = which[index] if which.size else np.int8(0)
            if stuck == 3:
                continue
            forward = one if want > 0 else -one
            beside_it = place_of_stuck[index] if which.size else zero
            alone, beside, wide, side, place = _device(
                weight[index] * inverse, forward, stuck, beside_it, off, bottom, reach
            )
            count = positive if side > 0 or off > 0 else negative
            if count[index] >= endurance:
                refused += 1
                continue
            level = np.int64(min(place * top + np.float32(0.5), top))
            outward = forward == side
            mean = up[level] if outward else down[level]
            spread = up_spread[level] if outward else down_spread[level]
            normal = gauss[np.int64((bits >> np.uint64(16)) & np.uint64(0xFFFF))]
            moved = pulses * mean + np.sqrt(pulses) * spread * normal
            weight[index] = full * _after(alone, beside, wide, side, place, forward, moved, off)
            count[index] += pulses
            total += np.int64(pulses)
        return total, refused

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
    stuck: Stuck | None = None,
) -> Written:
    """Write one update into the devices behind `weight`, in place; returns how many pulses it took.

    Each weight wants -`factor` x gradient pulses, rounded up or down by lot so that the mean is right, and at most
    `MOST_PULSES`. Where a pulse would bring a weight through zero the pair's other device, or the sign, takes over.

    Args:
        weight: float32, dense: `full` x (± conductance, in fractions of full scale). On another device than the
            processor the pulses are counted on copies here, so that every device writes the same.
        gradient: As `weight`, the same memory order.
        positive, negative: As `weight`: writes that each device has had; the second is unused with a sign crossbar.
        full: The weight that full scale stands for.
        key: 0 .. 2**64 - 1.
        stuck: Devices that no longer move; None: none.

    Raises:
        ValueError: The tensors have not one shape, type and memory order, or the curves not one length.
    """
    alike = {(part.shape, part.stride(), part.dtype) for part in (weight, gradient, positive, negative)}
    require(len(alike) == 1 and weight.dtype == torch.float32, f"weights and their states are unlike: {alike}")
    curves = response.up, response.down, response.up_spread, response.down_spread
    require(len({curve.shape for curve in curves}) == 1 and response.up.size >= 2, "curves of several lengths")
    if stuck is not None:
        require(stuck.which.stride() == stuck.place.stride() == weight.stride(), "stuck devices in another order")
    if weight.device.type != "cpu":
        state = weight, positive, negative
        here = [part.cpu() for part in (weight, gradient, positive, negative)]
        if positive is negative:  # devices that are alone have one count
            here[3] = here[2]
        total = write_pulses(*here, full=full, factor=factor, response=response, key=key, stuck=stuck)
        for kept, copy in zip(state, (here[0], *here[2:]), strict=True):
            kept.copy_(copy)
        return total
    kernel = _kernel()
    arrays = [flat(part) for part in (weight, gradient, positive, negative)]
    none = np.empty(0, np.int8), np.empty(0, np.float32)
    faults = none if stuck is None else (_flat_codes(stuck.which), flat(stuck.place))
    bottom, top = response.ends or (0.0, 0.0)
    ends = tuple(np.float32(value) for value in (response.off, response.endurance, bottom, top - bottom))
    scales = np.float32(full), np.float32(factor)
    table = gaussian_table()

    def work(start: int, stop: int) -> tuple[int, int]:
        parts = (part[start:stop] for part in (*arrays, *faults))
        return kernel(*parts, *scales, *curves, *ends, table, np.uint64(key), start)

    found = in_pieces(weight.numel(), 1, work)
    return Written(*(int(sum(counts)) for counts in zip(*found, strict=True)))


class Check(NamedTuple):
    """How writes are verified (`verify_pulses`).

    Attributes:
        pulse_at: What a device may be beside its place, in mean steps.
        tries: Trains of pulses that a device gets at most.
        coarse: Mean steps that a pulse is worth both ways where a device is left half of the larger one from its place.
        noise, relative: Standard deviation of a read in full scales, or of the weight.
    """

    pulse_at: float
    tries: int
    coarse: float
    noise: float
    relative: bool


@cache
def _verified_kernel() -> Any:
    @njit(nogil=True, error_model="numpy")
    def verify(
        held, read, wanted, given, positive, negative, which, place_of_stuck, up, down, up_spread, down_spread,
        off, endurance, bottom, reach, mean_step, pulse_at, tries, coarse, noise, relative, gauss, key,
    ):  # fmt: skip
        top, most, one, zero = np.float32(up.size - 1), np.float32(MOST_PULSES), np.float32(1.0), np.float32(0.0)
        span = reach if reach > 0 else one / (one + off)
        step = mean_step * span  # in full scales
        reads, refused = np.int64(0), np.int64(0)
        for index in range(held.size):
            stuck = which[index] if which.size else np.int8(0)
            beside_it = place_of_stuck[index] if which.size else zero
            for attempt in range(tries):
                left = (wanted[index] - read[index]) / step
                forward = one if left > 0 else -one
                _, _, _, side, place = _device(read[index], forward, stuck, beside_it, off, bottom, reach)
                level = np.int64(min(place * top + np.float32(0.5), top))
                outward = forward == side
                mean = (up[level] if outward else down[level]) / mean_step
                back = (down[level] if outward else up[level]) / mean_step
                if place == 0 and off == 0 and reach == 0 and stuck == 0:
                    back = mean  # the other device of an empty pair
                spread = (up_spread[level] if outward else down_spread[level]) / mean_step
                least = max(mean, back) / 2 if min(mean, back) > coarse else pulse_at
                if not abs(left) >= max(least, pulse_at) or not mean > 0:
                    break
                bits = mixed_bits(np.uint64(index) * np.uint64(tries) + np.uint64(attempt), key)
                if stuck != 3:
                    alone, beside, wide, side, place = _device(
                        held[index], forward, stuck, beside_it, off, bottom, reach
                    )
                    device = 0 if side > 0 or off > 0 else 1
                    had = positive[index] if device == 0 else negative[index]
                    if had + given[0, device, index] + given[1, device, index] >= endurance:
                        refused += 1
                        break
                    pulses = min(max(np.floor(abs(left) / (mean + spread)), one), most)
                    level = np.int64(min(place * top + np.float32(0.5), top))
                    outward = forward == side
                    moved = pulses * (up[level] if outward else down[level])
                    spread = up_spread[level] if outward else down_spread[level]
                    moved += np.sqrt(pulses) * spread * gauss[np.int64(bits & np.uint64(0xFFFF))]
                    held[index] = _after(alone, beside, wide, side, place, forward, moved, off)
                    given[1 if forward > 0 else 0, device, index] += pulses
                read[index] = held[index]
                if noise > 0:
                    lane = (mixed_bits(np.uint64(index) * np.uint64(tries) + np.uint64(attempt), ~key)) & np.uint64(
                        0xFFFF
                    )
                    read[index] += noise * gauss[np.int64(lane)] * (held[index] if relative else one)
                reads += 1
        return reads, refused

    return verify


def verify_pulses(
    held: Tensor,
    read: Tensor,
    wanted: Tensor,
    counts: tuple[Tensor, Tensor],
    response: PulseResponse,
    mean_step: float,
    check: Check,
    key: int,
    stuck: Stuck | None = None,
) -> tuple[Tensor, int, int]:
    """Write weights to their places, in place: trains of pulses, each followed by a read, until one is near enough.

    A train has n = d / (q + σ) pulses, and one at least, with d what is left, q what a pulse does on average at the
    place that was read and σ its scatter. Where a pulse is coarse one way and fine the other, what it does too much is
    climbed back; where both are coarse a device is left within half of one.

    Args:
        held: (weights,) float32, what devices hold, in full scales.
        read: (weights,) what they were read as; afterwards, what the last read of each gave.
        wanted: (weights,) the places, in full scales.
        counts: (weights,) each: writes that the weights' devices have had.
        mean_step: Of a pulse, in fractions of the span: the unit of `check`.
        key: 0 .. 2**64 - 1.
        stuck: Devices that no longer move; None: none. Trains on them are given and read all the same.

    Returns:
        (2, 2, weights) pulses that lowered and that raised the weights, on the positive and the negative devices; how
        often a weight was read; and how many weights' devices were worn.
    """
    parts = [flat(part.cpu()) for part in (held, read, wanted, *counts)]
    given = np.zeros((2, 2, held.numel()), np.float32)
    none = np.empty(0, np.int8), np.empty(0, np.float32)
    faults = none if stuck is None else (_flat_codes(stuck.which), flat(stuck.place))
    curves = response.up, response.down, response.up_spread, response.down_spread
    bottom, top = response.ends or (0.0, 0.0)
    ends = tuple(np.float32(value) for value in (response.off, response.endurance, bottom, top - bottom))
    numbers = np.float32(mean_step), np.float32(check.pulse_at), check.tries, np.float32(check.coarse)
    noise = np.float32(check.noise), check.relative
    reads, refused = _verified_kernel()(
        *parts[:3], given, *parts[3:], *faults, *curves, *ends, *numbers, *noise, gaussian_table(), np.uint64(key)
    )
    for tensor, part in zip((held, read), parts, strict=False):
        if tensor.device.type != "cpu":
            tensor.copy_(torch.from_numpy(part))
    return torch.from_numpy(given).to(held.device), int(reads), int(refused)


def _flat_codes(which: Tensor) -> NDArray[np.int8]:
    flat_view = which if which.is_contiguous() else which.as_strided((which.numel(),), (1,))
    return flat_view.numpy().reshape(-1)


@cache
def _accumulate_kernel() -> Any:
    @njit(nogil=True, error_model="numpy")
    def accumulate(kept, gradient, pulses, factor, early):
        most = np.float32(MOST_PULSES)
        for index in range(kept.size):
            sum_ = kept[index] + gradient[index] * factor
            whole = np.trunc(min(max(sum_ + (early if sum_ > 0 else -early), -most), most))
            pulses[index] = whole
            kept[index] = sum_ - whole

    return accumulate


def accumulate(kept: Tensor, gradient: Tensor, pulses: Tensor, factor: float, pulse_at: float = 1.0) -> None:
    """Add `factor` x gradient to what is `kept`, and move whole pulses of it into `pulses`; at most `MOST_PULSES` each.

    Args:
        kept, pulses: float32, dense, written in place; in units of a pulse.
        gradient: As `kept`, the same memory order.
        pulse_at: From which sum on there is a pulse: 1, sums give their whole part; 0.5, they are rounded.

    Raises:
        ValueError: The tensors have not one shape, type and memory order.
    """
    alike = {(part.shape, part.stride(), part.dtype) for part in (kept, gradient, pulses)}
    require(len(alike) == 1 and kept.dtype == torch.float32, f"sums and gradients are unlike: {alike}")
    if kept.device.type != "cpu":
        kept.add_(gradient, alpha=factor)
        pulses.copy_((kept + (1 - pulse_at) * kept.sign()).clamp_(-MOST_PULSES, MOST_PULSES).trunc_())
        kept.sub_(pulses)
        return
    numbers = np.float32(factor), np.float32(1 - pulse_at)
    over_elements(_accumulate_kernel(), [flat(part) for part in (kept, gradient, pulses)], *numbers)
