"""Copies of a model: as PyTorch makes them, except that hooks stay whose they are."""

import copy
from typing import TypeVar

from torch import nn

from spingan.errors import UserError

Model = TypeVar("Model", bound=nn.Module)
_CALLED = (  # where a module keeps what runs around its forward
    "_forward_hooks",
    "_forward_hooks_with_kwargs",
    "_forward_hooks_always_called",
    "_forward_pre_hooks",
    "_forward_pre_hooks_with_kwargs",
    "_backward_hooks",
    "_backward_pre_hooks",
    "_is_full_backward_hook",
)


def copied(model: Model, *, same_tensors: bool = False) -> Model:
    """A copy with parameters and buffers of its own. Its hooks are the same functions: a recorder records both.

    Args:
        same_tensors: Copy the modules only; the copy then shares parameters and buffers with the model.

    Raises:
        UserError: It holds what PyTorch cannot copy.
    """
    kept = [hook for module in model.modules() for hooks in _CALLED[:-1] for hook in _values(module, hooks)]
    if same_tensors:
        kept += [*model.parameters(), *model.buffers()]
    try:
        return copy.deepcopy(model, {id(part): part for part in kept})
    except (RuntimeError, TypeError) as error:
        raise UserError(
            f"the model cannot be copied: {str(error).splitlines()[0]}",
            "Remove what holds a computed tensor or an open file, such as torch.nn.utils.weight_norm.",
        ) from error


def _values(module: nn.Module, hooks: str) -> list[object]:
    """The functions among a module's hooks; other tables hold flags only."""
    return [value for value in (getattr(module, hooks, None) or {}).values() if callable(value)]


def move_hooks(old: nn.Module, new: nn.Module) -> None:
    """Let what ran around `old` run around `new`."""
    for name in _CALLED:
        if name in vars(old):
            vars(new)[name] = vars(old)[name]


def has_hooks(module: nn.Module) -> bool:
    """Whether anything runs around the module's forward, which then sees what goes in or comes out."""
    return any(getattr(module, hooks, None) for hooks in _CALLED[:-1])
