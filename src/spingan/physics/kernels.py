"""What is done to every cell in a step: local fields, torques and sums, eight cells at a time on padded arrays."""

import math

import numpy as np

from spingan.extras import needs
from spingan.physics.convolve import convolve
from spingan.physics.simd import LANES, lane, larger, load, root, splat, store

with needs("the physics of devices"):
    from numba import njit

NOTHING = 1e-300  # keeps 0 / 0 from cells without material


@njit
def _stencil(grid, m, at, diagonal, exchange_x, exchange_y, dmi_x, dmi_y):
    """Exchange, DMI and anisotropy at eight cells: `spingan.physics.field.LocalTerms`."""
    layer, up = grid.layer, grid.stride
    x, y, z = at, at + layer, at + 2 * layer
    right_x, left_x, above_x, below_x = load(m, x + 1), load(m, x - 1), load(m, x + up), load(m, x - up)
    right_y, left_y, above_y, below_y = load(m, y + 1), load(m, y - 1), load(m, y + up), load(m, y - up)
    right_z, left_z, above_z, below_z = load(m, z + 1), load(m, z - 1), load(m, z + up), load(m, z - up)
    return (
        load(diagonal, x) * load(m, x)
        + exchange_x * (right_x + left_x)
        + exchange_y * (above_x + below_x)
        + dmi_x * (right_z - left_z),
        load(diagonal, y) * load(m, y)
        + exchange_x * (right_y + left_y)
        + exchange_y * (above_y + below_y)
        + dmi_y * (above_z - below_z),
        load(diagonal, z) * load(m, z)
        + exchange_x * (right_z + left_z)
        + exchange_y * (above_z + below_z)
        - dmi_x * (right_x - left_x)
        - dmi_y * (above_y - below_y),
    )


@njit(cache=True)
def local_field(grid, m, diagonal, stencil, field):
    """Write the stencil's field in tesla; what it gives outside the mask means nothing."""
    exchange_x, exchange_y, dmi_x, dmi_y = stencil
    for row in range(grid.ny):
        start = grid.first + row * grid.stride
        for at in range(start, start + grid.nx, LANES):
            bx, by, bz = _stencil(grid, m, at, diagonal, exchange_x, exchange_y, dmi_x, dmi_y)
            store(field, at, bx)
            store(field, at + grid.layer, by)
            store(field, at + 2 * grid.layer, bz)


@njit
def _cross(ax, ay, az, bx, by, bz):
    return ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx


@njit(cache=True)
def turn(grid, m, stray, moment_t, terms, along, across, velocity, to):
    """Write dm/dt = -mobile [along m x B' + across m x (m x B')] to `velocity` from `to` on; its largest length.

    B' is the local field, -moment_t times `stray` (which is N m), `applied`, and for the torques m x `pull` and what
    the asymmetric ones give; `terms` are those of `llg.Motion.terms`.
    """
    applied, pull, polarisations, amplitudes, constants, diagonal, stencil, mobile = terms
    layer = grid.layer
    exchange_x, exchange_y, dmi_x, dmi_y = stencil
    largest = splat(0.0)
    for row in range(grid.ny):
        start = grid.first + row * grid.stride
        for at in range(start, start + grid.nx, LANES):
            y, z = at + layer, at + 2 * layer
            mx, my, mz = load(m, at), load(m, y), load(m, z)
            bx, by, bz = _stencil(grid, m, at, diagonal, exchange_x, exchange_y, dmi_x, dmi_y)
            bx = bx + load(applied, at) - moment_t * load(stray, at)
            by = by + load(applied, y) - moment_t * load(stray, y)
            bz = bz + load(applied, z) - moment_t * load(stray, z)
            qx, qy, qz = load(pull, at), load(pull, y), load(pull, z)
            for n in range(len(constants)):
                p = 3 * layer * n
                px, py, pz = load(polarisations, p + at), load(polarisations, p + y), load(polarisations, p + z)
                ratio, square = constants[n, 0], constants[n, 1] * constants[n, 1]
                angle = (square - 1.0) * (mx * px + my * py + mz * pz) + (square + 1.0)
                amplitude = 2.0 * square * load(amplitudes, n * layer + at) / angle
                qx, qy, qz = qx + amplitude * px, qy + amplitude * py, qz + amplitude * pz
                amplitude = ratio * amplitude
                bx, by, bz = bx + amplitude * px, by + amplitude * py, bz + amplitude * pz
            tx, ty, tz = _cross(mx, my, mz, qx, qy, qz)
            tx, ty, tz = _cross(mx, my, mz, bx + tx, by + ty, bz + tz)
            ux, uy, uz = _cross(mx, my, mz, tx, ty, tz)
            active = load(mobile, at)
            vx = active * (along * tx + across * ux)
            vy = active * (along * ty + across * uy)
            vz = active * (along * tz + across * uz)
            store(velocity, to + at, splat(0.0) - vx)
            store(velocity, to + y, splat(0.0) - vy)
            store(velocity, to + z, splat(0.0) - vz)
            largest = larger(largest, vx * vx + vy * vy + vz * vz)
    return math.sqrt(_largest(largest))


@njit
def _largest(values):
    """The largest of eight; NaN if one is."""
    result = 0.0
    for index in range(LANES):
        value = lane(values, index)
        if not value <= result:
            result = value
            if value != value:
                break
    return result


@njit(cache=True)
def combine(m, velocities, weights, result):
    """result = m + sum of weights[s] times the s-th velocity."""
    size = len(m)
    for at in range(0, size, LANES):
        value = load(m, at)
        for s in range(len(weights)):
            value = value + weights[s] * load(velocities, s * size + at)
        store(result, at, value)


@njit(cache=True)
def normalise(m):
    """Give every vector unit length, save those of length zero."""
    layer = len(m) // 3
    for at in range(0, layer, LANES):
        x, y, z = load(m, at), load(m, at + layer), load(m, at + 2 * layer)
        factor = 1.0 / root(larger(x * x + y * y + z * z, splat(NOTHING)))
        store(m, at, factor * x)
        store(m, at + layer, factor * y)
        store(m, at + 2 * layer, factor * z)


@njit(cache=True)
def largest_sum(velocities, weights, layer):
    """The largest length over all cells of the sum of weights[s] times the s-th velocity; NaN if one is."""
    size = 3 * layer
    largest = splat(0.0)
    for at in range(0, layer, LANES):
        x, y, z = splat(0.0), splat(0.0), splat(0.0)
        for s in range(len(weights)):
            x = x + weights[s] * load(velocities, s * size + at)
            y = y + weights[s] * load(velocities, s * size + at + layer)
            z = z + weights[s] * load(velocities, s * size + at + 2 * layer)
        largest = larger(largest, x * x + y * y + z * z)
    return math.sqrt(_largest(largest))


@njit(cache=True)
def attempt(m, k, weights, trial, convolver, grid, stray, moment_t, terms, along, across):
    """Fill the vectors of `k` from the second on with dm/dt at the stages of a step from `m`, the end's last.

    `weights` is (stages, stages), times the step; `trial` is left as the step's end, of unit length. Returns the
    largest length of the last dm/dt. One compiled call: one for each part would cost a tenth of the step.
    """
    fastest = 0.0
    for stage in range(len(weights)):
        combine(m, k, weights[stage, : stage + 1], trial)
        if stage == len(weights) - 1:
            normalise(trial)
        if convolver is not None:
            convolve(convolver, trial, stray)
        fastest = turn(grid, trial, stray, moment_t, terms, along, across, k, (stage + 1) * len(m))
    return fastest


@njit(cache=True)
def warm_steps(m, work, heat, steps, convolver, grid, stray, moment_t, terms, along, across):
    """Advance `m` in place by steps of Heun's scheme in the thermal field; see `evolve._heun`.

    Args:
        work: (velocities of two stages, the trial state, the field with heat, the stray field a step ago), scratch but
            for the last.
        heat: (standard deviation of the thermal field in tesla, a generator).
        steps: (length of one, how many, length over that of the step before, 0: there was none).
    """
    k, trial, noisy, before = work
    amplitude, generator = heat
    step, count, ratio = steps
    whole, half = np.array([step]), np.array([step / 2, step / 2])
    applied, pull, polarisations, amplitudes, constants, diagonal, stencil, mobile = terms
    warm = (noisy, pull, polarisations, amplitudes, constants, diagonal, stencil, mobile)
    for _ in range(count):
        for component in range(3):
            for row in range(grid.ny):
                start = component * grid.layer + grid.first + row * grid.stride
                for at in range(start, start + grid.nx):
                    noisy[at] = applied[at] + amplitude * generator.standard_normal()
        if convolver is not None:
            convolve(convolver, m, stray)
        turn(grid, m, stray, moment_t, warm, along, across, k, 0)
        combine(m, k, whole, trial)
        normalise(trial)
        for at in range(len(stray)):
            here = stray[at]
            stray[at] += ratio * (here - before[at])
            before[at] = here
        turn(grid, trial, stray, moment_t, warm, along, across, k, len(m))
        combine(m, k, half, m)
        normalise(m)
        ratio = 1.0
