"""Compiled kernels of the pixels that drive an array's rows: taken from maps, and their gradients added up.

A tile's rows are the taps of one channel after those of another, and its reads lie side by side, where `patches` has a
read's channels side by side. The samples are the maps' last axis, so that what is copied at once is long. A tap may
look beyond the map, where all is zero: no map is padded.
"""

from functools import cache
from typing import Any

import numpy as np
from torch import Tensor

from spingan.compiled import njit
from spingan.nn.kernels.base import CHEAP, compile_for, flat, in_pieces, require

Place = tuple[range, range]
"""The pixels that a tap looks at, down and across; some may lie beyond the map."""


@njit(inline="always")
def _within(first, step, count, side):  # pragma: no cover - compiled
    """From which to which of `count` places, `step` apart, there is a pixel."""
    begin = min(max(0, -(first // step)), count)
    return begin, max(begin, min(count, -((first - side) // step)))


@cache
def _take() -> Any:
    @njit(nogil=True)
    def take(maps, tops, lefts, steps, sizes, out):
        # maps (channels * height * width * samples); out (channels * taps * down * across * samples)
        height, width, samples, down, across = sizes
        channels, written, zero = maps.size // (height * width * samples), 0, maps.dtype.type(0)
        for channel in range(channels):
            for tap in range(tops.size):
                above, below = _within(tops[tap], steps[0], down, height)
                left, right = _within(lefts[tap], steps[1], across, width)
                run, runs = ((right - left) * samples, 1) if steps[1] == 1 else (samples, right - left)
                out[written : written + above * across * samples] = zero
                written += above * across * samples
                for y in range(above, below):
                    out[written : written + left * samples] = zero
                    written += left * samples
                    row = (channel * height + tops[tap] + y * steps[0]) * width + lefts[tap] + left * steps[1]
                    for x in range(runs):
                        at = (row + x * steps[1]) * samples
                        source, target = maps[at : at + run], out[written : written + run]
                        for sample in range(run):  # an assignment of slices takes twice as long
                            target[sample] = source[sample]
                        written += run
                    out[written : written + (across - right) * samples] = zero
                    written += (across - right) * samples
                out[written : written + (down - below) * across * samples] = zero
                written += (down - below) * across * samples

    return take


@cache
def _add_up(bfloat16: bool) -> Any:
    def build(load, stored):
        @njit(nogil=True)
        def add_up(taps, tops, lefts, steps, sizes, maps):
            # as `take`, the other way
            height, width, samples, down, across = sizes
            each, begin = height * width * samples, 0
            held = np.empty(each, np.float32)
            for channel in range(maps.size // each):
                held[:] = 0.0
                for tap in range(tops.size):
                    above, below = _within(tops[tap], steps[0], down, height)
                    left, right = _within(lefts[tap], steps[1], across, width)
                    run, runs = ((right - left) * samples, 1) if steps[1] == 1 else (samples, right - left)
                    for y in range(above, below):
                        read = begin + (y * across + left) * samples
                        row = (tops[tap] + y * steps[0]) * width + lefts[tap] + left * steps[1]
                        for x in range(runs):
                            at = (row + x * steps[1]) * samples
                            place, piece = held[at : at + run], taps[read + x * run : read + x * run + run]
                            for sample in range(run):
                                place[sample] += load(piece[sample])
                    begin += down * across * samples
                target = maps[channel * each : (channel + 1) * each]
                for pixel in range(each):
                    target[pixel] = stored(held[pixel])

        return add_up

    return compile_for(bfloat16, build)


def take_taps(maps: Tensor, places: list[Place]) -> Tensor:
    """The pixels at each tap's places: (channels x taps, positions x samples); zero beyond the maps.

    Args:
        maps: (channels, height, width, samples), float32 or bfloat16 on the CPU, contiguous.
        places: For each tap, all of one number of positions.

    Raises:
        ValueError: The places do not fit each other, or the maps are not contiguous.
    """
    channels, height, width, samples = maps.shape
    tops, lefts, steps, (down, across) = _where(places)
    require(maps.is_contiguous(), "maps that are not contiguous")
    out = maps.new_empty((channels * len(places), down * across * samples))
    source, target = flat(maps), flat(out)
    sizes = np.array([height, width, samples, down, across])

    def work(start: int, stop: int) -> None:
        a, b = height * width * samples, len(places) * down * across * samples
        _take()(source[start * a : stop * a], tops, lefts, steps, sizes, target[start * b : stop * b])

    if maps.numel() and out.numel():
        in_pieces(channels, len(places) * down * across * samples, work, CHEAP)
        return out
    return out.zero_()


def add_taps(taps: Tensor, places: list[Place], shape: tuple[int, int, int, int]) -> Tensor:
    """The gradient of `take_taps`: maps of `shape` with every tap added where it was taken, in float32 sums.

    Raises:
        ValueError: As `take_taps`, or the taps do not fit the shape.
    """
    channels, height, width, samples = shape
    tops, lefts, steps, (down, across) = _where(places)
    require(taps.is_contiguous(), "taps that are not contiguous")
    require(
        taps.numel() == channels * len(places) * down * across * samples,
        f"{tuple(taps.shape)} for {len(places)} taps of {shape}",
    )
    maps = taps.new_empty(shape)
    source, target = flat(taps), flat(maps)
    sizes = np.array([height, width, samples, down, across])
    kernel = _add_up(source.dtype == np.uint16)

    def work(start: int, stop: int) -> None:
        a, b = height * width * samples, len(places) * down * across * samples
        kernel(source[start * b : stop * b], tops, lefts, steps, sizes, target[start * a : stop * a])

    if taps.numel() and maps.numel():
        in_pieces(channels, len(places) * down * across * samples, work, CHEAP)
        return maps
    return maps.zero_()


def _where(places: list[Place]) -> tuple[Any, Any, Any, tuple[int, int]]:
    down, across = places[0]
    for place in places:
        for pixels, own in zip((down, across), place, strict=True):
            require(
                len(own) == len(pixels) and own.step == pixels.step and own.step > 0,
                f"places {own} and {pixels} together",
            )
    tops = np.array([i.start for i, _ in places])
    lefts = np.array([j.start for _, j in places])
    return tops, lefts, np.array([down.step, across.step]), (len(down), len(across))
