"""What is simulated: a film on a mesh, the fields and torques on it, and its temperature."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spingan.errors import UserError
from spingan.physics.constants import MU_0
from spingan.physics.film import Film
from spingan.physics.mesh import Array, Mesh
from spingan.physics.spin_torque import SpinTorque


@dataclass(frozen=True, eq=False)
class System:
    """A film of one cell's thickness with everything that acts on it. Fields are flux densities in tesla.

    Magnetisation belongs to it as an array (3, ny, nx) of unit vectors, zero outside the mask. The DMI's sign is
    `Film`'s. For a pulse, `dataclasses.replace(system, torques=...)` is cheap: what the demagnetising field needs is
    kept by the mesh and the thickness.

    Attributes:
        mesh: the cells.
        film: the material and the thickness.
        mask: the cells with material, (ny, nx); all by default.
        anisotropy_j_per_m3: uniaxial anisotropy along z of each cell, (ny, nx); the film's by default.
        external_field_t: (3,) or (3, ny, nx).
        exchange_bias_field_t: a further field, billed as its own energy, (3,) or (3, ny, nx).
        frozen: cells that never move, (ny, nx).
        torques: the spin torques, which add up.
        temperature_k: of Brown's thermal field.
        demagnetisation: False leaves the stray field out.

    Raises:
        UserError: a mask without cells, an array of the wrong shape or with values that are not finite, a temperature
            below zero, or cells larger than the exchange length or than a wall's sqrt(A / Keff).
    """

    mesh: Mesh
    film: Film
    mask: NDArray[np.bool_] | None = None
    anisotropy_j_per_m3: Array | None = None
    external_field_t: ArrayLike = (0.0, 0.0, 0.0)
    exchange_bias_field_t: ArrayLike | None = None
    frozen: NDArray[np.bool_] | None = None
    torques: tuple[SpinTorque, ...] = ()
    temperature_k: float = 0.0
    demagnetisation: bool = True

    def __post_init__(self) -> None:
        shape = self.mesh.shape
        for name in ("mask", "frozen"):
            value = getattr(self, name)
            if value is not None and np.shape(value) != shape:
                raise UserError(f"system: {name} has shape {np.shape(value)}", f"The mesh has {shape} cells (ny, nx).")
        if self.mask is not None and not np.any(self.mask):
            raise UserError("system: the mask has no cells", "Let at least one cell be inside the film.")
        if self.anisotropy_j_per_m3 is not None:
            _check_array("anisotropy_j_per_m3", self.anisotropy_j_per_m3, (shape,))
        for name in ("external_field_t", "exchange_bias_field_t"):
            if getattr(self, name) is not None:
                _check_array(name, getattr(self, name), ((3,), (3, *shape)))
        for torque in self.torques:
            _check_array("a torque's polarisation", torque.polarisation, ((3,), (3, *shape)))
            _check_array("a torque's field_t", torque.field_t, ((), shape))
        if not (math.isfinite(self.temperature_k) and self.temperature_k >= 0):
            raise UserError(f"system: temperature_k is {self.temperature_k:g}", "It must be 0 or more, in kelvin.")
        self._check_cells()

    @property
    def inside(self) -> NDArray[np.bool_]:
        """The cells with material, (ny, nx)."""
        return np.ones(self.mesh.shape, dtype=bool) if self.mask is None else np.asarray(self.mask, dtype=bool)

    @property
    def cell_anisotropy_j_per_m3(self) -> Array:
        """The anisotropy of each cell, (ny, nx)."""
        if self.anisotropy_j_per_m3 is None:
            return np.full(self.mesh.shape, self.film.anisotropy_j_per_m3)
        return np.asarray(self.anisotropy_j_per_m3, dtype=np.float64)

    def _check_cells(self) -> None:
        inside = self.inside
        if inside.sum() == 1:
            return  # a macrospin: nothing varies from cell to cell
        cell = max(self.mesh.dx_m, self.mesh.dy_m)
        film = self.film
        shape_j_per_m3 = MU_0 * film.saturation_magnetization_a_per_m**2 / 2 if self.demagnetisation else 0.0
        limits = {}
        if self.demagnetisation:
            limits["the exchange length"] = film.exchange_length_m
        k_eff = float(self.cell_anisotropy_j_per_m3[inside].max()) - shape_j_per_m3
        if k_eff > 0:
            limits["a wall's sqrt(A / Keff)"] = math.sqrt(film.exchange_stiffness_j_per_m / k_eff)
        for name, limit in limits.items():
            if cell > limit:
                raise UserError(
                    f"system: the cells are {cell * 1e9:.3g} nm wide, {name} is {limit * 1e9:.3g} nm",
                    "Cells must be smaller than that, better by half: take a finer mesh.",
                )


def _check_array(name: str, value: ArrayLike, shapes: tuple[tuple[int, ...], ...]) -> None:
    array = np.asarray(value, dtype=np.float64)
    if array.shape not in shapes:
        wanted = " or ".join(str(shape) for shape in shapes)
        raise UserError(f"system: {name} has shape {array.shape}", f"It must be {wanted}.")
    if not np.all(np.isfinite(array)):
        raise UserError(f"system: {name} holds values that are not finite", "Every cell needs a finite number.")
