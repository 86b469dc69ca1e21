"""Compiled kernels of the converters: round to codes, clip, count and add up in one pass over memory."""

from functools import cache
from typing import Any

import numpy as np
import torch
from torch import Tensor

from spingan.compiled import njit
from spingan.nn.kernels.base import CHEAP, compile_for, flat, in_pieces, over_elements, require

_ONLY_COUNTS = {"contract", "reassoc"}  # only the count of clipped values is a sum
_COUNTED = 1 << 16  # values that are counted in a float32, where whole numbers are exact up to 2^24


@cache
def _add_codes(bfloat16: bool) -> Any:
    def build(load, stored):
        @njit(nogil=True, fastmath=_ONLY_COUNTS, error_model="numpy")
        def add_codes(values, steps, lowest, highest, total, width, first, begin):
            # values (columns * reads); steps (columns,); total (columns * width), of which reads from `first` on
            reads = values.size // steps.size
            clipped, row = 0, _COUNTED
            zero, half, one = np.float32(0.0), np.float32(0.5), np.float32(1.0)
            for column in range(steps.size):
                step = steps[column]
                inverse = one / step
                piece = values[column * reads : (column + 1) * reads]
                target = total[column * width + first : column * width + first + reads]
                if begin:
                    target[:] = zero
                for start in range(0, reads, row):
                    beyond = zero
                    for read in range(start, min(start + row, reads)):
                        value = load(piece[read])
                        code = np.floor(value * inverse + half)
                        inside = code if code > lowest else lowest
                        inside = inside if inside < highest else highest
                        beyond += one if inside != code else zero
                        target[read] += step * inside + value * zero  # a NaN stays one
                    clipped += int(beyond)
            return clipped

        return add_codes

    return compile_for(bfloat16, build)


@cache
def _round(bfloat16: bool) -> Any:
    def build(load, stored):
        @njit(nogil=True, fastmath=_ONLY_COUNTS, error_model="numpy")
        def round_to_codes(values, out, step, lowest, highest):
            zero, half, one = np.float32(0.0), np.float32(0.5), np.float32(1.0)
            inverse, clipped, row = one / step, 0, _COUNTED
            for start in range(0, values.size, row):
                piece, target, beyond = values[start : start + row], out[start : start + row], zero
                for place in range(piece.size):
                    value = load(piece[place])
                    code = np.floor(value * inverse + half)
                    inside = code if code > lowest else lowest
                    inside = inside if inside < highest else highest
                    beyond += one if inside != code else zero
                    target[place] = stored(step * inside + value * zero)  # a NaN stays one
                clipped += int(beyond)
            return clipped

        return round_to_codes

    return compile_for(bfloat16, build)


class CodeSums:
    """Sums of values that are rounded to codes of their column's step and clipped, piece by piece of the reads.

    A net has hundreds of tiles, and a small one is added in the time that it takes to look at its tensors: what all
    tiles share is looked at once.

    Attributes:
        clipped: How many values were beyond the codes; a NaN is counted too.
    """

    def __init__(self, total: Tensor, steps: Tensor, lowest: int, highest: int) -> None:
        """Sums in `total`.

        Args:
            total: (columns, reads), float32 on the CPU, contiguous.
            steps: (columns,) float32, not 0; a negative one's codes count downwards.
            lowest, highest: The codes at which values are clipped.

        Raises:
            ValueError: The shapes do not fit each other.
        """
        self._columns, self._width = total.shape
        fits = total.is_contiguous() and steps.shape == (self._columns,) and total.dtype == steps.dtype == torch.float32
        require(fits, f"{len(steps)} steps of {steps.dtype}, sums {tuple(total.shape)} of {total.dtype}")
        self._total, self._steps = flat(total), flat(steps)
        self._ends = np.float32(lowest), np.float32(highest)
        self.clipped = 0

    def add(self, values: Tensor, first: int = 0, begin: bool = False) -> int:
        """Add values to the reads of the total from `first` on, and return how many of them were beyond the codes.

        Args:
            values: (columns, reads) float32 or bfloat16 on the CPU, contiguous; half a step goes up.
            begin: Those reads hold nothing yet: they are written, not added to.

        Raises:
            ValueError: The shapes do not fit each other.
        """
        (columns, reads), width = values.shape, self._width
        fits = columns == self._columns and values.is_contiguous() and first >= 0 and first + reads <= width
        require(fits, "values that are not rows of the sums' columns, or beyond them")
        if not reads:
            return 0
        source = flat(values)
        kernel = _add_codes(source.dtype == np.uint16)

        def work(start: int, stop: int) -> int:
            piece, held = source[start * reads : stop * reads], self._total[start * width : stop * width]
            return kernel(piece, self._steps[start:stop], *self._ends, held, width, first, begin)

        clipped = sum(in_pieces(columns, reads, work, CHEAP))
        self.clipped += clipped
        return clipped


def round_to_codes(values: Tensor, step: float, lowest: int, highest: int) -> tuple[Tensor, int]:
    """`values`, each rounded to a code and clipped, in the same order in memory, and how many were beyond the codes.

    Args:
        values: Any shape, dense, float32 or bfloat16 on the CPU; half a step goes up.
        step: Of the codes, positive.

    Raises:
        ValueError: Their elements do not lie in one piece.
    """
    source, out = flat(values), torch.empty_like(values)
    kernel = _round(source.dtype == np.uint16)
    ends = np.float32(lowest), np.float32(highest)
    return out, sum(over_elements(kernel, (source, flat(out)), np.float32(step), *ends, least=CHEAP))
