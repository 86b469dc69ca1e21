"""The calibration in heat that is shipped: what it is made from, and that a shipped device uses it."""

from dataclasses import replace

import pytest

from spingan.devices.domain_wall import designed_wall
from spingan.devices.published import CURVES
from spingan.devices.wall_heat import constants_of
from spingan.devices.wall_heat_calibration import modelled
from spingan.devices.wall_heat_solver import read_heat_calibration
from spingan.physics.wall_heat import HeatConstants

SHIPPED = read_heat_calibration(CURVES / "wall_heat_leaky_relu_designed.yaml")


def test_the_designed_device_uses_it_and_says_so():
    _, heat, note = constants_of(designed_wall("leaky_relu"))
    assert heat == SHIPPED.constants
    assert heat != HeatConstants()
    assert "2 x 2.3 nm cells" in note
    mine = replace(designed_wall("leaky_relu"), width_m=24e-9)
    assert constants_of(mine)[1] == HeatConstants()


def test_its_errors_are_those_of_the_compact_wall_today():
    """At one of its currents: the file's numbers are outputs of this code."""
    wall, heat, _ = constants_of(designed_wall("leaky_relu"))
    at = next(i for i, seen in enumerate(SHIPPED.observations) if seen.current_a == 10e-6)
    seen = SHIPPED.observations[at]
    point = modelled(designed_wall("leaky_relu"), wall, heat, seen, "magnet-section")
    assert point.position_m.rms.value / seen.rms_m.value - 1 == pytest.approx(SHIPPED.rms_error[at], abs=0.02)
    assert seen.rms_m.low <= point.position_m.rms.value <= seen.rms_m.high
