"""Components of paper M's architecture, counted for a pair of nets."""

import pytest

from spingan.costs.components import SHARINGS, CellCost, component_table
from spingan.nn.am_dcgan import AM_DCGAN
from spingan.nn.cost import counts_of_pair
from spingan.spec.technology import load_technology

COUNTS = counts_of_pair(AM_DCGAN, load_technology("ideal").model_copy(update={"encoding": "differential_pair"}))
CELLS = {"relu": CellCost(2.0, 3.0, "test"), "op-amp": CellCost(None, 5.0, "test")}


def _uses(sharing, layer):
    table = component_table(COUNTS, CELLS, sharing)
    return [(use.component, use.count) for use in table.uses if use.layer == layer]


def test_a_filter_whose_positions_take_turns_has_one_cell_and_one_that_does_not_has_a_cell_a_value():
    assert _uses("column", "discriminator.act1") == [("relu", 128)]
    assert _uses("value", "discriminator.act1") == [("relu", 128 * 14 * 14)]


def test_a_dense_layer_s_columns_share_one_converter_and_one_relu():
    assert ("op-amp", 1) in _uses("column", "generator.dense") and ("op-amp", 6272) in _uses("value", "generator.dense")
    assert _uses("column", "generator.act1") == [("relu", 1)]
    assert ("thresholding circuit", 100) in _uses("column", "generator.dense")


def test_a_crossbar_has_two_cells_a_weight_a_switch_on_each_line_and_a_load_on_each_column():
    assert _uses("column", "generator.conv1") == [
        ("memristor", 3200 * 128),
        ("crossbar switch", 3200 + 128),
        ("memristor", 128),
    ]
    assert _uses("value", "generator.conv1")[0] == ("memristor", 3200 * 128 * 14 * 14)


def test_the_mean_of_four_is_four_memristors_and_a_load_whatever_the_technology_calls_it():
    assert _uses("column", "discriminator.mean") == [("memristor", 128 * 5)]
    table = component_table(counts_of_pair(AM_DCGAN, load_technology("wox-memristor")), CELLS, "value")
    (use,) = [use for use in table.uses if use.layer == "discriminator.mean"]
    assert (use.component, use.count) == ("memristor", 128 * 7 * 7 * 5)


@pytest.mark.parametrize("sharing", SHARINGS)
def test_sums_hold_what_is_known_and_name_what_is_not(sharing):
    table = component_table(COUNTS, CELLS, sharing)
    relu, amplifiers = table.counts["relu"], table.counts["op-amp"]
    assert table.power_w == pytest.approx(2.0 * relu)
    assert table.area_m2 == pytest.approx(3.0 * relu + 5.0 * amplifiers)
    assert {"op-amp", "tanh", "memristor", "crossbar switch"} <= set(table.not_counted)
    assert "relu" not in table.not_counted
    assert sum(use.count for use in table.uses) == sum(table.counts.values())
