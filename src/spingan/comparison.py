"""One generator in several technologies, side by side: how good its images are, and what drawing one takes."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from spingan.errors import UserError
from spingan.hardware.drawing import DrawingCost, drawing_cost
from spingan.hardware.technology import load_technology, shipped_technologies
from spingan.nn.cost import net_counts
from spingan.nn.weights import load_model
from spingan.studies.parallel import Progress, run_parallel
from spingan.studies.trials import Outcome, Trial, fingerprint, run_trial, technology_text


@dataclass(frozen=True)
class Compared:
    """One technology.

    Attributes:
        states: Levels of a device; None are floats.
        distance: Of the images from real ones; None where the net does not convert, and `refused` says why.
        drawing: Energy, time and area of one image, as far as the technology gives figures.
    """

    technology: str
    states: int | None
    distance: float | None
    refused: str
    drawing: DrawingCost


@dataclass(frozen=True)
class Comparison:
    """The same weights in each technology, nothing trained again."""

    model: str
    trained_on: str
    metric: str
    rows: tuple[Compared, ...]

    def to_dict(self) -> dict[str, Any]:
        """The fields as JSON-able values."""
        return asdict(self)


def compare(
    model: str | Path,
    technologies: Sequence[str | Path] = (),
    *,
    count: int = 2_000,
    seed: int = 0,
    workers: int | None = None,
    data_path: str | Path | None = None,
    progress: Progress = lambda what, done, total: None,
) -> Comparison:
    """A model's generator in each technology: distance of its images, and energy, time and area of one.

    The model's own technology is taken as it was trained; in the others the weights are written anew, gains and ranges
    fitted to them.

    Args:
        technologies: Names, files or folders; by default every shipped one.

    Raises:
        UserError: No such model or technology, or none that the net converts to.
    """
    loaded = load_model(model)
    names = [str(name) for name in technologies] or list(shipped_technologies())
    targets = [load_technology(name) for name in names]
    counted = [net_counts(loaded.net, target, loaded.latent_size) for target in targets]
    path, weights = None if data_path is None else str(data_path), fingerprint(loaded)
    trials = [
        Trial(
            str(model),
            None if target.name == loaded.technology.name else technology_text(target),
            None,
            seed,
            count,
            data_path=path,
            fingerprint=weights,
        )
        for target in targets
    ]
    found = run_parallel(_try, trials, workers=workers, what="technologies", progress=progress)
    if all(outcome is None for outcome, _ in found):
        raise UserError(found[0][1], "Name a technology that the net converts to.")
    rows = tuple(
        Compared(
            target.name,
            None if target.synapse is None else target.synapse.states,
            None if outcome is None else outcome.distance,
            refused,
            drawing_cost(counts, target),
        )
        for target, counts, (outcome, refused) in zip(targets, counted, found, strict=True)
    )
    metric = next(outcome.metric for outcome, _ in found if outcome is not None)
    return Comparison(str(model), loaded.technology.name, metric, rows)


def _try(trial: Trial) -> tuple[Outcome | None, str]:
    """A trial's outcome, or why the net does not go onto the technology."""
    try:
        outcome = run_trial(trial)
    except UserError as error:
        return None, error.problem
    if outcome.distance is None or not math.isfinite(outcome.distance):
        return None, "its images cannot be judged"
    return outcome, ""
