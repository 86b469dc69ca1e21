"""What nets cost on a technology: by line, as a whole, and beside other technologies, machines and trainings."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from spingan.costs.account import FullBill
from spingan.costs.bill import Bill
from spingan.costs.components import Library, load_components
from spingan.errors import UserError
from spingan.nn.cost import measure_drawing, module_bill, module_full_bill, net_counts, pair_bill, pair_full_bill
from spingan.nn.weights import Model, load_model
from spingan.spec.technology import Technology, load_technology, shipped_technologies
from spingan.training.pulses_billed import rule_cost
from spingan.training.recipe import Recipe, load_recipe, names_a_model, recipe_from

if TYPE_CHECKING:
    from spingan.costs.side_by_side import SideBySide
    from spingan.costs.training_rows import TrainingCompared


def cost(
    what: str | Path | Recipe | Model | nn.Module,
    technology: str | Path | Technology | None = None,
    example_input: Any = None,
) -> Bill:
    """The bill of one image: how often each part of the hardware acts, times what an action of it costs.

    Args:
        what: A recipe (shipped name, YAML file, or loaded) or a model (shipped name, run folder, weights file, or
            loaded), of which generator and discriminator are counted; or any `nn.Module`, converted on a copy.
        technology: A shipped name, a .yaml file, its folder, or a loaded one; by default that of the recipe or model.
        example_input: What a module takes, batch 1.

    Raises:
        UserError: There is no such recipe, model or technology, a module comes without technology or example, or a net
            cannot be converted or counted.
    """
    chosen = None if technology is None else _technology(technology)
    if isinstance(what, nn.Module):
        if chosen is None:
            remedy = 'Name one: spingan.cost(net, "skyrmion-published", example_input=torch.zeros(1, ...))'
            raise UserError("a net has no technology of its own", remedy)
        return module_bill(what, chosen, example_input)
    if isinstance(what, str | Path):
        what = recipe_or_model(what)
    own = chosen or (what.technology if isinstance(what, Model) else load_technology(what.technology))
    return replace(pair_bill(what.net, own, what.latent_size), name=what.name)


def full_bill(
    what: str | Path | Recipe | Model | nn.Module,
    technology: str | Path | Technology | None = None,
    *,
    components: str | Path | None = None,
    example_input: Any = None,
    batch_size: int | None = None,
) -> FullBill:
    """The whole bill of one image, every part of the hardware counted: drawing it, and training with it.

    Args:
        what, technology, example_input: As `cost` takes them. Of a pair, the generator draws.
        components: A YAML file whose entries override the library of components.
        batch_size: Images that share an update; by default the recipe's, and for a module no training is billed.

    Raises:
        UserError: As `cost`, or a components file that is not right, or a node or bits outside of a rule's range.
    """
    library = load_components(components)
    chosen = None if technology is None else _technology(technology)
    if isinstance(what, nn.Module):
        if chosen is None:
            remedy = 'Name one: spingan.full_bill(net, "skyrmion-published", example_input=torch.zeros(1, ...))'
            raise UserError("a net has no technology of its own", remedy)
        return module_full_bill(what, chosen, library, example_input, batch_size)
    if isinstance(what, str | Path):
        what = recipe_or_model(what)
    own = chosen or (what.technology if isinstance(what, Model) else load_technology(what.technology))
    recipe = what if isinstance(what, Recipe) else _trained_by(what)
    batch = batch_size if batch_size is not None or recipe is None else recipe.batch_size
    library = _with_slope_penalty(library, recipe)
    bill = pair_full_bill(what.net, own, library, what.latent_size, batch_size=batch, rule=rule_cost(recipe, what))
    if bill.training is not None and recipe is not None and recipe.discriminator_exact:
        told = "a discriminator in floating point (discriminator_exact): the bill has it on the technology's devices"
        training = replace(bill.training, not_counted=(told, *bill.training.not_counted))
        return replace(bill, name=what.name, training=training)
    return replace(bill, name=what.name)


def compare_training(
    what: Recipe | Model,
    technology: str | Path | Technology | None = None,
    *,
    components: str | Path | None = None,
) -> "TrainingCompared | None":
    """Training with one image on the chip, beside it on the same devices, and on machines at their peak.

    Returns:
        None for a net that does not learn on the chip, or whose technology is in no file any more. A trained model's
        writes tell how long its devices last.

    Raises:
        UserError: As `full_bill`.
    """
    from spingan.costs.training_rows import compare_training as compared

    recipe = what if isinstance(what, Recipe) else _trained_by(what)
    if recipe is None or recipe.on_chip is None:
        return None
    library = _with_slope_penalty(load_components(components), recipe)
    try:
        chosen = load_technology(recipe.technology) if technology is None else _technology(technology)
    except UserError:
        return None
    rules = {f"on the chip, {recipe.on_chip.rule}": rule_cost(recipe, what), "beside the chip": None}
    bills = {
        name: pair_full_bill(recipe.net, chosen, library, recipe.latent_size, batch_size=recipe.batch_size, rule=rule)
        for name, rule in rules.items()
    }
    both = net_counts(recipe.net, chosen, recipe.latent_size)
    counts = {"generator": both.generator, "discriminator": both.discriminator}
    card = {} if isinstance(what, Recipe) else what.info.get("on chip", {})
    lasts, images = card.get("epochs until a device is worn"), recipe.training_images
    return compared(bills, counts, library, images=images, lifetime_epochs=lasts)


def _with_slope_penalty(library: Library, recipe: Recipe | None) -> Library:
    """The library for a training whose discriminator also looks at a shifted copy of each real and each made image.

    The slope penalty's two more reads go forward and back, as often as the recipe takes it.
    """
    if recipe is None or recipe.slope_penalty is None or "discriminator" not in library.passes:
        return library
    usual, more = library.passes["discriminator"], 2 / recipe.slope_penalty.every
    ways = {way: getattr(usual, way) + more for way in ("forward", "backward", "gradients")}
    return replace(library, passes={**library.passes, "discriminator": usual.model_copy(update=ways)})


def _trained_by(model: Model) -> Recipe | None:
    """The recipe that a model's file names; None where it names none."""
    stored = model.info.get("recipe")
    return None if stored is None else recipe_from(stored, f"recipe of {model.name}")


def compare_bills(
    what: str | Path | Recipe | Model,
    technologies: Sequence[str | Path] = (),
    *,
    components: str | Path | None = None,
) -> "SideBySide":
    """One image of a recipe's or model's generator on several technologies, a graphics card and a processor.

    Paper S's devices are always among them, in tiles that they allow and in ones without a limit. The library's
    machines count at their peak; the time on this processor is measured now.

    Args:
        technologies: Names, files or folders; by default every shipped one. A machine's name picks that machine.
        components: A YAML file whose entries override the library of components, machines included.

    Raises:
        UserError: As `full_bill`.
    """
    from spingan.costs.side_by_side import PAPER_S, PAPER_S_WITHOUT_LIMIT, machine_row, measured_row, side_by_side

    if isinstance(what, str | Path):
        what = recipe_or_model(what)
    library = load_components(components)
    named = [str(name) for name in technologies if str(name) in library.machines]
    names = [str(name) for name in technologies if str(name) not in named] or list(shipped_technologies())
    chosen: list[Technology] = []
    for technology in map(load_technology, (*names, PAPER_S_WITHOUT_LIMIT, PAPER_S)):
        if technology not in chosen:
            if technology.name in [other.name for other in chosen]:
                raise UserError(
                    f"two different technologies have the name {technology.name}", "Rename one in its file."
                )
            chosen.append(technology)
    bills = [pair_full_bill(what.net, technology, library, what.latent_size) for technology in chosen]
    synapses = [technology.synapse for technology in chosen]
    shown = named or list(library.machines)
    machines = [machine_row(name, library.machines[name], bills[0].useful_macs) for name in shown]
    seconds, runs = measure_drawing(what.net, what.latent_size)
    how = f"measured now: PyTorch, batch 1, {torch.get_num_threads()} threads, median of {runs} runs"
    machines.append(measured_row(seconds, how))
    return side_by_side(what.name, list(zip(bills, synapses, strict=True)), machines)


def recipe_or_model(name: str | Path, overrides: tuple[str, ...] = ()) -> Recipe | Model:
    """A recipe with some keys changed, or a model; a shipped model that bears its recipe's name is that recipe.

    Raises:
        UserError: There is neither, or keys are to be changed in a model.
    """
    if not names_a_model(name):
        return load_recipe(name, overrides)
    if overrides:
        raise UserError(f"{name} is a model, which has no keys to set", "Leave --set out, or name a recipe.")
    return load_model(name)


def _technology(technology: str | Path | Technology) -> Technology:
    return technology if isinstance(technology, Technology) else load_technology(technology)
