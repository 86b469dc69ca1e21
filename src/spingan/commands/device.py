"""Commands about single devices: from material parameters to their curves, beside what the papers print."""

import os
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from spingan.commands import device_export, device_synapse, wall_options
from spingan.commands.printing import print_json, print_note, print_rows
from spingan.commands.progress import progress_bars
from spingan.commands.wall_options import (
    HOUR_S,
    CellNm,
    Convention,
    CurrentsUa,
    DeviceFile,
    Json,
    Out,
    TimeLimit,
    Workers,
)
from spingan.errors import UserError

if TYPE_CHECKING:
    from spingan.devices.comparison import Row
    from spingan.devices.wall_characteristic import Characteristic, Extra, Plan
    from spingan.devices.wall_device import WallDevice

app = typer.Typer(
    help="Devices in the solver: their curves, beside what the papers print.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
With = Annotated[
    list[str] | None,
    typer.Option(
        "--with",
        metavar="EXTRA",
        help="More, which takes longer: sweep, resets, limits, read, conventions, cells or dmi; may be repeated.",
    ),
]
Full = Annotated[bool, typer.Option("--full", help="Everything that --with can ask for: an hour and more.")]


def _add_wall_command(name: Literal["leaky-relu", "relu"], about: str) -> None:
    @app.command(name, help=about)
    def study_wall_device(
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
        from spingan.devices.wall_characteristic import characterise
        from spingan.devices.wall_study import Setup
        from spingan.devices.wall_system import mesh
        from spingan.output import output_folder
        from spingan.reports.wall_report import write_wall_report

        made = import_module(f"spingan.devices.{name.replace('-', '_')}")
        folder = out or Path(f"runs/device-{name}")
        chosen, plan = _device_and_plan(device, made.DEVICE, made.PLAN, currents_ua)
        mesh(chosen, cell_nm * 1e-9)  # refuses cells that do not fit
        setup = Setup(chosen, convention, cell_nm * 1e-9, time_limit_s=time_limit_s)
        extras = _extras(with_, full)
        output_folder(folder if folder.exists() else folder.parent)  # a bad place is known before the minutes of work
        with progress_bars() as advance:
            study = characterise(setup, plan, extras, workers or os.cpu_count() or 1, advance)
        rows = made.rows(study)
        curve = made.curve(study, f"{chosen.name}_simulated" if device is None else chosen.name)
        files = write_wall_report(study, curve, rows, folder, made.POSITIONS_NM, made.CONDUCTANCES_MS)
        _print(study, rows, files, json)


_add_wall_command("leaky-relu", "Paper S's leaky ReLU in the solver, beside every number that it prints.")
_add_wall_command("relu", "Paper S's ReLU in the solver; its anisotropy profile and bias are not printed, and assumed.")


def _device_and_plan(
    file: Path | None, printed: "WallDevice", plan: "Plan", currents_ua: str | None
) -> tuple["WallDevice", "Plan"]:
    """The device and its plan, with the user's own currents; another device's wall starts in its flat zone."""
    from dataclasses import replace

    from spingan.devices.wall_device import read_wall_device
    from spingan.devices.wall_study import RELEASE_S

    device = printed
    if file is not None:
        device = read_wall_device(file)
        plan = replace(plan, start_m=(device.profile.left_end_m + device.profile.right_start_m) / 2, rest_s=RELEASE_S)
    if currents_ua is not None:
        currents = tuple(sorted({0.0, *wall_options.currents_a(currents_ua)}))
        plan = replace(plan, currents_a=currents, probes_a=())
    return device, plan


def _extras(with_: Sequence[str] | None, full: bool) -> "tuple[Extra, ...]":
    from spingan.devices.wall_characteristic import EXTRAS

    unknown = [name for name in with_ or () if name not in EXTRAS]
    if unknown:
        raise UserError(f"--with: there is no extra {unknown[0]!r}", f"Known: {', '.join(EXTRAS)}")
    return EXTRAS if full else tuple(extra for extra in EXTRAS if extra in (with_ or ()))


def _print(study: "Characteristic", rows: "Sequence[Row]", files: Sequence[Path], json: bool) -> None:
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
    print_rows(rows)
    print_note(f"torque convention: {study.setup.convention}")
    print_note("\n".join(str(file) for file in files))


@app.command()
def new(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="YAML file to write.")],
    like: Annotated[
        Literal["leaky-relu", "relu"], typer.Option("--like", help="Which device to begin from.")
    ] = "leaky-relu",
    json: Json = False,
) -> None:
    """Begin a wall device of your own: a printed one as a file to change, for --device."""
    from spingan.devices.wall_device import new_wall_device

    new_wall_device(file, import_module(f"spingan.devices.{like.replace('-', '_')}").DEVICE)
    if json:
        print_json({"file": str(file)})
        return
    print(file)
    print_note(f"Try it: spingan device {like} --device {file}")


app.command("export")(device_export.export)
app.command("skyrmion-synapse")(device_synapse.skyrmion_synapse)
