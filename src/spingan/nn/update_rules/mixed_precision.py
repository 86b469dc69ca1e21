"""Rule `mixed_precision`: gradients are summed in digital memory, and whole pulses go into the devices, blind.

    χ <- χ - η g;   n = trunc(χ / e) pulses;   χ <- χ - n e

with e a device's mean step: Nandakumar et al., Front. Neurosci. 14, 406 (2020), section 2 (arXiv 2001.11773). Nothing
reads a device back: the next gradients are taken through it as it is. Noise of the gradients cancels in χ before a
pulse is spent, so that there are about (η σ / e)² pulses an update in place of η σ / e, and the drift of asymmetric
devices is smaller by as much. A weight then rests within about a step of its optimum.

χ is the one number for a weight that is kept beside the devices; the bill counts it.

Blind, pulses to and fro still make a weight drift where its device's steps up and down differ: a pair's device at its
smallest conductance takes larger steps up than down, and weights near zero are driven outwards. With
`Settings.read_back` a device is read before its pulses, and χ gives what the mean curve says they do at that place,

    χ <- χ - n q(x);   q(x) = the mean step at the place x that was read, in units of e,

so that what pulses did too much or too little is made up for later, and no drift is left but that of the curve's own
error. Where a pulse is worth more than `COARSE` mean steps, n is χ / q(x), rounded to the nearest: pulses that would
carry a weight further past its place than it is away are not given; nor are those that would not move it, and what was
summed for them is dropped, so that no sum grows at the end of a range. Ours: the source notes the asymmetry and lets
the gradients mend it.
"""

import torch
from torch import Tensor

from spingan.costs.rule_cost import RuleCost
from spingan.nn.kernels.pulses import accumulate
from spingan.nn.on_chip import mean_steps
from spingan.nn.update_rules.base import State, UpdateRule, WrittenArray

COARSE = 2.0  # mean steps; below it the whole part of a sum never overshoots by more than the sum itself


class MixedPrecision(UpdateRule):
    """State of each weight: `accumulated`, χ in units of a pulse, with the gradient's sign.

    Of each array, where devices are read before their pulses: `reads`, how often a weight's were on average.
    """

    name = "mixed_precision"
    # χ read and written, the gradient read; mean square, gain; sum of squares, χ + ηg, χ - n e
    cost = RuleCost("mixed_precision", words=1, moved=3, multiplications=2, additions=3)

    def _begin(self, array: WrittenArray, state: State) -> None:
        state["accumulated"] = torch.zeros_like(array.layer.weight)

    def _update(self, array: WrittenArray, state: State, gradient: Tensor, factor: float) -> None:
        whole = torch.empty_like(state["accumulated"])
        accumulate(state["accumulated"], gradient, whole, factor)
        if self.settings.read_back:
            self._charge(array, state, whole)
        self._write(array, state, whole, 1.0)

    def _charge(self, array: WrittenArray, state: State, whole: Tensor) -> None:
        """Charge the sums with what the pulses do where devices are, in place of so many mean steps."""
        at = whole.nonzero(as_tuple=True)
        asked, accumulated = whole[at], state["accumulated"]
        sums = accumulated[at] + asked
        steps = mean_steps(array.layer, array.response, at, asked < 0) * self.pulses_of_full_scale
        fitting = (sums / steps).abs().add(0.5).floor_().copysign(asked)
        pulses = torch.where(steps > COARSE, torch.minimum(fitting.abs(), asked.abs()).copysign(asked), asked)
        moves = steps > 0
        whole[at] = pulses * moves
        accumulated[at] = sums - torch.where(moves, pulses * steps, asked)
        state["reads"] = state.get("reads", torch.zeros(())) + len(asked) / whole.numel()

    def reads(self) -> float | None:
        if not self.settings.read_back:
            return None
        states = [(self.state[array.layer.weight], array.layer.weight.numel()) for array in self.arrays]
        return sum(float(state.get("reads", 0.0)) * weights for state, weights in states) / self.weights
