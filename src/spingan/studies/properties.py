"""The properties of a technology that pictures depend on: how each is worsened in a trial, step by step.

A property is varied alone, on the net's own technology without its imperfections (`reference_technology`). What a net
tolerates of it then belongs to the net and the property, and is measured once for all devices.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from spingan.nn.weights import Model
from spingan.spec.activation import ActivationSpread
from spingan.spec.noise import Noise
from spingan.spec.synapse import LEVEL_FIELDS, Faults, Read, Spread, Synapse
from spingan.spec.technology import Converter, Technology
from spingan.studies.levels import IDEAL_LEVELS, with_levels
from spingan.studies.trials import Trial, technology_text

WIRED_TILE = 64  # rows and columns of the tiles on which wires are measured: small tiles are solved fast
_ROWS = 128  # of the tiles on which converters are measured, as the shipped arrays have
_LARGEST_S, _RATIO = 100e-6, 10.0  # of devices whose siemens nobody states, where wires are measured: assumed
Change = Callable[[Trial, Technology, float], Trial]
"""A trial on the reference technology, with the property at that value."""


@dataclass(frozen=True)
class Property:
    """One property, from harmless to harmful.

    Attributes:
        unit: `1` is a fraction.
        what: The property in words, as a table says it.
        of: What it is a fraction or a number of.
        rungs: Values at which a search begins, the harmless one first. They span from where an effect begins to show
            to where pictures are lost: assumed.
        change: How a trial gets it.
        ideal: How a trial has none of it; None: the trial as it is.
        larger_is_better: Of levels and bits; else smaller.
        whole: Only whole numbers have a meaning.
    """

    name: str
    unit: str
    what: str
    of: str
    rungs: tuple[float, ...]
    change: Change
    ideal: Change | None = None
    larger_is_better: bool = False
    whole: bool = False

    def harm(self, value: float) -> float:
        """A number that doubles where the property becomes twice as bad."""
        if self.name == "converter bits":
            return 2.0**-value
        return 1 / value if self.larger_is_better else value

    def value(self, harm: float) -> float:
        """The property whose `harm` that is."""
        if self.name == "converter bits":
            return -math.log2(harm)
        return 1 / harm if self.larger_is_better else harm

    def between(self, one: float, other: float) -> float:
        """The property half-way between two on the scale of its harm; whole where only that has a meaning."""
        middle = self.value(math.sqrt(self.harm(one) * self.harm(other)))
        return float(round(middle)) if self.whole else middle

    def enough(self, value: float) -> float:
        """The value, or the next whole number that does no more harm, where only these have a meaning."""
        return float(math.ceil(value - 1e-9)) if self.whole else value


def _condition(name: str, *of: str) -> Change:
    def change(trial: Trial, technology: Technology, value: float) -> Trial:
        changed: Any = Noise.model_validate({"fraction": value, "of": of[0]}) if of else value
        return replace(trial, conditions=replace(trial.conditions, **{name: changed}))

    return change


def _levels(trial: Trial, technology: Technology, value: float) -> Trial:
    return replace(trial, technology=technology_text(with_levels(technology, int(value))))


def _bits(trial: Trial, technology: Technology, value: float) -> Trial:
    converter = Converter(bits=int(value)) if value else Converter()
    told = {"dac": converter, "adc": converter, "tile_rows": _ROWS}
    return replace(trial, technology=technology_text(technology.model_copy(update=told)))


def _wires(trial: Trial, technology: Technology, value: float) -> Trial:
    """Wires on square tiles: `value` is r G n², with G the mean conductance of a cell."""
    synapse = technology.synapse
    assert synapse is not None
    if synapse.basis == "normalised":
        low, levels = _LARGEST_S / _RATIO, synapse.normalised_levels()
        siemens = tuple(float(level) for level in low + (_LARGEST_S - low) * levels)
        synapse = synapse.model_copy(update={"basis": "simulated", "conductance": siemens})
    ohm = value / (float(np.mean(synapse.conductance)) * WIRED_TILE**2)
    told = {"synapse": synapse, "tile_rows": WIRED_TILE, "tile_columns": WIRED_TILE}
    return replace(
        trial, technology=technology_text(technology.model_copy(update={**told, "wire_resistance_ohm": ohm}))
    )


# By twos, from what no net notices to what none survives
_NOISE = (0.005, 0.01, 0.02, 0.04, 0.08, 0.16, 0.32)
_SCALE = "of a column's full scale, standard deviation"
PROPERTIES: tuple[Property, ...] = (
    Property("levels", "levels", "levels of a device", "between its ends", (256, 128, 64, 32, 16, 8, 4, 2), _levels,
             lambda trial, technology, _: _levels(trial, technology, IDEAL_LEVELS), True, True),
    Property("programming noise", "1", "error of writing", _SCALE, _NOISE,
             _condition("programming_noise", "full_scale")),
    Property("read noise", "1", "noise of a read", _SCALE, _NOISE, _condition("read_noise", "full_scale")),
    Property("spread", "1", "spread from device to device", "of a weight's value, standard deviation",
             (0.02, 0.04, 0.08, 0.16, 0.32, 0.64), _condition("programming_noise", "value")),
    Property("stuck devices", "1", "devices that are stuck", "of all; a third each at smallest, largest, any",
             (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1), _condition("stuck")),
    Property("loss", "1", "share of the state that all devices lose", "of the state", (0.01, 0.03, 0.1, 0.3, 0.6, 0.9),
             _condition("faded")),
    Property("offset", "1", "offset between activations", "of full scale, standard deviation",
             (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1), _condition("activation_offset")),
    Property("slope error", "1", "error of the activations' slope", "of the slope, standard deviation",
             (0.01, 0.02, 0.05, 0.1, 0.2, 0.4), _condition("activation_gain")),
    Property("wires", "r G n²", "wire resistance times conductance", "r G n²: ohm a cell, mean siemens, rows of a tile",
             (0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0), _wires,
             lambda trial, technology, _: _wires(trial, technology, 0)),
    Property("converter bits", "bits", "bits of the converters", f"on tiles of {_ROWS} rows",
             (8, 7, 6, 5, 4, 3), _bits, lambda trial, technology, _: _bits(trial, technology, 0), True, True),
)  # fmt: skip
BY_NAME = {each.name: each for each in PROPERTIES}
_DEVICES = {"levels", "stuck devices", "loss", "wires"}
_ACTIVATIONS = {"offset", "slope error"}


def measured_on(technology: Technology) -> tuple[Property, ...]:
    """The properties that a net on this technology can be tried with: all, or those that need no devices."""
    without = _DEVICES if technology.synapse is None else set[str]()
    without |= set() if technology.activations else _ACTIVATIONS
    return tuple(each for each in PROPERTIES if each.name not in without)


def reference_technology(model: Model) -> Technology:
    """The technology of a model without its imperfections: its levels and curves, and ideal in all else."""
    own = model.technology
    synapse = None if own.synapse is None else _perfect(own.synapse)
    told = {name: each.model_copy(update={"spread": ActivationSpread(), "output_noise": None})
            for name, each in own.activations.items()}  # fmt: skip
    nothing = dict.fromkeys(
        ("tile_rows", "tile_columns", "wire_resistance_ohm", "column_wire_resistance_ohm", "driver_resistance_ohm")
    )
    plain = {"synapse": synapse, "activations": told, "dac": Converter(), "adc": Converter(), "name": own.name}
    return own.model_copy(update={**plain, **nothing})


def _perfect(synapse: Synapse) -> Synapse:
    told: dict[str, Any] = {**dict.fromkeys(LEVEL_FIELDS), "faults": Faults(), "spread": Spread(), "read": Read()}
    return synapse.model_copy(update={**told, "retention": None, "ensemble": None})
