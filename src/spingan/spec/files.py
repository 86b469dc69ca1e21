"""Synapse, Activation and ConductanceCurve as files: a CSV table under a YAML header whose every line starts with "# ".

A column's name ends in its unit (`conductance_s`, `input_ua`), so that numpy and pandas read the table with
`comments="#"` and the unit cannot get lost. Prefixed units are turned into SI here, and only here.
"""

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import numpy as np
import yaml

from spingan.errors import UserError
from spingan.input_files import check_cells, csv_cells, finite, read_text
from spingan.output import write_text
from spingan.spec.activation import Activation, ConductanceCurve
from spingan.spec.synapse import Synapse
from spingan.spec.value import build, check_schema_version
from spingan.yaml_text import parse_yaml

# Suffix of a column's name -> (SI unit, factor). "s" is siemens for a conductance; no column holds a time.
_CONDUCTANCE = {"s": ("S", 1.0), "ms": ("S", 1e-3), "us": ("S", 1e-6), "ns": ("S", 1e-9)}
_NORMALISED = {"normalised": ("1", 1.0)}
_ENERGY = {"j": ("J", 1.0), "pj": ("J", 1e-12), "fj": ("J", 1e-15), "aj": ("J", 1e-18)}
_SIGNAL = {
    "a": ("A", 1.0), "ma": ("A", 1e-3), "ua": ("A", 1e-6), "na": ("A", 1e-9),
    "v": ("V", 1.0), "mv": ("V", 1e-3), "uv": ("V", 1e-6), "ohm": ("Ohm", 1.0), "kohm": ("Ohm", 1e3),
    **_CONDUCTANCE, **_NORMALISED,
}  # fmt: skip
_COUNT = {"": ("1", 1.0)}

_SYNAPSE_COLUMNS: dict[str, dict[str, tuple[str, float]]] = {
    "level": _COUNT,
    "conductance": _CONDUCTANCE | _NORMALISED,
    "read_noise": _CONDUCTANCE,
    "write_error": _CONDUCTANCE | _NORMALISED,
    "step_up": _CONDUCTANCE | _NORMALISED,
    "step_up_spread": _CONDUCTANCE | _NORMALISED,
    "step_up_energy": _ENERGY,
    "step_down": _CONDUCTANCE | _NORMALISED,
    "step_down_spread": _CONDUCTANCE | _NORMALISED,
    "step_down_energy": _ENERGY,
}
_ACTIVATION_COLUMNS = {"input": _SIGNAL, "output": _SIGNAL, "rising": _SIGNAL, "falling": _SIGNAL}
_FIELD_OF = {
    "read_noise": "read_noise_s",
    "step_up_energy": "step_up_energy_j",
    "step_down_energy": "step_down_energy_j",
}


Curve = TypeVar("Curve", bound=Activation)
CONDUCTANCE_CURVE = "conductance-curve"  # the kind of such a file


@dataclass(frozen=True)
class _Column:
    name: str
    unit: str
    values: tuple[float, ...]
    written: tuple[float, ...]
    """The values in the unit that the column's name says, for errors."""


@dataclass(frozen=True)
class _File:
    path: Path
    header: dict[str, Any]
    key_lines: Mapping[tuple[int | str, ...], int]
    columns: Mapping[str, _Column]
    row_lines: tuple[int, ...]

    @property
    def where(self) -> str:
        return f"technology file {self.path}"

    def line_of(self, path: tuple[int | str, ...]) -> int | None:
        while path and path not in self.key_lines:
            path = path[:-1]
        return self.key_lines.get(path)

    def refuse(self, row: int, problem: str, remedy: str) -> NoReturn:
        raise UserError(f"{self.where}, line {self.row_lines[row]}: {problem}", remedy)


def read_synapse(path: str | Path) -> Synapse:
    """The synapse in the file `path`.

    Raises:
        UserError: The file cannot be read, or is not a synapse; the error names line, column, value and remedy.
    """
    file = _read(Path(path), ("synapse",), _SYNAPSE_COLUMNS)
    conductance = _required(file, "conductance", "conductance_s")
    basis = file.header.get("basis")
    if basis in ("normalised", "measured", "simulated") and (basis == "normalised") != (conductance.unit == "1"):
        raise UserError(
            f"{file.where}: basis is {basis}, but the column is {conductance.name}",
            "A measured or simulated synapse has conductance_s; a normalised one has conductance_normalised",
        )
    _levels_are_counted(file)
    remedy = f"Levels must rise. Sort the rows, or smooth the measurement first: spingan fit synapse {file.path.name}"
    _must_rise(file, conductance, remedy)
    fields = dict(file.header)
    for quantity, column in file.columns.items():
        if quantity == "level":
            continue
        _must_not_be_negative(file, column)
        if quantity.startswith(("step", "write")) and "energy" not in quantity and column.unit != conductance.unit:
            raise UserError(
                f"{file.where}: columns {column.name} and {conductance.name} differ in unit",
                "Give steps and the write error in the conductance's own unit",
            )
        fields[_FIELD_OF.get(quantity, quantity)] = column.values
    return build(Synapse, fields, file.where, file.line_of)


def read_activation(path: str | Path) -> Activation:
    """The activation in the file `path`.

    A conductance curve gives the activation of an ideal read-out: its conductances as outputs. The header may leave out
    `input_full_scale` (then the table's last input), `output_zero` (the output at input 0, or at the first input of a
    table that does not reach 0) and `output_full_scale` (the output at full-scale input).

    Raises:
        UserError: The file cannot be read, or is not an activation; the error names line, column, value and remedy.
    """
    return _read_curve(path, Activation)


def read_conductance_curve(path: str | Path) -> ConductanceCurve:
    """The conductance curve in the file `path`; an activation in siemens against amperes or volts is one, too.

    Raises:
        UserError: As `read_activation`; or the outputs are no conductances.
    """
    return _read_curve(path, ConductanceCurve)


def _read_curve(path: str | Path, wanted: type[Curve]) -> Curve:
    file = _read(Path(path), ("activation", CONDUCTANCE_CURVE), _ACTIVATION_COLUMNS)
    inputs = _required(file, "input", "input_a")
    both = "rising" in file.columns and "falling" in file.columns
    if both == ("output" in file.columns) or (not both and ("rising" in file.columns or "falling" in file.columns)):
        raise UserError(
            f"{file.where}: the outputs are not given once",
            "Give one column output_..., or, for a device with memory, two: rising_... and falling_...",
        )
    rising = file.columns["rising" if both else "output"]
    falling = file.columns["falling"] if both else None
    if falling is not None and falling.unit != rising.unit:
        raise UserError(
            f"{file.where}: columns {rising.name} and {falling.name} differ in unit", "Give both in the same unit"
        )
    _must_rise(file, inputs, "Inputs must rise: sort the rows, and give each input once")
    fields = dict(file.header)
    for key, unit, column in (("input_unit", inputs.unit, inputs), ("output_unit", rising.unit, rising)):
        if fields.setdefault(key, unit) != unit:
            raise UserError(
                f"{file.where}: {key} is {fields[key]}, but the column is {column.name}",
                f"Leave {key} out: the column's name says it",
            )
    fields |= {"input": inputs.values, "rising": rising.values, "falling": falling and falling.values}
    _fill_full_scale(fields, inputs.values, rising.values)
    if issubclass(wanted, ConductanceCurve) and (inputs.unit not in ("A", "V") or rising.unit != "S"):
        raise UserError(
            f"{file.where}: the curve is in {rising.unit} against {inputs.unit}",
            "A conductance curve is in S against A or V; a cell takes a device's conductance in S against its current",
        )
    return build(wanted, fields, file.where, file.line_of)


def read_value(path: str | Path) -> Synapse | Activation:
    """The synapse, the activation or the conductance curve in the file `path`, as its header's `kind` says.

    Raises:
        UserError: As `read_synapse` and `read_activation`.
    """
    lines = _lines(Path(path))
    header, _ = _header(Path(path), lines)
    readers = {"activation": read_activation, CONDUCTANCE_CURVE: read_conductance_curve}
    return readers.get(str(header.get("kind")), read_synapse)(path)


def write_synapse(synapse: Synapse, path: str | Path) -> None:
    """Write `synapse` to `path` in SI units; `read_synapse` gives back an equal value.

    Raises:
        UserError: The file cannot be written.
    """
    suffix = "normalised" if synapse.basis == "normalised" else "s"
    table: dict[str, Sequence[float]] = {"level": range(synapse.states), f"conductance_{suffix}": synapse.conductance}
    for quantity in list(_SYNAPSE_COLUMNS)[2:]:
        column = getattr(synapse, _FIELD_OF.get(quantity, quantity))
        if column is not None:
            name = _FIELD_OF.get(quantity, f"{quantity}_{suffix}")
            table[name] = column
    fields = {"conductance", *(_FIELD_OF.get(quantity, quantity) for quantity in _SYNAPSE_COLUMNS)}
    _write(path, "synapse", synapse.model_dump(mode="json", exclude_none=True, exclude=fields), table)


def write_activation(activation: Activation, path: str | Path) -> None:
    """Write `activation` to `path` in SI units; `read_activation` gives back an equal value.

    Raises:
        UserError: The file cannot be written.
    """
    suffix = {"1": "normalised"}
    unit_in = suffix.get(activation.input_unit, activation.input_unit.lower())
    unit_out = suffix.get(activation.output_unit, activation.output_unit.lower())
    table: dict[str, Sequence[float]] = {f"input_{unit_in}": activation.input}
    if activation.falling is None:
        table[f"output_{unit_out}"] = activation.rising
    else:
        table |= {f"rising_{unit_out}": activation.rising, f"falling_{unit_out}": activation.falling}
    fields = {"input", "rising", "falling"}
    kind = CONDUCTANCE_CURVE if isinstance(activation, ConductanceCurve) else "activation"
    _write(path, kind, activation.model_dump(mode="json", exclude_none=True, exclude=fields), table)


def _write(path: str | Path, kind: str, header: dict[str, Any], table: Mapping[str, Sequence[float]]) -> None:
    kept = {key: value for key, value in header.items() if value not in ({}, [])}
    text = yaml.safe_dump({"kind": kind} | kept, sort_keys=False, allow_unicode=True, width=110)
    if len(text.splitlines()) != text.count("\n"):  # Unicode's other line ends would break a header line in two
        text = yaml.safe_dump({"kind": kind} | kept, sort_keys=False, allow_unicode=False, width=110)
    rows = [",".join(table), *(",".join(repr(cell) for cell in row) for row in zip(*table.values(), strict=True))]
    write_text(path, "".join(f"# {line}\n" for line in text.splitlines()) + "\n".join(rows) + "\n")


def _lines(path: Path) -> list[str]:
    return read_text(path, f"technology file {path}", "plain CSV in UTF-8").splitlines()


def _header(path: Path, lines: Sequence[str]) -> tuple[dict[str, Any], dict[tuple[int | str, ...], int]]:
    """The YAML header as a dict, and the line on which each of its keys stands."""
    length = next((at for at, line in enumerate(lines) if not line.startswith("#")), len(lines))
    text = "\n".join(line[2:] if line.startswith("# ") else line[1:] for line in lines[:length])
    return parse_yaml(text, f"technology file {path}")


def _read(path: Path, kinds: tuple[str, ...], known: Mapping[str, Mapping[str, tuple[str, float]]]) -> _File:
    lines = _lines(path)
    where = f"technology file {path}"
    header, key_lines = _header(path, lines)
    kind = header.get("kind")
    if kind not in kinds:
        raise UserError(f"{where}: kind is {kind!r}, not {kinds[0]}", f'Its header must say "# kind: {kinds[0]}"')
    check_schema_version(header, where)
    del header["kind"]
    numbered = [(at, line) for at, line in enumerate(lines, start=1) if line.strip() and line[0] != "#"]
    if len(numbered) < 3:
        raise UserError(f"{where}: the table has fewer than two rows", "Give a line of column names, then the rows")
    names = csv_cells(numbered[0][1], f"{where}, line {numbered[0][0]}")
    units = [_quantity(name, f"{where}, line {numbered[0][0]}", known) for name in names]
    quantities = [quantity for quantity, _, _ in units]
    for quantity in quantities:
        if quantities.count(quantity) > 1:
            raise UserError(f"{where}, line {numbered[0][0]}: two columns give {quantity}", "Keep one of them")
    rows = [_row(where, at, line, names) for at, line in numbered[1:]]
    columns = {
        quantity: _Column(names[i], unit, tuple(row[i] * factor for row in rows), tuple(row[i] for row in rows))
        for i, (quantity, unit, factor) in enumerate(units)
    }
    return _File(path, header, key_lines, columns, tuple(at for at, _ in numbered[1:]))


def _quantity(name: str, place: str, known: Mapping[str, Mapping[str, tuple[str, float]]]) -> tuple[str, str, float]:
    """A column's name as (quantity, SI unit, factor into it)."""
    for quantity in sorted(known, key=len, reverse=True):
        suffixes = known[quantity]
        example = " or ".join(f"{quantity}_{suffix}" for suffix in suffixes)
        if name == quantity and "" in suffixes:
            return quantity, *suffixes[""]
        if name == quantity:
            raise UserError(f"{place}: column {name} has no unit", f"Put the unit into its name: {example}")
        if name.startswith(f"{quantity}_"):
            suffix = name.removeprefix(f"{quantity}_").lower()
            if suffix not in suffixes:
                raise UserError(f"{place}: column {name} has an unknown unit, {suffix}", f"Known here: {example}")
            return quantity, *suffixes[suffix]
    close = difflib.get_close_matches(name, known, n=1)
    hint = f"Did you mean {close[0]}_...? " if close else ""
    raise UserError(f"{place}: unknown column {name!r}", f"{hint}Known columns: {', '.join(known)}, each with its unit")


def _row(where: str, line_number: int, line: str, names: Sequence[str]) -> list[float]:
    cells = csv_cells(line, f"{where}, line {line_number}")
    check_cells(cells, len(names), f"{where}, line {line_number}")
    return [finite(cell, f"{where}, line {line_number}: {name}") for name, cell in zip(names, cells, strict=True)]


def _required(file: _File, quantity: str, example: str) -> _Column:
    if quantity not in file.columns:
        raise UserError(f"{file.where}: column {quantity} is missing", f"Name one, with its unit: {example}")
    return file.columns[quantity]


def _must_rise(file: _File, column: _Column, remedy: str) -> None:
    for row in range(1, len(column.values)):
        if column.values[row] <= column.values[row - 1]:
            before, here = column.written[row - 1], column.written[row]
            word = "below" if here < before else "equal to"
            last = file.row_lines[row - 1]
            file.refuse(row, f"{column.name} {here:.10g} is {word} line {last}'s {before:.10g}.", remedy)


def _must_not_be_negative(file: _File, column: _Column) -> None:
    for row, value in enumerate(column.written):
        if value < 0:
            file.refuse(row, f"{column.name} {value:.10g} is negative", "It is zero or more; correct the value")


def _levels_are_counted(file: _File) -> None:
    if "level" not in file.columns:
        return
    for row, level in enumerate(file.columns["level"].values):
        if level != row:
            file.refuse(row, f"level is {level:g}, not {row}", "Count the levels 0, 1, 2, ... without a gap")


def _fill_full_scale(fields: dict[str, Any], inputs: Sequence[float], outputs: Sequence[float]) -> None:
    full_scale = fields.setdefault("input_full_scale", inputs[-1])
    fields.setdefault("output_zero", float(np.interp(0.0, inputs, outputs)))
    if isinstance(full_scale, int | float):
        fields.setdefault("output_full_scale", float(np.interp(full_scale, inputs, outputs)))
