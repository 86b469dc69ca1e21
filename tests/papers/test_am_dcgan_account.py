"""Paper M's account of any recipe: the components of its nets, and its write schedules."""

import pytest

from spingan.costs.bill import Component
from spingan.errors import UserError
from spingan.nn.am_dcgan import AM_DCGAN
from spingan.nn.counting import count_family
from spingan.nn.dcgan import LATENT_SIZE
from spingan.papers.am_dcgan_account import (
    SHARINGS,
    component_table,
    components,
    parse_schedule,
    write_schedules,
)
from spingan.spec.technology import load_technology
from spingan.training.recipe import Recipe, load_recipe

COUNTS = count_family(
    AM_DCGAN, load_technology("ideal").model_copy(update={"encoding": "differential_pair"}), LATENT_SIZE
)
CELLS = {"relu": Component("relu", power_w=2.0, area_m2=3.0), "op-amp": Component("op-amp", area_m2=5.0)}


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
    table = component_table(count_family(AM_DCGAN, load_technology("wox-memristor"), LATENT_SIZE), CELLS, "value")
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


def test_a_pair_that_paper_m_does_not_describe_has_our_block_alone():
    tables = write_schedules("fashion-mnist")
    assert tables.implied is None and tables.to_dict()["implied_by_the_paper"] is None
    assert tables.ours.updates == 60_000 * 300
    assert {cost.write_time_s for cost in tables.ours.costs} == {2.2e-9}  # the synapse's own pulse


def test_a_schedule_of_the_users_own_is_rows_by_columns():
    schedule = parse_schedule("9x1")
    assert (schedule.rows, schedule.columns) == (9, 1)
    (cost,) = write_schedules("fashion-mnist", schedules=(schedule,)).ours.costs
    assert cost.pulses == 2304 // 9 * 512


@pytest.mark.parametrize("text", ["", "9", "0x1", "9x", "1x1x1", "-1x1", "9 x 1", "a"])
def test_what_is_no_schedule_is_refused(text):
    with pytest.raises(UserError, match="not of the form"):
        parse_schedule(text)


def _paper_m() -> Recipe:
    changed = {"name": "mnist-memristive", "net": "am-dcgan", "epochs": 50}
    return load_recipe("fashion-mnist").model_copy(update=changed)


def test_paper_m_s_pair_has_both_blocks_side_by_side_and_apart():
    tables = write_schedules(_paper_m()).to_dict()
    assert tables["implied_by_the_paper"]["tag"] == "reverse-engineered"
    pulses = {cost["schedule"]: cost["pulses"] for cost in tables["ours"]["costs"]}
    assert pulses["sequential"] == 627_200 and pulses["column-parallel"] == 3200
    assert not {"printed", "implied"} & set(tables["ours"]["costs"][0])


def test_the_small_pair_is_set_beside_its_printed_total_only_for_paper_m():
    found = components(_paper_m())
    assert found.small is not None and [sums.meets for sums in found.small_sums] == [False, False]
    assert [table.name for table in found.small_tables] == ["small pair"] * 2
    other = components("fashion-mnist")
    assert other.small is None and not other.small_tables


@pytest.mark.slow
def test_our_own_cells_price_the_same_counts_in_tables_of_their_own(ngspice):
    found = components(_paper_m(), measure=True)
    assert found.measured is not None and set(found.measured) > set(found.printed)  # tanh has no row in Table I
    for printed, measured in zip(found.pair, found.measured_pair, strict=True):
        assert printed.counts == measured.counts and printed.power_w != measured.power_w
    cell = found.measured["relu"]
    total = next(total for total in found.measured_pair[0].totals if total.component == "relu")
    assert cell.power_w is not None and total.power_w == pytest.approx(total.count * cell.power_w)
