"""`spingan compare`: one generator in several technologies, side by side."""

from typing import Any

from spingan.commands.options import Json, ModelName, RealImages, option, passing_on
from spingan.commands.printing import Result, progress_bars, show, table

_EACH = "May be repeated; by default every shipped one but skyrmion-published-array, which is slow."


@passing_on(
    {
        "technologies": option(list[str], "--technology", _EACH, [], metavar="NAME"),
        "count": option(int, "--count", "Images to judge by.", 2_000, min=2),
        "seed": option(int, "--seed", "Seed of latents and chip.", 0, min=0, max=2**62),
        "workers": option(int | None, "--workers", "Processes.", min=1),
        "data_path": (RealImages, None),
    }
)
def compare(model: ModelName, json: Json = False, **asked: Any) -> None:
    """The same weights in several technologies: quality and variety, and an image's energy, time and area."""
    from spingan.comparison import HEADINGS, comparison_notes, comparison_rows
    from spingan.comparison import compare as compare_technologies

    with progress_bars() as progress:
        found = compare_technologies(model, progress=progress, **asked)
    title = f"{found.model}, trained on {found.trained_on}; {found.metric}, smaller is better"
    rows = table(HEADINGS, comparison_rows(found), right=(2, 3, 4))
    show(Result(found.to_dict(), "\n".join([title, "", rows, "", *comparison_notes(found)])), json)
