"""Transistor model cards: two generic sets of our own, and the user's."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from spingan.circuits.messages import logical_lines, one_line
from spingan.errors import UserError
from spingan.input_files import read_text

Node = Literal["16nm", "180nm"]
DIFFUSION_LENGTHS = 2.5  # length of a drain or source in gate lengths: room for a contact; assumed
LARGEST_FILE_BYTES = 10_000_000  # a thousand times a card: not a card file; assumed


@dataclass(frozen=True)
class Technology:
    """What a node's cards are used at: the drawn channel length, and the supply at which they are compared."""

    length_m: float
    supply_v: float


TECHNOLOGIES: dict[Node, Technology] = {
    "16nm": Technology(length_m=16e-9, supply_v=0.7),  # the supply of published 14 to 16 nm processes: common knowledge
    "180nm": Technology(length_m=180e-9, supply_v=1.8),  # the core supply of every 180 nm process: common knowledge
}


@dataclass(frozen=True)
class Cards:
    """An n- and a p-channel model.

    Attributes:
        name: what results say which cards were used.
        node: what they are cards for.
        text: the `.model` lines, as they go into a netlist.
        nmos: the n-channel model's name.
        pmos: the p-channel model's name.
    """

    name: str
    node: Node
    text: str
    nmos: str
    pmos: str

    @property
    def technology(self) -> Technology:
        """Length and supply that the cards are for."""
        return TECHNOLOGIES[self.node]

    def transistor(
        self, name: str, nodes: str, kind: Literal["nmos", "pmos"], width_m: float, length_m: float | None = None
    ) -> str:
        """A transistor's line, with the area and edge of its two junctions.

        Args:
            name: its name, without the letter m that begins the line.
            nodes: drain, gate, source and bulk.
            length_m: None: the node's.
        """
        length = self.technology.length_m if length_m is None else length_m
        diffusion = DIFFUSION_LENGTHS * self.technology.length_m
        area, edge = width_m * diffusion, 2 * (width_m + diffusion)
        model = self.nmos if kind == "nmos" else self.pmos
        junctions = f"ad={area:.6e} as={area:.6e} pd={edge:.6e} ps={edge:.6e}"
        return f"m{name} {nodes} {model} l={length:.6e} w={width_m:.6e} {junctions}"


def load_cards(path: Path | None = None, node: Node = "16nm") -> Cards:
    """The project's generic cards of `node`, or the user's in a file.

    The file holds exactly one n-channel and one p-channel `.model`; bins of one model (`nch.1`, `nch.2`) count as one.
    It may hold `.param` lines, and neither scripts nor the names of other files.

    Raises:
        UserError: The file cannot be read, does not hold one model of either kind, or ngspice would take a number or a
            level in it for another.
    """
    if path is None:
        text = Path(__file__).with_name(f"generic_{node}.cards").read_text(encoding="utf-8")
        return Cards(f"generic-{node}", node, text, "nmos_generic", "pmos_generic")
    text = read_text(path, str(path), "a text file of .model cards", LARGEST_FILE_BYTES)
    models = _models(text)
    nmos, pmos = _the_one(path, "nmos", models), _the_one(path, "pmos", models)
    _check_values(path, text)
    return Cards(one_line(path.stem), node, text, nmos, pmos)


def _models(text: str) -> dict[str, str]:
    """The transistor models in a file: their kind by their names, without the numbers of bins.

    Raises:
        UserError: A line is none that belongs into a card file.
    """
    found = {}
    for number, line in logical_lines(text):
        words = line.lower().replace("(", " ").split()
        if words[0] == ".model" and len(words) >= 3 and words[2] in ("nmos", "pmos"):
            found[re.sub(r"\.\d+$", "", words[1])] = words[2]
        elif not words[0].startswith(("*", ".model", ".param")):
            raise UserError(
                f"line {number} of the cards, {line[:60]!r}, is neither .model nor .param",
                "A card file holds models and nothing else",
            )
    return found


def _check_values(path: Path, text: str) -> None:
    """Refuse what ngspice takes for something else without a word.

    Raises:
        UserError: A model says no level, and ngspice would take 1; or a number has a decimal comma, of which ngspice
            reads the digits before it.
    """
    for number, line in logical_lines(text):
        if line.startswith("*"):
            continue
        code = re.split(r"[$;]", line)[0]
        comma = re.search(r"(\w+)\s*=\s*[{'(]?[+-]?\d+,\d\S*", code)
        if comma is not None:
            raise UserError(
                f"{path}, line {number}: {comma[0][:40]!r} has a decimal comma",
                "Write points: ngspice stops at a comma",
            )
        if line.lower().startswith(".model") and not re.search(r"\blevel\b", code, re.IGNORECASE):
            raise UserError(
                f"{path}, line {number}: {' '.join(line.split()[:3])[:60]!r} says no level, and ngspice would take 1",
                "Add the level that its parameters are of: 8 or 49 for BSIM3, 14 or 54 for BSIM4",
            )


def _the_one(path: Path, kind: str, models: dict[str, str]) -> str:
    names = [name for name, of_kind in models.items() if of_kind == kind]
    if len(names) != 1:
        what = f"{len(names)} {kind} models ({', '.join(names)})" if names else f"no {kind} model"
        raise UserError(f"{path} holds {what}", "Give a file with one .model of either kind, nmos and pmos")
    return names[0]


GENERIC_16NM, GENERIC_180NM = load_cards(node="16nm"), load_cards(node="180nm")
"""The project's own cards, which circuits take where none are given."""
