"""What every device is: a name, named numbers, a simulation, and what it gives to the network half.

A package brings a device of its own by an entry point of the group `spingan.devices`, whose object is a `Device` or
makes one when called without arguments:

    [project.entry-points."spingan.devices"]
    my-device = "my_package.devices:MY_DEVICE"

From then on `build_technology(synapse="my-device")` and `spingan device list` know it.
"""

import difflib
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import entry_points
from typing import Generic, Protocol, TypeVar, runtime_checkable

from spingan.errors import UserError
from spingan.progress import Progress, no_progress
from spingan.spec.activation import Activation
from spingan.spec.synapse import Synapse
from spingan.tabular import Figure

GROUP = "spingan.devices"
SHIPPED = {  # by name: module, and the object in it
    "skyrmion-synapse-published": ("published", "SKYRMION_SYNAPSE"),
    "skyrmion-synapse-simulated": ("skyrmion_synapse_study", "SIMULATED"),
    "skyrmion-synapse-designed": ("skyrmion_synapse_study", "DESIGNED"),
    "skyrmion-synapse-published-siemens": ("skyrmion_array", "PUBLISHED_IN_SIEMENS"),
    "skyrmion-synapse-designed-array": ("skyrmion_array", "DESIGNED_ARRAY"),
    "wox-memristor": ("wox_memristor", "WOX_MEMRISTOR"),
    "hfox-rram": ("measured_memories", "HFOX_RRAM"),
    "pcm": ("measured_memories", "PCM"),
    "pcm-array": ("measured_memories", "PCM_ARRAY"),
    "leaky-relu-published": ("published", "LEAKY_RELU"),
    "leaky-relu-published-smooth": ("published", "SMOOTH_LEAKY_RELU"),
    "leaky-relu-simulated": ("domain_wall", "LEAKY_RELU"),
    "leaky-relu-designed": ("domain_wall", "DESIGNED_LEAKY_RELU"),
    "relu-published": ("published", "RELU"),
    "relu-simulated": ("domain_wall", "RELU"),
    "relu-designed": ("domain_wall", "DESIGNED_RELU"),
}


class Device(Protocol):
    """A device, from physics, from a publication or from a measurement.

    It also has `to_synapse()`, or `to_activation()`, or both (`SynapseDevice`, `ActivationDevice`): what it gives to
    the network half without a long simulation, such as a shipped result of `characterise`.
    """

    @property
    def name(self) -> str:
        """Its name, one word."""
        ...

    @property
    def about(self) -> str:
        """What it is, in a line."""
        ...

    def characterise(
        self, *, seed: int = 0, workers: int = 1, progress: Progress = no_progress
    ) -> Synapse | Activation:
        """Simulate it, and return its levels or its curve; this may take long.

        Raises:
            UserError: It cannot be simulated as it is.
        """
        ...

    def figures(self) -> list[Figure]:
        """Named numbers of it, with their units."""
        ...


@runtime_checkable
class SynapseDevice(Protocol):
    """A device that holds weights."""

    def to_synapse(self) -> Synapse:
        """Its levels, and what a pulse and a read do."""
        ...


@runtime_checkable
class ActivationDevice(Protocol):
    """A device that bends its input: an `Activation`, or a `ConductanceCurve` that a cell reads out."""

    def to_activation(self) -> Activation:
        """Its curve."""
        ...


Made = TypeVar("Made", Synapse, Activation)


@dataclass(frozen=True)
class _Stored(Generic[Made]):
    """A device of the package: `make` reads or computes it; `simulate` (seed, workers, progress) does it anew."""

    name: str
    about: str
    make: Callable[[], Made]
    simulate: Callable[[int, int, Progress], Synapse | Activation] | None = None

    def characterise(
        self, *, seed: int = 0, workers: int = 1, progress: Progress = no_progress
    ) -> Synapse | Activation:
        """Its levels or its curve, simulated anew if it comes from a simulation."""
        return self.make() if self.simulate is None else self.simulate(seed, workers, progress)


@dataclass(frozen=True)
class StoredSynapse(_Stored[Synapse]):
    """A synapse of the package."""

    def figures(self) -> list[Figure]:
        """Levels, the ends of the conductance, and a pulse's energy."""
        made = self.make()
        unit = "1" if made.basis == "normalised" else "S"
        energy = None if made.write.energy_j is None else made.write.energy_j * 1e15
        return [
            Figure("levels", made.states, "1"),
            Figure("lowest conductance", made.conductance[0], unit),
            Figure("highest conductance", made.conductance[-1], unit),
            Figure(f"write energy of a {made.write.energy_per or 'pulse'}", energy, "fJ"),
        ]

    def to_synapse(self) -> Synapse:
        """Its levels, as shipped."""
        return self.make()


@dataclass(frozen=True)
class StoredActivation(_Stored[Activation]):
    """An activation of the package."""

    def figures(self) -> list[Figure]:
        """Full scale, the outputs that stand for 0 and 1, the slope below zero, and an evaluation's energy."""
        made = self.make()
        energy = None if made.energy_j is None else made.energy_j * 1e15
        return [
            Figure("input that stands for 1", made.input_full_scale, made.input_unit),
            Figure("output that stands for 0", made.output_zero, made.output_unit),
            Figure("output that stands for 1", made.output_full_scale, made.output_unit),
            Figure("slope below zero over slope above", made.negative_slope, "1"),
            Figure("energy of an evaluation", energy, "fJ"),
        ]

    def to_activation(self) -> Activation:
        """Its curve, as shipped."""
        return self.make()


def device(name: str) -> Device:
    """The shipped device of that name, or one that an installed package brings.

    Raises:
        UserError: There is none, or its package cannot be loaded or brings something else.
    """
    if name in SHIPPED:
        module, symbol = SHIPPED[name]
        return getattr(import_module(f"spingan.devices.{module}"), symbol)
    found = {point.name: point for point in entry_points(group=GROUP)}
    if name not in found:
        known = (*SHIPPED, *found)
        close = difflib.get_close_matches(name, known, n=1)
        hint = f"Did you mean {close[0]}? " if close else ""
        raise UserError(f"there is no device {name!r}", f"{hint}Known: {', '.join(known)}")
    try:
        loaded = found[name].load()
        made = loaded() if callable(loaded) else loaded
    except Exception as error:  # whatever a foreign package raises
        raise UserError(
            f"the device {name} cannot be loaded from {found[name].value}: {type(error).__name__}: {error}",
            "Mend or remove the package that brings it",
        ) from error
    if not isinstance(made, SynapseDevice | ActivationDevice):
        raise UserError(
            f"{found[name].value} is no device: it has neither to_synapse nor to_activation",
            "See spingan.devices.device for what a device has",
        )
    return made  # pyright: ignore[reportReturnType]


def list_devices() -> list[dict[str, str]]:
    """Every shipped device and those of installed packages: name, what it makes, where it comes from."""
    installed = [(point.name, point.value) for point in entry_points(group=GROUP)]
    return [_entry(name, origin) for name, origin in (*((name, "spingan") for name in SHIPPED), *installed)]


def _entry(name: str, origin: str) -> dict[str, str]:
    try:
        made = device(name)
    except UserError as error:
        return {"name": name, "makes": "nothing", "about": error.problem, "from": origin}
    kinds = {"synapse": SynapseDevice, "activation": ActivationDevice}
    makes = ", ".join(kind for kind, protocol in kinds.items() if isinstance(made, protocol))
    return {"name": name, "makes": makes, "about": made.about, "from": origin}
