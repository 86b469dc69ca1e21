"""Noise of a layer's activations: new in every evaluation, as large as the device's file says at that input."""

import numpy as np
import torch
from torch import Tensor

from spingan.errors import UserError
from spingan.nn.draws import standard_normal
from spingan.nn.noise_source import NoiseSource
from spingan.spec.activation import Activation


class DeviceNoise:
    """Gaussian noise at the output of the devices of one layer, each its own and every evaluation anew.

    Its standard deviation is that of `Activation.output_noise` at the device's input, straight between the table's
    inputs; what physical devices make of the table (`MadeDevices`) does not change it.
    """

    def __init__(self, activation: Activation, source: NoiseSource, inputs: float = 1.0, outputs: float = 1.0) -> None:
        """As its file says it, or, for a function with a scale of its own, in that scale.

        Args:
            inputs: a device's full-scale input in the net's numbers.
            outputs: its span from 0 to 1, likewise.

        Raises:
            UserError: The device's noise is unknown.
        """
        noise = activation.output_noise
        if noise is None:
            raise UserError(f"the noise of {activation.name} is unknown", "Give its file output_noise.")
        span = abs(activation.output_full_scale - activation.output_zero)
        places = np.array(noise.input or (0.0,)) / activation.input_full_scale * inputs
        self.source = source
        self.places = torch.tensor(places, dtype=torch.float32)
        self.rms = torch.tensor(np.array(noise.rms) / span * outputs, dtype=torch.float32)

    def __call__(self, inputs: Tensor, outputs: Tensor, full_scale: float | Tensor) -> Tensor:
        """`outputs` with noise; `inputs` are the net's values that the devices are driven with, of the same shape."""
        unit = standard_normal(outputs.shape, self.source.next_key(), outputs.device)
        return outputs + (self.deviation(inputs / full_scale) * full_scale * unit).to(outputs.dtype)

    def deviation(self, u: Tensor) -> Tensor:
        """Standard deviation, in full scales, at normalised inputs of any shape."""
        places, rms = self.places.to(u.device), self.rms.to(u.device)
        if len(places) == 1:
            return rms.expand(u.shape)
        inside = u.detach().float().clamp(places[0], places[-1])
        cell = torch.searchsorted(places, inside.contiguous(), right=True).clamp(1, len(places) - 1)
        share = (inside - places[cell - 1]) / (places[cell] - places[cell - 1])
        return rms[cell - 1] + share * (rms[cell] - rms[cell - 1])
