"""Commands that design devices: a leaky ReLU or a ReLU with the asked transfer, shown in the solver."""

import os
from pathlib import Path
from typing import Annotated, Literal

import typer

from spingan.commands.printing import print_json, print_note, print_table
from spingan.commands.progress import progress_bars

app = typer.Typer(
    help="Devices that do what was asked: searched with a compact model, shown in the solver.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
RangeUa = Annotated[float, typer.Option("--range-ua", help="Inputs go from minus to plus this, in µA.")]
Convention = Annotated[
    Literal["textbook", "printed-formula", "magnet-section"],
    typer.Option("--convention", help="How an input becomes a spin current."),
]
CellNm = Annotated[float, typer.Option("--cell-nm", help="Cell size of the solver.")]
Out = Annotated[Path | None, typer.Option("--out", help="Folder; by default runs/design-...")]
Seed = Annotated[int, typer.Option("--seed", min=0, max=2**31 - 1, help="Seed of the search.")]
Workers = Annotated[int | None, typer.Option("--workers", min=1, help="Processes; by default one a core.")]
TimeLimit = Annotated[float, typer.Option("--time-limit-s", min=0, help="Longest computing time of one current.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
HOUR_S = 3600.0


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
    folder = out or Path(f"runs/design-leaky-relu-{slope:g}")
    _design(slope, range_ua, convention, cell_nm, folder, seed, workers, time_limit_s, json)


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
    _design(0.0, range_ua, convention, cell_nm, out or Path("runs/design-relu"), seed, workers, time_limit_s, json)


def _design(
    slope: float,
    range_ua: float,
    convention: Literal["textbook", "printed-formula", "magnet-section"],
    cell_nm: float,
    folder: Path,
    seed: int,
    workers: int | None,
    time_limit_s: float,
    json: bool,
) -> None:
    from spingan.devices.wall_design import Goal
    from spingan.devices.wall_design_run import design, summary
    from spingan.output import output_folder
    from spingan.reports.design_plots import write_design

    goal = Goal(slope, range_ua * 1e-6, convention)
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


def _cell(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(_cell(item) for item in value)
    if isinstance(value, dict):
        return "; ".join(f"{key}: {_cell(item)}" for key, item in value.items())
    return "-" if value is None else f"{value:.5g}" if isinstance(value, float) else str(value)
