"""Tables of the bill for people."""

import pytest

from spingan.nn.cost import cost
from spingan.reports.tables import bill_sections, energy_text, print_bill
from spingan.spec.technology import load_technology


@pytest.fixture(scope="module")
def bill():
    return cost(
        "fashion", load_technology("skyrmion-published"), images=60_000, batch_size=128, printed_key="fashion-mnist"
    )


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


def test_every_row_is_as_long_as_its_headings(bill):
    for section in bill_sections(bill):
        assert section.rows
        assert all(len(row) == len(section.headings) for row in section.rows)
        assert all(column < len(section.headings) for column in section.right)


def test_printed_and_computed_figures_stand_in_columns_of_their_own(bill):
    table = bill_sections(bill)[0]
    row = next(row for row in table.rows if row[0] == "training, an image")
    assert row[1:3] == ("14.97", "14.97227")


def test_the_printed_bill_shows_the_table_the_slips_and_what_is_not_counted(bill, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    print_bill(bill)
    shown = capsys.readouterr().out
    for piece in (
        "4.901068",
        "493",
        "469",
        "not counted",
        "assumed",
        "583 times the activations",
        "493 batches do not",
    ):
        assert piece in shown


def test_a_bill_without_devices_still_prints(capsys):
    print_bill(cost("fashion", load_technology("ideal"), images=10, batch_size=2))
    assert "not counted" in capsys.readouterr().out
