"""Weights in an array: encoding -> conductances -> what the cells do -> read-out, for training and chips alike.

A weight is stored as the difference of two conductances, in fractions f of the synapse's span:
midpoint reference 2 (f - 1/2), differential pair f+ - f-, sign crossbar ±f / fmax. A column's gain is the weight that
the fraction's end stands for, so weight = gain x difference. Conductances are in units of the span, the smallest
included. The difference is taken behind the wires, of what the two columns give.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from spingan.arrays.ageing import aged
from spingan.arrays.rules import ArrayRules, of_each_column
from spingan.errors import UserError
from spingan.spec.noise import Noise
from spingan.spec.synapse import Faults, Synapse
from spingan.spec.technology import Technology

_AGEING = 1  # stream of an array's seed
OFF = 1e-30  # gain of a column of zeros: nothing beside any weight, and its inverse is still a float32


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
            both conductances are 0 and the weight is, through ideal wires, whatever `codes` says.
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
                object.__setattr__(self, half, found * of_each_column(self.built, found, 1))

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
        present = _devices(self.positive, self.negative, self.rules)
        positive = self._after(self.positive, change, self.stuck_positive, present[0])
        negative = self._after(self.negative, change, self.stuck_negative, present[1])
        return replace(self, positive=positive, negative=negative)

    def _after(
        self, conductance: Tensor, change: Callable[[Tensor], Tensor], stuck: Tensor | None, present: Tensor | None
    ) -> Tensor:
        after = change(conductance)
        if present is not None:
            after = torch.where(present, after, conductance)
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
    return torch.where(largest > 0, largest, torch.full_like(largest, OFF))


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
    if gain is not None and not bool(gain.isfinite().all()):
        raise UserError("a column's gain is NaN or infinite", "Fit the gains to finite weights.")
    rules = ArrayRules.of(technology, 1 if built is None else built.shape[1])
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
        present = _devices(positive, negative, rules)
        positive, negative = (
            _with_write_error(half, technology.synapse, rules, there, generator)
            for half, there in zip((positive, negative), present, strict=True)
        )
    stuck: tuple[Tensor | None, Tensor | None] = (None, None)
    faults = technology.synapse.faults
    if any((faults.stuck_at_minimum, faults.stuck_at_maximum, faults.stuck_at_random)):
        positive, negative, stuck = _with_faults(positive, negative, rules, faults, generator)
    rest = rules.off + technology.synapse.resting_fraction
    if built is not None:
        there = of_each_column(built, positive, 1)
        stuck = tuple(None if half is None else half & there for half in stuck)  # pyright: ignore[reportAssignmentType]
    return ProgrammedArray(rules, codes, positive, negative, gain, stuck[0], stuck[1], rest, chip_seed, built)


def _within_tolerance(conductance: Tensor, tolerance: float, generator: torch.Generator) -> Tensor:
    """Devices whose resistance lies anywhere within ± `tolerance` of what was meant."""
    lot = torch.rand(conductance.shape, generator=generator, dtype=conductance.dtype)
    return conductance / (1 + tolerance * (2 * lot - 1))


def _devices(positive: Tensor, negative: Tensor, rules: ArrayRules) -> tuple[Tensor | None, Tensor | None]:
    """Where each half has a device; None: everywhere. A sign crossbar has one a weight; that of a zero is positive."""
    return (~(negative > 0), negative > 0) if rules.encoding == "sign_crossbar" else (None, None)


def _with_write_error(
    conductance: Tensor, synapse: Synapse, rules: ArrayRules, present: Tensor | None, generator: torch.Generator
) -> Tensor:
    """Devices as far from what was meant as writing leaves them; none conducts less than nothing."""
    span = synapse.conductance[-1] - synapse.conductance[0]
    level = conductance.numpy() - rules.off
    deviation = torch.from_numpy(np.interp(level, synapse.normalised_levels(), np.array(synapse.write_error) / span))
    unit = torch.randn(conductance.shape, generator=generator, dtype=conductance.dtype)
    written = (conductance + deviation * unit).clamp(min=0)
    return written if present is None else torch.where(present, written, conductance)


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
