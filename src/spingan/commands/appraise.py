"""`spingan appraise`: is a device good enough, and if not, what would have to change."""

from pathlib import Path
from typing import Annotated, Any

import typer

from spingan.commands.options import DataName, Json, RealImages, option, passing_on
from spingan.commands.printing import Result, print_note, progress_bars, show

_SCHEDULER = "Dask scheduler whose workers do it: tcp://HOST:PORT."
_ASKED: dict[str, Any] = {
    "model": option(str, "--model", "The net: a run folder, a weights file, or a shipped name.", "clothes-longer"),
    "quality": option(float, "--quality", "Distance over the ideal's that is asked for.", 1.25),
    "energy_j": option(float | None, "--energy-j", "Energy of an image that is asked for, in joules."),
    "count": option(int | None, "--count", "Images a chip; by default as what ships of the net, else 2,000.", min=8),
    "chips": option(int | None, "--chips", "Chips; by default as what ships of the net, else 3.", min=2),
    "seed": option(int | None, "--seed", "Of the first chip and its latents; 0.", min=0, max=2**62),
    "adapt": option(bool, "--adapt/--no-adapt", "Draw with adapted chips, too.", True),
    "fresh": option(bool, "--fresh", "Measure everything anew, whatever is stored.", False),
    "data_name": (DataName, None),
    "data_path": (RealImages, None),
    "workers": option(int | None, "--workers", "Processes; by default one a processor.", min=1),
    "scheduler": option(str | None, "--scheduler", _SCHEDULER, metavar="ADDRESS"),
}


@passing_on(_ASKED)
def appraise(
    technology: Annotated[
        str, typer.Argument(metavar="TECHNOLOGY", help="A shipped name, a file or folder, or a measured CSV file.")
    ],
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="For the page and the trials; by default one in runs/.")
    ] = None,
    json: Json = False,
    **asked: Any,
) -> None:
    """Is this device good enough, and if not, what would have to change: one page, with a verdict in five lines."""
    if Path(technology).suffix.lower() != ".csv":
        from spingan.spec.technology import load_technology

        load_technology(technology)  # what a user may have misspelt is told before torch is loaded
    from spingan.api import appraise as appraised
    from spingan.reports.verdict import appraisal_dict, verdict

    folder = out or Path("runs") / f"appraise-{Path(technology).stem}"
    try:
        with progress_bars() as progress:
            found = appraised(technology, folder, progress=progress, **asked)
    except KeyboardInterrupt:
        print_note(f"spingan: stopped\n  The same command goes on; what is done is in {folder}")
        raise
    lines = [f"{number}. {line}" for number, line in enumerate(verdict(found), start=1)]
    files = [str(folder / name) for name in ("appraisal.html", "appraisal.json")]
    show(Result(appraisal_dict(found), "\n".join(lines)), json, files)
