"""Wires of a tile: their rules, the effective conductances behind them, and the rows that a column may have.

A tile of ohmic cells is a linear circuit, whatever its wires: the current of column j is Σ_i H_ij v_i. `fold` computes
H, so that an ordinary product with it is the tile with its wires, for every input, exactly.
"""

import hashlib
import math
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from itertools import count, islice
from threading import Lock
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spingan.arrays.ladder import eliminated_rows, one_thread, row_voltages
from spingan.errors import UserError
from spingan.spec.technology import MOST_OHM, Technology


@dataclass(frozen=True)
class WireRules:
    """Resistances around the cells of a tile; all 0 is a tile of ideal wires.

    Every cell has one piece of wire towards its row's driver and one towards its column's end, as in
    `spingan.circuits.crossbar_column`: the driver stands before column 0, and the column ends below the last row.

    Attributes:
        row_ohm: Of a row's wire from one cell to the next.
        column_ohm: Of a column's.
        driver_ohm: Of the driver of each row, of each of its two where the row is fed from both sides.
        load_ohm: From each column's end to ground; 0 is a virtual ground.
        fed_from_both_sides: Whether a second driver, of the same voltage, feeds each row behind its last column.
    """

    row_ohm: float = 0.0
    column_ohm: float = 0.0
    driver_ohm: float = 0.0
    load_ohm: float = 0.0
    fed_from_both_sides: bool = False

    def __post_init__(self) -> None:
        """Refuse what is no resistance.

        Raises:
            UserError: One is negative, or above `MOST_OHM`.
        """
        for name in ("row_ohm", "column_ohm", "driver_ohm", "load_ohm"):
            if not 0 <= getattr(self, name) <= MOST_OHM:
                raise UserError(f"the tile's {name} is {getattr(self, name):g}", f"Give 0 to {MOST_OHM:g} ohm.")

    @classmethod
    def of(cls, technology: Technology) -> Self:
        """Those of a technology. What it does not state is 0."""
        row_ohm = technology.wire_resistance_ohm or 0.0
        column_ohm = technology.column_wire_resistance_ohm
        loaded = technology.read_out == "load_divider"
        return cls(
            row_ohm,
            row_ohm if column_ohm is None else column_ohm,
            technology.driver_resistance_ohm or 0.0,
            (technology.load_resistance_ohm or 0.0) if loaded else 0.0,
            technology.row_feed == "two_sides",
        )

    @property
    def ideal(self) -> bool:
        """Whether there is neither a wire nor a driver with a resistance."""
        return not (self.row_ohm or self.column_ohm or self.driver_ohm)

    @property
    def feed(self) -> tuple[float, float, bool]:
        """Ohm from cell to cell in a row and from a driver's source to the next cell, and whether there are two."""
        return float(self.row_ohm), float(self.driver_ohm + self.row_ohm), self.fed_from_both_sides


MOST_OPERATIONS = 5e12  # six minutes of one core, at 1.5e10 a second: measured


def fold(conductance_s: ArrayLike, wires: WireRules) -> NDArray[np.float64]:
    """The tile's transfer H, (rows, columns) in siemens: column j's current for 1 V on row i and 0 V on the others.

    Without wires it is the conductances themselves. With them, H_ij is above 0 even where a cell is missing, through
    the cells beside it. It takes rows x columns³ + rows² x columns² operations, or the same with both exchanged.

    Args:
        conductance_s: (rows, columns), 0 or more.

    Raises:
        UserError: No matrix of such conductances, or one so large that it takes more than `MOST_OPERATIONS`.
    """
    cells = checked_conductances(conductance_s)
    rows, columns = cells.shape
    if columns > rows and not wires.fed_from_both_sides:
        return _mirrored(cells, wires)
    operations = rows * columns**3 + rows**2 * columns**2 / 2
    if operations > MOST_OPERATIONS:
        problem = (
            f"a tile of {rows:,} x {columns:,} cells with wires takes about {operations / 5e13:,.2g} hours to solve"
        )
        raise UserError(problem, "Give tile_rows and tile_columns, such as 128, or leave the wires' resistances out.")
    transfer, passed = np.empty((rows, columns)), np.empty((rows, columns))
    nothing, one_volt = np.zeros((columns, 1)), np.ones(1)
    with one_thread():
        for row, (passing, _) in enumerate(eliminated_rows(cells, wires)):
            voltage = row_voltages(cells[row], nothing, one_volt, *wires.feed)
            transfer[row] = cells[row] * voltage[:, 0]
            np.matmul(transfer[: row + 1], passing, out=passed[: row + 1])
            transfer, passed = passed, transfer
    return transfer


_KEPT_BYTES = 1 << 27  # transfers of the last tiles; three chips of the larger shipped nets: assumed
_kept: OrderedDict[tuple[bytes, tuple[int, ...], WireRules], NDArray[np.float64]] = OrderedDict()
_keeping = Lock()


def fold_once(conductance_s: NDArray[np.float64], wires: WireRules) -> NDArray[np.float64]:
    """`fold`, or what it gave for the same tile before; not to be written to.

    The same arrays come again where only what stands around them differs: converters, activations, a chip's
    adaptation. Solving them is most of such a trial. Within `sketched_wires` only tiles of equal cells are solved.

    Raises:
        UserError: As `fold`.
    """
    if _sketching.get():
        return _sketched(conductance_s, wires)
    key = hashlib.blake2b(conductance_s.tobytes()).digest(), conductance_s.shape, wires
    with _keeping:
        if key in _kept:
            _kept.move_to_end(key)
            return _kept[key]
    transfer = fold(conductance_s, wires)
    transfer.setflags(write=False)
    with _keeping:
        _kept[key] = transfer
        while sum(each.nbytes for each in _kept.values()) > _KEPT_BYTES:
            _kept.popitem(last=False)
    return transfer


_sketching: ContextVar[bool] = ContextVar("sketching", default=False)
_STEP = math.log(1.1)  # between the means of the tiles that are solved for a sketch: so few that most come again


@contextmanager
def sketched_wires() -> Iterator[None]:
    """Within it tiles are not solved: each cell passes what it would in a tile of equal cells. For a first look only.

    That is right to first order in the drops on the wires and in how cells differ from their mean
    (tests/arrays/test_wires.py).
    """
    before = _sketching.set(True)
    try:
        yield
    finally:
        _sketching.reset(before)


def _sketched(cells: NDArray[np.float64], wires: WireRules) -> NDArray[np.float64]:
    mean = float(cells.mean())
    if not mean > 0:
        return np.zeros_like(cells)
    equal = math.exp(_STEP * round(math.log(mean) / _STEP))
    before = _sketching.set(False)
    try:
        return cells * (fold_once(np.full(cells.shape, equal), wires) / equal)
    finally:
        _sketching.reset(before)


def _mirrored(cells: NDArray[np.float64], wires: WireRules) -> NDArray[np.float64]:
    """The transfer of a wide tile, by reciprocity: that of the tall one whose rows are its columns, read backwards."""
    other = WireRules(wires.column_ohm, wires.row_ohm, wires.load_ohm, wires.driver_ohm)
    turned = np.ascontiguousarray(cells.T[::-1, ::-1])
    return np.ascontiguousarray(fold(turned, other)[::-1, ::-1].T)


def checked_conductances(conductance_s: ArrayLike) -> NDArray[np.float64]:
    """The conductances as a contiguous (rows, columns) matrix.

    Raises:
        UserError: They are none, or one is negative or not finite.
    """
    cells = np.ascontiguousarray(conductance_s, dtype=np.float64)
    if cells.ndim != 2 or cells.size == 0:
        raise UserError(f"the conductances of a tile have the shape {cells.shape}", "Give rows and columns.")
    wrong = np.argwhere(~((cells >= 0) & (cells < np.inf)))
    if len(wrong):
        row, column = wrong[0]
        raise UserError(
            f"the conductance in row {row}, column {column} is {cells[row, column]:g} S", "Give 0 or more, and finite."
        )
    return cells


@dataclass(frozen=True)
class LargestRows:
    """The most rows that a column may have: exactly, and as a power of two; 0 where not even one is allowed."""

    exact: int
    power_of_two: int


MOST_ROWS = 1 << 20  # where the search ends: no array is that tall


def largest_rows(technology: Technology, loss: float = 0.05) -> LargestRows:
    """Rows of a column whose devices are all at the largest conductance, until its wire takes a share of its current.

    All rows have the same voltage, the column ends in a virtual ground, and rows and drivers are ideal: the ladder of
    the column alone, solved exactly. The share is close to r G n² / 3 while it is small.

    Args:
        loss: The share that may be lost, above 0 and below 1.

    Raises:
        UserError: The share is none; the technology has no devices in siemens, or does not state its wires.
    """
    if not 0 < loss < 1:
        raise UserError(f"loss {loss:g} is not a share", "Give one above 0 and below 1.")
    if technology.synapse is None:
        raise UserError(f"technology {technology.name} has no devices", "Name one with a synapse.")
    largest_s = float(technology.synapse.require_siemens("the largest tile")[-1])
    wire_ohm = WireRules.of(technology).column_ohm
    if not wire_ohm:
        raise UserError(
            f"technology {technology.name} does not state its wires' resistance", "Set wire_resistance_ohm, in ohm."
        )
    rows = 0
    for lost in _lost_by_rows(wire_ohm * largest_s):
        if lost > loss or rows == MOST_ROWS:
            break
        rows += 1
    return LargestRows(rows, 1 << (rows.bit_length() - 1) if rows else 0)


def _lost_by_rows(ratio: float) -> Iterator[float]:
    """The share of its current that a column's wire takes, for 1, 2, 3 ... rows.

    Args:
        ratio: Resistance of the wire from cell to cell over that of a device.
    """
    seen = 0.0  # the admittance of the column so far, seen from its lower end, in units of a device's
    for rows in count(1):
        seen += 1
        seen /= 1 + ratio * seen
        yield 1 - seen / rows


def column_loss(rows: int, device_ohm: float, wire_ohm: float) -> float:
    """The share of its current that a column of so many equal devices loses in its wire: see `largest_rows`."""
    return next(islice(_lost_by_rows(wire_ohm / device_ohm), rows - 1, None))


def least_resistance(rows: int, wire_ohm: float, loss: float = 0.05) -> float:
    """The smallest resistance of a device, in ohm, with which a column of so many rows loses no more than that share.

    By bisection of the column's ladder; close to r n² / (3 loss) while the share is small.

    Raises:
        UserError: The share is none, there is no row, or the wire has no resistance.
    """
    if not 0 < loss < 1:
        raise UserError(f"loss {loss:g} is not a share", "Give one above 0 and below 1.")
    if rows < 1 or not wire_ohm > 0:
        raise UserError(f"{rows} rows on {wire_ohm:g} ohm a cell", "Give at least one row and a wire that resists.")
    low, high = 0.0, wire_ohm * rows**2 / loss  # a column loses less than r n² / R
    while high - low > 1e-12 * high:
        middle = (low + high) / 2
        low, high = (low, middle) if column_loss(rows, middle, wire_ohm) <= loss else (middle, high)
    return high


ASSUMED_OHM = 0.35  # from cell to cell, where a technology states none: what aihwkit assumes (Gmax 5 µS)


TABLE_ROWS = (64, 128, 256)  # tiles that peers assume; ISAAC: 128


def tallest_column(technology: Technology, loss: float = 0.05) -> dict[str, Any]:
    """`largest_rows` in JSON's types, with `ASSUMED_OHM` where the technology states no wires.

    Returns:
        `largest_rows`, the exact number, or None where no conductance is known or no wire resists;
        `largest_rows_power_of_two`; `largest_rows_wire_ohm` and whether it is `largest_rows_wire_assumed`;
        `largest_rows_loss`; `tile_loss`, the share that a column of the technology's own tiles loses, None where it has
        none; `rows_need`, for some numbers of rows the `least_resistance_ohm` of a device, and how many `times` that
        of today's smallest resistance it is, None where that is unknown.
    """
    known = technology.synapse is not None and technology.synapse.basis != "normalised"
    fields = technology.wire_resistance_ohm, technology.column_wire_resistance_ohm
    stated = fields != (None, None)
    ohm = WireRules.of(technology).column_ohm if stated else ASSUMED_OHM
    most, device_ohm, lost = None, None, None
    if known and technology.synapse is not None:
        device_ohm = 1 / technology.synapse.conductance[-1]
        lost = None if technology.tile_rows is None else column_loss(technology.tile_rows, device_ohm, ohm)
    if known and ohm:
        most = largest_rows(technology.model_copy(update={"column_wire_resistance_ohm": ohm}), loss)
    need = {rows: least_resistance(rows, ohm, loss) for rows in TABLE_ROWS} if ohm else {}
    return {
        "largest_rows": None if most is None else most.exact,
        "largest_rows_power_of_two": None if most is None else most.power_of_two,
        "largest_rows_wire_ohm": ohm,
        "largest_rows_wire_assumed": not stated,
        "largest_rows_loss": loss,
        "tile_loss": lost,
        "rows_need": [
            {"rows": rows, "least_resistance_ohm": least, "times": None if device_ohm is None else least / device_ohm}
            for rows, least in need.items()
        ],
    }
