"""The commands `spingan circuit leaky-relu` and `relu`: paper S's cells with a device in ngspice."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from spingan.commands.printing import print_json, print_note, print_table
from spingan.commands.progress import progress_bars
from spingan.errors import UserError

if TYPE_CHECKING:
    from spingan.circuits.mismatch import Environment, Mismatch

Curve = Annotated[
    str,
    typer.Option("--curve", help="published, simulated, designed, or a file of conductances in S against A."),
]
DeviceFile = Annotated[
    Path | None, typer.Option("--device", metavar="FILE", help="The wall device of a file's curve, as device.yaml.")
]
Form = Annotated[
    Literal["printed", "fitted"] | None,
    typer.Option("--cell", help="By default as printed for the printed device, else fitted to the curve."),
]
Inverters = Annotated[Literal["one", "pair"], typer.Option("--inverters", help="The paper says both.")]
Convention = Annotated[
    Literal["textbook", "printed-formula", "magnet-section"],
    typer.Option("--convention", help="How an input becomes a spin current."),
]
CardsFile = Annotated[
    Path | None, typer.Option("--cards", metavar="FILE", help="Transistor models of your own, n and p.")
]
MonteCarlo = Annotated[int, typer.Option("--monte-carlo", min=0, metavar="N", help="Made cells; 0: none.")]
Sigmas = Annotated[
    list[str] | None,
    typer.Option(
        "--sigma",
        metavar="NAME=VALUE",
        help="Of the Monte Carlo: threshold-mv-um, mobility-percent-um, resistor-percent, junction-percent, "
        "supply-percent; may be repeated.",
    ),
]
TemperaturesC = Annotated[str, typer.Option("--temperatures-c", metavar="LOW,HIGH", help="Of the Monte Carlo.")]
Out = Annotated[Path | None, typer.Option("--out", help="Folder; by default runs/circuit-...")]
Seed = Annotated[int, typer.Option("--seed", min=0, max=2**31 - 1, help="Of the fit and the Monte Carlo.")]
Workers = Annotated[int | None, typer.Option("--workers", min=1, help="ngspice at once; by default one a core.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
SIGMAS = {  # by option: the field, and its SI unit
    "threshold-mv-um": ("threshold_v_m", 1e-9),
    "mobility-percent-um": ("mobility_m", 1e-8),
    "resistor-percent": ("resistor", 1e-2),
    "junction-percent": ("junction", 1e-2),
    "supply-percent": ("supply", 1e-2),
}


def leaky_relu(
    curve: Curve = "simulated",
    device: DeviceFile = None,
    cell: Form = None,
    inverters: Inverters = "one",
    convention: Convention = "magnet-section",
    cards: CardsFile = None,
    monte_carlo: MonteCarlo = 0,
    sigma: Sigmas = None,
    temperatures_c: TemperaturesC = "0,85",
    out: Out = None,
    seed: Seed = 0,
    workers: Workers = None,
    json: Json = False,
) -> None:
    """Paper S's leaky ReLU cell: transfer, waveforms, energy, and the activation for convert."""
    folder = out or Path("runs/circuit-leaky-relu")
    spread = _spread(sigma, temperatures_c)
    _simulate(
        "leaky_relu",
        curve,
        device,
        cell,
        inverters,
        convention,
        cards,
        monte_carlo,
        spread,
        folder,
        seed,
        workers,
        json,
    )


def relu(
    curve: Curve = "simulated",
    device: DeviceFile = None,
    cell: Form = None,
    inverters: Inverters = "one",
    convention: Convention = "magnet-section",
    cards: CardsFile = None,
    monte_carlo: MonteCarlo = 0,
    sigma: Sigmas = None,
    temperatures_c: TemperaturesC = "0,85",
    out: Out = None,
    seed: Seed = 0,
    workers: Workers = None,
    json: Json = False,
) -> None:
    """Paper S's ReLU cell; its rails and widths are not printed, and assumed as the leaky ReLU's."""
    folder = out or Path("runs/circuit-relu")
    spread = _spread(sigma, temperatures_c)
    _simulate(
        "relu", curve, device, cell, inverters, convention, cards, monte_carlo, spread, folder, seed, workers, json
    )


def _spread(sigmas: Sequence[str] | None, temperatures_c: str) -> "tuple[Mismatch, Environment]":
    """The standard deviations and ranges of the Monte Carlo, those that are asked for in place of the documented."""
    from dataclasses import replace

    from spingan.circuits.mismatch import Environment, default_mismatch

    asked: dict[str, float] = {}
    for text in sigmas or ():
        name, equals, value = text.partition("=")
        if not equals or name not in SIGMAS:
            raise UserError(f"--sigma: {text!r} is not NAME=VALUE", f"Names: {', '.join(SIGMAS)}")
        field, unit = SIGMAS[name]
        asked[field] = _number(f"--sigma {name}", value) * unit
    ends = temperatures_c.split(",")
    if len(ends) != 2:
        raise UserError(f"--temperatures-c: {temperatures_c!r} is no range", "Write it as 0,85")
    low, high = (_number("--temperatures-c", end) for end in ends)
    supply = {"supply": asked.pop("supply")} if "supply" in asked else {}
    return replace(default_mismatch("16nm"), **asked), Environment((low, high), **supply)


def _number(option: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise UserError(f"{option}: {text.strip()!r} is not a number", "Give a number") from None


def _simulate(
    function: Literal["leaky_relu", "relu"],
    curve: str,
    device: Path | None,
    form: Literal["printed", "fitted"] | None,
    inverters: Literal["one", "pair"],
    convention: Literal["textbook", "printed-formula", "magnet-section"],
    cards: Path | None,
    monte_carlo: int,
    spread: "tuple[Mismatch, Environment]",
    folder: Path,
    seed: int,
    workers: int | None,
    json: bool,
) -> None:
    from spingan.circuits.cell_simulation import simulate_cell
    from spingan.circuits.ngspice import find_ngspice
    from spingan.output import output_folder
    from spingan.reports.circuit_report import write_circuit_report

    find_ngspice()
    output_folder(folder if folder.exists() else folder.parent)  # a bad place is known before the work
    with progress_bars() as advance:
        result = simulate_cell(
            function,
            curve,
            device_file=device,
            form=form,
            inverters=1 if inverters == "one" else 2,
            convention=convention,
            cards_file=cards,
            monte_carlo=monte_carlo,
            mismatch=spread[0],
            environment=spread[1],
            seed=seed,
            workers=workers or os.cpu_count() or 1,
            progress=advance,
        )
    files = write_circuit_report(
        result.study, result.activation, result.rows, folder, result.devices, result.environment
    )
    if json:
        print_json(
            {
                "cell": result.study.cell.name,
                "curve": result.study.device.curve.name,
                "cards": result.study.cards.name,
                "inverters": result.study.cell.inverters,
                "reference_ohm": result.study.cell.reference_ohm,
                "divider_v": result.study.cell.divider_v,
                "convention": convention,
                "seed": seed,
                "monte_carlo": monte_carlo,
                "rows": [row.to_dict() for row in result.rows],
                "activation": result.activation.name,
                "single_valued": result.activation.single_valued,
                "files": [str(file) for file in files],
            }
        )
        return
    cells = [(row.quantity, _cell(row.printed), _cell(row.ours), row.unit, row.note) for row in result.rows]
    print_table(("quantity", "printed", "ours", "unit", "note"), cells, right=(1, 2))
    print_note(f"{result.study.cell.source}; cards {result.study.cards.name}")
    print_note("\n".join(str(file) for file in files))


def _cell(value: float | None) -> str:
    return "-" if value is None else f"{value:.4g}"
