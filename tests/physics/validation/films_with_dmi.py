"""The DMI's standard problem and one skyrmion, each beside its exact profile; without stray field, which none has.

Strip and disc: Cortés-Ortuño et al., New J. Phys. 20, 113015 (2018), with its interfacial DMI. Skyrmion: a Co/Pt film
(docs/derivations.md, section 2) whose stray field is taken as local, K - mu0 Ms² / 2, in a disc of 80 nm.
"""

import math
from dataclasses import dataclass

import numpy as np
import profiles
from numpy.typing import NDArray

from spingan.physics.constants import MU_0
from spingan.physics.film import Film
from spingan.physics.mesh import Mesh, disc_mask
from spingan.physics.relax import relax
from spingan.physics.states import skyrmion, uniform
from spingan.physics.system import System

PROBLEM = Film(  # New J. Phys. 20, 113015; the thickness does not matter without stray field
    saturation_magnetization_a_per_m=0.86e6,
    exchange_stiffness_j_per_m=13e-12,
    interfacial_dmi_j_per_m2=3e-3,
    anisotropy_j_per_m3=0.4e6,
    gilbert_damping=0.3,
    thickness_m=2e-9,
    source="Cortés-Ortuño et al. 2018",
)
CO_PT = Film(  # docs/derivations.md, section 2
    saturation_magnetization_a_per_m=580e3,
    exchange_stiffness_j_per_m=15e-12,
    interfacial_dmi_j_per_m2=3e-3,
    anisotropy_j_per_m3=0.8e6 - MU_0 * 580e3**2 / 2,
    gilbert_damping=0.3,
    thickness_m=0.5e-9,
    source="Co/Pt, the stray field as a local anisotropy",
)
TORQUE_T = 1e-5  # of rest: a hundredth of what the cells' size changes


@dataclass(frozen=True, eq=False)
class Beside:
    """A state at rest along a line or a radius: places, angles of the exact profile, and the solver's m there."""

    x_m: NDArray[np.float64]
    exact_rad: NDArray[np.float64]
    m: NDArray[np.float64]


def strip(cell_m, width_m=160e-9):
    """The row in the middle of a film of 100 nm, wide enough for the edges along it not to matter."""
    mesh = Mesh(nx=round(100e-9 / cell_m), ny=round(width_m / cell_m), dx_m=cell_m, dy_m=cell_m)
    rest = relax(System(mesh, PROBLEM, demagnetisation=False), uniform(mesh, (0, 0, 1)), torque_tolerance_t=TORQUE_T)
    return Beside(mesh.x_m, profiles.strip(PROBLEM, 100e-9, mesh.x_m), rest.m[:, mesh.ny // 2])


def disc(film, radius_m, cell_m, guess_m):
    """A skyrmion in the middle of a disc: all its cells by their distance from the centre, and its exact radius."""
    cells = round(2 * radius_m / cell_m)
    mesh = Mesh(nx=cells, ny=cells, dx_m=cell_m, dy_m=cell_m)
    centre = (radius_m, radius_m)
    mask = disc_mask(mesh, centre, radius_m)
    width_m = math.pi * math.sqrt(film.exchange_stiffness_j_per_m / film.anisotropy_j_per_m3)
    system = System(mesh, film, mask, demagnetisation=False)
    start = skyrmion(mesh, centre, guess_m, width_m, mask=mask)
    m = relax(system, start, torque_tolerance_t=TORQUE_T).m
    theta = profiles.skyrmion(film, radius_m, guess_m, free_edge=True)
    distance = np.hypot(mesh.x_m[None, :] - radius_m, mesh.y_m[:, None] - radius_m)[mask]
    return Beside(distance, theta(distance), m[:, mask]), profiles.radius_m(theta, radius_m)


def radius_m(beside, exact_m):
    """The solver's radius: a cubic through arctanh m_z of the cells around the wall, where m_z is zero."""
    near = (np.abs(beside.m[2]) < 0.6) & (beside.x_m < 2 * exact_m)
    cubic = np.polyfit(beside.x_m[near] - exact_m, np.arctanh(beside.m[2][near]), 3)
    roots = np.roots(cubic)
    return exact_m + float(roots[np.argmin(np.abs(roots))].real)
