"""The synapse's read path: in series with the junction, weaker with bias, and at work on the skyrmions."""

from dataclasses import replace

import numpy as np
import pytest

from spingan.devices.real_terms import SynapseTerms, read_synapse_terms
from spingan.devices.skyrmion_synapse import PRINTED, SMALL, conductance_s, disc_mesh, ground, shipped_calibration
from spingan.devices.skyrmion_synapse_real import (
    metal_share,
    read_torque_t,
    seen_conductance_s,
    sheet_ohm,
    synapse_sensitivity,
)
from spingan.errors import UserError

TERMS = read_synapse_terms()
READ = TERMS.three_terminals
CALIBRATION = shipped_calibration()
REVERSED_M2 = CALIBRATION.texture.reversed_area_m2


@pytest.mark.parametrize("skyrmions", [0.0, 17.5, 64.0])
def test_without_terms_the_conductance_is_the_printed_junctions(skyrmions):
    expected = float(conductance_s(PRINTED, np.array(skyrmions), REVERSED_M2))
    assert seen_conductance_s(PRINTED, skyrmions, REVERSED_M2, SynapseTerms()) == pytest.approx(expected)


def test_the_heavy_metal_is_in_series_and_the_magnet_beside_it_makes_it_better():
    bare, spread, shunted = (
        seen_conductance_s(PRINTED, 30.0, REVERSED_M2, terms)
        for terms in (SynapseTerms(), TERMS.only("three_terminals"), TERMS.only("three_terminals", "shunt"))
    )
    assert spread < shunted < bare
    thick = replace(TERMS.only("three_terminals"), three_terminals=replace(READ, metal_thickness_m=1e-3))
    assert seen_conductance_s(PRINTED, 30.0, REVERSED_M2, thick) == pytest.approx(bare, rel=1e-3)


def test_sheet_resistances_in_parallel():
    shunted = TERMS.only("three_terminals", "shunt")
    alone, both = sheet_ohm(PRINTED, READ, TERMS.only("three_terminals")), sheet_ohm(PRINTED, READ, shunted)
    magnet = TERMS.shunt.magnet_resistivity_ohm_m / PRINTED.film.thickness_m
    assert 1 / both == pytest.approx(1 / alone + 1 / magnet)
    assert metal_share(PRINTED, READ, shunted) == pytest.approx(both / alone)


def test_at_v_half_the_tmr_is_half():
    at_half = replace(TERMS.tmr_fall, half_bias_voltage_v=READ.read_v)
    thick = replace(READ, metal_thickness_m=1e-3)  # no series resistance to speak of
    fallen = SynapseTerms(three_terminals=thick, tmr_fall=at_half)
    whole = PRINTED.detector_area_m2 / REVERSED_M2  # so many skyrmions that all of the junction is reversed

    def tmr(terms):
        return seen_conductance_s(PRINTED, whole, REVERSED_M2, terms) / seen_conductance_s(
            PRINTED, 0.0, REVERSED_M2, terms
        )

    assert tmr(fallen) - 1 == pytest.approx((tmr(SynapseTerms(three_terminals=thick)) - 1) / 2, rel=1e-3)


def test_the_reads_torque_is_that_of_its_current_over_the_rims_section():
    one, two = (read_torque_t(PRINTED, conductance, READ, 1.0) for conductance in (0.01, 0.02))
    assert two == pytest.approx(2 * one)
    assert read_torque_t(PRINTED, 0.01, replace(READ, spin_hall_angle=0.0), 1.0) == 0


def test_grains_without_spread_leave_the_landscape_and_stronger_ones_tilt_it():
    grid = disc_mesh(SMALL, 2e-9)
    plain, same = ground(SMALL, CALIBRATION), ground(SMALL, CALIBRATION, grains=np.ones(grid.shape))
    assert np.array_equal(plain.coefficients, same.coefficients)
    grains = np.ones(grid.shape)
    grains[:, : grid.nx // 2] = 1.02
    uneven = ground(SMALL, CALIBRATION, grains=grains)
    assert uneven.force_n(95e-9, 95e-9)[0] > plain.force_n(95e-9, 95e-9)[0]  # towards the softer half


def test_a_fall_without_a_read_voltage_and_questions_without_answer_are_refused():
    with pytest.raises(UserError, match="read voltage"):
        seen_conductance_s(PRINTED, 0.0, REVERSED_M2, TERMS.only("tmr_fall"))
    with pytest.raises(UserError, match="spread"):
        synapse_sensitivity(PRINTED, CALIBRATION, TERMS, devices=1)
    with pytest.raises(UserError, match="no term"):
        synapse_sensitivity(PRINTED, CALIBRATION, SynapseTerms())


@pytest.mark.slow  # six operations of 64 skyrmions: half a minute
def test_the_table_has_both_working_points_and_the_read_moves_skyrmions():
    effects = synapse_sensitivity(PRINTED, CALIBRATION, TERMS.only("three_terminals", "tmr_fall"))
    assert [(one.synapse, one.term) for one in effects] == [
        (synapse, term)
        for synapse in ("skyrmion_simulated", "skyrmion_designed")
        for term in ("none", "three_terminals", "tmr_fall", "all, without disorder")
    ]
    for none, read, fallen, both in (effects[:4], effects[4:]):
        assert read.figures["span_s"] < none.figures["span_s"]
        assert read.figures["read_displacement_nm"] > 0
        assert fallen.change["span_s"] == pytest.approx(fallen.figures["span_s"] - read.figures["span_s"])
        assert both.figures == fallen.figures
