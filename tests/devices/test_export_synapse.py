"""The synapse that is exported is the one that the Thiele model runs."""

import numpy as np
import pytest

from spingan.devices.skyrmion_synapse import SMALL, polarisation, shipped_calibration, track_places_m
from spingan.devices.skyrmion_synapse_solver import PULSES, skyrmions_on_track, synapse_experiment
from spingan.physics.skyrmion_texture import topological_charge

CURRENT_A = SMALL.current_density_a_per_m2 * SMALL.area_m2


@pytest.fixture(scope="module")
def experiment():
    return synapse_experiment(SMALL, [CURRENT_A, -CURRENT_A], 2e-9)


def test_each_place_of_the_track_has_one_skyrmion(experiment):
    mesh, places = experiment.system.mesh, len(track_places_m(SMALL))
    placed = skyrmions_on_track(SMALL, shipped_calibration(), mesh) * experiment.system.inside
    assert topological_charge(placed) == pytest.approx(-places, abs=0.01)
    edge = topological_charge(experiment.start) - topological_charge(placed)
    assert abs(edge) < 0.1  # at rest DMI tilts the rim; a skyrmion that is lost counts 1


def test_rails_are_where_the_anisotropy_is_high_and_nothing_lies_between(experiment):
    k = experiment.system.cell_anisotropy_j_per_m3[experiment.system.inside]
    assert set(np.unique(k)) == {SMALL.film.anisotropy_j_per_m3, SMALL.rail_anisotropy_j_per_m3}


def test_the_torque_turns_and_fades_as_the_thiele_models_does(experiment):
    turned = polarisation(SMALL, shipped_calibration())
    mesh = experiment.system.mesh
    inwards, outwards = (drive.torques[0] for drive in experiment.drives)
    for i, j in ((10, 45), (60, 60), (44, 20)):
        x, y = mesh.x_m[i] - turned.centre_m[0], mesh.y_m[j] - turned.centre_m[1]
        radius = np.hypot(x, y)
        share = radius / np.hypot(radius, turned.core_radius_m)
        around = np.array([turned.radial * x - turned.azimuthal * y, turned.radial * y + turned.azimuthal * x]) / radius
        np.testing.assert_allclose(np.asarray(inwards.polarisation)[:2, j, i], around, atol=1e-12)
        expected = SMALL.torque_t(SMALL.current_density_a_per_m2) * share
        assert np.asarray(inwards.field_t)[j, i] == pytest.approx(expected, rel=1e-12)
    np.testing.assert_allclose(outwards.field_t, -np.asarray(inwards.field_t))


def test_the_pulses_are_the_printed_ones(experiment):
    for drive in experiment.drives:
        assert (drive.on_s, drive.off_s, drive.count) == (2.2e-9, pytest.approx(0.3e-9), PULSES)
