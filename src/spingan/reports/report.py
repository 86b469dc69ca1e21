"""The report of a run: its pictures, their quality, what became of each layer, the bill, and how it was obtained."""

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from spingan import __version__
from spingan.arrays.mapping import nearest_level
from spingan.data.catalogue import DATA
from spingan.errors import UserError
from spingan.image_grid import image_grid, png_bytes
from spingan.input_files import reason
from spingan.nn.analog import analog_layers
from spingan.nn.weights import Model
from spingan.reports import plots
from spingan.reports.page import Picture, page
from spingan.reports.quality_table import quality_notes, quality_table
from spingan.reports.tables import Table
from spingan.training.images import training_tensor
from spingan.training.recipe import Recipe, load_recipe, recipe_from

if TYPE_CHECKING:
    from spingan.evaluation.quality import Quality

SHOWN = 64  # images a grid
_RECIPE_OF_NET = {
    "fashion": "fashion-mnist",
    "fashion-norm-free": "clothes",
    "colour-64-norm-free": "faces",
    "colour-64": "anime-faces",
    "am-dcgan": "mnist-memristive",
    "am-dcgan-batch-norm": "mnist-memristive",
}


def can_be_judged(model: Model) -> bool:
    """Whether real images to evaluate the model with are known and at hand."""
    data = model.origin.data
    return data is not None and DATA[data].feature_net is not None and DATA[data].few(1) is not None


def report_html(
    model: Model,
    quality: "Quality | None",
    metrics: dict[str, NDArray[np.float64]] | None = None,
    *,
    twin: Model | None = None,
    figures: Sequence[tuple[str, str, str]] = (),
    bill: Sequence[Table] = (),
    bill_notes: Sequence[str] = (),
) -> str:
    """The page about a model.

    Args:
        quality: What `spingan.evaluate` found; None leaves the section out.
        metrics: The columns of the run's metrics.csv; None leaves the losses out.
        twin: The model's float twin, whose images are shown too.
        figures: More numbers for the top of the page: (what, value, how to read it).
        bill: Tables of what it costs, with `bill_notes` below them.
    """
    return page(
        "report.html",
        title=model.name,
        subtitle=f"{model.net} net on technology {model.technology.name}",
        figures=[*_figures(model, quality), *figures],
        pictures=_pictures(model, twin),
        losses=None if metrics is None else _losses(metrics),
        quality=None if quality is None else _quality(quality),
        devices=_device_plots(model),
        conversion=_conversion(model),
        not_simulated=model.conversion.not_simulated,
        unchecked=model.conversion.unchecked,
        bill=bill,
        bill_notes=bill_notes,
        obtained=_obtained(model, quality),
    )


def read_metrics(path: Path) -> dict[str, NDArray[np.float64]] | None:
    """The columns of a run's metrics.csv, or None if there is no row yet.

    Raises:
        UserError: The file is damaged.
    """
    if not path.is_file():
        return None
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = list(csv.reader(file))
        table = np.array(rows[1:], dtype=np.float64)
        return dict(zip(rows[0], table.T, strict=True)) if len(rows) > 1 else None
    except Exception as error:  # bytes that are no text, a cell without end, rows of other lengths
        remedy = "Resume the run, which writes its last rows anew, or move the file away."
        raise UserError(f"{path} is damaged: {reason(error)}", remedy) from error


class LevelShares(NamedTuple):
    """How the weights of some layers lie on the levels that these layers share, by each column's full scale.

    Attributes:
        layers: How many.
        levels: (states,) in -1..1.
        shares: (states,) fractions that add to 1.
    """

    layers: int
    levels: NDArray[np.float64]
    shares: NDArray[np.float64]


def level_shares(model: Model) -> list[LevelShares]:
    """Where the generator's weights lie, for layers of one ladder of levels together; nothing for float weights."""
    ladders: dict[tuple[float, ...], list[torch.Tensor]] = {}
    for layer in analog_layers(model.generator):
        if not layer.levels.numel():
            continue
        shape = [1] * layer.weight.dim()
        shape[layer.column_axis] = -1
        codes = nearest_level((layer.weight.detach() / layer.gain.view(shape)).clamp(-1, 1), layer.levels)
        found = torch.bincount(codes.flatten(), minlength=layer.levels.numel())
        ladders.setdefault(tuple(layer.levels.tolist()), []).append(found)
    totals = {levels: torch.stack(counts).sum(0).double() for levels, counts in ladders.items()}
    return [
        LevelShares(len(ladders[levels]), np.array(levels), (total / total.sum()).numpy())
        for levels, total in totals.items()
    ]


def recipe_of(model: Model) -> Recipe:
    """The recipe that a model was trained by; without a record the shipped one of its net."""
    stored = model.info.get("recipe")
    if stored is None:
        if model.net not in _RECIPE_OF_NET:
            raise UserError(f"model {model.name} does not say by which recipe it was trained", "Train it by a recipe.")
        return load_recipe(_RECIPE_OF_NET[model.net])
    return recipe_from(stored, f"recipe of {model.name}")


def _figures(model: Model, quality: "Quality | None") -> list[tuple[str, str, str]]:
    """The numbers that stand on top: (what, value, how to read it)."""
    figures = []
    if quality is not None:
        beside = "" if quality.float_twin is None else f"float twin {quality.float_twin:.2f}, "
        figures.append((quality.metric, f"{quality.value:.2f}", f"{beside}real images {quality.floor:.2f}"))
        figures += [
            (f"{name}, {quality.variety.count:,} images", f"{value:.2f}", f"real images {floor:.2f}")
            for name, value, floor in (
                ("recall", quality.variety.recall, quality.variety_floor.recall),
                ("coverage", quality.variety.coverage, quality.variety_floor.coverage),
            )
        ]
    synapse = model.technology.synapse
    figures.append(("states of a synapse", "float" if synapse is None else str(synapse.states), model.technology.name))
    return figures


def _pictures(model: Model, twin: Model | None) -> list[Picture]:
    pictures = [_grid("This model", f"{SHOWN} images drawn by {model.name}", model.sample(SHOWN).numpy())]
    if twin is not None:
        pictures.append(_grid("Float twin", "The same net with float weights", twin.sample(SHOWN).numpy()))
    real = real_images(model)
    if real is not None:
        pictures.append(_grid("Real images", f"{SHOWN} of the data set", real))
    return pictures


def real_images(model: Model) -> ArrayLike | None:
    """Real images to set beside a model's, (SHOWN, channels, height, width); None where none are here or known."""
    origin = model.origin
    images = None if origin.data is None else DATA[origin.data].few(SHOWN, origin.data_path)
    return None if images is None else training_tensor(images).numpy()


def _grid(name: str, caption: str, images: ArrayLike) -> Picture:
    return Picture.png(name, caption, png_bytes(image_grid(images, columns=8, scale=1, gap=1)))


def _losses(metrics: dict[str, NDArray[np.float64]]) -> Picture:
    last = {name: column[-1] for name, column in metrics.items()}
    caption = (
        f"Losses of both nets over {last['epoch']:.0f} epochs; at the end D {last['discriminator_loss']:.3g}, "
        f"G {last['generator_loss']:.3g}; {metrics['saturated_fraction'][-1]:.2%} of the activations saturated."
    )
    return Picture.svg("Losses", caption, plots.svg_bytes(plots.loss_curves(metrics)))


def _quality(quality: "Quality") -> dict[str, Any]:
    shares = tuple((name, f"{share:.1%}", share) for name, share in quality.class_histogram.items())
    return {
        "table": quality_table(quality),
        "notes": quality_notes(quality),
        "classes": shares,
        "missing": quality.missing_classes,
        "protocol": quality.protocol,
    }


def _device_plots(model: Model) -> list[Picture]:
    pictures = []
    found = level_shares(model)
    for layers, levels, shares in found:
        whose = "the generator's weights" if len(found) == 1 else f"the weights of {layers} of the generator's layers"
        caption = f"Where {whose} lie on their {len(levels)} levels, after each column's gain."
        pictures.append(Picture.svg("Levels", caption, plots.svg_bytes(plots.level_histogram(shares, levels))))
    activations = list(model.technology.activations.values())
    if activations:
        caption = "What the activation devices do with their input; markers: the functions that they stand for."
        pictures.append(Picture.svg("Transfer", caption, plots.svg_bytes(plots.transfer_curves(activations))))
    return pictures


def _conversion(model: Model) -> Table:
    rows = tuple((row.layer, row.type, row.kind, row.becomes, row.detail) for row in model.conversion.rows)
    return Table("What became of each layer of the generator", ("layer", "type", "class", "becomes", "detail"), rows)


def _obtained(model: Model, quality: "Quality | None") -> Table:
    """Recipe, versions and wall times; nested keys with a dot."""
    facts: dict[str, Any] = {"report by": f"spingan {__version__}, torch {torch.__version__}"}
    for key, value in model.info.items():
        if key == "recipe":
            facts |= {f"recipe: {name}": item for name, item in value.items() if item is not None}
        elif key == "technology":
            facts["technology"] = model.technology.name
        elif key == "seconds":
            facts["training time"] = f"{value / 3600:.2f} h"
        else:
            facts[key.replace("_", " ")] = value
    if quality is not None:
        facts |= {f"quality: {key}": value for key, value in quality.obtained.items()}
        facts["quality: time"] = f"{quality.seconds:.1f} s"
    return Table("", ("what", "value"), tuple((key, _plain(value)) for key, value in facts.items()))


def _plain(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {_plain(item)}" for key, item in value.items() if item is not None)
    if isinstance(value, list | tuple):
        return ", ".join(map(_plain, value))
    return f"{value:g}" if isinstance(value, float) else str(value)
