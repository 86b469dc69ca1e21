"""`spingan study noise` and `quantization`: paper S, section V-B, with its claims beside what is found."""

from typing import TYPE_CHECKING, Annotated

import typer

from spingan.commands.printing import print_json, print_table
from spingan.commands.study_options import (
    Count,
    Data,
    Json,
    Model,
    Out,
    Scheduler,
    Seed,
    Seeds,
    Workers,
    run_study,
    written,
)

if TYPE_CHECKING:
    from spingan.studies.noise_result import NoiseStudy
    from spingan.studies.quantization import QuantizationStudy

Axis = Annotated[
    list[str] | None,
    typer.Option("--axis", metavar="NAME", help="Only this axis, for example 'weight noise'; may be repeated."),
]
At = Annotated[list[float] | None, typer.Option("--at", help="Only this setting, for example 0.05; may be repeated.")]
Calibration = Annotated[
    int | None, typer.Option("--calibration", min=0, help="Images by which each chip measures its own batch norms.")
]


def noise(
    model: Model,
    axis: Axis = None,
    at: At = None,
    calibration: Calibration = None,
    out: Out = None,
    seed: Seed = 0,
    seeds: Seeds = None,
    count: Count = None,
    workers: Workers = None,
    scheduler: Scheduler = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Pictures and distance against noise of every kind, stuck and spread devices, clipping and drift."""
    found: NoiseStudy = run_study(  # pyright: ignore[reportAssignmentType]
        "noise",
        model,
        out,
        seed=seed,
        seeds=seeds,
        count=count,
        workers=workers,
        scheduler=scheduler,
        data_path=data,
        axes=axis,
        at=at,
        calibration=calibration,
    )
    files = written(out, "noise.png", "noise_samples.png", "noise.csv")
    if json:
        print_json(found.to_dict() | {"files": files})
        return
    _print(found)
    for line in (*found.notes, *files):
        print(line)


Steps = Annotated[
    int | None, typer.Option("--steps", min=0, help="Updates of the short trainings, 200; 0 trains nothing.")
]


def quantization(
    model: Model,
    bits: Annotated[
        list[int] | None, typer.Option("--bits", min=1, max=16, help="Bits of a weight; may be repeated. 4, 5, 6, 8.")
    ] = None,
    steps: Steps = None,
    out: Out = None,
    seed: Seed = 0,
    seeds: Seeds = None,
    count: Count = None,
    workers: Workers = None,
    scheduler: Scheduler = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Error of the weights, pictures, distance and losses in training against the bits of a weight."""
    found: QuantizationStudy = run_study(  # pyright: ignore[reportAssignmentType]
        "quantization",
        model,
        out,
        seed=seed,
        seeds=seeds,
        count=count,
        workers=workers,
        scheduler=scheduler,
        data_path=data,
        bits=bits,
        steps=steps,
    )
    files = written(out, "quantization.png", "quantization.csv")
    if json:
        print_json(found.to_dict() | {"files": files})
        return
    print(f"{found.model} on {found.technology}: {found.metric}, smaller is better\n")
    print_table(*found.weights_table(), right=(2, 3, 4))
    print(f"\nfloat weights: {found.ideal.interval.mean:.3f}; {found.rule}\n")
    if found.trainings:
        print_table(*found.training_table(), right=(1, 2, 3, 4))
        print()
    for claim in found.claims:
        print(f"{claim.text}: {claim.verdict} ({claim.ours})")
    for line in (*found.notes, *files):
        print(line)


def _print(found: "NoiseStudy") -> None:
    print(f"{found.model} on {found.technology}: {found.metric}, smaller is better\n")
    rows = [
        (
            f"{line.axis}: {line.name}",
            setting.label,
            f"{setting.interval.mean:.3f}",
            f"{setting.interval.low:.3f} to {setting.interval.high:.3f}",
            f"{max(setting.distances):.3f}",
            f"{setting.of_ideal:.3f}",
            "yes" if setting.tolerated else "no",
        )
        for line in found.series
        for setting in line.settings
    ]
    heads = ("noise", "setting", "mean", "95 % interval", "worst chip", "of the ideal's", "tolerated")
    print_table(heads, rows, right=(1, 2, 3, 4, 5))
    print(f"\nwithout any: {found.ideal.interval.mean:.3f}; real images: {found.floor:.3f}; {found.rule}\n")
    for claim in found.claims:
        print(f"{claim.text}; {claim.series}: {claim.verdict} ({claim.ours})")
    for goal in found.goals:
        reached = "reached" if goal.reached else "missed"
        print(f"goal, 5 % {goal.series}: x {goal.mean:.2f}, worst chip x {goal.worst:.2f}, at most x 1.5: {reached}")
    for point in found.printed:
        printed = f"FID {point.printed_fid:g} as {point.reading}"
        print(f"paper S, {point.axis}, {point.data}: {printed}, x {point.ratio:.2f}")
