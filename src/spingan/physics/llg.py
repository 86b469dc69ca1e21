"""The equation of motion: Gilbert's with spin torques, solved for dm/dt."""

import math
from dataclasses import dataclass

import numpy as np

from spingan.physics.constants import BOLTZMANN, GYROMAGNETIC_RATIO_RAD_PER_S_T, MU_0
from spingan.physics.convolve import Convolver, convolve
from spingan.physics.demag import convolver
from spingan.physics.field import applied_field_t, local_terms
from spingan.physics.kernels import attempt, turn, warm_steps
from spingan.physics.mesh import Array
from spingan.physics.padded import Grid, grid
from spingan.physics.system import System

Terms = tuple[Array, Array, Array, Array, Array, Array, tuple[float, float, float, float], Array]


@dataclass(frozen=True, eq=False)
class Motion:
    """A system ready for time steps; its arrays are padded and flat, as `grid` says.

    Gilbert's equation with B' = B + sum of a g [r p + m x p] over the torques becomes
    dm/dt = -gamma / (1 + alpha²) [m x B' + alpha m x (m x B')]. Torques without asymmetry have g = 1, so they add up to
    one fixed field (in `applied_t`) and one vector `pull_t` = sum of a p.
    """

    grid: Grid
    diagonal: Array
    stencil_t: tuple[float, float, float, float]
    applied_t: Array
    pull_t: Array
    asymmetric: tuple[Array, Array, Array]
    mobile: Array
    convolver: Convolver | None
    moment_t: float
    damping: float
    stray: Array

    def terms(self) -> Terms:
        """What `kernels.turn` takes of the system, from the applied field on."""
        return self.applied_t, self.pull_t, *self.asymmetric, self.diagonal, self.stencil_t, self.mobile

    @property
    def precession(self) -> tuple[float, float]:
        """gamma / (1 + alpha²), along m x B', and alpha times that, along m x (m x B')."""
        along = GYROMAGNETIC_RATIO_RAD_PER_S_T / (1 + self.damping**2)
        return along, along * self.damping

    def velocity(self, m: Array, velocities: Array, index: int = 0) -> float:
        """Write dm/dt in rad/s as the vector `index` of `velocities`; its largest length over gamma, in tesla."""
        self.update_demag(m)
        what = self.grid, m, self.stray, self.moment_t, self.terms()
        return turn(*what, *self.precession, velocities, index * len(m)) / GYROMAGNETIC_RATIO_RAD_PER_S_T

    def attempt(self, m: Array, velocities: Array, weights: Array, end: Array) -> float:
        """The stages of a step, see `kernels.attempt`; the largest |dm/dt| over gamma at its end, in tesla."""
        what = self.convolver, self.grid, self.stray, self.moment_t, self.terms()
        return attempt(m, velocities, weights, end, *what, *self.precession) / GYROMAGNETIC_RATIO_RAD_PER_S_T

    def warm_steps(
        self,
        m: Array,
        work: tuple[Array, Array, Array, Array],
        heat: tuple[float, np.random.Generator],
        steps: tuple[float, int, float],
    ) -> None:
        """Steps in the thermal field, `m` in place; see `kernels.warm_steps`."""
        what = self.convolver, self.grid, self.stray, self.moment_t, self.terms()
        warm_steps(m, work, heat, steps, *what, *self.precession)

    def descent(self, m: Array, velocities: Array, index: int = 0) -> float:
        """Write -m x (m x B') in tesla, with the stray field of the last `update_demag`; its largest length."""
        return turn(self.grid, m, self.stray, self.moment_t, self.terms(), 0.0, 1.0, velocities, index * len(m))

    def update_demag(self, m: Array) -> None:
        """Work out the demagnetising field, which the next torques take."""
        if self.convolver is not None:
            convolve(self.convolver, m, self.stray)


def motion(system: System) -> Motion:
    """What every time step of a system needs, worked out once."""
    film, shape = system.film, system.mesh.shape
    cells = grid(system.mesh)
    applied = np.array(applied_field_t(system))
    pull = np.zeros((3, *shape))
    asymmetric = []
    for torque in system.torques:
        p = np.asarray(torque.polarisation)
        p = p if p.ndim == 3 else p[:, None, None]
        amplitude = np.asarray(torque.field_t)
        if torque.asymmetry == 1:
            pull += amplitude * p
            applied += torque.field_like_ratio * amplitude * p
        else:
            constants = np.array([torque.field_like_ratio, torque.asymmetry])
            asymmetric.append((np.broadcast_to(p, (3, *shape)), np.broadcast_to(amplitude, shape), constants))
    inside = system.inside
    frozen = np.zeros(shape, dtype=bool) if system.frozen is None else np.asarray(system.frozen, dtype=bool)
    terms = local_terms(system)
    return Motion(
        grid=cells,
        diagonal=cells.padded(terms.diagonal),
        stencil_t=terms.stencil_t,
        applied_t=cells.padded(applied * inside),
        pull_t=cells.padded(pull * inside),
        asymmetric=(
            cells.padded(np.array([p for p, _, _ in asymmetric]).reshape(-1, 3, *shape)),
            cells.padded(np.array([amplitude for _, amplitude, _ in asymmetric]).reshape(-1, *shape)),
            np.array([constants for _, _, constants in asymmetric]).reshape(-1, 2),
        ),
        mobile=cells.padded(inside & ~frozen),
        convolver=convolver(system.mesh, film.thickness_m) if system.demagnetisation else None,
        moment_t=MU_0 * film.saturation_magnetization_a_per_m,
        damping=film.gilbert_damping,
        stray=np.zeros(3 * cells.layer),
    )


def thermal_field_t(system: System, step_s: float) -> float:
    """Standard deviation of each component of Brown's field in each cell over a step, in tesla.

    sqrt(2 alpha k T / (gamma Ms V dt)): Brown, Phys. Rev. 130, 1677 (1963).
    """
    film = system.film
    volume = system.mesh.dx_m * system.mesh.dy_m * film.thickness_m
    energy = 2 * film.gilbert_damping * BOLTZMANN * system.temperature_k
    rate = GYROMAGNETIC_RATIO_RAD_PER_S_T * film.saturation_magnetization_a_per_m * volume * step_s
    return math.sqrt(energy / rate)
