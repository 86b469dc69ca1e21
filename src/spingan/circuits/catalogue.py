"""The circuits that the project has, by the names that its commands and results use."""

from dataclasses import dataclass
from typing import Literal

from spingan.circuits.cards import Node


@dataclass(frozen=True)
class CellEntry:
    """A circuit: what it is called, whose it is (paper S is arXiv 2601.01441, paper M the AM-DCGAN), and its job."""

    name: str
    paper: Literal["S", "M"]
    node: Node
    does: str


CELLS = (
    CellEntry("leaky-relu", "S", "16nm", "domain-wall device in a divider of 8.865 kohm, and an inverter: leaky ReLU"),
    CellEntry("relu", "S", "16nm", "domain-wall device in a divider of 10.7 kohm, and an inverter: ReLU"),
    CellEntry("op-amp", "M", "180nm", "two-stage op-amp: follower, gain, bandwidth, offset"),
    CellEntry("current-to-voltage", "M", "180nm", "op-amp with 25 kohm that reads a dense column's current"),
    CellEntry("dot-product-column", "M", "180nm", "column of memristors that a load reads out"),
    CellEntry("mean-filter", "M", "180nm", "equal memristors that meet in a node: mean"),
    CellEntry("relu-switch", "M", "180nm", "follower, comparator and pass gate: ReLU, clipped under the rail"),
    CellEntry("tanh", "M", "180nm", "differential pair into 10 kohm: hyperbolic tangent"),
    CellEntry("thresholding", "M", "180nm", "two inverters: high above half the supply, low below"),
    CellEntry("sign-switch", "M", "180nm", "a row's signal or its inverse, as the sign crossbar says"),
    CellEntry("dropout-switch", "M", "180nm", "pass gate that grounds its output when open"),
    CellEntry("crossbar-switch", "M", "180nm", "pass gate that joins a column"),
    CellEntry("am-dcgan-cnn", "M", "180nm", "small CNN end to end, two convolutions to a dense column"),
)
