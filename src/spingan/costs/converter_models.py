"""Formulas for what has no single figure: converters by bits, rate and node; memories by size; logic by node.

The coefficients are data (`costs/components/*.yaml`), each with its source.
"""

import math
from collections.abc import Callable
from functools import partial
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from spingan.errors import UserError
from spingan.spec.value import LARGEST, Positive, Value

Range = tuple[Positive, Positive]
Sure = Literal["verified", "memory", "estimate"]
"""A figure stands in the named source; or somebody remembers it and nobody checked; or it is our own estimate."""


class AdcModel(Value):
    """Energy and area of the best published analog-to-digital converters (Andrulis et al., arXiv 2404.06553).

    With f conversions a second, b effective bits and a node in nm:
    SNDR = 20 lg 2 b + 10 lg 1.5; FOM = min(F0 + F1 ln f, B0 + B1 ceil b), all in dB;
    E / pJ = 10^((SNDR - FOM) / 10) / 2 exp(e0 + e1 ln node + e2 ln b + residual);
    A / µm² = exp(a0 + a1 ln node + a2 ln f + a3 ln(E / pJ)).
    """

    range_nm: Range
    fitted_nm: Range
    """Nodes of the survey; outside of them the formula is an extrapolation."""
    range_bits: Range
    fom_db: float
    fom_db_per_ln_rate: float
    best_fom_db: float
    best_fom_db_per_bit: float
    ln_energy: float
    ln_energy_per_ln_node: float
    ln_energy_per_ln_bits: float
    ln_energy_residual: float
    ln_area_um2: float
    ln_area_per_ln_node: float
    ln_area_per_ln_rate: float
    ln_area_per_ln_energy_pj: float

    def energy_j(self, bits: float, rate_per_s: float, node_nm: float) -> float:
        """Joules of one conversion.

        Raises:
            UserError: Bits or a node outside the formula's range, or a rate that is not positive.
        """
        check_range("an analog-to-digital converter's bits", bits, self.range_bits)
        check_range("the node of an analog-to-digital converter, in nm,", node_nm, self.range_nm)
        if not (math.isfinite(rate_per_s) and rate_per_s > 0):
            raise UserError(f"a converter at {rate_per_s:g} conversions a second", "Give a rate above zero.")
        return _positive("energy", partial(self._energy_j, bits, rate_per_s, node_nm))

    def _energy_j(self, bits: float, rate_per_s: float, node_nm: float) -> float:
        sndr_db = 20 * math.log10(2) * bits + 10 * math.log10(1.5)
        by_rate = self.fom_db + self.fom_db_per_ln_rate * math.log(rate_per_s)
        fom_db = min(by_rate, self.best_fom_db + self.best_fom_db_per_bit * math.ceil(bits))
        by_node = self.ln_energy + self.ln_energy_per_ln_node * math.log(node_nm)
        by_bits = self.ln_energy_per_ln_bits * math.log(bits) + self.ln_energy_residual
        return 10 ** ((sndr_db - fom_db) / 10) / 2 * math.exp(by_node + by_bits) * 1e-12

    def area_m2(self, bits: float, rate_per_s: float, node_nm: float) -> float:
        """Square metres of one converter.

        Raises:
            UserError: As `energy_j`.
        """
        energy_pj = self.energy_j(bits, rate_per_s, node_nm) * 1e12
        exponent = self.ln_area_um2 + self.ln_area_per_ln_node * math.log(node_nm)
        exponent += self.ln_area_per_ln_rate * math.log(rate_per_s)
        exponent += self.ln_area_per_ln_energy_pj * math.log(energy_pj)
        return _positive("area", lambda: math.exp(exponent) * 1e-12)


def _positive(what: str, formula: Callable[[], float]) -> float:
    """What the formula gives.

    Raises:
        UserError: No number, or none above 0: its coefficients are not right.
    """
    try:
        found = formula()
    except OverflowError:
        found = math.inf
    if not 0 < found < LARGEST:
        problem = f"adc_model gives {found:g} as the {what} of a converter"
        raise UserError(problem, "Correct its coefficients, or give the action an energy_j in their place.")
    return found


class SramModel(Value):
    """Energy of an access to a memory by width and depth: E grows as width x depth^`depth_exponent`.

    `read_j` and `write_j` are published energies of one word of `word_bits` from memories of `bytes`. Between two of
    them the energy is a power law through both; outside of them the exponent rules.
    """

    word_bits: Annotated[int, Field(gt=0)]
    depth_exponent: Annotated[float, Field(ge=0, le=2)]
    least_words: Annotated[int, Field(gt=0)]
    """A smaller memory costs as much as one of so many words."""
    bytes: tuple[Annotated[int, Field(gt=0)], ...]
    read_j: tuple[Positive, ...]
    write_j: tuple[Positive, ...]

    @model_validator(mode="after")
    def _points_match(self) -> Self:
        if not self.bytes or not len(self.bytes) == len(self.read_j) == len(self.write_j):
            raise ValueError("bytes, read_j and write_j need as many entries, and at least one")
        if any(upper <= lower for lower, upper in zip(self.bytes, self.bytes[1:], strict=False)):
            raise ValueError("bytes must rise")
        return self

    def energy_j(self, bits: float, size_bytes: float) -> tuple[float, float]:
        """Joules to read and to write `bits` in a memory of `size_bytes`, in words of the model's width."""
        size = max(size_bytes, self.least_words * self.word_bits / 8)
        words = bits / self.word_bits
        return words * self._word(self.read_j, size), words * self._word(self.write_j, size)

    def _word(self, points: tuple[float, ...], size: float) -> float:
        above = next((number for number, known in enumerate(self.bytes) if known >= size), len(self.bytes))
        if 0 < above < len(self.bytes):
            low, high = self.bytes[above - 1], self.bytes[above]
            share = math.log(size / low) / math.log(high / low)
            return points[above - 1] * (points[above] / points[above - 1]) ** share
        nearest = min(above, len(self.bytes) - 1)
        return points[nearest] * (size / self.bytes[nearest]) ** self.depth_exponent


class NodeRule(Value):
    """How logic and memory change with the node: energy a V² + b V + c and area by table, delay with the node."""

    source: Annotated[str, Field(min_length=1)]
    sure: Sure
    supply_v: Positive
    nodes_nm: tuple[Positive, ...]
    """Largest first."""
    energy: tuple[tuple[float, float, float], ...]
    area: tuple[Positive, ...]

    @model_validator(mode="after")
    def _tables_match(self) -> Self:
        if len(self.nodes_nm) < 2 or not len(self.nodes_nm) == len(self.energy) == len(self.area):
            raise ValueError("nodes_nm, energy and area need as many entries, and at least two")
        if any(later >= earlier for earlier, later in zip(self.nodes_nm, self.nodes_nm[1:], strict=False)):
            raise ValueError("nodes_nm must fall")
        for node_nm, energy in zip(self.nodes_nm, self._energies(), strict=True):
            if energy <= 0:
                raise ValueError(f"energy at {node_nm:g} nm and supply_v {self.supply_v:g} is {energy:g}, not above 0")
        return self

    def _energies(self) -> list[float]:
        return [a * self.supply_v**2 + b * self.supply_v + c for a, b, c in self.energy]

    def factors(self, from_nm: float, to_nm: float) -> tuple[float, float, float]:
        """What energy, time and area at one node are multiplied by for another.

        Raises:
            UserError: A node outside of the rule's table.
        """
        if from_nm == to_nm:
            return 1.0, 1.0, 1.0
        for node_nm in (from_nm, to_nm):
            check_range("the node, in nm,", node_nm, (self.nodes_nm[-1], self.nodes_nm[0]), self.source)
        energies, areas = (self._at(table, (from_nm, to_nm)) for table in (self._energies(), list(self.area)))
        return energies[1] / energies[0], to_nm / from_nm, areas[1] / areas[0]

    def _at(self, table: list[float], nodes_nm: tuple[float, ...]) -> list[float]:
        """The table at some nodes, in a straight line between its own."""
        found = []
        for node_nm in nodes_nm:
            after = next(number for number, known in enumerate(self.nodes_nm) if known <= node_nm)
            before = max(after - 1, 0)
            span = self.nodes_nm[before] - self.nodes_nm[after]
            share = (self.nodes_nm[before] - node_nm) / span if span else 0.0
            found.append(table[before] + (table[after] - table[before]) * share)
        return found


def check_range(what: str, value: float, known: tuple[float, float], rule: str = "its formula") -> None:
    """Refuse a value that a rule was not made for.

    Raises:
        UserError: It lies outside, or is no number.
    """
    if not known[0] <= value <= known[1]:
        raise UserError(
            f"{what} is {value:g}, outside of {known[0]:g} to {known[1]:g}, the range of {rule}",
            "Choose one within the range, or give the component's own figure in a file: --components FILE",
        )
