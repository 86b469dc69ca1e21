import numpy as np
import pytest

from spingan.circuits.cards import load_cards
from spingan.circuits.cell_bench import PULSE_S, Bench, pulse_response, sweep
from spingan.circuits.memristive_cells import COLUMN_S, MEMRISTIVE_CELLS, OTHERS_V, measure_cell, memristive_cell
from spingan.circuits.memristive_parts import (
    FEEDBACK_OHM,
    LOAD_OHM,
    OFF_OHM,
    ON_OHM,
    PARTS,
    dot_product_column,
    mean_filter,
    sign_cell,
    sign_reads,
)
from spingan.circuits.subcircuit import Resistor, Subcircuit
from spingan.errors import UserError

OPEN, CLOSED = (("vcontrol control 0 -0.9",), ("vcontrol control 0 0.9",))


@pytest.fixture(scope="module")
def results(ngspice):
    return {cell.name: measure_cell(cell.name) for cell in MEMRISTIVE_CELLS}


def test_a_column_gives_the_load_divider(results):
    curve = results["dot-product-column"].transfer
    g, load = np.array(COLUMN_S), 1 / LOAD_OHM
    expected = (g[0] * curve.input + g[1:].sum() * OTHERS_V) / (g.sum() + load)
    assert curve.output_v == pytest.approx(expected, abs=1e-9)  # resistors only: ngspice's tolerance


def test_a_column_takes_what_its_resistors_turn_into_heat(results):
    curve = results["dot-product-column"].transfer
    g = np.array(COLUMN_S)
    inputs = np.concatenate([curve.input[:, None], np.full((curve.input.size, 8), OTHERS_V)], axis=1)
    heat = ((inputs - curve.output_v[:, None]) ** 2 @ g) + curve.output_v**2 / LOAD_OHM
    assert curve.powers_w["inputs"] == pytest.approx(heat, rel=1e-6, abs=1e-12)


def test_a_mean_is_the_mean_and_a_load_takes_its_share(ngspice, results):
    curve = results["mean-filter"].transfer
    assert curve.output_v == pytest.approx((curve.input + 0.1 + 0.2 + 0.3) / 4, abs=1e-9)
    loaded = sweep(Bench(mean_filter(2), load_ohm=5e3, around=("vin1 in1 0 0.4",)), 0.0, 0.8, 5)
    assert loaded.output_v == pytest.approx((loaded.input + 0.4) / 2 * 5 / (5 + 10 / 2), abs=1e-9)


def test_the_converter_turns_a_current_into_minus_its_feedback(results):
    curve = results["current-to-voltage"].transfer
    inside = np.abs(curve.input) < 0.7 / FEEDBACK_OHM  # beyond, the output meets its rails
    assert curve.output_v[inside] == pytest.approx(-FEEDBACK_OHM * curve.input[inside], abs=2e-3)
    assert np.abs(curve.output_v).max() < 0.9


def test_the_thresholding_circuit_has_two_values_and_turns_at_half_the_supply(results):
    curve = results["thresholding"].transfer
    assert curve.output_v[curve.input < -0.1] == pytest.approx(-0.9, abs=1e-3)
    assert curve.output_v[curve.input > 0.1] == pytest.approx(0.9, abs=1e-3)
    assert curve.slope(-0.02, 0.0) > 50  # the gain of two inverters, some twenty each
    assert curve.powers_w[""][0] < 1e-9 < curve.powers_w[""].max()  # at a rail only leakage


@pytest.mark.parametrize("inverts", [True, False])
def test_the_sign_crossbars_cell_decides_whether_a_row_is_inverted(ngspice, inverts):
    bench = Bench(PARTS["sign_switch"], around=(*sign_reads(), *sign_cell("sign", inverts=inverts)))
    curve = sweep(bench, -0.5, 0.5, 41)
    sign = -1 if inverts else 1
    # A pass gate of some 45 ohm before 10 kΩ.
    assert curve.slope(-0.4, 0.4) == pytest.approx(sign, rel=0.01)
    assert abs(curve.at(0.0)) < 1e-3


@pytest.mark.parametrize("inverts", [True, False])
def test_the_sign_cells_voltage_is_its_divider_the_same_size_both_ways(ngspice, inverts):
    probe = Subcircuit("probe", ("in", "out"), (Resistor("p", "in out", 1e12),), "here")
    around = (*sign_reads(), *sign_cell("out", inverts=inverts))
    voltage = sweep(Bench(probe, load_ohm=None, around=around), 0.0, 1e-3, 2).output_v[0]
    load, cell = (ON_OHM * OFF_OHM) ** 0.5, ON_OHM if inverts else OFF_OHM
    assert voltage == pytest.approx(-0.4 + 0.8 * load / (load + cell), abs=1e-6)
    assert voltage == pytest.approx((1 if inverts else -1) * 0.4 * (5 - 2) / (5 + 2), abs=1e-6)  # √(25/4) = 5/2


@pytest.mark.parametrize("name", ["dropout_switch", "crossbar_switch"])
def test_a_closed_switch_passes_both_signs_and_an_open_one_nothing(ngspice, name):
    closed, opened = (sweep(Bench(PARTS[name], around=around), -0.9, 0.9, 37) for around in (CLOSED, OPEN))
    # The dropout switch is ten times smaller, some 700 ohm before 10 kΩ.
    assert closed.output_v == pytest.approx(closed.input, rel=0.08 if name == "dropout_switch" else 0.008, abs=1e-9)
    # Half a volt into 10 kΩ is open by five decades; at a rail one of the two gates stands at its source and leaks.
    assert np.abs(opened.output_v).max() < 50e-6
    assert np.abs(opened.output_v[np.abs(opened.input) < 0.76]).max() < 1e-6


def test_an_open_dropout_switch_grounds_what_leads_on_and_a_crossbar_switch_leaves_it(ngspice):
    pull = "vpull pull 0 0.5\nrpull pull out 10e3"
    grounded, left = (
        sweep(Bench(PARTS[name], load_ohm=None, around=(*OPEN, pull)), 0.0, 0.1, 2).output_v[0]
        for name in ("dropout_switch", "crossbar_switch")
    )
    assert grounded < 0.1  # 2 µm, some 1.5 kΩ below 10 kΩ
    assert left == pytest.approx(0.5, abs=1e-6)


def test_every_cell_settles_within_a_third_of_the_papers_pulse(results):
    for result in results.values():
        assert 0 < result.response.delay_s < 2e-9
        assert result.response.settled_s < PULSE_S / 3


def test_the_end_of_a_pulse_is_the_dc_transfer(results):
    for result in results.values():
        response = result.response
        end = np.interp(0.99 * PULSE_S, response.time_s, response.output_v)
        assert end == pytest.approx(result.transfer.at(result.cell.pulse), abs=1e-3)  # a mirror turns off slowly


def test_the_energy_of_a_pulse_is_its_power_times_100_ns(results):
    for name in ("op-amp", "relu-switch", "dot-product-column"):
        result = results[name]
        steady = result.transfer.power_at(result.cell.pulse) * PULSE_S
        # The two edges are a fiftieth of the pulse.
        assert result.response.energy_j() == pytest.approx(steady, rel=0.03, abs=0)


def test_a_cell_that_does_not_move_has_no_delay(ngspice):
    with pytest.raises(UserError, match="does not move"):
        _ = pulse_response(Bench(PARTS["crossbar_switch"], around=CLOSED), 0.1, 0.1).delay_s


def test_what_is_no_cell_no_column_and_no_sweep_is_refused():
    with pytest.raises(UserError, match="Did you mean relu-switch"):
        memristive_cell("relu-swich")
    with pytest.raises(UserError, match="no memristor"):
        dot_product_column([])
    with pytest.raises(UserError, match="conductance of 0 S"):
        dot_product_column([1e-4, 0.0])
    with pytest.raises(UserError, match="mean of 0 inputs"):
        mean_filter(0)
    with pytest.raises(UserError, match="no sweep"):
        sweep(Bench(PARTS["crossbar_switch"], around=CLOSED), 0.1, 0.0, 5)


def test_the_users_cards_are_used_and_named(ngspice, tmp_path):
    own = tmp_path / "mine.pm"
    own.write_text(load_cards(node="180nm").text.replace("vsat=1e5", "vsat=0.5e5"))
    mine = measure_cell("tanh", load_cards(own, "180nm"))
    assert mine.transfer.cards == mine.response.cards == "mine"
    assert mine.transfer.at(0.5) != pytest.approx(measure_cell("tanh").transfer.at(0.5), rel=1e-3)
