"""Activations as a device computes them: a transfer table, a mapping of values to its input range, and its limits."""

from collections.abc import Callable
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from spingan.errors import UserError
from spingan.nn.bounded_minimum import bounded_minimum
from spingan.nn.kernels import curves as curve_kernels
from spingan.nn.kernels.base import dense, has_kernel, in_reach
from spingan.nn.made_devices import MadeDevices
from spingan.spec.activation import Activation

_UNSEEN = 1e-3  # of full scale, an 8-bit image's quarter step: a curve may be bent straight by as much to run faster
_MOST_CELLS = 4096  # of a resampled table: finer than any measured curve, and still within the second cache


def uniform_table(u: NDArray[np.float64], v: NDArray[np.float64]) -> tuple[NDArray[np.float64], float, float]:
    """The piecewise-linear curve through (u, v) on a uniform grid: its values, first input and step.

    The coarsest grid that holds every point of the curve, so that nothing is lost; where none of up to 4,096 cells
    does, that many, and kinks between its points are rounded off.
    """
    offsets = (u - u[0]) / (u[-1] - u[0])
    cells = _MOST_CELLS
    for candidate in range(len(u) - 1, _MOST_CELLS + 1):
        places = offsets * candidate
        if np.abs(places - np.rint(places)).max() < 1e-6:
            cells = candidate
            break
    grid = np.linspace(u[0], u[-1], cells + 1)
    return np.interp(grid, u, v), float(u[0]), float((u[-1] - u[0]) / cells)


def straight_pieces(u: NDArray[np.float64], v: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The points of (u, v) that a straight line through its neighbours would miss; its ends always."""
    kept = [0]
    for point in range(1, len(u) - 1):
        before, after = kept[-1], point + 1
        along = (u[point] - u[before]) / (u[after] - u[before])
        line = v[before] + along * (v[after] - v[before])
        if abs(line - v[point]) > 1e-9 * (v.max() - v.min()):
            kept.append(point)
    kept.append(len(u) - 1)
    return u[kept], v[kept]


def few_pieces(u: NDArray[np.float64], v: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """`straight_pieces`, or, where they are more than a kernel has room for, as few as stay within `_UNSEEN`."""
    pieces = straight_pieces(u, v)
    if len(pieces[0]) <= max(curve_kernels.HINGES):
        return pieces
    kept = [0, len(u) - 1]
    while len(kept) <= max(curve_kernels.HINGES):
        misfit = np.abs(np.interp(u, u[kept], v[kept]) - v)
        if misfit.max() <= _UNSEEN:
            return u[kept], v[kept]
        kept = sorted([*kept, int(misfit.argmax())])
    return pieces


@once_differentiable
def _table_gradient(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
    values, slope = ctx.saved_tensors
    low, step = ctx.grid
    if has_kernel(values):
        return curve_kernels.table_backward(values, gradient, slope, low, step), None, None
    last = slope.numel() - 1
    cell = ((_exact(values) - low) / step + 1).clamp(0, last).to(torch.int64).clamp(0, last)  # twice: a NaN is no index
    return gradient * slope.to(gradient.dtype)[cell], None, None


@once_differentiable
def _hinge_gradient(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
    (values,) = ctx.saved_tensors
    return curve_kernels.hinge_backward(values, gradient, *ctx.curve), None, None


class _Table(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, values: Tensor, module: "DeviceActivation", scale: float | Tensor) -> Tensor:
        low, step, table = module.low * scale, module.step * scale, module.table * scale
        beyond: int | Tensor
        if has_kernel(values):
            values = dense(values)
            out, beyond = curve_kernels.table_forward(
                values, table, float(low), float(step), extrapolate=module.extrapolate
            )
        else:
            position = (_exact(values) - low) / step
            inside = position.clamp(0, table.numel() - 1)
            cell = inside.to(torch.int64).clamp(0, table.numel() - 2)  # a NaN too finds a cell
            reached = position if module.extrapolate else inside
            fine = table.to(position.dtype)
            out = (fine[cell] + (reached - cell) * fine.diff()[cell]).to(values.dtype)
            beyond = ((position - inside).abs() > curve_kernels.edge_tolerance(table.numel())).sum()
        module.count(values.numel(), beyond)
        ctx.save_for_backward(values, module.slope)
        ctx.grid = (low, step)
        return out

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Any) -> Any:
        return _table_gradient(ctx, *grad_outputs)


class _Hinges(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, values: Tensor, module: "DeviceActivation", scale: float) -> Tensor:
        assert module.hinges is not None
        values = dense(values)
        base, places, bends = module.hinges
        ctx.curve = places * np.float32(scale), bends
        low, high = module.low * scale, (module.low + module.step * (module.table.numel() - 1)) * scale
        out, beyond = curve_kernels.hinge_forward(values, base * scale, *ctx.curve, low, high)
        module.count(values.numel(), beyond)
        ctx.save_for_backward(values)
        return out

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Any) -> Any:
        return _hinge_gradient(ctx, *grad_outputs)


def _hinges(
    u: NDArray[np.float64], v: NDArray[np.float64]
) -> tuple[float, NDArray[np.float32], NDArray[np.float32]] | None:
    """A clamped curve as its first value and the places and sizes of its bends; None if it has too many."""
    if len(u) > max(curve_kernels.HINGES):
        return None
    slopes = np.concatenate([[0.0], np.diff(v) / np.diff(u), [0.0]])
    spare = min(room for room in curve_kernels.HINGES if room >= len(u)) - len(u)
    return float(v[0]), np.pad(u, (0, spare)).astype(np.float32), np.pad(np.diff(slopes), (0, spare)).astype(np.float32)


def _exact(values: Tensor) -> Tensor:
    """In float32 at least: near zero a place in a table that begins at -5 would lose every digit in bfloat16."""
    return values if values.dtype == torch.float64 else values.float()


BOUNDED = ("tanh", "sigmoid")  # functions with a scale of their own


def own_inputs(
    u: NDArray[np.float64], v: NDArray[np.float64], function: str = "tanh"
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """A device's normalised tanh (u, v) in the function's own numbers: v(u / a) closest to tanh, ends -1 and 1.

    A sigmoid is that curve from 0 to 1, with inputs twice as large: σ(x) = (1 + tanh(x / 2)) / 2.

    The input's factor a is the amplifier's before the cell; that the curve's two ends are black and white is how its
    output is looked at.
    """
    ends = 2 * (v - v.min()) / (v.max() - v.min()) - 1
    samples = np.linspace(-3, 3, 301)  # tanh is within half a percent of its ends there

    def misfit(logarithm: float) -> float:
        return float(np.square(np.interp(samples / np.exp(logarithm), u, ends) - np.tanh(samples)).mean())

    inputs = u * np.exp(bounded_minimum(misfit, np.log(0.05), np.log(50)))
    return (inputs, ends) if function == "tanh" else (2 * inputs, (1 + ends) / 2)


class DeviceActivation(nn.Module):
    """An activation drawn from a device's transfer table.

    A value x drives the device with x / `full_scale` of its full-scale input; its output times `full_scale` is what the
    next layer gets, so that a linear device passes x unchanged. `full_scale` is a calibrated buffer, unless
    `calibrates` is off: then it stays 1, and the device clips what the net lets grow beyond. A tanh and a sigmoid have
    their own scale, 1 at the output, and are never calibrated; their inputs are matched to the function's
    (`own_inputs`). Values beyond the table are counted in `saturated` of `evaluated`, and clamped to its ends,
    continued, or refused, as the device says. On a chip, `made` are its physical devices (None: every one is the
    table's), and `noise` is what their outputs get in each evaluation (None: nothing); in a training that draws devices
    it is both (`spingan.nn.drawn_devices`). Where others read its input as well, an activation that was in place stays
    so (`inplace`): they see its output.
    """

    table: Tensor
    slope: Tensor
    full_scale: Tensor

    def __init__(self, activation: Activation) -> None:
        super().__init__()
        self.activation = activation
        self.function = activation.function
        bounded = activation.function in BOUNDED
        curve = own_inputs(*activation.normalised(), activation.function) if bounded else activation.normalised()
        plain = activation.normalised()
        self.scale = tuple(float(np.ptp(own) / np.ptp(given)) for own, given in zip(curve, plain, strict=True))
        """A full-scale input and the output's span in the net's numbers: 1 and 1, but for a tanh or sigmoid."""
        values, self.low, self.step = uniform_table(*curve)
        rise = np.diff(values) / self.step
        self.register_buffer("table", torch.tensor(values, dtype=torch.float32), persistent=False)
        self.extrapolate = activation.outside == "extrapolate"
        slope = np.concatenate([rise[:1], rise, rise[-1:]]) if self.extrapolate else np.pad(rise, 1)
        self.register_buffer("slope", torch.tensor(slope, dtype=torch.float32), persistent=False)
        self.hinges = None if self.extrapolate else _hinges(*few_pieces(*curve))
        self.register_buffer("full_scale", torch.ones(()))
        self.calibrates = not bounded
        self.range_rms: float | None = None
        """Full scale in units of the inputs' root mean square; None: the largest of them."""
        self.made: MadeDevices | None = None
        self.noise: Callable[[Tensor, Tensor, float | Tensor], Tensor] | None = None
        self.inplace = False
        self.calibrating = False
        self.agree: Callable[[Tensor], Tensor] | None = None
        self.saturated: int | Tensor = 0
        self.evaluated = 0

    def count(self, evaluated: int, beyond: int | Tensor) -> None:
        """Add to the tally of evaluations and of those that saturated.

        A number that is still on another device stays there, so that no pass has to wait for it.

        Raises:
            UserError: One left the table of a device that allows none to.
        """
        if self.activation.outside == "error" and beyond:
            raise UserError(
                f"{beyond} of {evaluated} values drive {self.activation.name} beyond its table",
                "Measure a wider range, calibrate the net's range again, or set outside to clamp or extrapolate.",
            )
        self.evaluated += evaluated
        self.saturated = self.saturated + beyond  # not in place: a tensor of inference mode takes no more

    def forward(self, values: Tensor) -> Tensor:
        if self.calibrating:
            self.observe(values)
        curve = _Hinges if self.hinges is not None and in_reach(values) else _Table
        full_scale = float(self.full_scale) if values.device.type == "cpu" else self.full_scale
        given = values.clone() if self.inplace else values
        out = cast(Tensor, curve.apply(given, self, full_scale))
        out = out if self.made is None else self.made(out, full_scale)
        out = out if self.noise is None else self.noise(given, out, full_scale)
        return values.copy_(out) if self.inplace else out

    @torch.no_grad()
    def observe(self, values: Tensor) -> None:
        """Widen the mapping so that the largest of `values` reaches the device's full scale, and no further.

        With `range_rms` it is that multiple of their root mean square where that is less: larger ones saturate.
        """
        largest = values.detach().abs().amax().float()
        if self.range_rms is not None:
            rms = values.detach().float().square().mean().sqrt()
            largest = torch.minimum(largest, self.range_rms * rms)
        if self.agree is not None:
            largest = self.agree(largest)
        if bool(torch.isfinite(largest)) and float(largest) > float(self.full_scale):
            self.full_scale.copy_(largest)

    def begin_calibration(self, agree: Callable[[Tensor], Tensor] | None = None) -> None:
        """Forget the mapping; the values of the next forward passes set it. Nothing happens to a fixed one.

        Args:
            agree: Makes the largest value here the largest of all, where a batch is shared between processes.
        """
        if not self.calibrates:
            return
        self.agree = agree
        self.full_scale.fill_(torch.finfo(torch.float32).tiny)
        self.calibrating = True

    def end_calibration(self) -> None:
        """Keep what was seen; a device that saw nothing keeps 1."""
        self.calibrating = False
        self.agree = None
        if self.calibrates and float(self.full_scale) < 1e-6:
            self.full_scale.fill_(1.0)

    def extra_repr(self) -> str:
        return f"{self.activation.name}, {self.table.numel()} points"
