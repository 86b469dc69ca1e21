"""Motion in time against closed forms, laws of energy and statistics, and the errors that a user can cause."""

import dataclasses
import math

import numpy as np
import pytest

from spingan.errors import UserError
from spingan.physics.constants import BOLTZMANN
from spingan.physics.constants import GYROMAGNETIC_RATIO_RAD_PER_S_T as GAMMA
from spingan.physics.evolve import evolve
from spingan.physics.field import energies_j
from spingan.physics.film import Film
from spingan.physics.mesh import Mesh
from spingan.physics.spin_torque import SpinTorque
from spingan.physics.states import uniform
from spingan.physics.system import System

FILM = Film(580e3, 15e-12, 3e-3, 0.8e6, 0.3, 1e-9, "docs/derivations.md, section 2")
LOOSE = Film(580e3, 1e-22, 0.0, 0.0, 0.1, 1e-9, "without coupling between cells: every cell is a macrospin")
ONE = Mesh(1, 1, 5e-9, 5e-9)
TILTED = (math.sin(1.0), 0.0, math.cos(1.0))


def spherical(m):
    return np.array([math.acos(m[2, 0, 0]), math.atan2(m[1, 0, 0], m[0, 0, 0])])


def random_directions(mesh, seed=0):
    m = np.random.default_rng(seed).normal(size=(3, *mesh.shape))
    return m / np.sqrt((m**2).sum(axis=0))


@pytest.mark.parametrize(("field_t", "amplitude_t"), [(0.5, 0.0), (0.5, 0.02), (0.5, -0.08), (0.0, 0.05)])
def test_a_macrospin_precesses_and_falls_or_rises_as_the_closed_form_says(field_t, amplitude_t):
    """With field and polarisation along z: phi' = gamma (B - alpha a) / (1 + alpha²) and
    tan(theta / 2) falls at the rate gamma (a + alpha B) / (1 + alpha²); below a = -alpha B it rises instead."""
    torques = (SpinTorque((0, 0, 1), amplitude_t),)
    system = System(ONE, LOOSE, external_field_t=(0, 0, field_t), torques=torques, demagnetisation=False)
    run = evolve(
        system,
        uniform(ONE, TILTED),
        60e-12,
        every_s=10e-12,
        observers={"angles": lambda t, m: spherical(m)},
        tolerance=1e-7,
    )
    alpha = LOOSE.gilbert_damping
    rate = GAMMA / (1 + alpha**2)
    theta = 2 * np.arctan(math.tan(0.5) * np.exp(-rate * (amplitude_t + alpha * field_t) * run.time_s))
    phi = rate * (field_t - alpha * amplitude_t) * run.time_s
    assert run.time_s == pytest.approx(np.arange(7) * 10e-12)
    assert run.records["angles"][:, 0] == pytest.approx(theta, abs=2e-5)
    assert np.exp(1j * run.records["angles"][:, 1]) == pytest.approx(np.exp(1j * phi), abs=2e-5)


def test_a_tighter_tolerance_gives_a_smaller_error():
    system = System(ONE, LOOSE, external_field_t=(0, 0, 1.0), demagnetisation=False)
    phi = GAMMA / (1 + LOOSE.gilbert_damping**2) * 50e-12
    errors, steps = [], []
    for tolerance in (1e-3, 1e-5, 1e-7):
        run = evolve(system, uniform(ONE, TILTED), 50e-12, tolerance=tolerance)
        errors.append(abs(np.exp(1j * spherical(run.m)[1]) - np.exp(1j * phi)))
        steps.append(run.steps)
    assert errors[0] > 10 * errors[1] > 100 * errors[2]
    assert steps[0] < steps[1] < steps[2]
    assert errors[1] < 1e-5 * steps[1]  # no step may err by more than the tolerance


def test_macrospins_at_temperature_follow_boltzmann():  # mean and variance of cos(theta): Langevin
    mesh = Mesh(32, 32, 3e-9, 3e-9)
    film = dataclasses.replace(LOOSE, gilbert_damping=0.5)
    moment = film.saturation_magnetization_a_per_m * 9e-27
    ratio = 2.0
    field = ratio * BOLTZMANN * 300 / moment
    system = System(mesh, film, external_field_t=(0, 0, field), temperature_k=300, demagnetisation=False)
    run = evolve(
        system,
        uniform(mesh, (0, 0, 1)),
        200e-12,
        every_s=10e-12,
        fixed_step_s=5e-14,
        observers={
            "mean": lambda t, m: m[2].mean(),
            "square": lambda t, m: (m[2] ** 2).mean(),
            "x": lambda t, m: m[0].mean(),
        },
    )
    mean, square, x = (run.records[name][5:].mean() for name in ("mean", "square", "x"))
    langevin = 1 / math.tanh(ratio) - 1 / ratio
    # 16 x 1024 samples, one relaxation time apart or so: standard errors 0.003 to 0.005; four of them
    assert mean == pytest.approx(langevin, abs=0.014)
    assert square == pytest.approx(1 - 2 * langevin / ratio, abs=0.012)
    assert x == pytest.approx(0, abs=0.02)


def test_the_same_seed_gives_the_same_noise():
    mesh = Mesh(4, 3, 2e-9, 2e-9)
    system = System(mesh, FILM, temperature_k=300)
    finals = [evolve(system, uniform(mesh, (0, 0, 1)), 1e-12, fixed_step_s=1e-14, seed=seed).m for seed in (1, 1, 2)]
    assert np.array_equal(finals[0], finals[1])
    assert not np.array_equal(finals[0], finals[2])


def test_energy_never_grows_without_drive():
    mesh = Mesh(12, 9, 1e-9, 1e-9)
    system = System(mesh, FILM, external_field_t=(0.1, 0.0, -0.2))
    run = evolve(
        system,
        random_directions(mesh),
        5e-12,
        every_s=0.05e-12,
        observers={"energy": lambda t, m: energies_j(system, m)["total"]},
    )
    energy = run.records["energy"]
    assert np.all(np.diff(energy) < 1e-6 * (energy[0] - energy[-1]))
    assert energy[-1] < energy[0]


def test_frozen_cells_stay_and_the_mask_stays_empty():
    mesh = Mesh(8, 6, 1e-9, 1e-9)
    mask = np.ones(mesh.shape, dtype=bool)
    mask[0, :3] = False
    frozen = np.zeros(mesh.shape, dtype=bool)
    frozen[:, 6:] = True
    m = random_directions(mesh) * mask
    run = evolve(System(mesh, FILM, mask=mask, frozen=frozen), m, 1e-12)
    assert run.m[:, frozen] == pytest.approx(m[:, frozen], abs=1e-14)
    assert np.all(run.m[:, ~mask] == 0)
    assert np.sqrt((run.m**2).sum(axis=0))[mask] == pytest.approx(1, abs=1e-12)
    assert np.abs(run.m - m)[:, mask & ~frozen].max() > 0.1


def test_stop_ends_the_run_and_sees_time_state_and_torque():
    system = System(ONE, LOOSE, external_field_t=(0, 0, 1.0), demagnetisation=False)
    seen = []

    def stop(time_s, m, torque_t):
        seen.append((time_s, m.shape, torque_t))
        return torque_t < 0.5

    run = evolve(system, uniform(ONE, TILTED), 1e-9, stop=stop)
    assert run.stopped
    assert run.time_s[-1] == seen[-1][0] < 1e-9
    # |dm/dt| / gamma = B sin(theta) / sqrt(1 + alpha²)
    assert seen[-1][2] == pytest.approx(
        math.sin(spherical(run.m)[0]) / math.sqrt(1 + LOOSE.gilbert_damping**2), rel=1e-9
    )


def test_pulses_one_after_another_are_one_run():
    mesh = Mesh(10, 5, 1e-9, 1e-9)
    system = System(mesh, FILM, torques=(SpinTorque((0, 1, 0), 0.1),))
    m = random_directions(mesh)
    whole = evolve(system, m, 2e-12, tolerance=1e-8).m
    half = evolve(system, m, 1e-12, tolerance=1e-8).m
    both = evolve(dataclasses.replace(system, torques=system.torques), half, 1e-12, tolerance=1e-8).m
    assert both == pytest.approx(whole, abs=1e-6)


@pytest.mark.parametrize(
    ("change", "arguments", "word"),
    [
        ({}, {"duration_s": 0.0}, "duration_s"),
        ({}, {"tolerance": -1.0}, "tolerance"),
        ({}, {"first_step_s": -1e-15}, "first_step_s"),
        ({}, {"every_s": math.nan}, "every_s"),
        ({"temperature_k": 300.0}, {}, "fixed_step_s"),
        ({}, {"fixed_step_s": 1e-14}, "fixed_step_s"),
        ({}, {"time_limit_s": 0.0}, "time limit of 0 s"),
    ],
)
def test_bad_arguments_are_named(change, arguments, word):
    system = dataclasses.replace(System(ONE, LOOSE, external_field_t=(0, 0, 1.0)), **change)
    with pytest.raises(UserError, match=word):
        evolve(system, uniform(ONE, TILTED), **{"duration_s": 1e-12, **arguments})


def test_a_tolerance_below_rounding_ends_in_an_error_not_in_a_loop():
    system = System(ONE, LOOSE, external_field_t=(0, 0, 1.0), demagnetisation=False)
    with pytest.raises(UserError, match="tolerance"):
        evolve(system, uniform(ONE, TILTED), 1e-12, tolerance=1e-40)


def test_a_state_that_does_not_fit_is_refused():
    system = System(ONE, LOOSE)
    with pytest.raises(UserError, match="shape"):
        evolve(system, np.zeros((3, 2, 2)), 1e-12)
    with pytest.raises(UserError, match="no direction"):
        evolve(system, np.zeros((3, 1, 1)), 1e-12)
