"""Paper M's current-to-voltage converter: an op-amp that holds a dense column at ground and turns its current round."""

from spingan.circuits.dot_product import OFF_OHM
from spingan.circuits.op_amp import op_amp
from spingan.circuits.subcircuit import Resistor, Subcircuit, Use

FEEDBACK_OHM = OFF_OHM  # assumed: a memristor that is off; 20 µA of a dense column make 0.5 V


def current_to_voltage(feedback_ohm: float = FEEDBACK_OHM) -> Subcircuit:
    """The converter, V = -R I of the current that flows in: ports in, out, vdd, vss."""
    return Subcircuit(
        "current_to_voltage",
        ("in", "out", "vdd", "vss"),
        (Use("a", op_amp(), "0 in out vdd vss"), Resistor("back", "in out", feedback_ohm)),
        "paper M, figure 3; feedback assumed",
    )
