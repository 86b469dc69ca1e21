"""A chip: a trained generator with its weights written into arrays and its batch norm folded into the columns."""

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor, nn

from spingan.arrays.mapping import Noise, effective_weight, program
from spingan.errors import UserError
from spingan.nn.activations import DeviceActivation
from spingan.nn.analog import AnalogLayer, along, analog_layers
from spingan.nn.copies import copied, has_hooks
from spingan.nn.finite import require_finite
from spingan.nn.kernels import stream_key
from spingan.nn.made_devices import MadeDevices
from spingan.nn.mean_pool import MemristiveMeanPool
from spingan.nn.noise_source import NoiseSource
from spingan.spec.technology import Technology

_Norm = nn.BatchNorm1d | nn.BatchNorm2d


def program_chip(
    model: nn.Module,
    technology: Technology,
    chip_seed: int = 0,
    *,
    programming_noise: Noise | None = None,
    read_noise: Noise | None = None,
    faded: float = 0.0,
    calibration: Sequence[Tensor | tuple[Tensor, ...]] = (),
) -> nn.Module:
    """A copy of a converted model as it computes on one chip, in evaluation mode.

    Every array is programmed once (`chip_seed` decides its noise and faults); layers that share weights get an array
    each. Batch norm that `convert` found to be the only reader of an analog layer becomes the columns' gain and offset.
    `read_noise` is drawn anew at each forward pass, beginning at `chip_seed`. Activations whose spread is known become
    physical devices, one for each value of a layer's output, drawn once.

    Args:
        faded: Share of every device's state that is lost since it was written (`program`).
        calibration: Batches of inputs that are read through this chip, its frozen noise, faults and devices in place,
            to measure each batch norm's mean and variance anew, layer by layer in one pass a batch. The two digital
            numbers a column are the chip's own from then on. It costs the reads of so many images, once.

    Raises:
        UserError: There is nothing to calibrate: the net has no batch norm. Or a number in the net is not finite.
    """
    require_finite(model)
    chip = copied(model).eval().requires_grad_(False)
    source = NoiseSource(stream_key(chip_seed, 1))
    for number, layer in enumerate(module for module in chip.modules() if isinstance(module, AnalogLayer)):
        _program_layer(layer, technology, stream_key(chip_seed, 0, number) >> 1, programming_noise, faded)
        layer.source = source
        layer.read_noise = read_noise
    devices = [module for module in chip.modules() if isinstance(module, DeviceActivation)]
    for number, device in enumerate(devices):
        if not device.activation.spread.is_none:
            device.made = MadeDevices(device.activation.spread, stream_key(chip_seed, 2, number) >> 1)
            for layer in analog_layers(chip):
                layer.needs_batch = True
    if programming_noise is not None and programming_noise.of == "resistance":
        for number, pool in enumerate(module for module in chip.modules() if isinstance(module, MemristiveMeanPool)):
            pool.make(programming_noise.fraction, stream_key(chip_seed, 3, number) >> 1)
    if calibration:
        if not any(isinstance(module, _Norm) for module in chip.modules()):
            raise UserError("the net has no batch norm that a chip could calibrate", "Leave the calibration out.")
        with torch.no_grad():
            recalibrate_batch_norm(chip, calibration)
    places = list(chip.named_modules(remove_duplicate=False))
    for layer, norm in folded_norms(chip):
        _fold(layer, norm)
        layer.norms, layer.folded = (), True
        for name in (name for name, module in places if module is norm):
            parent, _, leaf = name.rpartition(".")
            setattr(chip.get_submodule(parent), leaf, nn.Identity())
    return chip


@torch.no_grad()
def _program_layer(layer: AnalogLayer, technology: Technology, seed: int, noise: Noise | None, faded: float) -> None:
    columns = layer.weight.transpose(0, layer.column_axis)
    matrix = columns.flatten(1).t().contiguous()
    own = technology.for_dense() if isinstance(layer, nn.Linear) else technology
    if technology.synapse is not None:
        written = effective_weight(program(matrix, own, seed, gain=layer.gain, noise=noise, faded=faded))
    elif faded:
        raise UserError(f"technology {technology.name} has no devices that could fade", "Leave the fading out.")
    elif noise is not None and noise.of == "resistance":
        raise UserError(
            f"technology {technology.name} has no devices whose resistance could vary",
            "Give noise of full_scale or value.",
        )
    elif noise is not None:
        unit = torch.randn(matrix.shape, generator=torch.Generator().manual_seed(seed))
        written = matrix + noise.fraction * unit * (matrix if noise.of == "value" else layer.gain)
    else:
        written = matrix
    held = written.t().reshape(columns.shape).transpose(0, layer.column_axis)
    array = torch.empty_like(layer.weight).copy_(held)  # its own, even where layers share a parameter
    layer.weight = nn.Parameter(array, requires_grad=False)
    layer.levels = torch.empty(0)  # the weight is what the array gives now, not something to round again
    layer.deviation = layer.other_deviation = layer.programming_noise = layer.load = None


def folded_norms(model: nn.Module) -> Iterator[tuple[AnalogLayer, _Norm]]:
    """Analog layers and the batch norms that their columns take over: those that `convert` found (`AnalogLayer.norms`).

    A hook on either sees values between the two, so that they stay apart.
    """
    present = {id(module) for module in model.modules()}
    for layer in analog_layers(model):
        for norm in layer.norms:
            if id(norm) in present and not has_hooks(layer) and not has_hooks(norm):
                yield layer, norm


@torch.no_grad()
def _fold(layer: AnalogLayer, norm: _Norm) -> None:
    """The norm's affine map of each column: its factor into the weights and the gain, the rest into the offset."""
    mean, variance = norm.running_mean, norm.running_var
    assert mean is not None and variance is not None  # convert sees to it
    factor = torch.rsqrt(variance + norm.eps)
    if norm.weight is not None:
        factor = factor * norm.weight
    offset = -mean if layer.bias is None else layer.bias - mean
    bias = offset * factor if norm.bias is None else offset * factor + norm.bias
    layer.weight = nn.Parameter(layer.weight * along(factor, layer.weight, layer.column_axis), requires_grad=False)
    layer.bias = nn.Parameter(bias, requires_grad=False)
    layer.gain = layer.gain * factor.abs()


@torch.no_grad()
def recalibrate_batch_norm(model: nn.Module, batches: Sequence[Tensor | tuple[Tensor, ...]]) -> None:
    """Set every batch norm's running statistics to their mean over `batches`, for the weights as they are now."""
    norms = [module for module in model.modules() if isinstance(module, _Norm)]
    momenta = [norm.momentum for norm in norms]
    modes = [norm.training for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # a plain mean over what follows
        norm.train()
    for batch in batches:
        model(*(batch if isinstance(batch, tuple) else (batch,)))
    for norm, momentum, mode in zip(norms, momenta, modes, strict=True):
        norm.momentum, norm.training = momentum, mode
