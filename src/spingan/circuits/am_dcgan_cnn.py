"""Paper M's small convolutional net in SPICE, every transistor of it, through a picture each 100 ns.

Pixels come in both signs from ideal drivers. Every output of a convolution has a column, a load and a ReLU of its own;
a memristor hangs on its row's signal or inverse, as its sign wants. After a mean, which nothing may load, two op-amps
drive the row and its inverse; the dense rows pass the sign crossbar's switches, and the dense column a crossbar switch,
the converter and a last ReLU (paper M, figure 3; what it leaves open, such as how a filter gets its signs, is assumed).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spingan.circuits.am_dcgan_network import FILTER, POOL, Network
from spingan.circuits.cards import GENERIC_180NM, Cards
from spingan.circuits.cell_bench import EDGE_S, PULSE_S, STEP_S
from spingan.circuits.memristive_parts import (
    LOAD_OHM,
    MEAN_OHM,
    PARTS,
    current_to_voltage,
    sign_cell,
    sign_reads,
)
from spingan.circuits.ngspice import run
from spingan.circuits.subcircuit import Subcircuit, definitions
from spingan.errors import UserError

Array = NDArray[np.float64]

NODE_F = 50e-15  # of a column's or a mean's wire: assumed
READ_AT = 0.95  # of a pulse: where a node's value is taken
# Steps as long as the settled values allow: 6 µV from a tenth of this `trtol`, for a quarter of the time less.
TOLERANCES = ".options reltol=1e-4 vntol=1e-6 trtol=20"
TIME_LIMIT_S = 1800.0


@dataclass(frozen=True)
class Group:
    """Cells of one kind: how many there are, and the endings of their supplies in the netlist."""

    cell: Subcircuit
    number: int
    supplies: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class CnnRun:
    """What the simulation gave.

    Attributes:
        time_s: (n,) from the first picture's beginning.
        waves: (n, ...) by a group's name, as `node_values` has it; `column_a` in amperes.
        powers_w: (n,) by cell.
        pictures: how many.
        seconds: ngspice's.
    """

    cards: str
    time_s: Array
    waves: Mapping[str, Array]
    powers_w: Mapping[str, Array]
    pictures: int
    seconds: float

    def settled(self, name: str) -> Array:
        """A group's values near the end of every picture's pulse, (pictures, ...)."""
        wave = self.waves[name]
        at = (np.arange(self.pictures) + READ_AT) * PULSE_S
        flat = wave.reshape(wave.shape[0], -1)
        read = np.stack([np.interp(at, self.time_s, column) for column in flat.T], axis=1)
        return read.reshape(self.pictures, *wave.shape[1:])

    def mean_power_w(self, name: str) -> float:
        """A cell's power over all pictures, all cells of the kind together."""
        return float(np.trapezoid(self.powers_w[name], self.time_s) / (self.time_s[-1] - self.time_s[0]))


def cnn_groups(network: Network, side: int) -> tuple[Group, ...]:
    """The cells of the net for pictures of `side` pixels."""
    first, second = _sizes(side)
    filters, last = network.first.shape[0], network.second.shape[0]
    return (
        Group(PARTS["relu_switch"], filters * first**2 + last * second**2 + 1, ("r", "c")),
        Group(PARTS["both_signs"], filters * (first // POOL) ** 2, ("d",)),
        Group(PARTS["sign_switch"], last, ("s", "t")),
        Group(PARTS["crossbar_switch"], 1, ("x",)),
        Group(current_to_voltage(), 1, ("i",)),
    )


def cnn_netlist(network: Network, pictures: Array, cards: Cards) -> str:
    """The whole netlist; its nodes are named as the groups of `node_values`, with their indices.

    Args:
        pictures: (n, side, side) volts.

    Raises:
        UserError: Pictures that the pools do not divide, or not square.
    """
    if pictures.ndim != 3 or pictures.shape[0] < 1 or pictures.shape[1] != pictures.shape[2]:
        raise UserError(f"pictures of the shape {pictures.shape}", "Give (pictures, side, side) volts")
    side = pictures.shape[1]
    end_s = pictures.shape[0] * PULSE_S
    groups = cnn_groups(network, side)
    lines = [f"paper M's small CNN, {side}x{side} pixels, {pictures.shape[0]} pictures; cards {cards.name}"]
    lines.append(cards.text.rstrip())
    lines.append(definitions((group.cell for group in groups), cards))
    rail_v = cards.technology.supply_v / 2
    for group in groups:
        for end in group.supplies:
            lines += [f"vvdd{end} vdd{end} 0 {rail_v:.6e}", f"vvss{end} vss{end} 0 {-rail_v:.6e}"]
    first, second = _sizes(side)
    lines += [*_pixels(pictures), *_convolution("first", ("pixel", "inverse"), network.first, first)]
    for index in np.ndindex(network.first.shape[0], first // POOL, first // POOL):
        mean, plus, minus = (_node(f"first_{what}", *index) for what in ("mean", "plus", "minus"))
        lines.append(PARTS["both_signs"].line(plus, f"{mean} {plus} {minus} vddd vssd"))
    lines += [
        *_convolution("second", ("first_plus", "first_minus"), network.second, second),
        *_dense_layer(network),
    ]
    shapes = _shapes(network, side).items()
    saved = [f"v({_node(name, *index)})" for name, shape in shapes for index in np.ndindex(*shape)]
    saved += [
        "i(vcolumn)",
        *(f"i(v{rail}{end})" for group in groups for end in group.supplies for rail in ("vdd", "vss")),
    ]
    lines += [TOLERANCES, f".save {' '.join(saved)}"]
    lines.append(f".tran {STEP_S:.3e} {end_s:.6e} 0 {4 * STEP_S:.3e}")
    return "\n".join(lines)


def simulate_cnn(network: Network, pictures: Array, cards: Cards = GENERIC_180NM) -> CnnRun:
    """The net through the pictures, one each 100 ns, by ngspice.

    Args:
        pictures: (n, side, side) volts.

    Raises:
        UserError: As `cnn_netlist` and `run`.
    """
    result = run(cnn_netlist(network, pictures, cards), time_limit_s=TIME_LIMIT_S)
    (plot,) = result.plots
    side = pictures.shape[1]
    waves: dict[str, Array] = {}
    for name, shape in _shapes(network, side).items():
        columns = [plot[f"v({_node(name, *index)})"] for index in np.ndindex(*shape)]
        waves[name] = np.stack(columns, axis=1).reshape(-1, *shape)
    waves["column_a"] = plot["i(vcolumn)"]
    rail_v = cards.technology.supply_v / 2
    powers: dict[str, Array] = {}
    for group in cnn_groups(network, side):
        drawn = [rail_v * (plot[f"i(vvss{end})"] - plot[f"i(vvdd{end})"]) for end in group.supplies]
        powers[group.cell.name] = np.sum(drawn, axis=0)
    return CnnRun(cards.name, plot["time"], waves, powers, pictures.shape[0], result.seconds)


def _sizes(side: int) -> tuple[int, int]:
    """A side of the first and of the second convolution's maps."""
    first = side - FILTER + 1
    second = first // POOL - FILTER + 1
    if first < 1 or first % POOL or second != POOL:
        raise UserError(f"pictures of {side}x{side} pixels do not fit the net's pools", "Give 10x10 pixels")
    return first, second


def _shapes(network: Network, side: int) -> dict[str, tuple[int, ...]]:
    """The groups of nodes and their shapes."""
    first, second = _sizes(side)
    filters, last = network.first.shape[0], network.second.shape[0]
    maps, pooled = (filters, first, first), (filters, first // POOL, first // POOL)
    return {
        "pixel": (side, side),
        "first": maps,
        "first_relu": maps,
        "first_mean": pooled,
        "first_plus": pooled,
        "first_minus": pooled,
        "second": (last, second, second),
        "second_relu": (last, second, second),
        "second_mean": (last, 1, 1),
        "row": (last,),
        "converted": (),
        "score": (),
    }


def _node(name: str, *index: int) -> str:
    return "_".join((name, *(str(place) for place in index)))


def _pixels(pictures: Array) -> Iterator[str]:
    """A source each pixel, dark before the first pulse, its edges in each pulse's first nanosecond; and its inverse."""
    for row, column in np.ndindex(*pictures.shape[1:]):
        points: list[tuple[float, float]] = []
        before = 0.0
        for number, value in enumerate(pictures[:, row, column].tolist()):
            points += [(number * PULSE_S, before), (number * PULSE_S + EDGE_S, value)]
            before = value
        pixel = _node("pixel", row, column)
        yield f"v{pixel} {pixel} 0 pwl({' '.join(f'{time:.4e} {value:.6e}' for time, value in points)})"
        yield f"e{pixel} {_node('inverse', row, column)} 0 0 {pixel} 1"


def _relu(before: str, after: str) -> str:
    return PARTS["relu_switch"].line(after, f"{before} {after} vddr vssr vddc vssc")


def _convolution(name: str, rows: tuple[str, str], filters_s: Array, size: int) -> Iterator[str]:
    """All columns of a layer with their loads, wires and ReLUs, then the means.

    Each memristor hangs on a row's signal or its inverse, as the weight's sign wants.
    """
    for channel, y, x in np.ndindex(filters_s.shape[0], size, size):
        out = _node(name, channel, y, x)
        for number, (*before, dy, dx) in enumerate(np.ndindex(*filters_s.shape[1:])):
            signed = float(filters_s[(channel, *before, dy, dx)])
            row = _node(rows[0 if signed > 0 else 1], *before, y + dy, x + dx)
            yield f"r{out}_{number} {row} {out} {1 / abs(signed):.9e}"
        yield f"r{out}_load {out} 0 {LOAD_OHM:.9e}"
        yield f"c{out} {out} 0 {NODE_F:.3e}"
        yield _relu(out, _node(f"{name}_relu", channel, y, x))
    for channel, y, x in np.ndindex(filters_s.shape[0], size // POOL, size // POOL):
        mean = _node(f"{name}_mean", channel, y, x)
        for number, (dy, dx) in enumerate(np.ndindex(POOL, POOL)):
            node = _node(f"{name}_relu", channel, POOL * y + dy, POOL * x + dx)
            yield f"r{mean}_{number} {node} {mean} {MEAN_OHM:.6e}"
        yield f"c{mean} {mean} 0 {NODE_F:.3e}"


def _dense_layer(network: Network) -> Iterator[str]:
    """Sign crossbar, sign switches, the dense column, its switch, the converter and the last ReLU."""
    yield from sign_reads()
    for number, conductance in enumerate(network.dense.tolist()):
        row, sign = _node("row", number), _node("sign", number)
        yield from sign_cell(sign, inverts=conductance < 0)
        yield PARTS["sign_switch"].line(row, f"{_node('second_mean', number, 0, 0)} {sign} {row} vdds vsss vddt vsst")
        yield f"rdense_{number} {row} column {1 / abs(conductance):.9e}"
    yield f"ccolumn column 0 {NODE_F:.3e}"
    yield PARTS["crossbar_switch"].line("column", "column held vddx vddx vssx")
    yield "vcolumn held summed 0"
    yield current_to_voltage().line("converted", "summed converted vddi vssi")
    yield _relu("converted", "score")
