"""The equation of motion: Gilbert's with spin torques, solved for dm/dt."""

import math
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from spingan.physics.constants import BOLTZMANN, GYROMAGNETIC_RATIO_RAD_PER_S_T, MU_0
from spingan.physics.demag import Convolution, convolution
from spingan.physics.field import LocalTerms, add_local_field, applied_field_t, local_terms
from spingan.physics.system import System


@dataclass(frozen=True, eq=False)
class Motion:
    """A system ready for time steps.

    Gilbert's equation with B' = B + sum of a g [r p + m x p] over the torques becomes
    dm/dt = -gamma / (1 + alpha²) [m x B' + alpha m x (m x B')]. Torques without asymmetry have g = 1, so they add up to
    one fixed field (in `applied`) and one vector `pull` = sum of a p.
    """

    terms: LocalTerms
    applied: NDArray[np.float64]
    pull: NDArray[np.float64]
    lopsided: tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]
    mobile: NDArray[np.float64]
    convolution: Convolution | None
    moment_t: float
    damping: float

    def field_t(self, m: NDArray[np.float64]) -> NDArray[np.float64]:
        """Every field but the torques' m x p, (3, ny, nx)."""
        field = self.applied.copy()
        if self.convolution is not None:
            field += self.convolution.field_t(m, self.moment_t)
        add_local_field(m, self.terms.diagonal, *self.terms.exchange_t, *self.terms.dmi_t, field)
        return field

    def velocity(
        self, m: NDArray[np.float64], noise_t: NDArray[np.float64] | None = None, precession: bool = True
    ) -> tuple[NDArray[np.float64], float]:
        """dm/dt in rad/s, (3, ny, nx), and its largest length over gamma: the largest torque in tesla."""
        field = self.field_t(m)
        if noise_t is not None:
            field += noise_t
        result = np.empty_like(m)
        largest = turn(m, field, self.pull, *self.lopsided, self.mobile, self.damping, precession, result)
        return result, largest


def motion(system: System) -> Motion:
    """What every time step of a system needs, worked out once."""
    film, shape = system.film, system.mesh.shape
    applied = np.array(applied_field_t(system))
    pull = np.zeros((3, *shape))
    lopsided = []
    for torque in system.torques:
        p = np.asarray(torque.polarisation)
        p = p if p.ndim == 3 else p[:, None, None]
        amplitude = np.asarray(torque.field_t)
        if torque.asymmetry == 1:
            pull += amplitude * p
            applied += torque.field_like_ratio * amplitude * p
        else:
            constants = np.array([torque.field_like_ratio, torque.asymmetry])
            lopsided.append((np.broadcast_to(p, (3, *shape)), np.broadcast_to(amplitude, shape), constants))
    inside = system.inside
    frozen = np.zeros(shape, dtype=bool) if system.frozen is None else np.asarray(system.frozen, dtype=bool)
    return Motion(
        terms=local_terms(system),
        applied=applied,
        pull=pull,
        lopsided=(
            np.array([p for p, _, _ in lopsided]).reshape(-1, 3, *shape),
            np.array([amplitude for _, amplitude, _ in lopsided]).reshape(-1, *shape),
            np.array([constants for _, _, constants in lopsided]).reshape(-1, 2),
        ),
        mobile=(inside & ~frozen).astype(np.float64),
        convolution=convolution(system.mesh, film.thickness_m) if system.demagnetisation else None,
        moment_t=MU_0 * film.saturation_magnetization_a_per_m,
        damping=film.gilbert_damping,
    )


@njit(cache=True)
def turn(m, field, pull, polarisations, amplitudes, constants, mobile, damping, precession, velocity):
    """Turn fields into dm/dt (rad/s); returns the largest |dm/dt| / gamma, in tesla.

    Without `precession` only -gamma m x (m x B') is left, the overdamped motion to the same rest states.
    """
    ny, nx = m.shape[1:]
    largest = 0.0
    gamma = GYROMAGNETIC_RATIO_RAD_PER_S_T
    along = 1 / (1 + damping**2) if precession else 0.0
    across = damping / (1 + damping**2) if precession else 1.0
    for j in range(ny):
        for i in range(nx):
            mx, my, mz = m[0, j, i], m[1, j, i], m[2, j, i]
            qx, qy, qz = pull[0, j, i], pull[1, j, i], pull[2, j, i]
            bx, by, bz = field[0, j, i], field[1, j, i], field[2, j, i]
            for n in range(len(constants)):
                px, py, pz = polarisations[n, 0, j, i], polarisations[n, 1, j, i], polarisations[n, 2, j, i]
                ratio, square = constants[n, 0], constants[n, 1] ** 2
                a = amplitudes[n, j, i] * 2 * square / (square + 1 + (square - 1) * (mx * px + my * py + mz * pz))
                qx += a * px
                qy += a * py
                qz += a * pz
                bx += ratio * a * px
                by += ratio * a * py
                bz += ratio * a * pz
            bx += my * qz - mz * qy
            by += mz * qx - mx * qz
            bz += mx * qy - my * qx
            tx = my * bz - mz * by
            ty = mz * bx - mx * bz
            tz = mx * by - my * bx
            active = mobile[j, i]
            vx = -active * (along * tx + across * (my * tz - mz * ty))
            vy = -active * (along * ty + across * (mz * tx - mx * tz))
            vz = -active * (along * tz + across * (mx * ty - my * tx))
            velocity[0, j, i] = gamma * vx
            velocity[1, j, i] = gamma * vy
            velocity[2, j, i] = gamma * vz
            largest = max(largest, vx * vx + vy * vy + vz * vz)
    return math.sqrt(largest)


def thermal_field_t(system: System, step_s: float) -> float:
    """Standard deviation of each component of Brown's field in each cell over a step, in tesla.

    sqrt(2 alpha k T / (gamma Ms V dt)): Brown, Phys. Rev. 130, 1677 (1963).
    """
    film = system.film
    volume = system.mesh.dx_m * system.mesh.dy_m * film.thickness_m
    energy = 2 * film.gilbert_damping * BOLTZMANN * system.temperature_k
    rate = GYROMAGNETIC_RATIO_RAD_PER_S_T * film.saturation_magnetization_a_per_m * volume * step_s
    return math.sqrt(energy / rate)
