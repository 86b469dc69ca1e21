"""What heat does to a device: options and studies of `spingan device` with --temperature."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple

import typer

from spingan.commands.options import ConventionName, currents_a, option
from spingan.commands.printing import Result, run
from spingan.errors import UserError
from spingan.progress import Progress

if TYPE_CHECKING:
    from spingan.devices.wall_device import WallDevice
    from spingan.physics.skyrmion_calibration import SkyrmionCalibration

Wall = Literal["leaky-relu", "relu"]
Temperature = Annotated[
    float | None,
    typer.Option("--temperature", metavar="K", help="Study its noise and losses in heat instead: some seconds."),
]
HEAT: dict[str, tuple[Any, Any]] = {  # with --temperature, by the names that `wall_heat.WarmPlan` has for them
    "averaging_ns": option(float | None, "--averaging-ns", "With --temperature: how long an evaluation averages, 1."),
    "snr": option(float | None, "--snr", "With --temperature: span over noise that the energy is given for, 50."),
    "walls": option(int | None, "--walls", "With --temperature: walls under each current, 1000.", min=2, max=100_000),
    "seed": option(int | None, "--seed", "With --temperature: of the heat, 0.", min=0, max=2**32 - 1),
}
Barriers = Annotated[
    bool,
    typer.Option(
        "--barriers",
        help="With --temperature: also the barriers before a loss, by the solver, and the mean time: a minute or more.",
    ),
]


class Solver(NamedTuple):
    """How the solver looks for barriers."""

    cell_m: float
    time_limit_s: float
    workers: int


def refuse_given(context: typer.Context, names: Sequence[str], problem: str, remedy: str) -> None:
    """Refuse options of a command that stand on its command line but mean nothing there.

    Raises:
        UserError: One does.
    """
    for name in names:
        source = context.get_parameter_source(name)
        if source is not None and source.name == "COMMANDLINE":
            raise UserError(f"--{name.replace('_', '-')} {problem}", remedy)


def walls_in_heat(
    name: Wall,
    temperature_k: float,
    convention: ConventionName,
    currents_ua: str | None,
    device: "WallDevice",
    full: float,
    out: Path | None,
    json: bool,
    solver: Solver | None,
    averaging_ns: float = 1.0,
    **more: Any,
) -> None:
    """The compact wall of a device in heat: noise, what averaging leaves, losses, energy; barriers with a solver."""
    from spingan.devices.domain_wall import BY_NAME
    from spingan.devices.wall_barrier import wall_escapes
    from spingan.devices.wall_heat import WarmPlan, warm_study
    from spingan.devices.wall_heat_curve import warm_curve, warm_rows
    from spingan.devices.wall_study import Setup
    from spingan.devices.wall_system import mesh
    from spingan.reports.wall_heat_report import heat_text, write_heat_report

    made = BY_NAME[name]
    if solver is not None:
        mesh(device, solver.cell_m)  # refuses cells that do not fit
    asked = currents_a(currents_ua) if currents_ua else [share * full for share in (-1, -0.5, -0.25, 0.25, 0.5, 1)]
    heat = WarmPlan(
        temperature_k=temperature_k,
        currents_a=tuple(sorted({0.0, full, *asked})),
        full_scale_a=full,
        averaging_s=averaging_ns * 1e-9,
        **more,
    )

    def work(progress: Progress) -> Result:
        study = warm_study(device, heat, convention, progress=progress)
        rows = warm_rows(study)
        escapes = []
        if solver is not None:
            setup = Setup(study.device, convention, solver.cell_m, time_limit_s=solver.time_limit_s)
            escapes = wall_escapes(setup, temperature_k, solver.workers, progress)
        curve = warm_curve(study, made.function, f"{device.name}_{temperature_k:g}k")
        data = {
            "device": device.name,
            "temperature_k": temperature_k,
            "convention": convention,
            "fidelity": study.note,
            "averaging_time_s": heat.averaging_s,
            "snr": heat.snr,
            "walls": heat.walls,
            "duration_s": heat.duration_s,
            "seed": heat.seed,
            "span_s": study.span_s,
            "full_scale_ua": study.full.current_a * 1e6,
            "rows": rows,
            "barriers": [escape.row() for escape in escapes],
        }
        text = "\n".join([heat_text(study, rows), *(escape.line() for escape in escapes)])
        notes = (
            f"memory: of the wall's place. averaged: rms of a mean over {averaging_ns:g} ns. wait, energy: averaging "
            f"and energy until the span is {heat.snr:g} times the noise. lost: share of walls in an evaluation; with "
            "<, the upper end of its interval of 95 %.",
            f"torque convention: {convention}; {study.note}",
        )
        return Result(data, text, notes, lambda folder: write_heat_report(study, rows, curve, folder))

    run(work, json, out or Path(f"runs/device-{name}-{temperature_k:g}k"))


def skyrmions_in_heat(
    temperature_k: float,
    calibration: "SkyrmionCalibration",
    seed: int,
    runs: int,
    workers: int,
    barriers: bool,
    out: Path | None,
    json: bool,
) -> None:
    """Both synapses at their working points in heat: noise of place and conductance, losses, retention."""
    from spingan.devices.skyrmion_barrier import skyrmion_escapes
    from spingan.devices.skyrmion_synapse import PRINTED
    from spingan.devices.skyrmion_synapse_heat import (
        WORKING_POINTS,
        WarmPlan,
        warm_rows,
        warm_synapse,
        with_escapes,
    )
    from spingan.reports.synapse_heat_report import heat_text, write_heat_report

    plan = WarmPlan(temperature_k, seed, runs)

    def work(progress: Progress) -> Result:
        studies = [warm_synapse(name, PRINTED, calibration, plan, workers, progress) for name in WORKING_POINTS]
        escapes = skyrmion_escapes(studies[0].device, temperature_k, workers, progress) if barriers else []
        studies = [with_escapes(study, escapes) for study in studies]  # both have the same film and rails
        rows = [row for study in studies for row in warm_rows(study)]
        data = {
            "device": PRINTED.name,
            "temperature_k": temperature_k,
            "seed": seed,
            "runs": runs,
            "calibration": studies[0].calibration.source,
            "rows": rows,
            "drift_time_s": {study.name: study.heat.retention_s for study in studies},
            "barriers": [escape.row() for escape in escapes],
        }
        text = "\n".join([heat_text(studies, rows), *(escape.line() for escape in escapes)])
        notes = (
            "in: skyrmions under the junction. place: across the track, of those that stay in it. Rigid particles, "
            "which know no collapse" + ("." if barriers else ": --barriers."),
        )
        return Result(data, text, notes, lambda folder: write_heat_report(studies, rows, folder))

    run(work, json, out or Path(f"runs/device-skyrmion-synapse-{temperature_k:g}k"))
