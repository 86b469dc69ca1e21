"""One generator in several technologies, side by side: how good its images are, and what drawing one takes."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

from spingan.costs.drawing import DrawingCost, drawing_cost
from spingan.errors import UserError
from spingan.evaluation.variety import Manifolds
from spingan.nn.cost import net_counts
from spingan.nn.weights import load_model
from spingan.spec.technology import load_technology, shipped_technologies
from spingan.studies.parallel import Progress, run_parallel
from spingan.studies.trials import Trial, draw_images, fingerprint, reference_of, technology_text


@dataclass(frozen=True)
class Compared:
    """One technology.

    Attributes:
        states: Levels of a device; None are floats.
        distance: Of the images from real ones; None where the net does not convert, and `refused` says why.
        variety: Precision, recall, density and coverage of the same images; None where there is no distance.
        drawing: Energy, time and area of one image, as far as the technology gives figures.
    """

    technology: str
    states: int | None
    distance: float | None
    variety: Manifolds | None
    refused: str
    drawing: DrawingCost


@dataclass(frozen=True)
class Comparison:
    """The same weights in each technology, nothing trained again."""

    model: str
    trained_on: str
    metric: str
    variety_metric: str
    rows: tuple[Compared, ...]

    def to_dict(self) -> dict[str, Any]:
        """The fields as JSON-able values."""
        varieties = ({"variety": row.variety and row.variety._asdict()} for row in self.rows)
        rows = [asdict(row) | variety for row, variety in zip(self.rows, varieties, strict=True)]
        return asdict(self) | {"rows": rows}


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
    """A model's generator in each technology: distance and variety of its images, and energy, time and area of one.

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
    path, weights = None if data_path is None else str(data_path), fingerprint(loaded.generator)
    trials = [
        Trial(
            str(model),
            seed,
            count,
            technology=None if target.name == loaded.technology.name else technology_text(target),
            shown=0,
            data_path=path,
            fingerprint=weights,
        )
        for target in targets
    ]
    found = run_parallel(_try, trials, workers=workers, what="technologies", progress=progress)
    if all(judged is None for judged, _ in found):
        raise UserError(found[0][1], "Name a technology that the net converts to.")
    rows = tuple(
        Compared(
            target.name,
            None if target.synapse is None else target.synapse.states,
            None if judged is None else judged.distance,
            None if judged is None else judged.variety,
            refused,
            drawing_cost(counts, target),
        )
        for target, counts, (judged, refused) in zip(targets, counted, found, strict=True)
    )
    metrics = next(judged.metrics for judged, _ in found if judged is not None)
    return Comparison(str(model), loaded.technology.name, *metrics, rows)


class _Judged(NamedTuple):
    """One technology's images, judged; and the names of both measures."""

    distance: float
    variety: Manifolds
    metrics: tuple[str, str]


def _try(trial: Trial) -> tuple[_Judged | None, str]:
    """What a trial's images are like, or why the net does not go onto the technology."""
    try:
        images = draw_images(trial)
        reference = reference_of(trial)
        distance, variety = reference.distance_and_variety(images)
    except UserError as error:
        return None, error.problem
    if not math.isfinite(distance):
        return None, "its images cannot be judged"
    return _Judged(distance, variety, (reference.metric, reference.variety_metric)), ""
