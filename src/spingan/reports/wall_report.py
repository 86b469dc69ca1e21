"""The folder that a wall device's study leaves: curve, comparison, settled states, pictures, animation, the device."""

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path

from spingan.devices.comparison import Row
from spingan.devices.wall_characteristic import Characteristic
from spingan.devices.wall_device_files import write_wall_device
from spingan.output import output_folder, write_text
from spingan.reports.plots import save_png, transfer_curves
from spingan.reports.wall_plots import characteristic_figure, paths_figure, wall_animation
from spingan.spec.activation import Activation
from spingan.spec.files import write_activation


def write_wall_report(
    study: Characteristic,
    curve: Activation,
    rows: Sequence[Row],
    folder: str | Path,
    printed_nm: Mapping[float, float],
    printed_ms: Mapping[float, float],
) -> tuple[Path, ...]:
    """Write everything into `folder`, and say which files.

    Args:
        printed_nm: Printed wall positions in nm by current in A, for the picture.
        printed_ms: Printed conductances in mS by current in A, likewise.

    Raises:
        UserError: A file cannot be written.
    """
    place = output_folder(folder)
    files = {
        name: place / name
        for name in ("comparison.csv", "settled.csv", "device.yaml", "characteristic.png", "transfer.png", "paths.png")
    }
    table = place / f"{curve.name}.csv"
    animation = place / "wall.gif"
    write_activation(curve, table)
    write_text(files["comparison.csv"], _comparison(rows))
    write_text(files["settled.csv"], _settled(study))
    write_wall_device(study.setup.device, files["device.yaml"])
    save_png(characteristic_figure(study, printed_nm, printed_ms), files["characteristic.png"])
    save_png(transfer_curves([curve]), files["transfer.png"])
    save_png(paths_figure(study), files["paths.png"])
    wall_animation(study, animation)
    return table, *files.values(), animation


def _comparison(rows: Sequence[Row]) -> str:
    return _csv(
        ("quantity", "printed", "ours", "unit", "note"),
        [(row.quantity, _cell(row.printed), _cell(row.ours), row.unit, row.note) for row in rows],
    )


def _settled(study: Characteristic) -> str:
    """Every run of the study in a line: a nan position means that the wall was annihilated."""
    runs = [("from rest", run) for run in (*study.points, *study.probes)]
    runs += [
        ("input off after the lowest", study.after_negative),
        ("input off after the highest", study.after_positive),
    ]
    runs += [("10 ns reset", run) for run in study.resets or ()]
    runs += [("rising sweep", run) for run in study.rising or ()]
    runs += [("falling sweep", run) for run in study.falling or ()]
    runs += [(variant.name, run) for variant in study.variants for run in variant.points]
    return _csv(
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
            for what, run in runs
        ],
    )


def _cell(value: float | None) -> str:
    return "" if value is None else f"{value:.6g}"


def _csv(headings: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(headings)
    writer.writerows(rows)
    return text.getvalue()
