"""Made cells differ as the laws of mismatch say, their fit gives back what was put in, whatever the workers."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spingan.circuits.cards import load_cards
from spingan.circuits.domain_wall_cells import LEAKY_RELU_CELL, DeviceTable, transfer
from spingan.circuits.instances import BATCH
from spingan.circuits.monte_carlo import (
    Environment,
    Mismatch,
    Samples,
    default_mismatch,
    deviation,
    device_spread,
    drawn_environment,
    environment_spread,
    fit_devices,
    junction_parts,
)
from spingan.devices.published import smooth_leaky
from spingan.errors import UserError

CURRENT_A = np.linspace(-20e-6, 20e-6, 81)
CONDUCTANCE_S = 1.05e-4 + 0.4 * smooth_leaky(CURRENT_A)
CURVE = DeviceTable("smooth", CURRENT_A, CONDUCTANCE_S)
CARDS = load_cards()
NONE = Mismatch(0.0, 0.0, 0.0, 0.0)
# Wide transistors: the inverter stays in its straight part, so that a threshold's shift is a shift of the output.
CELL = replace(LEAKY_RELU_CELL, nmos_ratio=220.0, pmos_ratio=510.0)


@pytest.fixture(scope="module")
def drawn(ngspice):
    return transfer(CELL, CURVE, -20e-6, 20e-6)


def _spread(drawn, mismatch, devices=BATCH + 5, **options):
    return device_spread(drawn, CURVE, CARDS, 20e-6, mismatch, devices, **options)


def test_cells_without_mismatch_are_the_drawn_cell(drawn):
    samples = _spread(drawn, NONE, 5)
    # The drawn cell's transfer is read between its points: a thousandth of full scale where it bends.
    assert samples.values == pytest.approx(np.tile(samples.nominal, (5, 1)), abs=1e-3)
    assert np.all(samples.spread().covariance < 1e-9)
    assert samples.mean == pytest.approx([1, 0, 1], abs=1e-3)


def test_the_same_seed_gives_the_same_cells_with_one_worker_and_two(drawn):
    mismatch = default_mismatch("16nm")
    one, two = (_spread(drawn, mismatch, seed=3, workers=workers) for workers in (1, 2))
    assert np.array_equal(one.values, two.values)
    fewer = _spread(drawn, mismatch, BATCH, seed=3)
    assert np.array_equal(fewer.values, one.values[:BATCH])
    other = _spread(drawn, mismatch, seed=4)
    assert not np.allclose(one.offset, other.offset)


def test_a_made_cell_is_the_drawn_one_with_its_resistor(drawn):
    samples = _spread(drawn, replace(NONE, resistor=0.01), 8, seed=1)
    for number in range(3):
        one = deviation(CELL, CARDS, replace(NONE, resistor=0.01), 1, number)
        cell = replace(CELL, reference_ohm=CELL.reference_ohm * one.reference)
        exact = transfer(cell, CURVE, -20e-6, 20e-6)
        zero, full = (drawn.at(drawn.output_v, at) for at in (0.0, 20e-6))
        expected = (np.interp(samples.u * 20e-6, exact.current_a, exact.output_v) - zero) / (full - zero)
        assert samples.values[number] == pytest.approx(expected, abs=1e-3)  # of full scale: 60 µV


def test_larger_transistors_spread_less_as_the_root_of_their_area(drawn):
    thresholds = replace(NONE, threshold_v_m=0.9e-9)
    narrow = replace(CELL, nmos_ratio=CELL.nmos_ratio / 4, pmos_ratio=CELL.pmos_ratio / 4)
    four = device_spread(transfer(narrow, CURVE, -20e-6, 20e-6), CURVE, CARDS, 20e-6, thresholds, 60, seed=2, workers=2)
    one = _spread(drawn, thresholds, 60, seed=2, workers=2)
    # The same draws, half of the deviation each: what differs from 2 is the inverter's bend, a few percent.
    assert np.std(four.offset) / np.std(one.offset) == pytest.approx(2.0, rel=0.15)


def test_what_was_put_in_comes_out_of_the_fit():
    u = np.linspace(-1, 1, 41)
    nominal = np.where(u > 0, u, 0.2 * u)
    rng = np.random.default_rng(0)
    gain, offset, slope = 1 + 0.1 * rng.normal(size=7), 0.2 * rng.normal(size=7), 1 + 0.1 * rng.normal(size=7)
    values = offset[:, None] + gain[:, None] * (np.maximum(nominal, 0) + slope[:, None] * np.minimum(nominal, 0))
    found = fit_devices(nominal, values)
    for ours, given_ in zip(found, (gain, offset, slope, np.zeros(7)), strict=True):
        assert ours == pytest.approx(given_, abs=1e-12)
    flat = fit_devices(np.maximum(u, 0), 0.5 + 2 * np.maximum(u, 0)[None])
    assert [float(part[0]) for part in flat[:3]] == pytest.approx([2, 0.5, 1])


def test_the_covariance_is_that_of_the_samples_and_the_activation_has_it(drawn):
    samples = _spread(drawn, default_mismatch("16nm"), 40, workers=2)
    spread = samples.spread()
    assert spread.covariance == pytest.approx(samples.covariance, rel=1e-6, abs=1e-12)
    assert spread.mean == pytest.approx(samples.mean)
    assert spread.gain == pytest.approx(np.std(samples.gain, ddof=1))
    assert spread.source is not None and "40 made cells" in spread.source and "seed 0" in spread.source
    assert (spread.runs, spread.seed, spread.temperature_k) == (40, 0, pytest.approx(300.15))


def test_the_interval_of_a_deviation_is_as_wide_as_that_many_normal_cells_make_it():
    normal = np.random.default_rng(0).normal((1.0, 0.0, 1.0), (0.1, 0.05, 0.2), (400, 3))
    nothing = np.zeros((400, 1))
    samples = Samples(
        "devices", nothing[0], nothing[0], nothing, *normal.T, nothing[:, 0], nothing[:, 0], nothing[:, 0], 0
    )
    spread = samples.spread()
    for name in ("gain", "offset", "slope"):
        value, (low, high) = getattr(spread, name), getattr(spread, f"{name}_interval")
        assert low < value < high
        assert (high - low) / value == pytest.approx(2 * 1.96 / np.sqrt(2 * 400), rel=0.2)  # 400 resamples know it so


def test_heat_and_supply_change_the_drawn_cell_and_nothing_does_without_them(drawn):
    still = environment_spread(drawn, CURVE, CARDS, 20e-6, Environment((27.0, 27.0), 0.0), 3)
    assert still.values == pytest.approx(np.tile(still.nominal, (3, 1)), abs=1e-3)
    one, two = (
        environment_spread(drawn, CURVE, CARDS, 20e-6, Environment(), 6, seed=5, workers=workers) for workers in (1, 2)
    )
    assert np.array_equal(one.values, two.values)
    assert np.all((one.temperature_c >= 0) & (one.temperature_c <= 85))
    assert np.ptp(one.offset) > 0.05


def test_a_pair_scatters_by_pelgroms_law():
    mismatch = Mismatch(threshold_v_m=1e-9, mobility_m=0.0, resistor=0.0, junction=0.0)
    cell = replace(LEAKY_RELU_CELL, nmos_ratio=4.0)
    shifts = [deviation(cell, CARDS, mismatch, 0, number).transistors[0][0] for number in range(2000)]
    area_m2 = 4.0 * 16e-9**2
    # A pair's difference has A / sqrt(WL), one transistor that over sqrt 2; 2000 draws know it within 2 %.
    assert np.std(shifts) * np.sqrt(2) == pytest.approx(1e-9 / np.sqrt(area_m2), rel=0.06)
    assert all(part == 1.0 for part in deviation(cell, CARDS, NONE, 0, 0).transistors[0][1:])


def test_resistor_and_junctions_scatter_as_stated_and_apart_from_each_other():
    mismatch = Mismatch(0.0, 0.0, resistor=0.01, junction=0.05)
    instances = [deviation(LEAKY_RELU_CELL, CARDS, mismatch, 0, number) for number in range(2000)]
    factors = np.log([(one.left, one.right, one.reference) for one in instances])
    assert factors.std(axis=0) == pytest.approx([0.05, 0.05, 0.01], rel=0.06)  # 2000 draws know it within 2 %
    assert np.abs(np.corrcoef(factors.T) - np.eye(3)).max() < 5 / np.sqrt(2000)


def test_supplies_and_temperatures_are_drawn_as_stated():
    drawn = np.array([drawn_environment(Environment((0.0, 85.0), 0.03), 0, number) for number in range(1000)])
    assert drawn[:, 0].mean() == pytest.approx(42.5, abs=4 * 24.5 / np.sqrt(1000))
    assert np.std(np.log(drawn[:, 1])) == pytest.approx(0.03, rel=0.1)


@given(st.floats(0.05, 0.95))
@settings(deadline=None)  # it is the machine's load that the clock would judge
def test_the_junctions_add_up_to_the_device_and_each_changes_on_its_own_side(split):
    current = np.linspace(-1.0, 1.0, 21)
    conductance = 2.0 + np.where(current > 0, (1 - split) * current, split * current)
    left, right = junction_parts(current, conductance)
    assert left + right == pytest.approx(conductance)
    assert np.ptp(left[current >= 0]) == 0 and np.ptp(right[current <= 0]) == 0
    assert np.all(left > 0) and np.all(right > 0)
    assert left[10] / (left[10] + right[10]) == pytest.approx(split)


def test_few_devices_no_workers_and_short_transfers_are_refused(drawn):
    with pytest.raises(UserError, match="2 devices have no covariance"):
        _spread(drawn, NONE, 2)
    with pytest.raises(UserError, match="workers is 0"):
        _spread(drawn, NONE, 5, workers=0)
    with pytest.raises(UserError, match=r"covers -20 to 20 µA, not plus and minus 30 µA"):
        device_spread(drawn, CURVE, CARDS, 30e-6, NONE, 5)


@pytest.mark.parametrize("name", ["threshold_v_m", "mobility_m", "resistor", "junction"])
def test_a_negative_deviation_is_refused(name):
    with pytest.raises(UserError, match=f"{name} is -1"):
        replace(NONE, **{name: -1.0})


def test_an_environment_that_no_circuit_works_in_is_refused():
    with pytest.raises(UserError, match="temperatures from 85 to 0"):
        Environment((85.0, 0.0))
    with pytest.raises(UserError, match="temperatures from 0 to 400"):
        Environment((0.0, 400.0))
    with pytest.raises(UserError, match=r"supply's deviation is 0\.5"):
        Environment(supply=0.5)
