"""Layers whose weights live in a crossbar. They stay PyTorch's own: same parameters, same state_dict, same isinstance.

`weight` is the float number that training moves; `effective_weight()` is what the array holds of it, on its levels, and
what the layer computes with. Its gradient passes straight through the levels and stops at the clip.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional

from spingan.arrays.mapping import ArrayRules, gain_of_largest, nearest_level
from spingan.errors import UserError
from spingan.nn.convolution import conv2d, conv_transpose2d
from spingan.nn.draws import conductance_factors, has_kernel, standard_normal
from spingan.nn.kernels import levels as level_kernels
from spingan.nn.kernels import noise as noise_kernels
from spingan.nn.noise_source import NoiseSource
from spingan.nn.zero_padded import ZeroPaddedConv2d, zero_padded_conv2d
from spingan.spec.noise import Noise
from spingan.spec.technology import Technology

Spacing = Literal["uniform", "two-sided", "uneven"]


@once_differentiable
def _gradient_within_clip(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
    weight, gain = ctx.saved_tensors
    if has_kernel(weight):
        return level_kernels.clip_gradient(gradient, weight, gain, ctx.axis), None, None, None, None
    inside = weight.abs() <= along(gain, weight, ctx.axis)
    return gradient * inside, None, None, None, None


class _Quantise(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, weight: Tensor, gain: Tensor, levels: Tensor, spacing: Spacing, axis: int) -> Tensor:
        ctx.save_for_backward(weight, gain)
        ctx.axis = axis
        if spacing == "uniform" and has_kernel(weight):
            return level_kernels.quantise_uniform(weight, gain, levels, axis)
        if spacing == "two-sided" and axis == 0 and has_kernel(weight) and weight.is_contiguous():
            return level_kernels.quantise_two_sided(weight, gain, levels)
        full = along(gain, weight, axis)
        return levels[nearest_level((weight / full).clamp(-1, 1), levels)] * full + weight * 0  # a NaN stays one

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Any) -> Any:
        return _gradient_within_clip(ctx, *grad_outputs)


def spacing(levels: NDArray[np.float64]) -> Spacing:
    """How weight levels lie: evenly from -1 to 1, evenly on either side of a gap at zero, or otherwise."""
    if np.allclose(levels, np.linspace(-1, 1, len(levels)), rtol=0, atol=1e-6):
        return "uniform"
    upper = levels[len(levels) // 2 :]
    mirrored = len(levels) % 2 == 0 and len(upper) > 1 and np.allclose(levels, np.concatenate((-upper[::-1], upper)))
    even = mirrored and np.allclose(upper, np.linspace(upper[0], 1, len(upper)), rtol=0, atol=1e-6)
    return "two-sided" if even else "uneven"


def along(per_column: Tensor, weight: Tensor, axis: int) -> Tensor:
    """(columns,) values shaped to broadcast over a weight whose columns lie on `axis`."""
    shape = [1] * weight.dim()
    shape[axis] = -1
    return per_column.view(shape)


class AnalogLayer(nn.Module, ABC):
    """What the analog layers share: levels, gain, programming noise and read noise.

    Attributes:
        column_axis: The weight's axis that counts the crossbar's columns, which are the layer's outputs.
        value_axis: The axis of inputs and outputs that one read takes and gives; all others are read in turn.
        levels: (states,) weight levels in -1..1 of full scale; empty where the weights are ideal.
        gain: (columns,) calibrated: the weight that full scale stands for.
        deviation: What programming added to each weight's level, in units of the gain or of the value; or the factor
            of the device's conductance; or None.
        other_deviation: That of the pair's other device; or None.
        rules: How the layer's array holds weights and is read.
        programmed: A chip's array holds the weights: `weight` is what its columns give.
        holds_conductances: The weights are the devices' state (`spingan.nn.on_chip`): not rounded, their gain fixed.
        clip: Most that full scale may be, in units of the root mean square of a column's weights, which are held within
            it; None: the largest weight, whatever it is.
        transposed_noise: Standard deviation of a device at a transposed read, as a fraction of full scale.
        read_noise: Noise drawn anew at each read.
        norms: The batch norm that alone reads the outputs, which a chip folds into the columns; or none.
        folded: That was done.
        needs_batch: What comes after tells samples from values by the first axis: a chip's physical devices.
    """

    column_axis: int
    value_axis: int
    weight: Tensor
    bias: Tensor | None
    levels: Tensor
    gain: Tensor
    deviation: Tensor | None
    other_deviation: Tensor | None

    def _install(self, technology: Technology, source: NoiseSource) -> None:
        table = technology.weight_levels()
        device = self.weight.device
        levels = torch.empty(0) if table is None else torch.as_tensor(table, dtype=torch.float32, device=device)
        self.register_buffer("levels", levels, persistent=False)
        self.register_buffer("gain", torch.ones(self.weight.shape[self.column_axis], device=device))
        self.spacing: Spacing = "uneven" if table is None else spacing(table)
        self.gain_kind = technology.gain
        self.clip: float | None = None
        self.rules = ArrayRules.of(technology)
        self.programmed = False
        self.has_resistances = technology.synapse is not None and technology.synapse.basis != "normalised"
        self.read_noise: Noise | None = None
        self.programming_noise: Noise | None = None
        self.source = source
        self.register_buffer("deviation", None, persistent=False)
        self.register_buffer("other_deviation", None, persistent=False)
        self.holds_conductances = False
        self.transposed_noise = 0.0
        self.norms: tuple[nn.BatchNorm1d | nn.BatchNorm2d, ...] = ()
        self.folded = self.needs_batch = False
        self._holding = False
        self._held: Tensor | None = None
        self.calibrate()

    @torch.no_grad()
    def calibrate(self) -> None:
        """Set the gain from the weights as they are now; one that holds conductances keeps its own.

        In training at every step: a gain that lags clips each column's largest weights, their gradient stops, and the
        last layer, with few rows and no batch norm behind it, never grows to the contrast that the images need.
        """
        if self.holds_conductances:
            return
        rows = [axis for axis in range(self.weight.dim()) if axis != self.column_axis]
        largest = self.weight.detach().abs().amax(dim=rows)
        if self.clip is None:
            self.gain.copy_(gain_of_largest(largest, self.gain_kind))
            return
        rms = self.weight.detach().square().mean(dim=rows).sqrt()
        self.gain.copy_(gain_of_largest(torch.minimum(largest, self.clip * rms), self.gain_kind))
        full = along(self.gain, self.weight, self.column_axis)
        self.weight.clamp_(-full, full)

    @torch.no_grad()
    def redraw_deviation(self) -> None:
        """Draw the programming noise of one more writing of the array."""
        noise = self.programming_noise
        self.deviation = self.other_deviation = None
        if noise is None or noise.fraction == 0:
            return
        if noise.of == "resistance":
            self._require_resistances()
            self.deviation = conductance_factors(self.weight, noise.fraction, self.source.next_key())
            if self.rules.encoding != "sign_crossbar":  # which has one device a weight
                shared = self.rules.encoding == "midpoint_reference"  # all columns have one reference
                other = self.weight.narrow(self.column_axis, 0, 1).contiguous() if shared else self.weight
                self.other_deviation = conductance_factors(other, noise.fraction, self.source.next_key())
            return
        unit = standard_normal(self.weight.shape, self.source.next_key(), self.weight.device)
        self.deviation = unit.mul_(noise.fraction)

    def _require_resistances(self) -> None:
        if not self.has_resistances:
            raise UserError(
                "noise of the resistance needs devices with a resistance: the technology's synapse has none in siemens",
                "Give the noise of full_scale or value, or a synapse with conductance_s.",
            )

    def effective_weight(self) -> Tensor:
        """What the layer computes with: the weight on its levels, with this chip's deviation."""
        written = self.weight
        if self.programmed:
            return written
        if self.levels.numel() and not self.holds_conductances:
            quantised = _Quantise.apply(self.weight, self.gain, self.levels, self.spacing, self.column_axis)
            written = cast(Tensor, quantised)
        noise = self.programming_noise
        if noise is not None and self.deviation is not None and noise.of != "resistance":
            unit = written if noise.of == "value" else along(self.gain, self.weight, self.column_axis)
            written = written + self.deviation * unit
        varied = noise is not None and noise.of == "resistance" and self.deviation is not None
        return self._read_columns(written, varied) if varied or self.rules.load is not None else written

    def _read_columns(self, written: Tensor, varied: bool) -> Tensor:
        """The weights that the columns give, with both devices' conductances as they came out."""
        rules, axis = self.rules, self.column_axis
        if rules.encoding == "sign_crossbar" and rules.load is None and self.deviation is not None:
            return written * self.deviation  # one device a weight, and nothing else in the sum
        full = along(self.gain, self.weight, axis)
        positive, negative = rules.conductances(written / full, axis)
        if varied and self.deviation is not None:
            other = self.deviation if self.other_deviation is None else self.other_deviation
            positive, negative = positive * self.deviation, negative * other
        columns, references = (half.transpose(0, axis).flatten(1) for half in (positive, negative))
        held = rules.read(columns, references, row_axis=1)
        return held.view_as(written.transpose(0, axis)).transpose(0, axis) * (full * rules.span)

    @torch.no_grad()
    def hold(self, written: Tensor) -> None:
        """Compute with what a chip's array gives, (rows, columns), from now on; the parameter is the layer's own."""
        columns = self.weight.transpose(0, self.column_axis)
        array = written.t().reshape(columns.shape).transpose(0, self.column_axis)
        self.weight = nn.Parameter(torch.empty_like(self.weight).copy_(array), requires_grad=False)
        self.programmed = True
        self.deviation = self.other_deviation = self.programming_noise = None

    def matrix(self) -> Tensor:
        """(rows, columns) the weights as training moves them, one column an output."""
        return self.weight.detach().transpose(0, self.column_axis).flatten(1).t().contiguous()

    def _weight_now(self) -> Tensor:
        if not self._holding:
            return self.effective_weight()
        if self._held is None:
            self._held = self.effective_weight()
        return self._held

    @abstractmethod
    def _apply_array(self, inputs: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        """The layer's product of inputs and weights."""

    def forward(self, input: Tensor) -> Tensor:
        if self.needs_batch:
            self._require_samples(input)
        weight = self._weight_now()
        if self.transposed_noise > 0 and input.requires_grad:
            out = self._apply_with_transposed_noise(input, weight)
        else:
            out = self._apply_array(input, weight, self.bias)
        if self.read_noise is not None and self.read_noise.fraction > 0:
            out = self._with_read_noise(out, input, weight)
        return out

    def _with_read_noise(self, out: Tensor, inputs: Tensor, weight: Tensor) -> Tensor:
        """Noise of independent weights, drawn once an output: variance σ² Σ x² (docs/derivations.md, section 5)."""
        noise = self.read_noise
        assert noise is not None
        if self.value_axis == -3:
            self._require_samples(inputs)
        out = out.contiguous(memory_format=self._values_last)
        with torch.no_grad(), torch.autocast(out.device.type, enabled=False):
            if noise.of == "full_scale":
                power = self._input_power(inputs)
                self._add_noise(out, power.sqrt_().mul_(noise.fraction), self.gain, self.source.next_key())
            else:
                power = self._apply_array(inputs.float().square(), weight.float().square(), None)
                unit = torch.zeros_like(out)
                rows = power.new_ones(power.select(self.value_axis, 0).unsqueeze(self.value_axis).shape)
                self._add_noise(unit, rows, torch.ones_like(self.gain), self.source.next_key())
                out.detach().add_(unit.mul_(power.clamp_(min=0).sqrt_().mul_(noise.fraction)))
        return out

    @property
    def _values_last(self) -> torch.memory_format:
        """The memory order in which the values of one read lie side by side."""
        return torch.contiguous_format if self.value_axis == -1 else torch.channels_last

    def _require_samples(self, inputs: Tensor) -> None:
        if inputs.dim() <= -self.value_axis:
            wanted = "a batch of vectors" if self.value_axis == -1 else "a batch of images"
            raise UserError(f"noise and devices that differ need {wanted}", "Add a first axis: image[None].")

    def _along_values(self, per_value: Tensor) -> Tensor:
        """(columns,) values shaped to broadcast over what goes out."""
        return per_value.view(-1, *(1,) * (-1 - self.value_axis))

    def _add_noise(self, out: Tensor, row_scale: Tensor, column_scale: Tensor, key: int) -> None:
        """Add noise of deviation row_scale x column_scale to `out` in place, outside autograd.

        Args:
            out: Its values lie side by side in memory (`_values_last`); the first axis counts the samples, of which the
                source's `part` says where they stand in a shared batch.
            row_scale: As `out`, with one value.
            column_scale: (values,).
        """
        part = self.source.part
        if out.device.type == "cpu" and out.dtype in (torch.float32, torch.bfloat16):
            rows = row_scale.reshape(-1).contiguous()
            first_row = 0 if part is None else part[0] * (rows.numel() // len(out))
            noise_kernels.add_gaussian(out, rows, column_scale, key, first_row)
            return
        first, total = (0, len(out)) if part is None else part
        unit = standard_normal(torch.Size((total, *out.shape[1:])), key, out.device)[first : first + len(out)]
        out.detach().add_((unit * row_scale * self._along_values(column_scale)).to(out.dtype))

    def _apply_with_transposed_noise(self, inputs: Tensor, weight: Tensor) -> Tensor:
        """The product, whose gradient comes back through noisy devices: of variance σ² Σ δ², as at a forward read."""
        if self.value_axis == -3:
            self._require_samples(inputs)
        key = self.source.next_key()
        powers: list[Tensor] = []

        def arriving(gradient: Tensor) -> None:
            powers.append(gradient.detach().float().square())

        def leaving(gradient: Tensor) -> Tensor:
            power = self._output_power(powers.pop() * self._along_values(self.gain.square()), gradient)
            noisy = gradient.detach().clone(memory_format=self._values_last)
            ones = torch.ones(noisy.shape[self.value_axis], device=noisy.device)
            self._add_noise(noisy, power.clamp_(min=0).sqrt_().mul_(self.transposed_noise), ones, key)
            return noisy

        inputs = inputs.view_as(inputs)  # a place of its own in the graph, with this layer's gradient alone
        inputs.register_hook(leaving)
        out = self._apply_array(inputs, weight, self.bias)
        out = out if out._base is None else out.clone()  # read noise in place would cut a view's hook off
        out.register_hook(arriving)
        return out

    @abstractmethod
    def _output_power(self, power: Tensor, like: Tensor) -> Tensor:
        """Sums of `power` (as the outputs) over what each input feeds, with one value: as `like`."""

    def _input_power(self, inputs: Tensor) -> Tensor:
        """Σ x² over what each output reads, with one value."""
        squares = inputs.detach().float().square().sum(self.value_axis, keepdim=True)
        shape = list(self.weight.shape)
        shape[0] = shape[1] = 1
        return self._apply_array(squares, squares.new_ones(shape), None)


class AnalogConv2d(AnalogLayer, nn.Conv2d):
    """A convolution whose kernels are a crossbar's columns."""

    column_axis = 0
    value_axis = -3

    def _apply_array(self, inputs: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        kernel, stride, padding, dilation = self.kernel_size, self.stride, self.padding, self.dilation
        square = kernel[0] == kernel[1] and stride[0] == stride[1] and dilation == (1, 1)
        if square and isinstance(padding, tuple) and padding[0] == padding[1]:
            return conv2d(inputs, weight, bias, stride[0], int(padding[0]))
        return functional.conv2d(inputs, weight, bias, stride, padding, dilation)

    def _output_power(self, power: Tensor, like: Tensor) -> Tensor:
        total = power.sum(self.value_axis, keepdim=True)
        ones = total.new_ones(1, 1, *self.kernel_size)
        stride, padding, dilation = self.stride[0], int(self.padding[0]), self.dilation[0]
        reach = [(size - 1) * stride - 2 * padding + dilation * (k - 1) + 1
                 for size, k in zip(power.shape[2:], self.kernel_size, strict=True)]  # fmt: skip
        left = [size - reached for size, reached in zip(like.shape[2:], reach, strict=True)]  # what no kernel covers
        return functional.conv_transpose2d(total, ones, None, stride, padding, left, dilation=dilation)


class AnalogConvTranspose2d(AnalogLayer, ZeroPaddedConv2d):
    """A zero-padded convolution whose kernels are a crossbar's columns."""

    column_axis = 1
    value_axis = -3

    def forward(self, input: Tensor, output_size: list[int] | None = None) -> Tensor:
        if output_size is not None:
            raise UserError("a zero-padded convolution has one output size", "Call the layer without output_size.")
        return AnalogLayer.forward(self, input)

    def _apply_array(self, inputs: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        geometry = self.stride[0], int(self.padding[0]), self.output_padding[0]
        if self.execution == "literal":
            return zero_padded_conv2d(inputs, weight, bias, *geometry)
        return conv_transpose2d(inputs, weight, bias, *geometry)

    def _output_power(self, power: Tensor, like: Tensor) -> Tensor:
        total = power.sum(self.value_axis, keepdim=True)
        ones = total.new_ones(1, 1, *self.kernel_size)
        return functional.conv2d(total, ones, None, self.stride, int(self.padding[0]))


class AnalogLinear(AnalogLayer, nn.Linear):
    """A dense layer whose outputs are a crossbar's columns."""

    column_axis = 0
    value_axis = -1

    def forward(self, input: Tensor) -> Tensor:
        if self.folded and input.dim() != 2:
            raise UserError(
                f"a dense layer with its batch norm in the columns got values of shape {tuple(input.shape)}",
                "Give it (batch, features): on other shapes the norm is along another axis than the columns.",
            )
        return AnalogLayer.forward(self, input)

    def _apply_array(self, inputs: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        return functional.linear(inputs, weight, bias)

    def _output_power(self, power: Tensor, like: Tensor) -> Tensor:
        return power.sum(-1, keepdim=True)


def analog_layers(*models: nn.Module) -> Iterator[AnalogLayer]:
    """Every analog layer of the models, in order."""
    for model in models:
        for module in model.modules():
            if isinstance(module, AnalogLayer):
                yield module


@contextmanager
def hold_weights(*models: nn.Module) -> Iterator[None]:
    """Compute each layer's effective weight once within the block: the arrays are not written between its reads."""
    layers = list(analog_layers(*models))
    for layer in layers:
        layer._holding, layer._held = True, None
    try:
        yield
    finally:
        for layer in layers:
            layer._holding, layer._held = False, None
