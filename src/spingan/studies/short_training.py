"""The first updates of a recipe on a technology, for their losses alone. Pure and picklable."""

import csv
import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from spingan.errors import UserError
from spingan.spec.technology import Technology
from spingan.studies.trials import technology_text
from spingan.training.images import load_images
from spingan.training.loop import train
from spingan.training.recipe import recipe_from


@dataclass(frozen=True)
class TrainingTrial:
    """A recipe and a technology as the texts that travel between processes, and how many updates to make."""

    recipe: str
    technology: str
    steps: int

    @classmethod
    def of(cls, recipe: dict[str, Any], technology: Technology, steps: int, seed: int) -> Self:
        """A trial of that recipe from another seed."""
        short = {"epochs": 1, "seed": seed, "precision": "fp32", "log_every": 1, "rates_fall_after": None}
        content = {**recipe, **short, "checkpoint_every": steps, "sample_epochs": [], "sample_count": 1}
        return cls(json.dumps(content), technology_text(technology), steps)


@dataclass(frozen=True)
class Losses:
    """Losses of every update that was made; `ended` says "as planned", or why there are fewer."""

    discriminator: tuple[float, ...]
    generator: tuple[float, ...]
    ended: str


def run_training(trial: TrainingTrial) -> Losses:
    """Train for so many updates on as many batches of the recipe's images.

    Raises:
        UserError: The images are not here, or the net does not fit the technology.
    """
    recipe = recipe_from(json.loads(trial.recipe), "the model's recipe")
    technology = Technology.from_dict(json.loads(trial.technology), "the study's technology")
    images = load_images(recipe)[: trial.steps * recipe.batch_size]
    if len(images) < trial.steps * recipe.batch_size:
        most = len(images) // recipe.batch_size
        raise UserError(f"{trial.steps} steps need more images than are here", f"Ask for at most {most} steps.")
    ended = "as planned"
    with tempfile.TemporaryDirectory() as folder:
        try:
            train(recipe, Path(folder) / "run", device="cpu", images=images, technology=technology, progress=False)
        except UserError as error:
            if not any(word in error.problem for word in ("diverged", "won outright")):
                raise
            ended = error.problem
        rows = list(csv.DictReader((Path(folder) / "run" / "metrics.csv").read_text().splitlines()))
    discriminator, generator = (
        tuple(float(row[f"{net}_loss"]) for row in rows) for net in ("discriminator", "generator")
    )
    return Losses(discriminator, generator, ended)
