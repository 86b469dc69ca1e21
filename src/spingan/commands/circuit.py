"""Commands about circuits: the papers' cells in ngspice, beside what the papers print."""

from pathlib import Path
from typing import Annotated

import typer

from spingan.commands import circuit_cards, circuit_cells, circuit_export, circuit_memristive
from spingan.commands.printing import print_json, print_table

app = typer.Typer(
    help="Circuits in ngspice: output, energy and waveforms, beside what the papers print.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


@app.callback()
def _runs(
    context: typer.Context,
    keep: Annotated[
        Path | None, typer.Option("--keep", metavar="FOLDER", help="A new folder for netlists and results of all runs.")
    ] = None,
    time_limit_s: Annotated[
        float | None, typer.Option("--time-limit-s", help="Longest time of a run, instead of its own.")
    ] = None,
) -> None:
    """Circuits in ngspice: output, energy and waveforms, beside what the papers print."""
    if keep is not None or time_limit_s is not None:
        from spingan.circuits.ngspice import wishes

        context.with_resource(wishes(keep, time_limit_s))


@app.command("list")
def list_cells(json: Json = False) -> None:
    """Every circuit, with its paper and technology node."""
    from spingan.circuits.catalogue import CELLS

    if json:
        print_json({"cells": [cell.to_dict() for cell in CELLS]})
        return
    print_table(("name", "paper", "node", "what it does"), [(c.name, c.paper, c.node, c.does) for c in CELLS])


app.command("leaky-relu")(circuit_cells.leaky_relu)
app.command("relu")(circuit_cells.relu)
app.command("cards")(circuit_cards.cards)
app.command("export")(circuit_export.export)
app.command("export-crossbar")(circuit_export.export_crossbar)
circuit_memristive.register(app)
