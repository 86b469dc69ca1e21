"""A film at another temperature: Ms, A, K and D as powers of the reduced magnetisation m(T) = Ms(T) / Ms(0).

    m(T) = 1 - (T / T_C)^(3/2),   A ~ m^a,   K ~ m^k,   D ~ m^d

The 3/2 is Bloch's law [1], stretched to the Curie point as is usual for ultrathin films with skyrmions [2]; K ~ m³ is
the law of Callen and Callen for one ion [3]. A film's parameters are those at a reference temperature, room temperature
as a rule, and are scaled from there.

The solver's thermal field adds its own spin waves, down to the size of a cell. Parameters measured at a temperature
hold those waves already, so that runs of the solver at that temperature count them twice: with 1 nm cells of the
papers' film its domains lose 11 % of m_z at 300 K, 3 % of it without heat. What the solver's waves take is a property
of its cells, and is not taken out here.

[1] F. Bloch, Z. Phys. 61, 206 (1930).  [2] R. Tomasello et al., Phys. Rev. B 97, 060402(R) (2018).
[3] H. B. Callen, E. Callen, J. Phys. Chem. Solids 27, 1271 (1966).

Powers and Curie point are quoted from memory of these papers and have not been checked against them. At the reference
temperature none of them matters.
"""

import math
from dataclasses import dataclass, replace

from spingan.errors import UserError
from spingan.physics.film import Film


@dataclass(frozen=True)
class TemperatureLaw:
    """How a film's parameters fall with temperature. The powers are those of m(T).

    Raises:
        UserError: A Curie point that is not positive, a reference outside 0 to the Curie point, a negative power.
    """

    curie_k: float
    reference_k: float
    """The temperature that the film's parameters belong to."""
    bloch_power: float
    exchange_power: float
    anisotropy_power: float
    dmi_power: float
    source: str

    def __post_init__(self) -> None:
        if not (math.isfinite(self.curie_k) and self.curie_k > 0):
            raise UserError(f"temperature law: curie_k is {self.curie_k:g}", "It must be above 0, in kelvin.")
        self._check(self.reference_k, "reference_k")
        for name in ("bloch_power", "exchange_power", "anisotropy_power", "dmi_power"):
            power = getattr(self, name)
            if not (math.isfinite(power) and power >= 0):
                raise UserError(f"temperature law: {name} is {power:g}", "It must be 0 or more.")

    def _check(self, temperature_k: float, name: str) -> None:
        if not (math.isfinite(temperature_k) and temperature_k >= 0):
            raise UserError(f"{name} is {temperature_k:g} K", "It must be 0 or more, in kelvin.")
        if temperature_k >= self.curie_k:
            raise UserError(
                f"{name} is {temperature_k:g} K, at or above the Curie point of {self.curie_k:g} K",
                f"Above it the film is no magnet: stay below {self.curie_k:g} K.",
            )

    def magnetisation(self, temperature_k: float) -> float:
        """m(T) = Ms(T) / Ms(0), between 0 and 1.

        Raises:
            UserError: A temperature below 0 or from the Curie point on.
        """
        self._check(temperature_k, "temperature")
        return 1 - (temperature_k / self.curie_k) ** self.bloch_power

    def film_at(self, film: Film, temperature_k: float) -> Film:
        """`film` at a temperature; its damping and thickness stay.

        Raises:
            UserError: As `magnetisation`.
        """
        if temperature_k == self.reference_k:
            return film
        ratio = self.magnetisation(temperature_k) / self.magnetisation(self.reference_k)
        return replace(
            film,
            saturation_magnetization_a_per_m=film.saturation_magnetization_a_per_m * ratio,
            exchange_stiffness_j_per_m=film.exchange_stiffness_j_per_m * ratio**self.exchange_power,
            interfacial_dmi_j_per_m2=film.interfacial_dmi_j_per_m2 * ratio**self.dmi_power,
            anisotropy_j_per_m3=film.anisotropy_j_per_m3 * ratio**self.anisotropy_power,
            source=f"{film.source}; from {self.reference_k:g} K to {temperature_k:g} K: {self.source}",
        )


COBALT_ON_PLATINUM = TemperatureLaw(
    curie_k=1120.0,  # Tomasello et al. 2018, of a film like the papers'; bulk cobalt has 1388 K, a monolayer far less
    reference_k=300.0,  # paper S, IV-D names no temperature; such parameters are measured at room temperature: assumed
    bloch_power=1.5,  # Bloch 1930; Tomasello et al. 2018
    exchange_power=1.8,  # R. Moreno et al., Phys. Rev. B 94, 104433 (2016), cobalt; Tomasello et al. take 1.5
    anisotropy_power=3.0,  # Callen and Callen 1966; Tomasello et al. 2018
    dmi_power=1.5,  # Tomasello et al. 2018, after L. Rózsa et al., Phys. Rev. B 96, 094436 (2017)
    source="m = 1 - (T / 1120 K)^1.5, A ~ m^1.8, D ~ m^1.5, K ~ m^3 (spingan.physics.film_temperature)",
)
