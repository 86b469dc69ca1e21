"""A space of designs: which keys of a technology and of its chips are searched, and what each may be.

A space is a YAML file; the shipped ones are in the package's folder `spaces`. Nothing here loads torch.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, TypeAdapter, ValidationError

from spingan.arrays.conditions import ChipConditions, conditions_from
from spingan.errors import UserError, did_you_mean
from spingan.input_files import is_file, read_text
from spingan.spec.activation import Activation
from spingan.spec.files import read_activation, read_synapse
from spingan.spec.synapse import Synapse
from spingan.spec.technology import (
    DEVICES,
    ActivationKey,
    Technology,
    load_technology,
    shipped_curves,
    shipped_technologies,
)
from spingan.spec.value import check_schema_version
from spingan.yaml_text import parse_yaml

SPACES = Path(__file__).parents[1] / "spaces"  # within the package
Objective = Literal["distance", "energy", "time", "area"]
DIGITAL = "digital"
"""In place of an activation's curve: the function is computed behind the converters."""
_FORM = "docs/howto/appraise.md"  # which shows it
_KEYS = ("schema_version", "name", "about", "model", "technology", "objectives", "reference", "keys")
_REFERENCE = ("distance", "energy_j", "time_s", "area_m2")
_TOLD = "schema_version", "name", "source", "provenance", "notes", "activations", "synapse"
"""Keys that are not searched as they are."""
_OWN = ("technology", "synapse", "levels", "bits", "junction.ra_ohm_m2", "junction.read_s")
BOUNDS = {
    "junction.ra_ohm_m2": (
        2e-12,
        1.76e-7,
    ),  # paper S's; the thickest published barrier (`spingan.devices.skyrmion_array`)
    "junction.read_s": (1e-10, 1e-3),  # assumed: shorter than any read here, longer than any
}
"""Of a skyrmion synapse's junction, what a space may ask for."""
FORBIDDEN = {
    ("bits", "adc.bits"): "bits are those of both converters",
    ("bits", "dac.bits"): "bits are those of both converters",
    ("bits", "adc"): "bits are those of both converters",
    ("bits", "dac"): "bits are those of both converters",
    ("levels", "synapse.conductance"): "both say which levels a device has",
    ("junction.ra_ohm_m2", "synapse.conductance"): "both say what a device conducts",
    ("junction.read_s", "synapse.read.time_s"): "both say how long a read takes",
    ("junction.read_s", "synapse.read"): "both say how long a read takes",
    ("conditions.faded", "conditions.time_s"): "both say how much of the states is lost",
    ("adc.range", "adc.learned_range"): "a range that is given is not learned",
    ("dac.range", "dac.learned_range"): "a range that is given is not learned",
}
"""Pairs of keys that one space cannot have, and why; nor can it have a key and another within it."""


@dataclass(frozen=True)
class Choices:
    """One of some values. In order where they are numbers: neighbours are then like each other."""

    values: tuple[Any, ...]

    @property
    def ordered(self) -> bool:
        """Whether they are numbers that rise."""
        plain = all(isinstance(value, int | float) and not isinstance(value, bool) for value in self.values)
        return plain and list(self.values) == sorted(self.values)


@dataclass(frozen=True)
class Range:
    """A number from `low` to `high`, both included; `whole` where both ends are."""

    low: float
    high: float
    log: bool = False

    @property
    def whole(self) -> bool:
        """Whether only whole numbers are meant."""
        return isinstance(self.low, int) and isinstance(self.high, int)


@dataclass(frozen=True)
class Space:
    """What is searched.

    Attributes:
        model: The net: a run folder, a weights file, or a shipped name.
        technology: Where each design begins, unless it chooses another.
        objectives: What is to be small; `distance` is one of them.
        reference: `distance` over the ideal's, and `energy_j`, `time_s` and `area_m2` of an image, beyond which nothing
            is of interest; what is missing is 2, and ten times what `technology` takes.
        keys: What each key may be.
        folder: Files that it names are seen from here.
    """

    name: str
    model: str
    technology: str
    objectives: tuple[Objective, ...]
    keys: Mapping[str, Choices | Range]
    reference: Mapping[str, float]
    about: str = ""
    folder: Path = Path()

    @property
    def size(self) -> float:
        """How many designs there are; infinite with a range that is not of whole numbers."""
        sizes = [
            len(each.values) if isinstance(each, Choices) else each.high - each.low + 1 if each.whole else math.inf
            for each in self.keys.values()
        ]
        return math.prod(sizes)

    def place(self, name: str) -> str:
        """A technology's or a curve's name as it is, a file's as a path."""
        if name in (*shipped_technologies(), *shipped_curves(), DIGITAL):
            return name
        return str(self.folder / name)


def shipped_spaces() -> tuple[str, ...]:
    """The names of the spaces that come with the package."""
    return tuple(sorted(path.stem for path in SPACES.glob("*.yaml")))


def load_space(name_or_path: str | Path) -> Space:
    """A space by its shipped name or by its YAML file.

    Raises:
        UserError: There is none, it has an unknown key, an empty range or a forbidden pair of keys, or a value that its
            key cannot have.
    """
    path = Path(name_or_path)
    if str(name_or_path) in shipped_spaces():
        path = SPACES / f"{name_or_path}.yaml"
    elif not is_file(path):
        hint = did_you_mean(name_or_path, shipped_spaces())
        raise UserError(
            f"there is no space {name_or_path}", f"{hint}Shipped: {', '.join(shipped_spaces())}. Or give a YAML file."
        )
    where = f"space {path}"
    content, lines = parse_yaml(read_text(path, where), where, _FORM)
    for key in content:
        if key not in _KEYS:
            raise UserError(
                f"{where}, line {lines[(key,)]}: unknown key {key}",
                f"{did_you_mean(key, _KEYS)}Known: {', '.join(_KEYS)}. What is searched stands under keys.",
            )
    check_schema_version(content, where)
    keys = content.get("keys")
    if not isinstance(keys, dict) or not keys:
        raise UserError(f"{where}: keys are missing", "Name at least one, for example encoding: [midpoint_reference]")
    chosen = {}
    for key, given in keys.items():
        line = f"{where}, line {lines[('keys', key)]}"
        check_key(key, line)
        chosen[key] = _one(key, given, line)
    _refuse_pairs(chosen, where)
    text = {key: content.get(key, "") for key in ("name", "about", "model", "technology")}
    for key, value in text.items():
        if not isinstance(value, str) or (key in ("model", "technology") and not value):
            raise UserError(f"{where}: {key} {value!r} is not a name", "Give one.")
    space = Space(
        text["name"] or path.stem, text["model"], text["technology"], _objectives(content, where), chosen,
        _reference(content, where), text["about"], path.parent,
    )  # fmt: skip
    load_technology(space.place(space.technology))
    for key, each in chosen.items():
        for value in each.values if isinstance(each, Choices) else (each.low, each.high):
            check_value(space, key, value, f"{where}, line {lines[('keys', key)]}")
    return space


def _objectives(content: Mapping[str, Any], where: str) -> tuple[Objective, ...]:
    known = get_args(Objective)
    given = content.get("objectives", list(known))
    named = given if isinstance(given, list) else [given]
    for each in named:
        if each not in known:
            raise UserError(f"{where}: unknown objective {each!r}", f"{did_you_mean(each, known)}Known: {known}.")
    if "distance" not in named or len(set(named)) < 2 or len(set(named)) < len(named):
        raise UserError(
            f"{where}: the objectives {', '.join(map(str, named)) or 'are none'}",
            "Give distance and at least one of energy, time and area, each once.",
        )
    return tuple(each for each in known if each in named)


def _reference(content: Mapping[str, Any], where: str) -> dict[str, float]:
    given = content.get("reference", {})
    if not isinstance(given, dict):
        raise UserError(f"{where}: reference {given!r} has no keys", f"Known: {', '.join(_REFERENCE)}.")
    for key, value in given.items():
        if key not in _REFERENCE:
            hint = did_you_mean(key, _REFERENCE)
            raise UserError(f"{where}: unknown key reference.{key}", f"{hint}Known: {', '.join(_REFERENCE)}.")
        least = 1.0 if key == "distance" else 0.0
        if isinstance(value, bool) or not isinstance(value, int | float) or not least < value < math.inf:
            raise UserError(f"{where}: reference.{key} {value!r}", f"Give a number above {least:g}.")
    return {key: float(value) for key, value in given.items()}


def _one(key: str, given: Any, line: str) -> Choices | Range:
    """What a key may be, as it is written: a list, or a mapping with `low` and `high`."""
    if isinstance(given, list):
        if not given:
            raise UserError(f"{line}: {key} has no choices", "Name at least one.")
        if len({repr(value) for value in given}) < len(given):
            raise UserError(f"{line}: {key} has a choice twice", "Keep one.")
        return Choices(tuple(given))
    if not isinstance(given, dict) or not {"low", "high"} <= given.keys() <= {"low", "high", "scale"}:
        raise UserError(
            f"{line}: {key} is neither a list of choices nor a range",
            "Write [4, 8, 16], or {low: 4, high: 256, scale: log}.",
        )
    low, high, scale = given["low"], given["high"], given.get("scale", "linear")
    if any(isinstance(end, bool) or not isinstance(end, int | float) or not math.isfinite(end) for end in (low, high)):
        raise UserError(f"{line}: {key} from {low!r} to {high!r} is no range of numbers", "Give two numbers.")
    if low >= high:
        raise UserError(f"{line}: {key} from {low:g} to {high:g} is an empty range", "Give low below high.")
    if scale not in ("linear", "log") or (scale == "log" and low <= 0):
        raise UserError(f"{line}: {key} with scale {scale!r}", "Give linear, or log where low is above 0.")
    return Range(low, high, scale == "log")


def _refuse_pairs(keys: Mapping[str, Any], where: str) -> None:
    for one, other in FORBIDDEN:
        if one in keys and other in keys:
            raise UserError(
                f"{where}: {one} and {other} cannot be searched together: {FORBIDDEN[one, other]}", "Keep one of them."
            )
    for one in keys:
        inside = next((other for other in keys if other.startswith(f"{one}.") and one not in _OWN), None)
        if inside is not None:
            raise UserError(f"{where}: {inside} is a part of {one}, which is searched too", "Keep one of them.")


def known_keys() -> tuple[str, ...]:
    """All keys that a space may have."""
    found = [*_OWN, *(f"activations.{key}" for key in get_args(ActivationKey))]
    found += [f"conditions.{each.name}" for each in fields(ChipConditions) if each.name != "seed"]
    return (*found, *_keys_of(Technology), *(f"synapse.{key}" for key in _keys_of(Synapse)))


def _keys_of(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    for name, field in model.model_fields.items():
        if not prefix and name in _TOLD:
            continue
        yield f"{prefix}{name}"
        inner = _inner(field.annotation)
        if inner is not None:
            yield from _keys_of(inner, f"{prefix}{name}.")


def _inner(annotation: Any) -> type[BaseModel] | None:
    for part in (annotation, *get_args(annotation)):
        if isinstance(part, type) and issubclass(part, BaseModel):
            return part
    return None


def check_key(key: str, line: str) -> None:
    """Refuse a key that no technology and no chip has.

    Raises:
        UserError: It is unknown.
    """
    known = known_keys()
    if key not in known:
        top = [each for each in known if "." not in each or each.split(".")[0] in ("dac", "adc")]
        hint = did_you_mean(key, known) or f"For example: {', '.join(top)}. "
        raise UserError(
            f"{line}: unknown key {key}", f"{hint}The keys are those of a technology's file, and conditions.NAME."
        )


def check_value(space: Space, key: str, value: Any, line: str) -> None:
    """Refuse a value that the key cannot have on any technology.

    Raises:
        UserError: It cannot; or there is no such technology or curve.
    """
    try:
        _check_value(space, key, value)
    except (ValidationError, ValueError) as error:
        cause = error.problem if isinstance(error, UserError) else _first(error)
        remedy = error.remedy if isinstance(error, UserError) else "Correct the value, or leave the choice out."
        raise UserError(f"{line}: {key} cannot be {value!r}: {cause}", remedy) from error


def _first(error: ValueError) -> str:
    if isinstance(error, ValidationError):
        message = error.errors(include_url=False)[0]["msg"]
        return f"{message[:1].lower()}{message[1:]}"
    return str(error)


def _check_value(space: Space, key: str, value: Any) -> None:
    head, _, rest = key.partition(".")
    if key == "technology":
        load_technology(space.place(_name(value)))
    elif key in ("levels", "bits"):
        least, most = (2, 4096) if key == "levels" else (1, 32)  # as `with_levels` and a converter have them
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise ValueError(f"give whole numbers from {least} to {most}")
    elif key in BOUNDS:
        least, most = BOUNDS[key]
        if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
            raise ValueError(f"give {least:g} to {most:g}")
    elif key == "synapse":
        curve_of(space, value)
    elif head == "activations":
        curve = activation_of(space, value, rest)
        if curve is not None and curve.function != rest:
            raise ValueError(f"it is a {curve.function}")
    elif head == "conditions":
        conditions_from([f"{rest}={value}"])
    else:
        of = Synapse if head == "synapse" else Technology
        _check_field(of, (rest if head == "synapse" else key).split("."), value)


def _check_field(model: type[BaseModel], path: list[str], value: Any) -> None:
    field = model.model_fields[path[0]]
    inner = _inner(field.annotation)
    if len(path) > 1 and inner is not None:
        _check_field(inner, path[1:], value)
        return
    if isinstance(value, bool) and bool not in (field.annotation, *get_args(field.annotation)):
        raise ValueError("it is a truth value, and no number or name")
    bounded: Any = Annotated[(field.annotation, field.title, *field.metadata)]  # Annotated wants one thing at least
    TypeAdapter(bounded).validate_python(value)


def _name(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("it is not a name")
    return value


def _curve_file(space: Space, value: Any) -> Path:
    name = _name(value)
    if name in shipped_curves():
        return DEVICES / "curves" / f"{name}.csv"
    path = Path(space.place(name))
    if not is_file(path):
        hint = did_you_mean(name, shipped_curves())
        raise UserError(f"there is no curve {name}", f"{hint}Or give a CSV file, or a technology's folder.")
    return path


def _technology_of(space: Space, value: Any) -> Technology | None:
    """The technology in a folder, such as one of a designed front; None where the value names no folder."""
    name = _name(value)
    path = Path(space.place(name))
    return load_technology(path) if name not in shipped_curves() and path.is_dir() else None


def curve_of(space: Space, value: Any) -> Synapse:
    """The synapse that a space's value names: a shipped curve, a CSV file, or that of a technology in a folder.

    Raises:
        UserError: There is none, or its file is not right.
        ValueError: It is no name.
    """
    technology = _technology_of(space, value)
    if technology is None:
        return read_synapse(_curve_file(space, value))
    if technology.synapse is None:
        raise UserError(f"technology {technology.name} in {value} has no synapse", "Name another folder.")
    return technology.synapse


def activation_of(space: Space, value: Any, function: str) -> Activation | None:
    """The activation that a space's value names, as `curve_of`; None for `digital`.

    Args:
        function: Of a technology's, which one.

    Raises:
        UserError: There is none, or its file is not right.
        ValueError: It is no name.
    """
    technology = None if value == DIGITAL else _technology_of(space, value)
    if technology is None:
        return None if value == DIGITAL else read_activation(_curve_file(space, value))
    found = technology.activations.get(function)  # pyright: ignore[reportArgumentType, reportCallIssue]
    if found is None:
        raise UserError(f"technology {technology.name} in {value} has no {function}", "Name another folder.")
    return found
