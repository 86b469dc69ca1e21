"""Options that commands share, and what they read from them."""

import math
import os
from collections.abc import Callable, Mapping
from inspect import Parameter, signature
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from spingan.errors import UserError


def _found(model: str) -> str:
    """The model's name, once it is known to be somewhere: told before torch is loaded, which takes seconds."""
    from spingan.nn.model_files import model_file

    model_file(model)
    return model


MODEL_HELP = "A run folder, a weights file, a folder of save_pretrained, or a shipped name."
ModelName = Annotated[str, typer.Argument(metavar="MODEL", help=MODEL_HELP, callback=_found)]
RecipeName = Annotated[str, typer.Argument(metavar="RECIPE", help="A shipped recipe, or a YAML file.")]
Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="Change a key of the recipe, as epochs=5; may be repeated. All keys: spingan recipe keys.",
    ),
]
KINDS = "a shipped name, a .yaml file or its folder"
"""What may stand where a technology is named."""
RealImages = Annotated[Path | None, typer.Option("--data", help="Folder with the real images.")]
DataName = Annotated[
    str | None, typer.Option("--data-name", metavar="SET", help="Its images, where the model does not say which.")
]
ConventionName = Literal["textbook", "printed-formula", "magnet-section"]
FormName = Literal["printed", "fitted"]
Convention = Annotated[
    ConventionName,
    typer.Option("--convention", help="How an input becomes a spin current; only magnet-section fits the positions."),
]
CellNm = Annotated[float, typer.Option("--cell-nm", help="Cell size of the solver.")]
CurrentsUa = Annotated[
    str | None, typer.Option("--currents-ua", metavar="LIST", help="Currents in µA, as -20,-10,0,10,20.")
]
DeviceFile = Annotated[
    Path | None,
    typer.Option("--device", metavar="FILE", help="A wall device of your own; spingan device new FILE begins one."),
]
Out = Annotated[Path | None, typer.Option("--out", help="Folder for what it writes; by default one in runs/.")]
OutFile = Annotated[Path | None, typer.Option("--out", metavar="FILE", help="By default in runs/.")]
_CORES: Any = {"default_factory": lambda: os.cpu_count() or 1, "show_default": False}
Workers = Annotated[int, typer.Option("--workers", min=1, help="At once; by default one a core.", **_CORES)]
TimeLimit = Annotated[float, typer.Option("--time-limit-s", min=0, help="Longest computing time of one current.")]
Seed = Annotated[int, typer.Option("--seed", min=0, max=2**31 - 1, help="Of every search and every draw.")]
Curve = Annotated[
    str, typer.Option("--curve", help="published, simulated, designed, designed-300k, or a file of S against A.")
]
Form = Annotated[
    FormName | None,
    typer.Option("--cell", help="By default as printed for the printed device, else fitted to the curve."),
]
CardsFile = Annotated[
    Path | None,
    typer.Option("--cards", metavar="FILE", help="Transistor models of your own, n and p; else generic ones."),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
HOUR_S = 3600.0
CELL: dict[str, Any] = {  # of a simulated cell, by the names that the circuits have for them
    "curve": (Curve, "simulated"),
    "device_file": (DeviceFile, None),
    "form": (Form, None),
    "convention": (Convention, "magnet-section"),
    "cards_file": (CardsFile, None),
    "seed": (Seed, 0),
}
REQUIRED = Parameter.empty


def option(kind: Any, flag: str, what: str | None, default: Any = None, **more: Any) -> tuple[Any, Any]:
    """An option for `passing_on`; `what` is its help, and `more` as `typer.Option` takes it."""
    return Annotated[kind, typer.Option(flag, help=what, **more)], default


def passing_on(options: Mapping[str, tuple[Any, Any]]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """A command with more options, each its type and default: they are its `**asked`, and it passes them on.

    They are then written once, and not in the command's signature and again where it calls its function. In the help
    they come before the command's own, and --json last.
    """

    def add(command: Callable[..., None]) -> Callable[..., None]:
        own = [each for each in signature(command).parameters.values() if each.kind is not Parameter.VAR_KEYWORD]
        more = [
            Parameter(name, Parameter.KEYWORD_ONLY, default=default, annotation=kind)
            for name, (kind, default) in options.items()
        ]
        parameters = [*more, *(each.replace(kind=Parameter.KEYWORD_ONLY) for each in own)]
        parameters.sort(key=lambda each: each.name == "json")
        command.__signature__ = signature(command).replace(parameters=parameters)  # pyright: ignore
        command.__annotations__ = {each.name: each.annotation for each in parameters}
        return command

    return add


def currents_a(text: str) -> list[float]:
    """The currents of an option --currents-ua, in amperes, in its order.

    Raises:
        UserError: One is no number, or no current for such a device, or is named twice.
    """
    currents = []
    for word in text.split(","):
        try:
            current_a = round(float(word) * 1e-6, 15)
        except ValueError:
            raise UserError(
                f"--currents-ua: {word.strip()!r} is not a number", "Write them as -20,-10,0,10,20"
            ) from None
        if not (math.isfinite(current_a) and abs(current_a) < 1):
            raise UserError(f"--currents-ua: {word.strip()} µA is no current for such a device", "Stay below 1 A")
        currents.append(current_a)
    if len(set(currents)) < len(currents):
        raise UserError(f"--currents-ua: {text} names a current twice", "Name each once")
    return currents
