"""Dataclasses from what a file holds, every field of its type."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from types import GenericAlias
from typing import Any, TypeVar

from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError

from spingan.errors import UserError, did_you_mean

T = TypeVar("T")

_UNKNOWN = "unexpected_keyword_argument"
_MISSING = ("missing", "missing_argument")
_WANTED = {"tuple_type": "input should be a list", "dataclass_type": "input should be a group of keys"}


def typed(
    kind: type[T], values: Any, where: str, remedy: str, lines: Mapping[tuple[int | str, ...], int] | None = None
) -> T:
    """The dataclass `kind` from a mapping of its fields, dataclasses within it among them.

    Args:
        lines: the line on which each key's path stands, to be named by an error.

    Raises:
        UserError: A field is missing, unknown, of another type, not finite or out of its range; `where` begins it.
    """
    alone: Any = GenericAlias(tuple, (kind,))  # in a tuple, since pydantic takes no settings for a dataclass itself
    config = ConfigDict(extra="forbid", allow_inf_nan=False, coerce_numbers_to_str=True)
    try:
        _refuse_booleans(values, ())
        return TypeAdapter(alone, config=config).validate_python((values,))[0]
    except ValidationError as error:
        found = error.errors(include_url=False)
        first = min(found, key=lambda one: one["type"] != _UNKNOWN)
        path, cause = first["loc"][1:], first.get("ctx", {}).get("error")
        problem = _problem(first, found)
        if isinstance(cause, UserError):
            problem, remedy = cause.problem, cause.remedy
        elif first["type"] == _UNKNOWN and len(path) == 1 and is_dataclass(kind):
            names = [field.name for field in fields(kind)]
            remedy = f"{did_you_mean(str(path[0]), names)}Known: {', '.join(names)}. {remedy}"
        known = lines or {}
        stands = [known[path[:end]] for end in range(1, len(path) + 1) if path[:end] in known]
        place = f"{where}, line {stands[-1]}" if stands else where
        raise UserError(f"{place}: {problem}", remedy) from error


def _problem(first: Any, found: Any) -> str:
    """The first of pydantic's errors, in the words of a file: key by key, with what stands there."""
    path, kind = first["loc"][1:], first["type"]
    *parents, leaf = map(str, path or ("",))
    group = f"{'.'.join(parents)}: " if parents else ""
    if kind == _UNKNOWN:
        return f"{group}unknown key {leaf}"
    if kind in _MISSING:
        lacks = [
            str(one["loc"][-1]) for one in found if one["type"] in _MISSING and one["loc"][:-1] == first["loc"][:-1]
        ]
        return f"{group}lacks {', '.join(lacks)}"
    wanted = _WANTED.get(kind, f"{first['msg'][:1].lower()}{first['msg'][1:]}")
    return f"{'.'.join((*parents, leaf))}: {wanted} (got {first['input']!r})".removeprefix(": ")


def _refuse_booleans(values: Any, path: tuple[int | str, ...]) -> None:
    """Refuse what pydantic would take for 0 or 1."""
    parts = (
        values.items() if isinstance(values, dict) else enumerate(values) if isinstance(values, list | tuple) else ()
    )
    for key, value in parts:
        if isinstance(value, bool):
            error = PydanticCustomError("number", "true or false is no value here; a word stands in quotes")
            line = InitErrorDetails(type=error, loc=(0, *path, key), input=value)
            raise ValidationError.from_exception_data("values", [line])
        _refuse_booleans(value, (*path, key))
