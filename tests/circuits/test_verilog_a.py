import math
import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spingan.circuits.verilog_a import domain_wall_module, identifier, memristor_module, piecewise
from spingan.devices.published import CURVES
from spingan.devices.wall_device import LEAKY_RELU
from spingan.errors import UserError
from spingan.spec.files import read_conductance_curve
from spingan.spec.synapse import Synapse, Write

CURVE = read_conductance_curve(CURVES / "leaky_relu_simulated.csv")
CAPACITANCE_F = 26.562e-18
SYNAPSE = Synapse(
    name="memristor",
    basis="measured",
    conductance=(4e-5, 1e-4, 1.5e-4, 2.5e-4),
    step_up=(6e-5, 5e-5, 1e-4, 1e-5),
    step_down=(1e-5, 6e-5, 5e-5, 1e-4),
    write=Write(pulse_amplitude_v=1.2, pulse_width_s=1e-8, threshold_v=0.8),
)


def function_of(text, name):
    """The analog function `name` of a module, read from its text and turned into one of Python."""
    body = re.search(rf"analog function real {name};\n.*?begin\n(.*?)\n    end\n", text, re.DOTALL)
    assert body is not None
    pieces = []
    for line in body[1].splitlines():
        found = re.fullmatch(rf"\s*(?:else )?(?:if \(x <= (.+?)\) )?{name} = (.*);", line)
        assert found is not None, line
        pieces.append((math.inf if found[1] is None else float(found[1].strip("()")), found[2]))
    return lambda x: next(eval(value, {"x": x}) for end, value in pieces if x <= end)


def parameter_of(text, name):
    found = re.search(rf"parameter real {name} = ([-+.e0-9]+) from", text)
    assert found is not None
    return float(found[1])


@pytest.fixture(scope="module")
def module():
    return domain_wall_module(CURVE, LEAKY_RELU, "magnet-section", CAPACITANCE_F).text()


def test_the_modules_conductance_is_the_curve_at_every_current_and_held_beyond(module):
    conductance_ms = function_of(module, "conductance_ms")
    currents = np.linspace(CURVE.input[0] * 1.2, CURVE.input[-1] * 1.2, 501)
    expected = np.interp(currents, CURVE.input, CURVE.rising) * 1e3
    found = [conductance_ms(float(current)) for current in currents]
    span = np.ptp(CURVE.rising) * 1e3
    assert found == pytest.approx(expected, abs=1.01e-4 * span)  # points left out may cost a ten-thousandth of the span


def test_the_module_settles_within_two_percent_at_the_curves_own_settling_times(module):
    delay_ns = function_of(module, "delay_ns")
    for current, settled_s in zip(CURVE.settling.input, CURVE.settling.time_s, strict=True):
        assert math.exp(-settled_s * 1e9 / delay_ns(current)) == pytest.approx(0.02, rel=1e-6)


def test_a_curve_without_settling_times_follows_at_once_and_says_so():
    text = domain_wall_module(CURVE.model_copy(update={"settling": None}), LEAKY_RELU, "textbook", 0.0).text()
    assert function_of(text, "delay_ns")(1e-5) == 0
    assert "Settling: not known" in text


@pytest.mark.parametrize(("convention", "carried"), [("magnet-section", 4.0), ("textbook", 1.0)])
def test_the_heavy_metal_carries_what_the_convention_says(convention, carried):
    text = domain_wall_module(CURVE, LEAKY_RELU, convention, CAPACITANCE_F).text()
    assert parameter_of(text, "carried") == pytest.approx(carried, rel=1e-9)
    assert parameter_of(text, "r_hm") == pytest.approx(83e-8 * 100e-9 / (23e-9 * 4e-9), rel=1e-9)  # rho l / (w t)
    assert parameter_of(text, "c_mtj") == pytest.approx(CAPACITANCE_F, rel=1e-9, abs=0)


def test_the_bias_fall_is_the_devices_and_none_where_it_is_not_known(module):
    assert parameter_of(module, "v_half") == 0
    falling = domain_wall_module(CURVE, replace(LEAKY_RELU, half_bias_voltage_v=0.4), "textbook", 0.0).text()
    assert parameter_of(falling, "v_half") == 0.4
    # Julliere: 2 P² / (1 - P²) at the printed P of 0.614.
    assert parameter_of(falling, "tmr") == pytest.approx(2 * 0.614**2 / (1 - 0.614**2), rel=1e-9)


@pytest.mark.parametrize("name", ["step_up", "step_down"])
def test_a_memristors_steps_are_those_of_its_levels(name):
    step = function_of(memristor_module(SYNAPSE).text(), name)
    levels = np.linspace(4e-5, 2.5e-4, 71)
    expected = np.interp(levels, SYNAPSE.conductance, getattr(SYNAPSE, name))
    assert [step(float(level)) for level in levels] == pytest.approx(expected, rel=1e-6, abs=1e-12)


def test_a_synapse_that_does_not_say_how_it_is_written_has_no_module():
    with pytest.raises(UserError, match=r"does not say write\.threshold_v, step_down"):
        memristor_module(
            SYNAPSE.model_copy(
                update={"step_down": None, "write": SYNAPSE.write.model_copy(update={"threshold_v": None})}
            )
        )
    with pytest.raises(UserError, match=r"do not pass its threshold of 2 V"):
        memristor_module(SYNAPSE.model_copy(update={"write": SYNAPSE.write.model_copy(update={"threshold_v": 2.0})}))
    with pytest.raises(UserError, match="needs its conductances in siemens"):
        memristor_module(SYNAPSE.model_copy(update={"basis": "normalised", "conductance": (0.0, 0.3, 0.6, 1.0)}))


def test_a_curve_of_other_units_has_no_module():
    with pytest.raises(UserError, match="in V against A"):
        domain_wall_module(CURVE.model_copy(update={"output_unit": "V"}), LEAKY_RELU, "textbook", 0.0)


@given(st.text(max_size=30))
def test_every_name_makes_an_identifier_and_no_name_leaves_its_comment(name):
    assert re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*_device", identifier(name))
    text = memristor_module(SYNAPSE.model_copy(update={"name": name, "provenance": name})).text()
    head = text[: text.index("`include")]
    assert all(line.startswith("//") or not line for line in head.splitlines())


@given(st.lists(st.floats(-1, 1), min_size=1, max_size=8, unique=True).map(sorted), st.integers(0, 2**32 - 1))
def test_a_piecewise_function_goes_through_its_points(x, seed):
    points = np.array(x)
    if points.size > 1 and np.diff(points).min() < 1e-6:
        return  # closer than the ten digits of the text can hold apart
    y = np.random.default_rng(seed).normal(size=points.size)
    found = function_of("\n".join(piecewise("f", points, y)), "f")
    assert [found(float(at)) for at in points] == pytest.approx(y, abs=1e-3)  # a slope over 1e-6, in ten digits
