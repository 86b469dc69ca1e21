"""Write and verify: pulses until a device reads what was meant, simulated with the synapse's own steps."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spingan.errors import UserError
from spingan.spec.synapse import Synapse
from spingan.tabular import write_csv

MOST_PULSES = 1_000  # a device that has had so many is given up: assumed


@dataclass(frozen=True, eq=False)
class Written:
    """What writing devices took, an entry each.

    Attributes:
        reached: Where they are, in fractions of the synapse's span.
        error: `reached` less what was meant, in the same unit.
        verified: Whether the last read found them within tolerance.
        pulses, resets: Pulses, and resets to the smallest conductance; each is followed by a read, and one comes first.
        pulse_energy_j: Of pulses; None where the synapse does not say it.
        energy_j: Of pulses and resets, without the reads; None where the synapse does not say it.
        time_s: Of pulses, resets and reads, one device after another; None where the synapse does not say it.
        tolerance: What a read may miss by, in the unit of `error`.
    """

    reached: NDArray[np.float64]
    error: NDArray[np.float64]
    verified: NDArray[np.bool_]
    pulses: NDArray[np.int64]
    resets: NDArray[np.int64]
    pulse_energy_j: NDArray[np.float64] | None
    energy_j: NDArray[np.float64] | None
    time_s: NDArray[np.float64] | None
    tolerance: float

    def summary(self) -> dict[str, Any]:
        """Means and largest values over the devices, as JSON-able values; energy and time None where unknown.

        `pulses_per_device` has no resets. `error_*` are of all devices, given up or not, as fractions of the span.
        """
        size = np.abs(self.error)
        energy, time = (None if values is None else float(values.mean()) for values in (self.energy_j, self.time_s))
        return {
            "devices": self.reached.size,
            "verified": int(self.verified.sum()),
            "tolerance": self.tolerance,
            "pulses_per_device": float(self.pulses.mean()),
            "pulses_largest": int(self.pulses.max()),
            "resets_per_device": float(self.resets.mean()),
            "error_rms": float(np.sqrt((size**2).mean())),
            "error_largest": float(size.max()),
            "energy_per_device_j": energy,
            "time_per_device_s": time,
        }

    def write(self, path: str | Path) -> None:
        """Write a row for each device as CSV; a cell is empty where energy or time is unknown.

        Raises:
            UserError: The file cannot be written.
        """
        columns = {
            "target": self.reached - self.error,
            "reached": self.reached,
            "error": self.error,
            "verified": self.verified.astype(int),
            "pulses": self.pulses,
            "resets": self.resets,
            "energy_j": np.full(self.reached.shape, "") if self.energy_j is None else self.energy_j,
            "time_s": np.full(self.reached.shape, "") if self.time_s is None else self.time_s,
        }
        rows = zip(*(values.ravel().tolist() for values in columns.values()), strict=True)
        write_csv(path, tuple(columns), rows)


def write_and_verify(
    synapse: Synapse,
    target: ArrayLike,
    *,
    start: ArrayLike = 0.0,
    tolerance: float | None = None,
    most_pulses: int = MOST_PULSES,
    read_noise: float = 0.0,
    seed: int = 0,
) -> Written:
    """Write devices towards `target`: read, a pulse up or down, and again until the read is within tolerance.

    A pulse moves a device by the synapse's step where it is, linear between levels, and by that step's spread. A device
    that can only go up (`reset_then_up`) is reset when it is too high, and begins again.

    Args:
        target: Of any shape, in fractions of the span, 0 to 1.
        start: Where the devices are; one number for all, or as `target`.
        tolerance: In fractions of the span, above 0 and below 1; None is half of the smallest distance between levels.
        most_pulses: A device is given up after so many pulses and resets.
        read_noise: Standard deviation of the verifying read, in fractions of the span.
        seed: The same seed gives the same pulses.

    Raises:
        UserError: The synapse does not say what a pulse does, or a number is out of range.
    """
    meant = np.atleast_1d(np.asarray(target, dtype=np.float64))
    begun = np.asarray(start, dtype=np.float64)
    if begun.size != 1 and begun.shape != meant.shape:
        raise UserError(f"{begun.size} starts for {meant.size} devices", "Give one start, or one for each device.")
    place = np.broadcast_to(begun, meant.shape).copy()
    if not ((meant >= 0) & (meant <= 1)).all() or not ((place >= 0) & (place <= 1)).all():
        raise UserError("a device is to be written beyond its ends", "Give targets and starts from 0 to 1.")
    levels = synapse.normalised_levels()
    within = float(np.diff(levels).min()) / 2 if tolerance is None else tolerance
    if not 0 < within < 1 or most_pulses < 1 or not 0 <= read_noise < np.inf:
        raise UserError(
            f"a tolerance of {within:g}, {most_pulses} pulses, a read noise of {read_noise:g}",
            "Give a tolerance above 0 and below 1, at least one pulse, and a noise of 0 or more.",
        )
    up, down = _Steps.of(synapse, "up"), _Steps.of(synapse, "down")
    only_up = synapse.write.access == "reset_then_up"
    if up is None or (down is None and not only_up):
        raise UserError(
            f"synapse {synapse.name} does not say what a write pulse does: its writing cannot be simulated",
            "Give its file step_up and step_down: spingan fit synapse FILE --branch COLUMN finds them in measurements.",
        )
    random = np.random.default_rng(seed)
    read = place + read_noise * random.standard_normal(meant.shape)
    pulses, resets = np.zeros(meant.shape, dtype=np.int64), np.zeros(meant.shape, dtype=np.int64)
    energy = np.zeros(meant.shape)
    for _ in range(most_pulses):
        rising, falling = read < meant - within, read > meant + within
        moving = rising | falling
        if not moving.any():
            break
        unit = random.standard_normal(meant.shape)
        moved = up.move(place, unit)
        if only_up:
            other, spent = np.zeros_like(place), np.zeros(meant.shape)
            resets += falling
        else:
            assert down is not None
            other, spent = 2 * place - down.move(place, unit), down.energy(place)
        energy += np.where(rising, up.energy(place), np.where(falling, spent, 0.0))
        pulses += rising if only_up else moving
        place = np.clip(np.where(rising, moved, np.where(falling, other, place)), 0.0, 1.0)
        again = place + read_noise * random.standard_normal(meant.shape)
        read = np.where(moving, again, read)
    time = pulses * _or_nan(synapse.write.pulse_period_s or synapse.write.pulse_width_s)
    time += (pulses + resets + 1) * _or_nan(synapse.read.time_s)
    time += np.where(resets > 0, resets * _or_nan(synapse.write.reset_time_s), 0.0)
    whole = energy + np.where(resets > 0, resets * _or_nan(synapse.write.reset_energy_j), 0.0)
    verified = np.abs(read - meant) <= within
    return Written(place, place - meant, verified, pulses, resets, _known(energy), _known(whole), _known(time), within)


@dataclass(frozen=True, eq=False)
class LevelWrites:
    """What it takes to write devices to their levels, an entry each; all levels come as often (assumed).

    Attributes:
        pulses, resets: Of each device, from the smallest conductance on. One that only goes up is reset to it first.
        verifies: Reads: one after each pulse and each reset, and one before a write that does not begin with a reset.
        pulse_energy_j: Of each device's pulses; None where the synapse has no steps or does not say it.
        error_rms: What is left, in fractions of the span; None where it was not simulated.
        given_up: Devices that no pulses brought to their level.
        basis: How the pulses are known.
    """

    pulses: NDArray[np.int64]
    resets: NDArray[np.int64]
    verifies: NDArray[np.int64]
    pulse_energy_j: NDArray[np.float64] | None
    error_rms: float | None
    given_up: int
    basis: str

    @property
    def simulated(self) -> bool:
        """Whether the synapse's own steps were used."""
        return self.error_rms is not None


_EACH_LEVEL = 16  # devices that are written to each level: the mean number of pulses is then known to about 1 %


@lru_cache(maxsize=32)
def level_writes(synapse: Synapse) -> LevelWrites:
    """Writes a synapse's devices to all its levels: by its steps where it has them, else by a pulse a level (assumed).

    The devices stop within half of the smallest distance between levels (`write_and_verify`).
    """
    first = int(synapse.write.access == "reset_then_up")
    if synapse.step_up is None or (synapse.step_down is None and not first):
        pulses = np.arange(synapse.states, dtype=np.int64)
        resets = np.full(synapse.states, first, dtype=np.int64)
        basis = f"assumed: {synapse.name} has no steps, so a pulse moves it by a level, and a read follows each"
        return LevelWrites(pulses, resets, pulses + 1, None, None, 0, basis)
    written = write_and_verify(synapse, np.tile(synapse.normalised_levels(), _EACH_LEVEL))
    rms, within = (f"{value:.2%}" for value in (written.summary()["error_rms"], written.tolerance))
    return LevelWrites(
        written.pulses,
        written.resets + first,
        written.pulses + written.resets + 1,
        written.pulse_energy_j,
        written.summary()["error_rms"],
        int((~written.verified).sum()),
        f"simulated with the steps of {synapse.name}: within {within} of the span, {rms} rms",
    )


@dataclass(frozen=True)
class _Steps:
    """The steps of one direction against the level, in fractions of the span."""

    levels: NDArray[np.float64]
    step: NDArray[np.float64]
    spread: NDArray[np.float64]
    energy_j: NDArray[np.float64]

    @classmethod
    def of(cls, synapse: Synapse, direction: str) -> "_Steps | None":
        """Those of a synapse; None where it has none."""
        steps, spreads, energies = (
            getattr(synapse, f"step_{direction}{name}") for name in ("", "_spread", "_energy_j")
        )
        if steps is None:
            return None
        span = synapse.conductance[-1] - synapse.conductance[0]
        step = np.asarray(steps) / span
        spread = step * (synapse.spread.cycle_to_cycle or 0.0) if spreads is None else np.asarray(spreads) / span
        flat = synapse.write.energy_j if synapse.write.energy_per == "pulse" else None
        energy = np.full(len(step), _or_nan(flat)) if energies is None else np.asarray(energies, dtype=np.float64)
        return cls(synapse.normalised_levels(), step, spread, energy)

    def move(self, place: NDArray[np.float64], unit: NDArray[np.float64]) -> NDArray[np.float64]:
        """Places after one pulse, as if it went up."""
        return place + np.interp(place, self.levels, self.step) + unit * np.interp(place, self.levels, self.spread)

    def energy(self, place: NDArray[np.float64]) -> NDArray[np.float64]:
        """Energy of one pulse at each place; NaN where it is unknown."""
        return np.interp(place, self.levels, self.energy_j)


def _or_nan(value: float | None) -> float:
    return float("nan") if value is None else value


def _known(values: NDArray[np.floating[Any]]) -> NDArray[np.float64] | None:
    """The values, or None if one of them depends on what is unknown."""
    return None if np.isnan(values).any() else values.astype(np.float64)
