"""Paper M's ReLU with switch: a follower whose output a comparator joins to the next stage, or grounds it.

"ReLU function in analog domain has an ability to clip the maximum voltage level and does not allow the output to
exceed V_DD" (paper M, figure 2): here the follower clips, where its input pair's drains meet the mirror. The schematic
is not printed; this one does what the name and figure 5 (b) say.
"""

from spingan.circuits.op_amp import comparator, op_amp
from spingan.circuits.subcircuit import Subcircuit, Transistor, Use

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
