"""What a comparison comes to: only what was computed can match."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spingan.papers.judge import judge
from spingan.papers.printed import PrintedRow
from spingan.papers.rows import Value

ROW = PrintedRow(
    paper="S", group="wall", what="position", where="V-A3", printed="83", unit="nm", kind="predicted", of="position",
    rule="equals", source="leaky-relu", value="position", why="its flat zone", caution="assumed field", missing="",
)  # fmt: skip


NUMBERS = st.floats(80, 86) | st.just(83.0)  # both sides of the tolerance, and the printed number itself


@given(NUMBERS, st.sampled_from(["input", "fitted"]))
def test_what_was_taken_from_the_paper_or_fitted_to_it_never_matches(number, kind):
    assert judge(replace(ROW, kind=kind), Value(number, "nm")).status in ("taken", "differs")


@given(NUMBERS, st.sampled_from(["arithmetic", "predicted"]))
def test_what_was_computed_is_never_called_taken(number, kind):
    assert judge(replace(ROW, kind=kind), Value(number, "nm")).status in ("matches", "differs")


def test_a_predicted_number_matches_within_its_tolerance_and_else_differs_with_the_reason():
    near, far = judge(ROW, Value(81.8, "nm")), judge(ROW, Value(70.0, "nm"))
    assert (near.status, far.status) == ("matches", "differs")
    assert "its flat zone" in far.reason and "-13 nm" in far.reason
    assert "its flat zone" not in near.reason and "assumed field" in near.reason


def test_an_input_that_the_package_has_otherwise_differs():
    row = replace(ROW, kind="input", printed="300")
    assert judge(row, Value(300, "nm")).status == "taken"
    assert judge(row, Value(50, "nm")).status == "differs"


def test_without_a_value_a_row_needs_what_is_missing():
    assert judge(ROW, None, "nothing is stored").reason == "nothing is stored"
    assert judge(replace(ROW, missing="the images"), None, "nothing is stored").reason == "the images"


def test_a_result_that_found_nothing_differs_and_says_so():
    verdict = judge(ROW, Value(None, "nm", "the wall is annihilated"))
    assert verdict.status == "differs" and "the wall is annihilated" in verdict.reason


def test_ours_is_compared_in_the_printed_unit():
    row = replace(ROW, printed="9.16", unit="fJ", of="energy")
    assert judge(row, Value(0.00916, "pJ")).reason.startswith("exactly")
    with pytest.raises(ValueError, match="no fJ"):
        judge(row, Value(9.16, "nm"))
