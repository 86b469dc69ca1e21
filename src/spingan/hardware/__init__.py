"""What a network sees of the hardware: synapse, activations, and the technology that builds arrays from them."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from spingan.hardware.activation import Activation
    from spingan.hardware.mapping import ProgrammedArray, effective_weight, program
    from spingan.hardware.noise import Noise
    from spingan.hardware.synapse import Synapse
    from spingan.hardware.technology import Technology, load_technology, shipped_technologies

_HOME = {
    "Activation": "activation",
    "Noise": "noise",
    "ProgrammedArray": "mapping",
    "Synapse": "synapse",
    "Technology": "technology",
    "effective_weight": "mapping",
    "load_technology": "technology",
    "program": "mapping",
    "shipped_technologies": "technology",
}

__all__ = [
    "Activation",
    "Noise",
    "ProgrammedArray",
    "Synapse",
    "Technology",
    "effective_weight",
    "load_technology",
    "program",
    "shipped_technologies",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
