"""An auto-zero for paper S's cells: the offset is stored on a capacitor in the reset and subtracted in the evaluation.

Output-offset storage (Razavi and Wooley, IEEE J. Solid-State Circuits 27, 1916 (1992); Enz and Temes, Proc. IEEE 84,
1584 (1996)): a capacitor follows the inverter, and in the reset, while the input is off, a switch ties its far end to a
reference. It suits this cell, whose gain of 6 to 9 is too small for input-offset storage, which would leave the
inverter's own threshold at the output, over a span of 54 mV in the printed cell. It takes the divider's offset out
too, and what the switch injects is alike in all cells, since its end always stands at the reference. Gain and slope
stay as they are: the inverter keeps its operating point.

What hangs on the far end must draw no current: a gate.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spingan.circuits.cards import Cards
from spingan.circuits.domain_wall_cells import (
    Cell,
    Deviation,
    DeviceTable,
    element_lines,
    supplied_powers,
    supply_lines,
)
from spingan.circuits.domain_wall_response import Waveform
from spingan.circuits.messages import NoSolution
from spingan.circuits.monte_carlo import Mismatch, deviation, factor, junction_parts
from spingan.circuits.ngspice import Run, pairs, run
from spingan.errors import UserError
from spingan.physics.constants import BOLTZMANN

HOLD_S = 10e-9  # paper S names 9.8 ns as the longest evaluation
SWITCH_RATIO = 8.0  # width over length of the switch: some kilohms, below the inverter's output resistance; assumed
LOAD_F = 1e-15  # the next gate and its wire: some gates of the printed inverter; assumed
EDGE_S = 10e-12  # of the clock: about half of what the cell's own circuit takes for a jump; assumed
EXCESS = 1.0  # thermal noise of a short channel over that of its transconductance (a long one: 2/3); assumed
EXCESS_OF_A_PAIR = 4.0  # the same of a differential pair with its mirrors; assumed
SAMPLED = 0.004  # of the span: noise that the capacitor may sample, so that 0.3 % is left for the offset; assumed
STORED = 1e-4  # of the span: how far from its end the output may be where the switch opens, and when it has; assumed
TEMPERATURE_K = 300.15  # ngspice's own 27 °C
LONGEST_S = 1e-4  # that a reset is waited for
# Charges here are of some attocoulombs, and leakages of some picoamperes: ngspice's own limits lie far above them.
TOLERANCES = ".options reltol=1e-5 vntol=1e-9 abstol=1e-15 chgtol=1e-21 gmin=1e-15"
LOOSER = (
    ".options reltol=2e-5 vntol=1e-9 abstol=1e-14 chgtol=1e-21 gmin=1e-15"  # either alone sufficed where it was tried
)
TIME_LIMIT_S = 300.0


@dataclass(frozen=True)
class AutoZero:
    """The hold capacitor and its switch, an n-channel transistor.

    Attributes:
        hold_f: the capacitor.
        reference_v: where its far end is tied in the reset: the drawn cell's output at zero, so that levels stay.
        hold_s: how long an offset must last: from the switch's opening to the next reset.
        switch_ratio: the switch's width over its length, which is the cards' own.

    Raises:
        UserError: A capacitance, time or ratio that is not positive.
    """

    hold_f: float
    reference_v: float
    hold_s: float = HOLD_S
    switch_ratio: float = SWITCH_RATIO
    load_f: float = LOAD_F

    def __post_init__(self) -> None:
        must_be_a_hold(self.hold_s, self.hold_f)
        if not 0 < self.switch_ratio < np.inf:
            raise UserError(f"the switch's width over length is {self.switch_ratio:g}", "It must be above 0")


def must_be_a_hold(hold_s: float | None, hold_f: float | None) -> None:
    """Refuse a hold time or hold capacitor that is none; None is a default.

    Raises:
        UserError: One is not above 0, or not finite.
    """
    if hold_s is not None and not 0 < hold_s < np.inf:
        raise UserError(f"the hold time is {hold_s * 1e9:g} ns", "Give a time above 0")
    if hold_f is not None and not 0 < hold_f < np.inf:
        raise UserError(f"the hold capacitor is {hold_f * 1e15:g} fF", "Give a capacitance above 0")


def sampled_noise_v(hold_f: float, gain: float) -> float:
    """What the capacitor samples of the circuit's noise where the switch opens, rms: sqrt(kT (1 + γ A) / C).

    The inverter's output resistance sees the channels' noise times its gain A (γ: `EXCESS`); the switch adds kT/C at
    most. It is new in every cycle. Noise of the device itself is not in it.
    """
    return float(np.sqrt(BOLTZMANN * TEMPERATURE_K * (1 + EXCESS * abs(gain)) / hold_f))


def hold_for(span_v: float, gain: float) -> float:
    """The smallest capacitor, in farads, that samples `SAMPLED` of the span at most."""
    return (sampled_noise_v(1.0, gain) / (SAMPLED * span_v)) ** 2


@dataclass(frozen=True)
class MadeCell:
    """An instance: how the cell's parts and the switch's threshold (volts) and mobility (factor) deviate."""

    parts: Deviation
    switch: tuple[float, float]


def drawn_cell(cell: Cell) -> MadeCell:
    """The cell as it is drawn."""
    return MadeCell(Deviation(1.0, 1.0, 1.0, ((0.0, 1.0),) * (2 * cell.inverters)), (0.0, 1.0))


def made_cell(cell: Cell, zero: AutoZero, cards: Cards, mismatch: Mismatch, seed: int, number: int) -> MadeCell:
    """Instance `number`: the cell is that of `monte_carlo.deviation`, and its switch is drawn beside it."""
    drawn = np.random.default_rng([seed, number, 2]).standard_normal(2)
    per_side_m = cards.technology.length_m * np.sqrt(2 * zero.switch_ratio)
    switch = float(mismatch.threshold_v_m / per_side_m * drawn[0]), factor(mismatch.mobility_m / per_side_m, drawn[1])
    return MadeCell(deviation(cell, cards, mismatch, seed, number), switch)


@dataclass(frozen=True, eq=False)
class Cycle:
    """A reset and an evaluation: the junctions' conductances in time, in siemens, and when the switch opens.

    `time_s`, `left_s` and `right_s` are (n,). The switch is closed from 0 to `open_s`, or to the end if that is None.
    """

    time_s: NDArray[np.float64]
    left_s: NDArray[np.float64]
    right_s: NDArray[np.float64]
    open_s: float | None
    end_s: float
    rest_s: float = 0.0

    @property
    def begins_s(self) -> float:
        """When the evaluation begins: the switch is open, and `rest_s` have passed."""
        return self.end_s if self.open_s is None else self.open_s + EDGE_S + self.rest_s


def cycle(
    curve: DeviceTable,
    back: Waveform,
    forth: Waveform | None,
    open_s: float | None,
    end_s: float,
    rest_s: float = 0.0,
) -> Cycle:
    """A cycle: the device goes `back` to zero, the switch opens, and after `rest_s` the device goes `forth`, or stays.

    Both waveforms are moved so that their zero is the curve's: they come from another model of the wall.
    """
    at_zero = float(np.interp(0.0, curve.current_a, curve.conductance_s))
    left, right = (
        float(np.interp(0.0, curve.current_a, part)) for part in junction_parts(curve.current_a, curve.conductance_s)
    )
    within = end_s if open_s is None else open_s
    kept = back.time_s < within - EDGE_S / 1000  # ngspice finds no step between corners that nearly coincide
    times, values = back.time_s[kept], back.conductance_s[kept] + (at_zero - back.conductance_s[-1])
    if forth is not None and open_s is not None:
        times = np.concatenate([times, open_s + EDGE_S + rest_s + forth.time_s])
        values = np.concatenate([values, forth.conductance_s + (at_zero - forth.conductance_s[0])])
    change = values - at_zero
    return Cycle(times, left + np.minimum(change, 0.0), right + np.maximum(change, 0.0), open_s, end_s, rest_s)


def cycle_netlist(
    cell: Cell, cards: Cards, curve: DeviceTable, zero: AutoZero, through: Cycle, made: Sequence[MadeCell]
) -> str:
    """Instances through a cycle: `out_0`, ... are the inverters' outputs, `held_0`, ... the capacitors' far ends.

    They share the supplies, the reference (`vref`), the clock (`vclock`) and the device's motion: a volt at `gl` and
    `gr` is a millisiemens of a junction. Capacitor, switch and load of number n are chold_n, mswitch_n and cload_n.
    """
    low, high = cell.low_rail_v, cell.high_rail_v
    clock = f"0 {low:.9e} {EDGE_S:.6e} {high:.9e}"
    if through.open_s is not None:
        clock += f" {through.open_s:.9e} {high:.9e} {through.open_s + EDGE_S:.9e} {low:.9e}"
    lines = [
        f"* {cell.name}, auto-zero",
        cards.text.rstrip(),
        *supply_lines(cell),
        f"vref ref 0 {zero.reference_v:.9e}",
        f"vclock clock 0 pwl({clock})",
        f"vgl gl 0 pwl({pairs(through.time_s, through.left_s * 1e3, ' ')})",
        f"vgr gr 0 pwl({pairs(through.time_s, through.right_s * 1e3, ' ')})",
    ]
    width_m = zero.switch_ratio * cards.technology.length_m
    for number, one in enumerate(made):
        conductance = f"({one.parts.left:.9e}*v(gl)+{one.parts.right:.9e}*v(gr))*1e-3"
        lines += element_lines(cell, cards, conductance, curve.fall, f"_{number}", one.parts)
        switch = cards.transistor(f"switch_{number}", f"held_{number} clock ref li", "nmos", width_m)
        lines += [
            f"chold_{number} out_{number} held_{number} {zero.hold_f:.9e}",
            f"{switch} delvto={one.switch[0]:.6e} mulu0={one.switch[1]:.6e}",
            f"cload_{number} held_{number} 0 {zero.load_f:.9e}",
        ]
    step = through.end_s / 50
    return "\n".join([*lines, TOLERANCES, f".tran {step:.9e} {through.end_s:.9e} 0 {step:.9e}"])


@dataclass(frozen=True, eq=False)
class CycleRun:
    """The drawn cell through a cycle, (n,) each; powers are those of `Transfer`, `clock_w` what the clock gives.

    `held_v` is the capacitor's far end, the trimmed cell's output.
    """

    through: Cycle
    time_s: NDArray[np.float64]
    output_v: NDArray[np.float64]
    held_v: NDArray[np.float64]
    divider_w: NDArray[np.float64]
    inverters_w: NDArray[np.float64]
    reference_w: NDArray[np.float64]
    clock_w: NDArray[np.float64]

    def energy_j(self, power_w: NDArray[np.float64], from_s: float, to_s: float) -> float:
        """The energy between two times."""
        inside = self.time_s[(self.time_s > from_s) & (self.time_s < to_s)]
        times = np.concatenate([[from_s], inside, [to_s]])
        return float(np.trapezoid(np.interp(times, self.time_s, power_w), times))

    def settled_s(self, values: NDArray[np.float64], within_v: float, from_s: float = 0.0) -> float:
        """How long after `from_s` values come within a voltage of their last one, for good."""
        off = (np.abs(values - values[-1]) > within_v) & (self.time_s >= from_s)
        last = int(np.flatnonzero(off)[-1]) + 1 if off.any() else int(np.searchsorted(self.time_s, from_s))
        return max(0.0, float(self.time_s[last]) - from_s)


def run_deck(netlist: str) -> Run:
    """A deck of a cycle by ngspice; once more with looser tolerances where it finds no step that is small enough.

    Whether it finds one at a switch's edge depends on the last digits of a processor's arithmetic.

    Raises:
        UserError: As `run`.
    """
    try:
        return run(netlist, time_limit_s=TIME_LIMIT_S)
    except NoSolution:
        return run(netlist.replace(TOLERANCES, LOOSER), time_limit_s=TIME_LIMIT_S)


def run_cycle(cell: Cell, cards: Cards, curve: DeviceTable, zero: AutoZero, through: Cycle) -> CycleRun:
    """The drawn cell through a cycle, by ngspice.

    Raises:
        UserError: As `run`.
    """
    (plot,) = run_deck(cycle_netlist(cell, cards, curve, zero, through, (drawn_cell(cell),))).plots
    divider_w, inverters_w = supplied_powers(cell, plot.vectors)
    # A driver gives the charge at the high rail and takes it at the low one, and a reference sinks what it takes.
    clock_w = np.maximum(-plot["i(vclock)"], 0.0) * (cell.high_rail_v - cell.low_rail_v)
    return CycleRun(
        through=through,
        time_s=plot["time"],
        output_v=plot["v(out_0)"],
        held_v=plot["v(held_0)"],
        divider_w=divider_w,
        inverters_w=inverters_w,
        reference_w=np.abs(plot["i(vref)"] * zero.reference_v),
        clock_w=clock_w,
    )


def storing_s(
    cell: Cell, cards: Cards, curve: DeviceTable, zero: AutoZero, back: Waveform, span_v: float
) -> tuple[float, float]:
    """How long the drawn cell takes to store its offset after full scale, and the time constant of the last of it.

    The time is that until the inverter's output stays within `STORED` of the span; in seconds, both.

    Raises:
        UserError: It does not store it within `LONGEST_S`; and as `run`.
    """
    length_s = 4 * float(back.time_s[-1])
    while length_s <= LONGEST_S:
        found = run_cycle(cell, cards, curve, zero, cycle(curve, back, None, None, length_s))
        stored, nearly = (found.settled_s(found.output_v, share * abs(span_v)) for share in (STORED, 100 * STORED))
        if stored < length_s / 2:
            return stored, (stored - nearly) / np.log(100)
        length_s *= 4
    raise UserError(
        f"the offset is not stored within {LONGEST_S * 1e6:g} µs on {zero.hold_f * 1e15:.3g} fF",
        "Give a smaller capacitor: --hold-ff",
    )
