"""Where an extra is not installed, what needs it says so in one line: every import and every public function."""

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import FunctionType

import pytest

from bare import WITHOUT
from spingan.extras import EXTRAS

SOURCE = Path(__file__).parents[1] / "src" / "spingan"
MODULES = {name for names in EXTRAS.values() for name in names}
# Behind the import of `spingan.studies.cluster`, which says what is missing
BEHIND_ANOTHER = {("studies/parallel.py", "distributed")}


def imported(node: ast.AST) -> set[str]:
    """The extras' modules that a statement imports."""
    names: list[str] = []
    if isinstance(node, ast.Import):
        names = [each.name for each in node.names]
    elif isinstance(node, ast.ImportFrom) and not node.level:
        names = [node.module or ""]
    return {name.partition(".")[0] for name in names} & MODULES


def unguarded(node: ast.AST, within: bool = False) -> Iterator[tuple[str, bool]]:
    """The extras' modules that are imported beneath a node, and whether within `needs` or a `try`."""
    for child in ast.iter_child_nodes(node):
        for name in imported(child):
            yield name, within
        if isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING":
            continue
        guards = isinstance(child, ast.Try) or (
            isinstance(child, ast.With) and any("needs(" in ast.unparse(each.context_expr) for each in child.items)
        )
        yield from unguarded(child, within or guards)


def test_no_import_of_an_extra_s_module_fails_with_a_traceback():
    """A guarded import in the same file may come first: what follows it in other functions finds the module there."""
    for file in sorted(SOURCE.rglob("*.py")):
        found = list(unguarded(ast.parse(file.read_text(encoding="utf-8"))))
        name = file.relative_to(SOURCE).as_posix()
        bare = {module for module, guarded in found if not guarded} - {module for module, guarded in found if guarded}
        assert {(name, module) for module in bare} <= BEHIND_ANOTHER, f'{name}: with needs("..."): import {bare}'


# Runs lines one by one in a process in which no extra's module can be imported; says how each ended.
BARE = f"""
{WITHOUT}
import spingan
said = {{}}
for line in json.loads(sys.argv[2]):
    try:
        exec(line)
        said[line] = ["done", ""]
    except spingan.UserError as error:
        said[line] = ["told", str(error)]
    except BaseException as error:
        said[line] = [type(error).__name__, str(error)]
print(json.dumps(said))
"""

PHYSICS, TRAIN, STUDIES, ONNX, NONE = "physics", "train", "studies", "onnx", ""
WIRED = '["wire_resistance_ohm=1", "tile_rows=8", "tile_columns=8"]'
CALLS = {  # every public function in a use that meets what it needs, and the extra that it asks for; "": none
    "appraise": ('spingan.appraise("measured.csv", count=10, chips=1, fresh=True)', PHYSICS),
    "build_technology": ('spingan.build_technology(activations={"relu": spingan.device("relu-designed")})', PHYSICS),
    "cell_deck": ('spingan.cell_deck("relu")', PHYSICS),
    "compare": ('spingan.compare("clothes", count=10)', STUDIES),
    "compare_bills": ('spingan.compare_bills("clothes", ["pcm-array"])', NONE),
    "components": ('spingan.components("mnist-memristive")', NONE),
    "convert": (
        'import torch; spingan.convert(torch.nn.Linear(2, 2), spingan.load_technology("pcm"))',
        NONE,
    ),
    "cost": ('spingan.cost("clothes")', NONE),
    "crossbar_deck": ('spingan.crossbar_deck(model="clothes")', PHYSICS),
    "device": ('spingan.device("leaky-relu-designed").to_activation()', PHYSICS),
    "device_module": ('spingan.device_module("leaky-relu")', PHYSICS),
    "evaluate": ('spingan.evaluate("clothes", count=20, variety_count=10)', NONE),
    "explore": ('spingan.explore("energy-quality", trials=1)', PHYSICS),
    "export_onnx": ('spingan.export_onnx("clothes", "chip.onnx")', ONNX),
    "full_bill": ('spingan.full_bill("clothes")', NONE),
    "load_components": ("spingan.load_components()", NONE),
    "load_model": ('spingan.load_model("clothes")', NONE),
    "load_recipe": ('spingan.load_recipe("clothes")', NONE),
    "load_technology": ('spingan.load_technology("pcm")', NONE),
    "reprogram": (f'spingan.reprogram("clothes", "wox-memristor", {WIRED}, fit_images=2)', PHYSICS),
    "reproduce": ("spingan.reproduce(['leaky-relu'])", NONE),
    "sample": ('spingan.sample("clothes", "grid.png", count=1)', NONE),
    "shipped_technologies": ("spingan.shipped_technologies()", NONE),
    "simulate_cell": ('spingan.simulate_cell("leaky-relu")', PHYSICS),
    "study": ('spingan.study("noise", "mnist-memristive", count=10, seeds=2)', STUDIES),
    "train": ('spingan.train(spingan.load_recipe("clothes"), "run")', TRAIN),
    "write_report": ('spingan.write_report("clothes", "page.html", count=20)', NONE),
    "write_schedules": ('spingan.write_schedules("mnist-memristive")', NONE),
    "write_technology": ('spingan.write_technology(spingan.load_technology("pcm"), "pcm")', NONE),
}


@pytest.fixture(scope="module")
def said(tmp_path_factory) -> dict[str, list[str]]:
    """How each of the lines of CALLS ended."""
    folder = tmp_path_factory.mktemp("bare")
    (folder / "measured.csv").write_text(
        "input (mV),output (mV)\n" + "".join(f"{10 * i},{10 * max(i - 5, 0)}\n" for i in range(20))
    )
    words = [sys.executable, "-c", BARE, json.dumps(sorted(MODULES)), json.dumps([line for line, _ in CALLS.values()])]
    done = subprocess.run(words, capture_output=True, text=True, cwd=folder, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_every_public_function_is_called_here():
    import spingan

    named = {name: getattr(spingan, name) for name in spingan.__all__}
    assert {name for name, value in named.items() if isinstance(value, FunctionType)} == set(CALLS)


@pytest.mark.parametrize("name", CALLS)
def test_a_public_function_does_without_the_extras_or_says_which_one_it_needs(name, said):
    line, extra = CALLS[name]
    end, text = said[line]
    assert end in ("done", "told"), f"{line}: {end}: {text}"
    asked = f"pip install 'spingan[{extra}]'"
    assert (asked in text and "which is not installed" in text) if extra else "pip install" not in text, text
