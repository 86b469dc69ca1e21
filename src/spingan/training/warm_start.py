"""Warm start: a run that starts with the nets and optimizers of another, under its own recipe, at step 0."""

from pathlib import Path
from typing import Any

from spingan.errors import UserError
from spingan.input_files import is_folder
from spingan.training.checkpoint import CHECKPOINT, read_checkpoint
from spingan.training.nets import Nets
from spingan.training.recipe import Recipe


def start_from_run(nets: Nets, run: str | Path, recipe: Recipe) -> dict[str, Any]:
    """Put the state of another run into `nets`: weights, batch norms, activation ranges, optimizers, average.

    The other run may be on another technology. What its arrays have none of, as converters' ranges and solutions of
    wires, stays as the new nets have it; the first step measures it.

    Args:
        run: The other run's folder, or a checkpoint file.

    Returns:
        What the new run's files record: the other run's recipe, technology, steps and images, and where it started.

    Raises:
        UserError: There is no checkpoint, or it is of other nets or another way to learn.
    """
    path = Path(run)
    if is_folder(path):
        path = path / CHECKPOINT
    parts, state = read_checkpoint(path)
    before = state["recipe"]
    for key, now in (("net", recipe.net), ("latent_size", recipe.latent_size)):
        if before.get(key) != now:
            raise UserError(
                f"{run} was trained with {key} {before.get(key)}, and the recipe has {now}",
                f"Begin from a run of the same nets, or add --set {key}={before.get(key)}.",
            )
    ways = [_way_to_learn(before.get("on_chip")), _way_to_learn(recipe.on_chip and recipe.on_chip.model_dump())]
    if ways[0] != ways[1]:
        raise UserError(
            f"{run} learned {ways[0]}, and the recipe learns {ways[1]}, so the optimizers' state does not fit",
            "Begin from a run that learned in the same way.",
        )
    for part, net in (("generator", nets.generator), ("discriminator", nets.discriminator)):
        own, learned = net.state_dict(), dict(net.named_parameters())
        measured = {name: tensor for name, tensor in own.items() if name not in learned}
        parts[part] = measured | {name: tensor for name, tensor in parts[part].items() if name in own}
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


def _way_to_learn(on_chip: dict[str, Any] | None) -> str:
    if on_chip is None:
        return "beside the chip"
    moments = " with moments" if on_chip.get("moments") else ""
    return f"on the chip by {on_chip.get('rule', 'pulses')}{moments}"
