"""A domain wall in heat as two numbers, its position q and its angle φ, fast enough for thousands of walls.

Of the compact wall's four coordinates (`wall.py`) width and tilt relax within picoseconds, position and angle within
some tens of them. The fast two follow the slow two, ξ(q, φ), and Gilbert's equation on that surface reads

    M (q', φ') = F(q, φ) + η,    M = α Γ + G,    <η η> = 2 kT α Γ δ(t - t')

with Γ and G friction and gyration of the four coordinates, pulled back to the surface (Pᵀ Γ P with P = ∂ξ/∂(q, φ)), and
F their forces, drive included. The noise is the one that Brown's thermal field [1] has on these coordinates, so that
without a drive the two are Boltzmann distributed in the wall's energy. F is a table over q and φ; Γ and G are those of
the rest state, which leaves that distribution exact.

The angle cannot be left out: position and angle (with the tilt that follows it) ring, and a position alone would lose
its memory in the wrong time.

What a straight wall leaves out in heat (bends, and the spin waves that soften the film and dim its domains) is in
`HeatConstants`, calibrated on ensembles of the thermal solver (`devices.wall_heat_calibration`).

[1] W. F. Brown, Phys. Rev. 130, 1677 (1963).
"""

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from spingan.errors import UserError
from spingan.physics import wall_heat_kernels as kernels
from spingan.physics import wall_kernels
from spingan.physics.constants import BOLTZMANN
from spingan.physics.mesh import Array
from spingan.physics.wall import WallModel, WallState, at_rest, rest_state, settle

SPACING_M = 2e-9  # of the table: a third of a wall's width parameter
ANGLES = 17  # of the table, 0.15 rad apart
REACH_RAD = 1.2  # of the table's angles on both sides; at 300 K the papers' walls turn by 0.4 rad
END_M = 1e-9  # the table ends so far before the track does
STEP_S = 2e-12  # a fortieth of the memory of the papers' walls, a twelfth of their ringing's period over 2 pi


@dataclass(frozen=True)
class HeatConstants:
    """What a straight wall leaves out in heat; 1 and 0 are the bare model.

    Attributes:
        energy: on kT.
        drag: on friction and gyration, that is on all times.
        dimming_per_k: share of the domains' m_z that spin waves take, per kelvin.

    Raises:
        UserError: A factor that is not positive, or a dimming below 0.
    """

    energy: float = 1.0
    drag: float = 1.0
    dimming_per_k: float = 0.0

    def __post_init__(self) -> None:
        for name in ("energy", "drag"):
            if not (math.isfinite(getattr(self, name)) and getattr(self, name) > 0):
                raise UserError(f"heat constants: {name} is {getattr(self, name):g}", "It must be above 0.")
        if not (math.isfinite(self.dimming_per_k) and self.dimming_per_k >= 0):
            raise UserError(f"heat constants: dimming_per_k is {self.dimming_per_k:g}", "It must be 0 or more.")


@dataclass(frozen=True, eq=False)
class WarmWall:
    """A wall under one drive at one temperature, ready to wander.

    Attributes:
        positions_m: (n,) of the table.
        angles_rad: (k,) of the table.
        states: (n, k, 4) the wall's coordinates there.
        rest: where it rests without heat.
        rate: (2, 2) the inverse of M, in SI units.
        diffusion: (2, 2) of position and angle, 2 kT M⁻¹ α Γ M⁻ᵀ.
        velocity: (n, k, 2) their drift, in indices of the table a second.
    """

    positions_m: Array
    angles_rad: Array
    states: Array
    rest: WallState
    rate: Array
    diffusion: Array
    velocity: Array

    @property
    def spacing(self) -> Array:
        """(2,) of positions in m and of angles in rad."""
        return np.array([self.positions_m[1] - self.positions_m[0], self.angles_rad[1] - self.angles_rad[0]])


@dataclass(frozen=True, eq=False)
class WarmPath:
    """What walls in heat did: `positions_m` and `angles_rad` (times, walls), nan once lost.

    Attributes:
        time_s: (times,) of the records; the warm-up lies before 0.
        lost_s: (walls,) how long after its start each left the track, the warm-up counted; nan: never.
    """

    time_s: Array
    positions_m: Array
    angles_rad: Array
    lost_s: Array


def warm_wall(
    model: WallModel,
    drive_t: float,
    start: WallState | float,
    temperature_k: float,
    constants: HeatConstants = HeatConstants(),
) -> WarmWall:
    """The table of a wall under a damping-like amplitude of `drive_t` tesla.

    Args:
        start: near its rest.

    Raises:
        UserError: A temperature below 0, a wall without a place of rest, or one whose width or tilt has none.
    """
    if not (math.isfinite(temperature_k) and temperature_k >= 0):
        raise UserError(f"wall: the temperature is {temperature_k:g} K", "It must be 0 or more, in kelvin.")
    rest = settle(model, drive_t, start)
    rest = rest_state(model, drive_t, rest) if rest.kept else rest
    angle = math.remainder(rest.angle_rad - at_rest(model, model.length_m / 2).angle_rad, 2 * math.pi)
    if not (rest.kept and rest.settled and abs(angle) < REACH_RAD):
        raise UserError(
            f"wall: under {drive_t * 1e3:.3g} mT it {'finds no place of rest' if rest.kept else 'leaves the track'}",
            "Heat is looked at around a place of rest: take a smaller current, or pin the wall better.",
        )
    count = int((model.length_m - 2 * END_M) / SPACING_M)
    positions = np.asarray(END_M + np.arange(count + 1) * SPACING_M, dtype=np.float64)
    neutral = replace(at_rest(model, rest.position_m), width_m=rest.width_m)  # both ways to turn lie in the table
    angles = neutral.angle_rad + np.linspace(-REACH_RAD, REACH_RAD, ANGLES)
    shape = (len(positions), len(angles))
    force, states, found = np.empty((*shape, 2)), np.empty((*shape, 4)), np.empty(shape, dtype=bool)
    track = model.track(drive_t)
    kernels.tabulate(positions, angles, neutral.vector, *track, force, states, found)
    kept = around_the_middle(found[:, ANGLES // 2])
    positions, force, states = positions[kept], force[kept], states[kept]
    _continue(force, states, found[kept])
    alpha_friction, gyration = _on_the_surface(model, drive_t, rest)
    rate = np.asarray(np.linalg.inv(alpha_friction + gyration) / constants.drag, dtype=np.float64)
    thermal = 2 * BOLTZMANN * temperature_k * constants.energy * constants.drag
    diffusion = thermal * rate @ alpha_friction @ rate.T
    spacing = np.array([SPACING_M, angles[1] - angles[0]])
    velocity = np.ascontiguousarray(np.einsum("ab,nkb->nka", rate, force) / spacing)
    return WarmWall(positions, angles, states, rest, rate, diffusion, velocity)


def around_the_middle(found: NDArray[np.bool_]) -> slice:
    """The places without a gap around the middle one.

    Raises:
        UserError: They are fewer than three.
    """
    low = high = len(found) // 2
    while low > 0 and found[low - 1]:
        low -= 1
    while high < len(found) - 1 and found[high + 1]:
        high += 1
    if not found[len(found) // 2] or high - low < 2:
        raise UserError(
            "wall: its width or tilt has no place of rest in the middle of the track",
            "The film breaks up there: lower the DMI or raise the anisotropy.",
        )
    return slice(low, high + 1)


def _continue(force: Array, states: Array, found: NDArray[np.bool_]) -> None:
    """Fill what was not found, at large angles, by straight lines: the wall is driven back from there all the same."""
    middle = ANGLES // 2
    for columns in (range(middle + 1, ANGLES), range(middle - 1, -1, -1)):
        back = 1 if columns.step < 0 else -1
        for j in columns:
            missing = ~found[:, j]
            force[missing, j] = 2 * force[missing, j + back] - force[missing, j + 2 * back]
            states[missing, j] = states[missing, j + back]


def _on_the_surface(model: WallModel, drive_t: float, rest: WallState) -> tuple[Array, Array]:
    """Friction times damping and the antisymmetric gyration of position and angle at the rest state, (2, 2) each."""
    track = model.track(drive_t)
    work = np.empty((8, len(model.anisotropy_j_per_m3)))
    followed = np.zeros((4, 2))
    for column, change in ((0, 1e-10), (1, 1e-2)):
        ends = []
        for sign in (1.0, -1.0):
            state = rest.vector
            state[(wall_kernels.POSITION, wall_kernels.ANGLE)[column]] += sign * change
            kernels.follow(state, *track, work)
            ends.append(state)
        followed[:, column] = (ends[0] - ends[1]) / (2 * change)
    friction, turning = np.empty((4, 4)), np.empty(4)
    wall_kernels.forces(rest.vector, *track, work, np.empty(4), friction, turning)
    gyration = np.zeros((4, 4))
    gyration[:, wall_kernels.ANGLE] -= turning
    gyration[wall_kernels.ANGLE, :] += turning
    damping = model.film.gilbert_damping
    return damping * followed.T @ friction @ followed, followed.T @ gyration @ followed


def wander(
    wall: WarmWall,
    walls: int,
    duration_s: float,
    *,
    seed: int = 0,
    every_s: float = 10e-12,
    warm_up_s: float = 0.0,
    step_s: float = STEP_S,
) -> WarmPath:
    """Let many walls wander from the place of rest, each by its own noise.

    Args:
        every_s: between two records.
        warm_up_s: wander so long before the first record.

    Raises:
        UserError: No wall, a time that is not positive, or a step longer than `every_s`.
    """
    for name, value in (("walls", walls), ("duration_s", duration_s), ("every_s", every_s), ("step_s", step_s)):
        if not (math.isfinite(value) and value > 0):
            raise UserError(f"wall: {name} is {value:g}", "It must be above 0.")
    if step_s > every_s * (1 + 1e-9):
        raise UserError(
            f"wall: every {every_s * 1e12:g} ps is shorter than the step of {step_s * 1e12:g} ps",
            "Look at it less often, or take a shorter step.",
        )
    every = math.ceil(every_s / step_s - 1e-9)
    step = every_s / every
    before, records = math.ceil(warm_up_s / step - 1e-9), max(1, round(duration_s / every_s))
    origin = np.array([wall.positions_m[0], wall.angles_rad[0]])
    rest = (np.array([wall.rest.position_m, wall.rest.angle_rad]) - origin) / wall.spacing
    places = np.tile(rest, (walls, 1))
    kicks = _root(wall.diffusion * step / np.outer(wall.spacing, wall.spacing))
    generator = np.random.default_rng(seed)
    early, lost = np.full(walls, -1), np.full(walls, -1)
    if before:
        nothing = np.empty((0, walls, 2))
        kernels.wander(places, wall.velocity, kicks, step, before, before + 1, generator, nothing, early)
    path = np.empty((records, walls, 2))
    kernels.wander(places, wall.velocity, kicks, step, records * every, every, generator, path, lost)
    path = origin + path * wall.spacing
    when = step * np.where(early >= 0, early, np.where(lost >= 0, before + lost, np.nan))
    time_s = np.asarray((1 + np.arange(records)) * every_s, dtype=np.float64)
    return WarmPath(time_s, path[:, :, 0], path[:, :, 1], when)


def _root(covariance: Array) -> Array:
    """Lower triangle whose square is a covariance (2, 2), which may be all zero."""
    root = np.linalg.cholesky(covariance) if covariance.any() else np.zeros((2, 2))
    return np.asarray(root, dtype=np.float64)
