"""Imported by the server that trainings are forked from: all that a training imports and compiles, done before."""

import tempfile
from pathlib import Path

import small_run

from spingan.training.loop import train
from spingan.training.recipe import load_recipe

small_run.make_small()
with tempfile.TemporaryDirectory(prefix="spingan-warm-") as place:
    recipe = load_recipe("fashion-mnist", [*small_run.SETTINGS, *small_run.NOISE, "epochs=1"])
    train(recipe, Path(place) / "run", images=small_run.random_images(), progress=False)
running = len(list(Path("/proc/self/task").iterdir())) if Path("/proc/self/task").exists() else 1
assert running == 1, f"{running} threads: a fork has one only"
