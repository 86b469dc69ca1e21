"""What the paper's bill leaves out: reads, writes, conversions, wires and digital functions, beside the sums."""

import math
from dataclasses import dataclass

from spingan.costs.counts import NetCounts
from spingan.spec.technology import Converter, Technology

# One read of the paper's synapse, which prints no conductance: docs/derivations.md, section 2. All assumed.
READ_VOLTAGE_V = 0.1
READ_TIME_S = 1e-9
RESISTANCE_AREA_OHM_M2 = 2e-12  # 2 Ω·µm², gives the domain-wall detector's conductances: docs/derivations.md, section 1
DETECTOR_DIAMETER_M = 220e-9  # the post-synapse of paper S, III-A, read as a diameter


@dataclass(frozen=True)
class Line:
    """A cost outside the sums, for one image forward through both nets unless `item` says otherwise.

    Attributes:
        count: How often it happens.
        energy_j: All of them together; None is `not counted`.
        basis: `technology` (computed from its figures), `assumed`, or `not counted`.
        note: The arithmetic, or what is missing.
    """

    item: str
    count: int
    energy_j: float | None
    basis: str
    note: str


def left_out_lines(counts: NetCounts, technology: Technology) -> tuple[Line, ...]:
    """Counts of everything beside the activations, with its energy wherever the technology has the figures."""
    both = counts.both
    lines = [
        _reads(counts, technology),
        _time_of_reads(counts, technology),
        _writes(counts, technology),
        _conversions(
            "input conversions (DAC)", both.total("input_drives"), technology.dac, "structural zeros included"
        ),
        _conversions(
            "output conversions (ADC)", both.total("output_conversions"), technology.adc, "one a column and read"
        ),
        _wires(counts, technology),
    ]
    converted = "converted in and out: the array's own conversion of the same value is not saved here"
    lines += [
        Line(f"{_DIGITAL_NAMES.get(kind, kind)}, digital", number, None, "not counted", f"values; {converted}")
        for kind, number in both.digital_by_type.items()
    ]
    lines.append(_digital_conversions(both.digital_conversions, technology))
    return tuple(lines)


_DIGITAL_NAMES = {"BatchNorm2d": "batch norm", "Tanh": "tanh", "Sigmoid": "sigmoid"}


def read_estimates(counts: NetCounts, forward_energy_j: float | None) -> tuple[Line, ...]:
    """What reading the paper's synapses would cost, between two bounds: pixels only, and structural zeros as pixels.

    Source: docs/derivations.md, section 2. E = V² G t with G = π (d/2)² / RA.
    """
    conductance_s = math.pi * (DETECTOR_DIAMETER_M / 2) ** 2 / RESISTANCE_AREA_OHM_M2
    energy_j = READ_VOLTAGE_V**2 * conductance_s * READ_TIME_S
    arithmetic = (
        f"({READ_VOLTAGE_V:g} V)² x {conductance_s * 1e3:.3g} mS x {READ_TIME_S * 1e9:g} ns = "
        f"{energy_j * 1e12:.3g} pJ each; {conductance_s * 1e3:.3g} mS = π (110 nm)² / 2 Ω·µm²"
    )
    lines = []
    for what, number in (
        ("reads, structural zeros at 0 V", counts.both.total("useful_macs")),
        ("reads, structural zeros as pixels", counts.both.total("macs")),
    ):
        total = number * energy_j
        against = "" if not forward_energy_j else f"; {total / forward_energy_j:,.0f} times the activations"
        lines.append(Line(what, number, total, "assumed", arithmetic + against))
    return tuple(lines)


def _reads(counts: NetCounts, technology: Technology) -> Line:
    number = counts.both.total("useful_cell_reads")
    synapse = technology.synapse
    if synapse is None or synapse.basis == "normalised":
        missing = "no synapse" if synapse is None else f"{synapse.name} has no conductance in siemens"
        return Line("synapse reads", number, None, "not counted", missing)
    voltage_v, time_s = synapse.read.voltage_v, synapse.read.time_s
    if voltage_v is None or time_s is None:
        return Line("synapse reads", number, None, "not counted", f"{synapse.name} has no read voltage or no read time")
    mean_s = math.fsum(synapse.conductance) / synapse.states
    note = f"({voltage_v:g} V)² x {mean_s:.4g} S (mean level) x {time_s:g} s: at most, each pixel at full voltage"
    return Line("synapse reads", number, number * voltage_v**2 * mean_s * time_s, "technology", note)


def _time_of_reads(counts: NetCounts, technology: Technology) -> Line:
    """How long the reads take, one after another: layers, positions, and columns where they are read in turn."""
    slots, reads = counts.both.total("read_slots"), counts.both.total("reads")
    in_turn = "" if slots == reads else f", {slots - reads:,} of them because dense columns are read in turn"
    time_s = None if technology.synapse is None else technology.synapse.read.time_s
    note = (
        f"no read time{in_turn}" if time_s is None else f"{time_s:g} s each, together {slots * time_s:.4g} s{in_turn}"
    )
    return Line("times of a read, one after another", slots, None, "not counted", note)


def _writes(counts: NetCounts, technology: Technology) -> Line:
    item, number = "writes, programming all weights once", counts.both.total("weight_cells")
    synapse = technology.synapse
    if synapse is None or synapse.write.energy_j is None:
        return Line(item, number, None, "not counted", "no energy of a write")
    steps = (synapse.states - 1) / 2
    note = f"{steps:g} steps from the lowest level (all levels alike, assumed) x {synapse.write.energy_j:.3g} J"
    return Line(item, number, number * steps * synapse.write.energy_j, "technology", note)


def _conversions(item: str, number: int, converter: Converter, note: str) -> Line:
    if converter.energy_j is None:
        return Line(item, number, None, "not counted", note)
    return Line(item, number, number * converter.energy_j, "technology", f"{converter.energy_j:.3g} J each; {note}")


def _wires(counts: NetCounts, technology: Technology) -> Line:
    missing = "no wire resistance" if technology.wire_resistance_ohm is None else "needs the current of every segment"
    return Line("wires", 2 * counts.both.total("cells"), None, "not counted", f"segments, two a cell; {missing}")


def _digital_conversions(number: int, technology: Technology) -> Line:
    item = "conversions of digital functions"
    into, out = technology.adc.energy_j, technology.dac.energy_j
    if into is None or out is None:
        return Line(item, number, None, "not counted", "ADC in, DAC out")
    return Line(item, number, number / 2 * (into + out), "technology", "ADC in, DAC out, one each a value")
