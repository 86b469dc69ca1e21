"""Commands about image sets: list, fetch."""

from typing import Annotated

import typer

from spingan.commands.options import Json
from spingan.commands.printing import Result, show, table

app = typer.Typer(help="Image sets: where they are, and how to get them.", no_args_is_help=True, rich_markup_mode=None)


@app.command("list")
def list_sets(json: Json = False) -> None:
    """The image sets and where they are on this machine."""
    from spingan.data.catalogue import DATA
    from spingan.registry import load_plugins

    load_plugins()
    sets = [place for name in DATA for place in DATA[name].places()]
    rows = [(entry["name"], entry["images"] or "", entry["place"] or "-", entry["how"]) for entry in sets]
    show(Result({"sets": sets}, table(("name", "images", "place", "how"), rows, right=(1,))), json)


@app.command()
def fetch(
    name: Annotated[
        str, typer.Argument(help="The set: fashion-mnist, mnist, cartoon-faces.", metavar="SET")
    ] = "fashion-mnist",
    json: Json = False,
) -> None:
    """Bring an image set into the user's cache: downloaded and checked by its publisher's checksums, or drawn here."""
    from spingan.data.catalogue import DATA

    place = str(DATA[name].fetch().folder)
    show(Result({"name": name, "place": place}, place), json)
