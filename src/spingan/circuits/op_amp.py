"""Paper M's op-amp (two stages with Miller compensation), what is built of it, and its figures by frequency response.

Transistors 1 and 2 are the pair, 3 and 4 its mirror, 5 the tail, 6 and 7 the output stage, 8 and 9 the bias. Paper M
prints no schematic and no size; the textbook's simplest op-amp that settles into a crossbar within its 100 ns pulses
is assumed.
"""

from dataclasses import dataclass

import numpy as np

from spingan.circuits.cards import Cards, load_cards
from spingan.circuits.ngspice import run
from spingan.circuits.subcircuit import Capacitor, Part, Resistor, Subcircuit, Transistor, Use
from spingan.errors import UserError

PORTS = ("inp", "inn", "out", "vdd", "vss")
SOURCE = "paper M, Table I; topology and sizes assumed"


@dataclass(frozen=True)
class TwoStageSizes:
    """Widths in metres and one length. With equal bias the output stage balances the pair where

    output_p / mirror = 2 output_n / tail: then there is no systematic offset.
    """

    pair_m: float
    mirror_m: float
    tail_m: float
    output_p_m: float
    output_n_m: float
    bias_n_m: float
    bias_p_m: float
    length_m: float


# Assumed. 32/8 of the tail's current in the output stage sinks 1 mA: ten memristors of 4 kΩ at 0.4 V. The mirror is
# wide so that its gates stay near the supply, and the input may come near it too.
OP_AMP_SIZES = TwoStageSizes(20e-6, 40e-6, 8e-6, 320e-6, 32e-6, 4e-6, 3.2e-6, 0.36e-6)
COMPARATOR_SIZES = TwoStageSizes(4e-6, 4e-6, 2e-6, 8e-6, 2e-6, 2e-6, 1.6e-6, 0.18e-6)
COMPENSATION_F = 0.4e-12  # assumed: a phase margin of 60° with 0.1 pF at the output
NULLING_OHM = 400.0  # assumed: about one over the output transistor's transconductance
INVERTING_OHM = 10e3  # assumed: within paper M's 4 to 25 kΩ, so that both may be memristors


def op_amp(sizes: TwoStageSizes = OP_AMP_SIZES) -> Subcircuit:
    """The op-amp: ports inp, inn, out, vdd, vss."""
    compensation = (
        Capacitor("c", "second nulled", COMPENSATION_F),
        Resistor("z", "nulled out", NULLING_OHM),
    )
    return Subcircuit("op_amp", PORTS, (*two_stages(sizes), *compensation), SOURCE)


def comparator(sizes: TwoStageSizes = COMPARATOR_SIZES) -> Subcircuit:
    """The comparator: ports as the op-amp's; it is never fed back, so it needs no compensation."""
    return Subcircuit("comparator", PORTS, two_stages(sizes), SOURCE)


def follower() -> Subcircuit:
    """The op-amp with its output fed back: ports in, out, vdd, vss."""
    return Subcircuit("follower", ("in", "out", "vdd", "vss"), (Use("a", op_amp(), "in out out vdd vss"),), SOURCE)


def inverting_amplifier(resistance_ohm: float = INVERTING_OHM) -> Subcircuit:
    """The op-amp with two equal resistors, of gain -1: ports in, out, vdd, vss."""
    return Subcircuit(
        "inverting_amplifier",
        ("in", "out", "vdd", "vss"),
        (
            Resistor("in", "in sum", resistance_ohm),
            Resistor("back", "sum out", resistance_ohm),
            Use("a", op_amp(), "0 sum out vdd vss"),
        ),
        SOURCE,
    )


def two_stages(sizes: TwoStageSizes) -> tuple[Part, ...]:
    """The nine transistors; `second` is the first stage's output."""
    length = sizes.length_m
    return (
        Transistor("1", "first inn tail vss", "nmos", sizes.pair_m, length),
        Transistor("2", "second inp tail vss", "nmos", sizes.pair_m, length),
        Transistor("3", "first first vdd vdd", "pmos", sizes.mirror_m, length),
        Transistor("4", "second first vdd vdd", "pmos", sizes.mirror_m, length),
        Transistor("5", "tail bias vss vss", "nmos", sizes.tail_m, length),
        Transistor("6", "out second vdd vdd", "pmos", sizes.output_p_m, length),
        Transistor("7", "out bias vss vss", "nmos", sizes.output_n_m, length),
        Transistor("8", "bias bias vss vss", "nmos", sizes.bias_n_m, length),
        Transistor("9", "bias bias vdd vdd", "pmos", sizes.bias_p_m, length),
    )


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
