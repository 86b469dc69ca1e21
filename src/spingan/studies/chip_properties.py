"""Properties of devices that are written by pulses, and of how they are written: chips that differ in one alone."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from spingan.errors import UserError
from spingan.nn.on_chip import pulse_response
from spingan.nn.update_rules import RULES
from spingan.spec.synapse import LEVEL_FIELDS, Synapse
from spingan.spec.technology import Technology
from spingan.studies.levels import MOST_LEVELS
from spingan.studies.variability import FRACTIONS, variability_of
from spingan.training.recipe import Recipe, recipe_from

STATES = (8, 16, 32, 64, 128, 256, 512, 1024)  # from few to more than any device here has: assumed
ASYMMETRY = (0.0, 0.5, 1.0, 2.0, 3.0)  # from equal steps over the device's own to its cube: assumed
WRITE_NOISE = (0.0, 0.1, 0.3, 0.5, 1.0)  # up to a step's own size: assumed
MOST_ASYMMETRY = 10.0  # assumed: beyond, a device of 128 levels hardly moves at one end
MOST_WRITE_NOISE = 10.0  # of a step; assumed: a pulse then says little of where it leads
READS = ("", "+nearest", "+read_back", "+read_after")
"""After a rule's name: devices are written blind, by whole parts or rounded; are read before; and after, too."""
RULE_NAMES = tuple(rule + reads for rule in RULES for reads in READS if not reads or rule == "mixed_precision")
"""The rules, and the one that can read devices at their pulses in all ways, blind first."""
Chip = tuple[Recipe, Technology]
"""What learns: a recipe, and the technology that it learns on."""


@dataclass(frozen=True)
class Property:
    """One property of a device or of how it is written, and its settings.

    Attributes:
        quantity, scale: As in `Series`.
        settings: Numbers, or names.
        change: A chip with that setting and nothing else changed.
        allows: Whether there is such a setting, and which there are.
        label: A setting on the chip that has it as text.
    """

    quantity: str
    settings: tuple[Any, ...]
    change: Callable[[Chip, Any], Chip]
    allows: Callable[[Any], bool]
    allowed: str
    label: Callable[[Chip, Any], str]
    scale: str = ""

    def with_settings(self, asked: Sequence[Any], name: str) -> Self:
        """The same with the settings that are asked for, in order; as it is where none are.

        Raises:
            UserError: There is no such setting.
        """
        for setting in asked:
            if not self.allows(setting):
                raise UserError(f"{name} {setting}: there is no such setting", f"Give {self.allowed}.")
        named = self.scale == "names"
        chosen = [each for each in self.settings if each in asked] if named else sorted(set(asked))
        return replace(self, settings=tuple(chosen)) if asked else self


def with_states(technology: Technology, states: int) -> Technology:
    """The technology whose devices have so many levels between the same ends, and steps for as many.

    Levels and steps keep their shape against the place between the ends. Steps and their spread are those of the file
    times (own states - 1) / (states - 1), so that as many times more pulses lead from end to end.
    """
    synapse = _synapse(technology)
    if states == synapse.states:
        return technology
    ratio = (synapse.states - 1) / (states - 1)
    places, old = np.linspace(0, 1, states), np.linspace(0, 1, synapse.states)
    levels = np.interp(places, old, synapse.conductance)
    changed: dict[str, Any] = {"conductance": _numbers(levels), "ensemble": None}
    for field in LEVEL_FIELDS:
        column = getattr(synapse, field)
        if column is not None:
            scale = ratio if field in ("step_up", "step_up_spread", "step_down", "step_down_spread") else 1.0
            changed[field] = _numbers(scale * np.interp(levels, synapse.conductance, column))
    return _changed(technology, f"{states} states", changed)


def with_asymmetry(technology: Technology, exponent: float) -> Technology:
    """The technology with its steps' exponent scaled: 0 makes all steps equal, up and down; 1 is the file's device.

    A step t(x) at the place x, up or down, becomes e (t(x) / e)^k, with e the span over the states less one. So the
    ratio of a step up to one down is taken to the power k at every place, and exp(-ν x) becomes exp(-k ν x). At half
    scale such a memristor's steps are equal whatever k; at its ends their ratio is exp(± k ν). From end to end it takes
    k^-1 (exp(k ν) - 1) ν^(k-1) / (exp(ν) - 1)^k times as many mean pulses: 1.25 for ν = 1 and k = 3. A step's spread
    stays the same fraction of it.
    """
    synapse = _synapse(technology)
    if exponent == 1:
        return technology
    equal = (synapse.conductance[-1] - synapse.conductance[0]) / (synapse.states - 1)
    changed: dict[str, Any] = {}
    for way in ("step_up", "step_down"):
        steps = np.asarray(getattr(synapse, way))
        bent = equal * (steps / equal) ** exponent
        changed[way] = _numbers(bent)
        spread = getattr(synapse, f"{way}_spread")
        if spread is not None:
            share = np.divide(spread, steps, out=np.zeros_like(steps), where=steps > 0)
            changed[f"{way}_spread"] = _numbers(share * bent)
    return _changed(technology, f"steps to the power {exponent:g}", changed)


def with_write_noise(technology: Technology, fraction: float) -> Technology:
    """The technology whose steps differ from pulse to pulse by that fraction of themselves, at every level."""
    synapse = _synapse(technology)
    spread = synapse.spread.model_copy(update={"cycle_to_cycle": fraction})
    told = {"spread": spread, "step_up_spread": None, "step_down_spread": None}
    changed = _changed(technology, f"write noise {fraction:.0%}", told)
    own, new = pulse_response(technology), pulse_response(changed)
    pairs = (own.up_spread, new.up_spread), (own.down_spread, new.down_spread)
    return technology if all(np.allclose(one, other, atol=0) for one, other in pairs) else changed


def with_spread(chip: Chip, fraction: float) -> Chip:
    """The chip whose devices differ by that fraction, of what the recipe says or, where it says nothing, resistance."""
    recipe, technology = chip
    noise = recipe.programming_noise
    of = variability_of(technology)[0] if noise is None else noise.of
    return changed_recipe(recipe, programming_noise={"fraction": fraction, "of": of}), technology


def with_rule(chip: Chip, rule: str) -> Chip:
    """The chip that learns by one of `RULE_NAMES`, else as the recipe says; `residual` has no average of reads."""
    recipe, technology = chip
    assert recipe.on_chip is not None
    name, _, reads = rule.partition("+")
    told = {"rule": name, "read_back": reads.startswith("read"), "read_after": reads == "read_after"}
    told["pulse_at"] = 0.5 if reads == "nearest" else 1.0
    changed: dict[str, Any] = {"on_chip": recipe.on_chip.model_dump(mode="json") | told}
    if rule == "residual":
        changed |= {"average_decay": None, "average_from": None}
    return changed_recipe(recipe, **changed), technology


def changed_recipe(recipe: Recipe, **changed: Any) -> Recipe:
    """The recipe with other values of some keys.

    Raises:
        UserError: They do not go together.
    """
    return recipe_from(recipe.to_dict() | changed, f"recipe {recipe.name}")


def _synapse(technology: Technology) -> Synapse:
    pulse_response(technology)
    assert technology.synapse is not None
    return technology.synapse


def _changed(technology: Technology, what: str, changed: dict[str, Any]) -> Technology:
    synapse = _synapse(technology).model_copy(update=changed)
    return technology.model_copy(update={"synapse": synapse, "name": f"{technology.name}, {what}"})


def _numbers(values: NDArray[np.float64]) -> tuple[float, ...]:
    return tuple(float(value) for value in values)


def _up_over_down(technology: Technology) -> float:
    """A step up over one down at the smallest conductance; infinite where none goes down."""
    response = pulse_response(technology)
    return float(response.up[0] / response.down[0]) if response.down[0] else math.inf


# The bounds are those of what is changed: two levels make a device, and a resistance stays above zero.
PROPERTIES: dict[str, Property] = {
    "states": Property(
        "states of a device",
        STATES,
        lambda chip, states: (chip[0], with_states(chip[1], int(states))),
        lambda states: states == int(states) and 2 <= states <= MOST_LEVELS,
        f"whole numbers from 2 to {MOST_LEVELS:,}",
        lambda _, states: f"{states:g} states",
        "log2",
    ),
    "asymmetry": Property(
        "exponent of the steps, in the device's own",
        ASYMMETRY,
        lambda chip, exponent: (chip[0], with_asymmetry(chip[1], exponent)),
        lambda exponent: 0 <= exponent <= MOST_ASYMMETRY,
        f"exponents from 0 to {MOST_ASYMMETRY:g}",
        lambda chip, exponent: f"{exponent:g}: up {_up_over_down(chip[1]):.3g} x down at the smallest",
    ),
    "spread": Property(
        "spread from device to device",
        FRACTIONS,
        with_spread,
        lambda fraction: 0 <= fraction < 1,
        "fractions from 0 to below 1",
        lambda _, fraction: f"{100 * fraction:g} %",
        "percent",
    ),
    "write noise": Property(
        "spread of a step, of the step",
        WRITE_NOISE,
        lambda chip, fraction: (chip[0], with_write_noise(chip[1], fraction)),
        lambda fraction: 0 <= fraction <= MOST_WRITE_NOISE,
        f"fractions from 0 to {MOST_WRITE_NOISE:g}",
        lambda _, fraction: f"{100 * fraction:g} %",
        "percent",
    ),
    "rule": Property(
        "rule",
        RULE_NAMES,
        with_rule,
        lambda rule: rule in RULE_NAMES,
        f"one of {', '.join(RULE_NAMES)}",
        lambda _, rule: rule,
        "names",
    ),
}
"""The axes by their names."""
