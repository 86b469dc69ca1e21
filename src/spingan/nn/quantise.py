"""Weights on the levels that an array can hold: the nearest one, with a gradient that stops at full scale."""

from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.autograd.function import once_differentiable

from spingan.arrays.mapping import nearest_level
from spingan.compiled import is_compiled
from spingan.nn.draws import is_ordered
from spingan.nn.kernels import levels as level_kernels

Spacing = Literal["uniform", "two-sided", "uneven"]


@once_differentiable
def _gradient_within_clip(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
    weight, gain = ctx.saved_tensors
    if _has_kernel(weight):
        return level_kernels.clip_gradient(gradient, weight, gain, ctx.axis), None, None, None, None
    inside = weight.abs() <= along(gain, weight, ctx.axis)
    return gradient * inside, None, None, None, None


class Quantise(torch.autograd.Function):
    """The level nearest to each weight, times its column's gain."""

    @staticmethod
    def forward(ctx: Any, weight: Tensor, gain: Tensor, levels: Tensor, spacing: Spacing, axis: int) -> Tensor:
        ctx.save_for_backward(weight, gain)
        ctx.axis = axis
        if spacing == "uniform" and _has_kernel(weight):
            return level_kernels.quantise_uniform(weight, gain, levels, axis)
        if spacing == "two-sided" and axis == 0 and _has_kernel(weight) and weight.is_contiguous():
            return level_kernels.quantise_two_sided(weight, gain, levels)
        full = along(gain, weight, axis)
        return levels[nearest_level((weight / full).clamp(-1, 1), levels)] * full + weight * 0  # a NaN stays one

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Any) -> Any:
        return _gradient_within_clip(ctx, *grad_outputs)


def _has_kernel(weight: Tensor) -> bool:
    return is_ordered(weight) and is_compiled()


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
