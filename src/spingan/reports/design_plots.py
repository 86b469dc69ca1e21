"""The folder that a design leaves, and its pictures: the transfer beside the ideal, wall and profile, the jumps."""

import json
from functools import partial
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from spingan.devices.wall_compact import write_wall_calibration
from spingan.devices.wall_curve import leaky
from spingan.devices.wall_design import fitted_currents_a
from spingan.devices.wall_design_run import Design, Verdict, curve, curve_of, judged_currents_a, summary
from spingan.devices.wall_device import write_wall_device
from spingan.devices.wall_study import Rest, Setup
from spingan.devices.wall_system import mesh
from spingan.physics.ovf import write_ovf
from spingan.reports.plots import COLOURS, OPEN, Content, add_legend, name_axes, new_figure, write_files
from spingan.reports.wall_report import draw_paths
from spingan.spec.files import write_activation
from spingan.tabular import csv_text


def write_design(found: Design, folder: str | Path) -> list[Path]:
    """Write a design into `folder`, and say which files: device, curve, states, tables, pictures, summary.

    `device.yaml` is the device, `<its name>.csv` the curve that `convert` takes, `verification.csv` every solved
    current with its role, `compact.yaml` the compact wall on these states, `states/*.ovf` the magnetisation at every
    current on the way up and down, `design.json` the summary.

    Raises:
        UserError: A file cannot be written.
    """
    verdict, table = found.verdict, curve_of(found)
    files: dict[str, Content] = {
        f"{table.name}.csv": lambda path: write_activation(table, path),
        "device.yaml": lambda path: write_wall_device(verdict.device, path),
        "verification.csv": _verification(found),
        "compact.yaml": lambda path: write_wall_calibration(found.calibration, path),
        "transfer.png": transfer_figure(found),
        "wall.png": wall_figure(verdict),
        "jumps.png": jumps_figure(verdict),
        "design.json": json.dumps(summary(found), indent=2, ensure_ascii=False) + "\n",
    }
    for way, states in (("up", verdict.walls.rising), ("down", verdict.walls.falling)):
        for number, state in enumerate(states):
            name = f"states/{way}_{number:02d}_{state.current_a * 1e6:+.3f}uA.ovf"
            files[name] = partial(_write_state, verdict.walls.setup, state, way)
    return write_files(folder, files)


def _write_state(setup: Setup, state: Rest, way: str, path: Path) -> None:
    device = setup.device
    about = (
        f"{device.name}, {state.current_a * 1e6:g} uA, {setup.convention}, way {way}",
        f"largest torque {state.torque_t:.3g} T",
    )
    grid, thickness_m = mesh(device, setup.cell_m), device.film.thickness_m
    write_ovf(path, state.m, grid, thickness_m, encoding="binary 4", description=about)


def _verification(found: Design) -> str:
    walls, goal = found.verdict.walls, found.goal
    currents = walls.current_a
    up, down = curve(walls, currents.tolist())
    ideal = found.verdict.match.zero + found.verdict.match.gain * leaky(currents, goal.slope)
    fitted = set(np.round(np.array(fitted_currents_a(goal.range_a)) * 1e6, 6).tolist())
    judged = set(np.round(np.array(judged_currents_a(goal.range_a)) * 1e6, 6).tolist())
    headings = ("input_ua", "role", "position_up_nm", "position_down_nm", "torque_up_t", "torque_down_t",
                "conductance_up_s", "conductance_down_s", "ideal_s")  # fmt: skip
    rows = []
    for number, (rising, falling) in enumerate(zip(walls.rising, walls.falling, strict=True)):
        micro = round(rising.current_a * 1e6, 6)
        roles = [name for name, chosen in (("fitted", fitted), ("judged", judged)) if micro in chosen] or ["margin"]
        rows.append(
            (f"{micro:g}", "+".join(roles), f"{rising.position_m * 1e9:.4f}", f"{falling.position_m * 1e9:.4f}",
             f"{rising.torque_t:.3g}", f"{falling.torque_t:.3g}", f"{up[number]:.9g}", f"{down[number]:.9g}",
             f"{ideal[number]:.9g}")
        )  # fmt: skip
    return csv_text(headings, rows)


def transfer_figure(found: Design) -> Figure:
    """Conductance against input: solved curve as a line, the asked function as open markers, and their difference."""
    figure, (axis, below) = new_figure(8.0, 3.4, 2)
    walls, goal, matched = found.verdict.walls, found.goal, found.verdict.match
    currents = walls.current_a
    up, down = curve(walls, currents.tolist())
    judged = np.array(judged_currents_a(goal.range_a))
    axis.axvspan(-goal.range_a, goal.range_a, color=COLOURS[3], alpha=0.12, linewidth=0, label="asked range")
    axis.plot(currents, up, "-", color=COLOURS[0], linewidth=1.6, label="solver, up")
    axis.plot(currents, down, "--", color=COLOURS[1], linewidth=1.4, label="solver, down")
    asked = matched.zero + matched.gain * leaky(judged, goal.slope)
    axis.plot(judged, asked, **OPEN, markersize=5, label=f"asked: slope {goal.slope:g}")
    add_legend(axis)
    mean = (np.interp(judged, currents, up) + np.interp(judged, currents, down)) / 2
    below.plot(judged, (mean - asked) / matched.span, "o-", color=COLOURS[0], linewidth=1.2, markersize=4)
    for panel, name, unit in ((axis, "conductance", "S"), (below, "deviation, parts of the span", None)):
        name_axes(panel, "input current", name, "A", unit)
    return figure


def wall_figure(verdict: Verdict) -> Figure:
    """Wall position against input with the junctions, and the anisotropy along the track."""
    figure, (left, right) = new_figure(8.0, 3.4, 2)
    walls, device = verdict.walls, verdict.device
    for states, colour, dash, label in (
        (walls.rising, COLOURS[0], "-", "up"),
        (walls.falling, COLOURS[1], "--", "down"),
    ):
        left.plot([s.current_a for s in states], [s.position_m for s in states], dash, color=colour, label=label)
    for number, detector in enumerate(device.detectors):
        left.axhspan(detector.x0_m, detector.x1_m, color=COLOURS[3], alpha=0.15 + 0.15 * number, linewidth=0,
                     label=f"{detector.name} junction")  # fmt: skip
    left.set_ylim(0, device.length_m)
    name_axes(left, "input current", "wall position", "A", "m")
    add_legend(left)
    x_m = np.linspace(0, device.length_m, 201)
    right.plot(x_m, device.profile(x_m), color=COLOURS[0], linewidth=1.6)
    name_axes(right, "place along the track", "anisotropy (per m³)", "m", "J")
    return figure


def jumps_figure(verdict: Verdict) -> Figure:
    """Wall position against time: to both margins from rest, and back to rest from both ends of the range."""
    (low, high), (after_low, after_high) = verdict.jumps.to_margins, verdict.jumps.back
    runs = (high, after_high, low, after_low)
    labels = [f"to {run.current_a * 1e6:.4g} µA".replace("-", "\N{MINUS SIGN}") for run in runs]
    return draw_paths(runs, labels, verdict.device.length_m)
