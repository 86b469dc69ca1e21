"""The tables of paper M for any recipe."""

import pytest

from spingan.cost_tables import components, parse_schedule, write_schedules
from spingan.errors import UserError
from spingan.training.recipe import Recipe, load_recipe


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
