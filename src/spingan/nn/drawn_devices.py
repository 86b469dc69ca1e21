"""A layer's activations in training: other physical devices at each update, and their noise in each evaluation."""

from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from spingan.errors import UserError
from spingan.nn.activations import DeviceActivation, uniform_table
from spingan.nn.kernels.base import flat, has_kernel, is_dense
from spingan.nn.kernels.devices import devices_backward, devices_forward
from spingan.nn.kernels.noise import add_gaussian
from spingan.nn.made_devices import MadeDevices, Trim
from spingan.nn.noise_source import NoiseSource
from spingan.spec.activation import Activation


class DrawnDevices:
    """What the devices of one layer make of their outputs in a training: `DeviceActivation.noise` takes it.

    At each update (`draw`) every value of the layer's output gets a gain, an offset and a slope below zero from the
    file's spread, the same for all images of the batch; each evaluation adds noise as the file says. `share` scales
    both: at 0 every device is the table's, at 1 they differ as the file says. The gradient is exact for the devices
    of the update; it takes the noise as given.
    """

    def __init__(self, device: DeviceActivation, source: NoiseSource, trim_bits: int = 0, trim_reads: int = 1) -> None:
        """Of a converted net's activation.

        Args:
            source: Of the noise; its `part` says which samples of a batch are here.
            trim_bits: Offsets are what a measurement at zero input leaves of them, stored with so many bits; 0: all.
            trim_reads: Readings that the measurement averages.

        Raises:
            UserError: The activation's file says neither how devices differ nor how noisy they are.
        """
        activation = device.activation
        if not can_be_drawn(activation):
            raise UserError(
                f"the file of {activation.name} says neither how its devices differ nor how noisy they are",
                "Give it a spread or output_noise, or leave drawn_devices out.",
            )
        self.activation = activation
        self.source = source
        self.trim = None if not trim_bits else Trim.of(activation, trim_bits, 0.0, trim_reads, device.scale[1])
        self.noise = _noise_table(activation, *device.scale)
        self.key = 0
        self.share = 0.0
        self._parts: dict[tuple[Any, ...], tuple[Tensor, Tensor, Tensor]] = {}

    def draw(self, key: int, share: float) -> None:
        """Other devices: those of `key`, which differ by `share` of what the file says."""
        self.key, self.share = key, share
        self._parts = {}

    def __call__(self, inputs: Tensor, outputs: Tensor, full_scale: float | Tensor) -> Tensor:
        """What the devices make of the table's `outputs` (batch, ...), driven with `inputs` in the net's numbers."""
        if self.share == 0:
            return outputs
        return _Devices.apply(outputs, inputs, self, full_scale)  # pyright: ignore[reportReturnType]

    def parts(self, like: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Gain above zero, gain below and offset in full scales, (1, ...) in the memory order of `like`'s samples."""
        kind = like.device, like.shape[1:], like.stride()[1:]
        if kind not in self._parts:
            made = MadeDevices(self.activation.spread, self.key, self.trim).parts(tuple(like.shape[1:]))
            gain = (1 + self.share * (made[0] - 1)).clamp(min=0)
            slope = 1 + self.share * (made[2] - 1)
            exact = torch.empty_like(like[:1], dtype=_exact(like[:0]).dtype)
            gain, below, offset = (exact.clone().copy_(part) for part in (gain, gain * slope, self.share * made[1]))
            self._parts[kind] = gain, below, offset
        return self._parts[kind]

    def unit(self, like: Tensor, key: int) -> Tensor:
        """Standard normal numbers (batch, ...), float32: by the samples' places in a batch that may be shared."""
        first, total = self.source.part or (0, len(like))
        if like.device.type == "cpu":
            unit = torch.zeros_like(like, dtype=torch.float32) if sample_by_sample(like) else torch.zeros(like.shape)
            add_gaussian(unit, torch.ones(len(like)), torch.ones(like[0].numel()), key, first)
            return unit
        generator = torch.Generator(like.device).manual_seed(key & 0x7FFFFFFFFFFFFFFF)
        return torch.randn((total, *like.shape[1:]), generator=generator, device=like.device)[first : first + len(like)]


def can_be_drawn(activation: Activation) -> bool:
    """Whether an activation's file says how devices differ, or how noisy they are."""
    return not activation.spread.is_none or activation.output_noise is not None


def sample_by_sample(values: Tensor) -> bool:
    """Whether the samples lie one after the other in memory, in whatever order inside."""
    return is_dense(values) and (len(values) == 1 or values.stride(0) == values[0].numel())


def _noise_table(activation: Activation, inputs: float, outputs: float) -> tuple[Tensor, float, float] | None:
    """The noise's deviation in full scales on a uniform grid of inputs in full scales, its first input and its step.

    Args:
        inputs, outputs: A full-scale input and the output's span in the net's numbers.
    """
    noise = activation.output_noise
    if noise is None:
        return None
    span = abs(activation.output_full_scale - activation.output_zero)
    rms = np.array(noise.rms) / span * outputs
    if len(rms) == 1:
        return torch.tensor(np.repeat(rms, 2)), 0.0, 1.0
    table, low, step = uniform_table(np.array(noise.input) / activation.input_full_scale * inputs, rms)
    return torch.tensor(table), low, step


class _Devices(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, outputs: Tensor, inputs: Tensor, devices: DrawnDevices, full_scale: float | Tensor) -> Tensor:
        gain, below, offset = devices.parts(outputs)
        key = 0 if devices.noise is None else devices.source.next_key()
        ctx.save_for_backward(outputs)
        kinds = {(given.device.type, given.dtype, given.stride()) for given in (outputs, inputs)}
        ctx.compiled = len(kinds) == 1 and sample_by_sample(outputs) and has_kernel(outputs)
        if ctx.compiled:
            scale = float(full_scale)
            noise = None
            if devices.noise is not None:
                table, low, step = devices.noise
                noise = (table * (devices.share * scale)).numpy().astype(np.float32), low * scale, step * scale
            ctx.gains = flat(gain.float()), flat(below.float())
            parts = *ctx.gains, flat((offset * scale).float())
            return devices_forward(inputs, outputs, parts, noise, key, (devices.source.part or (0, 0))[0])
        gain, below, offset = (part.to(_exact(outputs)) for part in (gain, below, offset))
        ctx.gains = gain, below
        values = _exact(outputs)
        out = offset * full_scale + torch.where(values >= 0, gain, below) * values
        if devices.noise is not None:
            table, low, step = devices.noise
            table = table.to(values)
            place = ((_exact(inputs) / full_scale - low) / step).clamp(0, table.numel() - 1)
            cell = place.to(torch.int64).clamp(0, table.numel() - 2)
            deviation = table[cell] + (place - cell) * table.diff()[cell]
            out = out + devices.share * full_scale * deviation * devices.unit(outputs, key).to(values.dtype)
        return out.to(outputs.dtype)

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Any) -> Any:
        return _gradient(ctx, *grad_outputs)


@once_differentiable
def _gradient(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None, None]:
    (outputs,) = ctx.saved_tensors
    gain, below = ctx.gains
    if ctx.compiled:
        return devices_backward(outputs, gradient, gain, below), None, None, None
    return gradient * torch.where(outputs >= 0, gain, below).to(gradient.dtype), None, None, None


def _exact(values: Tensor) -> Tensor:
    """In float32 at least."""
    return values if values.dtype == torch.float64 else values.float()
