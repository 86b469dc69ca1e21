import numpy as np
import pytest

from spingan.circuits.cards import load_cards
from spingan.circuits.cell_bench import SWEEP_TOLERANCES, Bench, sweep
from spingan.circuits.memristive_activations import (
    CURVES,
    RELU_BENCH,
    TANH_BENCH,
    fit_tanh,
    relu_activation,
    tanh_activation,
    tanh_error,
    write_curves,
)
from spingan.circuits.ngspice import run
from spingan.spec.files import read_activation

CARDS = load_cards(node="180nm")


@pytest.fixture(scope="module")
def relu(ngspice):
    return relu_activation()


@pytest.fixture(scope="module")
def tanh(ngspice):
    return tanh_activation()


def test_the_shipped_curves_are_what_the_command_makes(ngspice, tmp_path):
    for file in write_curves(tmp_path):
        shipped, made = read_activation(CURVES / file.name), read_activation(file)
        # Another version of ngspice, or another compiler, may differ in the last digits: a microvolt.
        assert made.input == shipped.input
        assert made.rising == pytest.approx(shipped.rising, abs=1e-6)
        assert made.energy_j == pytest.approx(shipped.energy_j, rel=1e-3, abs=0)
        assert (made.input_full_scale, made.area_m2) == pytest.approx((shipped.input_full_scale, shipped.area_m2))


def test_the_relu_gives_nothing_below_zero_its_input_above_and_clips_under_the_rail(relu):
    input_v, output_v = np.array(relu.input), np.array(relu.rising)
    below, straight = input_v < -0.003, (input_v > 0.003) & (input_v <= relu.input_full_scale)
    # Off transistors leak microvolts into 10 kΩ; on the way over the comparator's threshold no more than 1 mV is lost.
    assert np.abs(output_v[below]).max() < 1e-6
    assert output_v[straight] == pytest.approx(input_v[straight], rel=0.015, abs=1e-3)
    assert output_v.max() < 0.9
    assert output_v[-1] < relu.output_full_scale * 0.9 / relu.input_full_scale  # beyond full scale it bends
    assert np.diff(output_v)[-1] < 0.3 * 0.005


@pytest.mark.parametrize("bench", [RELU_BENCH, TANH_BENCH], ids=["relu", "tanh"])
def test_a_sweep_down_gives_the_sweep_up(ngspice, bench):
    up = sweep(bench, -0.9, 0.9, 361)
    (plot,) = run(bench.netlist(CARDS, "0", f"{SWEEP_TOLERANCES}\n.dc vin 0.9 -0.90125 -5e-3")).plots
    assert plot["v(out)"][::-1] == pytest.approx(up.output_v, abs=1e-6)


def test_the_tanh_fits_one_within_two_per_cent_of_its_end(ngspice):
    curve = sweep(TANH_BENCH, -0.9, 0.9, 361)
    end_v, width_v, _ = fit_tanh(curve)
    assert tanh_error(curve) < 0.02
    # A tanh's slope at zero is its end over its width; the fit goes over the whole curve, the slope over 20 mV.
    assert curve.slope(-0.011, 0.011) == pytest.approx(end_v / width_v, rel=0.05)


def test_a_nets_tanh_is_the_device_at_a_third_of_the_argument(tanh):
    u, v = tanh.normalised()
    x = np.linspace(-3, 3, 61)
    assert np.interp(x / 3, u, v) == pytest.approx(np.tanh(x), abs=0.03)  # the fit's 2 %, and the zero's 1 %


def test_energies_are_a_pulse_of_power_and_both_settle_within_the_pulse(relu, tanh):
    curve = sweep(RELU_BENCH, -0.9, 0.9, 361)
    for item, supply in zip(relu.energy_items, ("", "c"), strict=True):
        assert item.window_s == 100e-9
        at_full_scale = np.interp(relu.input_full_scale, curve.input, curve.powers_w[supply]) * item.window_s
        assert item.energy_j == pytest.approx(at_full_scale, rel=0.02, abs=0)  # the edge is a hundredth of the pulse
    for activation in (relu, tanh):
        assert activation.single_valued
        assert max(activation.settling.time_s) < 0.3 * 100e-9


def test_a_relu_at_zero_is_held_whatever_the_next_stage_pulls(ngspice):
    # 0.3 V over a mean's 10 kΩ; some 75 ohm of switch hold it at 2 mV. A gap between the two switches would show 0.3 V.
    pulled = Bench(RELU_BENCH.cell, load_ohm=None, around=("vpull pull 0 0.3", "rpull pull out 10e3"))
    curve = sweep(pulled, -0.01, 0.01, 401)
    assert np.abs(curve.output_v - np.maximum(curve.input, 0)).max() < 4e-3
