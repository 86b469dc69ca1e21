"""A technology of any number of levels for the tests of the network half."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from spingan.spec.synapse import Synapse
from spingan.spec.technology import DIGITAL_TYPES, Technology


@pytest.fixture
def with_levels() -> Callable[..., Technology]:
    """`with_levels(64, gain="column", ...)`: even levels, and activations that stay digital unless given."""

    def build(levels: int, *, conductance: tuple[float, ...] | None = None, **fields: Any) -> Technology:
        synapse_fields = {key: fields.pop(key) for key in ("faults",) if key in fields}
        states = conductance or tuple(np.linspace(0.0, 1.0, levels).tolist())
        synapse = Synapse(name="even", basis="normalised", conductance=states, **synapse_fields)
        digital = (*DIGITAL_TYPES, "ReLU", "LeakyReLU")
        return Technology(**{"name": "test", "synapse": synapse, "gain": "column", "digital": digital, **fields})

    return build


@pytest.fixture
def two_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)
