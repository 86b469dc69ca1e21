"""What drawing one image takes on a technology: energy, time and area of the generator, as far as they are known.

A sum holds what the technology gives figures for and names what it lacks: it is a lower bound, never a guess.
"""

import math
from dataclasses import dataclass

from spingan.costs.components import component_table
from spingan.costs.counts import ArrayCounts, LayerCounts, NetCounts
from spingan.spec.activation import Activation
from spingan.spec.technology import Technology

_FOLDED = ("BatchNorm1d", "BatchNorm2d")  # into the columns' gain and offset when a chip draws


@dataclass(frozen=True)
class Known:
    """A sum of what is known (None: nothing is), and what it lacks."""

    value: float | None
    missing: tuple[str, ...]


@dataclass(frozen=True)
class DrawingCost:
    """One image of a generator, every array its own, the positions of a map one after another, nothing overlapped.

    Attributes:
        activation_energy_j, read_energy_j: Reads are at most: every pixel at full voltage, mean level.
        time_s: For each position the longer of the array's read and the activation's window (or delay).
        area_m2: Devices, and one activation a filter.
    """

    activation_energy_j: Known
    read_energy_j: Known
    time_s: Known
    area_m2: Known


def drawing_cost(counts: NetCounts, technology: Technology) -> DrawingCost:
    """What one image costs, from the counts of a pair of which the generator draws."""
    return DrawingCost(
        _activation_energy(counts, technology),
        _read_energy(counts, technology),
        _time(counts.generator.layers, technology),
        _area(counts, technology),
    )


def _sum(parts: list[tuple[str, float | None]]) -> Known:
    known = [value for _, value in parts if value is not None]
    missing = tuple(dict.fromkeys(name for name, value in parts if value is None))
    return Known(math.fsum(known) if known else None, missing)


def _device(technology: Technology, function: str) -> Activation | None:
    return {str(name): device for name, device in technology.activations.items()}.get(function)


def _activation_energy(counts: NetCounts, technology: Technology) -> Known:
    parts: list[tuple[str, float | None]] = []
    for function, number in counts.generator.activations.items():
        device = _device(technology, function)
        energy_j = None if device is None else device.energy_j
        parts.append((function, None if energy_j is None else number * energy_j))
    parts += [(_name(kind), None) for kind in counts.generator.digital_by_type if kind not in _FOLDED]
    return _sum(parts)


def _name(kind: str) -> str:
    return f"digital {kind.lower()}"


def _read_energy(counts: NetCounts, technology: Technology) -> Known:
    synapse = technology.synapse
    if synapse is None or synapse.basis == "normalised" or synapse.read.voltage_v is None:
        return Known(None, ("reads of the arrays",))
    mean_s = math.fsum(synapse.conductance) / synapse.states
    parts: list[tuple[str, float | None]] = []
    for array, device in _reads(counts.generator.layers, technology):
        time_s = _evaluation_time(technology, device)
        drives = array.useful_cell_reads
        parts.append(
            ("reads of the arrays", None if time_s is None else drives * synapse.read.voltage_v**2 * mean_s * time_s)
        )
    return _sum(parts)


def _time(layers: tuple[LayerCounts, ...], technology: Technology) -> Known:
    parts: list[tuple[str, float | None]] = []
    for array, device in _reads(layers, technology):
        own = technology.for_dense() if array.reads == array.arrays else technology
        turns = array.columns if own.columns_read == "in_turn" else 1
        time_s = _evaluation_time(technology, device)
        missing = "reads" if device is None else f"reads or {device.function}"
        parts.append((missing, None if time_s is None else array.reads * turns * time_s))
    return _sum(parts)


def _reads(layers: tuple[LayerCounts, ...], technology: Technology) -> list[tuple[ArrayCounts, Activation | None]]:
    """Each array with the device activation behind it, if there is one."""
    found: list[tuple[ArrayCounts, Activation | None]] = []
    for layer in layers:
        if layer.array is not None:
            found.append((layer.array, None))
        elif layer.activations and found:
            found[-1] = (found[-1][0], _device(technology, next(iter(layer.activations))))
    return found


def _evaluation_time(technology: Technology, device: Activation | None) -> float | None:
    """How long one position takes: the longest of the array's read and the windows that the energies are of."""
    times: list[float | None] = [technology.synapse.read.time_s if technology.synapse is not None else None]
    if device is not None:
        times += [item.window_s for item in device.energy_items]
        times.append(device.delay_s)
    known = [time_s for time_s in times if time_s is not None]
    return max(known) if known else None


def _area(counts: NetCounts, technology: Technology) -> Known:
    table = component_table(NetCounts(counts.generator, type(counts.discriminator)(())), {}, "column")
    synapse = technology.synapse
    cells = counts.generator.total("cells")
    each_m2 = None if synapse is None else synapse.area_m2
    parts: list[tuple[str, float | None]] = [("devices of the arrays", None if each_m2 is None else cells * each_m2)]
    for function in counts.generator.activations:
        device = _device(technology, function)
        each_m2 = None if device is None else device.area_m2
        parts.append((function, None if each_m2 is None else table.counts[function] * each_m2))
    return _sum(parts)
