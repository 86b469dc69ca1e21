"""How the solver keeps arrays in memory: a film with a rim of zeros, so that no cell is an exception."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from spingan.physics.mesh import Array, Mesh
from spingan.physics.simd import LANES


class Grid(NamedTuple):
    """A row of zeros above and below, eight zeros before each row and at least eight after it; flat in memory.

    Attributes:
        ny: rows of cells.
        nx: cells in a row.
        columns: the same, filled up to sixteens.
        stride: numbers from one row to the next.
        layer: numbers from one component to the next.
        first: where the first cell stands.
    """

    ny: int
    nx: int
    columns: int
    stride: int
    layer: int
    first: int

    def padded(self, values: NDArray[Any]) -> Array:
        """A flat padded copy of an array (..., ny, nx)."""
        result = np.zeros((*values.shape[:-2], self.ny + 2, self.stride))
        self.cells(result, *values.shape[:-2])[...] = values
        return result.ravel()

    def cells(self, padded: Array, *leading: int) -> Array:
        """The cells of a flat padded array as a view (*leading, ny, nx)."""
        whole = padded.reshape(*leading, self.ny + 2, self.stride)
        return whole[..., 1 : 1 + self.ny, LANES : LANES + self.nx]


def grid(mesh: Mesh) -> Grid:
    """The grid for a mesh."""
    columns = -(-mesh.nx // (2 * LANES)) * 2 * LANES
    stride = columns + 2 * LANES
    return Grid(mesh.ny, mesh.nx, columns, stride, stride * (mesh.ny + 2), stride + LANES)
