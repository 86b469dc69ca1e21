"""A crossbar of conductances in ngspice: one column, or a whole small array, with drivers, wires, load or amplifier.

Every cell has one piece of wire towards its row's driver and one towards its column's output, so that the current of
row i and column j passes j + 1 pieces along the row, and as many along the column as there are rows from i on. The
cells are ohmic: a device whose conductance depends on its voltage needs a cell of its own.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spingan.circuits.ngspice import pairs, run
from spingan.errors import UserError

DIGITS = 12  # of every number in the netlist: a double's rounding shows at the 16th, and sums of thousands at the 13th
STEPS_A_WAVEFORM = 200  # time steps that the longest waveform is cut into at least


@dataclass(frozen=True, eq=False)
class Array:
    """What stands between the inputs and the outputs.

    Attributes:
        conductance_s: (rows, columns); 0 is a cell that is not there.
        load_s: conductance from each column's end to ground, whose voltage is the output; None: an ideal virtual
            ground, whose current is.
        wire_ohm: of each piece of wire, see above.
        driver_ohm: between each input's source and its row.

    Raises:
        UserError: No matrix, a number that is not finite or negative, or a load that is not above 0.
    """

    conductance_s: NDArray[np.float64]
    load_s: float | None = None
    wire_ohm: float = 0.0
    driver_ohm: float = 0.0

    def __post_init__(self) -> None:
        conductance = self.conductance_s
        if conductance.ndim != 2 or conductance.size == 0:
            raise UserError(f"the conductances have the shape {conductance.shape}", "Give rows and columns")
        if not np.all(np.isfinite(conductance) & (conductance >= 0)):
            row, column = np.argwhere(~(np.isfinite(conductance) & (conductance >= 0)))[0]
            raise UserError(
                f"the conductance in row {row}, column {column} is {conductance[row, column]:g} S", "Give 0 or more"
            )
        for name in ("wire_ohm", "driver_ohm"):
            if not 0 <= getattr(self, name) < np.inf:
                raise UserError(f"the crossbar's {name} is {getattr(self, name):g}", "Give 0 or more")
        if self.load_s is not None and not 0 < self.load_s < np.inf:
            raise UserError(f"the load's conductance is {self.load_s:g} S", "Give one above 0, or a virtual ground")


@dataclass(frozen=True, eq=False)
class Solution:
    """Voltages and currents; all begin with the axis of the points where there are several inputs or times.

    Attributes:
        output_v: (..., columns) at the columns' ends; 0 at a virtual ground.
        output_a: (..., columns) into load or virtual ground.
        input_a: (..., rows) that each source delivers.
        supply_w: (...) what all sources deliver together.
        time_s: (points,) ngspice's own time steps; None without a waveform.
        seconds: that ngspice took.
    """

    output_v: NDArray[np.float64]
    output_a: NDArray[np.float64]
    input_a: NDArray[np.float64]
    supply_w: NDArray[np.float64]
    time_s: NDArray[np.float64] | None
    seconds: float


def solve_crossbar(
    array: Array, input_v: ArrayLike, *, time_s: ArrayLike | None = None, time_limit_s: float = 60.0
) -> Solution:
    """All columns at once, by ngspice.

    Args:
        input_v: (rows,), or (points, rows): each point is solved by itself, or, with `time_s`, follows the one before
            by a straight line.
        time_s: (points,) times of the inputs, rising from 0.
        time_limit_s: ngspice's, in wall-clock seconds. A column of a thousand cells takes it 0.1 s, wired arrays of
            32 x 32 a quarter of a second and of 128 x 64 over a minute: larger ones are no work for it.

    Raises:
        UserError: Inputs or times that do not fit the array, and as `run`.
    """
    inputs = np.asarray(input_v, dtype=np.float64)
    times = None if time_s is None else np.asarray(time_s, dtype=np.float64)
    lines = ["* crossbar", *crossbar_lines(array), *drive_lines(array, inputs, times)]
    result = run("\n".join(lines), time_limit_s=time_limit_s)
    (plot,) = result.plots
    rows, columns = array.conductance_s.shape
    source = "b" if "i(bi0)" in plot.vectors else "v"

    def table(names: list[str]) -> NDArray[np.float64]:
        """(points, names), or (names,) for a single point."""
        values = np.stack([plot[name] for name in names], axis=-1)
        return values[0] if inputs.ndim == 1 else values

    delivered_a = -table([f"i({source}i{row})" for row in range(rows)])
    driven_v = table([f"v(in{row})" for row in range(rows)])
    out_v = table([f"v(out{column})" for column in range(columns)])
    load_s = array.load_s
    return Solution(
        output_v=out_v,
        output_a=table([f"i(vs{column})" for column in range(columns)]) if load_s is None else out_v * load_s,
        input_a=delivered_a,
        supply_w=np.asarray((delivered_a * driven_v).sum(axis=-1)),
        time_s=None if times is None else plot["time"],
        seconds=result.seconds,
    )


def crossbar_lines(array: Array) -> list[str]:
    """The array's elements: inputs at the nodes in0, in1, ..., columns' ends at out0, out1, ..."""
    rows, columns = array.conductance_s.shape
    lines = []
    wired = array.wire_ohm > 0
    for row in range(rows):
        driven = f"in{row}"
        if array.driver_ohm > 0:
            lines.append(f"rd{row} {driven} d{row} {_number(array.driver_ohm)}")
            driven = f"d{row}"
        for column in range(columns):
            above, below = driven, f"out{column}"
            if wired:
                before = driven if column == 0 else f"a{row}_{column - 1}"
                above, below = f"a{row}_{column}", f"b{row}_{column}"
                after = f"b{row + 1}_{column}" if row + 1 < rows else f"out{column}"
                lines.append(f"rr{row}_{column} {before} {above} {_number(array.wire_ohm)}")
                lines.append(f"rk{row}_{column} {below} {after} {_number(array.wire_ohm)}")
            conductance = array.conductance_s[row, column]
            if conductance > 0:
                lines.append(f"rc{row}_{column} {above} {below} {_number(1 / conductance)}")
    for column in range(columns):
        if array.load_s is None:
            lines.append(f"vs{column} out{column} 0 0")
        else:
            lines.append(f"rl{column} out{column} 0 {_number(1 / array.load_s)}")
    return lines


def drive_lines(array: Array, input_v: NDArray[np.float64], time_s: NDArray[np.float64] | None = None) -> list[str]:
    """The sources and the analysis that `solve_crossbar` runs: a sweep over the points' number, or `.tran`.

    Raises:
        UserError: Inputs or times that do not fit the array.
    """
    rows = array.conductance_s.shape[0]
    if input_v.ndim not in (1, 2) or input_v.shape[-1] != rows or input_v.size == 0:
        raise UserError(f"inputs of the shape {input_v.shape} for {rows} rows", f"Give {rows} voltages a point")
    if not np.all(np.isfinite(input_v)):
        raise UserError("an input voltage is not finite", "Give finite numbers")
    if time_s is not None:
        if input_v.ndim != 2 or time_s.shape != input_v.shape[:1] or time_s.size < 2:
            raise UserError(
                f"{time_s.size} times for inputs of the shape {input_v.shape}",
                "Give (points, rows) inputs, two at least",
            )
        if time_s[0] != 0 or not np.all(np.diff(time_s) > 0) or not np.isfinite(time_s[-1]):
            raise UserError("the inputs' times do not rise from 0", "Begin at 0 s, and give each time once")
        end_s = float(time_s[-1])
        step = _number(end_s / STEPS_A_WAVEFORM)
        sources = [f"vi{row} in{row} 0 pwl({pairs(time_s, input_v[:, row], ' ', DIGITS)})" for row in range(rows)]
        return [*sources, f".tran {step} {_number(end_s)} 0 {step}"]
    if input_v.ndim == 1:
        values = [_number(value) for value in input_v.tolist()]
        sources = [f"vi{row} in{row} 0 {value}" for row, value in enumerate(values)]
        return [*sources, f".dc vi0 {values[0]} {values[0]} 1"]  # what `.op` gives, and a deck's `.print` takes
    points = np.arange(input_v.shape[0], dtype=np.float64)
    if points.size == 1:
        return drive_lines(array, input_v[0])
    tables = [pairs(points, input_v[:, row], ",", DIGITS) for row in range(rows)]
    sources = [f"bi{row} in{row} 0 v=pwl(v(point),{table})" for row, table in enumerate(tables)]
    return [*sources, "vpoint point 0 0", f".dc vpoint 0 {points[-1] + 0.25:g} 1"]


def _number(value: float) -> str:
    return f"{value:.{DIGITS}e}"
