"""The path of least energy: known barriers, the same for any number of images, a valley on the way, Arrhenius' time."""

import dataclasses
import math

import numpy as np
import pytest

from spingan.errors import UserError
from spingan.physics.constants import BOLTZMANN, ELECTRON_CHARGE
from spingan.physics.energy_path import MAGNETS, AttemptFrequency, energy_path, lifetime
from spingan.physics.field import energies_j
from spingan.physics.film import Film
from spingan.physics.mesh import Mesh
from spingan.physics.spin_torque import SpinTorque
from spingan.physics.states import skyrmion, uniform, wall
from spingan.physics.system import System

FILM = Film(580e3, 15e-12, 3e-3, 0.8e6, 0.3, 0.5e-9, "docs/derivations.md, section 2")
PLAIN = dataclasses.replace(FILM, interfacial_dmi_j_per_m2=0.0)
STRIP = Mesh(200, 1, 1e-9, 1e-9)
STEP = 1.1  # of the anisotropy, under a wall


def turning(mesh):
    return [uniform(mesh, (math.sin(angle), 0, math.cos(angle))) for angle in np.linspace(0, math.pi, 9)]


@pytest.mark.parametrize("images", [7, 8, 16])
def test_a_single_domain_turns_over_a_barrier_of_kv(images):  # Stoner and Wohlfarth 1948
    mesh = Mesh(6, 6, 1e-9, 1e-9)
    path = energy_path(System(mesh, PLAIN, demagnetisation=False), turning(mesh), images=images)
    volume = 36 * 1e-18 * PLAIN.thickness_m
    assert path.barrier_j == pytest.approx(PLAIN.anisotropy_j_per_m3 * volume, rel=1e-4)
    assert path.return_barrier_j == pytest.approx(path.barrier_j, rel=1e-9)
    assert np.abs(path.saddle[2]).max() < 0.01
    assert path.energy_j[0] == 0 and path.energy_j.shape == (images,)


def over_steps(starts, ends, from_m, to_m, images):
    """A wall over places where the anisotropy is `STEP` times the film's, in a strip without stray field."""
    x = STRIP.x_m
    high = np.any([(x > start) & (x < end) for start, end in zip(starts, ends, strict=True)], axis=0)
    anisotropy = np.where(high, STEP, 1.0) * PLAIN.anisotropy_j_per_m3
    system = System(STRIP, PLAIN, anisotropy_j_per_m3=anisotropy[None, :], demagnetisation=False)
    guess = [wall(STRIP, place, PLAIN.wall_width_m) for place in np.linspace(from_m, to_m, 30)]
    return energy_path(system, guess, images=images)


@pytest.mark.parametrize("images", [9, 14])
def test_a_walls_barrier_over_a_broad_step_is_the_difference_of_its_energies(images):  # 4 sqrt(A K) each
    path = over_steps([70e-9], [130e-9], 45e-9, 155e-9, images)
    energy = 4 * math.sqrt(PLAIN.exchange_stiffness_j_per_m * PLAIN.anisotropy_j_per_m3)
    section = STRIP.dy_m * PLAIN.thickness_m
    assert path.barrier_j == pytest.approx((math.sqrt(STEP) - 1) * energy * section, rel=0.02)  # (dx / width)²


def test_a_path_through_a_third_valley_ends_there():
    one = over_steps([50e-9], [80e-9], 30e-9, 100e-9, 12)
    both = over_steps([50e-9, 120e-9], [80e-9, 150e-9], 30e-9, 170e-9, 12)
    assert both.barrier_j == pytest.approx(one.barrier_j, rel=0.02)
    assert both.images[-1][2].sum() == pytest.approx(one.images[-1][2].sum(), abs=12)  # between the two steps


def test_ends_that_lead_to_one_state_are_refused():
    mesh = Mesh(1, 1, 5e-9, 5e-9)
    system = System(mesh, PLAIN, demagnetisation=False, external_field_t=(0.0, 0.0, -4.0))
    guess = [uniform(mesh, (math.sin(angle), 0, math.cos(angle))) for angle in np.linspace(1.0, math.pi, 5)]
    with pytest.raises(UserError, match="same state of rest"):  # a field beyond 2 K / Ms leaves one valley
        energy_path(system, guess)


def test_what_has_no_path_is_refused():
    mesh = Mesh(1, 1, 5e-9, 5e-9)
    system = System(mesh, PLAIN, demagnetisation=False)
    driven = dataclasses.replace(system, torques=(SpinTorque((0, 1, 0), 0.1),))
    with pytest.raises(UserError, match="torques, which have no energy"):
        energy_path(driven, turning(mesh))
    with pytest.raises(UserError, match="3 images from a guess of 9"):
        energy_path(system, turning(mesh), images=3)
    with pytest.raises(UserError, match="largest torque at the top"):
        energy_path(system, turning(mesh), time_limit_s=0.0)


def test_the_mean_time_is_arrhenius_and_its_ends_are_those_of_the_attempt_frequency():
    time = lifetime(20 * BOLTZMANN * 300, 300)
    assert time.barrier_kt == pytest.approx(20)
    assert time.barrier_ev == pytest.approx(20 * BOLTZMANN * 300 / ELECTRON_CHARGE)
    assert time.mean_s == pytest.approx(math.exp(20) / MAGNETS.usual_hz)
    assert time.low_s * MAGNETS.high_hz == pytest.approx(time.high_s * MAGNETS.low_hz)
    assert time.low_s < time.mean_s < time.high_s
    assert lifetime(1e-19, 0.0).mean_s == math.inf
    for barrier, kelvin in ((-1e-21, 300.0), (1e-21, -1.0), (math.nan, 300.0)):
        with pytest.raises(UserError):
            lifetime(barrier, kelvin)
    with pytest.raises(UserError, match="do not rise"):
        AttemptFrequency(1e10, 1e9, 1e12, "wrong way round")


def collapse(cell_m):
    cells = 2 * round(44e-9 / cell_m / 2)
    mesh = Mesh(cells, cells, cell_m, cell_m)
    middle = (cells * cell_m / 2,) * 2
    shapes = [skyrmion(mesh, middle, radius, FILM.wall_width_m) for radius in np.linspace(7e-9, 0.3 * cell_m, 24)]
    system = System(mesh, FILM)
    return system, energy_path(system, [*shapes, uniform(mesh, (0, 0, 1))], images=12)


@pytest.mark.slow
def test_a_skyrmions_collapse_costs_less_than_belavin_and_polyakov_say():
    system, path = collapse(1e-9)
    own = energies_j(system, path.images[0])["total"] - energies_j(system, path.images[-1])["total"]
    limit = 8 * math.pi * FILM.exchange_stiffness_j_per_m * FILM.thickness_m - own
    assert 0 < path.barrier_j < limit  # Belavin and Polyakov 1975: the least of a skyrmion without a size
    assert path.barrier_j == pytest.approx(9.18e-21, rel=0.01)  # 2.2 kT at 300 K: docs/devices.md


@pytest.mark.slow
def test_a_barrier_too_narrow_for_the_images_is_refused():  # in cells of 2 nm the collapse costs 0.1 kT at most
    with pytest.raises(UserError, match="do not show its barrier"):
        collapse(2e-9)
