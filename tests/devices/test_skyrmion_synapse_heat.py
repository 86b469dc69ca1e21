"""The skyrmion synapse at a temperature: noise, losses and retention, and the file that says so."""

import math
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from spingan.devices.escape import Escape
from spingan.devices.skyrmion_synapse import SMALL, shipped_calibration
from spingan.devices.skyrmion_synapse_heat import (
    WarmPlan,
    film_at,
    off_middle,
    warm_curve,
    warm_rows,
    warm_synapse,
    with_escapes,
    working_device,
)
from spingan.errors import UserError
from spingan.physics.constants import BOLTZMANN
from spingan.physics.energy_path import lifetime
from spingan.physics.film_temperature import COBALT_ON_PLATINUM
from spingan.spec.files import read_synapse, write_synapse

CALIBRATION = shipped_calibration()


@pytest.fixture(scope="module")
def small():
    return warm_synapse("skyrmion_designed", SMALL, CALIBRATION, WarmPlan(300.0, runs=3))


def test_each_row_has_its_numbers_within_their_intervals(small):
    rows = warm_rows(small)
    assert len(rows) >= 2
    for row in rows:
        for name in ("rms_conductance_s", "conductance_correlation_time_s", "loss_per_operation", "loss_per_pulse"):
            low, high = row[f"{name}_interval"]
            assert low <= row[name] <= high
        assert row["loss_per_operation_interval"][1] > 0  # none seen does not say that none is lost


def test_the_same_seed_gives_the_same_numbers_and_another_gives_others(small):
    again = warm_synapse("skyrmion_designed", SMALL, CALIBRATION, WarmPlan(300.0, runs=3))
    other = warm_synapse("skyrmion_designed", SMALL, CALIBRATION, WarmPlan(300.0, seed=7, runs=3))
    assert warm_rows(again) == warm_rows(small)
    assert warm_rows(other) != warm_rows(small)


def test_less_heat_leaves_less_noise(small):
    cold = warm_synapse("skyrmion_designed", SMALL, CALIBRATION, WarmPlan(20.0, runs=3, law=replace(
        COBALT_ON_PLATINUM, reference_k=20.0)))  # fmt: skip
    place = [level.across_m.rms.value for level in cold.levels if level.across_m]
    warm = [level.across_m.rms.value for level in small.levels if level.across_m]
    assert max(place) < 0.6 * min(warm)  # not as the root of T: a track's bottom is flat
    assert cold.loss_per_operation.value == 0


def test_the_file_carries_noise_losses_and_retention_with_their_intervals(small, tmp_path):
    made = warm_curve(small)
    write_synapse(made, tmp_path / "small.csv")
    read = read_synapse(tmp_path / "small.csv")
    assert read == made
    assert (read.ensemble.temperature_k, read.ensemble.runs, read.ensemble.seed) == (300.0, 3, 0)
    assert read.validity.temperature_k == (300.0, 300.0)
    assert len(read.ensemble.read_noise_interval_s) == read.states
    assert np.all(read.read_noise_of_range() > 0)


def test_at_the_laws_reference_the_film_stays_and_elsewhere_it_follows(small):
    assert film_at(SMALL, CALIBRATION, 300.0, COBALT_ON_PLATINUM) == (SMALL, CALIBRATION)
    device, constants = film_at(SMALL, CALIBRATION, 250.0, COBALT_ON_PLATINUM)
    ratio = COBALT_ON_PLATINUM.magnetisation(250.0) / COBALT_ON_PLATINUM.magnetisation(300.0)
    assert device.film.saturation_magnetization_a_per_m == pytest.approx(580e3 * ratio)
    assert device.rail_anisotropy_j_per_m3 == pytest.approx(1.2e6 * ratio**3)
    gyro = constants.skyrmion().gyro_n_s_per_m / CALIBRATION.skyrmion().gyro_n_s_per_m
    assert gyro == pytest.approx(ratio, rel=1e-9)


def test_a_skyrmion_that_crosses_the_spirals_cut_has_not_left_its_track():
    turn = np.linspace(-0.3, 0.3, 61)  # through angle 0, where the number of turns jumps
    radius = SMALL.rail_start_m + SMALL.pitch_m * (1.5 + turn)
    x, y = SMALL.centre_m
    places = np.stack([x + radius * np.cos(2 * math.pi * turn), y + radius * np.sin(2 * math.pi * turn)], axis=-1)
    off = off_middle(SMALL, places[:, None])
    assert off == pytest.approx(np.full((61, 1), off[0, 0]), abs=1e-9)


def test_a_plan_without_heat_or_with_too_much_is_refused():
    for kelvin, words in ((0.0, "without heat"), (-1.0, "-1 K"), (1200.0, "Curie point")):
        with pytest.raises(UserError, match=words):
            WarmPlan(kelvin)
    with pytest.raises(UserError, match="no interval"):
        WarmPlan(300.0, runs=1)
    with pytest.raises(UserError, match="there is no synapse"):
        working_device("skyrmion_other", SMALL)


def test_the_files_retention_is_the_faster_of_drift_and_collapse_and_collapse_counts_on_the_finest_cells(small):
    def way(kt, cell_m):
        path = SimpleNamespace(torque_t=0.0)
        return Escape("skyrmion, by collapse", path, lifetime(kt * BOLTZMANN * 300, 300.0), cell_m, collapse=True)

    coarse, fine = way(2.0, 1e-9), way(5.0, 0.5e-9)
    made = warm_curve(with_escapes(small, [fine, coarse]))
    assert made.retention.time_s == pytest.approx(fine.time.mean_s, rel=1e-5)
    assert made.retention.towards == "minimum"
    assert made.ensemble.retention_interval_s == pytest.approx((fine.time.low_s, fine.time.high_s), rel=1e-5)
    held = way(60.0, 0.5e-9)
    strong = warm_curve(with_escapes(small, [held]))
    drift = small.heat.retention_s
    expected = held.time.mean_s if drift is None else drift
    assert strong.retention.time_s == pytest.approx(expected, rel=1e-5)
