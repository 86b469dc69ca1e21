"""A column that ends in a load gives its closed form, in training, on a chip and in SPICE."""

import numpy as np
import pytest
import torch

from spingan.arrays.mapping import program
from spingan.arrays.rules import ArrayRules
from spingan.circuits.crossbar_column import Array, solve_crossbar
from spingan.spec.noise import Noise
from spingan.spec.technology import load_technology

WOX = load_technology("wox-memristor")


def column_voltage(conductance, row_voltage, load):
    """At the load of every column: Σ g v / (Σ g + g_load)."""
    return row_voltage @ conductance / (conductance.sum(0) + load)


def load_divider(positive, negative, off, load):
    return ArrayRules("differential_pair", off, load, None).read(positive, negative, row_axis=0)


def test_an_unloaded_empty_column_gives_each_lone_device_its_virtual_ground_weight_but_for_its_own_share():
    off, load, rows = 0.2, 1.2, 50
    positive = torch.full((rows, 1), off)
    positive[3] += 0.7
    negative = torch.full((rows, 1), off)
    weight = load_divider(positive, negative, off, load)
    own = 0.7 / (rows * off + load)  # the device's own conductance, in units of the column's
    expected = (off + 0.7) / (1 + own) - off
    assert float(weight[3, 0]) == pytest.approx(expected, rel=1e-6)
    assert float(weight[3, 0]) == pytest.approx(float((positive - negative)[3, 0]), rel=2 * own)


def test_a_pairs_weights_are_the_difference_of_its_columns_voltages_times_one_factor():
    generator = torch.Generator().manual_seed(1)
    positive, negative = (0.2 + torch.rand(30, 4, generator=generator, dtype=torch.float64) for _ in range(2))
    off, load = 0.2, 1.2
    row_voltage = torch.rand(7, 30, generator=generator, dtype=torch.float64)
    voltages = [column_voltage(half, row_voltage, load) for half in (positive, negative)]
    expected = (voltages[0] - voltages[1]) * (30 * off + load)
    got = row_voltage @ load_divider(positive, negative, off, load)
    torch.testing.assert_close(got, expected, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("tile_rows", [None, 4])
@pytest.mark.parametrize("encoding", ["midpoint_reference", "differential_pair", "sign_crossbar"])
def test_a_column_with_empty_places_reads_as_one_of_its_devices_alone(encoding, tile_rows):
    fields = {"encoding": encoding, "read_out": "load_divider", "tile_rows": tile_rows}
    technology = WOX.model_copy(update=fields)
    built = torch.ones(8, 2, dtype=torch.bool)
    built[1::2, 1] = False  # the second phase has every other device, so that half a tile is half its tile
    weight = torch.randn(8, 6, generator=torch.Generator().manual_seed(4)) * built.repeat_interleave(3, 1)
    array = program(weight, technology, 0, built=built)
    half = technology.model_copy(update={"tile_rows": None if tile_rows is None else 2})
    for phase, alone_on in ((0, technology), (1, half)):
        columns = slice(3 * phase, 3 * phase + 3)
        alone = program(weight[built[:, phase], columns], alone_on, 0, gain=array.gain[columns])
        torch.testing.assert_close(array.weight()[built[:, phase], columns], alone.weight(), rtol=1e-6, atol=0)
        assert not bool(array.weight()[~built[:, phase], columns].any())


def test_no_columns_voltage_exceeds_the_largest_input():  # paper M, figure 2: why the load is there
    generator = torch.Generator().manual_seed(2)
    conductance = 4e-5 + 2.1e-4 * torch.rand(100, 20, generator=generator)
    inputs = torch.rand(50, 100, generator=generator)
    outputs = column_voltage(conductance, inputs, 1 / 4e3)
    assert (outputs < inputs.amax(1, keepdim=True)).all() and float(outputs.min()) > 0


def test_the_gradient_of_the_load_divider_is_that_of_finite_differences():
    generator = torch.Generator().manual_seed(3)
    halves = [(0.2 + torch.rand(6, 2, generator=generator, dtype=torch.float64)).requires_grad_() for _ in range(2)]
    assert torch.autograd.gradcheck(lambda p, n: load_divider(p, n, 0.2, 1.2), halves)


@pytest.mark.usefixtures("ngspice")
def test_columns_in_spice_give_the_closed_form():
    random = np.random.default_rng(4)
    conductance = random.uniform(1 / 25e3, 1 / 4e3, (60, 3))
    inputs = random.uniform(0, 0.5, 60)
    expected = column_voltage(torch.from_numpy(conductance), torch.from_numpy(inputs), 1 / 4e3)
    found = solve_crossbar(Array(conductance, load_s=1 / 4e3), inputs).output_v
    np.testing.assert_allclose(found, expected.numpy(), rtol=1e-6)  # ngspice's own tolerance


def test_a_chips_columns_of_pairs_give_the_load_dividers_weights():
    weight = torch.randn(80, 5, generator=torch.Generator().manual_seed(5)) * 0.05
    array = program(weight, WOX, chip_seed=1)
    assert array.rules.load == pytest.approx(WOX.load_conductance) and float(array.positive.min()) == pytest.approx(
        array.rules.off
    )
    expected = load_divider(array.positive, array.negative, array.rules.off, array.rules.load) * array.gain
    torch.testing.assert_close(array.weight(), expected.float())
    plain = (array.positive - array.negative) * array.gain
    assert float((array.weight() - plain).abs().max()) > 0.02 * float(plain.abs().max())  # not a dot product


def test_variability_of_the_resistance_stays_within_its_bounds_and_fills_them():
    weight = torch.randn(200, 50, generator=torch.Generator().manual_seed(6))
    exact, varied = (program(weight, WOX, 1, noise=noise) for noise in (None, Noise(fraction=0.3, of="resistance")))
    for half in ("positive", "negative"):
        ratio = getattr(exact, half) / getattr(varied, half)  # resistance over what was meant
        assert 0.7 <= float(ratio.min()) < 0.702 and 1.298 < float(ratio.max()) <= 1.3
        assert float(ratio.mean()) == pytest.approx(1, abs=5 * 0.3 / 3**0.5 / 100)  # five standard errors
