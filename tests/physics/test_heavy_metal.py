"""Currents along a heavy metal: nothing is lost between its terminals, and sheets share as their conductances say."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import solve_bvp

from spingan.errors import UserError
from spingan.physics.heavy_metal import (
    disc_contact_ohm,
    heavy_metal_share,
    strip_thermal_resistance_k_per_w,
    three_terminals,
)

CURRENTS = st.floats(-1e-4, 1e-4)
JUNCTIONS = st.lists(st.floats(0, 1e-4), min_size=2, max_size=40)


@given(CURRENTS, JUNCTIONS, st.floats(-0.5, 0.5), st.one_of(st.none(), st.floats(10, 1e6)))
def test_what_comes_in_at_two_terminals_leaves_by_the_third(current_a, junction_s, read_v, source_ohm):
    found = three_terminals(current_a, 9.0, junction_s, read_v, source_ohm)
    assert found.left_a + found.read_a == pytest.approx(found.right_a, abs=1e-15)
    if source_ohm is None:
        assert found.left_a == pytest.approx(current_a)


@given(CURRENTS, JUNCTIONS, st.floats(-0.5, 0.5))
def test_the_sources_power_is_the_heat_of_track_and_junctions(current_a, junction_s, read_v):
    found = three_terminals(current_a, 9.0, junction_s, read_v)
    junctions_w = float(np.sum(junction_s * (read_v - found.potential_v) ** 2))
    entry_v = found.potential_v[0] + found.left_a * 4.5
    given_w = entry_v * found.left_a + read_v * found.read_a
    # The faces' currents are exact, so the account is: I V at both terminals, half a column before the first centre.
    assert found.heat_w + junctions_w == pytest.approx(given_w, rel=1e-9, abs=1e-18)


def test_without_junctions_the_current_is_the_same_everywhere_and_the_drop_is_ohms():
    found = three_terminals(2e-5, 9.0, np.zeros(100), 0.33)
    assert found.along_a == pytest.approx(np.full(100, 2e-5))
    assert found.potential_v[0] == pytest.approx(2e-5 * 9.0 * 99.5)
    assert found.read_a == 0
    assert found.heat_w == pytest.approx((2e-5) ** 2 * 900)


def test_an_ideal_source_sends_the_whole_read_current_to_the_right_and_a_shorted_one_shares_it_by_place():
    junction = np.zeros(100)
    junction[24] = 1e-9  # so weak that the track hardly moves it
    ideal, shorted = (three_terminals(0.0, 9.0, junction, 0.3, ohm) for ohm in (None, 1e-6))
    assert ideal.left_a == 0
    assert ideal.right_a == pytest.approx(3e-10, rel=1e-4)
    assert -shorted.left_a / shorted.read_a == pytest.approx(0.755, abs=1e-6)  # 24.5 columns of 100 lie to the left


@given(st.floats(1e-10, 1e-8), st.floats(1e-8, 1e-5), st.floats(1e-10, 1e-8), st.floats(1e-8, 1e-5))
def test_the_shares_of_both_layers_are_a_whole(metal_m, metal, magnet_m, magnet):
    share = heavy_metal_share(metal_m, metal, magnet_m, magnet)
    assert share + heavy_metal_share(magnet_m, magnet, metal_m, metal) == pytest.approx(1)
    assert heavy_metal_share(metal_m, metal, magnet_m, 2 * magnet) >= share


def test_a_round_junctions_contact_solves_its_differential_equation():
    sheet, area, radius = 57.7, 2e-12, 220e-9
    length = math.sqrt(area / sheet)

    def slopes(r, y):
        return np.stack([y[1], y[0] / length**2 - y[1] / r])

    r = np.linspace(1e-12, radius, 400)
    found = solve_bvp(slopes, lambda a, b: np.array([a[1], b[0] - 1.0]), r, np.stack([np.ones(400), 0 * r]), tol=1e-8)
    current = 2 * math.pi * radius * found.sol(radius)[1] / sheet
    assert disc_contact_ohm(sheet, area, radius, radius) == pytest.approx(1 / current, rel=1e-4)


def test_a_sheet_without_resistance_leaves_the_junctions_own():
    assert disc_contact_ohm(1e-6, 2e-12, 220e-9, 325e-9) == pytest.approx(2e-12 / (math.pi * 220e-9**2), rel=1e-4)


def test_heat_flows_the_harder_the_thicker_the_oxide_and_the_shorter_the_strip():
    usual = strip_thermal_resistance_k_per_w(100e-9, 23e-9, 100e-9, 1.4)
    assert usual == pytest.approx(6.3e6, rel=0.01)  # the figure beside devices/real/wall.yaml
    assert strip_thermal_resistance_k_per_w(50e-9, 23e-9, 100e-9, 1.4) == pytest.approx(2 * usual)
    assert strip_thermal_resistance_k_per_w(100e-9, 23e-9, 200e-9, 1.4) > usual
    # Far wider than thick, heat goes straight down.
    flat = strip_thermal_resistance_k_per_w(1e-6, 1e-5, 1e-8, 1.4)
    assert flat == pytest.approx(1e-8 / (1.4 * 1e-6 * 1e-5), rel=0.01)


@pytest.mark.parametrize(
    "bad",
    [
        lambda: three_terminals(1e-5, -9.0, [0.0, 0.0], 0.3),
        lambda: three_terminals(1e-5, 9.0, [0.0, -1e-6], 0.3),
        lambda: three_terminals(1e-5, 9.0, [0.0, 0.0], 0.3, -5.0),
        lambda: heavy_metal_share(4e-9, -1e-7, 1e-9, 1e-6),
        lambda: disc_contact_ohm(57.7, 2e-12, 220e-9, 200e-9),
        lambda: disc_contact_ohm(0.0, 2e-12, 220e-9, 325e-9),
        lambda: strip_thermal_resistance_k_per_w(1e-7, 2e-8, 0.0, 1.4),
    ],
)
def test_impossible_resistances_are_refused(bad):
    with pytest.raises(UserError):
        bad()
