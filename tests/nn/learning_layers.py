"""Layers that learn on the chip, on devices whose steps are known, for tests."""

import torch
from torch import nn

from spingan.devices.wox_memristor import wox_memristor
from spingan.nn.analog import AnalogLayer, analog_layers
from spingan.nn.conversion import convert
from spingan.nn.on_chip import hold_conductances
from spingan.spec.synapse import Synapse
from spingan.spec.technology import Technology, load_technology

RATE = 1e-3
STEP = 1 / 127


def technology(synapse: Synapse | None = None, **changes: object) -> Technology:
    """Paper M's devices in differential pairs behind virtual grounds: what a column gives is the weight."""
    wox = load_technology("wox-memristor")
    dense = wox.dense.model_copy(update={"encoding": "differential_pair"})
    ideal = {"read_out": "virtual_ground", "load_resistance_ohm": None, "dense": dense}
    return wox.model_copy(update=ideal | {"synapse": synapse or wox_memristor()} | changes)


def beside_midpoint() -> Technology:
    """The same devices, one a weight, less a reference at the middle."""
    dense = load_technology("wox-memristor").dense.model_copy(update={"encoding": "midpoint_reference"})
    return technology(encoding="midpoint_reference", dense=dense)


def one_layer(devices: Technology, rows: int = 32, columns: int = 16) -> tuple[nn.Module, AnalogLayer]:
    """A dense layer that holds conductances."""
    torch.manual_seed(0)
    model = convert(nn.Sequential(nn.Linear(rows, columns, bias=False)), devices).model
    hold_conductances(model, full_scale=4.0, transposed_noise=0.0)
    (layer,) = analog_layers(model)
    return model, layer
