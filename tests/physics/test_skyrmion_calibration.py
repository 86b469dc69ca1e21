import json
import math
from dataclasses import replace

import numpy as np
import pytest

from spingan.devices.skyrmion_synapse import CO_PT, shipped_calibration
from spingan.errors import UserError
from spingan.physics import skyrmion_calibration as calibration
from spingan.physics import thiele
from spingan.physics.mesh import Mesh
from spingan.physics.skyrmion_runs import Track, placed, profile, steps_of
from spingan.physics.skyrmion_texture import centres_m, moment_over_gamma, texture
from spingan.physics.states import skyrmion, uniform

RADIUS_M, WIDTH_M = 8e-9, math.pi * 4e-9
GYRO, DISSIPATION = -2e-14, 2.5e-14


@pytest.fixture(scope="module")
def two_walls():
    mesh = Mesh(120, 120, 0.5e-9, 0.5e-9)
    return skyrmion(mesh, (29.3e-9, 31.1e-9), RADIUS_M, WIDTH_M), mesh


def theta_of(r):
    d = WIDTH_M / math.pi
    return 2 * np.arctan(np.sinh(RADIUS_M / d) / np.sinh(r / d))


def radial_integral(values, r):
    return 2 * math.pi * np.trapezoid(values * r, r)


def test_a_textures_integrals_are_those_of_its_profile(two_walls):
    found = texture(*two_walls)
    r = np.linspace(1e-13, 24e-9, 40001)
    theta = theta_of(r)
    slope = np.gradient(theta, r)
    assert found.charge == pytest.approx(-1, abs=0.01)  # the tail beyond 24 nm turns by less than 1 degree
    assert found.radius_m == pytest.approx(RADIUS_M, rel=0.005)
    assert found.reversed_area_m2 == pytest.approx(radial_integral((1 - np.cos(theta)) / 2, r), rel=0.01)
    dissipation = radial_integral(slope**2 + (np.sin(theta) / r) ** 2, r) / 2
    assert found.dissipation == pytest.approx(dissipation, rel=0.02)  # centred differences over 0.5 nm
    drive = -math.pi * np.trapezoid(slope * r + np.sin(theta) * np.cos(theta), r)
    assert abs(found.drive_length_m) == pytest.approx(drive, rel=0.02)


@pytest.mark.parametrize("cell_m", [1e-9, 2e-9])
def test_the_dissipation_and_the_drive_do_not_depend_on_the_cells(two_walls, cell_m):
    fine, cells = texture(*two_walls), round(60e-9 / cell_m)
    mesh = Mesh(cells, cells, cell_m, cell_m)
    coarse = texture(skyrmion(mesh, (29.3e-9, 31.1e-9), RADIUS_M, WIDTH_M), mesh)
    assert coarse.dissipation == pytest.approx(fine.dissipation, rel=0.01)  # by three points: 2 % and 7 % less
    assert coarse.drive_length_m == pytest.approx(fine.drive_length_m, rel=0.01)


def test_a_round_skyrmion_dissipates_alike_both_ways_and_a_neel_one_is_driven_along_p_cross_z(two_walls):
    found = texture(*two_walls)
    assert abs(found.dissipation_difference) < 1e-3 * found.dissipation
    assert abs(found.drive_across_m) < 1e-3 * abs(found.drive_length_m)


def test_dissipation_is_above_its_topological_bound(two_walls):
    assert texture(*two_walls).dissipation > 4 * math.pi * 0.99  # Belavin and Polyakov 1975


def test_centres_are_found_wherever_the_skyrmions_are_and_however_many():
    mesh = Mesh(160, 80, 1e-9, 1e-9)
    one, small = skyrmion(Mesh(40, 40, 1e-9, 1e-9), (20e-9, 20e-9), 6e-9, 12e-9), [(10, 20), (80, 30)]
    m = placed(one, mesh, small)
    assert centres_m(m, mesh) == pytest.approx(np.array([[30e-9, 40e-9], [100e-9, 50e-9]]), abs=0.05e-9)
    assert len(centres_m(uniform(mesh, (0, 0, 1)), mesh)) == 0


def test_a_copy_that_sticks_out_is_cut():
    mesh = Mesh(40, 40, 1e-9, 1e-9)
    one = skyrmion(mesh, (20e-9, 20e-9), 6e-9, 12e-9)
    moved = placed(one, mesh, [(-10, 5)])
    assert np.array_equal(moved[:, 5:, :30], one[:, :35, 10:])
    assert np.all(moved[2, :, 30:] == 1)


def test_the_profile_is_that_of_the_texture(two_walls):
    r, values = profile(*two_walls)
    inner = (r > 1e-9) & (r < 20e-9)
    assert values[inner] == pytest.approx(np.sin(theta_of(r[inner])) ** 2, abs=0.02)
    assert values[-1] == 0


def moving(force, distance0, damping, duration=0.4e-9, spacing=5e-12):
    """A track of one Thiele skyrmion under a force along x that depends on x."""
    times = np.arange(0, duration + spacing / 2, spacing)
    norm = GYRO**2 + (damping * DISSIPATION) ** 2
    place, places = np.array([distance0, 0.0]), []
    fine = 200
    for _ in times:
        places.append(place.copy())
        for _ in range(fine):
            f = force(place[0])
            place = place + np.array([damping * DISSIPATION, -GYRO]) * f / norm * spacing / fine
    return Track(times, np.array(places)[:, None, :], damping)


@pytest.mark.parametrize("damping", [0.3, 1.0])
def test_the_force_is_read_off_the_velocity(damping):
    track = moving(lambda x: 5e-12 * math.exp(-x / 6e-9), 12e-9, damping)
    force = track.forces_n(GYRO, DISSIPATION)[:, 0]
    expected = 5e-12 * np.exp(-track.positions_m[:, 0, 0] / 6e-9)
    assert force[:, 0] == pytest.approx(expected, rel=0.01)
    assert np.abs(force[:, 1]).max() < 0.01 * expected.max()


def test_an_exponential_force_is_fitted_with_its_own_constants_and_no_residual():
    distance = np.linspace(20e-9, 40e-9, 30)
    strength, length, fit = calibration._exponential(distance, 3e-11 * np.exp(-distance / 7e-9))
    assert (strength, length) == pytest.approx((3e-11, 7e-9), rel=1e-6)
    assert fit.root_mean_square_n < 1e-18
    noisy = 3e-11 * np.exp(-distance / 7e-9) + np.random.default_rng(0).normal(0, 2e-14, 30)
    assert calibration._exponential(distance, noisy)[2].root_mean_square_n == pytest.approx(2e-14, rel=0.4)


def test_the_step_force_is_the_slope_of_the_anisotropy_energy():
    found = replace(shipped_calibration(), kernel_amplitude=0.9, kernel_scale=1.1)
    spacing = 0.5e-9
    x = (np.arange(240) + 0.5) * spacing
    excess = np.broadcast_to(steps_of(0.0, 0.4e6, 60e-9)(x), (180, 240))
    energy = found.anisotropy_energy_j(np.ascontiguousarray(excess), spacing)[90]
    slope = np.gradient(energy, spacing)
    radius = np.array(found.profile_radius_m) * 1.1
    values = np.array(found.profile) * 0.9
    for place in (100, 110, 119):
        expected = calibration.step_force_n((radius, values), found.film, 0.4e6, np.array(60e-9 - x[place]))
        assert slope[place] == pytest.approx(float(expected), rel=0.02)  # the map's cells against the line integral


def test_the_kernels_amplitude_and_scale_are_found_again():
    found = shipped_calibration()
    radius, values = np.array(found.profile_radius_m), np.array(found.profile)
    distance = np.linspace(0, 12e-9, 40)
    force = calibration.step_force_n((radius * 0.9, values * 0.7), found.film, 0.4e6, distance)
    amplitude, scale, fit = calibration._kernel(found.film, radius, values, distance, force)
    assert (amplitude, scale) == pytest.approx((0.7, 0.9), rel=1e-3)
    assert fit.largest_n < 1e-3 * force.max()


def test_a_calibration_is_read_back_as_it_was_written(tmp_path):
    found = shipped_calibration()
    calibration.write_calibration(found, tmp_path / "constants.json")
    assert calibration.read_calibration(tmp_path / "constants.json") == found


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("no json", "not JSON"),
        ("[1]", "not a skyrmion's calibration"),
        ('{"kind": "skyrmion calibration", "schema_version": 9}', "schema_version 9"),
        ('{"kind": "skyrmion calibration", "schema_version": 2, "film": {}}', "no whole calibration"),
    ],
)
def test_a_file_that_is_no_calibration_is_refused_by_name(tmp_path, text, words):
    path = tmp_path / "wrong.json"
    path.write_text(text)
    with pytest.raises(UserError, match=words) as refused:
        calibration.read_calibration(path)
    assert "wrong.json" in str(refused.value)
    assert "spingan calibrate skyrmion" in str(refused.value)


@pytest.mark.parametrize(
    ("part", "value", "words"),
    [
        ("fits", [1], "fits: input should be a valid dictionary"),
        ("profile", ["a"], "profile.0: input should be a valid number"),
        ("profile", [1.0], "the profile has .* radii and 1 values"),
        ("cell_m", float("nan"), "cell_m: input should be a finite number"),
        ("repulsion_length_m", -1e-9, "repulsion_length_m is -1e-09"),
        ("film", {"gilbert_damping": 0.3}, "film: lacks saturation_magnetization_a_per_m"),
        ("texture", None, "texture"),
        ("wall", 1, "unknown key wall"),
    ],
)
def test_a_part_of_the_wrong_type_is_refused_by_its_name(tmp_path, part, value, words):
    path = tmp_path / "constants.json"
    calibration.write_calibration(shipped_calibration(), path)
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")) | {part: value}), encoding="utf-8")
    with pytest.raises(UserError, match=words):
        calibration.read_calibration(path)


def test_the_shipped_constants_are_those_of_the_co_pt_film_and_predict_the_runs_not_fitted():
    found = shipped_calibration()
    assert found.film == CO_PT
    assert found.skyrmion().gyro_n_s_per_m == pytest.approx(-4 * math.pi * moment_over_gamma(CO_PT))
    for run in found.judgements:
        assert run.root_mean_square_m < 0.2 * run.path_m


def test_the_line_of_the_shipped_softness_follows_the_pushes_in_a_track():
    found = shipped_calibration()
    push = found.fits["track"]
    assert 0 < abs(found.track_drive_length_m) < abs(found.drive_length_m)  # rails make a skyrmion smaller
    assert found.softness_per_j > 0
    assert push.largest_n < 0.05 * push.strongest_force_n


@pytest.mark.slow
def test_a_coarse_calibration_of_the_film_repels_pushes_and_predicts():
    found = calibration.calibrate_skyrmion(CO_PT, 1.5e-9)  # 2 nm lose the skyrmion beside the step
    assert found.repulsion_n > 0
    assert found.kernel_amplitude > 0
    assert found.edge_n > 0
    assert found.softness_per_j > 0
    assert {fit.points > 10 for fit in found.fits.values()} == {True}
    assert isinstance(found.skyrmion(), thiele.Skyrmion)


@pytest.mark.slow
def test_a_film_without_skyrmions_is_refused_with_its_dmi():
    with pytest.raises(UserError, match="critical"):
        calibration.calibrate_skyrmion(replace(CO_PT, interfacial_dmi_j_per_m2=0.5e-3), 2e-9)
