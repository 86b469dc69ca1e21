"""Paper M's thresholding circuit and sign switch: a cell of the sign crossbar decides whether a row is inverted.

The sign crossbar's memristor and a load of the geometric mean of on and off stand between two read voltages of either
sign, so that on and off give voltages of equal size and opposite sign.
"""

import math

from spingan.circuits.dot_product import OFF_OHM, ON_OHM
from spingan.circuits.op_amp import follower, inverting_amplifier
from spingan.circuits.subcircuit import Subcircuit, Transistor, Use

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
