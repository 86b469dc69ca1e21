"""The seam between a weight matrix and the array that holds it: `program` and `effective_weight`.

A weight is stored as the difference of two conductances, in fractions f of the synapse's span:
midpoint reference 2 (f - 1/2), differential pair f+ - f-, sign crossbar ±f / fmax. A column's gain is the weight that
the fraction's end stands for, so weight = gain x difference. How a column is read may change that: `read_out`.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from spingan.arrays.read_out import load_divider, virtual_ground
from spingan.errors import UserError
from spingan.spec.noise import Noise
from spingan.spec.synapse import Faults
from spingan.spec.technology import Encoding, Technology

_OFF = 1e-30  # gain of a column of zeros: nothing beside any weight, and its inverse is still a float32


@dataclass(frozen=True)
class Periphery:
    """What stands behind the columns: batch norm folded into a factor for each."""

    factor: Float[Tensor, " columns"] | None = None


@dataclass(frozen=True)
class ProgrammedArray:
    """One weight matrix on one chip.

    Attributes:
        codes: Level that each weight was programmed to, counted from the most negative weight level.
        positive: Conductance of the weight's own device, in units of the synapse's span, the smallest conductance
            included; float64, so that the difference of the halves gives back each level exactly.
        negative: Conductance that is subtracted: the pair's other device, or the reference (rows, 1).
        span: Weight per unit of conductance difference at gain 1.
        off: Smallest conductance of a device, in the same units; 0 where it is unknown.
        load: Conductance of the load that each column ends in; None for a virtual ground.
        gain: Weight that full scale stands for, a column each.
        stuck: Weights with a device that kept its conductance whatever was written; None if none can be stuck.
        tiles: Row and column slices, one a physical array.
    """

    codes: Int[Tensor, "rows columns"]
    positive: Float[Tensor, "rows columns"]
    negative: Float[Tensor, "rows columns_or_one"]
    span: float
    off: float
    load: float | None
    gain: Float[Tensor, " columns"]
    stuck: Tensor | None
    tiles: tuple[tuple[slice, slice], ...]


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


def tile_slices(rows: int, columns: int, technology: Technology) -> tuple[tuple[slice, slice], ...]:
    """How a matrix is cut into the technology's arrays; one slice when it names no tile size."""
    tall, wide = technology.tile_rows or rows, technology.tile_columns or columns
    return tuple(
        (slice(top, min(top + tall, rows)), slice(left, min(left + wide, columns)))
        for top in range(0, rows, tall)
        for left in range(0, columns, wide)
    )


def halves(weight_in_full_scale: Tensor, encoding: Encoding, off: float) -> tuple[Tensor, Tensor, float]:
    """Both conductances, in units of the span, of weights in -1..1, and the weight that one unit stands for.

    Args:
        weight_in_full_scale: Of any shape; differentiable.
        off: Smallest conductance of a device. A sign crossbar has one device a weight; its other half is nothing.
    """
    if encoding == "midpoint_reference":
        reference = torch.full_like(weight_in_full_scale[:, :1], off + 0.5)
        return (weight_in_full_scale + 1) / 2 + off, reference, 2.0
    scale = 1 + off if encoding == "sign_crossbar" else 1.0
    bottom = 0.0 if encoding == "sign_crossbar" else off
    upper, lower = weight_in_full_scale.clamp(min=0), (-weight_in_full_scale).clamp(min=0)
    return upper * scale + bottom, lower * scale + bottom, 1 / scale


def program(
    weight: Float[Tensor, "rows columns"],
    technology: Technology,
    chip_seed: int,
    *,
    gain: Float[Tensor, " columns"] | None = None,
    noise: Noise | None = None,
    faded: float = 0.0,
) -> ProgrammedArray:
    """Write a weight matrix into an array of the technology's devices.

    Programming noise and device faults come from `chip_seed` alone: the same seed is the same chip. Noise of full scale
    is drawn for every weight in units of the column's gain, noise of value in units of the weight, noise of resistance
    for every device.

    Faults hit the device of a midpoint-referenced weight, both devices of a pair, and the one that holds a sign
    crossbar's value; the reference column and the sign are taken to be sound.

    Args:
        weight: One column an output; rows in the order in which the inputs are presented.
        gain: Calibrated gains; None calibrates them on this matrix.
        noise: Programming noise; None writes exactly.
        faded: Share of every device's state that is lost by the time it is read, towards where the synapse's retention
            says; towards its smallest conductance where that is unknown. A reference, made of the same devices at their
            middle, fades as they do; a stuck device has nothing to lose.

    Raises:
        UserError: A weight is NaN or infinite: no device can hold it.
        ValueError: The technology has no synapse, so there is no array to program.
    """
    table = technology.weight_levels()
    if table is None or technology.synapse is None:
        raise ValueError(f"technology {technology.name} has no synapse: its weights are not programmed")
    if not bool(weight.isfinite().all()):
        raise UserError("a weight to program is NaN or infinite", "No device can hold it: give finite weights.")
    generator = torch.Generator().manual_seed(chip_seed)
    gain = column_gain(weight, technology.gain) if gain is None else gain
    levels = torch.as_tensor(table, dtype=weight.dtype)
    codes = nearest_level((weight.detach() / gain).clamp(-1, 1), levels)
    written = levels[codes]  # in the weight's precision: what training computes with
    off = technology.off_conductance
    if noise is not None and noise.fraction > 0 and noise.of != "resistance":
        unit = torch.randn(written.shape, generator=generator, dtype=written.dtype)
        written = written + noise.fraction * unit * (written if noise.of == "value" else 1.0)
    positive, negative, span = halves(written.double(), technology.encoding, off)
    if noise is not None and noise.of == "resistance":
        technology.synapse.require_siemens("noise of the resistance")
        positive, negative = (_within_tolerance(half, noise.fraction, generator) for half in (positive, negative))
    if faded:
        positive, negative = (_after_fading(half, faded, technology, off) for half in (positive, negative))
    stuck = None
    faults = technology.synapse.faults
    if any((faults.stuck_at_minimum, faults.stuck_at_maximum, faults.stuck_at_random)):
        positive, negative, stuck = _with_faults(positive, negative, technology.encoding, faults, off, generator)
    rows, columns = weight.shape
    tiles, load = tile_slices(rows, columns, technology), technology.load_conductance
    return ProgrammedArray(codes, positive, negative, span, off, load, gain, stuck, tiles)


def _within_tolerance(conductance: Tensor, tolerance: float, generator: torch.Generator) -> Tensor:
    """Devices whose resistance lies anywhere within ± `tolerance` of what was meant."""
    lot = torch.rand(conductance.shape, generator=generator, dtype=conductance.dtype)
    return conductance / (1 + tolerance * (2 * lot - 1))


def _after_fading(conductance: Tensor, faded: float, technology: Technology, off: float) -> Tensor:
    """Devices that have gone the share `faded` of their way to where they rest."""
    assert technology.synapse is not None
    rest = off + technology.synapse.resting_fraction
    after = rest + (conductance - rest) * (1 - faded)
    if technology.encoding == "sign_crossbar":  # a weight's other half is no device
        return torch.where(conductance > 0, after, conductance)
    return after


def _with_faults(
    positive: Tensor, negative: Tensor, encoding: Encoding, faults: Faults, off: float, generator: torch.Generator
) -> tuple[Tensor, Tensor, Tensor]:
    """Both halves after faults, and the weights that have one."""
    if encoding == "sign_crossbar":  # one device holds the value, whichever its sign
        value, stuck = _stick(positive + negative, faults, off, generator)
        minus = negative > 0
        nothing = torch.zeros_like(value)
        return torch.where(minus, nothing, value), torch.where(minus, value, nothing), stuck
    positive, stuck = _stick(positive, faults, off, generator)
    if encoding == "differential_pair":
        negative, other = _stick(negative, faults, off, generator)
        stuck = stuck | other
    return positive, negative, stuck


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


def effective_weight(array: ProgrammedArray, periphery: Periphery | None = None) -> Float[Tensor, "rows columns"]:
    """The weights that a layer computes with when the array stands behind it: gain x span x what its columns give."""
    gain = array.gain
    if periphery is not None and periphery.factor is not None:
        gain = gain * periphery.factor
    if array.load is None:
        held = virtual_ground(array.positive, array.negative)
    else:
        negative = array.negative.expand_as(array.positive)
        held = load_divider(array.positive, negative, array.off, array.load, rows=(0,))
    return (held * array.span * gain).to(gain.dtype)
