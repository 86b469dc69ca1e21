"""A cell for any device: the divider's resistor and rails, so that one inverter keeps the device's shape.

The printed resistor suits the printed device alone: an inverter of gain 9 bears a divider that moves by some 40 mV
about its threshold, and a device that changes by half puts it into a rail. A resistor below the device's keeps the
divider straight, and rails of the divider's own set how far it moves, and about which voltage.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from spingan.circuits.cards import Cards, load_cards
from spingan.circuits.domain_wall_cells import Cell, ConductanceCurve
from spingan.circuits.ngspice import run
from spingan.devices.wall_curve import fit_slopes
from spingan.devices.wall_transfer_fit import least_by_evolution
from spingan.errors import UserError

OUTPUT_SWING_V = 0.3  # from zero to full scale: half of the rails, where the inverter is still straight; assumed
MOST_READ_V = 0.35  # across the junctions: what the printed divider puts there (docs/derivations.md, section 1)
WIDTHS = 32  # times the printed ones: transistors that differ about as little as the junctions do; see `monte_carlo`
POINTS = 201  # of the comparison with the ideal, over plus and minus full scale
STEP_V = 1e-3
ROUND_OHM, ROUND_V = 10.0, 1e-3  # of what is found: no resistor is made more exactly
RESISTOR_SHARES = (0.02, 2.0)  # of the device's largest resistance, within which it is sought
VOLTAGES_V, LOW_RAILS_V = (0.1, 1.0), (-0.5, 0.4)  # of the divider, within which they are sought
HOPELESS = 10.0
MOST_MISS = 0.2  # of full scale: a cell that misses by more has failed


@dataclass(frozen=True)
class CellFit:
    """A fitted cell, and its largest deviation from the ideal in parts of full scale, by the inverter's own sweep."""

    cell: Cell
    deviation: float


def fit_cell(
    base: Cell,
    curve: ConductanceCurve,
    full_scale_a: float,
    slope: float,
    cards: Cards | None = None,
    seed: int = 0,
) -> CellFit:
    """The cell with one inverter whose output is closest to the ReLU of `slope` below zero, over ±`full_scale_a`.

    Resistor and divider rails are searched; `base` gives the inverter's rails, whose transistors are made `WIDTHS`
    times as wide.

    Raises:
        UserError: No divider brings the curve near the ideal; and as `run`.
    """
    chosen = cards or load_cards()
    wide = replace(base, inverters=1, nmos_ratio=WIDTHS * base.nmos_ratio, pmos_ratio=WIDTHS * base.pmos_ratio)
    gate_v, output_v = _inverter(wide, chosen)
    u = np.linspace(-1, 1, POINTS)
    conductance = np.interp(u * full_scale_a, curve.current_a, curve.conductance_s)
    ideal = np.where(u > 0, u, slope * u)
    largest_ohm = 1 / float(conductance.min())

    def deviation(ohm: float, voltage: float, low: float) -> float:
        drop = voltage / (1 + ohm * conductance)
        output = np.interp(low + drop, gate_v, output_v)
        gain, miss = _miss(output, ideal)
        if gain <= 0:
            return HOPELESS
        ratio = fit_slopes(u, output, 1.0).ratio
        wanted = 20 * max(0.0, OUTPUT_SWING_V - gain) + 20 * max(0.0, float(drop.max()) - MOST_READ_V)
        return miss + abs(ratio - slope) + wanted

    def judged(shares: NDArray[np.float64]) -> float:
        return deviation(*_in_limits(shares, limits))

    limits = ((RESISTOR_SHARES[0] * largest_ohm, RESISTOR_SHARES[1] * largest_ohm), VOLTAGES_V, LOW_RAILS_V)
    numbers, _ = least_by_evolution(judged, 3, seed, population=12, generations=80)
    ohm, voltage, low = _in_limits(numbers, limits)
    high, low = (round(value / ROUND_V) * ROUND_V for value in (low + voltage, low))
    cell = replace(
        wide,
        name=f"{base.name}_fitted",
        reference_ohm=round(ohm / ROUND_OHM) * ROUND_OHM,
        divider_rails_v=(round(high, 6), round(low, 6)),
        source=f"resistor, divider's rails and width fitted to {curve.name}; inverter's rails: {base.source}",
    )
    drop = (high - low) / (1 + cell.reference_ohm * conductance)
    _, miss = _miss(np.interp(low + drop, gate_v, output_v), ideal)
    if miss > MOST_MISS:
        raise UserError(
            f"no divider brings {curve.name} within {MOST_MISS:.0%} of a ReLU of slope {slope:g}: the best misses by "
            f"{miss:.0%}",
            "Take the printed cell, or another curve: the device's own conductance bends too much",
        )
    return CellFit(cell, miss)


def _in_limits(shares: NDArray[np.float64], limits: Sequence[tuple[float, float]]) -> list[float]:
    """Numbers from their places, 0 to 1, between their limits."""
    return [low + share * (high - low) for share, (low, high) in zip(shares.tolist(), limits, strict=True)]


def _miss(output: NDArray[np.float64], ideal: NDArray[np.float64]) -> tuple[float, float]:
    """The ideal's factor and the largest deviation from the ideal so stretched and moved, in parts of the factor."""
    centred = ideal - ideal.mean()
    gain = float(centred @ output / (centred @ centred))
    left_over = output - gain * ideal
    miss = float(np.ptp(left_over)) / 2
    return gain, miss / gain if gain > 0 else np.inf


def _inverter(cell: Cell, cards: Cards) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The inverter's output against its gate, from one rail to the other."""
    length = cards.technology.length_m
    lines = [
        f"* inverter of {cell.name}",
        cards.text.rstrip(),
        f"vhi hi 0 {cell.high_rail_v:.9e}",
        f"vli li 0 {cell.low_rail_v:.9e}",
        "vg g 0 0",
        cards.transistor("n", "out g li li", "nmos", cell.nmos_ratio * length),
        cards.transistor("p", "out g hi hi", "pmos", cell.pmos_ratio * length),
        ".options reltol=1e-6 vntol=1e-9",
        f".dc vg {cell.low_rail_v:.9e} {cell.high_rail_v:.9e} {STEP_V:g}",
    ]
    (plot,) = run("\n".join(lines)).plots
    return plot["v(g)"], plot["v(out)"]
