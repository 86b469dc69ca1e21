"""How well paper S's synapse holds a skyrmion without a current: collapse in the film, over a rail, out at the edge.

The track is straight here: over a skyrmion's 15 nm the spiral, 200 nm and more from its centre, bends by half a
nanometre.
"""

from collections.abc import Sequence

import numpy as np

from spingan.devices.escape import Escape
from spingan.devices.skyrmion_synapse import SkyrmionSynapse
from spingan.devices.wall_study import Task, run_tasks
from spingan.physics.energy_path import IMAGES, energy_path, lifetime
from spingan.physics.film import Film
from spingan.physics.mesh import Array, Mesh
from spingan.physics.states import skyrmion, uniform
from spingan.physics.system import System
from spingan.progress import Progress, no_progress

COLLAPSE_CELL_M, STRIP_CELL_M = 0.5e-9, 1e-9  # what the cells are worth: docs/physics.md
BOX_M = 44e-9  # side of the film around a skyrmion that collapses
LENGTH_M = 48e-9  # of the piece of a track, along it
MARGIN_M = 6e-9  # of film beyond the outermost rail of a piece that is no edge of the disc
GUESS_M = 7e-9  # radius of the skyrmion that a path begins from, before it comes to rest
OUTER_PLACE = 0.5  # turns along the outer track, where its skyrmions are half way from one end to the other
SHAPES = 24  # of the guess


def collapse(
    film: Film, temperature_k: float, *, cell_m: float = COLLAPSE_CELL_M, box_m: float = BOX_M, images: int = IMAGES
) -> Escape:
    """The barrier before a skyrmion that shrinks to nothing, in a free film at the temperature.

    Without a lattice it could not exceed 8 π A t less the skyrmion's own energy (Belavin and Polyakov); with cells it
    is less, the more so the larger they are.

    Raises:
        UserError: The film holds no skyrmion, or as `energy_path`.
    """
    cells = 2 * round(box_m / cell_m / 2)
    mesh = Mesh(cells, cells, cell_m, cell_m)
    middle = cells * cell_m / 2  # between four cells, where the last of it vanishes
    radii = np.linspace(GUESS_M, 0.3 * cell_m, SHAPES)
    guess = [skyrmion(mesh, (middle, middle), radius, film.wall_width_m) for radius in radii]
    path = energy_path(System(mesh, film), [*guess, uniform(mesh, (0.0, 0.0, 1.0))], images=images)
    return Escape("skyrmion, by collapse", path, lifetime(path.barrier_j, temperature_k), cell_m, collapse=True)


def over_rail(
    device: SkyrmionSynapse, temperature_k: float, *, cell_m: float = STRIP_CELL_M, images: int = IMAGES
) -> Escape:
    """The barrier between two turns of the track, or of the collapse that comes before.

    Raises:
        UserError: As `energy_path`.
    """
    first = MARGIN_M + device.rail_width_m / 2
    rails = [first + turn * device.pitch_m for turn in range(3)]
    places = np.linspace(rails[0] + device.pitch_m / 2, rails[1] + device.pitch_m / 2, SHAPES)
    mesh, system = _strip(device, rails, rails[2] + first, cell_m)
    path = energy_path(system, [_skyrmion(mesh, device.film, place) for place in places], images=images)
    collapsed = not np.any(path.images[-1][2] < 0)
    what = "skyrmion, by collapse at a rail" if collapsed else "skyrmion, over a rail"
    return Escape(what, path, lifetime(path.barrier_j, temperature_k), cell_m, collapsed)


def out_at_edge(
    device: SkyrmionSynapse, temperature_k: float, *, cell_m: float = STRIP_CELL_M, images: int = IMAGES
) -> Escape:
    """The barrier between the outer track, half way along, and the outside of the disc: over the last rail or under it.

    Raises:
        UserError: As `energy_path`.
    """
    turns = len(device.skyrmions_each_turn)
    outer = device.rail_start_m + device.pitch_m * (turns + OUTER_PLACE)
    edge = device.radius_m - outer  # from the last rail's middle to the disc's edge, which is y = 0
    rails = [edge, edge + device.pitch_m]
    mesh, system = _strip(device, rails, rails[1] + device.rail_width_m / 2 + MARGIN_M, cell_m)
    places = np.linspace(edge + device.pitch_m / 2, -2 * GUESS_M, SHAPES)
    guess = [_skyrmion(mesh, device.film, place) for place in places]
    path = energy_path(system, [*guess, uniform(mesh, (0.0, 0.0, 1.0))], images=images)
    rows = np.flatnonzero(np.any(path.saddle[2] < 0, axis=1))
    collapsed = bool(rows.size) and bool(mesh.y_m[rows[0]] > 2 * cell_m)  # a skyrmion that goes out touches the edge
    what = "skyrmion, by collapse on the way to the edge" if collapsed else "skyrmion, out at the edge"
    return Escape(what, path, lifetime(path.barrier_j, temperature_k), cell_m, collapsed)


def skyrmion_escapes(
    device: SkyrmionSynapse, temperature_k: float, workers: int = 1, progress: Progress = no_progress
) -> list[Escape]:
    """All three, the easiest first.

    Args:
        device: with the film and the rails of the temperature.
        workers: processes.
        progress: called with (what, done, total).
    """
    tasks: list[Task] = [
        (collapse, (device.film, temperature_k)),
        (over_rail, (device, temperature_k)),
        (out_at_edge, (device, temperature_k)),
    ]
    return sorted(run_tasks(tasks, workers, "barriers", progress), key=lambda one: one.time.barrier_j)


def _strip(device: SkyrmionSynapse, rails_m: Sequence[float], height_m: float, cell_m: float) -> tuple[Mesh, System]:
    """A piece of the disc with rails along x, their middles at y = `rails_m`."""
    mesh = Mesh(round(LENGTH_M / cell_m), round(height_m / cell_m), cell_m, cell_m)
    beside = np.min([np.abs(mesh.y_m - rail) for rail in rails_m], axis=0)
    cover = np.clip(0.5 + (device.rail_width_m / 2 - beside) / cell_m, 0.0, 1.0)
    low, high = device.film.anisotropy_j_per_m3, device.rail_anisotropy_j_per_m3
    anisotropy = np.broadcast_to((low + (high - low) * cover)[:, None], mesh.shape)
    return mesh, System(mesh, device.film, anisotropy_j_per_m3=np.ascontiguousarray(anisotropy))


def _skyrmion(mesh: Mesh, film: Film, y_m: float) -> Array:
    return skyrmion(mesh, (mesh.nx * mesh.dx_m / 2, y_m), GUESS_M, film.wall_width_m)
