"""Grains and rough edges have the size, the spread and the memory that are asked for."""

import math
from dataclasses import replace

import numpy as np
import pytest

from spingan.devices.wall_device import WALL_FILM
from spingan.errors import UserError
from spingan.physics.grains import edge_m, grain_factors, width_anisotropy_j_per_m3
from spingan.physics.mesh import Mesh

MESH = Mesh(400, 400, 1e-9, 1e-9)


def test_grains_have_their_area_their_mean_and_their_spread():
    factors = grain_factors(MESH, 10e-9, 0.05, np.random.default_rng(1))
    grains = len(np.unique(factors))
    assert grains == pytest.approx(1600, rel=0.15)  # the cut ones at the rim count as whole
    assert factors.mean() == pytest.approx(1, abs=4 * 0.05 / math.sqrt(grains))
    assert factors.std() == pytest.approx(0.05, rel=0.1)


def test_the_same_seed_gives_the_same_grains_whatever_their_spread():
    small, large = (grain_factors(MESH, 20e-9, part, np.random.default_rng(3)) - 1 for part in (0.01, 0.04))
    assert large == pytest.approx(4 * small)
    assert np.all(grain_factors(MESH, 20e-9, 0.0, np.random.default_rng(3)) == 1)


def test_an_edge_has_its_rms_and_forgets_exponentially():
    edge = edge_m(200_000, 1e-9, 0.7e-9, 20e-9, np.random.default_rng(2))
    assert edge.std() == pytest.approx(0.7e-9, rel=0.05)  # 10,000 memories: 1 %
    assert np.mean(edge[:-20] * edge[20:]) / edge.var() == pytest.approx(math.exp(-1), abs=0.04)


def test_a_straight_edge_changes_nothing_and_a_film_of_free_walls_is_not_pinned_by_its_edges():
    along = np.full(5, WALL_FILM.anisotropy_j_per_m3)
    ratio = np.array([0.9, 0.95, 1.0, 1.05, 1.1])
    assert width_anisotropy_j_per_m3(WALL_FILM, along, np.ones(5)) == pytest.approx(along)
    free = replace(WALL_FILM, interfacial_dmi_j_per_m2=WALL_FILM.critical_dmi_j_per_m2)
    assert width_anisotropy_j_per_m3(free, along, ratio) == pytest.approx(along)
    assert np.all(np.diff(width_anisotropy_j_per_m3(WALL_FILM, along, ratio)) > 0)  # wider is dearer


@pytest.mark.parametrize(
    "bad",
    [
        lambda: grain_factors(MESH, 0.0, 0.05, np.random.default_rng(0)),
        lambda: grain_factors(MESH, 1e-8, -0.05, np.random.default_rng(0)),
        lambda: grain_factors(MESH, 1e-8, 0.5, np.random.default_rng(0)),
        lambda: edge_m(10, 1e-9, -1e-9, 2e-8, np.random.default_rng(0)),
        lambda: edge_m(10, 1e-9, 1e-9, 0.0, np.random.default_rng(0)),
        lambda: width_anisotropy_j_per_m3(WALL_FILM, np.full(3, 1e5), np.ones(3)),
    ],
)
def test_impossible_disorder_is_refused(bad):
    with pytest.raises(UserError):
        bad()
