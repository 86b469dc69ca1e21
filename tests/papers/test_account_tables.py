"""The papers' accounts as tables for people."""

from dataclasses import replace

import pytest

from spingan.papers.account_tables import (
    account_notes,
    account_tables,
    component_notes,
    component_tables,
    schedule_notes,
    schedule_tables,
)
from spingan.papers.am_dcgan import implied_table
from spingan.papers.am_dcgan_account import components, write_schedules
from spingan.papers.training_account import account_of_recipe
from spingan.reports.tables import print_tables
from spingan.training.recipe import load_recipe

ACCOUNT = account_of_recipe("fashion-mnist")
PAPER_M = components(load_recipe("fashion-mnist").model_copy(update={"name": "mnist-memristive", "net": "am-dcgan"}))
OURS = write_schedules("fashion-mnist")
BOTH = replace(OURS, implied=implied_table())


@pytest.mark.parametrize("tables", [account_tables(ACCOUNT), component_tables(PAPER_M), schedule_tables(BOTH)])
def test_every_row_is_as_long_as_its_headings(tables):
    for table in tables:
        assert table.rows
        assert all(len(row) == len(table.headings) for row in table.rows)
        assert all(column < len(table.headings) for column in table.right)


def test_printed_and_computed_figures_stand_in_columns_of_their_own():
    row = next(row for row in account_tables(ACCOUNT)[0].rows if row[0] == "training, an image")
    assert row[1:3] == ("14.97", "14.97227")


def test_the_printed_account_shows_the_table_the_slips_and_what_is_not_counted(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    print_tables(account_tables(ACCOUNT), account_notes(ACCOUNT))
    shown = capsys.readouterr().out
    pieces = ("4.901068", "493", "469", "not counted", "assumed", "583 times the activations", "493 batches do not")
    assert all(piece in shown for piece in pieces)


def test_an_account_without_devices_still_prints(capsys):
    account = account_of_recipe("fashion-mnist", ("technology=ideal",))
    print_tables(account_tables(account), account_notes(account))
    assert "not counted" in capsys.readouterr().out


def test_what_table_one_has_no_cell_for_is_not_counted():
    notes = " ".join(component_notes(PAPER_M))
    assert "not counted" in notes and "tanh" in notes
    rows = {row[0]: row for row in component_tables(PAPER_M)[1].rows}
    assert rows["memristor"][2:] == ("not counted", "not counted")


def test_the_small_pair_s_solutions_are_many():
    assert "cannot be told from the total" in component_notes(PAPER_M)[-1]


def test_what_a_paper_prints_and_ours_never_share_a_table_of_schedules():
    titles = [table.title for table in schedule_tables(BOTH)]
    assert [("reverse-engineered" in title, "Our schedules" in title) for title in titles[:4]] == (
        [(True, False)] * 2 + [(False, True)] * 2
    )
    assert all("printed" not in table.headings for table in schedule_tables(BOTH)[2:])
    assert len(schedule_tables(OURS)) == len(titles) - 2


def test_the_cells_that_cannot_be_right_are_named_below():
    assert "17.2000 W" in schedule_notes(BOTH)[0] and "cannot be right" in schedule_notes(BOTH)[0]
