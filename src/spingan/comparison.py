"""One generator in several technologies, side by side: how good its images are, and what drawing one takes.

The view of what `spingan appraise` measures of the shipped technologies, as they are: stored, or measured now.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from spingan.costs.bill import Bill, Sum
from spingan.errors import UserError
from spingan.evaluation.features import net_of
from spingan.evaluation.real_images import data_of
from spingan.evaluation.reference import variety_metric
from spingan.evaluation.variety import Manifolds
from spingan.nn.cost import pair_bill
from spingan.nn.weights import Model, load_model
from spingan.progress import Progress, no_progress
from spingan.reports.bill_tables import sum_text
from spingan.spec.technology import Technology, load_technology
from spingan.studies.net_trials import AS_IT_IS, NetTrials, compared_technologies
from spingan.studies.parallel import Workers
from spingan.studies.stored import Plan, key_of, stored_of
from spingan.studies.trials import Attempt

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
    """The same weights in each technology, nothing trained again; `source` says which figures are stored ones."""

    model: str
    trained_on: str
    metric: str
    variety_metric: str
    rows: tuple[Compared, ...]
    source: str = ""

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
    fitted to them. Read noise and spread are in, where a technology states them.

    Args:
        technologies: Names, files or folders; by default every shipped one but `spingan.studies.net_trials.BY_NAME`.

    Raises:
        UserError: No such model or technology, or none that the net converts to.
    """
    loaded = load_model(model)
    targets = [load_technology(name) for name in technologies or compared_technologies()]
    if len({target.name for target in targets}) < len(targets):
        raise UserError("two of the technologies have the same name", "Leave one out, or rename one in its file.")
    bills = [pair_bill(loaded.net, target, loaded.latent_size).of("generator") for target in targets]
    path = None if data_path is None else str(data_path)
    known, source = _stored(loaded, Plan(count, seed=seed), path, targets)
    new = [target for target in targets if target.name not in known]
    trials = NetTrials.of(str(model), loaded, Plan(count, 1, seed), Workers(workers), progress, data_path=path)
    found = known | {name: device.settings[AS_IT_IS][0] for name, device in trials.devices(new, 1).items()}
    if all(each.outcome is None for each in found.values()):
        raise UserError(found[targets[0].name].refused, "Name a technology that the net converts to.")
    rows = tuple(
        Compared(
            target.name,
            None if target.synapse is None else target.synapse.states,
            found[target.name].distance,
            _variety(found[target.name]),
            found[target.name].refused,
            DrawingCost.of(bill),
        )
        for target, bill in zip(targets, bills, strict=True)
    )
    metric = next(each.outcome.about for each in found.values() if each.outcome is not None)
    variety = variety_metric(net_of(data_of(loaded, None)), count)
    return Comparison(str(model), loaded.technology.name, metric, variety, rows, source)


def _stored(
    model: Model, plan: Plan, data_path: str | None, targets: Sequence[Technology]
) -> tuple[dict[str, Attempt], str]:
    """The first chip's attempts that are stored, by the technologies' names, and a note about them."""
    stored, note = stored_of(model.name, key_of(model, None, data_path), plan)
    devices = {} if stored is None else {target.name: stored.device(target) for target in targets}
    tried = {name: device.settings.get(AS_IT_IS) for name, device in devices.items() if device is not None}
    known = {name: attempts[0] for name, attempts in tried.items() if attempts}
    if not known:
        return {}, ""
    return known, f"as stored for {model.name}: {', '.join(known)}" + (f"; {note}" if note else "")


def _variety(attempt: Attempt) -> Manifolds | None:
    values = None if attempt.outcome is None else attempt.outcome.values
    return None if values is None else Manifolds(*(values[name][0] for name in Manifolds._fields))


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
    if found.source:
        notes.insert(1, f"{found.source}.")
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
