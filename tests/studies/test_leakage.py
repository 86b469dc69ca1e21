"""Leakage against variability, beside what can be worked out by hand."""

import math

import numpy as np
import pytest

from spingan.errors import UserError
from spingan.evaluation.interval import Interval
from spingan.spec.synapse import Synapse
from spingan.spec.technology import load_technology
from spingan.studies.leakage import leakage_currents
from spingan.studies.run import run_study
from spingan.studies.study import band


def synapse(read_v: float | None = 0.1, write_v: float | None = 1.0) -> Synapse:
    """40 to 250 µS; 0.1 nS through an open cell."""
    own = load_technology("wox-memristor").synapse
    assert own is not None
    read = own.read.model_copy(update={"voltage_v": read_v, "leakage_s": 1e-10})
    write = own.write.model_copy(update={"pulse_amplitude_v": write_v})
    return own.model_copy(update={"conductance": (40e-6, 250e-6), "read": read, "write": write})


def currents(fraction: float = 0.5, seed: int = 0, of: Synapse | None = None) -> dict[str, Interval]:
    found = leakage_currents([("dense", 100, 64)], of or synapse(), fraction, seed)
    return {name: band(values) for name, values in found.items()}


def test_a_column_that_is_off_leaks_more_the_more_its_devices_vary():
    # The mean of 1 / (1 + v u), u even in -1..1, is ln((1 + v) / (1 - v)) / 2v: 1.0986 at a half.
    found = currents()["dense: column, all devices off"]
    assert found.mean == pytest.approx(100 * 40e-6 * 0.1 * math.log(3), rel=5e-3, abs=0)
    assert found.low < found.mean < found.high


def test_without_variability_every_column_that_is_off_is_alike():
    found = currents(0.0)["dense: column, all devices off"]
    assert (found.low, found.mean, found.high) == pytest.approx((0.4e-3,) * 3, rel=1e-12, abs=0)


def test_half_selected_devices_are_those_that_share_a_line_and_see_half_the_voltage():
    found = currents(0.0)["dense: half-selected devices"]
    assert found.mean == pytest.approx(162 * 145e-6 * 0.5, rel=5e-3, abs=0)  # 99 + 63 devices, 145 µS on average


def test_a_column_that_is_not_selected_leaks_through_its_open_cells_alone():
    found = currents()["dense: column, not selected"]
    assert found.mean == pytest.approx(100 * 1e-10 * 0.1, rel=1e-12, abs=0)


def test_what_is_not_known_leaves_its_curve_out():
    assert currents(of=synapse(None, None)) == {}


def test_the_same_seed_draws_the_same_currents():
    assert currents() == currents()
    assert currents(seed=1) != currents()


def test_a_synapse_without_siemens_has_no_leakage():
    with pytest.raises(UserError, match="siemens"):
        run_study("leakage", "fashion-mnist")
    assert np.isfinite(currents()["dense: half-selected devices"].mean)
