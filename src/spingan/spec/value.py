"""What every hardware value shares: frozen, unknown keys refused, finite numbers, and errors that name the key."""

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator

from spingan.errors import UserError, did_you_mean

SCHEMA_VERSION = 1
LARGEST = (
    1e70  # of any number: the product of four and all counts of a bill is still a float; beyond it a slip: assumed
)

Model = TypeVar("Model", bound=BaseModel)

Positive = Annotated[float, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]
Fraction = Annotated[float, Field(ge=0, le=1)]


class Value(BaseModel):
    """A frozen set of named numbers. A field that is `None` is unknown: never zero, and never billed."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    @field_validator("*", mode="before")
    @classmethod
    def _a_truth_value_is_no_number(cls, given: Any, info: ValidationInfo) -> Any:
        """Refuse `true` where a number belongs, which would count as 1; YAML also reads `on` and `yes` so."""
        named = given if isinstance(given, list | tuple) else [given]
        field = cls.model_fields[info.field_name or ""]
        if any(isinstance(one, bool) for one in named) and bool not in _types(field.annotation):
            raise ValueError(f"{str(given).lower()} is a truth value, and no number or name")
        return given

    @field_validator("*", mode="after")
    @classmethod
    def _a_number_is_of_some_size(cls, value: Any) -> Any:
        """Refuse numbers that would overflow in a product, and numbers so large that they are a slip."""
        for one in value if isinstance(value, tuple) else [value]:
            if isinstance(one, int | float) and abs(one) > LARGEST:
                raise ValueError(f"a number beyond {LARGEST:g}, and no such quantity")
        return value

    def to_dict(self) -> dict[str, Any]:
        """Everything as one dict of JSON's types; `from_dict` gives back an equal value."""
        return self.model_dump(mode="json")

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], where: str = "") -> Self:
        """The value that `to_dict` wrote down.

        Args:
            data: The dict.
            where: What the dict came from, for the error's first words.

        Raises:
            UserError: A key is unknown or missing, a number is out of range, or the schema is of another version.
        """
        return build(cls, data, where or cls.__name__.lower())


def check_interval(what: str, value: float | None, interval: tuple[float, float] | None) -> None:
    """Refuse an interval whose ends do not hold the value; None is no claim.

    Raises:
        ValueError: They do not.
    """
    if value is not None and interval is not None and not interval[0] <= value <= interval[1]:
        raise ValueError(f"{what} {value:g} is not within its interval, {interval[0]:g} to {interval[1]:g}")


def check_schema_version(data: Mapping[str, Any], where: str) -> None:
    """Refuse data of a schema that this version does not read.

    Raises:
        UserError: `schema_version` is missing or is not 1.
    """
    if "schema_version" not in data:
        raise UserError(f"{where}: schema_version is missing", f"Add the line schema_version: {SCHEMA_VERSION}")
    version = data["schema_version"]
    if version != SCHEMA_VERSION or isinstance(version, bool):
        raise UserError(
            f"{where}: schema_version {version!r} is not known, this spingan reads {SCHEMA_VERSION}",
            "Update spingan, or write the file anew: spingan technology new DIR shows the present form",
        )


def build(
    model: type[Model],
    data: Mapping[str, Any],
    where: str,
    line_of: Callable[[tuple[int | str, ...]], int | None] | None = None,
    file_keys: Sequence[str] = (),
) -> Model:
    """`data` as a `model`, with pydantic's findings told as one `UserError`.

    Args:
        model: The value's type.
        data: Its fields.
        where: What the data came from, such as a file's name.
        line_of: The line on which the key of a given path stands, where the data came from a file.
        file_keys: Keys that the file may have besides the model's, for the message about an unknown key.

    Raises:
        UserError: The data does not make a `model`.
    """
    if "schema_version" in model.model_fields:
        check_schema_version(data, where)
    try:
        return model.model_validate(data)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        path = tuple(first["loc"])
        line = line_of(path) if line_of is not None and path else None
        place = f"{where}, line {line}" if line is not None else where
        key = ".".join(str(part) for part in path)
        cause = first.get("ctx", {}).get("error")
        remedy = cause.remedy if isinstance(cause, UserError) else _remedy(model, path, first, file_keys)
        raise UserError(f"{place}: {_problem(key, first)}", remedy) from error


def _problem(key: str, finding: Mapping[str, Any]) -> str:
    match finding["type"]:
        case "extra_forbidden":
            return f"unknown key {key}"
        case "missing":
            return f"{key} is missing"
        case "value_error":
            cause = finding["ctx"]["error"]
            message = cause.problem if isinstance(cause, UserError) else str(cause)
            return f"{key}: {message}" if key else message
        case _:
            return f"{key} {_shown(finding['input'])}: {finding['msg'][:1].lower()}{finding['msg'][1:]}"


def _shown(given: Any) -> str:
    text = repr(given)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _remedy(
    model: type[BaseModel], path: tuple[int | str, ...], finding: Mapping[str, Any], file_keys: Sequence[str]
) -> str:
    if finding["type"] == "extra_forbidden":
        known = [*_keys_at(model, path[:-1]), *(file_keys if len(path) == 1 else ())]
        return f"{did_you_mean(path[-1], known)}Known keys here: {', '.join(known)}"
    if finding["type"] == "missing":
        return f"Add {path[-1]}"
    if not path:
        return "Make the values agree; what is unknown can be left out"
    return "Correct the value, or leave the key out where the number is unknown"


def _keys_at(model: type[BaseModel], path: tuple[int | str, ...]) -> list[str]:
    """The keys of the model that `path` leads to, or of the outermost one where the path cannot be followed."""
    for part in path:
        field = model.model_fields.get(str(part))
        inner = [] if field is None else [t for t in _types(field.annotation) if issubclass(t, BaseModel)]
        if inner:
            model = inner[0]
    return list(model.model_fields)


def _types(annotation: Any) -> list[type]:
    if isinstance(annotation, type) and not hasattr(annotation, "__args__"):
        return [annotation]
    return [found for part in getattr(annotation, "__args__", ()) for found in _types(part)]
