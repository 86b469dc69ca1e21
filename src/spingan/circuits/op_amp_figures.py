"""The op-amp's figures by its frequency response: gain, bandwidth, phase margin, and its offset."""

from dataclasses import dataclass

import numpy as np

from spingan.circuits.cards import Cards, load_cards
from spingan.circuits.ngspice import run
from spingan.circuits.op_amp import op_amp
from spingan.errors import UserError

LOAD_OHM, LOAD_F = 10e3, 0.1e-12  # assumed, as of every cell
FIRST_HZ, LAST_HZ, POINTS_PER_DECADE = 10.0, 1e11, 20
HELD_H, HELD_F = 1e3, 1.0  # feedback for the operating point only: closed below a millihertz


@dataclass(frozen=True)
class OpAmpFigures:
    """The open loop into 10 kΩ and 0.1 pF; the offset is the follower's output at 0 V in."""

    gain: float
    unity_gain_hz: float
    phase_margin_deg: float
    offset_v: float


def op_amp_figures(cards: Cards | None = None) -> OpAmpFigures:
    """The figures, by one frequency response in ngspice, whose operating point is the follower's.

    Args:
        cards: None: the generic 180 nm cards.

    Raises:
        UserError: As `run`; or the gain does not fall through 1 within the frequencies.
    """
    chosen = cards or load_cards(node="180nm")
    plots = run(_netlist(chosen)).plots
    response = next(plot for plot in plots if "frequency" in plot.vectors)
    rest = next(plot for plot in plots if "frequency" not in plot.vectors)
    gain, phase = np.abs(response["v(out)"]), np.degrees(np.unwrap(np.angle(response["v(out)"])))
    frequency = np.real(response["frequency"])
    below = np.flatnonzero(gain < 1)
    if gain[0] <= 1 or below.size == 0:
        raise UserError(
            f"cards {chosen.name}: the op-amp's gain is {gain[0]:.3g} and does not fall through 1",
            "Are these cards for 180 nm?",
        )
    at = slice(int(below[0]) - 1, int(below[0]) + 1)
    unity = float(np.exp(np.interp(0.0, -np.log(gain[at]), np.log(frequency[at]))))
    return OpAmpFigures(
        gain=float(gain[0]),
        unity_gain_hz=unity,
        phase_margin_deg=float(180 + np.interp(np.log(unity), np.log(frequency), phase)),
        offset_v=float(rest["v(out)"][0]),
    )


def _netlist(cards: Cards) -> str:
    rail_v = cards.technology.supply_v / 2
    lines = [
        f"op_amp, open loop; cards {cards.name}",
        cards.text.rstrip(),
        op_amp().text(cards),
        f"vvdd vdd 0 {rail_v:.6e}",
        f"vvss vss 0 {-rail_v:.6e}",
        "vin in 0 dc 0 ac 1",
        op_amp().line("cell", "in held out vdd vss"),
        f"lheld out held {HELD_H:g}",
        f"cheld held 0 {HELD_F:g}",
        f"rload out 0 {LOAD_OHM:.6e}",
        f"cload out 0 {LOAD_F:.6e}",
        ".op",
        f".ac dec {POINTS_PER_DECADE} {FIRST_HZ:g} {LAST_HZ:g}",
    ]
    return "\n".join(lines)
