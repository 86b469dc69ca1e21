"""Commands that design devices: a leaky ReLU or a ReLU with the asked transfer, without or in heat."""

from pathlib import Path
from typing import Any

import typer

from spingan.commands.device_heat import refuse_given
from spingan.commands.options import (
    HOUR_S,
    REQUIRED,
    CellNm,
    Convention,
    ConventionName,
    Json,
    Out,
    Seed,
    TimeLimit,
    Workers,
    option,
    passing_on,
)
from spingan.commands.printing import Result, run, table
from spingan.progress import Progress

app = typer.Typer(
    help="Devices that do what was asked: searched with a compact model, shown in the solver.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
_ASKED: dict[str, Any] = {
    "range_ua": option(float, "--range-ua", "Inputs go from minus to plus this, in µA.", 20.0),
    "convention": (Convention, "magnet-section"),
    "cell_nm": (CellNm, 1.0),
    "out": (Out, None),
    "seed": (Seed, 0),
    "workers": (Workers, REQUIRED),
    "time_limit_s": (TimeLimit, HOUR_S),
    "temperature": option(float | None, "--temperature", "In K: a front of devices for this heat.", metavar="K"),
    "averaging_ns": option(float, "--averaging-ns", "With --temperature: longest average of an evaluation.", 10.0),
    "inputs_of": option(
        str | None, "--inputs-of", "With --temperature: a net whose inputs weight the fit, as clothes.", metavar="MODEL"
    ),
    "noise": option(float, "--noise", "With --temperature: asked noise, as a fraction of full scale.", 0.02),
    "smallest_nm": option(float, "--smallest-nm", "With --temperature: smallest part, gap or track width.", 10.0),
    "points": option(int, "--points", "With --temperature: devices on the front at most.", 10, min=1, max=100),
    "generations": option(int, "--generations", "With --temperature: of each search.", 24, min=1, max=10_000),
    "json": (Json, False),
}
_WARM = ("averaging_ns", "inputs_of", "noise", "smallest_nm", "points", "generations")
_SLOPE = option(float, "--slope", "Below zero over above zero, 0.05 to 0.5; 0: a ReLU.", 0.2)


@app.command("leaky-relu")
@passing_on({"slope": _SLOPE} | _ASKED)
def leaky_relu(context: typer.Context, **asked: Any) -> None:
    """A domain-wall leaky ReLU of the asked slope: anisotropy profile and junctions; materials as printed."""
    _design(context, **asked)


@app.command("relu")
@passing_on(_ASKED)
def relu(context: typer.Context, **asked: Any) -> None:
    """A domain-wall ReLU: the leaky one with slope 0, on the leaky device's track, with one junction and no bias."""
    _design(context, 0.0, **asked)


def _design(
    context: typer.Context,
    slope: float,
    *,
    temperature: float | None,
    cell_nm: float,
    time_limit_s: float,
    **asked: Any,
) -> None:
    if temperature is not None:
        problem = "is for the solver; a front for warm devices is searched with the compact wall"
        refuse_given(context, ("cell_nm", "time_limit_s"), problem, "Leave it out, or leave --temperature out")
        _front(slope, temperature, **asked)
        return
    refuse_given(context, _WARM, "is for warm devices", "Add --temperature, for example 300, or leave it out")
    still = {name: value for name, value in asked.items() if name not in _WARM}
    _still(slope, cell_nm=cell_nm, time_limit_s=time_limit_s, **still)


def _still(
    slope: float,
    *,
    range_ua: float,
    convention: ConventionName,
    cell_nm: float,
    out: Path | None,
    json: bool,
    **solver: Any,
) -> None:
    from spingan.devices import wall_design_run
    from spingan.devices.wall_design import Goal
    from spingan.reports.design_plots import write_design
    from spingan.tabular import cell

    goal = Goal(slope, range_ua * 1e-6, convention)
    folder = out or Path(f"runs/design-leaky-relu-{slope:g}" if slope else "runs/design-relu")

    def work(progress: Progress) -> Result:
        found = wall_design_run.design(goal, cell_m=cell_nm * 1e-9, progress=progress, **solver)
        data = wall_design_run.summary(found) | {"folder": str(folder)}
        text = table(("quantity", "value"), [(key, cell(value, 5)) for key, value in data.items()])
        return Result(data, text, (), lambda place: [f for f in write_design(found, place) if f.suffix != ".ovf"])

    run(work, json, folder)


def _front(
    slope: float,
    temperature: float,
    *,
    range_ua: float,
    convention: ConventionName,
    out: Path | None,
    seed: int,
    workers: int,
    averaging_ns: float,
    inputs_of: str | None,
    noise: float,
    smallest_nm: float,
    points: int,
    generations: int,
    json: bool,
) -> None:
    from spingan.devices import warm_design
    from spingan.devices.warm_goal import InputWeight, Limits, WarmGoal
    from spingan.nn.activation_inputs import activation_inputs
    from spingan.nn.weights import load_model
    from spingan.reports.warm_design_report import front_data, front_text, write_front
    from spingan.spec.technology import load_technology

    inputs = InputWeight()
    if inputs_of is not None:
        seen = activation_inputs(load_model(inputs_of), "leaky_relu" if slope else "relu")
        source = f"{seen.model}, {seen.function}, layers {', '.join(seen.layers)}, {seen.images} images"
        inputs = InputWeight(seen.share_of_full_scale, seen.weight, source)
    goal = WarmGoal(
        slope,
        range_ua * 1e-6,
        temperature,
        convention,
        averaging_s=averaging_ns * 1e-9,
        inputs=inputs,
        limits=Limits(smallest_nm * 1e-9),
        noise=noise,
    )
    kind = f"leaky-relu-{slope:g}" if slope else "relu"
    folder = out or Path(f"runs/design-{kind}-{temperature:g}k")
    base = load_technology("skyrmion-designed")

    def work(progress: Progress) -> Result:
        effort = warm_design.Effort(points=points, generations=generations)
        found = warm_design.design_front(
            goal, seed=seed, workers=workers, effort=effort, store=folder / "searches", progress=progress
        )
        data = front_data(found, folder)
        notes = (
            "error: rms deviation from the asked shape at the inputs, as a fraction of that branch's signal. noise: "
            f"the worst where 99.5 % of the inputs are. energy: settling and averaging. inputs: {inputs.source}.",
            f"convention: {convention}; {data['fidelity']}. The same command goes on where it was interrupted.",
        )
        return Result(data, front_text(found, data), notes, lambda place: write_front(found, data, base, place))

    run(work, json, folder)
