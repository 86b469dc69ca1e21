"""One generator in several technologies, side by side: how good its images are, and what drawing one takes."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

from spingan.costs.bill import Bill, Sum
from spingan.errors import UserError
from spingan.evaluation.variety import Manifolds
from spingan.nn.cost import pair_bill
from spingan.nn.weights import load_model
from spingan.progress import Progress, no_progress
from spingan.reports.bill_tables import sum_text
from spingan.spec.technology import load_technology, shipped_technologies
from spingan.studies.parallel import run_parallel
from spingan.studies.trials import Trial, draw_images, fingerprint, reference_of, technology_text

SLOW = ("skyrmion-published-array",)
"""Technologies that are compared only by name: tiles of four rows are 50,000 tiles of wires."""
HEADINGS = ("technology", "states", "distance", "recall", "coverage", "activations", "reads", "time", "area")


@dataclass(frozen=True)
class DrawingCost:
    """What one image of the generator costs: sums of its bill over devices and arrays, without converters and wires.

    Attributes:
        activation_energy_j: With the digital functions, for which no technology has an energy.
        read_energy_j: At most: every pixel at full voltage, mean level.
    """

    activation_energy_j: Sum
    read_energy_j: Sum
    time_s: Sum
    area_m2: Sum

    @staticmethod
    def of(bill: Bill) -> "DrawingCost":
        """The sums of a generator's bill."""
        return DrawingCost(
            bill.total("energy_j", ("activations", "digital")),
            bill.total("energy_j", ("arrays",)),
            bill.total("time_s", ("arrays",)),
            bill.total("area_m2", ("arrays", "activations")),
        )


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
    progress: Progress = no_progress,
) -> Comparison:
    """A model's generator in each technology: distance and variety of its images, and energy, time and area of one.

    The model's own technology is taken as it was trained; in the others the weights are written anew, gains and ranges
    fitted to them.

    Args:
        technologies: Names, files or folders; by default every shipped one but those of `SLOW`.

    Raises:
        UserError: No such model or technology, or none that the net converts to.
    """
    loaded = load_model(model)
    names = [str(name) for name in technologies] or [name for name in shipped_technologies() if name not in SLOW]
    targets = [load_technology(name) for name in names]
    bills = [pair_bill(loaded.net, target, loaded.latent_size).of("generator") for target in targets]
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
            DrawingCost.of(bill),
        )
        for target, bill, (judged, refused) in zip(targets, bills, found, strict=True)
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


def comparison_rows(found: Comparison) -> list[tuple[str, ...]]:
    """A row a technology under `HEADINGS`; `>` is a sum that lacks something."""
    return [
        (
            row.technology,
            "float" if row.states is None else str(row.states),
            "refused" if row.distance is None else f"{row.distance:.2f}",
            *(("-", "-") if row.variety is None else (f"{row.variety.recall:.3f}", f"{row.variety.coverage:.3f}")),
            sum_text(row.drawing.activation_energy_j, "J"),
            sum_text(row.drawing.read_energy_j, "J"),
            sum_text(row.drawing.time_s, "s"),
            sum_text(row.drawing.area_m2, ""),
        )
        for row in found.rows
    ]


def comparison_notes(found: Comparison) -> list[str]:
    """What each sum lacks, and why a technology is refused."""
    notes = [
        f"Recall and coverage: {found.variety_metric}, larger is better; `spingan evaluate` has their floor.",
        "Of one image, the generator alone; nothing is trained again. No amplifiers, converters, control.",
        "> is a sum that lacks something else, too:",
    ]
    for row in found.rows:
        cost = row.drawing
        sums = (cost.activation_energy_j, cost.read_energy_j, cost.time_s, cost.area_m2)
        parts = [f"refused, {row.refused}"] if row.refused else []
        parts += [
            f"{what}: {', '.join(total.missing)}"
            for what, total in zip(("activations", "reads", "time", "area"), sums, strict=True)
            if total.missing
        ]
        if parts:
            notes.append(f"- {row.technology}: {'; '.join(parts)}")
    return notes
