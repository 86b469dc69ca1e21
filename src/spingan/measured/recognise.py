"""A measured table of which nobody says what it is: levels, a transfer, or neither, told by its columns."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from spingan.errors import UserError
from spingan.measured.fit import FEWEST_POINTS, Fit, fit_activation, fit_synapse
from spingan.measured.tables import UNITS, Table, read_table
from spingan.spec.activation import Function

STATES = 64  # levels that a staircase is read off at, where it has as many pulses: as `spingan fit synapse` has it
CLOSE = (
    0.25  # rms of a transfer from the function that it is taken for, of the span; further is no such function: assumed
)
_COUNTS = ("pulse", "level", "state", "step", "write", "cycle", "index", "number", "n", "#")
_TIMES = ("time", "delay", "second", "hour")
_SIGNALS = {"A": "a current", "V": "a voltage", "S": "a conductance", "Ohm": "a resistance"}


@dataclass(frozen=True)
class _Column:
    name: str
    unit: str | None
    values: NDArray[np.float64]

    @property
    def counts(self) -> bool:
        """Whether it numbers pulses or levels: its name says so, or it holds whole numbers that rise."""
        whole = self.unit in (None, "1") and bool((self.values == np.round(self.values)).all())
        named = any(self.name.lower().startswith(word) for word in _COUNTS)
        return whole and (named or bool((np.diff(self.values) > 0).all()))

    @property
    def looks_like(self) -> str:
        """In words."""
        if any(word in self.name.lower() for word in _TIMES):
            return f"{self.name} (a time)"
        if self.counts:
            return f"{self.name} (whole numbers)"
        if self.unit in _SIGNALS:
            return f"{self.name} ({_SIGNALS[self.unit]})"
        return f"{self.name} (numbers without a unit)"


def fit_measured(path: str | Path) -> Fit:
    """A synapse from a table of conductances against pulses, or an activation from one of outputs against inputs.

    Raises:
        UserError: The file cannot be read, or is neither; the error says what it looks like.
    """
    table = read_table(path)
    columns = [_column(table, column.name) for column in table.columns]
    if len(columns) == 2 and not any(word in column.name.lower() for column in columns for word in _TIMES):
        first, second = columns
        conductance = next((column for column in columns if column.unit == "S"), None)
        counter = next((column for column in columns if column.counts), None)
        if conductance is not None and counter is not None and counter is not conductance:
            states = min(STATES, len(np.unique(counter.values)))
            return fit_synapse(path, counter.name, conductance.name, states=states)
        if first.unit in ("A", "V") and second.unit in ("A", "V", "S"):
            if len(np.unique(first.values)) < FEWEST_POINTS:
                raise UserError(f"{path} has {len(first.values)} rows: too few for a transfer", "Measure more inputs.")
            return fit_activation(path, first.name, second.name, function=_function(path, first.values, second.values))
    found = ", ".join(column.looks_like for column in columns)
    counted = "one column" if len(columns) == 1 else f"{len(columns)} columns"
    raise UserError(
        f"{path} is neither levels nor a transfer: it looks like {counted}: {found}",
        "Levels are a conductance (conductance_us) against pulses; a transfer is an output (A, V or S) against an "
        "input (A or V). Keep these two columns, or fit the file by name first: spingan fit synapse|activation",
    )


def _column(table: Table, name: str) -> _Column:
    column = table.column(name)
    try:
        values = table.numbers(name)
    except UserError as error:
        raise UserError(
            f"{table.path} is neither levels nor a transfer: {error.problem}", "Keep two columns of numbers."
        ) from error
    return _Column(
        name, None if column.unit is None else UNITS[column.unit][0] if column.unit in UNITS else None, values
    )


_SHAPES: dict[Function, Callable[[NDArray[np.float64]], NDArray[np.float64]]] = {
    "relu": lambda u: np.maximum(u, 0.0),
    "tanh": lambda u: np.tanh(
        3 * u
    ),  # saturated at the ends of what was measured: assumed. Sigmoids have this shape, too
}


def _function(path: str | Path, inputs: NDArray[np.float64], outputs: NDArray[np.float64]) -> Function:
    """The function that a transfer is nearest to, after the best offset and scale.

    Raises:
        UserError: It is near none.
    """
    u = inputs / np.abs(inputs).max()
    errors: dict[Function, float] = {name: _distance(shape(u), outputs) for name, shape in _SHAPES.items()}
    if u.min() < 0:
        slopes = [(_distance(np.where(u > 0, u, slope * u), outputs), slope) for slope in np.linspace(0.02, 0.6, 30)]
        error, _ = min(slopes)
        if error < 0.7 * errors["relu"]:  # a slope that pays for its freedom
            errors["leaky_relu"] = error
    best: Function = min(errors, key=lambda name: errors[name])
    if errors[best] > CLOSE:
        near = ", ".join(f"{name} {error:.0%}" for name, error in errors.items())
        raise UserError(
            f"{path} looks like a transfer, but like no function known here (rms of the span from {near})",
            "Say which it is: spingan fit activation FILE --function relu ...",
        )
    if best == "tanh" and outputs.min() > -0.25 * (outputs.max() - outputs.min()):
        return "sigmoid"  # the same curve, all of it above zero
    return best


def _distance(shape: NDArray[np.float64], outputs: NDArray[np.float64]) -> float:
    """Rms of the outputs from scale x shape + offset with a scale above 0, as a fraction of their span."""
    span = float(outputs.max() - outputs.min())
    centred, own = shape - shape.mean(), outputs - outputs.mean()
    power = float(centred @ centred)
    scale = max(float(centred @ own) / power, 0.0) if power else 0.0
    return float(np.sqrt(np.mean((own - scale * centred) ** 2))) / span if span else 1.0
