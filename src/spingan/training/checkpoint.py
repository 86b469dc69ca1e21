"""Checkpoints: every tensor of a run and its state, in one safetensors file that is replaced whole."""

from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from spingan.errors import UserError
from spingan.nn.model_files import WEIGHTS
from spingan.nn.tensor_files import read_metadata, read_tensors, write_tensors

CHECKPOINT = "checkpoint.safetensors"
KEPT_WEIGHTS = "weights"  # folder, within the run's, of the generator after each epoch that has samples

_STATE = frozenset({"step", "seconds", "recipe", "technology", "precision", "images"})
_PARTS = frozenset({"generator", "discriminator", "generator_optimizer", "discriminator_optimizer"})


def optimizer_tensors(optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """An optimizer's state as named tensors: `<parameter number>.<key>`."""
    state = optimizer.state_dict()["state"]
    return {
        f"{number}.{key}": torch.as_tensor(value) for number, entry in state.items() for key, value in entry.items()
    }


def restore_optimizer(optimizer: torch.optim.Optimizer, tensors: dict[str, Tensor]) -> None:
    """Put back what `optimizer_tensors` gave, each in the memory order of its parameter: others are slower.

    Raises:
        UserError: They are of more parameters than the optimizer has.
    """
    content = optimizer.state_dict()
    parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    state: dict[int, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        number, _, key = name.partition(".")
        if int(number) >= len(parameters):
            raise UserError(
                f"the checkpoint's optimizer has parameters beyond the {len(parameters)} of these nets",
                "Use nets that learn the same: learned_range of the dac and the adc must be as it was.",
            )
        like = parameters[int(number)]
        ordered = torch.empty_like(like).copy_(tensor) if tensor.shape == like.shape else tensor
        state.setdefault(int(number), {})[key] = ordered
    optimizer.load_state_dict({**content, "state": state})


def write_checkpoint(path: Path, parts: dict[str, dict[str, Tensor]], state: dict[str, Any]) -> None:
    """Write the parts' tensors (`part/name`) and `state` as JSON in the file's header, whole or not at all."""
    tensors = {
        f"{part}/{name}": tensor.detach().cpu().contiguous()
        for part, named in parts.items()
        for name, tensor in named.items()
    }
    write_tensors(path, tensors, state)


def read_checkpoint(path: Path) -> tuple[dict[str, dict[str, Tensor]], dict[str, Any]]:
    """What `write_checkpoint` wrote.

    Raises:
        UserError: No such file, a truncated one, or one that is not ours.
    """
    parts: dict[str, dict[str, Tensor]] = {}
    for name, tensor in read_tensors(path, "checkpoint").items():
        part, _, rest = name.partition("/")
        parts.setdefault(part, {})[rest] = tensor
    state = read_metadata(path, "checkpoint")
    if not (is_checkpoint(state) and parts.keys() >= _PARTS):
        raise UserError(f"{path} is not the checkpoint of a training", "Give the folder of a run, or another --out.")
    return parts, state


def is_checkpoint(header: dict[str, Any]) -> bool:
    """Whether a file with that header is the checkpoint of a training, and not a model's weights."""
    return header.keys() >= _STATE


def remove_leftovers(folder: Path) -> None:
    """Delete what a run that was killed in the middle of writing a file left behind: up to a whole checkpoint each."""
    for name in (CHECKPOINT, WEIGHTS, "metrics.csv", "recipe.yaml", "technology.json", "samples/epoch_*.png"):
        place, _, last = name.rpartition("/")
        for leftover in (folder / place).glob(f".{last}.????????{Path(last).suffix}"):
            leftover.unlink(missing_ok=True)
