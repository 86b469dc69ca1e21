import numpy as np
import pytest

from spingan.devices import skyrmion_synapse_solver as solver
from spingan.devices.skyrmion_synapse import PRINTED, SMALL, shipped_calibration
from spingan.devices.skyrmion_synapse_run import designed


def test_skyrmions_are_followed_when_their_order_along_x_changes():
    before = np.array([[1.0, 0.0], [2.0, 5.0]])
    after = np.array([[1.4, 5.0], [1.6, 0.0]])
    assert np.array_equal(solver.followed([before, after])[1], after[::-1])


@pytest.mark.slow
def test_a_pulse_against_the_film_injects_one_skyrmion_between_the_rails_and_takes_one_from_the_charge(monkeypatch):
    monkeypatch.setattr(solver, "PULSE_S", 0.3e-9)
    monkeypatch.setattr(solver, "RELAXATION_S", 0.4e-9)
    made = solver.nucleate(PRINTED)
    assert made.skyrmions == 1
    assert made.off_track_m < (PRINTED.pitch_m - PRINTED.rail_width_m) / 2
    assert made.charge_after - made.charge_before == pytest.approx(-1, abs=0.02)


@pytest.mark.slow
def test_both_models_of_the_small_disc_go_the_same_way_and_keep_the_charge():
    device = designed(SMALL).with_drive(1e11)
    both = solver.compare(device, shipped_calibration(), 0.2e-9, 2e-9)
    assert both.root_mean_square_m < 0.15 * both.path_m  # 0.04 on 1.5 nm cells; rigid particles: 0.24
    assert both.charge_change == pytest.approx(0, abs=0.02)
