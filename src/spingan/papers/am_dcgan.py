"""Paper M's numbers: Table II cell by cell with the counts that its cells imply, Table I with the total that it makes.

The counts behind Table II are reverse-engineered from its cells; what the schedules cost on a real pair of nets is
another question, which `spingan.papers.am_dcgan_account` answers. The two never share a table.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cache
from typing import Any, Literal

from spingan.costs.bill import Component
from spingan.papers.printed import Rounding, explain_rounding, load_yaml, numbers_in, significant

Verdict = Literal["follows", "differs", "cannot be right"]
TAG = "reverse-engineered"

OP_AMPS = (0, 20, 100)  # of the small pair, for which the other counts are searched


@dataclass(frozen=True)
class AmDcganNumbers:
    """What paper M prints about writing, power and area.

    Attributes:
        schedules: Table II: by row, the printed texts and the counts that were reverse-engineered from them, as
            `am_dcgan_numbers.yaml` explains them.
        components: The cells of Table I.
    """

    source: str
    on_resistance_ohm: float
    off_resistance_ohm: float
    write_voltage_v: float
    weights: int
    updates: int
    write_times_s: tuple[float, ...]
    schedules: Mapping[str, Mapping[str, Any]]
    components: dict[str, Component]
    small_kernel: int
    small_filters: int
    small_area_mm2: str
    small_power_w: str
    small_examples: tuple[dict[str, int], ...]
    notes: tuple[str, ...]


@cache
def am_dcgan_numbers() -> AmDcganNumbers:
    """The figures of `am_dcgan_numbers.yaml`; an update is one image, so that images x epochs are the updates."""
    data = load_yaml("am_dcgan_numbers.yaml")
    device, training, small, source = data["device"], data["training"], data["small_pair"], data["source"]
    components = {
        name: Component(
            name,
            power_w=float(cell["power_mw"]) * 1e-3,
            area_m2=float(cell["area_um2"]) * 1e-12,
            node="180nm",
            source=f"{source}, Table I",
        )
        for name, cell in data["table_1"].items()
    }
    return AmDcganNumbers(
        source=source,
        on_resistance_ohm=float(device["on_resistance_kohm"]) * 1e3,
        off_resistance_ohm=float(device["off_resistance_kohm"]) * 1e3,
        write_voltage_v=float(device["write_voltage_v"]),
        weights=int(training["weights"]),
        updates=int(training["epochs"]) * int(training["images"]),
        write_times_s=tuple(time_ns / 1e9 for _, time_ns in numbers_in(data["write_times_ns"])),
        schedules={name: row | data["implied"][name] for name, row in data["table_2"].items()},
        components=components,
        small_kernel=int(small["kernel"]),
        small_filters=int(small["filters"]),
        small_area_mm2=small["area_mm2"],
        small_power_w=small["power_w"],
        small_examples=tuple(small["examples"]),
        notes=tuple(data["notes"]),
    )


@dataclass(frozen=True)
class ImpliedCell:
    """One printed cell next to the figure that the implied counts make.

    Attributes:
        quantity: `maximum power`, `minimum power`, or `training time` at a write time.
        rounding: How the printed figure follows from the implied one, if it does.
        difference: Printed less implied, as a fraction of the implied.
        verdict: `differs` is a printed figure that no rounding makes; `cannot be right` contradicts the same table.
    """

    schedule: str
    quantity: str
    unit: str
    printed: str
    implied: float
    rounding: Rounding
    difference: float
    verdict: Verdict
    why: str


@dataclass(frozen=True)
class ImpliedRow:
    """One row of Table II with its implied counts.

    Attributes:
        writes: Devices at once x pulses: what one update can write, to be held against the weights.
        printed_energy_j: Printed maximum power x printed time at the shortest write time.
        energy_j: One pulse for each weight in each update at that write time, all at Ron: the same for all schedules.
    """

    schedule: str
    printed_name: str
    at_once: float
    pulses: int
    counts_from: str
    writes: float
    printed_energy_j: float
    energy_j: float
    cells: tuple[ImpliedCell, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class ImpliedTable:
    """Table II from the paper's implied counts."""

    source: str
    tag: str
    weights: int
    updates: int
    rows: tuple[ImpliedRow, ...]
    notes: tuple[str, ...]

    @property
    def wrong_cells(self) -> tuple[ImpliedCell, ...]:
        """The cells that cannot be right."""
        return tuple(cell for row in self.rows for cell in row.cells if cell.verdict == "cannot be right")


def implied_table() -> ImpliedTable:
    """Table II, cell by cell (docs/derivations.md, section 4)."""
    paper = am_dcgan_numbers()
    each_j = paper.write_voltage_v**2 / paper.on_resistance_ohm * paper.write_times_s[0]
    rows = []
    for name, row in paper.schedules.items():
        at_once, pulses = Fraction(row["at_once"]), row["pulses"]
        writes = float(at_once * pulses)
        few = (
            f"{float(at_once):,.0f} devices at once x {pulses:,} pulses write {writes:,.0f} devices, "
            f"fewer than the {paper.weights:,} weights: power and time are not of one network"
        )
        rows.append(
            ImpliedRow(
                schedule=name,
                printed_name=row["printed_name"],
                at_once=float(at_once),
                pulses=pulses,
                counts_from=row["why"],
                writes=writes,
                printed_energy_j=float(row["maximum_w"]) * float(row["times_s"][0]),
                energy_j=paper.weights * paper.updates * each_j,
                cells=tuple(_cells(name, row, paper)),
                notes=(few,) if writes < paper.weights else (),
            )
        )
    return ImpliedTable(paper.source, TAG, paper.weights, paper.updates, tuple(rows), paper.notes)


def printed_range(printed: str) -> tuple[float, float]:
    """What a printed figure can stand for, rounded or cut: from half a last place below it to one above."""
    figure = Decimal(significant(printed))
    place = Decimal(1).scaleb(int(figure.as_tuple().exponent))
    return float(figure - place / 2), float(figure + place)


def _cells(name: str, row: Mapping[str, Any], paper: AmDcganNumbers) -> Iterator[ImpliedCell]:
    for key, quantity, resistance in (
        ("maximum_w", "maximum power", paper.on_resistance_ohm),
        ("minimum_w", "minimum power", paper.off_resistance_ohm),
    ):
        implied = float(Fraction(row["at_once"])) * paper.write_voltage_v**2 / resistance
        wrong = _contradicted_power(row[key], paper.schedules["2-cycle"][key]) if name == "4-cycle" else ""
        yield _cell(name, quantity, "W", row[key], implied, wrong)
    for write_time_s, printed in zip(paper.write_times_s, row["times_s"], strict=True):
        implied = row["pulses"] * paper.updates * write_time_s
        wrong = _contradicted_time(printed, write_time_s, paper)
        yield _cell(name, f"training time, {write_time_s * 1e9:.0f} ns", "s", printed, implied, wrong)


def _cell(schedule: str, quantity: str, unit: str, printed: str, implied: float, contradiction: str) -> ImpliedCell:
    rounding = explain_rounding(significant(printed), implied)
    difference = float(printed) / implied - 1
    verdict: Verdict = "follows"
    why = ""
    if rounding == "none":
        verdict = "cannot be right" if contradiction else "differs"
        why = contradiction or f"{difference:+.3%}: no rounding gives it"
    return ImpliedCell(schedule, quantity, unit, printed, implied, rounding, difference, verdict, why)


def _contradicted_power(printed: str, whole: str) -> str:
    """Layer after layer, half of a layer at once uses twice the power of a quarter of it, whatever the network."""
    low, high = (2 * bound for bound in printed_range(printed))
    whole_low, whole_high = printed_range(whole)
    if low < whole_high and whole_low < high:
        return ""
    return f"half of the 2-cycle row's {significant(whole)} W is {float(whole) / 2:.4g} W"


def _contradicted_time(printed: str, write_time_s: float, paper: AmDcganNumbers) -> str:
    """One device at a time, all in one row, is the slowest that an update can be: a pulse a weight."""
    pulses = printed_range(printed)[0] / (paper.updates * write_time_s)
    if pulses <= paper.weights:
        return ""
    return f"at least {pulses:.2g} pulses an update, and there are {paper.weights:,} weights to write"


@dataclass(frozen=True)
class Combination:
    """Counts of cells with their sums, and whether they round to the small pair's printed area and power."""

    counts: dict[str, int]
    area_m2: float
    power_w: float
    meets: bool


@dataclass(frozen=True)
class Solutions:
    """How many combinations of ReLU cells and crossbar switches make the printed total, with so many op-amps.

    Attributes:
        relu, switches: Smallest and largest number in any of them.
    """

    op_amps: int
    combinations: int
    relu: tuple[int, int]
    switches: tuple[int, int]


@dataclass(frozen=True)
class SmallPair:
    """The printed total of the small pair, and the counts of cells that make it: many, so none is proven."""

    printed_area_mm2: str
    printed_power_w: str
    examples: tuple[Combination, ...]
    solutions: tuple[Solutions, ...]


def combination(counts: Mapping[str, int]) -> Combination:
    """Area and power of so many cells by Table I; what the table does not list takes nothing here."""
    cells = am_dcgan_numbers().components
    area_m2 = sum(number * (cells[name].area_m2 or 0.0) for name, number in counts.items() if name in cells)
    power_w = sum(number * (cells[name].power_w or 0.0) for name, number in counts.items() if name in cells)
    (low_mm2, high_mm2), (low_w, high_w) = _windows()
    meets = low_mm2 <= area_m2 * 1e6 < high_mm2 and low_w <= power_w < high_w
    return Combination(dict(counts), area_m2, power_w, meets)


def small_pair() -> SmallPair:
    """The two examples, and the number of solutions for each number of op-amps."""
    paper = am_dcgan_numbers()
    return SmallPair(
        paper.small_area_mm2,
        paper.small_power_w,
        tuple(combination(counts) for counts in paper.small_examples),
        tuple(found for number in OP_AMPS if (found := _solutions(number)) is not None),
    )


def _windows() -> tuple[tuple[float, float], ...]:
    """What 0.188 mm² and 7 W round from: half a last place to either side."""
    paper = am_dcgan_numbers()
    printed = (paper.small_area_mm2, paper.small_power_w)
    return tuple((low, 2 * float(text) - low) for text in printed for low in (printed_range(text)[0],))


def _solutions(op_amps: int) -> Solutions | None:
    """Every number of ReLU cells and switches within the windows, counted row by row; None if there is none."""
    cells = am_dcgan_numbers().components
    (relu_m2, relu_w), (switch_m2, switch_w), (amplifier_m2, amplifier_w) = (
        (cells[name].area_m2 or 0.0, cells[name].power_w or 0.0) for name in ("relu", "crossbar switch", "op-amp")
    )
    (low_mm2, high_mm2), (low_w, high_w) = _windows()
    ranges: dict[int, range] = {}
    for number in range(int(high_mm2 * 1e-6 / relu_m2) + 1):
        area_m2 = number * relu_m2 + op_amps * amplifier_m2
        power_w = number * relu_w + op_amps * amplifier_w
        first = max((low_mm2 * 1e-6 - area_m2) / switch_m2, (low_w - power_w) / switch_w, 0)
        last = min((high_mm2 * 1e-6 - area_m2) / switch_m2, (high_w - power_w) / switch_w)
        fitting = range(-int(-first // 1), int(last // 1) + 1)
        if len(fitting):
            ranges[number] = fitting
    if not ranges:
        return None
    return Solutions(
        op_amps,
        sum(len(fitting) for fitting in ranges.values()),
        (min(ranges), max(ranges)),
        (min(fitting[0] for fitting in ranges.values()), max(fitting[-1] for fitting in ranges.values())),
    )
