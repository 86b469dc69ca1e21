"""The paper's printed numbers, and how they follow from unrounded ones."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spingan.errors import UserError
from spingan.papers.paper import paper_numbers
from spingan.papers.printed import explain_rounding
from spingan.spec.technology import load_technology


@pytest.mark.parametrize(
    ("printed", "computed", "rounding"),
    [
        ("74.7", 74.785, "truncate"),
        ("24.72", 24.7185, "round"),
        ("4.9", 4.9011, "round or truncate"),
        ("34.44", 3 * 11.48, "exact"),
        ("493", 469, "none"),
        ("0.3", 0.25, "round"),
        ("60000", 60000, "exact"),
    ],
)
def test_a_printed_number_is_explained_by_rounding_or_cutting(printed, computed, rounding):
    assert explain_rounding(printed, computed) == rounding


@given(st.floats(0.001, 1e5), st.integers(0, 6))
def test_what_is_cut_or_rounded_is_always_recognised(value, decimals):
    rounded = str(round(Decimal(f"{value:.12g}"), decimals))
    assert explain_rounding(rounded, value) != "none" or (Decimal(f"{value:.12g}") * 10**decimals) % 1 == Decimal("0.5")


@given(st.floats(0.1, 1e5))
def test_a_number_two_last_places_away_is_explained_by_nothing(value):
    assert explain_rounding(f"{value + 0.02:.2f}", value) == "none"


def test_the_published_technology_has_the_energies_that_the_paper_prints():
    paper, technology = paper_numbers(), load_technology("skyrmion-published")
    assert technology.activations["leaky_relu"].energy_j == pytest.approx(paper.leaky_relu_energy_j)
    assert technology.activations["relu"].energy_j == pytest.approx(paper.relu_energy_j)
    assert technology.synapse is not None
    assert technology.synapse.write.energy_j == pytest.approx(paper.state_update_energy_j)
    assert technology.synapse.states == 2**paper.weight_bits


def test_a_row_that_the_table_lacks_is_refused_with_those_that_it_has():
    with pytest.raises(UserError, match=r"no row 'mnist'\n.*fashion-mnist, anime-faces"):
        paper_numbers().cell("mnist")
