"""What can stand in paper S's cells: conductance curves by name or file, and the wall devices they belong to."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, get_args

import numpy as np

from spingan.circuits.domain_wall_cells import LEAKY_RELU_CELL, RELU_CELL, Cell, DeviceTable, bias_fall
from spingan.devices.domain_wall import START_M, designed_wall
from spingan.devices.published import CONDUCTANCES_MS, CURVES, LEAKY_LINEAR_A, smooth_leaky_relu
from spingan.devices.wall_compact import shipped_constants
from spingan.devices.wall_device import LEAKY_RELU, RELU, WallDevice, read_wall_device
from spingan.errors import UserError
from spingan.input_files import exists
from spingan.physics.wall import WallConstants
from spingan.spec.activation import ConductanceCurve
from spingan.spec.files import read_conductance_curve

CellFunction = Literal["leaky_relu", "relu"]
CurveName = Literal["published", "simulated", "designed", "designed-300k"]
CURVE_NAMES: tuple[CurveName, ...] = get_args(CurveName)
CellForm = Literal["printed", "fitted"]
PRINTED_CELLS: dict[CellFunction, Cell] = {"leaky_relu": LEAKY_RELU_CELL, "relu": RELU_CELL}
SLOPES: dict[CellFunction, float] = {"leaky_relu": 0.2, "relu": 0.0}  # below zero over above: paper S, V-A3 and V-A2


@dataclass(frozen=True, eq=False)
class CellDevice:
    """A conductance curve, and the wall device that it belongs to with its compact model, where that is known.

    `start_m` is where the wall is placed before it settles, `form` the cell that suits the device: as printed for the
    printed one, else with a divider fitted to the curve.
    """

    curve: ConductanceCurve
    wall: WallDevice | None = None
    constants: WallConstants | None = None
    start_m: float = 0.0
    form: CellForm = "fitted"

    def table(self, branch: Literal["rising", "falling"] = "rising") -> DeviceTable:
        """A branch of the curve as a cell takes it, with the junctions' bias dependence where the wall is known.

        Raises:
            UserError: As `DeviceTable.of`.
        """
        return DeviceTable.of(self.curve, branch, None if self.wall is None else bias_fall(self.wall))


def cell_device(
    function: CellFunction, curve: str | Path | ConductanceCurve, device_file: Path | None = None
) -> CellDevice:
    """The device of a name, or of a curve of one's own, as a value or as a file of conductances against currents.

    `published` is the leaky ReLU between its printed conductances; `simulated` is the printed device in the solver,
    `designed` one that does what was asked, `designed-300k` that one in heat, with its noise. A file's wall device is
    not known unless `device_file` gives it.

    Raises:
        UserError: The curve is not there, is none of conductances in S against currents in A, or is of another
            function; and as `read_wall_device`.
    """
    if isinstance(curve, ConductanceCurve):
        found = CellDevice(_checked(function, curve, curve.name))
    elif str(curve) == "published":
        found = CellDevice(_published(function), *_printed_wall(function), form="printed")
    elif str(curve) in CURVE_NAMES:
        walls, form = _printed_wall(function), "printed"
        if str(curve).startswith("designed"):
            wall = designed_wall(function)
            walls, form = (wall, shipped_constants(f"{function}_designed"), _middle(wall)), "fitted"
        found = CellDevice(
            read_conductance_curve(CURVES / f"{function}_{str(curve).replace('-', '_')}.csv"), *walls, form
        )
    else:
        file = Path(curve)
        if not exists(file):
            raise UserError(f"there is no conductance curve {file}", f"Name a file, or one of {', '.join(CURVE_NAMES)}")
        found = CellDevice(_checked(function, read_conductance_curve(file), str(file)))
    if device_file is not None:
        wall = read_wall_device(device_file)
        return replace(found, wall=wall, constants=shipped_constants(function), start_m=_middle(wall))
    return found


def _published(function: CellFunction) -> ConductanceCurve:
    """The smooth published leaky ReLU over the printed conductances, in siemens."""
    if function == "relu":
        raise UserError("paper S prints no conductance of its ReLU", "Take --curve simulated, or a file of your own")
    shape = smooth_leaky_relu()
    values = np.asarray(shape.rising)
    low, high = (CONDUCTANCES_MS[current] * 1e-3 for current in sorted(CONDUCTANCES_MS))
    conductance = low + (high - low) * (values - values[0]) / (values[-1] - values[0])
    zero, full = (float(np.interp(at, shape.input, conductance)) for at in (0.0, LEAKY_LINEAR_A))
    return ConductanceCurve.model_validate(
        dict(shape)
        | {
            "name": "leaky_relu_published",
            "rising": tuple(conductance.tolist()),
            "output_unit": "S",
            "output_zero": zero,
            "output_full_scale": full,
            "provenance": "conductances of ±34.5 µA as printed, the claimed slopes between, corners assumed",
        }
    )


def _checked(function: CellFunction, curve: ConductanceCurve, where: str) -> ConductanceCurve:
    if curve.input_unit != "A":
        raise UserError(
            f"{where}: the curve is in S against {curve.input_unit}",
            "A cell takes a device's conductance in S against its current in A",
        )
    if curve.function != function:
        raise UserError(f"{where} is a {curve.function}, not a {function}", "Take the command of its function")
    return curve


def _printed_wall(function: CellFunction) -> tuple[WallDevice, WallConstants, float]:
    wall = LEAKY_RELU if function == "leaky_relu" else RELU
    return wall, shipped_constants(function), START_M if function == "leaky_relu" else _middle(wall)


def _middle(wall: WallDevice) -> float:
    """The middle between the two parabolas: the bottom of the well, or of the flat zone."""
    return (wall.profile.left_end_m + wall.profile.right_start_m) / 2
