"""The topological charge: whole for a skyrmion, and kept."""

import numpy as np
import pytest

from spingan.physics.evolve import evolve
from spingan.physics.film import Film
from spingan.physics.mesh import Mesh, disc_mask
from spingan.physics.skyrmion_texture import topological_charge
from spingan.physics.states import skyrmion, uniform, wall
from spingan.physics.system import System

FILM = Film(580e3, 15e-12, 3e-3, 0.8e6, 0.3, 0.5e-9, "docs/derivations.md, section 2")
MESH = Mesh(60, 50, 1e-9, 1e-9)


@pytest.mark.parametrize("core", [1, -1])
@pytest.mark.parametrize("chirality", [1, -1])
def test_a_skyrmions_charge_is_its_cores_sign(core, chirality):
    m = skyrmion(MESH, (30e-9, 25e-9), 8e-9, 10e-9, core=core, chirality=chirality)
    assert topological_charge(m) == pytest.approx(core, abs=0.01)  # the tail beyond the mesh


def test_uniform_films_and_walls_have_none():
    assert topological_charge(uniform(MESH, (1, 2, 3))) == pytest.approx(0, abs=1e-12)
    assert topological_charge(wall(MESH, 30e-9, 10e-9)) == pytest.approx(0, abs=1e-12)


def test_two_skyrmions_count_twice_and_only_cells_that_count_count():
    left, right = (skyrmion(MESH, (x, 25e-9), 5e-9, 6e-9) for x in (15e-9, 45e-9))
    m = np.where(MESH.x_m < 30e-9, left, right)
    assert topological_charge(m) == pytest.approx(-2, abs=0.01)
    assert topological_charge(m, disc_mask(MESH, (15e-9, 25e-9), 14e-9)) == pytest.approx(-1, abs=0.03)


def test_m_z_is_zero_at_the_radius():
    m = skyrmion(MESH, (30.5e-9, 25.5e-9), 8e-9, 10e-9)
    assert m[2, 25, 38] == pytest.approx(0, abs=1e-12)
    assert m[0, 25, 38] == pytest.approx(1)  # outwards, from down to up


def test_the_charge_is_kept_in_motion():
    m = skyrmion(MESH, (30e-9, 25e-9), 9e-9, 11e-9)
    system = System(MESH, FILM)
    run = evolve(system, m, 4e-12, every_s=1e-12, observers={"inner": lambda t, m: _inner_charge(m)}, tolerance=1e-4)
    assert run.records["inner"] == pytest.approx(-1, abs=0.05)  # of the rim's canting a little is inside


def _inner_charge(m):
    return topological_charge(m, disc_mask(MESH, (30e-9, 25e-9), 22e-9))
