"""What a network sees of the hardware: synapse, activations, and the technology that builds arrays from them."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from spingan.hardware.activation import Activation
    from spingan.hardware.synapse import Synapse
    from spingan.hardware.technology import Technology, load_technology, shipped_technologies

_HOME = {
    "Activation": "activation",
    "Synapse": "synapse",
    "Technology": "technology",
    "load_technology": "technology",
    "shipped_technologies": "technology",
}

__all__ = ["Activation", "Synapse", "Technology", "load_technology", "shipped_technologies"]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
