"""The folder that a cell's simulation leaves: the activation, the comparison, the curves as tables, the pictures."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from spingan.circuits.domain_wall_study import CellStudy
from spingan.circuits.monte_carlo import Samples
from spingan.devices.comparison import Row
from spingan.output import output_folder, write_text
from spingan.reports.circuit_plots import energy_figure, spread_figure, transfer_figure, waveform_figure
from spingan.reports.plots import save_png
from spingan.spec.activation import Activation
from spingan.spec.files import write_activation


def write_circuit_report(
    study: CellStudy,
    activation: Activation,
    rows: Sequence[Row],
    folder: str | Path,
    devices: Samples | None = None,
    environment: Samples | None = None,
) -> tuple[Path, ...]:
    """Write everything into `folder`, and say which files; the activation is the first.

    Raises:
        UserError: A file cannot be written.
    """
    place = output_folder(folder)
    tables = {
        "comparison.csv": _table(
            ("quantity", "printed", "ours", "unit", "note"),
            [(row.quantity, _cell(row.printed), _cell(row.ours), row.unit, row.note) for row in rows],
        ),
        "transfer.csv": _transfer(study),
        "steps.csv": _steps(study),
    }
    pictures = {
        "transfer.png": transfer_figure(study),
        "waveforms.png": waveform_figure(study),
        "energy.png": energy_figure(study),
    }
    if devices is not None:
        tables["devices.csv"] = _samples(devices)
        pictures["spread.png"] = spread_figure(devices, environment)
    if environment is not None:
        tables["environment.csv"] = _samples(environment)
    curve = place / f"{activation.name}.csv"
    write_activation(activation, curve)
    for name, text in tables.items():
        write_text(place / name, text)
    for name, figure in pictures.items():
        save_png(figure, place / name)
    return curve, *(place / name for name in (*tables, *pictures))


def _transfer(study: CellStudy) -> str:
    out = study.transfer
    columns = np.stack([out.current_a, out.divider_v, out.output_v, out.divider_w, out.inverters_w], axis=1)
    return _table(("input_a", "divider_v", "output_v", "divider_w", "inverters_w"), _numbers(columns))


def _steps(study: CellStudy) -> str:
    """Every step's waveform, each fourth of its 0.5 ps steps."""
    rows = []
    for step in study.steps:
        answer = step.response
        columns = np.stack([answer.time_s, answer.output_v, answer.divider_w, answer.inverters_w], axis=1)[::4]
        rows += [(f"{step.from_a:.6g}", f"{step.to_a:.6g}", *row) for row in _numbers(columns)]
    return _table(("from_a", "to_a", "time_s", "output_v", "divider_w", "inverters_w"), rows)


def _samples(samples: Samples) -> str:
    columns = np.stack(
        [
            samples.gain, samples.offset, samples.slope, samples.residual, samples.temperature_c, samples.supply,
        ],
        axis=1,
    )  # fmt: skip
    rows = [(number, *row) for number, row in enumerate(_numbers(columns))]
    return _table(("number", "gain", "offset", "slope", "residual", "temperature_c", "supply"), rows)


def _numbers(columns: np.ndarray) -> list[tuple[str, ...]]:
    return [tuple(f"{value:.7g}" for value in row) for row in columns.tolist()]


def _cell(value: float | None) -> str:
    return "" if value is None else f"{value:.6g}"


def _table(headings: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(headings)
    writer.writerows(rows)
    return text.getvalue()
