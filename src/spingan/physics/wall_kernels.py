"""The compact wall's inner loops: forces on its four coordinates, and the adaptive step that integrates them.

A wall's state is the vector ξ = (position, angle, width, tilt); `wall.py` derives the equations and names the sources.
All arrays are float64, C-contiguous and in SI units.
"""

import math

import numpy as np

from spingan.extras import needs
from spingan.physics.constants import GYROMAGNETIC_RATIO_RAD_PER_S_T, MU_0

with needs("the physics of devices"):
    from numba import njit

POSITION, ANGLE, WIDTH, TILT = range(4)
STRAIGHT = np.array([POSITION, WIDTH, TILT])

# Where each number stands in the parameter vector that the kernels take.
EXCHANGE, DMI, MAGNETISATION, DAMPING, LEFT, TRACK_WIDTH, CELL, THICKNESS = range(8)
DAMPING_LIKE, FIELD_LIKE, POLARISATION_X, POLARISATION_Y, FIELD_X, FIELD_Y, FIELD_Z = range(8, 15)
PARAMETERS = 15

# Quadrature across the track: Gauss-Legendre nodes on -1/2..1/2 and weights that add to 1. Five nodes integrate a wall
# that is tilted by 60 degrees across 23 nm to 1 % of its energy.
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(5)
ACROSS, ACROSS_WEIGHTS = _NODES / 2, _WEIGHTS / 2

# What ends an integration.
SETTLED, OUT_OF_TIME, LOST = range(3)

STEEPEST_TILT = 1.4  # rad: beyond it a straight wall across the track no longer describes anything
_SMALLEST_STEP_S = 1e-18
REFRESH = 4  # steps that one Jacobian serves: ROS2 keeps its order with an old one
GAMMA = 1.0 - math.sqrt(0.5)
UNIT = np.array([1e-9, 1.0, 1e-9, 1.0])  # in which the integrator counts: nm and rad
DIFFERENCE = 1e-6  # of those units, for derivatives


@njit(cache=True)
def convolve(kernel, values, out):
    """out_i = Σ_j kernel_(n - 1 + i - j) values_j; `values` and `out` of shape (n,), `kernel` of (2n - 1,)."""
    n = len(values)
    out[:] = 0.0
    for j in range(n):
        value = values[j]
        row = kernel[n - 1 - j : 2 * n - 1 - j]
        for i in range(n):
            out[i] += row[i] * value


@njit(cache=True)
def forces(state, anisotropy, bias, shape, p, work, force, friction, gyration):
    """Generalised forces, friction and gyration of the wall; returns its energy in joules.

    Args:
        state: (4,) position in m, angle in rad, width parameter in m, tilt in rad.
        anisotropy: (n,) J/m³ along the track.
        bias: (n,) exchange-bias field along z in T.
        shape: (3, 2n - 1) demagnetising factors xx, yy, zz between columns -(n - 1)..n - 1 apart; zz less 1 at 0.
        p: (PARAMETERS,) the numbers above.
        work: (8, n) scratch.
        force: (4,) out: Ms ∫ B·∂m/∂ξ_i dV in J per unit of ξ_i, drive included.
        friction: (4, 4) out: (Ms/γ) ∫ ∂m/∂ξ_i·∂m/∂ξ_j dV.
        gyration: (4,) out: (Ms/γ) ∫ sinθ ∂θ/∂ξ_i dV, the coupling of ξ_i to the angle.
    """
    n = len(anisotropy)
    position, angle, width, tilt = state[0], state[1], state[2], state[3]
    left, magnetisation = p[LEFT], p[MAGNETISATION]
    cos_tilt, sin_tilt = math.cos(tilt), math.sin(tilt)
    cos_angle, sin_angle = math.cos(angle), math.sin(angle)
    cos_in_wall, sin_in_wall = math.cos(angle - tilt), math.sin(angle - tilt)
    exchange = p[EXCHANGE] / width**2
    local = MU_0 * magnetisation**2 / 2
    chirality = p[DMI] * left * cos_in_wall / width
    field_x = p[FIELD_X] + p[FIELD_LIKE] * p[POLARISATION_X]
    field_y = p[FIELD_Y] + p[FIELD_LIKE] * p[POLARISATION_Y]
    in_plane_field = magnetisation * (field_x * cos_angle + field_y * sin_angle)
    in_plane_torque = magnetisation * (field_x * sin_angle - field_y * cos_angle)
    dmi_torque = p[DMI] * left * sin_in_wall / width
    # Damping-like torque: p·(e_θ x m) on position, width and tilt; p·(e_φ x m) on the angle.
    push = magnetisation * p[DAMPING_LIKE] * left * (p[POLARISATION_X] * sin_angle - p[POLARISATION_Y] * cos_angle)
    twist = -magnetisation * p[DAMPING_LIKE] * left * (p[POLARISATION_X] * cos_angle + p[POLARISATION_Y] * sin_angle)
    column = p[CELL] * p[TRACK_WIDTH] * p[THICKNESS]
    force[:] = 0.0
    friction[:, :] = 0.0
    gyration[:] = 0.0
    work[:, :] = 0.0
    energy = 0.0
    for i in range(n):
        along = (i + 0.5) * p[CELL] - position
        field = magnetisation * left * (bias[i] + p[FIELD_Z])
        for k in range(len(ACROSS)):
            across = ACROSS[k] * p[TRACK_WIDTH]
            volume = ACROSS_WEIGHTS[k] * column
            v = (along * cos_tilt + across * sin_tilt) / width
            decay = math.exp(-abs(v))
            t = math.copysign((1.0 - decay * decay) / (1.0 + decay * decay), v)
            s = 2.0 * decay / (1.0 + decay * decay)
            v_position = -cos_tilt / width
            v_width = -v / width
            v_tilt = (-along * sin_tilt + across * cos_tilt) / width
            energy += volume * (
                (exchange + anisotropy[i] - local) * s * s + chirality * s + field * t - in_plane_field * s
            )
            by_v = (
                -2.0 * s * s * t * (exchange + anisotropy[i] - local)
                - chirality * s * t
                + field * s * s
                + in_plane_field * s * t
            )
            drive = push * s - by_v
            force[0] += volume * drive * v_position
            force[1] += volume * (dmi_torque * s - in_plane_torque * s + twist * s * t)
            force[2] += volume * (drive * v_width + (2.0 * exchange * s * s + chirality * s) / width)
            force[3] += volume * (drive * v_tilt - dmi_torque * s)
            mass = volume * s * s
            friction[0, 0] += mass * v_position * v_position
            friction[0, 2] += mass * v_position * v_width
            friction[0, 3] += mass * v_position * v_tilt
            friction[1, 1] += mass
            friction[2, 2] += mass * v_width * v_width
            friction[2, 3] += mass * v_width * v_tilt
            friction[3, 3] += mass * v_tilt * v_tilt
            gyration[0] += mass * left * v_position
            gyration[2] += mass * left * v_width
            gyration[3] += mass * left * v_tilt
            weight = ACROSS_WEIGHTS[k]
            work[0, i] += weight * t
            work[1, i] += weight * s
            work[2, i] += weight * s * s * v_position
            work[3, i] += weight * s * s * v_width
            work[4, i] += weight * s * s * v_tilt
            work[5, i] -= weight * s * t * v_position
            work[6, i] -= weight * s * t * v_width
            work[7, i] -= weight * s * t * v_tilt
    energy += _shape(shape, work, force, cos_in_wall, sin_in_wall, MU_0 * magnetisation**2 * column)
    for row in range(4):
        gyration[row] *= magnetisation / GYROMAGNETIC_RATIO_RAD_PER_S_T
        for other in range(row, 4):
            friction[row, other] *= magnetisation / GYROMAGNETIC_RATIO_RAD_PER_S_T
            friction[other, row] = friction[row, other]
    return energy


@njit(cache=True)
def _shape(shape, work, force, cos_in_wall, sin_in_wall, scale):
    """Demagnetising energy of the width-averaged wall in joules; its forces are added to `force`."""
    n = work.shape[1]
    across_film = np.empty(n)
    normal = np.empty(n)
    parallel = np.empty(n)
    convolve(shape[2], work[0], across_film)
    convolve(shape[0], work[1], normal)
    convolve(shape[1], work[1], parallel)
    energy = 0.0
    torque = 0.0
    for i in range(n):
        in_plane = cos_in_wall**2 * normal[i] + sin_in_wall**2 * parallel[i]
        energy += 0.5 * scale * (work[0, i] * across_film[i] + work[1, i] * in_plane)
        torque += scale * cos_in_wall * sin_in_wall * work[1, i] * (normal[i] - parallel[i])
        force[0] -= scale * (work[2, i] * across_film[i] + work[5, i] * in_plane)
        force[2] -= scale * (work[3, i] * across_film[i] + work[6, i] * in_plane)
        force[3] -= scale * (work[4, i] * across_film[i] + work[7, i] * in_plane)
    force[1] += torque
    force[3] -= torque
    return energy


@njit(cache=True)
def rates(state, anisotropy, bias, shape, p, work, out):
    """(4,) out: dξ/dt from (α friction + gyration) dξ/dt = force; returns the largest |dm/dt| / γ in T."""
    force = np.empty(4)
    friction = np.empty((4, 4))
    gyration = np.empty(4)
    forces(state, anisotropy, bias, shape, p, work, force, friction, gyration)
    damping = p[DAMPING]
    # Position, width and tilt: damping B u - g φ' = F, and g·u + damping d φ' = F_φ. B is symmetric and positive.
    b = np.empty((3, 3))
    for row in range(3):
        for column in range(3):
            b[row, column] = damping * friction[STRAIGHT[row], STRAIGHT[column]]
    g = gyration[STRAIGHT]
    by_force = solve3(b, force[STRAIGHT])
    by_gyration = solve3(b, g)
    pull, drag = force[1], damping * friction[1, 1]
    for row in range(3):
        pull -= g[row] * by_force[row]
        drag += g[row] * by_gyration[row]
    angle_rate = pull / drag
    out[STRAIGHT] = by_force + by_gyration * angle_rate
    out[ANGLE] = angle_rate
    reach = abs(out[0]) + abs(out[2]) + abs(out[3]) * p[TRACK_WIDTH] / 2
    return max(abs(angle_rate), reach / state[2]) / GYROMAGNETIC_RATIO_RAD_PER_S_T


@njit(cache=True)
def solve3(matrix, right):
    """Solution of a symmetric positive 3 x 3 system, scaled so that units do not matter."""
    scale = np.empty(3)
    for row in range(3):
        scale[row] = 1.0 / math.sqrt(matrix[row, row])
    a = np.empty((3, 4))
    for row in range(3):
        for column in range(3):
            a[row, column] = matrix[row, column] * scale[row] * scale[column]
        a[row, 3] = right[row] * scale[row]
    out = _eliminate(a, False)
    for row in range(3):
        out[row] *= scale[row]
    return out


@njit(cache=True)
def solve4(matrix, right):
    """Solution of a 4 x 4 system, with row exchanges."""
    a = np.empty((4, 5))
    a[:, :4] = matrix
    a[:, 4] = right
    return _eliminate(a, True)


@njit(cache=True)
def _eliminate(a, exchange):
    """Solution (n,) of the system whose matrix and right side are the columns of `a` (n, n + 1), which it spends."""
    n = len(a)
    for pivot in range(n):
        best = pivot
        for row in range(pivot + 1, n):
            if exchange and abs(a[row, pivot]) > abs(a[best, pivot]):
                best = row
        for column in range(n + 1):
            a[pivot, column], a[best, column] = a[best, column], a[pivot, column]
        for row in range(pivot + 1, n):
            factor = a[row, pivot] / a[pivot, pivot]
            for column in range(pivot, n + 1):
                a[row, column] -= factor * a[pivot, column]
    out = np.empty(n)
    for row in range(n - 1, -1, -1):
        total = a[row, n]
        for column in range(row + 1, n):
            total -= a[row, column] * out[column]
        out[row] = total / a[row, row]
    return out


@njit(cache=True)
def lost(state, length, widest):
    """Whether the wall has left the track, spread over it, or lain down in it."""
    outside = state[0] <= 0.0 or state[0] >= length
    return outside or not (0.0 < state[2] < widest) or abs(state[3]) > STEEPEST_TILT


@njit(cache=True)
def _jacobian(state, here, anisotropy, bias, shape, p, work, out):
    """(4, 4) out: ∂(dξ/dt)/∂ξ in units of 1 nm and 1 rad, by forward differences from the rates `here`."""
    there = np.empty(4)
    for column in range(4):
        moved = state.copy()
        moved[column] += DIFFERENCE * UNIT[column]
        rates(moved, anisotropy, bias, shape, p, work, there)
        out[:, column] = (there - here) / (UNIT * DIFFERENCE)


@njit(cache=True)
def integrate(state, anisotropy, bias, shape, p, duration, torque_tolerance, tolerance, times, path):
    """Advance `state` in place for `duration` or until its torque is small.

    The width relaxes a thousand times faster than the position in a flat profile, so the step is linearly implicit:
    ROS2 with the L-stable gamma = 1 - 1/sqrt(2), which keeps its order with a Jacobian by differences, and the first
    stage alone as the estimate of its error. J. G. Verwer et al., SIAM J. Sci. Comput. 20, 1456 (1999), eq. 2.5.

    Args:
        tolerance: largest error of a step, in nm (position, width) and rad (angle, tilt).
        times: (steps,) out: time in s after each accepted step, as far as there is room.
        path: (steps, 4) out: the state then.

    Returns:
        (outcome, time in s, torque in T, accepted steps).
    """
    n = len(anisotropy)
    length = n * p[CELL]
    work = np.empty((8, n))
    here, there = np.empty(4), np.empty(4)
    jacobian, matrix = np.empty((4, 4)), np.empty((4, 4))
    time = 0.0
    step = 1e-13
    accepted = 0
    torque = rates(state, anisotropy, bias, shape, p, work, here)
    age = REFRESH
    while True:
        if lost(state, length, length / 2):
            return LOST, time, torque, accepted
        if torque < torque_tolerance:
            return SETTLED, time, torque, accepted
        if time >= duration:
            return OUT_OF_TIME, time, torque, accepted
        if age >= REFRESH:
            _jacobian(state, here, anisotropy, bias, shape, p, work, jacobian)
            age = 0
        step = min(step, duration - time)
        for row in range(4):
            for column in range(4):
                matrix[row, column] = (1.0 if row == column else 0.0) - GAMMA * step * jacobian[row, column]
        first = solve4(matrix, here / UNIT)
        trial = state + step * first * UNIT
        rates(trial, anisotropy, bias, shape, p, work, there)
        second = solve4(matrix, there / UNIT - 2.0 * first)
        error = 0.0
        for row in range(4):
            difference = abs(0.5 * step * (first[row] + second[row])) / tolerance
            error = difference if difference > error or difference != difference else error
        trial = state + step * (1.5 * first + 0.5 * second) * UNIT
        if error <= 1.0 and trial[2] > 0.0:
            time += step
            state[:] = trial
            torque = rates(state, anisotropy, bias, shape, p, work, here)
            age += 1
            if accepted < len(times):
                times[accepted] = time
                path[accepted] = state
            accepted += 1
        elif age > 0:
            age = REFRESH
        # A step that makes nonsense of the state has an error that is no number: it is tried again, much smaller.
        step *= min(4.0, max(0.2, 0.8 * max(error, 1e-6) ** -0.5)) if error == error else 0.1
        if step < _SMALLEST_STEP_S:
            return LOST, time, torque, accepted


@njit(cache=True)
def balance(state, anisotropy, bias, shape, p, torque_tolerance, largest_move):
    """Newton's steps on dξ/dt = 0 from a state nearby, in place; returns (outcome, torque in T).

    A step moves no coordinate by more than `largest_move` nm or a tenth of that in rad. OUT_OF_TIME: no rest in 30.
    """
    n = len(anisotropy)
    work = np.empty((8, n))
    here, jacobian = np.empty(4), np.empty((4, 4))
    torque = rates(state, anisotropy, bias, shape, p, work, here)
    for _ in range(30):
        if lost(state, n * p[CELL], n * p[CELL] / 2) or torque != torque:
            return LOST, torque
        if torque < torque_tolerance:
            return SETTLED, torque
        _jacobian(state, here, anisotropy, bias, shape, p, work, jacobian)
        move = solve4(jacobian, -here / UNIT)
        scale = 1.0
        for row in range(4):
            limit = largest_move if row in (POSITION, WIDTH) else largest_move / 10
            scale = min(scale, limit / max(abs(move[row]), 1e-30))
        state += scale * move * UNIT
        state[WIDTH] = max(state[WIDTH], p[CELL])
        torque = rates(state, anisotropy, bias, shape, p, work, here)
    return OUT_OF_TIME, torque
