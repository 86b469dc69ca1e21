"""Small trainings for every test here."""

from collections.abc import Callable
from pathlib import Path

import pytest
import small_run

from spingan.training.loop import train
from spingan.training.recipe import load_recipe


@pytest.fixture(scope="session")
def run() -> Callable[..., Path]:
    """Trains a small net on random images into a folder: run(folder, *overrides, **what `train` takes)."""
    small_run.make_small()

    def run_small(folder: Path, *overrides: str, **arguments: object) -> Path:
        recipe = load_recipe("fashion-mnist", [*small_run.SETTINGS, *overrides])
        given = {"images": small_run.random_images(), "progress": False, **arguments}
        return train(recipe, folder, **given)  # pyright: ignore[reportArgumentType]

    return run_small


@pytest.fixture(scope="session")
def straight(run: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of three epochs with every noise and the average on, from beginning to end; not to be written to."""
    return run(tmp_path_factory.mktemp("runs") / "straight", *small_run.NOISE)
