"""`spingan device skyrmion-synapse`: the synapse at work, its working window, heat, levels and energy."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from spingan.commands.printing import print_json, print_note, print_rows
from spingan.commands.progress import progress_bars

if TYPE_CHECKING:
    from spingan.devices.comparison import Row
    from spingan.devices.skyrmion_synapse_study import Study

Out = Annotated[Path | None, typer.Option("--out", help="Folder for curves, pictures and tables.")]
Seed = Annotated[int, typer.Option("--seed", min=0, max=2**32 - 1, help="Of the heat and of a film's disorder.")]
Seeds = Annotated[int, typer.Option("--seeds", min=2, max=1000, help="Number of runs with heat.")]
Calibration = Annotated[
    Path | None, typer.Option("--calibration", metavar="FILE", help="From spingan calibrate skyrmion; else shipped.")
]
Workers = Annotated[int | None, typer.Option("--workers", min=1, help="Threads; by default one a core.")]
Full = Annotated[bool, typer.Option("--full", help="Also injection and a small disc in the solver: some minutes.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


def skyrmion_synapse(
    out: Out = None,
    seed: Seed = 0,
    seeds: Seeds = 4,
    calibration: Calibration = None,
    workers: Workers = None,
    full: Full = False,
    json: Json = False,
) -> None:
    """Paper S's skyrmion synapse by the Thiele model, beside every number that it prints."""
    from spingan.devices.skyrmion_synapse import shipped_calibration
    from spingan.devices.skyrmion_synapse_figures import rows
    from spingan.devices.skyrmion_synapse_study import characterise
    from spingan.output import output_folder
    from spingan.physics.skyrmion_calibration import read_calibration
    from spingan.reports.synapse_report import write_synapse_report

    constants = shipped_calibration() if calibration is None else read_calibration(calibration)
    folder = output_folder(out or Path("runs/device-skyrmion-synapse"))
    with progress_bars() as advance:
        done = characterise(constants, seed, seeds, workers or os.cpu_count() or 1, advance, full)
    table = rows(done)
    _show(done, table, write_synapse_report(done, table, folder), json)


def _show(done: "Study", rows: list["Row"], files: list[Path], json: bool) -> None:
    if json:
        print_json(
            {
                "device": done.variants[0].device.name,
                "seed": done.seed,
                "calibration": done.calibration.source,
                "rows": [row.to_dict() for row in rows],
                "working_points": {variant.name: variant.point.to_dict() for variant in done.variants},
                "files": [str(file) for file in files],
            }
        )
        return
    print_rows(rows)
    print_note("\n".join(str(file) for file in files))
