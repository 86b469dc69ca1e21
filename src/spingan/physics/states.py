"""States to start from: uniform, one wall, one skyrmion. All return magnetisation of shape (3, ny, nx)."""

import math
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spingan.physics.mesh import Array, Mesh


def uniform(mesh: Mesh, direction: ArrayLike, mask: NDArray[np.bool_] | None = None) -> Array:
    """The same direction everywhere; it need not be of unit length.

    Raises:
        ValueError: the direction is zero.
    """
    vector = np.asarray(direction, dtype=np.float64)
    length = float(np.linalg.norm(vector))
    if length == 0:
        raise ValueError("direction is zero")
    return _cut(np.broadcast_to((vector / length)[:, None, None], (3, *mesh.shape)), mask)


def wall(
    mesh: Mesh, position_m: float, width_m: float, left: Literal[1, -1] = 1, angle_rad: float | None = None
) -> Array:
    """A wall across x: m_z = -left tanh(pi (x - position) / width).

    Args:
        mesh: the cells.
        position_m: where m_z is zero.
        width_m: pi sqrt(A / Keff) for a wall at rest.
        left: sign of m_z to the left of the wall.
        angle_rad: of the in-plane part, from +x; by default the Néel wall that a positive D wants, pointing from the
            down domain to the up domain.
    """
    if angle_rad is None:
        angle_rad = math.pi if left > 0 else 0.0
    depth = np.broadcast_to(math.pi * (mesh.x_m - position_m) / width_m, mesh.shape)
    in_plane = 1 / np.cosh(np.clip(depth, -300, 300))
    return np.stack([in_plane * math.cos(angle_rad), in_plane * math.sin(angle_rad), -left * np.tanh(depth)])


def skyrmion(
    mesh: Mesh,
    centre_m: tuple[float, float],
    radius_m: float,
    width_m: float,
    core: Literal[1, -1] = -1,
    chirality: Literal[1, -1] = 1,
    mask: NDArray[np.bool_] | None = None,
) -> Array:
    """A Néel skyrmion with the profile of two walls: theta(r) = 2 atan(sinh(R / d) / sinh(r / d)), d = width / pi.

    Braun, Phys. Rev. B 50, 16485 (1994). m_z is zero at the radius R.

    Args:
        mesh: the cells.
        centre_m: (x, y) of the core.
        radius_m: R.
        width_m: of the wall around it, pi d.
        core: sign of m_z at the centre; the rest has the other sign.
        chirality: 1 for what a positive D wants (in the wall m points from down to up), -1 for the opposite.
        mask: cells outside are zero.
    """
    x = mesh.x_m[None, :] - centre_m[0]
    y = mesh.y_m[:, None] - centre_m[1]
    distance = np.hypot(x, y)
    scale = width_m / math.pi
    with np.errstate(divide="ignore"):
        theta = 2 * np.arctan(math.sinh(min(radius_m / scale, 300)) / np.sinh(np.minimum(distance / scale, 300)))
    angle = np.arctan2(y, x)  # at r = 0 sin(theta) is 0, so any angle will do
    radial = -core * chirality * np.sin(theta)
    return _cut(np.stack([radial * np.cos(angle), radial * np.sin(angle), -core * np.cos(theta)]), mask)


def _cut(m: Array, mask: NDArray[np.bool_] | None) -> Array:
    return np.ascontiguousarray(m if mask is None else m * mask)
