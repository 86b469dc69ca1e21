"""What a technology has of each property, in the unit in which a net's tolerance of it is measured.

A device's error becomes an error of the net's own weights: variances of the devices that hold them, through the
encoding. Nothing is drawn, but how devices age.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from spingan.arrays.ageing import aged
from spingan.arrays.rules import ArrayRules, of_each_column
from spingan.errors import UserError
from spingan.nn.analog import AnalogLayer
from spingan.nn.quantise import along
from spingan.nn.weights import Model
from spingan.spec.synapse import Synapse
from spingan.spec.technology import Technology

DAY_S, TEN_YEARS_S = 86_400.0, 10 * 365.25 * 86_400.0
AGES = {"a day": DAY_S, "ten years": TEN_YEARS_S}
_LOTS = 4_096  # devices by which ageing is known at a state: a deviation to 1 %
_STATES = 33  # at which it is; between them it is straight
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Has:
    """What a technology has of a property: the tolerance that it is held against, and the value.

    Attributes:
        name: Of the requirement; several may be held against one tolerance, as those after a day and after ten years.
        value: None is unknown, and `why` says what is missing; a property that it cannot have is 0.
        exact: Nothing of the kind is in it: digital functions, no converters.
    """

    name: str
    tolerance: str
    value: float | None
    why: str = ""
    exact: bool = False


@dataclass(frozen=True)
class _Held:
    """Weights in full scales, and the conductances that hold them, in spans above the smallest; without wires."""

    weight: Floats
    positive: Floats
    negative: Floats
    span: float
    off: float
    """Above 0 where a weight's other half is no device."""

    def rms(self, variance: Callable[[Floats], Floats]) -> tuple[float, float]:
        """(sum of the weights' variances, number of weights) for devices of a variance against their state."""
        own = [_variance(half, variance, self.off) for half in (self.positive, self.negative)]
        each = self.span**2 * (own[0] + own[1])
        return float(np.broadcast_to(each, self.weight.shape).sum()), self.weight.size


def _variance(state: Floats, variance: Callable[[Floats], Floats], off: float) -> Floats:
    there = state > -off if off else np.ones(state.shape, bool)  # a sign crossbar's other half is no device
    return np.where(there, variance(np.clip(state, 0.0, 1.0)), 0.0)


def figures_of(model: Model, technology: Technology) -> tuple[Has, ...]:
    """What a technology has of each property for a net's weights."""
    synapse = technology.synapse
    found = _of_devices(model, technology, synapse) if synapse is not None else _of_floats(technology)
    return (*found, *_of_activations(model, technology), *_of_arrays(model, technology))


def _of_floats(technology: Technology) -> Iterator[Has]:
    why = f"{technology.name} has no devices: weights are floats"
    yield Has("levels", "levels", math.inf, why, True)
    for name in ("programming noise", "read noise", "spread", "stuck devices"):
        yield Has(name, name, 0.0, why, True)
    for age in AGES:
        yield Has(f"loss in {age}", "loss", 0.0, why, True)
        yield Has(f"scatter in {age}", "programming noise", 0.0, why, True)


def _of_devices(model: Model, technology: Technology, synapse: Synapse) -> Iterator[Has]:
    held = list(_held(model, technology))
    levels, span_s = synapse.normalised_levels(), synapse.conductance[-1] - synapse.conductance[0]

    def rms(variance: Callable[[Floats], Floats]) -> float:
        sums, numbers = zip(*(each.rms(variance) for each in held), strict=True)
        return math.sqrt(sum(sums) / sum(numbers))

    def table(values: Floats) -> Callable[[Floats], Floats]:
        return lambda state: np.interp(state, levels, values) ** 2

    yield Has("levels", "levels", float(synapse.states))
    error = synapse.write_error
    known = None if error is None else rms(table(np.array(error) / span_s))
    yield Has("programming noise", "programming noise", known, "its write error is not stated")
    noise = synapse.read_noise_of_range()
    yield Has("read noise", "read noise", None if noise is None else rms(table(noise)), "its read noise is not stated")
    size = _rms_of(held)
    variance = _spread(synapse, technology.off_conductance, span_s)
    spread = None if variance is None else rms(variance) / size
    yield Has("spread", "spread", spread, "its spread from device to device is not stated")
    faults = [getattr(synapse.faults, f"stuck_at_{where}") for where in ("minimum", "maximum", "random")]
    stuck = None if all(share is None for share in faults) else sum(share or 0.0 for share in faults)
    yield Has("stuck devices", "stuck devices", stuck, "its share of stuck devices is not stated")
    for age, time_s in AGES.items():
        loss, scatter, why = _ageing(held, technology, synapse, time_s)
        yield Has(f"loss in {age}", "loss", loss, why)
        yield Has(f"scatter in {age}", "programming noise", scatter, why)


def _held(model: Model, technology: Technology) -> Iterator[_Held]:
    for layer in model.generator.modules():
        if not isinstance(layer, AnalogLayer):
            continue
        own = technology.for_dense() if isinstance(layer, nn.Linear) else technology
        rules = ArrayRules.of(own)
        weight = (layer.weight.detach() / along(layer.gain, layer.weight, layer.column_axis)).clamp(-1, 1).double()
        weight = weight.movedim(layer.column_axis, -1).flatten(0, -2)
        positive, negative = rules.conductances(weight, column_axis=1)
        negative = of_each_column(negative, positive, 1)
        own_state, other_state = (half.numpy() - rules.off for half in (positive, negative))
        one_device = own.encoding == "sign_crossbar"
        yield _Held(weight.numpy(), own_state, other_state, rules.span, rules.off if one_device else 0.0)


def weight_rms(model: Model, technology: Technology) -> float:
    """Root mean square of a net's weights, in full scales of their columns."""
    return _rms_of(list(_held(model, technology)))


def _rms_of(held: list[_Held]) -> float:
    return math.sqrt(sum(float((each.weight**2).sum()) for each in held) / sum(each.weight.size for each in held))


def _spread(synapse: Synapse, off: float, span_s: float) -> Callable[[Floats], Floats] | None:
    """Variance of a device's conductance in spans against its state, from device to device; None: unknown."""
    spread = synapse.spread
    ends = spread.minimum_conductance_s, spread.maximum_conductance_s
    if spread.gain is None and spread.resistance is None and ends == (None, None):
        return None
    low, high = ((end or 0.0) / span_s for end in ends)
    gain, bounds = spread.gain or 0.0, spread.resistance or 0.0

    def variance(state: Floats) -> Floats:
        of_ends = ((1 - state) * low) ** 2 + (state * high) ** 2
        return of_ends + (gain * state) ** 2 + (bounds * (state + off)) ** 2 / 3  # even odds within ± have 1/√3

    return variance


def _ageing(
    held: list[_Held], technology: Technology, synapse: Synapse, time_s: float
) -> tuple[float | None, float | None, str]:
    """What all weights lose alike after a time, and the rms of how each differs from that, in full scales."""
    try:
        retention = synapse.retention_at(time_s)
    except UserError as error:
        return None, None, error.problem
    off = technology.off_conductance
    rest, states = off + synapse.resting_fraction, np.linspace(0.0, 1.0, _STATES)
    lots = torch.Generator().manual_seed(0)
    written = torch.from_numpy(np.repeat(states[:, None] + off, _LOTS, 1))
    after = aged(written, retention, time_s, rest, off + 1, lots).numpy() - off
    mean, variance = after.mean(1), after.var(1)
    power = kept = error = 0.0
    count = 0
    for each in held:
        moved = [np.where(each.off > 0, np.where(half > -each.off, np.interp(half, states, mean), half),
                          np.interp(half, states, mean)) for half in (each.positive, each.negative)]  # fmt: skip
        now = each.span * (moved[0] - moved[1])
        power, kept = power + float((each.weight**2).sum()), kept + float((each.weight * now).sum())
        scattered, number = each.rms(lambda state: np.interp(state, states, variance))
        error, count = error + scattered + float((now**2).sum()), count + number
    left = kept / power
    common = left * kept  # of the squares, what all weights have alike
    loss = min(max(1 - left, 0.0), 1.0)
    scatter = math.sqrt(max(error - common, 0.0) / count)
    return loss, scatter / max(left, 1e-3), ""  # relative to what is left, which amplifiers bring back


def _of_activations(model: Model, technology: Technology) -> Iterator[Has]:
    used = [technology.activations[key] for key in functions_of(model) if key in technology.activations]
    digital = "the net's activations are exact or digital on it"
    for name, field in (("offset", "offset"), ("slope error", "gain")):
        values: list[Any] = [getattr(each.spread, field) for each in used]
        known = [value for value in values if value is not None]
        unknown = len(known) < len(values)
        why = f"how its activations differ ({name}) is not stated" if unknown else ("" if used else digital)
        yield Has(name, name, None if unknown else max(known, default=0.0), why, not used)


def functions_of(model: Model) -> list[str]:
    """Keys of the activations that a net's generator has."""
    plain = model.family.make_generator(model.latent_size)
    keys = {nn.ReLU: "relu", nn.LeakyReLU: "leaky_relu", nn.Tanh: "tanh", nn.Sigmoid: "sigmoid"}
    return list(dict.fromkeys(keys[type(part)] for part in plain.modules() if type(part) in keys))


def _of_arrays(model: Model, technology: Technology) -> Iterator[Has]:
    product, why = wire_product(model, technology)
    yield Has("wires", "wires", product, why, technology.synapse is None)
    bits = [side.bits for side in (technology.dac, technology.adc) if side.bits is not None]
    why = "" if bits else f"{technology.name} states no converters: its values are exact"
    yield Has("converter bits", "converter bits", float(min(bits)) if bits else math.inf, why, not bits)


def wire_product(model: Model, technology: Technology) -> tuple[float | None, str]:
    """r G n² of a technology's tiles: ohm from cell to cell, mean conductance of the net's cells, rows of a tile."""
    synapse = technology.synapse
    if synapse is None:
        return 0.0, f"{technology.name} has no devices"
    if synapse.basis == "normalised":
        return None, "its conductances in siemens are not stated"
    ohms = technology.wire_resistance_ohm, technology.column_wire_resistance_ohm
    if ohms == (None, None):
        return None, "the resistance of its wires is not stated"
    tallest = max(each.weight.shape[0] for each in _held(model, technology))
    return max(ohm or 0.0 for ohm in ohms) * mean_conductance_s(model, technology) * _rows(technology, tallest) ** 2, ""


def _rows(technology: Technology, tallest: int) -> int:
    return min(technology.tile_rows or tallest, tallest)


def mean_conductance_s(model: Model, technology: Technology) -> float:
    """Mean conductance of the devices that hold a net's weights.

    Raises:
        UserError: They are not known in siemens.
    """
    synapse = technology.synapse
    assert synapse is not None
    siemens = synapse.require_siemens("the mean conductance")
    states = np.concatenate(
        [half.ravel() for each in _held(model, technology) for half in (each.positive, each.negative)]
    )
    return float(siemens[0] + (siemens[-1] - siemens[0]) * states[states >= 0].mean())
