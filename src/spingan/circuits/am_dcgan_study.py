"""Paper M's small net in SPICE beside the same net in numpy: the error at every node, and where it comes from."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from spingan.circuits.am_dcgan_cnn import CnnRun, cnn_groups, simulate_cnn
from spingan.circuits.am_dcgan_network import Array, Network, draw_network, draw_pictures, measured_curves, node_values
from spingan.circuits.cards import GENERIC_180NM, Cards
from spingan.circuits.cell_bench import PULSE_S, SETTLED
from spingan.circuits.memristive_cells import CellResult, relu_figures, table_1_figures, tanh_figures
from spingan.progress import Progress, no_progress
from spingan.tabular import Figure

SEED = 7  # the default: a net in which no node is silent for all pictures
PICTURES = 3  # the default, 300 ns

# The places of figure 4 and 3, and why a node differs from the ideal sum.
NODES = {
    "first": ("first convolution's output", "resistors into gates: nothing but ngspice's tolerance"),
    "first_relu": (
        "first ReLU's output",
        "follower's offset, pass gate; worst where the ground switch carries the mean's current",
    ),
    "first_mean": (
        "first mean's output",
        "the ReLUs' offsets; equal drops cancel in a mean, a grounded ReLU's differs",
    ),
    "first_plus": ("row driver's signal", "one more offset, and the row's memristors as its load"),
    "first_minus": ("row driver's inverse", "two more offsets of opposite sign, and the load"),
    "second": ("second convolution's output", "the same millivolts on a signal that signed sums have made small"),
    "second_relu": ("second ReLU's output", "as the first's, on a smaller signal"),
    "second_mean": ("second mean's output", "as the first's"),
    "row": ("dense row", "sign switch: two or three offsets, and its pass gate's resistance"),
    "column_a": ("dense column's current", "crossbar switch in series with the column; converter's offset over it"),
    "converted": ("converter's output", "as the current; its offset is amplified by 1 + R sum(g)"),
    "score": ("last ReLU's output", "one more offset"),
}


@dataclass(frozen=True)
class NodeError:
    """How far SPICE is from numpy at the nodes of a group, in fractions of the group's largest ideal value.

    `ideal_...` is against cells that do exactly what they are called, `curves_...` against the cells' own DC transfers.
    """

    name: str
    nodes: int
    full_scale: float
    ideal_mean: float
    ideal_worst: float
    curves_mean: float
    curves_worst: float


@dataclass(frozen=True, eq=False)
class CnnStudy:
    """The net, its pictures, every node three ways (`run` SPICE, `ideal` and `curves` numpy), and the cells alone."""

    network: Network
    pictures: Array
    run: CnnRun
    ideal: Mapping[str, Array]
    curves: Mapping[str, Array]
    cells: Mapping[str, CellResult]
    table: tuple[Figure, ...]


def study_cnn(
    seed: int = SEED, pictures: int = PICTURES, cards: Cards = GENERIC_180NM, progress: Progress = no_progress
) -> CnnStudy:
    """The small net end to end in SPICE and in numpy, and each of its cells alone.

    Args:
        seed: of weights and pictures.
        pictures: 100 ns each.

    Raises:
        UserError: No picture, and as `run`.
    """
    network, shown = draw_network(seed), draw_pictures(pictures, seed)
    progress("cells", 0, 3)
    table, cells = table_1_figures(cards)
    progress("cells", 1, 3)
    curves = node_values(network, shown, measured_curves(network, cards))
    progress("the net's transistors in ngspice", 2, 3)
    simulated = simulate_cnn(network, shown, cards)
    progress("the net's transistors in ngspice", 3, 3)
    return CnnStudy(network, shown, simulated, node_values(network, shown), curves, cells, tuple(table))


def node_errors(study: CnnStudy) -> tuple[NodeError, ...]:
    """The errors of every group, in the order in which a signal passes them."""
    found = []
    for name in NODES:
        spice, ideal = study.run.settled(name), study.ideal[name]
        full_scale = float(np.abs(ideal).max())
        scale = full_scale or 1.0  # a silent group: its error in volts
        off, left = (np.abs(spice - values) / scale for values in (ideal, study.curves[name]))
        errors = (off.mean(), off.max(), left.mean(), left.max())
        found.append(NodeError(name, ideal[0].size, full_scale, *map(float, errors)))
    return tuple(found)


def settled_s(study: CnnStudy, name: str) -> float:
    """How long after a picture's beginning a group is within 1 % of its full scale for good: the slowest of all."""
    wave = study.run.waves[name].reshape(study.run.time_s.size, -1)
    end = study.run.settled(name).reshape(study.run.pictures, -1)
    scale = float(np.abs(study.ideal[name]).max()) or 1.0
    slowest = 0.0
    for picture in range(study.run.pictures):
        inside = (study.run.time_s >= picture * PULSE_S) & (study.run.time_s <= (picture + 0.95) * PULSE_S)
        off = (np.abs(wave[inside] - end[picture]) > SETTLED * scale).any(axis=1)
        if off.any():
            slowest = max(slowest, float(study.run.time_s[inside][off][-1]) - picture * PULSE_S)
    return slowest


def cnn_figures(study: CnnStudy) -> list[Figure]:
    """Table I, figure 5, every group of nodes, and the whole net's power and area."""
    rows = [*study.table, *relu_figures(study.cells["relu-switch"]), *tanh_figures(study.cells["tanh"])]
    for error in node_errors(study):
        label, reason = NODES[error.name]
        unit = f"{error.full_scale * 1e6:.3g} µA" if error.name == "column_a" else f"{error.full_scale * 1e3:.3g} mV"
        ideal, curves = (
            f"mean {mean * 100:.2g} %, worst {worst * 100:.2g} %"
            for mean, worst in ((error.ideal_mean, error.ideal_worst), (error.curves_mean, error.curves_worst))
        )
        note = f"of {unit}, {error.nodes} nodes: {ideal}; {curves} if numpy takes the cells' DC transfers; {reason}"
        rows.append(Figure(f"error: {label}", error.ideal_mean * 100, "%", note))
    current = study.run.waves["column_a"]
    rows += [
        Figure("dense column's current, highest", float(np.abs(current).max()) * 1e6, "µA", "figure 4 (f)"),
        Figure("dense column's current, settled", settled_s(study, "column_a") * 1e9, "ns", "1 %, slowest picture"),
        Figure("last ReLU's output, settled", settled_s(study, "score") * 1e9, "ns", "1 %, slowest picture"),
    ]
    groups = cnn_groups(study.network, study.pictures.shape[-1])
    # Areas depend on the node alone.
    area_m2 = sum(group.number * group.cell.area_m2(GENERIC_180NM) for group in groups)
    power_w = sum(study.run.mean_power_w(group.cell.name) for group in groups)
    both = "printed for CNN and DCNN together, of which cells is not said"
    parts = "; ".join(
        f"{group.number} {group.cell.name} {study.run.mean_power_w(group.cell.name) * 1e3:.4g} mW" for group in groups
    )
    return [
        *rows,
        Figure("small CNN: power", power_w, "W", f"{both}; ours: {parts}; pixels' drivers not counted"),
        Figure("small CNN: area", area_m2 * 1e6, "mm²", f"{both}; ours as the cells' above"),
    ]
