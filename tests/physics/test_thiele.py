import math
from dataclasses import replace

import numpy as np
import pytest

from spingan.physics import thiele
from spingan.physics.constants import BOLTZMANN, GYROMAGNETIC_RATIO_RAD_PER_S_T

UNIT = 580e3 * 0.5e-9 / GYROMAGNETIC_RATIO_RAD_PER_S_T  # Ms t / γ of the Co/Pt film
SKYRMION = thiele.Skyrmion(
    gyro_n_s_per_m=-4 * math.pi * UNIT,
    dissipation_n_s_per_m=14 * UNIT,
    gilbert_damping=0.3,
    drive_n_per_t=2e-11,
    repulsion_n=40e-12,
    repulsion_length_m=6e-9,
)
STEP = 5e-12


def moved(run):
    return run.positions_m[-1, 0] - run.positions_m[0, 0]


def bowl(stiffness=1e-5, side=100, spacing=2e-9):
    centre = side * spacing / 2
    x = (np.arange(side) + 0.5) * spacing - centre
    return thiele.landscape(stiffness / 2 * (x[None, :] ** 2 + x[:, None] ** 2), spacing), centre


def test_a_free_skyrmion_leaves_the_force_by_the_hall_angle_whose_tangent_is_gyro_over_damping():
    run = thiele.run(
        SKYRMION, np.zeros((1, 2)), np.full(200, 0.01), STEP, polarisation=thiele.Polarisation(y=1.0), every=200
    )
    path = moved(run)  # y x z = x: the force is along +x
    assert path[1] / path[0] == pytest.approx(-SKYRMION.gyro_n_s_per_m / SKYRMION.damping_n_s_per_m, rel=1e-12)
    assert path[0] > 0


@pytest.mark.parametrize("torque_t", [0.002, 0.05, -0.01])
def test_speed_is_drive_over_the_root_of_gyro_and_damping_squared(torque_t):
    run = thiele.run(
        SKYRMION, np.zeros((1, 2)), np.full(300, torque_t), STEP, polarisation=thiele.Polarisation(x=1.0), every=300
    )
    speed = np.linalg.norm(moved(run)) / run.time_s[-1]
    norm = math.hypot(SKYRMION.gyro_n_s_per_m, SKYRMION.damping_n_s_per_m)
    assert speed == pytest.approx(abs(torque_t) * SKYRMION.drive_n_per_t / norm, rel=1e-12)


def test_a_vortex_pushes_along_the_radius_and_a_radial_polarisation_around_the_centre():
    place = np.array([[30e-9, 40e-9]])
    for angle, direction in ((0.0, (0.6, 0.8)), (math.pi / 2, (0.8, -0.6))):
        force = thiele.forces_n(SKYRMION, place, 0.01, polarisation=thiele.vortex((0.0, 0.0), angle, 0.0))[0]
        assert force == pytest.approx(0.01 * SKYRMION.drive_n_per_t * np.array(direction), abs=1e-20)


def test_a_soft_skyrmion_is_pushed_less_in_proportion_to_the_energy_where_it_is_and_never_backwards():
    ground, centre = bowl()
    soft = replace(SKYRMION, softness_per_j=4e19)
    for distance, left in ((0.0, 1.0), (30e-9, 1 - 4e19 * 1e-5 / 2 * (30e-9) ** 2), (90e-9, 0.0)):
        place = np.array([[centre, centre + distance]])
        with_drive, without = (
            thiele.forces_n(soft, place, torque, polarisation=thiele.Polarisation(y=1.0), ground=ground)[0]
            for torque in (0.01, 0.0)
        )
        assert with_drive - without == pytest.approx((0.01 * SKYRMION.drive_n_per_t * left, 0.0), abs=1e-18)


def test_without_drive_the_energy_never_grows_and_ends_lower():
    generator = np.random.default_rng(3)
    ground, centre = bowl()
    places = centre + generator.uniform(-50e-9, 50e-9, (12, 2))
    run = thiele.run(SKYRMION, places, np.zeros(8000), STEP, ground=ground, every=20)
    energy = np.array([thiele.energy_j(SKYRMION, at, ground) for at in run.positions_m])
    assert np.all(np.diff(energy) <= 1e-9 * energy[0])
    assert energy[-1] < 0.6 * energy[0]


def test_in_a_bowl_a_skyrmion_spirals_home_at_the_rate_of_its_damping():
    stiffness = 1e-5
    ground, centre = bowl(stiffness)
    start = np.array([[centre + 40e-9, centre]])
    run = thiele.run(SKYRMION, start, np.zeros(2000), STEP, ground=ground, every=2000)
    norm = SKYRMION.gyro_n_s_per_m**2 + SKYRMION.damping_n_s_per_m**2
    z = 40e-9 * np.exp(stiffness * (-SKYRMION.damping_n_s_per_m + 1j * SKYRMION.gyro_n_s_per_m) / norm * run.time_s[-1])
    assert run.positions_m[-1, 0] - centre == pytest.approx([z.real, z.imag], abs=0.02e-9)


def test_two_skyrmions_part_evenly_and_circle_each_other():
    start = np.array([[-15e-9, 0.0], [15e-9, 0.0]])
    run = thiele.run(SKYRMION, start, np.zeros(1000), STEP, every=1000)
    first, second = run.positions_m[-1]
    assert first == pytest.approx(-second, abs=1e-18)
    assert np.linalg.norm(second) > 15e-9
    assert second[1] * -SKYRMION.gyro_n_s_per_m > 0  # both turn the same way round, the Magnus force's way


def test_forces_are_the_gradient_of_the_energy():
    generator = np.random.default_rng(5)
    ground = thiele.landscape(generator.normal(size=(30, 30)) * 1e-20, 3e-9)
    places = generator.uniform(30e-9, 60e-9, (4, 2))
    forces = thiele.forces_n(SKYRMION, places, ground=ground)
    shift = 1e-12
    for number in range(4):
        for axis in range(2):
            ahead, behind = places.copy(), places.copy()
            ahead[number, axis] += shift
            behind[number, axis] -= shift
            rise = thiele.energy_j(SKYRMION, ahead, ground) - thiele.energy_j(SKYRMION, behind, ground)
            # second differences of splines over 1 pm leave 1e-6 of the largest force
            assert forces[number, axis] == pytest.approx(-rise / (2 * shift), abs=3e-6 * np.abs(forces).max())


def test_a_landscape_goes_through_the_energies_it_was_given():
    energies = np.random.default_rng(1).normal(size=(12, 9)) * 1e-20
    ground = thiele.landscape(energies, 2e-9)
    for row, column in ((3, 4), (8, 2), (5, 6)):
        given = energies[row, column]
        assert ground.energy_j((column + 0.5) * 2e-9, (row + 0.5) * 2e-9) == pytest.approx(given, rel=1e-9)


def test_free_skyrmions_diffuse_as_the_fluctuation_dissipation_theorem_says():
    lone = thiele.Skyrmion(
        **{name: getattr(SKYRMION, name) for name in ("gyro_n_s_per_m", "dissipation_n_s_per_m", "drive_n_per_t")},
        gilbert_damping=0.3,
        repulsion_n=0.0,
        repulsion_length_m=1e-9,
    )
    run = thiele.run(
        lone, np.zeros((4000, 2)), np.zeros(50), STEP, temperature_k=300, generator=np.random.default_rng(2), every=50
    )
    spread = run.positions_m[-1].var(axis=0) / (2 * run.time_s[-1])
    norm = lone.gyro_n_s_per_m**2 + lone.damping_n_s_per_m**2
    expected = BOLTZMANN * 300 * lone.damping_n_s_per_m / norm
    assert spread == pytest.approx(expected, rel=0.09)  # 4 standard errors: sqrt(2 / 4000) = 0.022


def test_in_a_bowl_heat_holds_kt_half_in_each_direction():
    ground, centre = bowl(stiffness=1e-4)
    lone = thiele.Skyrmion(SKYRMION.gyro_n_s_per_m, SKYRMION.dissipation_n_s_per_m, 0.3, 0.0, 0.0, 1e-9)
    run = thiele.run(
        lone,
        np.full((600, 2), centre),
        np.zeros(4000),
        STEP,
        ground=ground,
        temperature_k=300,
        generator=np.random.default_rng(4),
        every=500,
    )
    square = ((run.positions_m[4:] - centre) ** 2).mean()
    # 600 skyrmions, 2 axes, 5 records 2.5 ns apart: over 1200 independent values, 4 standard errors are 0.16
    assert 1e-4 * square == pytest.approx(BOLTZMANN * 300, rel=0.16)


def test_without_temperature_a_run_is_the_same_whatever_the_generator():
    start = np.array([[-15e-9, 0.0], [15e-9, 0.0]])
    runs = [
        thiele.run(SKYRMION, start, np.zeros(100), STEP, generator=np.random.default_rng(seed)).positions_m
        for seed in (1, 2)
    ]
    assert np.array_equal(*runs)


def test_half_the_step_changes_a_crowd_by_less_than_a_tenth_of_a_nanometre():
    ground, centre = bowl(stiffness=1e-4)
    places = centre + np.array([[x, y] for x in (-30e-9, 0.0, 30e-9) for y in (-30e-9, 0.0, 30e-9)])
    ends = [
        thiele.run(SKYRMION, places, np.zeros(500 * part), STEP / part, ground=ground, every=500 * part).positions_m[-1]
        for part in (1, 2)
    ]
    assert np.abs(ends[0] - ends[1]).max() < 0.1e-9


def test_a_skyrmion_that_leaves_the_inside_is_lost_and_moves_no_more():
    inside = np.zeros((40, 40), bool)
    inside[5:35, 5:35] = True
    ground = thiele.landscape(np.zeros((40, 40)), 1e-9, inside)
    run = thiele.run(
        SKYRMION,
        np.array([[20e-9, 20e-9]]),
        np.full(2000, 0.05),
        STEP,
        polarisation=thiele.Polarisation(x=1.0),
        ground=ground,
        every=1,
    )
    assert run.alive[0, 0]
    assert not run.alive[-1, 0]
    assert np.array_equal(run.positions_m[-1], run.positions_m[-500])


def test_a_step_that_is_too_long_is_refused_and_not_reported_as_a_result():
    start = np.array([[0.0, 0.0], [1e-12, 0.0]])
    with pytest.raises(ValueError, match="too long"):
        thiele.run(SKYRMION, start, np.full(200, 1e300), 1e10, polarisation=thiele.Polarisation(x=1.0))


def test_attraction_and_negative_damping_are_refused():
    with pytest.raises(ValueError, match="gilbert_damping"):
        SKYRMION.with_damping(-0.1)
    with pytest.raises(ValueError, match="attraction"):
        thiele.Skyrmion(1e-15, 1e-15, 0.1, 1e-11, -1e-12, 1e-9)
