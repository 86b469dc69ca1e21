"""safetensors files with a JSON header, written whole and read with errors that a person can use."""

import json
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from spingan.errors import UserError
from spingan.output import atomic_path


def write_tensors(path: str | Path, tensors: dict[str, Tensor], header: dict[str, Any]) -> None:
    """Write named tensors with `header` as JSON in the file's own header, whole or not at all.

    Raises:
        UserError: The place cannot be written, or the disk is full.
    """
    content = save(tensors, metadata={"spingan": json.dumps(header)})
    with atomic_path(path) as temporary:
        temporary.write_bytes(content)  # not save_file: what it raises on a full disk is no OSError


def read_tensors(path: Path, what: str) -> dict[str, Tensor]:
    """Every tensor of a safetensors file, with a clear error where it is none."""
    try:
        with safe_open(path, framework="pt") as file:
            names = file.keys()
            return {name: file.get_tensor(name) for name in names}
    except FileNotFoundError as error:
        raise UserError(f"there is no {what} at {path}", "Check the path; train first if there is none yet.") from error
    except (SafetensorError, OSError) as error:
        raise UserError(
            f"{path} is not a whole safetensors file ({error})", "It was cut short or is of another kind: give another."
        ) from error


def read_metadata(path: Path, what: str) -> dict[str, Any]:
    """The JSON in a safetensors file's header."""
    with safe_open(path, framework="pt") as file:
        metadata = file.metadata() or {}
    try:
        header = json.loads(metadata["spingan"])
    except (KeyError, ValueError):
        header = None
    if not isinstance(header, dict):
        raise UserError(f"{path} is not a {what} of spingan: its header says nothing of it", "Give another file.")
    return header


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
