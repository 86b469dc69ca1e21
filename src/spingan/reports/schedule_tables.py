"""Write schedules as tables of text: the paper's implied counts and ours, two blocks that never share a table."""

from spingan.cost_tables import WriteSchedules
from spingan.costs.write_schedules import ScheduleTable
from spingan.papers.am_dcgan_table_2 import ImpliedTable
from spingan.reports.tables import NOT_COUNTED, Section, quantity_text


def schedule_sections(tables: WriteSchedules) -> tuple[Section, ...]:
    """The paper's block first, where there is one."""
    paper = () if tables.implied is None else (_counts(tables.implied), _cells(tables.implied))
    return (*paper, _ours(tables.ours), _training(tables.ours), _arrays(tables.ours))


def schedule_notes(tables: WriteSchedules) -> tuple[str, ...]:
    """What the tables do not say by themselves."""
    implied = tables.implied
    paper: tuple[str, ...] = ()
    if implied is not None:
        wrong = ", ".join(
            f"{cell.schedule} {cell.quantity} ({cell.printed} {cell.unit})" for cell in implied.wrong_cells
        )
        paper = (f"Printed cells that cannot be right: {wrong}.", *(note for row in implied.rows for note in row.notes))
        paper = (*paper, *implied.notes)
    return (*paper, *tables.ours.notes)


def _counts(table: ImpliedTable) -> Section:
    rows = tuple(
        (
            row.schedule,
            f"{row.at_once:,.6g}",
            f"{row.pulses:,}",
            f"{row.writes:,.0f}",
            quantity_text(row.printed_energy_j, "J", 4),
            quantity_text(row.energy_j, "J", 4),
            row.counts_from,
        )
        for row in table.rows
    )
    return Section(
        f"{table.source}, Table II ({table.tag}): counts that its cells imply, {table.weights:,} weights",
        (
            "schedule",
            "at once",
            "pulses",
            "product",
            "printed W x s, 10 ns",
            "one pulse a weight",
            "what they may stand for",
        ),
        rows,
        (1, 2, 3, 4, 5),
    )


def _cells(table: ImpliedTable) -> Section:
    rows = tuple(
        (
            cell.schedule,
            cell.quantity,
            cell.printed,
            f"{cell.implied:,.6g}",
            cell.unit,
            cell.rounding if cell.verdict == "follows" else cell.verdict,
            cell.why,
        )
        for row in table.rows
        for cell in row.cells
    )
    return Section(
        f"{table.source}, Table II ({table.tag}): printed cells beside what those counts give",
        ("schedule", "quantity", "printed", "implied", "unit", "verdict", "why"),
        rows,
        (2, 3),
    )


def _ours(table: ScheduleTable) -> Section:
    rows = []
    for cost in table.costs:
        rows.append(
            (
                cost.schedule,
                cost.layers,
                f"{cost.rows_at_once:,} x {cost.columns_at_once:,}",
                f"{cost.devices_at_once:,}",
                f"{cost.pulses:,}",
                quantity_text(cost.write_time_s, "s", 3),
                quantity_text(cost.update_time_s, "s", 4),
                _pair(cost.peak_power_w, "W"),
                _pair(cost.mean_power_w, "W"),
                _pair(cost.update_energy_j, "J"),
                NOT_COUNTED if cost.line_current_a is None else quantity_text(cost.line_current_a, "A", 3),
            )
        )
    return Section(
        f"Our schedules on the pair {table.name}, {table.technology}: one update of "
        f"{table.costs[0].devices:,} devices, all at Gmin to all at Gmax",
        (
            *("schedule", "layers in", "rows x columns at once", "devices at once", "pulses", "write time", "update"),
            *("peak power", "mean power", "energy", "current in a row"),
        ),
        tuple(rows),
        (2, 3, 4, 5, 6, 7, 8, 9, 10),
    )


def _training(table: ScheduleTable) -> Section:
    rows = tuple(
        (
            cost.schedule,
            quantity_text(cost.write_time_s, "s", 3),
            quantity_text(cost.time_s, "s", 5),
            _pair(cost.energy_j, "J"),
            NOT_COUNTED if cost.endurance_used is None else f"{cost.endurance_used * 100:.3g} %",
        )
        for cost in table.costs
    )
    return Section(
        f"Our schedules on the pair {table.name}: all {table.updates:,} updates ({table.updates_basis})",
        ("schedule", "write time", "time", "energy", "endurance used"),
        rows,
        (1, 2, 3, 4),
    )


def _arrays(table: ScheduleTable) -> Section:
    rows = tuple(
        (array.layer, f"{array.rows:,}", f"{array.columns:,}", f"{array.count:,}", f"{array.devices:,}")
        for array in table.arrays
    )
    return Section("The arrays", ("layer", "rows", "columns", "arrays", "devices"), rows, (1, 2, 3, 4))


def _pair(pair: tuple[float, float] | None, unit: str) -> str:
    if pair is None:
        return NOT_COUNTED
    low, high = (quantity_text(value, unit, 4) for value in pair)
    return low if low == high else f"{low} to {high}"
