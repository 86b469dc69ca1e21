"""A cell with a device from end to end: the fitted divider, windows, rows, and the activation for the network."""

from dataclasses import replace

import numpy as np
import pytest

from spingan.circuits.cards import load_cards
from spingan.circuits.cell_activation import cell_curve, cell_energy, printed_drive
from spingan.circuits.cell_devices import CellDevice, cell_device
from spingan.circuits.cell_fit import MOST_READ_V, OUTPUT_SWING_V, distance, fit_cell
from spingan.circuits.cell_simulation import CellResult, simulate_cell
from spingan.circuits.domain_wall_cells import LEAKY_RELU_CELL, DeviceTable
from spingan.circuits.domain_wall_study import study_cell
from spingan.devices.published import CONDUCTANCES_MS
from spingan.devices.wall_curve import leaky
from spingan.errors import UserError
from spingan.papers.circuit_rows import cell_rows
from spingan.spec.files import read_activation, write_activation


@pytest.fixture(scope="module")
def simulated(ngspice):
    return study_cell("leaky_relu", cell_device("leaky_relu", "simulated"))


@pytest.fixture(scope="module")
def designed(ngspice):
    return study_cell("leaky_relu", cell_device("leaky_relu", "designed"), fitted=True)


@pytest.fixture(scope="module")
def relu(ngspice):
    return study_cell("relu", cell_device("relu", "designed"), fitted=True)


def rows_of(study):
    return cell_rows(CellResult(study, None, None, None))


def _row(study, quantity):
    return next(row for row in rows_of(study) if row.quantity == quantity)


def test_the_published_curve_has_the_printed_conductances_at_its_ends_and_the_printed_slopes_between():
    curve = cell_device("leaky_relu", "published").curve
    assert [curve.rising[0] * 1e3, curve.rising[-1] * 1e3] == pytest.approx(sorted(CONDUCTANCES_MS.values()))
    assert curve.negative_slope == pytest.approx(0.2, abs=0.02)  # the rounded kink


@pytest.mark.parametrize(
    ("function", "curve", "said"),
    [
        ("relu", "published", "prints no conductance of its ReLU"),
        ("leaky_relu", "nowhere.csv", "there is no conductance curve nowhere.csv"),
    ],
)
def test_a_curve_that_is_not_there_is_refused(function, curve, said):
    with pytest.raises(UserError, match=said):
        cell_device(function, curve)


def test_a_file_of_another_function_or_unit_is_refused(tmp_path):
    device = cell_device("relu", "simulated").curve
    write_activation(device, tmp_path / "relu.csv")
    with pytest.raises(UserError, match="is a relu, not a leaky_relu"):
        cell_device("leaky_relu", tmp_path / "relu.csv")
    write_activation(device.model_copy(update={"output_unit": "V"}), tmp_path / "volts.csv")
    with pytest.raises(UserError, match="the curve is in V against A"):
        cell_device("relu", tmp_path / "volts.csv")
    assert cell_device("relu", tmp_path / "relu.csv").wall is None


def test_the_printed_cell_keeps_the_devices_slope_ratio_with_one_inverter_and_loses_it_with_a_pair(simulated):
    device, cell = _row(simulated, "the same of the conductance"), _row(simulated, "slope below over slope above")
    assert cell.printed == 0.2
    assert cell.ours == pytest.approx(device.ours, rel=0.15)  # the bends of divider and inverter
    assert _row(simulated, "slope ratio with a pair of inverters").ours < 0.6 * device.ours


def test_a_fitted_cell_is_nearer_to_the_ideal_than_its_device_and_stays_within_its_limits(designed):
    assert designed.span_v > OUTPUT_SWING_V - 5e-3  # the resistor and rails are rounded
    assert cell_curve(designed, "a").negative_slope == pytest.approx(0.2, abs=0.05)  # what conversion asks
    high, low = designed.cell.divider_v
    out, full = designed.transfer, designed.full_scale_a
    assert np.abs(out.divider_v - low)[np.abs(out.current_a) <= full].max() < MOST_READ_V + 5e-3
    assert high - low <= 1.001 and designed.cell.inverters == 1
    u = np.linspace(-1, 1, 201)
    device = np.interp(u * full, designed.device.curve.input, designed.device.curve.rising)
    cell = np.interp(u * full, out.current_a, out.output_v)
    assert distance(u, cell, leaky(u, 0.2)) < distance(u, device, leaky(u, 0.2))


def test_the_same_seed_fits_the_same_cell(ngspice, designed):
    device = cell_device("leaky_relu", "designed").curve
    curve = DeviceTable.of(device)
    assert fit_cell(LEAKY_RELU_CELL, curve, device.input_full_scale, 0.2)[0].divider_v == designed.cell.divider_v


def test_a_device_that_bends_too_much_has_no_fitted_cell(ngspice):
    device = cell_device("leaky_relu", "simulated").curve
    with pytest.raises(UserError, match="no divider brings leaky_relu_simulated near"):
        fit_cell(LEAKY_RELU_CELL, DeviceTable.of(device), device.input_full_scale, 0.2)


def test_the_window_ends_when_the_output_is_within_a_hundredth_of_the_span(designed):
    response = designed.step(0.0, designed.full_scale_a)
    after = response.output_v[response.time_s >= designed.window_s]
    assert np.abs(after - response.output_v[-1]).max() <= 0.01 * abs(designed.span_v) * (1 + 1e-9)
    assert 0.1e-9 < designed.window_s < 1e-9  # the wall's: the solver's designs settle in 0.2 to 0.35 ns


def test_the_energy_is_itemised_with_windows_and_billed_by_both_readings(designed):
    items = {item.name.split(",")[0]: item for item in cell_energy(designed)}
    assert set(items) == {"divider", "inverters", "heavy metal", "reset: divider and inverters"}
    assert items["divider"].window_s == designed.window_s
    assert items["reset: divider and inverters"].window_s == designed.reset_s
    printed = printed_drive(designed, designed.window_s)
    assert printed is not None
    # Four times the current under magnet-section: sixteen times the heat.
    assert items["heavy metal"].energy_j == pytest.approx(16 * printed.energy_j, rel=1e-6, abs=0)
    rows = rows_of(designed)
    assert sum(row.quantity.startswith("energy of an evaluation") for row in rows) == 2
    assert all(row.printed == 0.192 for row in rows if row.quantity.startswith("energy of an evaluation"))


def test_the_window_for_the_printed_energy_gives_it_back(designed):
    rows = {row.quantity: row for row in rows_of(designed)}
    window_s = rows["window for the printed energy: divider"].ours * 1e-9
    power_w = designed.transfer.at(designed.transfer.divider_w, designed.full_scale_a)
    assert power_w * window_s == pytest.approx(0.192e-12, rel=1e-6, abs=0)


def test_a_cells_zero_is_its_output_without_an_input_and_silent_outputs_lie_below(relu):
    u, v = cell_curve(relu, "relu").normalised()
    assert np.interp(0.0, u, v) == pytest.approx(0.0, abs=1e-9)
    assert np.all(v[(u >= -1) & (u < 0)] < 0) and v[(u >= -1) & (u < 0)].min() > -0.04


def test_an_activation_survives_its_file_and_says_how_it_was_made(relu, tmp_path):
    activation = cell_curve(relu, "relu_designed_cell")
    write_activation(activation, tmp_path / "a.csv")
    assert read_activation(tmp_path / "a.csv") == activation
    assert (activation.input_unit, activation.output_unit) == ("A", "V")
    assert len(activation.input) == 277 and activation.single_valued
    assert activation.provenance is not None
    assert "ngspice" in activation.provenance and "generic-16nm" in activation.provenance
    assert activation.delay_s == relu.window_s and activation.reset.time_s == relu.reset_s
    assert activation.spread.is_none  # no Monte Carlo: unknown


def test_a_device_with_a_memory_makes_a_cell_with_one(simulated):
    activation = cell_curve(simulated, "leaky")
    assert activation.falling is not None and not activation.single_valued


def test_without_a_wall_device_the_circuit_alone_is_timed_and_nothing_is_billed_for_the_heavy_metal(ngspice):
    device = CellDevice(cell_device("leaky_relu", "published").curve)
    study = study_cell("leaky_relu", device)
    assert printed_drive(study, 1e-9) is None
    assert not [item for item in cell_energy(study) if item.name.startswith("heavy metal")]
    assert study.window_s < 0.2e-9


def test_a_fitted_pair_and_a_one_sided_curve_are_refused(ngspice):
    device = cell_device("relu", "designed")
    with pytest.raises(UserError, match="a fitted cell has one inverter"):
        study_cell("relu", device, fitted=True, inverters=2)
    curve = device.curve
    half = slice(12, None)
    right = curve.model_copy(update={"input": tuple(x + 3e-5 for x in curve.input[half]), "rising": curve.rising[half]})
    with pytest.raises(UserError, match="zero is not between them"):
        study_cell("relu", CellDevice(right))


def test_a_curve_short_of_full_scale_below_zero_still_has_its_window(ngspice):
    device = cell_device("relu", "designed")
    curve = device.curve
    kept = [place for place, current in enumerate(curve.input) if current >= -5e-6]
    short = curve.model_copy(
        update={
            "input": tuple(curve.input[place] for place in kept),
            "rising": tuple(curve.rising[place] for place in kept),
        }
    )
    study = study_cell("relu", replace(device, curve=short), cards=load_cards())
    assert {step.to_a for step in study.steps if step.from_a == 0.0} == {short.input_full_scale, *_ends(short)}
    assert study.window_s > 0


def _ends(curve):
    return {curve.input[0], curve.input[-1]}


def test_a_simulation_with_made_cells_carries_their_spread_and_its_rows(ngspice):
    result = simulate_cell("relu", "simulated", monte_carlo=5, workers=2)
    assert result.devices is not None and result.environment is not None
    assert result.activation.spread == result.devices.spread()
    names = [row.quantity for row in cell_rows(result)]
    assert "offset, deviation from device to device" in names and "gain, mean with temperature and supply" in names
    assert len(names) == len(set(names))
