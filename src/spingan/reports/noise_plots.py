"""A study of noise as pictures: a panel an axis, the paper's points beside ours, and samples from the worst chips."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter

from spingan.reports.plots import COLOURS, DASHES
from spingan.studies.noise_result import NoiseStudy, PaperPoint, Series
from spingan.studies.sweep import Setting
from spingan.studies.verdict import TOLERANCE

_MARKS = ("o", "s", "^", "D")
_PAPER_MARKS = ("P", "X")
_PERCENT = ("weight noise", "input noise", "stuck devices", "spread of activations", "drift")
_GAP = 2  # white pixels between images


def noise_picture(study: NoiseStudy) -> Figure:
    """Distance over the noise-free distance against every axis's settings; open markers are the paper's."""
    names = list(dict.fromkeys(line.axis for line in study.series))
    columns = min(4, len(names))
    rows = -(-len(names) // columns)
    figure = Figure(figsize=(3.3 * columns, 3.1 * rows + 0.3), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    for axis, name in zip(axes, names, strict=False):
        _draw_axis(axis, name, study)
    for spare in axes[len(names) :]:
        spare.set_visible(False)
    return figure


def _draw_axis(axis: Axes, name: str, study: NoiseStudy) -> None:
    lines = [line for line in study.series if line.axis == name]
    for number, line in enumerate(lines):
        _draw_line(axis, line, number, study)
    for number, point in enumerate(point for point in study.printed if point.axis == name):
        _draw_point(axis, point, number, lines)
    axis.axhline(TOLERANCE, color="#8a8f98", linestyle=":", linewidth=1.0)
    ratios = [setting.of_ideal for line in lines for setting in line.settings]
    ratios += [point.ratio for point in study.printed if point.axis == name]
    if max(ratios) > 4:
        axis.set_yscale("log")
        axis.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axis.yaxis.set_minor_formatter(NullFormatter())
        axis.set_yticks([tick for tick in (1, 2, 5, 10, 20, 50, 100) if tick <= 1.3 * max(ratios)])
    else:
        axis.set_ylim(0, max(1.6, 1.15 * max(ratios)))
    if name in _PERCENT:
        axis.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value * 100:g} %"))
    if name == "clipping":
        axis.invert_xaxis()
    axis.set_title(name, fontsize=10)
    axis.set_xlabel(lines[0].quantity, fontsize=8)
    axis.set_ylabel("distance, of the noise-free", fontsize=8)
    axis.tick_params(labelsize=8)
    axis.spines[["top", "right"]].set_visible(False)
    axis.grid(visible=True, color="#e4e6ea", linewidth=0.8)
    axis.legend(frameon=False, fontsize=7)


def _draw_line(axis: Axes, line: Series, number: int, study: NoiseStudy) -> None:
    settings = line.settings if line.axis == "clipping" else (study.ideal, *line.settings)
    ideal = study.ideal.interval.mean
    values = [setting.value for setting in settings]
    means = np.array([setting.interval.mean for setting in settings]) / ideal
    low = np.array([setting.interval.low for setting in settings]) / ideal
    high = np.array([setting.interval.high for setting in settings]) / ideal
    axis.errorbar(
        values,
        means,
        (means - low, high - means),
        color=COLOURS[number % len(COLOURS)],
        linestyle=DASHES[number % len(DASHES)],
        marker=_MARKS[number % len(_MARKS)],
        markersize=4,
        capsize=2,
        linewidth=1.3,
        label=line.name,
    )


def _draw_point(axis: Axes, point: PaperPoint, number: int, lines: list[Series]) -> None:
    """An open marker in the middle of the printed range, or of the panel where no setting is printed."""
    ours = [setting.value for line in lines for setting in line.settings]
    low, high = point.settings or (min(ours), max(ours))
    where = "" if point.settings else ", strength not printed"
    axis.errorbar(
        (low + high) / 2,
        point.ratio,
        xerr=(high - low) / 2,
        color="black",
        marker=_PAPER_MARKS[number % len(_PAPER_MARKS)],
        markersize=7,
        markerfacecolor="white",
        linestyle="none",
        linewidth=0.9,
        elinewidth=0.8,
        label=f"paper S, {point.data}{where}",
    )


def noise_samples(study: NoiseStudy) -> Figure:
    """A row of images a setting, from the chip that did worst there, with that chip's latents."""
    rows: list[tuple[str, Setting]] = [("nothing imperfect", study.ideal)]
    for line in study.series:
        rows += [(_label(line, setting), setting) for setting in line.settings]
    figure = Figure(figsize=(10.0, 0.42 * len(rows) + 0.3), layout="constrained")
    FigureCanvasAgg(figure)
    axis = figure.subplots()
    strips = [_strip(setting) for _, setting in rows]
    height = strips[0].shape[0]
    axis.imshow(np.concatenate(strips), cmap="gray", vmin=0, vmax=255, interpolation="nearest")
    axis.set_xticks([])
    axis.set_yticks([(row + 0.5) * height for row in range(len(rows))], [label for label, _ in rows])
    axis.tick_params(left=False, labelsize=7)
    axis.spines[:].set_visible(False)
    return figure


def _label(line: Series, setting: Setting) -> str:
    value = f"{setting.value * 100:g} %" if line.axis in _PERCENT else f"{setting.value:g}"
    return f"{line.axis} {line.name}, {value}: x {setting.of_ideal:.2f}"


def _strip(setting: Setting) -> np.ndarray:
    """The images of one setting side by side on white."""
    colours = ((0, 0),) * (setting.images.ndim - 3)
    padded = np.pad(setting.images, ((0, 0), (_GAP, _GAP), (_GAP, _GAP), *colours), constant_values=255)
    return np.concatenate(list(padded), axis=1)
