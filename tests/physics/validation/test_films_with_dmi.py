"""Films with interfacial DMI against exact profiles: the standard problem of 2018, a skyrmion on ever finer cells."""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))  # for the problems beside this file

import films_with_dmi as problem
import profiles


def test_the_exact_strip_tilts_at_its_edges_as_the_boundary_condition_says():
    """theta' = -D / (2 A) at both edges, and the first integral A theta'² - K sin² theta is the same everywhere."""
    x = np.linspace(0, 100e-9, 20_001)
    theta = profiles.strip(problem.PROBLEM, 100e-9, x)
    slope = np.gradient(theta, x, edge_order=2)
    film = problem.PROBLEM
    wanted = -film.interfacial_dmi_j_per_m2 / (2 * film.exchange_stiffness_j_per_m)
    assert slope[[0, -1]] == pytest.approx(wanted, rel=1e-3)
    first = film.exchange_stiffness_j_per_m * slope**2 - film.anisotropy_j_per_m3 * np.sin(theta) ** 2
    assert np.ptp(first) < 1e-3 * film.anisotropy_j_per_m3


@pytest.mark.parametrize(("cell_nm", "off"), [(2.0, 5e-3), (1.0, 1.5e-3)])
def test_the_strips_edges_tilt_along_the_exact_profile(cell_nm, off):
    beside = problem.strip(cell_nm * 1e-9)
    np.testing.assert_allclose(beside.m[0], np.sin(beside.exact_rad), atol=off)
    np.testing.assert_allclose(beside.m[2], np.cos(beside.exact_rad), atol=off)
    assert beside.m[0, 0] > 0.5 > -0.5 > beside.m[0, -1]  # a positive D tilts the edges inwards
    assert np.abs(beside.m[1]).max() < 1e-3


def test_the_discs_skyrmion_has_the_exact_profile():
    """The standard problem's disc, 100 nm across, 1 nm cells; its rim is a staircase, the skyrmion's wall is not."""
    beside, exact_m = problem.disc(problem.PROBLEM, 50e-9, 1e-9, guess_m=25e-9)
    assert exact_m == pytest.approx(22.03e-9, abs=0.01e-9)
    assert problem.radius_m(beside, exact_m) == pytest.approx(exact_m, rel=5e-3)
    error = beside.m[2] - np.cos(beside.exact_rad)
    assert np.sqrt(np.mean(error**2)) < 5e-3
    core = beside.x_m < 40e-9
    assert np.abs(error[core]).max() < 0.02


def relative_error(cell_nm):
    beside, exact_m = problem.disc(problem.CO_PT, 40e-9, cell_nm * 1e-9, guess_m=7e-9)
    return problem.radius_m(beside, exact_m) / exact_m - 1


def test_a_small_skyrmions_radius_converges_with_the_square_of_the_cell():
    """Radius 7.07 nm, wall parameter 5.05 nm: 3 % too small on 2 nm cells, a quarter of that on 1 nm cells."""
    errors = [relative_error(cell_nm) for cell_nm in (2.0, 1.0)]
    assert -0.04 < errors[0] < -0.02
    assert np.log2(errors[0] / errors[1]) == pytest.approx(2, abs=0.4)


@pytest.mark.slow
def test_the_radius_is_within_a_fifth_of_a_percent_at_half_a_nanometre_and_better_below():
    errors = [relative_error(cell_nm) for cell_nm in (1.0, 0.5, 0.25)]
    assert np.abs(errors) == pytest.approx([7e-3, 1.8e-3, 0.5e-3], rel=0.4)
