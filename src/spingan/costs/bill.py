"""The bill of a net on a technology: how often each part of the hardware acts, times what one action of it costs.

What is not known is `not counted`, never zero, and one rule holds for every sum: it adds what is counted and names what
is not, so that it is complete or a lower bound and says which. Plain values without torch.
"""

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from fractions import Fraction
from typing import Any, Literal

from spingan.arrays.writing import level_writes
from spingan.costs.counts import ArrayCounts, LayerCounts, ModelCounts
from spingan.spec.activation import Activation
from spingan.spec.technology import Technology

Quantity = Literal["energy_j", "time_s", "area_m2"]
Part = Literal["activations", "arrays", "converters", "wires", "digital", "programming"]
QUANTITIES: tuple[Quantity, ...] = ("energy_j", "time_s", "area_m2")
PASS: tuple[Part, ...] = ("activations", "arrays", "converters", "wires", "digital")
"""The parts of one pass; programming happens once."""
_BATCH_NORM = ("BatchNorm1d", "BatchNorm2d")
_NAMES = {"BatchNorm2d": "batch norm", "Tanh": "tanh", "Sigmoid": "sigmoid"}


@dataclass(frozen=True)
class Component:
    """A part of the hardware and what it costs. None is not counted.

    Attributes:
        energy_j, time_s: Of one action.
        area_m2, power_w: Of one part; the power is that while it works.
        node: Technology node that the figures belong to, such as `180nm`.
        source: Paper, data sheet or computation that the figures are from.
    """

    name: str
    energy_j: float | None = None
    time_s: float | None = None
    area_m2: float | None = None
    power_w: float | None = None
    node: str | None = None
    source: str | None = None


@dataclass(frozen=True)
class Sum:
    """A sum of what is counted, with the items that are missing from it. `value` None: nothing is counted."""

    value: float | None
    missing: tuple[str, ...] = ()

    @property
    def complete(self) -> float | None:
        """The value if nothing is missing; None for a lower bound."""
        return None if self.missing else self.value

    @staticmethod
    def of(parts: Sequence[tuple[str, float | None]]) -> "Sum":
        """The sum of named values; None is a missing one."""
        known = [value for _, value in parts if value is not None]
        missing = tuple(dict.fromkeys(name for name, value in parts if value is None))
        return Sum(math.fsum(known) if known else None, missing)


@dataclass(frozen=True)
class Line:
    """One kind of part in one net: all of its actions in one pass, one image.

    Attributes:
        count: How often it acts.
        energy_j, time_s: Of all actions.
        area_m2: Of all parts that are built.
        source: Where the figures are from.
        note: The arithmetic.
        not_counted: By quantity, why it is missing. A quantity that is None and not named here does not apply.
    """

    net: str
    part: Part
    item: str
    count: int
    energy_j: float | None = None
    time_s: float | None = None
    area_m2: float | None = None
    source: str | None = None
    note: str = ""
    not_counted: Mapping[Quantity, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Bill:
    """What one image costs: the lines of every net, each net passed once, forward.

    Positions of a map come one after another and nothing overlaps; every array is its own. Reads are at most: every
    pixel at full voltage, mean level. The line `programming` is outside of the sums of a pass.
    """

    name: str
    technology: str
    lines: tuple[Line, ...]
    counts: Mapping[str, ModelCounts]

    def of(self, net: str) -> "Bill":
        """The bill of one of the nets, such as `generator`."""
        lines = tuple(line for line in self.lines if line.net == net)
        return replace(self, lines=lines, counts={net: self.counts[net]})

    def total(self, quantity: Quantity, parts: Sequence[Part] = PASS) -> Sum:
        """The sum of a quantity over the lines of some parts, by default all parts of a pass."""
        values: list[tuple[str, float | None]] = []
        for line in self.lines:
            if line.part in parts and line.count:
                value = getattr(line, quantity)
                values += [] if value is None else [(line.item, value)]
                values += [(line.item, None)] if quantity in line.not_counted else []
        return Sum.of(values)

    @property
    def energy_j(self) -> Sum:
        """Energy of one image."""
        return self.total("energy_j")

    @property
    def time_s(self) -> Sum:
        """Time of one image."""
        return self.total("time_s")

    @property
    def area_m2(self) -> Sum:
        """Area of all parts."""
        return self.total("area_m2")

    def to_dict(self) -> dict[str, Any]:
        """Lines, sums and counts as JSON-able values."""
        sums = {
            quantity: asdict(total) | {"complete": total.complete is not None}
            for quantity in QUANTITIES
            for total in (self.total(quantity),)
        }
        return {
            "name": self.name,
            "technology": self.technology,
            **sums,
            "lines": [asdict(line) for line in self.lines],
            "counts": {net: counts.to_dict() for net, counts in self.counts.items()},
        }


def make_bill(
    name: str, counts: Mapping[str, ModelCounts], technology: Technology, *, batch_norm_folded: bool = True
) -> Bill:
    """The bill of counted nets on a technology.

    Args:
        counts: By the net's name.
        batch_norm_folded: A chip in use has its batch norm in the columns' gain and offset, where it costs nothing; in
            training it is digital.
    """
    folded = _BATCH_NORM if batch_norm_folded else ()
    lines = (line for net, model in counts.items() for line in _lines(net, model, technology, folded))
    return Bill(name, technology.name, tuple(lines), counts)


def activation_device(technology: Technology, function: str) -> Activation | None:
    """The device that a technology has for a function."""
    return {str(name): device for name, device in technology.activations.items()}.get(function)


def activation_component(technology: Technology, function: str) -> Component:
    """An activation as a component: its time is the longest window of its energies, or its delay."""
    device = activation_device(technology, function)
    if device is None:
        return Component(function)
    times = [item.window_s for item in device.energy_items] + [device.delay_s]
    time_s = max((time_s for time_s in times if time_s is not None), default=None)
    return Component(function, device.energy_j, time_s, device.area_m2, source=device.source or device.name)


def _lines(net: str, model: ModelCounts, technology: Technology, folded: tuple[str, ...]) -> Iterator[Line]:
    def line(part: Part, one: Component, count: int | None, built: int | None, note: str = "") -> Line:
        """A component's line: `built` parts act `count` times together; None where there is no area, or no action."""
        numbers: dict[Quantity, int | None] = {"energy_j": count, "area_m2": built}
        values: dict[str, float] = {}
        missing: dict[Quantity, str] = {}
        for quantity, number in numbers.items():
            figure = getattr(one, quantity)
            if number is not None and figure is not None:
                values[quantity] = number * figure
            elif number is not None:
                missing[quantity] = f"{technology.name} gives no {quantity.partition('_')[0]} for {one.name}"
        acts = count if count is not None else built or 0
        return Line(net, part, one.name, acts, **values, source=one.source, note=note, not_counted=missing)

    devices = activations_built(model)
    for function, number in model.activations.items():
        note = f"{devices[function]:,} of them, used in turn by the positions of a map"
        yield line("activations", activation_component(technology, function), number, devices[function], note)
    yield _reads(net, model, technology)
    synapse, cells = technology.synapse, model.total("cells")
    area_m2, source = (None, None) if synapse is None else (synapse.area_m2, synapse.source or synapse.name)
    yield line("arrays", Component("cells", area_m2=area_m2, source=source), None, cells)
    for name, quantity, ends, converter, note in (
        ("input conversions (DAC)", "input_drives", "row_drivers", technology.dac, "structural zeros included"),
        ("output conversions (ADC)", "output_conversions", "column_ends", technology.adc, "one a column and read"),
    ):
        built = math.ceil(model.total(ends) / (converter.shared_by or 1))
        each = "" if converter.energy_j is None else f"{converter.energy_j:.3g} J each; "
        one = Component(name, converter.energy_j, area_m2=converter.area_m2)
        found = line("converters", one, model.total(quantity), built, each + note)
        yield replace(found, not_counted={**found.not_counted, "time_s": "not in the time of a position yet"})
    missing = "no wire resistance" if technology.wire_resistance_ohm is None else "needs the current of every segment"
    note = f"segments, two a cell; {missing}"
    yield Line(net, "wires", "wires", 2 * cells, note=note, not_counted={"energy_j": missing})
    digital = [layer for layer in model.layers if layer.digital_out and layer.type not in folded]
    note = "values; converted in and out: the array's own conversion of the same value is not saved here"
    missing = "no figures of digital functions"
    for kind, number in ModelCounts(tuple(digital)).digital_by_type.items():
        item = f"{_NAMES.get(kind, kind)}, digital"
        yield Line(net, "digital", item, number, note=note, not_counted=dict.fromkeys(QUANTITIES, missing))
    into, out = technology.adc.energy_j, technology.dac.energy_j
    both = Component("conversions of digital functions", None if into is None or out is None else (into + out) / 2)
    note = "ADC in, DAC out" if both.energy_j is None else "ADC in, DAC out, one each a value"
    yield line("converters", both, ModelCounts(tuple(digital)).digital_conversions, None, note)
    yield _programming(net, model, technology)


def activations_built(model: ModelCounts) -> dict[str, int]:
    """Devices by function: as many as give the values of one read, since the reads of an array come in turn.

    A map has at least one for each of its channels, also where a circuit joins several positions.
    """
    built: Counter[str] = Counter()
    turns = Fraction(1)
    for layer in model.layers:
        if layer.array is not None:
            turns = max(layer.array.turns, Fraction(1))
        for function, evaluations in layer.activations.items():
            built[function] += devices_built(layer, evaluations, turns)
    return dict(built)


def devices_built(layer: LayerCounts, evaluations: int, turns: Fraction) -> int:
    """Devices of one layer behind an array whose reads come in `turns`."""
    channels = layer.output_shape[0] if len(layer.output_shape) == 3 else 1
    return max(math.ceil(evaluations / turns), channels)


def _reads(net: str, model: ModelCounts, technology: Technology) -> Line:
    """The reads of the arrays: each position lasts as long as the read, or as the activation behind it if longer."""
    synapse = technology.synapse
    read_s = None if synapse is None else synapse.read.time_s
    used: list[tuple[ArrayCounts, float | None]] = []
    for layer in model.layers:
        if layer.array is not None:
            used.append((layer.array, read_s))
        elif layer.activations and used:
            times = (used[-1][1], activation_component(technology, next(iter(layer.activations))).time_s)
            used[-1] = used[-1][0], max((time_s for time_s in times if time_s is not None), default=None)
    cell_reads, slots = Counter[float | None](), Counter[float | None]()
    for array, time_s in used:
        cell_reads[time_s] += array.useful_cell_reads
        slots[time_s] += array.read_slots
    not_counted: dict[Quantity, str] = {}
    if None in slots:
        not_counted["time_s"] = "no read time, and no window of the activation behind some arrays"
    time = Sum.of([("", None if time_s is None else number * time_s) for time_s, number in slots.items()])
    known = {time_s: number for time_s, number in cell_reads.items() if time_s is not None}
    energy_j = None
    if synapse is None or synapse.basis == "normalised":
        note = "no synapse" if synapse is None else f"{synapse.name} has no conductance in siemens"
    elif synapse.read.voltage_v is None or not known:
        note = f"{synapse.name} has no read voltage or no read time"
    else:
        volts, mean_s = synapse.read.voltage_v, math.fsum(synapse.conductance) / synapse.states
        each = " or ".join(f"{time_s:g} s" for time_s in known)
        note = f"({volts:g} V)² x {mean_s:.4g} S (mean level) x {each}: at most, each pixel at full voltage"
        energy_j = math.fsum(number * volts**2 * mean_s * time_s for time_s, number in known.items())
    if energy_j is None or None in cell_reads:
        not_counted["energy_j"] = note if energy_j is None else not_counted["time_s"]
    source = None if synapse is None else synapse.source or synapse.name
    number = model.total("useful_cell_reads")
    return Line(net, "arrays", "synapse reads", number, energy_j, time.value, None, source, note, not_counted)


def _programming(net: str, model: ModelCounts, technology: Technology) -> Line:
    """The pulses alone: verifies and resets are in `costs.programming`, with time."""
    item, number, synapse = "writes, programming all weights once", model.total("weight_cells"), technology.synapse
    if synapse is None or synapse.write.energy_j is None:
        note = "no energy of a write"
        return Line(net, "programming", item, number, note=note, not_counted={"energy_j": note})
    if synapse.write.energy_per == "state":
        energy_j, note = number * synapse.write.energy_j, f"{synapse.write.energy_j:.3g} J to reach any state"
        return Line(net, "programming", item, number, energy_j, source=synapse.source or synapse.name, note=note)
    writes = level_writes(synapse)  # pyright: ignore[reportArgumentType]
    pulses = float(writes.pulses.mean())
    note = f"{pulses:g} pulses a device x {synapse.write.energy_j:.3g} J; {writes.basis}"
    energy_j = number * pulses * synapse.write.energy_j
    return Line(net, "programming", item, number, energy_j, source=synapse.source or synapse.name, note=note)
