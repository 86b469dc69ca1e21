"""Newell's tensor against what is known of it, and the FFT convolution against the plain sum."""

import math

import numpy as np
import pytest

from spingan.physics.constants import MU_0
from spingan.physics.demag import _far, _near, demagnetising_field_t, newell_tensor
from spingan.physics.mesh import Mesh


def test_a_cube_has_a_third_along_each_edge():
    xx, yy, zz, xy = newell_tensor(1, 1, 2e-9, 2e-9, 2e-9)
    assert [part[0, 0] for part in (xx, yy, zz)] == pytest.approx([1 / 3] * 3, rel=1e-12)
    assert xy[0, 0] == pytest.approx(0, abs=1e-15)


def test_the_trace_is_one_within_a_cell_and_zero_between_cells():  # div H = -div M
    xx, yy, zz, _ = newell_tensor(60, 50, 1e-9, 1.5e-9, 0.6e-9)
    trace = xx + yy + zz
    assert trace[0, 0] == pytest.approx(1, rel=1e-12)
    trace[0, 0] = 0
    assert np.abs(trace).max() < 1e-13


@pytest.mark.parametrize("cell", [(1.0, 1.0, 1.0), (1.0, 1.0, 0.5), (1.0, 0.2, 0.6)])
def test_newells_formula_and_the_quadrature_agree_where_they_meet(cell):
    x, y = np.array([24.0, 17.0, 3.0]), np.array([1.0, 18.0, 24.0])
    near = _near(x, y, *cell)
    assert np.abs(_far(x, y, *cell) - near).max() < 3e-8 * np.abs(near).max()  # the next order is (1/24)^6 / 30


def test_far_cells_are_dipoles():
    xx, _, zz, _ = newell_tensor(200, 1, 1e-9, 1e-9, 1e-9)
    dipole = 1 / (4 * math.pi * 150**3)
    assert xx[0, 150] == pytest.approx(-2 * dipole, rel=1e-4)
    assert zz[0, 150] == pytest.approx(dipole, rel=1e-4)


def test_a_wide_thin_film_has_a_factor_of_one_along_its_normal():
    n = 121
    mesh = Mesh(n, n, 2e-9, 2e-9)
    m = np.zeros((3, n, n))
    m[2] = 1
    field = demagnetising_field_t(mesh, 0.5e-9, 1e6, m)
    # a rim at distance R of a film of thickness t leaves 2 sqrt(2) t / (pi L) of the factor at a square's centre
    assert field[2, n // 2, n // 2] == pytest.approx(
        -MU_0 * 1e6 * (1 - 2 * math.sqrt(2) * 0.5 / (math.pi * 242)), rel=1e-4
    )


@pytest.mark.parametrize("shape", [(1, 1), (1, 6), (5, 1), (4, 9), (11, 23)])
def test_the_convolution_is_the_sum_over_all_pairs_of_cells(shape):
    ny, nx = shape
    mesh = Mesh(nx, ny, 1.2e-9, 0.8e-9)
    xx, yy, zz, xy = newell_tensor(nx, ny, mesh.dx_m, mesh.dy_m, 0.7e-9)
    m = np.random.default_rng(0).normal(size=(3, ny, nx))
    expected = np.zeros_like(m)
    for j, i in np.ndindex(shape):
        dy, dx = np.arange(ny) - j, np.arange(nx) - i
        at = np.ix_(abs(dy), abs(dx))
        odd = np.sign(dy)[:, None] * np.sign(dx)[None, :] * xy[at]
        expected[0, j, i] = -(xx[at] * m[0] + odd * m[1]).sum()
        expected[1, j, i] = -(odd * m[0] + yy[at] * m[1]).sum()
        expected[2, j, i] = -(zz[at] * m[2]).sum()
    assert demagnetising_field_t(mesh, 0.7e-9, 1 / MU_0, m) == pytest.approx(expected, abs=1e-12)
