"""Plots in one look: SI units on the axes, readable in grey, a paper's claims as open markers, ours as lines."""

from collections.abc import Callable, Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, FuncFormatter, MaxNLocator
from numpy.typing import ArrayLike
from PIL import Image

from spingan.output import atomic_path, output_folder, write_text

if TYPE_CHECKING:
    from spingan.spec.activation import Activation

# Dark blue, orange, teal and grey differ in lightness as well as in hue; the dashes tell them apart on paper.
COLOURS = ("#1b3a6b", "#d9772b", "#3a9a8c", "#8a8f98")
DASHES = ("-", "--", "-.", ":")
# A printed point, or one of an exact function.
OPEN: dict[str, Any] = {"marker": "o", "markerfacecolor": "none", "markeredgecolor": "#444444", "linestyle": "none"}
_SYMBOLS = {"Ohm": "Ω", "1": None}
_KINDS = {"A": "current", "V": "voltage", "S": "conductance", "Ohm": "resistance"}


def new_figure(
    width_inches: float = 6.0, height_inches: float = 3.2, panels: int = 1, rows: int = 1
) -> tuple[Figure, list[Axes]]:
    """An empty figure in the project's look, with `panels` axes in `rows`; no global state of pyplot is touched."""
    figure = Figure(figsize=(width_inches, height_inches), layout="constrained")
    axes = [figure.add_subplot(rows, -(-panels // rows), number + 1) for number in range(panels)]
    for axis in axes:
        axis.tick_params(labelsize=9)
        style_axis(axis)
    return figure, axes


def style_axis(axis: Axes) -> None:
    """No frame above and on the right, and a light grid behind."""
    axis.spines[["top", "right"]].set_visible(False)
    axis.grid(visible=True, color="#e4e6ea", linewidth=0.8)
    axis.set_axisbelow(True)


def name_axes(
    axis: Axes, x: str, y: str, x_unit: str | None = None, y_unit: str | None = None, ticks: int | None = None
) -> None:
    """Name both axes, with SI prefixes on the ticks where there is a unit; at most `ticks` + 1 of them along x."""
    for which, unit in ((axis.xaxis, x_unit), (axis.yaxis, y_unit)):
        if unit is not None:
            which.set_major_formatter(EngFormatter(unit=unit))
    if x:
        axis.set_xlabel(x)
    if y:
        axis.set_ylabel(y)
    if ticks is not None:
        axis.xaxis.set_major_locator(MaxNLocator(ticks))


def add_legend(axis: Axes, **more: Any) -> None:
    """A small legend without a frame."""
    axis.legend(**{"frameon": False, "fontsize": 8, **more})


def svg_bytes(figure: Figure) -> bytes:
    """The figure as SVG with its letters as outlines, the same bytes each time: no date, no random names."""
    import matplotlib as mpl

    buffer = BytesIO()
    with mpl.rc_context({"svg.hashsalt": "spingan", "svg.fonttype": "path"}):
        FigureCanvasSVG(figure).print_svg(buffer, metadata={"Date": None, "Creator": None})
    return buffer.getvalue()


def save_png(figure: Figure, path: str | Path, dots_per_inch: int = 160) -> None:
    """Write the figure to `path` as PNG, whole or not at all.

    Raises:
        UserError: The file cannot be written.
    """
    FigureCanvasAgg(figure)
    with atomic_path(path) as temporary:
        figure.savefig(temporary, format="png", dpi=dots_per_inch, metadata={"Software": None})


def save_gif(pictures: Sequence[Image.Image], path: str | Path, duration_ms: int | list[int]) -> None:
    """Write an animation that repeats for ever, each picture shown for its time.

    Raises:
        UserError: The file cannot be written.
    """
    first, *others = pictures
    look = {"duration": duration_ms, "loop": 0, "optimize": True}
    with atomic_path(path) as temporary:
        first.save(temporary, format="GIF", save_all=True, append_images=others, **look)


Content = Figure | str | Callable[[Path], object]
"""What a file holds: a picture, a text, or what a function writes."""


def write_files(folder: str | Path, files: Mapping[str, Content]) -> list[Path]:
    """Write files by their names into `folder`, pictures as PNG; their paths.

    Raises:
        UserError: One cannot be written.
    """
    place = output_folder(folder)
    for name, content in files.items():
        if isinstance(content, Figure):
            save_png(content, place / name)
        elif isinstance(content, str):
            write_text(place / name, content)
        else:
            content(place / name)
    return [place / name for name in files]


def loss_curves(metrics: Mapping[str, ArrayLike]) -> Figure:
    """Losses of both nets against the epoch, from the columns of a run's metrics.csv."""
    figure, (axis,) = new_figure()
    epochs = _progress(metrics)
    series = (("generator_loss", "generator"), ("discriminator_loss", "discriminator"))
    for (column, label), colour, dash in zip(series, COLOURS, DASHES, strict=False):
        axis.plot(epochs, np.asarray(metrics[column], float), dash, color=colour, label=label, linewidth=1.4)
    name_axes(axis, "epoch", "loss (binary cross-entropy)")
    axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    axis.set_ylim(bottom=0)
    add_legend(axis, fontsize=9)
    return figure


def _progress(metrics: Mapping[str, ArrayLike]) -> np.ndarray:
    """Epochs as numbers that rise from row to row: rows within one epoch are spread over it evenly."""
    epochs = np.asarray(metrics["epoch"], float)
    _, first, counts = np.unique(epochs, return_index=True, return_counts=True)
    within = np.arange(len(epochs)) - np.repeat(first, counts)
    return epochs - 1 + (within + 1) / np.repeat(counts, counts)


def level_histogram(shares: ArrayLike, levels: ArrayLike) -> Figure:
    """Share of the weights on each level of the synapse.

    Args:
        shares: (states,) fractions that add to 1.
        levels: (states,) weight levels in -1..1 of full scale.
    """
    figure, (axis,) = new_figure()
    places = np.asarray(levels, float)
    width = 0.85 * float(np.min(np.diff(places)))
    axis.bar(places, np.asarray(shares, float), width=width, color=COLOURS[0])
    name_axes(axis, "level (weight over the column's full scale)", "share of the weights")
    axis.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value * 100:g} %"))
    return figure


def transfer_curves(activations: Sequence["Activation"]) -> Figure:
    """Output against input, a panel for each activation, with the function that it stands for as open markers."""
    figure, axes = new_figure(3.4 * max(len(activations), 1), 3.0, max(len(activations), 1))
    for axis, activation in zip(axes, activations, strict=True):
        _draw_transfer(axis, activation)
    return figure


def _draw_transfer(axis: Axes, activation: "Activation") -> None:
    inputs = np.asarray(activation.input)
    axis.plot(inputs, activation.rising, color=COLOURS[0], linewidth=1.6, label="device")
    if activation.falling is not None and activation.falling != activation.rising:
        axis.plot(inputs, activation.falling, "--", color=COLOURS[1], linewidth=1.6, label="device, falling")
    slope = activation.negative_slope if activation.function == "leaky_relu" else 0.0
    if activation.function in ("relu", "leaky_relu"):
        u = np.linspace(inputs[0] / activation.input_full_scale, inputs[-1] / activation.input_full_scale, 13)
        ideal = np.where(u > 0, u, slope * u)
        span = activation.output_full_scale - activation.output_zero
        label = f"exact, slope {slope:.3g} below 0" if slope else "exact"
        axis.plot(u * activation.input_full_scale, activation.output_zero + ideal * span, **OPEN, label=label)
    units = activation.input_unit, activation.output_unit
    names = [_axis_name(quantity, unit) for quantity, unit in zip(("input", "output"), units, strict=True)]
    ticks = [_SYMBOLS.get(unit, unit) for unit in units]
    name_axes(axis, names[0], names[1], ticks[0], ticks[1], ticks=None if ticks[0] is None else 4)
    add_legend(axis, title=activation.function.replace("_", " "), title_fontsize=9)


def _axis_name(quantity: str, unit: str) -> str:
    """What an axis shows; the unit stands on its ticks."""
    kind = _KINDS.get(unit)
    return f"{quantity} {kind}" if kind else f"{quantity} (normalised)"
