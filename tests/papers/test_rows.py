import pytest

from spingan.papers.rows import Row, beside, printed_at
from spingan.tabular import Figure


def test_a_row_holds_no_rounding_noise():
    row = Row("whole operation", 305, 122 * 2.4999999999999996, "ns")
    assert 122 * 2.4999999999999996 != 305
    assert row.to_dict() == {"quantity": "whole operation", "printed": 305, "ours": 305.0, "unit": "ns", "note": ""}


def test_twelve_digits_of_a_number_survive():
    assert Row("a current", None, 1.23456789012e-5, "A").ours == 1.23456789012e-5
    assert Figure("a current", 1.23456789012345e-5, "A").value == 1.23456789012e-5


def test_a_printed_number_stands_beside_the_figure_of_its_name_in_the_figures_unit():
    figures = [
        Figure("wall position at -34.5 µA", 12.9, "nm"),
        Figure("energy of an evaluation, current by textbook", 1.0, "pJ"),
        Figure("a number that no paper prints", 1.0, "1"),
    ]
    same = {"energy of an": ("circuit-relu", "energy of an evaluation, current by magnet-section")}
    rows = beside(figures, "leaky-relu", same)
    assert [row.printed for row in rows] == [12.90, pytest.approx(9.16e-3), None]


def test_what_is_printed_at_several_currents_is_found_by_current():
    assert printed_at("leaky-relu", "conductance at ") == {34.5e-6: 0.1331, -34.5e-6: 0.1036}
