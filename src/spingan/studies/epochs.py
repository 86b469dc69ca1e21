"""Pictures and their quality against the length of the training: paper M, figure 9."""

import re
from dataclasses import replace
from pathlib import Path

from spingan.errors import UserError
from spingan.input_files import is_folder
from spingan.nn.model_files import shipped_models
from spingan.nn.weights import load_model
from spingan.studies.axes import Asked, Axis
from spingan.studies.study import Study
from spingan.training.checkpoint import KEPT_WEIGHTS

_KEPT = re.compile(r"epoch_(\d+)\.safetensors")


def epochs(asked: Asked) -> Study:
    """A run's generator at each epoch whose weights it kept. The ideal is the last of them.

    Raises:
        UserError: No run folder, fewer than two epochs kept, or as for trials.
    """
    kept = kept_weights(asked.model)
    models = {epoch: load_model(path) for epoch, path in kept.items()}
    trials = {epoch: asked.trial(models[epoch], str(path)) for epoch, path in kept.items()}
    reached = max(kept)
    axis = Axis("epochs", "", "epochs", tuple(sorted(kept)), lambda _, epoch: trials[int(epoch)], "epoch {}".format)
    ideal = reached, f"epoch {reached}", trials[reached]
    note = f"The ideal is epoch {reached}, the last that the run kept."
    found = asked.sweep(models[reached], trials[reached], axis, ideal, (note,))
    beyond = [each.covers[0] for each in asked.claims if reached <= each.covers[0]]
    if not beyond:
        return found
    more = f"A run of {reached} epochs cannot say whether more than {beyond[0]:g} would gain anything."
    claims = tuple(replace(claim, verdict="not tested") for claim in found.claims)
    return replace(found, notes=(note, more), claims=claims)


def kept_weights(run: str | Path) -> dict[int, Path]:
    """The weights files that a run kept, by epoch.

    Raises:
        UserError: There is no such folder, or fewer than two files are in it.
    """
    folder = Path(run) / KEPT_WEIGHTS
    found = {
        int(match[1]): path
        for path in (sorted(folder.glob("epoch_*.safetensors")) if is_folder(folder) else ())
        if (match := _KEPT.fullmatch(path.name))
    }
    if len(found) < 2:
        recipe = run if str(run) in shipped_models() else "RECIPE"
        raise UserError(
            f"{run} has no weights of several epochs",
            f"Name a run folder: spingan train {recipe} keeps the weights of each of the recipe's sample_epochs.",
        )
    return found
