"""The whole bill of one image: what every part of the hardware costs, by item and layer, each between low and high.

Counts come from `ArrayCounts`, figures from the technology where it gives them, else from the library of components.
Nothing here is a figure of its own. What cannot be priced is an item without energy, and the account says why.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction

from spingan.costs.account import Account, Item, priced, together, what_is_missing
from spingan.costs.bill import activation_device, devices_built
from spingan.costs.components import Library, Price
from spingan.costs.counts import ArrayCounts, LayerCounts, ModelCounts
from spingan.errors import UserError
from spingan.spec.activation import Activation
from spingan.spec.technology import Converter, Technology

FOLDED = ("BatchNorm1d", "BatchNorm2d")
DIGITAL = {"Tanh": "tanh", "Sigmoid": "sigmoid"}
"""Roles of functions that are digital where a technology has no device for them, by the layer's type."""


@dataclass(frozen=True)
class Parts:
    """A technology, and the library that fills what it leaves open."""

    technology: Technology
    library: Library

    def figure(self, name: str) -> float:
        """A number of the design."""
        return self.library.figure(name).value

    def converter(self, which: str) -> tuple[Price, int]:
        """The price of one conversion by `dac` or `adc`, and how many rows or columns share it."""
        own: Converter = getattr(self.technology, which)
        coding = self.technology.input_coding
        role = which if which == "adc" or coding in (None, "amplitude") else f"dac_{coding}"
        bits = own.bits or self.figure("bits")
        price = Price(own.energy_j, own.energy_j, own.energy_j, source=self.technology.source or self.technology.name)
        if own.energy_j is None:
            price = self._conversion(which, role, bits)
        if price.time_s is None:
            usual_s = 1 / self.figure("adc_rate_per_s") if which == "adc" else self.library.item("dac").time_s
            price = replace(price, time_s=usual_s)
        time_s = price.time_s if own.time_s is None else own.time_s
        price = replace(price, time_s=time_s, area_m2=own.area_m2 or price.area_m2)
        return price, own.shared_by or (int(self.figure("adc_shared_by")) if which == "adc" else 1)

    def _conversion(self, which: str, role: str, bits: float) -> Price:
        """The library's price of a conversion.

        Raises:
            UserError: It has none for so many bits.
        """
        try:
            return self.library.item(role, bits=bits)
        except UserError as error:
            own, name = getattr(self.technology, which).bits, self.technology.name
            place = f"technology {name}, {which}.bits {own}" if own else f"technology {name}, {which} of {bits:g} bits"
            remedy = f"Choose other bits, or state its own {which}.energy_j (and area_m2) in the technology."
            raise UserError(f"{place}: {error.problem}", remedy) from error

    @property
    def input_cycles(self) -> int:
        """Reads that one input takes: one, or one a bit where inputs come bit by bit."""
        bits = self.technology.dac.bits or self.figure("bits")
        return int(bits) if self.technology.input_coding == "bit_serial" else 1

    @property
    def read_voltage_v(self) -> float:
        """Of a row that carries a full input."""
        synapse = self.technology.synapse
        own = None if synapse is None else synapse.read.voltage_v
        return own or self.figure("read_voltage_v")

    def read(self) -> Price:
        """One cell at full input for one read: V² G t, at the mean level, the lowest and the highest."""
        synapse = self.technology.synapse
        if synapse is None:
            return Price(None, missing=f"{self.technology.name} has no synapse")
        source, time_s = synapse.source or synapse.name, synapse.read.time_s or self.figure("read_time_s")
        if synapse.basis == "normalised":
            name = self._own_component()
            if name is not None:
                return self.library.price(f"{name}.read")
            missing = f"{synapse.name} has no conductance in siemens, and the library no component of that name"
            return Price(None, time_s=time_s, area_m2=self.cell_area_m2()[1], source=source, missing=missing)
        mean_s = math.fsum(synapse.conductance) / synapse.states
        of_siemens = self.read_voltage_v**2 * time_s
        low_j, high_j = of_siemens * synapse.conductance[0], of_siemens * synapse.conductance[-1]
        assumed = "" if synapse.read.voltage_v and synapse.read.time_s else "; read voltage or time: own choice"
        return Price(of_siemens * mean_s, low_j, high_j, time_s, self.cell_area_m2()[1], source + assumed)

    def _own_component(self) -> str | None:
        """The library's component for a synapse whose file has no siemens: it bears the synapse's name."""
        name = "" if self.technology.synapse is None else self.technology.synapse.name
        known = self.library.components.items()
        return next((one for one, part in known if one.endswith(f".{name}") and "read" in part.actions), None)

    def cell_area_m2(self) -> tuple[float, float, float]:
        """Least, likely and largest area of a cell."""
        synapse, own = self.technology.synapse, self._own_component()
        area_m2 = None if synapse is None else synapse.area_m2
        if area_m2 is None and own is not None:
            area_m2 = self.library.components[own].area_m2
        if area_m2 is not None:
            return area_m2, area_m2, area_m2
        known, feature_m = self.library.figure("cell_area_f2"), self.figure("node_nm") * 1e-9
        low, high = known.low or known.value, known.high or known.value
        return low * feature_m**2, known.value * feature_m**2, high * feature_m**2

    def wire(self) -> Price:
        """Charging the wire along one cell to the read voltage: C V², with cells as wide as they are long."""
        capacitance = self.library.figure("wire_capacitance_f_per_m")
        charge = capacitance.value * self.read_voltage_v**2
        low, value, high = (charge * math.sqrt(area) for area in self.cell_area_m2())
        return Price(value, low, high, source=capacitance.source)

    def buffer(self, values: int, write: bool) -> Price:
        """Reading or writing one value in a memory that holds so many."""
        bits = self.figure("bits")
        return self.library.item("buffer", bits=bits, size_bytes=values * bits / 8, write=write)


def activation_time_s(device: Activation | None) -> float | None:
    """How long an activation takes: the longest of its windows, delay, reset and settling; None if none is known."""
    if device is None:
        return None
    times = [item.window_s for item in device.energy_items] + [device.delay_s, device.reset.time_s]
    times += list(device.settling.time_s) if device.settling is not None else []
    return max((time_s for time_s in times if time_s is not None), default=None)


def in_turn(shared: int, array: ArrayCounts, ends: str) -> int:
    """Turns of converters that so many `row_drivers` or `column_ends` of one array share."""
    return min(shared, max(getattr(one, ends) // one.arrays for one in array.each))


def array_stages(array: ArrayCounts, parts: Parts) -> dict[str, float | None]:
    """Seconds that each stage of an array takes for one read after another, by the item's name; None: unknown."""
    adc, shared = parts.converter("adc")
    dac, dac_shared = parts.converter("dac")
    one_column = array.read_slots > array.reads
    turns = 1 if one_column else min(shared, max(array.output_conversions // array.read_slots, 1))
    each = {
        "row drivers (DAC)": (in_turn(dac_shared, array, "row_drivers"), dac.time_s),
        "array reads": (1, parts.read().time_s),
        "column converters (ADC)": (turns, adc.time_s),
    }
    slots = array.read_slots * parts.input_cycles
    return {name: None if time_s is None else slots * turns * time_s for name, (turns, time_s) in each.items()}


def timed(item: Item) -> Item:
    """An item that takes time, and says so where it is not known how much."""
    return item if item.time_s is not None else replace(item, lacks=(*item.lacks, "time"))


def array_items(name: str, layer: LayerCounts, array: ArrayCounts, parts: Parts) -> Iterator[Item]:
    """The items of one array, read once for each of its inputs."""
    (dac, dac_shared), (adc, shared) = parts.converter("dac"), parts.converter("adc")
    cycles, read, times = parts.input_cycles, parts.read(), array_stages(array, parts)
    ends = array.row_drivers, array.column_ends
    title = "row drivers (DAC)"
    built = math.ceil(ends[0] / dac_shared)
    yield timed(priced(
        title, name, array.input_drives, dac, low=array.useful_input_drives, time_s=times[title], built=built,
        note="low: nothing is driven for inserted zeros and borders",
    ))  # fmt: skip
    title, count = "array reads", array.useful_cell_reads * cycles
    note = "every input at full voltage; the array is off while the columns are converted"
    one = timed(priced(title, name, count, read, time_s=times[title], note=note))
    yield replace(one, area_m2=None if read.area_m2 is None else array.cells * read.area_m2)
    yield priced(
        "wires", name, count, parts.wire(), high=count + array.cell_reads * cycles,
        note="rows that carry a value; high: every column swings as far",
    )  # fmt: skip
    hold = parts.library.item("sample_hold")
    yield priced("sample and hold", name, array.output_conversions * cycles, hold, built=ends[1])
    title = "column converters (ADC)"
    conversions = array.output_conversions * cycles
    yield timed(priced(title, name, conversions, adc, time_s=times[title], built=math.ceil(ends[1] / shared)))
    sums = array.partial_sums + array.output_conversions * (cycles - 1)
    if sums:
        add = parts.library.item("shift_add", bits=parts.figure("partial_sum_bits"))
        yield priced("shift and add", name, sums, add, built=math.ceil(ends[1] / shared))
    yield from buffer_items(name, layer, array, parts)


def buffer_items(name: str, layer: LayerCounts, array: ArrayCounts, parts: Parts) -> Iterator[Item]:
    """Feature maps: each output written once, each input read for every window that holds it (low: once)."""
    reads, writes, inputs = array.useful_input_drives, array.outputs, layer.inputs
    into, out = parts.buffer(inputs, write=False), parts.buffer(writes, write=True)
    once = min(layer.all_inputs, reads)
    both = [priced("buffers", name, reads, into, low=once), priced("buffers", name, writes, out)]
    bits = parts.figure("bits")
    area = parts.library.item("buffer_area", bits=(inputs + writes) * bits).area_m2
    yield replace(together(both), area_m2=area, note="inputs read for every window; low: once")
    moved = parts.library.item("bus", bits=bits)
    yield priced("bus", name, reads + writes, moved, low=once + writes)


def pass_items(model: ModelCounts, parts: Parts, *, folded: bool = True, prefix: str = "") -> tuple[list[Item], float]:
    """The items of one pass forward, and the longest time that a layer's slowest stage takes for one image.

    Args:
        folded: Batch norm sits in the columns' gain and offset. Else it is digital, and an activation behind it stands
            between converters; its arithmetic is left to `training_bill`.
    """
    items: list[Item] = []
    name, array, stages = "input", None, dict[str, float | None]()
    slowest, digital = 0.0, False
    for layer in model.layers:
        if layer.array is not None:
            name, array = prefix + layer.name, layer.array
            digital = bool(array.partial_sums) or parts.input_cycles > 1
            items += array_items(name, layer, array, parts)
            stages = array_stages(array, parts)
        digital = digital or (layer.type in FOLDED and not folded)
        for function, evaluations in layer.activations.items():
            found = list(_activation_items(name, layer, function, evaluations, array, parts, digital))
            items += found
            stages["activations"] = found[0].time_s
        if layer.digital_out and layer.type not in FOLDED:
            items.append(_digital_item(name, layer, parts))
            stages["digital"] = items[-1].time_s
        slowest = max([slowest, *(time_s for time_s in stages.values() if time_s is not None)])
    return items, slowest


def _activation_items(
    name: str,
    layer: LayerCounts,
    function: str,
    evaluations: int,
    array: ArrayCounts | None,
    parts: Parts,
    digital: bool,
) -> Iterator[Item]:
    """An activation's circuits, and the converters around them where their inputs are `digital`."""
    device, technology = activation_device(parts.technology, function), parts.technology
    if device is None and layer.type in technology.digital:
        price = parts.library.item(function, bits=parts.figure("bits"))
        note = "behind the converters; one unit a layer, whose time overlaps with the arrays'"
        yield priced(f"activations ({function}), digital", name, evaluations, price, built=1, note=note)
        return
    slots = array.read_slots if array is not None else 1
    energy_j = None if device is None else device.energy_j
    source = "" if device is None else device.source or device.name
    missing = f"{technology.name} gives no energy for {function}"
    area_m2 = None if device is None else device.area_m2
    price = Price(energy_j, energy_j, energy_j, area_m2=area_m2, source=source, missing=missing)
    time_s = activation_time_s(device)
    turns = Fraction(1) if array is None else max(array.turns, Fraction(1))
    built = devices_built(layer, evaluations, turns)
    each = None if time_s is None else slots * time_s
    yield timed(priced(f"activations ({function})", name, evaluations, price, time_s=each, built=built))
    if technology.trim_bits and device is not None and device.spread.offset:
        yield trim_item(name, built, device, technology.trim_bits, parts)
    if digital:
        for which, title in (("dac", "DAC"), ("adc", "ADC")):
            note = "digital sums and norms go back to the activation's circuit, and again to digital"
            converter, shared = parts.converter(which)
            ends = math.ceil(built / shared)
            yield priced(f"around activations ({title})", name, evaluations, converter, built=ends, note=note)


def trim_item(name: str, built: int, device: Activation, bits: int, parts: Parts) -> Item:
    """The memory of a layer's measured offsets. No image reads it: the columns' own offsets hold what it says."""
    price, reads = parts.library.item("buffer_area", bits=built * bits), parts.technology.trim_reads or 1
    energy_j, time_s = device.energy_j, activation_time_s(device)
    energy = "an energy that is not counted" if energy_j is None else f"{reads * built * energy_j:.3g} J"
    time = "a time that is not counted" if time_s is None else f"{reads * time_s:.3g} s"
    note = (
        f"{built:,} numbers of {bits} bits, read when a chip begins to work; to measure them once, {reads} reading(s) "
        f"each, takes {energy} and, all at once, {time}, without converters"
    )
    return priced("offsets stored by the trim", name, built, price, built=1, note=note)


def _digital_item(name: str, layer: LayerCounts, parts: Parts) -> Item:
    role = DIGITAL.get(layer.type)
    if role is None:
        missing = f"the library has no figure for {layer.type}"
        return timed(Item(layer.type, name, layer.digital_out, missing=missing))
    price, built = parts.library.item(role), 1
    time_s = None if price.time_s is None else layer.digital_out * price.time_s / built
    note = "one unit, which takes a layer's values in turn"
    return timed(priced(f"{role}, digital", name, layer.digital_out, price, time_s=time_s, built=built, note=note))


def off_chip_item(layer: str, values: float, parts: Parts, note: str) -> Item:
    """Values to or from a memory chip, counted in bits."""
    bits = values * parts.figure("bits")
    return priced("off-chip traffic", layer, bits, parts.library.item("off_chip", bits=1), note=note)


def drawing_account(model: ModelCounts, parts: Parts) -> Account:
    """One image forward through a net: latents come from, and the image goes to, a memory chip; weights stay."""
    items, slowest = pass_items(model, parts)
    first = next((layer.inputs for layer in model.layers if layer.array is not None), 0)
    shape = model.layers[-1].output_shape if model.layers else ()
    note = "latents in and the image out, weights stay in the arrays (assumed)"
    items.append(off_chip_item("input and output", first + math.prod(shape), parts, note))
    return Account(tuple(items), what_is_missing(items), slowest or None)
