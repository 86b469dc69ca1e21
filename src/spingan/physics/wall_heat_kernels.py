"""The warm wall's inner loops: the coordinates that follow at once, and many walls in heat; `wall_heat.py` explains."""

import math

import numpy as np

from spingan.extras import needs
from spingan.physics.wall_kernels import ANGLE, CELL, POSITION, STEEPEST_TILT, TILT, WIDTH, forces

with needs("the physics of devices"):
    from numba import njit

FOLLOWING = np.array([WIDTH, TILT])
STEP = np.array([1e-12, 1e-4])  # of width in m and tilt in rad, for derivatives: 1e-3 of what they are
ENOUGH = np.array([1e-13, 1e-5])  # the last move of width and tilt: 0.0001 nm and 0.0006 degrees
LARGEST = np.array([1e-9, 0.1])  # a move at most
MOVES = 60


@njit(cache=True)
def follow(state, anisotropy, bias, shape, p, work):
    """Move width and tilt of `state` (4,) to where no force acts on them; whether such a place was found.

    Newton's method with the slope of the first state, renewed every fifth move.
    """
    force, friction, gyration = np.empty(4), np.empty((4, 4)), np.empty(4)
    slope, move = np.empty((2, 2)), np.empty(2)
    for count in range(MOVES):
        forces(state, anisotropy, bias, shape, p, work, force, friction, gyration)
        pull0, pull1 = force[WIDTH], force[TILT]
        if count % 5 == 0:
            for column in range(2):
                moved = state.copy()
                moved[FOLLOWING[column]] += STEP[column]
                forces(moved, anisotropy, bias, shape, p, work, force, friction, gyration)
                slope[0, column] = (force[WIDTH] - pull0) / STEP[column]
                slope[1, column] = (force[TILT] - pull1) / STEP[column]
        determinant = slope[0, 0] * slope[1, 1] - slope[0, 1] * slope[1, 0]
        if not (determinant > 0 and slope[0, 0] < 0):
            return False  # the force drives it away from there
        move[0] = (slope[0, 1] * pull1 - slope[1, 1] * pull0) / determinant
        move[1] = (slope[1, 0] * pull0 - slope[0, 0] * pull1) / determinant
        scale = min(1.0, LARGEST[0] / max(abs(move[0]), 1e-30), LARGEST[1] / max(abs(move[1]), 1e-30))
        state[WIDTH] = max(state[WIDTH] + scale * move[0], p[CELL])
        state[TILT] += scale * move[1]
        if abs(state[TILT]) > STEEPEST_TILT:
            return False
        if abs(move[0]) < ENOUGH[0] and abs(move[1]) < ENOUGH[1]:
            return True
    return False


@njit(cache=True)
def tabulate(positions, angles, start, anisotropy, bias, shape, p, force, states, found):
    """Forces on position and angle where width and tilt follow, from the middle of both grids outwards.

    Args:
        positions: (n,) in m, rising.
        angles: (k,) in rad, rising.
        start: (4,) a state near positions[n // 2] and angles[k // 2].
        force: (n, k, 2) out: in N and in J/rad.
        states: (n, k, 4) out.
        found: (n, k) bool out: whether width and tilt have a place of rest there.
    """
    n, k = len(positions), len(angles)
    work = np.empty((8, len(anisotropy)))
    all_forces, friction, gyration = np.empty(4), np.empty((4, 4)), np.empty(4)
    found[:] = False
    row = start.copy()
    middle = row.copy()
    for part in range(2):
        places = range(n // 2, n) if part == 0 else range(n // 2 - 1, -1, -1)
        if part == 1:
            row[:] = middle
        for i in places:
            row[POSITION], row[ANGLE] = positions[i], angles[k // 2]
            if not follow(row, anisotropy, bias, shape, p, work):
                break
            if i == n // 2:
                middle[:] = row
            for side in range(2):
                state = row.copy()
                turns = range(k // 2, k) if side == 0 else range(k // 2 - 1, -1, -1)
                for j in turns:
                    state[ANGLE] = angles[j]
                    if not follow(state, anisotropy, bias, shape, p, work):
                        break
                    forces(state, anisotropy, bias, shape, p, work, all_forces, friction, gyration)
                    force[i, j, 0], force[i, j, 1] = all_forces[POSITION], all_forces[ANGLE]
                    states[i, j] = state
                    found[i, j] = True


@njit
def _between(table, position, angle, out):
    """`table` (n, k, 2) at a place in its own indices, bilinear; beyond its edges its last cell goes on straight."""
    n, k = table.shape[0], table.shape[1]
    i = min(max(math.floor(position), 0), n - 2)
    j = min(max(math.floor(angle), 0), k - 2)
    x, y = position - i, angle - j
    for c in range(2):
        low = table[i, j, c] + x * (table[i + 1, j, c] - table[i, j, c])
        high = table[i, j + 1, c] + x * (table[i + 1, j + 1, c] - table[i, j + 1, c])
        out[c] = low + y * (high - low)


@njit(cache=True)
def wander(starts, velocity, kicks, step_s, steps, every, generator, path, lost):
    """Many walls in heat, Heun's scheme; position and angle count in indices of the table.

    Args:
        starts: (walls, 2) position and angle; the last ones afterwards.
        velocity: (n, k, 2) their drift in 1/s.
        kicks: (2, 2) lower triangle: what two normal numbers move them by in a step.
        every: steps between two records.
        path: (steps // every, walls, 2) out: positions and angles; nan once a wall is lost.
        lost: (walls,) out: the step at which a wall left the table at one end, -1: never.
    """
    end = velocity.shape[0] - 1
    first, second = np.empty(2), np.empty(2)
    half = 0.5 * step_s
    for wall in range(len(starts)):
        position, angle = starts[wall, 0], starts[wall, 1]
        lost[wall] = -1
        record = 0
        for step in range(1, steps + 1):
            if lost[wall] < 0:
                a, b = generator.standard_normal(), generator.standard_normal()
                kick_position, kick_angle = kicks[0, 0] * a, kicks[1, 0] * a + kicks[1, 1] * b
                _between(velocity, position, angle, first)
                _between(
                    velocity,
                    position + step_s * first[0] + kick_position,
                    angle + step_s * first[1] + kick_angle,
                    second,
                )
                position += half * (first[0] + second[0]) + kick_position
                angle += half * (first[1] + second[1]) + kick_angle
                if not 0.0 <= position <= end:
                    lost[wall] = step
                    position, angle = np.nan, np.nan
            if step % every == 0:
                path[record, wall, 0], path[record, wall, 1] = position, angle
                record += 1
        starts[wall, 0], starts[wall, 1] = position, angle
