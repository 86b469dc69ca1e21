"""A device's noise in siemens becomes the cell's in volts."""

import numpy as np
import pytest

from spingan.circuits.cell_activation import noise_through
from spingan.spec.activation import ConductanceCurve, OutputNoise

CURVE = ConductanceCurve(
    name="c", function="relu", input=(-1e-5, 0.0, 1e-5), rising=(1e-4, 1e-4 + 1e-9, 3e-4), input_unit="A",
    output_unit="S", input_full_scale=1e-5, output_zero=1e-4 + 1e-9, output_full_scale=3e-4,
)  # fmt: skip
CURRENT = np.linspace(-1e-5, 1e-5, 41)


def volts(gain):
    return -0.1 + gain * np.interp(CURRENT, CURVE.input, CURVE.rising)


def test_a_linear_cell_scales_noise_by_its_gain_where_the_curve_is_flat_too():
    noise = OutputNoise(
        input=(-1e-5, 0.0, 1e-5), rms=(1e-6, 2e-6, 5e-6), interval=((0.0, 6e-6),) * 3, temperature_k=300
    )
    found = noise_through(noise, CURVE, CURRENT, volts(-1500.0))
    assert found.rms == pytest.approx([1.5e-3, 3e-3, 7.5e-3], rel=1e-3)
    assert found.interval[2] == pytest.approx((0.0, 9e-3), rel=1e-3)
    assert found.temperature_k == 300


def test_a_saturated_cell_hides_noise():
    """Above 0.2 mS the output stands at a rail: noise around 0.28 mS does not pass, at its edge half of it does."""
    out = np.minimum(volts(1000.0), 0.1)
    noise = OutputNoise(input=(0.0, 5e-6, 9e-6), rms=(0.0, 1e-6, 1e-6))
    found = noise_through(noise, CURVE, CURRENT, out)
    assert found.rms[0] == 0
    assert found.rms[1] == pytest.approx(0.5e-3, rel=0.05)
    assert found.rms[2] == pytest.approx(0, abs=1e-9)


def test_one_number_is_taken_at_no_input():
    assert noise_through(OutputNoise(rms=(2e-6,)), CURVE, CURRENT, volts(1000.0)).rms == pytest.approx([2e-3], rel=1e-3)
