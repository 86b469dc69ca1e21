"""Weights in an array: encoding -> conductances -> what the cells do -> read-out, for training and chips alike.

A weight is stored as the difference of two conductances, in fractions f of the synapse's span:
midpoint reference 2 (f - 1/2), differential pair f+ - f-, sign crossbar ±f / fmax. A column's gain is the weight that
the fraction's end stands for, so weight = gain x difference. Conductances are in units of the span, the smallest
included. The difference is taken behind the wires, of what the two columns give.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from spingan.arrays.ageing import aged
from spingan.arrays.wires import WireRules, fold
from spingan.errors import UserError
from spingan.spec.noise import Noise
from spingan.spec.synapse import Faults, Synapse
from spingan.spec.technology import Encoding, Technology

_AGEING = 1  # stream of an array's seed
_OFF = 1e-30  # gain of a column of zeros: nothing beside any weight, and its inverse is still a float32


@dataclass(frozen=True)
class ArrayRules:
    """How a technology's arrays hold weights and how they are read.

    Attributes:
        off: Smallest conductance of a device; 0 where it is unknown.
        load: Conductance of the load that each column ends in; None for a virtual ground.
        tile_rows: Rows of one physical array; None is one array, whatever its size.
        weights_across: Weights side by side in one physical array; None is all of them. Without wires they are alone.
        separate: Whether a pair's two devices stand in arrays of their own.
        wires: Resistances around the cells; None is ideal wires.
        span_s: Siemens of one unit of the conductances; None where it is unknown, and then there are no wires.
    """

    encoding: Encoding
    off: float
    load: float | None
    tile_rows: int | None
    weights_across: int | None = None
    separate: bool = False
    wires: WireRules | None = None
    span_s: float | None = None

    @classmethod
    def of(cls, technology: Technology) -> Self:
        """Those of a technology.

        Raises:
            UserError: A tile is too narrow to hold one weight.
        """
        wires, synapse, span_s = WireRules.of(technology), technology.synapse, None
        if synapse is not None and synapse.basis != "normalised":
            span_s = synapse.conductance[-1] - synapse.conductance[0]
        return cls(
            technology.encoding,
            technology.off_conductance,
            technology.load_conductance,
            technology.tile_rows,
            technology.weights_across,
            technology.tiles_per_weight > 1,
            None if wires.ideal or span_s is None else wires,
            span_s,
        )

    @property
    def span(self) -> float:
        """The weight, in full scales, that one unit of the conductances' difference stands for."""
        return {"midpoint_reference": 2.0, "differential_pair": 1.0, "sign_crossbar": 1 / (1 + self.off)}[self.encoding]

    def conductances(self, weight_in_full_scale: Tensor, column_axis: int) -> tuple[Tensor, Tensor]:
        """Both conductances of weights in -1..1; differentiable.

        Returns:
            That of the weight's own device, as the weights, and the one that is subtracted: the pair's other device, or
            the reference column, of size 1 along `column_axis`. A sign crossbar has one device a weight; its other half
            is nothing.
        """
        if self.encoding == "midpoint_reference":
            reference = torch.full_like(weight_in_full_scale.narrow(column_axis, 0, 1), self.off + 0.5)
            return (weight_in_full_scale + 1) / 2 + self.off, reference
        one_device = self.encoding == "sign_crossbar"
        scale, bottom = (1 + self.off, 0.0) if one_device else (1.0, self.off)
        upper, lower = weight_in_full_scale.clamp(min=0), (-weight_in_full_scale).clamp(min=0)
        return upper * scale + bottom, lower * scale + bottom

    def read(self, positive: Tensor, negative: Tensor, row_axis: int, built: Tensor | None = None) -> Tensor:
        """The difference that a column gives for each of its devices, read out through ideal wires; differentiable.

        Args:
            positive, negative, row_axis, built: As of `halves`.
        """
        upper, lower = self.halves(positive, negative, row_axis, built)
        return upper - lower

    def halves(
        self, positive: Tensor, negative: Tensor, row_axis: int, built: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """What both columns of the difference give for each of their devices, through ideal wires; differentiable.

        Columns held at ground subtract their currents. Of columns that end in a load each gives
        V = Σ g v / (Σ g + load), and the pair's two are subtracted: no amplifier holds the column at ground, so that
        every device on it, driven or not, draws its voltage down, and a weight is divided by its column's whole
        conductance (docs/derivations.md, section 5). The amplifier behind the columns is set for columns whose devices
        are all at their smallest; then one device that opens in such a column has the weight that a virtual ground
        would give it, up to what it adds to the sum itself. A column of several tiles has a load in each, and the
        tiles' partial sums are added digitally.

        Args:
            negative: As `positive`, or with fewer columns, each of which is subtracted from as many side by side.
            row_axis: The axis that counts a column's devices.
            built: Where there are devices, as `negative`; None: everywhere. Elsewhere both conduct nothing.
        """
        negative = _of_each_column(negative, positive, 1 - row_axis)
        if self.load is None:
            return positive, negative
        there = None if built is None else _of_each_column(built, positive, 1 - row_axis)
        rows = positive.shape[row_axis]
        tall = self.tile_rows or rows
        tiles: tuple[list[Tensor], list[Tensor]] = [], []
        for first in range(0, rows, tall):
            of_tile = row_axis, first, min(tall, rows - first)
            devices = of_tile[-1] if there is None else there.narrow(*of_tile).sum(row_axis, keepdim=True)
            for half, held in zip((positive, negative), tiles, strict=True):
                held.append(self._behind_a_load(half.narrow(*of_tile), devices, row_axis))
        return torch.cat(tiles[0], row_axis), torch.cat(tiles[1], row_axis)

    def _behind_a_load(self, conductance: Tensor, devices: int | Tensor, row_axis: int) -> Tensor:
        assert self.load is not None
        amplified = self._amplified(devices)
        return conductance * (amplified / (conductance.sum(dim=row_axis, keepdim=True) + self.load))

    def _amplified(self, devices: int | Tensor) -> float | Tensor:
        """The conductance of a column of so many devices at their smallest and of its load: the amplifier's gain."""
        assert self.load is not None
        return devices * self.off + self.load

    def halves_behind_wires(
        self, positive: Tensor, negative: Tensor, built: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """`halves` through the tiles' wires, both (rows, columns): exact for ohmic cells, and not differentiable.

        A pair's two columns stand side by side in one tile, the positive one before the other, or in a tile each; a
        reference stands behind the last weight of each tile. So all weights of a tile share its rows' currents, and the
        reference has one transfer in each.

        Args:
            positive, negative, built: (rows, columns) and (rows, columns or fewer), as of `ProgrammedArray`.
        """
        if self.wires is None or self.span_s is None:
            return self.halves(positive, negative, 0, built)
        there = torch.ones_like(positive) if built is None else _of_each_column(built, positive, 1).to(positive)
        sharing = positive.shape[1] // negative.shape[1]
        upper, lower = torch.empty_like(positive), torch.empty_like(positive)
        for tile in self._tiles(*positive.shape):
            own, devices = positive[tile], there[tile].sum(0)
            if self.encoding == "midpoint_reference":
                columns = torch.arange(positive.shape[1])[tile[1]]
                which, place = torch.unique(columns // sharing, return_inverse=True)
                of_references = devices[[int((place == number).nonzero()[0]) for number in range(len(which))]]
                both = torch.cat((own, negative[tile[0]][:, which]), dim=1)
                through = self._through_wires(both, torch.cat((devices, of_references)))
                upper[tile], lower[tile] = through[:, : len(place)], through[:, len(place) :][:, place]
            elif self.separate:
                upper[tile] = self._through_wires(own, devices)
                lower[tile] = self._through_wires(negative[tile], devices)
            else:
                both = torch.stack((own, negative[tile]), dim=2).flatten(1)
                through = self._through_wires(both, devices.repeat_interleave(2))
                upper[tile], lower[tile] = through[:, ::2], through[:, 1::2]
        return upper, lower

    def attenuation(self, positive: Tensor, negative: Tensor, built: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """`halves_behind_wires` over `halves`, (rows, columns) each: what wires leave of every device; 1 where none is.

        Conductances that change by a few percent change it far less, so that training may keep it for a while:
        benchmarks/bench_wires.py prints by how much.
        """
        behind = self.halves_behind_wires(positive, negative, built)
        ideal = self.halves(positive, negative, 0, built)
        if self.encoding == "sign_crossbar":  # whose two halves are one device: with what passes where the other is not
            both = _share(behind[0] - behind[1], ideal[0] - ideal[1])
            return both, both
        return _share(behind[0], ideal[0]), _share(behind[1], ideal[1])

    def _tiles(self, rows: int, columns: int) -> Iterator[tuple[slice, slice]]:
        tall, wide = self.tile_rows or rows, self.weights_across or columns
        for row in range(0, rows, tall):
            for column in range(0, columns, wide):
                yield slice(row, row + tall), slice(column, column + wide)

    def _through_wires(self, conductance: Tensor, devices: Tensor) -> Tensor:
        """What one tile gives for each device, (rows, columns), as `halves`; `devices` counts those of each column."""
        assert self.wires is not None and self.span_s is not None
        transfer = torch.from_numpy(fold(conductance.double().numpy() * self.span_s, self.wires) / self.span_s)
        if self.load is not None:  # the load carries the current, and its voltage is read
            transfer *= self._amplified(devices) / self.load
        return transfer.to(conductance.dtype)


def _share(passed: Tensor, ideal: Tensor) -> Tensor:
    """What passes over what would through ideal wires; 1 where nothing is."""
    return torch.where(ideal != 0, passed / ideal, torch.ones_like(passed))


def _of_each_column(shared: Tensor, like: Tensor, column_axis: int) -> Tensor:
    """What several columns side by side share, such as a reference, for each of them."""
    each = like.shape[column_axis] // shared.shape[column_axis]
    if shared.shape[column_axis] == 1:
        return shared.expand_as(like)
    return shared if each == 1 else shared.repeat_interleave(each, column_axis)


@dataclass(frozen=True)
class ProgrammedArray:
    """One weight matrix on one chip.

    Attributes:
        codes: Level that each weight was programmed to, counted from the most negative weight level.
        positive: Conductance of the weight's own device; float64, so that the difference of the two gives back each
            level exactly.
        negative: Conductance that is subtracted: the pair's other device, or the reference (rows, 1); where devices are
            left out, a reference for each phase (rows, phases), each for as many columns side by side.
        gain: Weight that full scale stands for, a column each.
        stuck_positive, stuck_negative: Devices that keep their conductance whatever happens; None where none can.
        rest: Conductance that a device fades to.
        seed: Decides how each device ages.
        built: Where there are devices, (rows, phases), the same for all columns of a phase; None: everywhere. Elsewhere
            both conductances are 0 and the weight is, whatever `codes` says.
    """

    rules: ArrayRules
    codes: Int[Tensor, "rows columns"]
    positive: Float[Tensor, "rows columns"]
    negative: Float[Tensor, "rows columns_or_references"]
    gain: Float[Tensor, " columns"]
    stuck_positive: Tensor | None
    stuck_negative: Tensor | None
    rest: float
    seed: int
    built: Bool[Tensor, "rows phases"] | None = None

    def __post_init__(self) -> None:
        if self.built is not None:  # whatever else was done to the conductances
            for half in ("positive", "negative"):
                found = getattr(self, half)
                object.__setattr__(self, half, found * _of_each_column(self.built, found, 1))

    def weight(self) -> Float[Tensor, "rows columns"]:
        """What a layer computes with when the array stands behind it: gain x span x what its columns give."""
        upper, lower = self.rules.halves_behind_wires(self.positive, self.negative, self.built)
        held = upper - lower
        return (held * self.rules.span * self.gain).to(self.gain.dtype)

    @property
    def stuck(self) -> Tensor | None:
        """(rows, columns) weights with a device that is stuck; None if none can be."""
        if self.stuck_positive is None or self.stuck_negative is None:
            return self.stuck_positive
        return self.stuck_positive | self.stuck_negative

    def faded(self, lost: float) -> "ProgrammedArray":
        """The array after every device has gone the share `lost` of its way to where it rests.

        A reference, made of the same devices at their middle, fades as they do; a stuck device has nothing to lose.
        """
        if not lost:
            return self
        return self._changed(lambda conductance: self.rest + (conductance - self.rest) * (1 - lost))

    def at(self, time_s: float, synapse: Synapse) -> "ProgrammedArray":
        """The array `time_s` seconds after it was written, each device changed by the synapse's retention.

        How a device differs from the mean is its own for ever: all times are the history of one array, whatever the
        order in which they are asked for. A reference ages as a device at its middle does, a stuck device does not.

        Raises:
            UserError: The retention is unknown at that time.
        """
        retention, largest = synapse.retention_at(time_s), self.rules.off + 1
        seed = np.random.SeedSequence((self.seed, _AGEING)).generate_state(1, np.uint64)[0] >> np.uint64(1)
        lots = torch.Generator().manual_seed(int(seed))
        return self._changed(lambda conductance: aged(conductance, retention, time_s, self.rest, largest, lots))

    def _changed(self, change: Callable[[Tensor], Tensor]) -> "ProgrammedArray":
        positive = self._after(self.positive, change, self.stuck_positive)
        negative = self._after(self.negative, change, self.stuck_negative)
        return replace(self, positive=positive, negative=negative)

    def _after(self, conductance: Tensor, change: Callable[[Tensor], Tensor], stuck: Tensor | None) -> Tensor:
        after = change(conductance)
        if self.rules.encoding == "sign_crossbar":  # a weight's other half is no device
            after = torch.where(conductance > 0, after, conductance)
        return after if stuck is None else torch.where(stuck, conductance, after)


def column_gain(weight: Float[Tensor, "rows columns"], kind: str) -> Float[Tensor, " columns"]:
    """The gain that maps the largest weight of every column (or of the layer) to full scale; 1 for `none`.

    A column of zeros is switched off: an even number of levels around the midpoint has none at zero.
    """
    return gain_of_largest(weight.detach().abs().amax(dim=0), kind)


def gain_of_largest(largest: Float[Tensor, " columns"], kind: str) -> Float[Tensor, " columns"]:
    """`column_gain` from the largest magnitude in each column."""
    if kind == "none":
        return torch.ones_like(largest)
    if kind == "layer":
        largest = largest.amax().expand(largest.numel()).clone()
    return torch.where(largest > 0, largest, torch.full_like(largest, _OFF))


def nearest_level(values: Tensor, levels: Float[Tensor, " states"]) -> Tensor:
    """Index of the level nearest to each value; beyond the ends, the end. Halfway goes up."""
    middles = (levels[1:] + levels[:-1]) / 2
    return torch.bucketize(values.contiguous(), middles, right=True)


def program(
    weight: Float[Tensor, "rows columns"],
    technology: Technology,
    chip_seed: int,
    *,
    gain: Float[Tensor, " columns"] | None = None,
    noise: Noise | None = None,
    built: Bool[Tensor, "rows phases"] | None = None,
) -> ProgrammedArray:
    """Write a weight matrix into an array of the technology's devices.

    Programming noise and device faults come from `chip_seed` alone: the same seed is the same chip. Noise of full scale
    is drawn for every weight in units of the column's gain, noise of value in units of the weight, noise of resistance
    for every device. Without a noise each device has the synapse's own write error, where that is known.

    Faults hit the device of a midpoint-referenced weight, both devices of a pair, and the one that holds a sign
    crossbar's value; the reference column and the sign are taken to be sound.

    Args:
        weight: One column an output; rows in the order in which the inputs are presented.
        gain: Calibrated gains; None calibrates them on this matrix.
        noise: Programming noise; None writes as exactly as the synapse can be written.
        built: Where there are devices, for each phase of as many columns side by side; None: everywhere. Beside a
            midpoint reference each phase then has a reference column of its own.

    Raises:
        UserError: A weight is NaN or infinite: no device can hold it.
        ValueError: The technology has no synapse, so there is no array to program.
    """
    table = technology.weight_levels()
    if table is None or technology.synapse is None:
        raise ValueError(f"technology {technology.name} has no synapse: its weights are not programmed")
    if not bool(weight.isfinite().all()):
        raise UserError("a weight to program is NaN or infinite", "No device can hold it: give finite weights.")
    rules = ArrayRules.of(technology)
    generator = torch.Generator().manual_seed(chip_seed)
    gain = column_gain(weight, technology.gain) if gain is None else gain
    levels = torch.as_tensor(table, dtype=weight.dtype)
    codes = nearest_level((weight.detach() / gain).clamp(-1, 1), levels)
    written = levels[codes]  # in the weight's precision: what training computes with
    if noise is not None and noise.fraction > 0 and noise.of != "resistance":
        unit = torch.randn(written.shape, generator=generator, dtype=written.dtype)
        written = written + noise.fraction * unit * (written if noise.of == "value" else 1.0)
    positive, negative = rules.conductances(written.double(), column_axis=1)
    if built is not None and rules.encoding == "midpoint_reference":
        negative = negative.repeat(1, built.shape[1])
    if noise is not None and noise.fraction > 0 and noise.of == "resistance":
        technology.synapse.require_siemens("noise of the resistance")
        positive, negative = (_within_tolerance(half, noise.fraction, generator) for half in (positive, negative))
    if noise is None and technology.synapse.write_error is not None:
        positive, negative = (
            _with_write_error(half, technology.synapse, rules, generator) for half in (positive, negative)
        )
    stuck: tuple[Tensor | None, Tensor | None] = (None, None)
    faults = technology.synapse.faults
    if any((faults.stuck_at_minimum, faults.stuck_at_maximum, faults.stuck_at_random)):
        positive, negative, stuck = _with_faults(positive, negative, rules, faults, generator)
    rest = rules.off + technology.synapse.resting_fraction
    if built is not None:
        there = _of_each_column(built, positive, 1)
        stuck = tuple(None if half is None else half & there for half in stuck)  # pyright: ignore[reportAssignmentType]
    return ProgrammedArray(rules, codes, positive, negative, gain, stuck[0], stuck[1], rest, chip_seed, built)


def _within_tolerance(conductance: Tensor, tolerance: float, generator: torch.Generator) -> Tensor:
    """Devices whose resistance lies anywhere within ± `tolerance` of what was meant."""
    lot = torch.rand(conductance.shape, generator=generator, dtype=conductance.dtype)
    return conductance / (1 + tolerance * (2 * lot - 1))


def _with_write_error(conductance: Tensor, synapse: Synapse, rules: ArrayRules, generator: torch.Generator) -> Tensor:
    """Devices as far from what was meant as writing leaves them; none conducts less than nothing."""
    span = synapse.conductance[-1] - synapse.conductance[0]
    level = conductance.numpy() - rules.off
    deviation = torch.from_numpy(np.interp(level, synapse.normalised_levels(), np.array(synapse.write_error) / span))
    unit = torch.randn(conductance.shape, generator=generator, dtype=conductance.dtype)
    written = (conductance + deviation * unit).clamp(min=0)
    return torch.where(conductance > 0, written, conductance) if rules.encoding == "sign_crossbar" else written


def _with_faults(
    positive: Tensor, negative: Tensor, rules: ArrayRules, faults: Faults, generator: torch.Generator
) -> tuple[Tensor, Tensor, tuple[Tensor, Tensor | None]]:
    """Both conductances after faults, and the devices of each that are stuck."""
    if rules.encoding == "sign_crossbar":  # one device holds the value, whichever its sign
        value, stuck = _stick(positive + negative, faults, rules.off, generator)
        minus = negative > 0
        nothing = torch.zeros_like(value)
        return torch.where(minus, nothing, value), torch.where(minus, value, nothing), (stuck & ~minus, stuck & minus)
    positive, stuck = _stick(positive, faults, rules.off, generator)
    if rules.encoding == "midpoint_reference":
        return positive, negative, (stuck, None)
    negative, other = _stick(negative, faults, rules.off, generator)
    return positive, negative, (stuck, other)


def _stick(conductance: Tensor, faults: Faults, off: float, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Devices that stick at their smallest, their largest or any conductance, each with its own probability."""
    lot = torch.rand(conductance.shape, generator=generator)
    anywhere = torch.rand(conductance.shape, generator=generator).to(conductance.dtype)
    stuck = torch.zeros(conductance.shape, dtype=torch.bool)
    edge = 0.0
    for share, value in (
        (faults.stuck_at_minimum, off),
        (faults.stuck_at_maximum, off + 1),
        (faults.stuck_at_random, anywhere + off),
    ):
        fraction = share or 0.0
        hit = (lot >= edge) & (lot < edge + fraction)
        conductance = torch.where(hit, torch.as_tensor(value, dtype=conductance.dtype), conductance)
        stuck |= hit
        edge += fraction
    return conductance, stuck
