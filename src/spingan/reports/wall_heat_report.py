"""The folder that a wall device's study at a temperature leaves: a picture, the rows, the curve with its noise."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from spingan.devices.wall_heat import WarmStudy
from spingan.reports.plots import COLOURS, DASHES, add_legend, name_axes, new_figure, write_files
from spingan.spec.activation import ConductanceCurve
from spingan.spec.files import write_activation
from spingan.tabular import cell, csv_text, plain_text

HEADINGS = (
    "input µA", "place nm", "rms nm", "memory ns", "G µS", "rms µS", "averaged µS", "wait ns", "energy fJ", "lost",
)  # fmt: skip


def heat_text(study: WarmStudy, rows: Sequence[Mapping[str, Any]]) -> str:
    """What heat does to the device, in ten lines: one that answers, and one for each current."""
    plan, span = study.plan, abs(study.span_s)
    known = [row for row in rows if row["rms_conductance_s"] is not None]
    worst = max(known, key=lambda row: row["rms_conductance_s"])
    lost = max(rows, key=lambda row: (row["loss_per_operation"], row["loss_per_operation_interval"][1]))
    answer = (
        f"{study.device.name} at {plan.temperature_k:g} K: noise of {worst['rms_conductance_s'] * 1e6:.3g} µS, "
        f"{worst['rms_conductance_s'] / span:.1%} of the span, at {worst['input_ua']:g} µA; averaged over "
        f"{plan.averaging_s * 1e9:g} ns {worst['averaged_rms_conductance_s'] / span:.1%}. "
        f"Wall lost per evaluation, at worst: {_chance(lost)}, at {lost['input_ua']:g} µA."
    )
    if study.gone:
        names = ", ".join(f"{point.current_a * 1e6:g}" for point in study.gone)
        answer += f" Nearly all are lost within 2 ns at {names} µA; the span ends at {study.full.current_a * 1e6:g} µA."
    table = plain_text(HEADINGS, [_cells(row) for row in rows], right=range(len(HEADINGS)))
    return f"{answer}\n{table}"


def _cells(row: Mapping[str, Any]) -> list[str]:
    scales = {
        "input_ua": 1, "position_nm": 1, "rms_position_nm": 1, "correlation_time_s": 1e9, "conductance_s": 1e6,
        "rms_conductance_s": 1e6, "averaged_rms_conductance_s": 1e6, "averaging_time_at_snr_s": 1e9,
        "energy_at_snr_j": 1e15,
    }  # fmt: skip
    values = [None if row[name] is None else row[name] * scale for name, scale in scales.items()]
    return [*(cell(value, 3) for value in values), _chance(row)]


def _chance(row: Mapping[str, Any]) -> str:
    """Of a loss in an evaluation; where none was seen, below the upper end of its interval."""
    low, high = row["loss_per_operation_interval"]
    return f"{row['loss_per_operation']:.2g}" if low > 0 else f"<{high:.2g}"


def heat_figure(study: WarmStudy) -> Figure:
    """Mean conductance with its noise at once and averaged; what averaging leaves; and the wall's place in time."""
    figure, (left, middle, right) = new_figure(11.0, 3.3, 3)
    points = study.points
    current = np.array([point.current_a for point in points])
    mean = np.array([point.conductance_s.mean.value for point in points])
    window = study.plan.averaging_s
    averaged = np.array([study.averaged_s(point).value for point in points])
    for spread, shade, label in (
        (np.array([point.conductance_s.rms.value for point in points]), 0.18, "± rms at once"),
        (averaged, 0.45, f"± rms of {window * 1e9:g} ns"),
    ):
        left.fill_between(current, mean - spread, mean + spread, color=COLOURS[0], alpha=shade, lw=0, label=label)
    left.plot(current, mean, "-", color=COLOURS[0], linewidth=1.6, label="mean")
    name_axes(left, "input current", "conductance", "A", "S", ticks=5)
    add_legend(left)
    times = np.logspace(-11, -7, 81)
    shown = [points[0], points[len(points) // 2], points[-1]]
    for point, colour, dash in zip(shown, COLOURS, DASHES, strict=False):
        share = point.conductance_s.averaged(times) / abs(study.span_s)
        middle.loglog(times, share, dash, color=colour, linewidth=1.5, label=f"{point.current_a * 1e6:g} µA")
    middle.axhline(1 / study.plan.snr, color=COLOURS[3], linewidth=1.0)
    name_axes(middle, "averaging time", "noise, fraction of the span", "s")
    add_legend(middle)
    for point, colour in zip(shown, COLOURS, strict=False):
        every = np.arange(1, len(point.paths_m) + 1) * study.plan.every_s
        right.plot(every, point.paths_m[:, 0], "-", color=colour, linewidth=0.9, label=f"{point.current_a * 1e6:g} µA")
    right.set_ylim(0, study.device.length_m)
    name_axes(right, "time", "wall position", "s", "m", ticks=4)
    add_legend(right)
    return figure


def write_heat_report(
    study: WarmStudy, rows: Sequence[Mapping[str, Any]], curve: ConductanceCurve, folder: Path
) -> list[Path]:
    """Write `heat.png`, `heat.csv` and the curve under its own name.

    Raises:
        UserError: One cannot be written.
    """
    flat = [{key: value for row_key in row for key, value in _flat(row_key, row[row_key])} for row in rows]
    return write_files(
        folder,
        {
            "heat.png": heat_figure(study),
            "heat.csv": csv_text(list(flat[0]), [list(row.values()) for row in flat]),
            f"{curve.name}.csv": lambda path: write_activation(curve, path),
        },
    )


def _flat(key: str, value: Any) -> list[tuple[str, Any]]:
    """An interval as two columns, anything else as it is."""
    if key.endswith("_interval"):
        low, high = value or (None, None)
        return [(f"{key}_low", low), (f"{key}_high", high)]
    return [(key, value)]
