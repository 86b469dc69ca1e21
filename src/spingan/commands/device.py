"""Commands about single devices: from material parameters to their curves, beside what the papers print."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from spingan.commands import device_export, device_synapse
from spingan.commands.printing import print_json, print_note, print_table
from spingan.commands.progress import progress_bars
from spingan.errors import UserError

if TYPE_CHECKING:
    from spingan.devices.comparison import Row
    from spingan.devices.wall_characteristic import Characteristic, Extra, Plan
    from spingan.devices.wall_device import WallDevice
    from spingan.hardware.activation import Activation

app = typer.Typer(
    help="Devices in the solver: their curves, beside what the papers print.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
Convention = Annotated[
    Literal["textbook", "printed-formula", "magnet-section"],
    typer.Option("--convention", help="How an input becomes a spin current; only magnet-section fits the positions."),
]
CellNm = Annotated[float, typer.Option("--cell-nm", help="Cell size.")]
CurrentsUa = Annotated[
    str | None, typer.Option("--currents-ua", metavar="LIST", help="Inputs in µA, as -20,-10,0,10,20; 0 is added.")
]
Out = Annotated[Path | None, typer.Option("--out", help="Folder for curve, pictures and tables.")]
Workers = Annotated[int | None, typer.Option("--workers", min=1, help="Processes; by default one a core.")]
With = Annotated[
    list[str] | None,
    typer.Option(
        "--with",
        metavar="EXTRA",
        help="More, which takes longer: sweep, resets, limits, read, conventions, cells or dmi; may be repeated.",
    ),
]
Full = Annotated[bool, typer.Option("--full", help="Everything that --with can ask for: an hour and more.")]
DeviceFile = Annotated[
    Path | None, typer.Option("--device", metavar="FILE", help="A device of your own, as device.yaml.")
]
TimeLimit = Annotated[float, typer.Option("--time-limit-s", min=0, help="Longest computing time of one current.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
HOUR_S = 3600.0


@app.command("leaky-relu")
def leaky_relu(
    convention: Convention = "magnet-section",
    cell_nm: CellNm = 1.0,
    currents_ua: CurrentsUa = None,
    out: Out = None,
    workers: Workers = None,
    with_: With = None,
    full: Full = False,
    device: DeviceFile = None,
    time_limit_s: TimeLimit = HOUR_S,
    json: Json = False,
) -> None:
    """Paper S's leaky ReLU in the solver, beside every number that it prints."""
    from spingan.devices import leaky_relu as made
    from spingan.devices.wall_device import LEAKY_RELU

    folder = out or Path("runs/device-leaky-relu")
    chosen, plan = _device_and_plan(device, LEAKY_RELU, made.PLAN, currents_ua)
    study = _study(chosen, plan, convention, cell_nm, time_limit_s, with_, full, workers, folder)
    name = "leaky_relu_simulated" if device is None else chosen.name
    _finish(study, made.curve(study, name), made.rows(study), folder, made.POSITIONS_NM, made.CONDUCTANCES_MS, json)


@app.command("relu")
def relu(
    convention: Convention = "magnet-section",
    cell_nm: CellNm = 1.0,
    currents_ua: CurrentsUa = None,
    out: Out = None,
    workers: Workers = None,
    with_: With = None,
    full: Full = False,
    device: DeviceFile = None,
    time_limit_s: TimeLimit = HOUR_S,
    json: Json = False,
) -> None:
    """Paper S's ReLU in the solver; its anisotropy profile and bias are not printed, and assumed."""
    from spingan.devices import relu as made
    from spingan.devices.wall_device import RELU

    folder = out or Path("runs/device-relu")
    chosen, plan = _device_and_plan(device, RELU, made.PLAN, currents_ua)
    study = _study(chosen, plan, convention, cell_nm, time_limit_s, with_, full, workers, folder)
    name = "relu_simulated" if device is None else chosen.name
    _finish(study, made.curve(study, name), made.rows(study), folder, {}, {}, json)


def _device_and_plan(
    file: Path | None, printed: "WallDevice", plan: "Plan", currents_ua: str | None
) -> tuple["WallDevice", "Plan"]:
    """The device and its plan, with the user's own currents; another device's wall starts in its flat zone."""
    from dataclasses import replace

    from spingan.devices.wall_device_files import read_wall_device
    from spingan.devices.wall_study import RELEASE_S

    device = printed
    if file is not None:
        device = read_wall_device(file)
        plan = replace(plan, start_m=(device.profile.left_end_m + device.profile.right_start_m) / 2, rest_s=RELEASE_S)
    if currents_ua is not None:
        currents = tuple(sorted({0.0, *(_microamperes(part) for part in currents_ua.split(","))}))
        plan = replace(plan, currents_a=currents, probes_a=())
    return device, plan


def _microamperes(text: str) -> float:
    try:
        current_a = round(float(text) * 1e-6, 15)
    except ValueError:
        raise UserError(f"--currents-ua: {text.strip()!r} is not a number", "Write them as -20,-10,0,10,20") from None
    if not abs(current_a) < 1:
        raise UserError(f"--currents-ua: {text.strip()} µA is no current for a nanometre track", "Stay below 1 A")
    return current_a


def _study(
    device: "WallDevice",
    plan: "Plan",
    convention: Literal["textbook", "printed-formula", "magnet-section"],
    cell_nm: float,
    time_limit_s: float,
    with_: Sequence[str] | None,
    full: bool,
    workers: int | None,
    folder: Path,
) -> "Characteristic":
    from spingan.devices.wall_characteristic import characterise
    from spingan.devices.wall_device import mesh
    from spingan.devices.wall_study import Setup
    from spingan.output import output_folder

    mesh(device, cell_nm * 1e-9)  # refuses cells that do not fit
    setup = Setup(device, convention, cell_nm * 1e-9, time_limit_s=time_limit_s)
    extras = _extras(with_, full)
    output_folder(folder if folder.exists() else folder.parent)  # a bad place is known before the minutes of work
    with progress_bars() as advance:
        return characterise(setup, plan, extras, workers or os.cpu_count() or 1, advance)


def _extras(with_: Sequence[str] | None, full: bool) -> "tuple[Extra, ...]":
    from spingan.devices.wall_characteristic import EXTRAS

    unknown = [name for name in with_ or () if name not in EXTRAS]
    if unknown:
        raise UserError(f"--with: there is no extra {unknown[0]!r}", f"Known: {', '.join(EXTRAS)}")
    return EXTRAS if full else tuple(extra for extra in EXTRAS if extra in (with_ or ()))


def _finish(
    study: "Characteristic",
    curve: "Activation",
    rows: "Sequence[Row]",
    folder: Path,
    printed_nm: dict[float, float],
    printed_ms: dict[float, float],
    json: bool,
) -> None:
    from spingan.reports.wall_report import write_wall_report

    files = write_wall_report(study, curve, rows, folder, printed_nm, printed_ms)
    if json:
        print_json(
            {
                "device": study.setup.device.name,
                "convention": study.setup.convention,
                "cell_nm": study.setup.cell_m * 1e9,
                "rows": [row.to_dict() for row in rows],
                "files": [str(file) for file in files],
            }
        )
        return
    cells = [(row.quantity, _number(row.printed), _number(row.ours), row.unit, row.note) for row in rows]
    print_table(("quantity", "printed", "ours", "unit", "note"), cells, right=(1, 2))
    print_note(f"torque convention: {study.setup.convention}")
    print_note("\n".join(str(file) for file in files))


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4g}"


app.command("export")(device_export.export)
app.command("skyrmion-synapse")(device_synapse.skyrmion_synapse)
