"""Runs of the thermal solver, and the compact wall's fit to them, on a device small enough to be solved."""

from dataclasses import replace

import numpy as np
import pytest
from small_wall import SETUP

from spingan.devices.noise_statistics import Estimate
from spingan.devices.wall_heat_calibration import calibration_from, modelled
from spingan.devices.wall_heat_solver import (
    HeatObservation,
    ThermalRun,
    observe,
    read_heat_calibration,
    thermal_run,
    thermal_step_s,
    write_heat_calibration,
)
from spingan.devices.wall_study import place_wall
from spingan.errors import UserError
from spingan.physics.wall import WallConstants
from spingan.physics.wall_heat import HeatConstants


def exact(value):
    return Estimate(value, 0.95 * value, 1.05 * value)


def seen(current_a, heat):
    """What the solver would see if it were the compact wall with these constants."""
    blank = HeatObservation(
        current_a, 300.0, exact(0.0), exact(1.0), exact(1.0), exact(0.0), exact(0.0), 1 - 300 * heat.dimming_per_k,
        1e-8, 0,
    )  # fmt: skip
    point = modelled(SETUP.device, WallConstants(), heat, blank, "magnet-section")
    return replace(blank, rms_m=point.position_m.rms, memory_s=point.position_m.memory_s)


HEAT = HeatConstants(energy=1.4, drag=0.8, dimming_per_k=2e-4)


@pytest.fixture(scope="module")
def made():
    """The calibration on what the solver would see if it were the compact wall with the constants `HEAT`."""
    return calibration_from(SETUP, WallConstants(), [seen(current, HEAT) for current in (0.0, 1.5e-6)], "test")


def test_the_fit_finds_the_constants_that_the_runs_were_made_with(made):
    assert made.constants.energy == pytest.approx(HEAT.energy, rel=0.03)
    assert made.constants.drag == pytest.approx(HEAT.drag, rel=0.05)
    assert made.constants.dimming_per_k == pytest.approx(HEAT.dimming_per_k, rel=1e-6)
    assert max(map(abs, made.rms_error)) < 0.03
    assert max(map(abs, made.memory_error)) < 0.1


def test_a_calibration_survives_its_file(made, tmp_path):
    write_heat_calibration(made, tmp_path / "heat.yaml")
    assert read_heat_calibration(tmp_path / "heat.yaml") == made
    (tmp_path / "other.yaml").write_text("kind: wall-device\n")
    with pytest.raises(UserError, match="its kind is not wall-heat-calibration"):
        read_heat_calibration(tmp_path / "other.yaml")


def test_a_run_looks_every_four_picoseconds_and_repeats_with_its_seed():
    start = place_wall(SETUP, 32e-9)
    one, same, other = (thermal_run(SETUP, 0.0, start, 300.0, 0.1e-9, seed) for seed in (3, 3, 4))
    assert one.time_s == pytest.approx(np.arange(1, 26) * 4e-12)
    assert np.array_equal(one.position_m, same.position_m)
    assert not np.array_equal(one.position_m, other.position_m)
    assert not one.lost
    assert 0.7 < np.nanmean(one.domain) < 1.0  # spin waves dim the domains
    assert np.ptp(one.conductance_s) > 0


def test_the_step_shrinks_with_the_square_of_the_cells():
    assert thermal_step_s(SETUP) == pytest.approx(4 * thermal_step_s(replace(SETUP, cell_m=1e-9)))
    wide = replace(SETUP, cell_m=1e-9, across_m=8e-9)
    assert thermal_step_s(replace(SETUP, cell_m=1e-9)) < thermal_step_s(wide) < thermal_step_s(SETUP)


def test_runs_too_short_say_nothing_and_a_lost_wall_counts_until_then():
    short = thermal_run(SETUP, 0.0, place_wall(SETUP, 32e-9), 300.0, 0.1e-9)
    with pytest.raises(UserError, match="make no interval"):
        observe((short,), 0.0, 300.0, 0)
    time_s = np.arange(1, 1001) * 4e-12
    place = 32e-9 + 1e-9 * np.random.default_rng(0).standard_normal(1000)
    lost = ThermalRun(time_s, place, 1e4 * place, np.full(1000, 0.9), short.m, lost=True)
    found = observe((lost, lost), 1e-6, 300.0, 5)
    assert found.duration_s == pytest.approx(2 * 4 * 0.8e-9)  # whole blocks after 0.3 ns of 4 ns
    assert found.rms_m.value == pytest.approx(1e-9, rel=0.1)
    assert found.rms_s.value == pytest.approx(1e-5, rel=0.1)
    assert (found.domain, found.seed) == (pytest.approx(0.9), 5)
