"""The folder that a design leaves, and its pictures: the transfer beside the ideal, wall and profile, the jumps."""

import json
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter

from spingan.devices.wall_compact import write_wall_calibration
from spingan.devices.wall_curve import leaky
from spingan.devices.wall_design import fitted_currents_a
from spingan.devices.wall_design_run import Design, Verdict, curve, curve_of, judged_currents_a, summary
from spingan.devices.wall_device import write_wall_device
from spingan.devices.wall_system import mesh
from spingan.output import output_folder, write_text
from spingan.physics.ovf import write_ovf
from spingan.reports.plots import COLOURS, new_figure, save_png
from spingan.spec.files import write_activation
from spingan.tabular import csv_text

IDEAL = {"marker": "o", "markerfacecolor": "none", "markeredgecolor": "#444444", "linestyle": "none", "markersize": 5}


def write_design(found: Design, folder: str | Path) -> tuple[Path, ...]:
    """Write a design into `folder`, and say which files: device, curve, states, tables, pictures, summary.

    `device.yaml` is the device, `<its name>.csv` the curve that `convert` takes, `verification.csv` every solved
    current with its role, `compact.yaml` the compact wall on these states, `states/*.ovf` the magnetisation at every
    current on the way up and down, `design.json` the summary.

    Raises:
        UserError: A file cannot be written.
    """
    place = output_folder(folder)
    verdict = found.verdict
    table = curve_of(found)
    states = _write_states(found, output_folder(place / "states"))
    device, activation = place / "device.yaml", place / f"{table.name}.csv"
    verification, compact, page = place / "verification.csv", place / "compact.yaml", place / "design.json"
    write_wall_device(verdict.device, device)
    write_activation(table, activation)
    write_text(verification, _verification(found))
    write_wall_calibration(found.calibration, compact)
    pictures = {
        "transfer.png": transfer_figure(found),
        "wall.png": wall_figure(verdict),
        "jumps.png": jumps_figure(verdict),
    }
    for name, figure in pictures.items():
        save_png(figure, place / name)
    write_text(page, json.dumps(summary(found), indent=2, ensure_ascii=False) + "\n")
    return activation, device, verification, compact, *(place / name for name in pictures), page, *states


def _write_states(found: Design, folder: Path) -> list[Path]:
    walls = found.verdict.walls
    grid = mesh(walls.setup.device, walls.setup.cell_m)
    files = []
    for way, states in (("up", walls.rising), ("down", walls.falling)):
        for number, state in enumerate(states):
            micro = state.current_a * 1e6
            file = folder / f"{way}_{number:02d}_{micro:+.3f}uA.ovf"
            write_ovf(
                file,
                state.m,
                grid,
                walls.setup.device.film.thickness_m,
                encoding="binary 4",
                description=(
                    f"{walls.setup.device.name}, {micro:g} uA, {walls.setup.convention}, way {way}",
                    f"largest torque {state.torque_t:.3g} T",
                ),
            )
            files.append(file)
    return files


def _verification(found: Design) -> str:
    walls, goal = found.verdict.walls, found.goal
    currents = walls.current_a
    up, down = curve(walls, currents.tolist())
    ideal = found.verdict.match.zero + found.verdict.match.gain * leaky(currents, goal.slope)
    fitted = set(np.round(np.array(fitted_currents_a(goal.range_a)) * 1e6, 6).tolist())
    judged = set(np.round(np.array(judged_currents_a(goal.range_a)) * 1e6, 6).tolist())
    headings = (
        ("input_ua", "role", "position_up_nm", "position_down_nm", "torque_up_t", "torque_down_t",
         "conductance_up_s", "conductance_down_s", "ideal_s")
    )  # fmt: skip
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
    axis.plot(judged, asked, **IDEAL, label=f"asked: slope {goal.slope:g}")
    axis.set_ylabel("conductance")
    axis.yaxis.set_major_formatter(EngFormatter(unit="S"))
    axis.legend(frameon=False, fontsize=8)
    mean = (np.interp(judged, currents, up) + np.interp(judged, currents, down)) / 2
    below.plot(judged, (mean - asked) / matched.span, "o-", color=COLOURS[0], linewidth=1.2, markersize=4)
    below.set_ylabel("deviation, parts of the span")
    for panel in (axis, below):
        panel.xaxis.set_major_formatter(EngFormatter(unit="A"))
        panel.set_xlabel("input current")
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
    left.set_xlabel("input current")
    left.set_ylabel("wall position")
    left.xaxis.set_major_formatter(EngFormatter(unit="A"))
    left.yaxis.set_major_formatter(EngFormatter(unit="m"))
    left.legend(frameon=False, fontsize=8)
    x_m = np.linspace(0, device.length_m, 201)
    right.plot(x_m, device.profile(x_m), color=COLOURS[0], linewidth=1.6)
    right.set_xlabel("place along the track")
    right.set_ylabel("anisotropy (per m³)")
    right.xaxis.set_major_formatter(EngFormatter(unit="m"))
    right.yaxis.set_major_formatter(EngFormatter(unit="J"))
    return figure


def jumps_figure(verdict: Verdict) -> Figure:
    """Wall position against time: to both margins from rest, and back to rest from both ends of the range."""
    figure, (axis,) = new_figure(5.2, 3.2)
    runs = (
        (verdict.jumps.to_margins[1], COLOURS[1], "-"),
        (verdict.jumps.back[1], COLOURS[1], "--"),
        (verdict.jumps.to_margins[0], COLOURS[0], "-"),
        (verdict.jumps.back[0], COLOURS[0], "--"),
    )
    for run, colour, dash in runs:
        axis.plot(
            run.time_s,
            run.path_m,
            dash,
            color=colour,
            linewidth=1.4,
            label=f"to {run.current_a * 1e6:.4g} µA".replace("-", "\N{MINUS SIGN}"),
        )
    axis.set_ylim(0, verdict.device.length_m)
    axis.set_xlabel("time")
    axis.set_ylabel("wall position")
    axis.xaxis.set_major_formatter(EngFormatter(unit="s"))
    axis.yaxis.set_major_formatter(EngFormatter(unit="m"))
    axis.legend(frameon=False, fontsize=8)
    return figure
