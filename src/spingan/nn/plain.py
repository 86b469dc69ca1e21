"""A chip in PyTorch's own operations alone: for exporters and compilers, which know no kernels of ours.

A device's curve is the same look-up in a table, or the same few bent lines, as `spingan.nn.activations` computes; only
the order of the additions may differ.
"""

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from spingan.errors import UserError
from spingan.nn.activations import DeviceActivation
from spingan.nn.analog import AnalogConv2d, AnalogConvTranspose2d, AnalogLayer, AnalogLinear
from spingan.nn.chip import Chip
from spingan.nn.copies import copied, move_hooks
from spingan.nn.dropout import DrawnDropout
from spingan.nn.made_devices import MadeDevices
from spingan.nn.mean_pool import MemristiveMeanPool


class _LookUp(nn.Module):
    """A table on a uniform grid, straight between its points; clamped at its ends, or continued."""

    def __init__(self, device: DeviceActivation, full_scale: float) -> None:
        super().__init__()
        table = device.table.cpu() * full_scale
        self.register_buffer("table", table)
        self.register_buffer("rise", table.diff())
        self.low, self.inverse_step = device.low * full_scale, 1.0 / (device.step * full_scale)
        self.extrapolate = device.extrapolate

    table: Tensor
    rise: Tensor

    def forward(self, values: Tensor) -> Tensor:
        cells = len(self.rise)
        position = (values - self.low) * self.inverse_step
        inside = position.clamp(0, cells)
        cell = inside.to(torch.int64).clamp(0, cells - 1)
        reached = position if self.extrapolate else inside
        return self.table[cell] + (reached - cell) * self.rise[cell]


class _Bends(nn.Module):
    """A clamped curve of a few straight pieces: its first value and a bend at each place."""

    def __init__(self, device: DeviceActivation, full_scale: float) -> None:
        super().__init__()
        assert device.hinges is not None
        base, places, bends = device.hinges
        self.base = base * full_scale
        scaled = places * np.float32(full_scale)  # as the kernel rounds them: what is off by it adds up over all inputs
        self.bends = [(float(place), float(bend)) for place, bend in zip(scaled, bends, strict=True) if bend]
        self.high = (device.low + device.step * (device.table.numel() - 1)) * full_scale

    def forward(self, values: Tensor) -> Tensor:
        within = values.clamp(max=self.high)
        first, *others = (bend * (within - place).clamp(min=0) for place, bend in self.bends)
        return sum(others, first + self.base)


class _Devices(nn.Module):
    """One physical device for each value, as `MadeDevices`, whose draw for this shape is stored here."""

    gain: Tensor
    below: Tensor
    offset: Tensor

    def __init__(self, made: MadeDevices, shape: tuple[int, ...], full_scale: float) -> None:
        super().__init__()
        gain, offset, slope = made.parts(shape)
        self.register_buffer("gain", gain)
        self.register_buffer("below", gain * slope)
        self.register_buffer("offset", offset * full_scale)

    def forward(self, values: Tensor) -> Tensor:
        return self.offset + self.gain * values.clamp(min=0) + self.below * values.clamp(max=0)


class PlainActivation(nn.Module):
    """A `DeviceActivation` of a chip."""

    def __init__(self, device: DeviceActivation, shape: tuple[int, ...]) -> None:
        super().__init__()
        full_scale = float(device.full_scale)
        self.curve = _LookUp(device, full_scale) if device.hinges is None else _Bends(device, full_scale)
        self.made = nn.Identity() if device.made is None else _Devices(device.made, shape, full_scale)
        self.inplace = device.inplace

    def forward(self, values: Tensor) -> Tensor:
        out = self.made(self.curve(values))
        return values.copy_(out) if self.inplace else out


def plain_chip(chip: Chip, *inputs: Tensor) -> nn.Module:
    """A copy of the chip's net, on the processor and in evaluation mode, in which every module is PyTorch's own.

    Args:
        inputs: Any that the chip takes; it computes with them once, to show the shapes in the net.

    Raises:
        UserError: The chip draws noise anew at each read, rounds in converters, or has devices that refuse inputs.
    """
    refuse_changing(chip)
    net = copied(chip.net).cpu().eval()
    shapes: dict[nn.Module, set[torch.Size]] = {}

    def note(module: nn.Module, given: tuple[Tensor, ...], made: Tensor) -> None:
        shapes.setdefault(module, set()).add(made.shape[1:])

    watched = [module for module in net.modules() if isinstance(module, DeviceActivation | MemristiveMeanPool)]
    handles = [module.register_forward_hook(note) for module in watched]
    with torch.no_grad():
        net(*(given.cpu() for given in inputs))
    for handle in handles:
        handle.remove()
    made: dict[nn.Module, nn.Module] = {}
    for name, module in list(net.named_modules(remove_duplicate=False)):
        if module not in made:
            made[module] = _plain(name, module, shapes.get(module, set()))
            if made[module] is not module:
                move_hooks(module, made[module])
        if name and made[module] is not module:
            parent, _, leaf = name.rpartition(".")
            setattr(net.get_submodule(parent), leaf, made[module])
    return made.get(net, net).eval()


def refuse_changing(chip: Chip) -> None:
    """Refuse a chip that is no fixed function of sums and straight lines.

    Raises:
        UserError: It is not; all reasons are named.
    """
    asked, found = chip.conditions, []
    if asked.read_noise is not None and asked.read_noise.fraction:
        found.append("read noise, drawn anew at each read")
    if asked.latent_noise or asked.input_noise:
        found.append("noise of inputs, drawn anew at each read")
    layers = [module for module in chip.net.modules() if isinstance(module, AnalogLayer)]
    sides = [side for side in ("dac", "adc") if any(getattr(layer, side) is not None for layer in layers)]
    if sides:
        found.append(
            f"the rounding of the {' and the '.join(sides)}, where the last bit of a float sum decides between two "
            "codes, and every program adds in an order of its own"
        )
    devices = [module for module in chip.net.modules() if isinstance(module, DeviceActivation)]
    noisy = sorted({device.activation.name for device in devices if device.noise is not None})
    if noisy:
        found.append(f"the noise of {', '.join(noisy)} (output_noise), drawn anew in each evaluation")
    strict = sorted({device.activation.name for device in devices if device.activation.outside == "error"})
    if strict:
        found.append(f"the refusal of inputs beyond the table of {', '.join(strict)} (outside: error)")
    if found:
        raise UserError(
            f"a fixed function cannot hold what this chip does: {'; '.join(found)}",
            "Leave it out: of the conditions, with --set dac.bits=null or adc.bits=null, or of the activation's file "
            "(spingan technology new DIR --from NAME).",
        )


def _plain(name: str, module: nn.Module, shapes: set[torch.Size]) -> nn.Module:
    if isinstance(module, DeviceActivation):
        if module.made is not None and len(shapes) != 1:
            raise UserError(
                f"layer {name} has physical devices and is used at {len(shapes)} shapes", "Give each use its own."
            )
        return PlainActivation(module, tuple(next(iter(shapes), ())))
    if isinstance(module, DrawnDropout):
        return nn.Identity()
    if isinstance(module, MemristiveMeanPool):
        return _plain_pool(module, shapes)
    if not isinstance(module, AnalogLayer):
        return module
    if isinstance(module, AnalogLinear):
        layer: nn.Module = nn.Linear(module.in_features, module.out_features, module.bias is not None, device="meta")
    else:
        assert isinstance(module, AnalogConv2d | AnalogConvTranspose2d)
        sizes: Any = module.in_channels, module.out_channels, module.kernel_size, module.stride, module.padding
        last: Any = module.dilation if isinstance(module, AnalogConv2d) else module.output_padding
        kind: Any = nn.Conv2d if isinstance(module, AnalogConv2d) else nn.ConvTranspose2d
        layer = kind(*sizes, last, bias=module.bias is not None, device="meta")
    layer.weight = nn.Parameter(module.effective_weight().detach().contiguous(), requires_grad=False)
    if module.bias is not None:
        layer.bias = nn.Parameter(module.bias.detach().clone(), requires_grad=False)
    return layer


def _plain_pool(pool: MemristiveMeanPool, shapes: set[torch.Size]) -> nn.Module:
    if pool.tolerance == 0:
        return nn.AvgPool2d(pool.side, pool.stride)
    (channels,) = {shape[0] for shape in shapes}
    layer = nn.Conv2d(channels, channels, pool.side, pool.stride, groups=channels, bias=False, device="meta")
    layer.weight = nn.Parameter(pool.shares(channels), requires_grad=False)
    return layer
