"""Studies as pictures: rows of images against the setting above the curve of their distance, and curves of errors."""

import math

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, FuncFormatter, NullFormatter

from spingan.reports.plots import COLOURS, DASHES, new_figure
from spingan.studies.curves import Curves
from spingan.studies.sweep import Setting, Sweep
from spingan.studies.verdict import TOLERANCE

_GAP = 2  # white pixels between images
_MARKS = ("o", "s", "^", "D", "v", "P")


def sweep_picture(study: Sweep) -> Figure:
    """A row of images for each setting, as the paper's figures show them, and the distance against the setting."""
    rows = len(study.settings)
    figure = Figure(figsize=(6.4, 0.52 * rows + 3.3), layout="constrained")
    FigureCanvasAgg(figure)
    top, bottom = figure.subplots(2, 1, height_ratios=(0.52 * rows, 3.0))
    _draw_images(top, study.settings)
    _draw_distances(bottom, study)
    return figure


def _draw_images(axis: Axes, settings: tuple[Setting, ...]) -> None:
    strips = [_strip(setting) for setting in settings]
    height = strips[0].shape[0]
    axis.imshow(np.concatenate(strips), cmap="gray", vmin=0, vmax=255, interpolation="nearest", aspect="equal")
    axis.set_xticks([])
    axis.set_yticks([(row + 0.5) * height for row in range(len(settings))], [setting.label for setting in settings])
    axis.tick_params(left=False, labelsize=9)
    axis.spines[:].set_visible(False)


def _strip(setting: Setting) -> np.ndarray:
    """The images of one setting side by side on white."""
    padded = np.pad(setting.images, ((0, 0), (_GAP, _GAP), (_GAP, _GAP)), constant_values=255)
    return np.concatenate(list(padded), axis=1)


def _draw_distances(axis: Axes, study: Sweep) -> None:
    values = [setting.value for setting in study.settings]
    means = np.array([setting.interval.mean for setting in study.settings])
    down = means - [setting.interval.low for setting in study.settings]
    up = [setting.interval.high for setting in study.settings] - means
    axis.errorbar(
        values,
        means,
        (down, up),
        color=COLOURS[0],
        marker="o",
        markersize=4,
        capsize=3,
        linewidth=1.4,
        label="mean, 95 %",
    )
    limit = TOLERANCE * study.ideal.interval.mean
    axis.axhline(limit, color=COLOURS[1], linestyle="--", linewidth=1.2, label=f"{TOLERANCE:g} of the ideal's")
    axis.axhline(study.ideal.interval.mean, color=COLOURS[3], linestyle=":", linewidth=1.2, label="ideal")
    axis.set_ylabel(study.metric)
    axis.set_xlabel(study.quantity)
    if study.name == "levels":
        axis.set_xscale("log", base=2)
        axis.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    if study.name == "variability":
        axis.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value * 100:g} %"))
    if means.max() > 10 * means.min() > 0:
        axis.set_yscale("log")
        axis.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    else:
        axis.set_ylim(bottom=0)
    axis.spines[["top", "right"]].set_visible(False)
    axis.grid(visible=True, color="#e4e6ea", linewidth=0.8)
    handles, names = axis.get_legend_handles_labels()
    if all(setting.coverage is not None for setting in study.settings):
        share = axis.twinx()
        coverage = [100 * (setting.coverage or 0.0) for setting in study.settings]
        (line,) = share.plot(
            values, coverage, color=COLOURS[2], linestyle="-.", marker="^", markersize=4, linewidth=1.2
        )
        share.set_ylim(0, 100)
        share.set_ylabel("coverage of real images, %")
        share.spines["top"].set_visible(False)
        handles, names = [*handles, line], [*names, "coverage (right)"]
    axis.legend(handles, names, frameon=False, fontsize=8)


def curves_picture(study: Curves) -> Figure:
    """Every curve with the band of its chips; each unit on an axis of its own, currents on a logarithmic one."""
    kinds = list(dict.fromkeys(_kind(curve.name) for curve in study.curves))
    by_kind = study.name == "leakage"
    figure, axes = new_figure(4.2 * (len(kinds) if by_kind else 1) + 1.0, 3.6, len(kinds) if by_kind else 1)
    for axis in axes:
        _decorate(axis, study)
    count: dict[int, int] = {}
    for curve in study.curves:
        place = kinds.index(_kind(curve.name)) if by_kind else 0
        number = count[place] = count.get(place, -1) + 1
        values = np.array([point.setting for point in curve.points])
        mean, low, high = (
            np.array([getattr(point, field) for point in curve.points]) for field in ("mean", "low", "high")
        )
        colour, dash = COLOURS[number % len(COLOURS)], DASHES[number % len(DASHES)]
        label = curve.name.partition(":")[0] if by_kind else curve.name
        axes[place].fill_between(values, low, high, color=colour, alpha=0.15, linewidth=0)
        axes[place].plot(
            values,
            mean,
            dash,
            color=colour,
            marker=_MARKS[number % len(_MARKS)],
            markersize=4,
            linewidth=1.3,
            label=label,
        )
        if by_kind:
            axes[place].set_ylabel(f"current: {_kind(curve.name)}")
    for axis in axes:
        axis.legend(frameon=False, fontsize=8)
    return figure


def _kind(name: str) -> str:
    return name.partition(": ")[2]


def _decorate(axis: Axes, study: Curves) -> None:
    axis.set_xlabel(study.quantity)
    axis.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value * 100:g} %"))
    lowest = min((point.low for curve in study.curves for point in curve.points), default=math.nan)
    if study.curves and study.curves[0].unit == "A":
        if lowest > 0:
            axis.set_yscale("log")
            axis.yaxis.set_minor_formatter(NullFormatter())
        axis.yaxis.set_major_formatter(EngFormatter(unit="A"))
    else:
        axis.set_ylabel("rms error over the rms value")
        axis.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value * 100:g} %"))
        axis.set_ylim(bottom=0)
