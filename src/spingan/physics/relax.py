"""To rest: motion without precession until no cell feels a torque."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from spingan.errors import UserError
from spingan.extras import needs
from spingan.physics.evolve import unit_vectors
from spingan.physics.field import energies_j
from spingan.physics.kernels import combine, largest_sum, normalise
from spingan.physics.llg import Motion, motion
from spingan.physics.mesh import Array
from spingan.physics.simd import LANES, load, store
from spingan.physics.system import System

with needs("the physics of devices"):
    from numba import njit

ACCURACY = 1e-2  # largest local error of a step: only the rest state matters, not the way there
SAFETY, LARGEST_GROWTH, LARGEST_CUT = 0.8, 5.0, 0.1  # as in the authors' RKC code
DAMPING = 2 / 13  # of the Chebyshev polynomials, which leaves 0.653 (s² - 1) of the negative axis stable
MOST_STAGES = 200  # what a step may cost; rounding errors grow with the square, to 1e-11 here
STRAY_STEP = 1.5  # longest step, in 1 / (mu0 Ms): the lagged stray field is an explicit Euler step, stable below 2

Descent = Callable[[Array, Array], object]


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

    m: Array
    torque_t: float
    steps: int
    seconds: float
    energies_j: dict[str, float]


def relax(system: System, m: Array, *, torque_tolerance_t: float = 1e-4, time_limit_s: float = 600.0) -> Relaxed:
    """Bring the magnetisation to rest by dm/ds = -m x (m x B'), with Chebyshev steps of many stages.

    Spin torques count when the system has them: then the rest state is one under drive. Temperature does not. Of
    several rest states it finds the one down the hill from where it starts; with drive the dynamics of `evolve` may
    reach another. Within a step the stray field stays what it was at the start, so the torque that decides whether
    the state is at rest, which is taken at a step's start, has every term in full.

    Sommeijer, Shampine and Verwer, J. Comput. Appl. Math. 88, 315 (1997): the scheme and its step control.

    Raises:
        UserError: the torque is still above `torque_tolerance_t` after `time_limit_s` of wall-clock time.
    """
    start = time.perf_counter()
    ready = motion(system)
    state = ready.grid.padded(unit_vectors(m, system))
    k = np.zeros(2 * len(state))  # the descent at a step's start and at its end
    work = np.zeros((4, len(state)))
    stiffness = stiffness_t(ready)
    longest = min(
        0.653 * (MOST_STAGES**2 - 1) / stiffness, STRAY_STEP / ready.moment_t if ready.convolver else math.inf
    )
    step, steps = 1 / stiffness, 0
    ready.update_demag(state)
    torque = ready.descent(state, k)
    while not torque <= torque_tolerance_t:
        if time.perf_counter() - start > time_limit_s or not math.isfinite(torque):
            raise UserError(
                f"relax: the largest torque is {torque:.2e} T after {time.perf_counter() - start:.3g} s (time limit "
                f"{time_limit_s:g} s), and should be {torque_tolerance_t:.2e} T",
                "Raise time_limit_s or torque_tolerance_t; a driven wall or skyrmion may have no state of rest.",
            )
        trial = chebyshev_step(ready.descent, state, k, work, step, stiffness)
        normalise(trial)
        ready.descent(trial, k, 1)
        combine(state, trial, np.array([-1.0]), work[3])
        error = step_error(k, work[3], step, ready.grid.layer)
        if error <= ACCURACY:
            state[:] = trial
            steps += 1
            ready.update_demag(state)
            torque = ready.descent(state, k)
        step = min(longest, step * step_factor(error))
    final = np.ascontiguousarray(ready.grid.cells(state, 3))
    return Relaxed(final, torque, steps, time.perf_counter() - start, energies_j(system, final))


def step_factor(error: float) -> float:
    """The next step over the last, for the error that the last had."""
    factor = SAFETY * (ACCURACY / error) ** (1 / 3) if error > 0 else LARGEST_GROWTH
    return min(LARGEST_GROWTH, max(LARGEST_CUT, factor if math.isfinite(factor) else 0.0))


def stiffness_t(ready: Motion) -> float:
    """An upper bound of the rates at which disturbances die, in tesla: Gershgorin's, term by term."""
    exchange_x, exchange_y, dmi_x, dmi_y = ready.stencil_t
    pull = float(np.abs(ready.pull_t).max()) + float(np.abs(ready.asymmetric[1]).max(initial=0.0))
    return (
        4 * (exchange_x + exchange_y)
        + 4 * (abs(dmi_x) + abs(dmi_y))
        + float(ready.diagonal.max())
        + float(np.abs(ready.applied_t).max())
        + 2 * pull
        + ready.moment_t
    )


def chebyshev_step(descent: Descent, state: Array, k: Array, work: Array, step: float, stiffness: float) -> Array:
    """One step of the second-order Runge-Kutta-Chebyshev scheme; its end, not of unit length, lies in `work`.

    Args:
        descent: writes the motion at its first argument into its second, as `Motion.descent`; both padded and flat.
        state: where the step starts.
        k: the motion there, at the array's start.
        work: (4, len(state)) scratch.
        step: in 1/T.
        stiffness: as `stiffness_t`.
    """
    stages = max(2, math.ceil(math.sqrt(step * stiffness / 0.653 + 1)))
    t, dt, ddt, b = _polynomials(stages)
    w1 = dt[stages] / ddt[stages]
    older, old, new, slope = work
    older[:] = state
    combine(state, k, np.array([step * b[1] * w1]), old)
    for j in range(2, stages + 1):
        mu = 2 * b[j] * (1 + DAMPING / stages**2) / b[j - 1]
        nu = -b[j] / b[j - 2]
        gain = 2 * b[j] * w1 / b[j - 1]
        descent(old, slope)
        offset = -(1 - b[j - 1] * t[j - 1]) * gain
        _recur(state, old, older, slope, k, mu, nu, gain * step, offset * step, new)
        older, old, new = old, new, older
    return old


def _polynomials(stages: int) -> tuple[Array, ...]:
    """Chebyshev's polynomials at 1 + damping / s², their two derivatives, and the scheme's coefficients b."""
    w0 = 1 + DAMPING / stages**2
    t, dt, ddt = (np.zeros(stages + 1) for _ in range(3))
    t[0], t[1], dt[1] = 1, w0, 1
    for j in range(2, stages + 1):
        t[j] = 2 * w0 * t[j - 1] - t[j - 2]
        dt[j] = 2 * t[j - 1] + 2 * w0 * dt[j - 1] - dt[j - 2]
        ddt[j] = 4 * dt[j - 1] + 2 * w0 * ddt[j - 1] - ddt[j - 2]
    b = np.empty(stages + 1)
    b[2:] = ddt[2:] / dt[2:] ** 2
    b[:2] = b[2]
    return t, dt, ddt, b


@njit(cache=True)
def _recur(state, old, older, slope, first_slope, mu, nu, gain, offset, new):
    """new = (1 - mu - nu) state + mu old + nu older + gain slope + offset first_slope."""
    for at in range(0, len(state), LANES):
        value = (1.0 - mu - nu) * load(state, at) + mu * load(old, at) + nu * load(older, at)
        store(new, at, value + gain * load(slope, at) + offset * load(first_slope, at))


def step_error(k: Array, moved: Array, step: float, layer: int) -> float:
    """The largest error over all cells: 0.8 (start - end) + 0.4 step (first + last slope)."""
    whole = np.concatenate([k, moved])
    return largest_sum(whole, np.array([0.4 * step, 0.4 * step, 0.8]), layer)
