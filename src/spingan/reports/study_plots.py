"""Studies as pictures: rows of images against the setting, and below them a panel an axis of what was measured."""

import math
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import EngFormatter, FuncFormatter, NullFormatter

from spingan.output import output_folder, write_text
from spingan.reports.plots import COLOURS, DASHES, new_figure, save_png, style_axis
from spingan.studies.study import TOLERANCE, PaperPoint, Series, Setting, Study

_GAP = 2  # white pixels between images
_MARKS = ("o", "s", "^", "D", "v")
_PAPER_MARKS = ("P", "X")
_SIDE_BY_SIDE = ("labels", "names")
_ROW = 0.5  # inches that a row of images is high
_PERCENT = FuncFormatter(lambda value, _: f"{value * 100:g} %")
_PLAIN = FuncFormatter(lambda value, _: f"{value:g}")
Row = tuple[str, Setting]


def write_study(study: Study, out: str | Path) -> tuple[Path, ...]:
    """The study's pictures and table in the folder `out`.

    Raises:
        UserError: They cannot be written.
    """
    folder = output_folder(out)
    pictures = {folder / f"{name}.png": figure for name, figure in study_pictures(study).items()}
    for path, figure in pictures.items():
        save_png(figure, path)
    table = folder / f"{study.name}.csv"
    write_text(table, study.csv())
    return *pictures, table


def study_pictures(study: Study) -> dict[str, Figure]:
    """The study's pictures by their names: curves below images, or apart from them where axes are compared."""
    rows = _rows(study)
    if not study.compares_axes:
        return {study.name: _curves(study, rows)}
    samples, (axis,) = new_figure(10.0, 0.42 * len(rows) + 0.3)
    _draw_images(axis, rows)
    return dict(zip(study.pictures, (_curves(study, []), samples), strict=True))


def _curves(study: Study, rows: list[Row]) -> Figure:
    """Images in a row a setting, and below them a panel for each axis with its series and their intervals."""
    names = list(dict.fromkeys(line.axis for line in study.series))
    below = -(-len(names) // 4)
    columns = -(-len(names) // below)
    height, panel = _ROW * len(rows), 3.1 if study.beneath is None else 4.2
    width = 3.4 * columns if columns > 1 else 6.4
    figure, _ = new_figure(width, height + panel * below + 0.3, 0)
    grid = figure.add_gridspec(below + 1, columns, height_ratios=[max(height, 0.01), *[panel] * below])
    if rows:
        _draw_images(figure.add_subplot(grid[0, :]), rows)
    for number, name in enumerate(names):
        lines = [line for line in study.series if line.axis == name]
        place = grid[1 + number // columns, number % columns]
        parts = None if study.beneath is None else place.subgridspec(2, 1, height_ratios=(2, 1))
        axis = figure.add_subplot(place if parts is None else parts[0])
        _draw_panel(axis, study, lines)
        if study.beneath is not None and parts is not None:
            axis.set_xlabel("")
            axis.tick_params(labelbottom=False)
            _draw_beneath(figure.add_subplot(parts[1], sharex=axis), lines[0], *study.beneath)
        if len(names) > 1:
            axis.set_title(name, fontsize=10)
    return figure


def _rows(study: Study) -> list[Row]:
    """The settings that have images, with what is written at each; several series are compared with the ideal."""
    lines = [line for line in study.series if any(setting.images is not None for setting in line.settings)]
    if not lines:
        return []
    if len(lines) == 1 and not study.compares_axes:
        return [(setting.label, setting) for setting in lines[0].settings]
    rows = [] if study.ideal is None else [(f"ideal: {study.ideal.label}", study.ideal)]
    for line in lines:
        name = f"{line.axis} {line.name}" if study.compares_axes else line.name
        rows += [(f"{name}, {_label(line, setting)}", setting) for setting in line.settings]
    return rows


def _label(line: Series, setting: Setting) -> str:
    value = f"{setting.value * 100:g} %" if line.scale == "percent" else setting.label
    return value if setting.of_ideal is None else f"{value}: x {setting.of_ideal:.2f}"


def _draw_images(axis: Axes, rows: list[Row]) -> None:
    strips = [_strip(setting.images) for _, setting in rows if setting.images is not None]
    height = strips[0].shape[0]
    axis.imshow(np.concatenate(strips), cmap="gray", vmin=0, vmax=255, interpolation="nearest", aspect="equal")
    axis.set_xticks([])
    axis.set_yticks([(row + 0.5) * height for row in range(len(rows))], [label for label, _ in rows])
    axis.tick_params(left=False, labelsize=8)
    axis.spines[:].set_visible(False)
    axis.grid(visible=False)
    axis.set_anchor("E")  # the room that the images leave is for their labels


def _strip(images: np.ndarray) -> np.ndarray:
    """Images side by side on white."""
    colours = ((0, 0),) * (images.ndim - 3)
    padded = np.pad(images, ((0, 0), (_GAP, _GAP), (_GAP, _GAP), *colours), constant_values=255)
    return np.concatenate(list(padded), axis=1)


def _draw_panel(axis: Axes, study: Study, lines: list[Series]) -> None:
    ideal, first = study.ideal, lines[0]
    judged = ideal is not None and first.settings[0].of_ideal is not None
    unit = ideal.interval.mean if ideal is not None and study.compares_axes else 1.0
    for number, line in enumerate(lines):
        settings = line.settings
        has_place = ideal is not None and math.isfinite(ideal.value) and first.scale not in ("falling", "log10")
        if ideal is not None and study.compares_axes and has_place:
            settings = (ideal, *settings)
        _draw_line(axis, line, settings, number, unit)
    points = [point for point in study.printed if point.axis == first.axis]
    for number, point in enumerate(points):
        _draw_point(axis, point, number, lines)
    if judged and ideal is not None:
        limit, best = (factor * ideal.interval.mean / unit for factor in (TOLERANCE, 1.0))
        axis.axhline(limit, color="#8a8f98", linestyle="--", linewidth=1.0, label=f"{TOLERANCE:g} of the ideal's")
        axis.axhline(best, color="#8a8f98", linestyle=":", linewidth=1.0, label=f"ideal: {ideal.label}")
    _scale_x(axis, lines)
    shown = [setting.interval for line in lines for setting in line.settings]
    means = [found.mean / unit for found in shown] + [point.ratio for point in points]
    _scale_y(axis, first.unit, means, min(found.low for found in shown))
    axis.set_xlabel(first.quantity, fontsize=9)
    axis.set_ylabel(f"{first.measure},\nof the ideal's" if study.compares_axes else first.measure, fontsize=9)
    axis.tick_params(labelsize=8)
    style_axis(axis)
    handles, names = axis.get_legend_handles_labels()
    place: dict[str, Any] = {}
    if len(study.series) == 1 and all(setting.coverage is not None for setting in first.settings):
        handles.append(_draw_coverage(axis, first))
        names.append("coverage (right)")
        place = {"loc": "lower center", "bbox_to_anchor": (0.5, 1.0), "ncols": 4}  # no corner is free of both curves
    axis.legend(handles, names, frameon=False, fontsize=8 if len(study.series) == 1 else 7, **place)


def _draw_beneath(axis: Axes, line: Series, key: str, quantity: str) -> None:
    """What the settings have under `key`, against the same settings."""
    values = [setting.more[key] for setting in line.settings]
    dash = "none" if line.scale == "names" else "-"
    axis.plot(
        _places(line, line.settings), values, marker="s", markersize=4, linewidth=1.3, color=COLOURS[2], linestyle=dash
    )
    _scale_x(axis, [line])
    _scale_y(axis, "", values, min(values))
    axis.yaxis.set_major_formatter(EngFormatter())
    axis.set_xlabel(line.quantity, fontsize=9)
    axis.set_ylabel(quantity, fontsize=9)
    axis.tick_params(labelsize=8)
    style_axis(axis)


def _places(line: Series, settings: tuple[Setting, ...]) -> list[float]:
    return list(range(len(settings))) if line.scale in _SIDE_BY_SIDE else [setting.value for setting in settings]


def _draw_line(axis: Axes, line: Series, settings: tuple[Setting, ...], number: int, unit: float) -> None:
    """Means and their intervals, in units of `unit`."""
    mean, low, high = (
        np.array([getattr(setting.interval, part) for setting in settings]) / unit for part in ("mean", "low", "high")
    )
    bars = np.maximum((mean - low, high - mean), 0) if np.isfinite(high - low).all() else None  # 0: rounding of a mean
    look: dict[str, Any] = {
        "color": COLOURS[number % len(COLOURS)],
        "linestyle": "none" if line.scale == "names" else DASHES[number % len(DASHES)],
        "marker": _MARKS[number % len(_MARKS)],
    }
    name = line.name or "mean, 95 %"
    axis.errorbar(_places(line, settings), mean, bars, label=name, markersize=4, capsize=2, linewidth=1.3, **look)


def _draw_point(axis: Axes, point: PaperPoint, number: int, lines: list[Series]) -> None:
    """An open marker in the middle of the printed range, or of the panel where no setting is printed."""
    ours = [setting.value for line in lines for setting in line.settings]
    low, high = point.settings or (min(ours), max(ours))
    where = "" if point.settings else ", strength not printed"
    mark: dict[str, Any] = {
        "marker": _PAPER_MARKS[number % len(_PAPER_MARKS)],
        "markersize": 7,
        "markerfacecolor": "white",
    }
    bar: dict[str, Any] = {"xerr": (high - low) / 2, "color": "black", "linestyle": "none", "elinewidth": 0.8}
    axis.errorbar((low + high) / 2, point.ratio, label=f"paper S, {point.data}{where}", **bar, **mark)


def _draw_coverage(axis: Axes, line: Series) -> Line2D:
    share = axis.twinx()
    coverage = [100 * (setting.coverage or 0.0) for setting in line.settings]
    values = _places(line, line.settings)
    (drawn,) = share.plot(values, coverage, color=COLOURS[2], linestyle="-.", marker="^", markersize=4, linewidth=1.2)
    share.set_ylim(0, 100)
    share.set_ylabel("coverage of real images, %", fontsize=9)
    share.spines["top"].set_visible(False)
    return drawn


def _scale_x(axis: Axes, lines: list[Series]) -> None:
    scale = lines[0].scale
    if scale == "percent":
        axis.xaxis.set_major_formatter(_PERCENT)
    elif scale == "log2":
        axis.set_xscale("log", base=2)
        axis.xaxis.set_major_formatter(_PLAIN)
    elif scale == "log10":
        axis.set_xscale("log")
    elif scale == "falling":
        axis.invert_xaxis()
    elif scale in _SIDE_BY_SIDE:
        settings = lines[0].settings
        axis.set_xticks(range(len(settings)), [setting.label.replace("_", "\n") for setting in settings])


def _scale_y(axis: Axes, unit: str, means: list[float], lowest: float) -> None:
    """Currents and what spans more than a decade on a logarithmic scale, all else from zero."""
    if (unit == "A" and lowest > 0) or max(means) > 10 * min(means) > 0:
        axis.set_yscale("log")
        axis.yaxis.set_minor_formatter(NullFormatter())
    elif min(means) >= 0:
        axis.set_ylim(bottom=0)
    if unit == "A":
        axis.yaxis.set_major_formatter(EngFormatter(unit="A"))
    else:
        axis.yaxis.set_major_formatter(_PERCENT if unit == "1" else _PLAIN)
