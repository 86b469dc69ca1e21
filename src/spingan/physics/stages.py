"""The stages of an explicit Runge-Kutta step in one compiled call: one for each part would cost a tenth of the step."""

from numba import njit

from spingan.physics.convolve import convolve
from spingan.physics.kernels import combine, normalise, turn


@njit(cache=True)
def attempt(m, k, weights, trial, convolver, grid, stray, moment_t, terms, along, across):
    """Fill the vectors of `k` from the second on with dm/dt at the stages of a step from `m`, the end's last.

    `weights` is (stages, stages), times the step; `trial` is left as the step's end, of unit length. `terms` are the
    arguments of `turn` from `applied` to `mobile`. Returns the largest length of the last dm/dt.
    """
    applied, pull, polarisations, amplitudes, constants, diagonal, stencil, mobile = terms
    fastest = 0.0
    for stage in range(len(weights)):
        combine(m, k, weights[stage, : stage + 1], trial)
        if stage == len(weights) - 1:
            normalise(trial)
        if convolver is not None:
            convolve(convolver, trial, stray)
        fastest = turn(
            grid,
            trial,
            stray,
            moment_t,
            applied,
            pull,
            polarisations,
            amplitudes,
            constants,
            diagonal,
            stencil,
            mobile,
            along,
            across,
            k,
            (stage + 1) * len(m),
        )
    return fastest
