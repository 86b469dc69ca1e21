"""The circuits that the project has, by the names that its commands and results use."""

from dataclasses import asdict, dataclass
from typing import Literal

from spingan.circuits.cards import Node


@dataclass(frozen=True)
class CellEntry:
    """A circuit: what it is called, whose it is (paper S is arXiv 2601.01441, paper M the AM-DCGAN), and its job."""

    name: str
    paper: Literal["S", "M"]
    node: Node
    does: str

    def to_dict(self) -> dict[str, str]:
        """The entry as JSON-able values."""
        return asdict(self)


CELLS = (
    CellEntry("leaky-relu", "S", "16nm", "domain-wall device in a divider of 8.865 kohm, and an inverter: leaky ReLU"),
    CellEntry("relu", "S", "16nm", "domain-wall device in a divider of 10.7 kohm, and an inverter: ReLU"),
)
