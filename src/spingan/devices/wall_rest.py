"""Rest states of a wall device in the solver, one current after the other: what calibration and design compare with.

`wall_study` follows the wall in time; here only the place of rest matters, which the overdamped relaxation finds in a
fraction of the time and to a much smaller torque.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spingan.devices.wall_device import conductance_s, mesh, system, wall_position_m
from spingan.devices.wall_study import Setup, naming_current
from spingan.physics.relax import relax

TORQUE_TOLERANCE_T = 1e-4  # the solver's own default: 1e-4 of the field that holds a domain


@dataclass(frozen=True, eq=False)
class Rest:
    """A rest state under one current.

    Attributes:
        position_m: nan where no wall is left.
        torque_t: the largest torque left in any cell.
        m: (3, ny, nx) magnetisation.
    """

    current_a: float
    position_m: float
    conductance_s: float
    torque_t: float
    m: NDArray[np.float64]

    @property
    def annihilated(self) -> bool:
        """Whether no wall is left."""
        return math.isnan(self.position_m)


def rest_chain(
    setup: Setup,
    currents_a: Sequence[float],
    start: NDArray[np.float64],
    advance: Callable[[], None] = lambda: None,
) -> list[Rest]:
    """Rest states under each current, each begun where the last ended; it ends where the wall is annihilated.

    Args:
        start: (3, ny, nx), see `wall_study.place_wall`.
        advance: called after each.

    Raises:
        UserError: As `wall_device.system`, and the solver's time limit.
    """
    grid = mesh(setup.device, setup.cell_m)
    states: list[Rest] = []
    for current_a in currents_a:
        problem = system(setup.device, current_a, setup.convention, setup.cell_m, setup.read_torque)
        with naming_current(setup.device, current_a):
            found = relax(problem, start, torque_tolerance_t=TORQUE_TOLERANCE_T, time_limit_s=setup.time_limit_s)
        start = found.m
        position_m = wall_position_m(start, grid)
        states.append(Rest(current_a, position_m, conductance_s(setup.device, start, grid), found.torque_t, start))
        advance()
        if states[-1].annihilated:
            break
    return states
