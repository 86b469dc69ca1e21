"""The activation: all that the network half knows of the circuit that bends a sum into an output.

A device that is no circuit yet gives a `ConductanceCurve`; a cell turns it into an activation in volts.
"""

from itertools import pairwise
from typing import Annotated, Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import Field, field_validator, model_validator

from spingan.spec.value import SCHEMA_VERSION, Fraction, NotNegative, Positive, Value, check_interval

Function = Literal["relu", "leaky_relu", "tanh", "sigmoid"]
Unit = Literal["A", "V", "S", "Ohm", "1"]

FULL_SCALE_TOLERANCE = 1e-6  # of the output's span: rounding in a file, not a second opinion
ROUNDING = 1e-9  # of a covariance: correlations in a file are rounded
RESIDUAL_TOLERANCE = 0.01  # of the output's span: below this a reset counts as complete; assumed


Correlation = Annotated[float, Field(ge=-1, le=1)]


class EnergyItem(Value):
    """A part of one evaluation's energy, and the time that it was integrated over."""

    name: str = Field(min_length=1)
    energy_j: NotNegative
    window_s: Positive | None = None
    source: str | None = None


class Reset(Value):
    """What brings the device back to rest between two evaluations."""

    required: bool | None = None
    """Whether the device has a memory that a reset has to clear."""
    time_s: NotNegative | None = None
    energy_j: NotNegative | None = None
    residual: NotNegative | None = None
    """What the reset leaves of the last output, as a fraction of the output's span."""


class Settling(Value):
    """Time to rest against input, both as tables of equal length; the inputs rise."""

    input: tuple[float, ...]
    time_s: tuple[NotNegative, ...]

    @model_validator(mode="after")
    def _tables_match(self) -> Self:
        if len(self.input) != len(self.time_s) or not self.input:
            raise ValueError("settling needs as many times as inputs, and at least one")
        if any(upper <= lower for lower, upper in pairwise(self.input)):
            raise ValueError("settling's inputs must rise")
        return self


class OutputNoise(Value):
    """Noise of the output about its mean from evaluation to evaluation: Gaussian, and new in each.

    `rms` is the standard deviation at `input`, in the output's unit; one number without an input holds at all of them.
    It is what an average over `averaging_time_s` leaves (None: not averaged). `bandwidth_hz` is the noise-equivalent
    bandwidth of what is averaged, 1 / (4 τ) for a memory of exp(-t / τ). `interval` holds the ends of each rms's
    interval of 95 %.
    """

    input: tuple[float, ...] = ()
    rms: tuple[NotNegative, ...] = Field(min_length=1)
    interval: tuple[tuple[NotNegative, NotNegative], ...] | None = None
    averaging_time_s: Positive | None = None
    bandwidth_hz: Positive | None = None
    temperature_k: NotNegative | None = None
    seed: int | None = None
    runs: int | None = Field(default=None, ge=1)
    source: str | None = None

    @model_validator(mode="after")
    def _tables_match(self) -> Self:
        if len(self.rms) != max(1, len(self.input)):
            raise ValueError("output noise needs as many rms as inputs, or one rms and no input")
        if any(upper <= lower for lower, upper in pairwise(self.input)):
            raise ValueError("the inputs of the output noise must rise")
        if self.interval is not None and len(self.interval) != len(self.rms):
            raise ValueError("output noise needs as many intervals as rms, or none")
        for rms, interval in zip(self.rms, self.interval or (), strict=False):
            check_interval("rms of the output noise", rms, interval)
        return self

    def at(self, inputs: ArrayLike) -> NDArray[np.float64]:
        """The rms at inputs of any shape, straight between those of the table and as at its ends beyond."""
        asked = np.asarray(inputs, dtype=np.float64)
        return np.interp(asked, self.input, self.rms) if self.input else np.full(asked.shape, self.rms[0])

    def scaled(self, factors: ArrayLike) -> Self:
        """In another unit: `factors` is one number, or one for each rms."""
        by = np.broadcast_to(np.abs(np.asarray(factors, dtype=np.float64)), (len(self.rms),)).tolist()
        ends = self.interval and tuple((a * f, b * f) for (a, b), f in zip(self.interval, by, strict=True))
        rms = tuple(value * f for value, f in zip(self.rms, by, strict=True))
        return self.model_copy(update={"rms": rms, "interval": ends})


class Loss(Value):
    """The chance that one evaluation loses the device's state for good, such as a domain wall, at each `input`.

    The input holds through the whole evaluation, which takes `evaluation_s`. `interval` holds the ends of each chance's
    interval of 95 %.
    """

    input: tuple[float, ...] = Field(min_length=1)
    per_evaluation: tuple[Fraction, ...]
    interval: tuple[tuple[Fraction, Fraction], ...] | None = None
    evaluation_s: Positive | None = None
    """At full scale."""
    temperature_k: NotNegative | None = None
    seed: int | None = None
    runs: int | None = Field(default=None, ge=1)
    source: str | None = None

    @model_validator(mode="after")
    def _tables_match(self) -> Self:
        if len(self.per_evaluation) != len(self.input):
            raise ValueError("a loss needs as many chances as inputs")
        if any(upper <= lower for lower, upper in pairwise(self.input)):
            raise ValueError("the inputs of the loss must rise")
        if self.interval is not None and len(self.interval) != len(self.input):
            raise ValueError("a loss needs as many intervals as inputs, or none")
        for chance, interval in zip(self.per_evaluation, self.interval or (), strict=False):
            check_interval("loss per evaluation", chance, interval)
        return self


class ActivationSpread(Value):
    """How an activation differs from device to device: v becomes offset + gain (max(v, 0) + slope min(v, 0)).

    `gain`, `offset` and `slope` are standard deviations: of the gain and of the slope below zero as fractions of the
    table's own, of the offset as a fraction of the output's full scale. Correlations that are None are 0; means that
    are None are those of the table: gain and slope 1, offset 0. Intervals are those of 95 %, from `runs` devices.
    """

    gain: NotNegative | None = None
    offset: NotNegative | None = None
    slope: NotNegative | None = None
    correlation_gain_offset: Correlation | None = None
    correlation_gain_slope: Correlation | None = None
    correlation_offset_slope: Correlation | None = None
    mean_gain: float | None = None
    mean_offset: float | None = None
    mean_slope: float | None = None
    gain_interval: tuple[NotNegative, NotNegative] | None = None
    offset_interval: tuple[NotNegative, NotNegative] | None = None
    slope_interval: tuple[NotNegative, NotNegative] | None = None
    temperature_k: NotNegative | None = None
    seed: int | None = None
    runs: int | None = Field(default=None, ge=1)
    source: str | None = None

    @model_validator(mode="after")
    def _deviations_lie_in_their_intervals(self) -> Self:
        for name in ("gain", "offset", "slope"):
            interval = getattr(self, f"{name}_interval")
            if interval is not None and getattr(self, name) is None:
                raise ValueError(f"the spread has {name}_interval without {name}")
            check_interval(f"{name} of the spread", getattr(self, name), interval)
        return self

    @model_validator(mode="after")
    def _correlations_fit_together(self) -> Self:
        if np.linalg.eigvalsh(self.covariance).min() < -ROUNDING:
            raise ValueError("no three quantities have these correlations at once")
        return self

    @property
    def covariance(self) -> NDArray[np.float64]:
        """(3, 3) of gain, offset and slope; what is unknown is 0."""
        deviations = np.array([self.gain or 0.0, self.offset or 0.0, self.slope or 0.0])
        correlation = np.eye(3)
        places = {(0, 1): self.correlation_gain_offset, (0, 2): self.correlation_gain_slope}
        for (row, column), value in (places | {(1, 2): self.correlation_offset_slope}).items():
            correlation[row, column] = correlation[column, row] = value or 0.0
        return correlation * np.outer(deviations, deviations)

    @property
    def mean(self) -> NDArray[np.float64]:
        """(3,) means of gain, offset and slope."""
        stated = (self.mean_gain, self.mean_offset, self.mean_slope)
        return np.array([own if mean is None else mean for mean, own in zip(stated, (1.0, 0.0, 1.0), strict=True)])

    @property
    def is_none(self) -> bool:
        """Whether every device is the table's."""
        return not self.covariance.any() and self.mean.tolist() == [1.0, 0.0, 1.0]


class Activation(Value):
    """A transfer table with its costs. Inputs and outputs are in the SI unit that `input_unit` and `output_unit` name.

    `rising` and `falling` are the outputs at `input` on the way up and down; `falling` is None for a device without
    memory. `input_full_scale` is the input that stands for 1, `output_zero` and `output_full_scale` the outputs that
    stand for 0 and 1. A field that is `None` is unknown.
    """

    schema_version: Literal[1] = SCHEMA_VERSION
    name: str = Field(min_length=1)
    function: Function
    input: tuple[float, ...]
    rising: tuple[float, ...]
    falling: tuple[float, ...] | None = None
    input_unit: Unit
    output_unit: Unit
    input_full_scale: Positive
    output_zero: float
    output_full_scale: float
    linear_range: tuple[float, float] | None = None
    """Inputs between which the source claims the function to hold."""
    outside: Literal["clamp", "extrapolate", "error"] = "clamp"
    """What happens to inputs beyond the table."""
    reset: Reset = Reset()
    settling: Settling | None = None
    energy_items: tuple[EnergyItem, ...] = ()
    """The parts of one evaluation's energy."""
    delay_s: NotNegative | None = None
    """Time from the input to the output."""
    output_noise: OutputNoise | None = None
    """In a file a number will do: the standard deviation at the output, in its unit."""
    loss: Loss | None = None
    spread: ActivationSpread = ActivationSpread()
    area_m2: Positive | None = None
    source: str | None = None
    provenance: str | None = None
    notes: tuple[str, ...] = ()

    @field_validator("output_noise", mode="before")
    @classmethod
    def _noise_from_a_number(cls, given: Any) -> Any:
        return {"rms": (given,)} if isinstance(given, int | float) and not isinstance(given, bool) else given

    @model_validator(mode="after")
    def _table_makes_sense(self) -> Self:
        if len(self.input) < 2:
            raise ValueError("a transfer table has at least two points")
        for index, (lower, upper) in enumerate(pairwise(self.input), start=1):
            if upper <= lower:
                raise ValueError(f"input of point {index} ({upper:g}) is not above point {index - 1}'s ({lower:g})")
        for name, branch in (("rising", self.rising), ("falling", self.falling)):
            if branch is not None and len(branch) != len(self.input):
                raise ValueError(f"{name} has {len(branch)} entries for {len(self.input)} inputs")
        return self

    @model_validator(mode="after")
    def _full_scale_lies_on_the_table(self) -> Self:
        if not self.input[0] <= self.input_full_scale <= self.input[-1]:
            ends = f"{self.input[0]:g} to {self.input[-1]:g}"
            raise ValueError(f"input_full_scale {self.input_full_scale:g} is outside the table, {ends}")
        span = self.output_full_scale - self.output_zero
        if span == 0:
            raise ValueError("output_full_scale equals output_zero: the device has no output")
        reached = float(np.interp(self.input_full_scale, self.input, self.rising))
        if abs(reached - self.output_full_scale) > FULL_SCALE_TOLERANCE * abs(span):
            raise ValueError(
                f"output_full_scale {self.output_full_scale:g} is not the table's {reached:g} at input_full_scale"
            )
        return self

    @property
    def energy_j(self) -> float | None:
        """Energy of one evaluation: the sum of its items, None if there are none."""
        return sum(item.energy_j for item in self.energy_items) if self.energy_items else None

    @property
    def has_memory(self) -> bool:
        """Whether the output depends on where the input came from."""
        return self.falling is not None and self.falling != self.rising

    @property
    def single_valued(self) -> bool:
        """Whether one input gives one output: no memory, or a required reset known to leave at most 1 % of the span."""
        residual = self.reset.residual
        resets = self.reset.required is True and residual is not None and residual <= RESIDUAL_TOLERANCE
        return not self.has_memory or resets

    def normalised(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The rising branch as (u, v), both of shape (points,).

        u = input / input_full_scale rises strictly; v = (output - output_zero) / (output_full_scale - output_zero), so
        that v is 1 at u = 1.
        """
        output = np.asarray(self.rising, dtype=np.float64)
        u = np.asarray(self.input, dtype=np.float64) / self.input_full_scale
        return u, (output - self.output_zero) / (self.output_full_scale - self.output_zero)

    @property
    def negative_slope(self) -> float:
        """Least-squares slope of v on u over u in [-1, 0], as far as the table goes; 0 where it has no such part."""
        u, v = self.normalised()
        lowest = max(-1.0, float(u[0]))
        if lowest >= 0:
            return 0.0
        # Even samples of the broken line: the table's own points may be as few as two.
        sampled = np.linspace(lowest, 0.0, 201)
        centred = sampled - sampled.mean()
        return float(centred @ np.interp(sampled, u, v) / (centred @ centred))


class ConductanceCurve(Activation):
    """A device's conductance in siemens against its input current or voltage: what a circuit (a cell) reads out.

    A table in S is an activation, too: that of `with_ideal_read_out`.
    """

    input_unit: Literal["A", "V"]  # pyright: ignore[reportIncompatibleVariableOverride]
    output_unit: Literal["S"] = "S"  # pyright: ignore[reportIncompatibleVariableOverride]

    @model_validator(mode="after")
    def _conducts(self) -> Self:
        for name, branch in (("conductance", self.rising), ("falling conductance", self.falling or ())):
            for index, value in enumerate(branch):
                if not value > 0:
                    raise ValueError(f"{name} of point {index} is {value:g} S, and must be above 0")
        return self

    def with_ideal_read_out(self) -> Activation:
        """The activation whose output is the conductance itself, at no cost of a circuit."""
        return Activation.model_validate(dict(self))
