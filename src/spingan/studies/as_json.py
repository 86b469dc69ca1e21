"""Trials and their results as JSON, and back: every bit of a number, arrays of images, and dataclasses by name.

Only dataclasses that a function's result is declared to hold are made from a file: a file cannot name others.
"""

import base64
import dataclasses
import math
import zlib
from collections.abc import Callable, Mapping
from typing import Any, get_args, get_type_hints

import numpy as np

_KIND = "$"  # the key of an object that stands for something JSON has no word for


def encoded(value: Any) -> Any:
    """`value` in JSON's words: numbers, texts, lists, tuples, mappings, arrays, dataclasses.

    Raises:
        TypeError: It holds something else.
    """
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else {_KIND: "float", "value": str(value)}
    if isinstance(value, list):
        return [encoded(item) for item in value]
    if isinstance(value, tuple):
        return {_KIND: "tuple", "items": [encoded(item) for item in value]}
    if isinstance(value, Mapping):
        if _KIND not in value and all(isinstance(key, str) for key in value):
            return {key: encoded(item) for key, item in value.items()}
        return {_KIND: "dict", "items": [[encoded(key), encoded(item)] for key, item in value.items()]}
    if isinstance(value, np.ndarray) and value.dtype.kind in "biuf":
        packed = base64.b64encode(zlib.compress(np.ascontiguousarray(value).tobytes())).decode()
        return {_KIND: "array", "dtype": value.dtype.str, "shape": list(value.shape), "zlib": packed}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        content = {field.name: encoded(getattr(value, field.name)) for field in dataclasses.fields(value)}
        return {_KIND: type(value).__qualname__, **content}
    raise TypeError(f"{type(value).__name__} has no place in a file of results")


def decoded(content: Any, classes: Mapping[str, type]) -> Any:
    """What `encoded` was given; `classes` are the dataclasses that it may hold (`classes_of`).

    Raises:
        KeyError, TypeError, ValueError: It is no such thing.
    """
    if isinstance(content, list):
        return [decoded(item, classes) for item in content]
    if not isinstance(content, dict):
        return content
    kind = content.get(_KIND)
    if kind is None:
        return {key: decoded(item, classes) for key, item in content.items()}
    if kind == "float":
        return float(content["value"])
    if kind == "tuple":
        return tuple(decoded(item, classes) for item in content["items"])
    if kind == "dict":
        return {decoded(key, classes): decoded(item, classes) for key, item in content["items"]}
    if kind == "array":
        flat = np.frombuffer(zlib.decompress(base64.b64decode(content["zlib"])), np.dtype(content["dtype"]))
        return flat.reshape(content["shape"]).copy()
    return classes[kind](**{key: decoded(item, classes) for key, item in content.items() if key != _KIND})


def classes_of(function: Callable[..., Any]) -> dict[str, type]:
    """The dataclasses in what `function` is declared to return, by name, and those in their fields."""
    found: dict[str, type] = {}
    _collect(get_type_hints(function).get("return"), found)
    return found


def _collect(hint: Any, found: dict[str, type]) -> None:
    for part in get_args(hint):
        _collect(part, found)
    if isinstance(hint, type) and dataclasses.is_dataclass(hint) and hint.__qualname__ not in found:
        found[hint.__qualname__] = hint
        for part in get_type_hints(hint).values():
            _collect(part, found)
