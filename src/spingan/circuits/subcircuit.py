"""Cells of transistors as SPICE subcircuits that know their own transistors, and so their area."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from spingan.circuits.cards import Cards
from spingan.circuits.messages import logical_lines
from spingan.errors import UserError

# A drawn transistor of the shortest length takes its width times the gate and a contacted drain and source of 2.5
# lengths each (`cards.DIFFUSION_LENGTHS`): 6 gate areas. Wires and wells are not in it. Assumed.
LAYOUT_FACTOR = 6.0
CAPACITANCE_F_PER_M2 = 2e-3  # 2 fF/µm², a metal-insulator-metal capacitor of this class: common knowledge


@dataclass(frozen=True)
class Transistor:
    """One transistor: nodes are drain, gate, source and bulk; `length_m` None is the cards' shortest.

    Raises:
        UserError: A width or length that is not positive.
    """

    name: str
    nodes: str
    kind: Literal["nmos", "pmos"]
    width_m: float
    length_m: float | None = None

    def __post_init__(self) -> None:
        for name, value in (("width", self.width_m), ("length", self.length_m)):
            if value is not None and not 0 < value < 1:
                raise UserError(f"transistor {self.name}: its {name} is {value:g} m", "It must be above 0")


@dataclass(frozen=True)
class Capacitor:
    """A capacitor on the chip, between two nodes."""

    name: str
    nodes: str
    capacitance_f: float


@dataclass(frozen=True)
class Resistor:
    """A resistor above the transistors, such as a memristor in a fixed state: it takes no area of its own."""

    name: str
    nodes: str
    resistance_ohm: float


@dataclass(frozen=True)
class Use:
    """A subcircuit as a part of another; `nodes` are joined to its ports in their order."""

    name: str
    of: "Subcircuit"
    nodes: str


Part = Transistor | Capacitor | Resistor | Use


@dataclass(frozen=True)
class Subcircuit:
    """A cell: its ports, its parts, and where it comes from.

    Ports named `vdd...` and `vss...` in pairs of equal endings are supplies; each pair's power is counted by itself.

    Raises:
        UserError: A port occurs twice, or a used subcircuit is joined to another number of nodes than it has ports.
    """

    name: str
    ports: tuple[str, ...]
    parts: tuple[Part, ...]
    source: str

    def __post_init__(self) -> None:
        if len(set(self.ports)) != len(self.ports):
            raise UserError(f"{self.name}: a port of {' '.join(self.ports)} occurs twice", "Name each port once")
        for part in self.parts:
            if isinstance(part, Use) and len(part.nodes.split()) != len(part.of.ports):
                raise UserError(
                    f"{self.name}: {part.name} joins {len(part.nodes.split())} nodes to {part.of.name}'s "
                    f"{len(part.of.ports)} ports",
                    f"Join as many as {' '.join(part.of.ports)}",
                )

    @property
    def supplies(self) -> tuple[str, ...]:
        """The endings of the supply ports: "" for vdd and vss, "c" for vddc and vssc."""
        return tuple(port.removeprefix("vdd") for port in self.ports if port.startswith("vdd"))

    def text(self, cards: Cards) -> str:
        """The `.subckt` of this cell and of all that it uses, each once, the innermost first."""
        return definitions((self,), cards)

    def line(self, name: str, nodes: str) -> str:
        """The line that places this cell in a netlist."""
        return f"x{name} {nodes} {self.name}"

    def gate_area_m2(self, cards: Cards) -> float:
        """Width times length, summed over all transistors within."""
        shortest = cards.technology.length_m
        return sum(p.width_m * (p.length_m or shortest) for p in self._leaves() if isinstance(p, Transistor))

    def area_m2(self, cards: Cards) -> float:
        """The estimate of the area on the chip: gate area times the layout factor, and the capacitors."""
        capacitance = sum(part.capacitance_f for part in self._leaves() if isinstance(part, Capacitor))
        return LAYOUT_FACTOR * self.gate_area_m2(cards) + capacitance / CAPACITANCE_F_PER_M2

    def own_text(self, cards: Cards) -> str:
        """The `.subckt` of this cell alone."""
        lines = [f".subckt {self.name} {' '.join(self.ports)}"]
        for part in self.parts:
            match part:
                case Transistor():
                    lines.append(cards.transistor(part.name, part.nodes, part.kind, part.width_m, part.length_m))
                case Capacitor():
                    lines.append(f"c{part.name} {part.nodes} {part.capacitance_f:.6e}")
                case Resistor():
                    lines.append(f"r{part.name} {part.nodes} {part.resistance_ohm:.9e}")
                case Use():
                    lines.append(part.of.line(part.name, part.nodes))
        return "\n".join([*lines, ".ends"])

    def with_used(self) -> tuple["Subcircuit", ...]:
        """All that it uses, each once, the innermost first, and itself last."""
        found: dict[str, Subcircuit] = {}
        for part in self.parts:
            if isinstance(part, Use):
                found |= {cell.name: cell for cell in part.of.with_used()}
        return (*found.values(), self)

    def flat(self, nodes: Mapping[str, str], prefix: str) -> Iterator[Transistor | Capacitor | Resistor]:
        """Its parts and those within what it uses, one by one, with names and nodes of their own.

        Args:
            nodes: what its ports are joined to; every other node, but ground, gets the prefix.
        """

        def joined(part: Part) -> str:
            return " ".join("0" if node == "0" else nodes.get(node, f"{prefix}_{node}") for node in part.nodes.split())

        for part in self.parts:
            if isinstance(part, Use):
                inner = dict(zip(part.of.ports, joined(part).split(), strict=True))
                yield from part.of.flat(inner, f"{prefix}_{part.name}")
            else:
                yield replace(part, name=f"{prefix}_{part.name}", nodes=joined(part))

    def _leaves(self) -> Iterator[Part]:
        for part in self.parts:
            if isinstance(part, Use):
                yield from part.of._leaves()
            else:
                yield part


def read_subcircuits(text: str) -> dict[str, Subcircuit]:
    """The cells of a text in SPICE, by name, each before those that use it.

    A line `*source ...` within a cell is its source; m lines end with `nmos` or `pmos`, `w=` and, if it is not the
    cards' own, `l=`; sizes are in metres, values in ohms and farads, all without SPICE's suffixes.
    """
    found: dict[str, Subcircuit] = {}
    cell, source = "", ""
    parts: list[Part] = []
    for _, line in logical_lines(text):
        first, *words = line.split()
        if first == ".subckt":
            cell, parts = " ".join(words), []
        elif first == "*source":
            source = " ".join(words)
        elif first == ".ends":
            name, *ports = cell.split()
            found[name] = Subcircuit(name, tuple(ports), tuple(parts), source)
        elif first[0] == "m":
            sizes = [float(size.partition("=")[2]) for size in words[5:]]
            parts.append(Transistor(first[1:], " ".join(words[:4]), "nmos" if words[4] == "nmos" else "pmos", *sizes))
        elif first[0] == "x":
            parts.append(Use(first[1:], found[words[-1]], " ".join(words[:-1])))
        elif first[0] in "rc":
            kind = Resistor if first[0] == "r" else Capacitor
            parts.append(kind(first[1:], " ".join(words[:2]), float(words[2])))
    return found


def definitions(cells: Iterable[Subcircuit], cards: Cards) -> str:
    """The `.subckt` of several cells and of all that they use, each once, what is used before what uses it."""
    found = {used.name: used for cell in cells for used in cell.with_used()}
    return "\n".join(cell.own_text(cards) for cell in found.values())
