"""Commands that turn measured tables into files of the project: fit activation, fit synapse."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from spingan.commands.options import Json
from spingan.commands.printing import Result, show

if TYPE_CHECKING:
    from spingan.measured.fit import Fit

app = typer.Typer(
    help="Measured or simulated tables into technology files.", no_args_is_help=True, rich_markup_mode=None
)
Table = Annotated[Path, typer.Argument(metavar="FILE", help="CSV, mumax3 table.txt or OOMMF .odt.")]
Out = Annotated[Path | None, typer.Option("--out", help="File to write; by default <name>_fit.csv here.")]
Name = Annotated[str | None, typer.Option("--name", help="By default the file's name.")]
Branch = Annotated[str | None, typer.Option("--branch", metavar="COLUMN", help="Column that says rising or falling.")]
MaximumError = Annotated[
    float, typer.Option("--maximum-error", min=0, help="Largest RMS error accepted, in parts of the span.")
]


@app.command()
def activation(
    file: Table,
    input_column: Annotated[str, typer.Option("--input", metavar="COLUMN", help="Column of the inputs.")],
    output_column: Annotated[str, typer.Option("--output", metavar="COLUMN", help="Column of the outputs.")],
    function: Annotated[
        Literal["relu", "leaky_relu", "tanh", "sigmoid"], typer.Option("--function", help="What it stands for.")
    ],
    out: Out = None,
    name: Name = None,
    input_unit: Annotated[str | None, typer.Option("--input-unit", help="Where the file does not say, as uA.")] = None,
    output_unit: Annotated[str | None, typer.Option("--output-unit", help="Likewise, as mV.")] = None,
    branch: Branch = None,
    method: Annotated[Literal["monotone", "smooth"], typer.Option("--method")] = "monotone",
    points: Annotated[int, typer.Option("--points", min=2, max=100_000, help="Points of the table.")] = 277,
    full_scale: Annotated[
        float | None, typer.Option("--full-scale", help="Input that stands for 1; by default the last.")
    ] = None,
    maximum_error: MaximumError = 0.1,
    json: Json = False,
) -> None:
    """An activation from outputs against inputs."""
    from spingan.measured.fit import fit_activation

    fit = fit_activation(
        file,
        input_column,
        output_column,
        function=function,
        name=name,
        input_unit=input_unit,
        output_unit=output_unit,
        branch_column=branch,
        method=method,
        points=points,
        input_full_scale=full_scale,
        maximum_error=maximum_error,
    )
    _write_and_print(fit, file, out, json)


@app.command()
def synapse(
    file: Table,
    position_column: Annotated[str, typer.Option("--position", metavar="COLUMN", help="Column of pulse numbers.")],
    conductance_column: Annotated[str, typer.Option("--conductance", metavar="COLUMN", help="Column of conductances.")],
    states: Annotated[int, typer.Option("--states", min=2, max=100_000, help="Number of levels.")] = 64,
    out: Out = None,
    name: Name = None,
    conductance_unit: Annotated[
        str | None, typer.Option("--conductance-unit", help="Where the file does not say, as uS.")
    ] = None,
    branch: Branch = None,
    maximum_error: MaximumError = 0.1,
    json: Json = False,
) -> None:
    """A synapse from conductances against pulses."""
    from spingan.measured.fit import fit_synapse

    fit = fit_synapse(
        file,
        position_column,
        conductance_column,
        states=states,
        name=name,
        conductance_unit=conductance_unit,
        branch_column=branch,
        maximum_error=maximum_error,
    )
    _write_and_print(fit, file, out, json)


def _write_and_print(fit: "Fit", source: Path, out: Path | None, json: bool) -> None:
    from spingan.measured.fit import write_fit

    table, picture = write_fit(fit, out or Path(f"{source.stem}_fit.csv"))
    summary = fit.summary() | {"file": str(table), "picture": str(picture)}
    lines = (
        f"{summary['kind']} {summary['name']}: {summary['measured_points']} points to {summary['table_points']}",
        f"error of the span: {fit.rms_error:.2%} RMS, {fit.maximum_error:.2%} at most",
        f"{table}\n{picture}",
    )
    show(Result(summary, "\n".join(lines)), json)
