"""Curves of the devices, a user's own measurement, and its fit, which then is a device of the technology."""

import shlex
from pathlib import Path
from typing import Any

import numpy as np

from spingan.bench.knobs import TECHNOLOGY
from spingan.bench.settings import Settings
from spingan.bench.worker import files_of
from spingan.errors import UserError
from spingan.measured.tables import UNITS, read_table
from spingan.progress import Progress
from spingan.spec.activation import Activation
from spingan.spec.files import read_value
from spingan.spec.synapse import Synapse
from spingan.spec.technology import Technology

_POINTS = 400  # of a curve on the page; a table has at most a few hundred
_MEASURED = 2_000  # points of a measurement on the page
_MOST_COLUMNS = 60  # assumed: of a table whose columns are offered


def curves(request: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """The synapse's levels and the activations' transfers of a setting."""
    settings = Settings.from_dict(request["settings"], "settings")
    technology = settings.arrays(files_of(request))
    if technology is None:
        from spingan.bench.drawing import loaded

        technology = loaded(settings.model).technology
    return {
        "technology": technology.name,
        "values": {key: _value(technology, key) for key in TECHNOLOGY},
        "synapse": None if technology.synapse is None else synapse_points(technology.synapse),
        "activations": {key: activation_points(one) for key, one in technology.activations.items()},
    }


def _value(technology: Technology, key: str) -> Any:
    """A field by its key, such as `adc.bits`."""
    found: Any = technology
    for part in key.split("."):
        found = getattr(found, part)
    return found


def synapse_points(synapse: Synapse) -> dict[str, Any]:
    """Conductance against level, thinned out, in JSON's types."""
    places = _places(synapse.states)
    error = synapse.write_error
    return {
        "name": synapse.name,
        "unit": "1" if synapse.basis == "normalised" else "S",
        "states": synapse.states,
        "level": [int(place) for place in places],
        "conductance": [synapse.conductance[place] for place in places],
        "error": None if error is None else [error[place] for place in places],
        "source": synapse.source,
    }


def activation_points(activation: Activation) -> dict[str, Any]:
    """Output against input, thinned out, in JSON's types."""
    places = _places(len(activation.input))
    return {
        "name": activation.name,
        "input_unit": activation.input_unit,
        "output_unit": activation.output_unit,
        "input": [activation.input[place] for place in places],
        "rising": [activation.rising[place] for place in places],
        "falling": None if activation.falling is None else [activation.falling[place] for place in places],
        "full_scale": activation.input_full_scale,
        "source": activation.source,
    }


def table(request: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """A dropped file: a device of its own, or a measurement with its columns of numbers.

    Raises:
        UserError: It is neither.
    """
    path = Path(request["path"])
    if _is_device(path):
        value = read_value(path)
        if isinstance(value, Synapse):
            return {"kind": "synapse", "synapse": synapse_points(value)}
        return {"kind": "activation", "function": value.function, "activation": activation_points(value)}
    found = read_table(path)
    columns = []
    for column in found.columns[:_MOST_COLUMNS]:
        try:
            numbers = found.numbers(column.name)
        except UserError:
            continue
        shown = numbers[_places(len(numbers), _MEASURED)]
        columns.append({"name": column.name, "unit": column.unit, "numbers": shown.tolist()})
    if len(columns) < 2:
        raise UserError(
            f"{path.name} has {len(columns)} column(s) of numbers",
            "Give at least two: what was applied, what came out.",
        )
    return {"kind": "table", "rows": len(found.lines), "columns": columns, "units": UNITS}


def fit(request: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """A measurement as a device, written beside it; `made_by` holds the command and the Python line that do the same.

    Raises:
        UserError: As `fit_activation` and `fit_synapse`.
    """
    from spingan.measured.fit import fit_activation, fit_synapse, write_fit

    path, target, function = Path(request["path"]), Path(request["target"]), request["function"]
    x, y = request["x"], request["y"]
    x_unit, y_unit = request.get("x_unit") or None, request.get("y_unit") or None
    if function == "synapse":
        states = request.get("states", 64)
        found = fit_synapse(path, x, y, states=states, conductance_unit=y_unit)
        given = {"position": x, "conductance": y, "states": states, "conductance-unit": y_unit}
        keywords: dict[str, Any] = {"states": states, "conductance_unit": y_unit}
    else:
        found = fit_activation(path, x, y, function=function, input_unit=x_unit, output_unit=y_unit)
        given = {"input": x, "output": y, "function": function, "input-unit": x_unit, "output-unit": y_unit}
        keywords = {"function": function, "input_unit": x_unit, "output_unit": y_unit}
    write_fit(found, target)
    options = [part for name, value in given.items() if value is not None for part in (f"--{name}", str(value))]
    kind = "synapse" if function == "synapse" else "activation"
    words = [repr(word) for word in (path.name, x, y)]
    words += [f"{name}={value!r}" for name, value in keywords.items() if value is not None]
    command = shlex.join(["spingan", "fit", kind, path.name, *options, "--out", target.name])
    return {
        "kind": kind,
        "function": function,
        "points": found.points,
        "rms_error": found.rms_error,
        "maximum_error": found.maximum_error,
        "made_by": [command, f"write_fit(fit_{kind}({', '.join(words)}), {target.name!r})"],
    }


def _is_device(path: Path) -> bool:
    """Whether a file's first lines are the header of a synapse or an activation."""
    with path.open("rb") as file:
        start = file.read(4096)
    return b"kind:" in start and start.lstrip(b"\xef\xbb\xbf").startswith(b"#")


def _places(count: int, most: int = _POINTS) -> np.ndarray:
    """At most `most` places, evenly spread, the first and the last among them."""
    return np.unique(np.linspace(0, count - 1, min(count, most)).round().astype(int))
