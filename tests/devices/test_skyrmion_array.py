"""Skyrmion synapses for arrays: shipped files are the module's, and a barrier changes nothing but the scale."""

import numpy as np
import pytest

from spingan.devices.published import CURVES
from spingan.devices.skyrmion_array import behind_barrier, designed_array, junction_noise_s, published_in_siemens
from spingan.spec.files import read_synapse

DESIGNED = read_synapse(CURVES / "skyrmion_designed.csv")


@pytest.mark.parametrize("made", [published_in_siemens(), designed_array()], ids=lambda made: made.name)
def test_the_shipped_file_is_what_the_module_gives(made):
    assert read_synapse(CURVES / f"{made.name}.csv") == made


def test_paper_s_junction_lies_between_its_antiparallel_and_parallel_states():
    lowest, *_, highest = published_in_siemens().conductance
    assert 0.01 * highest == pytest.approx(0.190e-3, rel=2e-3)  # 0.190 pJ a read of 0.1 V, 1 ns: docs/derivations.md
    assert highest / lowest - 1 == pytest.approx(2 * 0.614**2 / (1 - 0.614**2), rel=1e-4)  # Julliere


def test_a_barrier_of_another_resistance_area_product_scales_conductances_and_keeps_weights():
    thick = behind_barrier(DESIGNED, "thick", ra_ohm_m2=2e-9)
    assert np.asarray(thick.conductance) * 1000 == pytest.approx(np.asarray(DESIGNED.conductance), rel=1e-5)
    assert thick.normalised_levels() == pytest.approx(DESIGNED.normalised_levels(), abs=1e-3)
    assert thick.retention == DESIGNED.retention
    noise, before = thick.read_noise_of_range(), DESIGNED.read_noise_of_range()
    assert noise is not None and before is not None and np.all(noise > before)  # the junction's own comes on top


def test_a_junction_s_noise_is_thermal_at_low_bias_and_shot_noise_at_high():
    conductance, kt, charge = np.array([1e-5]), 1.380649e-23 * 300, 1.602176634e-19
    thermal = np.sqrt(2 * kt * conductance / 1e-8) / 1e-4  # √(4 k T G / 2t) over the voltage
    assert junction_noise_s(conductance, 1e-4, 1e-8, 300) == pytest.approx(thermal, rel=1e-3)
    shot = np.sqrt(charge * conductance * 1.0 / 1e-8)  # √(2 e I / 2t) over 1 V
    assert junction_noise_s(conductance, 1.0, 1e-8, 300) == pytest.approx(shot, rel=1e-3)
