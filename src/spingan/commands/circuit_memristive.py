"""Commands about paper M's circuits at 180 nm: each cell beside Table I, and the small net end to end."""

import csv
import io
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from spingan.commands.printing import print_json, print_note, print_rows
from spingan.commands.progress import progress_bars

if TYPE_CHECKING:
    from spingan.circuits.am_dcgan_study import CnnStudy
    from spingan.circuits.cards import Cards
    from spingan.circuits.memristive_cells import CellResult

CELLS = {
    "op-amp": "Paper M's op-amp: follower, gain, bandwidth, offset.",
    "current-to-voltage": "Paper M's reader of a dense column's current.",
    "dot-product-column": "Paper M's memristive column with its load.",
    "mean-filter": "Paper M's memristive mean.",
    "relu-switch": "Paper M's ReLU with switch; --out writes its activation.",
    "tanh": "Paper M's hyperbolic tangent; --out writes its activation.",
    "thresholding": "Paper M's thresholding circuit.",
    "sign-switch": "Paper M's sign switch and a cell of its crossbar.",
    "dropout-switch": "Paper M's dropout switch.",
    "crossbar-switch": "Paper M's crossbar switch.",
}
CardsFile = Annotated[Path | None, typer.Option("--cards", metavar="FILE", help="Model cards of your own, for 180 nm.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
PICTURES, SEED = 3, 7  # as `am_dcgan_study` has them, which takes a while to import


def register(app: typer.Typer) -> None:
    """Add a command for each cell, and the net's."""
    for name, about in CELLS.items():
        app.command(name, help=about)(_cell_command(name))
    app.command("am-dcgan-cnn")(am_dcgan_cnn)


def am_dcgan_cnn(
    pictures: Annotated[int, typer.Option("--pictures", min=1, help="Pictures, 100 ns each.")] = PICTURES,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of weights and pictures.")] = SEED,
    cards: CardsFile = None,
    out: Annotated[Path | None, typer.Option("--out", help="Folder for pictures and a table of all nodes.")] = None,
    json: Json = False,
) -> None:
    """Paper M's small CNN, transistor by transistor, beside numpy.

    All of its cells beside Table I, the waveforms of figure 4 and the transfers of figure 5.
    """
    from dataclasses import asdict

    from spingan.circuits.am_dcgan_study import cnn_rows, node_errors, study_cnn
    from spingan.output import output_folder

    chosen = _cards(cards)
    if out is not None:
        output_folder(out)  # a bad place is known before the minutes of work
    with progress_bars() as advance:
        study = study_cnn(seed, pictures, chosen, advance)
    files = [] if out is None else _write_study(study, out)
    rows = cnn_rows(study)
    if json:
        print_json(
            {
                "circuit": "am-dcgan-cnn",
                "cards": study.run.cards,
                "seed": seed,
                "pictures": pictures,
                "seconds": study.run.seconds,
                "rows": [row.to_dict() for row in rows],
                "errors": [asdict(error) for error in node_errors(study)],
                "files": [str(file) for file in files],
            }
        )
        return
    print_rows(rows)
    print_note("\n".join((f"cards: {study.run.cards}; {study.run.seconds:.0f} s in ngspice", *map(str, files))))


def _cell_command(name: str) -> Callable[..., None]:
    def command(
        cards: CardsFile = None,
        out: Annotated[Path | None, typer.Option("--out", help="Folder for picture and transfer.")] = None,
        json: Json = False,
    ) -> None:
        from spingan.circuits.memristive_cells import measure_cell
        from spingan.circuits.memristive_figures import cell_rows

        chosen = _cards(cards)
        result = measure_cell(name, chosen)
        files = [] if out is None else _write_cell(result, chosen, out)
        rows = cell_rows(result, chosen)
        if json:
            print_json(
                {
                    "circuit": name,
                    "cards": chosen.name,
                    "rows": [row.to_dict() for row in rows],
                    "files": [str(file) for file in files],
                }
            )
            return
        print_rows(rows)
        print_note("\n".join((f"cards: {chosen.name}", *map(str, files))))

    return command


def _cards(file: Path | None) -> "Cards":
    from spingan.circuits.cards import load_cards

    return load_cards(file, "180nm")


def _write_cell(result: "CellResult", cards: "Cards", folder: Path) -> list[Path]:
    """The cell's transfer as a table, its picture, and, of ReLU and tanh, the activation file."""
    from spingan.circuits.memristive_activations import relu_activation, tanh_activation
    from spingan.output import output_folder, write_text
    from spingan.reports.memristive_plots import cell_figure
    from spingan.reports.plots import save_png
    from spingan.spec.files import write_activation

    output_folder(folder)
    curve, name = result.transfer, result.cell.name
    table, picture = folder / f"{name}_transfer.csv", folder / f"{name}.png"
    points = [(value, curve.at(value), curve.power_at(value)) for value in curve.input.tolist()]
    write_text(table, _csv([f"input_{result.cell.input_unit.lower()}", "output_v", "power_w"], points))
    save_png(cell_figure(result), picture)
    files = [table, picture]
    made = {"relu-switch": relu_activation, "tanh": tanh_activation}.get(name)
    if made is not None:
        activation = made(cards)
        files.append(folder / f"{activation.name}.csv")
        write_activation(activation, files[-1])
    return files


def _write_study(study: "CnnStudy", folder: Path) -> list[Path]:
    """Figures 4 and 5, and every node of every picture, in SPICE and numpy."""
    import numpy as np

    from spingan.circuits.am_dcgan_study import NODES
    from spingan.output import write_text
    from spingan.reports.memristive_plots import activation_figure, waveform_figure
    from spingan.reports.plots import save_png

    waves, functions, nodes = folder / "waveforms.png", folder / "activations.png", folder / "nodes.csv"
    save_png(waveform_figure(study), waves)
    save_png(activation_figure(study.cells["tanh"], study.cells["relu-switch"]), functions)
    rows = []
    for name in NODES:
        spice = study.run.settled(name)
        for picture, *place in np.ndindex(*spice.shape):
            at = (picture, *place)
            values = (float(values[at]) for values in (spice, study.ideal[name], study.curves[name]))
            rows.append((name, picture, "_".join(str(index) for index in place), *values))
    write_text(nodes, _csv(["group", "picture", "place", "spice", "numpy_ideal", "numpy_with_cell_curves"], rows))
    return [waves, functions, nodes]


def _csv(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(headings)
    writer.writerows(rows)
    return text.getvalue()
