import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from spingan.circuits.cell_activation import response_items
from spingan.circuits.domain_wall_cells import LEAKY_RELU_CELL, BiasFall, DeviceTable, transfer
from spingan.circuits.domain_wall_response import Waveform, respond, thinned, wall_waveform
from spingan.devices.wall_compact import shipped_constants
from spingan.devices.wall_device import LEAKY_RELU
from spingan.errors import UserError

LOW_S, HIGH_S = 1.04e-4, 1.22e-4
JUMP = Waveform("jump", np.array([0.0, 1e-12, 2e-12, 500e-12]), np.array([LOW_S, LOW_S, HIGH_S, HIGH_S]))
STILL = Waveform("still", np.array([0.0, 50e-12]), np.array([LOW_S, LOW_S]))


@pytest.fixture(scope="module")
def jumped(ngspice):
    return respond(LEAKY_RELU_CELL, JUMP)


@pytest.mark.parametrize("fall", [None, BiasFall(1.9e-4, 1.2, 0.4)])
def test_a_cell_begins_and_ends_where_its_dc_transfer_says(ngspice, fall):
    curve = DeviceTable("two points", np.array([0.0, 1e-6]), np.array([LOW_S, HIGH_S]), fall)
    static = transfer(LEAKY_RELU_CELL, curve, 0.0, 1e-6, points=2)
    moving = respond(LEAKY_RELU_CELL, JUMP, fall=fall)
    assert moving.divider_v[[0, -1]] == pytest.approx(static.divider_v, abs=1e-5)  # a thousandth of its swing
    assert moving.output_v[[0, -1]] == pytest.approx(static.output_v, abs=2e-4)
    assert moving.divider_w[[0, -1]] == pytest.approx(static.divider_w, rel=1e-3)


def test_no_step_is_longer_than_was_asked_for(jumped):
    assert np.diff(jumped.time_s).max() <= 0.5e-12 * (1 + 1e-6)
    assert jumped.time_s[-1] == pytest.approx(500e-12, rel=1e-6, abs=0)


def test_a_large_capacitance_charges_through_both_resistors(ngspice):
    # C (R1 || R2), both 1/HIGH_S and the reference; the gates add less than a fF to the pF.
    cell = replace(LEAKY_RELU_CELL, device_capacitance_f=1e-12)
    time_constant_s = 1e-12 / (1 / cell.reference_ohm + HIGH_S)
    step = Waveform("step", np.array([0.0, 1e-12, 2e-12, 20e-9]), np.array([LOW_S, LOW_S, HIGH_S, HIGH_S]))
    found = respond(cell, step, step_s=20e-12)
    start = -0.165 + 0.665 / (1 + LOW_S * cell.reference_ohm)
    end = -0.165 + 0.665 / (1 + HIGH_S * cell.reference_ohm)
    at = found.time_s > 2e-12
    exact = end + (start - end) * np.exp(-(found.time_s[at] - 1.5e-12) / time_constant_s)
    assert found.divider_v[at] == pytest.approx(exact, abs=0.003 * abs(start - end))  # 20 ps steps in 4.3 ns


def test_the_output_is_half_way_at_its_delay_and_settles_later(jumped):
    middle = np.interp(jumped.delay_s, jumped.time_s, jumped.output_v)
    assert middle == pytest.approx((jumped.output_v[0] + jumped.output_v[-1]) / 2, abs=1e-6)
    assert 1e-12 < jumped.delay_s < jumped.settled_s < 500e-12


def test_a_still_device_costs_its_power_times_the_window(ngspice):
    still = respond(LEAKY_RELU_CELL, STILL)
    divider, inverters = still.energies_j(20e-12)
    total_ohm = LEAKY_RELU_CELL.reference_ohm + 1 / LOW_S
    assert divider == pytest.approx(0.665**2 / total_ohm * 20e-12, rel=1e-3, abs=0)
    assert inverters == pytest.approx(still.inverters_w[0] * 20e-12, rel=1e-3, abs=0)
    with pytest.raises(UserError, match=r"a window of 1 ns is not within the response's 0\.05 ns"):
        still.energies_j(1e-9)


def test_an_output_that_does_not_move_has_no_delay(jumped):
    still = replace(jumped, output_v=np.full_like(jumped.output_v, 0.2))
    assert still.settled_s == 0
    with pytest.raises(UserError, match="does not move"):
        _ = still.delay_s


def test_the_items_of_a_response_are_its_integrals_and_the_drives_heat(jumped):
    items = response_items(jumped, LEAKY_RELU, "magnet-section", 20e-6, 100e-12)
    assert [item.energy_j for item in items[:2]] == pytest.approx(jumped.energies_j(100e-12), rel=1e-6, abs=0)
    assert items[2].energy_j == pytest.approx(
        (4 * 20e-6) ** 2 * LEAKY_RELU.heavy_metal_resistance_ohm * 100e-12, rel=1e-6, abs=0
    )
    assert all(item.window_s == 100e-12 for item in items)


def test_a_wall_goes_from_one_rest_conductance_to_the_others_and_never_beyond(ngspice):
    constants = shipped_constants("leaky_relu")
    there = wall_waveform(LEAKY_RELU, constants, "magnet-section", -20e-6, -34.5e-6, 20e-9, 2e-9)
    back = wall_waveform(LEAKY_RELU, constants, "magnet-section", -34.5e-6, -20e-6, 13e-9, 2e-9)
    change = there.conductance_s[-1] - there.conductance_s[0]
    assert change < 0
    assert back.conductance_s[0] == pytest.approx(there.conductance_s[-1], abs=0.02 * abs(change))
    assert back.conductance_s[-1] == pytest.approx(there.conductance_s[0], abs=0.02 * abs(change))
    assert math.isclose(there.time_s[-1], 2e-9, rel_tol=1e-9)
    found = respond(LEAKY_RELU_CELL, there)
    assert found.output_v[-1] < found.output_v[0]


def test_a_wall_that_is_lost_has_no_waveform():
    constants = shipped_constants("leaky_relu")
    with pytest.raises(UserError, match="the wall is lost on the way to 2000 µA"):
        wall_waveform(LEAKY_RELU, constants, "magnet-section", -20e-6, 2e-3, 20e-9, 2e-9)
    with pytest.raises(UserError, match="the wall is lost at 2000 µA"):
        wall_waveform(LEAKY_RELU, constants, "magnet-section", 2e-3, 0.0, 20e-9, 2e-9)


@given(arrays(np.float64, st.integers(2, 60), elements=st.floats(-1, 1)), st.floats(0.01, 1))
def test_a_thinned_table_misses_no_point_by_more_than_its_tolerance(y, tolerance):
    x = np.arange(y.size, dtype=np.float64)
    kept = thinned(x, y, tolerance)
    assert kept[0] == 0 and kept[-1] == y.size - 1
    assert np.abs(np.interp(x, x[kept], y[kept]) - y).max() <= tolerance * (1 + 1e-12)


@pytest.mark.parametrize(
    ("time_s", "conductance_s", "said"),
    [
        ([0.0], [1e-4], "at least two"),
        ([0.0, 1e-9], [1e-4], "1 conductances for 2 times"),
        ([1e-9, 2e-9], [1e-4, 1e-4], "do not rise from 0"),
        ([0.0, 0.0], [1e-4, 1e-4], "do not rise from 0"),
        ([0.0, 1e-9], [1e-4, -1e-4], "a conductance is -0.0001 S"),
    ],
)
def test_a_waveform_that_is_none_is_refused(time_s, conductance_s, said):
    with pytest.raises(UserError, match=said):
        Waveform("bad", np.array(time_s), np.array(conductance_s))


def test_a_step_longer_than_the_waveform_is_refused():
    with pytest.raises(UserError, match="a step of 1000 ps does not fit into still's 50 ps"):
        respond(LEAKY_RELU_CELL, STILL, step_s=1e-9)
