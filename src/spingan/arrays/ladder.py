"""A tile with wires as a ladder of ladders, eliminated row by row: exact for ohmic cells, wires of 0 Ω included.

Seen from its columns, a row whose driver holds 0 V is an admittance K, (columns, columns), and a row that is driven
adds short-circuit currents f, (columns,). All rows down to some place in the columns are a Norton source of currents J
and admittance Y. One more piece of column wire of r ohm turns it into P J and P Y with P = (I + r Y)^-1; one more row
adds f and K. Nothing is divided by a resistance that may be 0, and only positive numbers are added to Y's diagonal.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy.linalg import lapack

if TYPE_CHECKING:
    from spingan.arrays.wires import WireRules

Matrix = NDArray[np.float64]

_SMALL_DROP = 1e-4  # column wire times a column's conductance below which (I - P) / r would lose too many digits
_SPLIT = 96  # from this size on, products of halves are faster than LAPACK's inverse as a whole: measured


@njit(cache=True, error_model="numpy", fastmath={"contract"})
def _towards_right(conductance, row_ohm, feed_ohm, both_sides):
    """Admittance of each cell and of all that lies to the right of it, (columns,); feed_ohm is above 0."""
    columns = conductance.size
    right = np.empty(columns)
    total = 1.0 / feed_ohm if both_sides else 0.0
    for column in range(columns - 1, -1, -1):
        total += conductance[column]
        right[column] = total
        total /= 1.0 + row_ohm * total
    return right


@njit(cache=True, error_model="numpy", fastmath={"contract"})
def _add_row(admittance, system, below_ohm, conductance, row_ohm, feed_ohm, both_sides):
    """Add a row's K to Y and write I + below_ohm Y to `system`; the lower triangle of each, diagonal included.

    For cells j < k of a row, K_jk = -g_j g_k T_jk: T is the inverse of the row's nodal matrix, and
    T_jk = T_jj times the voltage ratios from j to k. On the diagonal K_jj = g_j in series with what else is there.
    """
    columns = conductance.size
    if feed_ohm == 0.0:  # then the row has no resistance at all
        for column in range(columns):
            admittance[column, column] += conductance[column]
    else:
        right = _towards_right(conductance, row_ohm, feed_ohm, both_sides)
        across = np.empty(columns)  # g_j T_jk for the present k
        left = 1.0 / feed_ohm
        for k in range(columns):
            ratio = 1.0 / (1.0 + row_ohm * right[k])
            own, row = conductance[k], admittance[k]
            for j in range(k):
                across[j] *= ratio
                row[j] -= own * across[j]
            total = left + right[k]
            across[k] = own / total
            row[k] += own * (total - own) / total
            left += own
            left /= 1.0 + row_ohm * left
    for k in range(columns):
        row, out = admittance[k], system[k]
        for j in range(k + 1):
            out[j] = below_ohm * row[j]
        out[k] += 1.0


@njit(cache=True, error_model="numpy", fastmath={"contract"})
def row_voltages(conductance, drawn, driven, row_ohm, feed_ohm, both_sides):
    """Voltages of a row's nodes, (columns, inputs), when each cell draws g v + `drawn`; elimination from the right.

    Args:
        conductance: (columns,) g.
        drawn: (columns, inputs) amperes at 0 V.
        driven: (inputs,) volts of the driver.
    """
    columns, inputs = drawn.shape
    voltage = np.empty((columns, inputs))
    if feed_ohm == 0.0:
        for column in range(columns):
            voltage[column] = driven
        return voltage
    right = _towards_right(conductance, row_ohm, feed_ohm, both_sides)
    current = np.empty((columns, inputs))  # at 0 V, of each cell and of all to the right of it
    for column in range(columns - 1, -1, -1):
        for point in range(inputs):
            passed = -driven[point] / feed_ohm if both_sides else 0.0
            if column + 1 < columns:
                passed = current[column + 1, point] / (1.0 + row_ohm * right[column + 1])
            current[column, point] = passed + drawn[column, point]
    for column in range(columns):
        piece = feed_ohm if column == 0 else row_ohm
        for point in range(inputs):
            before = driven[point] if column == 0 else voltage[column - 1, point]
            voltage[column, point] = (before - piece * current[column, point]) / (1.0 + piece * right[column])
    return voltage


@njit(cache=True)
def _mirror(matrix):
    """Copy the lower triangle to the upper one."""
    for k in range(matrix.shape[0]):
        for j in range(k):
            matrix[j, k] = matrix[k, j]


def _invert(matrix: Matrix) -> None:
    """Replace a positive definite matrix, of which only the lower triangle is read, by its whole inverse."""
    size = len(matrix)
    if size < _SPLIT:
        factor, failed = lapack.dpotrf(matrix.T, lower=0, clean=0)
        inverse, failed_too = lapack.dpotri(factor, lower=0, overwrite_c=1)
        if failed or failed_too:
            raise FloatingPointError("the tile's matrix is not positive definite")
        matrix[...] = inverse.T
        _mirror(matrix)
        return
    half = size // 2
    first, last, between = matrix[:half, :half], matrix[half:, half:], matrix[half:, :half]
    _invert(first)
    coupled = between @ first
    last -= coupled @ between.T
    _invert(last)
    np.matmul(last, coupled, out=between)
    first += coupled.T @ between
    np.negative(between, out=between)
    matrix[:half, half:] = between.T


def eliminated_rows(conductance_s: Matrix, wires: "WireRules") -> Iterator[tuple[Matrix, Matrix]]:
    """For each row from the top: P of the column wire below it, and P Y, both (columns, columns) and symmetric.

    The load counts to the last row's wire, whose second matrix is empty. Both are overwritten by the next row's.
    """
    rows, columns = conductance_s.shape
    wire_ohm = wires.column_ohm
    largest_drop = wire_ohm * float(conductance_s.sum(axis=0).max())
    admittance, passing = np.zeros((columns, columns)), np.empty((columns, columns))
    for row in range(rows):
        last = row + 1 == rows
        below_ohm = wire_ohm + (wires.load_ohm if last else 0.0)
        _add_row(admittance, passing, below_ohm, conductance_s[row], *wires.feed)
        if below_ohm:
            _invert(passing)
        else:
            passing[...] = np.eye(columns)
        if last:
            yield passing, np.empty((0, 0))
        elif largest_drop < _SMALL_DROP:
            _mirror(admittance)
            admittance = passing @ admittance
            yield passing, admittance
        else:
            np.multiply(passing, -1 / wire_ohm, out=admittance)
            admittance.flat[:: columns + 1] += 1 / wire_ohm
            yield passing, admittance
