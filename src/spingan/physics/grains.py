"""Disorder of a real film and its edges: grains, and a width that varies along a track.

Grains are the cells of a Voronoi tessellation about points thrown at random, as usual in micromagnetics; each has its
own deviation. An edge is a stationary Gaussian process whose correlation falls as exp(-|x| / length).
"""

import math

import numpy as np

from spingan.errors import UserError
from spingan.extras import needs
from spingan.physics.film import Film
from spingan.physics.mesh import Array, Mesh

with needs("the physics of devices"):
    from scipy.spatial import KDTree


def grain_factors(mesh: Mesh, size_m: float, deviation: float, generator: np.random.Generator) -> Array:
    """Factors (ny, nx) of grains with a mean area of `size_m` squared: 1 in the mean, normal, equal within a grain.

    The same generator throws the same grains and the same normal numbers for every `deviation`.

    Raises:
        UserError: A size that is not above 0, or a deviation below 0 or so large that factors become negative.
    """
    if not (math.isfinite(size_m) and size_m > 0):
        raise UserError(f"grains: the size is {size_m * 1e9:g} nm", "It must be above 0")
    if not 0 <= deviation <= LARGEST_DEVIATION:
        raise UserError(
            f"grains: the deviation is {deviation:g} of the mean", f"It must be between 0 and {LARGEST_DEVIATION:g}"
        )
    margin = 2 * size_m  # so that grains at the rim are as large as those inside
    extent = np.array([mesh.nx * mesh.dx_m, mesh.ny * mesh.dy_m]) + 2 * margin
    count = max(1, round(float(np.prod(extent)) / size_m**2))
    seeds = generator.random((count, 2)) * extent - margin
    normal = generator.standard_normal(count)
    x, y = np.meshgrid(mesh.x_m, mesh.y_m)
    _, nearest = KDTree(seeds).query(np.stack([x.ravel(), y.ravel()], axis=1))
    return 1 + deviation * normal[np.asarray(nearest)].reshape(mesh.shape)


LARGEST_DEVIATION = 0.2  # five deviations below the mean are then no anisotropy at all


def edge_m(count: int, cell_m: float, rms_m: float, length_m: float, generator: np.random.Generator) -> Array:
    """Places (count,) of an edge about its line, one a column of `cell_m`, with `rms_m` and correlation `length_m`.

    Raises:
        UserError: An rms below 0, or a length that is not above 0.
    """
    if not (math.isfinite(rms_m) and rms_m >= 0):
        raise UserError(f"edge: the rms is {rms_m * 1e9:g} nm", "It must be 0 or more")
    if not (math.isfinite(length_m) and length_m > 0):
        raise UserError(f"edge: the correlation length is {length_m * 1e9:g} nm", "It must be above 0")
    kept = math.exp(-cell_m / length_m)
    normal = generator.standard_normal(count)
    place = np.empty(count)
    place[0] = normal[0]
    for column in range(1, count):
        place[column] = kept * place[column - 1] + math.sqrt(1 - kept**2) * normal[column]
    return rms_m * place


def width_anisotropy_j_per_m3(film: Film, anisotropy_j_per_m3: Array, width_ratio: Array) -> Array:
    """The anisotropy (n,) that pins a wall in a straight track as a width of `width_ratio` (n,) pins it.

    Where the track is wider the wall is longer, and costs more by its energy σ = 4 √(A K) - π |D|, K the effective
    anisotropy: over its length 2 Δ that is K + (ratio - 1) σ / 2 Δ. It holds where the width changes slowly over Δ. A
    film at the critical DMI (σ = 0) is not pinned by its edges.

    Raises:
        UserError: The film magnetises in its plane somewhere.
    """
    shape = film.anisotropy_j_per_m3 - film.effective_anisotropy_j_per_m3
    effective = anisotropy_j_per_m3 - shape
    if np.any(effective <= 0):
        raise UserError("the film magnetises in its plane somewhere", "Raise the anisotropy, or lower its spread")
    delta = np.sqrt(film.exchange_stiffness_j_per_m / effective)
    energy = 4 * np.sqrt(film.exchange_stiffness_j_per_m * effective) - math.pi * abs(film.interfacial_dmi_j_per_m2)
    return anisotropy_j_per_m3 + (width_ratio - 1) * energy / (2 * delta)
