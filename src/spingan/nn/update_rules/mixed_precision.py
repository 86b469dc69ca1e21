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
carry a weight further past its place than it is away are not given. Nor are those the other way until as much is
summed, half a coarse pulse: otherwise sums of one sign would wait for longer, and all weights of a net lie beside their
places on the same side, which the sums of a column feel most. And such sums begin anywhere within half a coarse pulse
to either side, by lot: from zero, what the gradients ask of many weights alike would come in one leap of all of them.
Pulses that would not move a device are not given either, and what was summed for them is dropped, so that no sum grows
at the end of a range. Ours: the source notes the asymmetry and lets the gradients mend it.

What a pulse does also varies from one to the next, and on a device whose pulses scatter by more than their mean step
that error walks on. With `Settings.read_after` a device is read once more, and χ gives what its pulses did:

    χ <- χ - (x' - x) / e;   x, x' = the places read before and after.

A weight and its sum are then together what the gradients asked for, within full scale and however coarse the device:
only its own place is off, by what is left in χ. That is a write that is verified once, and whose rest is kept instead
of written again.
"""

import torch
from torch import Tensor

from spingan.costs.rule_cost import RuleCost
from spingan.nn.kernels.pulses import accumulate
from spingan.nn.on_chip import mean_steps, read_at
from spingan.nn.update_rules.base import State, UpdateRule, WrittenArray

COARSE = 2.0  # mean steps; below it the whole part of a sum never overshoots by more than the sum itself


class MixedPrecision(UpdateRule):
    """State of each weight: `accumulated`, χ in units of a pulse, with the gradient's sign.

    Of each array, where devices are read at their pulses: `reads`, how often a weight's were on average.
    """

    name = "mixed_precision"
    # χ read and written, the gradient read; mean square, gain; sum of squares, χ + ηg, χ - n e
    cost = RuleCost("mixed_precision", words=1, moved=3, multiplications=2, additions=3)

    def _begin(self, array: WrittenArray, state: State) -> None:
        sums = torch.zeros_like(array.layer.weight)
        if self.settings.read_back:
            held, random = array.layer.weight.detach() / float(array.layer.gain[0]), torch.Generator()
            lot = torch.rand(held.shape, generator=random.manual_seed(array.seed)).to(held.device) - 0.5
            coarser = self._coarser(array, held)
            sums.copy_(torch.where(coarser > COARSE, coarser * lot, 0.0))
        state["accumulated"] = sums

    def _update(self, array: WrittenArray, state: State, gradient: Tensor, factor: float) -> None:
        whole = torch.empty_like(state["accumulated"])
        accumulate(state["accumulated"], gradient, whole, factor)
        if self.settings.read_back:
            self._write_and_charge(array, state, whole)
        else:
            self._write(array, state, whole, 1.0)

    def _write_and_charge(self, array: WrittenArray, state: State, whole: Tensor) -> None:
        """Charge the sums with what the pulses do where devices are, or with what they did, in place of mean steps."""
        at = whole.nonzero(as_tuple=True)
        asked, accumulated, before = whole[at], state["accumulated"], read_at(array.layer, at)
        sums = accumulated[at] + asked
        steps = mean_steps(array.layer, array.response, before, asked < 0) * self.pulses_of_full_scale
        fitting = (sums / steps).abs().add(0.5).floor_().copysign(asked)
        pulses = torch.where(steps > COARSE, torch.minimum(fitting.abs(), asked.abs()).copysign(asked), asked)
        coarser = self._coarser(array, before)
        pulses *= (coarser <= COARSE) | (sums.abs() >= coarser / 2)
        moves = steps > 0
        whole[at] = pulses * moves
        self._write(array, state, whole, 1.0)
        reads = len(asked)
        if self.settings.read_after:
            full = self.pulses_of_full_scale * array.pulses_per_step
            given = pulses != 0
            now = torch.where(given, read_at(array.layer, at), before) * full
            wanted = before * full - sums
            accumulated[at] = now - wanted.clamp(-full, full)
            reads += int(given.count_nonzero())
        else:
            accumulated[at] = sums - torch.where(moves, pulses * steps, asked)
        state["reads"] = state.get("reads", torch.zeros(())) + reads / whole.numel()

    def _coarser(self, array: WrittenArray, held: Tensor) -> Tensor:
        """Of devices where they were read to be, the larger of the mean steps up and down, in mean steps."""
        raised = torch.ones_like(held, dtype=torch.bool)
        up, down = (mean_steps(array.layer, array.response, held, way) for way in (raised, ~raised))
        return torch.maximum(up, down) * self.pulses_of_full_scale

    def reads(self) -> float | None:
        if not self.settings.read_back:
            return None
        states = [(self.state[array.layer.weight], array.layer.weight.numel()) for array in self.arrays]
        return sum(float(state.get("reads", 0.0)) * weights for state, weights in states) / self.weights
