"""What all rules of on-chip learning share: gradients set to size, pulses written and counted, wear."""

import math
from abc import abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from spingan.costs.rule_cost import RuleCost
from spingan.nn.analog import AnalogLayer
from spingan.nn.kernels.pulses import PulseResponse, Stuck, write_pulses
from spingan.nn.noise_source import stream_key
from spingan.nn.on_chip import disturb_half_selected, draw_stuck, pulse_response
from spingan.spec.synapse import Faults
from spingan.spec.technology import Technology

MEMORY = 0.999  # of the running mean square, an update: that of Adam's second moment (arXiv 1412.6980)
WORN_OUT = 0.5  # share of a layer's devices; beyond it the training ends: assumed
ADAM_FLOOR = 1e-8  # epsilon of arXiv 1412.6980, algorithm 1

SHARES = (0.5, 0.9, 0.99, 0.999)
"""Of the weights, for which the distribution of writes is told."""

State = dict[str, Tensor]
"""What a rule keeps of one array; tensors, all of which are in a checkpoint."""


@dataclass(frozen=True)
class Settings:
    """How a training on the chip goes, apart from its rule.

    Attributes:
        betas: Adam's, where its moments set each weight's gradient to size; None: one gain for an array does. What no
            array holds, a batch norm's numbers, learns by them, too.
        faults: Shares of stuck devices.
        seed: Of what is drawn once: stuck devices, and the second array's.
        tolerance: Bounds of a second array's resistances, as a fraction; as the first array's programming noise.
        read_back: Rule `mixed_precision` reads a device before its pulses.
        read_after: And after them, and gives more until the device is at its place.
        pulse_at: Rule `mixed_precision`: the sum, in mean steps, from which on there is a pulse; 0.5 rounds.
        rate_in_weights: The learning rate is a weight's, as beside the chip, and not in fractions of full scale.
    """

    betas: tuple[float, float] | None = None
    faults: Faults = field(default_factory=Faults)
    seed: int = 0
    tolerance: float = 0.0
    read_back: bool = False
    read_after: bool = False
    rate_in_weights: bool = False
    pulse_at: float = 1.0


@dataclass(frozen=True)
class WrittenArray:
    """A layer whose array a rule writes, with what its devices do at a pulse."""

    name: str
    layer: AnalogLayer
    response: PulseResponse
    stuck: Stuck | None
    seed: int

    @property
    def pulses_per_step(self) -> float:
        """Pulses that a weight takes to move by a mean step's share of full scale."""
        low, high = self.response.ends or (0.0, 1.0)
        return (1 + self.response.off) / (high - low)

    @property
    def devices_a_weight(self) -> int:
        """Two of a pair, else one."""
        return 1 if self.response.off > 0 or self.response.ends is not None else 2


class UpdateRule(torch.optim.Optimizer):
    """Turns the gradients of a model's arrays into write pulses. A subclass is a rule.

    A gradient is set to size first. By the periphery's gain control: behind each array it keeps one number, the running
    mean square of the gradients, which sets an amplifier, slow on purpose; what stands out above that mean it limits.
    The root mean square of a layer's change, were there no rounding to pulses, is then the learning rate in fractions
    of full scale for a gradient as large as those remembered or larger, and less for a smaller one. Or by Adam's
    moments in digital memory (`Settings.betas`), weight by weight.

    State of each weight: `positive` and `negative`, the writes that its devices have had, counted against the synapse's
    endurance: a device that has had its share no longer moves. Of each array: `mean_square` of its gradients, the
    number of `updates`, and the one at which a device was first worn (`worn_at`; 0: none is).

    What the model learns beside its arrays (`spingan.nn.on_chip.hold_conductances` tells what that may be) is kept in
    digital memory, and takes Adam's step at the learning rate itself.
    """

    name: ClassVar[str]
    cost: ClassVar[RuleCost]

    def __init__(
        self, model: nn.Module, technology: Technology, learning_rate: float, settings: Settings = Settings()
    ) -> None:
        """Begin with a model whose arrays hold conductances (`spingan.nn.on_chip.hold_conductances`).

        Raises:
            UserError: The technology's synapse lacks what the rule needs.
        """
        layers = [(name, part) for name, part in model.named_modules() if isinstance(part, AnalogLayer)]
        held = {id(layer.weight) for _, layer in layers}
        self.digital = [parameter for parameter in model.parameters() if id(parameter) not in held]
        super().__init__([*(layer.weight for _, layer in layers), *self.digital], {"lr": learning_rate})
        self.settings, self.technology = settings, technology
        dense, other = pulse_response(technology.for_dense()), pulse_response(technology)
        self.pulses_of_full_scale = _states(technology) - 1  # as far as the periphery knows: the mean step
        self.arrays: list[WrittenArray] = []
        for number, (name, layer) in enumerate(layers):
            response = dense if isinstance(layer, nn.Linear) else other
            seed = stream_key(settings.seed, number + 1) >> 1
            stuck = draw_stuck(layer, settings.faults, seed)
            self.arrays.append(WrittenArray(name, layer, response, stuck, seed))
            state = self.state[layer.weight]
            state["positive"] = torch.zeros_like(layer.weight)
            state["negative"] = torch.zeros_like(layer.weight)
            for key in ("mean_square", "updates", "worn_at"):
                state[key] = torch.zeros(())
            if settings.betas is not None:
                state |= _moments(layer.weight, settings.betas)
            self._begin(self.arrays[-1], state)
        for parameter in self.digital:
            assert settings.betas is not None, "what is digital learns by Adam's moments"
            self.state[parameter] = {"updates": torch.zeros(()), **_moments(parameter, settings.betas)}

    def _begin(self, array: WrittenArray, state: State) -> None:
        """Put what the rule keeps of an array into its state."""

    @abstractmethod
    def _update(self, array: WrittenArray, state: State, gradient: Tensor, factor: float) -> None:
        """Turn one gradient into pulses: -`factor` x gradient of them would be the learning rate's step."""

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Write one update into every array."""
        rate = self.param_groups[0]["lr"]
        for array in self.arrays:
            weight, gradient = array.layer.weight, array.layer.weight.grad
            if gradient is None:
                continue
            state = self.state[weight]
            full = float(array.layer.gain[0]) if self.settings.rate_in_weights else 1.0
            pulses = rate / full * self.pulses_of_full_scale * array.pulses_per_step
            if self.settings.betas is None:
                size = max(float(gradient.square().mean().sqrt()), _remember(state, gradient))
                if not size > 0:
                    continue
                pulses /= size
            if self.settings.betas is not None:
                gradient = _by_moments(state, gradient, self.settings.betas)
            self._update(array, state, in_order_of(weight, gradient), pulses)
        for parameter in self.digital:
            if parameter.grad is not None and self.settings.betas is not None:
                step = _by_moments(self.state[parameter], parameter.grad, self.settings.betas)
                parameter.sub_(step, alpha=rate)

    def _write(self, array: WrittenArray, state: State, gradient: Tensor, factor: float) -> None:
        """Write -`factor` x gradient pulses into the weights' own devices, rounded by lot, and count them."""
        weight, counts = array.layer.weight.detach(), (state["positive"], state["negative"])
        disturbs = array.response.half_select > 0
        before = [count.clone() for count in counts] if disturbs else []
        given = write_pulses(
            weight,
            gradient,
            *counts,
            full=float(array.layer.gain[0]),
            factor=factor,
            response=array.response,
            key=array.layer.source.next_key(),
            stuck=array.stuck,
        )
        note_worn(state, given.refused)
        if disturbs:
            new = counts[0] - before[0], counts[1] - before[1]
            disturb_half_selected(array.layer, array.response, new, gradient * factor < 0, array.stuck)

    @property
    def updates(self) -> int:
        """How many it has made."""
        return int(max(float(self.state[array.layer.weight]["updates"]) for array in self.arrays))

    def second_writes(self) -> float | None:
        """Writes of a weight's device in a second array, on average; None: there is none."""
        return None

    def reads(self) -> float | None:
        """How often a weight's devices were read at their pulses, on average; None: they are written blind."""
        return None

    def most_writes(self) -> float:
        """Writes of the device that has had most."""
        return max(float(writes.max()) for writes in self._writes())

    def mean_writes(self) -> float:
        """Writes of a weight's devices together, on average."""
        total = sum(float(writes.double().sum()) for writes in self._writes())
        return total / self.weights

    def writes_by_share(self) -> tuple[float, ...]:
        """Writes of a weight's more written device that each of `SHARES` of the weights does not exceed."""
        states = [self.state[array.layer.weight] for array in self.arrays]
        each = torch.cat([torch.maximum(state["positive"], state["negative"]).flatten().cpu() for state in states])
        ordered = each.sort().values
        return tuple(float(ordered[min(int(share * len(ordered)), len(ordered) - 1)]) for share in SHARES)

    @property
    def weights(self) -> int:
        """How many weights it moves."""
        return sum(array.layer.weight.numel() for array in self.arrays)

    @property
    def devices(self) -> int:
        """How many it writes, those of a second array included."""
        return sum(array.devices_a_weight * array.layer.weight.numel() for array in self.arrays)

    def worn(self) -> dict[str, tuple[int, float]]:
        """Of each layer that has worn devices: the update at which the first was refused, and their share now."""
        found = {}
        for array in self.arrays:
            state = self.state[array.layer.weight]
            if "worn_at" in state and float(state["worn_at"]) > 0:
                pair = state["positive"], state["negative"]
                used = sum(float((count >= array.response.endurance).double().mean()) for count in pair)
                found[array.name] = int(state["worn_at"]), used / array.devices_a_weight
        return found

    def _writes(self) -> Iterator[Tensor]:
        for array in self.arrays:
            state = self.state[array.layer.weight]
            yield from (state["positive"], state["negative"])


def note_worn(state: State, refused: int) -> None:
    """Note the first update at which a device had no pulse, because it was worn."""
    if refused and not state.setdefault("worn_at", torch.zeros(())):  # an older checkpoint has none
        state["worn_at"].copy_(state["updates"])


def in_order_of(weight: Tensor, values: Tensor) -> Tensor:
    """The values in the weight's memory order, as the kernels want them."""
    return values if values.stride() == weight.stride() else torch.empty_like(weight).copy_(values)


def _states(technology: Technology) -> int:
    return technology.synapse.states if technology.synapse is not None else 2


def _remember(state: State, gradient: Tensor) -> float:
    """The root mean square of an array's gradients so far, this one included."""
    state["updates"] += 1
    share = max(1 - MEMORY, 1 / float(state["updates"]))
    state["mean_square"].lerp_(gradient.square().mean().to(state["mean_square"].device), share)
    return math.sqrt(float(state["mean_square"]))


def _moments(like: Tensor, betas: tuple[float, float]) -> State:
    """Adam's moments before the first update; without momentum there is no first one."""
    return {key: torch.zeros_like(like) for key in (("first", "second") if betas[0] else ("second",))}


def _by_moments(state: State, gradient: Tensor, betas: tuple[float, float]) -> Tensor:
    """Adam's step for a learning rate of 1 (Kingma and Ba, arXiv 1412.6980, algorithm 1), with its sign kept."""
    state["updates"] += 1
    number, (first, second) = float(state["updates"]), betas
    state["second"].mul_(second).addcmul_(gradient, gradient, value=1 - second)
    sizes = (state["second"] / (1 - second**number)).sqrt_().add_(ADAM_FLOOR)
    if not first:
        return gradient / sizes
    state["first"].lerp_(gradient, 1 - first)
    return (state["first"] / (1 - first**number)).div_(sizes)
