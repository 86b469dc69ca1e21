"""Paper M's cells by name: what each is measured in."""

import difflib
from dataclasses import dataclass

import numpy as np

from spingan.circuits.cards import Cards, load_cards
from spingan.circuits.cell_bench import Bench, CellTransfer, PulseResponse, pulse_response, sweep
from spingan.circuits.memristive_activations import RELU_BENCH, TANH_BENCH
from spingan.circuits.memristive_parts import (
    FEEDBACK_OHM,
    OFF_OHM,
    ON_OHM,
    crossbar_switch,
    current_to_voltage,
    dot_product_column,
    dropout_switch,
    mean_filter,
    sign_cell,
    sign_reads,
    sign_switch,
    thresholding,
)
from spingan.circuits.op_amp import follower
from spingan.errors import UserError

POINTS = 361
RAIL_V = 0.9  # half of the node's 1.8 V supply either side of 0: assumed, not printed
SIGNAL_V = 0.5  # of a pulse: assumed
COLUMN_S = tuple(np.linspace(1 / ON_OHM, 1 / OFF_OHM, 9).tolist())  # a 3x3 filter from on to off: assumed
OTHERS_V = 0.3  # what drives the column's other rows: assumed
CLOSED = (f"vcontrol control 0 {RAIL_V:g}",)


@dataclass(frozen=True)
class MeasuredCell:
    """A cell in its bench, swept between two inputs and driven by a pulse of 100 ns from rest.

    Attributes:
        loaded: what the output drives, in words.
        in_table_1: whether Table I of paper M prints its power and area.
    """

    name: str
    does: str
    bench: Bench
    lowest: float
    highest: float
    rest: float
    pulse: float
    loaded: str = "10 kΩ"
    in_table_1: bool = False

    @property
    def input_unit(self) -> str:
        """Volts, or amperes where the input is a current."""
        return "V" if self.bench.input_a_per_v is None else "A"


def _fixed_rows(voltages: tuple[float, ...]) -> tuple[str, ...]:
    return tuple(f"vin{row} in{row} 0 {value:g}" for row, value in enumerate(voltages, start=1))


def _signed(*, inverts: bool) -> Bench:
    return Bench(sign_switch(), around=(*sign_reads(), *sign_cell("sign", inverts=inverts)))


MEMRISTIVE_CELLS = (
    MeasuredCell(
        "op-amp", "two-stage op-amp, as a follower", Bench(follower()), -RAIL_V, RAIL_V, 0.0, SIGNAL_V,
        in_table_1=True,
    ),
    MeasuredCell(
        "current-to-voltage", f"op-amp with {FEEDBACK_OHM / 1e3:g} kΩ, which turns a dense column's current into volts",
        Bench(current_to_voltage(), load_ohm=None, input_a_per_v=1 / FEEDBACK_OHM),
        -RAIL_V / FEEDBACK_OHM, RAIL_V / FEEDBACK_OHM, 0.0, -SIGNAL_V / FEEDBACK_OHM, loaded="nothing",
    ),
    MeasuredCell(
        "dot-product-column", "nine memristors from on to off, 4 kΩ of load; the first driven, the others at 0.3 V",
        Bench(dot_product_column(COLUMN_S), load_ohm=None, around=_fixed_rows((OTHERS_V,) * 8)),
        -RAIL_V, RAIL_V, 0.0, SIGNAL_V, loaded="nothing",
    ),
    MeasuredCell(
        "mean-filter", "four equal memristors that meet in a node; one driven, the others at 0.1, 0.2 and 0.3 V",
        Bench(mean_filter(), load_ohm=None, around=_fixed_rows((0.1, 0.2, 0.3))),
        -RAIL_V, RAIL_V, 0.0, SIGNAL_V, loaded="nothing",
    ),
    MeasuredCell(
        "relu-switch", "follower, comparator and pass gate: ReLU of gain 1, clipped under the rail", RELU_BENCH,
        -RAIL_V, RAIL_V, 0.0, SIGNAL_V, in_table_1=True,
    ),
    MeasuredCell(
        "tanh", "differential pair and mirrors into 10 kΩ: hyperbolic tangent", TANH_BENCH,
        -RAIL_V, RAIL_V, 0.0, SIGNAL_V, loaded="its own 10 kΩ",
    ),
    MeasuredCell(
        "thresholding", "two inverters: high above half the supply, low below", Bench(thresholding(), load_ohm=None),
        -RAIL_V, RAIL_V, -0.2, 0.2, loaded="nothing", in_table_1=True,
    ),
    MeasuredCell(
        "sign-switch", "passes a row's signal, inverted because its cell of the sign crossbar is on",
        _signed(inverts=True), -RAIL_V, RAIL_V, 0.0, SIGNAL_V,
    ),
    MeasuredCell(
        "dropout-switch", "pass gate that grounds its output when open; measured closed",
        Bench(dropout_switch(), around=CLOSED), -RAIL_V, RAIL_V, 0.0, SIGNAL_V,
        in_table_1=True,
    ),
    MeasuredCell(
        "crossbar-switch", "pass gate that joins a column; measured closed",
        Bench(crossbar_switch(), around=CLOSED), -RAIL_V, RAIL_V, 0.0, SIGNAL_V,
        in_table_1=True,
    ),
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class CellResult:
    """A cell, measured: areas in square metres; the gate area is width times length, summed."""

    cell: MeasuredCell
    transfer: CellTransfer
    response: PulseResponse
    gate_area_m2: float
    area_m2: float


def memristive_cell(name: str) -> MeasuredCell:
    """The cell of that name.

    Raises:
        UserError: There is none.
    """
    known = {cell.name: cell for cell in MEMRISTIVE_CELLS}
    if name not in known:
        close = difflib.get_close_matches(name, known, n=1)
        hint = f"Did you mean {close[0]}? " if close else ""
        raise UserError(f"there is no cell {name!r} of paper M", f"{hint}Known: {', '.join(known)}")
    return known[name]


def measure_cell(name: str, cards: Cards | None = None) -> CellResult:
    """A cell's DC transfer and its answer to a pulse, by ngspice, and its area.

    Args:
        cards: None: the generic 180 nm cards.

    Raises:
        UserError: There is no such cell, and as `run`.
    """
    cell, chosen = memristive_cell(name), cards or load_cards(node="180nm")
    return CellResult(
        cell=cell,
        transfer=sweep(cell.bench, cell.lowest, cell.highest, POINTS, chosen),
        response=pulse_response(cell.bench, cell.rest, cell.pulse, chosen),
        gate_area_m2=cell.bench.cell.gate_area_m2(chosen),
        area_m2=cell.bench.cell.area_m2(chosen),
    )
