from dataclasses import replace

import numpy as np
import pytest

from spingan.devices import wall_system
from spingan.devices.wall_device import CONVENTIONS, LEAKY_RELU, RELU, AnisotropyProfile, Detector, ExchangeBias
from spingan.errors import UserError
from spingan.physics.mtj import julliere_tmr
from spingan.physics.states import uniform, wall


def test_the_heavy_metals_have_the_printed_resistance_and_the_one_that_is_not_printed():
    # docs/derivations.md, section 1
    assert pytest.approx(850.75, abs=0.005) == RELU.heavy_metal_resistance_ohm
    assert pytest.approx(902.17, abs=0.005) == LEAKY_RELU.heavy_metal_resistance_ohm


def test_the_conventions_differ_by_the_polarisation_and_by_the_section():  # 1, 0.614 and 2.456 of the textbook's
    textbook, formula, magnet = (
        wall_system.interface_spin_density(LEAKY_RELU, 34.5e-6, convention) for convention in CONVENTIONS
    )
    assert textbook == pytest.approx(0.3 * 34.5e-6 / (23e-9 * 4e-9))
    assert formula / textbook == pytest.approx(0.614)
    assert magnet / textbook == pytest.approx(2.456)
    assert magnet == pytest.approx(0.3 * 0.614 * 1.5e12)  # 34.5 µA are 1.5e12 A/m² over the magnet


def test_the_bias_current_adds_to_every_input():
    biased = replace(LEAKY_RELU, bias_current_a=5e-6)
    density = wall_system.interface_spin_density(LEAKY_RELU, 15e-6, "textbook")
    assert wall_system.interface_spin_density(biased, 10e-6, "textbook") == pytest.approx(density)


def test_the_profile_has_the_printed_ends_and_its_flat_zone():  # docs/derivations.md, section 1
    profile = LEAKY_RELU.profile
    assert profile([0.0, 21e-9, 40e-9, 68e-9, 100e-9]) == pytest.approx([1.25e6, 0.6e6, 0.6e6, 0.6e6, 1.25e6])
    assert profile(10.5e-9) == pytest.approx(0.6e6 + 0.65e6 / 4)
    assert profile(84e-9) == pytest.approx(0.6e6 + 0.65e6 / 4)


@pytest.mark.parametrize(
    ("change", "names"),
    [
        ({"left_end_m": 0.0}, "jumps at its left end"),
        ({"right_start_m": 100e-9}, "jumps at its right end"),
        ({"left_end_m": 70e-9}, "do not lie in this order"),
        ({"flat_j_per_m3": -1.0}, "flat_j_per_m3 is -1"),
    ],
)
def test_a_profile_with_a_jump_or_crossed_zones_is_refused(change, names):
    with pytest.raises(UserError, match=names):
        replace(LEAKY_RELU.profile, **change)


def test_a_parabola_too_steep_for_the_cells_is_refused_with_its_place():
    steep = replace(LEAKY_RELU, profile=AnisotropyProfile(0.6e6, 1.25e6, 1.5e-9, 1.25e6, 68e-9, 100e-9))
    with pytest.raises(UserError, match=r"jumps from .* between the cells at 0\.5 and 1\.5 nm"):
        wall_system.system(steep, 0.0, "textbook")


@pytest.mark.parametrize(
    ("change", "names"),
    [
        ({"detectors": ()}, "no detector"),
        ({"detectors": (Detector("far", 90e-9, 110e-9, 0.0, 7e-9),)}, "detector far .* not a rectangle on the track"),
        ({"polarization": 1.2}, "polarization 1.2"),
        ({"length_m": 90e-9}, "the profile is 1e-07 m long, the track 9e-08 m"),
        ({"exchange_bias": ExchangeBias(60e-9, 0.5)}, "pinned ends of 6e-08 m"),
        ({"ra_parallel_ohm_m2": 0.0}, "ra_parallel_ohm_m2 is 0"),
        ({"left_domain": 2}, "left_domain is 2"),
    ],
)
def test_an_impossible_device_is_refused_with_quantity_value_and_limit(change, names):
    with pytest.raises(UserError, match=names):
        replace(LEAKY_RELU, **change)


@pytest.mark.parametrize("cell_m", [0.0, 3e-9, 2e-9])
def test_cells_that_do_not_fill_the_track_are_refused(cell_m):
    with pytest.raises(UserError, match="cell"):
        wall_system.mesh(LEAKY_RELU, cell_m)


def test_cells_larger_than_the_wall_are_refused():
    level = replace(LEAKY_RELU.profile, left_peak_j_per_m3=0.6e6, right_peak_j_per_m3=0.6e6)
    wide = replace(LEAKY_RELU, width_m=30e-9, profile=level)
    with pytest.raises(UserError, match="the cells are 10 nm wide"):
        wall_system.system(wide, 0.0, "textbook", cell_m=10e-9)


def test_the_wall_stands_where_it_was_put_whichever_domain_is_left():
    mesh = wall_system.mesh(LEAKY_RELU)
    for left in (1, -1):
        state = wall(mesh, 37.3e-9, 10e-9, left)
        assert wall_system.wall_position_m(state, mesh) == pytest.approx(37.3e-9, abs=0.02e-9)  # interpolation's error


def test_three_walls_count_as_one_with_as_much_of_the_left_domain():
    x = np.arange(10) + 0.5
    assert wall_system.crossing_m(np.array([1, 1, -1, -1, 1, 1, 1, -1, -1, -1.0]), x) == pytest.approx(2 - 4 + 7)


def test_no_wall_and_two_walls_are_no_place():
    mesh = wall_system.mesh(LEAKY_RELU)
    assert np.isnan(wall_system.wall_position_m(uniform(mesh, (0, 0, 1)), mesh))
    assert np.isnan(wall_system.crossing_m(np.array([1, -1, -1, 1.0]), np.arange(4.0)))


def test_a_film_that_lies_in_its_plane_holds_no_wall():
    tilted = np.array([0.08, 0.02, -0.03, -0.09])
    assert np.isnan(wall_system.crossing_m(tilted, np.arange(4.0)))
    assert wall_system.crossing_m(10 * tilted, np.arange(4.0)) == pytest.approx(1.4)


def test_the_detectors_conduct_between_both_states_and_more_the_further_the_wall():
    mesh = wall_system.mesh(LEAKY_RELU)
    found = [wall_system.conductance_s(LEAKY_RELU, wall(mesh, x, 6e-9), mesh) for x in (-50e-9, 12e-9, 87e-9, 150e-9)]
    parallel = LEAKY_RELU.detector_area_m2 / LEAKY_RELU.ra_parallel_ohm_m2
    assert found == sorted(found)
    assert found[-1] == pytest.approx(parallel)
    assert found[0] == pytest.approx(parallel / (1 + julliere_tmr(0.614)))


def test_the_sum_of_the_detectors_is_the_conductance_and_each_sees_only_its_own_place():
    mesh = wall_system.mesh(LEAKY_RELU)
    middle = wall_system.detector_conductances_s(LEAKY_RELU, wall(mesh, 45e-9, 6e-9), mesh)
    assert wall_system.conductance_s(LEAKY_RELU, wall(mesh, 45e-9, 6e-9), mesh) == pytest.approx(sum(middle.values()))
    assert middle["left"] == pytest.approx(63e-18 / 2e-12, rel=1e-3)  # parallel
    assert middle["right"] == pytest.approx(322e-18 / 2e-12 / (1 + julliere_tmr(0.614)), rel=1e-3)  # opposed


def test_turning_both_domains_over_changes_no_conductance():
    mesh = wall_system.mesh(LEAKY_RELU)
    turned = replace(LEAKY_RELU, left_domain=-1)
    here = wall_system.conductance_s(LEAKY_RELU, wall(mesh, 80e-9, 8e-9, 1), mesh)
    assert wall_system.conductance_s(turned, wall(mesh, 80e-9, 8e-9, -1), mesh) == pytest.approx(here)


def test_the_ends_are_pinned_along_their_own_domains_and_nothing_else_is():
    field = np.asarray(wall_system.system(LEAKY_RELU, 0.0, "textbook").exchange_bias_field_t)
    assert np.unique(field[2, :, :3]) == 0.5
    assert np.unique(field[2, :, -3:]) == -0.5
    assert not field[2, :, 3:-3].any()
    assert not field[:2].any()


def test_the_read_torque_acts_under_the_detectors_only_and_turns_with_the_voltage():
    both = wall_system.system(LEAKY_RELU, 0.0, "textbook", read_torque=True).torques
    amplitude = np.asarray(both[1].field_t)
    assert len(wall_system.system(LEAKY_RELU, 0.0, "textbook").torques) == 1
    assert np.count_nonzero(amplitude) == 385  # nm², docs/derivations.md, section 1
    turned = replace(LEAKY_RELU, read_voltage_v=-0.33)
    opposite = np.asarray(wall_system.system(turned, 0.0, "textbook", read_torque=True).torques[1].field_t)
    assert opposite == pytest.approx(-amplitude)


def test_half_cells_give_the_same_detectors_and_the_same_pinned_length():
    fine = wall_system.system(LEAKY_RELU, 0.0, "textbook", cell_m=0.5e-9, read_torque=True)
    assert np.count_nonzero(np.asarray(fine.torques[1].field_t)) == 4 * 385
    assert np.count_nonzero(np.asarray(fine.exchange_bias_field_t)) == 2 * 6 * 46
