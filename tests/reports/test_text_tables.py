"""Tables of text: numbers with their prefix, layouts, and the bill of a net."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spingan.costs.components import load_components
from spingan.nn.cost import pair_full_bill
from spingan.quantities import energy_text, quantity_text
from spingan.reports.bill_tables import bill_item_notes, bill_item_tables, headlines
from spingan.reports.tables import markdown_text
from spingan.spec.technology import load_technology
from spingan.tabular import csv_text, plain_text


@pytest.mark.parametrize(
    ("energy_j", "text"),
    [
        (4.90107e-9, "4.9011 nJ"),
        (1.92e-13, "192 fJ"),
        (1e-12, "1 pJ"),
        (-1.5e-9, "-1.5 nJ"),
        (0.0, "0 J"),
        (None, "not counted"),
        (2e-20, "0.02 aJ"),
        (3.0, "3 J"),
    ],
)
def test_an_energy_is_written_with_the_prefix_that_fits(energy_j, text):
    assert energy_text(energy_j) == text


ROWS = (("a", "1"), ("bc, d", "22"))


def test_every_layout_holds_every_cell():
    assert list(csv.reader(io.StringIO(csv_text(("x", "y"), ROWS)))) == [["x", "y"], *map(list, ROWS)]
    assert markdown_text(("x", "y"), ROWS).splitlines() == ["| x | y |", "|---|---|", "| a | 1 |", "| bc, d | 22 |"]
    assert plain_text(("x", "y"), ROWS, right=(1,)).splitlines()[2:] == ["a       1", "bc, d  22"]


def test_five_numbers_come_first_and_every_item_has_its_source_below():
    bill = pair_full_bill("fashion", load_technology("wox-memristor"), load_components(), batch_size=128)
    first = headlines(bill)
    assert len(first) <= 10
    for word in ("energy", "time", "power", "area", "largest"):
        assert any(line.split()[0] == word for line in first[1:6])
    tables = bill_item_tables(bill)
    assert all(len(row) == len(table.headings) for table in tables for row in table.rows)
    notes = bill_item_notes(bill)
    numbers = {number for row in tables[0].rows for number in row[-1].strip("[]").split(", ")}
    assert all(any(note.startswith(f"[{number}] ") for note in notes) for number in numbers)
    assert any(note.startswith("not counted: activations (leaky_relu)") for note in notes)
    assert any(row[0] == "activations (leaky_relu)" and row[2] == "not counted" for row in tables[2].rows)


@given(st.floats(1e-17, 9.9e8), st.integers(3, 6))
def test_a_quantity_is_printed_below_a_thousand_of_its_unit_and_is_that_value(value, digits):
    number, unit = quantity_text(value, "J", digits).split()
    assert 1 <= float(number) < 1000
    factor = dict(zip("MkmµnpfaJ", (1e6, 1e3, 1e-3, 1e-6, 1e-9, 1e-12, 1e-15, 1e-18, 1.0), strict=True))
    assert float(number) * factor[unit[0]] == pytest.approx(value, rel=10.0 ** (1 - digits))
