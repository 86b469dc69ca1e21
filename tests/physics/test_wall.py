"""The compact wall against closed forms: its forces, its speed, its width and energy, its tilt, its place of rest."""

import math
from dataclasses import replace

import numpy as np
import pytest

from spingan.errors import UserError
from spingan.physics import wall as compact
from spingan.physics import wall_kernels as kernels
from spingan.physics.constants import GYROMAGNETIC_RATIO_RAD_PER_S_T
from spingan.physics.film import Film
from spingan.physics.wall import WallConstants, WallModel, WallState, at_rest, energy_j, rest_state, run, settle

WIDTH = 23e-9
# So little moment that the stray field does not blur the closed forms of a wall with DMI.
FAINT = Film(1e4, 15e-12, 1.5e-3, 0.6e6, 0.3, 1e-9, "test")
COBALT = Film(580e3, 15e-12, 3e-3, 0.6e6, 0.3, 1e-9, "test")


def long_track(film: Film, **changes: object) -> WallModel:
    """200 nm of one anisotropy: the ends are 16 wall widths away."""
    columns = 200
    flat = np.full(columns, film.anisotropy_j_per_m3)
    model = WallModel(film, WIDTH, 1e-9, flat, np.zeros(columns))
    return replace(model, **changes)


def well(film: Film = COBALT, constants: WallConstants | None = None) -> WallModel:
    """100 nm with a parabola of anisotropy around the middle and pinned ends."""
    x = np.arange(100) + 0.5
    bias = np.zeros(100)
    bias[:3], bias[-3:] = 0.5, -0.5
    return WallModel(
        film, WIDTH, 1e-9, 0.7e6 + 0.5e6 * ((x - 50) / 50) ** 2, bias, constants=constants or WallConstants()
    )


def forces_of(model: WallModel, state: WallState, drive_t: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    n = len(model.anisotropy_j_per_m3)
    force, friction, gyration = np.empty(4), np.empty((4, 4)), np.empty(4)
    kernels.forces(
        state.vector, model.anisotropy_j_per_m3, model.bias_field_t, model.shape_factors, model.parameters(drive_t),
        np.empty((8, n)), force, friction, gyration,
    )  # fmt: skip
    return force, friction, gyration


@pytest.mark.parametrize("coordinate", range(4))
def test_without_drive_the_force_is_minus_the_energys_gradient(coordinate):
    model = replace(well(), field_t=(0.01, 0.02, 0.03))
    state = WallState(44e-9, 2.6, 7e-9, 0.2)
    step = 1e-5 * (1e-9, 1.0, 1e-9, 1.0)[coordinate]
    up, down = state.vector, state.vector
    up[coordinate] += step
    down[coordinate] -= step
    slope = (energy_j(model, WallState(*up)) - energy_j(model, WallState(*down))) / (2 * step)
    force, _, _ = forces_of(model, state, 0.0)
    assert force[coordinate] == pytest.approx(-slope, rel=1e-5)  # the error of a central difference


def test_a_walls_energy_is_four_root_ak_less_pi_d():
    model = long_track(FAINT)
    wall = settle(model, 0.0, 100e-9)
    closed = 4 * math.sqrt(FAINT.exchange_stiffness_j_per_m * FAINT.effective_anisotropy_j_per_m3)
    closed -= math.pi * FAINT.interfacial_dmi_j_per_m2
    assert energy_j(model, wall) / (WIDTH * FAINT.thickness_m) == pytest.approx(closed, rel=2e-3)


def test_a_wall_at_rest_is_pi_root_a_over_k_wide():
    wall = settle(long_track(FAINT), 0.0, 100e-9, torque_tolerance_t=1e-6)
    assert math.pi * wall.width_m == pytest.approx(FAINT.wall_width_m, rel=1e-3)


def test_dmi_above_zero_turns_the_wall_from_down_to_up_and_below_zero_the_other_way():
    for sign, left in ((1, 1), (1, -1), (-1, 1), (-1, -1)):
        film = replace(FAINT, interfacial_dmi_j_per_m2=sign * 1.5e-3)
        wall = settle(
            long_track(film, left_domain=left), 0.0, replace(at_rest(long_track(film), 100e-9), angle_rad=1.5)
        )
        assert math.cos(wall.angle_rad) == pytest.approx(-sign * left, abs=1e-3)


def test_a_field_moves_the_wall_at_gamma_width_field_over_damping():  # Walker's law below breakdown
    field = 2e-3
    model = long_track(FAINT, field_t=(0.0, 0.0, field))
    steady = run(model, 0.0, 90e-9, 0.5e-9).last
    later = run(model, 0.0, steady, 0.5e-9).last
    speed = (later.position_m - steady.position_m) / 0.5e-9
    closed = GYROMAGNETIC_RATIO_RAD_PER_S_T * later.width_m * field / FAINT.gilbert_damping
    assert speed == pytest.approx(closed, rel=0.01)


def test_the_spin_orbit_torque_pushes_a_neel_wall_with_pi_ms_a_whatever_its_width():
    model, drive = long_track(FAINT), 0.05
    for width in (4e-9, 8e-9):
        force, _, _ = forces_of(model, WallState(100e-9, math.pi, width, 0.0), drive)
        at_no_drive, _, _ = forces_of(model, WallState(100e-9, math.pi, width, 0.0), 0.0)
        push = (force[0] - at_no_drive[0]) / (WIDTH * FAINT.thickness_m)
        assert push == pytest.approx(math.pi * FAINT.saturation_magnetization_a_per_m * drive, rel=1e-4)


def test_friction_is_that_of_boulle_et_al():  # Phys. Rev. Lett. 111, 217203 (2013), eqs. 2 to 4
    width, tilt = 6e-9, 0.4
    _, friction, gyration = forces_of(long_track(FAINT), WallState(100e-9, math.pi, width, tilt), 0.0)
    unit = FAINT.saturation_magnetization_a_per_m / GYROMAGNETIC_RATIO_RAD_PER_S_T * WIDTH * FAINT.thickness_m
    by_tilt = math.pi**2 / 12 * (math.tan(tilt) ** 2 + (WIDTH / (math.pi * width)) ** 2 / math.cos(tilt) ** 2)
    assert friction[0, 0] == pytest.approx(2 * math.cos(tilt) / width * unit, rel=2e-3)
    assert friction[1, 1] == pytest.approx(2 * width / math.cos(tilt) * unit, rel=2e-3)
    assert friction[3, 3] == pytest.approx(2 * width / math.cos(tilt) * by_tilt * unit, rel=5e-3)  # 5 nodes across
    assert gyration[0] == pytest.approx(-2 * unit, rel=1e-4)


def test_a_field_across_the_track_tilts_the_wall_by_its_moment_over_its_tension():
    field = 0.05  # weak: the tilt stays small, where the law is linear
    model = long_track(FAINT, field_t=(0.0, field, 0.0))
    wall = settle(model, 0.0, 100e-9, torque_tolerance_t=1e-6)
    tension = 4 * math.sqrt(FAINT.exchange_stiffness_j_per_m * FAINT.effective_anisotropy_j_per_m3)
    tension -= math.pi * FAINT.interfacial_dmi_j_per_m2
    moment = math.pi * wall.width_m * FAINT.saturation_magnetization_a_per_m * field
    assert wall.tilt_rad == pytest.approx(-moment / tension, rel=0.05)


def test_a_well_has_one_place_of_rest_which_both_sides_reach():
    left, right = settle(well(), 0.0, 20e-9), settle(well(), 0.0, 80e-9)
    assert left.settled and right.settled
    assert left.position_m == pytest.approx(right.position_m, abs=0.1e-9)
    assert left.position_m == pytest.approx(50e-9, abs=0.1e-9)  # the well's middle


def test_newtons_rest_state_is_where_the_motion_ends():
    model = well()
    start = settle(model, 0.04, 50e-9)
    followed = settle(model, 0.06, start, torque_tolerance_t=1e-6)
    found = rest_state(model, 0.06, start)
    assert found.settled
    assert found.position_m == pytest.approx(followed.position_m, abs=0.01e-9)


def test_a_positive_drive_moves_the_wall_to_larger_x_and_its_factor_scales_it():
    stronger = settle(well(constants=WallConstants(drive=1.2)), 0.05, 50e-9)
    plain = settle(well(), 0.06, 50e-9)
    assert stronger.position_m > 51e-9
    assert stronger.position_m == pytest.approx(plain.position_m, abs=0.05e-9)


def test_too_strong_a_drive_loses_the_wall_and_says_so():
    lost = settle(well(), 2.0, 50e-9)
    assert not lost.kept
    assert not lost.settled


def test_the_seen_magnetisation_is_zero_at_the_wall_and_the_domains_far_away():
    model = well(constants=WallConstants(domain_magnetisation=0.9))
    state = WallState(40e-9, math.pi, 5e-9, 0.3)
    seen = compact.magnetisation_z(model, state, [1e-9, 40e-9, 99e-9], WIDTH / 2)
    assert seen == pytest.approx([0.9, 0.0, -0.9], abs=1e-4)


def test_a_start_outside_the_track_is_refused_with_its_place():
    with pytest.raises(UserError, match="120 nm"):
        settle(well(), 0.0, 120e-9)


def test_columns_longer_than_the_exchange_length_are_refused():
    with pytest.raises(UserError, match="exchange length"):
        WallModel(COBALT, WIDTH, 10e-9, np.full(10, 0.8e6), np.zeros(10))
