"""Compiled kernels of the converters: round to codes, clip, count and add up in one pass over memory."""

from functools import cache
from typing import Any

import numpy as np
from numba import njit
from torch import Tensor

from spingan.nn.kernels.base import flat, in_pieces, require


@cache
def _kernel() -> Any:
    @njit(nogil=True, fastmath={"contract"}, error_model="numpy")
    def add_codes(values, steps, lowest, highest, total, width, first):
        # values (columns * reads); steps (columns,); total (columns * width), of which reads from `first` on
        reads = values.size // steps.size
        clipped = 0
        zero, half = np.float32(0.0), np.float32(0.5)
        for column in range(steps.size):
            step = steps[column]
            inverse = np.float32(1.0) / step
            piece = values[column * reads : (column + 1) * reads]
            target = total[column * width + first : column * width + first + reads]
            for read in range(reads):
                value = piece[read]
                code = np.floor(value * inverse + half)
                inside = code if code > lowest else lowest
                inside = inside if inside < highest else highest
                clipped += inside != code
                target[read] += step * inside + value * zero  # a NaN stays one
        return clipped

    return add_codes


def add_codes(values: Tensor, steps: Tensor, lowest: int, highest: int, total: Tensor, first: int = 0) -> int:
    """Add `values`, each rounded to a code of its column's step and clipped, to a part of `total` in place.

    Args:
        values: (columns, reads) float32 on the CPU, contiguous; half a step goes up.
        steps: (columns,) float32, positive.
        lowest, highest: The codes at which values are clipped.
        total: (columns, all reads), float32, contiguous.
        first: The read of `total` that the first of `values` is added to.

    Returns:
        How many were beyond the codes; a NaN is counted too.

    Raises:
        ValueError: The shapes do not fit each other.
    """
    columns, reads = values.shape
    width = total.shape[1]
    require(values.is_contiguous() and total.is_contiguous(), "values that are not rows of columns in memory")
    require(
        steps.shape == (columns,) and len(total) == columns, f"{len(steps)} steps, {len(total)} sums, {columns} columns"
    )
    require(first >= 0 and first + reads <= width, f"reads {first} to {first + reads} of {width}")
    source, target, scale = flat(values), flat(total), flat(steps)
    ends = np.float32(lowest), np.float32(highest)

    def work(start: int, stop: int) -> int:
        held = target[start * width : stop * width]
        return _kernel()(source[start * reads : stop * reads], scale[start:stop], *ends, held, width, first)

    return sum(in_pieces(columns, reads, work)) if reads else 0
