"""The topological charge: how often the magnetisation wraps the sphere."""

import math

import numpy as np
from numpy.typing import NDArray

from spingan.physics.mesh import Array


def topological_charge(m: Array, mask: NDArray[np.bool_] | None = None) -> float:
    """Berg and Lüscher's charge, the solid angles of all triangles of neighbouring cells over 4 pi.

    It is -1 for a skyrmion with its core down in an up film, +1 for the opposite one. Each square of four cells is cut
    into two triangles; squares with a cell outside the mask do not count. On a film with edges the canted rim adds a
    part that is not whole.

    Args:
        m: magnetisation, (3, ny, nx); cells of zero length count as outside.
        mask: the cells that count, (ny, nx).

    Berg and Lüscher, Nucl. Phys. B 190, 412 (1981).
    """
    inside = np.einsum("iyx,iyx->yx", m, m) > 0.25  # inside it is 1, outside 0
    if mask is not None:
        inside &= mask
    square = inside[:-1, :-1] & inside[:-1, 1:] & inside[1:, :-1] & inside[1:, 1:]
    corners = [m[:, :-1, :-1], m[:, :-1, 1:], m[:, 1:, 1:], m[:, 1:, :-1]]
    lower_left, lower_right, upper_right, upper_left = (corner[:, square] for corner in corners)
    angle = _solid_angle(lower_left, lower_right, upper_right) + _solid_angle(lower_left, upper_right, upper_left)
    return float(angle.sum() / (4 * math.pi))


def _solid_angle(a: Array, b: Array, c: Array) -> Array:
    ab, bc, ca = (np.einsum("in,in->n", p, q) for p, q in ((a, b), (b, c), (c, a)))
    triple = np.einsum("in,in->n", a, np.cross(b, c, axis=0))
    return 2 * np.arctan2(triple, 1 + ab + bc + ca)
