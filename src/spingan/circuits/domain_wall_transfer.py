"""The DC transfer of paper S's cells: output and power against the device's input current."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spingan.circuits.cards import Cards, load_cards
from spingan.circuits.domain_wall_cells import Cell, ConductanceCurve, circuit_lines, pairs, supplied_powers
from spingan.circuits.messages import one_line
from spingan.circuits.ngspice import run
from spingan.devices.wall_curve import Slopes, fit_slopes
from spingan.errors import UserError

TRANSFER_POINTS = 277  # 0.25 µA apart over ±34.5 µA
# ngspice's own 1e-3 leaves 60 µV at a divider that moves by 40 mV.
TOLERANCES = ".options reltol=1e-6 vntol=1e-9"


@dataclass(frozen=True, eq=False)
class Transfer:
    """A cell's DC transfer: (n,) arrays against the device's input current, and the seconds that ngspice took.

    `divider_w` and `inverters_w` are what the cell draws from its supplies; the heavy metal's heat is not in them.
    """

    cell: Cell
    curve: str
    cards: str
    current_a: NDArray[np.float64]
    divider_v: NDArray[np.float64]
    output_v: NDArray[np.float64]
    divider_w: NDArray[np.float64]
    inverters_w: NDArray[np.float64]
    seconds: float

    def at(self, values: NDArray[np.float64], current_a: float) -> float:
        """One of the transfer's arrays at a current, between its points by a straight line."""
        return float(np.interp(current_a, self.current_a, values))

    def normalised(self, full_scale_a: float) -> NDArray[np.float64]:
        """The output as the network sees it, (n,): 0 at zero input, 1 at `full_scale_a`."""
        zero, full = self.at(self.output_v, 0.0), self.at(self.output_v, full_scale_a)
        return (self.output_v - zero) / (full - zero)

    def slopes(self, range_a: float) -> Slopes:
        """Straight lines through the output on each side of zero, in volts per ampere.

        Raises:
            UserError: As `fit_slopes`.
        """
        return fit_slopes(self.current_a, self.output_v, range_a)


def transfer(
    cell: Cell,
    curve: ConductanceCurve,
    lowest_a: float,
    highest_a: float,
    points: int = TRANSFER_POINTS,
    cards: Cards | None = None,
) -> Transfer:
    """The cell's output and power at `points` evenly spaced input currents, by ngspice.

    Args:
        cards: None: the generic 16 nm cards.

    Raises:
        UserError: The curve does not cover the currents, these do not rise, and as `run`.
    """
    chosen = cards or load_cards()
    result = run(transfer_netlist(cell, curve, lowest_a, highest_a, points, chosen))
    (plot,) = result.plots
    divider_w, inverters_w = supplied_powers(cell, plot.vectors)
    return Transfer(
        cell=cell,
        curve=curve.name,
        cards=chosen.name,
        current_a=plot["v(in)"] * 1e-6,
        divider_v=plot["v(mid)"],
        output_v=plot["v(out)"],
        divider_w=divider_w,
        inverters_w=inverters_w,
        seconds=result.seconds,
    )


def transfer_netlist(
    cell: Cell, curve: ConductanceCurve, lowest_a: float, highest_a: float, points: int, cards: Cards
) -> str:
    """What `transfer` runs: a volt at the node `in` stands for a microampere.

    Raises:
        UserError: The curve does not cover the currents, or these do not rise.
    """
    if points < 2 or not lowest_a < highest_a:
        raise UserError(
            f"{points} points from {lowest_a * 1e6:g} to {highest_a * 1e6:g} µA are no sweep",
            "Give two points at least, and a highest current above the lowest",
        )
    rounding = 1e-9 * (highest_a - lowest_a)
    first, last = float(curve.current_a[0]), float(curve.current_a[-1])
    if lowest_a < first - rounding or highest_a > last + rounding:
        raise UserError(
            f"{curve.name} covers {first * 1e6:g} to {last * 1e6:g} µA, not the drive from {lowest_a * 1e6:g} to "
            f"{highest_a * 1e6:g} µA",
            "Drive it within its curve, or give a curve that reaches so far",
        )
    step = (highest_a - lowest_a) / (points - 1)
    end = highest_a + step / 4  # the sum of the steps may end beyond the highest by a rounding
    table = pairs(curve.current_a * 1e6, curve.conductance_s, ",")
    lines = [
        f"* {cell.name} with {one_line(curve.name)}, cards {cards.name}; a volt at in stands for a microampere",
        circuit_lines(cell, cards, f"pwl(v(in),{table})", curve.fall),
        "vin in 0 0",
        TOLERANCES,
        f".dc vin {lowest_a * 1e6:.9e} {end * 1e6:.9e} {step * 1e6:.9e}",
    ]
    return "\n".join(lines)
