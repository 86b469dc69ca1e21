"""The solver's memory layout: what goes in comes out, and around it are zeros."""

import numpy as np
import pytest

from spingan.physics.mesh import Mesh
from spingan.physics.padded import grid


@pytest.mark.parametrize("shape", [(1, 1), (3, 16), (5, 17), (2, 40)])
def test_cells_come_back_and_lie_within_a_rim_of_zeros(shape):
    cells = grid(Mesh(shape[1], shape[0], 1e-9, 1e-9))
    values = np.random.default_rng(0).normal(size=(3, *shape))
    flat = cells.padded(values)
    assert np.array_equal(cells.cells(flat, 3), values)
    assert flat[cells.first] == values[0, 0, 0]
    assert flat[cells.layer + cells.first + cells.stride * (shape[0] - 1) + shape[1] - 1] == values[1, -1, -1]
    assert len(flat) == 3 * cells.layer
    cells.cells(flat, 3)[...] = 0  # a view: what is left is the rim
    assert not flat.any()


def test_eights_that_start_at_a_cell_stay_within_their_component():
    cells = grid(Mesh(21, 4, 1e-9, 1e-9))
    last = cells.first + 3 * cells.stride + 16  # of the row's third block
    assert last + 8 + cells.stride <= cells.layer  # the cell above the last eight
