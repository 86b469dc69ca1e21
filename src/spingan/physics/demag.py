"""The demagnetising field of a film one cell thick: Newell's tensor, convolved by FFT."""

import math
from functools import lru_cache
from itertools import product

import numpy as np
from numpy.typing import NDArray

from spingan.physics.constants import MU_0
from spingan.physics.convolve import Convolver, convolve
from spingan.physics.fourier import ROW, Plan, plan
from spingan.physics.mesh import Array, Mesh
from spingan.physics.padded import grid
from spingan.physics.simd import LANES

NEAR_CELLS = 24  # Newell's formula up to here, then quadrature: the two agree to 1e-8 of the tensor there


def newell_tensor(nx: int, ny: int, dx_m: float, dy_m: float, thickness_m: float) -> tuple[Array, Array, Array, Array]:
    """N_xx, N_yy, N_zz, N_xy between two cells, the average field in one of a unit magnetisation in the other.

    H = -N M. Entry [j, i] belongs to a distance of i dx along x and j dy along y, both from zero up; N_xx, N_yy and
    N_zz are even in both, N_xy is odd in both, N_xz and N_yz are zero within one layer.

    Newell, Williams and Dunlop, J. Geophys. Res. 98, 9551 (1993). Their differences of large numbers lose their digits
    far away, so there the double integral over both cells is done by a quadrature that is exact to fifth order.
    """
    unit = max(dx_m, dy_m, thickness_m)
    dx, dy, dz = dx_m / unit, dy_m / unit, thickness_m / unit
    x = np.arange(nx, dtype=np.float64)[None, :] * dx
    y = np.arange(ny, dtype=np.float64)[:, None] * dy
    tensor = np.zeros((4, ny, nx))
    near = np.hypot(x, y) < NEAR_CELLS
    x_near, y_near = np.broadcast_to(x, near.shape)[near], np.broadcast_to(y, near.shape)[near]
    tensor[:, near] = _near(x_near, y_near, dx, dy, dz)
    x_far, y_far = np.broadcast_to(x, near.shape)[~near], np.broadcast_to(y, near.shape)[~near]
    tensor[:, ~near] = _far(x_far, y_far, dx, dy, dz)
    return tensor[0], tensor[1], tensor[2], tensor[3]


def _near(x: NDArray[np.floating], y: NDArray[np.floating], dx: float, dy: float, dz: float) -> NDArray[np.floating]:
    """By Newell's f and g, whose arsinh and arctan count as 0 where they divide by 0: their factors vanish there."""
    x, y = x.astype(np.longdouble), y.astype(np.longdouble)
    result = np.zeros((4, len(x)), dtype=np.longdouble)
    for (i, weight_x), (j, weight_y), (k, weight_z) in product(((-1, -1), (0, 2), (1, -1)), repeat=3):
        u, v, w = x + i * dx, y + j * dy, np.full_like(x, k * dz)
        factor = weight_x * weight_y * weight_z
        result[0] += factor * _newell_f(u, v, w)
        result[1] += factor * _newell_f(v, u, w)
        result[2] += factor * _newell_f(w, v, u)
        result[3] += factor * _newell_g(u, v, w)
    return result / (4 * math.pi * dx * dy * dz)


def _newell_f(x: NDArray[np.floating], y: NDArray[np.floating], z: NDArray[np.floating]) -> NDArray[np.floating]:
    r = np.sqrt(x**2 + y**2 + z**2)
    return (
        y / 2 * (z**2 - x**2) * _arsinh(y, np.hypot(x, z))
        + z / 2 * (y**2 - x**2) * _arsinh(z, np.hypot(x, y))
        - x * y * z * _arctan(y * z, x * r)
        + (2 * x**2 - y**2 - z**2) * r / 6
    )


def _newell_g(x: NDArray[np.floating], y: NDArray[np.floating], z: NDArray[np.floating]) -> NDArray[np.floating]:
    r = np.sqrt(x**2 + y**2 + z**2)
    return (
        x * y * z * _arsinh(z, np.hypot(x, y))
        + y / 6 * (3 * z**2 - y**2) * _arsinh(x, np.hypot(y, z))
        + x / 6 * (3 * z**2 - x**2) * _arsinh(y, np.hypot(x, z))
        - z**3 / 6 * _arctan(x * y, z * r)
        - z * y**2 / 2 * _arctan(x * z, y * r)
        - z * x**2 / 2 * _arctan(y * z, x * r)
        - x * y * r / 3
    )


def _arsinh(numerator: NDArray[np.floating], denominator: NDArray[np.floating]) -> NDArray[np.floating]:
    return np.where(denominator > 0, np.arcsinh(numerator / np.where(denominator > 0, denominator, 1)), 0)


def _arctan(numerator: NDArray[np.floating], denominator: NDArray[np.floating]) -> NDArray[np.floating]:
    return np.where(denominator != 0, np.arctan(numerator / np.where(denominator != 0, denominator, 1)), 0)


def _far(x: NDArray[np.floating], y: NDArray[np.floating], dx: float, dy: float, dz: float) -> NDArray[np.floating]:
    """The dipole's field averaged over both cells: the distance between two random points of them is triangular in
    each direction, and three nodes at 0 and ±sqrt(2/5) of the edge with weights 7/12, 5/24, 5/24 match its moments."""
    nodes = ((0.0, 7 / 12), (math.sqrt(0.4), 5 / 24), (-math.sqrt(0.4), 5 / 24))
    result = np.zeros((4, len(x)))
    for (i, weight_x), (j, weight_y), (k, weight_z) in product(nodes, repeat=3):
        u, v, w = x + i * dx, y + j * dy, k * dz
        r2 = u**2 + v**2 + w**2
        factor = weight_x * weight_y * weight_z / r2**2.5
        result[0] += factor * (r2 - 3 * u**2)
        result[1] += factor * (r2 - 3 * v**2)
        result[2] += factor * (r2 - 3 * w**2)
        result[3] += factor * (-3 * u * v)
    return result * dx * dy * dz / (4 * math.pi)


@lru_cache(maxsize=8)
def convolver(mesh: Mesh, thickness_m: float) -> Convolver:
    """The convolution with the tensor for a mesh and a thickness, kept for the next call with the same ones.

    What it returns holds working space: one thread at a time may use it.
    """
    along_x, along_y = plan(mesh.nx), plan(mesh.ny)
    px, py = 2 * along_x.length, 2 * along_y.length
    quadrants = newell_tensor(mesh.nx, mesh.ny, mesh.dx_m, mesh.dy_m, thickness_m)
    wholes = [_periodic(quadrant, py, px, odd=index == 3) for index, quadrant in enumerate(quadrants)]
    positive, negative = _opposite_rows(along_y)
    scale = 1 / (2 * px * py)  # of the inverse transforms, and of unpacking two real signals
    rows, columns = along_y.order[positive], along_x.order
    xx, yy, _, xy = (scale * np.fft.fft2(whole).real[np.ix_(rows, columns)] for whole in wholes)
    blocks = np.stack([part.reshape(-1, LANES, px).transpose(0, 2, 1) for part in (xx, yy, xy)], axis=2)
    shape = grid(mesh)
    return Convolver(
        grid=shape,
        along_x=along_x,
        along_y=along_y,
        positive=positive,
        negative=negative,
        kernel=np.ascontiguousarray(blocks).ravel(),
        trace=scale,
        spectrum=np.zeros(3 * len(positive) // LANES * shape.columns * ROW),
        buffer=np.zeros(max(3 * px, py) * ROW),
        corner=np.zeros(4 * LANES * LANES),
    )


def _opposite_rows(along: Plan) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows of a transform such that each pair of opposite frequencies occurs, and the rows with the opposite ones."""
    row_of = np.argsort(along.order)
    frequency = np.arange(along.length + 1)
    frequency = np.concatenate([frequency, np.full(-len(frequency) % LANES, frequency[-1])])
    return row_of[frequency], row_of[-frequency % (2 * along.length)]


def _periodic(quadrant: Array, py: int, px: int, odd: bool) -> Array:
    """The whole periodic kernel from its quadrant of distances from zero up."""
    ny, nx = quadrant.shape
    j, i = np.arange(1 - ny, ny), np.arange(1 - nx, nx)
    sign = np.where(j < 0, -1.0, 1.0)[:, None] * np.where(i < 0, -1.0, 1.0) if odd else 1.0
    whole = np.zeros((py, px))
    whole[np.ix_(j, i)] = sign * quadrant[np.ix_(np.abs(j), np.abs(i))]
    return whole


def demagnetising_field_t(mesh: Mesh, thickness_m: float, saturation_magnetization_a_per_m: float, m: Array) -> Array:
    """-mu0 Ms N m, the demagnetising field averaged over each cell, in tesla; (3, ny, nx)."""
    ready = convolver(mesh, thickness_m)
    field = np.zeros(3 * ready.grid.layer)
    convolve(ready, ready.grid.padded(m), field)
    return -MU_0 * saturation_magnetization_a_per_m * ready.grid.cells(field, 3)
