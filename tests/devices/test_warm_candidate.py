"""A candidate for warm devices: limits of manufacture, the weighted fit of both branches, what averaging does."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spingan.devices.wall_curve import leaky
from spingan.devices.wall_tracks import FILE as TRACKS
from spingan.devices.wall_tracks import THICKNESSES_M, WIDTHS_M, read_tracks, track_constants
from spingan.devices.warm_candidate import constants_for, count_of, device_from, fit_branches, full_scale_s, judge
from spingan.devices.warm_goal import InputWeight, Limits, WarmGoal
from spingan.errors import UserError

GOAL = WarmGoal(0.2, 20e-6, 300.0)
NUMBERS = np.array([0.25, 0.9, 0.4, 0.05, 0.9, 0.9, 0.35, 1.0, 0.3, 0.8])  # holds its wall over ±20 µA
ROUNDING_M = 2e-11


@given(numbers=st.lists(st.floats(0, 1), min_size=13, max_size=13), smallest_nm=st.sampled_from([5.0, 10.0, 14.0]))
@settings(max_examples=200, deadline=None)
def test_nothing_on_a_candidate_is_smaller_than_the_limit(numbers, smallest_nm):
    smallest = smallest_nm * 1e-9
    goal = replace(GOAL, limits=Limits(smallest))
    for two in (False, True):
        device, averaging_s = device_from(goal, np.array(numbers[: count_of(two)]), two)
        for junction in device.detectors:
            x0, x1, y0, y1 = junction.corners_m
            assert min(x1 - x0, y1 - y0) >= smallest - ROUNDING_M
        assert len(device.detectors) == 1 + two
        if two:
            left, right = device.detectors
            assert right.x0_m - left.x1_m >= smallest - ROUNDING_M
        assert min(device.width_m, device.exchange_bias.length_m) >= smallest - ROUNDING_M
        for value, (low, high) in (
            (device.length_m, goal.limits.length_m),
            (device.width_m, goal.limits.width_m),
            (device.film.thickness_m, goal.limits.thickness_m),
        ):
            assert low - ROUNDING_M <= value <= high + ROUNDING_M
        assert 0 < averaging_s <= goal.averaging_s * (1 + 1e-9)


@pytest.mark.parametrize("smallest_m", [0.0, -1e-9, float("nan"), 60e-9])
def test_limits_that_leave_no_design_are_refused(smallest_m):
    with pytest.raises(UserError, match=r"smallest extent|leave no design"):
        Limits(smallest_m)
    with pytest.raises(UserError, match="not calibrated for a width of 400 nm"):
        Limits(width_m=(10e-9, 400e-9))


def test_the_fit_finds_the_slope_and_the_errors_of_each_branch_by_themselves():
    current = np.linspace(-1, 1, 41) * 20e-6
    ideal = 3e-4 + 5.0 * leaky(current, 0.2)
    found = fit_branches(current, ideal, np.ones(41), 0.2)
    assert found.slope == pytest.approx(0.2)
    assert found.error < 1e-9
    steep = fit_branches(current, ideal + np.where(current < 0, 0.1 * 5.0 * current, 0.0), np.ones(41), 0.2)
    assert steep.slope == pytest.approx(0.3)
    fine = np.linspace(-1, 1, 4001) * 20e-6
    wave = np.where(fine < 0, 2e-6 * np.sin(2 * np.pi * 40 * fine / 20e-6), 0.0)  # too fast for gain and zero
    waved = fit_branches(fine, 3e-4 + 5.0 * leaky(fine, 0.2) + wave, np.ones(4001), 0.2)
    assert waved.negative_error == pytest.approx(2e-6 / np.sqrt(2) / (20e-6 / np.sqrt(3)), rel=0.02)
    assert waved.positive_error < 0.01
    resting = fit_branches(current, 3e-4 + 5.0 * leaky(current, 0.05), np.ones(41), 0.0)
    assert resting.negative_error < 0.1  # a ReLU's resting branch has no signal: of the other's


def test_only_inputs_with_a_weight_decide_the_slope():
    current = np.linspace(-1, 1, 201)
    rounded = np.log1p(np.exp(20 * current)) / 20 * 0.8 + 0.2 * current  # a leaky ReLU whose kink is rounded
    wide = fit_branches(current, rounded, np.ones(201), 0.2).slope
    near = fit_branches(current, rounded, np.exp(-((current / 0.05) ** 2)), 0.2).slope
    assert wide == pytest.approx(0.2, abs=0.05)
    assert near > 0.35


def test_a_full_scale_that_the_inputs_never_see_makes_no_noise_smaller():
    current = np.linspace(-1, 1, 201) * 20e-6
    weight = np.exp(-((current / 2e-6) ** 2))
    straight = 3e-4 + 5.0 * leaky(current, 0.2)
    bent = straight + 50.0 * np.maximum(current - 10e-6, 0.0)  # steep beyond the inputs
    for output, part in ((straight, 1.0), (bent, 1e-4 / (bent[-1] - 3e-4))):
        fit = fit_branches(current, output, weight, 0.2)
        assert full_scale_s(fit, output[-1] - 3e-4, 20e-6) == pytest.approx(part * (output[-1] - 3e-4), rel=1e-3)


def test_weights_lose_nothing_on_their_way_to_the_nodes():
    rng = np.random.default_rng(0)
    share = np.sort(rng.normal(0, 0.08, 500).clip(-1, 1))
    inputs = InputWeight(share, np.full(500, 1 / 500), "drawn")
    nodes = inputs.nodes()
    assert nodes[0] == -1 and nodes[-1] == 1 and 0 in nodes
    assert inputs.on(nodes).sum() == pytest.approx(1)
    assert inputs.on(nodes) @ nodes == pytest.approx(share.mean())  # straight between nodes: the mean stays
    with pytest.raises(UserError, match="one side of zero"):
        InputWeight(np.array([0.1, 0.2]), np.array([0.5, 0.5]))


def test_noise_falls_and_energy_rises_as_averaging_grows():
    short, long = NUMBERS.copy(), NUMBERS.copy()
    short[7] = 0.3
    brief, lasting = (judge(GOAL, numbers, False) for numbers in (short, long))
    assert brief is not None and lasting is not None
    ratio = lasting.averaging_s / brief.averaging_s
    assert lasting.noise < brief.noise
    assert lasting.noise == pytest.approx(brief.noise / np.sqrt(ratio), rel=0.15)  # many memories long
    assert lasting.energy_j > brief.energy_j


def test_a_device_without_a_wall_over_its_range_has_no_figures():
    assert judge(replace(GOAL, range_a=200e-6), NUMBERS, False) is None


def test_a_track_has_constants_only_where_the_solver_was_run():
    for width_m in WIDTHS_M:
        for thickness_m in THICKNESSES_M:
            found = track_constants(width_m, thickness_m)
            assert 0.8 < found.drive < 1.3
    assert len(read_tracks(TRACKS)) == len(WIDTHS_M) * len(THICKNESSES_M)
    assert max(track.largest_error_m for track in read_tracks(TRACKS)) < 2e-9
    device, _ = device_from(GOAL, NUMBERS, False)
    wall, heat, note = constants_for(device)
    assert "in heat those of the" in note and heat.energy != 1 and wall.drive != 1


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"temperature_k": -1.0}, "0 or more"),
        ({"temperature_k": 0.0}, "no noise to design for"),
        ({"temperature_k": 1200.0}, "Curie point"),
        ({"averaging_s": 1e-12}, "averaging time"),
        ({"slope": 0.9}, "limits are 0.05 and 0.5"),
        ({"noise": 0.0}, "noise is 0"),
    ],
)
def test_a_goal_that_makes_no_sense_is_refused(changes, words):
    with pytest.raises(UserError) as refused:
        replace(GOAL, **changes)
    assert words in f"{refused.value.problem} {refused.value.remedy}"
