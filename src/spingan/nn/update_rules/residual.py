"""Rule `residual`: a weight is γ A + C. A learns what C leaves, and hands it on to C little by little; nothing digital.

    W = γ A + C;   A <- pulses for -η g(W) / γ;
    every T updates: a pulse on C with chance (A / A_max)³, and those on A that leave W as it was

A reads zero at its symmetry point (a device less its reference). Where W has its optimum A is handed on until it reads
zero, and there its pulses to and fro leave it: the gradient is zero at the limit whatever the devices' asymmetry
(residual learning: Wu et al., arXiv 2502.06309). A step of A moves W by γ e, so that W is finer than a device's states
(several arrays with powers of γ: Li et al., arXiv 2510.02516). γ is at least so large that A reaches over steps of C.
Made here are the cube (theirs is β γ A): what is small in A is mostly noise, and pulses to and fro on C make it drift;
and the pulses on A at a transfer: without them each pulse on C throws W off until A has learned it.

Both arrays are read at each read, forward and back, and their columns' currents added in the ratio γ.
"""

import torch
from torch import Tensor, nn

from spingan.costs.rule_cost import RuleCost
from spingan.nn.update_rules.base import Settings, State, WrittenArray
from spingan.nn.update_rules.second_array import SecondArrayRule
from spingan.spec.technology import Technology

GAMMA = 0.1  # assumed, as arXiv 2510.02516 takes powers of a tenth or so
LEAST_STEPS = 4.5  # of C that γ spans: A then reaches 2.25 to each side
TRANSFER_EVERY = 2  # updates: assumed


class Residual(SecondArrayRule):
    """State of each weight: the second array's, which is read together with the first."""

    name = "residual"
    # mean square and gain; A's pulses at a learning rate of 3e-3 and 128 levels
    cost = RuleCost(
        "residual", multiplications=2.1, additions=1, second_pulses=3.8, second_reads=0.5, read_with_weights=True
    )

    def __init__(
        self, model: nn.Module, technology: Technology, learning_rate: float, settings: Settings = Settings()
    ) -> None:
        super().__init__(model, technology, learning_rate, settings)
        self.gamma = max(GAMMA, LEAST_STEPS / self.pulses_of_full_scale)
        for array in self.arrays:
            array.layer.second = lambda array=array: self._residual(array)

    def _residual(self, array: WrittenArray) -> Tensor:
        """What A adds to the weights, in the net's unit; its read noise is in the layer's."""
        value = self._read(array, self.state[array.layer.weight], noisy=False)
        return value.mul_(self.gamma * float(array.layer.gain[0]))

    def _update(self, array: WrittenArray, state: State, gradient: Tensor, factor: float) -> None:
        of_weight = array.pulses_per_step
        self._gather(array, state, gradient, factor / (of_weight * self.gamma))
        if int(state["updates"]) % TRANSFER_EVERY == 0:
            chance = self._read(array, state).div_(min(self.symmetry, 1 - self.symmetry)).pow_(3)
            generator = torch.Generator().manual_seed(array.layer.source.next_key() >> 1)
            lot = torch.rand(chance.shape, generator=generator).to(chance.device)
            handed = torch.empty_like(array.layer.weight).copy_(chance.sign() * (lot < chance.abs()))
            self._write(array, state, handed, -1.0)
            self._gather(array, state, handed, 1 / (of_weight * self.gamma))
