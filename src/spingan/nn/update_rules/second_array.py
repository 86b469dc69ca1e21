"""A second array for rules that gather gradients on devices: one device a weight, less a reference.

Pulses to and fro bring a device to its symmetry point, where its steps up and down are equal. A reference there is
subtracted at each read, so that an array which gathers nothing reads zero (Gokmen and Haensch, Front. Neurosci. 14, 103
(2020)). Differential pairs that start at their smallest conductance would not do: their zero is no such place.
The second array is new hardware, so its columns are taken to be held at ground (assumed).
"""

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn

from spingan.nn.draws import conductance_factors, standard_normal
from spingan.nn.kernels.pulses import PulseResponse, Stuck, accumulate, write_pulses
from spingan.nn.noise_source import stream_key
from spingan.nn.on_chip import draw_stuck, reference_response, symmetry_point
from spingan.nn.update_rules.base import Settings, State, UpdateRule, WrittenArray, in_order_of
from spingan.spec.technology import Technology

_FACTORS, _REFERENCES, _STUCK = range(1, 4)  # streams of an array's seed


class SecondArrayRule(UpdateRule, ABC):
    """State of each weight, besides what all rules keep: `fast`, its device's place 0..1, and `fast_writes`.

    Attributes:
        symmetry: Place of the references.
    """

    def __init__(
        self, model: nn.Module, technology: Technology, learning_rate: float, settings: Settings = Settings()
    ) -> None:
        self.symmetry = symmetry_point(technology)
        self.fast_response: PulseResponse = reference_response(technology)
        self._off = technology.off_conductance
        self._made: dict[str, tuple[Tensor | float, Tensor | float, Stuck | None]] = {}
        super().__init__(model, technology, learning_rate, settings)

    def _begin(self, array: WrittenArray, state: State) -> None:
        weight, tolerance = array.layer.weight, self.settings.tolerance
        state["fast"] = torch.full_like(weight, self.symmetry)
        state["fast_writes"] = torch.zeros_like(weight)
        keys = [stream_key(array.seed, stream) for stream in (_FACTORS, _REFERENCES, _STUCK)]
        varied = [conductance_factors(weight, tolerance, key) if tolerance else 1.0 for key in keys[:2]]
        stuck = draw_stuck(array.layer, self.settings.faults, keys[2] >> 1, referenced=True)
        if stuck is not None:
            held = torch.where(stuck.which.to(weight.device) > 0, stuck.place.to(weight.device), state["fast"])
            state["fast"].copy_(held)
        self._made[array.name] = varied[0], varied[1], stuck

    def _gather(self, array: WrittenArray, state: State, gradient: Tensor, factor: float) -> None:
        """-`factor` x gradient pulses on the second array's devices."""
        given = write_pulses(
            state["fast"],
            gradient,
            state["fast_writes"],
            state["fast_writes"],
            full=1.0,
            factor=factor,
            response=self.fast_response,
            key=array.layer.source.next_key(),
            stuck=self._made[array.name][2],
        )
        if given.refused and not state.setdefault("worn_at", torch.zeros(())):
            state["worn_at"].copy_(state["updates"])

    def _read(self, array: WrittenArray, state: State, noisy: bool = True) -> Tensor:
        """Each device less its reference, in spans, as they came out and with the layer's read noise."""
        own, reference, _ = self._made[array.name]
        value = (state["fast"] + self._off) * own - (self.symmetry + self._off) * reference
        noise = array.layer.read_noise
        if noisy and noise is not None and noise.fraction:
            unit = standard_normal(value.shape, array.layer.source.next_key(), value.device)
            value = value + noise.fraction * unit
        return value

    def second_writes(self) -> float | None:
        total = sum(float(self.state[array.layer.weight]["fast_writes"].double().sum()) for array in self.arrays)
        return total / self.weights

    @property
    def devices(self) -> int:
        return super().devices + self.weights

    def most_writes(self) -> float:
        fast = max(float(self.state[array.layer.weight]["fast_writes"].max()) for array in self.arrays)
        return max(super().most_writes(), fast)

    def worn(self) -> dict[str, tuple[int, float]]:
        found = super().worn()
        for name, (since, share) in found.items():
            state = next(self.state[array.layer.weight] for array in self.arrays if array.name == name)
            fast = float((state["fast_writes"] >= self.fast_response.endurance).double().mean())
            found[name] = since, max(share, fast)
        return found


class ChoppedRule(SecondArrayRule):
    """Gathers with a sign that changes, and moves the weights by whole pulses from a digital sum `hidden`."""

    FAST = 8.0  # pulses on the second array for one that the weight is to get: assumed; its rounding shrinks by as much
    HALF_PERIOD = 10  # updates between changes of the sign: assumed

    def _begin(self, array: WrittenArray, state: State) -> None:
        super()._begin(array, state)
        state["hidden"] = torch.zeros_like(array.layer.weight)

    def _update(self, array: WrittenArray, state: State, gradient: Tensor, factor: float) -> None:
        number = int(state["updates"]) - 1
        sign = 1.0 if number // self.HALF_PERIOD % 2 == 0 else -1.0
        self._gather(array, state, gradient, sign * self.FAST * factor)
        wanted = self._transfer(array, state, sign, number % self.HALF_PERIOD + 1)
        if wanted is not None:
            whole = torch.empty_like(state["hidden"])
            accumulate(state["hidden"], in_order_of(whole, wanted), whole, -self.pulses_of_full_scale / self.FAST)
            self._write(array, state, whole, 1.0)

    @abstractmethod
    def _transfer(self, array: WrittenArray, state: State, sign: float, place: int) -> Tensor | None:
        """What was gathered, in spans of the second array, after update `place` of a half period; None: no read now."""
