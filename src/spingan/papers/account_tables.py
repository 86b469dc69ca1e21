"""The papers' accounts as tables of text: paper S's training account, paper M's components and write schedules.

What a paper prints and what is ours never share a column.
"""

from collections.abc import Mapping

from spingan.costs.bill import Component
from spingan.costs.write_schedules import ScheduleTable
from spingan.papers.am_dcgan import Combination, ImpliedTable, SmallPair
from spingan.papers.am_dcgan_account import Components, ComponentTable, WriteSchedules
from spingan.papers.training_account import OutsideLine, TrainingAccount
from spingan.quantities import NOT_COUNTED, area_text, energy_text, quantity_text
from spingan.reports.tables import Table
from spingan.tabular import cell

Rows = list[tuple[str, ...]]
_COMBINATION = ("which", "cells", "area", "power", "meets it")
_SHARING = {
    "column": "one set of cells a filter, positions in turn",
    "value": "a set of cells for each value of a map, all at once",
}


def account_tables(account: TrainingAccount) -> tuple[Table, ...]:
    """The account's tables in reading order: Table I, its activations, readings of an update, what is left out."""
    outside = "Outside of the sums:"
    tables = (
        _table_one(account),
        _activations(account),
        _updates(account),
        _counts(account),
        _outside(f"{outside} what the paper leaves out, one image through both nets", account.left_out),
        _outside(f"{outside} assumed, not the paper's", account.estimates),
    )
    return tuple(table for table in tables if table.rows)


def account_notes(account: TrainingAccount) -> list[str]:
    """Where the energy of an update is from, and what the tables do not say by themselves."""
    return [f"E_upd: {account.update_basis}", *account.notes]


def _table_one(account: TrainingAccount) -> Table:
    of = f"{account.name} on {account.technology}, batch {account.batch_size}"
    headings = ("quantity", "printed", "ours", "unit", "rounding", "note")
    rows = []
    for row in account.table:
        ours = cell(row.ours, 7, NOT_COUNTED)
        rows.append((row.quantity, row.printed or "", ours, row.unit, row.rounding or "", row.note))
    return Table(f"The bill in the accounts of the paper's Table I: {of}", headings, rows, (1, 2))


def _activations(account: TrainingAccount) -> Table:
    rows: Rows = []
    for line in account.activations:
        window = "not known" if line.window_s is None else f"{line.window_s * 1e9:.3g} ns"
        energies = energy_text(line.energy_j), window, energy_text(line.total_j)
        rows.append((line.net, line.function, f"{line.count:,}", *energies))
    rows.append(("both", "", "", "", "", energy_text(account.forward_energy_j)))
    headings = ("net", "function", "count", "each", "window", "energy")
    return Table("Forward pass: activations only, as the paper counts", headings, rows, (2, 3, 4, 5))


def _updates(account: TrainingAccount) -> Table:
    rows = []
    for update in account.updates:
        residual = "" if update.residual_j is None else f"{update.residual_j * 1e9:+.3f} nJ"
        each, both = energy_text(update.energy_per_value_j, 4), energy_text(update.energy_j)
        rows.append((update.reading, each, both, residual))
    title = f"One update of {account.counts.both.trainable:,} trainable values, by reading"
    return Table(title, ("reading", "each", "all", "less printed"), rows, (1, 2, 3))


def _counts(account: TrainingAccount) -> Table:
    nets = (account.counts.generator, account.counts.discriminator, account.counts.both)
    quantities = {
        "trainable values": [net.trainable for net in nets],
        "cells": [net.total("cells") for net in nets],
        "array reads": [net.total("reads") for net in nets],
        "multiply-accumulates": [net.total("macs") for net in nets],
        "of them on pixels": [net.total("useful_macs") for net in nets],
        "activations": [sum(net.activations.values()) for net in nets],
        "tiles": [net.tiles for net in nets],
    }
    rows = [
        (name, *("" if number is None else f"{number:,}" for number in numbers))
        for name, numbers in quantities.items()
        if any(number is not None for number in numbers)
    ]
    return Table("Counts of one image forward", ("quantity", "generator", "discriminator", "both"), rows, (1, 2, 3))


def _outside(title: str, lines: tuple[OutsideLine, ...]) -> Table:
    rows = [(line.item, f"{line.count:,}", energy_text(line.energy_j), line.basis, line.note) for line in lines]
    return Table(title, ("item", "count", "energy", "basis", "note"), rows, (1, 2))


def component_tables(components: Components) -> tuple[Table, ...]:
    """The printed cells, the recipe's pair in both ways, and the small pair where the paper is about it."""
    tables = [_components("One cell, as printed", components.printed)]
    tables += [_table(table, "printed") for table in components.pair]
    if components.small is not None:
        tables += [_small(components.small), *(_table(table, "printed") for table in components.small_tables)]
        sums = zip(components.small_tables, components.small_sums, strict=True)
        rows = [_combination(_SHARING[table.sharing], found) for table, found in sums]
        tables.append(Table("The small pair as described, counted by our rules", _COMBINATION, rows, (2, 3)))
    if components.measured is not None:
        tables.append(_components("One cell of ours", components.measured))
        tables += [_table(table, "our own") for table in (*components.measured_pair, *components.measured_small)]
    return tuple(tables)


def component_notes(components: Components) -> tuple[str, ...]:
    """What the tables do not say by themselves."""
    notes = [
        "Counts follow our rules (a switch on each line of a crossbar, one converter a dense layer, ...): assumed."
    ]
    absent = sorted({name for table in components.pair for name in table.not_counted})
    if absent:
        notes.append(f"not counted, for Table I has no cell: {', '.join(absent)}")
    small = components.small
    if small is not None:
        many = ", ".join(f"{found.combinations} with {found.op_amps} op-amps" for found in small.solutions)
        notes.append(
            f"The small pair's {small.printed_area_mm2} mm² and {small.printed_power_w} W are met by many "
            f"combinations of ReLU cells and switches ({many}): the counts cannot be told from the total."
        )
    return tuple(notes)


def _components(title: str, cells: Mapping[str, Component]) -> Table:
    rows = [
        (name, quantity_text(one.power_w, "W"), area_text(one.area_m2), one.source or "") for name, one in cells.items()
    ]
    return Table(title, ("component", "power", "area", "source"), rows, (1, 2))


def _table(table: ComponentTable, whose: str) -> Table:
    rows = [
        (total.component, f"{total.count:,}", quantity_text(total.power_w, "W"), area_text(total.area_m2))
        for total in table.totals
    ]
    rows.append(("sum of what is counted", "", quantity_text(table.power_w, "W"), area_text(table.area_m2)))
    title = f"{table.name}, our counts with {whose} cells: {_SHARING[table.sharing]}"
    return Table(title, ("component", "cells", "power", "area"), rows, (1, 2, 3))


def _small(small: SmallPair) -> Table:
    rows = [_combination("for example", example) for example in small.examples]
    for found in small.solutions:
        relu, switches = ("{:,} to {:,}".format(*span) for span in (found.relu, found.switches))
        counts = f"{relu} ReLU, {switches} switches, {found.op_amps} op-amps: {found.combinations} combinations"
        rows.append(("all", counts, "", "", "yes"))
    total = f"{small.printed_area_mm2} mm² and {small.printed_power_w} W"
    return Table(f"The small pair (2 filters, 3x3): counts that meet {total}", _COMBINATION, rows, (2, 3))


def _combination(which: str, found: Combination) -> tuple[str, ...]:
    counts = ", ".join(f"{number:,} {name}" for name, number in found.counts.items())
    area, power = f"{found.area_m2 * 1e6:.4f} mm²", f"{found.power_w:.4g} W"
    return which, counts, area, power, "yes" if found.meets else "no"


def schedule_tables(tables: WriteSchedules) -> tuple[Table, ...]:
    """The paper's block first, where there is one."""
    paper = () if tables.implied is None else _implied(tables.implied)
    return (*paper, *_ours(tables.ours))


def schedule_notes(tables: WriteSchedules) -> tuple[str, ...]:
    """What the tables do not say by themselves."""
    implied = tables.implied
    if implied is None:
        return tables.ours.notes
    wrong = ", ".join(f"{one.schedule} {one.quantity} ({one.printed} {one.unit})" for one in implied.wrong_cells)
    notes = (note for row in implied.rows for note in row.notes)
    return (f"Printed cells that cannot be right: {wrong}.", *notes, *implied.notes, *tables.ours.notes)


def _implied(table: ImpliedTable) -> tuple[Table, Table]:
    """The counts that the paper's cells imply, and the cells next to what those counts make."""
    counts, cells = [], []
    for row in table.rows:
        numbers = f"{row.at_once:,.6g}", f"{row.pulses:,}", f"{row.writes:,.0f}"
        energies = quantity_text(row.printed_energy_j, "J", 4), quantity_text(row.energy_j, "J", 4)
        counts.append((row.schedule, *numbers, *energies, row.counts_from))
        for one in row.cells:
            verdict = one.rounding if one.verdict == "follows" else one.verdict
            implied = f"{one.implied:,.6g}"
            cells.append((one.schedule, one.quantity, one.printed, implied, one.unit, verdict, one.why))
    title = f"{table.source}, Table II ({table.tag}):"
    energies = ("printed W x s, 10 ns", "one pulse a weight")
    return (
        Table(
            f"{title} counts that its cells imply, {table.weights:,} weights",
            ("schedule", "at once", "pulses", "product", *energies, "what they may stand for"),
            counts,
            (1, 2, 3, 4, 5),
        ),
        Table(
            f"{title} printed cells next to what those counts make",
            ("schedule", "quantity", "printed", "implied", "unit", "verdict", "why"),
            cells,
            (2, 3),
        ),
    )


def _ours(table: ScheduleTable) -> tuple[Table, Table, Table]:
    """One update, the whole training, and the arrays."""
    updates, training = [], []
    for cost in table.costs:
        write = quantity_text(cost.write_time_s, "s", 3)
        at_once = f"{cost.rows_at_once:,} x {cost.columns_at_once:,}", f"{cost.devices_at_once:,}", f"{cost.pulses:,}"
        times = write, quantity_text(cost.update_time_s, "s", 4)
        powers = _pair(cost.peak_power_w, "W"), _pair(cost.mean_power_w, "W"), _pair(cost.update_energy_j, "J")
        current = quantity_text(cost.line_current_a, "A", 3)
        updates.append((cost.schedule, cost.layers, *at_once, *times, *powers, current))
        used = NOT_COUNTED if cost.endurance_used is None else f"{cost.endurance_used * 100:.3g} %"
        training.append((cost.schedule, write, quantity_text(cost.time_s, "s", 5), _pair(cost.energy_j, "J"), used))
    arrays = [
        (array.layer, f"{array.rows:,}", f"{array.columns:,}", f"{array.count:,}", f"{array.devices:,}")
        for array in table.arrays
    ]
    title, devices = f"Our schedules on the pair {table.name}", f"{table.costs[0].devices:,} devices"
    at_once = ("schedule", "layers in", "rows x columns at once", "devices at once", "pulses", "write time", "update")
    return (
        Table(
            f"{title}, {table.technology}: one update of {devices}, all at Gmin to all at Gmax",
            (*at_once, "peak power", "mean power", "energy", "current in a row"),
            updates,
            range(2, 11),
        ),
        Table(
            f"{title}: all {table.updates:,} updates ({table.updates_basis})",
            ("schedule", "write time", "time", "energy", "endurance used"),
            training,
            (1, 2, 3, 4),
        ),
        Table("The arrays", ("layer", "rows", "columns", "arrays", "devices"), arrays, (1, 2, 3, 4)),
    )


def _pair(pair: tuple[float, float] | None, unit: str) -> str:
    if pair is None:
        return NOT_COUNTED
    low, high = (quantity_text(value, unit, 4) for value in pair)
    return low if low == high else f"{low} to {high}"
