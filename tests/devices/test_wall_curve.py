from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spingan.devices.wall_curve import (
    Branches,
    CurveText,
    conductance_curve,
    drive_energies,
    fit_slopes,
    heavy_metal_current_a,
    joule_power_w,
)
from spingan.devices.wall_device import LEAKY_RELU
from spingan.errors import UserError
from spingan.spec.activation import Reset
from spingan.spec.files import read_conductance_curve, write_activation

CURRENT = np.linspace(-30e-6, 30e-6, 25)
TEXT = CurveText("made_up", "a test", "made up", ())


def leaky(slope):
    return 1e-4 + np.where(CURRENT > 0, CURRENT, slope * CURRENT)


def branches(rising, falling):
    return Branches(CURRENT, rising, falling, np.full(CURRENT.shape, 0.3e-9))


@given(st.floats(-2, 2), st.floats(-1, 1))
def test_a_leaky_relu_shows_its_slope_and_no_error_whatever_its_offset(slope, offset):
    found = fit_slopes(CURRENT, leaky(slope) + offset, 20e-6)
    assert found.ratio == pytest.approx(slope, abs=1e-6)
    assert found.linearity_error < 1e-6


def test_a_parabola_deviates_from_its_line_by_an_eighth_of_its_rise():
    # x² on 0..1 lies around x - 1/6 (least squares): 1/6 at the ends, of a span of 1 on either side.
    fine = np.linspace(-1, 1, 2001)
    found = fit_slopes(fine, np.sign(fine) * fine**2, 1.0)
    assert found.positive == pytest.approx(1, rel=1e-2)
    assert found.positive_error == pytest.approx(1 / 6 / 2, rel=1e-2)


def test_a_side_with_fewer_than_three_currents_has_no_slope():
    with pytest.raises(UserError, match="2 currents lie on the negative side within 20 µA"):
        fit_slopes([-5e-6, 0.0, 5e-6, 10e-6], [0.0, 1.0, 2.0, 3.0], 20e-6)


def test_the_magnets_density_makes_the_heavy_metal_carry_four_times_the_printed_current():
    # docs/derivations.md, section 1
    carried = heavy_metal_current_a(LEAKY_RELU, 34.5e-6, "magnet-section")
    assert carried == pytest.approx(138e-6)
    assert joule_power_w(LEAKY_RELU, carried) == pytest.approx(17.2e-6, rel=2e-3)
    assert joule_power_w(LEAKY_RELU, 34.5e-6) == pytest.approx(1.07e-6, rel=5e-3)
    assert heavy_metal_current_a(LEAKY_RELU, 34.5e-6, "textbook") == 34.5e-6


def test_energies_are_powers_times_their_window_in_both_readings():
    printed, carried = drive_energies(LEAKY_RELU, 20e-6, "magnet-section", 0.5e-9)
    assert carried.energy_j == pytest.approx(16 * printed.energy_j, rel=1e-9, abs=0)
    assert printed.energy_j == pytest.approx((20e-6) ** 2 * LEAKY_RELU.heavy_metal_resistance_ohm * 0.5e-9)
    assert printed.window_s == 0.5e-9


def test_equal_branches_have_no_memory_and_need_no_reset():
    curve = conductance_curve(branches(leaky(0.2), leaky(0.2) + 1e-10), "leaky_relu", 20e-6, TEXT)
    assert not curve.has_memory
    assert curve.single_valued
    assert curve.reset.required is False
    assert curve.negative_slope == pytest.approx(0.2, abs=1e-6)


def test_branches_that_differ_are_both_kept_and_refused_by_who_wants_one_value():
    rising = leaky(0.2)
    falling = rising + np.where(np.abs(CURRENT) < 5e-6, 2e-6, 0.0)
    curve = conductance_curve(
        branches(rising, falling), "leaky_relu", 20e-6, TEXT, reset=Reset(time_s=1e-9, residual=0.1)
    )
    assert curve.has_memory
    assert curve.reset.required is True
    assert not curve.single_valued  # a tenth of the output is left
    cured = conductance_curve(
        branches(rising, falling), "leaky_relu", 20e-6, TEXT, reset=Reset(time_s=1e-9, residual=0.005)
    )
    assert cured.has_memory
    assert cured.single_valued


def test_a_curve_with_everything_survives_its_file(tmp_path):
    energies = drive_energies(LEAKY_RELU, 20e-6, "magnet-section", 0.5e-9)
    curve = conductance_curve(
        branches(leaky(0.2), leaky(0.3)), "leaky_relu", 20e-6, TEXT, energies[1:], Reset(time_s=1e-9), 2.3e-15
    )
    write_activation(curve, tmp_path / "curve.csv")
    assert read_conductance_curve(tmp_path / "curve.csv") == curve


def test_currents_that_never_settled_are_left_out_of_the_settling_table():
    creeping = np.where(np.abs(CURRENT) < 1e-6, np.nan, 0.3e-9)
    curve = conductance_curve(replace(branches(leaky(0.2), leaky(0.2)), settling_s=creeping), "leaky_relu", 20e-6, TEXT)
    assert curve.settling is not None
    assert len(curve.settling.input) == len(CURRENT) - 1


def test_a_full_scale_outside_the_currents_is_refused():
    with pytest.raises(UserError, match="do not hold 0 and the full scale of 40 µA"):
        conductance_curve(branches(leaky(0.2), leaky(0.2)), "leaky_relu", 40e-6, TEXT)
