"""Converters at the edges of an array: inputs and partial sums on the codes of a DAC and an ADC.

A code stands for a whole number of steps, zero included: with b bits the step is the range over 2^b - 1, and where the
range is symmetric one code stays unused. Gradients pass straight through the rounding and stop where a value is beyond
the range.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Literal, cast

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from spingan.errors import UserError
from spingan.nn.kernels.base import dense, has_kernel
from spingan.nn.kernels.converters import round_to_codes
from spingan.spec.technology import Converter

Side = Literal["dac", "adc"]
_SAMPLE = 1 << 16  # values kept of each batch to choose a range by
_TRIED = tuple(share / 20 for share in range(20, 1, -1))  # parts of the full scale that a range may end at
_TRIED_BEHIND = tuple(0.9**power for power in range(45))  # finer, and to 1/100: a tanh ignores most of what it is given
_PIECE = 1 << 16  # values rounded at a time: they stay in a processor's cache
_FINEST = 24  # bits of a float32: more change nothing


class Quantiser(nn.Module):
    """A DAC or an ADC: rounds values to its codes and clips what is beyond its range.

    The range is measured: `begin_calibration`, some passes, `end_calibration`. Without a stated range its ends are the
    part of the largest values, between 1/10 and all, whose rounded values have the least squared error. A stated range
    counts in fractions of the largest magnitude met.

    Where a tanh or a sigmoid alone reads the layer's sum, the error is that of the function's output, with what the
    layer's other tiles and bits give as it is: what lies beyond the bend needs no codes, and steps between bright and
    dark become finer.

    An ADC behind amplifiers, one a column, sees every column with the same root mean square: `swing`, measured too.

    Attributes:
        swing: (columns,) what one unit of the range is worth in each; None where one is worth the same in all.
        low, high: Ends of the range, in the unit of the values; both 0 before the first calibration.
        behind: What reads the converted sums, as a function of the net's numbers; None: anything.
        stretch: Learned factor of the range; None where it is not learned.
        noise_lsb: Standard deviation of the noise before rounding, in steps.
        clipped, converted: Conversions beyond the range and all conversions, in evaluation.
    """

    low: Tensor
    high: Tensor
    swing: Tensor | None

    def __init__(self, converter: Converter, side: Side, amplified_columns: int = 0) -> None:
        """As the technology states it, behind so many amplifiers.

        Raises:
            UserError: It has no bits.
        """
        super().__init__()
        if converter.bits is None:
            raise UserError(f"the {side} has no bits", "Give its bits, or leave it ideal.")
        self.side, self.bits = side, min(converter.bits, _FINEST)
        self.limits, self.noise_lsb = converter.range, converter.noise_lsb or 0.0
        self.register_buffer("low", torch.zeros(()))
        self.register_buffer("high", torch.zeros(()))
        self.register_buffer("swing", torch.ones(amplified_columns) if amplified_columns else None)
        self.stretch = nn.Parameter(torch.ones(())) if converter.learned_range else None
        self.behind: Callable[[Tensor], Tensor] | None = None
        self.calibrating = False
        self._seen: list[tuple[Tensor, Tensor, tuple[Tensor, Tensor] | None]] = []
        self.clipped: int | Tensor = 0
        self.converted = 0

    @property
    def step(self) -> float:
        """Distance of two codes, in the unit of the values, before `stretch`.

        Raises:
            UserError: The range was never measured.
        """
        low, high = float(self.low), float(self.high)
        if not low < high:
            raise UserError(
                f"the range of the {self.side} was never measured",
                "Calibrate first: spingan.nn.fit_to_weights(net, batches), or train with the technology.",
            )
        return (high - low) / (2**self.bits - 1)

    def codes(self) -> tuple[int, int]:
        """The lowest and the highest code."""
        step = self.step
        return round_up(float(self.low) / step), -round_up(-float(self.high) / step)

    def now(self, values: Tensor) -> tuple[float, int, int]:
        """The step, the lowest and the highest code; during a calibration those that just hold `values`."""
        if not self.calibrating:
            return self.step, *self.codes()
        largest, signed = float(values.abs().amax()) or 1.0, bool((values < 0).any())
        highest = 2 ** (self.bits - signed) - 1
        return largest / max(highest, 1), -highest if signed else 0, max(highest, 1)

    def scale(self) -> float | Tensor:
        """The step as the values meet it; a tensor with a gradient where it is learned."""
        return self.step if self.stretch is None else self.step * self.stretch.abs()

    def forward(self, values: Tensor) -> Tensor:
        """The values on codes; as they are during a calibration."""
        if self.calibrating:
            self.observe(values)
            return values
        lowest, highest = self.codes()
        if self.stretch is None and has_kernel(values):
            return cast(Tensor, _Rounded.apply(values, self))
        if not self.training:
            self.count(values.numel(), ((values < lowest * self.step) | (values > highest * self.step)).sum())
        return straight_through(values / self.scale(), lowest, highest) * self.scale()

    def count(self, converted: int, clipped: int | Tensor) -> None:
        """Add to the tally of conversions and of those beyond the range."""
        self.converted += converted
        self.clipped = self.clipped + clipped  # not in place: a tensor of inference mode takes no more

    @torch.no_grad()
    def observe(
        self,
        values: Tensor,
        unit: Tensor | None = None,
        column: Tensor | None = None,
        rest: Tensor | None = None,
        share: float = 1.0,
    ) -> None:
        """Note values for the calibration: a sample, with the largest and the smallest.

        Args:
            values: Any; (columns, reads) where `unit` is given.
            unit: (columns,) what the values of each are counted in.
            column: (columns,) which of the amplified columns each is.
            rest: As `values`, in the net's unit: what is added to `share` times each before it is read.
        """
        counted = values.detach().float()
        counted = counted.reshape(1, -1) if unit is None or column is None else counted / unit[:, None]
        places = torch.zeros(1, dtype=torch.int64) if column is None else column
        ends = counted.argmin(1, keepdim=True), counted.argmax(1, keepdim=True)

        def sampled(numbers: Tensor) -> Tensor:
            some = numbers[:, :: max(1, numbers.numel() // _SAMPLE)]
            return torch.cat((numbers.gather(1, ends[0]), numbers.gather(1, ends[1]), some), 1)

        sample, read = sampled(counted), None
        if rest is not None and unit is not None:
            read = (unit.float() * share).repeat_interleave(sample.shape[1]), sampled(rest.float()).flatten()
        self._seen.append((sample.flatten(), places.repeat_interleave(sample.shape[1]), read))

    def begin_calibration(self) -> None:
        """Forget the range; the values of the next passes set it."""
        self.calibrating, self._seen = True, []

    def cancel_calibration(self) -> None:
        """Forget what was met, and keep the range."""
        self.calibrating, self._seen = False, []

    @torch.no_grad()
    def end_calibration(self) -> None:
        """Set the range from what was met; one that met nothing, or only zeros, keeps the range it had.

        Without one, where only zeros were met, as behind a layer whose outputs are all zero, it is one unit of them.
        """
        self.calibrating = False
        seen, self._seen = self._seen, []
        if not seen:
            return
        values = torch.cat([part for part, _, _ in seen])
        column = torch.cat([places for _, places, _ in seen]).to(values.device)
        reads = [read for _, _, read in seen if read is not None]
        read = None
        finite = values.isfinite()
        if self.behind is not None and len(reads) == len(seen):
            worth, rest = (torch.cat(parts) for parts in zip(*reads, strict=True))
            finite &= rest.isfinite()
            read = worth[finite], rest[finite]
        values, column = values[finite], column[finite]
        if self.swing is not None:
            power = torch.zeros_like(self.swing).index_add_(0, column, values.square())
            rms = (power / torch.bincount(column, minlength=len(power)).clamp(min=1)).sqrt()
            self.swing.copy_(torch.where(rms > 0, rms, torch.ones_like(rms)))
            values = values / self.swing[column]
            read = None if read is None else (read[0] * self.swing[column], read[1])
        largest = float(values.abs().amax()) if values.numel() else 0.0
        if largest == 0.0:
            if not float(self.low) < float(self.high):
                self.low.fill_(-1.0 if self.bits > 1 else 0.0)
                self.high.fill_(1.0)
            return
        low, high = min(float(values.amin()), 0.0), max(float(values.amax()), 0.0)
        if self.side == "adc" and low < 0 < high:  # a batch norm that is folded in may turn a column's sign
            low, high = -largest, largest
        if self.limits is not None:
            low, high = (end * largest for end in self.limits)
        elif self.stretch is None:
            low, high = self._least_error(values, low, high, read)
        if self.bits == 1 and low < 0 < high:
            raise UserError(
                f"the {self.side} has 1 bit: no codes below and above zero",
                f"Give {self.side}.bits 2 or more, or inputs of one sign.",
            )
        self.low.fill_(low)
        self.high.fill_(high)
        self.clipped = self.converted = 0

    @torch.no_grad()
    def agree(self, largest: Callable[[Tensor], Tensor]) -> None:
        """One range for all processes that share a batch: the widest of theirs."""
        if self.swing is not None:
            self.swing.copy_(largest(self.swing.clone()))
        self.high.copy_(largest(self.high.clone()))
        self.low.copy_(-largest(-self.low))

    def _least_error(
        self, values: Tensor, low: float, high: float, read: tuple[Tensor, Tensor] | None
    ) -> tuple[float, float]:
        """The ends with the least squared error: of the values, or of what a function makes of them and the rest."""
        behind, best, found = self.behind, float("inf"), (low, high)

        def made(sums: Tensor, of: slice) -> Tensor:
            return sums if behind is None or read is None else behind(torch.addcmul(read[1][of], sums, read[0][of]))

        pieces = [slice(first, first + _PIECE) for first in range(0, len(values), _PIECE)]
        meant = torch.cat([made(values[piece], piece) for piece in pieces])
        squares = torch.empty_like(values)  # as a whole: its mean does not depend on the pieces
        for share in _TRIED if read is None else _TRIED_BEHIND:
            ends = low * share, high * share
            step = (ends[1] - ends[0]) / (2**self.bits - 1)
            lowest, highest = round_up(ends[0] / step), -round_up(-ends[1] / step)
            for piece in pieces:
                rounded = (values[piece] / step).round_().clamp_(lowest, highest).mul_(step)
                torch.sub(made(rounded, piece), meant[piece], out=squares[piece]).square_()
            error = float(squares.mean())
            if error < best:
                best, found = error, ends
        return found

    def extra_repr(self) -> str:
        return f"{self.side}, {self.bits} bits"


def round_up(steps: float) -> int:
    """The whole number at or above, forgiving rounding."""
    return -int(-(steps - 1e-6) // 1)


class _Rounded(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, values: Tensor, converter: Quantiser) -> Tensor:
        lowest, highest = converter.codes()
        made, clipped = round_to_codes(dense(values), converter.step, lowest, highest)
        if not converter.training:
            converter.count(values.numel(), clipped)
        ctx.ends = (lowest - 0.5) * converter.step, (highest + 0.5) * converter.step, bool(clipped)
        ctx.save_for_backward(values)
        return made

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Any) -> Any:
        return _within(ctx, *grad_outputs)


@once_differentiable
def _within(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
    (values,), (low, high, clipped) = ctx.saved_tensors, ctx.ends
    return (gradient * ((values >= low) & (values <= high)) if clipped else gradient), None


def straight_through(places: Tensor, lowest: int, highest: int) -> Tensor:
    """Values in steps, on codes; the gradient passes the rounding and stops at the ends.

    Times a learned step it is that of Esser et al., arXiv 1902.08153, for the step.
    """
    return (places + (places.round() - places).detach()).clamp(lowest, highest)


def quantisers(*models: nn.Module) -> Iterator[Quantiser]:
    """Every converter of the models, in order."""
    for model in models:
        for module in model.modules():
            if isinstance(module, Quantiser):
                yield module


def clipped_shares(model: nn.Module) -> dict[str, float]:
    """By the converter's name: the share of its conversions, in evaluation since its calibration, beyond its range."""
    named = ((name, module) for name, module in model.named_modules() if isinstance(module, Quantiser))
    return {name: float(cast(float, part.clipped)) / part.converted for name, part in named if part.converted}


@contextmanager
def measured_ranges(*models: nn.Module) -> Iterator[None]:
    """Within the block every converter passes values on and notes them; at its end each sets its range.

    After an error in the block they convert again, with the ranges that they had.
    """
    converters = list(quantisers(*models))
    for converter in converters:
        converter.begin_calibration()
    try:
        yield
    except BaseException:
        for converter in converters:
            converter.cancel_calibration()
        raise
    for converter in converters:
        converter.end_calibration()
