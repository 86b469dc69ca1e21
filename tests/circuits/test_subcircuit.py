import pytest

from spingan.circuits.cards import load_cards
from spingan.circuits.memristive_cells import MEMRISTIVE_CELLS
from spingan.circuits.memristive_parts import PARTS
from spingan.circuits.subcircuit import LAYOUT_FACTOR, Capacitor, Resistor, Subcircuit, Transistor, Use, definitions
from spingan.errors import UserError

CARDS = load_cards(node="180nm")
PAIR = Subcircuit(
    "pair",
    ("a", "vdd", "vss"),
    (
        Transistor("1", "a a vss vss", "nmos", 1e-6),
        Transistor("2", "a a vdd vdd", "pmos", 2e-6, 0.5e-6),
        Capacitor("c", "a vss", 1e-12),
        Resistor("r", "a vss", 1e3),
    ),
    "here",
)
TWO = Subcircuit("two", ("a", "vdd", "vss"), (Use("l", PAIR, "a vdd vss"), Use("r", PAIR, "a vdd vss")), "here")


def test_area_is_gates_times_the_layout_factor_and_capacitors_and_adds_over_what_is_used():
    gates = 1e-6 * 0.18e-6 + 2e-6 * 0.5e-6
    assert PAIR.gate_area_m2(CARDS) == pytest.approx(gates, abs=0)
    assert PAIR.area_m2(CARDS) == pytest.approx(LAYOUT_FACTOR * gates + 500e-12, abs=0)  # 1 pF at 2 fF/µm²
    assert TWO.area_m2(CARDS) == pytest.approx(2 * PAIR.area_m2(CARDS), abs=0)
    assert TWO.gate_area_m2(CARDS) == pytest.approx(2 * gates, abs=0)


def test_what_is_used_is_defined_once_and_before_what_uses_it():
    names = [line.split()[1] for line in definitions((TWO, PAIR), CARDS).splitlines() if line.startswith(".subckt")]
    assert names == ["pair", "two"]
    names = [line.split()[1] for line in PARTS["follower"].text(CARDS).splitlines() if line.startswith(".subckt")]
    assert names == ["op_amp", "follower"]


def test_supplies_are_pairs_of_ports_by_their_endings():
    assert PAIR.supplies == ("",)
    for cell in MEMRISTIVE_CELLS:
        ports = cell.bench.cell.ports
        assert {f"v{rail}{end}" for end in cell.bench.cell.supplies for rail in ("dd", "ss")} == {
            port for port in ports if port.startswith(("vdd", "vss"))
        }


def test_a_cell_that_cannot_be_built_is_refused():
    with pytest.raises(UserError, match="a joins 2 nodes to op_amp's 5 ports"):
        Subcircuit("bad", ("in", "out"), (Use("a", PARTS["op_amp"], "in out"),), "here")
    with pytest.raises(UserError, match="occurs twice"):
        Subcircuit("bad", ("in", "in"), (), "here")
    with pytest.raises(UserError, match="its width is 0 m"):
        Transistor("1", "d g s b", "nmos", 0.0)
