"""Components as tables for people."""

from spingan.cost_tables import components
from spingan.reports.component_tables import component_notes, component_sections
from spingan.training.recipe import load_recipe

PAPER_M = components(load_recipe("fashion-mnist").model_copy(update={"name": "mnist-memristive", "net": "am-dcgan"}))


def test_every_row_is_as_long_as_its_headings():
    for section in component_sections(PAPER_M):
        assert section.rows
        assert all(len(row) == len(section.headings) for row in section.rows)
        assert all(column < len(section.headings) for column in section.right)


def test_what_table_one_has_no_cell_for_is_not_counted():
    notes = " ".join(component_notes(PAPER_M))
    assert "not counted" in notes and "tanh" in notes
    rows = {row[0]: row for row in component_sections(PAPER_M)[1].rows}
    assert rows["memristor"][2:] == ("not counted", "not counted")


def test_the_small_pair_s_solutions_are_many():
    assert "cannot be told from the total" in component_notes(PAPER_M)[-1]
