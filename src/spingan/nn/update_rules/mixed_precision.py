"""Rule `mixed_precision`: gradients are summed in digital memory, and whole pulses go into the devices, blind.

    χ <- χ - η g;   n = trunc(χ / e) pulses;   χ <- χ - n e

with e a device's mean step: Nandakumar et al., Front. Neurosci. 14, 406 (2020), section 2 (arXiv 2001.11773). Nothing
reads a device back: the next gradients are taken through it as it is. Noise of the gradients cancels in χ before a
pulse is spent, so that there are about (η σ / e)² pulses an update in place of η σ / e, and the drift of asymmetric
devices is smaller by as much. A weight then rests within about a step of its optimum.

χ is the one number for a weight that is kept beside the devices; the bill counts it.

By the whole part, a device that has moved up moves down again only after two steps' worth of gradient: backlash. All
weights of a column see the mean of its inputs, which then waits to and fro for all of them at once: columns then lie
0.15 steps and more beside their places, where rounding leaves what lots would (tests/nn/test_mixed_precision.py).
With `Settings.pulse_at` = 0.5 the sum is rounded, n =
χ / e to the nearest, and some devices of a column are always about to move; it takes some ten times as many pulses.
Ours: the source has no GAN, and wants few pulses.

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
Sums that are rounded begin within half a step, as a write to the nearest level leaves them.
Pulses that would not move a device are not given either, and what was summed for them is dropped, so that no sum grows
at the end of a range. Ours: the source notes the asymmetry and lets the gradients mend it.

What a pulse does also varies from one to the next, and on a device whose pulses scatter by more than their mean step
that error walks on. With `Settings.read_after` a write is verified: a device is read after its pulses, and has more of
them, until its sum asks for no pulse or it has been tried `MOST_TRIES` times,

    χ <- χ - (x' - x) / e;   x, x' = the places read before and after.

A weight and its sum are then together what the gradients asked for, within full scale and however coarse the device:
only its own place is off, by what is left in χ. Where pulses one way are fine none waits for a coarse one the other
way: what that does too much is climbed back in the same update. Pulses are dealt with care, n = |χ| / (q(x) + σ(x))
and one at least, with σ the scatter of one.
"""

import torch
from torch import Tensor

from spingan.costs.rule_cost import RuleCost
from spingan.nn.kernels.pulses import Check, Stuck, accumulate, verify_pulses
from spingan.nn.on_chip import disturb_half_selected, read_at, steps_at
from spingan.nn.update_rules.base import State, UpdateRule, WrittenArray, note_worn

COARSE = 2.0  # mean steps; below it the whole part of a sum never overshoots by more than the sum itself
MOST_TRIES = 64  # of a verified write in one update. What is left undone lies below its place: 0.047 steps on average
# after 16 tries on the skyrmion synapse, which a column of a thousand adds up to 47, and below 0.02 after 64 (the test)


class MixedPrecision(UpdateRule):
    """State of each weight: `accumulated`, χ in units of a pulse, with the gradient's sign.

    Of each array, where devices are read at their pulses: `reads`, how often a weight's were on average.
    """

    name = "mixed_precision"
    # χ read and written, the gradient read; mean square, gain; sum of squares, χ + ηg, χ - n e
    cost = RuleCost("mixed_precision", words=1, moved=3, multiplications=2, additions=3)

    def _begin(self, array: WrittenArray, state: State) -> None:
        held, random = array.layer.weight.detach() / float(array.layer.gain[0]), torch.Generator()
        lot = 2 * torch.rand(held.shape, generator=random.manual_seed(array.seed)).to(held.device) - 1
        wait = torch.full_like(held, self.settings.pulse_at if self.settings.pulse_at < 1 else 0.0)
        if self.settings.read_back:
            steps = self._steps(array, held.flatten())
            wait = wait.maximum(self._wait(steps).view_as(held))
        state["accumulated"] = torch.zeros_like(array.layer.weight).copy_(wait * lot)

    def _update(self, array: WrittenArray, state: State, gradient: Tensor, factor: float) -> None:
        whole = torch.empty_like(state["accumulated"])
        accumulate(state["accumulated"], gradient, whole, factor, self.settings.pulse_at)
        if self.settings.read_back:
            self._write_and_charge(array, state, whole)
        else:
            self._write(array, state, whole, 1.0)

    def _write_and_charge(self, array: WrittenArray, state: State, whole: Tensor) -> None:
        """Charge the sums with what the pulses do where devices are, or with what they did, in place of mean steps."""
        at = whole.nonzero(as_tuple=True)
        asked, held = whole[at], read_at(array.layer, at)
        sums, reads = state["accumulated"][at] + asked, len(asked)
        if self.settings.read_after:
            reads += self._write_verified(array, state, at, held, sums)
        else:
            both = self._steps(array, held)
            steps = torch.where(sums < 0, both[1], both[0])
            fitting = torch.minimum((sums.abs() / steps).add(0.5).floor(), asked.abs()).copysign(asked)
            pulses = torch.where(steps > COARSE, fitting, asked)
            whole[at] = pulses * (sums.abs() >= self._wait(both)) * (steps > 0)
            state["accumulated"][at] = sums - torch.where(steps > 0, whole[at] * steps, asked)
            self._write(array, state, whole, 1.0)
        state["reads"] = state.get("reads", torch.zeros(())) + reads / whole.numel()

    def _write_verified(
        self, array: WrittenArray, state: State, at: tuple[Tensor, ...], held: Tensor, sums: Tensor
    ) -> int:
        """Write and read until devices are where their sums want them; returns how often one was read."""
        layer, gain = array.layer, float(array.layer.gain[0])
        full = self.pulses_of_full_scale * array.pulses_per_step
        wanted = (held * full - sums).clamp(-full, full)
        noise = layer.read_noise
        check = Check(
            pulse_at=self.settings.pulse_at,
            tries=MOST_TRIES,
            coarse=COARSE,
            noise=0.0 if noise is None else noise.fraction,
            relative=noise is not None and noise.of == "value",
        )
        values, read, here = layer.weight.detach()[at] / gain, held.clone(), tuple(axis.cpu() for axis in at)
        given, reads, refused = verify_pulses(
            values,
            read,
            wanted / full,
            (state["positive"][at], state["negative"][at]),
            array.response,
            1 / self.pulses_of_full_scale,
            check,
            layer.source.next_key(),
            None if array.stuck is None else Stuck(array.stuck.which[here], array.stuck.place[here]),
        )
        layer.weight.detach()[at] = values * gain
        state["accumulated"][at] = read * full - wanted
        for device, key in enumerate(("positive", "negative")):
            state[key][at] += given[:, device].sum(0)
        note_worn(state, refused)
        if array.response.half_select > 0:
            for way, pulses in enumerate(given):
                new = [torch.zeros_like(layer.weight).index_put(at, count) for count in pulses]
                raised = torch.full_like(layer.weight, bool(way), dtype=torch.bool)
                disturb_half_selected(layer, array.response, (new[0], new[1]), raised, array.stuck)
        return reads

    def _steps(self, array: WrittenArray, held: Tensor) -> Tensor:
        """A pulse's mean step down and up, of devices where they were read to be, in mean steps."""
        return steps_at(array.layer, array.response, held) * self.pulses_of_full_scale

    def _wait(self, steps: Tensor) -> Tensor:
        """What is summed before pulses of either way are given, in mean steps: half a coarse one's step, else nothing.

        A write that is verified waits only where neither way is fine.
        """
        finer, coarser = steps.aminmax(dim=0)
        return torch.where((finer if self.settings.read_after else coarser) > COARSE, coarser / 2, 0.0)

    def reads(self) -> float | None:
        if not self.settings.read_back:
            return None
        states = [(self.state[array.layer.weight], array.layer.weight.numel()) for array in self.arrays]
        return sum(float(state.get("reads", 0.0)) * weights for state, weights in states) / self.weights
