"""Paper M's hyperbolic tangent: a differential pair whose current runs through a load resistor.

In weak inversion the pair's difference of currents is the tail's current times tanh(V / 2nU_T), exactly; in the
moderate inversion of this cell it is that within 3 % of its end (`tests/circuits/test_tanh_pair.py`). Mirrors turn the
difference into one current, so that the output reaches both ways. Schematic and sizes are not printed: assumed.
"""

from spingan.circuits.subcircuit import Resistor, Subcircuit, Transistor

PAIR_M, PAIR_LENGTH_M = 40e-6, 0.18e-6  # assumed: wide for its current, near weak inversion
TAIL_M, BIAS_N_M, BIAS_P_M = 3.5e-6, 4e-6, 3.2e-6  # assumed: 50 µA
MIRROR_P_M, MIRROR_N_M = 20e-6, 8e-6  # assumed
LENGTH_M = 0.72e-6  # of mirrors: assumed long, so that both ends of the output agree
LOAD_OHM = 10e3  # assumed: within paper M's 4 to 25 kΩ, so that it may be a memristor


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
            Resistor("load", "out 0", LOAD_OHM),
        ),
        "paper M, figure 5 (a); schematic and sizes assumed",
    )
