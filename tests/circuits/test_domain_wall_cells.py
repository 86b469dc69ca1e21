from dataclasses import replace

import numpy as np
import pytest

from spingan.circuits.cards import load_cards
from spingan.circuits.cell_activation import windows_giving_s
from spingan.circuits.domain_wall_cells import LEAKY_RELU_CELL, RELU_CELL, DeviceTable, bias_fall, transfer
from spingan.devices.published import relu, smooth_leaky
from spingan.devices.wall_curve import fit_slopes
from spingan.devices.wall_device import LEAKY_RELU
from spingan.errors import UserError
from spingan.physics.mtj import conductance_per_area
from spingan.spec.activation import Activation

END_A = 34.5e-6
RAILS_V = 0.665
CURRENT_A = np.linspace(-END_A, END_A, 139)
# The smooth leaky ReLU over the printed conductances: 0.1036 mS at the lower end, 0.1331 mS at the upper.
SHAPE = smooth_leaky(CURRENT_A)
CONDUCTANCE_S = 0.1036e-3 + (0.1331e-3 - 0.1036e-3) * (SHAPE - SHAPE[0]) / (SHAPE[-1] - SHAPE[0])
CURVE = DeviceTable("smooth", CURRENT_A, CONDUCTANCE_S)


@pytest.fixture(scope="module")
def leaky(ngspice):
    return transfer(LEAKY_RELU_CELL, CURVE, -END_A, END_A)


def test_the_transfer_has_every_point_that_was_asked_for(leaky):
    assert leaky.current_a == pytest.approx(np.linspace(-END_A, END_A, 277), abs=1e-15)


@pytest.mark.parametrize("cell", [LEAKY_RELU_CELL, RELU_CELL, replace(LEAKY_RELU_CELL, inverters=2)])
def test_the_divider_divides_the_rails_and_draws_their_square_over_its_resistance(ngspice, cell):
    found = transfer(cell, CURVE, -END_A, END_A, points=21)
    device_ohm = 1 / np.interp(found.current_a, CURRENT_A, CONDUCTANCE_S)
    total_ohm = cell.reference_ohm + device_ohm
    below_ohm = device_ohm if cell.inverters == 1 else cell.reference_ohm
    assert found.divider_v == pytest.approx(-0.165 + RAILS_V * below_ohm / total_ohm, abs=1e-6)
    assert found.divider_w == pytest.approx(RAILS_V**2 / total_ohm, rel=1e-6)


def test_the_output_rises_with_the_current_behind_one_inverter_and_two(ngspice, leaky):
    pair = transfer(replace(LEAKY_RELU_CELL, inverters=2), CURVE, -END_A, END_A)
    assert np.all(np.diff(leaky.output_v) > 0)
    assert np.all(np.diff(pair.output_v) > -1e-9)
    # A second inverter amplifies the first's whole swing: its output reaches both rails, and is no leaky ReLU.
    assert pair.output_v[0] < -0.16 and pair.output_v[-1] > 0.49
    assert np.ptp(leaky.output_v) < 0.6 * RAILS_V


def test_the_inverter_hands_on_the_ratio_of_the_slopes_within_its_own_bend(leaky):
    given = fit_slopes(CURRENT_A, CONDUCTANCE_S, 20e-6).ratio
    # The divider's hyperbola and the inverter's transfer bend by some tenths over this swing.
    assert leaky.slopes(20e-6).ratio == pytest.approx(given, rel=0.4)
    normalised = leaky.normalised(20e-6)
    assert np.interp([0.0, 20e-6], leaky.current_a, normalised) == pytest.approx([0, 1], abs=1e-12)


def test_the_inverter_idles_at_the_supplys_product_of_voltage_and_current_only(leaky):
    assert np.all(leaky.inverters_w > 0)
    assert np.all(leaky.inverters_w < 0.2 * leaky.divider_w)


def test_a_biased_junction_conducts_as_the_tunnel_junctions_law_says(ngspice):
    device = replace(LEAKY_RELU, half_bias_voltage_v=0.4, read_voltage_v=1e-6)
    fall = bias_fall(device)
    assert fall is not None
    reversed_m2 = np.linspace(0.9, 0.1, 5) * device.detector_area_m2
    curve = DeviceTable("biased", np.linspace(-1e-5, 1e-5, 5), _conductances(device, reversed_m2, 0.0), fall)
    found = transfer(LEAKY_RELU_CELL, curve, -1e-5, 1e-5, points=5)
    across = found.divider_v + 0.165
    through = (0.5 - found.divider_v) / LEAKY_RELU_CELL.reference_ohm
    expected = [
        _conductances(device, area, voltage) * voltage for area, voltage in zip(reversed_m2, across, strict=True)
    ]
    assert through == pytest.approx(expected, rel=1e-6)
    unbiased = transfer(LEAKY_RELU_CELL, replace(curve, fall=None), -1e-5, 1e-5, points=5)
    assert np.all(found.divider_v < unbiased.divider_v)  # less TMR at bias: the junction conducts better
    assert bias_fall(LEAKY_RELU) is None


def _conductances(device, reversed_m2, bias_v):
    junction = device.ra_parallel_ohm_m2, device.polarization, bias_v, device.half_bias_voltage_v
    up, down = conductance_per_area(np.array([1.0, -1.0]), *junction)
    return up * (device.detector_area_m2 - reversed_m2) + down * reversed_m2


def test_other_cards_make_another_transfer_and_are_named(ngspice, leaky, tmp_path):
    file = tmp_path / "stiff.pm"
    file.write_text(load_cards().text.replace("vth0=0.28", "vth0=0.20"))
    other = transfer(LEAKY_RELU_CELL, CURVE, -END_A, END_A, cards=load_cards(file))
    assert (leaky.cards, other.cards) == ("generic-16nm", "stiff")
    assert np.all(other.output_v < leaky.output_v)  # a stronger n-channel pulls down


def test_a_printed_energys_window_gives_that_energy_back(leaky):
    windows = windows_giving_s(0.192e-12, leaky, LEAKY_RELU, "magnet-section", 20e-6)
    divider_s, cell_s, printed_s, carried_s = windows.values()
    assert divider_s > cell_s > printed_s > carried_s
    at = np.argmin(abs(leaky.current_a - 20e-6))
    cell_w = leaky.divider_w[at] + leaky.inverters_w[at]
    metal_w = 20e-6**2 * LEAKY_RELU.heavy_metal_resistance_ohm  # sixteen times it with four times the current
    powers_w = [leaky.divider_w[at], cell_w, cell_w + metal_w, cell_w + 16 * metal_w]
    energies_j = [power * window for power, window in zip(powers_w, windows.values(), strict=True)]
    assert energies_j == pytest.approx([0.192e-12] * 4, rel=1e-6, abs=0)


def test_a_curve_that_does_not_cover_the_drive_is_refused(ngspice):
    with pytest.raises(UserError, match=r"smooth covers -34\.5 to 34\.5 µA, not the drive from -36 to 36 µA"):
        transfer(LEAKY_RELU_CELL, CURVE, -36e-6, 36e-6)
    with pytest.raises(UserError, match="no sweep"):
        transfer(LEAKY_RELU_CELL, CURVE, 1e-6, -1e-6)


def test_windows_outside_the_transfer_or_of_no_energy_are_refused(leaky):
    with pytest.raises(UserError, match=r"40 µA lies outside the transfer, -34\.5 to 34\.5 µA"):
        windows_giving_s(0.192e-12, leaky, LEAKY_RELU, "textbook", 40e-6)
    with pytest.raises(UserError, match="energy is -1"):
        windows_giving_s(-1.0, leaky, LEAKY_RELU, "textbook", 0.0)


@pytest.mark.parametrize(
    ("current", "conductance", "said"),
    [
        ([0.0, 0.0], [1e-4, 1e-4], "do not rise"),
        ([0.0, 1e-6], [1e-4, 0.0], "a conductance is 0 S"),
        ([0.0], [1e-4], "at least two"),
        ([0.0, 1e-6], [1e-4], "1 conductances for 2 currents"),
    ],
)
def test_a_curve_that_is_none_is_refused(current, conductance, said):
    with pytest.raises(UserError, match=said):
        DeviceTable("bad", np.array(current), np.array(conductance))


def test_a_cell_takes_conductances_against_currents_only():
    with pytest.raises(UserError, match="in 1 against A"):
        DeviceTable.of(relu())
    device = _device_table((1e-4, 1.1e-4, 1.2e-4))
    assert DeviceTable.of(device).conductance_s.tolist() == [1e-4, 1.1e-4, 1.2e-4]
    with pytest.raises(UserError, match="no falling branch"):
        DeviceTable.of(device, "falling")


def _device_table(rising):
    return Activation(
        name="device",
        function="relu",
        input=(-1e-6, 0.0, 1e-6),
        rising=rising,
        input_unit="A",
        output_unit="S",
        input_full_scale=1e-6,
        output_zero=rising[1],
        output_full_scale=rising[2],
    )


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"reference_ohm": 0.0}, "reference_ohm is 0"),
        ({"pmos_ratio": -1.0}, "pmos_ratio is -1"),
        ({"low_rail_v": 0.5}, "the rails are 0.5 V and 0.5 V"),
        ({"inverters": 3}, "3 inverters"),
    ],
)
def test_a_cell_that_cannot_be_built_is_refused(change, said):
    with pytest.raises(UserError, match=said):
        replace(LEAKY_RELU_CELL, **change)
