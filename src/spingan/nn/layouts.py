"""Where a layer's weights stand in its arrays: rows are inputs as they are presented, columns are outputs.

A transposed convolution with stride s writes the kernel w at every s-th pixel: output t is the sum over i of
x[i] w[t + p - s i] along a side, for padding p. With zeros inserted between the pixels, all k taps of the kernel are
rows, and most rows carry a zero (`literal`). But output t meets only the taps k = r, r + s, r + 2 s, ... of its phase
r = (t + p) mod s, and those meet the pixels q, q - 1, q - 2, ... from q = floor((t + p) / s) downwards. So the kernel
splits into s² phases that read pixels and never an inserted zero, as in the accelerator RED (DATE 2019):

`polyphase`: an array for each phase. Phase (ry, rx) has ceil((k - ry) / s) x ceil((k - rx) / s) rows an input channel.
`polyphase_shared`: one array of all phases beside each other, with ceil(k / s)² rows an input channel: the window that
    s x s outputs see together. Where k is a multiple of s, all phases have as many taps, and every place of the array
    holds a weight, whatever the padding and the output padding. Else the phases with fewer taps leave places empty. No
    device is built there, neither of a weight nor of what is subtracted from it: beside a midpoint reference each phase
    then has a reference column of its own, without devices at the same places.

All forms hold the same k² weights for each input and output; with stride 1 they are one.

On a map of one pixel without padding no two outputs share a weight, so that the k² outputs of the kernel are columns
beside each other: one array with a row an input, read once, the shared window of a stride as large as the kernel. A
layer is built so, whatever the technology's form, if it says that its maps have one pixel
(`ZeroPaddedConv2d.of_one_pixel`): its weights do not tell.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product

import torch
from jaxtyping import Bool
from torch import Tensor, nn
from torch.nn import functional

from spingan.nn.zero_padded import ZeroPaddedConv2d
from spingan.spec.technology import Transposed


@dataclass(frozen=True)
class Phases:
    """The phases of a transposed convolution of a square kernel, along one side."""

    kernel: int
    stride: int
    padding: int
    output_padding: int

    @property
    def count(self) -> int:
        """Phases that have a tap; outputs of the others, between kernels smaller than the stride, are all bias."""
        return min(self.kernel, self.stride)

    @property
    def window(self) -> int:
        """Pixels that the phases see together."""
        return -(-self.kernel // self.stride)

    @property
    def empty(self) -> int:
        """Places of a window and its phases without a tap."""
        return self.window * self.count - self.kernel

    @cached_property
    def lead(self) -> int:
        """Empty places of a window before the kernel's first tap, the others being behind its last.

        They move the border between one window's outputs and the next one's: chosen for the fewest windows.
        """
        return min(range(self.empty + 1), key=lambda lead: len(self._windows(self.kernel, lead)))

    def taps(self, phase: int) -> int:
        """Taps of a phase: rows an input channel along this side."""
        return len(range(phase, self.kernel, self.stride))

    def outputs(self, size: int) -> int:
        """Outputs of a map of `size` pixels."""
        return (size - 1) * self.stride - 2 * self.padding + self.kernel + self.output_padding

    def of_phase(self, size: int, phase: int) -> range:
        """The last pixel that each output of a phase sees in a map of `size` pixels; it may lie outside, as others may.

        Pixel q - m meets the phase's tap m, for each q that comes.
        """
        outputs = range((phase - self.padding) % self.stride, self.outputs(size), self.stride)
        first = (outputs.start + self.padding) // self.stride
        return range(first, first + len(outputs))

    def windows(self, size: int) -> range:
        """The last pixel of each shared window that has an output, as `of_phase`."""
        return self._windows(size, self.lead)

    def tapped(self, place: int) -> int:
        """Phases that have a tap at a place of the shared window."""
        first = place * self.count - self.lead
        return len(range(max(first, 0), min(first + self.count, self.kernel)))

    def _windows(self, size: int, lead: int) -> range:
        first = self.padding + lead
        return range(first // self.stride, (first + self.outputs(size) - 1) // self.stride + 1)


@dataclass(frozen=True)
class Layout:
    """How a layer's weight tensor lies in its arrays.

    Attributes:
        column_axis: The tensor's axis that counts outputs; the others, in order, are the rows of a layer in one array.
        form: How a transposed convolution's array is built; `literal` for everything else.
        phases: Of a transposed convolution that is not `literal`.
    """

    column_axis: int
    form: Transposed = "literal"
    phases: Phases | None = None

    def matrices(self, weight: Tensor) -> tuple[Tensor, ...]:
        """What each array holds of a tensor, (rows, columns); differentiable.

        Row (channel, y, x) of a phase takes pixel (qy - y, qx - x). Columns are phase by phase, (ry, rx, output), in a
        shared window, whose empty places get zeros.

        Args:
            weight: Shaped as the layer's, but for the number of outputs, which may be one.
        """
        if self.phases is None:
            return (weight.transpose(0, self.column_axis).flatten(1).t(),)
        if self.form == "polyphase":
            step = self.phases.stride
            return tuple(weight[:, :, y::step, x::step].permute(0, 2, 3, 1).flatten(0, 2) for y, x in self._places())
        before, window, count = self.phases.lead, self.phases.window, self.phases.count
        padded = functional.pad(weight, (before, self.phases.empty - before) * 2)
        apart = padded.unflatten(3, (window, count)).unflatten(2, (window, count))
        return (apart.permute(0, 2, 4, 3, 5, 1).flatten(3).flatten(0, 2),)

    def weight(self, matrices: Sequence[Tensor], shape: torch.Size) -> Tensor:
        """The tensor of a shape whose arrays hold `matrices`; differentiable."""
        if self.phases is None:
            swapped = list(shape)
            swapped[0], swapped[self.column_axis] = swapped[self.column_axis], swapped[0]
            return matrices[0].t().reshape(swapped).transpose(0, self.column_axis)
        inputs, outputs, kernel, _ = shape
        if self.form == "polyphase":
            step = self.phases.stride
            whole = matrices[0].new_empty(shape)
            for (y, x), matrix in zip(self._places(), matrices, strict=True):
                sizes = (inputs, self.phases.taps(y), self.phases.taps(x), outputs)
                whole[:, :, y::step, x::step] = matrix.reshape(sizes).permute(0, 3, 1, 2)
            return whole
        before, window, count = self.phases.lead, self.phases.window, self.phases.count
        apart = matrices[0].reshape(inputs, window, window, count, count, outputs).permute(0, 5, 1, 3, 2, 4)
        return apart.flatten(4).flatten(2, 3)[:, :, before : before + kernel, before : before + kernel]

    def built(self, weight: Tensor) -> Bool[Tensor, "rows phases"] | None:
        """Where a shared window holds devices, by phase; None where there are devices everywhere."""
        if self.form != "polyphase_shared" or self.phases is None or not self.phases.empty:
            return None
        one = torch.ones_like(weight[:, :1], dtype=torch.bool, requires_grad=False)
        return self.matrices(one)[0]

    @property
    def references(self) -> int:
        """Reference columns of each tile: one, or one for each phase where these leave places empty."""
        of_phases = self.form == "polyphase_shared" and self.phases is not None and self.phases.empty
        return self.phases.count**2 if self.phases is not None and of_phases else 1

    def row(self, kernel: int, channel: int, y: int, x: int) -> int:
        """The row of its array in which the weights of an input channel and a kernel's tap (y, x) stand."""
        phases = self.phases
        if phases is None:
            return (channel * kernel + y) * kernel + x
        if self.form == "polyphase":
            step = phases.stride
            down, across = phases.taps(y % step), phases.taps(x % step)
            return (channel * down + y // step) * across + x // step
        down, across = ((tap + phases.lead) // phases.count for tap in (y, x))
        return (channel * phases.window + down) * phases.window + across

    def whole_channels(self, kernel: int, tile_rows: int | None) -> bool:
        """Whether all phases of a kernel that is a multiple of the stride meet the ends of tiles at the same taps."""
        return tile_rows is None or self.phases is not None or tile_rows % kernel**2 == 0

    def per_column(self, per_output: Tensor) -> Tensor:
        """(outputs,) values for the columns of one array, which repeat them phase by phase."""
        if self.form != "polyphase_shared" or self.phases is None:
            return per_output
        return per_output.repeat(self.phases.count**2)

    def of_reference(self, factors: Tensor) -> Tensor:
        """Values of the reference column's devices, shaped as a weight of one output.

        In a full shared window all phases have one reference column, so that its devices stand for all of them.
        """
        phases = self.phases
        if self.form != "polyphase_shared" or phases is None or phases.empty:
            return factors
        count = phases.count
        first = factors[:, :, ::count, ::count]
        return first.repeat_interleave(count, 2).repeat_interleave(count, 3)

    def names(self, layer: str) -> tuple[str, ...]:
        """The arrays' names: the layer's, or `layer.phase0`, `layer.phase1`, ... of separate phases, row by row."""
        if self.form != "polyphase":
            return (layer,)
        return tuple(f"{layer}.phase{number}" for number in range(len(self._places())))

    def __str__(self) -> str:
        if self.phases is None:
            return "one array"
        if self.form == "polyphase":
            return f"polyphase: {self.phases.count**2} arrays"
        if self.phases.window == 1:
            return f"dense: a pixel at a time, {self.phases.count}² outputs of each"
        empty = ", with empty places" if self.phases.empty else ""
        return f"polyphase: {self.phases.count**2} phases share windows of {self.phases.window}²{empty}"

    def _places(self) -> list[tuple[int, int]]:
        assert self.phases is not None
        return list(product(range(self.phases.count), range(self.phases.count)))


def layout_of(module: nn.Module, form: Transposed) -> Layout:
    """The layout of a layer that conversion accepts, where transposed convolutions are built in `form`."""
    if not isinstance(module, nn.ConvTranspose2d):
        return Layout(0)
    kernel, stride = module.kernel_size[0], module.stride[0]
    padding, output_padding = int(module.padding[0]), module.output_padding[0]
    one_pixel = isinstance(module, ZeroPaddedConv2d) and module.of_one_pixel
    if one_pixel and padding == output_padding == 0:
        return Layout(1, "polyphase_shared", Phases(kernel, kernel, 0, 0))
    if form == "literal" or stride == 1:
        return Layout(1)
    return Layout(1, form, Phases(kernel, stride, padding, output_padding))
