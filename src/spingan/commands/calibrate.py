"""Commands that fit the compact models' constants to small runs of the micromagnetic solver."""

from pathlib import Path
from typing import Annotated

import typer

from spingan.commands.options import HOUR_S, CellNm, Convention, DeviceFile, Json, TimeLimit, Workers
from spingan.commands.printing import Result, run, table
from spingan.progress import Progress

app = typer.Typer(
    help="The compact models' constants, fitted to small runs of the solver and judged on others.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
Out = Annotated[Path, typer.Option("--out", metavar="FILE", help="File to write.")]
PARTS = 100


@app.command()
def skyrmion(
    out: Out,
    cell_nm: CellNm = 1.0,
    dmi_mj_per_m2: Annotated[
        float | None, typer.Option("--dmi-mj-per-m2", help="Another DMI than the Co/Pt film's 3.")
    ] = None,
    json: Json = False,
) -> None:
    """The Thiele model: drive, repulsion, rails and edge of the Co/Pt film's skyrmion, in some minutes."""
    from dataclasses import asdict, replace

    from spingan.devices.skyrmion_synapse import CO_PT
    from spingan.output import check_place
    from spingan.physics.skyrmion_calibration import calibrate_skyrmion, write_calibration

    check_place(out)
    film = CO_PT if dmi_mj_per_m2 is None else replace(CO_PT, interfacial_dmi_j_per_m2=dmi_mj_per_m2 * 1e-3)

    def work(progress: Progress) -> Result:
        found = calibrate_skyrmion(film, cell_nm * 1e-9, lambda part, text: progress(text, round(part * PARTS), PARTS))
        write_calibration(found, out)
        forces = [
            (name, str(fit.points), f"{fit.strongest_force_n * 1e12:.3g}", f"{fit.root_mean_square_n * 1e12:.2g}",
             f"{fit.nearest_m * 1e9:.1f}..{fit.farthest_m * 1e9:.1f}")
            for name, fit in found.fits.items()
        ]  # fmt: skip
        judged = [
            (one.name, f"{one.path_m * 1e9:.2f}", f"{one.end_error_m * 1e9:.2f}", f"{one.root_mean_square_m * 1e9:.2f}")
            for one in found.judgements
        ]
        text = (
            table(("fitted", "points", "strongest pN", "RMS error pN", "over nm"), forces, right=(1, 2, 3)),
            table(("judged on a run not fitted", "path nm", "off at its end nm", "RMS nm"), judged, right=(1, 2, 3)),
        )
        return Result(asdict(found) | {"file": str(out)}, "\n".join(text), (f"{out} ({found.seconds:.0f} s)",))

    run(work, json)


@app.command()
def wall(
    *,
    out: Out,
    convention: Convention = "magnet-section",
    cell_nm: CellNm = 1.0,
    device: DeviceFile = None,
    workers: Workers,
    time_limit_s: TimeLimit = HOUR_S,
    json: Json = False,
) -> None:
    """The compact wall: drive, DMI and exchange of the leaky ReLU or a device of your own, in some minutes."""
    from dataclasses import asdict

    from spingan.devices.wall_compact import calibrate_wall, write_wall_calibration
    from spingan.devices.wall_device import LEAKY_RELU, read_wall_device
    from spingan.output import check_place

    check_place(out)
    chosen = LEAKY_RELU if device is None else read_wall_device(device)

    def work(progress: Progress) -> Result:
        limits = {"time_limit_s": time_limit_s, "progress": progress}
        found = calibrate_wall(chosen, convention, cell_m=cell_nm * 1e-9, workers=workers, **limits)
        write_wall_calibration(found, out)
        lines = [f"{name}: {value:.4g}" for name, value in asdict(found.constants).items()]
        off = f"off in position: {found.largest_error_m * 1e9:.2f} nm at most, over the runs that were not fitted"
        return Result(asdict(found) | {"file": str(out)}, "\n".join([*lines, off]), (str(out),))

    run(work, json)
