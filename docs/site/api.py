"""The public names of the package as Markdown, from their docstrings; read from the source, nothing is imported.

A module's public names are those of its `__init__.pyi`. Docstrings are Google's form with Markdown's backticks.
"""

import ast
import logging
import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import griffe
from pydantic import BaseModel

SRC = Path(__file__).parents[2] / "src"
logging.getLogger("griffe").setLevel(logging.CRITICAL)


@cache
def _package() -> Any:
    return griffe.load("spingan", search_paths=[SRC], docstring_parser="google", try_relative_path=False)


def public_names(module: str) -> list[tuple[str, str]]:
    """Name and full place of what a module's `__init__.pyi` lists, in its order."""
    stub = SRC.joinpath(*module.split("."), "__init__.pyi")
    return [
        (name.asname or name.name, f"{module}.{node.module}.{name.name}")
        for node in ast.parse(stub.read_text("utf-8")).body
        if isinstance(node, ast.ImportFrom) and node.level == 1
        for name in node.names
    ]


def module_page(module: str) -> str:
    """Every public name of a module; one that `spingan` itself has is described there alone."""
    above = {} if module == "spingan" else {place: name for name, place in public_names("spingan")}
    parts = [f"```{{py:module}} {module}\n```"]
    for name, place in public_names(module):
        if place in above:
            parts.append(f"- `{module}.{name}` is {{py:obj}}`spingan.{above[place]}`")
        else:
            parts.append(_object(_find(place), f"{module}.{name}"))
    return "\n\n".join(parts)


def attribute_docstring(model: type[BaseModel], name: str) -> str:
    """The text below a field in the class's source; empty where there is none."""
    found = _find(f"{model.__module__}.{model.__qualname__}").members.get(name)
    return " ".join(found.docstring.value.split()) if found is not None and found.docstring else ""


def _find(place: str) -> Any:
    found = _package()[place.removeprefix("spingan.")]
    return found.final_target if found.is_alias else found


def _object(found: Any, path: str) -> str:
    match found.kind:
        case griffe.Kind.FUNCTION:
            return _directive("function", _signature(found, path), _text(found))
        case griffe.Kind.CLASS:
            return _directive("class", path + _parameters(found), _text(found), *_members(found))
        case _:
            return _directive("data", path, _text(found))


def _members(found: Any) -> Iterable[str]:
    """Public attributes, properties and methods that the class itself says something about."""
    for name, member in found.members.items():
        if name.startswith("_") or member.is_alias or not member.has_docstring:
            continue
        if member.kind is griffe.Kind.FUNCTION:
            yield _directive("method", _signature(member, name), _text(member), depth=3)
        elif member.kind is griffe.Kind.ATTRIBUTE:
            kind = f"\n:type: {_plain(member.annotation)}" if member.annotation else ""
            yield _directive("attribute", name + kind, _text(member), depth=3)


def _directive(kind: str, head: str, *body: str, depth: int = 6) -> str:
    name, _, options = head.partition("\n")
    content = "\n\n".join(part for part in body if part)
    return f"{':' * depth}{{py:{kind}}} {name}\n{options}{chr(10) * bool(options)}\n{content}\n{':' * depth}"


def _signature(function: Any, path: str) -> str:
    listed = list(function.parameters)
    if listed and listed[0].name in ("self", "cls"):
        listed = listed[1:]
    given = f" -> {_plain(function.returns)}" if function.returns is not None else ""
    return f"{path}({', '.join(_listed(listed))}){given}"


def _listed(parameters: list[Any]) -> Iterable[str]:
    keyword_only = False
    for each in parameters:
        if each.kind is griffe.ParameterKind.keyword_only and not keyword_only:
            keyword_only = True
            yield "*"
        star = {griffe.ParameterKind.var_positional: "*", griffe.ParameterKind.var_keyword: "**"}.get(each.kind, "")
        keyword_only = keyword_only or star == "*"
        kind = f": {_plain(each.annotation)}" if each.annotation is not None else ""
        default = "" if each.default is None or star else f" = {_plain(each.default)}" if kind else f"={each.default}"
        yield f"{star}{each.name}{kind}{default}"


def _parameters(found: Any) -> str:
    """A class's own `__init__`; values made of fields tell theirs one by one."""
    made = found.members.get("__init__")
    return _signature(made, "").removesuffix(" -> None") if made is not None and not made.is_alias else ""


def _plain(expression: Any) -> str:
    return " ".join(str(expression).split())


def _text(found: Any) -> str:
    """A docstring as Markdown, with lists in the place of its sections."""
    if found.docstring is None:
        return ""
    parts = []
    for section in found.docstring.parse("google", warnings=False):
        match section.kind:
            case griffe.DocstringSectionKind.text:
                parts.append(section.value)
            case griffe.DocstringSectionKind.parameters | griffe.DocstringSectionKind.attributes:
                parts.append(_list("Arguments", ((_named(each), each.description) for each in section.value)))
            case griffe.DocstringSectionKind.raises:
                parts.append(
                    _list("Raises", ((f"`{_plain(each.annotation)}`", each.description) for each in section.value))
                )
            case griffe.DocstringSectionKind.returns | griffe.DocstringSectionKind.yields:
                parts.append("**Returns**\n\n" + "\n\n".join(each.description for each in section.value))
            case griffe.DocstringSectionKind.admonition:
                parts.append(f"**{section.title}**\n\n{section.value.description}")
            case _:
                raise ValueError(f"{found.path}: a docstring section {section.kind.value}, which the site cannot show")
    return "\n\n".join(parts)


def _named(argument: Any) -> str:
    """Its name as code; two that share a line, `seed, workers`, are read as a name and its type."""
    return f"`{argument.name} {argument.annotation}`" if argument.name.endswith(",") else f"`{argument.name}`"


def _list(title: str, rows: Iterable[tuple[str, str]]) -> str:
    return f"**{title}**\n\n" + "\n".join(f"- {name}: {re.sub(chr(10), chr(10) + '  ', text)}" for name, text in rows)
