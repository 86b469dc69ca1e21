"""`spingan device export`: the devices as scripts that run in mumax3 and OOMMF."""

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from spingan.commands.printing import print_json, print_note
from spingan.errors import UserError

if TYPE_CHECKING:
    from spingan.devices.export import Experiment
    from spingan.devices.wall_device import TorqueConvention

Name = Literal["leaky-relu", "relu", "skyrmion-synapse"]
Device = Annotated[Name, typer.Argument(metavar="DEVICE", help="leaky-relu, relu or skyrmion-synapse.")]
Program = Annotated[Literal["mumax3", "oommf"], typer.Option("--program", help="Who is to run it.")]
CurrentsUa = Annotated[
    str | None,
    typer.Option(
        "--currents-ua", metavar="LIST", help="Currents in µA, as -20,0,20; through the disc for the synapse."
    ),
]
Convention = Annotated[
    Literal["textbook", "printed-formula", "magnet-section"],
    typer.Option("--convention", help="How a wall device's input becomes a spin current."),
]
CellNm = Annotated[float | None, typer.Option("--cell-nm", help="Cell size; 1, and 2 for the synapse.")]
Out = Annotated[Path | None, typer.Option("--out", help="Folder for the scripts and what they read.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]

DEFAULT_UA = (-20.0, -10.0, 0.0, 10.0, 20.0)  # the range that paper S claims for the leaky ReLU


def export(
    device: Device,
    program: Program,
    currents_ua: CurrentsUa = None,
    convention: Convention = "magnet-section",
    cell_nm: CellNm = None,
    out: Out = None,
    json: Json = False,
) -> None:
    """Write a device as scripts for mumax3 or OOMMF, one a current, with every file that they read."""
    from spingan.devices import export_mumax3, export_oommf

    experiment = _experiment(device, _currents_a(currents_ua), convention, cell_nm)
    folder = out or Path(f"runs/export-{device}-{program}")
    scripts = (export_mumax3 if program == "mumax3" else export_oommf).write(experiment, folder)
    if json:
        files = sorted(str(path) for path in folder.iterdir())
        print_json(
            {
                "device": device,
                "program": program,
                "folder": str(folder),
                "scripts": [str(path) for path in scripts],
                "files": files,
            }
        )
        return
    for path in scripts:
        print(path)
    print_note(f"how to run them: {folder / 'README.txt'}")


def _experiment(
    device: Name, currents_a: list[float] | None, convention: "TorqueConvention", cell_nm: float | None
) -> "Experiment":
    from spingan.devices.export import wall_experiment
    from spingan.devices.export_synapse import synapse_experiment
    from spingan.devices.skyrmion_synapse import PRINTED
    from spingan.devices.wall_device import LEAKY_RELU, RELU

    if cell_nm is not None and not 0.1 <= cell_nm <= 10:
        raise UserError(f"--cell-nm: {cell_nm:g} nm is not between 0.1 and 10", "1 and 2 nm are usual")
    if device == "skyrmion-synapse":
        printed = [PRINTED.current_density_a_per_m2 * PRINTED.area_m2]
        return synapse_experiment(PRINTED, currents_a or printed, (cell_nm or 2.0) * 1e-9)
    chosen = LEAKY_RELU if device == "leaky-relu" else RELU
    currents = currents_a or [current * 1e-6 for current in DEFAULT_UA]
    return wall_experiment(chosen, currents, convention, (cell_nm or 1.0) * 1e-9)


def _currents_a(text: str | None) -> list[float] | None:
    if text is None:
        return None
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
