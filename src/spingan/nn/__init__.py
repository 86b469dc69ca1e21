"""The network half: layers on a technology's arrays and devices, the nets of the paper, and trained generators."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from spingan.nn.activations import DeviceActivation
    from spingan.nn.analog import AnalogConv2d, AnalogConvTranspose2d, AnalogLayer, AnalogLinear, hold_weights
    from spingan.nn.chip import program_chip
    from spingan.nn.conversion import Conversion, calibrate, convert, set_noise
    from spingan.nn.counting import count
    from spingan.nn.dcgan import discriminator, generator
    from spingan.nn.pairs import PAIRS
    from spingan.nn.weights import Model, load_model, save_weights, shipped_models
    from spingan.nn.zero_padded import ZeroPaddedConv2d

_HOMES = {
    "AnalogConv2d": "analog",
    "AnalogConvTranspose2d": "analog",
    "AnalogLayer": "analog",
    "AnalogLinear": "analog",
    "Conversion": "conversion",
    "DeviceActivation": "activations",
    "Model": "weights",
    "PAIRS": "pairs",
    "ZeroPaddedConv2d": "zero_padded",
    "calibrate": "conversion",
    "convert": "conversion",
    "count": "counting",
    "discriminator": "dcgan",
    "generator": "dcgan",
    "hold_weights": "analog",
    "load_model": "weights",
    "program_chip": "chip",
    "save_weights": "weights",
    "set_noise": "conversion",
    "shipped_models": "weights",
}

__all__ = [
    "PAIRS",
    "AnalogConv2d",
    "AnalogConvTranspose2d",
    "AnalogLayer",
    "AnalogLinear",
    "Conversion",
    "DeviceActivation",
    "Model",
    "ZeroPaddedConv2d",
    "calibrate",
    "convert",
    "count",
    "discriminator",
    "generator",
    "hold_weights",
    "load_model",
    "program_chip",
    "save_weights",
    "set_noise",
    "shipped_models",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
