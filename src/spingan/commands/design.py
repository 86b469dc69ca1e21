"""Commands that design devices: a leaky ReLU or a ReLU with the asked transfer, shown in the solver."""

from pathlib import Path
from typing import Any

import typer

from spingan.commands.options import (
    HOUR_S,
    REQUIRED,
    CellNm,
    Convention,
    ConventionName,
    Json,
    Out,
    Seed,
    TimeLimit,
    Workers,
    option,
    passing_on,
)
from spingan.commands.printing import Result, run, table
from spingan.progress import Progress

app = typer.Typer(
    help="Devices that do what was asked: searched with a compact model, shown in the solver.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
_ASKED: dict[str, Any] = {
    "range_ua": option(float, "--range-ua", "Inputs go from minus to plus this, in µA.", 20.0),
    "convention": (Convention, "magnet-section"),
    "cell_nm": (CellNm, 1.0),
    "out": (Out, None),
    "seed": (Seed, 0),
    "workers": (Workers, REQUIRED),
    "time_limit_s": (TimeLimit, HOUR_S),
    "json": (Json, False),
}
_SLOPE = option(float, "--slope", "Below zero over above zero, 0.05 to 0.5; 0: a ReLU.", 0.2)


@app.command("leaky-relu")
@passing_on({"slope": _SLOPE} | _ASKED)
def leaky_relu(**asked: Any) -> None:
    """A domain-wall leaky ReLU of the asked slope: anisotropy profile and junctions; materials as printed."""
    _design(**asked)


@app.command("relu")
@passing_on(_ASKED)
def relu(**asked: Any) -> None:
    """A domain-wall ReLU: the leaky one with slope 0, on the leaky device's track, with one junction and no bias."""
    _design(0.0, **asked)


def _design(
    slope: float,
    *,
    range_ua: float,
    convention: ConventionName,
    cell_nm: float,
    out: Path | None,
    json: bool,
    **solver: Any,
) -> None:
    from spingan.devices import wall_design_run
    from spingan.devices.wall_design import Goal
    from spingan.reports.design_plots import write_design
    from spingan.tabular import cell

    goal = Goal(slope, range_ua * 1e-6, convention)
    folder = out or Path(f"runs/design-leaky-relu-{slope:g}" if slope else "runs/design-relu")

    def work(progress: Progress) -> Result:
        found = wall_design_run.design(goal, cell_m=cell_nm * 1e-9, progress=progress, **solver)
        data = wall_design_run.summary(found) | {"folder": str(folder)}
        text = table(("quantity", "value"), [(key, cell(value, 5)) for key, value in data.items()])
        return Result(data, text, (), lambda place: [f for f in write_design(found, place) if f.suffix != ".ovf"])

    run(work, json, folder)
