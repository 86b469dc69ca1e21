"""safetensors files with a JSON header, written whole and read with errors that a person can use."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from spingan.errors import UserError
from spingan.output import atomic_path

_BYTES, _STEP = ".bytes", ".step"


def write_tensors(path: str | Path, tensors: dict[str, Tensor], header: dict[str, Any]) -> None:
    """Write named tensors with `header` as JSON in the file's own header, whole or not at all.

    Raises:
        UserError: The place cannot be written, or the disk is full.
    """
    content = save(tensors, metadata={"spingan": json.dumps(header)})
    with atomic_path(path) as temporary:
        temporary.write_bytes(content)  # not save_file: what it raises on a full disk is no OSError


def in_bytes(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Arrays of floats as whole bytes, with the size of a step for each entry of the first axis; the rest as it is.

    A float is then off by up to half a step, 1/254 of the largest in its row: `read_tensors` gives floats back.

    Raises:
        UserError: A number is not finite: no byte stands for it.
    """
    packed = {}
    for name, tensor in tensors.items():
        if tensor.dim() < 2 or not tensor.is_floating_point():
            packed[name] = tensor.contiguous()
            continue
        if not bool(tensor.isfinite().all()):
            raise UserError(f"{name} has numbers that are not finite", "Take a run that did not diverge.")
        rows = tensor.float().flatten(1)
        step = (rows.abs().amax(1, keepdim=True) / 127).clamp(min=torch.finfo(torch.float32).tiny)
        packed[name + _BYTES] = (rows / step).round().to(torch.int8).view(tensor.shape).contiguous()
        packed[name + _STEP] = step.flatten()
    return packed


def read_tensors(path: Path, what: str) -> dict[str, Tensor]:
    """Every tensor of a safetensors file, with a clear error where it is none."""
    with _opened(path, what) as file:
        names = file.keys()
        tensors = {name: file.get_tensor(name) for name in names}
    return _from_bytes(tensors, path) if any(name.endswith(_BYTES) for name in tensors) else tensors


def _from_bytes(tensors: dict[str, Tensor], path: Path) -> dict[str, Tensor]:
    floats = {}
    for name, tensor in tensors.items():
        if name.endswith(_BYTES):
            whole = name.removesuffix(_BYTES)
            step = tensors.get(whole + _STEP)
            if step is None or step.shape != tensor.shape[:1]:
                raise UserError(f"{path} has bytes without their steps: {whole}", "Give an undamaged file.")
            floats[whole] = tensor.float() * step.view(-1, *(1,) * (tensor.dim() - 1))
        elif not name.endswith(_STEP) or name.removesuffix(_STEP) + _BYTES not in tensors:
            floats[name] = tensor
    return floats


def read_metadata(path: Path, what: str) -> dict[str, Any]:
    """The JSON in a safetensors file's header."""
    with _opened(path, what) as file:
        metadata = file.metadata() or {}
    try:
        header = json.loads(metadata["spingan"])
    except (KeyError, ValueError):
        header = None
    if not isinstance(header, dict):
        raise UserError(f"{path} is not a {what} of spingan: its header says nothing of it", "Give another file.")
    return header


@contextmanager
def _opened(path: Path, what: str) -> Iterator[Any]:
    try:
        with safe_open(path, framework="pt") as file:
            yield file
    except FileNotFoundError as error:
        raise UserError(f"there is no {what} at {path}", "Check the path; train first if there is none yet.") from error
    except (SafetensorError, OSError) as error:
        raise UserError(
            f"{path} is not a whole safetensors file ({error})", "It was cut short or is of another kind: give another."
        ) from error


def load_module(module: nn.Module, tensors: dict[str, Tensor], what: str) -> None:
    """Load named tensors into a module, keeping its memory format.

    Raises:
        UserError: The tensors are of another net.
    """
    try:
        module.load_state_dict(tensors)
    except RuntimeError as error:
        first = str(error).splitlines()[1].strip() if "\n" in str(error) else str(error)
        raise UserError(
            f"{what} is of another net: {first}", "Use the net and recipe that it was made with."
        ) from error
