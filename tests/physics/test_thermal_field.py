"""The solver's heat: Boltzmann's statistics, the resonance line that goes with them, and steps that do not matter."""

import dataclasses
import math

import numpy as np
import pytest

from spingan.physics.constants import BOLTZMANN
from spingan.physics.constants import GYROMAGNETIC_RATIO_RAD_PER_S_T as GAMMA
from spingan.physics.evolve import evolve
from spingan.physics.film import Film
from spingan.physics.mesh import Mesh
from spingan.physics.states import uniform
from spingan.physics.system import System

LOOSE = Film(580e3, 1e-22, 0.0, 0.0, 0.1, 1e-9, "without coupling between cells: every cell is a macrospin")
MANY = Mesh(32, 32, 10e-9, 10e-9)
FIELD_T = 2.0


def transverse(duration_s, step_s, seed=0):
    """m_x + i m_y of 1,024 macrospins in a strong field along z, sampled every picosecond: (samples, 1024)."""
    system = System(MANY, LOOSE, external_field_t=(0, 0, FIELD_T), temperature_k=300, demagnetisation=False)
    run = evolve(
        system,
        uniform(MANY, (0, 0, 1)),
        duration_s,
        every_s=1e-12,
        fixed_step_s=step_s,
        observers={"x": lambda t, m: m[0].ravel(), "y": lambda t, m: m[1].ravel()},
        seed=seed,
    )
    return run.records["x"] + 1j * run.records["y"]


def transverse_variance():
    """Of m_x and m_y together: 2 kT / (M B) for small angles, here 2 L / r with r = M B / kT (Langevin)."""
    moment = LOOSE.saturation_magnetization_a_per_m * 10e-9 * 10e-9 * 1e-9
    ratio = moment * FIELD_T / (BOLTZMANN * 300)
    return 2 * (1 / math.tanh(ratio) - 1 / ratio) / ratio


def test_a_macrospin_shares_kt_2_with_each_direction_whatever_the_step():
    for step_s in (5e-14, 1e-13):
        seen = transverse(150e-12, step_s)[80:]  # 2.8 relaxation times of 28 ps, twice as many of the variance
        # 1,024 spins over 70 ps, 14 ps of memory in the variance: 5,000 independent samples, 1.4 %; three of them
        assert np.mean(np.abs(seen) ** 2) == pytest.approx(transverse_variance(), rel=0.045)


def test_the_line_of_thermal_noise_is_the_ferromagnetic_resonance():
    """<m+(0) m-(t)> turns at gamma B / (1 + alpha²) and falls at alpha times that: frequency and width of the line."""
    seen = transverse(130e-12, 5e-14)[80:]
    lags = np.arange(1, 21)
    correlation = np.array([np.mean(np.conj(seen[:-lag]) * seen[lag:]) for lag in lags]) / np.mean(np.abs(seen) ** 2)
    rate = GAMMA * FIELD_T / (1 + LOOSE.gilbert_damping**2)
    expected = np.exp((1j - LOOSE.gilbert_damping) * rate * lags * 1e-12)
    # The angles are not quite small: <m_z> is 0.96, and amplitudes change the frequency by no field here. Noise 1 %.
    assert correlation == pytest.approx(expected, abs=0.06)


def walls(temperature_k, step_s, duration_s, seed):
    """Positions of 48 walls, each in a track of its own between masked rows, in a field that rises along the track.

    Energy of a wall at q: Ms S b (q - q0)² for a field b (x - q0) and a section S, so <q²> = kT / (2 Ms S b).
    """
    tracks, columns, cell_m, gradient = 48, 32, 2e-9, 4e7
    film = Film(580e3, 15e-12, 0.0, 0.6e6, 0.9, 3e-9, "a damping near 1, at which a free wall relaxes fastest")
    mesh = Mesh(columns, 2 * tracks, cell_m, cell_m)
    mask = np.zeros(mesh.shape, dtype=bool)
    mask[::2] = True
    middle = columns * cell_m / 2
    field = np.zeros((3, *mesh.shape))
    field[2] = -gradient * (mesh.x_m - middle)
    system = System(mesh, film, mask=mask, external_field_t=field, temperature_k=temperature_k, demagnetisation=False)
    width = math.sqrt(film.exchange_stiffness_j_per_m / film.anisotropy_j_per_m3)
    along = (mesh.x_m - middle) / width
    start = np.zeros((3, *mesh.shape))
    start[2], start[0] = -np.tanh(along), 1 / np.cosh(along)
    run = evolve(
        system,
        start * mask,
        duration_s,
        every_s=5e-12,
        fixed_step_s=step_s,
        observers={"q": lambda t, m: m[2, ::2].sum(axis=1) * cell_m / 2},
        seed=seed,
    )
    section = cell_m * film.thickness_m
    expected = BOLTZMANN * temperature_k / (2 * film.saturation_magnetization_a_per_m * section * gradient)
    return run.records["q"], expected


@pytest.mark.slow
@pytest.mark.parametrize("step_s", [2e-14, 6e-14])
def test_a_walls_place_in_a_parabolic_well_is_boltzmanns(step_s):
    seen, expected = walls(20.0, step_s, 0.6e-9, seed=3)
    seen = seen[20:]
    # 48 walls over 0.5 ns, 57 ps of memory: 420 independent samples, 7 %; three of them
    assert np.var(seen) == pytest.approx(expected, rel=0.2)


@pytest.mark.parametrize("damping", [0.3, 0.02])
def test_the_thermal_step_is_of_second_order_with_a_stray_field_worked_out_once(damping):
    """Cold enough that no noise is left: the error against the error-controlled pair falls four times with the step."""
    mesh = Mesh(12, 9, 3e-9, 3e-9)
    film = Film(580e3, 15e-12, 3e-3, 0.8e6, damping, 1e-9, "docs/derivations.md, section 2")
    start = np.random.default_rng(0).normal(size=(3, 9, 12)) * 0.05 + np.array([1.0, 0.0, 0.0])[:, None, None]
    system = System(mesh, film, external_field_t=(0.1, 0.0, 0.2))
    exact = evolve(system, start, 2e-12, tolerance=1e-11).m
    cold = dataclasses.replace(system, temperature_k=1e-20)
    coarse, fine = (np.abs(evolve(cold, start, 2e-12, fixed_step_s=step).m - exact).max() for step in (4e-15, 2e-15))
    assert coarse / fine == pytest.approx(4, rel=0.1)
