"""From a PyTorch model to the same model on a technology: every module becomes one of four things, or it is refused."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar, get_args

import torch
from torch import Tensor, nn

from spingan.errors import UserError
from spingan.nn.activations import BOUNDED, DeviceActivation
from spingan.nn.analog import AnalogConv2d, AnalogConvTranspose2d, AnalogLayer, AnalogLinear, analog_layers
from spingan.nn.clipped_relu import ClippedReLU
from spingan.nn.converters import measured_ranges
from spingan.nn.copies import copied, has_hooks, move_hooks
from spingan.nn.counting import functions_called, leaf_modules
from spingan.nn.dropout import DrawnDropout
from spingan.nn.finite import require_finite
from spingan.nn.mean_pool import mean_pool
from spingan.nn.noise_source import NoiseSource
from spingan.nn.refusals import (
    computes_as,
    is_digital,
    is_exact,
    refuse_geometry,
    refuse_model,
    refuse_own_forward,
    refuse_own_parameters,
    refuse_own_weight,
)
from spingan.nn.rules import CONVERSIONS, RULES, Array, Becomes, Kind, is_leaf
from spingan.nn.simulated import not_simulated
from spingan.nn.tracing import SUMS, Course, follow
from spingan.nn.zero_padded import ZeroPaddedConv2d
from spingan.spec.noise import Noise
from spingan.spec.technology import ActivationKey, Technology, Transposed

Layer = TypeVar("Layer", bound=AnalogLayer)
_FUNCTIONS: dict[type[nn.Module], ActivationKey] = {
    nn.ReLU: "relu",
    ClippedReLU: "relu",
    nn.LeakyReLU: "leaky_relu",
    nn.Tanh: "tanh",
    nn.Sigmoid: "sigmoid",
}
_BENDS: dict[type[nn.Module], Callable[[Tensor], Tensor]] = {nn.Tanh: torch.tanh, nn.Sigmoid: torch.sigmoid}
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
    unchecked: tuple[str, ...] = ()
    """What stands between the modules and has no row: sums, and calls that could not be looked for."""
    transposed: Mapping[str, Transposed] = field(default_factory=dict)
    """The forms of transposed convolutions that were chosen otherwise than the technology says, by layer."""


def convert(
    model: nn.Module,
    technology: Technology,
    *,
    example_input: Tensor | tuple[Any, ...] | None = None,
    read_noise: Noise | None = None,
    programming_noise: Noise | None = None,
    noise_seed: int = 0,
    transposed: Mapping[str, Transposed] | None = None,
) -> Conversion:
    """A copy of `model` on the technology, and what became of every module. The model itself is left as it is.

    `analog`: convolutions, transposed convolutions, dense layers; those that share a weight get an array each.
    `device`: ReLU and leaky ReLU, and tanh and sigmoid where the technology has a curve of it. `folded`: batch norm
    that alone reads an analog layer, column by column; digital in training and folded into the columns' gain and offset
    by `spingan.nn.program_chip`. `digital`: the types that the technology lists, with their parameters as they are; on
    a technology without devices, all of torch.nn that holds no matrix. On `ideal` the converted model computes exactly
    what the model did, and so does its chip. Classes of your own have rules of your own (`spingan.nn.register_rule`).

    Which module reads which is found by following the forward on symbols (torch.fx). Where that fails, nothing is
    folded, and `Conversion.unchecked` says so. Hooks are kept and run on the copy too.

    Args:
        example_input: The model's argument, or a tuple of them. One pass then watches for functions that the forward
            calls itself (`F.relu`, `torch.matmul`, ...) and that would silently stay digital; without it they are
            looked for on symbols.
        read_noise: Drawn anew at each read of an array.
        programming_noise: Drawn at each writing (`redraw_deviation`), frozen between.
        noise_seed: Where both begin.
        transposed: How the arrays of single transposed convolutions are built, by the layers' names; the others are
            built as `technology.transposed` says (`spingan.nn.layouts`).

    Raises:
        UserError: A module that is none of the four, a layer that a crossbar cannot hold as it is, a device that does
            not do what the net asks (another slope, a memory without a reset), a functional call, a number that is
            not finite, a model that is compiled, in half precision, or cannot be copied; or `transposed` names what is
            no transposed convolution, or no form.
    """
    refuse_model(model)
    require_finite(model)
    made = copied(model)
    leaves = dict(leaf_modules(made))  # one that is used twice comes once
    inside = {id(part) for leaf in leaves.values() for part in leaf.modules() if part is not leaf}
    for name, module in made.named_modules():
        if id(module) in inside:
            continue
        if isinstance(module, AnalogLayer | DeviceActivation):
            raise UserError(f"layer {name or 'model'} is converted already", "Convert the model that it was made from.")
        if isinstance(module, Array):
            refuse_own_weight(name, module)
        elif name not in leaves:
            refuse_own_parameters(name, module)
    forms: dict[str, Transposed] = dict(transposed or {})
    _refuse_forms(forms, leaves)
    course = follow(made, is_leaf)
    norms = _norms_of_columns(leaves, course)
    source = NoiseSource(noise_seed)
    rows: list[ConvertedModule] = []
    becomes: dict[nn.Module, nn.Module] = {}
    holders: dict[int, str] = {}
    for name, module in leaves.items():
        new, kind, detail = _convert_leaf(
            name, module, _with_form(technology, forms.get(name)), source, name in norms.values()
        )
        if isinstance(new, AnalogLayer):
            first = holders.setdefault(id(new.weight), name)
            detail += f"; an array of its own for the weights of layer {first}" if first != name else ""
        if isinstance(new, DeviceActivation | DrawnDropout):
            move_hooks(module, new)
        if isinstance(new, DeviceActivation):
            new.inplace = getattr(module, "inplace", False) and name not in course.alone
        rows.append(ConvertedModule(name, type(module).__name__, kind, type(new).__name__, detail))
        becomes[module] = new
    for layer, norm in norms.items():
        array, folded = becomes[leaves[layer]], leaves[norm]
        if isinstance(array, AnalogLayer) and isinstance(folded, nn.BatchNorm1d | nn.BatchNorm2d):
            array.norms = (folded,)
    for layer, reader in course.only_reader.items():
        array, function = becomes[leaves[layer]], leaves[reader]
        if isinstance(array, AnalogLayer) and array.adc is not None and array.bias is None:
            array.adc.behind = next((bends for kind, bends in _BENDS.items() if computes_as(function, kind)), None)
    unchecked = _refuse_functions(made, course, example_input)
    made = _replaced(made, becomes)
    set_noise(made, read_noise=read_noise, programming_noise=programming_noise)
    return Conversion(made, tuple(rows), not_simulated(technology), unchecked, forms)


def _with_form(technology: Technology, form: Transposed | None) -> Technology:
    return technology if form is None else technology.model_copy(update={"transposed": form})


def _refuse_forms(forms: Mapping[str, str], leaves: Mapping[str, nn.Module]) -> None:
    """Refuse forms of layers that have none, and forms that there are not."""
    able = ", ".join(name for name, module in leaves.items() if isinstance(module, nn.ConvTranspose2d)) or "none"
    for name, form in forms.items():
        if not isinstance(leaves.get(name), nn.ConvTranspose2d):
            what = "a transposed convolution" if name in leaves else "a layer"
            raise UserError(f"transposed names {name!r}, which is not {what} of the model", f"There are: {able}.")
        if form not in get_args(Transposed):
            raise UserError(
                f"transposed gives layer {name} the form {form!r}", f"Use {', '.join(get_args(Transposed))}."
            )


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


def _refuse_functions(
    model: nn.Module, course: Course, example_input: Tensor | tuple[Any, ...] | None
) -> tuple[str, ...]:
    """Refuse functions that the forward calls itself; what is left unchecked of it."""
    if example_input is not None:
        example = example_input if isinstance(example_input, tuple) else (example_input,)
        called = functions_called(model, *example)
    else:
        called = course.functions
    calls = ", ".join(name for name in called if name not in SUMS)
    if calls:
        raise UserError(
            f"the model's forward calls {calls} outside of any module: it would stay digital unseen",
            "Use the module instead (nn.ReLU for F.relu, nn.Linear for F.linear).",
        )
    unchecked = ["sums in the forward, outside of any module: computed exactly, not counted"] if called else []
    if course.failure is not None:
        unchecked.append(f"which module reads which, so that no batch norm is folded: {course.failure}")
        if example_input is None:
            unchecked.append("functions that the forward calls outside of modules: give an example_input")
    return tuple(unchecked)


def _norms_of_columns(leaves: dict[str, nn.Module], course: Course) -> dict[str, str]:
    """Each analog layer whose only reader is a batch norm of its columns, and that norm.

    A norm without running statistics depends on the batch. A hook would see what lies between the two.
    """
    found: dict[str, str] = {}
    for layer, reader in course.only_reader.items():
        array, norm = leaves[layer], leaves[reader]
        wanted = nn.BatchNorm1d if isinstance(array, nn.Linear) else nn.BatchNorm2d
        if not (isinstance(array, Array) and isinstance(norm, wanted) and computes_as(norm, wanted)):
            continue
        columns = array.out_features if isinstance(array, nn.Linear) else array.out_channels
        if (
            norm.running_mean is not None
            and norm.num_features == columns
            and not has_hooks(array)
            and not has_hooks(norm)
        ):
            found[layer] = reader
    return found


def _convert_leaf(name: str, module: nn.Module, technology: Technology, source: NoiseSource, folded: bool) -> Becomes:
    if type(module) in RULES:
        return RULES[type(module)].convert(name, module, technology)
    if isinstance(module, Array):
        layer = _analog(name, module, technology, source)
        states = layer.levels.numel()
        read = "" if layer.rules.load is None else ", load divider"
        detail = f"{states} levels, gain a {technology.gain}{read}" if states else "float weights"
        return layer, "analog", detail if layer.layout.form == "literal" else f"{detail}; {layer.layout}"
    for kind, function in _FUNCTIONS.items():
        if computes_as(module, kind) and (function not in BOUNDED or function in technology.activations):
            return _device(name, module, function, technology)
    digital = is_digital(module, technology)
    if computes_as(module, nn.AvgPool2d) and not digital and technology.synapse is not None:
        pool = mean_pool(name, module)  # pyright: ignore[reportArgumentType]
        move_hooks(module, pool)
        return pool, "analog", "a column of equal devices for each filter"
    if folded:
        return module, "folded", "digital in training; into the columns' gain and offset on a chip"
    if digital and computes_as(module, nn.Dropout):
        assert isinstance(module, nn.Dropout)
        return DrawnDropout(module.p, source, module.inplace), "digital", "switches in training; nothing on a chip"
    if digital and isinstance(module, nn.Flatten | nn.Unflatten | nn.Identity):
        return module, "digital", "wires: names for the same values"
    if digital:
        return module, "digital", CONVERSIONS
    known = (*_FUNCTIONS, *(getattr(nn, kind, None) for kind in technology.digital))
    if any(kind is not None and isinstance(module, kind) and not computes_as(module, kind) for kind in known):
        refuse_own_forward(name, module)
    listed = ", ".join(technology.digital)
    raise UserError(
        f"layer {name or 'model'} ({type(module).__name__}) has no place on technology {technology.name}",
        f"Replace it, name its type under `digital` in the technology's file (now: {listed}), or give a class of your "
        "own a rule (spingan.nn.register_rule).",
    )


def _analog(name: str, module: Array, technology: Technology, source: NoiseSource) -> AnalogLayer:
    refuse_geometry(name, module)
    if isinstance(module, nn.Linear):
        layer = _without_init(AnalogLinear, module)
    elif isinstance(module, nn.ConvTranspose2d):
        layer = _without_init(AnalogConvTranspose2d, module)
        padded = module if isinstance(module, ZeroPaddedConv2d) else None
        layer.execution = "lowered" if padded is None else padded.execution
        layer.of_one_pixel = padded is not None and padded.of_one_pixel
    else:
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


def _device(name: str, module: nn.Module, function: ActivationKey, technology: Technology) -> Becomes:
    activation = technology.activations.get(function)
    if activation is None:
        if is_exact(technology):
            return module, "device", "exact function"
        if is_digital(module, technology):
            return module, "digital", CONVERSIONS
        raise UserError(
            f"technology {technology.name} has no {function}, which layer {name} needs",
            f"Name a curve under activations.{function} in its file, or {type(module).__name__} under digital.",
        )
    if not activation.single_valued:
        raise UserError(
            f"activation {activation.name} has a memory: its output depends on where the input came from",
            "Give it a reset that makes it single-valued, or a curve without hysteresis.",
        )
    if function in BOUNDED:
        return DeviceActivation(activation), "device", f"{activation.name}, inputs matched to {function}"
    wanted = module.negative_slope if isinstance(module, nn.LeakyReLU) else 0.0
    if abs(activation.negative_slope - wanted) > _SLOPE_TOLERANCE:
        raise UserError(
            f"layer {name} wants slope {wanted:g} below zero, {activation.name} has {activation.negative_slope:.3g}",
            f"Give the net's layer the device's slope, or take a device within {_SLOPE_TOLERANCE:g} of {wanted:g}.",
        )
    device = DeviceActivation(activation)
    device.calibrates = not isinstance(module, ClippedReLU)  # whose 1 is the device's full scale
    device.range_rms = technology.activation_range_rms
    return device, "device", f"{activation.name}, {activation.outside} outside its range"


def calibrate(model: nn.Module, forward: Callable[[], Any]) -> None:
    """Fit gains and wires to the weights as they are, and the ranges of activations and converters to `forward()`."""
    for layer in analog_layers(model):
        layer.calibrate()
        layer.fold_wires()
    devices = [module for module in model.modules() if isinstance(module, DeviceActivation)]
    for device in devices:
        device.begin_calibration()
    try:
        with torch.no_grad(), measured_ranges(model):
            forward()
    finally:
        for device in devices:
            device.end_calibration()
