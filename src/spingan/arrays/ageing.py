"""What time does to written devices: each by its synapse's retention and by its own place in the spread."""

import math

import numpy as np
import torch
from torch import Tensor

from spingan.spec.synapse import Retention


def aged(
    conductance: Tensor, retention: Retention, time_s: float, rest: float, largest: float, lots: torch.Generator
) -> Tensor:
    """Conductances `time_s` seconds after they were written: the laws of `Retention`.

    Args:
        conductance: float64, of any shape, in units of the synapse's span, the smallest conductance included.
        time_s: Not before the law's first point.
        rest, largest: Where a device rests and the largest conductance, in the same unit.
        lots: Draws each device's number; the same state of it gives the same devices at every time.
    """
    state = conductance.numpy() / largest
    unit = torch.randn(conductance.shape, generator=lots, dtype=conductance.dtype).numpy()
    spread = retention.at_state("spread", state) * unit
    if retention.law == "exponential":
        left = np.exp(-time_s / retention.time_s * np.exp(-spread))
        return torch.from_numpy(rest + (conductance.numpy() - rest) * left)
    coefficient, elapsed = retention.at_state("coefficient", state), math.log(time_s / retention.time_s)
    if retention.law == "relaxation":
        moved = conductance.numpy() + largest * (spread + coefficient * elapsed * unit)
        return torch.from_numpy(np.maximum(moved, 0.0))  # none conducts less than nothing
    fallen = np.maximum(coefficient + spread, 0.0) * elapsed
    left = np.exp(-fallen) if retention.law == "power" else np.maximum(1 - fallen, 0.0)
    return torch.from_numpy(rest + (conductance.numpy() - rest) * left)
