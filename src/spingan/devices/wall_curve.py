"""From settled walls to the numbers that a device is judged by: slopes, energies, and the curve for the network."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from spingan.devices.wall_device import TorqueConvention, WallDevice
from spingan.errors import UserError
from spingan.physics.mesh import Array
from spingan.spec.activation import ConductanceCurve, EnergyItem, Function, Reset, Settling

SAME = 1e-3  # of the output's span: branches closer than this are one curve to the solver; assumed


@dataclass(frozen=True)
class Slopes:
    """Straight lines fitted to the output on each side of zero input, in the output's unit per ampere.

    An error is the largest deviation from its line in parts of the output's span over the whole range.
    """

    positive: float
    negative: float
    positive_error: float
    negative_error: float

    @property
    def ratio(self) -> float:
        """Slope below zero over slope above: a leaky ReLU's `a`."""
        return self.negative / self.positive

    @property
    def linearity_error(self) -> float:
        """The larger of the two errors."""
        return max(self.positive_error, self.negative_error)


def fit_slopes(current_a: ArrayLike, output: ArrayLike, range_a: float) -> Slopes:
    """Least-squares lines with their own offsets through the points within +-`range_a`, zero in both.

    Args:
        current_a: (n,) rising.
        output: (n,).

    Raises:
        UserError: Fewer than three points on a side, zero counted.
    """
    current, values = np.asarray(current_a, dtype=np.float64), np.asarray(output, dtype=np.float64)
    near = range_a * 1e-9  # rounding of a current
    inside = np.abs(current) <= range_a + near
    span = float(np.ptp(values[inside])) if inside.any() else 0.0
    found: list[tuple[float, float]] = []
    for side, chosen in (("positive", inside & (current >= -near)), ("negative", inside & (current <= near))):
        if chosen.sum() < 3:
            raise UserError(
                f"{chosen.sum()} currents lie on the {side} side within {range_a * 1e6:g} µA, 0 counted",
                "A slope needs 3: give more currents",
            )
        slope, offset = np.polyfit(current[chosen] / range_a, values[chosen], 1)
        deviation = float(np.abs(values[chosen] - slope * current[chosen] / range_a - offset).max())
        found.append((float(slope) / range_a, deviation / span if span > 0 else 0.0))
    (positive, positive_error), (negative, negative_error) = found
    return Slopes(positive, negative, positive_error, negative_error)


def heavy_metal_current_a(device: WallDevice, current_a: float, convention: TorqueConvention) -> float:
    """What the heavy metal really carries for an input: under `magnet-section` the density of the magnet, all over it.

    The device's bias current is added.
    """
    total = current_a + device.bias_current_a
    if convention == "magnet-section":
        return total * device.heavy_metal_thickness_m / device.film.thickness_m
    return total


def joule_power_w(device: WallDevice, heavy_metal_current_a: float) -> float:
    """Heat in the heavy metal under the track, in watts: I² R."""
    return heavy_metal_current_a**2 * device.heavy_metal_resistance_ohm


def drive_energies(
    device: WallDevice, current_a: float, convention: TorqueConvention, window_s: float
) -> tuple[EnergyItem, EnergyItem]:
    """Joule heat of one evaluation by both readings of the current: as printed, and as the heavy metal carries it."""
    total = current_a + device.bias_current_a
    carried = heavy_metal_current_a(device, current_a, convention)
    readings = (
        (total, f"current as printed, {current_a * 1e6:g} µA"),
        (carried, f"current by {convention}, {carried * 1e6:.3g} µA"),
    )
    printed, by_convention = (
        EnergyItem(
            name=f"heavy metal, {reading}",
            energy_j=(power := joule_power_w(device, flowing)) * window_s,
            window_s=window_s,
            source=f"{power * 1e6:.3g} µW of Joule heat over the longest settling time under drive",
        )
        for flowing, reading in readings
    )
    return printed, by_convention


@dataclass(frozen=True)
class Branches:
    """Outputs at rising inputs, (n,) each: on the way up and on the way down, and how long the wall took to settle."""

    current_a: Array
    rising: Array
    falling: Array
    settling_s: Array
    """nan where it was still creeping at the end of the longest time."""


@dataclass(frozen=True)
class CurveText:
    """What a curve says of itself."""

    name: str
    source: str
    provenance: str
    notes: tuple[str, ...]


def conductance_curve(
    branches: Branches,
    function: Function,
    full_scale_a: float,
    text: CurveText,
    energy_items: Sequence[EnergyItem] = (),
    reset: Reset | None = None,
    area_m2: float | None = None,
    *,
    zero_s: float | None = None,
    span_s: float | None = None,
) -> ConductanceCurve:
    """The curve as a cell takes it: conductance in siemens against input current.

    Branches that differ by less than a thousandth of the span are given as one: no memory that the solver can vouch
    for. Otherwise both are kept, and a reset between evaluations is required; `reset` says how long it takes and what
    it leaves.

    Args:
        zero_s: output that stands for 0; by default the one without an input.
        span_s: by default from that to full scale.

    Raises:
        UserError: Zero or `full_scale_a` lies outside the currents.
    """
    current, rising, falling = branches.current_a, branches.rising, branches.falling
    if not current[0] <= 0 < full_scale_a <= current[-1]:
        raise UserError(
            f"{text.name}: currents from {current[0] * 1e6:g} to {current[-1] * 1e6:g} µA do not hold 0 and the full "
            f"scale of {full_scale_a * 1e6:g} µA",
            "Give currents that reach so far",
        )
    zero, full = (float(np.interp(at, current, rising)) for at in (0.0, full_scale_a))
    memory = bool((np.abs(rising - falling) / (span_s or abs(full - zero))).max() > SAME)
    known = np.isfinite(branches.settling_s)
    slowest = float(branches.settling_s[known].max()) if known.any() else None
    return ConductanceCurve(
        name=text.name,
        function=function,
        input=tuple(current.tolist()),
        rising=tuple(rising.tolist()),
        falling=tuple(falling.tolist()) if memory else None,
        input_unit="A",
        output_unit="S",
        input_full_scale=full_scale_a,
        output_zero=zero if zero_s is None else zero_s,
        output_full_scale=full,
        linear_range=(-full_scale_a, full_scale_a),
        reset=(reset or Reset()).model_copy(update={"required": memory}),
        settling=Settling(input=tuple(current[known].tolist()), time_s=tuple(branches.settling_s[known].tolist()))
        if known.any()
        else None,
        energy_items=tuple(energy_items),
        delay_s=slowest,
        area_m2=area_m2,
        source=text.source,
        provenance=text.provenance,
        notes=text.notes,
    )


LARGEST_ERROR = 0.05  # of the span: the bound on the deviation from the ideal
SLOPE_TOLERANCE = 0.01  # of the positive slope, absolute: a twentieth of the printed 0.2; assumed


def leaky(current: ArrayLike, slope: float) -> Array:
    """The ideal: the input above zero, `slope` times the input below; of the shape of `current`."""
    current = np.asarray(current, dtype=np.float64)
    return np.where(current > 0, current, slope * current)


@dataclass(frozen=True)
class Match:
    """A curve beside the ideal `zero + gain * leaky(current)`, whose gain and zero are fitted, its slope not.

    Attributes:
        slope: slope below zero over slope above, each a least-squares line of its own.
        linearity_error: largest deviation from the ideal, in parts of the curve's span.
        gain: siemens per ampere above zero.
        zero: the output that stands for 0, in siemens.
        span: largest less smallest output.
    """

    slope: float
    linearity_error: float
    gain: float
    zero: float
    span: float

    @property
    def brief(self) -> dict[str, float]:
        """Slope and error as JSON-able values."""
        return {"slope": self.slope, "linearity_error": self.linearity_error}

    def meets(self, asked: float) -> bool:
        """Whether slope and linearity are within their tolerances."""
        return self.linearity_error <= LARGEST_ERROR and abs(self.slope - asked) <= SLOPE_TOLERANCE


def match(current_a: ArrayLike, output_s: ArrayLike, asked: float, range_a: float) -> Match:
    """Compare outputs (n,) at rising currents (n,) within ±`range_a` with the leaky ReLU of slope `asked`.

    Raises:
        UserError: Fewer than three currents on a side, zero counted.
    """
    current, output = np.asarray(current_a, float), np.asarray(output_s, float)
    inside = np.abs(current) <= range_a * (1 + 1e-9)
    current, output = current[inside], output[inside]
    shape = leaky(current / range_a, asked)
    centred = shape - shape.mean()
    gain = float(centred @ output / (centred @ centred))
    left_over = output - gain * shape
    zero = float(left_over.max() + left_over.min()) / 2  # the offset with the smallest largest deviation
    span = float(np.ptp(output))
    error = float(np.abs(left_over - zero).max()) / span if span > 0 else float("inf")
    slopes = fit_slopes(current, output, range_a)
    ratio = slopes.ratio if slopes.positive > 0 else float("inf")
    return Match(ratio, error, gain / range_a, zero, span)
