"""Commands about image sets: list, fetch."""

from typing import Annotated, Literal

import typer

from spingan.commands.printing import print_json, print_table

app = typer.Typer(help="Image sets: where they are, and how to get them.", no_args_is_help=True, rich_markup_mode=None)
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


@app.command("list")
def list_sets(json: Json = False) -> None:
    """The image sets and where they are on this machine."""
    from spingan.data import cartoon_faces
    from spingan.data.catalogue import IDX_SETS

    sets: list[dict[str, object]] = []
    for images in IDX_SETS.values():
        place, sample = images.find(), str(images.sample_folder())
        sets += [
            {
                "name": images.name,
                "images": 70_000,
                "place": None if place is None else str(place.folder),
                "how": f"spingan data fetch {images.name}" if place is None else place.kind,
            },
            {"name": f"{images.name} sample", "images": 2_000, "place": sample, "how": "shipped, of the test set"},
        ]
    drawn = cartoon_faces.find()
    sets += [
        {
            "name": cartoon_faces.NAME,
            "images": cartoon_faces.WHOLE.count,
            "place": None if drawn is None else str(drawn.folder),
            "how": f"spingan data fetch {cartoon_faces.NAME}" if drawn is None else "drawn, cache",
        },
        {"name": "anime-faces", "images": None, "place": None, "how": "your folder of pictures: --set data.path=DIR"},
    ]
    if json:
        print_json({"sets": sets})
        return
    rows = [
        (str(entry["name"]), f"{entry['images'] or ''}", f"{entry['place'] or '-'}", str(entry["how"]))
        for entry in sets
    ]
    print_table(("name", "images", "place", "how"), rows, right=(1,))


@app.command()
def fetch(
    name: Annotated[
        Literal["fashion-mnist", "mnist", "cartoon-faces"], typer.Argument(help="The set.")
    ] = "fashion-mnist",
    json: Json = False,
) -> None:
    """Bring an image set into the user's cache: downloaded and checked by its publisher's checksums, or drawn here."""
    from spingan.data import cartoon_faces
    from spingan.data.catalogue import IDX_SETS

    place = (cartoon_faces.draw() if name == cartoon_faces.NAME else IDX_SETS[name].fetch()).folder
    if json:
        print_json({"name": name, "place": str(place)})
    else:
        print(place)
