"""The tables of paper M for any recipe."""

import pytest

from spingan.cost_tables import parse_schedule, write_schedules
from spingan.errors import UserError


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
