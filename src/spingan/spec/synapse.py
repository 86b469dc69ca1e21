"""The synapse: all that the network half knows of the device that holds a weight."""

import math
from itertools import pairwise
from typing import Annotated, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from spingan.errors import UserError
from spingan.spec.value import SCHEMA_VERSION, Fraction, NotNegative, Positive, Value, check_interval

Basis = Literal["measured", "simulated", "normalised"]

LEVEL_FIELDS = (
    "read_noise_s", "write_error", "step_up", "step_up_spread", "step_up_energy_j",
    "step_down", "step_down_spread", "step_down_energy_j",
)  # fmt: skip
MAXIMUM_CONDUCTANCE_S = 1e3  # above 1 mΩ of resistance it is a slip of units, not a device: assumed


class Write(Value):
    """How a state is written, and what one write costs."""

    pulse_amplitude_v: float | None = None
    """Voltage of a write pulse."""
    pulse_amplitude_a: float | None = None
    """Current of a write pulse."""
    pulse_current_density_a_per_m2: float | None = None
    """Current density of a write pulse."""
    pulse_width_s: Positive | None = None
    """Length of a write pulse."""
    pulse_period_s: Positive | None = None
    """Time from the start of one pulse to the next."""
    energy_j: NotNegative | None = None
    """Energy of a write; `energy_per` says of what."""
    energy_per: Literal["pulse", "state"] | None = None
    """Whether `energy_j` is that of one pulse or of writing one state."""
    access: Literal["bidirectional", "reset_then_up", "program_and_verify"] | None = None
    """How a level is reached: by steps both ways, from the lowest state up, or by writing and reading in turn."""
    reset_time_s: NotNegative | None = None
    """Time to bring a device back to its lowest state."""
    reset_energy_j: NotNegative | None = None
    """Energy of that reset."""
    threshold_v: NotNegative | None = None
    """Voltage below which nothing is written."""
    threshold_current_density_a_per_m2: NotNegative | None = None
    """Current density below which nothing is written."""
    half_select_disturb: Fraction | None = None
    """Share of one step that a half-selected device moves for each pulse it sees."""


class Read(Value):
    """How a state is read: at which voltage, for how long, by which law the current follows the voltage."""

    voltage_v: Positive | None = None
    """Voltage of a read."""
    time_s: Positive | None = None
    """Length of a read."""
    law: Literal["linear", "sinh", "mtj"] | None = None
    """How the current follows the voltage."""
    sinh_voltage_v: Positive | None = None
    """V0 in I = G V0 sinh(V / V0)."""
    mtj_half_voltage_v: Positive | None = None
    """Voltage at which a tunnel junction's magnetoresistance has fallen to half."""
    noise_s: NotNegative | None = None
    """Standard deviation of a read, one figure for all levels; the column read_noise_s gives it level by level."""
    disturb: Fraction | None = None
    """Share of one step that a device moves at a read."""
    leakage_s: NotNegative | None = None
    """Conductance of a cell that is not selected."""


class Spread(Value):
    """Standard deviations from device to device, and from one write to the next."""

    gain: NotNegative | None = None
    """Of a device's whole range, as a fraction of it."""
    resistance: Annotated[float, Field(ge=0, lt=1)] | None = None
    """No deviation but bounds: a device's resistance lies anywhere within ± this fraction of what was meant."""
    minimum_conductance_s: NotNegative | None = None
    """Of the smallest conductance, from device to device."""
    maximum_conductance_s: NotNegative | None = None
    """Of the largest conductance, from device to device."""
    cycle_to_cycle: NotNegative | None = None
    """Of one step, as a fraction of the step."""


class Faults(Value):
    """Shares of devices that no longer follow a write."""

    stuck_at_minimum: Fraction | None = None
    """Share of devices that stay at the smallest conductance."""
    stuck_at_maximum: Fraction | None = None
    """Share of devices that stay at the largest conductance."""
    stuck_at_random: Fraction | None = None
    """Share of devices that stay at any one conductance."""

    @model_validator(mode="after")
    def _shares_are_of_one_whole(self) -> Self:
        stuck = math.fsum(share for _, share in self if share is not None)
        if stuck > 1 + 1e-9:  # a third three times is 1, up to its last bit
            raise ValueError(f"{stuck:.3g} of all devices are stuck: the shares must not add up to more than 1")
        return self


class Retention(Value):
    """How a written conductance changes with time, and how that differs from device to device.

    With u a device's own standard normal number, which it keeps for ever, r the conductance where it rests, and spread
    and coefficient those of the state that was written:

    - exponential: G - r falls as exp(-t/τ), ln τ = ln time_s + spread u: a Gaussian spread of energy barriers, in kT;
    - power: G - r falls as (t/t0)^-ν, logarithmic: as 1 - ν ln(t/t0), ν = coefficient + spread u, no less than 0;
    - relaxation: G becomes G + σ Gmax u, no less than 0, with σ = spread + coefficient ln(t/t0). Its mean stays, except
      near 0.
    """

    law: Literal["exponential", "power", "logarithmic", "relaxation"]
    time_s: Positive
    """τ, or t0: the law's first point, before which it says nothing."""
    coefficient: NotNegative | tuple[NotNegative, ...] | None = None
    """ν, or what σ grows by when ln t grows by 1; the exponential law has none."""
    spread: NotNegative | tuple[NotNegative, ...] | None = None
    """Standard deviation of a device's own law from the mean one."""
    state: tuple[Fraction, ...] | None = None
    """States for which coefficient and spread are given one by one: fractions of Gmax, rising; linear in between."""
    towards: Literal["zero", "minimum", "middle", "maximum"] = "minimum"
    """Where a device rests; zero is no conductance at all."""
    measured_until_s: Positive | None = None
    """The last time that was measured; later times are the law extended."""

    @model_validator(mode="after")
    def _tables_are_against_the_states(self) -> Self:
        tables = [table for table in (self.coefficient, self.spread) if isinstance(table, tuple)]
        if (self.state is None) == bool(tables):
            raise ValueError(
                "a retention that differs from state to state gives state, and coefficient or spread, as lists"
            )
        if self.state is not None:
            if len(self.state) < 2 or any(upper <= lower for lower, upper in pairwise(self.state)):
                raise ValueError("state must rise, with at least two entries")
            if any(len(table) != len(self.state) for table in tables):
                raise ValueError(f"coefficient and spread must have one entry a state: {len(self.state)}")
        if self.law == "exponential" and self.coefficient is not None:
            raise ValueError("the exponential law has no coefficient: its time is time_s")
        if self.law == "relaxation" and (self.coefficient is None or self.spread is None):
            raise ValueError("the relaxation law needs spread, the deviation at time_s, and coefficient, its growth")
        return self

    def at_state(self, quantity: Literal["coefficient", "spread"], state: NDArray[np.float64]) -> NDArray[np.float64]:
        """The coefficient or the spread of devices written to `state`, fractions of Gmax; 0 where there is none."""
        value = getattr(self, quantity)
        if isinstance(value, tuple):
            return np.interp(state, np.asarray(self.state), np.asarray(value))
        return np.full_like(state, value or 0.0)

    def time_until(self, faded: float) -> float | None:
        """Seconds until a device without deviation (u = 0) has lost that share of its state, 0 to below 1.

        Where states differ it is the last one's. None where the law gives no coefficient, and by relaxation, which
        loses nothing on average.
        """
        if self.law == "exponential":
            return -self.time_s * math.log1p(-faded)
        coefficient = self.coefficient[-1] if isinstance(self.coefficient, tuple) else self.coefficient
        if not coefficient or self.law == "relaxation":
            return None
        grown = -math.log1p(-faded) if self.law == "power" else faded
        return self.time_s * math.exp(min(grown / coefficient, 700.0))  # beyond, no float holds it: for ever


class Validity(Value):
    """Where the numbers hold, as (lowest, highest)."""

    temperature_k: tuple[Positive, Positive] | None = None
    read_voltage_v: tuple[float, float] | None = None
    """Read voltages for which the numbers hold."""
    time_s: tuple[NotNegative, NotNegative] | None = None


class Ensemble(Value):
    """The runs in heat that read noise, spread and retention come from, and how well these are known by them.

    Intervals are those of 95 %. `loss_per_write` is the chance that one write loses a carrier of the state, such as a
    skyrmion, for good.
    """

    temperature_k: Positive
    seed: int
    runs: int = Field(ge=1)
    read_noise_interval_s: tuple[tuple[NotNegative, NotNegative], ...] | None = None
    """For each level."""
    loss_per_write: Fraction | None = None
    loss_per_write_interval: tuple[Fraction, Fraction] | None = None
    retention_interval_s: tuple[NotNegative, NotNegative] | None = None
    source: str | None = None

    @model_validator(mode="after")
    def _values_lie_in_their_intervals(self) -> Self:
        if (self.loss_per_write is None) != (self.loss_per_write_interval is None):
            raise ValueError("loss_per_write and its interval belong together")
        check_interval("loss_per_write", self.loss_per_write, self.loss_per_write_interval)
        return self


class Synapse(Value):
    """A device whose conductance stands for a weight.

    The tuples against level all have one entry a level, lowest conductance first. `conductance` and the steps are in
    siemens, or fractions of the range where `basis` is "normalised". A field that is `None` is unknown.
    """

    schema_version: Literal[1] = SCHEMA_VERSION
    name: str = Field(min_length=1)
    basis: Basis
    """Where the conductances come from; `normalised` ones are fractions of the range and have no siemens."""
    conductance: tuple[NotNegative, ...]
    """Of each level, rising."""
    read_noise_s: tuple[NotNegative, ...] | None = None
    """Standard deviation of a read at each level."""
    write_error: tuple[NotNegative, ...] | None = None
    """Standard deviation of what is written from what was meant, after any verifying; in the unit of `conductance`."""
    step_up: tuple[NotNegative, ...] | None = None
    """What a pulse up adds at each level."""
    step_up_spread: tuple[NotNegative, ...] | None = None
    """Standard deviation of that step."""
    step_up_energy_j: tuple[NotNegative, ...] | None = None
    """Energy of that step."""
    step_down: tuple[NotNegative, ...] | None = None
    """What a pulse down takes away at each level."""
    step_down_spread: tuple[NotNegative, ...] | None = None
    """Standard deviation of that step."""
    step_down_energy_j: tuple[NotNegative, ...] | None = None
    """Energy of that step."""
    write: Write = Write()
    read: Read = Read()
    spread: Spread = Spread()
    faults: Faults = Faults()
    retention: Retention | None = None
    ensemble: Ensemble | None = None
    endurance_writes: Positive | None = None
    """Writes that a device bears."""
    area_m2: Positive | None = None
    validity: Validity = Validity()
    source: str | None = None
    provenance: str | None = None
    notes: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _levels_make_sense(self) -> Self:
        levels = self.conductance
        if len(levels) < 2:
            raise ValueError("a synapse has at least two levels")
        for index, (lower, upper) in enumerate(pairwise(levels), start=1):
            if upper <= lower:
                raise ValueError(
                    f"conductance of level {index} ({upper:g}) is not above level {index - 1}'s ({lower:g})"
                )
        highest = 1.0 if self.basis == "normalised" else MAXIMUM_CONDUCTANCE_S
        if levels[-1] > highest:
            raise ValueError(
                f"conductance {levels[-1]:g} is above {highest:g}, the most that basis {self.basis} allows"
            )
        for field in LEVEL_FIELDS:
            column = getattr(self, field)
            if column is not None and len(column) != len(levels):
                raise ValueError(f"{field} has {len(column)} entries for {len(levels)} levels")
        return self

    @model_validator(mode="after")
    def _noise_is_said_once_and_in_siemens(self) -> Self:
        if self.read_noise_s is not None and self.read.noise_s is not None:
            raise ValueError("the read noise is given twice, as read.noise_s and as the column read_noise_s")
        in_siemens = (
            self.read_noise_s, self.read.noise_s, self.spread.minimum_conductance_s, self.spread.maximum_conductance_s
        )  # fmt: skip
        if self.basis == "normalised" and any(figure is not None for figure in in_siemens):
            raise ValueError("basis normalised has no siemens, yet a noise or a spread is given in siemens")
        if self.basis == "normalised" and self.retention is not None and self.retention.towards == "zero":
            raise ValueError("basis normalised does not know where zero is: retention.towards must be another")
        return self

    @model_validator(mode="after")
    def _the_ensemble_is_of_this_synapse(self) -> Self:
        ensemble = self.ensemble
        if ensemble is None:
            return self
        intervals = ensemble.read_noise_interval_s
        if intervals is not None:
            if self.read_noise_s is None or len(intervals) != len(self.read_noise_s):
                raise ValueError("ensemble.read_noise_interval_s needs the column read_noise_s, one interval a level")
            for level, (noise, interval) in enumerate(zip(self.read_noise_s, intervals, strict=True)):
                check_interval(f"read_noise_s of level {level}", noise, interval)
        if ensemble.retention_interval_s is not None:
            if self.retention is None:
                raise ValueError("ensemble.retention_interval_s needs a retention")
            check_interval("retention.time_s", self.retention.time_s, ensemble.retention_interval_s)
        return self

    @property
    def states(self) -> int:
        """Number of levels."""
        return len(self.conductance)

    @property
    def resting_fraction(self) -> float:
        """Where a state fades to, in fractions of the range; the smallest conductance where no retention is known."""
        lowest, highest = self.conductance[0], self.conductance[-1]
        places = {"zero": -lowest / (highest - lowest), "minimum": 0.0, "middle": 0.5, "maximum": 1.0}
        return 0.0 if self.retention is None else places[self.retention.towards]

    def retention_at(self, time_s: float) -> Retention:
        """The retention, which is known `time_s` seconds after a state was written.

        Raises:
            UserError: It is unknown, or nothing is known of it at that time.
        """
        retention = self.retention
        if retention is None or (retention.law != "exponential" and retention.coefficient is None):
            raise UserError(
                f"synapse {self.name} does not say how its states fade: nothing is known after {time_s:g} s",
                "Give its file a retention (law, time_s, coefficient), or a share that is lost.",
            )
        if retention.law != "exponential" and time_s < retention.time_s:
            raise UserError(
                f"the {retention.law} law of synapse {self.name} begins {retention.time_s:g} s after writing, not at "
                f"{time_s:g} s",
                "Give that time or a later one; 0 is the chip as it was written.",
            )
        if not math.isfinite(time_s):
            raise UserError(f"{time_s:g} s after writing is no time", "Give seconds.")
        low, high = self.validity.time_s or (0.0, math.inf)
        if not low <= time_s <= high:
            raise UserError(
                f"synapse {self.name} is known from {low:g} to {high:g} s after writing, not at {time_s:g} s",
                "Give a time within that, or widen validity.time_s in its file if you know that it holds.",
            )
        return retention

    def normalised_levels(self) -> NDArray[np.float64]:
        """The levels as (G - Gmin) / (Gmax - Gmin): shape (states,), rising from 0 to 1."""
        levels = np.asarray(self.conductance, dtype=np.float64)
        return (levels - levels[0]) / (levels[-1] - levels[0])

    def read_noise_of_range(self) -> NDArray[np.float64] | None:
        """Standard deviation of a read at each level, in fractions of Gmax - Gmin: shape (states,); None if unknown."""
        noise = self.read_noise_s if self.read_noise_s is not None else self.read.noise_s
        if noise is None:
            return None
        span = self.conductance[-1] - self.conductance[0]
        return np.broadcast_to(np.asarray(noise, dtype=np.float64) / span, (self.states,)).copy()

    def require_siemens(self, what: str) -> NDArray[np.float64]:
        """The conductances in siemens, shape (states,).

        Args:
            what: What needs them, such as "the energy of a read".

        Raises:
            UserError: The basis is normalised, so that nobody knows them.
        """
        if self.basis == "normalised":
            raise UserError(
                f"synapse {self.name} has normalised levels: {what} needs its conductances in siemens",
                "Give a synapse file whose column is conductance_s, with basis measured or simulated",
            )
        return np.asarray(self.conductance, dtype=np.float64)
