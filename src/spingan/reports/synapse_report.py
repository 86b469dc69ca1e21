"""The folder that `spingan device skyrmion-synapse` leaves: curves, tables, pictures and an animation."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import EllipseCollection
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Circle
from PIL import Image

from spingan.devices.skyrmion_synapse import SkyrmionSynapse, rail_cover
from spingan.devices.skyrmion_synapse_run import Operation, Point
from spingan.devices.skyrmion_synapse_solver import Comparison
from spingan.devices.skyrmion_synapse_study import Heat, Study, synapse
from spingan.reports.plots import COLOURS, DASHES, Content, add_legend, name_axes, new_figure, save_gif, write_files
from spingan.spec.files import write_synapse
from spingan.tabular import csv_text

DISC_MAP = LinearSegmentedColormap.from_list("disc", ["#ffffff", "#aeb4bd"])
COUNT_MAP = LinearSegmentedColormap.from_list("count", ["#f2f4f8", "#7fa0cf", "#1b3a6b"])
FRAMES = 61  # of the animation, 5 ns apart over 305 ns
FRAME_INCHES, FRAME_DPI = 3.6, 90


def conductance_against_time(done: Operation, heat: Heat | None, printed_drive: Operation) -> Figure:
    """Conductance over the operation, with heated runs behind it and the same disc at the printed drive below."""
    figure, (axis,) = new_figure(7.0, 3.4)
    nanoseconds = done.time_s * 1e9
    begin = 0
    for phase in done.phases:
        end = begin + phase.periods * done.device.pulse_period_s * 1e9
        if phase.sign:
            axis.axvspan(begin, end, color="#f3f5f8" if phase.sign > 0 else "#fbf1e8", zorder=0)
        axis.text((begin + end) / 2, 1.01, phase.name if phase.sign else "", transform=axis.get_xaxis_transform(),
                  ha="center", va="bottom", fontsize=8, color="#444444")  # fmt: skip
        begin = end
    for number, run in enumerate(heat.operations if heat is not None else ()):
        label = f"{heat.temperature_k:g} K, {len(heat.operations)} seeds" if heat is not None and not number else None
        axis.plot(nanoseconds, run.conductance_s * 1e3, color=COLOURS[3], linewidth=0.6, label=label)
    density = done.device.current_density_a_per_m2
    damping = done.device.film.gilbert_damping
    label = f"{density:.3g} A/m², damping {damping:g}, 0 K"
    axis.plot(nanoseconds, done.conductance_s * 1e3, color=COLOURS[0], linewidth=1.6, label=label)
    printed = printed_drive.device
    label = f"printed {printed.current_density_a_per_m2:.3g} A/m², damping {printed.film.gilbert_damping:g}, 0 K"
    axis.plot(printed_drive.time_s * 1e9, printed_drive.conductance_s * 1e3, DASHES[1], color=COLOURS[1], label=label)
    name_axes(axis, "time (ns)", "conductance (mS)")
    axis.set_xlim(0, nanoseconds[-1])
    add_legend(axis, loc="upper right")
    return figure


def sweep_maps(named: Sequence[tuple[str, Sequence[Point]]], chosen: Sequence[Point]) -> Figure:
    """Skyrmions in after potentiation (number), left at the end (in brackets) and lost (crossed), a map a variant."""
    figure, axes = new_figure(4.6 * len(named), 3.4, len(named))
    for axis, (name, points), point in zip(axes, named, chosen, strict=True):
        _draw_map(axis, points, point)
        axis.set_title(name, fontsize=9)
    return figure


def _draw_map(axis: Axes, points: Sequence[Point], chosen: Point) -> None:
    densities = sorted({point.current_density_a_per_m2 for point in points})
    dampings = sorted({point.gilbert_damping for point in points})
    axis.grid(visible=False)
    values = np.zeros((len(dampings), len(densities)))
    for point in points:
        row = dampings.index(point.gilbert_damping)
        column = densities.index(point.current_density_a_per_m2)
        values[row, column] = point.potentiated
        text = f"{point.potentiated:.0f} ({point.left:.0f})" + (f"\n{point.lost} lost" if point.lost else "")
        dark = point.potentiated > 0.55 * point.skyrmions
        axis.text(column, row, text, ha="center", va="center", fontsize=7, color="white" if dark else "#222222")
        if point == chosen:
            axis.add_patch(Circle((column, row), 0.44, fill=False, edgecolor=COLOURS[1], linewidth=2.0))
    axis.imshow(values, cmap=COUNT_MAP, origin="lower", aspect="auto", vmin=0, vmax=points[0].skyrmions)
    axis.set_xticks(range(len(densities)), [f"{density / 1e10:g}" for density in densities])
    axis.set_yticks(range(len(dampings)), [f"{damping:g}" for damping in dampings])
    name_axes(axis, "current density (10¹⁰ A/m²)", "Gilbert damping")


def disc_pictures(done: Operation, times_s: Sequence[float], skyrmion_radius_m: float) -> Figure:
    """The disc with its rails, the junction's rim and the skyrmions at several times."""
    figure, axes = new_figure(3.3 * len(times_s), 3.5, len(times_s))
    for axis, time_s in zip(axes, times_s, strict=True):
        moment = int(np.argmin(np.abs(done.time_s - time_s)))
        _draw_disc(axis, done.device)
        _draw_skyrmions(axis, done, moment, skyrmion_radius_m)
        axis.set_title(f"{done.time_s[moment] * 1e9:.1f} ns: {done.number[moment]:.0f} under the junction", fontsize=9)
    return figure


def _draw_disc(axis: Axes, device: SkyrmionSynapse) -> None:
    size = 2 * device.radius_m * 1e9
    cells = 400
    centres = (np.arange(cells) + 0.5) * 2 * device.radius_m / cells
    cover = rail_cover(device, centres, centres, 2 * device.radius_m / cells)
    axis.grid(visible=False)
    axis.imshow(cover, cmap=DISC_MAP, origin="lower", extent=(0, size, 0, size), vmin=0, vmax=1)
    centre = (device.centre_m[0] * 1e9, device.centre_m[1] * 1e9)
    axis.add_patch(Circle(centre, device.radius_m * 1e9, fill=False, edgecolor="#444444", linewidth=0.8))
    axis.add_patch(
        Circle(centre, device.detector_radius_m * 1e9, fill=False, edgecolor=COLOURS[2], linewidth=1.2, linestyle="--")
    )
    axis.set_xlim(-5, size + 5)
    axis.set_ylim(-5, size + 5)
    axis.set_aspect("equal")
    name_axes(axis, "x (nm)", "y (nm)")


def _draw_skyrmions(axis: Axes, done: Operation, moment: int, radius_m: float) -> None:
    alive = done.run.alive[moment]
    places = done.run.positions_m[moment][alive] * 1e9
    inside = done.covered[moment][alive] > 0.5
    colours = np.where(inside, COLOURS[0], COLOURS[1])
    width = np.full(len(places), 2 * radius_m * 1e9)
    axis.add_collection(
        EllipseCollection(
            width, width, np.zeros(len(places)), units="xy", offsets=places, offset_transform=axis.transData,
            facecolors=colours.tolist(), edgecolors="none",
        )
    )  # fmt: skip


def both_models(compared: Comparison) -> Figure:
    """The small disc: the solver's last state with both models' paths, and the number under the detector in both."""
    figure, (left, right) = new_figure(8.4, 3.6, 2)
    size = compared.m.shape[1] * compared.cell_m * 1e9
    left.grid(visible=False)
    shown = np.where((compared.m**2).sum(axis=0) > 0.5, compared.m[2], np.nan)
    left.imshow(shown, cmap="Greys_r", origin="lower", extent=(0, size, 0, size), vmin=-1, vmax=1.3)
    for number in range(compared.solver_m.shape[1]):
        solver, rigid = compared.solver_m[:, number] * 1e9, compared.thiele_m[:, number] * 1e9
        labels = ("solver", "Thiele") if number == 0 else (None, None)
        left.plot(*solver.T, "-", color=COLOURS[1], linewidth=1.4, label=labels[0])
        left.plot(*rigid.T, "--", color=COLOURS[0], linewidth=1.4, label=labels[1])
    centre = (compared.device.centre_m[0] * 1e9, compared.device.centre_m[1] * 1e9)
    rim = Circle(centre, compared.device.detector_radius_m * 1e9, fill=False, edgecolor=COLOURS[2], linestyle="--")
    left.add_patch(rim)
    name_axes(left, "x (nm)", "y (nm)")
    add_legend(left, loc="upper right")
    right.plot(compared.time_s * 1e9, compared.solver_number, color=COLOURS[1], label="solver")
    right.plot(compared.time_s * 1e9, compared.thiele_number, "--", color=COLOURS[0], label="Thiele")
    name_axes(right, "time (ns)", "skyrmions under the detector")
    add_legend(right)
    return figure


def write_animation(done: Operation, skyrmion_radius_m: float, path: Path) -> None:
    """The operation as a GIF of the disc.

    Raises:
        UserError: The file cannot be written.
    """
    figure = Figure(figsize=(FRAME_INCHES, FRAME_INCHES), dpi=FRAME_DPI)
    canvas = FigureCanvasAgg(figure)
    axis = figure.add_axes((0.14, 0.12, 0.82, 0.8))  # a layout engine would work anew for every frame
    axis.tick_params(labelsize=7)
    _draw_disc(axis, done.device)
    frames = []
    for moment in np.linspace(0, len(done.time_s) - 1, FRAMES).astype(int):
        _draw_skyrmions(axis, done, moment, skyrmion_radius_m)
        axis.set_title(f"{done.time_s[moment] * 1e9:5.1f} ns: {done.number[moment]:.0f} under the junction", fontsize=8)
        canvas.draw()
        picture = Image.fromarray(np.asarray(canvas.buffer_rgba())[..., :3])
        frames.append(picture.quantize(32))
        axis.collections[-1].remove()
    save_gif(frames, path, duration_ms=100)


def write_synapse_report(study: Study, folder: Path) -> list[Path]:
    """Write everything into `folder` and say what it wrote.

    Raises:
        UserError: The folder cannot be written.
    """
    radius, variants = study.calibration.texture.radius_m, study.variants
    files: dict[str, Content] = {}
    for variant in variants:
        name, done = variant.name, variant.operation
        moments = (0.0, done.phase_end_s("potentiation"), float(done.time_s[-1]))
        files |= {
            f"{name}.csv": partial(write_synapse, synapse(variant)),
            f"{name}_run.csv": _run_table(done),
            f"{name}_conductance.png": conductance_against_time(done, variant.heat, variant.printed_drive),
            f"{name}_disc.png": disc_pictures(done, moments, radius),
            f"{name}.gif": partial(write_animation, done, radius),
        }
    named = [(variant.name.replace("_", " "), variant.points) for variant in variants]
    files["sweep.png"] = sweep_maps(named, [variant.point for variant in variants])
    files["sweep.csv"] = _sweep_table([(variant.name, variant.points) for variant in variants])
    if study.comparison is not None:
        files["both_models.png"] = both_models(study.comparison)
    return write_files(folder, files)


def _run_table(done: Operation) -> str:
    cells = [
        [f"{time_s:.4g}", f"{number:.4f}", f"{conductance:.8g}"]
        for time_s, number, conductance in zip(done.time_s, done.number, done.conductance_s, strict=True)
    ]
    return csv_text(["time_s", "skyrmions", "conductance_s"], cells)


def _sweep_table(named: Sequence[tuple[str, Sequence[Point]]]) -> str:
    headings = ["variant", "current_density_a_per_m2", "gilbert_damping", "in", "left", "lost", "closest_m"]
    cells = [
        [name, f"{point.current_density_a_per_m2:.4g}", point.gilbert_damping, f"{point.potentiated:.2f}",
         f"{point.left:.2f}", point.lost, f"{point.closest_m:.4g}"]
        for name, points in named for point in points
    ]  # fmt: skip
    return csv_text(headings, cells)
