"""Fields and energies: one is the other's slope, and both know the textbook's walls."""

import dataclasses
import math

import numpy as np
import pytest

from spingan.physics.field import effective_field_t, energies_j, local_terms
from spingan.physics.film import Film
from spingan.physics.mesh import Mesh
from spingan.physics.states import uniform, wall
from spingan.physics.system import System

FILM = Film(580e3, 15e-12, 3e-3, 0.8e6, 0.3, 1e-9, "docs/derivations.md, section 2")


def random_directions(shape, seed=0):
    m = np.random.default_rng(seed).normal(size=(3, *shape))
    return m / np.sqrt((m**2).sum(axis=0))


def test_the_field_is_the_slope_of_the_energy_in_every_cell_of_a_ragged_mask():
    mesh = Mesh(7, 5, 1e-9, 1.2e-9)
    random = np.random.default_rng(3)
    mask = random.random(mesh.shape) > 0.2
    system = System(
        mesh,
        FILM,
        mask=mask,
        anisotropy_j_per_m3=0.5e6 + 0.5e6 * random.random(mesh.shape),
        external_field_t=(0.1, 0.2, 0.3),
        exchange_bias_field_t=random.normal(size=(3, *mesh.shape)),
    )
    m = random_directions(mesh.shape) * mask
    moment = FILM.saturation_magnetization_a_per_m * mesh.dx_m * mesh.dy_m * FILM.thickness_m
    slope = np.zeros_like(m)
    change = 1e-5
    for index in zip(*np.nonzero(np.broadcast_to(mask, m.shape)), strict=True):
        up, down = m.copy(), m.copy()
        up[index] += change
        down[index] -= change
        slope[index] = -(energies_j(system, up)["total"] - energies_j(system, down)["total"]) / (2 * change * moment)
    field = effective_field_t(system, m)
    assert field == pytest.approx(slope, abs=1e-6 * np.abs(field).max())  # rounding of the difference


def test_the_terms_add_up_to_the_whole():
    system = System(Mesh(6, 4, 1e-9, 1e-9), FILM)
    alone = {"exchange": False, "dmi": False, "anisotropy": False}
    parts = [local_terms(system, **{**alone, name: True}) for name in alone]
    whole = local_terms(system)
    assert sum(part.diagonal for part in parts) == pytest.approx(whole.diagonal)
    assert np.sum([part.stencil_t for part in parts], axis=0) == pytest.approx(whole.stencil_t)


def test_a_uniform_film_has_no_exchange_and_the_shape_anisotropy_of_a_plate():
    mesh = Mesh(40, 40, 5e-9, 5e-9)
    energies = energies_j(
        System(mesh, dataclasses.replace(FILM, interfacial_dmi_j_per_m2=0.0)), uniform(mesh, (0, 0, 1))
    )
    volume = 200e-9**2 * 1e-9
    assert energies["exchange"] == pytest.approx(0, abs=1e-30)
    assert energies["anisotropy"] == pytest.approx(0, abs=1e-30)
    shape = FILM.anisotropy_j_per_m3 - FILM.effective_anisotropy_j_per_m3
    assert 0.95 < energies["demagnetisation"] / (shape * volume) < 1  # the rim lowers it by about t / L ln(L / t)
    assert energies["total"] == pytest.approx(sum(value for name, value in energies.items() if name != "total"))


def test_a_textbook_walls_energy_is_4_sqrt_ak_less_pi_d():
    mesh = Mesh(200, 1, 0.5e-9, 0.5e-9)
    system = System(mesh, FILM, demagnetisation=False)
    width = math.pi * math.sqrt(FILM.exchange_stiffness_j_per_m / FILM.anisotropy_j_per_m3)
    there, without = wall(mesh, 50e-9, width), uniform(mesh, (0, 0, 1))
    area = 0.5e-9 * FILM.thickness_m
    energy = (energies_j(system, there)["total"] - energies_j(system, without)["total"]) / area
    edge = FILM.interfacial_dmi_j_per_m2**2 / (
        4 * FILM.exchange_stiffness_j_per_m
    )  # canting at both edges along y, per m³
    scale = math.sqrt(FILM.exchange_stiffness_j_per_m / FILM.anisotropy_j_per_m3)
    expected = 4 * math.sqrt(FILM.exchange_stiffness_j_per_m * FILM.anisotropy_j_per_m3)
    expected -= math.pi * FILM.interfacial_dmi_j_per_m2
    expected += edge * 2 * scale  # of a strip one cell wide: the part of 1 - m_z² that its edges miss
    assert energy == pytest.approx(expected, rel=2e-3)  # (dx / width)² / 12
    reverse = wall(mesh, 50e-9, width, angle_rad=0.0)
    assert energies_j(system, reverse)["dmi"] - energies_j(system, there)["dmi"] == pytest.approx(
        2 * math.pi * FILM.interfacial_dmi_j_per_m2 * area, rel=2e-3
    )
