"""Components as tables of text: counts of a pair by our rules, the paper's cells, and its small pair's total."""

from spingan.cost_tables import Components
from spingan.costs.components import CellCost, ComponentTable
from spingan.papers.am_dcgan_table_1 import Combination, SmallPair
from spingan.reports.tables import NOT_COUNTED, Section, quantity_text

_SHARING = {
    "column": "one set of cells a filter, positions in turn",
    "value": "a set of cells for each value of a map, all at once",
}


def component_sections(components: Components) -> tuple[Section, ...]:
    """The printed cells, the recipe's pair in both ways, and the small pair where the paper is about it."""
    sections = [_cells("One cell, as printed", components.printed)]
    sections += [_table(table, "printed") for table in components.pair]
    if components.small is not None:
        sections += [_small(components.small), *(_table(table, "printed") for table in components.small_tables)]
        sections.append(_sums(components))
    if components.measured is not None:
        sections.append(_cells("One cell of ours", components.measured))
        ours = (*components.measured_pair, *components.measured_small)
        sections += [_table(table, "our own") for table in ours]
    return tuple(sections)


def component_notes(components: Components) -> tuple[str, ...]:
    """What the tables do not say by themselves."""
    notes = [
        "Counts follow our rules (a switch on each line of a crossbar, one converter a dense layer, ...): assumed."
    ]
    absent = sorted({name for table in components.pair for name in table.not_counted})
    if absent:
        notes.append(f"not counted, for Table I has no cell: {', '.join(absent)}")
    if components.small is not None:
        many = ", ".join(f"{found.combinations} beside {found.op_amps} op-amps" for found in components.small.solutions)
        notes.append(
            f"The small pair's {components.small.printed_area_mm2} mm² and {components.small.printed_power_w} W are "
            f"met by many combinations of ReLU cells and switches ({many}): the counts cannot be told from the total."
        )
    return tuple(notes)


def _cells(title: str, cells: dict[str, CellCost]) -> Section:
    rows = tuple((name, _text(cell.power_w, "W"), _area(cell.area_m2), cell.source) for name, cell in cells.items())
    return Section(title, ("component", "power", "area", "source"), rows, (1, 2))


def _table(table: ComponentTable, whose: str) -> Section:
    rows = [
        (total.component, f"{total.count:,}", _text(total.power_w, "W"), _area(total.area_m2)) for total in table.totals
    ]
    rows.append(("sum of what is counted", "", _text(table.power_w, "W"), _area(table.area_m2)))
    return Section(
        f"{table.name}, our counts with {whose} cells: {_SHARING[table.sharing]}",
        ("component", "cells", "power", "area"),
        tuple(rows),
        (1, 2, 3),
    )


def _small(small: SmallPair) -> Section:
    rows = [_combination("for example", example) for example in small.examples]
    for found in small.solutions:
        relu, switches = ("{:,} to {:,}".format(*span) for span in (found.relu, found.switches))
        counts = f"{relu} ReLU, {switches} switches, {found.op_amps} op-amps: {found.combinations} combinations"
        rows.append(("all", counts, "", "", "yes"))
    return Section(
        f"The small pair (2 filters, 3x3): counts that meet {small.printed_area_mm2} mm² and {small.printed_power_w} W",
        ("which", "cells", "area", "power", "meets it"),
        tuple(rows),
        (2, 3),
    )


def _sums(components: Components) -> Section:
    rows = tuple(
        _combination(_SHARING[table.sharing], found)
        for table, found in zip(components.small_tables, components.small_sums, strict=True)
    )
    return Section(
        "The small pair as described, counted by our rules",
        ("which", "cells", "area", "power", "meets it"),
        rows,
        (2, 3),
    )


def _combination(which: str, found: Combination) -> tuple[str, ...]:
    counts = ", ".join(f"{number:,} {name}" for name, number in found.counts.items())
    area, power = f"{found.area_m2 * 1e6:.4f} mm²", f"{found.power_w:.4g} W"
    return which, counts, area, power, "yes" if found.meets else "no"


def _text(value: float | None, unit: str) -> str:
    return NOT_COUNTED if value is None else quantity_text(value, unit, 5)


def _area(area_m2: float | None) -> str:
    if area_m2 is None:
        return NOT_COUNTED
    return f"{area_m2 * 1e12:,.4g} µm²" if area_m2 < 1e-9 else f"{area_m2 * 1e6:,.4g} mm²"
