"""Paper M's memristor: printed ends, a response that leads from one to the other, and what a measurement gives back."""

import numpy as np
import pytest

from spingan.devices.wox_memristor import OFF_RESISTANCE_OHM, ON_RESISTANCE_OHM, wox_memristor
from spingan.errors import UserError
from spingan.measured.fit import fit_synapse
from spingan.spec.files import read_synapse
from spingan.spec.synapse import Spread
from spingan.spec.technology import DEVICES, load_technology


def test_the_shipped_file_is_what_the_function_gives():
    assert read_synapse(DEVICES / "curves" / "wox_memristor.csv") == wox_memristor()


def test_the_technology_has_the_printed_figures():  # paper M, Table II
    synapse = load_technology("wox-memristor").synapse
    assert synapse is not None and synapse.states == 128 and synapse.endurance_writes == 3e6
    assert 1 / synapse.conductance[0] == pytest.approx(25e3) and 1 / synapse.conductance[-1] == pytest.approx(4e3)
    assert (synapse.write.threshold_v, synapse.write.pulse_amplitude_v) == (0.8, 1.0)
    assert synapse.step_up_energy_j is not None  # V² G t with 1 V and 100 ns: 0.25 mW and 0.04 mW
    assert synapse.step_up_energy_j[-1] == pytest.approx(0.25e-3 * 100e-9, rel=1e-9, abs=0)
    assert synapse.step_up_energy_j[0] == pytest.approx(0.04e-3 * 100e-9, rel=1e-9, abs=0)


@pytest.mark.parametrize("nonlinearity", [0.0, 1.0, 3.0])
def test_as_many_pulses_as_there_are_steps_lead_from_one_end_to_the_other(nonlinearity):
    synapse = wox_memristor(nonlinearity=nonlinearity)
    assert synapse.step_up is not None and synapse.step_down is not None
    levels, span = np.array(synapse.conductance), synapse.conductance[-1] - synapse.conductance[0]
    up, down = synapse.conductance[0], synapse.conductance[-1]
    for _ in range(synapse.states - 1):
        up += np.interp(up, levels, synapse.step_up)
        down -= np.interp(down, levels, synapse.step_down)
    tolerance = 0.01 * (1 + nonlinearity)  # of the span: steps of 1/127 stand for an integral
    assert up == pytest.approx(levels[-1], abs=tolerance * span)
    assert down == pytest.approx(levels[0], abs=tolerance * span)


@pytest.mark.parametrize("levels", [2, 4, 64, 256])
def test_levels_lie_evenly_between_the_ends(levels):
    conductance = np.array(wox_memristor(levels).conductance)
    assert len(conductance) == levels
    np.testing.assert_allclose(np.diff(conductance), (1 / 4e3 - 1 / 25e3) / (levels - 1), rtol=1e-9)


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        ({"levels": 1}, "memristor of 1 levels"),
        ({"levels": 257}, "memristor of 257 levels"),
        ({"resistance_tolerance": 1.0}, "makes resistances zero or negative"),
        ({"resistance_tolerance": 1.5}, "makes resistances zero or negative"),
        ({"nonlinearity": -1.0}, "nonlinearity of -1"),
    ],
)
def test_what_no_memristor_has_is_refused(wrong, problem):
    with pytest.raises(UserError, match=problem):
        wox_memristor(**wrong)


def test_a_spread_that_makes_resistances_negative_is_no_spread():
    with pytest.raises(ValueError, match="less than 1"):
        Spread(resistance=1.0)


def _measurement(path, synapse, noise_s=0.0, seed=1):
    """A measurement of 127 pulses up and 127 down, in µS."""
    levels, random = np.array(synapse.conductance), np.random.default_rng(seed)
    rows, now = ["pulse,conductance_us,direction"], levels[0]
    for direction, steps, sign in (("up", synapse.step_up, 1), ("down", synapse.step_down, -1)):
        for pulse in range(synapse.states):
            rows.append(f"{pulse},{1e6 * abs(now + random.normal(0, noise_s)):.6f},{direction}")
            now = np.clip(now + sign * np.interp(now, levels, steps), levels[0], levels[-1])
    path.write_text("\n".join(rows) + "\n")
    return path


def test_a_measured_pulse_response_is_found_again(tmp_path):
    synapse = wox_memristor(nonlinearity=2.0)
    path = _measurement(tmp_path / "measured.csv", synapse, noise_s=3e-8)
    fitted = fit_synapse(path, "pulse", "conductance_us", states=32, branch_column="direction").value
    assert fitted.conductance[0] == pytest.approx(1 / OFF_RESISTANCE_OHM, rel=0.02)
    assert fitted.conductance[-1] == pytest.approx(1 / ON_RESISTANCE_OHM, rel=0.02)
    for name in ("step_up", "step_down"):
        expected = np.interp(fitted.conductance, synapse.conductance, getattr(synapse, name))
        np.testing.assert_allclose(
            getattr(fitted, name)[2:-2], expected[2:-2], rtol=0.2
        )  # the noise of two points is 5 % of the smallest step


def test_measurements_that_hold_no_response_are_refused(tmp_path):
    path = _measurement(tmp_path / "measured.csv", wox_memristor())
    arguments = {"states": 32, "branch_column": "direction"}
    with pytest.raises(UserError, match="no column conductance_ms"):
        fit_synapse(path, "pulse", "conductance_ms", **arguments)
    with pytest.raises(UserError, match="synapse of 1 levels holds no weight"):
        fit_synapse(path, "pulse", "conductance_us", states=1)
    noisy = _measurement(tmp_path / "noisy.csv", wox_memristor(), noise_s=1e-4)
    with pytest.raises(UserError, match="scatter"):
        fit_synapse(noisy, "pulse", "conductance_us", **arguments)
    falling = tmp_path / "falling.csv"
    falling.write_text("pulse,conductance_us\n" + "\n".join(f"{pulse},{200 - pulse}" for pulse in range(60)) + "\n")
    with pytest.raises(UserError, match="rise"):
        fit_synapse(falling, "pulse", "conductance_us", states=8)
