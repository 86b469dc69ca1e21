"""Imports run one way along the road, lazy ones and those for types too; every package and module has its place."""

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
    "data",
    "nn",
    "training",
    "evaluation",
    "studies",
    "reports",
    "papers",
    "glue",
    "bench",
    "commands",
)
GLUE = {"__init__", "api", "bills", "comparison", "demo", "model_page", "technologies"}
COMMANDS = {"commands", "cli", "__main__"}
LEAVES = {
    "compiled",
    "errors",
    "extras",
    "front",
    "image_grid",
    "input_files",
    "output",
    "progress",
    "quantities",
    "registry",
    "tabular",
    "terminal",
    "yaml_text",
}
FOLDERS_OF_DATA = {"appraised", "pretrained", "recipes", "spaces"}

# What devices and circuits make: the values that cross to the network half, and their files.
VALUES = {f"spingan.{name}" for name in ("measured", "spec.activation", "spec.files", "spec.synapse", "spec.value")}

# Imports against the road that are still there, each with the reason.
EXCEPTIONS: set[tuple[str, str]] = set()

FILES = sorted(PACKAGE.rglob("*.py"))


def place(module: str) -> int:
    """Where a package or top-level module stands on the road; -1 is a leaf, which anything may import.

    Raises:
        ValueError: It has no place.
    """
    if module in LEAVES:
        return -1
    part = "glue" if module in GLUE else "commands" if module in COMMANDS else module
    return ROAD.index(part)


def imported(source: str) -> set[str]:
    """The modules of spingan that some code imports, also inside functions; a public name counts as the package's."""
    names = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, "imports name the whole module"
            names |= {node.module} if node.module != "spingan" else {f"spingan.{alias.name}" for alias in node.names}
    return {name for name in names if name and name.startswith("spingan.") and name != "spingan.__version__"}


def against_the_road(part: str, source: str) -> set[str]:
    """The imports in `source`, which stands in `part`, that run against the road."""
    here = place(part)
    found = set()
    for name in imported(source):
        other = name.split(".")[1]
        may_share = part in ("devices", "circuits") and any(f"{name}.".startswith(f"{value}.") for value in VALUES)
        if place(other) > here and not may_share:
            found.add(name)
    return found


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.relative_to(PACKAGE).as_posix())
def test_no_module_imports_what_comes_after_it(file):
    path = file.relative_to(PACKAGE)
    found = against_the_road(path.parts[0].removesuffix(".py"), file.read_text(encoding="utf-8"))
    assert found == {name for where, name in EXCEPTIONS if where == path.as_posix()}


def test_every_package_and_top_level_module_has_its_place():
    names = {path.name.removesuffix(".py") for path in PACKAGE.iterdir() if not path.name.startswith("__pycache__")}
    names -= FOLDERS_OF_DATA | {path.name for path in PACKAGE.iterdir() if path.suffix not in ("", ".py")}
    for name in names:
        place(name)
    assert set(ROAD) - {"glue"} <= names


def test_every_exception_is_a_file_that_is_there():
    assert all((PACKAGE / path).is_file() for path, _ in EXCEPTIONS)


@pytest.mark.parametrize(
    ("part", "source", "found"),
    [
        ("nn", "def f():\n    from spingan.training.loop import train", {"spingan.training.loop"}),
        ("nn", "from spingan import reports", {"spingan.reports"}),
        ("arrays", "import spingan.nn.analog", {"spingan.nn.analog"}),
        ("costs", "from spingan.papers.paper import paper_numbers", {"spingan.papers.paper"}),
        ("reports", "if TYPE_CHECKING:\n    from spingan.comparison import Comparison", {"spingan.comparison"}),
        ("output", "from spingan.spec.value import Value", {"spingan.spec.value"}),
        ("studies", "from spingan.commands.study import study", {"spingan.commands.study"}),
        ("devices", "from spingan.spec.synapse import Synapse", set()),
        ("physics", "from spingan.spec.synapse import Synapse", {"spingan.spec.synapse"}),
        ("devices", "from spingan.spec.technology import Technology", {"spingan.spec.technology"}),
        ("reports", "from spingan.nn import analog", set()),
        ("physics", "from spingan.output import write_text", set()),
        ("commands", "from spingan.api import cost", set()),
    ],
)
def test_an_import_against_the_road_is_found_in_any_form(part, source, found):
    assert against_the_road(part, source) == found


def test_a_name_of_the_package_itself_has_no_place_on_the_road():
    with pytest.raises(ValueError, match="tuple"):
        against_the_road("nn", "from spingan import cost")
