"""A magnetic film: what its material and thickness say before any shape is cut out of it."""

import math
from dataclasses import dataclass

from spingan.errors import UserError
from spingan.physics.constants import MU_0


@dataclass(frozen=True)
class Film:
    """A thin film with uniaxial anisotropy along its normal and interfacial DMI.

    The DMI's energy density is D [m_z div m - (m . grad) m_z], the sign of mumax3 and of Cortés-Ortuño et al.,
    New J. Phys. 20, 113015 (2018): with D > 0 the magnetisation inside a Néel wall points from the down domain to the
    up domain, so that up, left, down follow each other along +x.

    Raises:
        UserError: a value that is not finite, or is negative (or zero, save for the DMI and the anisotropy).
    """

    saturation_magnetization_a_per_m: float
    exchange_stiffness_j_per_m: float
    interfacial_dmi_j_per_m2: float
    anisotropy_j_per_m3: float
    gilbert_damping: float
    thickness_m: float
    source: str

    def __post_init__(self) -> None:
        for name in (
            "saturation_magnetization_a_per_m",
            "exchange_stiffness_j_per_m",
            "gilbert_damping",
            "thickness_m",
        ):
            value = getattr(self, name)
            if not (math.isfinite(value) and value > 0):
                raise UserError(f"film: {name} is {value:g}", "It must be a finite number above 0.")
        for name in ("interfacial_dmi_j_per_m2", "anisotropy_j_per_m3"):
            value = getattr(self, name)
            if not math.isfinite(value):
                raise UserError(f"film: {name} is {value:g}", "It must be a finite number.")

    @property
    def exchange_length_m(self) -> float:
        """sqrt(2 A / (mu0 Ms²)): below it exchange keeps the magnetisation straight against the stray field."""
        return math.sqrt(2 * self.exchange_stiffness_j_per_m / (MU_0 * self.saturation_magnetization_a_per_m**2))

    @property
    def effective_anisotropy_j_per_m3(self) -> float:
        """K - mu0 Ms²/2: anisotropy less the shape anisotropy of an infinite film."""
        return self.anisotropy_j_per_m3 - MU_0 * self.saturation_magnetization_a_per_m**2 / 2

    @property
    def wall_width_m(self) -> float:
        """pi sqrt(A / Keff), the width of a Bloch or Néel wall.

        Raises:
            UserError: the film magnetises in its plane (Keff is not positive), so it has no such wall.
        """
        return math.pi * math.sqrt(self.exchange_stiffness_j_per_m / self._perpendicular_anisotropy())

    @property
    def critical_dmi_j_per_m2(self) -> float:
        """4 sqrt(A Keff) / pi: above it a wall's energy is negative and the film breaks into spirals.

        Raises:
            UserError: the film magnetises in its plane (Keff is not positive).
        """
        return 4 * math.sqrt(self.exchange_stiffness_j_per_m * self._perpendicular_anisotropy()) / math.pi

    def _perpendicular_anisotropy(self) -> float:
        k_eff = self.effective_anisotropy_j_per_m3
        if k_eff <= 0:
            raise UserError(
                f"film: the anisotropy {self.anisotropy_j_per_m3:g} J/m³ is not above the shape anisotropy "
                f"{self.anisotropy_j_per_m3 - k_eff:g} J/m³",
                "Such a film magnetises in its plane: raise anisotropy_j_per_m3 or lower the magnetisation.",
            )
        return k_eff
