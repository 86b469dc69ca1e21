"""States of rest: walls as in the textbook, a macrospin under a spin-orbit torque, and honest failure."""

import dataclasses
import math

import numpy as np
import pytest

from spingan.errors import UserError
from spingan.physics.field import energies_j
from spingan.physics.film import Film
from spingan.physics.mesh import Mesh
from spingan.physics.relax import relax
from spingan.physics.spin_torque import SpinTorque
from spingan.physics.states import uniform, wall
from spingan.physics.system import System

FILM = Film(580e3, 15e-12, 3e-3, 0.8e6, 0.3, 1e-9, "docs/derivations.md, section 2")
PLAIN = dataclasses.replace(FILM, interfacial_dmi_j_per_m2=0.0)
STRIP = Mesh(160, 1, 0.5e-9, 0.5e-9)


def test_a_wall_relaxes_to_the_width_pi_sqrt_a_over_k_and_a_tanh_profile():  # Landau and Lifshitz 1935
    system = System(STRIP, PLAIN, demagnetisation=False)
    width = math.pi * math.sqrt(PLAIN.exchange_stiffness_j_per_m / PLAIN.anisotropy_j_per_m3)
    rest = relax(system, wall(STRIP, 40e-9, 1.6 * width), torque_tolerance_t=1e-6)
    inner = np.abs(STRIP.x_m - 40e-9) < 15e-9
    slope = np.polyfit(STRIP.x_m[inner], np.arctanh(rest.m[2, 0, inner]), 1)[0]
    assert -math.pi / slope == pytest.approx(width, rel=2e-3)  # (dx / width)² and the strip's ends
    assert rest.m == pytest.approx(wall(STRIP, 40e-9, width), abs=2e-3)
    assert rest.torque_t <= 1e-6


def test_a_bloch_walls_energy_is_4_sqrt_ak():
    system = System(STRIP, PLAIN, demagnetisation=False)
    rest = relax(system, wall(STRIP, 40e-9, 8e-9, angle_rad=math.pi / 2))
    area = STRIP.dy_m * PLAIN.thickness_m
    expected = 4 * math.sqrt(PLAIN.exchange_stiffness_j_per_m * PLAIN.anisotropy_j_per_m3) * area
    assert rest.energies_j["total"] == pytest.approx(expected, rel=2e-3)
    assert rest.energies_j == energies_j(system, rest.m)


def test_dmi_turns_a_bloch_wall_into_the_neel_wall_of_its_sign():
    mesh = Mesh(50, 4, 1e-9, 1e-9)
    for sign in (1, -1):
        film = dataclasses.replace(FILM, interfacial_dmi_j_per_m2=sign * 1e-3)
        rest = relax(System(mesh, film), wall(mesh, 25e-9, 14e-9, angle_rad=math.pi / 2 + 0.1))
        in_plane = rest.m[0, 2, np.argmin(np.abs(rest.m[2, 2]))]
        assert sign * in_plane < -0.9  # from the down domain on the right to the up domain on the left


@pytest.mark.parametrize("fraction", [0.1, -0.35])
def test_a_spin_orbit_torque_tilts_a_macrospin_to_sin_2_theta_2a_over_bk(
    fraction,
):  # Liu et al., PRL 109, 096602 (2012)
    one = Mesh(1, 1, 5e-9, 5e-9)
    field_k = 2 * PLAIN.anisotropy_j_per_m3 / PLAIN.saturation_magnetization_a_per_m
    torque = SpinTorque((0, 1, 0), fraction * field_k)
    rest = relax(
        System(one, PLAIN, torques=(torque,), demagnetisation=False), uniform(one, (0.1, 0, 1)), torque_tolerance_t=1e-7
    )
    theta = math.atan2(rest.m[0, 0, 0], rest.m[2, 0, 0])
    assert math.sin(2 * theta) == pytest.approx(-2 * fraction, abs=1e-6)
    assert rest.m[1, 0, 0] == pytest.approx(0, abs=1e-7)


def test_canting_at_an_edge_is_that_of_rohart_and_thiaville():  # Phys. Rev. B 88, 184422: sin = D / (2 sqrt(A K))
    film = dataclasses.replace(FILM, interfacial_dmi_j_per_m2=2e-3)
    stiffness, dmi = film.exchange_stiffness_j_per_m, film.interfacial_dmi_j_per_m2
    mesh = Mesh(160, 1, 0.5e-9, 0.5e-9)
    edges = dmi**2 / (4 * stiffness)  # what the strip's two long edges add to the anisotropy
    scale = math.sqrt(stiffness / (film.anisotropy_j_per_m3 + edges))
    rest = relax(System(mesh, film, demagnetisation=False), uniform(mesh, (0, 0, 1)), torque_tolerance_t=1e-6)
    edge = math.asin(dmi * scale / (2 * stiffness))
    theta = 2 * np.arctan(math.tan(edge / 2) * np.exp(-mesh.x_m / scale))
    assert rest.m[0, 0, :80] == pytest.approx(np.sin(theta)[:80], abs=1.5e-3)  # (dx / scale)²
    assert rest.m[0, 0, ::-1] == pytest.approx(-rest.m[0, 0], abs=1e-6)


def test_a_walls_energy_in_a_narrow_track_hardly_depends_on_the_cells():  # a first-order edge would be 5 % apart
    film = dataclasses.replace(FILM, interfacial_dmi_j_per_m2=2.5e-3)
    energies = []
    for cell in (2e-9, 1e-9):
        mesh = Mesh(60, round(8e-9 / cell), 1e-9, cell)
        system = System(mesh, film, demagnetisation=False)
        with_wall = relax(system, wall(mesh, 30e-9, 14e-9)).energies_j["total"]
        energies.append(with_wall - relax(system, uniform(mesh, (0, 0, 1))).energies_j["total"])
    assert energies[0] == pytest.approx(energies[1], rel=0.01)


def test_relaxation_goes_down_the_hill():
    mesh = Mesh(20, 10, 1e-9, 1e-9)
    m = np.random.default_rng(1).normal(size=(3, *mesh.shape))
    system = System(mesh, PLAIN)
    rest = relax(system, m)
    assert rest.energies_j["total"] < energies_j(system, m / np.sqrt((m**2).sum(axis=0)))["total"]
    assert rest.torque_t <= 1e-4


def test_frozen_cells_stay():
    frozen = np.zeros(STRIP.shape, dtype=bool)
    frozen[:, :4] = True
    rest = relax(System(STRIP, PLAIN, frozen=frozen, demagnetisation=False), wall(STRIP, 20e-9, 20e-9))
    assert rest.m[:, frozen] == pytest.approx(wall(STRIP, 20e-9, 20e-9)[:, frozen], abs=1e-11)


def test_a_macrospin_that_never_rests_ends_in_an_error_that_says_so():
    one = Mesh(1, 1, 5e-9, 5e-9)
    system = System(one, PLAIN, torques=(SpinTorque((0, 0, 1), -0.5, asymmetry=2.0),), external_field_t=(0.4, 0.0, 0.0))
    with pytest.raises(UserError, match=r"largest torque is .* should be 1.00e-30 T"):
        relax(system, uniform(one, (1, 0, 1)), torque_tolerance_t=1e-30, time_limit_s=0.2)
