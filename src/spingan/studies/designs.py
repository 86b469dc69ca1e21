"""One design of a space: its technology, its bill, and its pictures as far as they are worth drawing."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Literal

import numpy as np

from spingan.arrays.conditions import ChipConditions, conditions_from
from spingan.costs.side_by_side import Row
from spingan.devices.published import CURVES
from spingan.devices.skyrmion_array import ARRAY_RA_OHM_M2, ARRAY_READ_S, behind_barrier, published_in_siemens
from spingan.devices.skyrmion_synapse import PRINTED
from spingan.errors import UserError
from spingan.nn.weights import Model, load_model
from spingan.spec.files import read_synapse
from spingan.spec.synapse import Synapse
from spingan.spec.technology import Technology, load_technology
from spingan.spec.value import SCHEMA_VERSION
from spingan.studies.device_figures import figures_of
from spingan.studies.levels import with_levels
from spingan.studies.net_trials import conditions_of, drawing_row
from spingan.studies.space import BOUNDS, Space, activation_of, curve_of
from spingan.studies.trials import Attempt, Trial, attempt, check_unchanged, technology_of

NEAR = 1.1  # a design this much above a better one is still looked at more closely: few images, one chip; assumed
AS_IDEAL = 1.02  # a distance over the ideal's that nothing dearer is searched below: about what 2,000 images show
_LAYERS = {"relu": ("ReLU", "ClippedReLU"), "leaky_relu": ("LeakyReLU",), "tanh": ("Tanh",), "sigmoid": ("Sigmoid",)}
_DESIGNED = CURVES / "skyrmion_designed.csv"
_JUNCTIONS: dict[str, tuple[Callable[[], Synapse], float]] = {
    "skyrmion_designed": (lambda: read_synapse(_DESIGNED), PRINTED.ra_parallel_ohm_m2),
    "skyrmion_designed_array": (lambda: read_synapse(_DESIGNED), ARRAY_RA_OHM_M2),
    "skyrmion_published_siemens": (published_in_siemens, PRINTED.ra_parallel_ohm_m2),
}
"""Skyrmion synapses by their names: the device behind a junction of 2 Ω·µm², and the junction that each has."""
State = Literal["refused", "dear", "dominated", "poor", "measured"]
"""What became of a design: it cannot be built or billed; it takes more than the reference; a cheaper one is as good;
its pictures are bad or worse than a cheaper one's; all chips were measured."""


def designed(space: Space, choices: Mapping[str, Any]) -> tuple[Technology, ChipConditions, tuple[str, ...]]:
    """The technology of some choices, the conditions that they tell, and the names of these.

    Raises:
        UserError: They make no technology.
    """
    told = dict(choices)
    technology = load_technology(space.place(told.pop("technology", space.technology)))
    name, given = technology.name, [key for key in told if key.startswith("conditions.")]
    told_conditions = conditions_from([f"{key.partition('.')[2]}={told.pop(key)}" for key in given])
    technology = _with_activations(space, technology, told)
    if "synapse" in told:
        technology = technology.model_copy(update={"synapse": curve_of(space, told.pop("synapse"))})
    technology = _behind_barrier(technology, told)
    if "levels" in told:
        technology = with_levels(technology, told.pop("levels"))
    bits = told.pop("bits", None)
    told |= {} if bits is None else {"adc.bits": bits, "dac.bits": bits}
    content = technology.to_dict()
    for key, value in told.items():
        *parents, leaf = key.split(".")
        place = content
        for parent in parents:
            if place.get(parent) is None:
                place[parent] = {}
            place = place[parent]
        place[leaf] = value
    content |= {"schema_version": SCHEMA_VERSION, "name": space.name, "provenance": f"a design on {name}"}
    names = tuple(key.partition(".")[2] for key in given)
    return Technology.from_dict(content, f"design on {name}"), told_conditions, names


def _with_activations(space: Space, technology: Technology, told: dict[str, Any]) -> Technology:
    """The technology with the curves that `told` names, which it then no longer has."""
    curves, digital = dict(technology.activations), technology.digital
    for key in [key for key in told if key.startswith("activations.")]:
        function = key.partition(".")[2]
        curve = activation_of(space, told.pop(key), function)
        types = _LAYERS[function]
        if curve is None:
            curves.pop(function, None)  # pyright: ignore[reportArgumentType, reportCallIssue]
            digital = (*digital, *(each for each in types if each not in digital))
        else:
            curves[curve.function] = curve
            digital = tuple(each for each in digital if each not in types)
    return technology.model_copy(update={"activations": curves, "digital": digital})


def _behind_barrier(technology: Technology, told: dict[str, Any]) -> Technology:
    """The technology with the junction that `told` names, which it then no longer has: its siemens and its read noise.

    Raises:
        UserError: Its synapse is no skyrmion device with a junction.
    """
    given = {key: told.pop(key) for key in BOUNDS if key in told}
    if not given:
        return technology
    synapse = technology.synapse
    if synapse is None or synapse.name not in _JUNCTIONS:
        has = "no synapse" if synapse is None else f"the synapse {synapse.name}"
        raise UserError(
            f"junction: technology {technology.name} has {has}, which is no skyrmion device behind a junction",
            f"Name synapse: [{next(iter(_JUNCTIONS))}].",
        )
    device, ra_ohm_m2 = _JUNCTIONS[synapse.name]
    ra_ohm_m2 = given.get("junction.ra_ohm_m2", ra_ohm_m2)
    read_s = given.get("junction.read_s", synapse.read.time_s or ARRAY_READ_S)
    made = behind_barrier(device(), f"{synapse.name}_barrier", ra_ohm_m2, read_s)
    return technology.model_copy(update={"synapse": made})


@dataclass(frozen=True)
class Better:
    """A measured design, by what it takes and by its distances on few images and on all."""

    costs: tuple[float, ...]
    few: float
    all: float


@dataclass(frozen=True)
class Candidate:
    """What is asked of a worker.

    Attributes:
        model: The trial's; by it results are found.
        trial: On all images, of the first chip, with the design's technology and the conditions that it tells.
        told: Names of these conditions: the others are as the technology's devices have them.
        chips: How many.
        few: Images of the first look.
        costs: Names of what is to be small beside the distance: fields of `Row`.
        reference: Of these: a design that takes more is not drawn.
        ideal: Distance of the net without imperfections, on few images and on all.
        worst: Distance over the ideal's beyond which pictures are bad.
        known: The front so far.
    """

    model: str
    trial: Trial
    told: tuple[str, ...]
    chips: int
    few: int
    costs: tuple[str, ...]
    reference: tuple[float, ...]
    ideal: tuple[float, float]
    worst: float
    known: tuple[Better, ...]


@dataclass(frozen=True, eq=False)
class Looked:
    """What was found of a candidate.

    Attributes:
        row: What an image takes; None where it cannot be billed.
        few: Distance over the ideal's on few images of the first chip; None: not drawn.
        attempts: All chips, on all images; fewer where it was not worth them.
        conditions: Of the chips.
        why: Why it was not measured; empty where it was.
    """

    state: State
    row: Row | None = None
    few: float | None = None
    attempts: tuple[Attempt, ...] = ()
    conditions: ChipConditions | None = None
    why: str = ""


def look(task: Candidate) -> Looked:
    """Bill a design, and draw it as long as it may be on the front: few images, all on one chip, all chips.

    Raises:
        UserError: The model has changed since the search began, or there are no real images.
    """
    trial, model = task.trial, _loaded(task.model, task.trial.fingerprint)
    assert trial.technology is not None
    technology = technology_of(trial.technology)
    try:
        row = drawing_row(model, technology)
        conditions = _conditions(task, model, technology)
    except UserError as error:
        return Looked("refused", why=error.problem)
    missing = lacking(row, task.costs)
    if missing:
        return Looked("refused", row, why=missing)
    costs = costs_of(row, task.costs)
    if any(cost >= most for cost, most in zip(costs, task.reference, strict=True)):
        return Looked("dear", row, why="it takes more than the reference")
    cheaper = [each for each in task.known if all(a <= b for a, b in zip(each.costs, costs, strict=True))]
    if any(each.all <= AS_IDEAL * task.ideal[1] for each in cheaper):
        return Looked("dominated", row, why="a cheaper design is as good as the ideal")
    trial = replace(trial, conditions=conditions)
    first = attempt(replace(trial, count=task.few, shown=0))
    if first.distance is None:
        return Looked("refused", row, conditions=conditions, why=first.refused)
    few = first.distance / task.ideal[0]
    limits = (task.worst, *(NEAR * each.few / task.ideal[0] for each in cheaper))
    if few > min(limits):
        return Looked("poor", row, few, conditions=conditions, why=_poor(few, min(limits), task.worst))
    attempts = []
    limits = (task.worst, *(NEAR * each.all / task.ideal[1] for each in cheaper))
    for chip in range(task.chips):
        shown = trial.shown if chip == 0 else 0
        attempts.append(attempt(replace(trial, seed=trial.seed + chip, shown=shown)))
        distance = attempts[-1].distance
        if distance is None:
            return Looked("refused", row, few, tuple(attempts), conditions, attempts[-1].refused)
        if chip == 0 and distance / task.ideal[1] > min(limits):
            why = _poor(distance / task.ideal[1], min(limits), task.worst)
            return Looked("poor", row, few, tuple(attempts), conditions, why)
    return Looked("measured", row, few, tuple(attempts), conditions)


def _poor(ratio: float, limit: float, worst: float) -> str:
    about = f"{ratio:.2f} x the ideal's distance" if math.isfinite(ratio) else "no pictures"
    return f"{about}, beyond the reference" if limit == worst else f"{about}, and a cheaper design is better"


def lacking(row: Row, costs: tuple[str, ...]) -> str:
    """Why a row cannot be compared in these quantities: a bill with a gap is only a lower bound. Empty where it can."""
    if row.missing:
        return f"its bill has a gap: {row.missing[0]}"
    empty = [name for name in costs if not getattr(row, name)]
    return f"its bill has no {empty[0].rpartition('_')[0]}" if empty else ""


def costs_of(row: Row, costs: tuple[str, ...]) -> tuple[float, ...]:
    """What an image takes, in the order of the names."""
    return tuple(float(np.float64(getattr(row, name))) for name in costs)


def _conditions(task: Candidate, model: Model, technology: Technology) -> ChipConditions:
    known = conditions_of(model, technology, figures_of(model, technology))
    told: dict[str, Any] = {name: getattr(task.trial.conditions, name) for name in task.told}
    return replace(known, **told)


@lru_cache(maxsize=2)
def _loaded(name: str, expected: str) -> Model:
    model = load_model(name)
    check_unchanged(model.generator, expected, f"the weights of {name}")
    return model
