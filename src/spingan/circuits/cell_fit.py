"""A cell for any device: the divider's resistor and rails, so that one inverter keeps the device's shape.

The printed resistor suits the printed device alone: an inverter of gain 9 bears a divider that moves by some 40 mV
about its threshold, and a device that changes by half puts it into a rail. A resistor below the device's keeps the
divider straight, and rails of the divider's own set how far it moves, and about which voltage.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from spingan.circuits.cards import GENERIC_16NM, Cards
from spingan.circuits.domain_wall_cells import Cell, DeviceTable
from spingan.circuits.ngspice import run
from spingan.devices.wall_curve import fit_slopes
from spingan.devices.wall_design import least_by_evolution
from spingan.errors import UserError

OUTPUT_SWING_V = 0.3  # from zero to full scale, at least: half of the rails; assumed
MOST_READ_V = 0.35  # across the junctions: what the printed divider puts there (docs/derivations.md, section 1)
WIDTHS = 32  # times the printed ones: transistors that differ about as little as the junctions do; see `monte_carlo`
# Inputs are weighed by a normal distribution of this deviation over full scale. In the shipped Fashion-MNIST generator
# they have 0.056 to 0.079, for full scale is the largest of them all: a device's soft knee matters most, and the
# inverter's own bend can straighten it. Weighed so, the knee lies where the inverter's gain is high, and made cells
# differ by 40 % in offset; weighed evenly they differ by 10 %, and the knee stays soft. Between the two: chosen.
DRIVE = 0.3
POINTS = 201  # of the comparison with the ideal, over plus and minus full scale
STEP_V = 1e-3
ROUND_OHM, ROUND_V = 10.0, 1e-3  # of what is found: no resistor is made more exactly
RESISTOR_SHARES = (0.02, 2.0)  # of the device's largest resistance, within which it is sought
VOLTAGES_V, LOW_RAILS_V = (0.1, 1.0), (-0.5, 0.4)  # of the divider, within which they are sought
HOPELESS = 10.0
MOST_MISFIT = 0.3  # a cell above it has failed


def fit_cell(
    base: Cell,
    curve: DeviceTable,
    full_scale_a: float,
    slope: float,
    cards: Cards = GENERIC_16NM,
    seed: int = 0,
) -> tuple[Cell, float]:
    """The cell with one inverter whose output is closest to the ReLU of `slope` below zero, over ±`full_scale_a`.

    Resistor and divider rails are searched; `base` gives the inverter's rails, whose transistors are made `WIDTHS`
    times as wide. Inputs are weighed as nets drive (`DRIVE`). Also returns the root mean square distance from the
    ideal, in parts of the ideal's.

    Raises:
        UserError: No divider brings the curve near the ideal; and as `run`.
    """
    wide = replace(base, inverters=1, nmos_ratio=WIDTHS * base.nmos_ratio, pmos_ratio=WIDTHS * base.pmos_ratio)
    gate_v, output_v = _inverter(wide, cards)
    u = np.linspace(-1, 1, POINTS)
    conductance = np.interp(u * full_scale_a, curve.current_a, curve.conductance_s)
    ideal = np.where(u > 0, u, slope * u)
    resistors_ohm = np.array(RESISTOR_SHARES) * (1 / float(conductance.min()))
    lowest, highest = np.array([resistors_ohm, VOLTAGES_V, LOW_RAILS_V]).T

    def cost(shares: NDArray[np.float64]) -> float:
        ohm, voltage, low = (lowest + shares * (highest - lowest)).tolist()
        drop = voltage / (1 + ohm * conductance)
        output = np.interp(low + drop, gate_v, output_v)
        span = float(output[-1] - np.interp(0.0, u, output))
        if span <= 0:
            return HOPELESS
        below = fit_slopes(u, output / span, 1.0).negative  # as conversion judges a leaky ReLU
        wanted = max(0.0, OUTPUT_SWING_V - span) + max(0.0, float(drop.max()) - MOST_READ_V)
        return distance(u, output, ideal) + abs(below - slope) + 20 * wanted

    numbers, _ = least_by_evolution(cost, 3, seed, population=12, generations=80)
    ohm, voltage, low = (lowest + numbers * (highest - lowest)).tolist()
    high, low = (round(round(value / ROUND_V) * ROUND_V, 6) for value in (low + voltage, low))
    cell = replace(
        wide,
        name=f"{base.name}_fitted",
        reference_ohm=round(ohm / ROUND_OHM) * ROUND_OHM,
        divider_rails_v=(high, low),
        source=f"resistor, divider's rails and width fitted to {curve.name}; inverter's rails: {base.source}",
    )
    drop = (high - low) / (1 + cell.reference_ohm * conductance)
    misfit = distance(u, np.interp(low + drop, gate_v, output_v), ideal)
    if misfit > MOST_MISFIT:
        raise UserError(
            f"no divider brings {curve.name} near a ReLU of slope {slope:g}: the best misses by {misfit:.0%}",
            "Take the printed cell, or another curve: the device's own conductance bends too much",
        )
    return cell, misfit


def distance(u: NDArray[np.float64], output: NDArray[np.float64], ideal: NDArray[np.float64]) -> float:
    """Root mean square distance of outputs (n,) at inputs u (n,), which are weighed, from the ideal.

    The ideal is stretched and moved as fits best; in parts of the stretched one.
    """
    weights = np.exp(-(u**2) / (2 * DRIVE**2))
    weights /= weights.sum()
    centred, moved = ideal - weights @ ideal, output - weights @ output
    gain = float(weights @ (centred * moved) / (weights @ centred**2))
    if gain <= 0:
        return HOPELESS
    return float(np.sqrt(weights @ (moved - gain * centred) ** 2 / (weights @ (gain * centred) ** 2)))


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
