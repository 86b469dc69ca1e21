"""A bill as tables of text, for the terminal and the report."""

from collections.abc import Sequence
from dataclasses import dataclass

from spingan.costs.energy import Bill
from spingan.costs.left_out import Line

NOT_COUNTED = "not counted"
_PREFIXES = (
    (1e6, "M"),
    (1e3, "k"),
    (1.0, ""),
    (1e-3, "m"),
    (1e-6, "µ"),
    (1e-9, "n"),
    (1e-12, "p"),
    (1e-15, "f"),
    (1e-18, "a"),
)


@dataclass(frozen=True)
class Section:
    """A table with its title; the columns numbered in `right` hold numbers."""

    title: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    right: tuple[int, ...] = ()


def energy_text(energy_j: float | None, digits: int = 5) -> str:
    """An energy with an SI prefix, such as `4.9011 nJ`; `not counted` for None."""
    return NOT_COUNTED if energy_j is None else quantity_text(energy_j, "J", digits)


def quantity_text(value: float, unit: str, digits: int = 5) -> str:
    """A number with an SI prefix, such as `18.8 ks` or `0 J`."""
    if value == 0:
        return f"0 {unit}"
    factor, prefix = next(
        ((factor, prefix) for factor, prefix in _PREFIXES if abs(value) >= factor * (1 - 1e-9)), _PREFIXES[-1]
    )
    return f"{value / factor:.{digits}g} {prefix}{unit}"


def bill_sections(bill: Bill) -> tuple[Section, ...]:
    """The bill's tables in reading order: Table I, its activations, readings of an update, what is left out."""
    sections = [_table_one(bill), _activations(bill), _updates(bill), _counts(bill)]
    sections.append(_lines("Beside the sums: what the paper leaves out, one image through both nets", bill.left_out))
    if bill.estimates:
        sections.append(_lines("Beside the sums: assumed, not the paper's", bill.estimates))
    return tuple(section for section in sections if section.rows)


def print_bill(bill: Bill) -> None:
    """Print the bill on standard output, tables as wide as the terminal."""
    print_sections(bill_sections(bill), (f"E_upd: {bill.update_basis}", *(f"- {note}" for note in bill.notes)))


def print_sections(sections: Sequence[Section], lines: Sequence[str]) -> None:
    """Print tables as wide as the terminal on standard output, and `lines` below them."""
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False)
    for section in sections:
        table = Table(title=section.title, title_justify="left", title_style="bold")
        for number, heading in enumerate(section.headings):
            table.add_column(heading, justify="right" if number in section.right else "left", overflow="fold")
        for row in section.rows:
            table.add_row(*row)
        console.print(table)
    for line in lines:
        console.print(line, markup=False)


def _table_one(bill: Bill) -> Section:
    rows = tuple(
        (
            row.quantity,
            row.printed or "",
            NOT_COUNTED if row.ours is None else f"{row.ours:.7g}",
            row.unit,
            row.rounding or "",
            row.note,
        )
        for row in bill.table
    )
    return Section(
        f"The bill in the accounts of the paper's Table I: {bill.name} on {bill.technology}, batch {bill.batch_size}",
        ("quantity", "printed", "ours", "unit", "rounding", "note"),
        rows,
        (1, 2),
    )


def _activations(bill: Bill) -> Section:
    rows = [
        (
            line.net,
            line.function,
            f"{line.count:,}",
            energy_text(line.energy_j),
            "not known" if line.window_s is None else f"{line.window_s * 1e9:.3g} ns",
            energy_text(line.total_j),
        )
        for line in bill.activations
    ]
    rows.append(("both", "", "", "", "", energy_text(bill.forward_energy_j)))
    return Section(
        "Forward pass: activations only, as the paper counts",
        ("net", "function", "count", "each", "window", "energy"),
        tuple(rows),
        (2, 3, 4, 5),
    )


def _updates(bill: Bill) -> Section:
    rows = tuple(
        (
            reading.reading,
            energy_text(reading.energy_per_value_j, 4),
            energy_text(reading.energy_j),
            _residual(reading.residual_j),
        )
        for reading in bill.updates
    )
    return Section(
        f"One update of {bill.counts.both.trainable:,} trainable values, by reading",
        ("reading", "each", "all", "less printed"),
        rows,
        (1, 2, 3),
    )


def _residual(residual_j: float | None) -> str:
    return "" if residual_j is None else f"{residual_j * 1e9:+.3f} nJ"


def _counts(bill: Bill) -> Section:
    nets = (bill.counts.generator, bill.counts.discriminator, bill.counts.both)
    quantities = {
        "trainable values": [net.trainable for net in nets],
        "cells": [net.total("cells") for net in nets],
        "array reads": [net.total("reads") for net in nets],
        "multiply-accumulates": [net.total("macs") for net in nets],
        "of them on pixels": [net.total("useful_macs") for net in nets],
        "activations": [sum(net.activations.values()) for net in nets],
        "tiles": [net.tiles for net in nets],
    }
    rows = tuple(
        (name, *("" if number is None else f"{number:,}" for number in numbers))
        for name, numbers in quantities.items()
        if any(number is not None for number in numbers)
    )
    return Section("Counts of one image forward", ("quantity", "generator", "discriminator", "both"), rows, (1, 2, 3))


def _lines(title: str, lines: tuple[Line, ...]) -> Section:
    rows = tuple((line.item, f"{line.count:,}", energy_text(line.energy_j), line.basis, line.note) for line in lines)
    return Section(title, ("item", "count", "energy", "basis", "note"), rows, (1, 2))
