"""Compiled kernels of the pixels that drive an array's rows: taken from padded maps, and their gradients added up.

A tile's rows are the taps of one channel after those of another, and its reads lie side by side, where `patches` has a
read's channels side by side. PyTorch copies every tap as a slice, at a cost for each of its short rows.
"""

from functools import cache
from typing import Any

import numpy as np
from numba import njit
from torch import Tensor

from spingan.nn.kernels.base import compile_for, flat, in_pieces, require

Place = tuple[slice, slice]
"""Where a tap looks at each position, down and across: slices of a map with begin, end and step."""


@cache
def _take() -> Any:
    @njit(nogil=True)
    def take(maps, tops, lefts, steps, sizes, out):
        # maps (channels * batch * height * width); out (channels * taps * batch * down * across)
        batch, height, width, down, across = sizes
        channels, written = maps.size // (batch * height * width), 0
        for channel in range(channels):
            for tap in range(tops.size):
                for image in range(batch):
                    base = (channel * batch + image) * height * width
                    for y in range(down):
                        row = base + (tops[tap] + y * steps[0]) * width + lefts[tap]
                        for x in range(across):
                            out[written + x] = maps[row + x * steps[1]]
                        written += across

    return take


@cache
def _add_up(bfloat16: bool) -> Any:
    def build(load, store):
        @njit(nogil=True)
        def add_up(taps, tops, lefts, steps, sizes, maps):
            # as `take`, the other way
            batch, height, width, down, across = sizes
            channels, each = maps.size // (batch * height * width), batch * down * across
            held = np.empty(height * width, np.float32)
            for channel in range(channels):
                for image in range(batch):
                    held[:] = 0.0
                    for tap in range(tops.size):
                        read = (channel * tops.size + tap) * each + image * down * across
                        for y in range(down):
                            row = (tops[tap] + y * steps[0]) * width + lefts[tap]
                            place = held[row : row + (across - 1) * steps[1] + 1 : steps[1]]
                            piece = taps[read : read + across]
                            for x in range(across):
                                place[x] += load(piece, x)
                            read += across
                    base = (channel * batch + image) * height * width
                    target = maps[base : base + height * width]
                    for pixel in range(height * width):
                        store(target, pixel, held[pixel])

        return add_up

    return compile_for(bfloat16, build)


def take_taps(maps: Tensor, places: list[Place]) -> Tensor:
    """The pixels at each tap's places: (channels x taps, batch x positions).

    Args:
        maps: (channels, batch, height, width), float32 or bfloat16 on the CPU, contiguous.
        places: For each tap, within the map and all of one number of positions.

    Raises:
        ValueError: A place reaches beyond the map, or the maps are not contiguous.
    """
    channels, batch, height, width = maps.shape
    tops, lefts, steps, (down, across) = _where(places, height, width)
    require(maps.is_contiguous(), "maps that are not contiguous")
    out = maps.new_empty((channels * len(places), batch * down * across))
    source, target = flat(maps), flat(out)
    sizes = np.array([batch, height, width, down, across])

    def work(start: int, stop: int) -> None:
        a, b = batch * height * width, len(places) * batch * down * across
        _take()(source[start * a : stop * a], tops, lefts, steps, sizes, target[start * b : stop * b])

    if out.numel():
        in_pieces(channels, len(places) * batch * down * across, work)
    return out


def add_taps(taps: Tensor, places: list[Place], shape: tuple[int, int, int, int]) -> Tensor:
    """The gradient of `take_taps`: maps of `shape` with every tap added where it was taken, in float32 sums.

    Raises:
        ValueError: As `take_taps`, or the taps do not fit the shape.
    """
    channels, batch, height, width = shape
    tops, lefts, steps, (down, across) = _where(places, height, width)
    require(taps.is_contiguous(), "taps that are not contiguous")
    require(
        taps.numel() == channels * len(places) * batch * down * across,
        f"{tuple(taps.shape)} for {len(places)} taps of {shape}",
    )
    maps = taps.new_zeros(shape)
    source, target = flat(taps), flat(maps)
    sizes = np.array([batch, height, width, down, across])
    kernel = _add_up(source.dtype == np.uint16)

    def work(start: int, stop: int) -> None:
        a, b = batch * height * width, len(places) * batch * down * across
        kernel(source[start * b : stop * b], tops, lefts, steps, sizes, target[start * a : stop * a])

    if taps.numel():
        in_pieces(channels, len(places) * batch * down * across, work)
    return maps


def _where(places: list[Place], height: int, width: int) -> tuple[Any, Any, Any, tuple[int, int]]:
    down, across = (range(axis.start, axis.stop, axis.step) for axis in places[0])
    for axis, (pixels, side) in enumerate(((down, height), (across, width))):
        for place in places:
            along = range(place[axis].start, place[axis].stop, place[axis].step)
            require(
                len(along) == len(pixels) and along.step == pixels.step and along.start >= 0,
                f"places {along} and {pixels} together",
            )
            require(not along or along[-1] < side, f"{along} of a side of {side}")
    tops = np.array([i.start for i, _ in places])
    lefts = np.array([j.start for _, j in places])
    return tops, lefts, np.array([down.step, across.step]), (len(down), len(across))
