"""What the commands do, for notebooks: the steps along the road that need more than one of its parts."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from spingan.costs.account import FullBill
from spingan.costs.bill import Bill
from spingan.costs.components import load_components
from spingan.costs.rule_cost import RuleCost
from spingan.errors import UserError
from spingan.image_grid import picture_format, save_grid
from spingan.input_files import exists, is_folder
from spingan.nn.cost import measure_drawing, module_bill, module_full_bill, net_counts, pair_bill, pair_full_bill
from spingan.nn.update_rules import RULES
from spingan.nn.weights import Model, float_twin, load_model, reprogrammed, shipped_models
from spingan.output import check_place, output_folder, write_text
from spingan.progress import Progress, no_progress
from spingan.spec.technology import Technology, load_technology, shipped_technologies, with_settings
from spingan.training.recipe import Recipe, load_recipe, recipe_from, shipped_recipes

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from spingan.circuits.decks import Deck
    from spingan.costs.side_by_side import SideBySide
    from spingan.costs.training_rows import TrainingCompared
    from spingan.evaluation.quality import FeatureSpace, Quality
    from spingan.studies.run import Name
    from spingan.studies.study import Study


def sample(
    model: str | Path | Model,
    out: str | Path,
    *,
    count: int = 64,
    seed: int = 0,
    chip_seed: int = 0,
    label: int | None = None,
) -> Path:
    """Draw `count` images with a model and write them to the picture file `out` as one grid.

    Args:
        model: A run folder, a weights file, a shipped name, or a model that is loaded already.
        seed: Of the latents.
        chip_seed: Of what is frozen in the chip when its arrays are written.
        label: The class of all images, of a net that takes one; None: the classes in turn.

    Raises:
        UserError: There is no such model or class, or `out` cannot be written.
    """
    picture_format(out)
    check_place(out)
    return save_grid(_loaded(model).sample(count, seed, chip_seed, labels=label).numpy(), out)


def evaluate(
    model: str | Path | Model,
    *,
    count: int = 10_000,
    seed: int = 0,
    chip_seed: int = 0,
    features: "FeatureSpace" = "cnn",
    variety_count: int | None = None,
    k: int | None = None,
    data_name: str | None = None,
    data_path: str | Path | None = None,
    progress: Progress = no_progress,
) -> "Quality":
    """How good and how varied a model's images are, with the floor and the float twin (`spingan.evaluation.quality`).

    Args:
        model: A run folder, a weights file, a shipped name, or a model that is loaded already.
        variety_count: Of the images, so many are used to measure the variety; by default 2,000.
        k: Which nearest neighbours the variety is measured with; by default 5.
        data_name: Set of images that the model was trained on, where its file does not say it.
        data_path: Folder with the real images; by default the one that the model was trained from, if it is there.

    Raises:
        UserError: There is no such model, nobody says what it was trained on, a count or k is out of range, or the data
            are damaged.
    """
    from spingan.evaluation.quality import evaluate_model

    return evaluate_model(
        _loaded(model),
        count=count,
        seed=seed,
        chip_seed=chip_seed,
        features=features,
        variety_count=variety_count,
        k=k,
        data_name=data_name,
        data_path=data_path,
        progress=progress,
    )


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
    bill = pair_full_bill(what.net, own, library, what.latent_size, batch_size=batch, rule=_rule_cost(recipe, what))
    return replace(bill, name=what.name)


def compare_training(what: Recipe | Model, *, components: str | Path | None = None) -> "TrainingCompared | None":
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
    library = load_components(components)
    try:
        technology = load_technology(recipe.technology)
    except UserError:
        return None
    rules = {f"on the chip, {recipe.on_chip.rule}": _rule_cost(recipe, what), "beside the chip": None}
    bills = {
        name: pair_full_bill(
            recipe.net, technology, library, recipe.latent_size, batch_size=recipe.batch_size, rule=rule
        )
        for name, rule in rules.items()
    }
    both = net_counts(recipe.net, technology, recipe.latent_size)
    counts = {"generator": both.generator, "discriminator": both.discriminator}
    card = {} if isinstance(what, Recipe) else what.info.get("on chip", {})
    lasts, images = card.get("epochs until a device is worn"), recipe.training_images
    return compared(bills, counts, library, images=images, lifetime_epochs=lasts)


def _rule_cost(recipe: Recipe | None, what: Recipe | Model) -> RuleCost | None:
    """The rule by which a recipe learns on the chip, with the pulses that a trained model's card counts."""
    if recipe is None or recipe.on_chip is None:
        return None
    moments = 0 if not recipe.on_chip.moments else 2 if recipe.adam_betas[0] else 1
    cost = replace(RULES[recipe.on_chip.rule].cost, moments=moments, averaged=recipe.average_decay is not None)
    counted = {} if isinstance(what, Recipe) else what.info.get("on chip", {}).get("pulses of a weight an update", {})
    return replace(cost, **counted)


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
    chosen = [load_technology(name) for name in dict.fromkeys([*names, PAPER_S_WITHOUT_LIMIT, PAPER_S])]
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
    if not _names_a_model(name):
        return load_recipe(name, overrides)
    if overrides:
        raise UserError(f"{name} is a model, which has no keys to set", "Leave --set out, or name a recipe.")
    return load_model(name)


def _names_a_model(name: str | Path) -> bool:
    """Whether a text means a model: recipes come first, since a shipped model bears the name of its recipe."""
    if str(name) in shipped_recipes():
        return False
    return str(name) in shipped_models() or is_folder(name) or (exists(Path(name)) and Path(name).suffix != ".yaml")


def write_report(
    run: str | Path,
    out: str | Path | None = None,
    *,
    count: int = 10_000,
    progress: Progress = no_progress,
) -> Path:
    """Evaluate a run and write one self-contained HTML page about it.

    Args:
        run: A run folder, a weights file, or a shipped name.
        out: File to write; by default `report.html` in the run folder, or in the working folder.
        count: Images on each side of the quality, at most what the data set has.

    Raises:
        UserError: There is no such run, or the page cannot be written.
    """
    from spingan.reports.report import can_be_judged, read_metrics

    model = load_model(run)
    folder = Path(run) if is_folder(run) else None
    target = Path(out) if out is not None else (folder or Path()) / "report.html"
    check_place(target)
    quality = evaluate(model, count=count, progress=progress) if can_be_judged(model) else None
    metrics = read_metrics(folder / "metrics.csv") if folder is not None else None
    write_text(target, model_page(model, quality, metrics))
    return target


def model_page(model: Model, quality: "Quality | None", metrics: Any = None) -> str:
    """The report of a model as HTML, with the paper's account of its training.

    Args:
        quality: What `evaluate` found; None leaves the section out.
        metrics: The columns of the run's metrics.csv; None leaves the losses out.
    """
    from spingan.papers.account_tables import account_notes, account_tables
    from spingan.papers.training_account import account_of_model
    from spingan.reports.report import report_html
    from spingan.reports.tables import energy_text

    account = account_of_model(model)
    figures = [
        ("to draw an image", energy_text(account.generator_forward_energy_j, 4), "the paper's way: activations only"),
        ("to train with an image", energy_text(account.training_energy_per_image_j, 4), "the paper's way"),
    ]
    return report_html(
        model,
        quality,
        metrics,
        twin=float_twin(model),
        figures=figures,
        bill=account_tables(account),
        bill_notes=account_notes(account),
    )


def reprogram(
    model: str | Path | Model, technology: str | Path | Technology | None = None, settings: Sequence[str] = ()
) -> Model:
    """A trained generator written into the arrays of another technology, without training it again.

    Gains, activation ranges, converters' ranges and batch-norm statistics are measured anew on what the new devices
    hold. From columns that end in a load, whose weights depend on each other, what is written elsewhere is what they
    give.

    Args:
        model: A run folder, a weights file, a shipped name, or a model that is loaded already.
        technology: A shipped name, a .yaml file, its folder, or a technology that is loaded already; None is the
            model's own.
        settings: `key=value` changes of the technology, as `wire_resistance_ohm=0.35` or `adc.bits=8`.

    Raises:
        UserError: There is no such model, technology or key, or the net does not fit the technology.
    """
    loaded = _loaded(model)
    onto = loaded.technology if technology is None else _technology(technology)
    return reprogrammed(loaded, with_settings(onto, settings))


def study(
    name: "Name",
    model: str | Path,
    out: str | Path | None = None,
    *,
    workers: int | None = None,
    scheduler: str | None = None,
    **asked: "Any",
) -> "Study":
    """A study of a model, held against the papers' claims; with `out`, its pictures and table go into that folder.

    Beside them, `<name>.trials.jsonl` gets each trial's result as it comes. A study that was stopped goes on from it
    when it is called again; what other settings, other weights or other code gave is not taken for it.

    Args:
        model: A run folder, a weights file, or a shipped name.
        workers: Processes; by default as many as there are processors. The numbers do not depend on it.
        scheduler: Address of a Dask scheduler whose workers do the work instead; they must see the same files.
        asked: `seed`, `seeds` (3, or 10 chips), `count` (2,000 images a seed, or 200 test images), `data_name`,
            `data_path`, `progress` (`spingan.studies.run.run_study`), and what one study takes alone: `fractions`,
            `levels`, `axes`, `at` and `calibration` (`noise`), `technologies`, `at` and `calibration` (`time`), `bits`
            and `steps` (`quantization`).

    Raises:
        UserError: No such study or model, a folder that cannot be written, or as the study raises.
    """
    from spingan.papers.claims import held_against
    from spingan.studies.parallel import Workers
    from spingan.studies.run import run_study

    chosen = Workers(workers, scheduler, None if out is None else output_folder(out) / f"{name}.trials.jsonl")
    found = run_study(name, model, workers=chosen, **{**held_against(name), **asked})
    if out is not None:
        from spingan.reports.study_plots import write_study

        write_study(found, out)
    return found


def crossbar_deck(
    *,
    model: str | Path | Model | None = None,
    weights: str | Path | None = None,
    technology: str | Path | Technology | None = None,
    layer: str | None = None,
    columns: Sequence[int] = (0,),
    input_v: "NDArray[np.float64] | None" = None,
    chip_seed: int = 0,
) -> "Deck":
    """Columns of a crossbar as a SPICE deck: of a layer on a model's chip, or of a CSV file of weights.

    Args:
        model: A run folder, a weights file, a shipped name, or a model that is loaded already; or give `weights`.
        technology: To build the array in; None: the model's own, and wox-memristor for weights.
        layer: Of the model, by its name; None: the last analog one.
        columns: Of the weight matrix.
        input_v: (rows,) volts; None: the read voltage on every row.

    Raises:
        UserError: There is no such model, layer, column or file, or the technology knows no siemens.
    """
    from spingan.nn.crossbar_export import chip_layer, layer_deck, weights_layer

    if weights is not None:
        chosen = technology or "wox-memristor"
        return layer_deck(weights_layer(weights, _technology(chosen), chip_seed), columns, input_v)
    if model is None:
        raise UserError("there is no model and no weights", "Give one of the two")
    net = _loaded(model) if technology is None else reprogram(model, technology)
    return layer_deck(chip_layer(net, layer, chip_seed), columns, input_v)


def _loaded(model: str | Path | Model) -> Model:
    return model if isinstance(model, Model) else load_model(model)


def _technology(technology: str | Path | Technology) -> Technology:
    return technology if isinstance(technology, Technology) else load_technology(technology)
