"""Dataclasses from what a file holds, every field of its type."""

from collections.abc import Mapping
from types import GenericAlias
from typing import Any, TypeVar

from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError

from spingan.errors import UserError

T = TypeVar("T")


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
        unknown_first = sorted(
            error.errors(include_url=False), key=lambda e: e["type"] != "unexpected_keyword_argument"
        )
        first = unknown_first[0]
        path, cause = first["loc"][1:], first.get("ctx", {}).get("error")
        problem = f"{'.'.join(map(str, path))}: {first['msg'][:1].lower()}{first['msg'][1:]}".removeprefix(": ")
        if isinstance(cause, UserError):
            problem, remedy = cause.problem, cause.remedy
        known = lines or {}
        stands = [known[path[:end]] for end in range(1, len(path) + 1) if path[:end] in known]
        place = f"{where}, line {stands[-1]}" if stands else where
        raise UserError(f"{place}: {problem}", remedy) from error


def _refuse_booleans(values: Any, path: tuple[int | str, ...]) -> None:
    """Refuse what pydantic would take for 0 or 1."""
    parts = (
        values.items() if isinstance(values, dict) else enumerate(values) if isinstance(values, list | tuple) else ()
    )
    for key, value in parts:
        if isinstance(value, bool):
            error = PydanticCustomError("number", "input should be a number, not true or false")
            line = InitErrorDetails(type=error, loc=(0, *path, key), input=value)
            raise ValidationError.from_exception_data("values", [line])
        _refuse_booleans(value, (*path, key))
