"""What a design for warm devices leaves: rows, lines for a person, a picture, a folder for each device."""

import json
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from spingan.devices.wall_device import write_wall_device
from spingan.devices.wall_heat_curve import warm_curve, warm_rows
from spingan.devices.warm_candidate import constants_for
from spingan.devices.warm_design import Front, Member, distance
from spingan.reports.plots import COLOURS, OPEN, Content, add_legend, name_axes, new_figure, write_files
from spingan.reports.wall_heat_report import write_heat_report
from spingan.spec.technology import Technology, write_technology
from spingan.tabular import csv_text, plain_text

HEADINGS = ("device", "energy fJ", "slope", "error -", "error +", "noise", "average ns", "lost", "L x w x t nm")


def front_data(front: Front, folder: Path) -> dict[str, Any]:
    """The front in JSON's types, units in the names; `folder` is where its devices are written."""
    goal, nearest = front.goal, front.nearest
    rows = [_row(front, member, folder / _name(number)) for number, member in enumerate(front.members)]
    return {
        "asked": {
            "slope": goal.slope,
            "slope_tolerance": goal.slope_tolerance,
            "noise": goal.noise,
            "averaging_time_s": goal.averaging_s,
            "temperature_k": goal.temperature_k,
            "range_ua": goal.range_a * 1e6,
            "smallest_nm": goal.limits.smallest_m * 1e9,
            "loss_per_operation": goal.largest_loss,
        },
        "inputs_of": goal.inputs.source,
        "inputs_rms_a": goal.inputs.rms * goal.range_a,
        "meets": front.meets,
        "nearest": rows[front.members.index(nearest)]["folder"],
        "would_have_to_change": [change.row for change in front.changes],
        "front": rows,
        "found_by_the_searches": front.met,
        "fidelity": constants_for(nearest.figures.device)[2],
        "convention": goal.convention,
        "seed": front.seed,
        "folder": str(folder),
    }


def _name(number: int) -> str:
    return f"device_{number + 1:02d}"


def _row(front: Front, member: Member, folder: Path) -> dict[str, Any]:
    goal, figures, device = front.goal, member.figures, member.figures.device
    return {
        "slope": member.fit.slope,
        "noise": member.noise.value,
        "noise_interval": [member.noise.low, member.noise.high],
        "energy_j": member.energy_j,
        "error": member.fit.error,
        "negative_error": member.fit.negative_error,
        "positive_error": member.fit.positive_error,
        "averaging_time_s": figures.averaging_s,
        "settling_time_s": max(point.settling_s for point in member.study.points),
        "loss_per_operation": figures.loss,
        "lost_walls": sum(point.lost for point in member.study.points),
        "length_nm": device.length_m * 1e9,
        "width_nm": device.width_m * 1e9,
        "thickness_nm": device.film.thickness_m * 1e9,
        "junctions_nm": {d.name: [round(edge * 1e9, 3) for edge in d.corners_m] for d in device.detectors},
        "meets": distance(goal, member.fit.slope, member.noise.value) <= 1,
        "by_equilibrium": {
            "slope": figures.fit.slope,
            "noise": figures.noise,
            "energy_j": figures.energy_j,
            "error": figures.fit.error,
        },
        "folder": str(folder),
    }


def front_text(front: Front, data: dict[str, Any]) -> str:
    """The answer in a line, what would have to change, and the front."""
    goal, nearest = front.goal, front.nearest
    asked = (
        f"slope {goal.slope:g} ± {goal.slope_tolerance:g} and noise below {goal.noise:.1%} of full scale within "
        f"{goal.averaging_s * 1e9:g} ns at {goal.temperature_k:g} K, nothing below {goal.limits.smallest_m * 1e9:g} nm"
    )
    best = f"slope {nearest.fit.slope:.3f}, noise {nearest.noise.value:.2%}, {nearest.energy_j * 1e15:.3g} fJ"
    lines = [
        f"A device has {asked}: {best}." if front.meets else f"No device found has {asked}. The nearest: {best}.",
        *(
            f"For its {change.of}: {change.constant} x {change.factor:.3g}, {change.now:.3g} to {change.needed:.3g} "
            f"{change.unit} ({change.reason})."
            for change in front.changes
        ),
    ]
    cells = [
        (Path(row["folder"]).name, f"{row['energy_j'] * 1e15:.3g}", f"{row['slope']:.3f}",
         f"{row['negative_error']:.1%}", f"{row['positive_error']:.1%}", f"{row['noise']:.2%}",
         f"{row['averaging_time_s'] * 1e9:.3g}", f"{row['loss_per_operation']:.1g}",
         f"{row['length_nm']:.0f} x {row['width_nm']:.0f} x {row['thickness_nm']:.3g}")
        for row in data["front"]
    ]  # fmt: skip
    return "\n".join([*lines, plain_text(HEADINGS, cells, right=range(1, len(HEADINGS)))])


def front_figure(front: Front) -> Figure:
    """Energy against noise, coloured by the error, and the mean outputs of the front's ends and its nearest device."""
    figure, (left, right) = new_figure(9.0, 3.6, 2)
    goal, nearest = front.goal, front.nearest
    noise = [member.noise.value for member in front.members]
    energy = [member.energy_j for member in front.members]
    error = [member.fit.error for member in front.members]
    points = left.scatter(noise, energy, c=error, cmap="viridis", s=30, zorder=3)
    figure.colorbar(points, ax=left, label="error of the worse branch")
    left.plot([nearest.noise.value], [nearest.energy_j], **OPEN, markersize=12, label="nearest to the goal")
    left.axvline(goal.noise, color=COLOURS[3], linestyle="--", linewidth=1, label="asked noise")
    left.set_xlim(left=0.0)
    left.set_yscale("log")
    name_axes(left, "noise, as a fraction of full scale", "energy of an evaluation", None, "J")
    add_legend(left)
    shown = {id(member): member for member in (nearest, front.members[0], front.members[-1])}
    for member, colour in zip(shown.values(), COLOURS, strict=False):
        current = np.array([point.current_a for point in member.study.points])
        mean = np.array([point.conductance_s.mean.value for point in member.study.points])
        noises = np.array([member.study.averaged_s(point).value for point in member.study.points])
        share = (mean - np.interp(0.0, current, mean)) / member.study.span_s
        label = f"{member.energy_j * 1e15:.3g} fJ"
        right.plot(current, share, "o-", color=colour, markersize=3, linewidth=1.2, label=label)
        band = noises / member.study.span_s
        right.fill_between(current, share - band, share + band, color=colour, alpha=0.15, linewidth=0)
    name_axes(right, "input current", "mean output, as a fraction of full scale", "A", None)
    add_legend(right)
    return figure


def write_front(front: Front, data: dict[str, Any], base: Technology, folder: str | Path) -> list[Path]:
    """Write a front into `folder`, and say which files.

    `front.png`, `front.csv` and `design.json` are the front. Each device has a folder with `device.yaml`, its
    curve, `heat.csv` and `heat.png` as `spingan device --temperature` leaves them, and `technology.yaml` with its own
    files: `base` with this device for its activation, read out ideally.

    Raises:
        UserError: A file cannot be written.
    """
    place = Path(folder)
    function = "leaky_relu" if front.goal.slope > 0 else "relu"
    names = ("slope", "noise", "energy_j", "error", "negative_error", "positive_error", "averaging_time_s",
             "loss_per_operation", "length_nm", "width_nm", "thickness_nm", "meets")  # fmt: skip
    table = [
        tuple(f"{row[name]:.6g}" if name != "meets" else str(row[name]) for name in names) for row in data["front"]
    ]
    files: dict[str, Content] = {
        "front.png": front_figure(front),
        "front.csv": csv_text(names, table),
        "design.json": json.dumps(data, indent=2, ensure_ascii=False) + "\n",
    }
    written = write_files(place, files)
    for number, member in enumerate(front.members):
        own = place / _name(number)
        name = f"{member.figures.device.name}_{number + 1:02d}"
        curve = warm_curve(member.study, function, name)
        technology = base.model_copy(
            update={
                "name": f"{base.name}-{name}",
                "activations": {**base.activations, function: curve.with_ideal_read_out()},
                "temperature_k": front.goal.temperature_k,
            }
        )
        written += write_technology(technology, own)
        written += write_files(own, {"device.yaml": partial(write_wall_device, member.figures.device)})
        written += write_heat_report(member.study, warm_rows(member.study), curve, own)
    return written
