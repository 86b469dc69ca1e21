"""Counts what a hardware run of a net needs, by sending one sample through it.

Works on plain nets and on converted ones alike, because it asks for PyTorch's base types; on the `meta` device too.
Biases and folded batch norms sit in the columns' offset and gain, so they add no rows to a crossbar.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from spingan.costs.counts import (
    ArrayCounts,
    LayerCounts,
    ModelCounts,
    NetCounts,
    array_counts,
    counts_of_phases,
    used_again,
)
from spingan.errors import UserError
from spingan.nn.analog import AnalogConvTranspose2d
from spingan.nn.family import Family
from spingan.nn.layouts import Phases, layout_of
from spingan.nn.refusals import computes_as, is_digital, refuse_geometry
from spingan.nn.rules import RULES, Array, is_leaf
from spingan.nn.tracing import SUMS, watched_functions
from spingan.spec.technology import Technology

_Pooling = nn.modules.pooling._MaxPoolNd | nn.modules.pooling._AvgPoolNd | nn.AdaptiveAvgPool2d | nn.AdaptiveMaxPool2d
_Norm = nn.modules.batchnorm._BatchNorm
_Wires = nn.Identity | nn.Flatten | nn.Unflatten | nn.Dropout | nn.Dropout2d  # in evaluation: names for the same values
_FUNCTIONS: dict[type[nn.Module], str] = {
    nn.ReLU: "relu",
    nn.LeakyReLU: "leaky_relu",
    nn.Tanh: "tanh",
    nn.Sigmoid: "sigmoid",
}
_ALWAYS_DEVICES = {"relu", "leaky_relu"}


def count(
    generator: nn.Module,
    discriminator: nn.Module,
    technology: Technology,
    latent_size: int,
    image_shape: tuple[int, int, int],
) -> NetCounts:
    """Counts of a generator that takes (1, `latent_size`, 1, 1) and a discriminator of images (1, *`image_shape`).

    A discriminator that ends in a logit gets a sigmoid of one value, a device or digital as the technology has it.

    Raises:
        UserError: A layer has a type that is neither an array, an activation, nor digital in the technology.
    """
    latents, image = _sample(generator, (latent_size, 1, 1)), _sample(discriminator, image_shape)
    return _count_both(generator, (latents,), discriminator, (image,), technology)


def count_family(family: Family, technology: Technology, latent_size: int) -> NetCounts:
    """Counts of a family's two nets, built without memory (torch's meta device): counts need shapes only.

    Raises:
        UserError: As `count`.
    """
    image = torch.zeros(1, family.channels, family.size, family.size, device="meta")
    latents = family.draw_latents(1, latent_size, torch.Generator()).to("meta")
    labels = [part.to("meta") for part in family.labels(1)]
    with torch.device("meta"):
        generator, discriminator = family.make_generator(latent_size), family.make_discriminator()
    return _count_both(generator, (latents, *labels), discriminator, (image, *labels), technology)


def _count_both(
    generator: nn.Module,
    drawn_from: tuple[Tensor, ...],
    discriminator: nn.Module,
    judged: tuple[Tensor, ...],
    technology: Technology,
) -> NetCounts:
    images = count_model(generator, drawn_from, technology)
    decision = count_model(discriminator, judged, technology)
    if not any(layer.type == "Sigmoid" for layer in decision.layers):
        device = "sigmoid" in technology.activations
        sigmoid = LayerCounts("sigmoid", "Sigmoid", (1,), digital_in=int(not device), digital_out=int(not device))
        if device:
            sigmoid = replace(sigmoid, activations={"sigmoid": 1})
        decision = ModelCounts((*decision.layers, sigmoid))
    return NetCounts(images, decision)


def count_model(model: nn.Module, example_input: Tensor | tuple[Any, ...], technology: Technology) -> ModelCounts:
    """Counts of one pass of `example_input` (batch 1) through `model`, in evaluation mode and without gradient.

    An array that is called twice is built once and used twice. Any other module is built behind each array that it is
    called after, and is a layer for each of them, its trainable values counted with the first. The modes of all modules
    are restored; a converted model's tallies (saturation, draws of noise) move on by one pass, so count a copy of one
    that is in training.

    Raises:
        UserError: A layer has a type that is neither an array, an activation, nor digital in the technology, or
            the model calls functions that are none of a layer's.
    """
    counted: dict[tuple[str, str | None], LayerCounts] = {}
    array: str | None = None  # the last one that was called

    def hook_named(name: str) -> Callable[[nn.Module, tuple[Tensor, ...], Tensor], None]:
        def hook(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
            nonlocal array
            layer = _count_layer(name, module, inputs[0], output, technology)
            array = array if layer.array is None else name
            if (name, array) in counted:
                layer = _used_again(counted[name, array], layer)
            elif any(name == known for known, _ in counted):
                layer = replace(layer, trainable=0)
            counted[name, array] = layer

        return hook

    handles = [module.register_forward_hook(hook_named(name)) for name, module in leaf_modules(model)]
    try:
        given = example_input if isinstance(example_input, tuple) else (example_input,)
        called = find_functional_calls(model, *given)
    finally:
        for handle in handles:
            handle.remove()
    if called:
        raise UserError(
            f"the model's forward calls {', '.join(called)} outside of any module, which the bill would not count",
            "Use modules instead (nn.ReLU for F.relu, nn.Linear for F.linear).",
        )
    return ModelCounts(tuple(counted.values()))


def find_functional_calls(model: nn.Module, *example_input: Any) -> tuple[str, ...]:
    """Names of the functions that `model` calls itself instead of through a module, in order of first use.

    Called as `torch.f`, `functional.f`, a tensor method or an operator. Those that only name, place or repeat values
    are left out (`spingan.nn.tracing.WIRES`), and so are sums, which are none of a circuit's functions.
    A conversion by module type would leave them ideal, and a bill would not count them.
    """
    return tuple(name for name in functions_called(model, *example_input) if name not in SUMS)


def functions_called(model: nn.Module, *example_input: Any) -> tuple[str, ...]:
    """As `find_functional_calls`, with sums."""
    with (
        evaluation_mode(model),
        torch.no_grad(),
        watched_functions([module for _, module in leaf_modules(model)]) as names,
    ):
        model(*example_input)
    return tuple(names)


def leaf_modules(model: nn.Module, prefix: str = "") -> Iterator[tuple[str, nn.Module]]:
    """Modules that compute: of a known type (even if parametrizations hang below), with a rule, or without children.

    Each module comes once, under its first name.
    """
    seen: set[int] = set()

    def walk(module: nn.Module, name: str) -> Iterator[tuple[str, nn.Module]]:
        if id(module) in seen:
            return
        seen.add(id(module))
        if _is_known(module) or is_leaf(module):
            yield name, module
            return
        for child_name, child in module.named_children():
            yield from walk(child, f"{name}.{child_name}" if name else child_name)

    yield from walk(model, prefix)


@contextmanager
def evaluation_mode(model: nn.Module) -> Iterator[None]:
    """Switches every module to evaluation and, at the end, back to the mode that each had."""
    modes = {module: module.training for module in model.modules()}
    model.eval()
    try:
        yield
    finally:
        for module, mode in modes.items():
            module.training = mode


def _sample(model: nn.Module, shape: tuple[int, ...]) -> Tensor:
    parameter = next(model.parameters(), None)
    if parameter is None:
        return torch.zeros(1, *shape)
    return torch.zeros(1, *shape, device=parameter.device, dtype=parameter.dtype)


def _function_of(module: nn.Module) -> str | None:
    """The activation function that a module is: a converted activation says so itself."""
    function = getattr(module, "function", None)
    if isinstance(function, str):
        return function
    return next((name for kind, name in _FUNCTIONS.items() if computes_as(module, kind)), None)


def _is_known(module: nn.Module) -> bool:
    return isinstance(module, Array | _Norm | _Pooling | _Wires) or _function_of(module) is not None


def _count_layer(name: str, module: nn.Module, image: Tensor, output: Tensor, technology: Technology) -> LayerCounts:
    layer = LayerCounts(name, type(module).__name__, tuple(output.shape[1:]), inputs=image.numel())
    digital = replace(
        layer,
        digital_in=image.numel(),
        digital_out=output.numel(),
        trainable=sum(parameter.numel() for parameter in module.parameters()),
    )
    if type(module) in RULES:
        own = RULES[type(module)].count
        return digital if own is None else own(layer, module, image, output, technology)
    if isinstance(module, Array):
        return replace(
            layer, array=_count_array(name, module, image, output, technology), trainable=_array_values(module)
        )
    function = _function_of(module)
    if function is not None and (function in _ALWAYS_DEVICES or function in technology.activations):
        return replace(layer, activations={function: output.numel()})
    if isinstance(module, _Wires):
        return layer
    if isinstance(module, nn.AvgPool2d) and not is_digital(module, technology):
        return replace(layer, activations={"mean": output.numel()})  # an averaging circuit, not a conversion
    if isinstance(module, _Norm | _Pooling) or function is not None or is_digital(module, technology):
        return digital
    raise UserError(
        f"layer {name or 'model'} has the type {layer.type}, which the bill cannot count",
        f"Use a layer that converts, or name {layer.type} in the technology's list of digital types.",
    )


def _array_values(module: Array) -> int:
    if isinstance(module, nn.Linear):
        weights, outputs = module.in_features * module.out_features, module.out_features
    else:
        kernel = module.kernel_size[0] * module.kernel_size[1]
        weights, outputs = module.in_channels * module.out_channels * kernel // module.groups, module.out_channels
    return weights + (outputs if module.bias is not None else 0)


def _count_array(name: str, module: Array, image: Tensor, output: Tensor, technology: Technology) -> ArrayCounts:
    if isinstance(module, nn.Linear):
        reads = image.numel() // module.in_features
        own = technology.for_dense()
        return array_counts(module.in_features, module.out_features, reads, image.numel(), own)
    taps = _taps(module, image, output)
    inputs, outputs = module.in_channels // module.groups, module.out_channels // module.groups
    if isinstance(module, nn.ConvTranspose2d):
        converted = isinstance(module, AnalogConvTranspose2d)
        layout = module.layout if converted else layout_of(module, technology.transposed)
        if layout.phases is not None:
            refuse_geometry(name, module)
            of_form = _count_phases if layout.form == "polyphase" else _count_shared
            return of_form(layout.phases, inputs, outputs, (image.shape[-2], image.shape[-1]), technology)
    rows = inputs * module.kernel_size[0] * module.kernel_size[1]
    reads = output.shape[-2] * output.shape[-1] * module.groups
    return array_counts(rows, outputs, reads, module.in_channels * taps, technology, module.groups)


def _count_phases(
    phases: Phases, inputs: int, outputs: int, sizes: tuple[int, int], technology: Technology
) -> ArrayCounts:
    """A transposed convolution on maps of `sizes` pixels, each phase in an array of its own."""
    found: list[ArrayCounts] = []
    for both in product(range(phases.count), repeat=2):
        rows, reads, useful = inputs, 1, inputs
        for size, phase in zip(sizes, both, strict=True):
            lasts, taps = phases.of_phase(size, phase), phases.taps(phase)
            rows, reads = rows * taps, reads * len(lasts)
            useful *= _pixels_seen(lasts, [1] * taps, size)
        found.append(array_counts(rows, outputs, reads, useful, technology))
    return counts_of_phases(found)


def _count_shared(
    phases: Phases, inputs: int, outputs: int, sizes: tuple[int, int], technology: Technology
) -> ArrayCounts:
    """A transposed convolution on maps of `sizes` pixels, all phases in one array that shares their window.

    At a border a window has fewer outputs than columns; those without one draw current and are not converted. An empty
    place of the window holds no cell.
    """
    places, weights = [1] * phases.window, inputs * outputs * phases.kernel**2
    columns = outputs * phases.count**2
    reads, drives, crossed, products, positions = 1, inputs, inputs, inputs * outputs, 1
    for size in sizes:
        windows = phases.windows(size)
        reads *= len(windows)
        drives *= _pixels_seen(windows, places, size)
        crossed *= _pixels_seen(windows, [phases.tapped(place) for place in range(phases.window)], size)
        lasts = [phases.of_phase(size, phase) for phase in range(phases.count)]
        products *= sum(_pixels_seen(last, [1] * phases.taps(phase), size) for phase, last in enumerate(lasts))
        positions *= sum(map(len, lasts))
    references = phases.count**2 if phases.empty else 1
    whole = array_counts(inputs * phases.window**2, columns, reads, drives, technology, references=references)
    cells = weights * technology.cells_per_weight
    right = whole.row_drivers // whole.rows  # tiles, each with references of its own
    reference_cells = inputs * phases.kernel**2 * right if phases.empty else whole.reference_cells
    beside = crossed if phases.empty else drives
    return replace(
        whole,
        weights=weights,
        weight_cells=cells,
        reference_cells=reference_cells if whole.reference_cells else 0,
        macs=reads * weights,
        useful_macs=products,
        output_conversions=positions * outputs * (whole.column_ends // columns),
        outputs=positions * outputs,
        useful_cell_reads=crossed * outputs * technology.cells_per_weight
        + (beside * right if whole.reference_cells else 0),
        turns=Fraction(positions * outputs, columns) * (whole.read_slots // reads),
    )


def _pixels_seen(lasts: Iterable[int], cells: Sequence[int], size: int) -> int:
    """Cells crossed by pixels along a side, over windows that end at `lasts`, of so many cells a place from there."""
    return sum(number for last in lasts for place, number in enumerate(cells) if 0 <= last - place < size)


def _taps(module: nn.Conv2d | nn.ConvTranspose2d, image: Tensor, output: Tensor) -> int:
    """Pairs (output position, kernel element) of one channel that fall on a pixel, not on a structural zero."""
    pairs = 1
    for axis in (0, 1):
        size, positions = image.shape[2 + axis], output.shape[2 + axis]
        kernel, stride, dilation = module.kernel_size[axis], module.stride[axis], module.dilation[axis]
        if isinstance(module, nn.ConvTranspose2d):
            pairs *= taps_on_pixels_up(size, positions, kernel, stride, int(module.padding[axis]), dilation)
        elif module.padding_mode != "zeros":  # borders repeat pixels: nothing is a structural zero
            pairs *= positions * kernel
        else:
            pairs *= taps_on_pixels(size, positions, kernel, stride, _left_padding(module, axis), dilation)
    return pairs


def _left_padding(module: nn.Conv2d, axis: int) -> int:
    if module.padding == "valid":
        return 0
    if module.padding == "same":  # PyTorch puts the odd one at the end
        return module.dilation[axis] * (module.kernel_size[axis] - 1) // 2
    return int(module.padding[axis])


def taps_on_pixels(size: int, positions: int, kernel: int, stride: int, padding: int, dilation: int = 1) -> int:
    """Along one axis of a convolution: pairs (output, kernel element) whose input lies inside the `size` pixels."""
    source = stride * np.arange(positions)[:, None] + dilation * np.arange(kernel) - padding
    return int(np.count_nonzero((source >= 0) & (source < size)))


def taps_on_pixels_up(size: int, positions: int, kernel: int, stride: int, padding: int, dilation: int = 1) -> int:
    """Along one axis of a zero-padded convolution: pairs (output, kernel element) that meet one of `size` pixels.

    Each pixel i meets output i x stride - padding + k x dilation through kernel element k, if that output exists.
    """
    target = stride * np.arange(size)[:, None] + dilation * np.arange(kernel) - padding
    return int(np.count_nonzero((target >= 0) & (target < positions)))


def _used_again(first: LayerCounts, again: LayerCounts) -> LayerCounts:
    """A layer called twice: its cells stay, its uses add."""
    array = first.array
    if array is not None and again.array is not None:
        if array.columns != again.array.columns or array.rows != again.array.rows:
            raise UserError(
                f"layer {first.name} is used at two map sizes that need different arrays", "Use two layers."
            )
        array = used_again(array, again.array)
    activations = {name: number + again.activations.get(name, 0) for name, number in first.activations.items()}
    return replace(
        first,
        array=array,
        activations=activations,
        inputs_again=first.inputs_again + again.inputs,
        digital_in=first.digital_in + again.digital_in,
        digital_out=first.digital_out + again.digital_out,
    )
