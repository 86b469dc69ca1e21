"""The grid of cells that a film is cut into, one cell thick."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spingan.errors import UserError

Array = NDArray[np.float64]
MOST_CELLS = 2**26  # a magnetisation alone takes 1.5 GiB then, and the solver keeps some twenty such arrays


@dataclass(frozen=True)
class Mesh:
    """nx by ny equal cells, in metres; the origin is the lower left corner, cell i's centre is (i + 1/2) dx.

    Raises:
        UserError: fewer than one cell or more than `MOST_CELLS`, or a cell size that is not positive.
    """

    nx: int
    ny: int
    dx_m: float
    dy_m: float

    def __post_init__(self) -> None:
        for name, count in (("nx", self.nx), ("ny", self.ny)):
            if count < 1:
                raise UserError(f"mesh: {name} is {count}", "A mesh has at least one cell each way.")
        if self.nx * self.ny > MOST_CELLS:
            raise UserError(
                f"mesh: {self.nx:g} x {self.ny:g} cells are more than {MOST_CELLS:,}",
                "Take larger cells, or look for a slip of units in the sizes.",
            )
        for name, value in (("dx_m", self.dx_m), ("dy_m", self.dy_m)):
            if not (math.isfinite(value) and value > 0):
                raise UserError(f"mesh: {name} is {value:g}", "A cell's size must be a finite number above 0.")

    @property
    def shape(self) -> tuple[int, int]:
        """(ny, nx), the shape of an array with one number a cell."""
        return self.ny, self.nx

    @property
    def x_m(self) -> Array:
        """The cells' centres along x, shape (nx,)."""
        return np.linspace(0.5, self.nx - 0.5, self.nx) * self.dx_m

    @property
    def y_m(self) -> Array:
        """The cells' centres along y, shape (ny,)."""
        return np.linspace(0.5, self.ny - 0.5, self.ny) * self.dy_m


def disc_mask(mesh: Mesh, centre_m: tuple[float, float], radius_m: float) -> NDArray[np.bool_]:
    """The cells whose centre lies in a disc; shape (ny, nx)."""
    return np.hypot(mesh.x_m[None, :] - centre_m[0], mesh.y_m[:, None] - centre_m[1]) <= radius_m
