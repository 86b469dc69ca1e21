"""`spingan explore`: the best designs of a space, quality against energy, time and area."""

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from spingan.commands.options import DataName, Json, RealImages, option, passing_on
from spingan.commands.printing import Result, print_note, progress_bars, show, table

_SCHEDULER = "Dask scheduler whose workers do it: tcp://HOST:PORT."
_SAMPLER = Literal["tpe", "nsga2", "random"]
_ASKED: dict[str, Any] = {
    "model": option(str | None, "--model", "The net, in place of the space's: a run folder, a file, or a name."),
    "trials": option(int, "--trials", "Designs in all; the same folder goes on from those that it has.", 50, min=1),
    "sampler": option(_SAMPLER, "--sampler", "What proposes designs.", "tpe"),
    "seed": option(int, "--seed", "Of the search.", 0, min=0, max=2**32 - 1),
    "count": option(int, "--count", "Images a chip.", 2_000, min=8),
    "chips": option(int, "--chips", "Chips, of which the first has seed 0.", 3, min=2),
    "data_name": (DataName, None),
    "data_path": (RealImages, None),
    "workers": option(int | None, "--workers", "Processes; by default one a processor.", min=1),
    "scheduler": option(str | None, "--scheduler", _SCHEDULER, metavar="ADDRESS"),
}
_ROWS = 12  # of the front on the screen; the page has all


@passing_on(_ASKED)
def explore(
    space: Annotated[str, typer.Argument(metavar="SPACE", help="A shipped name (energy-quality), or a YAML file.")],
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="For the page, the front and the trials; by default one in runs/."),
    ] = None,
    json: Json = False,
    **asked: Any,
) -> None:
    """Search a space for the best designs: pictures against energy, time and area, each a technology to use."""
    from spingan.studies.space import load_space

    found_space = load_space(space)  # what a user may have misspelt is told before torch is loaded
    from spingan.api import explore as explored
    from spingan.reports.explore_report import BEST, DATA, FRONT, PAGE, PICTURE, front_table, summary

    folder = out or Path("runs") / f"explore-{found_space.name}"
    try:
        with progress_bars() as progress:
            found = explored(found_space, folder, progress=progress, **asked)
    except KeyboardInterrupt:
        print_note(f"spingan: stopped\n  The same command goes on; what is done is in {folder}")
        raise
    lines = summary(found)
    if found.best:
        front = front_table(found)
        lines += ["", table(front.headings, front.rows[:_ROWS], list(front.right))]
    named = (BEST,) if found.best_generator is not None else ()
    files = [str(folder / name) for name in (PAGE, PICTURE, DATA, FRONT, *named)]
    show(Result(found.to_dict(), "\n".join(lines), found.notes), json, files)
