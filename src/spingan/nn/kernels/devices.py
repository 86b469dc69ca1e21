"""Compiled kernels of activations that differ from each other and are noisy: each one pass over memory."""

from functools import cache
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from spingan.compiled import njit, uint64
from spingan.nn.kernels.base import compile_for, flat, in_order_of, in_pieces, require
from spingan.nn.kernels.noise import gaussian_table, mixed_bits

_BLOCK = 512  # devices drawn at a time: a draw buffer that stays in the first cache


@cache
def _device_kernels(bfloat16: bool, noisy: bool) -> tuple[Any, Any]:
    def build(load: Any, stored: Any) -> tuple[Any, Any]:
        @njit(nogil=True, fastmath={"contract"}, error_model="numpy")
        def forward(inputs, outputs, out, gain, below, offset, rms, low, inverse_step, gaussian, key, first_row):
            devices = gain.size
            groups = (devices + 3) // 4
            bits = np.empty((_BLOCK + 3) // 4, np.uint64)
            lanes = bits.view(np.uint16)
            zero, top = np.float32(0.0), np.float32(rms.size - 1)
            last = np.uint32(rms.size - 2)
            for row in range(out.size // devices):
                start = uint64(first_row + row) * uint64(groups)
                for block in range(0, devices, _BLOCK):
                    width = min(_BLOCK, devices - block)
                    if noisy:
                        for group in range((width + 3) // 4):
                            bits[group] = mixed_bits(start + uint64(block // 4 + group), key)
                    first = row * devices + block
                    for index in range(width):
                        value = load(outputs[first + index])
                        factor = gain[block + index] if value >= zero else below[block + index]
                        total = offset[block + index] + factor * value
                        if noisy:
                            place = (load(inputs[first + index]) - low) * inverse_step
                            place = place if place > zero else zero  # also what makes a NaN a safe index
                            place = place if place < top else top
                            cell = np.uint32(place)
                            cell = cell if cell < last else last
                            deviation = rms[cell] + (place - np.float32(cell)) * (rms[cell + 1] - rms[cell])
                            total += deviation * gaussian[lanes[index]]
                        out[first + index] = stored(total)

        @njit(nogil=True, fastmath={"contract"}, error_model="numpy")
        def backward(outputs, gradient, out, gain, below):
            devices = gain.size
            zero = np.float32(0.0)
            for row in range(out.size // devices):
                for device in range(devices):
                    index = row * devices + device
                    factor = gain[device] if load(outputs[index]) >= zero else below[device]
                    out[index] = stored(load(gradient[index]) * factor)

        return forward, backward

    return compile_for(bfloat16, build)


def devices_forward(
    inputs: Tensor,
    outputs: Tensor,
    parts: tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]],
    noise: tuple[NDArray[np.float32], float, float] | None,
    key: int,
    first_row: int = 0,
) -> Tensor:
    """offset + gain max(v, 0) + below min(v, 0) + rms(x) n for each sample's value v at its own device.

    The normal numbers n depend on key, sample and device alone, whatever the threads.

    Args:
        inputs: (batch, ...) x, float32 or bfloat16 on the CPU, sample after sample in memory.
        outputs: v, in the same shape, type and order.
        parts: gain, below and offset of each device, flat, in the order of a sample's memory.
        noise: The standard deviation on a uniform grid of x, at least two points, with its first x and its step;
            as at its ends beyond. None: no noise.
        first_row: Place of the first sample in a batch that is shared.

    Raises:
        ValueError: The arrays do not fit together.
    """
    gain, below, offset = parts
    require(gain.size > 0 and gain.shape == below.shape == offset.shape, f"{gain.shape}, {below.shape}, {offset.shape}")
    require(inputs.shape == outputs.shape and inputs.stride() == outputs.stride(), "inputs unlike the outputs")
    require(inputs.dtype == outputs.dtype, f"inputs of {inputs.dtype}, outputs of {outputs.dtype}")
    require(outputs.numel() % gain.size == 0, f"{outputs.numel()} values of {gain.size} devices")
    table, low, step = (np.zeros(2, np.float32), 0.0, 1.0) if noise is None else noise
    require(table.ndim == 1 and table.size >= 2, f"a noise of shape {table.shape}")
    out = torch.empty_like(outputs)
    kernel, _ = _device_kernels(outputs.dtype == torch.bfloat16, noise is not None)
    given, values, target = flat(inputs), flat(outputs), flat(out)
    grid = table, np.float32(low), np.float32(1 / step), gaussian_table(), np.uint64(key)

    def work(start: int, stop: int) -> None:
        own = slice(start * gain.size, stop * gain.size)
        kernel(given[own], values[own], target[own], gain, below, offset, *grid, first_row + start)

    in_pieces(outputs.numel() // gain.size, gain.size, work)
    return out


def devices_backward(
    outputs: Tensor, gradient: Tensor, gain: NDArray[np.float32], below: NDArray[np.float32]
) -> Tensor:
    """The gradient of `devices_forward` by its outputs' v; the noise is taken as given."""
    require(gain.size > 0 and gain.shape == below.shape and outputs.numel() % gain.size == 0, f"{gain.shape} devices")
    ordered = in_order_of(gradient, outputs)
    out = torch.empty_like(outputs)
    _, kernel = _device_kernels(outputs.dtype == torch.bfloat16, False)
    values, given, target = flat(outputs), flat(ordered), flat(out)

    def work(start: int, stop: int) -> None:
        own = slice(start * gain.size, stop * gain.size)
        kernel(values[own], given[own], target[own], gain, below)

    in_pieces(outputs.numel() // gain.size, gain.size, work)
    return out
