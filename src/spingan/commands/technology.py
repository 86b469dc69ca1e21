"""Commands about technologies: list, show, check, new."""

from pathlib import Path
from typing import Annotated

import typer

from spingan.commands.printing import print_json, print_table

app = typer.Typer(help="Technologies: shipped ones, and your own.", no_args_is_help=True, rich_markup_mode=None)
Name = Annotated[str, typer.Argument(metavar="NAME", help="A shipped name, a technology's YAML file, or its folder.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


@app.command("list")
def list_shipped(json: Json = False) -> None:
    """The technologies that come with the package."""
    from spingan.spec.catalogue import list_technologies

    technologies = list_technologies()
    if json:
        print_json({"technologies": technologies})
        return
    rows = [
        (
            entry["name"],
            entry["synapse"] or "float",
            str(entry["states"] or ""),
            ", ".join(entry["activations"].values()) or "exact",
            entry["encoding"],
        )
        for entry in technologies
    ]
    print_table(("name", "synapse", "states", "activations", "encoding"), rows, right=(2,))


@app.command()
def show(name: Name, json: Json = False) -> None:
    """All that a technology says, and what it leaves unknown."""
    from spingan.spec.catalogue import describe

    description = describe(name)
    if json:
        print_json(description)
        return
    overview = {key: value for key, value in description.items() if key not in ("values", "derived", "unknown")}
    rows = [(key, _cell(value)) for key, value in (overview | description["derived"]).items()]
    print_table(("property", "value"), rows)
    print(f"\nunknown (ideal in what is computed, not counted in the bill):\n  {', '.join(description['unknown'])}")


@app.command()
def check(file: Annotated[str, typer.Argument(metavar="FILE", help="A .yaml, its folder, or one .csv.")],
          json: Json = False) -> None:  # fmt: skip
    """Read a technology, a synapse or an activation, and say what is wrong or unknown."""
    from spingan.spec.catalogue import check as check_file

    found = check_file(file)
    if json:
        print_json(found)
        return
    print(f"{found['file']}: {found['kind']} {found['name']} is sound")
    for warning in found["warnings"]:
        print(f"  warning: {warning}")
    if found["unknown"]:
        print(f"  unknown: {', '.join(found['unknown'])}")


@app.command()
def new(folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder to begin it in.")],
        json: Json = False) -> None:  # fmt: skip
    """Begin a technology of your own: a commented template that runs as it is."""
    from spingan.spec.catalogue import new_template

    files = new_template(folder)
    if json:
        print_json({"files": [str(file) for file in files]})
        return
    print("\n".join(str(file) for file in files))
    print(f"Try it: spingan cost fashion-mnist --set technology={folder}")


def _cell(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key}: {item}" for key, item in value.items()) or "-"
    return "not given" if value is None else f"{value:.6g}" if isinstance(value, float) else str(value)
