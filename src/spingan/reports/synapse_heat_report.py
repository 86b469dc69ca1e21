"""What `spingan device skyrmion-synapse --temperature` says and leaves: text, rows, the synapses' files."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from spingan.devices.skyrmion_synapse_heat import WarmSynapse, warm_curve
from spingan.reports.plots import write_files
from spingan.spec.files import write_synapse
from spingan.tabular import cell, csv_text, plain_text

HEADINGS = ("synapse", "in", "place rms nm", "memory ns", "G mS", "rms µS", "of the span", "memory ns")
SCALES = {
    "skyrmions": 1, "rms_position_nm": 1, "correlation_time_s": 1e9, "conductance_s": 1e3, "rms_conductance_s": 1e6,
    "rms_of_span": 1, "conductance_correlation_time_s": 1e9,
}  # fmt: skip


def heat_text(studies: Sequence[WarmSynapse], rows: Sequence[Mapping[str, Any]]) -> str:
    """What heat does to each synapse: a line that answers, then a line a level at rest."""
    lines = []
    for study in studies:
        lost, out, drift = study.loss_per_operation, study.out_of_track_per_s, study.heat.retention_s
        lines.append(
            f"{study.name} at {study.plan.temperature_k:g} K: {lost.value:.2g} ({lost.low:.2g} to {lost.high:.2g}) of "
            f"its skyrmions are lost in an operation; at rest each leaves its track {out.value:.2g} times a second; "
            f"drift {'not seen' if drift is None else f'within {drift * 1e9:.3g} ns'}."
        )
    cells = [[row["synapse"], *(_scaled(row[name], scale) for name, scale in SCALES.items())] for row in rows]
    return "\n".join([*lines, plain_text(HEADINGS, cells, right=range(1, len(HEADINGS)))])


def _scaled(value: float | None, scale: float) -> str:
    return cell(None if value is None else value * scale, 3)


def write_heat_report(studies: Sequence[WarmSynapse], rows: Sequence[Mapping[str, Any]], folder: Path) -> list[Path]:
    """Write `heat.csv` and each synapse under its own name.

    Raises:
        UserError: One cannot be written.
    """
    flat = [{name: part for key, value in row.items() for name, part in _flat(key, value)} for row in rows]
    curves = [warm_curve(study) for study in studies]
    return write_files(
        folder,
        {"heat.csv": csv_text(list(flat[0]), [list(row.values()) for row in flat])}
        | {f"{curve.name}.csv": lambda path, curve=curve: write_synapse(curve, path) for curve in curves},
    )


def _flat(key: str, value: Any) -> list[tuple[str, Any]]:
    """An interval as two columns, anything else as it is."""
    if key.endswith("_interval"):
        low, high = value or (None, None)
        return [(f"{key}_low", low), (f"{key}_high", high)]
    return [(key, value)]
