"""Write and verify: pulses and errors are those of closed forms, and what nobody knows stays unknown."""

import numpy as np
import pytest

from spingan.arrays.writing import level_writes, write_and_verify
from spingan.devices.wox_memristor import wox_memristor
from spingan.errors import UserError
from spingan.spec.synapse import Read, Synapse, Write
from spingan.spec.technology import load_technology

LEVELS = 33
SPAN = 32e-6


def _linear(**more) -> Synapse:
    """Even levels a pulse apart."""
    steps = {"step_up": (1e-6,) * LEVELS, "step_down": (1e-6,) * LEVELS}
    conductance = tuple(np.linspace(1e-6, 33e-6, LEVELS).tolist())
    write = Write(pulse_width_s=1e-7, energy_j=2e-12, energy_per="pulse")
    fields = {"write": write, "read": Read(time_s=1e-8)} | steps | more
    return Synapse(name="linear", basis="measured", conductance=conductance, **fields)


def test_a_linear_device_without_noise_takes_a_pulse_a_level_in_either_direction():
    target = np.arange(LEVELS) / 32
    up, down = (write_and_verify(_linear(), target, start=start) for start in (0.0, 1.0))
    assert up.pulses.tolist() == list(range(LEVELS)) and down.pulses.tolist() == list(range(32, -1, -1))
    for found in (up, down):
        assert found.verified.all() and found.error == pytest.approx(np.zeros(LEVELS), abs=1e-12)
        assert found.energy_j == pytest.approx(2e-12 * found.pulses)
        assert found.time_s == pytest.approx(1e-7 * found.pulses + 1e-8 * (found.pulses + 1))  # one read comes first
        assert not found.resets.any()


def test_a_device_that_is_verified_is_within_tolerance_and_a_smaller_one_takes_more_pulses():
    target = np.random.default_rng(0).uniform(size=2_000)
    wide, narrow = (write_and_verify(wox_memristor(), target, tolerance=tolerance) for tolerance in (0.01, 0.004))
    for found, tolerance in ((wide, 0.01), (narrow, 0.004)):
        assert found.verified.mean() > 0.99
        assert np.abs(found.error[found.verified]).max() <= tolerance
    assert narrow.pulses.mean() > wide.pulses.mean()
    assert narrow.energy_j is not None and narrow.energy_j.mean() > wide.energy_j.mean()


def test_the_steps_spread_is_that_of_the_synapse():
    spread = 0.2
    one = write_and_verify(
        _linear(step_up_spread=(spread * 1e-6,) * LEVELS), np.full(50_000, 0.5), tolerance=0.01, most_pulses=1
    )
    assert one.reached.mean() == pytest.approx(1 / 32, rel=0.01)
    assert one.reached.std() == pytest.approx(spread / 32, rel=0.02)
    assert not one.verified.any()


def test_a_device_that_only_goes_up_is_reset_when_it_is_too_high():
    write = Write(pulse_width_s=1e-7, energy_j=2e-12, energy_per="pulse", access="reset_then_up", reset_energy_j=5e-12)
    once = _linear(write=write, step_down=None)
    found = write_and_verify(once, np.array([0.25]), start=0.75)
    assert (found.pulses.tolist(), found.resets.tolist()) == ([8], [1])
    assert found.energy_j == pytest.approx([8 * 2e-12 + 5e-12])
    assert found.time_s is None  # nobody says how long a reset takes


def test_noise_of_the_verifying_read_leaves_an_error_and_the_seed_decides_it():
    target = np.full(20_000, 0.5)
    exact, noisy, again = (write_and_verify(_linear(), target, read_noise=noise) for noise in (0.0, 0.02, 0.02))
    assert np.abs(noisy.error).max() > 0.5 / 32 > np.abs(exact.error).max()
    assert np.array_equal(noisy.reached, again.reached)
    assert not np.array_equal(write_and_verify(_linear(), target, read_noise=0.02, seed=1).reached, noisy.reached)


def test_a_synapse_without_steps_and_numbers_out_of_range_are_refused():
    pcm = load_technology("pcm").synapse
    with pytest.raises(UserError, match="does not say what a write pulse does") as caught:
        write_and_verify(pcm, np.array([0.5]))
    assert "step_up" in str(caught.value.remedy)
    for wrong in ({"tolerance": 0.0}, {"most_pulses": 0}, {"read_noise": -0.1}, {"start": 1.5}):
        with pytest.raises(UserError):
            write_and_verify(_linear(), np.array([0.5]), **wrong)
    with pytest.raises(UserError, match="beyond its ends"):
        write_and_verify(_linear(), np.array([1.5]))


def test_writing_to_all_levels_begins_at_the_bottom_and_takes_a_read_after_each_pulse():
    found = level_writes(_linear())
    assert found.simulated and not found.given_up and not found.resets.any()
    assert found.pulses.mean() == 16 and found.pulses.max() == 32  # a pulse a level, all levels alike
    assert (found.verifies == found.pulses + 1).all()
    assert found.pulse_energy_j == pytest.approx(2e-12 * found.pulses)


def test_a_device_that_only_goes_up_is_reset_before_it_is_written():
    write = Write(pulse_width_s=1e-7, energy_j=2e-12, energy_per="pulse", access="reset_then_up")
    for synapse in (_linear(write=write), _linear(write=write, step_up=None, step_down=None)):
        found = level_writes(synapse)
        assert (found.resets == 1).all() and (found.verifies == found.pulses + 1).all()
    assert level_writes(_linear(write=write)).pulse_energy_j is not None  # though nobody knows what a reset costs


def test_a_synapse_without_steps_is_taken_to_move_by_a_level_a_pulse_and_says_so():
    found = level_writes(load_technology("pcm").synapse)
    assert found.pulses.tolist() == list(range(100)) and not found.simulated
    assert found.basis.startswith("assumed") and found.pulse_energy_j is None


def test_devices_that_pulses_do_not_bring_to_their_level_are_counted():
    stuck = (1e-6,) * 28 + (0.0,) * 5
    assert level_writes(_linear(step_up=stuck)).given_up == 16 * 4


def test_starts_that_fit_no_device_and_noise_without_end_are_refused():
    with pytest.raises(UserError, match="3 starts for 2 devices"):
        write_and_verify(_linear(), np.array([0.1, 0.2]), start=np.array([0.1, 0.2, 0.3]))
    with pytest.raises(UserError, match="read noise of inf"):
        write_and_verify(_linear(), np.array([0.1]), read_noise=np.inf)
