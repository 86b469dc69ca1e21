"""The commands `spingan circuit export` and `export-crossbar`: decks that ngspice runs, and devices as Verilog-A."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from spingan.commands.options import CELL, Json, OutFile, option, passing_on
from spingan.commands.printing import Result, show
from spingan.errors import UserError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from spingan.circuits.verilog_a import Module

CellName = Annotated[
    str, typer.Argument(metavar="CELL", help="One of spingan circuit list; or memristor, as Verilog-A.")
]
Format = Annotated[Literal["spice", "verilog-a"], typer.Option("--format", help="The circuit, or the device in it.")]
Analysis = Annotated[
    Literal["transfer", "time"] | None,
    typer.Option("--analysis", help="A deck's: DC transfer, or a step of the input; by default the first it has."),
]
MemristorOf = Annotated[str, typer.Option("--technology", help="Whose memristor; any that a voltage writes.")]


@passing_on(CELL)
def export(
    cell: CellName,
    format_: Format = "spice",
    analysis: Analysis = None,
    technology: MemristorOf = "wox-memristor",
    out: OutFile = None,
    json: Json = False,
    **asked: Any,
) -> None:
    """Write a cell as a SPICE deck that ngspice runs as it is, or its device as a Verilog-A module."""
    from spingan.circuits.cell_decks import cell_deck

    suffix = ".cir" if format_ == "spice" else ".va"
    file = out or Path("runs") / f"{cell}{suffix}"
    if format_ == "verilog-a":
        what = _module(cell, technology, **{key: asked[key] for key in ("curve", "device_file", "convention")})
    else:
        what = cell_deck(cell, analysis, **asked)
    what.write(file)
    data = {"cell": cell, "format": format_, "about": list(what.about), "file": str(file)}
    show(Result(data, str(file), what.about), json)


Columns = Annotated[str, typer.Option("--columns", metavar="LIST", help="Of the weight matrix, as 0,3-5.")]
Inputs = Annotated[
    Path | None, typer.Option("--inputs", metavar="FILE", help="A voltage a row; by default the read voltage on all.")
]
_MODEL = "A run folder, a weights file or a shipped name: a layer of its chip."
_WEIGHTS = "Weights of your own, CSV without headings."


@passing_on(
    {
        "model": option(str | None, "--model", _MODEL),
        "weights": option(Path | None, "--weights", _WEIGHTS, metavar="FILE"),
        "technology": option(str | None, "--technology", "To build the array in; by default the model's own."),
        "layer": option(str | None, "--layer", "Of the model, by its name; by default the last."),
        "chip_seed": option(int, "--chip-seed", "Which chip: its noise and faults.", 0, min=0),
    }
)
def export_crossbar(
    columns: Columns = "0", inputs: Inputs = None, out: OutFile = None, json: Json = False, **asked: Any
) -> None:
    """Write columns of a crossbar as a deck: a layer of a model's chip, or weights of your own in a technology."""
    if (asked["model"] is None) == (asked["weights"] is None):
        raise UserError("give either --model or --weights", "A layer of a model's chip, or weights of your own")
    chosen = _columns(columns)
    from spingan.api import crossbar_deck

    deck = crossbar_deck(columns=chosen, input_v=None if inputs is None else _inputs(inputs), **asked)
    file = deck.write(out or Path("runs") / "crossbar.cir")
    data = {"about": list(deck.about), "outputs": list(deck.shown), "file": str(file)}
    show(Result(data, str(file), deck.about), json)


def _module(cell: str, technology: str, **device: Any) -> "Module":
    from spingan.circuits.cell_decks import device_module
    from spingan.circuits.verilog_a import memristor_module
    from spingan.spec.technology import load_technology

    if cell != "memristor":
        return device_module(cell, **device)
    synapse = load_technology(technology).synapse
    if synapse is None:
        raise UserError(f"technology {technology} has no synapse", "Name one that has, such as wox-memristor")
    return memristor_module(synapse)


def _columns(text: str) -> list[int]:
    """The numbers of a list such as 0,3-5."""
    found: list[int] = []
    for part in text.split(","):
        first, dash, last = part.strip().partition("-")
        if not (first.isdecimal() and (last.isdecimal() if dash else True)) or len(part) > 20:
            raise UserError(f"--columns: {part.strip()[:40]!r} is no column", "Write them as 0,3-5")
        end = int(last) if dash else int(first)
        if not 0 <= end - int(first) < 100_000:
            raise UserError(f"--columns: {part.strip()} is no range", "Write the smaller number first")
        found += range(int(first), end + 1)
    return found


def _inputs(file: Path) -> "NDArray[np.float64]":
    from spingan.nn.crossbar_export import read_matrix

    return read_matrix(file).reshape(-1)
