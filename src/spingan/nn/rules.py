"""Which modules compute by themselves, and rules for your own ones: what they become and how they are counted."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from torch import Tensor, nn

from spingan.costs.counts import LayerCounts
from spingan.errors import UserError
from spingan.spec.technology import Technology

Kind = Literal["analog", "device", "folded", "digital"]
Array = nn.Conv2d | nn.ConvTranspose2d | nn.Linear
CONVERSIONS = "one conversion in and one out for each value"
Becomes = tuple[nn.Module, Kind, str]  # the module in its place, its class, and how it is done in a few words
Convert = Callable[[str, nn.Module, Technology], Becomes]
Count = Callable[[LayerCounts, nn.Module, Tensor, Tensor, Technology], LayerCounts]


@dataclass(frozen=True)
class Rule:
    """How a class of modules converts and is counted.

    Attributes:
        convert: (layer's name, module, technology) -> what it becomes; it may raise a UserError.
        count: (counts so far, module, first input, output, technology) -> its counts for one image; None: every value
            is converted in and out.
    """

    convert: Convert
    count: Count | None = None


RULES: dict[type[nn.Module], Rule] = {}


def stays_digital(name: str, module: nn.Module, technology: Technology) -> Becomes:
    """The module itself, computed digitally as its forward does."""
    return module, "digital", CONVERSIONS


def register_rule(kind: type[nn.Module], convert: Convert = stays_digital, count: Count | None = None) -> None:
    """Give a module class of your own a place on every technology; its subclasses need rules of their own.

    Such a module is converted as a whole, whatever modules it holds. By default it stays digital, with its parameters.

    Raises:
        UserError: `kind` is no module class, or one of PyTorch's, whose conversion is fixed.
    """
    if not (isinstance(kind, type) and issubclass(kind, nn.Module)):
        raise UserError(f"{kind!r} is no class of modules", "Give a subclass of torch.nn.Module.")
    if kind.__module__.startswith(("torch.", "spingan.")):
        raise UserError(
            f"how {kind.__name__} converts is fixed", "List it under `digital` in the technology, or derive from it."
        )
    RULES[kind] = Rule(convert, count)


def is_leaf(module: nn.Module) -> bool:
    """Whether a module computes by itself. A container without modules does not: its values pass through it."""
    if isinstance(module, Array) or type(module) in RULES:
        return True
    return not any(module.children()) and not isinstance(module, nn.Sequential | nn.ModuleList | nn.ModuleDict)
