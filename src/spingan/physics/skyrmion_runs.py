"""Small solver runs that show the forces on a skyrmion: it is let go somewhere, and its velocity tells the force.

By Thiele's equation the force on a rigid skyrmion is F = α D v + G z x v, so that one run in which it slides away from
a neighbour, an anisotropy step or an edge gives the force at every distance that it passes. The runs that measure
forces use a Gilbert damping of 1: a force does not depend on it, and the skyrmion then follows the force more closely.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from spingan.errors import UserError
from spingan.physics.evolve import Trajectory, evolve
from spingan.physics.film import Film
from spingan.physics.mesh import Array, Mesh
from spingan.physics.skyrmion_texture import centres_m
from spingan.physics.spin_torque import SpinTorque
from spingan.physics.states import skyrmion
from spingan.physics.system import System

SMALLEST_CELL_M = 0.1e-9  # below an atom; a continuum has nothing to say there
BOX_M = 64e-9  # side of the film around one skyrmion at rest
ROOM_M = 96e-9  # width of the film around a moving one: an edge 48 nm away pushes with 0.03 pN, drives with 0.5 pN
HEIGHT_M = 80e-9
TRACK_LENGTH_M, TRACK_HEIGHT_M = 110e-9, 90e-9  # of the film around a track along x
MEASURING_DAMPING = 1.0
SETTLE_S = 0.04e-9  # until the texture has adapted to where it was put: about four times 1 / (α ω) of breathing
SQUEEZE_S = 0.06e-9  # until a driven skyrmion has taken the shape that its track gives it
SAMPLE_S = 5e-12
TOLERANCE = 1e-4  # local error of a unit vector a step; the step is bound by stability, so less changes nothing
REST_TOLERANCE = 1e-6  # at 1e-4 those steps jitter by more than REST_T, and nothing ever rests
REST_T = 1e-3  # a torque below which a skyrmion counts as at rest; the film's fields are of order 1 T
LONGEST_REST_S = 1.0e-9


@dataclass(frozen=True, eq=False)
class Track:
    """Where skyrmions were in a run: k moments of n skyrmions, and the run's Gilbert damping."""

    time_s: Array
    positions_m: Array
    """(k, n, 2)"""
    gilbert_damping: float

    def velocities_m_per_s(self) -> Array:
        """(k, n, 2), by parabolas through five neighbouring moments each."""
        out = np.empty_like(self.positions_m)
        last = len(self.time_s)
        for moment, time_s in enumerate(self.time_s):
            first = min(max(moment - 2, 0), last - 5)
            near = slice(first, first + 5)
            flat = self.positions_m[near].reshape(5, -1)
            out[moment] = np.polyfit(self.time_s[near] - time_s, flat, 2)[1].reshape(out.shape[1:])
        return out

    def forces_n(self, gyro_n_s_per_m: float, dissipation_n_s_per_m: float) -> Array:
        """(k, n, 2) forces that Thiele's equation needs for these velocities."""
        v = self.velocities_m_per_s()
        turned = np.stack([-v[..., 1], v[..., 0]], axis=-1)
        return self.gilbert_damping * dissipation_n_s_per_m * v + gyro_n_s_per_m * turned


def relaxed_skyrmion(film: Film, cell_m: float, guess_m: float = 8e-9, box_m: float = BOX_M) -> tuple[Array, Mesh]:
    """One skyrmion, core down, at rest in the middle of a square film.

    Raises:
        UserError: Cells that are not between 0.1 nm and a tenth of the film.
    """
    if not SMALLEST_CELL_M <= cell_m <= box_m / 10:
        raise UserError(
            f"the cell size is {cell_m * 1e9:g} nm, the limits are {SMALLEST_CELL_M * 1e9:g} and {box_m * 1e8:g} nm",
            "1 nm is usual",
        )
    cells = 2 * round(box_m / cell_m / 2)
    mesh = Mesh(cells, cells, cell_m, cell_m)
    middle = cells * cell_m / 2
    start = skyrmion(mesh, (middle, middle), guess_m, film.wall_width_m)
    system = System(mesh, replace(film, gilbert_damping=MEASURING_DAMPING))
    done = evolve(
        system, start, LONGEST_REST_S, tolerance=REST_TOLERANCE, stop=lambda _time, _m, torque: torque < REST_T
    )
    return done.m, mesh


def placed(texture: Array, mesh: Mesh, corners: list[tuple[int, int]]) -> Array:
    """Copies of a square `texture` (3, n, n) on a larger mesh, each with its lower left cell at (column, row).

    A cell belongs to the copy whose middle is nearest; the rest points up. Parts that stick out are cut.
    """
    side = texture.shape[1]
    out = np.zeros((3, *mesh.shape))
    out[2] = 1.0
    columns = np.arange(mesh.nx)
    rows = np.arange(mesh.ny)
    distance = np.stack(
        [
            (columns[None, :] + 0.5 - corner[0] - side / 2) ** 2 + (rows[:, None] + 0.5 - corner[1] - side / 2) ** 2
            for corner in corners
        ]
    )
    nearest = distance.argmin(axis=0)
    for number, (column, row) in enumerate(corners):
        i, j = columns - column, rows - row
        here = ((i >= 0) & (i < side))[None, :] & ((j >= 0) & (j < side))[:, None] & (nearest == number)
        where_row, where_column = np.nonzero(here)
        out[:, where_row, where_column] = texture[:, where_row - row, where_column - column]
    return out


def watched(system: System, m: Array, duration_s: float, every_s: float) -> tuple[Trajectory, list[Array]]:
    """Let the skyrmions in `m` move, and note where they are, (n, 2) each time."""
    places: list[Array] = []

    def look(_time: float, state: Array) -> float:
        places.append(centres_m(state, system.mesh))
        return 0.0

    done = evolve(system, m, duration_s, every_s=every_s, observers={"place": look}, tolerance=TOLERANCE)
    return done, places


def follow(system: System, m: Array, duration_s: float, settle_s: float = SETTLE_S) -> Track:
    """Let the skyrmions in `m` move and note where they are, from `settle_s` on.

    Raises:
        UserError: Their number changed on the way.
    """
    done, places = watched(system, m, duration_s, SAMPLE_S)
    if len({len(place) for place in places}) != 1:
        raise UserError(
            f"the film does not keep its skyrmions: {len(places[0])} at first, {len(places[-1])} at last",
            "Take another interfacial_dmi_j_per_m2 or anisotropy, or smaller cells.",
        )
    kept = done.time_s >= settle_s - 1e-15
    return Track(done.time_s[kept], np.array(places)[kept], system.film.gilbert_damping)


def _strip(width_m: float, height_m: float, cell_m: float) -> Mesh:
    return Mesh(2 * round(width_m / cell_m / 2), 2 * round(height_m / cell_m / 2), cell_m, cell_m)


def _released(
    film: Film,
    mesh: Mesh,
    texture: Array,
    columns: list[int],
    duration_s: float,
    settle_s: float = SETTLE_S,
    torque_t: float | None = None,
    anisotropy_j_per_m3: Array | None = None,
) -> Track:
    """Skyrmions put half way up a film, their left edges at `columns`, and let go; the torque is polarised along +y."""
    row = (mesh.ny - texture.shape[1]) // 2
    start = placed(texture, mesh, [(column, row) for column in columns])
    torques = () if torque_t is None else (SpinTorque((0.0, 1.0, 0.0), torque_t),)
    if anisotropy_j_per_m3 is not None:
        anisotropy_j_per_m3 = np.ascontiguousarray(np.broadcast_to(anisotropy_j_per_m3, mesh.shape))
    system = System(mesh, film, torques=torques, anisotropy_j_per_m3=anisotropy_j_per_m3)
    return follow(system, start, duration_s, settle_s)


def driven(film: Film, texture: Array, cell_m: float, torque_t: float, duration_s: float) -> Track:
    """One skyrmion in a square film under a uniform torque polarised along +y, at the film's own damping."""
    mesh = _strip(ROOM_M, ROOM_M, cell_m)
    return _released(film, mesh, texture, [(mesh.nx - texture.shape[1]) // 2], duration_s, torque_t=torque_t)


def pair_parting(film: Film, texture: Array, cell_m: float, distance_m: float, duration_s: float) -> Track:
    """Two skyrmions put beside each other along x."""
    mesh = _strip(distance_m + ROOM_M, HEIGHT_M, cell_m)
    apart = round(distance_m / cell_m)
    left = (mesh.nx - apart) // 2 - texture.shape[1] // 2
    slow = replace(film, gilbert_damping=MEASURING_DAMPING)
    return _released(slow, mesh, texture, [left, left + apart], duration_s)


def leaving(
    film: Film,
    texture: Array,
    cell_m: float,
    place_m: float,
    duration_s: float,
    anisotropy_j_per_m3: Callable[[Array], Array] | None = None,
    gilbert_damping: float = MEASURING_DAMPING,
) -> Track:
    """One skyrmion put at x = `place_m` in a film from x = 0 to `ROOM_M`, and let go.

    Args:
        anisotropy_j_per_m3: A function of x (any shape) in metres; by default the film's.
    """
    mesh = _strip(ROOM_M, HEIGHT_M, cell_m)
    left = round(place_m / cell_m) - texture.shape[1] // 2
    anisotropy = None if anisotropy_j_per_m3 is None else anisotropy_j_per_m3(mesh.x_m)
    film = replace(film, gilbert_damping=gilbert_damping)
    return _released(film, mesh, texture, [left], duration_s, anisotropy_j_per_m3=anisotropy)


def along_track(
    film: Film,
    texture: Array,
    cell_m: float,
    anisotropy_j_per_m3: Callable[[Array], Array],
    torque_t: float,
    duration_s: float,
) -> Track:
    """One skyrmion in the middle of a track along x, driven along it by a torque polarised along +y.

    At the film's own damping; by `SQUEEZE_S` it has been pushed aside and squeezed.

    Args:
        anisotropy_j_per_m3: Of the film, a function of y (any shape) in metres, from 0 to `TRACK_HEIGHT_M`.
    """
    mesh = _strip(TRACK_LENGTH_M, TRACK_HEIGHT_M, cell_m)
    left = (mesh.nx - texture.shape[1]) // 2
    anisotropy = anisotropy_j_per_m3(mesh.y_m)[:, None]
    return _released(film, mesh, texture, [left], duration_s, SQUEEZE_S, torque_t, anisotropy)


def profile(m: Array, mesh: Mesh, spacing_m: float = 0.5e-9, reach_m: float = 26e-9) -> tuple[Array, Array]:
    """1 - m_z² of the one skyrmion in `m` against the distance from its centre, averaged over rings.

    Returns:
        Distances (k,) in m, and the values (k,), brought to 0 at the reach.
    """
    (centre,) = centres_m(m, mesh)
    distance = np.hypot(mesh.x_m[None, :] - centre[0], mesh.y_m[:, None] - centre[1]).ravel()
    values = (1 - m[2] ** 2).ravel()
    near = distance < reach_m + 2 * mesh.dx_m
    order = np.argsort(distance[near])
    rings = np.asarray(np.arange(0.0, reach_m + spacing_m / 2, spacing_m), dtype=np.float64)
    width = max(mesh.dx_m, spacing_m)
    sorted_distance, sorted_values = distance[near][order], values[near][order]
    smooth = np.empty(len(rings))
    for ring, radius in enumerate(rings):
        weight = np.exp(-0.5 * ((sorted_distance - radius) / (width / 2)) ** 2)
        smooth[ring] = np.average(sorted_values, weights=weight)
    return rings, smooth - smooth[-1] * (rings / rings[-1]) ** 2


def steps_of(
    anisotropy_j_per_m3: float, height_j_per_m3: float, start_m: float, end_m: float = math.inf
) -> Callable[[Array], Array]:
    """K(x): `anisotropy_j_per_m3`, and `height_j_per_m3` more between `start_m` and `end_m`."""

    def at(x_m: Array) -> Array:
        return np.where((x_m > start_m) & (x_m < end_m), anisotropy_j_per_m3 + height_j_per_m3, anisotropy_j_per_m3)

    return at
