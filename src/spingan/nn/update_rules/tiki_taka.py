"""Rule `tiki_taka`: Tiki-Taka, second version, chopped (c-TTv2). Gradients are gathered on a second array A.

    A <- pulses for -c α η g;   once a half period: H <- H + λ c (A - R);
    once a period: n = trunc(H) pulses on C;   H <- H - n

with a chopper c = ±1 that changes sign at each half period, R references at A's symmetry point, H in digital memory:
Rasch et al., Nat. Commun. 15, 7133 (2024), Methods (arXiv 2303.04721); without chopper Gokmen, Front. Artif. Intell. 4,
699148 (2021). What R is off has the sign of c in H, as has what A still holds from before, so that two half periods
cancel it. Theirs writes C at each read; on devices that forget as slowly as these C then goes to and fro with c.
Here all rows are read at the same update, where a chip reads them in turn.

A swings to and fro by s = K α η g between half periods of K updates, so that at their ends A - R = ± s / 2. With
λ = 2 / α each wanted pulse is given once on average.
"""

import torch
from torch import Tensor

from spingan.costs.rule_cost import RuleCost
from spingan.nn.update_rules.base import State, WrittenArray
from spingan.nn.update_rules.second_array import ChoppedRule


class TikiTaka(ChoppedRule):
    """State of each weight: `hidden`, H in pulses, and `half`, a read that waits for that of the other sign."""

    name = "tiki_taka"
    # H to and fro once in ten updates; A's pulses at a learning rate of 3e-3 and 128 levels
    cost = RuleCost(
        "tiki_taka", words=1, moved=0.2, multiplications=2.1, additions=1.3, second_pulses=3.0, second_reads=0.1
    )

    def _begin(self, array: WrittenArray, state: State) -> None:
        super()._begin(array, state)
        state["half"] = torch.zeros_like(array.layer.weight)

    def _transfer(self, array: WrittenArray, state: State, sign: float, place: int) -> Tensor | None:
        if place < self.HALF_PERIOD:
            return None
        read = self._read(array, state).mul_(2 * sign)
        if sign > 0:
            state["half"] = read
            return None
        return read.add_(state["half"])
