"""The effective field and the energies that it comes from."""

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from spingan.physics.demag import demagnetising_field_t
from spingan.physics.system import System


@dataclass(frozen=True, eq=False)
class LocalTerms:
    """Exchange, DMI and anisotropy as one linear stencil in tesla.

    A cell's field is `diagonal` times its own magnetisation, plus exchange and DMI from the neighbours that it has. A
    neighbour that is missing stands for a ghost cell whose derivative obeys the film's natural boundary condition,
    dm/dn = D / (2 A) (z x n) x m; its exchange with the cell cancels, its DMI leaves D² / (2 A) on the components
    along n and z. So the whole operator is symmetric, and the energy is -1/2 of its field times the moment.
    """

    diagonal: NDArray[np.float64]
    exchange_t: tuple[float, float]
    dmi_t: tuple[float, float]


def local_terms(system: System, *, exchange: bool = True, dmi: bool = True, anisotropy: bool = True) -> LocalTerms:
    """The stencil of a system, whole or in parts (the parts add up to the whole)."""
    film, mesh = system.film, system.mesh
    ms = film.saturation_magnetization_a_per_m
    inside = system.inside
    exchange_t = tuple(2 * film.exchange_stiffness_j_per_m / (ms * d**2) for d in (mesh.dx_m, mesh.dy_m))
    dmi_t = tuple(film.interfacial_dmi_j_per_m2 / (ms * d) for d in (mesh.dx_m, mesh.dy_m))
    edge_t = film.interfacial_dmi_j_per_m2**2 / (2 * film.exchange_stiffness_j_per_m * ms)
    neighbours_x, neighbours_y = _neighbours(inside)
    diagonal = np.zeros((3, *mesh.shape))
    if exchange:
        diagonal -= exchange_t[0] * neighbours_x + exchange_t[1] * neighbours_y
    if dmi:
        edges_x, edges_y = 2 - neighbours_x, 2 - neighbours_y
        diagonal += edge_t * np.stack([edges_x, edges_y, edges_x + edges_y])
    if anisotropy:
        diagonal[2] += 2 * system.cell_anisotropy_j_per_m3 / ms
    return LocalTerms(
        diagonal * inside,
        (exchange_t[0], exchange_t[1]) if exchange else (0.0, 0.0),
        (dmi_t[0], dmi_t[1]) if dmi else (0.0, 0.0),
    )


def _neighbours(inside: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """How many neighbours along x and along y each cell has."""
    whole = np.pad(inside.astype(np.int64), 1)
    return whole[1:-1, :-2] + whole[1:-1, 2:], whole[:-2, 1:-1] + whole[2:, 1:-1]


@njit(cache=True)
def add_local_field(m, diagonal, exchange_x, exchange_y, dmi_x, dmi_y, field):
    """Add the stencil's field to `field`; m must be zero outside the mask. The field there means nothing."""
    ny, nx = m.shape[1:]
    for j in range(ny):
        for i in range(nx):
            lx = ly = lz = rx = ry = rz = dx = dy = dz = ux = uy = uz = 0.0
            if i > 0:
                lx, ly, lz = m[0, j, i - 1], m[1, j, i - 1], m[2, j, i - 1]
            if i < nx - 1:
                rx, ry, rz = m[0, j, i + 1], m[1, j, i + 1], m[2, j, i + 1]
            if j > 0:
                dx, dy, dz = m[0, j - 1, i], m[1, j - 1, i], m[2, j - 1, i]
            if j < ny - 1:
                ux, uy, uz = m[0, j + 1, i], m[1, j + 1, i], m[2, j + 1, i]
            field[0, j, i] += (
                diagonal[0, j, i] * m[0, j, i] + exchange_x * (lx + rx) + exchange_y * (dx + ux) + dmi_x * (rz - lz)
            )
            field[1, j, i] += (
                diagonal[1, j, i] * m[1, j, i] + exchange_x * (ly + ry) + exchange_y * (dy + uy) + dmi_y * (uz - dz)
            )
            field[2, j, i] += (
                diagonal[2, j, i] * m[2, j, i]
                + exchange_x * (lz + rz)
                + exchange_y * (dz + uz)
                - dmi_x * (rx - lx)
                - dmi_y * (uy - dy)
            )


def _local_field_t(terms: LocalTerms, m: NDArray[np.float64]) -> NDArray[np.float64]:
    field = np.zeros_like(m)
    add_local_field(m, terms.diagonal, *terms.exchange_t, *terms.dmi_t, field)
    return field


def applied_field_t(system: System) -> NDArray[np.float64]:
    """The external field and the exchange bias together, (3, ny, nx)."""
    return _whole(system.external_field_t, system) + _bias_t(system)


def _whole(value: object, system: System) -> NDArray[np.float64]:
    array = np.asarray(value, dtype=np.float64)
    return array if array.ndim == 3 else np.broadcast_to(array[:, None, None], (3, *system.mesh.shape))


def _bias_t(system: System) -> NDArray[np.float64]:
    return _whole((0.0, 0.0, 0.0) if system.exchange_bias_field_t is None else system.exchange_bias_field_t, system)


def _stray_field_t(system: System, m: NDArray[np.float64]) -> NDArray[np.float64]:
    if not system.demagnetisation:
        return np.zeros_like(m)
    film = system.film
    return demagnetising_field_t(system.mesh, film.thickness_m, film.saturation_magnetization_a_per_m, m)


def effective_field_t(system: System, m: NDArray[np.float64]) -> NDArray[np.float64]:
    """The field on each cell in tesla, (3, ny, nx), without torques and temperature; zero outside the mask.

    It is -dE/dm over the cell's moment Ms V, with E the total of `energies_j`.
    """
    m = np.ascontiguousarray(m * system.inside)
    field = _local_field_t(local_terms(system), m) + applied_field_t(system) + _stray_field_t(system, m)
    return field * system.inside


def energies_j(system: System, m: NDArray[np.float64]) -> dict[str, float]:
    """The energy of each term in joule, and their total.

    The anisotropy's is K (1 - m_z²) V, zero for a film along its normal. What the boundary condition adds at the edges
    is counted as DMI. Spin torques have no energy.
    """
    inside = system.inside
    m = np.ascontiguousarray(m * inside)
    volume = system.mesh.dx_m * system.mesh.dy_m * system.film.thickness_m
    moment = system.film.saturation_magnetization_a_per_m * volume

    def times(field: NDArray[np.float64]) -> float:
        return -moment * float(np.vdot(field, m))

    exchange = local_terms(system, dmi=False, anisotropy=False)
    dmi = local_terms(system, exchange=False, anisotropy=False)
    result = {
        "exchange": times(_local_field_t(exchange, m)) / 2,
        "anisotropy": volume * float(np.sum((system.cell_anisotropy_j_per_m3 * (1 - m[2] ** 2))[inside])),
        "dmi": times(_local_field_t(dmi, m)) / 2,
        "demagnetisation": times(_stray_field_t(system, m)) / 2,
        "zeeman": times(_whole(system.external_field_t, system)),
        "exchange_bias": times(_bias_t(system)),
    }
    return {**result, "total": sum(result.values())}
