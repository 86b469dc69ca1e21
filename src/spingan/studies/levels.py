"""Pictures and their quality against the number of resistive levels: paper M, figure 8."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from spingan.errors import UserError
from spingan.nn.weights import load_model
from spingan.spec.synapse import LEVEL_FIELDS
from spingan.spec.technology import Technology
from spingan.studies.parallel import Progress, Workers
from spingan.studies.sweep import Point, Sweep, claim_verdict, largest_tolerated, obtained_by, sweep
from spingan.studies.trials import Trial, fingerprint, technology_text
from spingan.studies.verdict import RULE

LEVELS = (2, 4, 8, 16, 32, 64, 128, 256)  # paper M, figure 8
CLAIMED = 64  # paper M, results: "can tolerate ... 64 resistive levels"
IDEAL_LEVELS = 4096  # as good as any conductance: a weight is then within 1/8192 of full scale
MOST_LEVELS = 65_536


def levels_study(
    model: str | Path,
    *,
    levels: Sequence[int] = LEVELS,
    count: int = 2_000,
    seed: int = 0,
    seeds: int = 3,
    workers: int | Workers | None = None,
    data_path: str | Path | None = None,
    progress: Progress = lambda what, done, total: None,
) -> Sweep:
    """The model's weights written into devices with more and fewer levels, nothing trained again.

    The levels are evenly spaced in conductance between the smallest and the largest. The ideal is the same generator on
    devices with 4,096.

    Raises:
        UserError: Fewer than two levels, no synapse, or as for trials.
    """
    loaded = load_model(model)
    weights, path = fingerprint(loaded), None if data_path is None else str(data_path)
    wanted = sorted(set(levels))
    changed = {number: technology_text(with_levels(loaded.technology, number)) for number in {*wanted, IDEAL_LEVELS}}
    points = [
        Point(
            number,
            f"{number} levels",
            lambda chosen, shown, number=number: Trial(
                str(model), changed[number], None, chosen, count, shown, path, weights
            ),
        )
        for number in (*wanted, IDEAL_LEVELS)
    ]
    settings, ideal, metric = sweep(
        points[:-1], points[-1], seed=seed, seeds=seeds, workers=workers, what="levels", progress=progress
    )
    own = loaded.technology.synapse
    return Sweep(
        name="levels",
        model=str(model),
        technology=loaded.technology.name,
        quantity="levels",
        metric=metric,
        seeds=tuple(range(seed, seed + seeds)),
        settings=settings,
        ideal=ideal,
        claim="paper M: 64 resistive levels are tolerated without significantly degrading the images",
        verdict=claim_verdict(settings, lambda value: value >= CLAIMED, CLAIMED),
        rule=RULE,
        largest_tolerated=largest_tolerated(settings[::-1]),
        notes=(
            f"The weights come from {own.states if own else 'no'} levels, and were not trained again for fewer.",
            "Levels are evenly spaced in conductance.",
        ),
        obtained=obtained_by(range(seed, seed + seeds), count),
    )


def with_levels(technology: Technology, levels: int) -> Technology:
    """The technology with so many evenly spaced levels between its devices' smallest and largest conductance.

    What was known level by level (steps, noise of a level) is dropped.

    Raises:
        UserError: Fewer than two levels, very many, or no synapse.
    """
    synapse = technology.synapse
    if synapse is None:
        raise UserError(
            f"technology {technology.name} has no levels", "Name a model on a technology that has a synapse."
        )
    if not 2 <= levels <= MOST_LEVELS:
        raise UserError(f"{levels} levels", f"A device has at least 2; ask for at most {MOST_LEVELS:,}.")
    ends = synapse.conductance[0], synapse.conductance[-1]
    conductance = tuple(float(value) for value in np.linspace(*ends, levels))
    fewer = synapse.model_copy(update={"conductance": conductance, **dict.fromkeys(LEVEL_FIELDS)})
    return technology.model_copy(update={"synapse": fewer, "name": f"{technology.name}, {levels} levels"})
