"""muMAG standard problem 4 against OOMMF's and mumax3's published numbers."""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))  # for the problem beside this file

import standard_problem_4 as problem


@pytest.fixture(scope="module")
def coarse():
    return problem.bar(100)  # 5 nm cells, the exchange length is 5.7 nm


def test_the_bar_rests_in_its_s_state(coarse):
    average = coarse[1].mean(axis=(1, 2))
    np.testing.assert_allclose(average, problem.S_STATE, atol=1e-3)  # 5 nm against 3.9 nm cells: 5e-4


def test_coarse_cells_cross_zero_at_oommfs_time_under_field_1(coarse):
    time_s, m = problem.reversal(*coarse, 1, duration_s=0.2e-9)
    assert problem.first_crossing_ps(time_s, m[:, 0]) == pytest.approx(problem.OOMMF_CROSSING_PS, abs=0.4)
    for time_ps in (50, 100, 150, 200):
        np.testing.assert_allclose(m[time_ps], problem.OOMMF_FIELD_1[time_ps], atol=0.01)


def test_field_2_turns_the_other_way_and_crosses_earlier(coarse):
    """The field lies beyond the y axis: the middle first turns to -y, and the stronger field is the faster."""
    time_s, m = problem.reversal(*coarse, 2, duration_s=0.16e-9)
    assert 136 < problem.first_crossing_ps(time_s, m[:, 0]) < 138  # 136.84 ps on 2.5 nm cells
    assert m[100, 1] < 0 < m[100, 0]


@pytest.mark.slow
def test_the_whole_reversal_is_oommfs_on_its_own_cells():
    """25 moments to 1 ns on 2.5 nm cells; a delay of 0.05 ps would change <my> by 0.001 where it is steepest."""
    system, s_state = problem.bar(200)
    time_s, m = problem.reversal(system, s_state, 1)
    assert problem.first_crossing_ps(time_s, m[:, 0]) == pytest.approx(problem.OOMMF_CROSSING_PS, abs=0.02)
    for time_ps, average in problem.OOMMF_FIELD_1.items():
        np.testing.assert_allclose(m[time_ps], average, atol=5e-4, err_msg=f"at {time_ps} ps")


@pytest.mark.slow
@pytest.mark.parametrize("number", [1, 2])
def test_the_state_after_a_nanosecond_is_mumax3s_on_its_own_cells(number):
    system, s_state = problem.bar(128)
    np.testing.assert_allclose(
        s_state.mean(axis=(1, 2)), problem.S_STATE, atol=5e-5
    )  # mumax3 computes in single precision
    _, m = problem.reversal(system, s_state, number)
    np.testing.assert_allclose(m[-1], problem.MUMAX3_END[number], atol=6e-3)
