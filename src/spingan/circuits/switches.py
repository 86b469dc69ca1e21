"""Paper M's switches: the crossbar switch, which joins or leaves a column, and the dropout switch, which grounds."""

from spingan.circuits.subcircuit import Subcircuit, Transistor

# Assumed. Their figures beside Table I are in `memristive_rows`: the widths that would meet the printed areas are not
# those that would meet the printed powers.
CROSSBAR_N_M, CROSSBAR_P_M = 20e-6, 60e-6
DROPOUT_N_M, DROPOUT_P_M = 2e-6, 6e-6
INVERTER_N_M, INVERTER_P_M = 0.42e-6, 0.97e-6
SOURCE = "paper M, Table I; schematic and sizes assumed"


def crossbar_switch() -> Subcircuit:
    """A pass gate, closed while the control is high: ports in, out, control, vdd, vss."""
    return Subcircuit("crossbar_switch", _PORTS, _pass_gate(4, CROSSBAR_N_M, CROSSBAR_P_M), SOURCE)


def dropout_switch() -> Subcircuit:
    """A pass gate that grounds its output while the control is low: ports in, out, control, vdd, vss."""
    ground = Transistor("ground", "out open 0 vss", "nmos", DROPOUT_N_M)
    return Subcircuit("dropout_switch", _PORTS, (*_pass_gate(1, DROPOUT_N_M, DROPOUT_P_M), ground), SOURCE)


_PORTS = ("in", "out", "control", "vdd", "vss")


def _pass_gate(drive: float, n_m: float, p_m: float) -> tuple[Transistor, ...]:
    """An inverter of the control, `drive` times the smallest, and the two transistors that it closes."""
    return (
        Transistor("n", "open control vss vss", "nmos", drive * INVERTER_N_M),
        Transistor("p", "open control vdd vdd", "pmos", drive * INVERTER_P_M),
        Transistor("passn", "in control out vss", "nmos", n_m),
        Transistor("passp", "in open out vdd", "pmos", p_m),
    )
