"""How an analog layer's array is read: inputs at its rows, noise of the reads, converters at the ends of its tiles."""

from abc import ABC, abstractmethod
from dataclasses import replace
from math import prod

import torch
from torch import Tensor, nn

from spingan.arrays.rules import ArrayRules
from spingan.errors import UserError
from spingan.nn.converters import Quantiser
from spingan.nn.convolution import autocast
from spingan.nn.draws import standard_normal
from spingan.nn.kernels import noise as noise_kernels
from spingan.nn.kernels.base import in_reach
from spingan.nn.kernels.read_noise import Window, add_pooled_gaussian, add_read_noise, can_read
from spingan.nn.noise_source import NoiseSource
from spingan.nn.tiled import Noise as AddedNoise
from spingan.nn.tiled import Reads, bit_planes, of_samples, tiled_product
from spingan.spec.noise import Noise


class ArrayReads(nn.Module, ABC):
    """What analog layers share of a read; `spingan.nn.analog.AnalogLayer` says what the attributes are."""

    value_axis: int
    weight: Tensor
    bias: Tensor | None
    gain: Tensor
    rules: ArrayRules
    dac: Quantiser | None
    adc: Quantiser | None
    bit_serial: bool
    tile_sums: str
    signs: Tensor | None
    read_noise: Noise | None
    transposed_noise: float
    source: NoiseSource

    @abstractmethod
    def _apply_array(self, inputs: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        """The layer's product of inputs and weights."""

    def _driven(self, inputs: Tensor) -> Tensor:
        """The inputs as the rows are driven: on the codes of the DAC, with its noise."""
        if self.dac is None:
            return inputs
        driven = self.dac(inputs)
        if self.dac.noise_lsb and not self.dac.calibrating:
            unit = self._normal(len(inputs), inputs.numel() // len(inputs)).view(inputs.shape)
            driven = driven + (unit * (self.dac.noise_lsb * self.dac.step)).to(driven.dtype)
        return driven

    def _product(self, driven: Tensor, weight: Tensor) -> Tensor:
        """The product and the bias; tile by tile, with read noise, where an ADC reads each tile's columns."""
        if self.adc is None:
            return self._apply_array(driven, weight, self.bias)
        if driven.dim() <= -self.value_axis:
            self._require_samples(driven)
        out = self._read_array(*autocast(driven, weight))
        return out if self.bias is None else out + self._along_values(self.bias.to(out.dtype))

    @abstractmethod
    def _read_array(self, driven: Tensor, weight: Tensor) -> Tensor:
        """The product, read by `_read` in as many parts as use different rows."""

    def _read(self, reads: Reads, column: Tensor | None = None) -> Tensor:
        """(samples, columns, *size): the sums of the tiles that these rows stand in, each converted.

        Args:
            column: Which of the outputs each column gives; None: as they come.
        """
        assert self.adc is not None
        column = torch.arange(len(self.gain), device=self.gain.device) if column is None else column
        unit = self.gain.detach() if self.signs is None else self.gain.detach() * self.signs
        unit = unit[column]
        noise = self._tile_noise(unit, column, reads.inputs.shape[1] // prod(reads.size))
        if not self.bit_serial:
            return tiled_product(reads.inputs, reads, unit, self.adc, column, noise)
        assert self.dac is not None
        fixed, straight = (
            replace(reads, weight=reads.weight.detach()),
            of_samples(reads.weight @ reads.inputs, reads.size),
        )
        planes = bit_planes(reads.inputs.detach(), self.dac)
        held = [worth * tiled_product(plane, fixed, unit, self.adc, column, noise, worth) for plane, worth in planes]
        return straight if self.adc.calibrating else straight + (sum(held) - straight).detach()

    @property
    def _converted_rows(self) -> int | None:
        """Rows whose sum is converted together; None: all."""
        return self.rules.tile_rows if self.tile_sums == "digital" else None

    def _tile_noise(self, unit: Tensor, column: Tensor, samples: int) -> AddedNoise | None:
        noise, adc = self.read_noise, self.adc
        assert adc is not None
        fraction = 0.0 if noise is None else noise.fraction
        if adc.calibrating or not (fraction or adc.noise_lsb):
            return None
        swing = 1.0 if adc.swing is None else adc.swing[column]
        steps = (unit * swing * (adc.step * adc.noise_lsb))[:, None].square()

        def added(inputs: Tensor, weight: Tensor) -> Tensor:
            power = inputs.float().square()
            if noise is None or noise.of == "full_scale":
                variance = power.sum(0) * unit[:, None].square()
            else:
                variance = weight.float().square() @ power
            columns, reads = weight.shape[0], inputs.shape[1]
            drawn = self._normal(samples, columns * (reads // samples)).view(samples, columns, -1)
            drawn = drawn.permute(1, 2, 0).reshape(columns, reads)
            return drawn * (variance * fraction**2 + steps).sqrt()

        return added

    def _normal(self, samples: int, each: int) -> Tensor:
        """(samples, each) standard normal numbers, which do not depend on how a batch is shared out."""
        first, total = (0, samples) if self.source.part is None else self.source.part
        unit = standard_normal(torch.Size((total, each)), self.source.next_key(), self.gain.device)
        return unit[first : first + samples]

    def _with_read_noise(self, out: Tensor, inputs: Tensor, weight: Tensor) -> Tensor:
        """Noise of independent weights, drawn once an output: variance σ² Σ x² (docs/derivations.md, section 5)."""
        noise = self.read_noise
        assert noise is not None
        if self.value_axis == -3:
            self._require_samples(inputs)
        out = out.contiguous(memory_format=self._values_last)
        plain = inputs.dim() == (2 if self.value_axis == -1 else 4)  # a dense layer takes more axes, too
        window, part = self._window if plain else None, self.source.part
        with torch.no_grad(), torch.autocast(out.device.type, enabled=False):
            if noise.of == "full_scale" and window is not None and can_read(inputs, out):
                first, key = 0 if part is None else part[0], self.source.next_key()
                add_read_noise(out.detach(), inputs.detach(), self.gain, noise.fraction, window, key, first)
            elif noise.of == "full_scale":
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
    def _window(self) -> Window | None:
        """Which inputs an output reads; None where kernels do not know such windows."""
        return Window()

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
        if in_reach(out):
            rows = row_scale.reshape(-1).contiguous()
            first_row = 0 if part is None else part[0] * (rows.numel() // len(out))
            quick = out.dtype == torch.bfloat16  # a training's reads
            add = add_pooled_gaussian if quick else noise_kernels.add_gaussian
            add(out, rows, column_scale, key, first_row)
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
        out = self._product(inputs, weight)
        out = out if out._base is None else out.clone()  # read noise in place would cut a view's hook off
        out.register_hook(arriving)
        return out

    @abstractmethod
    def _output_power(self, power: Tensor, like: Tensor) -> Tensor:
        """Sums of `power` (as the outputs) over what each input feeds, with one value: as `like`."""

    def _input_power(self, inputs: Tensor) -> Tensor:
        """Σ x² over what each output reads, with one value."""
        given = inputs.detach() if inputs.dtype == torch.bfloat16 else inputs.detach().float()
        norm = torch.linalg.vector_norm(given, dim=self.value_axis, keepdim=True, dtype=torch.float32)
        shape = list(self.weight.shape)
        shape[0] = shape[1] = 1
        return self._apply_array(norm.square_(), norm.new_ones(shape), None)
