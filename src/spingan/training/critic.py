"""The discriminator of a run, for studies of its hardware: from the run's checkpoint, or as shipped with a model."""

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from spingan.errors import UserError
from spingan.nn.conversion import convert
from spingan.nn.family import family_named
from spingan.nn.model_files import REPOSITORY, shipped_models
from spingan.nn.tensor_files import in_bytes, load_module, read_metadata, read_tensors, write_tensors
from spingan.spec.technology import Technology
from spingan.training.checkpoint import CHECKPOINT, read_checkpoint

_PRETRAINED = Path(__file__).parents[1] / "pretrained"


@dataclass(frozen=True)
class Critic:
    """A converted discriminator in evaluation mode, its technology, and the name of the images it has learned on."""

    net: nn.Module
    technology: Technology
    data: str


def load_critic(model: str | Path) -> Critic:
    """The discriminator that belongs to a run folder or to a shipped model.

    Raises:
        UserError: There is none: only run folders with a checkpoint have one, and models that are shipped with theirs.
    """
    folder = Path(model)
    shipped = _PRETRAINED / f"{model}.discriminator.safetensors"
    if str(model) in shipped_models() and shipped.is_file():
        header = read_metadata(shipped, "discriminator file")
        tensors = {name: tensor.float() for name, tensor in read_tensors(shipped, "discriminator file").items()}
        return _critic(header["net"], header["technology"], header["data"], tensors, str(shipped))
    if (folder / CHECKPOINT).is_file():
        parts, state = read_checkpoint(folder / CHECKPOINT)
        recipe = state["recipe"]
        where = str(folder / CHECKPOINT)
        return _critic(recipe["net"], state["technology"], recipe["data"]["name"], parts["discriminator"], where)
    raise UserError(
        f"{model} has no discriminator",
        "Name the folder of a run that still holds its checkpoint, or a model that is shipped with its discriminator.",
    )


def net_discriminator(net: str, data: str) -> dict[str, torch.Tensor] | None:
    """The tensors of the shipped discriminator of such nets and images, for a run to begin with, if there is one."""
    shipped = REPOSITORY / f"{net}.discriminator.safetensors"
    if not shipped.is_file() or read_metadata(shipped, "discriminator file").get("data") != data:
        return None
    return {name: tensor.float() for name, tensor in read_tensors(shipped, "discriminator file").items()}


def save_critic(run: str | Path, path: str | Path) -> None:
    """Write the discriminator in a run's checkpoint to a file of its own, a byte a weight: devices hold no more.

    Raises:
        UserError: The folder holds no checkpoint, or the file cannot be written.
    """
    parts, state = read_checkpoint(Path(run) / CHECKPOINT)
    recipe = state["recipe"]
    header = {"net": recipe["net"], "technology": state["technology"], "data": recipe["data"]["name"]}
    header["from"] = {"recipe": recipe["name"], "seed": recipe["seed"], "step": state["step"]}
    write_tensors(path, in_bytes(parts["discriminator"]), header)


def _critic(net: str, technology: dict, data: str, tensors: dict[str, torch.Tensor], where: str) -> Critic:
    target = Technology.from_dict(technology, f"the technology in {where}")
    converted = convert(family_named(net).make_discriminator().eval(), target).model
    load_module(converted, tensors, where)
    return Critic(converted.eval(), target, data)
