"""What a pair of transistors does: the figures by which cards are judged, ours or a user's."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spingan.circuits.cards import Cards
from spingan.circuits.ngspice import run
from spingan.errors import UserError

STEP_V = 2e-3
LINEAR_V = 0.05  # drain voltage of the linear region: the usual convention
THRESHOLD_A = 1e-7  # drain current times length over width at threshold: the usual constant-current criterion


@dataclass(frozen=True)
class TransistorFigures:
    """One transistor at its node's length and supply; currents are per metre of width, voltages are magnitudes.

    The swing is the gate voltage from the off current to ten times that; the DIBL, in volts a volt, is what the full
    drain voltage saves of the gate voltage at ten times the off current.
    """

    linear_threshold_v: float
    saturation_threshold_v: float
    on_a_per_m: float
    off_a_per_m: float
    swing_v_per_decade: float
    dibl: float


@dataclass(frozen=True)
class CardFigures:
    """Both transistors, and an inverter of them with a p-channel twice as wide."""

    nmos: TransistorFigures
    pmos: TransistorFigures
    inverter_threshold_v: float
    inverter_gain: float


def card_figures(cards: Cards) -> CardFigures:
    """The figures of a pair of cards, by one DC sweep in ngspice.

    Raises:
        UserError: As `run`; or a transistor of the cards does not turn on and off within the node's supply.
    """
    length, supply = cards.technology.length_m, cards.technology.supply_v
    width = 10 * length  # wide: a card's edges count little
    (plot,) = run(_netlist(cards, width, supply)).plots
    gate, output = plot["v(g)"], plot["v(out)"]
    currents = {drain: np.abs(plot[f"i(v{drain})"]) for drain in ("nl", "ns", "pl", "ps")}
    for drain, current in currents.items():
        if not current[0] < THRESHOLD_A * width / length < current[-1]:
            raise UserError(
                f"cards {cards.name}: the {drain[0]}-channel transistor carries {current[0]:.3g} A off and "
                f"{current[-1]:.3g} A on at {supply:g} V: it does not switch",
                f"Are these cards for {cards.node}, at {length * 1e9:g} nm?",
            )
    return CardFigures(
        nmos=_figures(gate, currents["nl"], currents["ns"], length, width, supply),
        pmos=_figures(gate, currents["pl"], currents["ps"], length, width, supply),
        inverter_threshold_v=float(np.interp(0.0, gate - output, gate)),
        inverter_gain=float(-np.gradient(output, gate).min()),
    )


def _netlist(cards: Cards, width_m: float, supply_v: float) -> str:
    """Each transistor twice, at a low and at the full drain voltage, and an inverter; one sweep of all gates."""
    lines = [
        f"figures of {cards.name}",
        cards.text,
        "vg g 0 0",
        "en gp 0 0 g 1",
        f"vnl nl 0 {LINEAR_V:g}",
        f"vns ns 0 {supply_v:g}",
        f"vpl pl 0 {-LINEAR_V:g}",
        f"vps ps 0 {-supply_v:g}",
        f"vdd vdd 0 {supply_v:g}",
        cards.transistor("nl", "nl g 0 0", "nmos", width_m),
        cards.transistor("ns", "ns g 0 0", "nmos", width_m),
        cards.transistor("pl", "pl gp 0 0", "pmos", width_m),
        cards.transistor("ps", "ps gp 0 0", "pmos", width_m),
        cards.transistor("ni", "out g 0 0", "nmos", width_m),
        cards.transistor("pi", "out g vdd vdd", "pmos", 2 * width_m),
        ".options gmin=1e-15",
        f".dc vg 0 {supply_v:g} {STEP_V:g}",
    ]
    return "\n".join(lines)


def _figures(
    gate_v: NDArray[np.float64],
    linear_a: NDArray[np.float64],
    saturated_a: NDArray[np.float64],
    length_m: float,
    width_m: float,
    supply_v: float,
) -> TransistorFigures:
    at_threshold = THRESHOLD_A * width_m / length_m
    off = saturated_a[0]
    return TransistorFigures(
        linear_threshold_v=_gate(at_threshold, linear_a, gate_v),
        saturation_threshold_v=_gate(at_threshold, saturated_a, gate_v),
        on_a_per_m=float(saturated_a[-1] / width_m),
        off_a_per_m=float(off / width_m),
        swing_v_per_decade=_gate(10 * off, saturated_a, gate_v),
        dibl=(_gate(10 * off, linear_a, gate_v) - _gate(10 * off, saturated_a, gate_v)) / (supply_v - LINEAR_V),
    )


def _gate(current_a: float, currents_a: NDArray[np.float64], gate_v: NDArray[np.float64]) -> float:
    """The gate voltage at which a current flows."""
    return float(np.interp(np.log(current_a), np.log(currents_a), gate_v))
