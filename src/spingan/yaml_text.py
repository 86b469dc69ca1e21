"""YAML that a user wrote, read in one place: whatever is wrong with it is one clear line, and found at once.

An alias (`*a`) stands for a copy of what it names. Nine levels of ten aliases each are 400 bytes, and a thousand
million values once they are written out. So aliases are counted before anything is made of them.
"""

import re
from collections.abc import Hashable, Iterable
from typing import Any

import yaml

from spingan.errors import UserError
from spingan.input_files import reason

MOST_COPIES = 10_000  # values that aliases may stand for beyond those written: a hundred recipes' worth; assumed
MOST_CHARACTERS = 1_000_000  # the parser takes ten seconds for so many; a hundred times a long recipe: assumed

_OLD = re.compile(r"[-+]?0[0-7_]*[0-7]|.*:.*")  # numbers as YAML 1.1 has them: 0100 is 64, and 1:30 is 90

Lines = dict[tuple[int | str, ...], int]


def parse_yaml(text: str, where: str, template: str = "spingan technology new DIR") -> tuple[dict[str, Any], Lines]:
    """YAML text as a dict, and the line (from 1) on which each key's path stands; `template` writes the right form.

    Raises:
        UserError: It is not YAML, not a mapping of names, gives a key twice, or is out of all proportion.
    """
    node, data = _parse(text, where)
    if not isinstance(data, dict) or not isinstance(node, yaml.MappingNode):
        raise UserError(f"{where}: it holds no YAML keys", f"See the form that {template} writes")
    lines: Lines = {}
    _collect_lines(node, (), lines, where)
    return data, lines


def parse_value(text: str, where: str) -> Any:
    """One value written as YAML, such as a word of the command line.

    Raises:
        UserError: As `parse_yaml`.
    """
    return _parse(text, where)[1]


def set_values(
    content: dict[str, Any], settings: Iterable[str], option: str = "--set", example: str = "epochs=50"
) -> None:
    """Put each `key=value` of the command line on top of nested keys: `adc.bits=8`. Of one key the last value counts.

    Args:
        option, example: How the command line calls it, for the error.

    Raises:
        UserError: One is not of that form, leads below a single value, has a value that is not YAML, or undoes another.
    """
    told: dict[str, str] = {}
    for setting in settings:
        key = setting.partition("=")[0]
        for other, first in told.items():  # a part after the whole is no contradiction
            if other.startswith(f"{key}."):
                raise UserError(f"{option} {setting} undoes {option} {first}", "Give the whole first, or one of them.")
        told[key] = setting
        _set_value(content, setting, option, example)


def _set_value(content: dict[str, Any], setting: str, option: str, example: str) -> None:
    key, separator, text = setting.partition("=")
    if not separator or not key:
        raise UserError(f"{option} {setting!r} is not of the form key=value", f"For example: {option} {example}")
    *parents, leaf = key.split(".")
    place = content
    for parent in parents:
        inner = place.get(parent)
        if inner is None:
            inner = place[parent] = {}
        if not isinstance(inner, dict):
            raise UserError(f"{option} {key}: {parent} holds a single value", "Leave out what follows it.")
        place = inner
    place[leaf] = parse_value(text, f"{option} {key}: cannot read the value {text[:60]!r}")


def _parse(text: str, where: str) -> tuple[yaml.Node | None, Any]:
    if len(text) > MOST_CHARACTERS:
        raise UserError(f"{where}: {len(text):,} characters of YAML are too many", "Leave out what is not a setting")
    try:
        loader = yaml.SafeLoader(text)
        node = loader.get_single_node()
        if node is None:
            return None, None
        written: set[int] = set()
        full = _size(node, {}, written)
        if full - len(written) > MOST_COPIES:
            raise UserError(f"{where}: its aliases (*) stand for {full:.3g} values", "Write out what is meant")
        data = loader.construct_document(node)
        _check(data, where)
        return node, data
    except UserError:
        raise
    except Exception as error:  # a tag with a value that is none of its kind makes PyYAML raise nearly anything
        raise _error(error, where) from error


def _size(node: yaml.Node, known: dict[int, int | None], written: set[int]) -> int:
    """How many values a node has, those behind aliases counted each time, and none of them twice looked at."""
    name = id(node)
    if name in known:
        found = known[name]
        if found is None:
            raise RecursionError
        return found
    known[name] = None  # open: who meets it now is inside it
    written.add(name)
    size = 1
    if isinstance(node, yaml.ScalarNode) and node.tag.endswith((":int", ":float")) and _OLD.fullmatch(node.value):
        problem = f"{node.value[:40]} would be read in base {60 if ':' in node.value else 8}"
        raise yaml.constructor.ConstructorError(None, None, problem, node.start_mark)
    if isinstance(node, yaml.SequenceNode):
        size += sum(_size(part, known, written) for part in node.value)
    elif isinstance(node, yaml.MappingNode):
        size += sum(_size(key, known, written) + _size(value, known, written) for key, value in node.value)
    known[name] = size
    return size


def _check(data: Any, where: str) -> None:
    """Refuse what no setting is and what cannot be shown in an error: keys that are not words, numbers beyond any."""
    if isinstance(data, dict):
        for key, value in data.items():
            if not isinstance(key, str):
                raise UserError(f"{where}: the key {_shown(key)} is not a word", "Quote it, or correct it")
            _check(value, where)
    elif isinstance(data, list):
        for value in data:
            _check(value, where)
    elif isinstance(data, int) and abs(data) > 10**308:
        raise UserError(f"{where}: a whole number of over 308 digits", "Write it as 1.5e9, or correct it")


def _shown(key: Hashable) -> str:
    try:
        return repr(key)[:60]
    except ValueError:  # Python does not write out a number of thousands of digits
        return "of many digits"


def _error(error: Exception, where: str) -> UserError:
    mark = getattr(error, "problem_mark", None)
    place = where if mark is None else f"{where}, line {mark.line + 1}"
    if isinstance(error, RecursionError):
        return UserError(f"{where}: its YAML is nested too deeply", "Write it flat: no value holds itself")
    if not isinstance(error, yaml.YAMLError | ValueError):  # the parser's own stumble says nothing to a user
        return UserError(f"{place}: not valid YAML: a tag (!!) with a value that is none of its kind", "Leave it out")
    # The parser's own words hold line breaks; `problem` and `reason` are their first line.
    words = getattr(error, "problem", None) or getattr(error, "reason", None) or reason(error)
    return UserError(f"{place}: not valid YAML: {words}", "Correct that line, or quote its value")


def _collect_lines(node: yaml.Node, path: tuple[int | str, ...], lines: Lines, where: str) -> None:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise UserError(f"{where}, line {key.start_mark.line + 1}: the key is not a word", "Write a word")
            if (*path, key.value) in lines:
                raise UserError(f"{where}, line {key.start_mark.line + 1}: {key.value} is given twice", "Keep one")
            lines[(*path, key.value)] = key.start_mark.line + 1
            _collect_lines(value, (*path, key.value), lines, where)
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            lines[(*path, index)] = value.start_mark.line + 1
            _collect_lines(value, (*path, index), lines, where)
