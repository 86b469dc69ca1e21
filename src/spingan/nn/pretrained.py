"""Models in folders as the Hugging Face Hub has them: a card, a configuration, weights as safetensors.

`model.safetensors` holds everything that a model is (`spingan.nn.weights`); `config.json` repeats what its header says,
for people and for the Hub, and is not read.
"""

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml

from spingan import __version__
from spingan.costs.components import load_components
from spingan.costs.headlines import five_numbers
from spingan.data.catalogue import DATA
from spingan.errors import UserError
from spingan.extras import needs
from spingan.image_grid import save_grid
from spingan.input_files import exists
from spingan.nn.analog import analog_layers
from spingan.nn.cost import pair_full_bill
from spingan.nn.model_files import HUB_WEIGHTS, shipped_models
from spingan.nn.weights import Model, load_model, save_weights
from spingan.output import output_folder, write_text
from spingan.spec.technology import Technology

CARD, CONFIG, PICTURES = "README.md", "config.json", "samples.png"
_TASK = "unconditional-image-generation"
_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")


def save_pretrained(
    model: Model, folder: str | Path, *, license: str | None = None, metrics: Mapping[str, float] | None = None
) -> Path:
    """Write a model as a folder that the Hub can show and `from_pretrained` reads; returns the folder.

    Args:
        license: Of the weights, by the Hub's names ("mit", "cc-by-4.0"); None is unknown.
        metrics: What was measured, by name, for the card: `{quality.metric: quality.value}` of `spingan.evaluate`.

    A card (README.md) that is there already is kept, as somebody may have written in it.

    Raises:
        UserError: A number in the model or among the metrics is not finite, or the folder cannot be written.
    """
    for name, value in (metrics or {}).items():
        if not abs(float(value)) < float("inf"):
            raise UserError(f"metric {name} is {value}, which is not finite", "Leave it out.")
    place = output_folder(folder)
    save_grid(model.sample(64).numpy(), place / PICTURES)
    write_text(place / CONFIG, json.dumps(_config(model), indent=2, ensure_ascii=False) + "\n")
    if not (place / CARD).exists():
        write_text(place / CARD, card(model, license=license, metrics=metrics))
    save_weights(place / HUB_WEIGHTS, model)
    return place


def from_pretrained(
    model: str | Path, *, revision: str | None = None, cache_dir: str | Path | None = None, offline: bool = False
) -> Model:
    """A model from a folder, by its shipped name, or from the Hub by its id, "owner/name".

    Only the Hub needs the extra `hub` and the network. What is there in the folder or the cache needs neither.

    Args:
        revision: Branch, tag or commit on the Hub.
        cache_dir: Where downloads are kept; None is the Hub's own place.
        offline: Take from the cache only.

    Raises:
        UserError: There is no such model, huggingface_hub is not installed, the Hub cannot be reached, or what is there
            is no model of spingan.
    """
    name = str(model)
    if name in shipped_models() or exists(Path(model)) or not _HUB_ID.fullmatch(name):
        return load_model(model)
    with needs(f"{name} is no folder here, and to look for it on the Hugging Face Hub"):
        from huggingface_hub import snapshot_download
    return load_model(_downloaded(snapshot_download, name, revision, cache_dir, offline))


def _downloaded(
    download: Callable[..., str], name: str, revision: str | None, cache_dir: str | Path | None, offline: bool
) -> Path:
    from huggingface_hub.errors import LocalEntryNotFoundError, RepositoryNotFoundError, RevisionNotFoundError

    try:
        place = download(
            name,
            revision=revision,
            cache_dir=cache_dir,
            local_files_only=offline,
            allow_patterns=[HUB_WEIGHTS, CONFIG, CARD],
        )
    except RevisionNotFoundError as error:
        raise UserError(f"the Hub's model {name} has no revision {revision}", "Name another.") from error
    except RepositoryNotFoundError as error:
        raise UserError(
            f"there is no model {name}, neither a folder here nor on the Hub",
            f"Check the name, or log in where it is private. Shipped are {', '.join(shipped_models())}.",
        ) from error
    except (LocalEntryNotFoundError, OSError) as error:
        raise UserError(
            f"{name} is no folder here, and the Hub cannot be reached",
            "Go online once, or give the folder of a copy.",
        ) from error
    if not (Path(place) / HUB_WEIGHTS).exists():
        raise UserError(f"the Hub's {name} holds no {HUB_WEIGHTS}", "Name a model that save_pretrained wrote.")
    return Path(place)


def card(model: Model, *, license: str | None = None, metrics: Mapping[str, float] | None = None) -> str:
    """The model's card: YAML that the Hub reads, then the same for people, and how to use it."""
    data = model.origin.data
    about: dict[str, Any] = {
        "library_name": "spingan",
        "license": license or "unknown",
        "pipeline_tag": _TASK,
        "tags": ["spingan", "gan", "in-memory-computing", model.technology.name, *([data] if data else [])],
    }
    if metrics:
        found = [{"type": _slug(name), "name": name, "value": float(value)} for name, value in metrics.items()]
        set_ = data or "unknown"
        result = {"task": {"type": _TASK}, "dataset": {"type": _slug(set_), "name": set_}, "metrics": found}
        about["model-index"] = [{"name": model.name, "results": [result]}]
    family, levels = model.family, max((layer.levels.numel() for layer in analog_layers(model.generator)), default=0)
    rows = {
        "images": f"{family.size}x{family.size}, {'grey' if family.channels == 1 else f'{family.channels} channels'}",
        "net": model.net,
        "technology": model.technology.name,
        "weights": f"codes of {levels} levels and a gain for each column" if levels else "floating point",
        "trained on": _data_row(data),
        "loss": model.origin.loss or "unknown",
        **{str(name): str(model.info[name]) for name in _OF_INFO if name in model.info},
    }
    lines = [f"| {what} | {str(value).replace('|', '/')} |" for what, value in rows.items()]
    measured = [f"| {name} | {float(value):.4g} |" for name, value in (metrics or {}).items()]
    parts = [
        f"---\n{yaml.safe_dump(about, sort_keys=False, allow_unicode=True)}---",
        f"# {model.name}",
        "A generator on in-memory hardware, made with spingan: its weights are what a crossbar of the technology below "
        "holds, and its activations are that technology's devices.",
        f"![samples]({PICTURES})",
        "\n".join(["| what | value |", "|---|---|", *lines]),
        *(["\n".join(["| measured | value |", "|---|---|", *measured])] if measured else []),
        _bill(model),
        "## Use",
        "```python\nfrom spingan.nn import Model\n\n"
        'model = Model.from_pretrained("THIS FOLDER, OR ITS NAME ON THE HUB")\n'
        "images = model.sample(64)  # (64, channels, size, size) in -1..1\n```",
        "```sh\nspingan evaluate THIS_FOLDER\nspingan cost THIS_FOLDER\n```",
    ]
    return "\n\n".join(parts) + "\n"


def bill_text(net: str, technology: Technology, latent_size: int) -> str:
    """What it takes to draw one image, all parts of the hardware counted, as a card's table.

    Raises:
        UserError: An unknown net, or a layer that cannot be counted on the technology.
    """
    drawing = pair_full_bill(net, technology, load_components(), latent_size).drawing
    rows = "\n".join(f"| {what} | {text} |" for what, text in five_numbers(drawing).items())
    return f"| to draw one image | all parts of the hardware |\n|---|---|\n{rows}"


def _bill(model: Model) -> str:
    try:
        return bill_text(model.net, model.technology, model.latent_size)
    except UserError as error:  # a net of one's own may have layers that no rule counts
        return f"What an image takes is not counted: {error.problem}."


_OF_INFO = ("trained as", "seed", "epochs", "version", "wall time")


def _data_row(name: str | None) -> str:
    if name is None:
        return "unknown"
    licence = DATA[name].licence if name in DATA.names() else None
    return name if licence is None else f"{name}; licence of the images: {licence}"


def _config(model: Model) -> dict[str, Any]:
    family = model.family
    return {
        "model_type": "spingan",
        "spingan_version": __version__,
        "name": model.name,
        "net": model.net,
        "latent_size": model.latent_size,
        "channels": family.channels,
        "image_size": family.size,
        "classes": family.classes,
        "technology": model.technology.name,
    }


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
