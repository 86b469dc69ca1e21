"""How often a trained generator's activations get which input, measured while it draws images on its chip."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from spingan.arrays.conditions import ChipConditions
from spingan.errors import UserError
from spingan.nn.activations import DeviceActivation
from spingan.nn.weights import Model
from spingan.spec.activation import Function

BINS = 1000  # over -1..1 of full scale: a bin is a hundredth of a typical input
IMAGES = 64  # about a million inputs of the shipped nets: a share of 1 % is known to 1 % of itself


@dataclass(frozen=True, eq=False)
class ActivationInputs:
    """The distribution of a net's activation inputs.

    Attributes:
        model: name of the net.
        function: of the activations that were measured.
        layers: their names in the net.
        share_of_full_scale: (BINS,) centres of the bins, from -1 to 1; 1 is the device's full scale.
        weight: (BINS,) share of the inputs in each; adds to 1. Inputs beyond ±1 count in the outermost bins.
        full_scale_a: the device's full-scale input on the net's own technology, in amperes; None: in another unit.
        images: how many images were drawn.
    """

    model: str
    function: Function
    layers: tuple[str, ...]
    share_of_full_scale: NDArray[np.float64]
    weight: NDArray[np.float64]
    full_scale_a: float | None
    images: int


def activation_inputs(
    model: Model, function: Function, images: int = IMAGES, seed: int = 0, chip: ChipConditions = ChipConditions()
) -> ActivationInputs:
    """Measure what a generator's activations are driven with while it draws `images` images on one chip.

    Each layer's inputs are taken in units of its own calibrated full scale, so that they are currents of the device.
    Activations of `function` are measured; where the net has none, its other
    rectifiers, whose inputs they would get.

    Raises:
        UserError: The net has no activations of devices, or their inputs were never calibrated; or as `Model.sample`.
    """
    measured = _rectifiers(model.generator, function)
    if not measured:
        raise UserError(
            f"{model.name}: its inputs were never calibrated: on {model.technology.name} no {function} is a device's",
            "Name a net on a technology with devices, as clothes, or a run folder of one: spingan evaluate lists them.",
        )
    for name, device in measured.items():
        if not device.calibrates or float(device.full_scale) in (0.0, 1.0):
            raise UserError(
                f"{model.name}: the inputs of activation {name} were never calibrated, its full scale is "
                f"{float(device.full_scale):g}",
                "Train it on the technology, or fit it to its weights first: spingan.nn.fit_to_weights.",
            )
    counts = torch.zeros(BINS, dtype=torch.float64)

    def count(device: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        assert isinstance(device, DeviceActivation)
        share = (inputs[0].detach().float() / float(device.full_scale)).clamp(-1.0, 1.0)
        counts.add_(torch.histc(share, BINS, -1.0, 1.0).double())

    programmed = model.chip(chip)
    hooks = [device.register_forward_pre_hook(count) for device in _rectifiers(programmed, function).values()]
    try:
        model.sample(images, seed=seed, chip=chip)
    finally:
        for hook in hooks:
            hook.remove()
    first = next(iter(measured.values())).activation
    edges = np.linspace(-1.0, 1.0, BINS + 1)
    return ActivationInputs(
        model.name,
        first.function,
        tuple(measured),
        (edges[1:] + edges[:-1]) / 2,
        (counts / counts.sum()).numpy(),
        abs(first.input_full_scale) if first.input_unit == "A" else None,
        images,
    )


def _rectifiers(net: nn.Module, function: Function) -> dict[str, DeviceActivation]:
    devices = {name: part for name, part in net.named_modules() if isinstance(part, DeviceActivation)}
    for wanted in ((function,), ("relu", "leaky_relu")):
        found = {name: device for name, device in devices.items() if device.function in wanted}
        if found:
            return found
    return {}
