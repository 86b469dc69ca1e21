"""The folder that a wall device's study leaves: curve, settled states, pictures, animation, the device."""

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

import numpy as np
from matplotlib import get_data_path
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image, ImageDraw, ImageFont

from spingan.devices.wall_characteristic import Characteristic
from spingan.devices.wall_curve import SAME
from spingan.devices.wall_device import Detector, WallDevice, write_wall_device
from spingan.devices.wall_figures import microamperes
from spingan.devices.wall_study import Settled
from spingan.reports.plots import (
    COLOURS,
    DASHES,
    OPEN,
    Content,
    add_legend,
    name_axes,
    new_figure,
    save_gif,
    transfer_curves,
    write_files,
)
from spingan.spec.activation import ConductanceCurve
from spingan.spec.files import write_activation
from spingan.tabular import csv_text

FRAMES = 90  # of the animation, at most
FRAME_MS = 80
LAST_FRAME_MS = 800
PIXELS_ACROSS = 600
TEXT_HEIGHT = 30


def characteristic_figure(
    study: Characteristic, printed_nm: Mapping[float, float], printed_ms: Mapping[float, float]
) -> Figure:
    """Wall position and conductance against the input, ours as lines, the printed points as open markers.

    Args:
        printed_nm: Printed positions in nm, by current in A.
        printed_ms: Printed conductances in mS, by current in A.
    """
    figure, (left, right) = new_figure(8.0, 3.4, 2)
    points = study.alive
    current = np.array([point.current_a for point in points])
    left.plot(current, [point.position_m for point in points], "-", color=COLOURS[0], linewidth=1.6, label="ours")
    ends = [study.after_negative.position_m, study.after_positive.position_m]
    if abs(ends[1] - ends[0]) > 2 * study.setup.cell_m:
        left.plot([0.0, 0.0], ends, ":", color=COLOURS[1], linewidth=2.0, label="ours, after either end")
    _shade(left, study.setup.device.detectors)
    branches = study.branches()
    right.plot(branches.current_a, branches.rising, "-", color=COLOURS[0], linewidth=1.6, label="ours")
    span = float(np.ptp(branches.rising))
    if np.abs(branches.rising - branches.falling).max() > SAME * span:
        right.plot(branches.current_a, branches.falling, "--", color=COLOURS[1], linewidth=1.4, label="ours, falling")
    shown = (left, printed_nm, 1e-9, "wall position", "m"), (right, printed_ms, 1e-3, "conductance", "S")
    for axis, printed, scale, name, unit in shown:
        if printed:
            axis.plot(list(printed), [value * scale for value in printed.values()], **OPEN, label="printed")
        name_axes(axis, "input current", name, "A", unit, ticks=5)
        add_legend(axis)
    left.set_ylim(0, study.setup.device.length_m)
    return figure


def _shade(axis: Axes, detectors: Sequence[Detector]) -> None:
    """Grey bands where the detectors are."""
    for number, detector in enumerate(detectors):
        label = "detectors" if number == 0 else None
        axis.axhspan(detector.x0_m, detector.x1_m, color=COLOURS[3], alpha=0.18, linewidth=0, label=label)


def paths_figure(study: Characteristic) -> Figure:
    """Wall position against time at the outermost currents, and back to rest."""
    low, high = study.alive[0], study.alive[-1]
    up, down = (f"{microamperes(run.current_a)} from rest" for run in (high, low))
    runs = (high, study.after_positive, low, study.after_negative)
    return draw_paths(runs, (up, "its release", down, "its release"), study.setup.device.length_m)


def draw_paths(runs: Sequence[Settled], labels: Sequence[str], length_m: float) -> Figure:
    """Wall position against time: to the highest current and back (dashed), to the lowest and back.

    Args:
        length_m: of the track.
    """
    figure, (axis,) = new_figure(5.2, 3.2)
    for number, (run, label) in enumerate(zip(runs, labels, strict=True)):
        colour, dash = COLOURS[1 - number // 2], DASHES[number % 2]
        axis.plot(run.time_s, run.path_m, dash, color=colour, linewidth=1.4, label=label)
    name_axes(axis, "time", "wall position", "s", "m")
    axis.set_ylim(0, length_m)
    add_legend(axis)
    return figure


def wall_animation(study: Characteristic, path: str | Path) -> None:
    """Write a GIF of m_z: from rest to the highest current, its release, the lowest current, its release.

    Raises:
        UserError: The file cannot be written.
    """
    device = study.setup.device
    runs = (study.alive[-1], study.after_positive, study.alive[0], study.after_negative)
    pictures = [picture for run in runs for picture in _pictures(device, run, FRAMES // len(runs))]
    times = [FRAME_MS] * len(pictures)
    times[-1] = LAST_FRAME_MS
    save_gif(pictures, path, times)


def _pictures(device: WallDevice, run: Settled, count: int) -> list[Image.Image]:
    """Evenly spaced frames of a run, the last one among them."""
    chosen = np.unique(np.linspace(0, len(run.frames) - 1, count).round().astype(int))
    return [_picture(device, run, int(index)) for index in chosen]


def _picture(device: WallDevice, run: Settled, index: int) -> Image.Image:
    """m_z from blue (down) to red (up) with the detectors' outlines, under a line of text."""
    up = run.frames[index][::-1].astype(np.float64) / 127  # a picture's rows run downwards
    blue, white, red = (
        np.array(colour, dtype=np.float64) for colour in ((27, 58, 107), (245, 245, 245), (170, 60, 30))
    )
    share = np.abs(up)[..., None]
    pixels = (white * (1 - share) + np.where(up[..., None] > 0, red, blue) * share).round().astype(np.uint8)
    scale = max(1, round(PIXELS_ACROSS / up.shape[1]))
    track = Image.fromarray(pixels).resize((up.shape[1] * scale, up.shape[0] * scale), Image.Resampling.BICUBIC)
    picture = Image.new("RGB", (track.width, track.height + TEXT_HEIGHT), "white")
    picture.paste(track, (0, TEXT_HEIGHT))
    draw = ImageDraw.Draw(picture)
    per_m = track.width / device.length_m
    for detector in device.detectors:
        top, bottom = (TEXT_HEIGHT + track.height - y * per_m for y in (detector.y1_m, detector.y0_m))
        draw.rectangle((detector.x0_m * per_m, top, detector.x1_m * per_m - 1, bottom - 1), outline="#111111", width=2)
    position = "lost" if np.isnan(run.path_m[index]) else f"{run.path_m[index] * 1e9:5.1f} nm"
    text = f"{microamperes(run.current_a)}   {run.time_s[index] * 1e9:.3f} ns   wall {position}   "
    draw.text((6, 5), f"{text}{run.path_s[index] * 1e3:.4f} mS", fill="#111111", font=_font())
    return picture.quantize(128)


@cache
def _font() -> ImageFont.FreeTypeFont:
    """matplotlib's own font, which has a µ."""
    return ImageFont.truetype(Path(get_data_path()) / "fonts" / "ttf" / "DejaVuSansMono.ttf", 14)


def write_wall_report(
    study: Characteristic,
    curve: ConductanceCurve,
    folder: str | Path,
    printed_nm: Mapping[float, float],
    printed_ms: Mapping[float, float],
) -> list[Path]:
    """Write everything into `folder`, and say which files; the curve is the first.

    Args:
        printed_nm: Printed wall positions in nm by current in A, for the picture.
        printed_ms: Printed conductances in mS by current in A, likewise.

    Raises:
        UserError: A file cannot be written.
    """
    files: dict[str, Content] = {
        f"{curve.name}.csv": lambda path: write_activation(curve, path),
        "settled.csv": _settled(study),
        "device.yaml": lambda path: write_wall_device(study.setup.device, path),
        "characteristic.png": characteristic_figure(study, printed_nm, printed_ms),
        "transfer.png": transfer_curves([curve]),
        "paths.png": paths_figure(study),
        "wall.gif": lambda path: wall_animation(study, path),
    }
    return write_files(folder, files)


def _settled(study: Characteristic) -> str:
    """Every run of the study in a line: a nan position means that the wall was annihilated."""
    groups = (
        ("from rest", (*study.points, *study.probes)),
        ("input off after the lowest", (study.after_negative,)),
        ("input off after the highest", (study.after_positive,)),
        ("10 ns reset", study.resets or ()),
        ("rising sweep", study.rising or ()),
        ("falling sweep", study.falling or ()),
        *((variant.name, variant.points) for variant in study.variants),
    )
    return csv_text(
        ("run", "input_ua", "position_nm", "conductance_ms", "settling_ns", "still", "followed_ns", "steps", "seconds"),
        [
            (
                what,
                f"{run.current_a * 1e6:.6g}",
                f"{run.position_m * 1e9:.6g}",
                f"{run.conductance_s * 1e3:.7g}",
                "" if run.settling_s is None else f"{run.settling_s * 1e9:.4g}",
                "yes" if run.still else "no",
                f"{run.time_s[-1] * 1e9:.4g}",
                run.steps,
                f"{run.seconds:.3g}",
            )
            for what, runs in groups
            for run in runs
        ],
    )
