"""What a device has to be for a GAN to be trained on it: states, asymmetry, spread, write noise, and the rule."""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

from spingan.errors import UserError
from spingan.evaluation.features import net_of
from spingan.evaluation.interval import Interval, interval
from spingan.evaluation.real_images import image_bytes, test_images
from spingan.evaluation.reference import reference_for
from spingan.nn.on_chip import pulse_response
from spingan.nn.weights import load_model
from spingan.spec.technology import load_technology
from spingan.studies.axes import Asked, picture_setting
from spingan.studies.chip_properties import PROPERTIES, RULE_NAMES, Chip, Property, changed_recipe
from spingan.studies.parallel import run_parallel
from spingan.studies.short_training import AS_PLANNED, first_images, short_recipe, short_training
from spingan.studies.study import Series, Setting, Study
from spingan.studies.trials import SHOWN, Attempt, Outcome, technology_of, technology_text
from spingan.training.nets import build_nets
from spingan.training.recipe import Recipe, load_recipe, names_a_model, recipe_from

STEPS = 400  # of a training, nearly an epoch of MNIST at 128 images an update; assumed
PULSES = "pulses_per_image"
Place = tuple[str, Any]
"""An axis by its name, and a setting of it."""


@dataclass(frozen=True)
class ChipTraining:
    """A trial: a short training on the chip, and images of the generator on the chip that it learned on.

    Attributes:
        recipe, technology: As JSON.
        steps: Updates.
        count, shown: Images to judge, and to keep.
        seed: Of first weights, latents, the images' order, devices and noise.
    """

    recipe: str
    technology: str
    steps: int
    count: int
    seed: int = 0
    shown: int = SHOWN


def on_chip(
    asked: Asked,
    *,
    axes: Sequence[str] = (),
    states: Sequence[int] = (),
    asymmetry: Sequence[float] = (),
    spread: Sequence[float] = (),
    write_noise: Sequence[float] = (),
    rules: Sequence[str] = (),
    steps: int = STEPS,
) -> Study:
    """Short trainings of a recipe on its chip, with one property of the devices, or the rule, changed at a time.

    All begin with the same first weights and see the same images in the same order, a seed each. The ideal is the
    device as its file says, trained as long: it differs from a setting by that property alone. A training beside the
    chip would not: its learning rates are Adam's steps there, and shares of full scale here.

    Args:
        axes: Names out of `PROPERTIES`; none: those that settings are given of, or all.
        states: Of a device; its steps are remade for so many (`with_states`).
        asymmetry: Exponents of the device's own steps (`with_asymmetry`).
        spread: From device to device, drawn once: bounds of a resistance, the fraction of the recipe's
            `programming_noise`.
        write_noise: From pulse to pulse: the standard deviation of a step, as a fraction of it.
        rules: Out of `RULE_NAMES`.
        steps: Updates of each training.

    Raises:
        UserError: An unknown axis or setting, no recipe that learns on the chip, a device that says nothing of its
            steps, fewer images than asked for, or as for trainings.
    """
    if steps < 1:
        raise UserError(f"{steps} steps", "Give 1 or more.")
    asked.check_seeds()
    given = {"states": states, "asymmetry": asymmetry, "spread": spread, "write noise": write_noise, "rule": rules}
    properties = _chosen(axes, given)
    own = _own(asked, steps)
    chips, refused = _chips(own, properties, asked.seed, steps)
    first, *found = _attempts(asked, [own, *chips.values()], steps)
    if why := _why_none(asked, first):
        raise UserError(f"the recipe {own[0].name} does not learn on its own device: {why}", "Change the recipe first.")
    best = _outcomes(first)
    against = interval([each.distance for each in best])
    settings: dict[str, list[Setting]] = {name: [] for name in properties}
    for (name, setting), attempts in zip(chips, found, strict=True):
        if why := _why_none(asked, attempts):
            refused[name, setting] = why
            continue
        value = float(RULE_NAMES.index(setting) if isinstance(setting, str) else setting)
        label = properties[name].label(chips[name, setting], setting)
        settings[name].append(_setting(value, label, _outcomes(attempts), against))
    metric = f"{best[0].about}, {steps} updates"
    series = [
        Series(name, "", each.quantity, metric, tuple(settings[name]), scale=each.scale)
        for name, each in properties.items()
        if settings[name]
    ]
    if not series:
        raise UserError(f"no setting can be trained: {'; '.join(refused.values())}", "Choose other settings.")
    told = [{"axis": name, "setting": setting, "reason": why} for (name, setting), why in refused.items()]
    return asked.study(
        "on-chip",
        own[1],
        series,
        asked.obtained(updates=f"{steps} a training"),
        _setting(math.nan, f"{own[1].name} as it is", best, against),
        metric,
        notes=_notes(own[0], steps, properties),
        more={"recipe": own[0].name, "steps": steps, "refused": told},
        lines=tuple(f"refused: {each['axis']} {each['setting']}: {each['reason']}" for each in told),
        compares_axes=True,
        beneath=(PULSES, "pulses an image"),
    )


def chip_recipe(subject: str) -> Recipe:
    """The recipe of that name or file, or that of a model, which learns on the chip.

    Raises:
        UserError: There is none, or it learns beside the chip.
    """
    if names_a_model(subject):
        stored = load_model(subject).info.get("recipe")
        if stored is None:
            raise UserError(f"model {subject} does not say by which recipe it was trained", "Name a recipe.")
        recipe = recipe_from(stored, f"recipe of {subject}")
    else:
        recipe = load_recipe(subject)
    if recipe.on_chip is None:
        raise UserError(
            f"{subject} learns beside the chip: its recipe has no on_chip",
            "Name one that has, such as digits-on-chip: spingan recipe list.",
        )
    return recipe


def learn_and_draw(task: ChipTraining) -> Attempt:
    """Train on the chip, draw the trial's images on that chip and judge them; or why the training ended early.

    Raises:
        UserError: The real images are not here.
    """
    recipe = short_recipe(json.loads(task.recipe), task.steps, task.seed)
    with short_training(recipe, technology_of(task.technology), task.steps) as (run, ended):
        if ended != AS_PLANNED:
            return Attempt(None, ended)
        model = load_model(run)
    try:
        images = image_bytes(model.sample(max(task.count, task.shown), task.seed))
    except UserError as error:
        return Attempt(None, error.problem)
    reference = reference_for(model, task.count, recipe.data.path)
    distance, variety = reference.distance_and_variety(images[: task.count])
    if not math.isfinite(distance):
        return Attempt(None, "its images cannot be judged")
    card = model.info["on chip"]
    second = card["pulses an image on second arrays, both nets"]
    values = {
        "distance": distance,
        **variety._asdict(),
        PULSES: card["pulses an image, both nets"] + second,
        "pulses_per_image_on_second_arrays": second,
        "pulses_per_device": card["mean writes of a device, second arrays included, both nets"],
        "most_pulses_of_a_device": card["most writes of a device, both nets"],
    }
    return Attempt(Outcome({key: (value,) for key, value in values.items()}, reference.metric, images[: task.shown]))


def _attempts(asked: Asked, chips: Sequence[Chip], steps: int) -> list[tuple[Attempt, ...]]:
    """The trainings of each chip, a seed each. The same one is run once."""
    trials = [
        [
            ChipTraining(json.dumps(recipe.to_dict()), technology_text(technology), steps, asked.count, seed)
            for seed in asked.numbers
        ]
        for recipe, technology in chips
    ]
    different = list(dict.fromkeys(trial for group in trials for trial in group))
    told = {"workers": asked.workers, "progress": asked.progress}
    found = dict(
        zip(different, run_parallel(learn_and_draw, different, what="trainings on the chip", **told), strict=True)
    )
    return [tuple(found[trial] for trial in group) for group in trials]


def _own(asked: Asked, steps: int) -> Chip:
    """The recipe, with the folder of images that is asked for, and its technology; seen to be able to learn.

    Raises:
        UserError: As `on_chip`.
    """
    recipe = chip_recipe(asked.model)
    if asked.data_path is not None:
        recipe = changed_recipe(recipe, data=recipe.data.to_dict() | {"path": asked.data_path})
    own = recipe, load_technology(recipe.technology)
    pulse_response(own[1])
    net_of(recipe.data.name, f"the recipe {recipe.name}")
    test_images(recipe.data.name, asked.count, recipe.data.path)
    first_images(recipe, steps)
    _build(own, asked.seed, steps)
    return own


def _chips(
    own: Chip, properties: dict[str, Property], seed: int, steps: int
) -> tuple[dict[Place, Chip], dict[Place, str]]:
    """The chips of all settings, and why there are none of others."""
    chips, refused = {}, {}
    for name, each in properties.items():
        for setting in each.settings:
            try:
                chip = each.change(own, setting)
                _build(chip, seed, steps)
            except UserError as error:
                refused[name, setting] = error.problem
            else:
                chips[name, setting] = chip
    return chips, refused


def _build(chip: Chip, seed: int, steps: int) -> None:
    """See that a training on the chip begins: a rule may want what the devices have not."""
    build_nets(short_recipe(chip[0].to_dict(), steps, seed), chip[1], torch.device("cpu"))


def _why_none(asked: Asked, attempts: Sequence[Attempt]) -> str:
    """Why a setting has no distance: a training of one of its seeds ended early; empty where all have one."""
    return "; ".join(
        f"seed {seed}: {each.refused}" for seed, each in zip(asked.numbers, attempts, strict=True) if each.refused
    )


def _outcomes(attempts: Sequence[Attempt]) -> list[Outcome]:
    return [each.outcome for each in attempts if each.outcome is not None]


def _setting(value: float, label: str, outcomes: Sequence[Outcome], ideal: Interval) -> Setting:
    """A setting compared with the ideal, and its pulses: means over the seeds."""
    pulses = {
        key: float(np.mean([each.values[key] for each in outcomes])) for key in outcomes[0].values if "pulses" in key
    }
    return replace(picture_setting(value, label, outcomes, ideal), more=pulses)


def _notes(recipe: Recipe, steps: int, properties: dict[str, Property]) -> tuple[str, ...]:
    updates = f"{steps} update{'s' if steps > 1 else ''}"
    notes = [
        f"Each training makes {updates} from new weights: its distance says what a device does to the beginning of "
        "learning, not to a finished net.",
        "Pulses are those of the training, on the devices of both nets and of second arrays; mean over the seeds.",
    ]
    if "rule" in properties and "residual" in properties["rule"].settings and recipe.average_decay is not None:
        notes.append("Rule residual: images are those of the last update, since no average of reads can be written.")
    if "write noise" in properties:
        notes.append("Write noise takes the place of what the file says of a step's spread, level by level.")
    return tuple(notes)


def _chosen(axes: Sequence[str], given: dict[str, Sequence[Any]]) -> dict[str, Property]:
    """The axes to measure with their settings.

    Raises:
        UserError: There is no such axis or setting, or settings are of an axis that is not measured.
    """
    unknown = [name for name in axes if name not in PROPERTIES]
    if unknown:
        raise UserError(f"unknown axis {unknown[0]!r}", f"Known: {', '.join(PROPERTIES)}.")
    told = [name for name, settings in given.items() if settings]
    wanted = axes or told or PROPERTIES
    idle = [name for name in told if name not in wanted]
    if idle:
        raise UserError(f"settings of {idle[0]}, which is not measured", f"Add --axis '{idle[0]}', or leave them out.")
    return {name: each.with_settings(given[name], name) for name, each in PROPERTIES.items() if name in wanted}
