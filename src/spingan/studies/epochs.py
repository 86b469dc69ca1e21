"""Pictures and their quality against the length of the training: paper M, figure 9."""

import re
from pathlib import Path

from spingan.errors import UserError
from spingan.input_files import is_folder
from spingan.nn.weights import load_model, shipped_models
from spingan.studies.parallel import Progress, Workers
from spingan.studies.sweep import Point, Sweep, claim_verdict, largest_tolerated, obtained_by, sweep
from spingan.studies.trials import Trial, fingerprint
from spingan.studies.verdict import RULE
from spingan.training.loop import KEPT_WEIGHTS

CLAIMED = 50  # paper M, results: "50 epochs ... can produce desirable image quality"
_KEPT = re.compile(r"epoch_(\d+)\.safetensors")


def epochs_study(
    run: str | Path,
    *,
    count: int = 2_000,
    seed: int = 0,
    seeds: int = 3,
    workers: int | Workers | None = None,
    data_path: str | Path | None = None,
    progress: Progress = lambda what, done, total: None,
) -> Sweep:
    """A run's generator at each epoch whose weights it kept. The ideal is the last of them.

    Raises:
        UserError: No run folder, fewer than two epochs kept, or as for trials.
    """
    kept = kept_weights(run)
    weights = {epoch: fingerprint(load_model(path)) for epoch, path in kept.items()}
    last = load_model(kept[max(kept)])
    points = [
        Point(
            epoch,
            f"epoch {epoch}",
            lambda number, shown, path=path, weights=weights[epoch]: Trial(
                str(path), None, None, number, count, shown, None if data_path is None else str(data_path), weights
            ),
        )
        for epoch, path in sorted(kept.items())
    ]
    settings, ideal, metric = sweep(
        points, points[-1], seed=seed, seeds=seeds, workers=workers, what="epochs", progress=progress
    )
    reached = max(kept)
    notes = [f"The ideal is epoch {reached}, the last that the run kept."]
    if reached <= CLAIMED:
        notes.append(f"A run of {reached} epochs cannot say whether more than {CLAIMED} would gain anything.")
    return Sweep(
        name="epochs",
        model=str(run),
        technology=last.technology.name,
        quantity="epochs",
        metric=metric,
        seeds=tuple(range(seed, seed + seeds)),
        settings=settings,
        ideal=ideal,
        claim="paper M: after 50 epochs the images are of the quality that is wanted",
        verdict="not tested" if reached <= CLAIMED else claim_verdict(settings, lambda n: n >= CLAIMED, CLAIMED),
        rule=RULE,
        largest_tolerated=largest_tolerated(settings[::-1]),
        notes=tuple(notes),
        obtained=obtained_by(range(seed, seed + seeds), count),
    )


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
