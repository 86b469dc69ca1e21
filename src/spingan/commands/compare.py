"""`spingan compare`: one generator in several technologies, side by side."""

from pathlib import Path
from typing import Annotated

import typer

from spingan.commands.printing import print_json, print_table
from spingan.commands.progress import progress_bars


def compare(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="A run folder, a weights file, or a shipped name.")],
    technology: Annotated[
        list[str] | None,
        typer.Option("--technology", metavar="NAME", help="May be repeated; by default every shipped one."),
    ] = None,
    count: Annotated[int, typer.Option("--count", min=2, help="Images to judge by.")] = 2_000,
    seed: Annotated[int, typer.Option("--seed", min=0, max=2**62, help="Seed of latents and chip.")] = 0,
    workers: Annotated[int | None, typer.Option("--workers", min=1, help="Processes.")] = None,
    data: Annotated[Path | None, typer.Option("--data", help="Folder with the real images.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """The same weights in several technologies: quality and variety, and an image's energy, time and area."""
    from spingan.comparison import HEADINGS, comparison_notes, comparison_rows
    from spingan.comparison import compare as compare_technologies

    with progress_bars() as progress:
        found = compare_technologies(
            model, technology or (), count=count, seed=seed, workers=workers, data_path=data, progress=progress
        )
    if json:
        print_json(found.to_dict())
        return
    print(f"{found.model}, trained on {found.trained_on}; {found.metric}, smaller is better\n")
    print_table(HEADINGS, comparison_rows(found), right=(2, 3, 4))
    print()
    for note in comparison_notes(found):
        print(note)
