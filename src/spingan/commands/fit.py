"""Commands that turn measured tables into files of the project: fit activation, fit synapse."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from spingan.commands.options import REQUIRED, Json, option, passing_on
from spingan.commands.printing import Result, show

if TYPE_CHECKING:
    from spingan.measured.fit import Fit

app = typer.Typer(
    help="Measured or simulated tables into technology files.", no_args_is_help=True, rich_markup_mode=None
)
Table = Annotated[Path, typer.Argument(metavar="FILE", help="CSV, mumax3 table.txt or OOMMF .odt.")]
Out = Annotated[Path | None, typer.Option("--out", help="File to write; by default <name>_fit.csv here.")]
_ERROR = "Largest RMS error accepted, in parts of the span."
_BOTH: dict[str, Any] = {
    "name": option(str | None, "--name", "By default the file's name."),
    "branch_column": option(str | None, "--branch", "Column that says rising or falling.", metavar="COLUMN"),
    "maximum_error": option(float, "--maximum-error", _ERROR, 0.1, min=0),
}
_FUNCTION = Literal["relu", "leaky_relu", "tanh", "sigmoid"]
_METHOD = Literal["monotone", "smooth"]
_ACTIVATION: dict[str, Any] = {
    "input_column": option(str, "--input", "Column of the inputs.", REQUIRED, metavar="COLUMN"),
    "output_column": option(str, "--output", "Column of the outputs.", REQUIRED, metavar="COLUMN"),
    "function": option(_FUNCTION, "--function", "What it stands for.", REQUIRED),
    "input_unit": option(str | None, "--input-unit", "Where the file does not say, as uA."),
    "output_unit": option(str | None, "--output-unit", "Likewise, as mV."),
    "method": option(_METHOD, "--method", None, "monotone"),
    "points": option(int, "--points", "Points of the table.", 277, min=2, max=100_000),
    "input_full_scale": option(float | None, "--full-scale", "Input that stands for 1; by default the last."),
}
_SYNAPSE: dict[str, Any] = {
    "position_column": option(str, "--position", "Column of pulse numbers.", REQUIRED, metavar="COLUMN"),
    "conductance_column": option(str, "--conductance", "Column of conductances.", REQUIRED, metavar="COLUMN"),
    "states": option(int, "--states", "Number of levels.", 64, min=2, max=100_000),
    "conductance_unit": option(str | None, "--conductance-unit", "Where the file does not say, as uS."),
}


@app.command()
@passing_on(_ACTIVATION | _BOTH)
def activation(file: Table, out: Out = None, json: Json = False, **asked: Any) -> None:
    """An activation from outputs against inputs."""
    from spingan.measured.fit import fit_activation

    _write_and_print(fit_activation(file, **asked), file, out, json)


@app.command()
@passing_on(_SYNAPSE | _BOTH)
def synapse(file: Table, out: Out = None, json: Json = False, **asked: Any) -> None:
    """A synapse from conductances against pulses."""
    from spingan.measured.fit import fit_synapse

    _write_and_print(fit_synapse(file, **asked), file, out, json)


def _write_and_print(fit: "Fit", source: Path, out: Path | None, json: bool) -> None:
    from spingan.measured.fit import write_fit
    from spingan.measured.replaced import in_place_of

    place = out or Path(f"{source.stem}_fit.csv")
    fit, kept, lost = in_place_of(fit, place)
    table, picture = write_fit(fit, place)
    summary = fit.summary() | {
        "file": str(table),
        "picture": str(picture),
        "kept": list(kept),
        "unknown_now": list(lost),
    }
    lines = (
        f"{summary['kind']} {summary['name']}: {summary['measured_points']} points to {summary['table_points']}",
        f"error of the span: {fit.rms_error:.2%} RMS, {fit.maximum_error:.2%} at most",
        f"{table}\n{picture}",
    )
    notes = [
        *([f"kept from the file that was there: {', '.join(kept)}; are they this device's?"] if kept else []),
        *([f"no longer known, as the curve is another: {', '.join(lost)}"] if lost else []),
    ]
    show(Result(summary, "\n".join(lines), notes), json)
