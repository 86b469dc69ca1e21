"""Each real term of a wall device obeys its law, and without terms the device is the printed one."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from spingan.devices.domain_wall import designed_wall
from spingan.devices.real_terms import (
    Edges,
    Grains,
    Heat,
    Pinning,
    RealTerms,
    Shunt,
    Spread,
    ThreeTerminals,
    TmrFall,
    read_real_terms,
)
from spingan.devices.wall_compact import drive_t
from spingan.devices.wall_curve import heavy_metal_current_a
from spingan.devices.wall_design import compact_maps, compact_states
from spingan.devices.wall_heat import constants_of
from spingan.devices.wall_real import real_curve, real_wall, rest_point
from spingan.errors import UserError
from spingan.physics.wall import settle

DEVICE = designed_wall("leaky_relu")
CONSTANTS = constants_of(DEVICE)[0]
START_M, FULL_A = 53e-9, 20e-6
SAY = "a test"


def wall(terms=None, convention="magnet-section", device=DEVICE, **draw):
    return real_wall(device, terms or RealTerms(), convention, CONSTANTS, **draw)


def place_nm(terms, current_a=FULL_A, **options):
    return rest_point(wall(terms, **options), current_a, START_M).state.position_m * 1e9


def test_without_terms_places_and_conductances_are_those_of_the_compact_wall():
    currents = [-FULL_A, -FULL_A / 2, FULL_A / 2, FULL_A]
    states = compact_states(DEVICE, currents, "magnet-section", CONSTANTS)
    expected = compact_maps(DEVICE, currents, states, CONSTANTS).outputs(DEVICE.detectors)
    found = [rest_point(wall(), current, START_M) for current in currents]
    for point, state in zip(found, states, strict=True):
        assert point.state.position_m == pytest.approx(state.position_m, abs=0.05e-9)  # two tolerances of rest
    assert [point.conductance_s for point in found] == pytest.approx(expected, rel=2e-3)


def test_terms_of_no_size_change_nothing():
    nothing = RealTerms(
        heat=Heat(0.0, SAY), pinning=Pinning(0.0, SAY), grains=Grains(1e-8, 0.0, SAY), edges=Edges(0.0, 2e-8, SAY),
        spread=Spread(0.0, 0.0, SAY), shunt=Shunt(1e6, SAY), tmr_fall=TmrFall(1e6, SAY),
    )  # fmt: skip
    one = rest_point(wall(nothing, number=0), FULL_A, START_M)
    bare = rest_point(wall(), FULL_A, START_M)
    assert one.state.position_m == pytest.approx(bare.state.position_m, abs=0.02e-9)
    assert one.conductance_s == pytest.approx(bare.conductance_s, rel=1e-3)
    assert one.temperature_k == 300


def test_currents_of_the_three_terminals_add_up_and_the_wall_sees_the_one_under_it():
    device = replace(DEVICE, read_voltage_v=0.05)
    point = rest_point(wall(RealTerms(three_terminals=ThreeTerminals(SAY)), device=device), 10e-6, START_M)
    currents = point.currents
    assert currents.left_a == pytest.approx(heavy_metal_current_a(DEVICE, 10e-6, "magnet-section"))
    assert currents.left_a + currents.read_a == pytest.approx(currents.right_a)
    assert currents.read_a < 0  # a positive read voltage draws it out of the track
    under = float(np.interp(point.state.position_m, wall().x_m, currents.along_a))
    drive = drive_t(DEVICE, under / 4, "magnet-section")  # the heavy metal is four times as thick as the magnet
    alone = settle(wall().model, drive, START_M)
    assert point.state.position_m == pytest.approx(alone.position_m, abs=0.5e-9)  # a point for the wall's average


def test_a_weak_read_current_moves_nothing_and_each_polarity_moves_the_wall_its_own_way():
    weak = replace(DEVICE, read_voltage_v=1e-6)
    terms = RealTerms(three_terminals=ThreeTerminals(SAY))
    other = RealTerms(three_terminals=ThreeTerminals(SAY, polarity=-1))
    small = replace(DEVICE, read_voltage_v=0.03)
    bare = place_nm(RealTerms(), 5e-6)
    # Even so the drive's own drop along the heavy metal is a read voltage: the junctions leave a little of it.
    assert place_nm(terms, 5e-6, device=small) < bare < place_nm(other, 5e-6, device=small)
    drawn = rest_point(wall(terms, device=weak), 0.0, START_M)
    assert drawn.state.position_m == pytest.approx(rest_point(wall(), 0.0, START_M).state.position_m, abs=0.02e-9)


def test_a_shunted_drive_is_a_smaller_drive():
    shunted = wall(RealTerms(shunt=Shunt(1.7e-6, SAY)))
    assert 0.85 < shunted.share < 0.93
    same = rest_point(wall(), FULL_A * shunted.share, START_M)
    found = rest_point(shunted, FULL_A, START_M)
    assert found.state.position_m == pytest.approx(same.state.position_m, abs=0.01e-9)
    assert found.currents.heat_w == pytest.approx(
        shunted.share * rest_point(wall(), FULL_A, START_M).currents.heat_w, rel=1e-9
    )


def test_the_film_is_as_warm_as_power_and_thermal_resistance_say():
    cool, warm = (
        rest_point(wall(RealTerms(heat=Heat(ohm, SAY, read_share=1.0))), 10e-6, START_M) for ohm in (0.0, 1e6)
    )
    assert cool.temperature_k == 300
    assert warm.temperature_k - 300 == pytest.approx(1e6 * warm.power_w, abs=0.05)


def test_heat_beyond_the_curie_point_is_refused():
    with pytest.raises(UserError, match="Curie"):
        rest_point(wall(RealTerms(heat=Heat(1e9, SAY))), FULL_A, START_M)


def test_the_fall_of_the_tmr_moves_no_wall_and_halves_the_magnetic_part_where_it_should():
    # A span in 1/G_AP - 1/G_P falls to half at V_half, so the conductance's own follows TMR / (2 + TMR).
    fallen = wall(RealTerms(tmr_fall=TmrFall(DEVICE.read_voltage_v, SAY)))
    found, bare = (rest_point(one, FULL_A, START_M) for one in (fallen, wall()))
    assert found.state == bare.state
    tmr = 2 * DEVICE.polarization**2 / (1 - DEVICE.polarization**2)
    area = DEVICE.detector_area_m2 / DEVICE.ra_parallel_ohm_m2
    seen = {}
    for name, point, ratio in (("bare", bare, tmr), ("fallen", found, tmr / 2)):
        mean, half = (1 + 1 / (1 + ratio)) / 2, (1 - 1 / (1 + ratio)) / 2
        seen[name] = (point.conductance_s / area - mean) / half
    assert seen["bare"] == pytest.approx(seen["fallen"], abs=1e-9)
    own = replace(DEVICE, half_bias_voltage_v=0.4)
    assert wall(RealTerms(tmr_fall=TmrFall(0.3, SAY)), device=own).device.half_bias_voltage_v == 0.4


def test_a_junction_sees_the_difference_of_both_potentials_alone():
    state = rest_point(wall(), FULL_A, START_M).state
    terms = RealTerms(tmr_fall=TmrFall(0.3, SAY))
    raised = wall(terms).columns_s(state, 0.07)  # the fixed layers lie at -0.33 V
    wider = wall(terms, device=replace(DEVICE, read_voltage_v=0.4)).columns_s(state, 0.0)
    assert raised == pytest.approx(wider)


@pytest.mark.parametrize("current_a", [-FULL_A, -5e-6, 2e-6, FULL_A])
def test_more_pinning_never_moves_a_wall_further(current_a):
    home = rest_point(wall(), 0.0, START_M).state
    moved = [
        abs(rest_point(wall(RealTerms(pinning=Pinning(field_t, SAY))), current_a, home).state.position_m
            - home.position_m)
        for field_t in (0.0, 2e-3, 8e-3, 30e-3)
    ]  # fmt: skip
    assert all(after <= before + 0.01e-9 for before, after in pairwise(moved))
    assert moved[-1] < moved[0]


def test_a_pinned_wall_stays_where_it_was_left_and_a_free_one_comes_back():
    shares = (-1.0, 0.0, 1.0)
    free, pinned = (
        real_curve(wall(terms), shares, FULL_A, START_M)
        for terms in (RealTerms(), RealTerms(pinning=Pinning(5e-3, SAY)))
    )
    apart = [abs(curve.after_high.state.position_m - curve.after_low.state.position_m) for curve in (free, pinned)]
    assert apart[0] < 0.1e-9
    assert apart[1] > 1e-9


def test_a_weak_input_does_not_move_a_pinned_wall_at_all():
    home = rest_point(wall(), 0.0, START_M).state
    held = rest_point(wall(RealTerms(pinning=Pinning(30e-3, SAY))), 0.5e-6, home)
    assert held.kept
    assert held.state.position_m == home.position_m


def test_instances_are_drawn_by_seed_and_number_and_a_term_more_leaves_the_others_as_they_are():
    terms = read_real_terms().only("grains", "spread")
    one, again, other = (wall(terms, seed=5, number=number).model for number in (3, 3, 4))
    assert np.array_equal(one.anisotropy_j_per_m3, again.anisotropy_j_per_m3)
    assert not np.allclose(one.anisotropy_j_per_m3, other.anisotropy_j_per_m3)
    alone = wall(terms.only("spread"), seed=5, number=3).model
    assert alone.film == one.film
    assert np.array_equal(wall(terms).model.anisotropy_j_per_m3, wall().model.anisotropy_j_per_m3)  # nominal: none


def test_a_device_that_reads_with_no_voltage_is_refused():
    with pytest.raises(UserError, match="read voltage"):
        wall(device=replace(DEVICE, read_voltage_v=0.0))
