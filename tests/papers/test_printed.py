"""Every printed number has what a reader needs to find and to judge it."""

from collections import Counter

import pytest

from spingan.papers.judge import TOLERANCES
from spingan.papers.printed import KINDS, half_last_place, numbers_in, printed_rows, significant
from spingan.papers.sources import LIVE_BY_NAME, SLOW_BY_NAME

ROWS = printed_rows()


def test_both_papers_have_their_numbers_listed():
    by_paper = Counter(row.paper for row in ROWS)
    assert by_paper["S"] >= 100 and by_paper["M"] >= 50  # some 140 and 60 figures are printed as results or parameters


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.paper}: {row.what}")
def test_every_row_has_place_unit_kind_and_a_way_to_ours_or_what_it_lacks(row):
    assert row.where and row.unit and numbers_in(row.printed)
    assert row.kind in KINDS
    assert row.rule in ("equals", "at most", "at least", "range")
    assert row.source is not None or row.missing
    assert {row.source, *row.beside} - {None} <= {*LIVE_BY_NAME, *SLOW_BY_NAME}
    assert len(numbers_in(row.printed)) == 2 or row.rule != "range"


def test_what_is_fitted_or_predicted_has_a_kind_of_quantity_and_nothing_else_has():
    for row in ROWS:
        assert (row.of in TOLERANCES) == (row.kind in ("fitted", "predicted")), row.what


def test_no_quantity_is_listed_twice():
    counted = Counter((row.paper, row.group, row.what) for row in ROWS)
    assert [name for name, number in counted.items() if number > 1] == []


def test_a_printed_text_keeps_the_digits_of_each_of_its_numbers():
    assert numbers_in("-34.5, 34.5") == (("-34.5", -34.5), ("34.5", 34.5))
    assert numbers_in("2e-4") == (("2e-4", 2e-4),)
    assert half_last_place("12.90") == pytest.approx(0.005)
    assert half_last_place("83") == 0.5
    assert significant("17.2000") == "17.2"


def test_the_devices_own_comparisons_print_the_same_numbers():
    from spingan.devices import domain_wall, published

    rows = [row for row in ROWS if row.group == "leaky ReLU, device" and row.rule == "equals"]
    printed = {row.what: float(row.printed) for row in rows if "," not in row.printed}
    for current, conductance in published.CONDUCTANCES_MS.items():
        assert printed[f"conductance at {current * 1e6:+g} µA"] == conductance
    below, above = domain_wall.LIMITS_A
    assert printed["annihilating current below zero"] == pytest.approx(below * 1e6)
    assert printed["annihilating current above zero"] == pytest.approx(above * 1e6)
