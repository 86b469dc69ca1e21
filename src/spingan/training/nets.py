"""The state of a training: both nets, their optimizers and the averaged generator."""

import copy
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeGuard

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.dropout import _DropoutNd

from spingan.arrays.conditions import with_stuck
from spingan.errors import UserError
from spingan.nn.activations import DeviceActivation
from spingan.nn.analog import AnalogLayer, analog_layers
from spingan.nn.chip import fit_to_weights, recalibrate_batch_norm
from spingan.nn.conversion import Conversion, convert
from spingan.nn.drawn_devices import DrawnDevices, can_be_drawn
from spingan.nn.dropout import DrawnDropout
from spingan.nn.family import family_named
from spingan.nn.noise_source import stream_key
from spingan.nn.on_chip import hold_conductances, on_levels, read_devices
from spingan.nn.tensor_files import load_module
from spingan.nn.update_rules import RULES, SHARES, Settings, UpdateRule
from spingan.nn.weights import Model, fitting_inputs
from spingan.spec.synapse import Faults
from spingan.spec.technology import Technology, load_technology
from spingan.training.checkpoint import optimizer_tensors, restore_optimizer
from spingan.training.recipe import Recipe

LATENTS, SHUFFLE, GENERATOR_NOISE, DISCRIMINATOR_NOISE = range(1, 5)  # 5: spingan.nn.weights.fitting_inputs
SAMPLES, IMAGE_NOISE = range(6, 8)
SLOPE_NOISE, AUGMENTATION, SWITCHES = range(8, 11)
DEVICES, FITTED_DEVICES = range(11, 13)
CHIP_DEVICES = 13  # what is drawn once of the devices that learn on the chip


@dataclass
class Nets:
    """Everything that a training changes, apart from its counters."""

    generator: nn.Module
    discriminator: nn.Module
    generator_optimizer: torch.optim.Optimizer
    discriminator_optimizer: torch.optim.Optimizer
    average: dict[str, Tensor]
    conversion: Conversion
    mean_since: int | None = None
    """Step after which the average is the plain mean of what came since."""
    generator_from: int = 0
    """Step from which the generator learns; before it the discriminator learns alone."""
    penalty_from: int = 0
    """Step from which the slope penalty acts: a new discriminator before a good generator stays at zero under it."""
    device_share: float = 0.0
    """How much of what their files say drawn devices differ by in this step, and how noisy they are."""

    def tensors(self) -> dict[str, dict[str, Tensor]]:
        """All of it, by part."""
        return {
            "generator": self.generator.state_dict(),
            "discriminator": self.discriminator.state_dict(),
            "generator_optimizer": optimizer_tensors(self.generator_optimizer),
            "discriminator_optimizer": optimizer_tensors(self.discriminator_optimizer),
            "average": self.average,
        }

    def restore(self, parts: dict[str, dict[str, Tensor]]) -> None:
        """Put back what `tensors` returned.

        Raises:
            UserError: They are of other nets.
        """
        load_module(self.generator, parts["generator"], "the checkpoint")
        load_module(self.discriminator, parts["discriminator"], "the checkpoint")
        restore_optimizer(self.generator_optimizer, parts["generator_optimizer"])
        restore_optimizer(self.discriminator_optimizer, parts["discriminator_optimizer"])
        for name, tensor in parts.get("average", {}).items():
            self.average[name].copy_(tensor)

    @torch.no_grad()
    def update_average(self, decay: float, step: int) -> None:
        """One step of the moving average, faster at first so that the first weights are soon forgotten."""
        share = 1 - min(decay, (1 + step) / (10 + step))
        if self.mean_since is not None and step >= self.mean_since:
            share = min(share, 1 / (step - self.mean_since + 1))
        current = dict(self.generator.named_parameters())
        arrays = {f"{name}.weight": part for name, part in self.generator.named_modules() if _learns(part)}
        for name, average in self.average.items():
            average.lerp_(read_devices(arrays[name]) if name in arrays else current[name], share)

    def rules(self) -> dict[str, UpdateRule]:
        """The rules by which the nets learn on the chip, by net; none beside it."""
        both = {"generator": self.generator_optimizer, "discriminator": self.discriminator_optimizer}
        return {name: rule for name, rule in both.items() if isinstance(rule, UpdateRule)}

    def devices(self) -> list[DeviceActivation]:
        """The device activations of both nets."""
        return [*_devices(self.generator), *_devices(self.discriminator)]

    def draw_devices(self, *key: int) -> None:
        """Other devices for this step, where the recipe draws them; the same key gives the same."""
        _draw_devices(self.devices(), self.device_share, *key)

    def finite(self) -> bool:
        """Whether all values are finite: a step with finite losses can still spoil the weights."""
        return all(bool(tensor.isfinite().all()) for part in self.tensors().values() for tensor in part.values())

    def saturated(self) -> tuple[int, int]:
        """Device activations that left their range since the last call, and all of them."""
        devices = self.devices()
        counts = int(sum(device.saturated for device in devices)), sum(device.evaluated for device in devices)
        for device in devices:
            device.saturated = device.evaluated = 0
        return counts


def build_nets(recipe: Recipe, technology: Technology, device: torch.device) -> Nets:
    """Nets as the recipe begins with them: first weights from its seed, the same for every technology.

    Raises:
        UserError: A net does not fit the technology, or a resumed run could not repeat a layer's random numbers.
    """
    family = family_named(recipe.net)
    with torch.random.fork_rng(devices=[]):  # the caller's random numbers go on as if nothing had been
        torch.manual_seed(recipe.seed)
        plain_generator, plain_discriminator = family.make_generator(recipe.latent_size), family.make_discriminator()
    noise: dict[str, Any] = {"read_noise": recipe.read_noise, "programming_noise": recipe.programming_noise}
    conversion = convert(plain_generator, technology, **noise)
    judges = (load_technology("ideal"), {}) if recipe.discriminator_exact else (technology, noise)
    critic = convert(plain_discriminator, judges[0], **judges[1]).model
    del plain_generator, plain_discriminator  # copied: a training holds each weight once
    _refuse_other_random_numbers(conversion.model, critic)
    made, critic = (net.to(device, memory_format=torch.channels_last) for net in (conversion.model, critic))  # pyright: ignore[reportCallIssue]
    if recipe.on_chip is not None and recipe.on_chip.digital_norms:
        _refuse_norms_of_none(recipe.net, made, critic)
    for layer in analog_layers(made, critic):
        layer.clip = recipe.weight_clip
    if recipe.drawn_devices is not None:
        _let_devices_differ((made, critic) if recipe.drawn_devices.of == "both" else (made,), technology)
    average = {name: parameter.detach().clone() for name, parameter in made.named_parameters()}
    return Nets(
        made,
        critic,
        _optimizer(made, recipe, technology, recipe.generator_learning_rate, 1),
        _optimizer(critic, recipe, technology, recipe.discriminator_learning_rate, 2),
        average if recipe.average_decay is not None else {},
        conversion,
    )


def _let_devices_differ(nets: Sequence[nn.Module], technology: Technology) -> None:
    """Give the nets' activations devices that can be drawn, where their files say how they differ.

    Raises:
        UserError: No file does.
    """
    known = [(net, device) for net in nets for device in _devices(net) if can_be_drawn(device.activation)]
    if not known:
        raise UserError(
            f"technology {technology.name} has no activation in these nets whose file says how devices differ",
            "Name one with a spread or output_noise, or leave drawn_devices out.",
        )
    for net, device in known:
        source = next(analog_layers(net)).source
        device.noise = DrawnDevices(device, source, technology.trim_bits or 0, technology.trim_reads or 1)


def _draw_devices(devices: Sequence[DeviceActivation], share: float, *key: int) -> None:
    for number, device in enumerate(devices):
        if isinstance(device.noise, DrawnDevices):
            device.noise.draw(stream_key(*key, number + 1) >> 1, share)


def _refuse_other_random_numbers(*nets: nn.Module) -> None:
    """Layers that draw from PyTorch's own generator, whose state no checkpoint holds."""
    for name, module in (named for net in nets for named in net.named_modules()):
        if isinstance(module, _DropoutNd | nn.RReLU) and not isinstance(module, DrawnDropout):
            raise UserError(
                f"layer {name} ({type(module).__name__}) draws random numbers that a resumed training could not repeat",
                "Use nn.Dropout, or leave it out.",
            )


def _refuse_norms_of_none(name: str, *nets: nn.Module) -> None:
    """Digital memory for batch norm's numbers, where neither net has any: it would do nothing."""
    norms = (module for net in nets for module in net.modules() if isinstance(module, _BatchNorm))
    if not any(True for norm in norms for _ in norm.parameters()):
        raise UserError(
            f"on_chip.digital_norms: the nets of {name} have no batch norm, whose numbers it would keep",
            "Add --set on_chip.digital_norms=false, or name a net with batch norm.",
        )


def _optimizer(
    net: nn.Module, recipe: Recipe, technology: Technology, rate: float, number: int
) -> torch.optim.Optimizer:
    on_chip, noise = recipe.on_chip, recipe.programming_noise
    if on_chip is None:
        return torch.optim.Adam(net.parameters(), rate, recipe.adam_betas)
    relative = on_chip.full_scale_in == "first_rms"
    hold_conductances(net, on_chip.full_scale, on_chip.transposed_read_noise, on_chip.digital_norms, relative)
    made = technology if on_chip.stuck is None else with_stuck(technology, on_chip.stuck)
    settings = Settings(
        betas=recipe.adam_betas if on_chip.moments else None,
        faults=Faults() if made.synapse is None else made.synapse.faults,
        seed=stream_key(recipe.seed, CHIP_DEVICES, number),
        tolerance=noise.fraction if noise is not None and noise.of == "resistance" else 0.0,
        read_back=on_chip.read_back,
        read_after=on_chip.read_after,
        pulse_at=on_chip.pulse_at,
        rate_in_weights=on_chip.rates_in == "weights",
    )
    return RULES[on_chip.rule](net, technology, rate, settings)


def _learns(module: nn.Module) -> TypeGuard[AnalogLayer]:
    return isinstance(module, AnalogLayer) and module.holds_conductances


def finished_model(nets: Nets, recipe: Recipe, technology: Technology, info: dict[str, Any]) -> Model:
    """The generator to draw samples from: averaged weights, gains and ranges fitted to them, batch norm measured anew.

    Batch norm is measured on the weights as they are programmed, in float32; where devices are drawn, over devices that
    differ as the files say, others for each batch.
    """
    if recipe.on_chip is not None:
        return _chip_as_it_is(nets, recipe, technology, info)
    made = copy.deepcopy(nets.generator).to("cpu")
    with torch.no_grad():
        for name, parameter in made.named_parameters():
            if name in nets.average:
                parameter.copy_(nets.average[name])
    batches = fitting_inputs(family_named(recipe.net), recipe.latent_size, recipe.seed)
    fit_to_weights(made, _with_other_devices(made, batches, recipe.seed))
    for device in _devices(made):
        device.noise = None  # from here on it is a chip that has devices
    conversion = replace(nets.conversion, model=made.eval())
    return Model(recipe.name, recipe.net, recipe.latent_size, technology, conversion, info)


def _with_other_devices(
    made: nn.Module, batches: Sequence[tuple[Tensor, ...]], seed: int
) -> Iterator[tuple[Tensor, ...]]:
    """The batches, each with drawn devices of its own where the net has any."""
    for number, batch in enumerate(batches):
        _draw_devices(_devices(made), 1.0, seed, FITTED_DEVICES, number)
        yield batch


@torch.no_grad()
def _chip_as_it_is(nets: Nets, recipe: Recipe, technology: Technology, info: dict[str, Any]) -> Model:
    """A generator that was trained on its chip, with that chip's effective weights as float weights.

    Its conductances, written into the devices of another chip, would differ from what was trained. An average of reads
    is written into the same devices once, verified to the nearest level; batch norm is measured on the chip so written.
    """
    read = technology.model_copy(update={"name": f"{technology.name}, its chip as it is", "synapse": None})
    plain = family_named(recipe.net).make_generator(recipe.latent_size)
    conversion = convert(plain.eval(), read)
    arrays = [(name, part) for name, part in nets.generator.named_modules() if isinstance(part, AnalogLayer)]
    for own, (name, trained) in zip(analog_layers(conversion.model), arrays, strict=True):
        state, average = trained.weight.detach().clone(), nets.average.get(f"{name}.weight")
        if average is not None:
            trained.weight.copy_(on_levels(trained, average, technology))
        own.weight.copy_(trained.effective_weight())
        trained.weight.copy_(state)
        own.calibrate()
    for own, trained in zip(_devices(conversion.model), _devices(nets.generator), strict=True):
        own.full_scale.copy_(trained.full_scale)
    learned = dict(nets.generator.named_parameters())
    for name, norm in ((name, part) for name, part in conversion.model.named_modules() if isinstance(part, _BatchNorm)):
        for key, parameter in norm.named_parameters():
            parameter.copy_(nets.average.get(f"{name}.{key}", learned[f"{name}.{key}"]))
    recalibrate_batch_norm(conversion.model, fitting_inputs(family_named(recipe.net), recipe.latent_size, recipe.seed))
    about = info | {"on chip": _writes(nets, technology, info)}
    return Model(recipe.name, recipe.net, recipe.latent_size, read, conversion, about)


def _writes(nets: Nets, technology: Technology, info: dict[str, Any]) -> dict[str, Any]:
    """What a model's card says of the writes that its training took, and how long devices last by them."""
    rules = nets.rules()
    made = rules["generator"]
    endurance = None if technology.synapse is None else technology.synapse.endurance_writes
    most = max(rule.most_writes() for rule in rules.values())
    images, epochs = info.get("images"), info.get("epoch")
    pulses, weights = sum(rule.mean_writes() * rule.weights for rule in rules.values()), _weights(rules)
    second = sum((rule.second_writes() or 0.0) * rule.weights for rule in rules.values())
    reads = sum((rule.reads() or 0.0) * rule.weights for rule in rules.values())
    devices = sum(rule.devices for rule in rules.values())
    updates, shown = max(made.updates, 1), images * epochs if images and epochs else None
    return {
        "rule": made.name,
        "most writes of a device": made.most_writes(),
        "mean writes of a weight": made.mean_writes(),
        "endurance, writes": endurance,
        "writes of both nets' devices, by share of the weights": {
            f"{share:g}": max(values)
            for share, *values in zip(SHARES, *(rule.writes_by_share() for rule in rules.values()), strict=True)
        },
        "most writes of a device, both nets": most,
        "pulses an image, both nets": pulses / shown if shown else None,
        "pulses an image on second arrays, both nets": second / shown if shown else None,
        "mean writes of a device, second arrays included, both nets": (pulses + second) / devices,
        "epochs until a device is worn": endurance / most * epochs if endurance and most and epochs else None,
        "worn layers": {f"{net}.{name}": worn for net, rule in rules.items() for name, worn in rule.worn().items()},
        "pulses of a weight an update": {"pulses": pulses / weights / updates}
        | ({} if made.second_writes() is None else {"second_pulses": second / weights / updates})
        | ({} if made.reads() is None else {"reads": reads / weights / updates}),
    }


def _weights(rules: dict[str, UpdateRule]) -> int:
    return sum(rule.weights for rule in rules.values())


def _devices(net: nn.Module) -> list[DeviceActivation]:
    return [module for module in net.modules() if isinstance(module, DeviceActivation)]
