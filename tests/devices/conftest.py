"""What several device tests share: one study of a small wall device, solved once."""

import pytest
from small_wall import PLAN, SETUP

from spingan.devices.wall_characteristic import characterise


@pytest.fixture(scope="session")
def small_study():
    """The small wall device under five currents, in this process."""
    return characterise(SETUP, PLAN)
