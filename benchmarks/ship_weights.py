"""Put trained generators into the package: their weights and a model card that says how they were made.

python benchmarks/ship_weights.py runs/fashion-mnist runs/fashion-mnist-float

Each run becomes src/spingan/pretrained/NAME.weights.safetensors and NAME.md, NAME being its recipe's. Quality is
measured here, on 10,000 images, after the weights have been copied; evaluate compares a model with its `-float` twin.
"""

import argparse
import shutil
from pathlib import Path

import spingan
from spingan.nn.weights import WEIGHTS, Model, load_model
from spingan.output import write_text

PRETRAINED = Path(spingan.__file__).parent / "pretrained"

CARD = """# {name}

A generator of {pixels} images from {latent} random numbers, trained by spingan {version} on technology `{technology}`.

| what | value |
|---|---|
| data | {images:,} training images of {data} (Fashion-MNIST: Zalando SE, MIT licence) |
| made by | `{command}` |
| updates | {step:,} of batch {batch}: {epoch} epochs |
| seed | {seed} |
| precision | {precision}, {threads} thread(s); samples in float32 |
| wall time | {hours:.1f} h on a shared processor, {threads} core |
| weights | {weights} |
| quality | {metric} = {value:.2f}; real training images {floor:.3f}{twin}; missing classes: {missing} |

Samples come from the moving average of the generator (decay {decay}), whose column gains, batch-norm statistics and
activation ranges were measured again on its own weights, in float32. Meant for demonstrations and comparisons of
hardware; the images are no better than the distance above says, and the class shares are not even.
{notes}"""


def command_of(model: Model) -> str:
    """The command that trains such a generator, with what differs from the shipped recipe."""
    recipe, shipped = model.info["recipe"], spingan.load_recipe("fashion-mnist").model_dump(mode="json")
    keys = ("technology", "name", "epochs", "rates_fall_after")
    told = {key: recipe[key] for key in keys if recipe.get(key) != shipped[key]}
    settings = "".join(f" --set {key}={value}" for key, value in told.items())
    return f"spingan train fashion-mnist{settings}"


def write_card(model: Model, notes: str) -> str:
    """The model card's text, its quality measured now."""
    quality, info = spingan.evaluate(model), model.info
    recipe = info["recipe"]
    states = model.technology.weight_levels()
    twin = "" if quality.float_twin is None else f"; float twin {quality.float_twin:.2f}"
    return CARD.format(
        name=model.name,
        pixels="28x28 grey" if model.net == "fashion" else "64x64 colour",
        latent=model.latent_size,
        version=info["spingan"],
        technology=model.technology.name,
        images=info["images"],
        data=recipe["data"]["name"],
        command=command_of(model),
        step=info["step"],
        batch=recipe["batch_size"],
        epoch=info["epoch"],
        seed=recipe["seed"],
        precision=info["precision"],
        threads=info["threads"],
        hours=info["seconds"] / 3600,
        weights="float32" if states is None else f"codes of {len(states)} levels and a gain for each column",
        metric=quality.metric,
        value=quality.value,
        floor=quality.floor,
        twin=twin,
        missing=", ".join(quality.missing_classes) or "none",
        decay=recipe["average_decay"],
        notes=notes,
    )


def main() -> None:
    """Copy every run's weights, then write the cards."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", nargs="+", type=Path)
    parser.add_argument("--notes", type=Path, help="Markdown to append to the first run's card")
    arguments = parser.parse_args()
    names = [load_model(run).name for run in arguments.runs]
    for run, name in zip(arguments.runs, names, strict=True):
        shutil.copy(run / WEIGHTS, PRETRAINED / f"{name}.weights.safetensors")
    for number, name in enumerate(names):
        notes = arguments.notes.read_text(encoding="utf-8") if arguments.notes and number == 0 else ""
        write_text(PRETRAINED / f"{name}.md", write_card(load_model(name), notes))


if __name__ == "__main__":
    main()
