"""Skyrmion synapses for arrays: shipped files are the module's, and a barrier changes nothing but the scale."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spingan.devices.published import CURVES
from spingan.devices.skyrmion_array import behind_barrier, designed_array, junction_noise_s, published_in_siemens
from spingan.errors import UserError
from spingan.spec.files import read_synapse
from spingan.spec.synapse import LEVEL_FIELDS, Read, Spread, Synapse

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


@given(st.floats(5e-13, 1.76e-7), st.integers(0, 2**32 - 1))
@settings(max_examples=30, deadline=None)
def test_a_barrier_keeps_all_that_is_in_siemens_as_fractions_of_the_span(ra_ohm_m2, seed):
    """Whatever the synapse states: every field in siemens is known here, each another one."""
    random, levels = np.random.default_rng(seed), np.linspace(0.034, 0.075, 9)
    siemens = {name: tuple(random.uniform(1e-5, 1e-3, 9)) for name in LEVEL_FIELDS if name != "read_noise_s"}
    energies = {name: siemens.pop(name) for name in tuple(siemens) if name.endswith("_j")}
    ends = {name: random.uniform(1e-4, 1e-3) for name in Spread.model_fields if name.endswith("_s")}
    before = Synapse(
        name="all", basis="simulated", conductance=tuple(levels), spread=Spread(gain=0.02, resistance=0.1, **ends),
        read=Read(noise_s=2e-4, leakage_s=1e-6), **siemens, **energies,
    )  # fmt: skip
    after = behind_barrier(before, "other", ra_ohm_m2)
    span, other = (one.conductance[-1] - one.conductance[0] for one in (before, after))
    assert other / span == pytest.approx(2e-12 / ra_ohm_m2, rel=1e-4)
    for name in ("conductance", *siemens):
        kept = np.asarray(getattr(before, name)) / span
        assert np.asarray(getattr(after, name)) / other == pytest.approx(kept, rel=1e-4), name
    assert len(ends) == 2
    for name in ends:
        assert getattr(after.spread, name) / other == pytest.approx(getattr(before.spread, name) / span, rel=1e-4), name
    assert (after.spread.gain, after.spread.resistance) == (0.02, 0.1)
    assert {name: getattr(after, name) for name in energies} == energies
    noise, own = after.read_noise_of_range(), junction_noise_s(np.asarray(after.conductance), 0.1, 20e-9, 300) / other
    assert noise == pytest.approx(np.hypot(2e-4 / span, own), rel=1e-4)
    assert after.read == Read(voltage_v=0.1, time_s=20e-9)  # none of it is the other junction's
    assert Synapse.from_dict(after.to_dict(), "it") == after


def test_a_synapse_without_siemens_has_no_barrier_to_change():
    with pytest.raises(UserError, match="normalised levels"):
        behind_barrier(read_synapse(CURVES / "skyrmion_published.csv"), "none")


def test_a_junction_s_noise_is_thermal_at_low_bias_and_shot_noise_at_high():
    conductance, kt, charge = np.array([1e-5]), 1.380649e-23 * 300, 1.602176634e-19
    thermal = np.sqrt(2 * kt * conductance / 1e-8) / 1e-4  # √(4 k T G / 2t) over the voltage
    assert junction_noise_s(conductance, 1e-4, 1e-8, 300) == pytest.approx(thermal, rel=1e-3)
    shot = np.sqrt(charge * conductance * 1.0 / 1e-8)  # √(2 e I / 2t) over 1 V
    assert junction_noise_s(conductance, 1.0, 1e-8, 300) == pytest.approx(shot, rel=1e-3)
