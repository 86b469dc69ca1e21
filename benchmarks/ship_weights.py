"""Put trained generators into the package: their weights and a model card that says how they were made.

python benchmarks/ship_weights.py runs/clothes runs/clothes-float

Each run becomes src/spingan/pretrained/NAME.weights.safetensors and NAME.md, NAME being its recipe's; paper M's pair
also NAME.discriminator.safetensors, from the checkpoint. Nets too large for the wheel go to the folder weights.
In place of a run, the weights file that it kept of an epoch. Quality is measured here, on 10,000 images, after the
weights have been copied; evaluate compares a model with its `-float` twin.

With --mean-of 40,45,50,55,60 the mean of the weights that a run kept after these epochs ships, fitted and written anew:
what `average_from` does at every update, for runs that were trained before there was that key.

With --bills the bills on the cards of all shipped models are written anew, and nothing else.

Float weights are stored in a byte each where that changes the distance by less than 1 %, else in bfloat16 by the same
rule, and in float32 otherwise.
"""

import argparse
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open

import spingan
from spingan.data import cartoon_faces
from spingan.data.catalogue import DATA
from spingan.evaluation.variety import Variety
from spingan.nn.chip import fit_to_weights
from spingan.nn.model_files import TOO_LARGE, WEIGHTS, shipped_files
from spingan.nn.pretrained import bill_text
from spingan.nn.tensor_files import in_bytes, read_metadata, read_tensors, write_tensors
from spingan.nn.weights import Model, fitting_inputs, load_model, save_weights
from spingan.output import output_folder, write_text
from spingan.training.critic import save_critic
from spingan.training.recipe import recipe_from, shipped_recipes

PRETRAINED = Path(spingan.__file__).parent / "pretrained"
_HARMLESS = 0.01  # of the distance: below what another seed of latents does
OUTSIDE = Path(spingan.__file__).parents[2] / "weights"

CARD = """# {name}

A generator of {pixels} images from {latent} random numbers, trained by spingan {version} on technology `{technology}`.

| what | value |
|---|---|
| data | {images:,} training images of {data}; licence of the images: {licence} |
| made by | `{command}` |
| updates | {step:,} of batch {batch}: {epoch} epochs |
| seed | {seed} |
| precision | {precision}; samples in float32 |
| wall time | {hours:.1f} h on {machine}, {threads} thread(s) |
| weights | {weights} |
| quality | {metric} = {value:.2f}; real training images {floor:.3f}{twin}; missing classes: {missing} |
| variety, {variety_count:,} images, k = {k} | {variety} |

{bill}

{samples}

Meant for demonstrations and comparisons of hardware; the images are no better than the distance above says, and the
class shares are not even.
{notes}"""

AVERAGED = """Samples come from the moving average of the generator (decay {decay}), whose column gains, batch-norm
statistics and activation ranges were measured again on its own weights, in float32."""
ON_CHIP = """Samples come from the chip that was trained, as its columns give them: its conductances are the only state
that training had. {endurance}, the busiest had {most:.0f}, and the devices of a weight
together had {mean:.0f} on average."""


def command_of(model: Model) -> str:
    """The command that trains such a generator, with what differs from the shipped recipe."""
    recipe = recipe_from(model.info["recipe"], f"the recipe of {model.name}").model_dump(
        mode="json"
    )  # with keys of today
    known = {name: spingan.load_recipe(name).model_dump(mode="json") for name in shipped_recipes()}
    base = min(known, key=lambda name: sum(recipe[key] != value for key, value in known[name].items()))
    shipped = known[base]
    if recipe["rates_fall_after"] is None:  # the epochs that were planned change nothing then
        recipe = {**recipe, "epochs": model.info["epoch"]}
    silent = {
        "data",
        "goes_on_from",
        "sample_epochs",
        "sample_count",
        "checkpoint_every",
        "log_every",
    }  # which change no net
    if "mean of epochs" in model.info:  # the card says so
        silent.add("average_from")
    told = {key: recipe[key] for key in shipped if key not in silent and recipe.get(key) != shipped[key]}
    if recipe["data"].get("count") is not None:
        told["data.count"] = recipe["data"]["count"]
    settings = "".join(f" --set {key}={'null' if value is None else value}" for key, value in told.items())
    begun = model.info.get("begun_from")
    start = "" if begun is None else f" --start-from {begun.get('model') or 'runs/' + begun['recipe']['name']}"
    return f"spingan train {base}{settings}{start}"


MEAN = """Samples come from the mean of the weights that the run kept after epochs {epochs}, each the moving average of
the generator (decay {decay}); column gains, batch-norm statistics and activation ranges were measured again on it, in
float32. Of the last one alone the distance is {last:.2f}."""


def mean_of_epochs(run: Path, epochs: list[int]) -> Model:
    """The mean of the weights that a run kept, on the technology's levels once more."""
    kept = [load_model(run / "weights" / f"epoch_{epoch:04}.safetensors") for epoch in epochs]
    model = load_model(run)
    with torch.no_grad():
        for name, parameter in model.generator.named_parameters():
            parameter.copy_(torch.stack([one.generator.get_parameter(name) for one in kept]).mean(0))
    fit_to_weights(model.generator, fitting_inputs(model.family, model.latent_size, model.info["recipe"]["seed"]))
    model.generator.eval()
    last = spingan.evaluate(kept[-1]).value
    model.info["mean of epochs"] = {"epochs": epochs, "distance of the last": last}
    return model


def samples_of(model: Model) -> str:
    """Where the samples come from."""
    mean = model.info.get("mean of epochs")
    if mean is not None:
        return MEAN.format(
            epochs=", ".join(str(epoch) for epoch in mean["epochs"]),
            decay=model.info["recipe"]["average_decay"],
            last=mean["distance of the last"],
        )
    chip = model.info.get("on chip")
    if chip is None:
        return AVERAGED.format(decay=model.info["recipe"]["average_decay"])
    known = chip["endurance, writes"]
    endured = (
        "How many writes a device endures is unknown"
        if known is None
        else f"Of the {known:.0f} writes that a device endures"
    )
    return ON_CHIP.format(endurance=endured, most=chip["most writes of a device"], mean=chip["mean writes of a weight"])


def licence_of(data: str) -> str:
    """The licence of an image set."""
    return DATA[data].licence


def credits_of(data: str) -> str:
    """Who drew what a net was trained on, as far as the licences ask for it."""
    return f"\n#{cartoon_faces.licences()}" if data == cartoon_faces.NAME else ""


def place_of(model: Model) -> Path:
    """The folder that a model is kept in."""
    return OUTSIDE if model.name in TOO_LARGE else PRETRAINED


def write_card(model: Model, notes: str, machine: str) -> str:
    """The model card's text, its quality measured now."""
    quality, info = spingan.evaluate(model), model.info
    recipe = info["recipe"]
    states = model.technology.weight_levels()
    twin = "" if quality.float_twin is None else f"; float twin {quality.float_twin:.2f}"
    return CARD.format(
        name=model.name,
        pixels="64x64 colour" if model.net.startswith("colour-64") else "28x28 grey",
        latent=model.latent_size,
        version=info["spingan"],
        technology=model.technology.name,
        images=info["images"],
        data=recipe["data"]["name"],
        licence=licence_of(recipe["data"]["name"]),
        command=command_of(model),
        step=info["step"],
        batch=recipe["batch_size"],
        epoch=info["epoch"],
        seed=recipe["seed"],
        precision=info["precision"],
        threads=info["threads"],
        hours=info["seconds"] / 3600,
        machine=machine,
        weights=_float_format(model) if states is None else f"codes of {len(states)} levels and a gain for each column",
        metric=quality.metric,
        value=quality.value,
        floor=quality.floor,
        twin=twin,
        missing=", ".join(quality.missing_classes) or "none",
        variety_count=quality.variety.count,
        k=quality.variety.k,
        variety=_variety_text(quality.variety, quality.variety_floor),
        bill=bill_text(model.net, model.technology, model.latent_size),
        samples=samples_of(model),
        notes=notes + credits_of(recipe["data"]["name"]),
    )


def _variety_text(variety: Variety, floor: Variety) -> str:
    """The six measures, real images' in brackets."""
    names = ("precision", "recall", "density", "coverage", "nearest_neighbour_ratio", "copies")
    values = ((name, getattr(variety, name), getattr(floor, name)) for name in names)
    return ", ".join(
        f"{name.replace('_', ' ')} {value:.2f} ({real:.2f})" if None not in (value, real) else f"{name}: not measured"
        for name, value, real in values
    )


def _float_format(model: Model) -> str:
    with safe_open(place_of(model) / f"{model.name}.weights.safetensors", framework="pt") as file:
        names = file.keys()
        types = {name: file.get_tensor(name).dtype for name in names}
    if torch.int8 in types.values():
        return "a byte each, in steps of a row's largest over 127"
    return "bfloat16" if torch.bfloat16 in types.values() else "float32"


def copy_weights(source: Path, target: Path) -> None:
    """Copy a weights file; float weights of arrays in a byte each or in two, if their images are as good."""
    tensors, header = read_tensors(source, "weights file"), _without_places(read_metadata(source, "weights file"))
    write_tensors(target, tensors, header)
    model = load_model(target)
    if model.technology.weight_levels() is not None:
        return
    halved = {name: tensor.bfloat16() if tensor.dim() > 1 else tensor for name, tensor in tensors.items()}
    before = spingan.evaluate(model).value
    for what, smaller in (("a byte each", in_bytes(tensors)), ("bfloat16", halved)):
        write_tensors(target, smaller, header)
        after = spingan.evaluate(load_model(target)).value
        if abs(after / before - 1) <= _HARMLESS:
            return
        print(f"{model.name}: {what} changes the distance from {before:.4f} to {after:.4f}")
    write_tensors(target, tensors, header)


def _without_places(content: Any) -> Any:
    """A header without the folders of the machine that trained it."""
    if isinstance(content, dict):
        return {key: None if key == "path" else _without_places(value) for key, value in content.items()}
    return content


def write_bills() -> None:
    """The bill on every shipped card as it is counted now: in place of the old one, or below the card's first table."""
    for name, weights in shipped_files().items():
        card = weights.with_name(f"{name}.md")
        model = load_model(name)
        parts = card.read_text(encoding="utf-8").split("\n\n")
        bill = bill_text(model.net, model.technology, model.latent_size)
        (table,) = (place for place, part in enumerate(parts) if part.startswith("| what | value |"))
        old = parts[table + 1].startswith(bill.splitlines()[0])
        parts[table + 1 : table + 1 + old] = [bill]
        write_text(card, "\n\n".join(parts))


def main() -> None:
    """Copy every run's weights, then write the cards."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", nargs="*", type=Path)
    parser.add_argument("--bills", action="store_true", help="Only write the bills on the shipped cards anew")
    parser.add_argument("--notes", type=Path, help="Markdown to append to the first run's card")
    parser.add_argument("--machine", help="What the runs were trained on, where they do not say it themselves")
    parser.add_argument("--mean-of", type=lambda text: [int(part) for part in text.split(",")], help="Epochs: 40,50,60")
    arguments = parser.parse_args()
    if arguments.bills == bool(arguments.runs):
        parser.error("name runs, or give --bills")
    if arguments.bills:
        write_bills()
    models = [load_model(run) for run in arguments.runs]
    for run, model in zip(arguments.runs, models, strict=True):
        place = output_folder(place_of(model))
        source = run / WEIGHTS if run.is_dir() else run
        if arguments.mean_of:
            source = run / "mean.safetensors"
            save_weights(source, mean_of_epochs(run, arguments.mean_of))
        copy_weights(source, place / f"{model.name}.weights.safetensors")
        if (  # for the study of its block errors
            model.net in ("am-dcgan", "am-dcgan-batch-norm") and model.technology.synapse is not None
        ):
            save_critic(run, place / f"{model.name}.discriminator.safetensors")
    for number, model in enumerate(models):
        notes = arguments.notes.read_text(encoding="utf-8") if arguments.notes and number == 0 else ""
        machine = arguments.machine or model.info.get("machine", "a shared processor")
        write_text(place_of(model) / f"{model.name}.md", write_card(load_model(model.name), notes, machine))


if __name__ == "__main__":
    main()
