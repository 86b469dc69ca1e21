"""What pages of the reference say of the package, as Markdown made from the package itself.

A page asks for it with a line such as `<!-- from the package: recipe-keys -->`.
"""

import inspect
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import api
import typer
from pydantic import BaseModel
from typer.main import get_command

from spingan.cli import app
from spingan.spec.activation import Activation, ConductanceCurve
from spingan.spec.synapse import Synapse
from spingan.spec.technology import Technology
from spingan.training.recipe import Recipe, recipe_keys

HELP_COLUMNS = 96
_ASKED = re.compile(r"^<!-- from the package: ([\w-]+)(?: ([\w.]+))? -->$", re.MULTILINE)


def fill_page(source: list[str]) -> None:
    """Put what the page asks for in the place of its requests; `source` is Sphinx's list of one text."""
    source[0] = _ASKED.sub(lambda found: PARTS[found[1]](*filter(None, [found[2]])), source[0])


def recipe_key_table() -> str:
    """Every key of a recipe."""
    schemas = {f"{before}{key}": schema for before, key, schema, _ in _fields(Recipe)}
    rows = [
        (f"`{each['key']}`", _kind(*schemas[each["key"]]), _default(each), each["meaning"]) for each in recipe_keys()
    ]
    return _table(("key", "value", "default", "meaning"), rows)


def field_tables(name: str) -> str:
    """Every field of a kind of file: a table for the file's own keys and one for each section."""
    parts: dict[str, list[Sequence[str]]] = {}
    owners: dict[str, type[BaseModel]] = {}
    for before, key, schema, needed in _fields(*KINDS[name]):
        default = {} if needed else {"default": schema[0].get("default")}
        parts.setdefault(before, []).append((f"`{key}`", _kind(*schema), _default(default), _meaning(schema[2], key)))
        owners[before] = schema[2]
    return "\n\n".join(
        (f"### `{before[:-1]}`\n\n" if before else "")
        + f"{inspect.getdoc(owners[before])}\n\n{_table(('key', 'value', 'default', 'meaning'), rows)}"
        for before, rows in sorted(parts.items())
    )


def commands() -> str:
    """Every command with its own help."""
    return "\n\n".join(_command(get_command(app), None, "spingan", 2))


def _command(command: Any, parent: Any, path: str, level: int) -> Iterable[str]:
    context = typer.Context(command, info_name=path.rsplit(" ", 1)[-1], parent=parent, terminal_width=HELP_COLUMNS)
    yield f"{'#' * min(level, 3)} {path}\n\n```text\n{command.get_help(context)}\n```"
    for name, inner in getattr(command, "commands", {}).items():
        yield from _command(inner, context, f"{path} {name}", 2 if level == 2 and hasattr(inner, "commands") else 3)


def _fields(
    model: type[BaseModel], leave_out: Sequence[type[BaseModel]] = ()
) -> Iterable[tuple[str, str, tuple[dict[str, Any], dict[str, Any], type[BaseModel]], bool]]:
    """Section, key, (schema, definitions, model) and whether it is needed, section by section."""

    def walk(model: type[BaseModel], before: str):
        whole = model.model_json_schema()
        definitions = whole.get("$defs", {})
        properties = whole.get("properties") or definitions[model.__name__]["properties"]
        for key, field in model.model_fields.items():
            yield before, key, (properties[key], definitions, model), field.is_required()
            for inner in _models(field.annotation):
                if inner not in leave_out:
                    yield from walk(inner, f"{before}{key}.")

    return walk(model, "")


def _models(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and not hasattr(annotation, "__args__"):
        return [annotation] if issubclass(annotation, BaseModel) else []
    return [found for part in getattr(annotation, "__args__", ()) for found in _models(part)]


def _kind(schema: dict[str, Any], definitions: dict[str, Any], model: type[BaseModel] | None = None) -> str:
    """What may stand there, in words: `number above 0`, `one of linear, sinh, mtj`, `section`."""
    if "$ref" in schema:
        inner = definitions[schema["$ref"].rsplit("/", 1)[1]]
        return "section" if inner.get("type") == "object" else _kind(inner, definitions)
    if "anyOf" in schema:
        kinds = [_kind(each, definitions) for each in schema["anyOf"] if each.get("type") != "null"]
        return " or ".join(dict.fromkeys(kinds))
    if "const" in schema:
        return f"`{schema['const']}`"
    if "enum" in schema:
        return "one of " + ", ".join(f"`{each}`" for each in schema["enum"])
    match schema.get("type"):
        case "array" if "prefixItems" in schema:
            kinds = [_kind(each, definitions) for each in schema["prefixItems"]]
            return f"{len(kinds)} of: {kinds[0]}" if len(set(kinds)) == 1 else ", ".join(kinds)
        case "array":
            return f"list of: {_kind(schema['items'], definitions)}"
        case "object" if "additionalProperties" in schema:
            return "section of names"
        case "object":
            return "section"
        case "number" | "integer" as kind:
            bounds = (
                f" {word} {schema[key]:g}" if isinstance(schema[key], float) else f" {word} {schema[key]}"
                for key, word in _BOUNDS.items()
                if key in schema
            )
            return ("number" if kind == "number" else "whole number") + ",".join(bounds)
        case "boolean":
            return "true or false"
        case _:
            return "text"


def _meaning(model: type[BaseModel], key: str) -> str:
    """A field's docstring, its own or a base class's; else what the key means everywhere, or what its section is."""
    said = (api.attribute_docstring(each, key) for each in model.__mro__ if each.__module__.startswith("spingan."))
    inner = _models(model.model_fields[key].annotation)
    of_section = (inner[0].__doc__ or "").strip().split("\n\n")[0] if inner else ""
    return next(filter(None, said), "") or COMMON.get(key, "") or of_section


COMMON = {
    "function": "Which function of the network it stands for.",
    "schema_version": "Of the form of this file; this version reads 1.",
    "name": "As tables and pictures call it.",
    "source": "Where the numbers are from.",
    "provenance": "How they were obtained.",
    "notes": "What else a reader should know.",
    "area_m2": "Of one of them.",
    "energy_j": "Of one action.",
    "time_s": "Of one action.",
    "window_s": "The time that the energy was integrated over.",
    "temperature_k": "At which the numbers hold.",
    "seed": "Of the runs that the numbers come from.",
    "runs": "How many runs the numbers come from.",
}
"""What keys mean that many files and sections have."""

_SECTIONS = [each for field in Activation.model_fields.values() for each in _models(field.annotation)]
KINDS: dict[str, tuple[type[BaseModel], Sequence[type[BaseModel]]]] = {
    "Technology": (Technology, (Synapse, Activation)),
    "Synapse": (Synapse, ()),
    "Activation": (Activation, ()),
    "ConductanceCurve": (ConductanceCurve, tuple(_SECTIONS)),
}
"""The kinds of files, and the sections that are described elsewhere."""

_BOUNDS = {"exclusiveMinimum": "above", "minimum": "from", "exclusiveMaximum": "below", "maximum": "up to"}


def _default(key: dict[str, Any]) -> str:
    """`needed` for a key without one, nothing for one that means nothing when it is left out."""
    if "default" not in key:
        return "needed"
    value = key["default"]
    if value is None or value in ((), [], {}) or isinstance(value, dict | BaseModel):
        return ""
    if isinstance(value, bool):
        value = str(value).lower()
    return f"`{', '.join(map(str, value)) if isinstance(value, list | tuple) else value}`"


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(
        "| " + " | ".join(" ".join(cell.replace("|", "\\|").split()) for cell in line) + " |" for line in lines
    )


PARTS: dict[str, Callable[..., str]] = {
    "recipe-keys": recipe_key_table,
    "fields": field_tables,
    "commands": commands,
    "api": api.module_page,
}
