"""On-chip learning: the conductances are a layer's only state, and every update is a train of write pulses.

No float copy of a weight exists. The gradient is taken through the array as it is, with its devices' variability, and
comes back through a transposed read with noise of its own. Behind each array the periphery keeps one number, the
running mean square of its gradients, which sets its amplifier: an automatic gain control, slow on purpose. Were every
gradient amplified to the same size at once, a net that has won would go on as fast as one that has much to learn. What
stands out above that mean the amplifier limits: after a quiet time one outlier would else overwrite the array.
"""

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from spingan.errors import UserError
from spingan.nn.analog import analog_layers
from spingan.nn.kernels.pulses import PulseResponse, write_pulses
from spingan.spec.synapse import Synapse
from spingan.spec.technology import Technology

MEMORY = 0.999  # of the running mean square, an update: that of Adam's second moment (arXiv 1412.6980)


def pulse_response(technology: Technology) -> PulseResponse:
    """What a pulse does to a weight of an array of this technology.

    Raises:
        UserError: It has no synapse, its synapse no steps, or its encoding is one that is not written by pulses here.
    """
    synapse = technology.synapse
    if synapse is None or synapse.step_up is None or synapse.step_down is None:
        name = technology.name if synapse is None else f"{technology.name}'s synapse {synapse.name}"
        raise UserError(
            f"{name} says nothing of what a write pulse does: on-chip training has nothing to write with",
            "Give its file step_up and step_down: spingan fit synapse FILE --branch COLUMN finds them in measurements.",
        )
    if technology.encoding == "midpoint_reference":
        raise UserError(
            f"technology {technology.name}: on-chip training writes differential pairs and sign crossbars only",
            "Choose another encoding.",
        )
    return PulseResponse(
        up=_even(synapse, synapse.step_up),
        down=_even(synapse, synapse.step_down),
        up_spread=_spread(synapse, synapse.step_up, synapse.step_up_spread),
        down_spread=_spread(synapse, synapse.step_down, synapse.step_down_spread),
        off=technology.off_conductance if technology.encoding == "sign_crossbar" else 0.0,
        endurance=synapse.endurance_writes or float("inf"),
    )


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
def hold_conductances(model: nn.Module, full_scale: float, transposed_noise: float) -> None:
    """Make the arrays of a converted model its only state.

    Every layer's gain is fixed at `full_scale` times the root mean square of its first weights, and the weights become
    what devices can hold: clipped to full scale and, in a sign crossbar, no smaller than the smallest conductance.

    Args:
        full_scale: In units of the first weights' root mean square.
        transposed_noise: Standard deviation of a device at a transposed read, as a fraction of full scale.

    Raises:
        UserError: A layer has a bias, or a module other than an array has parameters: no device would hold them.
    """
    layers = {id(layer.weight) for layer in analog_layers(model)}
    others = [name for name, parameter in model.named_parameters() if id(parameter) not in layers]
    if others:
        raise UserError(
            f"on-chip training has no devices for {', '.join(others)}",
            "Use a net without batch norm and biases, such as am-dcgan.",
        )
    for layer in analog_layers(model):
        full = full_scale * float(layer.weight.square().mean().sqrt())
        layer.gain.fill_(full)
        off = layer.rules.off if layer.rules.encoding == "sign_crossbar" else 0.0
        smallest = off / (1 + off)
        sizes = (layer.weight.abs() / full).clamp(smallest, 1)
        layer.weight.copy_(torch.where(layer.weight < 0, -sizes, sizes) * full)
        layer.holds_conductances = True
        layer.transposed_noise = transposed_noise


class PulseUpdate(torch.optim.Optimizer):
    """Turns the gradients of a model's arrays into write pulses.

    The root mean square of a layer's change, were there no rounding to pulses, is the learning rate in fractions of
    full scale for a gradient as large as those that the periphery remembers or larger, and less for a smaller one.

    State, for each weight: `positive` and `negative`, the writes that its devices have had. They are counted against
    the synapse's endurance: a device that has had its share no longer moves. For each array: `mean_square` of its
    gradients and the number of `updates`; the first of them count alike.
    """

    def __init__(self, model: nn.Module, technology: Technology, learning_rate: float) -> None:
        self.layers = list(analog_layers(model))
        super().__init__([layer.weight for layer in self.layers], {"lr": learning_rate})
        dense, other = pulse_response(technology.for_dense()), pulse_response(technology)
        self.responses = [dense if isinstance(layer, nn.Linear) else other for layer in self.layers]
        states = technology.synapse.states if technology.synapse is not None else 2
        self.pulses_of_full_scale = states - 1  # as far as the periphery knows: the mean step
        for layer in self.layers:
            state = self.state[layer.weight]
            state["positive"] = torch.zeros_like(layer.weight)
            state["negative"] = torch.zeros_like(layer.weight)
            state["mean_square"], state["updates"] = torch.zeros(()), torch.zeros(())

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Write one update into every array."""
        rate = self.param_groups[0]["lr"]
        for layer, response in zip(self.layers, self.responses, strict=True):
            weight, gradient = layer.weight, layer.weight.grad
            if gradient is None:
                continue
            state = self.state[weight]
            size = max(float(gradient.square().mean().sqrt()), _remember(state, gradient))
            if not size > 0:
                continue
            if gradient.stride() != weight.stride():
                gradient = torch.empty_like(weight).copy_(gradient)
            pulses = rate * self.pulses_of_full_scale * (1 + response.off)
            write_pulses(
                weight.detach(),
                gradient,
                state["positive"],
                state["negative"],
                full=float(layer.gain[0]),
                factor=pulses / size,
                response=response,
                key=layer.source.next_key(),
            )

    def most_writes(self) -> float:
        """Writes of the device that has had most."""
        return max(float(writes.max()) for writes in self._writes())

    def mean_writes(self) -> float:
        """Writes of a weight's devices together, on average."""
        total = sum(float(writes.double().sum()) for writes in self._writes())
        return total / sum(state["positive"].numel() for state in self.state.values())

    def _writes(self) -> Iterator[Tensor]:
        for state in self.state.values():
            yield from (state["positive"], state["negative"])


def _remember(state: dict[str, Tensor], gradient: Tensor) -> float:
    """The root mean square of an array's gradients so far, this one included."""
    state["updates"] += 1
    share = max(1 - MEMORY, 1 / float(state["updates"]))
    state["mean_square"].lerp_(gradient.square().mean().to(state["mean_square"].device), share)
    return math.sqrt(float(state["mean_square"]))
