"""The files of a trimmed cell: its activation, and each instance before and after."""

from pathlib import Path

from spingan.circuits.trim_result import TrimResult
from spingan.reports.plots import Content, write_files
from spingan.spec.files import write_activation
from spingan.tabular import csv_text

NAMES = ("offset", "gain", "slope")


def write_trim(found: TrimResult, folder: str | Path) -> list[Path]:
    """Write both files into `folder`, and say which; the activation is the first.

    Raises:
        UserError: A file cannot be written.
    """
    columns = [getattr(samples, name).tolist() for samples in (found.before, found.after) for name in NAMES]
    headings = [f"{name}_{when}" for when in ("before", "after") for name in NAMES]
    rows = [[f"{value:.7g}" for value in row] for row in zip(*columns, found.droop.tolist(), strict=True)]
    numbers = [number for number in range(len(rows) + len(found.lost)) if number not in found.lost]
    table = [(number, *row) for number, row in zip(numbers, rows, strict=True)]
    files: dict[str, Content] = {
        f"{found.activation.name}.csv": lambda path: write_activation(found.activation, path),
        "trim.csv": csv_text(("number", *headings, "droop"), table),
    }
    return write_files(folder, files)
