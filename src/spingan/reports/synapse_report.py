"""The folder that `spingan device skyrmion-synapse` leaves: curves, tables, pictures and an animation."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from spingan.devices.comparison import Row
from spingan.devices.skyrmion_synapse_characteristic import Study
from spingan.devices.skyrmion_synapse_curve import synapse
from spingan.devices.skyrmion_synapse_run import Operation
from spingan.devices.skyrmion_synapse_study import Point
from spingan.output import output_folder, write_text
from spingan.reports import synapse_plots
from spingan.reports.plots import save_png
from spingan.spec.files import write_synapse


def write_synapse_report(study: Study, rows: Sequence[Row], folder: Path) -> list[Path]:
    """Write everything into `folder` and say what it wrote.

    Raises:
        UserError: The folder cannot be written.
    """
    output_folder(folder)
    radius = study.calibration.texture.radius_m
    variants = study.variants
    files = []
    for variant in variants:
        curve = folder / f"{variant.name}.csv"
        write_synapse(synapse(variant), curve)
        run = folder / f"{variant.name}_run.csv"
        write_text(run, _run_table(variant.operation))
        time_plot = folder / f"{variant.name}_conductance.png"
        save_png(
            synapse_plots.conductance_against_time(variant.operation, variant.heat, variant.printed_drive), time_plot
        )
        disc = folder / f"{variant.name}_disc.png"
        done = variant.operation
        moments = (0.0, done.phase_end_s("potentiation"), float(done.time_s[-1]))
        save_png(synapse_plots.disc_pictures(done, moments, radius), disc)
        animation = folder / f"{variant.name}.gif"
        synapse_plots.write_animation(done, animation, radius)
        files += [curve, run, time_plot, disc, animation]
    maps = folder / "sweep.png"
    named = [(variant.name.replace("_", " "), variant.points) for variant in variants]
    save_png(synapse_plots.sweep_maps(named, [variant.point for variant in variants]), maps)
    sweep, table = folder / "sweep.csv", folder / "comparison.csv"
    write_text(sweep, _sweep_table([(variant.name, variant.points) for variant in variants]))
    cells = [[row.quantity, row.printed, row.ours, row.unit, row.note] for row in rows]
    write_text(table, _csv(["quantity", "printed", "ours", "unit", "note"], cells))
    files += [maps, sweep, table]
    if study.comparison is not None:
        both = folder / "both_models.png"
        save_png(synapse_plots.both_models(study.comparison), both)
        files.append(both)
    return files


def _csv(headings: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(headings)
    writer.writerows(rows)
    return text.getvalue()


def _run_table(done: Operation) -> str:
    cells = [
        [f"{time_s:.4g}", f"{number:.4f}", f"{conductance:.8g}"]
        for time_s, number, conductance in zip(done.time_s, done.number, done.conductance_s, strict=True)
    ]
    return _csv(["time_s", "skyrmions", "conductance_s"], cells)


def _sweep_table(named: Sequence[tuple[str, Sequence[Point]]]) -> str:
    headings = ["variant", "current_density_a_per_m2", "gilbert_damping", "in", "left", "lost", "closest_m"]
    cells = [
        [name, f"{point.current_density_a_per_m2:.4g}", point.gilbert_damping, f"{point.potentiated:.2f}",
         f"{point.left:.2f}", point.lost, f"{point.closest_m:.4g}"]
        for name, points in named for point in points
    ]  # fmt: skip
    return _csv(headings, cells)
