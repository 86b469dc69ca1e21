"""A device in heat: its conductance table, noise against averaging, losses, energy, and its curve's file."""

import math
from dataclasses import replace

import numpy as np
import pytest
from small_wall import DEVICE

from spingan.devices.wall_compact import compact_model
from spingan.devices.wall_device import LEAKY_RELU
from spingan.devices.wall_heat import (
    WarmPlan,
    constants_of,
    device_at,
    table_conductance_s,
    warm_study,
)
from spingan.devices.wall_heat_curve import warm_curve, warm_rows
from spingan.devices.wall_system import conductance_s, mesh
from spingan.errors import UserError
from spingan.physics.film_temperature import COBALT_ON_PLATINUM
from spingan.physics.wall import WallConstants, WallState, magnetisation_z
from spingan.physics.wall_heat import HeatConstants, warm_wall
from spingan.spec.files import read_conductance_curve, write_activation

PLAN = WarmPlan(300.0, (-2e-6, 0.0, 2e-6), 2e-6, walls=40, duration_s=4e-9)
BARE = (WallConstants(), HeatConstants(), "bare")


@pytest.fixture(scope="module")
def warm():
    """The small device at 300 K under three currents."""
    return warm_study(DEVICE, PLAN, constants=BARE)


def test_the_table_is_what_the_detectors_see_of_the_straight_wall():
    model = compact_model(DEVICE, constants=WallConstants(domain_magnetisation=0.97))
    wall = warm_wall(model, 0.0, 32e-9, 300.0)
    table = table_conductance_s(DEVICE, model, wall.states, 300.0, 1e-4)
    grid = mesh(DEVICE, 0.25e-9)
    for place, angle in ((3, 8), (15, 8), (15, 12), (20, 5)):
        state = WallState(*wall.states[place, angle].tolist())
        m = np.zeros((3, *grid.shape))
        m[2] = magnetisation_z(model, state, grid.x_m, grid.y_m[:, None]) * (1 - 1e-4 * 300)
        assert table[place, angle] == pytest.approx(conductance_s(DEVICE, m, grid), rel=2e-4)


def test_noise_falls_with_averaging_and_with_cold(warm):
    cold = warm_study(DEVICE, replace(PLAN, temperature_k=30.0), constants=BARE)
    for hot, chilled in zip(warm.points, cold.points, strict=True):
        assert warm.averaged_s(hot).value < hot.conductance_s.rms.value
        # At ten times less heat a parabola has a third of the rms; the film is stiffer, too.
        assert 2.5 < hot.position_m.rms.value / chilled.position_m.rms.value < 5


def test_a_devices_profile_goes_with_its_film():
    warm = device_at(DEVICE, COBALT_ON_PLATINUM, 400.0)
    ratio = warm.film.anisotropy_j_per_m3 / DEVICE.film.anisotropy_j_per_m3
    assert 0.5 < ratio < 1
    places = np.linspace(0, DEVICE.length_m, 9)
    assert warm.profile(places) == pytest.approx(ratio * DEVICE.profile(places))
    assert device_at(DEVICE, COBALT_ON_PLATINUM, 300.0) == DEVICE


def test_the_energy_at_a_signal_to_noise_ratio_buys_exactly_that_ratio(warm):
    point = warm.points[1]
    window = warm.averaging_at_snr_s(point)
    left = float(point.conductance_s.averaged(window.value))
    assert abs(warm.span_s) / left == pytest.approx(PLAN.snr, rel=0.01)
    assert warm.energy_at_snr_j(point).value == pytest.approx(warm.power_w(point) * (point.settling_s + window.value))
    harder = replace(warm, plan=replace(PLAN, snr=2 * PLAN.snr)).averaging_at_snr_s(point)
    assert harder.value > 3.5 * window.value  # four times, once many memories are averaged


def test_no_loss_has_an_upper_bound_and_a_hot_wall_is_lost():
    deep = warm_study(DEVICE, PLAN, constants=BARE)
    chance = deep.loss_per_operation(deep.points[1])
    assert deep.points[1].lost == 0
    assert 0 == chance.value == chance.low < chance.high < 0.1
    shallow = warm_study(DEVICE, PLAN, constants=(WallConstants(), HeatConstants(energy=3.5), "a barrier of a third"))
    chance = shallow.loss_per_operation(shallow.points[1])
    assert shallow.points[1].lost > 5
    assert 0 < chance.low < chance.value < chance.high < 1


def test_a_current_at_which_all_are_lost_has_a_chance_and_nothing_else():
    """Full scale moves to the highest current that walls survive; the rest of the row is unknown, not 0."""
    plan = replace(PLAN, currents_a=(0.0, 2e-6, 1e-5), full_scale_a=1e-5)
    study = warm_study(DEVICE, plan, constants=(WallConstants(), HeatConstants(energy=2.0), "hot"))
    *_, row = warm_rows(study)
    assert (study.full.current_a, row["input_ua"], row["lost_walls"]) == (2e-6, 10, plan.walls)
    assert row["rms_position_nm"] is None and row["energy_at_snr_j_interval"] is None
    assert row["loss_per_operation"] > 0.7
    assert warm_curve(study, "leaky_relu", "hot").input_full_scale == 2e-6


def test_rows_hold_an_interval_beside_every_estimate(warm):
    rows = warm_rows(warm)
    assert [row["input_ua"] for row in rows] == [-2, 0, 2]
    for row in rows:
        for name in (
            "rms_position_nm",
            "rms_conductance_s",
            "correlation_time_s",
            "energy_at_snr_j",
            "loss_per_operation",
        ):
            low, high = row[f"{name}_interval"]
            assert low <= row[name] <= high


def test_the_curve_says_its_noise_with_averaging_temperature_seed_runs_and_interval(warm, tmp_path):
    curve = warm_curve(warm, "leaky_relu", "small_300k")
    write_activation(curve, tmp_path / "small.csv")
    again = read_conductance_curve(tmp_path / "small.csv")
    assert again == curve
    noise = again.output_noise
    assert noise.rms == tuple(warm.averaged_s(point).value for point in warm.points)
    assert (noise.averaging_time_s, noise.temperature_k, noise.seed, noise.runs) == (1e-9, 300.0, 0, 40)
    assert all(low <= rms <= high for rms, (low, high) in zip(noise.rms, noise.interval, strict=True))
    memory = warm.points[-1].conductance_s.memory_s.value
    assert noise.bandwidth_hz == pytest.approx(1 / (4 * memory))
    assert again.energy_j == pytest.approx(warm.power_w(warm.points[-1]) * again.energy_items[0].window_s)
    assert again.delay_s >= 1e-9


def test_the_same_seed_is_the_same_study(warm):
    assert warm_rows(warm_study(DEVICE, PLAN, constants=BARE)) == warm_rows(warm)


def test_only_shipped_devices_have_calibrated_constants():
    assert constants_of(LEAKY_RELU)[0] != WallConstants()
    assert constants_of(replace(LEAKY_RELU, name="renamed"))[0] == constants_of(LEAKY_RELU)[0]
    assert constants_of(DEVICE)[0] == WallConstants()
    assert "no run of the solver" in constants_of(DEVICE)[2]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"temperature_k": -1.0}, "-1 K"),
        ({"temperature_k": 1200.0}, "Curie point of 1120 K"),
        ({"temperature_k": math.nan}, "nan K"),
        ({"averaging_s": 1e-12}, "averaging time is 0.001 ns, below the step of 0.002 ns"),
        ({"averaging_s": math.inf}, "averaging time is inf"),
        ({"snr": 0.0}, "snr is 0"),
        ({"walls": 1}, "1 wall makes no interval"),
        ({"duration_s": 1e-11}, "show no memory"),
        ({"currents_a": (-2e-6, 2e-6)}, "lack 0"),
    ],
)
def test_a_plan_that_makes_no_sense_is_refused(changes, words):
    with pytest.raises(UserError, match=words):
        replace(PLAN, **changes)
