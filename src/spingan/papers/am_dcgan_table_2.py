"""Table II of paper M, cell by cell: what is printed, what the implied counts give, and what cannot be right.

All of it is reverse-engineered from the cells; what the schedules cost on a real pair of nets is another question,
which `spingan.costs.write_schedules` answers. The two never share a table.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any, Literal

from spingan.papers.am_dcgan import AmDcganNumbers, PrintedSchedule, am_dcgan_numbers
from spingan.papers.paper import Rounding, explain_rounding
from spingan.papers.printed_text import significant

Verdict = Literal["follows", "differs", "cannot be right"]
TAG = "reverse-engineered"


@dataclass(frozen=True)
class ImpliedCell:
    """One printed cell beside what the implied counts give.

    Attributes:
        quantity: `maximum power`, `minimum power`, or `training time` at a write time.
        rounding: How the printed figure follows from the implied one, if it does.
        difference: Printed less implied, as a fraction of the implied.
        verdict: `differs` is a printed figure that no rounding gives; `cannot be right` contradicts the same table.
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

    def to_dict(self) -> dict[str, Any]:
        """The table as JSON-able values."""
        return asdict(self)


def implied_table() -> ImpliedTable:
    """Table II, cell by cell (docs/derivations.md, section 4)."""
    paper = am_dcgan_numbers()
    rows = tuple(_row(row, paper) for row in paper.schedules)
    return ImpliedTable(paper.source, TAG, paper.weights, paper.updates, rows, paper.notes)


def printed_range(printed: str) -> tuple[float, float]:
    """What a printed figure can stand for, rounded or cut: from half a last place below it to one above."""
    figure = Decimal(significant(printed))
    place = Decimal(1).scaleb(int(figure.as_tuple().exponent))
    return float(figure - place / 2), float(figure + place)


def _row(row: PrintedSchedule, paper: AmDcganNumbers) -> ImpliedRow:
    writes = float(row.at_once * row.pulses)
    notes = []
    if writes < paper.weights:
        notes.append(
            f"{float(row.at_once):,.0f} devices at once x {row.pulses:,} pulses write {writes:,.0f} devices, "
            f"fewer than the {paper.weights:,} weights: power and time are not of one network"
        )
    each_j = paper.write_voltage_v**2 / paper.on_resistance_ohm * paper.write_times_s[0]
    return ImpliedRow(
        schedule=row.name,
        printed_name=row.printed_name,
        at_once=float(row.at_once),
        pulses=row.pulses,
        counts_from=row.why,
        writes=writes,
        printed_energy_j=float(row.maximum_w) * float(row.times_s[0]),
        energy_j=paper.weights * paper.updates * each_j,
        cells=tuple(_cells(row, paper)),
        notes=tuple(notes),
    )


def _cells(row: PrintedSchedule, paper: AmDcganNumbers) -> Iterator[ImpliedCell]:
    for quantity, printed in (("maximum power", row.maximum_w), ("minimum power", row.minimum_w)):
        resistance = paper.on_resistance_ohm if quantity == "maximum power" else paper.off_resistance_ohm
        implied = float(row.at_once) * paper.write_voltage_v**2 / resistance
        yield _cell(row, quantity, "W", printed, implied, _contradicted_power(row, quantity, paper))
    for write_time_s, printed in zip(paper.write_times_s, row.times_s, strict=True):
        implied = row.pulses * paper.updates * write_time_s
        why = _contradicted_time(printed, write_time_s, paper)
        yield _cell(row, f"training time, {write_time_s * 1e9:.0f} ns", "s", printed, implied, why)


def _cell(
    row: PrintedSchedule, quantity: str, unit: str, printed: str, implied: float, contradiction: str
) -> ImpliedCell:
    rounding = explain_rounding(significant(printed), implied)
    difference = float(printed) / implied - 1
    verdict: Verdict = "follows"
    why = ""
    if rounding == "none":
        verdict = "cannot be right" if contradiction else "differs"
        why = contradiction or f"{difference:+.3%}: no rounding gives it"
    return ImpliedCell(row.name, quantity, unit, printed, implied, rounding, difference, verdict, why)


def _contradicted_power(row: PrintedSchedule, quantity: str, paper: AmDcganNumbers) -> str:
    """Layer after layer, half of a layer at once uses twice the power of a quarter of it, whatever the network."""
    others = {other.name: other for other in paper.schedules}
    twin = others["2-cycle"]
    if row.name != "4-cycle":
        return ""
    mine, whole = (
        (schedule.maximum_w if quantity == "maximum power" else schedule.minimum_w) for schedule in (row, twin)
    )
    low, high = (2 * bound for bound in printed_range(mine))
    twin_low, twin_high = printed_range(whole)
    if low < twin_high and twin_low < high:
        return ""
    half = float(whole) / 2
    return f"half of the 2-cycle row's {significant(whole)} W is {half:.4g} W"


def _contradicted_time(printed: str, write_time_s: float, paper: AmDcganNumbers) -> str:
    """One device at a time, all in one row, is the slowest that an update can be: a pulse a weight."""
    pulses = printed_range(printed)[0] / (paper.updates * write_time_s)
    if pulses <= paper.weights:
        return ""
    return f"at least {pulses:.2g} pulses an update, and there are {paper.weights:,} weights to write"
