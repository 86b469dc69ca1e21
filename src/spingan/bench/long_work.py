"""Work that takes minutes to hours, each in a process of its own: evaluations, studies, appraisals, adaptations."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from spingan.bench.drawing import loaded, written
from spingan.bench.settings import Settings
from spingan.bench.worker import files_of
from spingan.errors import UserError
from spingan.progress import Progress

_LOOK_EVERY_S = 2.0


def studies(request: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """The names of the studies."""
    from spingan.studies.run import STUDIES

    return {"studies": list(STUDIES)}


def evaluate(request: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Distance and variety by as many images as asked for, `count`, with the floor and the float twin."""
    from spingan.api import evaluate as evaluate_model

    settings = Settings.from_dict(request["settings"], "settings")
    model = written(settings, files_of(request))
    quality = evaluate_model(
        model, count=request["count"], seed=settings.seed, conditions=settings.chip, progress=progress
    )
    return {"quality": quality.to_dict()}


def study(request: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """A study by its name, of the model in the arrays of the settings; pictures and table go into `folder`."""
    from spingan.api import study as run_study
    from spingan.nn.weights import save_weights

    settings = Settings.from_dict(request["settings"], "settings")
    folder, name = Path(request["folder"]), settings.model
    if settings.technology is not None:
        name = str(folder / "model.weights.safetensors")
        folder.mkdir(parents=True, exist_ok=True)
        save_weights(name, written(settings, files_of(request)))
    asked: dict[str, Any] = {"count": request.get("count"), "seeds": request.get("seeds"), "seed": settings.seed}
    if request["name"] == "leakage":
        asked = {"seed": settings.seed}
    found = run_study(request["name"], name, folder, workers=request["workers"], progress=progress, **asked)
    return {"study": found.to_dict(), "notes": list(found.notes), "lines": list(found.lines)}


def appraise(request: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Whether the technology of the settings is good enough for their model; page and technology go into `folder`."""
    from spingan.api import appraise as appraise_technology
    from spingan.reports.appraisal_page import PAGE
    from spingan.reports.verdict import verdict
    from spingan.spec.technology import write_technology

    settings, folder = Settings.from_dict(request["settings"], "settings"), Path(request["folder"])
    technology = settings.arrays(files_of(request)) or loaded(settings.model).technology
    write_technology(technology, folder / "technology")
    found = appraise_technology(
        folder / "technology", folder, model=settings.model, workers=request["workers"], progress=progress
    )
    return {"verdict": verdict(found), "page": str(folder / PAGE)}


def adapt(request: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """A training that goes on from the model's run in the arrays of the settings, for `epochs`; into `folder`.

    Raises:
        UserError: The model is no run folder with a checkpoint, since a shipped one has no discriminator to go on with.
    """
    from spingan.training.checkpoint import CHECKPOINT
    from spingan.training.loop import train
    from spingan.training.recipe import recipe_from

    settings = Settings.from_dict(request["settings"], "settings")
    run = Path(settings.model)
    if not (run / CHECKPOINT).is_file():
        raise UserError(
            f"{settings.model} cannot be adapted: without a run's checkpoint there is no discriminator",
            "Train it first (spingan train RECIPE), and start the bench with its folder: spingan bench runs/RECIPE",
        )
    model, folder = loaded(settings.model), Path(request["folder"])
    recipe = recipe_from(model.info["recipe"], f"recipe of {model.name}")
    technology = settings.arrays(files_of(request)) or model.technology
    noise = {
        name: value
        for name in ("programming_noise", "read_noise")
        if (value := getattr(settings.chip, name)) is not None
    }
    epochs = request["epochs"]
    changed = {"epochs": epochs, "sample_epochs": (epochs,), "technology": technology.name, **noise}
    recipe = recipe.model_copy(update=changed)
    with _epochs_told(folder / "metrics.csv", epochs, progress):
        train(recipe, folder, start_from=run, technology=technology, progress=False)
    return {"run": str(folder)}


@contextmanager
def _epochs_told(metrics: Path, epochs: int, progress: Progress) -> Iterator[None]:
    """Tell the epochs of a training as its table of metrics grows."""
    over = threading.Event()

    def look() -> None:
        while not over.wait(_LOOK_EVERY_S):
            try:
                last = metrics.read_text(encoding="utf-8").splitlines()[-1].split(",")
                head = metrics.read_text(encoding="utf-8").splitlines()[0].split(",")
                progress("training", round(100 * float(last[head.index("epoch")])), 100 * epochs)
            except (OSError, ValueError, IndexError):
                continue

    teller = threading.Thread(target=look, daemon=True)
    teller.start()
    try:
        yield
    finally:
        over.set()
        teller.join()
