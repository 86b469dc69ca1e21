"""Paper M's circuits but for the op-amp: memristive columns, converter, ReLU, tanh, switches, thresholding and sign.

Paper M prints neither schematics nor sizes; every size is assumed.
"""

import math
from collections.abc import Sequence

from spingan.circuits.op_amp import comparator, follower, inverting_amplifier, op_amp
from spingan.circuits.subcircuit import Resistor, Subcircuit, Transistor, Use
from spingan.errors import UserError

ON_OHM, OFF_OHM = 4e3, 25e3  # paper M, Table II
LOAD_OHM = 4e3  # assumed: a memristor that is on
MEAN_OHM = 10e3  # assumed: between on and off
SOURCE = "paper M, figures 2 and 3 and Table II"


def dot_product_column(conductance_s: Sequence[float], load_s: float = 1 / LOAD_OHM) -> Subcircuit:
    """A column of memristors and the load: ports in, in1, in2, ... and out.

    Raises:
        UserError: No conductance, or one that is not above 0.
    """
    _must_conduct("column", (*conductance_s, load_s))
    inputs = _inputs(len(conductance_s))
    cells = tuple(
        Resistor(str(row), f"{node} out", 1 / g)
        for row, (node, g) in enumerate(zip(inputs, conductance_s, strict=True))
    )
    return Subcircuit("dot_product_column", (*inputs, "out"), (*cells, Resistor("load", "out 0", 1 / load_s)), SOURCE)


def mean_filter(inputs: int = 4, resistance_ohm: float = MEAN_OHM) -> Subcircuit:
    """Equal memristors that meet in one node, which nothing may load: ports in, in1, ... and out.

    Raises:
        UserError: No input, or a resistance that is not above 0.
    """
    if inputs < 1 or not resistance_ohm > 0:
        raise UserError(
            f"a mean of {inputs} inputs over {resistance_ohm:g} ohm", "Give one input at least, above 0 ohm"
        )
    cells = tuple(Resistor(str(row), f"{node} out", resistance_ohm) for row, node in enumerate(_inputs(inputs)))
    return Subcircuit("mean_filter", (*_inputs(inputs), "out"), cells, SOURCE)


def _inputs(number: int) -> tuple[str, ...]:
    return ("in", *(f"in{row}" for row in range(1, number)))


def _must_conduct(what: str, conductances_s: Sequence[float]) -> None:
    if len(conductances_s) < 2:
        raise UserError(f"the {what} has no memristor", "Give one conductance at least")
    for value in conductances_s:
        if not 0 < value < float("inf"):
            raise UserError(f"the {what} has a conductance of {value:g} S", "All must be above 0 and finite")


FEEDBACK_OHM = OFF_OHM  # assumed: a memristor that is off; 20 µA of a dense column make 0.5 V


def current_to_voltage(feedback_ohm: float = FEEDBACK_OHM) -> Subcircuit:
    """The converter, V = -R I of the current that flows in: ports in, out, vdd, vss."""
    return Subcircuit(
        "current_to_voltage",
        ("in", "out", "vdd", "vss"),
        (Use("a", op_amp(), "0 in out vdd vss"), Resistor("back", "in out", feedback_ohm)),
        "paper M, figure 3; feedback assumed",
    )


# Assumed. The switch's resistance, some 50 ohm, is what a load of 10 kΩ loses half a per cent at.
PASS_N_M, PASS_P_M, GROUND_N_M = 30e-6, 90e-6, 30e-6
# Assumed. Of two inverters after the comparator, the pass gate's turns below half the supply and the ground switch's
# above: at an input within the comparator's millivolt about zero, which every dark pixel gives, both conduct. With one
# inverter for both, neither would, and the output would float to what the next stage's other inputs make of it.
EARLY_N_M, EARLY_P_M = 4e-6, 1.6e-6
LATE_N_M, LATE_P_M = 0.8e-6, 9.2e-6
ON_N_M, ON_P_M = 4e-6, 9.2e-6  # assumed: an inverter that turns at half the supply


def relu_switch() -> Subcircuit:
    """The cell: ports in, out, vdd, vss (follower), vddc, vssc (comparator and switch)."""
    return Subcircuit(
        "relu_switch",
        ("in", "out", "vdd", "vss", "vddc", "vssc"),
        (
            Use("follower", op_amp(), "in followed followed vdd vss"),
            Use("comparator", comparator(), "in 0 above vddc vssc"),
            Transistor("n1", "off above vssc vssc", "nmos", EARLY_N_M),
            Transistor("p1", "off above vddc vddc", "pmos", EARLY_P_M),
            Transistor("n2", "on off vssc vssc", "nmos", ON_N_M),
            Transistor("p2", "on off vddc vddc", "pmos", ON_P_M),
            Transistor("n3", "below above vssc vssc", "nmos", LATE_N_M),
            Transistor("p3", "below above vddc vddc", "pmos", LATE_P_M),
            Transistor("passn", "followed on out vssc", "nmos", PASS_N_M),
            Transistor("passp", "followed off out vddc", "pmos", PASS_P_M),
            Transistor("ground", "out below 0 vssc", "nmos", GROUND_N_M),
        ),
        "paper M, figures 2, 3 and 5 (b), Table I; schematic and sizes assumed",
    )


PAIR_M, PAIR_LENGTH_M = 40e-6, 0.18e-6  # assumed: wide for its current, near weak inversion
TAIL_M, BIAS_N_M, BIAS_P_M = 3.5e-6, 4e-6, 3.2e-6  # assumed: 50 µA
MIRROR_P_M, MIRROR_N_M = 20e-6, 8e-6  # assumed
LENGTH_M = 0.72e-6  # of mirrors: assumed long, so that both ends of the output agree
TANH_LOAD_OHM = 10e3  # assumed: within paper M's 4 to 25 kΩ, so that it may be a memristor


def tanh_pair() -> Subcircuit:
    """The cell: ports in, out, vdd, vss; the load is within."""
    return Subcircuit(
        "tanh_pair",
        ("in", "out", "vdd", "vss"),
        (
            Transistor("1", "left in tail vss", "nmos", PAIR_M, PAIR_LENGTH_M),
            Transistor("2", "right 0 tail vss", "nmos", PAIR_M, PAIR_LENGTH_M),
            Transistor("3", "tail bias vss vss", "nmos", TAIL_M, LENGTH_M),
            Transistor("4", "bias bias vss vss", "nmos", BIAS_N_M, LENGTH_M),
            Transistor("5", "bias bias vdd vdd", "pmos", BIAS_P_M, LENGTH_M),
            Transistor("6", "left left vdd vdd", "pmos", MIRROR_P_M, LENGTH_M),
            Transistor("7", "out left vdd vdd", "pmos", MIRROR_P_M, LENGTH_M),
            Transistor("8", "right right vdd vdd", "pmos", MIRROR_P_M, LENGTH_M),
            Transistor("9", "turned right vdd vdd", "pmos", MIRROR_P_M, LENGTH_M),
            Transistor("10", "turned turned vss vss", "nmos", MIRROR_N_M, LENGTH_M),
            Transistor("11", "out turned vss vss", "nmos", MIRROR_N_M, LENGTH_M),
            Resistor("load", "out 0", TANH_LOAD_OHM),
        ),
        "paper M, figure 5 (a); schematic and sizes assumed",
    )


# Assumed. `spingan circuit` compares their figures with Table I: the widths that would meet the printed areas are not
# those that would meet the printed powers.
CROSSBAR_N_M, CROSSBAR_P_M = 20e-6, 60e-6
DROPOUT_N_M, DROPOUT_P_M = 2e-6, 6e-6
INVERTER_N_M, INVERTER_P_M = 0.42e-6, 0.97e-6
SWITCH_SOURCE = "paper M, Table I; schematic and sizes assumed"


def crossbar_switch() -> Subcircuit:
    """A pass gate, closed while the control is high: ports in, out, control, vdd, vss."""
    return Subcircuit("crossbar_switch", _PORTS, _pass_gate(4, CROSSBAR_N_M, CROSSBAR_P_M), SWITCH_SOURCE)


def dropout_switch() -> Subcircuit:
    """A pass gate that grounds its output while the control is low: ports in, out, control, vdd, vss."""
    ground = Transistor("ground", "out open 0 vss", "nmos", DROPOUT_N_M)
    return Subcircuit("dropout_switch", _PORTS, (*_pass_gate(1, DROPOUT_N_M, DROPOUT_P_M), ground), SWITCH_SOURCE)


_PORTS = ("in", "out", "control", "vdd", "vss")


def _pass_gate(drive: float, n_m: float, p_m: float) -> tuple[Transistor, ...]:
    """An inverter of the control, `drive` times the smallest, and the two transistors that it closes."""
    return (
        Transistor("n", "open control vss vss", "nmos", drive * INVERTER_N_M),
        Transistor("p", "open control vdd vdd", "pmos", drive * INVERTER_P_M),
        Transistor("passn", "in control out vss", "nmos", n_m),
        Transistor("passp", "in open out vdd", "pmos", p_m),
    )


THRESHOLD_N_M, THRESHOLD_P_M = 0.42e-6, 0.97e-6  # assumed: the smallest, turning at half the supply
SIGN_N_M, SIGN_P_M = 30e-6, 90e-6  # assumed, as the ReLU's switch
SIGN_READ_V = 0.4  # assumed: 0.8 V, paper M's write threshold (Table II), over memristor and load together
SIGN_LOAD_OHM = math.sqrt(ON_OHM * OFF_OHM)


def thresholding() -> Subcircuit:
    """Two inverters, the high rail above half the supply and the low one below: ports in, out, vdd, vss."""
    return Subcircuit(
        "thresholding",
        ("in", "out", "vdd", "vss"),
        (
            Transistor("n1", "turned in vss vss", "nmos", THRESHOLD_N_M),
            Transistor("p1", "turned in vdd vdd", "pmos", THRESHOLD_P_M),
            Transistor("n2", "out turned vss vss", "nmos", THRESHOLD_N_M),
            Transistor("p2", "out turned vdd vdd", "pmos", THRESHOLD_P_M),
        ),
        "paper M, figure 3 and Table I; schematic and sizes assumed",
    )


def both_signs() -> Subcircuit:
    """A row's two drivers, the signal and its inverse: ports in, out, inverse, vdd, vss."""
    return Subcircuit(
        "both_signs",
        ("in", "out", "inverse", "vdd", "vss"),
        (Use("plus", follower(), "in out vdd vss"), Use("minus", inverting_amplifier(), "out inverse vdd vss")),
        "paper M, figure 3; schematic assumed",
    )


def sign_switch() -> Subcircuit:
    """The input, inverted where the sign's voltage is high: ports in, sign, out, vdd, vss (op-amps), vddt, vsst."""
    return Subcircuit(
        "sign_switch",
        ("in", "sign", "out", "vdd", "vss", "vddt", "vsst"),
        (
            Use("drivers", both_signs(), "in plus minus vdd vss"),
            Use("threshold", thresholding(), "sign inverts vddt vsst"),
            Transistor("n", "keeps inverts vsst vsst", "nmos", 8 * THRESHOLD_N_M),
            Transistor("p", "keeps inverts vddt vddt", "pmos", 8 * THRESHOLD_P_M),
            Transistor("plusn", "plus keeps out vsst", "nmos", SIGN_N_M),
            Transistor("plusp", "plus inverts out vddt", "pmos", SIGN_P_M),
            Transistor("minusn", "minus inverts out vsst", "nmos", SIGN_N_M),
            Transistor("minusp", "minus keeps out vddt", "pmos", SIGN_P_M),
        ),
        "paper M, figure 3; schematic and sizes assumed",
    )


def sign_reads() -> tuple[str, str]:
    """The netlist's lines of the two read voltages, at the nodes read and low."""
    return f"vread read 0 {SIGN_READ_V:.6e}", f"vlow low 0 {-SIGN_READ_V:.6e}"


def sign_cell(node: str, *, inverts: bool) -> tuple[str, str]:
    """The netlist's lines of a cell of the sign crossbar and its load: on where the row is inverted, off where not."""
    cell_ohm = ON_OHM if inverts else OFF_OHM
    return f"r{node}_cell read {node} {cell_ohm:.9e}", f"r{node}_load {node} low {SIGN_LOAD_OHM:.9e}"
