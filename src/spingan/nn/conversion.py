"""From a PyTorch model to the same model on a technology: every module becomes one of four things, or it is refused."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

import torch
from torch import Tensor, nn

from spingan.errors import UserError
from spingan.hardware.mapping import Noise
from spingan.hardware.technology import ActivationKey, Technology
from spingan.nn.activations import DeviceActivation
from spingan.nn.analog import AnalogConv2d, AnalogConvTranspose2d, AnalogLayer, AnalogLinear, analog_layers
from spingan.nn.chip import folded_norms
from spingan.nn.clipped_relu import ClippedReLU
from spingan.nn.dropout import DrawnDropout
from spingan.nn.finite import require_finite
from spingan.nn.mean_pool import mean_pool
from spingan.nn.noise_source import NoiseSource
from spingan.nn.zero_padded import ZeroPaddedConv2d

Kind = Literal["analog", "device", "folded", "digital"]
Layer = TypeVar("Layer", bound=AnalogLayer)
_Array = nn.Conv2d | nn.ConvTranspose2d | nn.Linear
_PLAIN_FORWARDS = {kind.forward for kind in (nn.Conv2d, nn.ConvTranspose2d, ZeroPaddedConv2d, nn.Linear)}
_CONVERSIONS = "one conversion in and one out for each value"
_SLOPE_TOLERANCE = 0.05  # between a net's leaky slope and the device's: half a percent of full scale at -0.1


@dataclass(frozen=True)
class ConvertedModule:
    """What became of one module."""

    layer: str
    type: str
    kind: Kind
    becomes: str
    detail: str


@dataclass(frozen=True)
class Conversion:
    """A converted model and the table that says what became of each of its modules."""

    model: nn.Module
    rows: tuple[ConvertedModule, ...]
    not_simulated: tuple[str, ...]
    """Properties that the technology states and this version does not compute with."""


def convert(
    model: nn.Module,
    technology: Technology,
    *,
    example_input: Tensor | None = None,
    read_noise: Noise | None = None,
    programming_noise: Noise | None = None,
    noise_seed: int = 0,
) -> Conversion:
    """Put every module of `model` on the technology, in place, and say what became of it.

    `analog`: convolutions, transposed convolutions, dense layers. `device`: ReLU and leaky ReLU, and tanh where the
    technology has a curve of it. `folded`: batch norm
    straight after an analog layer of an `nn.Sequential` (nothing else says in which order its modules run), digital in
    training and folded into the columns' gain and offset by `spingan.nn.program_chip`. `digital`: the types that the
    technology lists. With the technology `ideal` the converted model computes exactly what the model did.

    Args:
        example_input: With it, one forward pass looks for functional calls (`F.relu`, `torch.matmul`, ...) that no
            module stands for and that would silently stay digital.
        read_noise: Drawn anew at each read of an array.
        programming_noise: Drawn at each writing (`redraw_deviation`), frozen between.
        noise_seed: Where both begin.

    Raises:
        UserError: A module that is none of the four, a layer that a crossbar cannot hold as it is, a device that does
            not do what the net asks (another slope, a memory without a reset), a functional call, or a number that is
            not finite.
    """
    require_finite(model)
    if example_input is not None:
        _refuse_functional_calls(model, example_input)
    source = NoiseSource(noise_seed)
    folded = {id(norm) for _, _, _, norm in folded_norms(model)}
    rows: list[ConvertedModule] = []
    becomes: dict[nn.Module, nn.Module] = {}
    for name, module in model.named_modules():  # a module that is used twice comes once
        if any(module.children()) and not isinstance(module, _Array):
            _refuse_own_parameters(name, module)
            continue
        new, kind, detail = _convert_leaf(name, module, technology, source, id(module) in folded)
        rows.append(ConvertedModule(name, type(module).__name__, kind, type(new).__name__, detail))
        becomes[module] = new
    model = _replaced(model, becomes)
    set_noise(model, read_noise=read_noise, programming_noise=programming_noise)
    return Conversion(model, tuple(rows), _not_simulated(technology))


def _replaced(model: nn.Module, becomes: dict[nn.Module, nn.Module]) -> nn.Module:
    """The model with each module at all of its places replaced; the same device and mode."""
    device = next((parameter.device for parameter in model.parameters()), torch.device("cpu"))
    for old, new in becomes.items():
        if new is not old:
            new.to(device).train(old.training)
    for name, module in list(model.named_modules(remove_duplicate=False)):
        if name and module in becomes:
            parent, _, leaf = name.rpartition(".")
            setattr(model.get_submodule(parent), leaf, becomes[module])
    return becomes.get(model, model)


def set_noise(model: nn.Module, *, read_noise: Noise | None, programming_noise: Noise | None) -> None:
    """Set the noise of every analog layer; None is none. Programming noise begins with a fresh draw."""
    for layer in analog_layers(model):
        layer.read_noise = read_noise
        layer.programming_noise = programming_noise
        layer.redraw_deviation()


def _convert_leaf(
    name: str, module: nn.Module, technology: Technology, source: NoiseSource, folded: bool
) -> tuple[nn.Module, Kind, str]:
    if isinstance(module, AnalogLayer | DeviceActivation):
        raise UserError(f"layer {name} is converted already", "Convert a fresh model.")
    if isinstance(module, _Array):
        _refuse_own_weight(name, module)
        layer = _analog(name, module, technology, source)
        states = layer.levels.numel()
        read = "" if layer.load is None else ", load divider"
        return layer, "analog", f"{states} levels, gain a {technology.gain}{read}" if states else "float weights"
    if isinstance(module, nn.ReLU | nn.LeakyReLU | ClippedReLU) or (
        isinstance(module, nn.Tanh) and "tanh" in technology.activations
    ):
        return _device(name, module, technology)
    if type(module) is nn.AvgPool2d and "AvgPool2d" not in technology.digital and technology.synapse is not None:
        return mean_pool(name, module), "analog", "a column of equal devices for each filter"
    if folded:
        return module, "folded", "digital in training; into the columns' gain and offset on a chip"
    if type(module) is nn.Dropout and "Dropout" in technology.digital:
        return DrawnDropout(module.p, source), "digital", "switches in training; nothing on a chip"
    if isinstance(module, nn.Flatten | nn.Unflatten | nn.Identity) and type(module).__name__ in technology.digital:
        return module, "digital", "wires: names for the same values"
    if type(module).__name__ in technology.digital:
        return module, "digital", _CONVERSIONS
    listed = ", ".join(technology.digital)
    raise UserError(
        f"layer {name or 'model'} ({type(module).__name__}) has no place on technology {technology.name}",
        f"Replace it, or name its type under `digital` in the technology's file (now: {listed}).",
    )


def _analog(name: str, module: _Array, technology: Technology, source: NoiseSource) -> AnalogLayer:
    if isinstance(module, nn.Linear):
        layer = _without_init(AnalogLinear, module)
    elif isinstance(module, nn.ConvTranspose2d):
        _check_crossbar_fit(name, module)
        _check_transposed(name, module)
        layer = _without_init(AnalogConvTranspose2d, module)
        layer.execution = module.execution if isinstance(module, ZeroPaddedConv2d) else "lowered"
    else:
        _check_crossbar_fit(name, module)
        layer = _without_init(AnalogConv2d, module)
    layer._install(technology.for_dense() if isinstance(module, nn.Linear) else technology, source)
    return layer


def _without_init(kind: type[Layer], module: nn.Module) -> Layer:
    """A layer of `kind` that shares everything with `module`: parameters, geometry, hooks."""
    layer = kind.__new__(kind)
    vars(layer).update(vars(module))
    for registry in ("_parameters", "_buffers", "_modules"):
        setattr(layer, registry, dict(vars(module)[registry]))
    return layer


def _check_crossbar_fit(name: str, module: nn.Conv2d | nn.ConvTranspose2d) -> None:
    if module.groups != 1:
        raise UserError(
            f"layer {name}: a convolution in {module.groups} groups does not fit one array a layer",
            "Split it into one convolution a group.",
        )
    if module.padding_mode != "zeros":
        raise UserError(f"layer {name}: padding_mode {module.padding_mode}", "The arrays pad with zeros only.")


def _check_transposed(name: str, module: nn.ConvTranspose2d) -> None:
    geometry = (module.kernel_size, module.stride, module.padding, module.output_padding)
    square = all(len(set(pair)) == 1 for pair in geometry)
    if not (square and module.dilation == (1, 1) and int(module.padding[0]) < module.kernel_size[0]):
        raise UserError(
            f"layer {name}: {module} is not a zero-padded convolution",
            "Use a square kernel larger than its padding, no dilation, the same along both sides.",
        )


def _device(
    name: str, module: nn.ReLU | nn.LeakyReLU | nn.Tanh | ClippedReLU, technology: Technology
) -> tuple[nn.Module, Kind, str]:
    function: ActivationKey = "relu"
    if isinstance(module, nn.LeakyReLU | nn.Tanh):
        function = "tanh" if isinstance(module, nn.Tanh) else "leaky_relu"
    activation = technology.activations.get(function)
    if activation is None:
        if technology.synapse is None and not technology.activations:
            return module, "device", "exact function"
        if type(module).__name__ in technology.digital:
            return module, "digital", _CONVERSIONS
        raise UserError(
            f"technology {technology.name} has no {function}, which layer {name} needs",
            f"Name a curve under activations.{function} in its file, or {type(module).__name__} under digital.",
        )
    if not activation.single_valued:
        raise UserError(
            f"activation {activation.name} has a memory: its output depends on where the input came from",
            "Give it a reset that makes it single-valued, or a curve without hysteresis.",
        )
    if isinstance(module, nn.Tanh):
        return DeviceActivation(activation), "device", f"{activation.name}, inputs matched to tanh"
    wanted = module.negative_slope if isinstance(module, nn.LeakyReLU) else 0.0
    if abs(activation.negative_slope - wanted) > _SLOPE_TOLERANCE:
        raise UserError(
            f"layer {name} wants slope {wanted:g} below zero, {activation.name} has {activation.negative_slope:.3g}",
            f"Give the net's layer the device's slope, or take a device within {_SLOPE_TOLERANCE:g} of {wanted:g}.",
        )
    device = DeviceActivation(activation)
    device.calibrates = not isinstance(module, ClippedReLU)  # whose 1 is the device's full scale
    return device, "device", f"{activation.name}, {activation.outside} outside its range"


def _refuse_own_weight(name: str, module: _Array) -> None:
    if "weight" not in dict(module.named_parameters(recurse=False)):
        raise UserError(
            f"layer {name}: its weight is computed from other parameters (weight norm, spectral norm or the like)",
            "Remove the parametrization first: an array holds the weight itself.",
        )
    if type(module).forward not in _PLAIN_FORWARDS:
        raise UserError(
            f"layer {name}: {type(module).__name__} has a forward of its own, which conversion would drop",
            "Use PyTorch's layer, or put the rest into a module around it.",
        )


def _refuse_own_parameters(name: str, module: nn.Module) -> None:
    own = ", ".join(key for key, _ in module.named_parameters(recurse=False))
    if own:
        raise UserError(
            f"module {name or type(module).__name__} holds parameters of its own beside its submodules: {own}",
            "Move them into a Linear or convolution layer, which an array can hold.",
        )


def _refuse_functional_calls(model: nn.Module, example_input: Tensor) -> None:
    from spingan.nn.counting import find_functional_calls

    calls = ", ".join(find_functional_calls(model, example_input))
    if calls:
        raise UserError(
            f"the model's forward calls {calls} outside of any module: it would stay digital unseen",
            "Use the module instead (nn.ReLU for F.relu, nn.Linear for F.linear).",
        )


def _not_simulated(technology: Technology) -> tuple[str, ...]:
    """What the technology states that conversion does not compute with, so that nobody takes it for included."""
    stated: list[str] = []
    for field in ("wire_resistance_ohm", "driver_resistance_ohm"):
        if getattr(technology, field):
            stated.append(field)
    for name in ("dac", "adc"):
        if getattr(technology, name).bits is not None:
            stated.append(f"{name}.bits")
    for key, activation in technology.activations.items():
        if activation.output_noise:
            stated.append(f"activations.{key}.output_noise")
    synapse = technology.synapse
    if synapse is not None:
        if synapse.retention is not None:
            stated.append("synapse.retention")
        if any((synapse.spread.gain, synapse.spread.resistance, synapse.spread.cycle_to_cycle)):
            stated.append("synapse.spread")
        if synapse.read.law not in (None, "linear"):
            stated.append(f"synapse.read.law {synapse.read.law}")
        if synapse.read.disturb:
            stated.append("synapse.read.disturb")
        if synapse.read.leakage_s:
            stated.append("synapse.read.leakage_s")
        if synapse.read.noise_s or synapse.read_noise_s:
            stated.append("synapse read noise (give read_noise as a fraction)")
    return tuple(stated)


def calibrate(model: nn.Module, forward: Callable[[], Any]) -> None:
    """Fit gains to the weights as they are, and the activations' ranges to what `forward()` makes them see."""
    for layer in analog_layers(model):
        layer.calibrate()
    devices = [module for module in model.modules() if isinstance(module, DeviceActivation)]
    for device in devices:
        device.begin_calibration()
    try:
        with torch.no_grad():
            forward()
    finally:
        for device in devices:
            device.end_calibration()
