import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spingan.physics import mtj
from spingan.physics.mesh import Mesh

P, RA = 0.614, 2e-12


def test_julliere_gives_121_percent_at_the_papers_polarisation():  # docs/derivations.md, section 1
    assert mtj.julliere_tmr(P) == pytest.approx(1.21, abs=0.005)


def test_parallel_layers_conduct_as_ra_says_and_opposed_ones_less_by_the_tmr():
    parallel, opposed = mtj.conductance_per_area(np.array([1.0, -1.0]), RA, P)
    assert parallel == pytest.approx(1 / RA)
    assert parallel / opposed - 1 == pytest.approx(mtj.julliere_tmr(P))


@given(st.floats(-1, 1), st.floats(0, 0.99))
def test_at_low_bias_the_angle_enters_as_slonczewski_says(cosine, polarization):
    expected = (1 + polarization**2 * cosine) / (1 + polarization**2) / RA
    assert mtj.conductance_per_area(cosine, RA, polarization) == pytest.approx(expected, rel=1e-12)


def test_at_v_half_the_tmr_is_half_and_unknown_v_half_means_no_fall():
    assert mtj.biased_tmr(1.2, 0.4, 0.4) == pytest.approx(0.6)
    assert mtj.biased_tmr(1.2, 0.4, None) == 1.2
    parallel, opposed = mtj.conductance_per_area(np.array([1.0, -1.0]), RA, P, bias_v=-0.4, half_bias_v=0.4)
    assert parallel / opposed - 1 == pytest.approx(mtj.julliere_tmr(P) / 2)


@given(st.floats(0, 40), st.floats(0, 40), st.floats(0, 20), st.floats(0, 20))
def test_coverage_keeps_the_rectangles_area_wherever_it_lies(x0, width, y0, height):
    mesh = Mesh(nx=80, ny=40, dx_m=1.0, dy_m=1.0)
    covered = mtj.cell_coverage(mesh, x0, x0 + width, y0, y0 + height)
    assert covered.sum() == pytest.approx(width * height, abs=1e-8)
    assert covered.min() >= 0
    assert covered.max() <= 1


def test_coverage_of_a_rectangle_on_cell_borders_is_all_or_nothing():
    covered = mtj.cell_coverage(Mesh(nx=100, ny=23, dx_m=1e-9, dy_m=1e-9), 4e-9, 13e-9, 0.0, 7e-9)
    assert set(np.unique(covered)) == {0.0, 1.0}
    assert covered.sum() == 63


def test_a_map_half_reversed_conducts_as_the_mean_of_both_states():
    cosine = np.ones((4, 6))
    cosine[:, 3:] = -1
    area = np.full((4, 6), 2.0)
    up, down = mtj.conductance_per_area(np.array([1.0, -1.0]), RA, P)
    assert mtj.map_conductance_s(cosine, area, RA, P) == pytest.approx(24 * (up + down))


def test_every_skyrmion_under_a_junction_lowers_it_by_the_same_step():
    area, one = 1e-13, 3e-16
    steps = np.diff(mtj.partly_reversed_conductance_s(area, one * np.arange(65), RA, P))
    assert steps == pytest.approx(np.full(64, steps[0]))
    assert steps[0] < 0
    with pytest.raises(ValueError, match="reversed area"):
        mtj.partly_reversed_conductance_s(area, 2 * area, RA, P)


def test_the_divider_drives_ten_to_the_eleventh_amperes_through_the_junctions():  # docs/derivations.md, section 1
    assert mtj.read_current_density(0.33, RA, P) == pytest.approx(1e11, rel=0.25)


@pytest.mark.parametrize(("ra", "p", "half"), [(0.0, 0.5, None), (RA, 1.0, None), (RA, -0.1, None), (RA, 0.5, 0.0)])
def test_impossible_junctions_are_refused(ra, p, half):
    with pytest.raises(ValueError, match="is not"):
        mtj.conductance_per_area(1.0, ra, p, half_bias_v=half)
