import math
from dataclasses import replace

import numpy as np
import pytest

from spingan.devices import skyrmion_synapse as synapse
from spingan.devices.skyrmion_synapse_run import (
    OPERATION,
    Phase,
    Point,
    bench,
    designed,
    operate,
    pulse_energy,
    relaxed_places_m,
    sweep,
    torques_t,
    working_point,
)
from spingan.devices.skyrmion_synapse_study import Variant, _hops, hold, level_table
from spingan.devices.skyrmion_synapse_study import synapse as as_synapse
from spingan.errors import UserError
from spingan.physics.mtj import julliere_tmr
from spingan.spec.files import read_synapse, write_synapse

CALIBRATION = synapse.shipped_calibration()
FAST = designed(synapse.PRINTED).with_drive(5e10)
SHORT = (Phase("potentiation", 24, 1), Phase("short-term state", 2, 0), Phase("depression", 24, -1))


def quiet(_what, _done, _total):
    pass


@pytest.fixture(scope="module")
def fast():
    return operate(bench(FAST, CALIBRATION), SHORT, step_s=10e-12)


@pytest.fixture(scope="module")
def heat(fast):
    return hold(bench(FAST, CALIBRATION), fast, (0, 1), quiet)


def test_the_printed_operation_takes_305_ns_and_its_current_is_on_for_2_2_of_2_5_ns():
    assert sum(phase.periods for phase in OPERATION) * synapse.PRINTED.pulse_period_s == pytest.approx(305e-9)
    torque = torques_t(synapse.PRINTED, OPERATION, 5e-12)
    assert np.count_nonzero(torque > 0) * 5e-12 == pytest.approx(57 * 2.2e-9)
    assert torque.sum() == pytest.approx(0, abs=1e-9)  # as much up as down


def test_the_printed_density_makes_the_torque_of_slonczewskis_amplitude():
    expected = 1.054571817e-34 * 0.4 * 2.5e10 / (2 * 1.602176634e-19 * 580e3 * 0.5e-9)
    assert synapse.PRINTED.torque_t(2.5e10) == pytest.approx(expected)


def test_sixty_four_skyrmions_begin_on_the_track_outside_the_junction_with_a_pitch_between_the_turns():
    places = synapse.track_places_m(synapse.PRINTED) - np.array(synapse.PRINTED.centre_m)
    radius = np.hypot(*places.T)
    assert len(places) == 64
    assert radius.min() > synapse.PRINTED.detector_radius_m
    assert radius.max() < synapse.PRINTED.radius_m - 15e-9
    assert radius[32:] - radius[:32] == pytest.approx(np.full(32, 40e-9))


@pytest.mark.parametrize("handedness", [1, -1])
def test_the_track_runs_midway_between_rails(handedness):
    device = replace(synapse.PRINTED, handedness=handedness)
    places = synapse.track_places_m(device)[:48]  # the last ones have the edge on one side
    for x, y in places:
        dx, dy = x - device.centre_m[0], y - device.centre_m[1]
        radius = math.hypot(dx, dy)
        along = np.linspace(radius - 25e-9, radius + 25e-9, 201) / radius
        ray = np.array(
            [
                synapse.rail_cover(
                    device, np.array([device.centre_m[0] + dx * s]), np.array([device.centre_m[1] + dy * s]), 1e-9
                )[0, 0]
                for s in along
            ]
        )
        inner, outer = ray[:100], ray[101:]
        assert ray[85:116].max() == 0  # 30 nm between rails, less the cells' smoothing
        if radius - 25e-9 > device.rail_start_m:
            assert inner.max() == 1
        assert outer.max() == 1


def test_the_rails_cover_their_width_of_each_pitch():
    device = synapse.PRINTED
    x = (np.arange(650) + 0.5) * 1e-9
    cover = synapse.rail_cover(device, x, x, 1e-9)
    radius = np.hypot(x[None, :] - 325e-9, x[:, None] - 325e-9)
    ring = (radius > 250e-9) & (radius < 310e-9)
    assert cover[ring].mean() == pytest.approx(device.rail_width_m / device.pitch_m, rel=0.02)
    assert cover[radius < device.rail_start_m - 10e-9].max() == 0


def test_positive_current_pushes_inwards_under_a_vortex_and_down_the_track_under_a_radial_polarisation():
    from spingan.physics import thiele

    place = np.array([[325e-9 + 245e-9, 325e-9]])
    vortex = bench(synapse.PRINTED, CALIBRATION)
    force = thiele.forces_n(vortex.skyrmion, place, 0.01, polarisation=vortex.polarisation)[0]
    assert force[0] < 0
    assert abs(force[1]) < 1e-6 * abs(force[0])
    radial = bench(designed(synapse.PRINTED), CALIBRATION)
    force = thiele.forces_n(radial.skyrmion, place, 0.01, polarisation=radial.polarisation)[0]
    assert abs(force[0]) < 1e-6 * abs(force[1])
    assert force[1] > 0  # the spiral opens clockwise, so inwards is anticlockwise


def test_without_current_the_skyrmions_spread_along_their_track_and_cross_no_rail():
    device = synapse.PRINTED
    after = relaxed_places_m(bench(device, CALIBRATION)) - np.array(device.centre_m)
    radius, turn = np.hypot(*after.T), np.mod(np.arctan2(after[:, 1], after[:, 0]), 2 * math.pi) / (2 * math.pi)
    from_middle = (radius - device.rail_start_m) / device.pitch_m - turn
    assert np.abs(from_middle - np.floor(from_middle) - 0.5).max() < 0.35  # a rail's flank is at 0.375 of the pitch
    assert sorted(np.floor(from_middle))[31:33] == [0, 1]  # as many on each turn as before
    assert np.linalg.norm(after[1:] - after[:-1], axis=1).min() > 35e-9


def test_skyrmions_come_in_with_positive_current_stay_without_and_go_with_negative(fast):
    up = fast.number_at(fast.phase_end_s("potentiation"))
    held = fast.number_at(fast.phase_end_s("short-term state"))
    assert up > 20
    assert held == pytest.approx(up, abs=1.5)
    assert fast.number[-1] < 0.3 * up
    assert fast.lost == 0


def test_the_conductance_follows_the_number_under_the_junction(fast):
    area = CALIBRATION.texture.reversed_area_m2
    per_skyrmion = area / FAST.ra_parallel_ohm_m2 * (1 - 1 / (1 + julliere_tmr(FAST.junction_polarization)))
    rise = fast.conductance_s - synapse.conductance_s(FAST, np.zeros(1), area)[0]
    assert rise == pytest.approx(per_skyrmion * fast.number, rel=1e-9)


def test_half_the_step_moves_the_number_under_the_junction_by_less_than_a_tenth():
    at = bench(FAST, CALIBRATION)
    phases = (Phase("potentiation", 12, 1),)
    ends = [operate(at, phases, step_s=step).number[-1] for step in (5e-12, 2.5e-12)]
    assert ends[0] == pytest.approx(ends[1], abs=0.1)


def test_covered_share_goes_from_one_to_zero_over_a_diameter_and_is_half_on_the_rim():
    device = synapse.PRINTED
    radius = np.array([200e-9, 213e-9, 220e-9, 227e-9, 240e-9])
    places = np.stack([325e-9 + radius, np.full(5, 325e-9)], axis=1)
    share = synapse.covered_share(device, places, 7e-9)
    assert share == pytest.approx([1, 1, 0.5, 0, 0], abs=1e-9)
    quarter = synapse.covered_share(device, np.array([[325e-9 + 223.5e-9, 325e-9]]), 7e-9)[0]
    assert quarter == pytest.approx((math.pi / 3 - math.sqrt(3) / 4) / math.pi)  # a circle's segment at half radius


def test_a_pulses_energy_is_current_squared_times_resistance_times_time():
    energy = pulse_energy(synapse.PRINTED)
    current = 2.5e10 * math.pi * 325e-9**2
    assert current == pytest.approx(8.3e-3, rel=0.01)  # docs/derivations.md, section 2
    assert energy.perpendicular_j == pytest.approx(current**2 * 2.2e-9 * 1.1e-15 / (math.pi * 325e-9**2), rel=0.1)
    assert pulse_energy(synapse.PRINTED.with_drive(5e10)).in_plane_j == pytest.approx(4 * energy.in_plane_j)


def point(density, damping=0.3, potentiated=64.0, left=0.0, lost=0, deviation=0.05):
    return Point(density, damping, potentiated, left, lost, 20e-9, deviation, 64)


def test_the_working_point_is_the_most_linear_that_brings_nearly_all_in_and_out():
    weak, bent, straight = point(1e10, potentiated=3, deviation=0), point(2e10), point(4e10, deviation=0.02)
    assert working_point([weak, bent, straight]) == straight


def test_where_none_works_the_largest_swing_is_taken_and_a_loss_counts_as_none():
    chosen = working_point([point(1e10, potentiated=10), point(2e10, potentiated=30), point(4e10, lost=2)])
    assert chosen.potentiated == 30
    assert not chosen.works


def test_a_sweep_at_one_point_is_the_operation_there():
    (found,) = sweep(FAST, CALIBRATION, quiet, (1.0,), dampings=(0.3,))
    done = operate(bench(FAST, CALIBRATION), step_s=10e-12)
    assert found.potentiated == pytest.approx(done.number_at(142.5e-9))
    assert found.left == pytest.approx(done.number[-1])


def test_a_hop_passes_from_well_inside_to_well_outside():
    history = np.array([[1.0, 0.0], [0.6, 0.0], [0.95, 0.05], [0.3, 0.5], [0.0, 0.2], [0.5, 0.95], [1.0, 1.0]])
    assert _hops(history) == 3  # the first out and back in, the second in


def test_heat_spreads_the_levels_and_is_the_same_for_the_same_seeds(fast, heat):
    again = hold(bench(FAST, CALIBRATION), fast, (0, 1), quiet)
    assert heat.level_spread > 0
    assert heat.read_noise_s.max() > 0
    assert np.array_equal(again.read_noise_s, heat.read_noise_s)


def test_the_curve_has_a_level_for_each_skyrmion_and_one_more_and_is_read_back(tmp_path, fast, heat):
    levels = level_table(fast, CALIBRATION, heat)
    made = Variant(
        "skyrmion_test", CALIBRATION, 2, fast, fast, (point(FAST.current_density_a_per_m2),), fast, heat, levels
    )
    value = as_synapse(made)
    rising = fast.time_s <= fast.phase_end_s("potentiation")
    assert value.states == round(fast.number[rising].max()) + 1
    assert np.diff(value.conductance) == pytest.approx(
        np.full(value.states - 1, np.diff(value.conductance)[0]), rel=1e-2
    )
    assert value.basis == "simulated"
    assert value.write.energy_per == "state"
    write_synapse(value, tmp_path / "curve.csv")
    assert read_synapse(tmp_path / "curve.csv") == value


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"detector_radius_m": 400e-9}, "400 nm is not within the disc's 325 nm"),
        ({"rail_width_m": 50e-9}, "leave no track"),
        ({"pulse_width_s": 3e-9}, "does not fit"),
        ({"current_density_a_per_m2": 0.0}, "moves nothing"),
    ],
)
def test_a_disc_that_cannot_be_is_refused_with_its_numbers(change, words):
    with pytest.raises(UserError, match=words):
        replace(synapse.PRINTED, **change)


@pytest.mark.parametrize("handedness", [1, -1])
def test_the_skyrmions_begin_in_the_tracks_middle_and_the_distance_from_it_is_along_the_radius(handedness):
    device = replace(synapse.PRINTED, handedness=handedness)
    centre = np.array(device.centre_m)
    for place in synapse.track_places_m(device):
        assert synapse.off_track_m(device, place) == pytest.approx(0, abs=1e-15)
        outwards = (place - centre) / np.linalg.norm(place - centre)
        assert synapse.off_track_m(device, place + 7e-9 * outwards) == pytest.approx(7e-9)
        assert synapse.off_track_m(device, place - 7e-9 * outwards) == pytest.approx(7e-9)
