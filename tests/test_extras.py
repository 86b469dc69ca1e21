"""Without any extra spingan draws, evaluates and bills; what needs one says which, in one line, with status 2."""

import json
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from bare import WITHOUT
from spingan.errors import UserError
from spingan.extras import EXTRAS, is_installed, needs

ROOT = Path(__file__).parents[1]
# Runs commands in a process in which the extras' modules cannot be imported, as in a bare installation.
BARE = f"""
{WITHOUT}
from typer.testing import CliRunner
from spingan.cli import app
done = [CliRunner().invoke(app, words) for words in json.loads(sys.argv[2])]
print(json.dumps([[each.exit_code, each.stdout, each.stderr, repr(each.exception)] for each in done]))
"""


def bare(*commands: list[str], folder: Path) -> list[tuple[int, str, str, str]]:
    """Status, output, errors and exception of each command, run without the extras."""
    modules = sorted({name for names in EXTRAS.values() for name in names})
    words = [sys.executable, "-c", BARE, json.dumps(modules), json.dumps(commands)]
    done = subprocess.run(words, capture_output=True, text=True, cwd=folder, check=False)
    assert done.returncode == 0, done.stderr
    return [tuple(each) for each in json.loads(done.stdout.splitlines()[-1])]


def test_drawing_evaluating_and_billing_need_no_extra(tmp_path):
    commands = (
        ["sample", "clothes", "-n", "4", "--out", "grid.png"],
        ["evaluate", "clothes", "--count", "100", "--variety-count", "50"],
        ["cost", "clothes"],
        ["cost", "clothes", "--accounting", "full", "--technology", "wox-memristor-array"],
        ["report", "clothes", "--count", "50", "--out", "page.html"],
        ["technology", "list"],
        ["technology", "show", "skyrmion-published"],
        ["data", "list"],
        ["recipe", "show", "clothes"],
    )
    for words, (status, _, errors, exception) in zip(commands, bare(*commands, folder=tmp_path), strict=True):
        assert status == 0, f"{words}: {errors} {exception}"
    assert (tmp_path / "grid.png").exists()


def test_what_needs_an_extra_says_which_in_one_line(tmp_path):
    (tmp_path / "measured.csv").write_text("input_a,output_a\n" + "".join(f"{i},{i * i}\n" for i in range(9)))
    fit = ["fit", "activation", "measured.csv", "--input", "input_a", "--output", "output_a", "--function", "relu"]
    wires = ["--technology", "wox-memristor", "--set", "wire_resistance_ohm=1"]
    commands = [
        ("physics", ["device", "leaky-relu"]),
        ("physics", ["circuit", "leaky-relu"]),
        ("physics", ["calibrate", "wall", "--out", "constants.yaml"]),
        ("physics", fit),
        ("physics", ["sample", "clothes", "-n", "1", *wires, "--out", "wired.png"]),
        ("train", ["train", "clothes", "--out", "run"]),
        ("studies", ["study", "noise", "mnist-memristive", "--count", "10", "--seeds", "2", "--out", "study"]),
        ("faces", ["data", "fetch", "cartoon-faces"]),
        ("onnx", ["export", "onnx", "clothes"]),
    ]
    found = bare(*(words for _, words in commands), folder=tmp_path)
    for (extra, words), (status, _, errors, exception) in zip(commands, found, strict=True):
        assert status == 2, f"{words}: {errors} {exception}"
        *_, problem, remedy = errors.splitlines()
        assert problem.startswith("spingan: ") and "which is not installed" in problem
        assert remedy == f"  pip install 'spingan[{extra}]'"


def test_every_extra_brings_the_modules_that_it_is_asked_for():
    """By what is installed here: names of packages and of modules differ."""
    stated = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    owners = packages_distributions()
    for extra, modules in EXTRAS.items():
        packages = {each.partition(">")[0].lower().replace("_", "-") for each in stated["optional-dependencies"][extra]}
        packages |= {"studies": {"dask"}, "physics": {"llvmlite"}}.get(extra, set())  # of distributed, of numba
        for module in modules:
            if module in owners:
                assert {name.lower().replace("_", "-") for name in owners[module]} & packages, module
    assert set(EXTRAS) == set(stated["optional-dependencies"]["all"][0].removeprefix("spingan[")[:-1].split(","))


def test_a_module_that_is_not_the_extra_s_is_not_blamed_on_it():
    with pytest.raises(ModuleNotFoundError, match="no_such_module"), needs("training"):
        import no_such_module  # noqa: F401
    with pytest.raises(UserError, match="training needs the package tensorboard"), needs("training"):
        raise ModuleNotFoundError("No module named 'tensorboard.compat'", name="tensorboard.compat")


def test_an_extra_is_installed_only_when_all_of_it_is(monkeypatch):
    monkeypatch.setitem(EXTRAS, "train", ("json", "no_such_module"))
    assert not is_installed("train")
    monkeypatch.setitem(EXTRAS, "train", ("json", "csv"))
    assert is_installed("train")


def test_a_name_of_the_package_that_needs_an_extra_says_which():
    code = (
        "import sys; sys.modules.update(numba=None, llvmlite=None, scipy=None)\n"
        "import spingan\n"
        "try:\n    spingan.simulate_cell\n"
        "except spingan.UserError as error:\n    print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("the physics of devices needs the package ")
    assert done.stdout.endswith("which is not installed\n  pip install 'spingan[physics]'\n")
