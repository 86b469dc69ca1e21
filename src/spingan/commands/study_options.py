"""What every `spingan study` takes, runs and leaves behind."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from spingan.commands.printing import print_note
from spingan.commands.progress import progress_bars

if TYPE_CHECKING:
    from spingan.studies.run import Name, Result

Model = Annotated[str, typer.Argument(metavar="MODEL", help="A run folder, a weights file, or a shipped name.")]
Out = Annotated[
    Path | None, typer.Option("--out", metavar="DIR", help="Folder for picture, CSV and trials; resumes from it.")
]
Seed = Annotated[int, typer.Option("--seed", min=0, max=2**62, help="First seed of latents and chips.")]
Seeds = Annotated[int | None, typer.Option("--seeds", min=2, help="How many seeds a setting: 3, or 10 chips.")]
Count = Annotated[int | None, typer.Option("--count", min=2, help="Images a seed: 2,000, or 200 test images.")]
Workers = Annotated[int | None, typer.Option("--workers", min=1, help="Processes; by default one a processor.")]
Scheduler = Annotated[
    str | None,
    typer.Option("--scheduler", metavar="ADDRESS", help="Dask scheduler whose workers do it: tcp://HOST:PORT."),
]
Data = Annotated[Path | None, typer.Option("--data", help="Folder with the real images.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


def run_study(name: "Name", model: str, out: Path | None, **options: Any) -> "Result":
    """The study, with its progress, and with a word on how to go on when it is stopped."""
    from spingan.studies.run import study

    try:
        with progress_bars() as progress:
            return study(name, model, out, progress=progress, **options)
    except KeyboardInterrupt:
        if out is not None:
            print_note(f"spingan: stopped\n  The same command goes on; what is done is in {out}")
        raise


def written(out: Path | None, *names: str) -> list[str]:
    """The study's files in its folder, if it has one."""
    return [] if out is None else [str(out / name) for name in names]
