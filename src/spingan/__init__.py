"""A design kit for generative adversarial networks on in-memory hardware.

The names below are loaded when they are first used, so that `import spingan` and `spingan --help` cost nothing.
"""

import importlib
from typing import TYPE_CHECKING, Any

from spingan.errors import UserError

if TYPE_CHECKING:
    from spingan.api import cost, crossbar_deck, evaluate, reprogram, sample
    from spingan.circuits.cell_simulation import simulate_cell
    from spingan.circuits.export import cell_deck, device_module
    from spingan.comparison import compare
    from spingan.cost_tables import components, write_schedules
    from spingan.hardware.activation import Activation
    from spingan.hardware.synapse import Synapse
    from spingan.hardware.technology import Technology, load_technology, shipped_technologies
    from spingan.nn.conversion import convert
    from spingan.nn.weights import load_model
    from spingan.reports.report import write_report
    from spingan.reproduction.reproduce import reproduce
    from spingan.studies.run import study
    from spingan.training.loop import train
    from spingan.training.recipe import load_recipe

__version__ = "0.1.0"

_HOMES = {
    "Activation": "spingan.hardware.activation",
    "Synapse": "spingan.hardware.synapse",
    "Technology": "spingan.hardware.technology",
    "cell_deck": "spingan.circuits.export",
    "compare": "spingan.comparison",
    "components": "spingan.cost_tables",
    "convert": "spingan.nn.conversion",
    "cost": "spingan.api",
    "crossbar_deck": "spingan.api",
    "device_module": "spingan.circuits.export",
    "evaluate": "spingan.api",
    "load_model": "spingan.nn.weights",
    "load_recipe": "spingan.training.recipe",
    "load_technology": "spingan.hardware.technology",
    "reprogram": "spingan.api",
    "reproduce": "spingan.reproduction.reproduce",
    "sample": "spingan.api",
    "shipped_technologies": "spingan.hardware.technology",
    "simulate_cell": "spingan.circuits.cell_simulation",
    "study": "spingan.studies.run",
    "train": "spingan.training.loop",
    "write_report": "spingan.reports.report",
    "write_schedules": "spingan.cost_tables",
}

__all__ = [
    "Activation",
    "Synapse",
    "Technology",
    "UserError",
    "__version__",
    "cell_deck",
    "compare",
    "components",
    "convert",
    "cost",
    "crossbar_deck",
    "device_module",
    "evaluate",
    "load_model",
    "load_recipe",
    "load_technology",
    "reproduce",
    "reprogram",
    "sample",
    "shipped_technologies",
    "simulate_cell",
    "study",
    "train",
    "write_report",
    "write_schedules",
]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'spingan' has no attribute {name!r}")
    return getattr(importlib.import_module(home), name)


def __dir__() -> list[str]:
    return sorted(__all__)
