"""A study of quantisation as a picture: images a width above the error of the weights, the distance and the losses."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter

from spingan.reports.plots import COLOURS, DASHES
from spingan.studies.quantization import QuantizationStudy
from spingan.studies.sweep import Setting

_GAP = 2  # white pixels between images
_NAMES = {"column": "gain a column", "none": "no gain"}


def quantization_picture(study: QuantizationStudy) -> Figure:
    """Ten images a width, with gain and without; below, error, distance and, where nets were trained, their losses."""
    rows = [("float, gain a column", study.ideal)]
    rows += [(f"{width.bits} bits, {_NAMES[width.gain]}", width.setting) for width in study.widths]
    panels = 3 if study.trainings else 2
    figure = Figure(figsize=(3.1 * panels, 0.45 * len(rows) + 3.0), layout="constrained")
    FigureCanvasAgg(figure)
    grid = figure.add_gridspec(2, panels, height_ratios=(0.45 * len(rows), 3.0))
    _draw_images(figure.add_subplot(grid[0, :]), rows)
    axes = [figure.add_subplot(grid[1, panel]) for panel in range(panels)]
    _draw_widths(axes[0], study, [width.error for width in study.widths], "MSE over mean square of the weights")
    _draw_widths(axes[1], study, [width.setting.interval.mean for width in study.widths], study.metric)
    axes[1].axhline(study.ideal.interval.mean, color=COLOURS[3], linestyle=":", label="float")
    axes[1].legend(frameon=False, fontsize=8)
    if study.trainings:
        _draw_trainings(axes[2], study)
    return figure


def _draw_images(axis: Axes, rows: list[tuple[str, Setting]]) -> None:
    strips = [_strip(setting) for _, setting in rows]
    height = strips[0].shape[0]
    axis.imshow(np.concatenate(strips), cmap="gray", vmin=0, vmax=255, interpolation="nearest")
    axis.set_xticks([])
    axis.set_yticks([(row + 0.5) * height for row in range(len(rows))], [label for label, _ in rows])
    axis.tick_params(left=False, labelsize=8)
    axis.spines[:].set_visible(False)


def _strip(setting: Setting) -> np.ndarray:
    colours = ((0, 0),) * (setting.images.ndim - 3)
    padded = np.pad(setting.images, ((0, 0), (_GAP, _GAP), (_GAP, _GAP), *colours), constant_values=255)
    return np.concatenate(list(padded), axis=1)


def _draw_widths(axis: Axes, study: QuantizationStudy, values: list[float], what: str) -> None:
    for number, gain in enumerate(dict.fromkeys(width.gain for width in study.widths)):
        chosen = [place for place, width in enumerate(study.widths) if width.gain == gain]
        axis.plot(
            [study.widths[place].bits for place in chosen],
            [values[place] for place in chosen],
            DASHES[number],
            color=COLOURS[number],
            marker="os"[number],
            markersize=4,
            label=_NAMES[gain],
        )
    if max(values) > 10 * min(values) > 0:
        axis.set_yscale("log")
        axis.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axis.yaxis.set_minor_formatter(NullFormatter())
    else:
        axis.set_ylim(0, 1.1 * max(values))
    _decorate(axis, what)
    axis.set_xticks(sorted({width.bits for width in study.widths}))
    axis.set_xlabel("bits of a weight", fontsize=9)


def _draw_trainings(axis: Axes, study: QuantizationStudy) -> None:
    places = range(len(study.trainings))
    parts = (
        ("generator", [t.generator_mean for t in study.trainings], [t.generator_deviation for t in study.trainings]),
        (
            "discriminator",
            [t.discriminator_mean for t in study.trainings],
            [t.discriminator_deviation for t in study.trainings],
        ),
    )
    for number, (name, means, deviations) in enumerate(parts):
        axis.errorbar(
            places,
            means,
            deviations,
            color=COLOURS[number],
            marker="os"[number],
            linestyle="none",
            capsize=3,
            label=name,
        )
    _decorate(axis, "loss in training, mean and deviation")
    axis.set_xticks(places, ["float" if t.bits is None else str(t.bits) for t in study.trainings])
    axis.set_xlabel(f"bits of a weight, {study.trainings[0].steps} updates", fontsize=9)


def _decorate(axis: Axes, what: str) -> None:
    axis.set_ylabel(what, fontsize=9)
    axis.tick_params(labelsize=8)
    axis.spines[["top", "right"]].set_visible(False)
    axis.grid(visible=True, color="#e4e6ea", linewidth=0.8)
    axis.legend(frameon=False, fontsize=8)
