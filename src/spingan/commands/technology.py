"""Commands about technologies: list, show, check, new."""

from pathlib import Path
from typing import Annotated

import typer

from spingan.commands.options import Json
from spingan.commands.printing import Result, show, table
from spingan.tabular import cell

app = typer.Typer(help="Technologies: shipped ones, and your own.", no_args_is_help=True, rich_markup_mode=None)
Name = Annotated[str, typer.Argument(metavar="NAME", help="A shipped name, a technology's YAML file, or its folder.")]


@app.command("list")
def list_shipped(json: Json = False) -> None:
    """The technologies that come with the package."""
    from spingan.spec.catalogue import list_technologies

    technologies = list_technologies()
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
    text = table(("name", "synapse", "states", "activations", "encoding"), rows, right=(2,))
    show(Result({"technologies": technologies}, text), json)


@app.command("show")
def show_one(name: Name, json: Json = False) -> None:
    """All that a technology says, and what it leaves unknown."""
    from spingan.arrays.wires import tallest_column
    from spingan.spec.catalogue import describe
    from spingan.spec.technology import load_technology

    description = describe(name)
    description["derived"] |= (tallest := tallest_column(load_technology(name)))
    description |= tallest
    overview = {
        key: value for key, value in description.items() if key not in ("values", "derived", "unknown", *tallest)
    }
    properties = {key: value for key, value in (overview | description["derived"]).items() if key != "rows_need"}
    text = table(("property", "value"), [(key, _cell(value)) for key, value in properties.items()])
    if tallest["rows_need"]:
        text += (
            f"\n\nSmallest resistance of a device whose columns lose no more than {tallest['largest_rows_loss']:.0%}:\n"
        )
        text += table(
            ("rows", "ohm", "times its own"),
            [
                (str(need["rows"]), cell(need["least_resistance_ohm"], 3), cell(need["times"], 3, "unknown"))
                for need in tallest["rows_need"]
            ],
            right=(0, 1, 2),
        )
    unknown = f"unknown (ideal in what is computed, not counted in the bill):\n  {', '.join(description['unknown'])}"
    show(Result(description, f"{text}\n\n{unknown}"), json)


@app.command()
def check(file: Annotated[str, typer.Argument(metavar="FILE", help="A .yaml, its folder, or one .csv.")],
          json: Json = False) -> None:  # fmt: skip
    """Read a technology, a synapse or an activation, and say what is wrong or unknown."""
    from spingan.spec.catalogue import check as check_file

    found = check_file(file)
    lines = [
        f"{found['file']}: {found['kind']} {found['name']} is sound",
        *(f"  warning: {warning}" for warning in found["warnings"]),
    ]
    if found["unknown"]:
        lines.append(f"  unknown: {', '.join(found['unknown'])}")
    show(Result(found, "\n".join(lines)), json)


@app.command()
def new(folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder to begin it in.")],
        json: Json = False) -> None:  # fmt: skip
    """Begin a technology of your own: a commented template that runs as it is."""
    from spingan.spec.catalogue import new_template

    files = new_template(folder)
    names = [str(file) for file in files]
    tried = f"Try it: spingan cost fashion-mnist --set technology={folder}"
    show(Result({"files": names}, "\n".join([*names, tried])), json)


def _cell(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key}: {item}" for key, item in value.items()) or "-"
    return cell(value, 6, "not given")
