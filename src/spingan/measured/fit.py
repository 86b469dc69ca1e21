"""A measured or simulated table turned into a Synapse or an Activation, with the error of the fit."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from spingan.errors import UserError
from spingan.extras import needs
from spingan.measured.tables import Table, read_table, si
from spingan.spec.activation import Activation, Function
from spingan.spec.files import write_activation, write_synapse
from spingan.spec.synapse import Synapse
from spingan.spec.value import build

with needs("a fit"):
    from scipy.interpolate import PchipInterpolator, make_smoothing_spline
    from scipy.optimize import isotonic_regression

Floats = NDArray[np.float64]
Method = Literal["monotone", "smooth"]

FEWEST_POINTS = 5  # what the smoothing spline asks for; fewer cannot show an error either
EQUAL = 1e-9  # of the span: above a sum's rounding, below any measurement's resolution
MAXIMUM_ERROR = 0.1  # RMS in fractions of the span: a curve further from its points is not a fit; assumed

_UP = {"up", "rising", "forward", "ltp", "1", "+1", "1.0"}
_DOWN = {"down", "falling", "backward", "reverse", "ltd", "-1", "0", "-1.0", "0.0"}


@dataclass(frozen=True)
class Branch:
    """Measured points and the fitted curve, both in SI units."""

    name: str
    measured_x: Floats
    measured_y: Floats
    fitted_x: Floats
    fitted_y: Floats

    def residuals(self) -> Floats:
        """Measured minus fitted at the measured points: shape (points,)."""
        return self.measured_y - np.interp(self.measured_x, self.fitted_x, self.fitted_y)


@dataclass(frozen=True)
class Fit:
    """A fitted value, the branches that it came from, and its error in fractions of the fitted span."""

    source: Path
    value: Activation | Synapse
    branches: tuple[Branch, ...]
    rms_error: float
    maximum_error: float
    points: int
    x_label: str
    x_unit: str
    y_label: str
    y_unit: str

    def summary(self) -> dict[str, Any]:
        """What was fitted and how well, in JSON's types."""
        kind = "activation" if isinstance(self.value, Activation) else "synapse"
        return {
            "kind": kind,
            "name": self.value.name,
            "measured_points": self.points,
            "table_points": len(self.value.input) if isinstance(self.value, Activation) else self.value.states,
            "rms_error_of_span": self.rms_error,
            "maximum_error_of_span": self.maximum_error,
        }


def fit_activation(
    path: str | Path,
    input_column: str,
    output_column: str,
    *,
    function: Function,
    name: str | None = None,
    input_unit: str | None = None,
    output_unit: str | None = None,
    branch_column: str | None = None,
    method: Method = "monotone",
    points: int = 277,
    input_full_scale: float | None = None,
    maximum_error: float = MAXIMUM_ERROR,
) -> Fit:
    """An Activation from a table of outputs against inputs, resampled on a uniform grid.

    Args:
        path: CSV, mumax3 table.txt or OOMMF .odt.
        input_column: Name of the column with the inputs.
        output_column: Name of the column with the outputs.
        function: What the device stands for.
        name: The value's name; the file's stem if None.
        input_unit: Unit of the inputs where the file does not say it, such as "uA".
        output_unit: Unit of the outputs, likewise.
        branch_column: Column that says "rising" or "falling" (or up, down, 1, -1) for a device with memory.
        method: "monotone": isotonic regression, then a cubic that keeps it rising; "smooth": a smoothing spline whose
            stiffness is chosen by cross-validation.
        points: Size of the grid.
        input_full_scale: Input that stands for 1, in the input column's unit; the table's last input if None.
        maximum_error: Largest RMS error that is accepted, in fractions of the output's span.

    Raises:
        UserError: A column, a unit or a number is wrong; too few points; the points scatter more than `maximum_error`.
    """
    table = read_table(path)
    if points < 2:
        raise UserError(f"a table of {points} points cannot hold a curve", "Ask for at least 2 points")
    x_unit, x_factor = si(input_unit or table.column(input_column).unit, input_column, "an input unit")
    y_unit, y_factor = si(output_unit or table.column(output_column).unit, output_column, "an output unit")
    x, y = table.numbers(input_column) * x_factor, table.readings(output_column) * y_factor
    curve = {"monotone": _monotone_curve, "smooth": _smooth_curve}[method]
    parts = _split(table, branch_column)
    low = max(x[rows].min() for _, rows in parts)
    high = min(x[rows].max() for _, rows in parts)
    if low >= high:
        raise UserError(f"{path}: the branches share no range of {input_column}", "Measure both over the same inputs")
    grid = np.linspace(low, high, points)
    branches = []
    for label, rows in parts:
        fitted = curve(path, x[rows], y[rows], grid)
        inside = rows[(x[rows] >= low) & (x[rows] <= high)]
        branches.append(Branch(label, x[inside], y[inside], grid, fitted))
    rms, largest = _errors(path, branches, maximum_error, branch_column)
    outputs = {branch.name: branch.fitted_y for branch in branches}
    rising = outputs["rising"]
    full_scale = float(grid[-1]) if input_full_scale is None else input_full_scale * x_factor
    fields: dict[str, Any] = {
        "schema_version": 1,
        "name": name or Path(path).stem,
        "function": function,
        "input": tuple(grid.tolist()),
        "rising": tuple(rising.tolist()),
        "falling": tuple(outputs["falling"].tolist()) if "falling" in outputs else None,
        "input_unit": x_unit,
        "output_unit": y_unit,
        "input_full_scale": full_scale,
        "output_zero": float(np.interp(0.0, grid, rising)),
        "output_full_scale": float(np.interp(full_scale, grid, rising)),
        "source": f"{Path(path).name}, columns {input_column} and {output_column}",
        "provenance": f"{method} fit of {len(x)} {_made(table)} points; error {percent_text(rms, largest)} of the span",
    }
    value = build(Activation, fields, f"the fit of {path}")
    return Fit(Path(path), value, tuple(branches), rms, largest, len(x), input_column, x_unit, output_column, y_unit)


def fit_synapse(
    path: str | Path,
    position_column: str,
    conductance_column: str,
    *,
    states: int,
    name: str | None = None,
    conductance_unit: str | None = None,
    branch_column: str | None = None,
    maximum_error: float = MAXIMUM_ERROR,
) -> Fit:
    """A Synapse of `states` levels from a table of conductances against pulse number (or level).

    The levels are read off an isotonic fit at evenly spaced pulses between its first and its last rise. With
    `branch_column`, the levels come from the branch going up, and the mean step of one pulse up and down at each level
    from both. Dimensionless conductances give a synapse of basis normalised, rescaled to 0..1.

    Args:
        path: CSV, mumax3 table.txt or OOMMF .odt.
        position_column: Name of the column with the pulse numbers.
        conductance_column: Name of the column with the conductances.
        states: Number of levels.
        name: The value's name; the file's stem if None.
        conductance_unit: Unit of the conductances where the file does not say it, such as "uS".
        branch_column: Column that says "up" or "down" (or rising, falling, 1, -1).
        maximum_error: Largest RMS error that is accepted, in fractions of the conductance's span.

    Raises:
        UserError: A column, a unit or a number is wrong; fewer points than levels; the conductance does not rise, is
            negative, or scatters more than `maximum_error`.
    """
    table = read_table(path)
    if states < 2:
        raise UserError(f"a synapse of {states} levels holds no weight", "Ask for at least 2 states")
    unit, factor = si(
        conductance_unit or table.column(conductance_column).unit, conductance_column, "a conductance unit"
    )
    if unit not in ("S", "1"):
        raise UserError(f"column {conductance_column} is in {unit}, not a conductance", "Give siemens, or no unit")
    x, y = table.numbers(position_column), table.readings(conductance_column) * factor
    if y.min() < 0:
        raise UserError(f"{path}: {conductance_column} has negative values", "A conductance is zero or more")
    parts = dict(_split(table, branch_column))
    if len(np.unique(x[parts["rising"]])) < states:
        raise UserError(
            f"{path}: {len(np.unique(x[parts['rising']]))} pulse numbers cannot show {states} levels",
            "Ask for fewer states, or measure at more pulses",
        )
    up = _staircase(path, "rising", x[parts["rising"]], y[parts["rising"]], 1.0)
    positions = np.linspace(up.fitted_x[0], up.fitted_x[-1], states)
    curve = PchipInterpolator(up.fitted_x, up.fitted_y)
    levels = curve(positions)
    branches = [replace(up, fitted_x=positions, fitted_y=levels)]
    steps: dict[str, Any] = {}
    if "falling" in parts:
        down = _staircase(path, "falling", x[parts["falling"]], y[parts["falling"]], -1.0)
        branches.append(down)
        step_up = curve(np.minimum(positions + 1, up.fitted_x[-1])) - levels
        steps = {"step_up": step_up, "step_down": _steps_down(down, levels)}
    rms, largest = _errors(path, branches, maximum_error, branch_column)
    base, span = (levels[0], levels[-1] - levels[0]) if unit == "1" else (0.0, 1.0)
    fields: dict[str, Any] = {
        "schema_version": 1,
        "name": name or Path(path).stem,
        "basis": "normalised" if unit == "1" else _made(table),
        "conductance": tuple(((levels - base) / span).tolist()),
        **{key: tuple((step / span).tolist()) for key, step in steps.items()},
        "source": f"{Path(path).name}, columns {position_column} and {conductance_column}",
        "provenance": f"isotonic fit of {len(x)} {_made(table)} points; error {percent_text(rms, largest)} of the span",
    }
    value = build(Synapse, fields, f"the fit of {path}")
    return Fit(Path(path), value, tuple(branches), rms, largest, len(x), position_column, "1", conductance_column, unit)


def write_fit(fit: Fit, path: str | Path) -> tuple[Path, Path]:
    """Write the fitted value to `path` (.csv) and its picture beside it (.png); gives back both paths.

    Raises:
        UserError: They cannot be written, or would replace the measurement.
    """
    from spingan.measured.fit_plot import draw_fit  # plots load slowly, and a fit needs none

    target = Path(path).with_suffix(".csv")
    if target.resolve() == fit.source.resolve():
        raise UserError(f"{target} is the measurement itself", "Choose another --out")
    picture = target.with_suffix(".png")
    draw_fit(fit, picture)
    if isinstance(fit.value, Activation):
        write_activation(fit.value, target)
    else:
        write_synapse(fit.value, target)
    return target, picture


def _split(table: Table, branch_column: str | None) -> list[tuple[str, NDArray[np.intp]]]:
    """Rows of each branch, rising first."""
    if branch_column is None:
        return [("rising", np.arange(len(table.lines)))]
    column = table.column(branch_column)
    rows: dict[str, list[int]] = {"rising": [], "falling": []}
    for row, cell in enumerate(column.cells):
        if cell.lower() not in _UP | _DOWN:
            raise UserError(
                f"{table.path}, line {table.lines[row]}: {column.name} is {cell!r}, not a branch",
                "Write rising or falling (or up, down, 1, -1)",
            )
        rows["rising" if cell.lower() in _UP else "falling"].append(row)
    for name, found in rows.items():
        if not found:
            raise UserError(f"{table.path}: {column.name} names no {name} row", "Measure both branches, or name none")
    return [(name, np.array(found, dtype=np.intp)) for name, found in rows.items()]


def _averaged(path: str | Path, x: Floats, y: Floats) -> tuple[Floats, Floats, Floats]:
    """Distinct x in rising order, the mean y at each, and how many points it stands for."""
    distinct, inverse, counts = np.unique(x, return_inverse=True, return_counts=True)
    if len(distinct) < FEWEST_POINTS:
        raise UserError(
            f"{path}: {len(distinct)} distinct points are too few for a fit",
            f"Measure at least {FEWEST_POINTS} a branch",
        )
    weights = counts.astype(np.float64)
    return distinct, np.bincount(inverse, weights=y) / weights, weights


def _monotone_curve(path: str | Path, x: Floats, y: Floats, grid: Floats) -> Floats:
    distinct, mean, weights = _averaged(path, x, y)
    increasing = bool(np.polyfit(distinct - distinct.mean(), mean, 1)[0] >= 0)
    pooled = isotonic_regression(mean, weights=weights, increasing=increasing).x
    blocks = _blocks(pooled)
    # A block's two ends, not its middle: a ReLU's flat half must stay flat up to its corner.
    ends = np.unique(np.concatenate((blocks[:-1], blocks[1:] - 1)))
    return PchipInterpolator(distinct[ends], pooled[ends])(grid)


def _smooth_curve(path: str | Path, x: Floats, y: Floats, grid: Floats) -> Floats:
    distinct, mean, weights = _averaged(path, x, y)
    # In units of the ranges: the spline's choice of stiffness loses itself among microamperes.
    origin, width, height = distinct[0], distinct[-1] - distinct[0], float(np.ptp(mean)) or 1.0
    spline = make_smoothing_spline((distinct - origin) / width, mean / height, w=weights)
    return spline((grid - origin) / width) * height


def _staircase(path: str | Path, name: str, x: Floats, y: Floats, sign: float) -> Branch:
    """The isotonic fit's steps as a strictly rising (sign 1) or falling (-1) curve through their middles."""
    distinct, mean, weights = _averaged(path, x, y)
    pooled = isotonic_regression(sign * mean, weights=weights).x
    blocks = _blocks(pooled)
    if len(blocks) < 3:
        word = "rise" if sign > 0 else "fall"
        raise UserError(
            f"{path}: the conductance does not {word} with the pulses of the {name} branch",
            "Check the columns; where both directions are in the file, name the column that parts them",
        )
    first, last = distinct[blocks[:-1]], distinct[blocks[1:] - 1]
    middles = (first + last) / 2
    # Plateaus at the ends are saturation: the curve begins where the first one ends, and ends where the last begins.
    middles[0], middles[-1] = last[0], first[-1]
    return Branch(name, x, y, middles, sign * pooled[blocks[:-1]])


def _blocks(pooled: Floats) -> NDArray[np.intp]:
    """First index of every run of equal values, and the length at the end."""
    # Pooling rounds: a plateau's values differ in their last bits, and would make levels that hardly rise.
    rises = np.abs(np.diff(pooled)) > EQUAL * np.ptp(pooled)
    return np.concatenate(([0], np.flatnonzero(rises) + 1, [len(pooled)]))


def _steps_down(down: Branch, levels: Floats) -> Floats:
    """Fall of one pulse at each level; a level beyond the branch's ends falls as the nearest end does."""
    curve = PchipInterpolator(down.fitted_x, down.fitted_y)
    positions = np.interp(levels, down.fitted_y[::-1], down.fitted_x[::-1])
    return curve(positions) - curve(np.minimum(positions + 1, down.fitted_x[-1]))


def _span(fitted: Floats) -> float:
    """What errors are fractions of: the curve's span, or ten times that of its middle nine tenths where that is less.

    A reading far from all others would else make every error small.
    """
    full = float(np.ptp(fitted))
    middle = float(np.quantile(fitted, 0.95) - np.quantile(fitted, 0.05))
    return min(full, 10 * middle) if middle > 0 else full


def _errors(
    path: str | Path, branches: Sequence[Branch], maximum_error: float, branch_column: str | None
) -> tuple[float, float]:
    """RMS and largest error over all branches, in fractions of the fitted span (`_span`)."""
    span = _span(np.concatenate([branch.fitted_y for branch in branches]))
    if span == 0:
        raise UserError(f"{path}: the output does not change with the input", "Check the columns")
    residuals = np.concatenate([branch.residuals() for branch in branches]) / span
    rms, largest = float(np.sqrt(np.mean(residuals**2))), float(np.abs(residuals).max())
    if rms > maximum_error:
        hint = "" if branch_column else "Name the column that parts the branches, if there are two; or "
        raise UserError(
            f"{path}: the points scatter {rms:.1%} (RMS) of the span about the fit, more than {maximum_error:.1%}",
            f"{hint or 'Average more measurements, or '}accept more with a larger maximum error",
        )
    return rms, largest


def _made(table: Table) -> Literal["measured", "simulated"]:
    return "measured" if table.format == "csv" else "simulated"


def percent_text(rms: float, largest: float) -> str:
    """Both errors of a fit, in percent of the span."""
    return f"{rms:.2%} RMS, {largest:.2%} at most"
