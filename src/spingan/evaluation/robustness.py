"""A generator under imperfect conditions: noise of every kind, clipped weights, stuck, spread and fading devices."""

import copy
from dataclasses import dataclass, replace
from typing import Any

from jaxtyping import Float
from torch import Tensor, nn

from spingan.arrays.mapping import Noise
from spingan.errors import UserError
from spingan.nn.activations import DeviceActivation
from spingan.nn.analog import AnalogLayer, analog_layers
from spingan.nn.draws import standard_normal
from spingan.nn.family import Family
from spingan.nn.noise_source import NoiseSource
from spingan.nn.weights import Model
from spingan.spec.synapse import Faults
from spingan.spec.technology import Technology
from spingan.training.nets import recalibrate


@dataclass(frozen=True)
class Conditions:
    """What is not ideal, as plain numbers that travel between processes; all zero is the chip as it is written.

    Attributes:
        programming_noise: (fraction, of what), drawn once a chip; `Noise` says what the words mean.
        read_noise: The same, drawn anew at each read.
        latent_noise: Standard deviation of what is added to each latent number, which has 1 itself.
        input_noise: Of what is added to each input of every array, at each read, in parts of the root mean square of
            that array's inputs over the image. The latents are the first array's.
        clip: Weights beyond so many times the root mean square of their column are held there, and that becomes full
            scale; 0 does not clip.
        stuck: Share of devices that keep a conductance whatever is written: a third of them the smallest, a third the
            largest, a third any.
        activation_gain: Standard deviation of the activations' gains, in parts of the gain.
        activation_offset: That of their offsets, in parts of the output's full scale.
        faded: Share of every device's state that is lost (`spingan.arrays.mapping.program`).
        calibration: Images that each chip draws once to measure its batch norms (`spingan.nn.chip.program_chip`).
    """

    programming_noise: tuple[float, str] | None = None
    read_noise: tuple[float, str] | None = None
    latent_noise: float = 0.0
    input_noise: float = 0.0
    clip: float = 0.0
    stuck: float = 0.0
    activation_gain: float = 0.0
    activation_offset: float = 0.0
    faded: float = 0.0
    calibration: int = 0

    def __post_init__(self) -> None:
        """Refuse what is not a share or a deviation.

        Raises:
            UserError: A number is out of range.
        """
        for name in ("stuck", "faded"):
            if not 0 <= getattr(self, name) < 1:
                raise UserError(f"{name} {getattr(self, name):g} is not a share", "Give one from 0 to below 1.")
        for name in ("latent_noise", "input_noise", "activation_gain", "activation_offset", "clip", "calibration"):
            if not 0 <= getattr(self, name) < float("inf"):
                raise UserError(f"{name} {getattr(self, name):g} is out of range", "Give 0 or more.")


def draw(
    model: Model, conditions: Conditions, count: int, seed: int = 0, chip_seed: int = 0
) -> Float[Tensor, "count channels height width"]:
    """`count` images in -1..1 from one chip under the conditions; without any, those of `Model.sample`.

    The order of things: weights are clipped before they are written; the chip is calibrated with its frozen noise, its
    faults and its read noise in place; noise of latents and inputs begins after that.

    Raises:
        UserError: The technology has no devices for what is asked of them, or as `Model.sample` raises.
    """
    changed = _with_devices(model, conditions)
    chip_of: dict[str, Any] = {
        "programming_noise": _noise(conditions.programming_noise),
        "read_noise": _noise(conditions.read_noise),
        "faded": conditions.faded,
        "calibration": conditions.calibration,
    }
    chip = changed.chip(chip_seed, **chip_of)  # kept: sample draws with this one
    source = NoiseSource()
    source.restart(chip_seed, _INPUTS, seed)
    if conditions.latent_noise:
        chip.register_forward_pre_hook(_added(conditions.latent_noise, source, relative=False))
    if conditions.input_noise:
        for layer in analog_layers(chip):
            layer.register_forward_pre_hook(_added(conditions.input_noise, source, relative=True))
    return changed.sample(count, seed, chip_seed, **chip_of)


_INPUTS = 5  # stream of a chip's seed beside those of spingan.nn.chip and spingan.nn.weights


def _noise(given: tuple[float, str] | None) -> Noise | None:
    if given is None or given[0] == 0:
        return None
    return Noise.model_validate({"fraction": given[0], "of": given[1]})


def _added(deviation: float, source: NoiseSource, *, relative: bool) -> Any:
    """A hook that adds noise to a module's inputs, image by image, so that no image depends on its neighbours."""

    def hook(module: nn.Module, inputs: tuple[Tensor, ...]) -> Tensor:
        values = inputs[0]
        unit = standard_normal(values.shape, source.next_key(), values.device)
        if relative:
            places = tuple(range(1, values.dim()))
            unit = unit * values.float().square().mean(places, keepdim=True).sqrt()
        return values + (deviation * unit).to(values.dtype)

    return hook


def _with_devices(model: Model, conditions: Conditions) -> Model:
    """A model of its own with clipped weights, stuck devices and activations that differ."""
    generator = model.generator
    technology = model.technology
    spread = {"gain": conditions.activation_gain, "offset": conditions.activation_offset}
    if conditions.clip or any(spread.values()):
        generator = copy.deepcopy(generator)
    if conditions.clip:
        clip_weights(generator, conditions.clip, model.family, model.latent_size)
    if any(spread.values()):
        _spread_activations(generator, spread)
    if conditions.stuck:
        technology = with_stuck(technology, conditions.stuck)
    return replace(model, technology=technology, conversion=replace(model.conversion, model=generator))


def clip_weights(generator: nn.Module, clip: float, family: Family, latent_size: int) -> None:
    """Hold every column's weights within `clip` times their root mean square, and fit all that follows to them.

    Gains, batch norms and activation ranges are measured anew on the clipped weights, as after a training.
    """
    for layer in analog_layers(generator):
        layer.clip = clip
    recalibrate(generator, family, latent_size, seed=0)
    generator.eval()


def with_stuck(technology: Technology, share: float) -> Technology:
    """The technology with that share of stuck devices, a third each at the smallest, the largest and any conductance.

    Raises:
        UserError: It has no devices.
    """
    if technology.synapse is None:
        raise UserError(f"technology {technology.name} has no devices that could stick", "Name one with a synapse.")
    third = share / 3
    faults = Faults(stuck_at_minimum=third, stuck_at_maximum=third, stuck_at_random=third)
    synapse = technology.synapse.model_copy(update={"faults": faults})
    return technology.model_copy(update={"synapse": synapse})


def _spread_activations(generator: nn.Module, spread: dict[str, float]) -> None:
    devices = [module for module in generator.modules() if isinstance(module, DeviceActivation)]
    if not devices:
        raise UserError("the generator's activations are exact functions: none differs", "Name one of a technology.")
    for device in devices:
        own = device.activation.spread.model_copy(update=spread)
        device.activation = device.activation.model_copy(update={"spread": own})


def devices_of(model: Model) -> int:
    """Devices that hold the generator's weights: one a weight, two in a differential pair."""
    weights = sum(layer.weight.numel() for layer in analog_layers(model.generator) if isinstance(layer, AnalogLayer))
    return weights * (2 if model.technology.encoding == "differential_pair" else 1)
