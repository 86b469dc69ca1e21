import numpy as np
import pytest

from spingan.circuits.am_dcgan_network import (
    BRIGHT_V,
    LEVELS,
    CellCurves,
    Network,
    draw_network,
    draw_pictures,
    node_values,
)
from spingan.circuits.memristive_parts import FEEDBACK_OHM, LOAD_OHM, OFF_OHM, ON_OHM
from spingan.errors import UserError

NETWORK, PICTURES = draw_network(0), draw_pictures(3, 0)


@pytest.fixture(scope="module")
def values():
    return node_values(NETWORK, PICTURES)


def test_a_columns_voltage_is_the_load_dividers(values):
    for picture, channel, y, x in ((0, 0, 0, 0), (1, 1, 3, 7), (2, 0, 7, 2)):
        rows, g = PICTURES[picture, y : y + 3, x : x + 3], NETWORK.first[channel]
        expected = (g * rows).sum() / (np.abs(g).sum() + 1 / LOAD_OHM)
        assert values["first"][picture, channel, y, x] == pytest.approx(expected, abs=1e-15)
    rows, g = values["first_mean"][1, :, 0:3, 1:4], NETWORK.second[1]
    expected = (g * rows).sum() / (np.abs(g).sum() + 1 / LOAD_OHM)
    assert values["second"][1, 1, 0, 1] == pytest.approx(expected, abs=1e-15)


def test_no_node_exceeds_the_largest_input_of_its_column(values):
    assert np.abs(values["first"]).max() < BRIGHT_V  # what paper M has the load for
    assert np.abs(values["second"]).max() < np.abs(values["first_mean"]).max()


def test_a_mean_is_that_of_its_four_and_the_dense_current_of_its_rows(values):
    assert values["first_mean"][2, 1, 3, 0] == pytest.approx(values["first_relu"][2, 1, 6:8, 0:2].mean(), abs=1e-15)
    expected = values["second_mean"][:, :, 0, 0] @ NETWORK.dense
    assert values["column_a"] == pytest.approx(expected, abs=1e-18)
    assert values["converted"] == pytest.approx(-FEEDBACK_OHM * expected, abs=1e-12)


def test_an_inverse_that_is_not_one_reaches_only_the_memristors_that_hang_on_it():
    def same(v):
        return v

    silent = CellCurves(np.abs, same, np.zeros_like, same, same, same)
    one = Network(NETWORK.first, np.abs(NETWORK.second), NETWORK.dense)
    positive = node_values(one, PICTURES, silent)["second"]
    assert positive == pytest.approx(
        node_values(one, PICTURES, CellCurves(np.abs, same, same, same, same, same))["second"]
    )
    negative = Network(NETWORK.first, -np.abs(NETWORK.second), NETWORK.dense)
    assert np.all(node_values(negative, PICTURES, silent)["second"] == 0)


def test_memristors_lie_on_64_levels_from_off_to_on_and_the_seed_is_the_net():
    g = np.abs(np.concatenate([draw_network(seed).second.ravel() for seed in range(20)]))
    level = (g - 1 / OFF_OHM) / (1 / ON_OHM - 1 / OFF_OHM) * (LEVELS - 1)
    assert level == pytest.approx(np.rint(level), abs=1e-9)
    assert (level.min().round(), level.max().round()) == (0, LEVELS - 1)
    assert np.array_equal(draw_network(3).first, draw_network(3).first)
    assert not np.array_equal(draw_network(3).first, draw_network(4).first)


def test_pictures_are_strokes_between_dark_and_bright():
    pictures = draw_pictures(20, 1)
    assert pictures.min() == 0.0
    assert pictures.max() == BRIGHT_V
    assert np.all(pictures.max(axis=(1, 2)) > 0.5 * BRIGHT_V)
    with pytest.raises(UserError, match="0 pictures"):
        draw_pictures(0, 1)
