"""Commands that design devices: a leaky ReLU or a ReLU with the asked transfer, shown in the solver."""

import os
from pathlib import Path
from typing import Annotated

import typer

from spingan.commands.printing import print_json, print_note, print_table
from spingan.commands.progress import progress_bars
from spingan.commands.wall_options import HOUR_S, CellNm, Convention, Json, Out, TimeLimit, Workers

app = typer.Typer(
    help="Devices that do what was asked: searched with a compact model, shown in the solver.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
RangeUa = Annotated[float, typer.Option("--range-ua", help="Inputs go from minus to plus this, in µA.")]
Seed = Annotated[int, typer.Option("--seed", min=0, max=2**31 - 1, help="Seed of the search.")]


@app.command("leaky-relu")
def leaky_relu(
    slope: Annotated[float, typer.Option("--slope", help="Below zero over above zero, 0.05 to 0.5; 0: a ReLU.")] = 0.2,
    range_ua: RangeUa = 20.0,
    convention: Convention = "magnet-section",
    cell_nm: CellNm = 1.0,
    out: Out = None,
    seed: Seed = 0,
    workers: Workers = None,
    time_limit_s: TimeLimit = HOUR_S,
    json: Json = False,
) -> None:
    """A domain-wall leaky ReLU of the asked slope: anisotropy profile and junctions; materials as printed."""
    from spingan.devices.wall_design import Goal
    from spingan.devices.wall_design_run import design, summary
    from spingan.output import output_folder
    from spingan.reports.design_plots import write_design

    goal = Goal(slope, range_ua * 1e-6, convention)
    folder = out or Path(f"runs/design-leaky-relu-{slope:g}" if slope else "runs/design-relu")
    output_folder(folder if folder.exists() else folder.parent)  # a bad place is known before the minutes of work
    with progress_bars() as advance:
        found = design(
            goal,
            seed=seed,
            workers=workers or os.cpu_count() or 1,
            cell_m=cell_nm * 1e-9,
            time_limit_s=time_limit_s,
            progress=advance,
        )
    files = write_design(found, folder)
    result = summary(found) | {"folder": str(folder), "files": [str(file) for file in files if file.suffix != ".ovf"]}
    if json:
        print_json(result)
        return
    print_table(("quantity", "value"), [(key, _cell(value)) for key, value in result.items() if key != "files"])
    print_note("\n".join(str(file) for file in files if file.suffix != ".ovf"))


@app.command("relu")
def relu(
    range_ua: RangeUa = 20.0,
    convention: Convention = "magnet-section",
    cell_nm: CellNm = 1.0,
    out: Out = None,
    seed: Seed = 0,
    workers: Workers = None,
    time_limit_s: TimeLimit = HOUR_S,
    json: Json = False,
) -> None:
    """A domain-wall ReLU: the leaky one with slope 0, on the leaky device's track, with one junction and no bias."""
    leaky_relu(0.0, range_ua, convention, cell_nm, out, seed, workers, time_limit_s, json)


def _cell(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(_cell(item) for item in value)
    if isinstance(value, dict):
        return "; ".join(f"{key}: {_cell(item)}" for key, item in value.items())
    return "-" if value is None else f"{value:.5g}" if isinstance(value, float) else str(value)
