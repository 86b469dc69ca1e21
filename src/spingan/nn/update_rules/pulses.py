"""Rule `pulses`: every gradient goes into the devices at once, and no number is kept for a weight.

    n = -η g / e pulses, rounded to whole ones by lot so that the mean is right; e is a device's mean step.

As in Gokmen and Vlasov, Front. Neurosci. 10, 333 (2016). Devices whose steps up and down differ drift with every pair
of pulses to and fro. With gradients of mean λ (w - w*) and noise ε the weight rests where both balance:

    w - w* = E|ε| / λ · (q_out - q_in) / (q_out + q_in),

with the steps q away from zero and back at w; whatever the learning rate (the implicit penalty of Wu et al., arXiv
2406.12774 and 2502.06309).
"""

from torch import Tensor

from spingan.costs.rule_cost import RuleCost
from spingan.nn.update_rules.base import State, UpdateRule, WrittenArray


class Pulses(UpdateRule):
    """Writes every gradient at once."""

    name = "pulses"
    cost = RuleCost("pulses", multiplications=2, additions=1)  # mean square, and the gain

    def _update(self, array: WrittenArray, state: State, gradient: Tensor, factor: float) -> None:
        self._write(array, state, gradient, factor)
