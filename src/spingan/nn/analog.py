"""Layers whose weights live in a crossbar. They stay PyTorch's own: same parameters, same state_dict, same isinstance.

`weight` is the float number that training moves; `effective_weight()` is what the array holds of it, on its levels, and
what the layer computes with. Its gradient passes straight through the levels and stops at the clip.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from spingan.arrays.mapping import gain_of_largest, nearest_level
from spingan.arrays.rules import ArrayRules
from spingan.errors import UserError
from spingan.nn.array_reads import ArrayReads
from spingan.nn.converters import Quantiser
from spingan.nn.convolution import conv2d, conv_transpose2d
from spingan.nn.draws import conductance_factors, standard_normal
from spingan.nn.kernels.read_noise import Window
from spingan.nn.layouts import layout_of
from spingan.nn.noise_source import NoiseSource
from spingan.nn.quantise import Quantise, Spacing, along, spacing
from spingan.nn.tiled import convolution_reads, dense_reads, transposed_reads
from spingan.nn.zero_padded import ZeroPaddedConv2d, zero_padded_conv2d
from spingan.spec.noise import Noise
from spingan.spec.technology import Technology


class AnalogLayer(ArrayReads):
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
        layout: Where the weights stand in the layer's array, or in its arrays.
        passed, other_passed: What the wires pass of each weight's own conductance and of the one that is subtracted, as
            of the last `fold_wires`; 0 before the first, None without wires.
        programmed: A chip's array holds the weights: `weight` is what its columns give.
        holds_conductances: The weights are the devices' state (`spingan.nn.on_chip`): not rounded, their gain fixed.
        second: What a second array adds to the weights at every read, in their unit; or None.
        clip: Most that full scale may be, in units of the root mean square of a column's weights, which are held within
            it; None: the largest weight, whatever it is.
        transposed_noise: Standard deviation of a device at a transposed read, as a fraction of full scale.
        read_noise: Noise drawn anew at each read.
        norms: The batch norm that alone reads the outputs, which a chip folds into the columns; or none.
        folded: That was done.
        signs: (columns,) those of the folded norm's factors, where the ADC's range is not the same on both sides of 0.
        dac, adc: Converters at the array's rows, and at the columns of each of its tiles; None where they are ideal.
        bit_serial: Inputs drive the rows one bit a read.
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
    passed: Tensor | None
    other_passed: Tensor | None
    signs: Tensor | None

    def _install(self, technology: Technology, source: NoiseSource) -> None:
        table = technology.weight_levels()
        device = self.weight.device
        levels = torch.empty(0) if table is None else torch.as_tensor(table, dtype=torch.float32, device=device)
        self.register_buffer("levels", levels, persistent=False)
        self.register_buffer("gain", torch.ones(self.weight.shape[self.column_axis], device=device))
        self.spacing: Spacing = "uneven" if table is None else spacing(table)
        self.gain_kind = technology.gain
        self.clip: float | None = None
        self.layout = layout_of(self, technology.transposed)
        self.rules = ArrayRules.of(technology, self.layout.references)
        wired = self.rules.wires is not None
        for name in ("passed", "other_passed"):
            self.register_buffer(name, torch.zeros_like(self.weight, requires_grad=False) if wired else None)
        self.programmed = False
        self.has_resistances = technology.synapse is not None and technology.synapse.basis != "normalised"
        self.read_noise: Noise | None = None
        self.programming_noise: Noise | None = None
        self.source = source
        self.register_buffer("deviation", None, persistent=False)
        self.register_buffer("other_deviation", None, persistent=False)
        self.holds_conductances = False
        self.second: Callable[[], Tensor] | None = None
        self.transposed_noise = 0.0
        self.dac = None if technology.dac.bits is None else Quantiser(technology.dac, "dac")
        amplified = len(self.gain) if technology.gain == "column" else 0
        self.adc = None if technology.adc.bits is None else Quantiser(technology.adc, "adc", amplified)
        self.bit_serial = technology.input_coding == "bit_serial" and self.dac is not None and self.adc is not None
        self.tile_sums = technology.partial_sums
        self._ordered: tuple[Tensor, int, dict[tuple[int, int], Tensor]] | None = None
        self.norms: tuple[nn.BatchNorm1d | nn.BatchNorm2d, ...] = ()
        self.folded = self.needs_batch = False
        self.register_buffer("signs", None, persistent=False)
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
                other_deviation = conductance_factors(other, noise.fraction, self.source.next_key())
                self.other_deviation = self.layout.of_reference(other_deviation) if shared else other_deviation
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
        if self.programmed:
            return self.weight
        written = self._on_levels()
        noise = self.programming_noise
        if noise is not None and self.deviation is not None and noise.of != "resistance":
            unit = written if noise.of == "value" else along(self.gain, self.weight, self.column_axis)
            written = written + self.deviation * unit
        varied = noise is not None and noise.of == "resistance" and self.deviation is not None
        plain = not varied and self.rules.load is None and self.passed is None
        read = written if plain else self._read_columns(written, varied)
        return read if self.second is None else read + self.second()

    def _on_levels(self) -> Tensor:
        """The weights as they are written, before anything varies."""
        if not self.levels.numel() or self.holds_conductances:
            return self.weight
        return cast(Tensor, Quantise.apply(self.weight, self.gain, self.levels, self.spacing, self.column_axis))

    def _read_columns(self, written: Tensor, varied: bool) -> Tensor:
        """The weights that the columns give, with both devices' conductances as they came out."""
        rules, axis = self.rules, self.column_axis
        alone = rules.encoding == "sign_crossbar" and rules.load is None and self.passed is None
        if alone and self.deviation is not None:
            return written * self.deviation  # one device a weight, and nothing else in the sum
        full = along(self.gain, self.weight, axis)
        if self.passed is not None and not bool(self.passed.flatten()[0]):  # a device passes more than nothing
            self.fold_wires()
        if self.passed is not None and self.other_passed is not None and rules.load is None and not varied:
            return rules.attenuated(written, self.passed, self.other_passed, full)
        positive, negative = rules.conductances(written / full, axis)
        if varied and self.deviation is not None:
            other = self.deviation if self.other_deviation is None else self.other_deviation
            positive, negative = positive * self.deviation, negative * other
        built = self.layout.built(self.weight)
        there = None if built is None else built.t()
        halves = zip(self.layout.matrices(positive), self.layout.matrices(negative), strict=True)
        if self.passed is None or self.other_passed is None:
            held = [rules.read(own.t(), other.t(), row_axis=1, built=there).t() for own, other in halves]
            return self.layout.weight(held, written.shape) * (full * rules.span)
        read = [rules.halves(own.t(), other.t(), 1, there) for own, other in halves]
        upper, lower = (self.layout.weight([each[side].t() for each in read], written.shape) for side in (0, 1))
        return (upper * self.passed - lower * self.other_passed) * (full * rules.span)

    @torch.no_grad()
    def fold_wires(self) -> None:
        """Solve the tiles for what their wires pass of the weights as they are now; nothing happens without wires.

        Until the next fold the devices' conductances may change, and what passes of each stays: exact at a fold, and
        off by far less than the conductances have moved since (benchmarks/bench_wires.py). A gradient takes what passes
        as a constant.
        """
        if self.passed is None or self.other_passed is None or self.programmed:
            return
        rules, axis = self.rules, self.column_axis
        held = self.weight.detach() / along(self.gain, self.weight, axis)
        if self.levels.numel() and not self.holds_conductances:  # to the last bit as `program` writes them, so that a
            held = self.levels[nearest_level(held.clamp(-1, 1), self.levels)].double()  # chip finds its tiles solved
        positive, negative = rules.conductances(held, axis)
        built = self.layout.built(held)
        halves = zip(self.layout.matrices(positive), self.layout.matrices(negative), strict=True)
        one = rules.encoding == "midpoint_reference" and built is None  # the phases of a window share one reference
        found = [rules.attenuation(own, other[:, :1] if one else other, built) for own, other in halves]
        for side, buffer in enumerate((self.passed, self.other_passed)):
            buffer.copy_(self.layout.weight([each[side] for each in found], held.shape))
        corner = (0,) * self.passed.dim()
        if not self.passed[corner]:  # so little passes that a float32 has none of it: folded all the same
            self.passed[corner] = torch.finfo(self.passed.dtype).tiny

    @torch.no_grad()
    def hold(self, written: Sequence[Tensor]) -> None:
        """Compute with what a chip's arrays give, (rows, columns), from now on; the parameter is the layer's own."""
        held = self.layout.weight(written, self.weight.shape)
        self.weight = nn.Parameter(torch.empty_like(self.weight).copy_(held), requires_grad=False)
        self.programmed = True
        self.deviation = self.other_deviation = self.programming_noise = None

    def matrices(self) -> tuple[Tensor, ...]:
        """(rows, columns) the weights as training moves them, for each of the layer's arrays."""
        return tuple(matrix.contiguous() for matrix in self.layout.matrices(self.weight.detach()))

    def _weight_now(self) -> Tensor:
        if not self._holding:
            return self.effective_weight()
        if self._held is None:
            self._held = self.effective_weight()
        return self._held

    def forward(self, input: Tensor) -> Tensor:
        if self.needs_batch:
            self._require_samples(input)
        weight = self._weight_now()
        driven = self._driven(input)
        if self.transposed_noise > 0 and input.requires_grad:
            out = self._apply_with_transposed_noise(driven, weight)
        else:
            out = self._product(driven, weight)
        if self.adc is None and self.read_noise is not None and self.read_noise.fraction > 0:
            out = self._with_read_noise(out, driven, weight)
        return out


class AnalogConv2d(AnalogLayer, nn.Conv2d):
    """A convolution whose kernels are a crossbar's columns."""

    column_axis = 0
    value_axis = -3

    @property
    def _window(self) -> Window | None:
        kernel, stride, padding = self.kernel_size, self.stride, self.padding
        square = kernel[0] == kernel[1] and stride[0] == stride[1] and self.dilation == (1, 1)
        if square and isinstance(padding, tuple) and padding[0] == padding[1]:
            return Window(kernel[0], stride[0], int(padding[0]))
        return None

    def _apply_array(self, inputs: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        if (window := self._window) is not None:
            return conv2d(inputs, weight, bias, window.stride, window.padding)
        return functional.conv2d(inputs, weight, bias, self.stride, self.padding, self.dilation)

    def _read_array(self, driven: Tensor, weight: Tensor) -> Tensor:
        down, across = ((self.dilation[axis] * (self.kernel_size[axis] - 1)) for axis in (0, 1))
        if isinstance(self.padding, str):
            down, across = (down, across) if self.padding == "same" else (0, 0)
            padding = (across // 2, across - across // 2, down // 2, down - down // 2)
        else:
            high, wide = int(self.padding[0]), int(self.padding[1])
            padding = (wide, wide, high, high)
        stride, dilation = (self.stride[0], self.stride[1]), (self.dilation[0], self.dilation[1])
        return self._read(convolution_reads(driven, weight, stride, padding, dilation, self._converted_rows))

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
        self.require_map(input)
        return AnalogLayer.forward(self, input)

    @property
    def _window(self) -> Window:
        return Window(self.kernel_size[0], self.stride[0], int(self.padding[0]), transposed=True)

    def _apply_array(self, inputs: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        geometry = self.stride[0], int(self.padding[0]), self.output_padding[0]
        if self.execution == "literal":
            return zero_padded_conv2d(inputs, weight, bias, *geometry)
        return conv_transpose2d(inputs, weight, bias, *geometry)

    def _read_array(self, driven: Tensor, weight: Tensor) -> Tensor:
        samples, stride, padding, kernel = len(driven), self.stride[0], int(self.padding[0]), self.kernel_size[0]
        if self.of_one_pixel and padding == self.output_padding[0] == 0:  # a dense layer
            reads = dense_reads(driven.flatten(1), weight.flatten(1).t(), self._converted_rows)
            column = torch.arange(self.out_channels, device=driven.device).repeat_interleave(kernel**2)
            return self._read(reads, column).unflatten(1, (-1, kernel, kernel))
        down, across = (
            (side - 1) * stride - 2 * padding + kernel + self.output_padding[0] for side in driven.shape[2:]
        )
        out = driven.new_zeros(self.out_channels, down, across, samples)
        tile_rows = self._converted_rows
        ordered: dict[tuple[int, int], Tensor] = {}
        if self.programmed:  # a chip's weights stay, and are put in order once
            if self._ordered is None or self._ordered[0] is not weight or self._ordered[1] != weight._version:
                self._ordered = weight, weight._version, {}
            ordered = self._ordered[2]
        geometry = (stride, padding), self.layout, (down, across), tile_rows
        for reads, place in transposed_reads(driven, weight, *geometry, ordered):
            column = torch.arange(self.out_channels, device=driven.device)
            place(out, self._read(reads, column.repeat(len(reads.weight) // self.out_channels)))
        return out.permute(3, 0, 1, 2)

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

    def _read_array(self, driven: Tensor, weight: Tensor) -> Tensor:
        out = self._read(dense_reads(driven, weight, self._converted_rows))
        return out if out.dim() == 2 else out.movedim(1, -1)

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
