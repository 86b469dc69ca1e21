"""Commands about single devices: from material parameters to their curves; what there is; files for other solvers."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from spingan.commands.device_heat import (
    HEAT,
    Barriers,
    Solver,
    Temperature,
    Wall,
    refuse_given,
    skyrmions_in_heat,
    walls_in_heat,
)
from spingan.commands.device_real import REAL, Asked, skyrmion_sensitivity, wall_sensitivity
from spingan.commands.options import (
    HOUR_S,
    CellNm,
    Convention,
    ConventionName,
    CurrentsUa,
    DeviceFile,
    Json,
    Out,
    TimeLimit,
    Workers,
    currents_a,
    passing_on,
)
from spingan.commands.printing import Result, rows_table, run, show, table
from spingan.errors import UserError
from spingan.progress import Progress

if TYPE_CHECKING:
    from spingan.devices.domain_wall import DomainWallRelu
    from spingan.devices.export import Experiment
    from spingan.devices.wall_characteristic import Extra, Plan
    from spingan.devices.wall_device import WallDevice

app = typer.Typer(
    help="Devices in the solver: their curves, compared with what the papers print.",
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
StudiedDevice = Annotated[
    Path | None,
    typer.Option(
        "--device",
        metavar="FILE",
        help="A wall device of your own; spingan device new FILE begins one. designed: the one that is shipped.",
    ),
]
Full = Annotated[bool, typer.Option("--full", help="Everything that --with can ask for: an hour and more.")]


@app.command("list")
def list_devices(json: Json = False) -> None:
    """Every device that build_technology knows by name, those of installed packages included."""
    from spingan.devices.device import list_devices as found

    devices = found()
    keys = ("name", "makes", "from", "about")
    show(Result({"devices": devices}, table(keys, [[entry[key] for key in keys] for entry in devices])), json)


def _add_wall_command(name: Wall, about: str) -> None:
    @app.command(name, help=about)
    @passing_on(HEAT | REAL)
    def study_wall_device(
        context: typer.Context,
        *,
        temperature: Temperature = None,
        barriers: Barriers = False,
        sensitivity: Asked = False,
        convention: Convention = "magnet-section",
        cell_nm: CellNm = 1.0,
        currents_ua: CurrentsUa = None,
        out: Out = None,
        workers: Workers,
        with_: With = None,
        full: Full = False,
        device: StudiedDevice = None,
        time_limit_s: TimeLimit = HOUR_S,
        json: Json = False,
        **more: Any,
    ) -> None:
        from spingan.devices.domain_wall import BY_NAME

        given = {key: value for key, value in more.items() if value is not None}
        if sensitivity:
            refuse_given(
                context,
                (
                    "temperature",
                    "barriers",
                    "with_",
                    "full",
                    "cell_nm",
                    "time_limit_s",
                    "currents_ua",
                    *HEAT.keys() - {"seed"},
                ),
                "is not for --sensitivity",
                "Leave one of them out",
            )
            wall, plan = _device_and_plan(device, BY_NAME[name], None)
            wall_sensitivity(name, convention, wall, plan.full_scale_a, plan.start_m, out, json, workers, **given)
            return
        _only_with(given, REAL, "is for --sensitivity", "Add --sensitivity")
        if temperature is not None:
            if with_ or full:
                raise UserError("--with and --full are for the solver at 0 K", "Leave them out with --temperature")
            solver = Solver(cell_nm * 1e-9, time_limit_s, workers) if barriers else None
            if solver is None:
                refuse_given(
                    context,
                    ("cell_nm", "time_limit_s", "workers"),
                    "with --temperature is for the solver's --barriers",
                    "Add --barriers, or leave it out",
                )
            wall, plan = _device_and_plan(device, BY_NAME[name], None)
            walls_in_heat(
                name, temperature, convention, currents_ua, wall, plan.full_scale_a, out, json, solver, **given
            )
            return
        refuse_given(
            context, ("barriers",), "is for a study in heat", "Add --temperature, for example 300, or leave it out"
        )
        _only_with(given, HEAT, "is for a study in heat", "Add --temperature, for example 300")
        from spingan.devices import wall_characteristic
        from spingan.devices.wall_sensitivity import headlines
        from spingan.devices.wall_study import Setup
        from spingan.devices.wall_system import mesh
        from spingan.papers.device_rows import wall_rows
        from spingan.papers.rows import printed_at, write_rows
        from spingan.reports.wall_report import write_wall_report
        from spingan.reports.wall_sensitivity_report import headline_lines

        made = BY_NAME[name]
        chosen, plan = _device_and_plan(device, made, currents_ua)
        mesh(chosen, cell_nm * 1e-9)  # refuses cells that do not fit
        setup = Setup(chosen, convention, cell_nm * 1e-9, time_limit_s=time_limit_s)
        extras = _extras(with_, full)

        def work(progress: Progress) -> Result:
            study = wall_characteristic.characterise(setup, plan, extras, workers, progress)
            rows = wall_rows(name, study)
            curve = made.curve(study, None if device is None else chosen.name)
            printed = [printed_at(name, what) for what in ("wall position at ", "conductance at ")]

            def write(folder: Path) -> list[Path]:
                first, *others = write_wall_report(study, curve, folder, *printed)
                return [first, write_rows(rows, folder / "comparison.csv"), *others]

            shown = study.setup
            both = headlines(shown.device, plan.full_scale_a, plan.start_m, shown.convention)
            data = {
                "device": shown.device.name,
                "convention": shown.convention,
                "cell_nm": shown.cell_m * 1e9,
                "rows": [row.to_dict() for row in rows],
                "headlines": both,
            }
            notes = (f"torque convention: {shown.convention}", *headline_lines(both, plan.full_scale_a))
            return Result(data, rows_table(rows), notes, write)

        run(work, json, out or Path(f"runs/device-{name}"))


_add_wall_command("leaky-relu", "Paper S's leaky ReLU in the solver, compared with every number that it prints.")
_add_wall_command("relu", "Paper S's ReLU in the solver; its anisotropy profile and bias are not printed, and assumed.")


def _only_with(given: Mapping[str, Any], options: Collection[str], problem: str, remedy: str) -> None:
    """Refuse the options of another study."""
    for key in given:
        if key in options:
            flag = "--" + key.replace("_", "-")
            raise UserError(f"{flag} {problem}", f"{remedy}, or leave {flag} out")


def _device_and_plan(
    file: Path | None, printed: "DomainWallRelu", currents_ua: str | None
) -> tuple["WallDevice", "Plan"]:
    """The device and its plan, with the user's own currents; another device's wall starts in its flat zone."""
    from dataclasses import replace

    from spingan.devices.domain_wall import designed_wall
    from spingan.devices.wall_device import read_wall_device

    device, plan = printed.wall, printed.plan
    if file is not None:
        device = designed_wall(printed.function) if str(file) == "designed" else read_wall_device(file)
        plan = printed.plan_of(device)
    if currents_ua is not None:
        currents = tuple(sorted({0.0, *currents_a(currents_ua)}))
        plan = replace(plan, currents_a=currents, probes_a=())
    return device, plan


def _extras(with_: Sequence[str] | None, full: bool) -> "tuple[Extra, ...]":
    from spingan.devices.wall_characteristic import EXTRAS

    unknown = [name for name in with_ or () if name not in EXTRAS]
    if unknown:
        raise UserError(f"--with: there is no extra {unknown[0]!r}", f"Known: {', '.join(EXTRAS)}")
    return EXTRAS if full else tuple(extra for extra in EXTRAS if extra in (with_ or ()))


@app.command()
def new(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="YAML file to write.")],
    like: Annotated[Wall, typer.Option("--like", help="Which device to begin from.")] = "leaky-relu",
    json: Json = False,
) -> None:
    """Begin a wall device of your own: a printed one as a file to change, for --device."""
    from spingan.devices.wall_device import LEAKY_RELU, RELU, new_wall_device

    new_wall_device(file, LEAKY_RELU if like == "leaky-relu" else RELU)
    show(Result({"file": str(file)}, str(file), (f"Try it: spingan device {like} --device {file}",)), json)


@app.command("skyrmion-synapse")
@passing_on(REAL)
def skyrmion_synapse(
    context: typer.Context,
    *,
    temperature: Temperature = None,
    barriers: Barriers = False,
    sensitivity: Asked = False,
    out: Out = None,
    seed: Annotated[
        int, typer.Option("--seed", min=0, max=2**32 - 1, help="Of the heat and of a film's disorder.")
    ] = 0,
    seeds: Annotated[int, typer.Option("--seeds", min=2, max=1000, help="Number of runs with heat.")] = 4,
    calibration: Annotated[
        Path | None,
        typer.Option("--calibration", metavar="FILE", help="From spingan calibrate skyrmion; else shipped."),
    ] = None,
    workers: Workers,
    full: Annotated[
        bool, typer.Option("--full", help="Also injection and a small disc in the solver: some minutes.")
    ] = False,
    json: Json = False,
    **real: Any,
) -> None:
    """Paper S's skyrmion synapse by the Thiele model, compared with every number that it prints."""
    from spingan.devices.skyrmion_synapse import shipped_calibration
    from spingan.devices.skyrmion_synapse_study import characterise
    from spingan.papers.device_rows import synapse_rows
    from spingan.papers.rows import write_rows
    from spingan.physics.skyrmion_calibration import read_calibration
    from spingan.reports.synapse_report import write_synapse_report

    constants = shipped_calibration() if calibration is None else read_calibration(calibration)
    given = {key: value for key, value in real.items() if value is not None}
    if sensitivity:
        refuse_given(
            context, ("temperature", "barriers", "full", "seeds"), "is not for --sensitivity", "Leave one of them out"
        )
        skyrmion_sensitivity(constants, seed, workers, out, json, **given)
        return
    _only_with(given, REAL, "is for --sensitivity", "Add --sensitivity")
    if temperature is not None:
        refuse_given(context, ("full",), "is for the study at 300 K that is compared with the paper", "Leave it out")
        skyrmions_in_heat(temperature, constants, seed, seeds, workers, barriers, out, json)
        return
    refuse_given(
        context, ("barriers",), "is for a study in heat", "Add --temperature, for example 300, or leave it out"
    )

    def work(progress: Progress) -> Result:
        done = characterise(constants, seed, seeds, workers, progress, full)
        rows = synapse_rows(done)
        data = {
            "device": done.variants[0].device.name,
            "seed": done.seed,
            "calibration": done.calibration.source,
            "rows": [row.to_dict() for row in rows],
            "working_points": {variant.name: variant.point.to_dict() for variant in done.variants},
        }

        def write(folder: Path) -> list[Path]:
            return [*write_synapse_report(done, folder), write_rows(rows, folder / "comparison.csv")]

        return Result(data, rows_table(rows), (), write)

    run(work, json, out or Path("runs/device-skyrmion-synapse"))


Exported = Literal["leaky-relu", "relu", "skyrmion-synapse"]
DEFAULT_UA = (-20.0, -10.0, 0.0, 10.0, 20.0)  # the range that paper S claims for the leaky ReLU


@app.command("export")
def export(
    device: Annotated[Exported, typer.Argument(metavar="DEVICE", help="leaky-relu, relu or skyrmion-synapse.")],
    program: Annotated[Literal["mumax3", "oommf"], typer.Option("--program", help="Who is to run it.")],
    currents_ua: CurrentsUa = None,
    convention: Convention = "magnet-section",
    cell_nm: Annotated[float | None, typer.Option("--cell-nm", help="Cell size; 1, and 2 for the synapse.")] = None,
    device_file: DeviceFile = None,
    out: Out = None,
    json: Json = False,
) -> None:
    """Write a device as scripts for mumax3 or OOMMF, one a current, with every file that they read."""
    from spingan.devices import export_mumax3, export_oommf

    currents = None if currents_ua is None else currents_a(currents_ua)
    experiment = _experiment(device, currents, convention, cell_nm, device_file)
    folder = out or Path(f"runs/export-{device}-{program}")
    scripts = [str(path) for path in (export_mumax3 if program == "mumax3" else export_oommf).write(experiment, folder)]
    data = {"device": device, "program": program, "folder": str(folder), "scripts": scripts}
    files = sorted(str(path) for path in folder.iterdir())
    show(Result(data | {"files": files}, "\n".join(scripts), (f"how to run them: {folder / 'README.txt'}",)), json)


def _experiment(
    device: Exported, currents: list[float] | None, convention: ConventionName, cell_nm: float | None, file: Path | None
) -> "Experiment":
    from spingan.devices.export import wall_experiment
    from spingan.devices.skyrmion_synapse import PRINTED
    from spingan.devices.skyrmion_synapse_solver import synapse_experiment
    from spingan.devices.wall_device import LEAKY_RELU, RELU, read_wall_device

    if cell_nm is not None and not 0.1 <= cell_nm <= 10:
        raise UserError(f"--cell-nm: {cell_nm:g} nm is not between 0.1 and 10", "1 and 2 nm are usual")
    if device == "skyrmion-synapse":
        if file is not None:
            raise UserError("--device: a file holds a wall device, not a synapse", "Name leaky-relu or relu before it")
        printed = [PRINTED.current_density_a_per_m2 * PRINTED.area_m2]
        return synapse_experiment(PRINTED, currents or printed, (cell_nm or 2.0) * 1e-9)
    chosen = read_wall_device(file) if file else LEAKY_RELU if device == "leaky-relu" else RELU
    return wall_experiment(
        chosen, currents or [current * 1e-6 for current in DEFAULT_UA], convention, (cell_nm or 1.0) * 1e-9
    )
