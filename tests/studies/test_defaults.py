"""Every number that a study takes by default has its reason beside it: a source, or why it is assumed."""

import ast
from pathlib import Path

import pytest

import spingan.studies

MODULES = sorted(Path(spingan.studies.__file__).parent.glob("*.py"))


def without_reason(source: str) -> list[str]:
    """Names of a module's constants with numbers and without a comment in them or on the line before them."""
    lines, found = source.splitlines(), []
    for node in ast.parse(source).body:
        if not isinstance(node, ast.Assign | ast.AnnAssign) or node.value is None or node.end_lineno is None:
            continue
        target = node.target if isinstance(node, ast.AnnAssign) else node.targets[0]
        numbers = [part for part in ast.walk(node.value) if isinstance(part, ast.Constant)]
        if not isinstance(target, ast.Name) or not any(type(part.value) in (int, float) for part in numbers):
            continue
        text = lines[max(node.lineno - 2, 0) : node.end_lineno]
        if not text[0].startswith("#") and not any("  # " in line for line in text[1:]):
            found.append(target.id)
    return found


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.stem)
def test_every_constant_of_a_study_has_its_reason(module):
    assert without_reason(module.read_text(encoding="utf-8")) == []


def test_a_constant_without_a_reason_is_found():
    source = "\nA = 3\nB = 4  # assumed: why\nC = (\n    1,\n    2,\n)\n# a paper's\nD: int = 5\nE = 'text'\n"
    assert without_reason(source) == ["A", "C"]
