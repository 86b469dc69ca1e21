"""To rest: motion without precession until no cell feels a torque."""

import math
import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spingan.errors import UserError
from spingan.physics.constants import GYROMAGNETIC_RATIO_RAD_PER_S_T
from spingan.physics.evolve import unit_vectors
from spingan.physics.field import energies_j
from spingan.physics.llg import motion
from spingan.physics.system import System

ACCURACY = 1e-3  # of a step's direction: only the rest state matters, not the way there
SHORTEST_STEP_S = 1e-18


@dataclass(frozen=True, eq=False)
class Relaxed:
    """A state at rest.

    Attributes:
        m: the magnetisation, (3, ny, nx).
        torque_t: the largest |m x B'| that is left, in tesla, with every term in full.
        steps: steps that it took.
        seconds: wall-clock time.
        energies_j: as `spingan.physics.field.energies_j` gives them.
    """

    m: NDArray[np.float64]
    torque_t: float
    steps: int
    seconds: float
    energies_j: dict[str, float]


def relax(
    system: System, m: NDArray[np.float64], *, torque_tolerance_t: float = 1e-4, time_limit_s: float = 600.0
) -> Relaxed:
    """Bring the magnetisation to rest by dm/dt = -gamma m x (m x B').

    Spin torques count when the system has them: then the rest state is one under drive. Temperature does not. Of
    several rest states it finds the one down the hill from where it starts; with drive the dynamics of `evolve` may
    reach another.

    Raises:
        UserError: the torque is still above `torque_tolerance_t` after `time_limit_s` of wall-clock time.
    """
    start = time.perf_counter()
    ready = motion(system)
    m = unit_vectors(m, system)
    velocity, torque = ready.velocity(m, precession=False)
    step = 0.01 / (GYROMAGNETIC_RATIO_RAD_PER_S_T * torque) if torque > 0 else 1.0
    steps = 0
    while torque > torque_tolerance_t:
        if time.perf_counter() - start > time_limit_s:
            raise UserError(
                f"relax: the largest torque is {torque:.2e} T after {time_limit_s:g} s, the limit "
                f"{torque_tolerance_t:.2e} T",
                "Raise time_limit_s or torque_tolerance_t; a driven wall or skyrmion may have no state of rest.",
            )
        # Bogacki and Shampine's 3(2) pair, Appl. Math. Lett. 2, 321 (1989)
        second, _ = ready.velocity(m + step / 2 * velocity, precession=False)
        third, _ = ready.velocity(m + 0.75 * step * second, precession=False)
        trial = m + step / 9 * (2 * velocity + 3 * second + 4 * third)
        length = np.sqrt((trial**2).sum(axis=0))
        trial /= np.where(length > 0, length, 1)
        fourth, new_torque = ready.velocity(trial, precession=False)
        error_vector = step * (-5 / 72 * velocity + second / 12 + third / 9 - fourth / 8)
        error = float(np.sqrt((error_vector**2).sum(axis=0).max()))
        if error <= ACCURACY:
            m, velocity, torque = trial, fourth, new_torque
            steps += 1
        elif step < SHORTEST_STEP_S:
            raise UserError(
                f"relax: a step of {step:.1e} s still has an error of {error:.1e}, more than {ACCURACY:.1e}",
                "Look at the fields and torques: are they in tesla?",
            )
        factor = 0.9 * (ACCURACY / error) ** (1 / 3) if error > 0 else 2.0
        step *= min(2.0, max(0.2, factor if math.isfinite(factor) else 0.2))
    return Relaxed(m, torque, steps, time.perf_counter() - start, energies_j(system, m))
