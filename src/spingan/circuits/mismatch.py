"""How made cells differ from the drawn one and from each other, and what heat and supply do to all of them alike."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spingan.circuits.cards import Cards, Node
from spingan.circuits.domain_wall_cells import Cell, Deviation
from spingan.errors import UserError

# Standard deviation of a pair's difference in threshold times the square root of the gate's area (Pelgrom, Duinmaijer
# and Welbers, IEEE J. Solid-State Circuits 24, 1433 (1989)): about 1 mV µm for each nanometre of gate oxide (Pelgrom,
# Tuinhout and Vertregt, IEDM 1998), of which the generic cards have 0.9 and 4.
THRESHOLD_V_M: dict[Node, float] = {"16nm": 0.9e-9, "180nm": 4.0e-9}
# The same of the current factor, a fraction times a length. 1 % µm is of the order of published planar processes; half
# of it for the shorter node: assumed.
MOBILITY_M: dict[Node, float] = {"16nm": 0.5e-8, "180nm": 1.0e-8}
RESISTOR = 0.01  # of the divider's fixed resistor, from cell to cell: a polysilicon resistor of some µm²; assumed
JUNCTION = 0.05  # of a junction's conductance: 3 % of its RA and 4 % of its area, both assumed
TEMPERATURES_C = (0.0, 85.0)  # the commercial range, without its negative part; assumed
SUPPLY = 0.03  # of both supplies: a third of the usual tolerance of 10 %; assumed
NOMINAL_C = 27.0  # ngspice's and the cards' own


@dataclass(frozen=True)
class Mismatch:
    """Standard deviations from cell to cell on one chip.

    Attributes:
        threshold_v_m: Pelgrom's coefficient of the threshold, volts times metres.
        mobility_m: that of the current factor, a fraction times metres.
        resistor: of the fixed resistor, a fraction.
        junction: of each junction's conductance (area and RA together), a fraction.

    Raises:
        UserError: One is negative, or not a number.
    """

    threshold_v_m: float
    mobility_m: float
    resistor: float = RESISTOR
    junction: float = JUNCTION

    def __post_init__(self) -> None:
        for name in ("threshold_v_m", "mobility_m", "resistor", "junction"):
            if not 0 <= getattr(self, name) < np.inf:
                raise UserError(f"mismatch: {name} is {getattr(self, name):g}", "It must not be below 0")


def default_mismatch(node: Node) -> Mismatch:
    """The documented standard deviations of a node."""
    return Mismatch(THRESHOLD_V_M[node], MOBILITY_M[node])


@dataclass(frozen=True)
class Environment:
    """What is common to all cells of a chip: temperatures, drawn evenly, and the supplies' standard deviation.

    Raises:
        UserError: Temperatures that do not rise or no silicon circuit works at, or a negative deviation.
    """

    temperatures_c: tuple[float, float] = TEMPERATURES_C
    supply: float = SUPPLY

    def __post_init__(self) -> None:
        low, high = self.temperatures_c
        if not -60 <= low <= high <= 200:
            raise UserError(f"temperatures from {low:g} to {high:g} °C", "Give a range within -60 and 200 °C, rising")
        if not 0 <= self.supply < 0.3:
            raise UserError(f"the supply's deviation is {self.supply:g}", "Give a fraction from 0 to 0.3")


@dataclass(frozen=True)
class MadeCell:
    """One made cell: factors of both junctions' conductances, and the rest of its circuit."""

    left: float
    right: float
    deviation: Deviation


def made_cell(cell: Cell, cards: Cards, mismatch: Mismatch, seed: int, number: int) -> MadeCell:
    """Cell `number` of a chip. Factors are log-normal, so that none is negative; thresholds are normal.

    A transistor's own deviation is that of a pair's difference over the square root of 2. The same seed and number
    give the same cell, however many others are made.
    """
    drawn = np.random.default_rng([seed, number]).standard_normal(3 + 2 * 4)
    length = cards.technology.length_m
    transistors = []
    for index in range(2 * cell.inverters):
        ratio = cell.nmos_ratio if index % 2 == 0 else cell.pmos_ratio
        per_side_m = length * np.sqrt(2 * ratio)
        shift = mismatch.threshold_v_m / per_side_m * drawn[3 + 2 * index]
        transistors.append((float(shift), _factor(mismatch.mobility_m / per_side_m, drawn[4 + 2 * index])))
    left, right, resistor = drawn[:3]
    return MadeCell(
        _factor(mismatch.junction, left),
        _factor(mismatch.junction, right),
        Deviation(_factor(mismatch.resistor, resistor), tuple(transistors)),
    )


def _factor(deviation: float, drawn: float) -> float:
    return float(np.exp(deviation * drawn))


def drawn_environment(environment: Environment, seed: int, number: int) -> tuple[float, float]:
    """The temperature in °C and the supplies' factor of draw `number`."""
    rng = np.random.default_rng([seed, number, 1])
    low, high = environment.temperatures_c
    return float(rng.uniform(low, high)), _factor(environment.supply, float(rng.standard_normal()))


def junction_parts(
    current_a: NDArray[np.float64], conductance_s: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """A curve (n,) as the sum of its left and right junction's, (n,) each, which vary on their own.

    Below zero the left junction changes alone, above it the right one: so the designed devices work, and the printed
    one nearly. At zero they share the conductance as they share the changes, that is by their areas.
    """
    at_zero = float(np.interp(0.0, current_a, conductance_s))
    below, above = np.minimum(conductance_s - at_zero, 0.0), np.maximum(conductance_s - at_zero, 0.0)
    changes = float(above.max() - below.min())
    share = float(-below.min()) / changes if changes > 0 else 0.5
    return share * at_zero + below, (1 - share) * at_zero + above
