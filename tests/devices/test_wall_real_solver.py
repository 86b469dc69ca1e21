"""The solver, given the same grains or the same currents along the track, moves its wall as the compact wall does."""

from dataclasses import replace

import numpy as np
import pytest
from small_wall import DEVICE, SETUP

from spingan.devices.real_terms import RealTerms, read_real_terms
from spingan.devices.wall_real import grain_map, real_wall, rest_point
from spingan.devices.wall_study import place_wall
from spingan.devices.wall_system import system, wall_position_m
from spingan.physics.relax import relax
from spingan.physics.wall import WallConstants

CURRENT_A = 2.5e-6
TERMS = read_real_terms()
CELL = 2  # of the compact wall's columns


def compact(terms, number=None):
    wall = real_wall(DEVICE, terms, SETUP.convention, WallConstants(), number=number)
    return rest_point(wall, CURRENT_A, DEVICE.length_m / 2)


def solver_m(start_m, along_a=None, grains=None):
    """Where the solver's wall rests, with currents (n,) along the track or factors (ny, nx) on the anisotropy."""
    problem = system(DEVICE, CURRENT_A, SETUP.convention, SETUP.cell_m)
    if along_a is not None:
        carried_a = CURRENT_A * DEVICE.heavy_metal_thickness_m / DEVICE.film.thickness_m
        share = along_a.reshape(-1, CELL).mean(axis=1) / carried_a
        (torque,) = problem.torques
        problem = replace(
            problem, torques=(replace(torque, field_t=np.tile(torque.field_t * share, (SETUP.mesh.ny, 1))),)
        )
    if grains is not None:
        coarse = grains.reshape(SETUP.mesh.ny, CELL, SETUP.mesh.nx, CELL).mean(axis=(1, 3))
        problem = replace(problem, anisotropy_j_per_m3=problem.cell_anisotropy_j_per_m3 * coarse)
    found = relax(problem, place_wall(SETUP, start_m), torque_tolerance_t=1e-5, time_limit_s=60)
    return wall_position_m(found.m, SETUP.mesh)


@pytest.fixture(scope="module")
def bare():
    """Places of both walls without terms; the straight wall without calibration is 0.95 nm off."""
    point = compact(RealTerms())
    return point.state.position_m, solver_m(point.state.position_m)


@pytest.mark.parametrize("number", [0, 1, 2])
def test_grains_move_both_walls_by_the_same(bare, number):  # 1.7 to 3.7 nm, seen within 0.31
    terms = TERMS.only("grains")
    point = compact(terms, number)
    by_solver = solver_m(point.state.position_m, grains=grain_map(DEVICE, terms, 1e-9, 0, number)) - bare[1]
    assert point.state.position_m - bare[0] == pytest.approx(by_solver, abs=0.5e-9)


@pytest.mark.parametrize("polarity", [1, -1])
def test_the_read_current_moves_both_walls_by_the_same(bare, polarity):  # -6.0 and -7.1, 4.1 and 4.2 nm
    terminals = replace(TERMS.three_terminals, polarity=polarity)
    point = compact(RealTerms(three_terminals=terminals))
    by_solver = solver_m(point.state.position_m, along_a=point.currents.along_a) - bare[1]
    assert point.state.position_m - bare[0] == pytest.approx(by_solver, rel=0.2)
    assert abs(by_solver) > 3e-9
