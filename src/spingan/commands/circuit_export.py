"""The commands `spingan circuit export` and `export-crossbar`: decks that ngspice runs, and devices as Verilog-A."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from spingan.commands.options import CardsFile, Convention, Curve, DeviceFile, Form, Json, OutFile, Seed
from spingan.commands.printing import Result, show
from spingan.errors import UserError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from spingan.circuits.verilog_a import Module
    from spingan.devices.wall_device import TorqueConvention

CellName = Annotated[
    str, typer.Argument(metavar="CELL", help="One of spingan circuit list; or memristor, as Verilog-A.")
]
Format = Annotated[Literal["spice", "verilog-a"], typer.Option("--format", help="The circuit, or the device in it.")]
Analysis = Annotated[
    Literal["transfer", "time"] | None,
    typer.Option("--analysis", help="A deck's: DC transfer, or a step of the input; by default the first it has."),
]
MemristorOf = Annotated[str, typer.Option("--technology", help="Whose memristor; any that a voltage writes.")]


def export(
    cell: CellName,
    format_: Format = "spice",
    analysis: Analysis = None,
    curve: Curve = "simulated",
    device: DeviceFile = None,
    form: Form = None,
    convention: Convention = "magnet-section",
    cards: CardsFile = None,
    technology: MemristorOf = "wox-memristor",
    out: OutFile = None,
    seed: Seed = 0,
    json: Json = False,
) -> None:
    """Write a cell as a SPICE deck that ngspice runs as it is, or its device as a Verilog-A module."""
    from spingan.circuits.cell_decks import cell_deck

    suffix = ".cir" if format_ == "spice" else ".va"
    file = out or Path("runs") / f"{cell}{suffix}"
    if format_ == "verilog-a":
        what = _module(cell, curve, device, convention, technology)
    else:
        what = cell_deck(
            cell,
            analysis,
            curve=curve,
            device_file=device,
            form=form,
            convention=convention,
            cards_file=cards,
            seed=seed,
        )
    what.write(file)
    data = {"cell": cell, "format": format_, "about": list(what.about), "file": str(file)}
    show(Result(data, str(file), what.about), json)


ModelName = Annotated[
    str | None, typer.Option("--model", help="A run folder, a weights file or a shipped name: a layer of its chip.")
]
WeightsFile = Annotated[
    Path | None, typer.Option("--weights", metavar="FILE", help="Weights of your own, CSV without headings.")
]
Technology = Annotated[
    str | None, typer.Option("--technology", help="To build the array in; by default the model's own.")
]
Layer = Annotated[str | None, typer.Option("--layer", help="Of the model, by its name; by default the last.")]
Columns = Annotated[str, typer.Option("--columns", metavar="LIST", help="Of the weight matrix, as 0,3-5.")]
Inputs = Annotated[
    Path | None, typer.Option("--inputs", metavar="FILE", help="A voltage a row; by default the read voltage on all.")
]
ChipSeed = Annotated[int, typer.Option("--chip-seed", min=0, help="Which chip: its noise and faults.")]


def export_crossbar(
    model: ModelName = None,
    weights: WeightsFile = None,
    technology: Technology = None,
    layer: Layer = None,
    columns: Columns = "0",
    inputs: Inputs = None,
    chip_seed: ChipSeed = 0,
    out: OutFile = None,
    json: Json = False,
) -> None:
    """Write columns of a crossbar as a deck: a layer of a model's chip, or weights of your own in a technology."""
    if (model is None) == (weights is None):
        raise UserError("give either --model or --weights", "A layer of a model's chip, or weights of your own")
    chosen = _columns(columns)
    from spingan.api import crossbar_deck

    deck = crossbar_deck(
        model=model,
        weights=weights,
        technology=technology,
        layer=layer,
        columns=chosen,
        input_v=None if inputs is None else _inputs(inputs),
        chip_seed=chip_seed,
    )
    file = deck.write(out or Path("runs") / "crossbar.cir")
    data = {"about": list(deck.about), "outputs": list(deck.shown), "file": str(file)}
    show(Result(data, str(file), deck.about), json)


def _module(cell: str, curve: str, device: Path | None, convention: "TorqueConvention", technology: str) -> "Module":
    from spingan.circuits.cell_decks import device_module
    from spingan.circuits.verilog_a import memristor_module
    from spingan.spec.technology import load_technology

    if cell != "memristor":
        return device_module(cell, curve=curve, device_file=device, convention=convention)
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
