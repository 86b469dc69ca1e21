"""Imports run one way along the road, so that the device half never learns of a network."""

import ast
from pathlib import Path

import pytest

import spingan

PACKAGE = Path(spingan.__file__).parent
ROAD = (
    "physics",
    "devices",
    "circuits",
    "spec",
    "measured",
    "arrays",
    "costs",
    "nn",
    "training",
    "evaluation",
    "studies",
    "reports",
)
# What devices and circuits make: the values that cross to the network half, and their files.
SHARED = {f"spingan.spec.{name}" for name in ("activation", "files", "synapse", "value")}
FILES = sorted(file for part in ROAD for file in (PACKAGE / part).rglob("*.py"))


def imported(source: str) -> set[str]:
    """The modules of spingan that some code imports, also inside functions."""
    names = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, "imports name the whole module"
            names |= {node.module} if node.module != "spingan" else {f"spingan.{alias.name}" for alias in node.names}
    return {name for name in names if name and name.startswith("spingan.")}


def against_the_road(part: str, source: str) -> set[str]:
    """The imports in `source`, which stands in `part`, that run against the road."""
    later = set(ROAD[ROAD.index(part) + 1 :])
    return {name for name in imported(source) if name.split(".")[1] in later and name not in SHARED}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.relative_to(PACKAGE).as_posix())
def test_no_module_imports_what_comes_after_it(file):
    assert against_the_road(file.relative_to(PACKAGE).parts[0], file.read_text(encoding="utf-8")) == set()


def test_an_import_against_the_road_is_found_in_either_form():
    assert against_the_road("nn", "def f():\n    from spingan.training.loop import train") == {"spingan.training.loop"}
    assert against_the_road("nn", "from spingan import reports") == {"spingan.reports"}
    assert against_the_road("arrays", "import spingan.nn.analog") == {"spingan.nn.analog"}
    assert against_the_road("devices", "from spingan.spec.synapse import Synapse") == set()
    assert against_the_road("reports", "from spingan.nn import analog") == set()
