"""Compiled loops of the Thiele equation; `spingan.physics.thiele` is their door.

Positions are (n, 2) in metres; forces in newtons. A landscape is a grid of cubic B-spline coefficients in joules, cell
centres at (i + 0.5) h, so that its forces are the exact gradient of its energy. An empty grid stands for a flat plane.
"""

import math

import numpy as np
from numpy.typing import NDArray

from spingan.extras import needs
from spingan.physics.mesh import Array

with needs("the physics of devices"):
    from numba import njit


@njit(cache=True)
def _weights(t: float, value: Array, slope: Array) -> None:
    """Cubic B-spline weights of the four nearest nodes, and their derivatives by the node's number."""
    s = 1.0 - t
    value[0] = s * s * s / 6.0
    value[1] = (4.0 - 6.0 * t * t + 3.0 * t * t * t) / 6.0
    value[2] = (4.0 - 6.0 * s * s + 3.0 * s * s * s) / 6.0
    value[3] = t * t * t / 6.0
    slope[0] = -s * s / 2.0
    slope[1] = (-12.0 * t + 9.0 * t * t) / 6.0
    slope[2] = (12.0 * s - 9.0 * s * s) / 6.0
    slope[3] = t * t / 2.0


@njit(cache=True)
def landscape_at(x: float, y: float, coefficients: Array, spacing: float, work: Array) -> tuple[float, float, float]:
    """Energy and force (J, N, N) of the landscape at one point; zero outside the grid's inner part.

    Args:
        work: (4, 4) scratch.
    """
    u = x / spacing - 0.5
    v = y / spacing - 0.5
    column = math.floor(u)
    row = math.floor(v)
    if column < 1 or row < 1 or column + 2 >= coefficients.shape[1] or row + 2 >= coefficients.shape[0]:
        return 0.0, 0.0, 0.0
    _weights(u - column, work[0], work[1])
    _weights(v - row, work[2], work[3])
    energy = 0.0
    along_x = 0.0
    along_y = 0.0
    for j in range(4):
        across = 0.0
        slope = 0.0
        for i in range(4):
            coefficient = coefficients[row - 1 + j, column - 1 + i]
            across += work[0, i] * coefficient
            slope += work[1, i] * coefficient
        energy += work[2, j] * across
        along_x += work[2, j] * slope
        along_y += work[3, j] * across
    return energy, -along_x / spacing, -along_y / spacing


@njit(cache=True)
def add_forces(
    positions: Array,
    alive: NDArray[np.bool_],
    pair: Array,
    coefficients: Array,
    spacing: float,
    drive: Array,
    drive_force: float,
    work: Array,
    out: Array,
) -> float:
    """Write the force on every skyrmion into `out` (n, 2) and return the smallest distance of a pair that repels.

    Args:
        pair: (3,) repulsion F0 in N, its length in m, and the distance beyond which it counts as zero.
        drive: (8,) polarisation: uniform x and y, azimuthal and radial part, centre x and y, core radius; softness in
            1/J, the share of the drive that goes for each joule of the landscape.
        drive_force: N per unit of polarisation; a polarisation p pushes along p x z.
    """
    count = positions.shape[0]
    cut = pair[2] * pair[2]
    closest = np.inf
    for a in range(count):
        out[a, 0] = 0.0
        out[a, 1] = 0.0
    for a in range(count):
        if not alive[a]:
            continue
        x = positions[a, 0]
        y = positions[a, 1]
        energy = 0.0
        if coefficients.size:
            energy, fx, fy = landscape_at(x, y, coefficients, spacing, work)
            out[a, 0] += fx
            out[a, 1] += fy
        if drive_force != 0.0:
            px = drive[0]
            py = drive[1]
            if drive[2] != 0.0 or drive[3] != 0.0:
                rx = x - drive[4]
                ry = y - drive[5]
                r = math.sqrt(rx * rx + ry * ry + drive[6] * drive[6])
                px += (-drive[2] * ry + drive[3] * rx) / r
                py += (drive[2] * rx + drive[3] * ry) / r
            left = drive_force * max(1.0 - drive[7] * energy, 0.0)
            out[a, 0] += left * py
            out[a, 1] -= left * px
        if pair[0] == 0.0:
            continue
        for b in range(a + 1, count):
            if not alive[b]:
                continue
            dx = positions[b, 0] - x
            dy = positions[b, 1] - y
            square = dx * dx + dy * dy
            closest = min(closest, square)
            if square < cut and square > 0.0:
                distance = math.sqrt(square)
                force = pair[0] * math.exp(-distance / pair[1]) / distance
                out[a, 0] -= force * dx
                out[a, 1] -= force * dy
                out[b, 0] += force * dx
                out[b, 1] += force * dy
    return math.sqrt(closest)


@njit(cache=True)
def total_energy(
    positions: Array, alive: NDArray[np.bool_], pair: Array, coefficients: Array, spacing: float, work: Array
) -> float:
    """Potential energy of all skyrmions in J: landscape, and pairs F0 λ exp(-d/λ) less that at the cut-off."""
    energy = 0.0
    least = math.exp(-pair[2] / pair[1])
    for a in range(positions.shape[0]):
        if not alive[a]:
            continue
        if coefficients.size:
            energy += landscape_at(positions[a, 0], positions[a, 1], coefficients, spacing, work)[0]
        for b in range(a + 1, positions.shape[0]):
            if alive[b]:
                distance = math.hypot(positions[b, 0] - positions[a, 0], positions[b, 1] - positions[a, 1])
                if distance < pair[2]:
                    energy += pair[0] * pair[1] * (math.exp(-distance / pair[1]) - least)
    return energy


@njit(cache=True)
def _bury(positions: Array, alive: NDArray[np.bool_], inside: NDArray[np.bool_], spacing: float) -> None:
    for a in range(positions.shape[0]):
        if alive[a]:
            column = math.floor(positions[a, 0] / spacing)
            row = math.floor(positions[a, 1] / spacing)
            if column < 0 or row < 0 or column >= inside.shape[1] or row >= inside.shape[0] or not inside[row, column]:
                alive[a] = False


@njit(cache=True, nogil=True)
def integrate(
    positions: Array,
    alive: NDArray[np.bool_],
    gyro: float,
    damping: float,
    pair: Array,
    coefficients: Array,
    inside: NDArray[np.bool_],
    spacing: float,
    drive: Array,
    drive_force: Array,
    time_step: float,
    noise: float,
    generator: np.random.Generator,
    every: int,
    recorded: Array,
    recorded_alive: NDArray[np.bool_],
) -> float:
    """Heun's scheme in place over len(drive_force) steps; recorded before the first and after each `every` steps.

    Args:
        drive_force: (steps,) N per unit of polarisation, constant within a step.
        noise: Standard deviation of each component of the thermal force over one step, in N; 0 draws no numbers.
        recorded: (steps // every + 1, n, 2) to be filled; `recorded_alive` likewise without the last axis.

    Returns:
        The smallest distance that any pair came to.
    """
    count = positions.shape[0]
    first = np.empty((count, 2))
    second = np.empty((count, 2))
    thermal = np.zeros((count, 2))
    trial = np.empty((count, 2))
    work = np.empty((4, 4))
    norm = gyro * gyro + damping * damping
    along = damping / norm * time_step
    across = gyro / norm * time_step
    closest = np.inf
    recorded[0] = positions
    recorded_alive[0] = alive
    for step in range(drive_force.shape[0]):
        near = add_forces(positions, alive, pair, coefficients, spacing, drive, drive_force[step], work, first)
        closest = min(closest, near)
        if noise > 0.0:
            for a in range(count):
                thermal[a, 0] = noise * generator.standard_normal()
                thermal[a, 1] = noise * generator.standard_normal()
        for a in range(count):
            fx = first[a, 0] + thermal[a, 0]
            fy = first[a, 1] + thermal[a, 1]
            trial[a, 0] = positions[a, 0] + along * fx + across * fy
            trial[a, 1] = positions[a, 1] + along * fy - across * fx
        add_forces(trial, alive, pair, coefficients, spacing, drive, drive_force[step], work, second)
        for a in range(count):
            if alive[a]:
                fx = 0.5 * (first[a, 0] + second[a, 0]) + thermal[a, 0]
                fy = 0.5 * (first[a, 1] + second[a, 1]) + thermal[a, 1]
                positions[a, 0] += along * fx + across * fy
                positions[a, 1] += along * fy - across * fx
        if inside.size:
            _bury(positions, alive, inside, spacing)
        if (step + 1) % every == 0:
            recorded[(step + 1) // every] = positions
            recorded_alive[(step + 1) // every] = alive
    return closest
