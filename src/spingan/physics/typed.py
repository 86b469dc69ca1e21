"""Dataclasses from what a file holds, every field of its type."""

from types import GenericAlias
from typing import Any, TypeVar

from pydantic import ConfigDict, TypeAdapter, ValidationError

from spingan.errors import UserError

T = TypeVar("T")


def typed(kind: type[T], values: Any, where: str, remedy: str) -> T:
    """The dataclass `kind` from a mapping of its fields, dataclasses within it among them.

    Raises:
        UserError: A field is missing, unknown, of another type, not finite or out of its range; `where` begins it.
    """
    alone: Any = GenericAlias(tuple, (kind,))  # in a tuple, since pydantic takes no settings for a dataclass itself
    adapter = TypeAdapter(alone, config=ConfigDict(extra="forbid", allow_inf_nan=False))
    try:
        return adapter.validate_python((values,))[0]
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = ".".join(map(str, first["loc"][1:]))
        cause = first.get("ctx", {}).get("error")
        said = cause.problem if isinstance(cause, UserError) else f"{first['msg'][:1].lower()}{first['msg'][1:]}"
        raise UserError(": ".join(part for part in (where, name, said) if part), remedy) from error
