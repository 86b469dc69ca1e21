"""A chip: a net with its weights written into arrays, which it keeps, and its batch norm folded into the columns."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from spingan.arrays.conditions import ChipConditions, with_stuck
from spingan.arrays.mapping import OFF, ProgrammedArray, program
from spingan.errors import UserError
from spingan.nn.activations import DeviceActivation
from spingan.nn.analog import AnalogLayer, analog_layers
from spingan.nn.converters import measured_ranges
from spingan.nn.copies import copied, has_hooks
from spingan.nn.device_noise import DeviceNoise
from spingan.nn.draws import standard_normal
from spingan.nn.finite import require_finite
from spingan.nn.made_devices import MadeDevices, Trim
from spingan.nn.mean_pool import MemristiveMeanPool
from spingan.nn.noise_source import NoiseSource, stream_key
from spingan.nn.quantise import along
from spingan.spec.noise import Noise
from spingan.spec.synapse import Synapse
from spingan.spec.technology import Technology

Batches = Sequence[Tensor | tuple[Tensor, ...]]
"""A net's inputs, or tuples of them, batch by batch."""
_Norm = nn.BatchNorm1d | nn.BatchNorm2d
_ARRAYS, _READS, _ACTIVATIONS, _POOLS, CALIBRATION, _INPUTS = range(6)
"""Streams of a chip's seed."""


class Chip(nn.Module):
    """A net on one chip of a technology, in evaluation mode.

    Attributes:
        net: The net as the chip computes it. Every analog layer's weight is what its array gives.
        arrays: The programmed arrays by the layers' names in the net, `layer.phase0`, `layer.phase1`, ... where a layer
            has one for each phase; empty where the technology has no devices.
        conditions: Which chip it is, and what about it is not ideal.
    """

    def __init__(
        self,
        model: nn.Module,
        technology: Technology,
        conditions: ChipConditions,
        fitting: Batches,
        calibration: Batches,
        fresh: "Chip | None" = None,
    ) -> None:
        """As `program_chip`, whose arguments these are; `fresh` is the same chip when it was written."""
        super().__init__()
        require_finite(model)
        self.conditions = conditions
        self.technology = with_stuck(technology, conditions.stuck) if conditions.stuck else technology
        meant = copied(model).eval().requires_grad_(False)
        if conditions.clip and fresh is None:
            clip_weights(meant, conditions.clip, fitting)
        self._meant = (meant,)  # what was to be programmed; in a tuple, so that it is no part of this module
        self.reads = NoiseSource(stream_key(conditions.seed, _READS))
        self.inputs = NoiseSource(stream_key(conditions.seed, _INPUTS))
        self.net = copied(meant)
        self.arrays: dict[str, ProgrammedArray] = {} if fresh is None else fresh.arrays
        self._measures = bool(calibration)
        self._gains: dict[str, float] = {} if fresh is None or calibration else fresh._gains
        self._program_layers()
        self._draw_activations()
        if conditions.programming_noise is not None and conditions.programming_noise.of == "resistance":
            pools = (module for module in self.net.modules() if isinstance(module, MemristiveMeanPool))
            for number, pool in enumerate(pools):
                pool.make(conditions.programming_noise.fraction, stream_key(conditions.seed, _POOLS, number) >> 1)
        if fresh is not None and not calibration:
            for own, measured in zip(_norms(self.net), fresh._norms, strict=True):
                own.load_state_dict(measured)
        elif conditions.calibration and not calibration:
            raise UserError("a chip that measures its batch norms needs inputs", "Give calibration a few batches.")
        elif calibration:
            if not any(_norms(self.net)) and not conditions.time_s:
                raise UserError("the net has no batch norm that a chip could calibrate", "Leave the calibration out.")
            with torch.no_grad():
                recalibrate_batch_norm(self.net, calibration)
        self._norms = [{name: part.clone() for name, part in norm.state_dict().items()} for norm in _norms(self.net)]
        self._fold_norms()
        if conditions.input_noise:
            for layer in analog_layers(self.net):
                layer.register_forward_pre_hook(self._add_input_noise)

    def forward(self, *inputs: Any) -> Any:
        if self.conditions.latent_noise:
            first, *others = inputs
            unit = standard_normal(first.shape, self.inputs.next_key(), first.device)
            inputs = (first + (self.conditions.latent_noise * unit).to(first.dtype), *others)
        return self.net(*inputs)

    def restart(self, seed: int) -> None:
        """Begin all noise of reads and inputs anew: the same seed is the same noise."""
        self.reads.restart(self.conditions.seed, _READS, seed)
        self.inputs.restart(self.conditions.seed, _INPUTS, seed)

    def at(self, time_s: float, calibration: Batches = ()) -> "Chip":
        """The same chip, `time_s` seconds after its arrays were written; 0 is as it was written.

        Every device keeps what is its own, so that all times are the history of one chip. Batch norms, and gains that
        were measured, stay as they were, unless they are measured again.

        Args:
            calibration: Batches of inputs that are read through the aged chip, to measure each array's gain and each
                batch norm anew, as in `program_chip`.

        Raises:
            UserError: The technology has no devices, or its synapse's retention is unknown at that time.
        """
        conditions = replace(self.conditions, faded=0.0, time_s=time_s)
        return Chip(self._meant[0], self.technology, conditions, (), calibration, fresh=self)

    def _program_layers(self) -> None:
        self.conditions.check_devices(self.technology)
        noise = self.conditions.programming_noise
        layers = ((name, part) for name, part in self.net.named_modules() if isinstance(part, AnalogLayer))
        for number, (name, layer) in enumerate(layers):
            technology = self.technology.for_dense() if isinstance(layer, nn.Linear) else self.technology
            gain, built = layer.layout.per_column(layer.gain), layer.layout.built(layer.weight)
            names, matrices = layer.layout.names(name), layer.matrices()
            seeds = [stream_key(self.conditions.seed, _ARRAYS, number, part) >> 1 for part in range(len(names))]
            if technology.synapse is None:
                pairs = zip(matrices, seeds, strict=True)
                layer.hold([_ideal_weights(matrix, gain, technology, noise, seed) for matrix, seed in pairs])
            else:
                for array, matrix, seed in zip(names, matrices, seeds, strict=True):
                    if array not in self.arrays:
                        self.arrays[array] = program(matrix, technology, seed, gain=gain, noise=noise, built=built)
                self._hold(name, layer, technology.synapse)
            layer.source, layer.read_noise = self.reads, self.conditions.read_noise

    def _hold(self, name: str, layer: AnalogLayer, synapse: Synapse) -> None:
        """Let a layer compute with what its arrays have become."""
        arrays, time_s = [self.arrays[array] for array in layer.layout.names(name)], self.conditions.time_s
        weights = [
            (written.at(time_s, synapse) if time_s else written.faded(self.conditions.faded)).weight()
            for written in arrays
        ]
        if time_s and self._measures:
            self._gains[name] = 1 / _share_left([written.weight() for written in arrays], weights)
        if name in self._gains:  # behind the converters, so that the noise of a read is amplified, too
            weights = [weight * self._gains[name] for weight in weights]
            layer.gain = layer.gain * self._gains[name]
        layer.hold(weights)

    def _draw_activations(self) -> None:
        devices = [module for module in self.net.modules() if isinstance(module, DeviceActivation)]
        asked = {"gain": self.conditions.activation_gain, "offset": self.conditions.activation_offset}
        if any(asked.values()) and not devices:
            raise UserError("the net's activations are exact functions: none differs", "Name one of a technology.")
        trimmed = False
        for number, device in enumerate(devices):
            if any(asked.values()):
                spread = device.activation.spread.model_copy(update=asked)
                device.activation = device.activation.model_copy(update={"spread": spread})
            if not device.activation.spread.is_none:
                seed = stream_key(self.conditions.seed, _ACTIVATIONS, number) >> 1
                device.made = MadeDevices(device.activation.spread, seed, self._trim(device))
                trimmed = True
                for layer in analog_layers(self.net):
                    layer.needs_batch = True
            if device.activation.output_noise is not None:
                device.noise = DeviceNoise(device.activation, self.reads, *device.scale)
        if self.conditions.trim_bits and not trimmed:
            raise UserError(
                "the net's activations do not differ: there is no offset to trim",
                "Name a technology whose activations have a spread, or give activation_offset.",
            )

    def _trim(self, device: DeviceActivation) -> Trim | None:
        """The measurement of a layer's offsets; None without one."""
        asked = self.conditions
        bits = asked.trim_bits or self.technology.trim_bits
        if not bits:
            return None
        reads = asked.trim_reads if asked.trim_reads > 1 else self.technology.trim_reads or 1
        return Trim.of(device.activation, bits, asked.trim_noise, reads, device.scale[1])

    def _fold_norms(self) -> None:
        places = list(self.net.named_modules(remove_duplicate=False))
        for layer, norm in folded_norms(self.net):
            _fold(layer, norm)
            layer.norms, layer.folded = (), True
            for name in (name for name, module in places if module is norm):
                parent, _, leaf = name.rpartition(".")
                setattr(self.net.get_submodule(parent), leaf, nn.Identity())

    def _add_input_noise(self, module: nn.Module, inputs: tuple[Tensor, ...]) -> Tensor:
        """Noise on a layer's inputs, image by image, so that no image depends on its neighbours."""
        values = inputs[0]
        unit = standard_normal(values.shape, self.inputs.next_key(), values.device)
        size = values.float().square().mean(tuple(range(1, values.dim())), keepdim=True).sqrt()
        return values + (self.conditions.input_noise * unit * size).to(values.dtype)


def program_chip(
    model: nn.Module,
    technology: Technology,
    conditions: ChipConditions = ChipConditions(),
    *,
    fitting: Batches = (),
    calibration: Batches = (),
) -> Chip:
    """A converted model on one chip, in evaluation mode. The model itself is left as it is.

    Every array is programmed once (`conditions.seed` decides its noise and faults); layers that share weights get an
    array each. Batch norm that `convert` found to be the only reader of an analog layer becomes the columns' gain and
    offset. Activations whose spread is known become physical devices, one for each value of a layer's output, drawn
    once; those whose noise is known get it anew in each evaluation. The order of things: weights are clipped before
    they are written; the chip is calibrated with its frozen noise, its faults and its read noise in place; noise of the
    net's input and of the arrays' inputs begins after that.

    Args:
        fitting: Batches of inputs that ranges and batch norms are fitted to after `conditions.clip` has changed the
            weights, before they are written.
        calibration: Batches of inputs that are read through this chip, its frozen noise, faults and devices in place,
            to measure each batch norm's mean and variance anew, layer by layer in one pass a batch. The two digital
            numbers a column are the chip's own from then on. It costs the reads of so many images, once.

    Raises:
        UserError: There is nothing to calibrate: the net has no batch norm. The technology has no devices for what is
            asked of them. Or a number in the net is not finite.
    """
    return Chip(model, technology, conditions, fitting, calibration)


def _ideal_weights(matrix: Tensor, gain: Tensor, technology: Technology, noise: Noise | None, seed: int) -> Tensor:
    """(rows, columns) what an array holds on a technology without devices: floats, with noise where there is any."""
    if noise is None:
        return matrix
    if noise.of == "resistance":
        raise UserError(
            f"technology {technology.name} has no devices whose resistance could vary",
            "Give noise of full_scale or value.",
        )
    unit = torch.randn(matrix.shape, generator=torch.Generator().manual_seed(seed))
    return matrix + noise.fraction * unit * (matrix if noise.of == "value" else gain)


def _share_left(written: Sequence[Tensor], aged: Sequence[Tensor]) -> float:
    """The slope of what a layer's aged arrays give against what they gave as written: Σ w w' / Σ w².

    Reads of known random inputs converge to it, as those of one constant input would if no device went its own way.
    Arrays that have nothing in common with what was written, or held nothing, are left as they are: 1.
    """
    pairs = [(before.double(), after.double()) for before, after in zip(written, aged, strict=True)]
    power = sum(float(before.square().sum()) for before, _ in pairs)
    left = sum(float((before * after).sum()) for before, after in pairs)
    return left / power if left > 0 else 1.0


def _norms(net: nn.Module) -> Iterator[_Norm]:
    return (module for module in net.modules() if isinstance(module, _Norm))


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
    layer.gain = (layer.gain * factor.abs()).clamp(min=OFF)  # a factor of 0 switches its column off
    if layer.adc is not None and float(layer.adc.low) != -float(layer.adc.high):
        layer.signs = torch.where(factor < 0, -1.0, 1.0)  # the converter reads the column as it did in training


@torch.no_grad()
def recalibrate_batch_norm(model: nn.Module, batches: Iterable[Tensor | tuple[Tensor, ...]]) -> None:
    """Set every batch norm's running statistics to their mean over `batches`, for the weights as they are now."""
    norms = list(_norms(model))
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


@torch.no_grad()
def fit_to_weights(model: nn.Module, batches: Iterable[Tensor | tuple[Tensor, ...]]) -> None:
    """Fit a net's gains, batch-norm statistics and activation ranges to its weights, layer by layer in order."""
    for layer in analog_layers(model):
        layer.calibrate()
        layer.fold_wires()
        layer.redraw_deviation()
    devices = [module for module in model.modules() if isinstance(module, DeviceActivation)]
    for device in devices:
        device.begin_calibration()
    with measured_ranges(model):
        recalibrate_batch_norm(model, batches)
    for device in devices:
        device.end_calibration()
        device.saturated = device.evaluated = 0


def clip_weights(model: nn.Module, clip: float, batches: Batches) -> None:
    """Hold every column's weights within `clip` times their root mean square, and fit all that follows to them.

    Args:
        batches: Inputs that gains, batch norms and activation ranges are fitted to, as after a training.

    Raises:
        UserError: There are none.
    """
    if not batches:
        raise UserError("clipped weights need inputs that the net is fitted to again", "Give fitting a few batches.")
    for layer in analog_layers(model):
        layer.clip = clip
    fit_to_weights(model, batches)
    model.eval()
