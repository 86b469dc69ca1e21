"""Walls in equilibrium: Boltzmann in a well, the friction's noise in an average, and the same as walls in time."""

from dataclasses import replace

import numpy as np
import pytest

from spingan.devices.noise_statistics import noise_of
from spingan.devices.wall_compact import compact_model, drive_t
from spingan.devices.wall_device import LEAKY_RELU, AnisotropyProfile, Detector
from spingan.errors import UserError
from spingan.physics.constants import BOLTZMANN
from spingan.physics.wall_equilibrium import FINE_M, Landscape, landscape, warm_wells
from spingan.physics.wall_heat import wander, warm_wall

KT_J = BOLTZMANN * 300.0
VALLEY = AnisotropyProfile(0.65e6, 1.1e6, 48e-9, 1.15e6, 48e-9, 96e-9)
JUNCTION = Detector("right", 60e-9, 90e-9, 0.0, 24e-9)
DEVICE = replace(LEAKY_RELU, length_m=96e-9, width_m=24e-9, profile=VALLEY, detectors=(JUNCTION,))


def parabola(stiffness: float = 1e-4, drag: float = 1e-14) -> Landscape:
    """A harmonic well of `stiffness` N/m in the middle of 100 nm, pushed with 1 pN a tesla."""
    place = np.arange(0.0, 100e-9, FINE_M)
    states = np.zeros((2, 1, 4))
    states[:, 0, 0] = place[[0, -1]]
    ones = np.ones_like(place)
    return Landscape(states, np.ones((2, 1)), place, -stiffness * (place - 50e-9), 1e-12 * ones, drag * ones, KT_J)


def test_places_in_a_harmonic_well_have_the_width_and_the_memory_of_theory():
    wells = warm_wells(parabola(), np.array([0.0, 1.0]))
    mean, rms, memory = wells.averages(wells.position_m)
    assert mean == pytest.approx([50e-9, 60e-9], rel=1e-3)  # a push of 1 pN over 1e-4 N/m
    assert rms == pytest.approx(np.sqrt(KT_J / 1e-4), rel=2e-3)
    assert memory == pytest.approx(1e-14 / 1e-4, rel=5e-3)  # drag over stiffness


def test_noise_of_a_long_average_as_a_part_of_the_travel_does_not_depend_on_the_stiffness():
    # sqrt(2 kT drag / T) over the push: an average over T is a force's, whatever holds the wall
    found = []
    for stiffness in (0.8e-4, 1.6e-4):
        wells = warm_wells(parabola(stiffness), np.array([0.0, 1.0]))
        mean, rms, memory = wells.averages(wells.position_m)
        found.append(rms[0] * np.sqrt(2 * memory[0] / 10e-9) / (mean[1] - mean[0]))
    assert found == pytest.approx([np.sqrt(2 * KT_J * 1e-14 / 10e-9) / 1e-12] * 2, rel=0.01)


def test_losses_rise_as_the_well_is_tilted_and_a_well_that_is_gone_loses_at_once():
    loss = warm_wells(parabola(), np.array([0.0, 2.0, 3.0, 8.0])).loss_per_s
    assert loss[0] < loss[1] < loss[2] < loss[3] == np.inf


def test_escape_over_a_barrier_has_kramers_rate():
    place = np.arange(0.0, 100e-9, FINE_M)
    depth, half = 12 * KT_J, 20e-9  # a cosine valley between two tops 40 nm apart, at 30 and 70 nm
    wave = np.pi / half
    force = depth / 2 * wave * np.sin(wave * (place - 30e-9))
    states = np.zeros((2, 1, 4))
    states[:, 0, 0] = place[[0, -1]]
    drag = 1e-14
    track = Landscape(states, np.ones((2, 1)), place, force, place * 0, drag + place * 0, KT_J)
    rate = warm_wells(track, np.array([0.0])).loss_per_s[0]
    curvature = depth / 2 * wave**2
    assert rate == pytest.approx(2 * curvature / (2 * np.pi * drag) * np.exp(-12), rel=0.25)  # both sides


def test_a_track_that_holds_no_wall_is_refused():
    track = parabola()
    slope = Landscape(*(getattr(track, n) for n in ("states", "chance", "position_m")), track.force_n * 0 + 1e-12,
                      track.force_n_per_t, track.drag_kg_per_s, KT_J)  # fmt: skip
    with pytest.raises(UserError, match="leaves the track"):
        warm_wells(slope, np.array([0.0]))
    with pytest.raises(UserError, match="must be above 0"):
        landscape(compact_model(DEVICE, 3e-9), 0.0)


def test_walls_in_equilibrium_are_where_walls_in_time_are_in_the_mean():
    model = compact_model(DEVICE, 3e-9)
    currents = np.array([0.0, 8e-6])
    drives = np.array([drive_t(DEVICE, current, "magnet-section") for current in currents])
    wells = warm_wells(landscape(model, 300.0), drives)
    mean, rms, memory = wells.averages(wells.position_m)
    for row, drive in enumerate(drives):
        wall = warm_wall(model, drive, wells.rest_m[row], 300.0)
        seen = noise_of(wander(wall, 150, 6e-9, seed=row, warm_up_s=0.5e-9).positions_m, 10e-12)
        assert mean[row] == pytest.approx(seen.mean.value, abs=1e-9)
        assert rms[row] == pytest.approx(seen.rms.value, rel=0.1)
        assert memory[row] == pytest.approx(seen.memory_s.value, rel=0.3)  # the drag is the straight wall's
