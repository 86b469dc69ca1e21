"""`spingan device export`: the devices as scripts that run in mumax3 and OOMMF."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from spingan.commands.printing import print_json, print_note
from spingan.commands.wall_options import Convention, ConventionName, CurrentsUa, DeviceFile, Json, Out, currents_a
from spingan.errors import UserError

if TYPE_CHECKING:
    from spingan.devices.export import Experiment

Name = Literal["leaky-relu", "relu", "skyrmion-synapse"]
Device = Annotated[Name, typer.Argument(metavar="DEVICE", help="leaky-relu, relu or skyrmion-synapse.")]
Program = Annotated[Literal["mumax3", "oommf"], typer.Option("--program", help="Who is to run it.")]
CellNm = Annotated[float | None, typer.Option("--cell-nm", help="Cell size; 1, and 2 for the synapse.")]
DEFAULT_UA = (-20.0, -10.0, 0.0, 10.0, 20.0)  # the range that paper S claims for the leaky ReLU


def export(
    device: Device,
    program: Program,
    currents_ua: CurrentsUa = None,
    convention: Convention = "magnet-section",
    cell_nm: CellNm = None,
    device_file: DeviceFile = None,
    out: Out = None,
    json: Json = False,
) -> None:
    """Write a device as scripts for mumax3 or OOMMF, one a current, with every file that they read."""
    from spingan.devices import export_mumax3, export_oommf

    currents = None if currents_ua is None else currents_a(currents_ua)
    experiment = _experiment(device, currents, convention, cell_nm, device_file)
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
    device: Name,
    currents_a: list[float] | None,
    convention: ConventionName,
    cell_nm: float | None,
    file: Path | None,
) -> "Experiment":
    from spingan.devices.export import wall_experiment
    from spingan.devices.export_synapse import synapse_experiment
    from spingan.devices.skyrmion_synapse import PRINTED
    from spingan.devices.wall_device import LEAKY_RELU, RELU, read_wall_device

    if cell_nm is not None and not 0.1 <= cell_nm <= 10:
        raise UserError(f"--cell-nm: {cell_nm:g} nm is not between 0.1 and 10", "1 and 2 nm are usual")
    if device == "skyrmion-synapse":
        if file is not None:
            raise UserError("--device: a file holds a wall device, not a synapse", "Name leaky-relu or relu before it")
        printed = [PRINTED.current_density_a_per_m2 * PRINTED.area_m2]
        return synapse_experiment(PRINTED, currents_a or printed, (cell_nm or 2.0) * 1e-9)
    chosen = read_wall_device(file) if file else LEAKY_RELU if device == "leaky-relu" else RELU
    currents = currents_a or [current * 1e-6 for current in DEFAULT_UA]
    return wall_experiment(chosen, currents, convention, (cell_nm or 1.0) * 1e-9)
