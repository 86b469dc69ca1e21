"""Wall devices as YAML files, so that a design or a device of one's own can be studied, exported and shared."""

import math
from collections.abc import Mapping
from dataclasses import MISSING, asdict, fields, is_dataclass
from pathlib import Path
from typing import Any, get_type_hints

import yaml

from spingan.devices.wall_device import AnisotropyProfile, Detector, ExchangeBias, WallDevice
from spingan.errors import UserError
from spingan.input_files import exists, read_text
from spingan.output import write_text
from spingan.physics.film import Film
from spingan.yaml_text import parse_yaml

KIND = "wall-device"
TEMPLATE = "spingan device new FILE"
_PARTS = {"film": Film, "profile": AnisotropyProfile, "exchange_bias": ExchangeBias}


def write_wall_device(device: WallDevice, path: str | Path) -> None:
    """Write `device` to the YAML file `path`; `read_wall_device` gives back an equal value.

    Raises:
        UserError: The file cannot be written.
    """
    content = {"kind": KIND} | asdict(device)
    content["detectors"] = [asdict(detector) for detector in device.detectors]
    write_text(path, yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=110))


def new_wall_device(path: str | Path, like: WallDevice) -> None:
    """Begin a device of one's own: `like`, written to a file that is not there yet.

    Raises:
        UserError: The file is there already, or cannot be written.
    """
    if exists(path):
        raise UserError(f"{path} is there already", "Choose another name, or move it away")
    write_wall_device(like, path)


def read_wall_device(path: str | Path) -> WallDevice:
    """The wall device in the YAML file `path`.

    Raises:
        UserError: The file cannot be read, lacks a key, has one too many, or says something impossible.
    """
    where = f"device file {path}"
    content, lines = parse_yaml(read_text(path, where), where, TEMPLATE)
    if content.pop("kind", None) != KIND:
        raise UserError(f"{where}: its kind is not {KIND}", f'It must say "kind: {KIND}", as what {TEMPLATE} writes')
    for key, part in _PARTS.items():
        if key in content:
            content[key] = _build(part, content[key], where, (key,), lines)
    detectors = content.get("detectors")
    if not isinstance(detectors, list):
        raise UserError(f"{where}: detectors is not a list", "Give a list of rectangles: name, x0_m, x1_m, y0_m, y1_m")
    content["detectors"] = tuple(
        _build(Detector, detector, where, ("detectors", index), lines) for index, detector in enumerate(detectors)
    )
    return _build(WallDevice, content, where, (), lines)


def _build(
    kind: type[Any], values: Any, where: str, path: tuple[int | str, ...], lines: Mapping[tuple[int | str, ...], int]
) -> Any:
    """The dataclass `kind` from a mapping, its numbers checked."""
    named = ".".join(map(str, path)) or "the device"
    if not isinstance(values, dict):
        raise UserError(f"{where}: {named} is not a group of keys", f"It has {', '.join(f.name for f in fields(kind))}")
    known = {field.name: field for field in fields(kind)}
    hints = get_type_hints(kind)
    for key in values:
        if key not in known:
            raise UserError(f"{where}{_at(lines, (*path, key))}: unknown key {key}", f"Known: {', '.join(known)}")
    missing = [name for name, field in known.items() if name not in values and _is_required(field)]
    if missing:
        raise UserError(f"{where}: {named} lacks {', '.join(missing)}", "Give every key that has no default")
    checked = {key: _number(value, hints[key], where, lines, (*path, key)) for key, value in values.items()}
    try:
        return kind(**checked)
    except UserError as error:
        raise UserError(f"{where}{_at(lines, path)}: {error.problem}", error.remedy) from error


def _is_required(field: Any) -> bool:
    return field.default is MISSING and field.default_factory is MISSING


def _number(
    value: Any, hint: Any, where: str, lines: Mapping[tuple[int | str, ...], int], path: tuple[int | str, ...]
) -> Any:
    """A value as its field wants it. YAML 1.1 reads 1e-9 as text: taken as the number that it is."""
    if is_dataclass(value) or isinstance(value, tuple):
        return value
    named = f"{where}{_at(lines, path)}: {'.'.join(map(str, path))}"
    if hint is str:
        if not isinstance(value, str | int | float):
            raise UserError(
                f"{named} is {value!r}, not a word", "Give a word; quote it if it looks like something else"
            )
        return str(value)
    if value is None and hint == float | None:
        return None
    try:
        number = math.nan if value is None or isinstance(value, bool) else float(value)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number):
        raise UserError(f"{named} is {value!r}, not a number", "Give a number")
    if hint in (float, float | None):
        return number
    if not number.is_integer():
        raise UserError(f"{named} is {value!r}, not a whole number", "Give 1 or -1")
    return int(number)


def _at(lines: Mapping[tuple[int | str, ...], int], path: tuple[int | str, ...]) -> str:
    return f", line {lines[path]}" if path in lines else ""
