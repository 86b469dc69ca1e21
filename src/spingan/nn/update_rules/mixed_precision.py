"""Rule `mixed_precision`: gradients are summed in digital memory, and whole pulses go into the devices, blind.

    χ <- χ - η g;   n = trunc(χ / e) pulses;   χ <- χ - n e

with e a device's mean step: Nandakumar et al., Front. Neurosci. 14, 406 (2020), section 2 (arXiv 2001.11773). Nothing
reads a device back: the next gradients are taken through it as it is. Noise of the gradients cancels in χ before a
pulse is spent, so that there are about (η σ / e)² pulses an update in place of η σ / e, and the drift of asymmetric
devices is smaller by as much. A weight then rests within about a step of its optimum.

χ is the one number for a weight that is kept beside the devices; the bill counts it.
"""

import torch
from torch import Tensor

from spingan.costs.rule_cost import RuleCost
from spingan.nn.kernels.pulses import accumulate
from spingan.nn.update_rules.base import State, UpdateRule, WrittenArray


class MixedPrecision(UpdateRule):
    """State of each weight: `accumulated`, χ in units of a pulse, with the gradient's sign."""

    name = "mixed_precision"
    # χ read and written, the gradient read; mean square, gain; sum of squares, χ + ηg, χ - n e
    cost = RuleCost("mixed_precision", words=1, moved=3, multiplications=2, additions=3)

    def _begin(self, array: WrittenArray, state: State) -> None:
        state["accumulated"] = torch.zeros_like(array.layer.weight)

    def _update(self, array: WrittenArray, state: State, gradient: Tensor, factor: float) -> None:
        whole = torch.empty_like(state["accumulated"])
        accumulate(state["accumulated"], gradient, whole, factor)
        self._write(array, state, whole, 1.0)
