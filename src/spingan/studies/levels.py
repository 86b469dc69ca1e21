"""Pictures and their quality against the number of resistive levels: paper M, figure 8."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from spingan.errors import UserError
from spingan.nn.weights import load_model
from spingan.spec.synapse import LEVEL_FIELDS
from spingan.spec.technology import Technology
from spingan.studies.axes import Asked, Axis
from spingan.studies.study import Study
from spingan.studies.trials import technology_text

LEVELS = (2, 4, 8, 16, 32, 64, 128, 256)  # paper M, figure 8
IDEAL_LEVELS = 4096  # as good as any conductance: a weight is then within 1/8192 of full scale
MOST_LEVELS = 65_536  # assumed: 16 bits, the most that the studies of bits take


def levels(asked: Asked, *, levels: Sequence[int] = LEVELS) -> Study:
    """The model's weights written into devices with more and fewer levels, nothing trained again.

    The levels are evenly spaced in conductance between the smallest and the largest. The ideal is the same generator on
    devices with 4,096.

    Raises:
        UserError: Fewer than two levels, no synapse, or as for trials.
    """
    model = load_model(asked.model)
    wanted = tuple(sorted(set(levels)))
    changed = {n: technology_text(with_levels(model.technology, n)) for n in {*wanted, IDEAL_LEVELS}}
    base = asked.trial(model)
    axis = Axis(
        "levels",
        "",
        "levels",
        wanted,
        lambda trial, n: replace(trial, technology=changed[int(n)]),
        "{} levels".format,
        "log2",
    )
    own = model.technology.synapse
    notes = (
        f"The weights come from {own.states if own else 'no'} levels, and were not trained again for fewer.",
        "Levels are evenly spaced in conductance.",
    )
    ideal = IDEAL_LEVELS, f"{IDEAL_LEVELS} levels", axis.change(base, IDEAL_LEVELS)
    return asked.sweep(model, base, axis, ideal, notes)


def with_levels(technology: Technology, levels: int) -> Technology:
    """The technology with so many evenly spaced levels between its devices' smallest and largest conductance.

    The error of writing is interpolated to the new levels; what else was known level by level (steps, noise of a level,
    the runs that it comes from) is dropped.

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
    changed: dict[str, object] = {"conductance": conductance, **dict.fromkeys(LEVEL_FIELDS), "ensemble": None}
    if synapse.write_error is not None:
        error = np.interp(conductance, synapse.conductance, synapse.write_error)
        changed["write_error"] = tuple(float(value) for value in error)
    fewer = synapse.model_copy(update=changed)
    return technology.model_copy(update={"synapse": fewer, "name": f"{technology.name}, {levels} levels"})
