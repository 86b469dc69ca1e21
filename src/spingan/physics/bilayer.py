"""Resistance of metal layers with the current across them: Valet and Fert's two-channel diffusion [1].

It bills the synapse's write energy, E = I^2 R t of paper S eq. 1, whose R is called a Valet-Fert bilayer resistance.

[1] T. Valet and A. Fert, Phys. Rev. B 48, 7099 (1993).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Layer:
    """A layer, or an interface seen as a layer, to a current across it.

    Attributes:
        resistance_area_ohm_m2: AR* = rho* t; a spin channel has 2 AR* (1 -+ asymmetry).
        decay: Thickness over spin-diffusion length; an interface's spin-flip parameter delta.
        asymmetry: beta of a bulk, gamma of an interface; 0 for a normal metal, its sign the magnetisation's.
    """

    resistance_area_ohm_m2: float
    decay: float
    asymmetry: float = 0.0

    def __post_init__(self) -> None:
        for name in ("resistance_area_ohm_m2", "decay"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} {getattr(self, name)} is not positive")
        if not -1 < self.asymmetry < 1:
            raise ValueError(f"asymmetry {self.asymmetry} is not within -1..1")


def bulk(resistivity_ohm_m: float, thickness_m: float, diffusion_length_m: float, asymmetry: float = 0.0) -> Layer:
    """The layer of a metal whose measured resistivity is rho = rho* (1 - beta^2)."""
    starred = resistivity_ohm_m / (1 - asymmetry**2)
    return Layer(starred * thickness_m, thickness_m / diffusion_length_m, asymmetry)


def stack_resistance_area_ohm_m2(layers: Sequence[Layer]) -> float:
    """Resistance times area of `layers` between contacts that hold no spin accumulation, in ohm m².

    With D half the splitting of the two channels' potentials over the current density, a layer obeys D'' = D / l^2 and
    carries the spin current beta - D' / rho*. Both are continuous; the potential drops by
    rho* (1 - beta^2) t + beta (D_end - D_start) over each layer.

    Raises:
        ValueError: No layers.
    """
    if not layers:
        raise ValueError("a stack has at least one layer")
    splitting = _splittings(layers)
    return sum(
        layer.resistance_area_ohm_m2 * (1 - layer.asymmetry**2) + layer.asymmetry * float(end - start)
        for layer, start, end in zip(layers, splitting[:-1], splitting[1:], strict=True)
    )


def _splittings(layers: Sequence[Layer]) -> np.ndarray:
    """D (n + 1,) at the faces of n layers, 0 at the two outer ones, from equal spin currents on both sides of each."""
    faces = len(layers) + 1
    matrix = np.zeros((faces, faces))
    source = np.zeros(faces)
    matrix[0, 0] = matrix[-1, -1] = 1.0
    for face in range(1, faces - 1):
        before, after = layers[face - 1], layers[face]
        for layer, neighbour in ((before, face - 1), (after, face + 1)):
            conductance = layer.decay / layer.resistance_area_ohm_m2  # 1 / (rho* l)
            matrix[face, face] += conductance / np.tanh(layer.decay)
            matrix[face, neighbour] -= conductance / np.sinh(layer.decay)
        source[face] = before.asymmetry - after.asymmetry
    return np.linalg.solve(matrix, source)


# An error stands where the source's own words could be read; "assumed" marks what could not be checked there. How far
# each value moves the bilayer's 1.12 fohm m² is in docs/derivations.md, section 2: platinum decides, cobalt does not.
COBALT = bulk(
    60e-9,  # assumed: sputtered Co at 4.2 K is 50 to 75 nohm m, J. Bass and W. P. Pratt, J. Magn. Magn. Mater. 200, 274
    0.5e-9,  # the synapse's free layer: paper S, IV-C
    38e-9,  # assumed: 38 nm at 300 K, L. Piraux et al., Eur. Phys. J. B 4, 413 (1998); the layer is far thinner
    0.46,  # assumed: 0.36 to 0.54 in Bass and Pratt's review
)
CO_PT_INTERFACE = Layer(
    # At 4.2 K: H. Y. T. Nguyen, W. P. Pratt and J. Bass, J. Magn. Magn. Mater. 361, 30 (2014).
    0.74e-15,  # +- 0.15 fohm m²
    0.9,  # + 0.5 - 0.2
    0.58,  # +- 0.12
)
PLATINUM = bulk(
    173e-9,  # assumed: 106 nohm m in bulk, several times as much in films of a few nanometres
    3e-9,  # not printed in paper S: assumed, a usual thickness
    3.4e-9,  # 3.4 +- 0.4 nm: J.-C. Rojas-Sanchez et al., Phys. Rev. Lett. 112, 106602 (2014)
)
CO_PT_BILAYER = (COBALT, CO_PT_INTERFACE, PLATINUM)
CO_PT_CO = (COBALT, CO_PT_INTERFACE, PLATINUM, CO_PT_INTERFACE, COBALT)
"""Free layer, heavy metal, reference layer, both magnetised alike: the synapse's stack by paper S, III-A."""
