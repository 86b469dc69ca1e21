"""Commands about circuits: the papers' cells in ngspice, beside what the papers print."""

from typing import Annotated

import typer

from spingan.commands import circuit_cells, circuit_memristive, circuit_export
from spingan.commands.printing import print_json, print_table

app = typer.Typer(
    help="Circuits in ngspice: output, energy and waveforms, beside what the papers print.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


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
app.command("export")(circuit_export.export)
app.command("export-crossbar")(circuit_export.export_crossbar)
circuit_memristive.register(app)
