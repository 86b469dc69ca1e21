"""On-chip learning: a layer's conductances are its state, and updates are trains of write pulses.

Here is what the devices give: what a pulse does, which devices are stuck, what an array holds when a training begins,
and what half-selected devices do. How a gradient becomes pulses is the rules' part (`spingan.nn.update_rules`).
"""

from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm as _Norm

from spingan.errors import UserError
from spingan.nn.analog import AnalogLayer, analog_layers
from spingan.nn.draws import standard_normal
from spingan.nn.kernels.pulses import PulseResponse, Stuck
from spingan.spec.synapse import Faults, Synapse
from spingan.spec.technology import Technology


def pulse_response(technology: Technology) -> PulseResponse:
    """What a pulse does to a weight of an array of this technology.

    Raises:
        UserError: It has no synapse, or its synapse no steps.
    """
    synapse = technology.synapse
    if synapse is None or synapse.step_up is None or synapse.step_down is None:
        name = technology.name if synapse is None else f"{technology.name}'s synapse {synapse.name}"
        raise UserError(
            f"{name} says nothing of what a write pulse does: on-chip training has nothing to write with",
            "Give its file step_up and step_down: spingan fit synapse FILE --branch COLUMN finds them in measurements.",
        )
    return PulseResponse(
        up=_even(synapse, synapse.step_up),
        down=_even(synapse, synapse.step_down),
        up_spread=_spread(synapse, synapse.step_up, synapse.step_up_spread),
        down_spread=_spread(synapse, synapse.step_down, synapse.step_down_spread),
        off=technology.off_conductance if technology.encoding == "sign_crossbar" else 0.0,
        endurance=synapse.endurance_writes or float("inf"),
        half_select=synapse.write.half_select_disturb or 0.0,
        ends=(-1.0, 1.0) if technology.encoding == "midpoint_reference" else None,
    )


def symmetry_point(technology: Technology) -> float:
    """The place 0..1 at which a device's steps up and down are equal, so that pulses to and fro leave it there.

    Raises:
        UserError: As `pulse_response`, or the steps are equal nowhere or everywhere.
    """
    response = pulse_response(technology)
    difference = response.up.astype(np.float64) - response.down
    places = np.linspace(0, 1, len(difference))
    crossing = np.flatnonzero((difference[:-1] > 0) & (difference[1:] <= 0))
    if not len(crossing):
        assert technology.synapse is not None
        raise UserError(
            f"synapse {technology.synapse.name} has no symmetry point: up-steps do not fall below down-steps anywhere",
            "Choose on_chip.rule=pulses or mixed_precision, which need none.",
        )
    first = int(crossing[0])
    share = difference[first] / (difference[first] - difference[first + 1])
    return float(places[first] + share * (places[first + 1] - places[first]))


def reference_response(technology: Technology) -> PulseResponse:
    """What a pulse does to a device of a second array, one a weight, whose reference is subtracted at the read."""
    return replace(pulse_response(technology), off=0.0, half_select=0.0, ends=(0.0, 1.0))


def _even(synapse: Synapse, steps: tuple[float, ...]) -> NDArray[np.float32]:
    """Steps in fractions of the span, at places that lie evenly."""
    span = synapse.conductance[-1] - synapse.conductance[0]
    places = np.linspace(0, 1, synapse.states)
    return (np.interp(places, synapse.normalised_levels(), steps) / span).astype(np.float32)


def _spread(synapse: Synapse, steps: tuple[float, ...], stated: tuple[float, ...] | None) -> NDArray[np.float32]:
    if stated is not None:
        return _even(synapse, stated)
    share = synapse.spread.cycle_to_cycle or 0.0
    return _even(synapse, tuple(share * step for step in steps))


@torch.no_grad()
def hold_conductances(
    model: nn.Module, full_scale: float, transposed_noise: float, digital_norms: bool = False, relative: bool = True
) -> None:
    """Make the arrays of a converted model its only state.

    Every layer's gain is fixed at `full_scale`, by default in units of its first weights, and the weights become what
    devices can hold: clipped to full scale and, in a sign crossbar, no smaller than the smallest conductance.

    Args:
        full_scale: In units of the first weights' root mean square, or of a weight where not `relative`.
        transposed_noise: Standard deviation of a device at a transposed read, as a fraction of full scale.
        digital_norms: Batch norm's scales and offsets are kept in digital memory; otherwise such a net is refused.

    Raises:
        UserError: A layer has a bias, or a module other than an array has parameters: no device would hold them.
    """
    layers = {id(layer.weight) for layer in analog_layers(model)}
    norms = {id(parameter) for norm in model.modules() if isinstance(norm, _Norm) for parameter in norm.parameters()}
    others = [
        (name, id(parameter) in norms) for name, parameter in model.named_parameters() if id(parameter) not in layers
    ]
    homeless = [name for name, of_norm in others if not (digital_norms and of_norm)]
    if homeless:
        only_norms = all(of_norm for _, of_norm in others)
        raise UserError(
            f"on-chip training has no devices for {', '.join(homeless)}",
            "Add --set on_chip.digital_norms=true, which keeps them in digital memory, or use a net without batch norm."
            if only_norms
            else "Use a net without batch norm and biases, such as am-dcgan.",
        )
    for layer in analog_layers(model):
        full = full_scale * (float(layer.weight.square().mean().sqrt()) if relative else 1.0)
        layer.gain.fill_(full)
        off = layer.rules.off if layer.rules.encoding == "sign_crossbar" else 0.0
        smallest = off / (1 + off)
        sizes = (layer.weight.abs() / full).clamp(smallest, 1)
        layer.weight.copy_(torch.where(layer.weight < 0, -sizes, sizes) * full)
        layer.holds_conductances = True
        layer.transposed_noise = transposed_noise


@torch.no_grad()
def draw_stuck(layer: AnalogLayer, faults: Faults, seed: int, referenced: bool = False) -> Stuck | None:
    """Draw which devices behind a layer's weights are stuck, and where; the weights become what these allow.

    The shares are each device's chances, as on chips (`spingan.arrays.mapping`). A pair whose two devices are both
    stuck keeps its weight, and so does a device that is alone.

    Args:
        seed: The same seed draws the same devices.
        referenced: The devices are those of a second array, one a weight, which nothing has been written into.

    Returns:
        The devices, or None where none can be stuck.
    """
    shares = (faults.stuck_at_minimum or 0.0, faults.stuck_at_maximum or 0.0, faults.stuck_at_random or 0.0)
    if not any(shares):
        return None
    weight = layer.weight.detach()
    generator = torch.Generator().manual_seed(seed)
    first, place = _stuck_devices(weight.shape, shares, generator)
    if referenced:
        return Stuck(_ordered(first.to(torch.int8) * 3, weight), _ordered(place, weight))
    full = float(layer.gain[0])
    held = (weight / full).cpu()
    if layer.rules.encoding != "differential_pair":
        now_there = _weight_at(layer, place, held)
        now, which, beside = torch.where(first, now_there, held), first.to(torch.int8) * 3, torch.zeros_like(place)
    else:
        second, other = _stuck_devices(weight.shape, shares, generator)
        which = first.to(torch.int8) + 2 * second.to(torch.int8)
        beside = place * first - other * second
        low = torch.where(which == 1, beside - 1, torch.where(which == 2, beside, -torch.ones_like(beside)))
        high = torch.where(which == 1, beside, torch.where(which == 2, beside + 1, torch.ones_like(beside)))
        now = torch.where(which == 3, beside, torch.minimum(torch.maximum(held, low), high))
    weight.copy_((now * full).to(weight.device))
    return Stuck(_ordered(which, weight), _ordered(beside, weight))


def _stuck_devices(
    shape: torch.Size, shares: tuple[float, float, float], generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Which devices are stuck, and the places 0..1 where they are: at 0, at 1, or anywhere."""
    lot, anywhere = torch.rand(shape, generator=generator), torch.rand(shape, generator=generator)
    at_minimum, at_maximum, at_random = shares
    place = torch.where(lot < at_minimum, 0.0, torch.where(lot < at_minimum + at_maximum, 1.0, anywhere))
    return lot < at_minimum + at_maximum + at_random, place


def _ordered(values: Tensor, like: Tensor) -> Tensor:
    """The values in the memory order of another tensor, here."""
    return torch.empty_like(like, dtype=values.dtype, device="cpu").copy_(values)


@torch.no_grad()
def disturb_half_selected(
    layer: AnalogLayer,
    response: PulseResponse,
    writes: tuple[Tensor, Tensor],
    raised: Tensor,
    stuck: Stuck | None = None,
) -> None:
    """Move what the pulses of an update have half selected: each device by a share of its own step a pulse it saw.

    A pulse puts half of its voltage on all other devices of its row and of its column in the same tile, up or down as
    it goes itself (the half-voltage scheme). A pair's two devices share a row, and each has a column of its own. What a
    disturb adds to both devices of a pair is not kept: it drops out of the weight. Stuck devices do not move, nor do
    their partners here.

    Args:
        writes: Pulses of the update on the positive and on the negative devices, as the weight.
        raised: Where the update raises weights: boolean, as the weight.
    """
    weight, full = layer.weight.detach(), float(layer.gain[0])
    held = weight / full
    growing = raised == (held >= 0) if layer.rules.encoding == "sign_crossbar" else raised
    own = [(writes[0] * growing, writes[0] * ~growing), (writes[1] * ~growing, writes[1] * growing)]
    up, down = (torch.from_numpy(curve).to(weight.device) for curve in (response.up, response.down))

    def moved(place: Tensor, device: int) -> Tensor:
        rises, falls = (_half_selects(layer, own[0][way], own[1][way], own[device][way]) for way in range(2))
        level = (place * (len(up) - 1)).round().long()
        return (place + response.half_select * (rises * up[level] - falls * down[level])).clamp(0, 1)

    if layer.rules.encoding == "differential_pair":
        after = moved(held.clamp(min=0), 0) - moved((-held).clamp(min=0), 1)
    else:
        after = _weight_at(layer, moved(_place(layer, held), 0), held)
    if stuck is not None:
        after = torch.where(stuck.which.to(weight.device) == 0, after, held)
    weight.copy_(full * after)


def _half_selects(layer: AnalogLayer, positive: Tensor, negative: Tensor, own: Tensor) -> Tensor:
    """Pulses on other devices of the row and of the column that each device sees, as the weight.

    Args:
        positive, negative: Pulses on both devices of each pair, which share a row.
        own: Those on the devices whose columns count.
    """
    halves = (layer.layout.matrices(pulses) for pulses in (positive + negative, own))
    seen = [
        _tile_sums(row, 1, layer.rules.weights_across) + _tile_sums(column, 0, layer.rules.tile_rows) - 2 * column
        for row, column in zip(*halves, strict=True)
    ]
    return layer.layout.weight(seen, own.shape)


def _tile_sums(pulses: Tensor, axis: int, size: int | None) -> Tensor:
    """The sum along an axis within each tile, at all places of it."""
    parts = pulses.split(size or pulses.shape[axis], axis)
    return torch.cat([part.sum(axis, keepdim=True).expand_as(part) for part in parts], axis)


@torch.no_grad()
def read_devices(layer: AnalogLayer) -> Tensor:
    """The weights that an array's devices hold, each read alone, with the layer's read noise."""
    noise, weight = layer.read_noise, layer.weight.detach()
    if noise is None or not noise.fraction:
        return weight
    unit = standard_normal(weight.shape, layer.source.next_key(), weight.device)
    return weight + noise.fraction * (unit * weight if noise.of == "value" else unit * float(layer.gain[0]))


@torch.no_grad()
def read_at(layer: AnalogLayer, at: tuple[Tensor, ...]) -> Tensor:
    """Weights in full scales, as the devices behind them are read, with the layer's read noise.

    Args:
        at: Places of the weights in their tensor, as `torch.nonzero` gives them.
    """
    held = layer.weight.detach()[at] / float(layer.gain[0])
    if (noise := layer.read_noise) is not None and noise.fraction:
        unit = standard_normal(held.shape, layer.source.next_key(), held.device)
        held = held + noise.fraction * unit * (held if noise.of == "value" else 1.0)
    return held


@torch.no_grad()
def steps_at(layer: AnalogLayer, response: PulseResponse, held: Tensor) -> Tensor:
    """What a pulse does on average to devices where they were read to be.

    Args:
        held: (weights,) what was read (`read_at`), in full scales.

    Returns:
        (2, weights) the mean step of a pulse that lowers the weight, and of one that raises it: fractions of the span.
    """
    level = (_place(layer, held).clamp(0, 1) * (len(response.up) - 1)).round().long()
    falls, grows = torch.from_numpy(np.stack([response.down, response.up])).to(held.device)[:, level]
    if response.ends is not None:
        return torch.stack([falls, grows])
    negative = held < 0  # a weight is lowered by a conductance that grows
    means = torch.stack([torch.where(negative, grows, falls), torch.where(negative, falls, grows)])
    if not response.off:  # both devices of a pair are at their smallest: the right one goes up
        means[0] = torch.where(held == 0, grows, means[0])
    return means


@torch.no_grad()
def on_levels(layer: AnalogLayer, values: Tensor, technology: Technology) -> Tensor:
    """Weights as writing with verification leaves them in an array: on the nearest of the synapse's levels."""
    assert technology.synapse is not None
    levels = torch.from_numpy(technology.synapse.normalised_levels()).to(values)
    full = float(layer.gain[0])
    held = values / full
    place = _place(layer, held).contiguous()
    nearest = levels[torch.bucketize(place, (levels[1:] + levels[:-1]) / 2)]
    return full * _weight_at(layer, nearest, held)


def _place(layer: AnalogLayer, held: Tensor) -> Tensor:
    """The place 0..1 of the device that holds each weight, in full scales; of a pair, the one that is not smallest."""
    if layer.rules.encoding == "midpoint_reference":
        return ((held + 1) / 2).clamp(0, 1)
    off = layer.rules.off if layer.rules.encoding == "sign_crossbar" else 0.0
    return (held.abs() * (1 + off) - off).clamp(0, 1)


def _weight_at(layer: AnalogLayer, place: Tensor, held: Tensor) -> Tensor:
    """The weight, in full scales, of a device at a place, with the sign of `held` where a sign is kept apart."""
    if layer.rules.encoding == "midpoint_reference":
        return 2 * place - 1
    off = layer.rules.off if layer.rules.encoding == "sign_crossbar" else 0.0
    return torch.where(held < 0, -1.0, 1.0) * (off + place) / (1 + off)
