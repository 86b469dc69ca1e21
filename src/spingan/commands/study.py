"""`spingan study`: what a property of the devices does to the pictures, in parallel, with a verdict on each claim."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from spingan.commands.options import DataName, Json, ModelName, RealImages, option, passing_on
from spingan.commands.printing import Result, print_note, progress_bars, show, table

if TYPE_CHECKING:
    from spingan.studies.run import Name
    from spingan.studies.study import Series, Study

app = typer.Typer(
    help="What a property of the devices does to the pictures.", no_args_is_help=True, rich_markup_mode=None
)
Out = Annotated[
    Path | None, typer.Option("--out", metavar="DIR", help="Folder for picture, CSV and trials; resumes from it.")
]
_SCHEDULER = "Dask scheduler whose workers do it: tcp://HOST:PORT."
_ALL: dict[str, Any] = {
    "seed": option(int, "--seed", "First seed of latents and chips.", 0, min=0, max=2**62),
    "workers": option(int | None, "--workers", "Processes; by default one a processor.", min=1),
    "scheduler": option(str | None, "--scheduler", _SCHEDULER, metavar="ADDRESS"),
}
_CHIPS: dict[str, Any] = {
    "seeds": option(int | None, "--seeds", "How many seeds a setting: 3, or 10 chips.", min=2),
    "count": option(int | None, "--count", "Images a seed: 2,000, or 200 test images.", min=2),
    "data_path": (RealImages, None),
}
_PICTURES = _CHIPS | {"data_name": (DataName, None)}
_AXIS = "Only this axis, for example 'weight noise'; may be repeated."
_MEASURED = "Images by which each chip measures its own batch norms."
_NOISE: dict[str, Any] = {
    "axes": option(list[str] | None, "--axis", _AXIS, metavar="NAME"),
    "at": option(list[float] | None, "--at", "Only this setting, for example 0.05; may be repeated."),
    "calibration": option(int | None, "--calibration", _MEASURED, min=0),
}
_BITS: dict[str, Any] = {
    "bits": option(list[int] | None, "--bits", "Bits of a weight; may be repeated. 4, 5, 6, 8.", min=1, max=16),
    "steps": option(int | None, "--steps", "Updates of the short trainings, 200; 0 trains nothing.", min=0),
}
_TIME: dict[str, Any] = {
    "technologies": option(list[str] | None, "--technology", "Technology of the chips; may be repeated.", metavar="T"),
    "at": option(list[float] | None, "--at", "Only this time since writing, seconds; may be repeated."),
    "calibration": option(int | None, "--calibration", "Images by which an aged chip measures itself.", min=0),
}
_WRITTEN: dict[str, Any] = {
    "technology": option(str | None, "--technology", "Write its weights into these arrays first.", metavar="NAME"),
}


def _learns(subject: str) -> str:
    """The subject's name, once there is known to be such a model or recipe: told before torch is loaded."""
    from spingan.nn.model_files import model_file
    from spingan.training.recipe import load_recipe, names_a_model

    if names_a_model(subject):
        model_file(subject)
    else:
        load_recipe(subject)
    return subject


_LEARNS = "A recipe that learns on the chip, shipped or a YAML file, or a model trained by one."
Learns = Annotated[str, typer.Argument(metavar="RECIPE", help=_LEARNS, callback=_learns)]


def _settings(kind: Any, flag: str, what: str) -> tuple[Any, Any]:
    return option(list[kind] | None, flag, f"Only this setting of the axis {what}; may be repeated.")


_ON_CHIP: dict[str, Any] = {
    "axes": option(list[str] | None, "--axis", "Only this axis, for example states; may be repeated.", metavar="NAME"),
    "states": _settings(int, "--states", "states: levels of a device, 8 to 1,024"),
    "asymmetry": _settings(float, "--asymmetry", "asymmetry: exponent of its steps; 0 equal, 1 its own, up to 3"),
    "spread": _settings(float, "--spread", "spread: from device to device, 0 to 0.5"),
    "write_noise": _settings(float, "--write-noise", "write noise: of a step, from pulse to pulse, 0 to 1"),
    "rules": _settings(
        str,
        "--rule",
        "rule: pulses, mixed_precision (blind; or +nearest, +read_back, +read_after), tiki_taka, agad, residual",
    ),
    "steps": option(int | None, "--steps", "Updates of each training, 400.", min=1),
    "seeds": option(int | None, "--seeds", "How many seeds a setting, 3.", min=2),
    "count": option(int | None, "--count", "Images a seed, 2,000.", min=2),
    "data_path": (RealImages, None),
}


def _add(name: "Name", what: str, options: dict[str, Any]) -> None:
    """A study as a command with these options and those that all have; `what` is its help."""

    @app.command(name, help=what)
    @passing_on(_ALL | options)
    def command(model: ModelName, out: Out = None, json: Json = False, **asked: Any) -> None:
        _run(name, model, out, json, asked)


_add("variability", "Pictures and distance against the variability of the devices, 0 to 50 %.", _PICTURES)
_add("levels", "Pictures and distance against the number of levels, 2 to 256.", _PICTURES)
_add("epochs", "Pictures and distance against the epochs of a run: those whose weights its folder keeps.", _PICTURES)
_add(
    "block-error",
    "Error along the discriminator against variability: convolution, mean, dense input, dense output.",
    _CHIPS,
)
_add(
    "noise",
    "Pictures and distance against noise of every kind, stuck and spread devices, clipping and drift.",
    _NOISE | _PICTURES,
)
_add(
    "quantization",
    "Error of the weights, pictures, distance and losses in training against the bits of a weight.",
    _BITS | _PICTURES,
)
_add(
    "converters",
    "Pictures and distance against the bits of the converters at the arrays' edges.",
    {"bits": option(list[int] | None, "--bits", "Bits of a converter; may be repeated. 3 to 10.", min=2, max=16)}
    | _WRITTEN
    | _PICTURES,
)
_add(
    "wires",
    "Pictures and distance against the resistance of the arrays' wires, by the size of a tile.",
    {
        "resistances": option(list[float] | None, "--ohm", "Of the wire from cell to cell; may be repeated.", min=0),
        "tiles": option(list[int] | None, "--tile", "Rows and columns of a tile; may be repeated.", min=1),
    }
    | _WRITTEN
    | _PICTURES,
)
_add(
    "time", "Pictures and distance from 1 s to 10 years after writing, with and without calibration.", _TIME | _PICTURES
)
_add("leakage", "Leakage currents of the arrays against variability.", {})


@app.command(
    "on-chip",
    help="Distance and pulses of short trainings on the chip against states, asymmetry, spread, write noise and rule.",
)
@passing_on(_ALL | _ON_CHIP)
def on_chip(recipe: Learns = "digits-on-chip", out: Out = None, json: Json = False, **asked: Any) -> None:
    _run("on-chip", recipe, out, json, asked)


def _run(name: "Name", model: str, out: Path | None, json: bool, asked: dict[str, Any]) -> None:
    from spingan.api import study

    try:
        with progress_bars() as progress:
            found = study(name, model, out, progress=progress, **asked)
    except KeyboardInterrupt:
        if out is not None:
            print_note(f"spingan: stopped\n  The same command goes on; what is done is in {out}")
        raise
    names = (*(f"{picture}.png" for picture in found.pictures), f"{name}.csv")
    files = [] if out is None else [str(out / file) for file in names]
    text = "\n".join([*_lines(found), *found.lines, *found.notes, *files])
    show(Result(found.to_dict() | {"files": files}, text), json)


def _lines(found: "Study") -> list[str]:
    """The study's table, ideal and claims."""
    lines = [f"{found.model} on {found.technology}{f': {found.metric}, smaller is better' if found.metric else ''}", ""]
    rows = [row for line in found.series for row in _rows(line)]
    heads = (found.name, "setting", "mean", "95 %", "worst", "of the ideal's", "tolerated", "pulses an image")
    filled = [column for column in range(len(heads)) if any(row[column] for row in rows)]
    right = [place for place, column in enumerate(filled) if 2 <= column <= 5 or column == 7]
    cells = [[row[column] for column in filled] for row in rows]
    lines.append(table([heads[column] for column in filled], cells, right))
    if found.ideal is not None:
        lines += ["", f"ideal: {found.ideal.label}, {found.ideal.interval.mean:.3f}; {found.rule}"]
    lines.append("")
    for claim in found.claims:
        about = f"; {claim.series}" if claim.series else ""
        lines.append(f"{claim.text}{about}: {claim.verdict}{f' ({claim.ours})' if claim.ours else ''}")
    return lines


def _rows(line: "Series") -> list[tuple[str, ...]]:
    """The settings of a series as rows of text; the worst is the largest distance over the seeds."""
    from spingan.quantities import quantity_text

    def text(value: float) -> str:
        if line.unit == "A":
            return quantity_text(value, line.unit, 4)
        return f"{value:.3%}" if line.unit == "1" else f"{value:.3f}"

    name = ": ".join(part for part in (line.axis, line.name) if part)
    rows = []
    for setting in line.settings:
        found = setting.interval
        rows.append(
            (
                name,
                setting.label,
                text(found.mean),
                f"{text(found.low)} to {text(found.high)}" if found.high > found.low else "",
                text(max(setting.values)) if setting.of_ideal is not None else "",
                "" if setting.of_ideal is None else f"{setting.of_ideal:.3f}",
                "" if setting.tolerated is None else "yes" if setting.tolerated else "no",
                f"{setting.more['pulses_per_image']:,.0f}" if "pulses_per_image" in setting.more else "",
            )
        )
    return rows
