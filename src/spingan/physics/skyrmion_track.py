"""How much less a torque pushes a skyrmion that a track squeezes.

Between rails of higher anisotropy a skyrmion is smaller than in a free film, and smaller still where the Magnus force
presses it against one; the force of a torque falls with its size. Along a straight track nothing but the torque pushes,
so that the motion shows the push. A line against the landscape's energy is fitted: F = F0 (1 - s U).
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from spingan.physics import skyrmion_runs as runs
from spingan.physics import thiele
from spingan.physics.mesh import Array, Mesh

if TYPE_CHECKING:
    from spingan.physics.skyrmion_calibration import SkyrmionCalibration


TRACK_M = 30e-9  # between the rails: paper S, III-A
RAIL_WIDTH_M = 10e-9  # assumed, as in devices.skyrmion_synapse
SPACING_M = 1e-9  # of the landscape


def track_rails(found: "SkyrmionCalibration") -> Callable[[Array], Array]:
    """Anisotropy against y, in J/m³: a rail on either side of a track in the middle of the film."""
    middle, low = runs.TRACK_HEIGHT_M / 2, found.film.anisotropy_j_per_m3

    def at(y_m: Array) -> Array:
        rail = np.abs(np.abs(y_m - middle) - (TRACK_M + RAIL_WIDTH_M) / 2) < RAIL_WIDTH_M / 2
        return np.where(rail, low + found.step_height_j_per_m3, low)

    return at


def track_ground(found: "SkyrmionCalibration") -> thiele.Landscape:
    """The energy of a skyrmion over that film: rails and edges."""
    width, height = runs.TRACK_LENGTH_M, runs.TRACK_HEIGHT_M
    film = Mesh(round(width / SPACING_M), round(height / SPACING_M), SPACING_M, SPACING_M)
    x, y = film.x_m[None, :], film.y_m[:, None]
    excess = np.broadcast_to(track_rails(found)(y) - found.film.anisotropy_j_per_m3, film.shape)
    rails = found.anisotropy_energy_j(np.ascontiguousarray(excess), SPACING_M)
    edges = sum(found.edge_energy_j(distance) for distance in (x, width - x, y, height - y))
    return thiele.landscape(rails + edges, SPACING_M)


def softened(
    found: "SkyrmionCalibration", state: Array, torque_t: float, duration_s: float
) -> tuple[runs.Track, float, float, tuple[Array, Array]]:
    """Drive the relaxed skyrmion `state` along a track in the solver.

    Returns:
        Its track; the push at U = 0 over Ms t a, in m; the softness s, in 1/J; the pushes (k,), measured and fitted.
    """
    film, skyrmion = found.film, found.skyrmion()
    track = runs.along_track(film, state, found.cell_m, track_rails(found), torque_t, duration_s)
    pushes = track.forces_n(skyrmion.gyro_n_s_per_m, skyrmion.dissipation_n_s_per_m)[:, 0, 0]  # p = +y: p x z is +x
    ground = track_ground(found)
    energy = np.array([ground.energy_j(x, y) for x, y in track.positions_m[:, 0]])
    slope, level = np.polyfit(energy, pushes, 1)
    moment = film.saturation_magnetization_a_per_m * film.thickness_m
    return track, float(level) / (moment * torque_t), -float(slope / level), (pushes, level + slope * energy)
