"""Warm start: a run that starts with the nets of another, under its own recipe, at step 0."""

from pathlib import Path
from typing import Any

from torch import Tensor, nn

from spingan.errors import UserError
from spingan.input_files import is_folder
from spingan.nn.model_files import IN_FOLDERS, shipped_files
from spingan.nn.tensor_files import load_module, read_metadata
from spingan.nn.weights import load_model
from spingan.training.checkpoint import CHECKPOINT, is_checkpoint, read_checkpoint
from spingan.training.critic import net_discriminator
from spingan.training.nets import Nets
from spingan.training.recipe import Recipe


def warm_start(nets: Nets, begin: str | Path, recipe: Recipe) -> dict[str, Any]:
    """Put the state of another run, or a model's generator, into `nets`.

    The other may be on another technology. What its arrays have none of, as converters' ranges and solutions of wires,
    stays as the new nets have it; the first step measures it.

    Args:
        begin: A run's folder or a checkpoint file: weights, batch norms, activation ranges, optimizers and average of
            both nets. Or a shipped model's name, a weights file, or a folder that holds one and no checkpoint: the
            generator, and new optimizers. The discriminator is the shipped one of such nets and images where there is
            one (folder weights of the repository), and a new one otherwise.

    Returns:
        What the new run's files record: the other's recipe, technology, steps and images, and where it started.

    Raises:
        UserError: There is neither, it is of other nets or another way to learn, or a new discriminator would not learn
            alone first.
    """
    path = Path(begin)
    if is_folder(path) and ((path / CHECKPOINT).exists() or not any((path / file).exists() for file in IN_FOLDERS)):
        path = path / CHECKPOINT
    is_model = str(begin) in shipped_files() or (
        is_folder(path) or (path.is_file() and not is_checkpoint(read_metadata(path, "checkpoint or weights file")))
    )
    return _from_model(nets, begin, recipe) if is_model else _from_run(nets, begin, path, recipe)


def _from_model(nets: Nets, model: str | Path, recipe: Recipe) -> dict[str, Any]:
    other = load_model(model)
    _check_nets(model, {"net": other.net, "latent_size": other.latent_size}, recipe)
    if recipe.on_chip is not None:
        raise UserError(
            f"{model} holds no conductances to go on learning with",
            "Begin from a run that learned on the chip, or leave on_chip out.",
        )
    if recipe.discriminator_alone == 0:
        raise UserError(
            f"{model} comes without its discriminator, and another would spoil the trained generator at first",
            "Add --set discriminator_alone=2 (epochs in which it learns alone), or begin from a run.",
        )
    critic = net_discriminator(recipe.net, recipe.data.name)
    if critic is not None:
        load_module(nets.discriminator, _known(nets.discriminator, critic), f"the discriminator of {recipe.net}")
    load_module(nets.generator, _known(nets.generator, other.generator.state_dict()), str(model))
    learned = dict(nets.generator.named_parameters())
    for name, tensor in nets.average.items():
        tensor.copy_(learned[name].detach())
    info = other.info
    told = {key: info.get(key) for key in ("recipe", "step", "images", "spingan")}
    told |= {"technology": other.technology.name, "model": str(model)}
    told["discriminator"] = "new" if critic is None else f"shipped, of {recipe.net}"
    return told | ({"begun_from": info["begun_from"]} if info.get("begun_from") else {})


def _from_run(nets: Nets, run: str | Path, checkpoint: Path, recipe: Recipe) -> dict[str, Any]:
    parts, state = read_checkpoint(checkpoint)
    before = state["recipe"]
    _check_nets(run, before, recipe)
    ways = [_way_to_learn(before.get("on_chip")), _way_to_learn(recipe.on_chip and recipe.on_chip.model_dump())]
    if ways[0] != ways[1]:
        raise UserError(
            f"{run} learned {ways[0]}, and the recipe learns {ways[1]}, so the optimizers' state does not fit",
            "Begin from a run that learned in the same way.",
        )
    for part, net in (("generator", nets.generator), ("discriminator", nets.discriminator)):
        parts[part] = _known(net, parts[part])
    if bool(nets.average) and not parts.get("average"):
        parts["average"] = {name: parts["generator"][name] for name in nets.average}
    nets.restore(parts if nets.average else {**parts, "average": {}})
    told = {
        "recipe": before,
        "technology": state["technology"].get("name"),
        "step": state["step"],
        "images": state["images"],
        "spingan": state.get("spingan"),
    }
    return told | ({"begun_from": state["begun_from"]} if state.get("begun_from") else {})


def _check_nets(begin: str | Path, before: dict[str, Any], recipe: Recipe) -> None:
    for key, now in (("net", recipe.net), ("latent_size", recipe.latent_size)):
        if before.get(key) != now:
            raise UserError(
                f"{begin} was trained with {key} {before.get(key)}, and the recipe has {now}",
                f"Begin from one of the same nets, or add --set {key}={before.get(key)}.",
            )


def _known(net: nn.Module, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """The other's tensors that `net` has, too, and beside them what `net` alone measures."""
    own, learned = net.state_dict(), dict(net.named_parameters())
    measured = {name: tensor for name, tensor in own.items() if name not in learned}
    return measured | {name: tensor for name, tensor in tensors.items() if name in own}


def _way_to_learn(on_chip: dict[str, Any] | None) -> str:
    if on_chip is None:
        return "beside the chip"
    moments = " with moments" if on_chip.get("moments") else ""
    return f"on the chip by {on_chip.get('rule', 'pulses')}{moments}"
