"""How near is near enough: fixed by kind of quantity, and stated with a reason."""

from pathlib import Path

import pytest

from spingan.papers.judge import TOLERANCES, rounds_to, within

DOCS = Path(__file__).parents[2] / "docs" / "reproduction.md"


@pytest.mark.parametrize(
    ("kind", "printed", "near", "far"),
    [
        ("position", "87.8687", 86.87, 86.86),  # one cell, and nothing to speak of for four decimals
        ("position", "83", 81.51, 81.49),  # one cell and half a nanometre
        ("slope", "0.2", 0.1901, 0.1899),  # nominal: its one decimal stands for no more
        ("time", "0.2", 0.1001, 0.0999),
        ("current", "-41.4", -43.51, -43.6),
        ("energy", "0.192", 0.2308, 0.2311),
        ("circuit", "7.4000", 14.79, 14.81),
        ("count", "64", 63.01, 62.99),
    ],
)
def test_a_predicted_number_matches_within_the_limit_of_its_kind_and_not_beyond(kind, printed, near, far):
    assert within(kind, printed, "equals", (near,))
    assert not within(kind, printed, "equals", (far,))


def test_a_limit_is_a_limit_whatever_the_kind():
    assert within("time", "10", "at most", (0.6,))
    assert not within("time", "10", "at most", (10.6,))
    assert within("limit", "30", "at least", (30.0,))
    assert not within("limit", "30", "at least", (29.0,))
    assert within("loss", "2 to 6", "range", (1.6, 6.4))
    assert not within("loss", "2 to 6", "range", (2.0, 6.6))


def test_arithmetic_must_give_the_printed_digits():
    assert rounds_to("24.72", (24.7185,)) == "round"
    assert rounds_to("74.7", (74.785,)) == "truncate"
    assert rounds_to("2.80000", (2.8333,)) is not None  # zeros that fill it up
    assert rounds_to("493", (469,)) is None
    assert rounds_to("4, 5, 6, 8", (4, 5, 6, 8)) == "exact"
    assert rounds_to("4, 5, 6, 8", (4, 5, 6)) is None


def test_the_documentation_states_every_tolerance_as_the_code_has_it():
    text = DOCS.read_text(encoding="utf-8")
    for tolerance in TOLERANCES.values():
        assert f"| {tolerance.kind} | {tolerance.text()} | {tolerance.reason} |" in text
