"""What a rule of learning on the chip costs, with the pulses that a training counted."""

from dataclasses import replace

from spingan.costs.rule_cost import RuleCost
from spingan.nn.update_rules import RULES
from spingan.nn.update_rules.mixed_precision import MOST_TRIES
from spingan.nn.weights import Model
from spingan.training.recipe import Recipe


def rule_cost(recipe: Recipe | None, what: Recipe | Model) -> RuleCost | None:
    """The rule by which a recipe learns on the chip, with the pulses that a trained model's card counts."""
    if recipe is None or recipe.on_chip is None:
        return None
    moments = 0 if not recipe.on_chip.moments else 2 if recipe.adam_betas[0] else 1
    told = {"averaged": recipe.average_decay is not None, "read_back": recipe.on_chip.read_back}
    tries = MOST_TRIES if recipe.on_chip.read_after else 0
    cost = replace(RULES[recipe.on_chip.rule].cost, moments=moments, tries=tries, **told)
    counted = {} if isinstance(what, Recipe) else what.info.get("on chip", {}).get("pulses of a weight an update", {})
    return replace(cost, **counted)
