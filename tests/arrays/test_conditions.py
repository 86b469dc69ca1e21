"""A chip's conditions: whatever is given for a number is a number in its range, or one line that names it."""

from dataclasses import fields

import numpy as np
import pytest

from spingan.arrays.conditions import ChipConditions, conditions_from
from spingan.errors import UserError

NAMES = [field.name for field in fields(ChipConditions) if field.name not in ("programming_noise", "read_noise")]
NO_NUMBERS = ("3", None, [1], np.ones(2), float("nan"), float("inf"), -1, 10**400)


@pytest.mark.parametrize("wrong", NO_NUMBERS, ids=lambda one: str(one)[:10])
@pytest.mark.parametrize("name", NAMES)
def test_what_is_no_number_of_its_range_is_one_line(name, wrong):
    if name in ("calibration", "trim_reads") and isinstance(wrong, int) and wrong > 0:
        return  # a number, if one that takes for ever
    with pytest.raises(UserError) as caught:
        ChipConditions(**{name: wrong})
    assert "\n" not in caught.value.problem and caught.value.remedy


@pytest.mark.parametrize("setting", ["time_s=true", "stuck=yes", "read_noise=on", "read_noise.fraction=true"])
def test_a_truth_value_is_no_condition(setting):
    with pytest.raises(UserError, match="truth value"):
        conditions_from([setting])


def test_of_a_condition_that_is_set_twice_the_last_counts():
    assert conditions_from(["stuck=0.1", "stuck=0.2"]).stuck == 0.2
