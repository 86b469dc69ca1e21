"""Paper M's circuits: those of transistors from `memristive_parts.cir`, columns and means of memristors, and the sign.

Paper M prints neither schematics nor sizes; every size is assumed.
"""

import math
from collections.abc import Sequence
from pathlib import Path

from spingan.circuits.subcircuit import Resistor, Subcircuit, Use, read_subcircuits
from spingan.errors import UserError

PARTS = read_subcircuits(Path(__file__).with_suffix(".cir").read_text(encoding="utf-8"))
"""The circuits by name, such as `op_amp` and `relu_switch`; the file says what each is."""

ON_OHM, OFF_OHM = 4e3, 25e3  # paper M, Table II
LOAD_OHM = 4e3  # assumed: a memristor that is on
MEAN_OHM = 10e3  # assumed: between on and off
FEEDBACK_OHM = OFF_OHM  # assumed: a memristor that is off; 20 µA of a dense column make 0.5 V
SIGN_READ_V = 0.4  # assumed: 0.8 V, paper M's write threshold (Table II), over memristor and load together
SIGN_LOAD_OHM = math.sqrt(ON_OHM * OFF_OHM)
SOURCE = "paper M, figures 2 and 3 and Table II"


def dot_product_column(conductance_s: Sequence[float]) -> Subcircuit:
    """A column of memristors and the load: ports in, in1, in2, ... and out.

    Raises:
        UserError: No conductance, or one that is not above 0.
    """
    if not conductance_s:
        raise UserError("the column has no memristor", "Give one conductance at least")
    for value in conductance_s:
        if not 0 < value < math.inf:
            raise UserError(f"the column has a conductance of {value:g} S", "All must be above 0 and finite")
    ohms = [1 / value for value in conductance_s]
    return _meeting("dot_product_column", ohms, Resistor("load", "out 0", LOAD_OHM))


def mean_filter(inputs: int = 4) -> Subcircuit:
    """Equal memristors that meet in one node, which nothing may load: ports in, in1, ... and out.

    Raises:
        UserError: No input.
    """
    if inputs < 1:
        raise UserError(f"a mean of {inputs} inputs", "Give one input at least")
    return _meeting("mean_filter", [MEAN_OHM] * inputs)


def _meeting(name: str, ohms: Sequence[float], *others: Resistor) -> Subcircuit:
    """Memristors from the inputs to one output."""
    inputs = ("in", *(f"in{row}" for row in range(1, len(ohms))))
    cells = [Resistor(str(row), f"{inputs[row]} out", ohm) for row, ohm in enumerate(ohms)]
    return Subcircuit(name, (*inputs, "out"), (*cells, *others), SOURCE)


def current_to_voltage() -> Subcircuit:
    """The converter, V = -R I of the current that flows in: ports in, out, vdd, vss."""
    parts = (Use("a", PARTS["op_amp"], "0 in out vdd vss"), Resistor("back", "in out", FEEDBACK_OHM))
    return Subcircuit("current_to_voltage", ("in", "out", "vdd", "vss"), parts, "paper M, figure 3; feedback assumed")


def sign_reads() -> tuple[str, str]:
    """The netlist's lines of the two read voltages, at the nodes read and low."""
    return f"vread read 0 {SIGN_READ_V:.6e}", f"vlow low 0 {-SIGN_READ_V:.6e}"


def sign_cell(node: str, *, inverts: bool) -> tuple[str, str]:
    """The netlist's lines of a cell of the sign crossbar and its load: on where the row is inverted, off where not."""
    cell_ohm = ON_OHM if inverts else OFF_OHM
    return f"r{node}_cell read {node} {cell_ohm:.9e}", f"r{node}_load {node} low {SIGN_LOAD_OHM:.9e}"
