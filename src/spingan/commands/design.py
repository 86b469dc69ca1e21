"""Commands that design devices: a leaky ReLU or a ReLU with the asked transfer, shown in the solver."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from spingan.commands.options import HOUR_S, CellNm, Convention, Json, Out, Seed, TimeLimit, Workers
from spingan.commands.printing import Result, run, table

if TYPE_CHECKING:
    from spingan.progress import Progress

app = typer.Typer(
    help="Devices that do what was asked: searched with a compact model, shown in the solver.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
RangeUa = Annotated[float, typer.Option("--range-ua", help="Inputs go from minus to plus this, in µA.")]


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
    from spingan.devices import wall_design_run
    from spingan.devices.wall_design import Goal
    from spingan.reports.design_plots import write_design
    from spingan.tabular import cell

    goal = Goal(slope, range_ua * 1e-6, convention)
    folder = out or Path(f"runs/design-leaky-relu-{slope:g}" if slope else "runs/design-relu")

    def work(progress: "Progress") -> Result:
        found = wall_design_run.design(
            goal,
            seed=seed,
            workers=workers or os.cpu_count() or 1,
            cell_m=cell_nm * 1e-9,
            time_limit_s=time_limit_s,
            progress=progress,
        )
        data = wall_design_run.summary(found) | {"folder": str(folder)}
        text = table(("quantity", "value"), [(key, cell(value, 5)) for key, value in data.items()])
        return Result(data, text, (), lambda place: [f for f in write_design(found, place) if f.suffix != ".ovf"])

    run(work, json, folder)


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
