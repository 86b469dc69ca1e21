"""What a pair of transistors does: the figures by which cards are judged, ours or a user's."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

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
    at_threshold = THRESHOLD_A * width / length

    def gate_at(current_a: float, drain: str) -> float:
        """The gate voltage at which a current flows."""
        return float(np.interp(np.log(current_a), np.log(currents[drain]), gate))

    def figures(kind: Literal["n", "p"]) -> TransistorFigures:
        linear, full = f"{kind}l", f"{kind}s"
        off_a, on_a = currents[full][0], currents[full][-1]
        return TransistorFigures(
            linear_threshold_v=gate_at(at_threshold, linear),
            saturation_threshold_v=gate_at(at_threshold, full),
            on_a_per_m=float(on_a / width),
            off_a_per_m=float(off_a / width),
            swing_v_per_decade=gate_at(10 * off_a, full),
            dibl=(gate_at(10 * off_a, linear) - gate_at(10 * off_a, full)) / (supply - LINEAR_V),
        )

    return CardFigures(
        nmos=figures("n"),
        pmos=figures("p"),
        inverter_threshold_v=float(np.interp(0.0, gate - output, gate)),
        inverter_gain=float(-np.gradient(output, gate).min()),
    )


def _netlist(cards: Cards, width_m: float, supply_v: float) -> str:
    """Each transistor twice, at a low and at the full drain voltage, and an inverter; one sweep of all gates."""
    lines = [f"figures of {cards.name}", cards.text, "vg g 0 0", "en gp 0 0 g 1", f"vdd vdd 0 {supply_v:g}"]
    for kind, gate, sign in (("n", "g", 1), ("p", "gp", -1)):
        for region, drain_v in (("l", LINEAR_V), ("s", supply_v)):
            drain = f"{kind}{region}"
            lines.append(f"v{drain} {drain} 0 {sign * drain_v:g}")
            lines.append(cards.transistor(drain, f"{drain} {gate} 0 0", "nmos" if kind == "n" else "pmos", width_m))
    lines += [
        cards.transistor("ni", "out g 0 0", "nmos", width_m),
        cards.transistor("pi", "out g vdd vdd", "pmos", 2 * width_m),
        ".options gmin=1e-15",
        f".dc vg 0 {supply_v:g} {STEP_V:g}",
    ]
    return "\n".join(lines)
