"""Commands about technologies: list, show, check, new, write-and-verify."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from spingan.commands.options import Json, Seed, option, passing_on
from spingan.commands.printing import Result, show, table
from spingan.errors import UserError
from spingan.tabular import cell

if TYPE_CHECKING:
    from spingan.spec.synapse import Synapse

app = typer.Typer(help="Technologies: shipped ones, and your own.", no_args_is_help=True, rich_markup_mode=None)
Name = Annotated[str, typer.Argument(metavar="NAME", help="A shipped name, a technology's YAML file, or its folder.")]

_TOLERANCE = "Largest error of a device that is done; by default half of the smallest distance between levels."
_WRITING: dict[str, Any] = {  # by the names that `write_and_verify` has for them; places are fractions of the span
    "start": option(float, "--start", "Where the devices are before, 0 to 1.", 0.0),
    "tolerance": option(float | None, "--tolerance", _TOLERANCE),
    "most_pulses": option(int, "--most-pulses", "After so many a device is given up.", 1000, min=1, max=100_000),
    "read_noise": option(float, "--read-noise", "Standard deviation of the verifying read.", 0.0),
    "seed": (Seed, 0),
}


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
def new(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder to begin it in.")],
    base: Annotated[
        str | None, typer.Option("--from", metavar="NAME", help="Begin with this technology, not with the template.")
    ] = None,
    set_: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="With --from: change a key of it.")
    ] = None,
    levels: Annotated[int | None, typer.Option("--levels", help="With --from: as many, evenly spaced.")] = None,
    synapse: Annotated[str | None, typer.Option("--synapse", metavar="FILE", help="With --from: its CSV.")] = None,
    activation: Annotated[
        list[str] | None, typer.Option("--activation", metavar="KEY=FILE", help="With --from, as relu=mine.csv.")
    ] = None,
    json: Json = False,
) -> None:
    """Begin a technology of your own: a commented template that runs as it is, or a variation of another one."""
    from spingan.spec.catalogue import new_template

    if base is None:
        given = {"--set": set_, "--levels": levels, "--synapse": synapse, "--activation": activation}
        if named := [name for name, value in given.items() if value]:
            raise UserError(f"{named[0]} changes a technology, and none is named", "Add --from NAME.")
        files = new_template(folder)
    else:
        files = _varied(folder, base, set_ or [], levels, synapse, activation or [])
    names = [str(file) for file in files]
    tried = f"Try it: spingan cost fashion-mnist --set technology={folder}"
    show(Result({"files": names}, "\n".join([*names, tried])), json)


def _varied(
    folder: Path, base: str, settings: list[str], levels: int | None, synapse: str | None, activations: list[str]
) -> tuple[Path, ...]:
    """Write a variation of a technology into a folder that holds none yet."""
    from spingan.spec.technology import write_technology
    from spingan.technologies import varied_technology

    if (folder / "technology.yaml").exists():
        raise UserError(f"{folder / 'technology.yaml'} is there already", "Choose another folder; nothing was written")
    named = {}
    for each in activations:
        key, separator, file = each.partition("=")
        if not separator:
            raise UserError(f"--activation {each!r} is not of the form key=file", "For example: relu=mine.csv")
        named[key] = file
    technology = varied_technology(base, synapse=synapse, activations=named, levels=levels, settings=settings)
    return write_technology(technology, folder)


@app.command("write-and-verify")
@passing_on(_WRITING)
def write_and_verify(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A technology, or a synapse's CSV file.")],
    devices: Annotated[int, typer.Option("--devices", min=1, max=1_000_000, help="How many are written.")] = 1024,
    target: Annotated[
        float | None, typer.Option("--target", help="Where to, 0 to 1; by default to all levels alike.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="CSV file with every device; by default none.")
    ] = None,
    json: Json = False,
    **asked: Any,
) -> None:
    """Write a synapse's devices by pulses and reads: pulses, error left, energy and time of a device.

    Places and errors are fractions of the span from the smallest conductance to the largest.
    """
    import numpy as np

    from spingan.arrays.writing import write_and_verify as written_and_verified
    from spingan.output import check_place

    if out is not None:
        check_place(out)
    synapse = _synapse(name)
    targets = np.resize(synapse.normalised_levels(), devices) if target is None else np.full(devices, target)
    written = written_and_verified(synapse, targets, **asked)
    found = written.summary()
    if out is not None:
        written.write(out)
    data = {"synapse": synapse.name, "target": target, **asked, **found}
    show(Result(data, _written_text(synapse.name, found)), json, [] if out is None else [str(out)])


def _synapse(name: str) -> "Synapse":
    """The synapse of a technology, or that of a CSV file.

    Raises:
        UserError: There is none, or its files are not right.
    """
    from spingan.spec.files import read_synapse
    from spingan.spec.technology import load_technology

    if Path(name).suffix.lower() == ".csv":
        return read_synapse(name)
    technology = load_technology(name)
    if technology.synapse is None:
        problem = f"technology {technology.name} has no synapse: there is nothing to write"
        raise UserError(problem, "Name one that has: spingan technology list")
    return technology.synapse


def _written_text(name: str, found: dict[str, Any]) -> str:
    from spingan.quantities import quantity_text

    energy = "unknown: no energy of a pulse or reset is stated"
    time = "unknown: not all times of pulse, reset and read are stated"
    if found["energy_per_device_j"] is not None:
        energy = f"{quantity_text(found['energy_per_device_j'], 'J', 4)} a device, without the reads"
    if found["time_per_device_s"] is not None:
        time = f"{quantity_text(found['time_per_device_s'], 's', 4)} a device, reads included, one after another"
    resets = f" and {found['resets_per_device']:.4g} resets" if found["resets_per_device"] else ""
    pulses = f"{found['pulses_per_device']:.4g}{resets} a device; at most {found['pulses_largest']:,} pulses"
    return "\n".join(
        (
            f"{name}: {found['devices']:,} devices written, each to within {found['tolerance']:.2%} of the span",
            f"  verified  {found['verified']:,}; given up: {found['devices'] - found['verified']:,}",
            f"  pulses    {pulses}",
            f"  error     {found['error_rms']:.3%} of the span rms; at most {found['error_largest']:.3%}",
            f"  energy    {energy}",
            f"  time      {time}",
        )
    )


def _cell(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key}: {item}" for key, item in value.items()) or "-"
    return cell(value, 6, "not given")
