"""Options that the commands about devices and circuits share, and what they read from them."""

import math
from pathlib import Path
from typing import Annotated, Literal

import typer

from spingan.errors import UserError

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
Workers = Annotated[int | None, typer.Option("--workers", min=1, help="At once; by default one a core.")]
TimeLimit = Annotated[float, typer.Option("--time-limit-s", min=0, help="Longest computing time of one current.")]
Seed = Annotated[int, typer.Option("--seed", min=0, max=2**31 - 1, help="Of every search and every draw.")]
Curve = Annotated[
    str, typer.Option("--curve", help="published, simulated, designed, or a file of conductances in S against A.")
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
