"""Rule `agad`: analog gradient accumulation with dynamic reference. As `tiki_taka`, and the reference follows A itself.

    A <- pulses for -c α η g;   at a read: P <- (1 - β) P + β A,  H <- H + λ c (A - P'),  n = trunc(H) pulses on C;
    at each change of the sign c: P' <- P

Rasch et al., Nat. Commun. 15, 7133 (2024), Methods (arXiv 2303.04721). P' is where A stood when the sign changed, so
that neither an offset of the references nor A's symmetry point matters. P and P' are digital, two more words a weight.

Here A is read after every second update, five times a half period, with β = 1/2. A moves by a = 2 α η g between reads;
P lags it by a, so that the reads of a half period sum to (1 + 2 + 3 + 4 + 5 - 5) a = 10 a for five times a / α wanted:
λ = 1 / (2 α) gives each wanted pulse once on average.
"""

from torch import Tensor

from spingan.costs.rule_cost import RuleCost
from spingan.nn.update_rules.base import State, WrittenArray
from spingan.nn.update_rules.second_array import ChoppedRule

READ_EVERY = 2  # updates: assumed
BETA = 0.5  # of the running mean, a read: assumed


class Agad(ChoppedRule):
    """State of each weight: `hidden` (H), `mean` (P) and `reference` (P'), besides the second array's."""

    name = "agad"
    # at every second update H and P to and fro and P' read; A's pulses at a learning rate of 3e-3 and 128 levels
    cost = RuleCost("agad", words=3, moved=2.5, multiplications=3.5, additions=3.5, second_pulses=3.0, second_reads=0.5)

    def _begin(self, array: WrittenArray, state: State) -> None:
        super()._begin(array, state)
        state["mean"] = self._read(array, state, noisy=False)  # as it was read before the training
        state["reference"] = state["mean"].clone()

    def _transfer(self, array: WrittenArray, state: State, sign: float, place: int) -> Tensor | None:
        if place % READ_EVERY:
            return None
        value = self._read(array, state)
        gathered = (value - state["reference"]).mul_(sign / 2)
        state["mean"].lerp_(value, BETA)
        if place == self.HALF_PERIOD:
            state["reference"].copy_(state["mean"])
        return gathered
