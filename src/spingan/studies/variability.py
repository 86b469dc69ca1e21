"""Pictures and their quality against the variability of the devices: paper M, figure 7 of the generated images."""

from collections.abc import Sequence
from pathlib import Path

from spingan.errors import UserError
from spingan.nn.weights import load_model
from spingan.spec.technology import Technology
from spingan.studies.parallel import Progress, Workers
from spingan.studies.sweep import Point, Sweep, claim_verdict, largest_tolerated, obtained_by, sweep
from spingan.studies.trials import Trial, fingerprint
from spingan.studies.verdict import RULE

FRACTIONS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5)  # paper M, figure 7 of the generated images
CLAIMED = 0.3  # paper M, results: "can tolerate up to 30% of variability in memristive devices"


def variability_study(
    model: str | Path,
    *,
    fractions: Sequence[float] = FRACTIONS,
    count: int = 2_000,
    seed: int = 0,
    seeds: int = 3,
    workers: int | Workers | None = None,
    data_path: str | Path | None = None,
    progress: Progress = lambda what, done, total: None,
) -> Sweep:
    """The model's generator on chips whose devices vary more and more.

    Variability is of each device's resistance, which lies anywhere within ± the fraction; where a synapse has no
    conductances in siemens, it is the deviation of each weight as a fraction of its value, and a note says so. The
    ideal is the same generator without variability.

    Raises:
        UserError: A fraction outside 0 to 1 (at 1 a resistance would reach zero), no synapse, or as for trials.
    """
    loaded = load_model(model)
    technology, weights = loaded.technology, fingerprint(loaded)
    path = None if data_path is None else str(data_path)
    of, notes = variability_of(technology)
    check_fractions(fractions)
    points = [
        Point(
            fraction,
            f"{fraction:.0%}",
            lambda number, shown, fraction=fraction: Trial(
                str(model), None, (fraction, of), number, count, shown, path, weights
            ),
        )
        for fraction in sorted({0.0, *fractions})
    ]
    settings, ideal, metric = sweep(
        points, points[0], seed=seed, seeds=seeds, workers=workers, what="variability", progress=progress
    )
    return Sweep(
        name="variability",
        model=str(model),
        technology=technology.name,
        quantity="variability",
        metric=metric,
        seeds=tuple(range(seed, seed + seeds)),
        settings=settings,
        ideal=ideal,
        claim="paper M: up to 30 % of variability is tolerated without significantly degrading the images",
        verdict=claim_verdict(settings, lambda value: value <= CLAIMED, CLAIMED),
        rule=RULE,
        largest_tolerated=largest_tolerated(settings),
        notes=notes,
        obtained=obtained_by(range(seed, seed + seeds), count),
    )


def check_fractions(fractions: Sequence[float]) -> None:
    """Refuse a variability at which a resistance reaches zero.

    Raises:
        UserError: A fraction is not in 0 to below 1.
    """
    for fraction in fractions:
        if not 0 <= fraction < 1:
            raise UserError(
                f"variability of {fraction:.0%} makes resistances zero or negative", "Give fractions from 0 to below 1."
            )


def variability_of(technology: Technology) -> tuple[str, tuple[str, ...]]:
    """Of what the variability of a technology's devices is (`Noise.of`), and a note that says so.

    Raises:
        UserError: The technology has no synapse.
    """
    synapse = technology.synapse
    if synapse is None:
        raise UserError(
            f"technology {technology.name} has no devices that could vary", "Name a model on a technology that has."
        )
    if synapse.basis == "normalised":
        return "value", (f"{synapse.name} has no resistances: the variability is of each weight's value, Gaussian.",)
    return "resistance", ("Each device's resistance lies anywhere within ± the variability of what was written.",)
