"""Nets and data sets are registered from outside; names are checked at once, and plug-ins bring more."""

import os
import subprocess
import sys

import pytest

from spingan import registry
from spingan.errors import UserError
from spingan.registry import Registry

PLUGIN = """
import numpy as np
from spingan.data import ImageSet, register_data

class Squares(ImageSet):
    name, channels, size, class_names = "squares", 1, 28, ("small", "large")

    def load(self, split, path=None, size=None):
        images = np.zeros((8, 28, 28), np.uint8)
        images[::2, 10:18, 10:18] = images[1::2, 4:24, 4:24] = 255
        return images, np.arange(8, dtype=np.uint8) % 2

register_data(Squares())
"""


@pytest.fixture
def shapes():
    return Registry("shape", {"circle": "math:pi", "square": 4.0})


def test_entries_load_when_they_are_asked_for_and_others_are_added(shapes):
    assert shapes["circle"] == pytest.approx(3.14159) and shapes["square"] == 4
    shapes.register("triangle", 3.0)
    shapes.register("triangle", 3.5)  # a script that is run again
    assert shapes["triangle"] == 3.5 and list(shapes) == ["circle", "square", "triangle"]


def test_a_name_of_the_package_is_not_taken_and_an_unknown_one_gets_the_nearest(shapes):
    with pytest.raises(UserError, match="the shape 'circle' comes with spingan"):
        shapes.register("circle", 1.0)
    with pytest.raises(UserError, match="cannot name a shape"):
        shapes.register("", 1.0)
    with pytest.raises(UserError, match=r"unknown shape 'squares'\n  Did you mean square\? Known: circle, square\."):
        shapes["squares"]


def _run(code, plugin):
    given = {**os.environ, registry.VARIABLE: str(plugin)}
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, env=given)


def test_a_plug_in_registers_what_a_recipe_names_and_a_broken_one_is_named(tmp_path):
    plugin = tmp_path / "squares.py"
    plugin.write_text(PLUGIN)
    code = (
        "from spingan.training.recipe import load_recipe\n"
        "from spingan.training.images import load_training_set\n"
        "images, labels = load_training_set(load_recipe('fashion-mnist', ['data.name=squares', 'data.count=3']))\n"
        "print(images.shape, labels.tolist())"
    )
    assert _run(code, plugin).stdout == "(3, 28, 28) [0, 1, 0]\n"
    plugin.write_text("import nothing_of_that_name")
    assert "squares.py, which cannot be loaded: ModuleNotFoundError" in _run(code, plugin).stderr
