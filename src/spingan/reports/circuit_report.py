"""The folder that a cell's simulation leaves: the activation, tables and pictures."""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from spingan.circuits.cell_activation import cell_energy, printed_drive
from spingan.circuits.domain_wall_study import CellStudy
from spingan.circuits.monte_carlo import Samples
from spingan.devices.published import CONDUCTANCES_MS
from spingan.devices.wall_curve import leaky
from spingan.reports.plots import COLOURS, DASHES, OPEN, Content, add_legend, name_axes, new_figure, write_files
from spingan.spec.activation import Activation
from spingan.spec.files import write_activation
from spingan.tabular import csv_text

PRINTED = {**OPEN, "markersize": 5}
LABELS = {1: "one inverter", 2: "pair of inverters"}


def transfer_figure(study: CellStudy) -> Figure:
    """Conductance, output of the cell and of its other form in volts, and the output normalised, against the input."""
    figure, (left, middle, right) = new_figure(10.5, 3.2, 3)
    curve, out, full = study.device.curve, study.transfer, study.full_scale_a
    left.plot(curve.input, curve.rising, color=COLOURS[0], linewidth=1.6, label="the device")
    if curve.falling is not None:
        left.plot(curve.input, curve.falling, "--", color=COLOURS[1], linewidth=1.4, label="the device, falling")
    if study.function == "leaky_relu" and curve.name.endswith(("simulated", "published")):
        left.plot(list(CONDUCTANCES_MS), [1e-3 * value for value in CONDUCTANCES_MS.values()], **PRINTED,
                  label="printed")  # fmt: skip
    for number, (one, dash) in enumerate(((out, "-"), (study.other, "--"))):
        label = LABELS[one.cell.inverters]
        middle.plot(one.current_a, one.output_v, dash, color=COLOURS[number], linewidth=1.6, label=label)
    middle.plot(out.current_a, out.divider_v, ":", color=COLOURS[3], linewidth=1.6, label="divider")
    right.plot(out.current_a, out.normalised(full), color=COLOURS[0], linewidth=1.6, label="the cell")
    if study.falling is not None:
        zero, at_full = (out.at(out.output_v, at) for at in (0.0, full))
        falling = (study.falling.output_v - zero) / (at_full - zero)
        right.plot(out.current_a, falling, "--", color=COLOURS[1], linewidth=1.4, label="falling")
    places = np.linspace(-full, full, 9)
    right.plot(places, leaky(places / full, study.slope), **PRINTED, label="claimed")
    shown = (left, "conductance", "S"), (middle, "output", "V"), (right, "output over full scale", None)
    for axis, name, unit in shown:
        name_axes(axis, "input current", name, "A", unit, ticks=5)
        add_legend(axis)
    return figure


def waveform_figure(study: CellStudy) -> Figure:
    """Output and drawn power in time after each step between zero and full scale, 0.5 ps apart."""
    figure, (left, right) = new_figure(8.4, 3.2, 2)
    full = study.full_scale_a
    shown = [step for step in study.steps if {abs(step.from_a), abs(step.to_a)} == {0.0, full}]
    for step, colour, dash in zip(
        shown, (COLOURS[0], COLOURS[0], COLOURS[1], COLOURS[1]), ("-", "--") * 2, strict=False
    ):
        response = step.response
        label = f"{step.from_a * 1e6:g} to {step.to_a * 1e6:g} µA"
        left.plot(response.time_s, response.output_v, dash, color=colour, linewidth=1.5, label=label)
        power = response.divider_w + response.inverters_w
        right.plot(response.time_s, power, dash, color=colour, linewidth=1.5, label=label)
    last = 1.3 * max(study.window_s, study.reset_s)
    for axis, unit, name in ((left, "V", "output"), (right, "W", "drawn by divider and inverters")):
        axis.axvline(study.window_s, color=COLOURS[3], linewidth=1.0, linestyle=":")
        axis.set_xlim(0, last)
        name_axes(axis, "time after the step", name, "s", unit)
    left.annotate(
        "settled", (study.window_s, 0.02), xycoords=("data", "axes fraction"), fontsize=8, color="#444444",
        xytext=(3, 0), textcoords="offset points",
    )  # fmt: skip
    add_legend(left, loc="center right")
    return figure


def energy_figure(study: CellStudy, printed_j: float) -> Figure:
    """Each item of an evaluation, by both readings of the current, and the printed energy as an open marker."""
    figure, (axis,) = new_figure(7.2, 2.2)
    carried = {item.name: item.energy_j for item in cell_energy(study)}
    bars = [(f"current by {study.convention}", carried)]
    drive = printed_drive(study, study.window_s)
    if drive is not None:
        others = {name: energy for name, energy in carried.items() if not name.startswith("heavy metal")}
        bars.append(("current as printed", {drive.name: drive.energy_j} | others))
    for place, (_, items) in enumerate(bars):
        start = 0.0
        for name, energy in items.items():
            colour, hatch, label = _part(name)
            axis.barh(
                place, energy, left=start, height=0.6, color=colour, hatch=hatch, edgecolor="white",
                label=label if place == 0 else None,
            )  # fmt: skip
            start += energy
    places = list(range(len(bars)))
    axis.plot([printed_j] * len(bars), places, **PRINTED, label="printed, window unknown")
    axis.set_yticks(places, [label for label, _ in bars])
    axis.set_ylim(-0.6, len(bars) - 0.4)
    name_axes(axis, "energy of an evaluation", "", "J", ticks=5)
    add_legend(axis, ncols=1, loc="center left", bbox_to_anchor=(1.0, 0.5))
    return figure


def _part(name: str) -> tuple[str, str, str]:
    """Colour, hatch and label of an energy item."""
    if name.startswith("heavy metal"):
        return COLOURS[2], "", "heavy metal"
    if name.startswith("reset: heavy"):
        return COLOURS[2], "//", "reset: heavy metal's bias"
    if name.startswith("reset"):
        return COLOURS[3], "//", "reset: divider, inverters"
    return (COLOURS[0], "", name) if name == "divider" else (COLOURS[1], "", name)


def spread_figure(devices: Samples, environment: Samples | None) -> Figure:
    """Transfers of made cells over the drawn one's, gain against offset, and what heat and supply do to all."""
    shown = [devices] if environment is None else [devices, environment]
    panels = len(shown) + 1
    figure, (first, cloud, *last) = new_figure(3.5 * panels, 3.2, panels)
    for axis, samples in zip((first, *last), shown, strict=True):
        axis.plot(samples.u, samples.values[:100].T, color=COLOURS[0], linewidth=0.5, alpha=0.25)
        axis.plot(samples.u, samples.nominal, color=COLOURS[1], linewidth=1.8, label="as drawn")
        what = "made cells" if samples.what == "devices" else "temperatures and supplies"
        axis.plot([], [], color=COLOURS[0], linewidth=1.0, label=f"{min(len(samples.gain), 100)} {what}")
        name_axes(axis, "input over full scale", "output over full scale")
        add_legend(axis, loc="upper left")
    cloud.plot(devices.offset, devices.gain, ".", color=COLOURS[0], markersize=4)
    cloud.plot([0], [1], marker="+", color=COLOURS[1], markersize=12, markeredgewidth=2, linestyle=DASHES[0])
    name_axes(cloud, "offset (of full scale)", "gain (of the drawn cell's)")
    for axis in (cloud.xaxis, cloud.yaxis):
        axis.set_major_formatter(PercentFormatter(1.0, decimals=0))
        axis.set_major_locator(MaxNLocator(5))
    return figure


def write_circuit_report(
    study: CellStudy,
    activation: Activation,
    folder: str | Path,
    printed_energy_j: float,
    devices: Samples | None = None,
    environment: Samples | None = None,
) -> list[Path]:
    """Write everything into `folder`, and say which files; the activation is the first.

    Args:
        printed_energy_j: of an evaluation, for the picture.

    Raises:
        UserError: A file cannot be written.
    """
    tables = {"transfer.csv": _transfer(study), "steps.csv": _steps(study)}
    pictures = {
        "transfer.png": transfer_figure(study),
        "waveforms.png": waveform_figure(study),
        "energy.png": energy_figure(study, printed_energy_j),
    }
    if devices is not None:
        tables["devices.csv"] = _samples(devices)
        pictures["spread.png"] = spread_figure(devices, environment)
    if environment is not None:
        tables["environment.csv"] = _samples(environment)
    curve: dict[str, Content] = {f"{activation.name}.csv": lambda path: write_activation(activation, path)}
    return write_files(folder, curve | tables | pictures)


def _transfer(study: CellStudy) -> str:
    names = ("divider_v", "output_v", "divider_w", "inverters_w")
    return csv_text(("input_a", *names), _rows(study.transfer, ("current_a", *names)))


def _steps(study: CellStudy) -> str:
    """Every step's waveform, each fourth of its 0.5 ps steps."""
    names = ("time_s", "output_v", "divider_w", "inverters_w")
    rows = [
        (f"{step.from_a:.6g}", f"{step.to_a:.6g}", *row)
        for step in study.steps
        for row in _rows(step.response, names)[::4]
    ]
    return csv_text(("from_a", "to_a", *names), rows)


def _samples(samples: Samples) -> str:
    names = ("gain", "offset", "slope", "residual", "temperature_c", "supply")
    return csv_text(("number", *names), [(number, *row) for number, row in enumerate(_rows(samples, names))])


def _rows(found: object, names: tuple[str, ...]) -> list[tuple[str, ...]]:
    """The arrays of those names as columns."""
    columns = (getattr(found, name).tolist() for name in names)
    return [tuple(f"{value:.7g}" for value in row) for row in zip(*columns, strict=True)]
