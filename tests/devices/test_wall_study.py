from dataclasses import replace

import numpy as np
import pytest
from small_wall import DEVICE, PLAN, SETUP

from spingan.devices.wall_device import CONVENTIONS
from spingan.devices.wall_study import (
    annihilation_limit,
    place_wall,
    rest,
    rest_chain,
    run_tasks,
    settle,
    settling_time_s,
    sweep,
)
from spingan.errors import UserError

SHORT_S = 15e-12


def travel(setup, current_a):
    """How far the wall goes in a short time from where it was placed, in metres."""
    run = settle(setup, current_a, place_wall(setup, 32e-9), longest_s=SHORT_S)
    return run.position_m - 32e-9


@pytest.mark.parametrize("convention", CONVENTIONS)
def test_a_positive_current_moves_the_wall_to_larger_x_and_a_negative_one_back(convention):
    setup = replace(SETUP, convention=convention)
    assert travel(setup, 8e-6) > 0.2e-9
    assert travel(setup, -8e-6) == pytest.approx(-travel(setup, 8e-6), rel=1e-3)  # the small device is symmetric


@pytest.mark.parametrize(
    "change", [{"left_domain": -1}, {"film": replace(DEVICE.film, interfacial_dmi_j_per_m2=-3e-3)}]
)
def test_domains_or_dmi_the_other_way_round_keep_the_direction(change):
    turned = replace(SETUP, device=replace(DEVICE, **change))
    assert travel(turned, 8e-6) == pytest.approx(travel(SETUP, 8e-6), rel=1e-3)


def test_the_magnet_section_pushes_hardest_and_the_printed_formula_least():
    by_strength = ("printed-formula", "textbook", "magnet-section")
    found = [travel(replace(SETUP, convention=convention), 5e-6) for convention in by_strength]
    assert found == sorted(found)
    assert found[2] > 1.5 * found[1]


def test_the_wall_settles_where_the_profile_balances_the_current(small_study):
    positions = [point.position_m for point in small_study.points]
    assert positions == sorted(positions)
    assert all(point.still and point.settling_s is not None for point in small_study.points)
    # Left and right of the device are mirror images, so the positions are, too.
    assert np.add(positions, positions[::-1]) == pytest.approx(np.full(5, 64e-9), abs=0.05e-9)


def test_with_one_well_the_wall_comes_home_from_both_sides(small_study):
    assert small_study.after_positive.position_m == pytest.approx(32e-9, abs=0.3e-9)
    assert small_study.after_negative.position_m == pytest.approx(32e-9, abs=0.3e-9)


def test_a_current_beyond_the_pinning_annihilates_the_wall_and_says_so(small_study):
    lost = settle(SETUP, 40e-6, small_study.rest.m)
    assert lost.annihilated
    assert lost.settling_s is None
    assert not lost.still
    assert lost.time_s[-1] < 0.1e-9  # it is reported when it happens, not after the longest time


@pytest.mark.slow
def test_the_annihilating_current_lies_between_one_that_holds_and_one_that_does_not(small_study):
    limit = annihilation_limit(SETUP, small_study.rest.m, 18e-6, 30e-6)
    assert limit.lost_a is not None
    assert 0 <= limit.held_a < limit.lost_a <= 30e-6
    assert limit.lost_a - limit.held_a <= 0.02 * limit.lost_a
    assert settle(SETUP, limit.lost_a, small_study.rest.m).annihilated


def test_a_device_that_cannot_hold_a_wall_is_refused():
    biased = replace(SETUP, device=replace(DEVICE, bias_current_a=40e-6))
    with pytest.raises(UserError, match="without an input the wall leaves the track from 32 nm"):
        rest(biased, 32e-9)


def test_a_sweep_ends_where_the_wall_is_lost(small_study):
    runs = sweep(SETUP, (40e-6, 0.0), small_study.rest.m)
    assert [run.annihilated for run in runs] == [True]


def test_a_wall_outside_the_track_cannot_be_placed():
    with pytest.raises(UserError, match="a wall at 70 nm is not on the track of 64 nm"):
        place_wall(SETUP, 70e-9)


def test_the_settling_time_is_the_last_return_into_the_band():
    time = np.arange(6.0)
    assert settling_time_s(time, np.array([0.0, 5.0, 12.0, 9.0, 10.1, 10.0]), band=0.5) == 4.0
    assert settling_time_s(time, np.full(6, 3.0), band=0.5) == 0.0


def test_a_run_that_takes_too_long_is_given_up_with_the_limit_named():
    hurried = replace(SETUP, time_limit_s=1e-3)
    with pytest.raises(UserError, match=r"small at \+3 µA: .*time limit of 0\.001 s"):
        settle(hurried, 3e-6, place_wall(hurried, 32e-9))
    with pytest.raises(UserError, match=r"small at -3 µA: relax: .*time limit 0\.001 s"):
        rest_chain(hurried, [-3e-6], place_wall(hurried, 32e-9))


def _fail():
    raise UserError("the problem", "the remedy")


@pytest.mark.parametrize("workers", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_tasks_come_back_in_their_order_and_errors_as_they_were(workers):
    told = []
    tasks = [(max, (1, 2)), (min, (1, 2)), (sum, ([3, 4],))]
    assert run_tasks(tasks, workers, "sums", lambda *told_of: told.append(told_of)) == [2, 1, 7]
    assert told == [("sums", done, 3) for done in range(4)]
    with pytest.raises(UserError, match="the problem\n  the remedy"):
        run_tasks([(_fail, ()), (max, (1, 2))], workers)


def test_no_workers_are_refused():
    with pytest.raises(UserError, match="workers is 0"):
        run_tasks([(max, (1, 2))], 0)


def test_a_plan_without_zero_or_full_scale_is_refused():
    with pytest.raises(UserError, match="do not rise, or 0 is not among them"):
        replace(PLAN, currents_a=(-5e-6, 5e-6))
    with pytest.raises(UserError, match="full scale of 5 µA"):
        replace(PLAN, currents_a=(-5e-6, 0.0, 4e-6))
