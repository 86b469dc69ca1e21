"""Spin torques: from a current to the amplitude and the polarisation that enter the equation of motion."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from spingan.errors import UserError
from spingan.physics.constants import ELECTRON_CHARGE, HBAR
from spingan.physics.film import Film
from spingan.physics.mesh import Array


@dataclass(frozen=True, eq=False)
class SpinTorque:
    """A damping-like torque and the field-like one beside it, in Gilbert's form:

        dm/dt = -gamma m x B + alpha m x dm/dt - gamma a g [m x (m x p) + field_like_ratio (m x p)]

    with g = 2 L² / ((L² + 1) + (L² - 1) m.p), which is 1 for an asymmetry L of 1 (Slonczewski 1996; the form of
    mumax3, Vansteenkiste et al., AIP Adv. 4, 107133 (2014), eq. 9). Since -m x (m x p) = p - (m.p) m, a positive
    amplitude pulls m towards +p and a negative one towards -p.

    Attributes:
        polarisation: unit vector p, shape (3,) or (3, ny, nx).
        field_t: amplitude a in tesla, a number or shape (ny, nx).
        field_like_ratio: field-like amplitude over the damping-like one; a positive one acts as a field along +p.
        asymmetry: Slonczewski's Lambda, at least 1.

    Raises:
        UserError: a polarisation that is not a unit vector, an amplitude that is not finite, an asymmetry below 1.
    """

    polarisation: ArrayLike
    field_t: ArrayLike
    field_like_ratio: float = 0.0
    asymmetry: float = 1.0

    def __post_init__(self) -> None:
        p = np.asarray(self.polarisation, dtype=np.float64)
        a = np.asarray(self.field_t, dtype=np.float64)
        if p.shape[:1] != (3,) or p.ndim not in (1, 3):
            raise UserError(f"spin torque: polarisation has shape {p.shape}", "It must be (3,) or (3, ny, nx).")
        length = np.sqrt((p**2).sum(axis=0))
        if not np.all(np.abs(length - 1) < 1e-6):  # rounding in what was given; a wrong vector is off by far more
            worst = float(length.flat[int(np.argmax(np.abs(length - 1)))])
            raise UserError(f"spin torque: polarisation has length {worst:g}", "It must be a unit vector everywhere.")
        if not np.all(np.isfinite(a)):
            raise UserError("spin torque: field_t is not finite", "Give the amplitude in tesla.")
        if not math.isfinite(self.field_like_ratio):
            raise UserError(f"spin torque: field_like_ratio is {self.field_like_ratio:g}", "It must be finite.")
        if not (math.isfinite(self.asymmetry) and self.asymmetry >= 1):
            raise UserError(f"spin torque: asymmetry is {self.asymmetry:g}", "Slonczewski's Lambda is at least 1.")
        object.__setattr__(self, "polarisation", p)
        object.__setattr__(self, "field_t", a)


def spin_orbit_torque(
    charge_current_density_a_per_m2: float | Array,
    spin_hall_angle: float,
    film: Film,
    polarisation: ArrayLike,
    field_like_ratio: float = 0.0,
) -> SpinTorque:
    """The torque of a spin current theta J that a heavy metal sends into the film: a = hbar theta J / (2 e Ms t).

    Khvalkovskiy et al., Phys. Rev. B 87, 020402 (2013), eq. 2. Every spin that crosses the interface is taken up.
    """
    amplitude = _amplitude_t(charge_current_density_a_per_m2, spin_hall_angle, film)
    return SpinTorque(polarisation, amplitude, field_like_ratio)


def slonczewski_torque(
    current_density_a_per_m2: float | Array,
    polarization_factor: float,
    film: Film,
    polarisation: ArrayLike,
    asymmetry: float = 1.0,
) -> SpinTorque:
    """The torque of a polarised current through the film: a = hbar P J / (2 e Ms t), times the angle's factor.

    Slonczewski, J. Magn. Magn. Mater. 159, L1 (1996), in mumax3's form. The current's sign decides the torque's:
    positive pulls m towards +p.
    """
    amplitude = _amplitude_t(current_density_a_per_m2, polarization_factor, film)
    return SpinTorque(polarisation, amplitude, asymmetry=asymmetry)


def _amplitude_t(current_density: float | Array, efficiency: float, film: Film) -> Array:
    moment_a = film.saturation_magnetization_a_per_m * film.thickness_m
    return HBAR * efficiency * np.asarray(current_density, dtype=np.float64) / (2 * ELECTRON_CHARGE * moment_a)
