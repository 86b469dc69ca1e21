"""Paper M's small convolutional net as numbers: signed conductances in, the voltage of every node out.

Two convolutions of two 3x3 filters, each with ReLU and a 2x2 mean, and one dense column ("Small CNN and DCNN systems
with 2 convolutional layers and 2 filters of the size of 3x3, and single dense layer network": paper M, Results). The
picture's size is not printed: 10x10 pixels, the smallest that both pools divide, are assumed. Weights are not printed
either, and drawn from a seed.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spingan.circuits.cards import GENERIC_180NM, Cards
from spingan.circuits.cell_bench import Bench, sweep
from spingan.circuits.memristive_parts import (
    FEEDBACK_OHM,
    LOAD_OHM,
    OFF_OHM,
    ON_OHM,
    PARTS,
    current_to_voltage,
    sign_cell,
    sign_reads,
)
from spingan.circuits.subcircuit import Resistor, Subcircuit, Use
from spingan.errors import UserError

Array = NDArray[np.float64]
Curve = Callable[[Array], Array]

PIXELS = 10  # a side: assumed, see above
FILTERS = 2  # paper M, Results
FILTER = 3  # a side: paper M, Results
POOL = 2  # a side: assumed
BRIGHT_V = 0.6  # of a white pixel: assumed, below the write threshold of 0.8 V (paper M, Table II)
LEVELS = 64  # paper M, Results: what the architecture tolerates


@dataclass(frozen=True, eq=False)
class Network:
    """The net's memristors, in siemens; the sign is that of the row's voltage that drives the memristor.

    Attributes:
        first: (filters, 3, 3).
        second: (filters, filters of the first, 3, 3).
        dense: (filters of the second,); the sign crossbar inverts a row where it is negative.
    """

    first: Array
    second: Array
    dense: Array


@dataclass(frozen=True)
class CellCurves:
    """What each cell does to a voltage: the ideal function, or a measured table.

    `converter` takes the amperes that the dense column would give into ground. `plus` and `minus` are the two drivers
    of a row, `kept` and `turned` the sign switch's two ways.
    """

    relu: Curve
    plus: Curve
    minus: Curve
    kept: Curve
    turned: Curve
    converter: Curve


def draw_network(seed: int) -> Network:
    """A net whose memristors have random signs and one of 64 levels between off and on."""
    draws = np.random.default_rng(seed)

    def signed(*shape: int) -> Array:
        level = draws.integers(LEVELS, size=shape) / (LEVELS - 1)
        return draws.choice((-1.0, 1.0), size=shape) * (1 / OFF_OHM + level * (1 / ON_OHM - 1 / OFF_OHM))

    sides = (FILTER, FILTER)
    return Network(signed(FILTERS, *sides), signed(FILTERS, FILTERS, *sides), signed(FILTERS))


def draw_pictures(number: int, seed: int) -> Array:
    """Strokes in grey as (number, 10, 10) volts: a thick line between two random points each."""
    if number < 1:
        raise UserError(f"{number} pictures", "Ask for one at least")
    draws = np.random.default_rng((seed, 1))  # other numbers than the weights'
    row, column = np.mgrid[0:PIXELS, 0:PIXELS].astype(np.float64)
    pictures = []
    for _ in range(number):
        (y0, x0), (y1, x1) = draws.uniform(1, PIXELS - 2, size=(2, 2))
        along = ((row - y0) * (y1 - y0) + (column - x0) * (x1 - x0)) / max((y1 - y0) ** 2 + (x1 - x0) ** 2, 1e-9)
        nearest = np.clip(along, 0, 1)
        away = np.hypot(row - y0 - nearest * (y1 - y0), column - x0 - nearest * (x1 - x0))
        pictures.append(BRIGHT_V * np.clip(2.0 - away, 0.0, 1.0))
    return np.stack(pictures)


IDEAL = CellCurves(  # cells that do exactly what they are called; the ReLU without a clip
    relu=lambda v: np.maximum(v, 0.0),
    plus=lambda v: v,
    minus=lambda v: -v,
    kept=lambda v: v,
    turned=lambda v: -v,
    converter=lambda i: -FEEDBACK_OHM * i,
)


def node_values(network: Network, pictures: Array, cells: CellCurves = IDEAL) -> Mapping[str, Array]:
    """Every node of the net, (pictures, ...) in volts, `column_a` in amperes; names as the circuit's groups.

    Args:
        pictures: (n, side, side) volts.
        cells: what each cell does to a voltage.
    """
    found: dict[str, Array] = {"pixel": pictures}
    pixels = np.stack([pictures, -pictures])[:, :, None]  # both signs come from the drivers of the pixels
    found["first"] = _columns(pixels, network.first[:, None])
    found["first_relu"] = cells.relu(found["first"])
    found["first_mean"] = _pooled(found["first_relu"])
    found["first_plus"], found["first_minus"] = cells.plus(found["first_mean"]), cells.minus(found["first_mean"])
    found["second"] = _columns(np.stack([found["first_plus"], found["first_minus"]]), network.second)
    found["second_relu"] = cells.relu(found["second"])
    found["second_mean"] = _pooled(found["second_relu"])
    reached = found["second_mean"][:, :, 0, 0]
    found["row"] = np.where(network.dense < 0, cells.turned(reached), cells.kept(reached))
    found["converted"] = cells.converter(found["row"] @ np.abs(network.dense))
    found["column_a"] = -found["converted"] / FEEDBACK_OHM
    found["score"] = cells.relu(found["converted"])
    return found


def _columns(rows: Array, conductance_s: Array) -> Array:
    """V = sum(g V) / (sum(g) + g_load) at every place of every filter.

    Args:
        rows: (2, n, channels, height, width), the two signs of each row.
        conductance_s: (filters, channels, 3, 3), signed.
    """
    windows = np.lib.stride_tricks.sliding_window_view(rows, (FILTER, FILTER), axis=(3, 4))
    positive, negative = np.maximum(conductance_s, 0.0), np.maximum(-conductance_s, 0.0)
    total = np.einsum("nchwij,fcij->nfhw", windows[0], positive) + np.einsum("nchwij,fcij->nfhw", windows[1], negative)
    return total / (np.abs(conductance_s).sum(axis=(1, 2, 3))[:, None, None] + 1 / LOAD_OHM)


def _pooled(values: Array) -> Array:
    images, channels, height, width = values.shape
    return values.reshape(images, channels, height // POOL, POOL, width // POOL, POOL).mean(axis=(3, 5))


POINTS = 1801  # a millivolt apart from rail to rail: signals after two layers are some ten millivolts


def measured_curves(network: Network, cards: Cards = GENERIC_180NM) -> CellCurves:
    """Every cell's DC transfer, by ngspice, loaded as in the net.

    The four currents into a mean add to zero, so its ReLUs are taken without a load; a row's two drivers see about the
    memristors that hang on them, and the converter the dense column's behind its switch.

    Raises:
        UserError: As `run`.
    """
    rail_v = cards.technology.supply_v / 2
    row_ohm = 1 / (FILTERS * FILTER**2 * float(np.abs(network.second).mean()) / 2)
    dense_ohm = 1 / float(np.abs(network.dense).mean())

    def table(bench: Bench) -> Curve:
        reach = rail_v * bench.scale
        curve = sweep(bench, -reach, reach, POINTS, cards)
        return lambda values: np.interp(values, curve.input, curve.output_v)

    def driver(name: str, nodes: str) -> Bench:
        one = Subcircuit(
            name, ("in", "out", "vdd", "vss"), (Use("drivers", PARTS["both_signs"], nodes),), PARTS["both_signs"].source
        )
        return Bench(one, load_ohm=row_ohm)

    def switch(*, inverts: bool) -> Bench:
        return Bench(
            PARTS["sign_switch"], load_ohm=dense_ohm, around=(*sign_reads(), *sign_cell("sign", inverts=inverts))
        )

    column = Subcircuit(
        "switched_converter",
        ("in", "out", "vdd", "vss"),
        (
            Use("switch", PARTS["crossbar_switch"], "in held vdd vdd vss"),
            Use("converter", current_to_voltage(), "held out vdd vss"),
            Resistor("column", "in 0", dense_ohm / network.dense.size),
        ),
        current_to_voltage().source,
    )
    converter = Bench(column, load_ohm=None, input_a_per_v=1 / FEEDBACK_OHM)
    return CellCurves(
        relu=table(Bench(PARTS["relu_switch"], load_ohm=None)),
        plus=table(driver("signal", "in out other vdd vss")),
        minus=table(driver("inverse", "in other out vdd vss")),
        kept=table(switch(inverts=False)),
        turned=table(switch(inverts=True)),
        converter=table(converter),
    )
