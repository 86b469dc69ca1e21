"""A tile with wires as a ladder of ladders, eliminated row by row: exact for ohmic cells, wires of 0 Ω included.

Seen from its columns, a row whose driver holds 0 V is an admittance K, (columns, columns), and a row that is driven
adds short-circuit currents f, (columns,). All rows down to some place in the columns are a Norton source of currents J
and admittance Y. One more piece of column wire of r ohm turns it into P J and P Y with P = (I + r Y)^-1; one more row
adds f and K. Nothing is divided by a resistance that may be 0, and only positive numbers are added to Y's diagonal.
"""

from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import ThreadpoolController

from spingan.compiled import njit

if TYPE_CHECKING:
    from spingan.arrays.wires import WireRules

Matrix = NDArray[np.float64]

_SMALL_DROP = 1e-4
"""Column wire times a column's conductance below which P Y is a product.

(I - P) / r takes half the time, loses digits as the drop falls, and does not exist at 0 ohm. On 128 x 128 cells of 1 to
100 µS the two differ at this drop by 6e-10 of a row's largest admittance and by 3e-12 of a transfer, at a drop of 1e-8
by 7e-7 of the admittance: measured. The solver is held to 1e-6.
"""
_SWEPT = 64  # up to this size a sweep is faster than products of halves, and than LAPACK's inverse: measured


@cache
def _controller() -> ThreadpoolController:
    return ThreadpoolController()


def one_thread() -> Any:
    """A context in which products of matrices take one thread: on a busy machine a second one only waits."""
    return _controller().limit(limits=1, user_api="blas")


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
            for point in range(inputs):
                voltage[column, point] = driven[point]
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


@njit(cache=True, error_model="numpy", fastmath={"contract"})
def _sweep(matrix):
    """Replace a positive definite matrix, of a size that 4 divides, by its inverse; only its lower triangle is read.

    The sweep operator, four pivots at a time: a pivot block p with the rows c beside it turns the rest m into
    m - c' p^-1 c, c into p^-1 c and p into -p^-1; after all blocks the matrix is the negative inverse.

    J. H. Goodnight, The American Statistician 33, 149 (1979).
    """
    size = matrix.shape[0]
    c0, c1, c2, c3 = np.empty(size), np.empty(size), np.empty(size), np.empty(size)
    p = np.empty((4, 4))
    for k in range(0, size, 4):
        for t in range(4):
            for u in range(t + 1):
                p[t, u] = p[u, t] = matrix[k + t, k + u]
        for t in range(4):
            inverse = 1.0 / p[t, t]
            p[t, t] = 1.0
            for u in range(4):
                p[t, u] *= inverse
            for s in range(4):
                if s != t:
                    factor = p[s, t]
                    p[s, t] = 0.0
                    for u in range(4):
                        p[s, u] -= factor * p[t, u]
        for j in range(k):
            c0[j], c1[j], c2[j], c3[j] = matrix[k, j], matrix[k + 1, j], matrix[k + 2, j], matrix[k + 3, j]
        for j in range(k, k + 4):
            c0[j] = c1[j] = c2[j] = c3[j] = 0.0
        for i in range(k + 4, size):
            c0[i], c1[i], c2[i], c3[i] = matrix[i, k], matrix[i, k + 1], matrix[i, k + 2], matrix[i, k + 3]
        for i in range(size):
            f0 = c0[i] * p[0, 0] + c1[i] * p[1, 0] + c2[i] * p[2, 0] + c3[i] * p[3, 0]
            f1 = c0[i] * p[0, 1] + c1[i] * p[1, 1] + c2[i] * p[2, 1] + c3[i] * p[3, 1]
            f2 = c0[i] * p[0, 2] + c1[i] * p[1, 2] + c2[i] * p[2, 2] + c3[i] * p[3, 2]
            f3 = c0[i] * p[0, 3] + c1[i] * p[1, 3] + c2[i] * p[2, 3] + c3[i] * p[3, 3]
            row = matrix[i]
            for j in range(i + 1):
                row[j] -= f0 * c0[j] + f1 * c1[j] + f2 * c2[j] + f3 * c3[j]
            if i >= k + 4:
                row[k], row[k + 1], row[k + 2], row[k + 3] = f0, f1, f2, f3
        for t in range(4):
            row = matrix[k + t]
            q0, q1, q2, q3 = p[t, 0], p[t, 1], p[t, 2], p[t, 3]
            for j in range(k):
                row[j] = q0 * c0[j] + q1 * c1[j] + q2 * c2[j] + q3 * c3[j]
            for u in range(t + 1):
                row[k + u] = -p[t, u]
    for i in range(size):
        row = matrix[i]
        for j in range(i + 1):
            row[j] = -row[j]
        for j in range(i):
            matrix[j, i] = row[j]


def _invert(matrix: Matrix) -> None:
    """Replace a positive definite matrix, of which only the lower triangle is read, by its whole inverse."""
    size = len(matrix)
    if size <= _SWEPT:
        inverse = np.eye(size + -size % 4)  # what fills it up is an identity of its own
        inverse[:size, :size] = matrix
        _sweep(inverse)
        matrix[...] = inverse[:size, :size]
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
    wire_ohm = float(wires.column_ohm)
    largest_drop = wire_ohm * float(conductance_s.sum(axis=0).max())
    admittance, passing = np.zeros((columns, columns)), np.zeros((columns, columns))
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
            admittance = passing @ (np.tril(admittance) + np.tril(admittance, -1).T)
            yield passing, admittance
        else:
            np.multiply(passing, -1 / wire_ohm, out=admittance)
            admittance.flat[:: columns + 1] += 1 / wire_ohm
            yield passing, admittance
