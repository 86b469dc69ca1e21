"""Checkpoints: every tensor of a run and its state, in one safetensors file that is replaced whole."""

import json
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor

from spingan.nn.tensor_files import read_metadata, read_tensors
from spingan.output import atomic_path

CHECKPOINT = "checkpoint.safetensors"


def optimizer_tensors(optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """An optimizer's state as named tensors: `<parameter number>.<key>`."""
    state = optimizer.state_dict()["state"]
    return {f"{number}.{key}": torch.as_tensor(value) for number, entry in state.items() for key, value in entry.items()}


def restore_optimizer(optimizer: torch.optim.Optimizer, tensors: dict[str, Tensor]) -> None:
    """Put back what `optimizer_tensors` gave, each in the memory order of its parameter: others are slower."""
    content = optimizer.state_dict()
    parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    state: dict[int, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        number, _, key = name.partition(".")
        like = parameters[int(number)]
        ordered = torch.empty_like(like).copy_(tensor) if tensor.shape == like.shape else tensor
        state.setdefault(int(number), {})[key] = ordered
    optimizer.load_state_dict({**content, "state": state})


def write_checkpoint(path: Path, parts: dict[str, dict[str, Tensor]], state: dict[str, Any]) -> None:
    """Write the parts' tensors (`part/name`) and `state` as JSON in the file's header, whole or not at all."""
    tensors = {
        f"{part}/{name}": tensor.detach().cpu().contiguous() for part, named in parts.items() for name, tensor in named.items()
    }
    with atomic_path(path) as temporary:
        save_file(tensors, temporary, metadata={"spingan": json.dumps(state)})


def read_checkpoint(path: Path) -> tuple[dict[str, dict[str, Tensor]], dict[str, Any]]:
    """What `write_checkpoint` wrote.

    Raises:
        UserError: No such file, a truncated one, or one that is not ours.
    """
    parts: dict[str, dict[str, Tensor]] = {}
    for name, tensor in read_tensors(path, "checkpoint").items():
        part, _, rest = name.partition("/")
        parts.setdefault(part, {})[rest] = tensor
    return parts, read_metadata(path, "checkpoint")
