"""A cell of paper M between its supplies: its DC transfer, and its answer to one of the paper's 100 ns pulses."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spingan.circuits.cards import GENERIC_180NM, Cards
from spingan.circuits.ngspice import dc_line, run
from spingan.circuits.raw_file import Plot
from spingan.circuits.subcircuit import Subcircuit
from spingan.errors import UserError

PULSE_S = 100e-9  # paper M, figure 4
LOAD_OHM = 10e3  # assumed: some memristors of the next stage
EDGE_S = 1e-9  # of a pulse: assumed, a hundredth of it
SETTLED = 0.01  # of the output's change: assumed
SWEEP_TOLERANCES = ".options reltol=1e-6 vntol=1e-9 gmin=1e-15"  # off transistors carry picoamperes
PULSE_TOLERANCES = ".options reltol=1e-4 vntol=1e-7"
STEP_S = 0.5e-9  # ngspice's longest, two hundred a pulse
TIME_LIMIT_S = 120.0


@dataclass(frozen=True)
class Bench:
    """A cell, and what it stands in. Its ports are nodes of the same names: `in` is driven, `out` is looked at.

    Attributes:
        load_ohm: from the output to ground; None: nothing.
        load_f: the next stage's and the wire's capacitance: assumed.
        input_a_per_v: what a driving volt stands for where the input is a current; None: it is a voltage.
        around: more lines of the netlist, such as what drives a control port; a source named `vin1` at a node `in1`
            is another input.
    """

    cell: Subcircuit
    load_ohm: float | None = LOAD_OHM
    load_f: float = 0.1e-12
    input_a_per_v: float | None = None
    around: tuple[str, ...] = ()

    def netlist(self, cards: Cards, drive: str, analysis: str) -> str:
        """The whole netlist, which runs as it is.

        Args:
            drive: the value of the source `vin`, in SPICE's words.
            analysis: its last lines.
        """
        rail_v = cards.technology.supply_v / 2
        lines = [f"{self.cell.name}, {self.cell.source}; cards {cards.name}", cards.text.rstrip()]
        lines.append(self.cell.text(cards))
        for end in self.cell.supplies:
            lines += [f"vvdd{end} vdd{end} 0 {rail_v:.6e}", f"vvss{end} vss{end} 0 {-rail_v:.6e}"]
        lines.append(f"vin {self.driven} 0 {drive}")
        if self.input_a_per_v is not None:
            lines.append(f"gin 0 in drive 0 {self.input_a_per_v:.6e}")
        lines.append(self.cell.line("cell", " ".join(self.cell.ports)))
        if self.load_ohm is not None:
            lines.append(f"rload out 0 {self.load_ohm:.6e}")
        return "\n".join([*lines, f"cload out 0 {self.load_f:.6e}", *self.around, analysis])

    def powers_w(self, cards: Cards, plot: Plot) -> dict[str, NDArray[np.float64]]:
        """What goes into the cell and its load: from each pair of supplies, by the pair's ending, and from `inputs`."""
        rail_v = cards.technology.supply_v / 2
        powers = {end: rail_v * (plot[f"i(vvss{end})"] - plot[f"i(vvdd{end})"]) for end in self.cell.supplies}
        inputs = [name[3:-1] for name in plot.vectors if re.fullmatch(r"i\(vin\d*\)", name)]
        nodes = [self.driven if name == "in" else name for name in inputs]
        given_w = [plot[f"i(v{name})"] * plot[f"v({node})"] for name, node in zip(inputs, nodes, strict=True)]
        powers["inputs"] = -np.sum(given_w, axis=0)
        return powers

    @property
    def driven(self) -> str:
        """The node of the driving voltage."""
        return "in" if self.input_a_per_v is None else "drive"

    @property
    def scale(self) -> float:
        """What a driving volt stands for, in the input's unit."""
        return self.input_a_per_v or 1.0


@dataclass(frozen=True, eq=False)
class CellTransfer:
    """A cell's DC transfer: (n,) arrays against the input in volts or amperes.

    `powers_w` is what each pair of supplies, and `inputs`, give.
    """

    cards: str
    input: NDArray[np.float64]
    output_v: NDArray[np.float64]
    powers_w: Mapping[str, NDArray[np.float64]]

    def at(self, value: float) -> float:
        """The output at an input, between the points by a straight line."""
        return float(np.interp(value, self.input, self.output_v))

    def power_at(self, value: float) -> float:
        """The power at an input, in watts, from all supplies and inputs together."""
        return float(sum(np.interp(value, self.input, power) for power in self.powers_w.values()))

    def slope(self, lowest: float, highest: float) -> float:
        """The least-squares slope of the output between two inputs."""
        inside = (self.input >= lowest) & (self.input <= highest)
        return float(np.polyfit(self.input[inside], self.output_v[inside], 1)[0])


@dataclass(frozen=True, eq=False)
class PulseResponse:
    """A cell through one pulse: (n,) arrays, from one pulse's length before it to one after it.

    Time 0 is where the input begins to move; `powers_w` is what each pair of supplies, and `inputs`, give.
    """

    cell: str
    cards: str
    time_s: NDArray[np.float64]
    input: NDArray[np.float64]
    output_v: NDArray[np.float64]
    powers_w: Mapping[str, NDArray[np.float64]]

    @property
    def delay_s(self) -> float:
        """From the input's half way to the output's, at the pulse's beginning.

        Raises:
            UserError: The output does not move.
        """
        return self._half_way(self.output_v) - self._half_way(self.input)

    @property
    def settled_s(self) -> float:
        """When the output comes, for good, within 1 % of its change of where it is at the pulse's end."""
        inside = (self.time_s >= 0) & (self.time_s <= PULSE_S)
        output, time = self.output_v[inside], self.time_s[inside]
        off = np.abs(output - output[-1]) > SETTLED * abs(output[-1] - output[0])
        return float(time[np.flatnonzero(off)[-1]]) if off.any() else 0.0

    def energy_j(self, supply: str | None = None) -> float:
        """What goes in during the pulse: from one pair of supplies or the inputs, or from all."""
        chosen = self.powers_w.values() if supply is None else (self.powers_w[supply],)
        times = np.concatenate([[0.0], self.time_s[(self.time_s > 0) & (self.time_s < PULSE_S)], [PULSE_S]])
        return float(sum(np.trapezoid(np.interp(times, self.time_s, power), times) for power in chosen))

    def _half_way(self, values: NDArray[np.float64]) -> float:
        inside = (self.time_s >= 0) & (self.time_s <= PULSE_S)
        time, moved = self.time_s[inside], values[inside] - values[inside][0]
        if moved[-1] == 0:
            raise UserError(f"{self.cell}: the output does not move: it has no delay", "Give a pulse that moves it")
        beyond = int(np.flatnonzero(moved / moved[-1] >= 0.5)[0])
        return float(np.interp(0.5, moved[beyond - 1 : beyond + 1] / moved[-1], time[beyond - 1 : beyond + 1]))


def sweep_netlist(bench: Bench, lowest: float, highest: float, points: int, cards: Cards) -> str:
    """The netlist of a DC transfer, inputs in volts or amperes.

    Raises:
        UserError: Inputs that do not rise, or fewer than two points.
    """
    analysis = dc_line("vin", lowest / bench.scale, highest / bench.scale, points)
    return bench.netlist(cards, "0", f"{SWEEP_TOLERANCES}\n{analysis}")


def sweep(bench: Bench, lowest: float, highest: float, points: int, cards: Cards = GENERIC_180NM) -> CellTransfer:
    """The cell's output and powers at evenly spaced inputs, by ngspice.

    Raises:
        UserError: As `sweep_netlist` and `run`.
    """
    (plot,) = run(sweep_netlist(bench, lowest, highest, points, cards), time_limit_s=TIME_LIMIT_S).plots
    return CellTransfer(
        cards=cards.name,
        input=np.linspace(lowest, highest, points),
        output_v=plot["v(out)"],
        powers_w=bench.powers_w(cards, plot),
    )


def pulse_netlist(bench: Bench, rest: float, pulse: float, cards: Cards) -> str:
    """The netlist of one 100 ns pulse from one input to another and back, inputs in volts or amperes."""
    first, then = rest / bench.scale, pulse / bench.scale
    drive = f"pulse({first:.9e} {then:.9e} {PULSE_S:.3e} {EDGE_S:.3e} {EDGE_S:.3e} {PULSE_S - EDGE_S:.3e})"
    return bench.netlist(cards, drive, f"{PULSE_TOLERANCES}\n.tran {STEP_S:.3e} {3 * PULSE_S:.3e} 0 {STEP_S:.3e}")


def pulse_response(bench: Bench, rest: float, pulse: float, cards: Cards = GENERIC_180NM) -> PulseResponse:
    """The cell through one 100 ns pulse, from rest, by ngspice.

    Raises:
        UserError: As `run`.
    """
    (plot,) = run(pulse_netlist(bench, rest, pulse, cards), time_limit_s=TIME_LIMIT_S).plots
    return PulseResponse(
        cell=bench.cell.name,
        cards=cards.name,
        time_s=plot["time"] - PULSE_S,
        input=plot[f"v({bench.driven})"] * bench.scale,
        output_v=plot["v(out)"],
        powers_w=bench.powers_w(cards, plot),
    )
