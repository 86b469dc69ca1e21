"""Constants of nature, CODATA 2018, in SI units."""

import math

MU_0 = 1.25663706212e-6
"""Vacuum permeability, T m/A (CODATA 2018)."""

HBAR = 6.62607015e-34 / (2 * math.pi)
"""Reduced Planck constant, J s (exact in the SI of 2019)."""

ELECTRON_CHARGE = 1.602176634e-19
"""Magnitude of the electron's charge, C (exact in the SI of 2019)."""

BOLTZMANN = 1.380649e-23
"""Boltzmann constant, J/K (exact in the SI of 2019)."""

GYROMAGNETIC_RATIO_RAD_PER_S_T = 1.7595e11
"""Gyromagnetic ratio of Gilbert's equation, rad/(s T): mumax3's default, g = 2.0007, so that runs can be compared."""
