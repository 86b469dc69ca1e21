"""The first updates of a recipe's training, from the beginning: the same first weights and images for every setting."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from spingan.errors import UserError
from spingan.spec.technology import Technology
from spingan.training.images import load_training_set
from spingan.training.loop import train
from spingan.training.recipe import Recipe, recipe_from

AS_PLANNED = "as planned"
_ENDS_EARLY = ("diverged", "won outright", "endurance is used up")


def short_recipe(recipe: dict[str, Any], steps: int, seed: int) -> Recipe:
    """The recipe of a training's first updates, from the beginning: none that went on from another does so here.

    Raises:
        UserError: It is no recipe of this version.
    """
    short = {"epochs": 1, "seed": seed, "precision": "fp32", "log_every": 1, "rates_fall_after": None}
    begins = {"goes_on_from": None, "discriminator_alone": 0}
    content = {**recipe, **short, **begins, "checkpoint_every": steps, "sample_epochs": [], "sample_count": 1}
    return recipe_from(content, "the model's recipe")


def first_images(recipe: Recipe, steps: int) -> tuple[np.ndarray, np.ndarray | None]:
    """The images that the first `steps` updates of an epoch take, and their labels where there are some.

    Raises:
        UserError: They are not here, or are fewer.
    """
    images, labels = load_training_set(recipe)
    wanted = steps * recipe.batch_size
    if len(images) < wanted:
        most = len(images) // recipe.batch_size
        raise UserError(f"{steps} steps need more images than are here", f"Ask for at most {most} steps.")
    return images[:wanted], None if labels is None else labels[:wanted]


@contextmanager
def short_training(recipe: Recipe, technology: Technology, steps: int) -> Iterator[tuple[Path, str]]:
    """The run folder of a `short_recipe`, for as long as the block lasts, and how it ended: as planned, or why early.

    Raises:
        UserError: The images are not here, or the net does not fit the technology.
    """
    images, labels = first_images(recipe, steps)
    ended = AS_PLANNED
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / "run"
        told = {"images": images, "labels": labels, "technology": technology}
        try:
            train(recipe, run, device="cpu", progress=False, **told)
        except UserError as error:
            if not any(words in error.problem for words in _ENDS_EARLY):
                raise
            ended = error.problem
        yield run, ended
