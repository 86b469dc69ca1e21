"""Leakage against variability, beside what can be worked out by hand."""

import math

import numpy as np
import pytest

from spingan.errors import UserError
from spingan.studies.leakage import LeakageTrial, leakage_currents, leakage_study

TRIAL = LeakageTrial((("dense", 100, 64),), 0.5, 0, 40e-6, 250e-6, 0.1, 1.0, 1e-10)


def test_a_column_that_is_off_leaks_more_the_more_its_devices_vary():
    # The mean of 1 / (1 + v u), u even in -1..1, is ln((1 + v) / (1 - v)) / 2v: 1.0986 at a half.
    found = leakage_currents(TRIAL)["dense: column, all devices off"]
    assert found.mean == pytest.approx(100 * 40e-6 * 0.1 * math.log(3), rel=5e-3, abs=0)
    assert found.low < found.mean < found.high


def test_without_variability_every_column_that_is_off_is_alike():
    exact = LeakageTrial(**{**vars(TRIAL), "fraction": 0.0})
    found = leakage_currents(exact)["dense: column, all devices off"]
    assert (found.low, found.mean, found.high) == pytest.approx((0.4e-3,) * 3, rel=1e-12, abs=0)


def test_half_selected_devices_are_those_that_share_a_line_and_see_half_the_voltage():
    exact = LeakageTrial(**{**vars(TRIAL), "fraction": 0.0})
    found = leakage_currents(exact)["dense: half-selected devices"]
    assert found.mean == pytest.approx(162 * 145e-6 * 0.5, rel=5e-3, abs=0)  # 99 + 63 devices, 145 µS on average


def test_a_column_that_is_not_selected_leaks_through_its_open_cells_alone():
    found = leakage_currents(TRIAL)["dense: column, not selected"]
    assert found.mean == pytest.approx(100 * 1e-10 * 0.1, rel=1e-12, abs=0)


def test_what_is_not_known_leaves_its_curve_out():
    silent = LeakageTrial(**{**vars(TRIAL), "read_v": None, "write_v": None})
    assert leakage_currents(silent) == {}


def test_the_same_seed_draws_the_same_currents():
    assert leakage_currents(TRIAL) == leakage_currents(TRIAL)
    assert leakage_currents(LeakageTrial(**{**vars(TRIAL), "seed": 1})) != leakage_currents(TRIAL)


def test_a_synapse_without_siemens_has_no_leakage():
    with pytest.raises(UserError, match="siemens"):
        leakage_study("fashion-mnist")
    assert np.isfinite(leakage_currents(TRIAL)["dense: half-selected devices"].mean)
