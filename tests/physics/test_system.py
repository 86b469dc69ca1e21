"""What a system, a film, a mesh and a torque refuse, and what a film says of itself."""

import dataclasses
import math

import numpy as np
import pytest

from spingan.errors import UserError
from spingan.physics.constants import ELECTRON_CHARGE, HBAR, MU_0
from spingan.physics.film import Film
from spingan.physics.mesh import Mesh, disc_mask
from spingan.physics.spin_torque import SpinTorque, slonczewski_torque, spin_orbit_torque
from spingan.physics.system import System

FILM = Film(580e3, 15e-12, 3e-3, 0.6e6, 0.3, 1e-9, "docs/derivations.md, section 1")
MESH = Mesh(8, 6, 1e-9, 1e-9)


def test_a_films_lengths_and_limits_are_those_of_the_derivations_section_1():
    assert FILM.effective_anisotropy_j_per_m3 == pytest.approx(0.389e6, rel=1e-3)
    assert FILM.critical_dmi_j_per_m2 == pytest.approx(3.07e-3, rel=2e-3)
    assert FILM.wall_width_m == pytest.approx(19.5e-9, rel=2e-3)
    assert FILM.exchange_length_m == pytest.approx(math.sqrt(30e-12 / (MU_0 * 580e3**2)))


def test_a_film_in_the_plane_has_no_wall_width():
    soft = dataclasses.replace(FILM, anisotropy_j_per_m3=0.2e6)
    with pytest.raises(UserError, match="shape anisotropy"):
        _ = soft.wall_width_m
    with pytest.raises(UserError, match="shape anisotropy"):
        _ = soft.critical_dmi_j_per_m2


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("gilbert_damping", -0.1),
        ("gilbert_damping", 0.0),
        ("thickness_m", 0.0),
        ("saturation_magnetization_a_per_m", -1.0),
        ("exchange_stiffness_j_per_m", math.inf),
        ("interfacial_dmi_j_per_m2", math.nan),
    ],
)
def test_a_film_refuses_what_no_film_has(field, value):
    with pytest.raises(UserError, match=field):
        dataclasses.replace(FILM, **{field: value})


@pytest.mark.parametrize(("nx", "ny", "dx"), [(0, 1, 1e-9), (1, 0, 1e-9), (1, 1, 0.0), (1, 1, -1e-9)])
def test_a_mesh_has_cells_and_they_have_a_size(nx, ny, dx):
    with pytest.raises(UserError, match="mesh"):
        Mesh(nx, ny, dx, 1e-9)


@pytest.mark.parametrize(("nx", "ny"), [(2**13, 2**13 + 1), (1, 10**30), (320, 10**19)])
def test_a_mesh_that_no_memory_holds_is_refused_before_an_array_is_made(nx, ny):
    with pytest.raises(UserError, match="cells are more than"):
        Mesh(nx, ny, 1e-9, 1e-9)
    assert Mesh(2**13, 2**13, 1e-9, 1e-9).shape == (2**13, 2**13)


def test_cell_centres_start_half_a_cell_from_the_corner():
    mesh = Mesh(3, 2, 1e-9, 2e-9)
    assert mesh.x_m == pytest.approx([0.5e-9, 1.5e-9, 2.5e-9])
    assert mesh.y_m == pytest.approx([1e-9, 3e-9])
    assert disc_mask(mesh, (0.5e-9, 1e-9), 1.1e-9).tolist() == [[True, True, False], [False, False, False]]


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"mask": np.zeros((6, 8), dtype=bool)}, "no cells"),
        ({"mask": np.ones((8, 6), dtype=bool)}, r"mask has shape \(8, 6\)"),
        ({"frozen": np.ones((5, 8), dtype=bool)}, "frozen"),
        ({"anisotropy_j_per_m3": np.ones(8)}, "anisotropy_j_per_m3"),
        ({"external_field_t": (0.0, math.nan, 0.0)}, "external_field_t"),
        ({"exchange_bias_field_t": np.zeros((2, 6, 8))}, "exchange_bias_field_t"),
        ({"torques": (SpinTorque((0, 1, 0), np.zeros((8, 6))),)}, "field_t"),
        ({"torques": (SpinTorque(np.ones((3, 2, 2)) / math.sqrt(3), 1.0),)}, "polarisation"),
        ({"temperature_k": -1.0}, "temperature_k"),
        ({"mesh": Mesh(8, 6, 9e-9, 1e-9)}, r"cells are 9 nm wide, the exchange length is 8.42 nm"),
        ({"mesh": Mesh(8, 6, 7e-9, 1e-9)}, r"sqrt\(A / Keff\) is 6.21 nm"),
        ({"anisotropy_j_per_m3": np.full((6, 8), 20e6)}, r"sqrt\(A / Keff\) is 0.87"),
    ],
)
def test_a_system_refuses_what_it_cannot_simulate(change, word):
    with pytest.raises(UserError, match=word):
        System(**{"mesh": MESH, "film": FILM, **change})


def test_a_single_cell_may_be_of_any_size():
    System(Mesh(1, 1, 100e-9, 100e-9), FILM)


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (((0, 1, 1), 1.0), "length 1.41"),
        (((0, 1), 1.0), "shape"),
        (((0, 1, 0), math.inf), "field_t"),
        (((0, 1, 0), 1.0, math.nan), "field_like_ratio"),
        (((0, 1, 0), 1.0, 0.0, 0.5), "asymmetry"),
    ],
)
def test_a_torque_refuses_what_has_no_meaning(arguments, word):
    with pytest.raises(UserError, match=word):
        SpinTorque(*arguments)


def test_currents_give_the_textbooks_amplitudes():
    """34.5 µA over 23 nm x 1 nm is 1.5e12 A/m²: hbar theta J / (2 e Ms t), in tesla since Ms t is a sheet moment."""
    torque = spin_orbit_torque(1.5e12, 0.3, FILM, (0, 1, 0), 0.2)
    assert torque.field_t == pytest.approx(HBAR * 0.3 * 1.5e12 / (2 * ELECTRON_CHARGE * 580e3 * 1e-9))
    assert torque.field_t == pytest.approx(0.2554, rel=1e-3)
    assert torque.field_like_ratio == 0.2
    through = slonczewski_torque(np.array([1e11, -1e11]), 0.4, FILM, (0, 0, 1), asymmetry=1.5)
    assert through.field_t == pytest.approx(HBAR * 0.4 * np.array([1e11, -1e11]) / (2 * ELECTRON_CHARGE * 580e-6))
    assert through.asymmetry == 1.5
