"""A layer's product read tile by tile, as its array gives it: inputs at the rows, an ADC at each tile's columns.

One read is one output position of a map. All inputs of all reads are the columns of one matrix, whose rows are the
array's, so that a tile is a slice of rows. Maps lie in memory as (channels, height, width, samples): what a row is
driven with at neighbouring positions, for all samples, is then one piece of memory. A transposed convolution is
computed phase by phase: for the output pixels of one phase the other rows carry inserted zeros, which add nothing.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any, cast

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional

from spingan.errors import UserError
from spingan.nn.converters import Quantiser, straight_through
from spingan.nn.kernels.base import has_kernel
from spingan.nn.kernels.converters import CodeSums
from spingan.nn.kernels.taps import Place, add_taps, take_taps
from spingan.nn.layouts import Layout

Segments = Sequence[tuple[int, int]]
"""Rows of one read, from and to, that stand in one tile."""
Noise = Callable[[Tensor, Tensor], Tensor]
"""What a read adds: of the inputs (rows, reads) and the weights (columns, rows) of one tile, for (columns, reads)."""


@dataclass(frozen=True)
class Reads:
    """The reads of one layer that use the same rows.

    Attributes:
        inputs: At each row of the array, (rows, reads); the samples of a position are neighbours.
        weight: (columns, rows).
        parts: The rows that stand in each tile.
        size: Positions that are read for each sample, along the axes of its map.
    """

    inputs: Float[Tensor, "rows reads"]
    weight: Float[Tensor, "columns rows"]
    parts: Segments
    size: tuple[int, ...]


def _cut(rows: int, tile_rows: int | None) -> Segments:
    """All rows of an array in tiles of `tile_rows`; None is one tile."""
    tall = tile_rows or rows
    return tuple((first, min(first + tall, rows)) for first in range(0, rows, tall))


@lru_cache(maxsize=256)
def _cut_phase(
    layout: Layout, kernel: int, channels: int, taps: tuple[range, range], tile_rows: int | None
) -> Segments:
    """The rows of a phase, by channel and tap, where they stand in the same tile."""
    if tile_rows is None:
        return ((0, channels * len(taps[0]) * len(taps[1])),)
    places = ((channel, y, x) for channel in range(channels) for y in taps[0] for x in taps[1])
    tiles = [layout.row(kernel, *place) // tile_rows for place in places]
    starts = [row for row in range(len(tiles)) if not row or tiles[row] != tiles[row - 1]]
    return tuple(zip(starts, [*starts[1:], len(tiles)], strict=True))


def dense_reads(
    values: Float[Tensor, "*samples inputs"], weight: Float[Tensor, "outputs inputs"], tile_rows: int | None
) -> Reads:
    """The reads of a dense layer, the samples of a position behind each other."""
    inputs = values.movedim(0, -2).reshape(-1, values.shape[-1]).t().contiguous()
    return Reads(inputs, weight, _cut(len(inputs), tile_rows), tuple(values.shape[1:-1]))


def convolution_reads(
    images: Float[Tensor, "batch channels height width"],
    weight: Float[Tensor, "outputs channels kernel_height kernel_width"],
    stride: tuple[int, int],
    padding: tuple[int, int, int, int],
    dilation: tuple[int, int],
    tile_rows: int | None,
) -> Reads:
    """The reads of a convolution, one an output position.

    Args:
        padding: Left, right, top, bottom.

    Raises:
        UserError: The kernel reaches beyond the padded maps.
    """
    left, right, top, bottom = padding
    kernel, sides = weight.shape[2:], (top + images.shape[2] + bottom, left + images.shape[3] + right)
    reach = [dilation[axis] * (kernel[axis] - 1) + 1 for axis in (0, 1)]
    if reach[0] > sides[0] or reach[1] > sides[1]:
        raise UserError(
            f"a kernel that covers {reach[0]} x {reach[1]} pixels got padded maps of {sides[0]} x {sides[1]}",
            "Give larger images.",
        )
    down, across = ((sides[axis] - reach[axis]) // stride[axis] + 1 for axis in (0, 1))
    places = [
        (_along(i * dilation[0] - top, down, stride[0]), _along(j * dilation[1] - left, across, stride[1]))
        for i in range(kernel[0])
        for j in range(kernel[1])
    ]
    inputs = _taps(images, places)
    return Reads(inputs, weight.flatten(1), _cut(len(inputs), tile_rows), (down, across))


def _along(first: int, count: int, step: int = 1) -> range:
    return range(first, first + count * step, step)


class _Taps(torch.autograd.Function):
    """The pixels that each read drives the rows with: (channels x taps, positions x samples); zero beyond the maps."""

    @staticmethod
    def forward(ctx: Any, maps: Tensor, places: list[Place]) -> Tensor:
        ctx.places, ctx.shape = places, maps.shape
        return take_taps(maps.contiguous(), places)

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Any) -> Any:
        return _added_up(ctx, *grad_outputs)


@once_differentiable
def _added_up(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
    return add_taps(gradient.contiguous(), ctx.places, ctx.shape), None


def _taps(images: Tensor, places: list[Place]) -> Tensor:
    """Of (samples, channels, height, width), by kernels where there are any."""
    maps = images.permute(1, 2, 3, 0)
    if has_kernel(maps):
        return cast(Tensor, _Taps.apply(maps, places))
    before = [max(0, *(-place[axis].start for place in places)) for axis in (0, 1)]
    after = [max(0, *(place[axis][-1] + 1 - maps.shape[1 + axis] for place in places)) for axis in (0, 1)]
    padded = functional.pad(maps, (0, 0, before[1], after[1], before[0], after[0]))
    found = [padded[:, _slice(i, before[0]), _slice(j, before[1])] for i, j in places]
    return torch.stack(found, 1).flatten(0, 1).flatten(1)


def _slice(pixels: range, moved: int) -> slice:
    return slice(pixels.start + moved, pixels[-1] + moved + 1, pixels.step)


@dataclass(frozen=True)
class _Phase:
    """Every stride-th output pixel along one axis, from `begin`: its taps and where they look.

    Tap n reads input pixel `first` - n at the phase's first pixel, and the next one at each of `positions` pixels.
    """

    begin: int
    taps: range
    first: int
    positions: int


def _phases(kernel: int, stride: int, padding: int, size: int) -> Iterator[_Phase]:
    for begin in range(min(stride, size)):
        taps = range((begin + padding) % stride, kernel, stride)
        first = (begin + padding - taps[0]) // stride if taps else 0
        yield _Phase(begin, taps, first, -(-(size - begin) // stride))


PlaceSums = Callable[[Tensor, Tensor], None]
"""Writes the sums of some reads, (samples, columns, *size), to an output (outputs, height, width, samples)."""
_WIDE = 8  # pixels of a map from which one window more along each side costs less than looking again for each phase


_TOGETHER = (-1, -1)  # the key of all phases


def transposed_reads(
    images: Float[Tensor, "batch channels height width"],
    weight: Float[Tensor, "channels outputs kernel kernel"],
    geometry: tuple[int, int],
    layout: Layout,
    size: tuple[int, int],
    tile_rows: int | None,
    ordered: dict[tuple[int, int], Tensor],
) -> Iterator[tuple[Reads, PlaceSums]]:
    """The reads of a transposed convolution, phase by phase, and where their sums belong.

    Where the kernel is a multiple of the stride, all phases look at the same windows: on larger maps they are read
    together, each phase in columns of its own, unless a tile ends within a channel, which each phase meets elsewhere.

    Args:
        geometry: Stride and padding.
        layout: Where the weights stand in the layer's arrays.
        size: The output's height and width.
        tile_rows: Rows of a tile; None is one tile.
        ordered: The weights of each phase in the order of its rows; what is missing is added.
    """
    kernel, (stride, padding) = weight.shape[2], geometry
    down, across = (list(_phases(kernel, stride, padding, side)) for side in size)

    def look(top: int, left: int, taps: tuple[int, int], positions: tuple[int, int]) -> Tensor:
        places = [
            (_along(top - n, positions[0]), _along(left - m, positions[1]))
            for n in range(taps[0])
            for m in range(taps[1])
        ]
        return _taps(images, places)

    def held(i: _Phase, j: _Phase) -> Tensor:
        if (i.begin, j.begin) not in ordered:
            own = weight[:, :, i.taps[0] :: stride, j.taps[0] :: stride]
            ordered[i.begin, j.begin] = own.transpose(0, 1).flatten(1)
        return ordered[i.begin, j.begin]

    def parts_of(i: _Phase, j: _Phase) -> Segments:
        return _cut_phase(layout, kernel, weight.shape[0], (i.taps, j.taps), tile_rows)

    if kernel % stride == 0 and layout.whole_channels(kernel, tile_rows) and min(images.shape[2:]) >= _WIDE:
        starts = [min(phase.first for phase in axis) for axis in (down, across)]
        ends = [max(phase.first + phase.positions for phase in axis) for axis in (down, across)]
        windows, taps = (ends[0] - starts[0], ends[1] - starts[1]), (len(down[0].taps), len(across[0].taps))
        inputs = look(starts[0], starts[1], taps, windows)
        if _TOGETHER not in ordered:
            ordered[_TOGETHER] = torch.cat([held(i, j) for i in down for j in across])
        together = ordered[_TOGETHER]

        def place(out: Tensor, sums: Tensor) -> None:
            maps = sums.movedim(0, -1).reshape(len(down), len(across), len(out), *windows, -1)
            for n, i in enumerate(down):
                top = i.first - starts[0]
                for m, j in enumerate(across):
                    left = j.first - starts[1]
                    part = maps[n, m, :, top : top + i.positions, left : left + j.positions]
                    out[:, i.begin :: stride, j.begin :: stride] = part

        yield Reads(inputs, together, parts_of(down[0], across[0]), windows), place
        return
    for i in down:
        for j in across:
            if i.taps and j.taps:
                inputs = look(i.first, j.first, (len(i.taps), len(j.taps)), (i.positions, j.positions))
                yield Reads(inputs, held(i, j), parts_of(i, j), (i.positions, j.positions)), _place_of(i, j, stride)


def _place_of(i: _Phase, j: _Phase, stride: int) -> PlaceSums:
    def place(out: Tensor, sums: Tensor) -> None:
        out[:, i.begin :: stride, j.begin :: stride] = sums.movedim(0, -1)

    return place


_IN_CACHE = 1 << 17  # sums of one tile that are added up at a time: they stay in the second cache


class _TiledProduct(torch.autograd.Function):
    """Σ over tiles of ADC(weights x inputs); its gradient is the plain product's where the ADC did not clip."""

    @staticmethod
    def forward(
        ctx: Any,
        inputs: Tensor,
        weight: Tensor,
        unit: Tensor,
        parts: Segments,
        adc: Quantiser,
        noise: Noise | None,
        size: tuple[int, ...],
    ) -> Tensor:
        steps = unit.float() * adc.step
        (lowest, highest), reads = adc.codes(), inputs.shape[1]
        memory = len(weight), *size, reads // math.prod(size)
        strides = [math.prod(memory[axis + 1 :]) for axis in range(len(memory))]
        out = torch.empty_strided((memory[-1], *memory[:-1]), (strides[-1], *strides[:-1]))
        total = out.movedim(0, -1).view(len(weight), reads)
        masks: list[Tensor | None] = [None] * len(parts)
        differentiated = ctx.needs_input_grad[0] or ctx.needs_input_grad[1]
        pieces = max(1, round(reads * len(weight) / _IN_CACHE)) if noise is None else 1
        edges = [reads * piece // pieces for piece in range(pieces + 1)]
        room = weight.new_empty(len(weight) * (reads // pieces + 1))
        codes = CodeSums(total, steps, lowest, highest)
        for first, last in pairwise(edges):
            for number, (start, stop) in enumerate(parts):
                driven, held = inputs[start:stop, first:last], weight[:, start:stop]
                sums = torch.mm(held, driven, out=room[: len(weight) * (last - first)].view(len(weight), -1))
                if noise is not None:
                    sums = sums.float() + noise(driven, held)
                clipped = codes.add(sums, first, begin=number == 0)
                if clipped and differentiated:
                    mask = masks[number]
                    if mask is None:
                        mask = masks[number] = torch.ones(total.shape, dtype=torch.bool)
                    code = sums.float() / steps[:, None]
                    mask[:, first:last] = (code >= lowest - 0.5) & (code < highest + 0.5)
        if not adc.training:
            adc.count(total.numel() * len(parts), codes.clipped)
        ctx.parts, ctx.masks = parts, masks
        ctx.save_for_backward(inputs, weight)
        return out.to(inputs.dtype)  # no view: an activation in place would copy it, and its gradient

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Any) -> Any:
        return _tiled_gradients(ctx, *grad_outputs)


@once_differentiable
def _tiled_gradients(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
    inputs, weight = ctx.saved_tensors
    gradient = gradient.to(inputs.dtype).movedim(0, -1).reshape(len(weight), -1)
    for_inputs = torch.empty_like(inputs) if ctx.needs_input_grad[0] else None
    for_weight = torch.empty_like(weight) if ctx.needs_input_grad[1] else None
    parts, masks = ctx.parts, ctx.masks
    if all(mask is None for mask in masks):
        parts, masks = ((0, inputs.shape[0]),), (None,)
    for (start, stop), inside in zip(parts, masks, strict=True):
        arriving = gradient if inside is None else gradient * inside
        if for_inputs is not None:
            torch.mm(weight[:, start:stop].t(), arriving, out=for_inputs[start:stop])
        if for_weight is not None:
            for_weight[:, start:stop] = arriving @ inputs[start:stop].t()
    return for_inputs, for_weight, None, None, None, None, None


def tiled_product(
    inputs: Float[Tensor, "rows reads"],
    reads: Reads,
    unit: Float[Tensor, " columns"],
    adc: Quantiser,
    column: Int[Tensor, " columns"],
    noise: Noise | None = None,
    worth: float = 1.0,
) -> Float[Tensor, "samples columns *size"]:
    """The sums of every tile, each through the ADC, added digitally.

    Args:
        inputs: Those of `reads`, or a bit of each.
        unit: What one unit of the ADC's input is worth in each column: the column's gain, not 0.
        column: Which of the layer's outputs each column gives.
        noise: Of the read and of the ADC, drawn anew at each call.
        worth: Of these inputs in the layer's sum, which is that of all bits.
    """
    weight, parts, size = reads.weight, reads.parts, reads.size
    if adc.calibrating:
        with torch.no_grad():
            total = None if adc.behind is None else weight @ reads.inputs
            for start, stop in parts:
                sums = weight[:, start:stop] @ inputs[start:stop]
                adc.observe(sums, unit, column, None if total is None else total - worth * sums, worth)
        return of_samples(weight @ inputs, size)
    if adc.swing is not None:
        unit = unit * adc.swing[column]
    compiled = adc.stretch is None and has_kernel(inputs)
    if compiled:
        return cast(Tensor, _TiledProduct.apply(inputs, weight, unit, parts, adc, noise, size))
    total = inputs.new_zeros(())
    lowest, highest = adc.codes()
    for start, stop in parts:
        sums = weight[:, start:stop] @ inputs[start:stop]
        if noise is not None:
            sums = sums + noise(inputs[start:stop].detach(), weight[:, start:stop].detach())
        step = adc.scale() * unit[:, None].to(sums.dtype)
        places = sums / step
        if not adc.training:
            adc.count(sums.numel(), ((places < lowest - 0.5) | (places > highest + 0.5)).sum())
        total = total + straight_through(places, lowest, highest) * step
    return of_samples(total, size)


def of_samples(sums: Float[Tensor, "columns reads"], size: tuple[int, ...]) -> Float[Tensor, "samples columns *size"]:
    """What was read, sample by sample, where each was read at positions of `size`."""
    return sums.view(len(sums), *size, -1).movedim(-1, 0)


def bit_planes(inputs: Float[Tensor, "rows reads"], dac: Quantiser) -> Iterator[tuple[Tensor, float]]:
    """The inputs bit by bit, in two's complement where they have signs: what each read drives, and what it is worth.

    A bit drives its row with the full scale of the inputs.
    """
    step, lowest, highest = dac.now(inputs)
    full = step * max(-lowest, highest)
    codes = (inputs.float() / step).round().to(torch.int64).clamp(lowest, highest)
    bits = dac.bits if lowest < 0 else max(1, highest.bit_length())
    for bit in range(bits):
        worth = float(1 << bit) * step / full
        negative = lowest < 0 and bit == bits - 1
        yield ((codes >> bit) & 1).to(inputs.dtype) * full, -worth if negative else worth
