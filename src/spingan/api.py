"""What the commands do, for notebooks: the steps along the road that need more than one of its parts."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spingan.arrays.conditions import ChipConditions
from spingan.errors import UserError
from spingan.image_grid import picture_format, save_grid
from spingan.nn.weights import FIT_IMAGES, Model, load_model, reprogrammed
from spingan.output import check_place, output_folder
from spingan.progress import Progress, no_progress
from spingan.spec.technology import Technology, load_technology, with_settings

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from spingan.circuits.decks import Deck
    from spingan.evaluation.quality import FeatureSpace, Quality
    from spingan.nn.onnx_file import OnnxFile
    from spingan.studies.appraise import Appraisal
    from spingan.studies.explored import Explored
    from spingan.studies.proposals import Sampler
    from spingan.studies.run import Name
    from spingan.studies.space import Space
    from spingan.studies.study import Study


def sample(
    model: str | Path | Model,
    out: str | Path,
    *,
    count: int = 64,
    seed: int = 0,
    chip_seed: int = 0,
    conditions: ChipConditions | None = None,
    label: int | None = None,
) -> Path:
    """Draw `count` images with a model and write them to the picture file `out` as one grid.

    Args:
        model: A run folder, a weights file, a shipped name, or a model that is loaded already.
        seed: Of the latents.
        chip_seed: Of what is frozen in the chip when its arrays are written.
        conditions: What about the chip is not ideal; its seed then decides which chip it is, not `chip_seed`.
        label: The class of all images, of a net that takes one; None: the classes in turn.

    Raises:
        UserError: There is no such model or class, or `out` cannot be written.
    """
    picture_format(out)
    check_place(out)
    chip = chip_seed if conditions is None else conditions
    return save_grid(_loaded(model).sample(count, seed, chip, labels=label).numpy(), out)


def evaluate(
    model: str | Path | Model,
    *,
    count: int = 10_000,
    seed: int = 0,
    chip_seed: int = 0,
    chips: int = 1,
    conditions: ChipConditions | None = None,
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
        chips: So many chips draw the images, with seeds from the first one's on: the result holds each one's measures,
            and means with intervals of 95 %.
        conditions: As in `sample`.
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
        chip=chip_seed if conditions is None else conditions,
        chips=chips,
        features=features,
        variety_count=variety_count,
        k=k,
        data_name=data_name,
        data_path=data_path,
        progress=progress,
    )


def reprogram(
    model: str | Path | Model,
    technology: str | Path | Technology | None = None,
    settings: Sequence[str] = (),
    *,
    fit_images: int = FIT_IMAGES,
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
        fit_images: Images that gains, ranges and batch norms are measured on.

    Raises:
        UserError: There is no such model, technology or key, or the net does not fit the technology.
    """
    loaded = _loaded(model)
    onto = loaded.technology if technology is None else _technology(technology)
    return reprogrammed(loaded, with_settings(onto, settings), fit_images)


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
            and `steps` (`quantization`), `axes`, `states`, `asymmetry`, `spread`, `write_noise`, `rules` and `steps`
            (`on-chip`).

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


def appraise(
    technology: str | Path,
    out: str | Path | None = None,
    *,
    model: str | Path = "clothes-longer",
    quality: float = 1.25,
    energy_j: float | None = None,
    count: int | None = None,
    chips: int | None = None,
    seed: int | None = None,
    adapt: bool = True,
    fresh: bool = False,
    data_name: str | None = None,
    data_path: str | Path | None = None,
    workers: int | None = None,
    scheduler: str | None = None,
    progress: Progress = no_progress,
) -> "Appraisal":
    """Is a technology good enough for a net, and if not, what would have to change; with `out`, as one page, too.

    Beside the page, `appraise.trials.jsonl` gets each result as it comes: an appraisal that was stopped goes on.

    Args:
        technology: A shipped name, a file or a folder; or a measured CSV file of levels or of a transfer.
        model: The net: a run folder, a weights file, or a shipped name.
        quality: Distance over the ideal's that is asked for.
        energy_j: Energy of an image that is asked for.
        count, chips, seed: Images a chip, how many chips, and the seed of the first. With none of them given, those by
            which the net's shipped tolerances were measured, if some ship; else 2,000, 3 and 0.
        adapt: Draw with adapted chips, too: each measures its own batch norms once.
        fresh: Measure everything, whatever is stored of the net.
        data_name, data_path, workers, scheduler: As `study` takes them.

    Raises:
        UserError: There is no such technology or model, a CSV file is neither levels nor a transfer, a number is out of
            range, or the net does not go onto the technology.
    """
    from spingan.studies.appraise import appraise as appraised
    from spingan.studies.parallel import Workers
    from spingan.studies.stored import Plan

    trials = None if out is None else output_folder(out) / "appraise.trials.jsonl"
    path = None if data_path is None else str(Path(data_path).resolve())
    given = {name: value for name, value in (("count", count), ("chips", chips), ("seed", seed)) if value is not None}
    found = appraised(
        technology,
        model=model,
        plan=Plan(**given) if given else None,
        quality=quality,
        energy_j=energy_j,
        adapt=adapt,
        fresh=fresh,
        data_name=data_name,
        data_path=path,
        workers=Workers(workers, scheduler, trials),
        progress=progress,
    )
    if out is not None:
        from spingan.reports.appraisal_page import write_appraisal

        write_appraisal(found, out)
    return found


def explore(
    space: "str | Path | Space",
    out: str | Path | None = None,
    *,
    model: str | Path | None = None,
    trials: int = 50,
    sampler: "Sampler" = "tpe",
    seed: int = 0,
    count: int = 2_000,
    chips: int = 3,
    data_name: str | None = None,
    data_path: str | Path | None = None,
    workers: int | None = None,
    scheduler: str | None = None,
    progress: Progress = no_progress,
) -> "Explored":
    """The best designs of a space; with `out`, as a page, and each design of the front as a technology in a folder.

    Beside the page, `explore.trials.jsonl` gets each design's result as it comes: a search that was stopped, and one
    that is asked for more designs, goes on from it and gives what one that was never stopped gives.

    Args:
        space: A shipped name, a YAML file, or a space that is loaded already (`spingan.studies.space`).
        model: The net, in place of the space's: a run folder, a weights file, or a shipped name.
        trials: Designs in all.
        sampler: `tpe`, `nsga2`, or `random`.
        seed: Of the search.
        count, chips: Images a chip, and how many chips.
        data_name, data_path, workers, scheduler: As `study` takes them.

    Raises:
        UserError: There is no such space or model, the space is not right, a number is out of range, or another search
            runs in `out`.
    """
    from contextlib import nullcontext

    from spingan.studies.explore import explore as explored
    from spingan.studies.parallel import Workers
    from spingan.studies.stored import Plan
    from spingan.training.run_lock import sole_training

    folder = None if out is None else output_folder(out)
    path = None if data_path is None else str(Path(data_path).resolve())
    with nullcontext() if folder is None else sole_training(folder, "search"):
        found = explored(
            space,
            model=model,
            trials=trials,
            sampler=sampler,
            seed=seed,
            plan=Plan(count, chips),
            data_name=data_name,
            data_path=path,
            workers=Workers(workers, scheduler, None if folder is None else folder / "explore.trials.jsonl"),
            progress=progress,
        )
        if folder is not None:
            from spingan.reports.explore_report import write_explored

            write_explored(found, folder)
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


def export_onnx(
    model: str | Path | Model,
    out: str | Path,
    *,
    conditions: ChipConditions = ChipConditions(),
    seed: int = 0,
) -> "OnnxFile":
    """Write a model's chip as an ONNX file, once onnxruntime draws the same 16 images from it to 1e-5.

    Args:
        model: A run folder, a weights file, a shipped name, or a model that is loaded already.
        conditions: Which chip, and what about it is not ideal; noise that is drawn anew at each read fits into no file.
        seed: Of the latents of the check.

    Raises:
        UserError: The extra `onnx` is not installed, there is no such model, the chip draws noise at each read or has
            converters, the pictures differ, or `out` cannot be written.
    """
    from spingan.nn.onnx_file import write_onnx

    return write_onnx(_loaded(model), out, conditions, seed=seed)


def _loaded(model: str | Path | Model) -> Model:
    return model if isinstance(model, Model) else load_model(model)


def _technology(technology: str | Path | Technology) -> Technology:
    return technology if isinstance(technology, Technology) else load_technology(technology)
