"""A chip: a trained generator with its weights written into arrays and its batch norm folded into the columns."""

import copy
from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_weights, fuse_linear_bn_weights

from spingan.hardware.mapping import Noise, effective_weight, program
from spingan.hardware.technology import Technology
from spingan.nn.analog import AnalogLayer, AnalogLinear, NoiseSource
from spingan.nn.kernels import stream_key


def program_chip(
    model: nn.Module,
    technology: Technology,
    chip_seed: int = 0,
    *,
    programming_noise: Noise | None = None,
    read_noise: Noise | None = None,
) -> nn.Module:
    """A copy of a converted model as it computes on one chip, in evaluation mode.

    Every array is programmed once (`chip_seed` decides its noise and faults), batch norm that follows an analog layer
    becomes the columns' gain and offset, and `read_noise` is drawn anew at each forward pass, beginning at `chip_seed`.
    """
    chip = copy.deepcopy(model).eval().requires_grad_(False)
    source = NoiseSource(stream_key(chip_seed, 1))
    for number, layer in enumerate(module for module in chip.modules() if isinstance(module, AnalogLayer)):
        _program_layer(layer, technology, stream_key(chip_seed, 0, number) >> 1, programming_noise)
        layer.source = source
        layer.read_noise = read_noise
    for parent, name, layer, norm in list(_folded_norms(chip)):
        _fold(layer, norm)
        setattr(parent, name, nn.Identity())
    return chip


@torch.no_grad()
def _program_layer(layer: AnalogLayer, technology: Technology, seed: int, noise: Noise | None) -> None:
    columns = layer.weight.transpose(0, layer.column_axis)
    matrix = columns.flatten(1).t().contiguous()
    if technology.synapse is not None:
        written = effective_weight(program(matrix, technology, seed, gain=layer.gain, noise=noise))
    elif noise is not None:
        unit = torch.randn(matrix.shape, generator=torch.Generator().manual_seed(seed))
        written = matrix + noise.fraction * unit * (matrix if noise.of == "value" else layer.gain)
    else:
        written = matrix
    held = written.t().reshape(columns.shape).transpose(0, layer.column_axis)
    layer.weight.copy_(held.clone())  # ideal weights come back as a view of themselves
    layer.levels = torch.empty(0)  # the weight is the array's content now, not something to round again
    layer.deviation = layer.programming_noise = None


def _folded_norms(model: nn.Module) -> Iterator[tuple[nn.Module, str, AnalogLayer, nn.BatchNorm1d | nn.BatchNorm2d]]:
    for parent in model.modules():
        before: nn.Module | None = None
        for name, child in parent.named_children():
            if isinstance(child, nn.BatchNorm1d | nn.BatchNorm2d) and isinstance(before, AnalogLayer):
                yield parent, name, before, child
            before = child


@torch.no_grad()
def _fold(layer: AnalogLayer, norm: nn.BatchNorm1d | nn.BatchNorm2d) -> None:
    """weight x factor and offset = the norm's affine map of the column; the library's formulas."""
    mean, variance = norm.running_mean, norm.running_var
    arguments = (mean, variance, norm.eps, norm.weight, norm.bias)
    if isinstance(layer, AnalogLinear):
        weight, bias = fuse_linear_bn_weights(layer.weight, layer.bias, *arguments)  # pyright: ignore[reportArgumentType]
    else:
        weight, bias = fuse_conv_bn_weights(layer.weight, layer.bias, *arguments, transpose=layer.column_axis == 1)  # pyright: ignore[reportArgumentType]
    assert variance is not None
    scale = torch.rsqrt(variance + norm.eps)
    factor = scale if norm.weight is None else scale * norm.weight
    layer.weight = nn.Parameter(weight, requires_grad=False)
    layer.bias = nn.Parameter(bias, requires_grad=False)
    layer.gain = layer.gain * factor.abs()


@torch.no_grad()
def recalibrate_batch_norm(model: nn.Module, batches: list[Tensor]) -> None:
    """Set every batch norm's running statistics to their mean over `batches`, for the weights as they are now."""
    norms = [module for module in model.modules() if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d)]
    momenta = [norm.momentum for norm in norms]
    training = model.training
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # a plain mean over what follows
    model.train()
    for batch in batches:
        model(batch)
    model.train(training)
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
