"""An auto-zero for paper M's activation cells, whose outputs drive resistors: it stores the offset at an input.

A capacitor in series with the output, as in `auto_zero`, would be discharged by the load of 10 kΩ. Input-offset storage
(Enz and Temes, Proc. IEEE 84, 1584 (1996)) leaves the offset over one and the gain.

The ReLU's follower has an op-amp: in the reset it is tied to itself and its offset is stored on a capacitor, which then
stands between its output and its inverting input. The end at the op-amp is opened first, so that what the other
switches inject has nowhere to go. The comparator is left as it is: its offset moves the knee, by millivolts.

The tanh's pair has a gain of 7: in the reset its output is tied to its other input, where a capacitor keeps it.
"""

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from spingan.circuits.auto_zero import EXCESS_OF_A_PAIR, SAMPLED, TEMPERATURE_K
from spingan.circuits.cards import Cards
from spingan.circuits.cell_bench import Bench
from spingan.circuits.memristive_activations import RELU_BENCH, TANH_BENCH
from spingan.circuits.memristive_parts import PARTS
from spingan.circuits.monte_carlo import Mismatch, factor
from spingan.circuits.ngspice import pairs
from spingan.circuits.subcircuit import Capacitor, Resistor, Subcircuit, Transistor
from spingan.errors import UserError
from spingan.physics.constants import BOLTZMANN

EDGE_S = 0.1e-9  # of the clocks: about two delays of a gate of this node; assumed
APART_S = 1e-9  # between the clocks' phases, so that no two overlap; assumed
RELU_HOLD_F = 1e-12  # 16 gates of the op-amp's input, which divide what it feeds back; assumed
SMALLEST_M = 0.42e-6  # width of a switch: that of the smallest transistors of the cells here; assumed
SWITCH_M, WIDE_M = 2 * SMALLEST_M, 4 * SMALLEST_M  # of those that the op-amp drives, n and p; assumed
MILLER_F = 0.4e-12  # of the op-amp, which bounds its noise
TOLERANCES = ".options reltol=1e-4 vntol=1e-7 abstol=1e-12 chgtol=1e-16 gmin=1e-15"  # 0.04 mV from a tenth of them


def trimmed_relu(hold_f: float) -> Subcircuit:
    """The ReLU with switch, with the auto-zero in its follower: also ports sample, tie, pass and its inverse block."""
    base = PARTS["relu_switch"]
    apart = "in inverting followed vdd vss"  # the op-amp's inverting input, which its output is joined to
    parts = tuple(replace(part, nodes=apart) if part.name == "follower" else part for part in base.parts)
    added = (
        Transistor("sample", "followed sample inverting vss", "nmos", SWITCH_M),
        Transistor("tie", "plate tie 0 vss", "nmos", SWITCH_M),
        Transistor("backn", "followed pass plate vss", "nmos", SWITCH_M),
        Transistor("backp", "followed block plate vdd", "pmos", WIDE_M),
        Capacitor("hold", "inverting plate", hold_f),
    )
    ports = ("in", "out", "sample", "tie", "pass", "block", *base.ports[2:])
    return Subcircuit("relu_switch_trimmed", ports, (*parts, *added), base.source)


def trimmed_tanh(hold_f: float) -> Subcircuit:
    """The differential pair with a switch from its output to its other input, which a capacitor holds: port sample."""
    base = PARTS["tanh_pair"]
    parts = tuple(replace(part, nodes="right stored tail vss") if part.name == "2" else part for part in base.parts)
    added = (
        Transistor("sample", "out sample stored vss", "nmos", SMALLEST_M),
        Capacitor("hold", "stored 0", hold_f),
    )
    return Subcircuit("tanh_pair_trimmed", ("in", "out", "sample", *base.ports[2:]), (*parts, *added), base.source)


@dataclass(frozen=True)
class Trimmable:
    """A cell of paper M that can be trimmed.

    Attributes:
        bench: of the cell as it is.
        read_u: the input, over full scale, where the offset is read: a ReLU's is at zero whatever its follower says.
        stored: the nodes that the capacitor is between.
    """

    function: Literal["relu", "tanh"]
    method: str
    bench: Bench
    read_u: float
    stored: tuple[str, str]

    def with_hold(self, hold_f: float) -> Subcircuit:
        """The cell with the auto-zero."""
        return trimmed_relu(hold_f) if self.function == "relu" else trimmed_tanh(hold_f)

    def sampled_noise_v(self, hold_f: float, gain: float) -> float:
        """What the capacitor samples of the circuit's noise, rms at the output, whose gain is that of the pair.

        kT/C of the switch and, times `EXCESS_OF_A_PAIR`, of the pair: over the capacitor that ends its bandwidth.
        """
        bounds_f = MILLER_F if self.function == "relu" else hold_f
        at_once = BOLTZMANN * TEMPERATURE_K * (1 / hold_f + EXCESS_OF_A_PAIR / bounds_f)
        return float(gain * np.sqrt(at_once))

    def hold_for(self, span_v: float, gain: float) -> float:
        """The capacitor: of a tanh the smallest that samples `SAMPLED` of the span at most, in farads."""
        if self.function == "relu":
            return RELU_HOLD_F
        return (self.sampled_noise_v(1.0, gain) / (SAMPLED * span_v)) ** 2


TRIMMABLE = {
    "relu-switch": Trimmable("relu", "auto-zero of the follower", RELU_BENCH, 0.1, ("inverting", "plate")),
    "tanh": Trimmable("tanh", "auto-zero by input-offset storage", TANH_BENCH, 0.0, ("stored", "0")),
}


def trimmable(name: str) -> Trimmable:
    """The cell of that name.

    Raises:
        UserError: It has no auto-zero.
    """
    if name not in TRIMMABLE:
        raise UserError(f"{name} has no auto-zero", f"It is no activation. Those that have one: {', '.join(TRIMMABLE)}")
    return TRIMMABLE[name]


@dataclass(frozen=True)
class Made:
    """Instance `number` of a chip's cells; the drawn one has no mismatch."""

    mismatch: Mismatch
    seed: int
    number: int

    def lines(self, cell: Subcircuit, nodes: dict[str, str], cards: Cards) -> Iterator[str]:
        """The instance's elements. A part deviates alike in every cell that has it: its draw goes by its name."""
        for part in cell.flat(nodes, f"n{self.number}"):
            own = part.name.partition("_")[2]
            drawn = np.random.default_rng([self.seed, self.number, zlib.crc32(own.encode())]).standard_normal(2)
            if isinstance(part, Transistor):
                line = cards.transistor(part.name, part.nodes, part.kind, part.width_m, part.length_m)
                per_side_m = np.sqrt(2 * part.width_m * (part.length_m or cards.technology.length_m))
                shift = self.mismatch.threshold_v_m / per_side_m * drawn[0]
                yield f"{line} delvto={shift:.6e} mulu0={factor(self.mismatch.mobility_m / per_side_m, drawn[1]):.6e}"
            elif isinstance(part, Resistor):
                ohm = part.resistance_ohm * factor(self.mismatch.resistor, drawn[0])
                yield f"r{part.name} {part.nodes} {ohm:.9e}"
            else:
                yield f"c{part.name} {part.nodes} {part.capacitance_f:.9e}"


NO_MISMATCH = Mismatch(0.0, 0.0, 0.0, 0.0)


@dataclass(frozen=True, eq=False)
class Phases:
    """A reset from full scale, and what follows: the inputs in volts against time, (n,), after the switches.

    Attributes:
        open_s: when the sampling switch opens; None: never.
        after_s, input_v: times after `begins_s`, and the inputs from then on, in steps.
    """

    full_v: float
    open_s: float | None
    after_s: NDArray[np.float64]
    input_v: NDArray[np.float64]
    end_s: float

    @property
    def begins_s(self) -> float:
        """When all switches are as in an evaluation."""
        return self.end_s if self.open_s is None else self.open_s + 3 * APART_S

    def sources(self, cards: Cards) -> list[str]:
        """Clocks and input: the pulse's edge of the bench is a nanosecond."""
        rail = cards.technology.supply_v / 2

        def clock(name: str, first: float, changes: Sequence[float]) -> str:
            """A clock that begins at a rail, and changes over at these times."""
            words, level = [f"0 {first:.3e}"], first
            for at in changes:
                words += [f"{at:.9e} {level:.3e}", f"{at + EDGE_S:.9e} {-level:.3e}"]
                level = -level
            return f"v{name} {name} 0 pwl({' '.join(words)})"

        opens = [] if self.open_s is None else [self.open_s]
        times, inputs = [0.0, 1e-9], [self.full_v, 0.0]
        for at, volts in zip(self.after_s.tolist(), self.input_v.tolist(), strict=True):
            times += [self.begins_s + at, self.begins_s + at + 1e-9]
            inputs += [inputs[-1], volts]
        return [
            clock("sample", -rail, [2 * APART_S, *opens]),
            clock("tie", -rail, [2 * APART_S, *(at + APART_S for at in opens)]),
            clock("pass", rail, [APART_S, *(at + 2 * APART_S for at in opens)]),
            clock("block", -rail, [APART_S, *(at + 2 * APART_S for at in opens)]),
            f"vin in 0 pwl({pairs(np.array(times), np.array(inputs), ' ')})",
        ]


def instances_netlist(
    cell: Subcircuit, bench: Bench, cards: Cards, made: Sequence[Made], sources: Sequence[str], analysis: str
) -> str:
    """Instances that share supplies, clocks and input, each with the bench's load: outputs are out_NUMBER."""
    rail = cards.technology.supply_v / 2
    lines = [f"* {cell.name}, instances", cards.text.rstrip(), *sources]
    for end in cell.supplies:
        lines += [f"vvdd{end} vdd{end} 0 {rail:.6e}", f"vvss{end} vss{end} 0 {-rail:.6e}"]
    for one in made:
        nodes = {port: port for port in cell.ports} | {"out": f"out_{one.number}"}
        lines += one.lines(cell, nodes, cards)
        if bench.load_ohm is not None:
            lines.append(f"rload_{one.number} out_{one.number} 0 {bench.load_ohm:.6e}")
        lines.append(f"cload_{one.number} out_{one.number} 0 {bench.load_f:.6e}")
    return "\n".join([*lines, TOLERANCES, analysis])
