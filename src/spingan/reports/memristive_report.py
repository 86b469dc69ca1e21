"""Tables and pictures of paper M's cells and of its small net: figures 4 and 5, the ideal as open markers."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from spingan.circuits.am_dcgan_cnn import READ_AT
from spingan.circuits.am_dcgan_network import FILTER, POOL, Array
from spingan.circuits.am_dcgan_study import NODES, CnnStudy
from spingan.circuits.cards import Cards
from spingan.circuits.cell_bench import PULSE_S
from spingan.circuits.memristive_activations import fit_tanh, relu_activation, tanh_activation
from spingan.circuits.memristive_cells import CellResult
from spingan.reports.plots import COLOURS, DASHES, OPEN, Content, add_legend, name_axes, new_figure, write_files
from spingan.spec.files import write_activation
from spingan.tabular import csv_text

LABEL_SIZE = 9


def cell_figure(result: CellResult) -> Figure:
    """A cell's DC transfer, and its input and output through a pulse."""
    figure, (left, right) = new_figure(8.0, 3.2, 2)
    unit = result.cell.input_unit
    left.plot(result.transfer.input, result.transfer.output_v, color=COLOURS[0], linewidth=1.6)
    name_axes(left, "input", "output", unit, "V", ticks=4)
    response = result.response
    right.plot(response.time_s, response.output_v, color=COLOURS[0], linewidth=1.6, label="output")
    if unit == "V":
        right.plot(response.time_s, response.input, "--", color=COLOURS[1], linewidth=1.2, label="input")
        add_legend(right)
    name_axes(right, "time", "", "s", "V", ticks=4)
    return figure


def activation_figure(tanh: CellResult, relu: CellResult) -> Figure:
    """Figure 5 of paper M: (a) the tanh with the fitted one, (b) the ReLU with the exact one, as open markers."""
    figure, (left, right) = new_figure(8.0, 3.2, 2)
    at = np.linspace(-0.9, 0.9, 25)
    end_v, width_v, offset_v = fit_tanh(tanh.transfer)
    fitted = end_v * np.tanh(at / width_v) + offset_v
    cells = ((left, "(a) tanh", tanh, fitted, "fitted tanh"), (right, "(b) ReLU", relu, np.maximum(at, 0.0), "exact"))
    for axis, title, result, ideal, label in cells:
        axis.plot(
            result.transfer.input, result.transfer.output_v, color=COLOURS[0], linewidth=1.6, label="cell in SPICE"
        )
        axis.plot(at, ideal, **OPEN, markersize=4, label=label)
        add_legend(axis, title=title, title_fontsize=LABEL_SIZE)
        name_axes(axis, "input", "output", "V", "V", ticks=4)
    return figure


def waveform_figure(study: CnnStudy) -> Figure:
    """Figure 4 of paper M, (a) to (f), along the path of the liveliest mean; ideal numpy as open markers."""
    channel, y, x = np.unravel_index(
        np.ptp(study.ideal["first_mean"], axis=0).argmax(), study.ideal["first_mean"].shape[1:]
    )
    place = (slice(None), channel, POOL * y, POOL * x)
    window = (slice(None), slice(POOL * y, POOL * y + FILTER), slice(POOL * x, POOL * x + FILTER))
    pool = (slice(None), channel, slice(POOL * y, POOL * y + POOL), slice(POOL * x, POOL * x + POOL))
    mean = (slice(None), channel, y, x)
    signs = np.sign(study.network.first[channel])
    panels = (
        ("(a) rows of one filter", "V", "pixel", window, signs),
        ("(b) output of that filter", "V", "first", place, 1.0),
        ("(c) inputs of its mean", "V", "first_relu", pool, 1.0),
        ("(d) output of that mean", "V", "first_mean", mean, 1.0),
        ("(e) rows of the dense layer", "V", "row", (slice(None), slice(None)), 1.0),
        ("(f) dense column's current", "A", "column_a", (slice(None),), 1.0),
    )
    figure, axes = new_figure(10.0, 5.4, len(panels), rows=2)
    for axis, (title, unit, name, chosen, factor) in zip(axes, panels, strict=True):
        _draw_waves(axis, study, study.run.waves[name][chosen] * factor, study.ideal[name][chosen] * factor)
        axis.set_title(title, fontsize=LABEL_SIZE, loc="left")
        name_axes(axis, "time", "", "s", unit, ticks=4)
    return figure


def _draw_waves(axis: Axes, study: CnnStudy, waves: Array, ideal: Array) -> None:
    """Waves, (times, ...), as lines, and their ideal values, (pictures, ...), near the pulses' ends."""
    at = (np.arange(study.run.pictures) + READ_AT) * PULSE_S
    lines, marks = waves.reshape(waves.shape[0], -1), ideal.reshape(ideal.shape[0], -1)
    for number in range(lines.shape[1]):
        style = DASHES[number // len(COLOURS) % len(DASHES)]
        axis.plot(study.run.time_s, lines[:, number], style, color=COLOURS[number % len(COLOURS)], linewidth=1.1)
        axis.plot(at, marks[:, number], **OPEN, markersize=3.5)


def write_cell(result: CellResult, cards: Cards, folder: Path) -> list[Path]:
    """The cell's transfer as a table, its picture, and, of ReLU and tanh, the activation file."""
    curve, name = result.transfer, result.cell.name
    points = [(value, curve.at(value), curve.power_at(value)) for value in curve.input.tolist()]
    files: dict[str, Content] = {
        f"{name}_transfer.csv": csv_text([f"input_{result.cell.input_unit.lower()}", "output_v", "power_w"], points),
        f"{name}.png": cell_figure(result),
    }
    made = {"relu-switch": relu_activation, "tanh": tanh_activation}.get(name)
    if made is not None:
        activation = made(cards)
        files[f"{activation.name}.csv"] = lambda path: write_activation(activation, path)
    return write_files(folder, files)


def write_study(study: CnnStudy, folder: Path) -> list[Path]:
    """Figures 4 and 5, and every node of every picture, in SPICE and numpy."""
    rows = []
    for name in NODES:
        spice = study.run.settled(name)
        for picture, *place in np.ndindex(*spice.shape):
            at = (picture, *place)
            values = (float(values[at]) for values in (spice, study.ideal[name], study.curves[name]))
            rows.append((name, picture, "_".join(str(index) for index in place), *values))
    files: dict[str, Content] = {
        "waveforms.png": waveform_figure(study),
        "activations.png": activation_figure(study.cells["tanh"], study.cells["relu-switch"]),
        "nodes.csv": csv_text(["group", "picture", "place", "spice", "numpy_ideal", "numpy_with_cell_curves"], rows),
    }
    return write_files(folder, files)
