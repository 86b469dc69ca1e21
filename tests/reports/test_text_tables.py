"""Tables of text: numbers with their prefix, layouts, and the bill of a net."""

import csv
import io

import pytest

from spingan.nn.cost import pair_bill
from spingan.reports.bill_tables import bill_notes, bill_tables
from spingan.reports.tables import energy_text, markdown_text
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


def test_a_bill_s_table_marks_lower_bounds_and_its_notes_say_what_is_missing():
    bill = pair_bill("fashion", load_technology("wox-memristor"))
    generator, discriminator = bill_tables(bill)
    assert all(len(row) == len(table.headings) for table in (generator, discriminator) for row in table.rows)
    assert generator.rows[-1][0] == "one image" and generator.rows[-1][2].startswith("> ")
    assert any("tanh" in row[0] for row in generator.rows)
    assert any(note.startswith("not counted, cells: ") for note in bill_notes(bill))
