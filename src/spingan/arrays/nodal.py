"""Currents and voltages of a tile with its wires, by Kirchhoff's laws: the reference of what `fold` makes compact.

An ohmic tile is solved directly, all inputs at once. Cells whose current bends with the voltage are solved by Newton's
method from the ohmic solution: in each step every cell is its tangent, a conductance with a current source beside it,
and the tile of tangents is solved directly again, each input by itself.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spingan.arrays.ladder import eliminated_rows, one_thread, row_voltages
from spingan.arrays.wires import WireRules, checked_conductances, fold
from spingan.errors import UserError
from spingan.spec.synapse import Synapse

Array = NDArray[np.float64]

_STEPS = 60  # of Newton: a sinh that begins 40 V0 too high falls by about V0 a step
_ACCURACY = 1e-12  # of every cell's current, as a fraction of the largest one


@dataclass(frozen=True, eq=False)
class TileVoltages:
    """Both ends of every cell, (rows, columns, inputs) in volts: on its row's wire and on its column's."""

    row_v: Array
    column_v: Array


@dataclass(frozen=True)
class CellLaw:
    """How the current of a cell bends with its voltage: I = G V0 sinh(V / V0).

    Attributes:
        sinh_voltage_v: V0.
        range_v: Lowest and highest voltage at which it holds; None where nothing is said.
    """

    sinh_voltage_v: float
    range_v: tuple[float, float] | None = None

    @classmethod
    def of(cls, synapse: Synapse) -> Self | None:
        """That of a synapse; None where its cells are ohmic or nothing is said.

        Raises:
            UserError: The law is a tunnel junction's, which no tile is solved with, or V0 is missing.
        """
        if synapse.read.law in (None, "linear"):
            return None
        if synapse.read.law == "mtj":
            raise UserError(
                f"synapse {synapse.name}: a tile is not solved with read.law mtj yet",
                "Use linear, or sinh with its V0.",
            )
        if synapse.read.sinh_voltage_v is None:
            raise UserError(f"synapse {synapse.name}: read.law sinh has no voltage", "Give read.sinh_voltage_v, in V.")
        return cls(synapse.read.sinh_voltage_v, synapse.validity.read_voltage_v)

    def current(self, conductance_s: Array, voltage_v: Array) -> Array:
        """In ampere."""
        return conductance_s * self.sinh_voltage_v * np.sinh(voltage_v / self.sinh_voltage_v)

    def slope(self, conductance_s: Array, voltage_v: Array) -> Array:
        """dI / dV in siemens."""
        return conductance_s * np.cosh(voltage_v / self.sinh_voltage_v)


def solve_tile(conductance_s: ArrayLike, voltage_v: ArrayLike, wires: WireRules, law: CellLaw | None = None) -> Array:
    """Currents at the columns' ends, (columns, inputs) in ampere.

    Args:
        conductance_s: (rows, columns) of the cells, at low voltage where they bend.
        voltage_v: (rows, inputs) of the drivers.
        law: How the cells bend; None: ohmic.

    Raises:
        UserError: Conductances or voltages that are none, or do not fit; voltages at which the law is not known to
            hold; or Newton's method does not converge.
    """
    cells, driven = _checked(conductance_s, voltage_v, law)
    if not driven.shape[1]:
        return np.empty((cells.shape[1], 0))
    if law is not None:
        return np.stack([_newton(cells, driven[:, [at]], wires, law, at).current_a[:, 0] for at in _inputs(driven)], 1)
    if 2 * driven.shape[1] >= len(cells):  # as many operations as all of the transfer takes
        return fold(cells, wires).T @ driven
    current = np.zeros((driven.shape[1], cells.shape[1]))
    nothing = np.zeros((cells.shape[1], driven.shape[1]))
    with one_thread():
        for row, (passing, _) in enumerate(eliminated_rows(cells, wires)):
            at_row = row_voltages(cells[row], nothing, driven[row], *wires.feed)
            current = (current + (cells[row][:, None] * at_row).T) @ passing
    return np.ascontiguousarray(current.T)


def tile_voltages(
    conductance_s: ArrayLike, voltage_v: ArrayLike, wires: WireRules, law: CellLaw | None = None
) -> TileVoltages:
    """Voltages at both ends of every cell. Arguments and refusals as `solve_tile`.

    It holds rows x columns² numbers in memory at once.
    """
    cells, driven = _checked(conductance_s, voltage_v, law)
    if law is None:
        solution = _solve(cells, np.zeros((*cells.shape, driven.shape[1])), driven, wires)
        return TileVoltages(solution.row_v, solution.column_v)
    each = [_newton(cells, driven[:, [at]], wires, law, at) for at in _inputs(driven)]
    return TileVoltages(
        np.concatenate([one.row_v for one in each], axis=2), np.concatenate([one.column_v for one in each], axis=2)
    )


def _inputs(driven: Array) -> range:
    return range(driven.shape[1])


def _checked(conductance_s: ArrayLike, voltage_v: ArrayLike, law: CellLaw | None) -> tuple[Array, Array]:
    cells = checked_conductances(conductance_s)
    driven = np.ascontiguousarray(voltage_v, dtype=np.float64)
    if driven.ndim != 2 or len(driven) != len(cells):
        raise UserError(
            f"voltages of the shape {driven.shape} for {len(cells)} rows", f"Give ({len(cells)}, inputs) of them."
        )
    if not np.all(np.isfinite(driven)):
        raise UserError("a driver's voltage is not finite", "Give finite numbers.")
    if law is not None and law.range_v is not None and driven.size:
        low, high = law.range_v
        if driven.min() < low or driven.max() > high:
            raise UserError(
                f"drivers of {driven.min():g} to {driven.max():g} V; the cells' law holds from {low:g} to {high:g} V",
                "Drive within that, or widen validity.read_voltage_v in the synapse's file if you know that it holds.",
            )
    return cells, driven


@dataclass(frozen=True, eq=False)
class _Solution:
    current_a: Array  # (columns, inputs)
    row_v: Array  # (rows, columns, inputs)
    column_v: Array


def _solve(cells: Array, drawn: Array, driven: Array, wires: WireRules) -> _Solution:
    """A tile of cells that carry g v + `drawn`, (rows, columns, inputs), from row to column: down, then up again."""
    rows, columns = cells.shape
    inputs = driven.shape[1]

    def at_row(row: int, drawn_here: Array) -> Array:
        return row_voltages(cells[row], np.ascontiguousarray(drawn_here), driven[row], *wires.feed)

    passed, admittances = np.empty((rows, columns, inputs)), np.empty((rows, columns, columns))
    current = np.zeros((columns, inputs))
    with one_thread():
        for row, (passing, admittance) in enumerate(eliminated_rows(cells, wires)):
            added = cells[row][:, None] * at_row(row, drawn[row]) + drawn[row]
            current = passed[row] = passing @ (current + added)
            if admittance.size:
                admittances[row] = admittance
    row_v, column_v = np.empty((rows, columns, inputs)), np.empty((rows, columns, inputs))
    down = passed[-1]
    column_v[-1] = (wires.column_ohm + wires.load_ohm) * down
    for row in range(rows - 1, -1, -1):
        if row + 1 < rows:
            down = passed[row] - admittances[row] @ column_v[row + 1]
            column_v[row] = column_v[row + 1] + wires.column_ohm * down
        row_v[row] = at_row(row, drawn[row] - cells[row][:, None] * column_v[row])
    return _Solution(passed[-1], row_v, column_v)


def _newton(cells: Array, driven: Array, wires: WireRules, law: CellLaw, at: int) -> _Solution:
    """One input, (rows, 1), of cells that bend."""
    solution = _solve(cells, np.zeros((*cells.shape, 1)), driven, wires)
    reason, worst = f"is not there after {_STEPS} steps", (0, 0)
    with np.errstate(over="ignore", invalid="ignore"):
        for _ in range(_STEPS):
            voltage = (solution.row_v - solution.column_v)[..., 0]
            slope, current = law.slope(cells, voltage), law.current(cells, voltage)
            if not np.all(np.isfinite(slope) & np.isfinite(current)):
                reason, worst = "meets a current that no number holds", _place(np.abs(voltage))
                break
            source = current - slope * voltage
            solution = _solve(slope, source[..., None], driven, wires)
            voltage = (solution.row_v - solution.column_v)[..., 0]
            straight = slope * voltage + source
            wrong = np.abs(law.current(cells, voltage) - straight)
            worst = _place(wrong)
            if wrong[worst] <= _ACCURACY * np.abs(straight).max():
                return solution
    raise UserError(
        f"the tile's currents do not converge: Newton's method {reason}, "
        f"for input {at} at row {worst[0]}, column {worst[1]}",
        f"The largest driver is {np.abs(driven).max():g} V and the cells' V0 {law.sinh_voltage_v:g} V: drive it lower.",
    )


def _place(values: Array) -> tuple[int, int]:
    """Row and column of the largest."""
    row, column = divmod(int(np.argmax(values)), values.shape[1])
    return row, column
