"""`spingan study`: what a property of the devices does to the pictures, in parallel, with a verdict on a claim."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from spingan.commands.noise import noise, quantization
from spingan.commands.printing import print_json, print_table
from spingan.commands.study_options import (
    Count,
    Data,
    Json,
    Model,
    Out,
    Scheduler,
    Seed,
    Seeds,
    Workers,
    run_study,
    written,
)

if TYPE_CHECKING:
    from spingan.studies.curves import Curves
    from spingan.studies.run import Name
    from spingan.studies.sweep import Sweep

app = typer.Typer(
    help="What a property of the devices does to the pictures.", no_args_is_help=True, rich_markup_mode=None
)


def _add(name: "Name", what: str) -> None:
    """A study that draws images, as a command; `what` is its help."""

    def command(
        model: Model,
        out: Out = None,
        seed: Seed = 0,
        seeds: Seeds = None,
        count: Count = None,
        workers: Workers = None,
        scheduler: Scheduler = None,
        data: Data = None,
        json: Json = False,
    ) -> None:
        _run(name, model, out, seed, seeds, count, workers, scheduler, data, json)

    app.command(name, help=what)(command)


_add("variability", "Pictures and distance against the variability of the devices, 0 to 50 %.")
_add("levels", "Pictures and distance against the number of levels, 2 to 256.")
_add("epochs", "Pictures and distance against the epochs of a run: those whose weights its folder keeps.")
_add(
    "block-error",
    "Error along the discriminator against variability: convolution, mean, dense input, dense output.",
)


app.command()(noise)
app.command()(quantization)


@app.command()
def leakage(
    model: Model,
    out: Out = None,
    seed: Seed = 0,
    workers: Workers = None,
    scheduler: Scheduler = None,
    json: Json = False,
) -> None:
    """Leakage currents of the arrays against variability."""
    _run("leakage", model, out, seed, None, None, workers, scheduler, None, json)


def _run(
    name: "Name",
    model: str,
    out: Path | None,
    seed: int,
    seeds: int | None,
    count: int | None,
    workers: int | None,
    scheduler: str | None,
    data: Path | None,
    json: bool,
) -> None:
    from spingan.studies.sweep import Sweep

    found: Any = run_study(
        name,
        model,
        out,
        count=count,
        seed=seed,
        seeds=seeds,
        workers=workers,
        scheduler=scheduler,
        data_path=data,
    )
    files = written(out, f"{name}.png", f"{name}.csv")
    if json:
        print_json(found.to_dict() | {"files": files})
        return
    if isinstance(found, Sweep):
        _print_sweep(found)
    else:
        _print_curves(found)
    for line in (*found.notes, *files):
        print(line)


def _print_sweep(found: "Sweep") -> None:
    print(f"{found.model} on {found.technology}: {found.metric}, smaller is better\n")
    rows = [
        (
            setting.label,
            f"{setting.interval.mean:.3f}",
            f"{setting.interval.low:.3f} to {setting.interval.high:.3f}",
            f"{setting.of_ideal:.3f}",
            "yes" if setting.tolerated else "no",
        )
        for setting in found.settings
    ]
    print_table((found.quantity, "mean", "95 % interval", "of the ideal's", "tolerated"), rows, right=(1, 2, 3))
    print(f"\nideal: {found.ideal.label}, {found.ideal.interval.mean:.3f}; {found.rule}")
    print(f"{found.claim}: {found.verdict}")


def _print_curves(found: "Curves") -> None:
    from spingan.reports.tables import quantity_text

    def text(value: float, unit: str) -> str:
        return f"{value:.2%}" if unit == "1" else quantity_text(value, unit, 4)

    print(f"{found.model} on {found.technology}\n")
    rows = [
        (
            curve.name,
            f"{point.setting:.0%}",
            *(text(value, curve.unit) for value in (point.mean, point.low, point.high)),
        )
        for curve in found.curves
        for point in curve.points
    ]
    print_table(("curve", found.quantity, "mean", "2.5 %", "97.5 %"), rows, right=(1, 2, 3, 4))
    print(f"\n{found.claim}: {found.verdict}")
