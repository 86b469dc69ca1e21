"""The comparison with the papers as one self-contained page, and as a folder with its table and picture."""

import json
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from spingan.output import check_place, output_folder, write_text
from spingan.papers.reproduce import ComparedRow, Reproduction
from spingan.papers.reproduction_tables import (
    count_table,
    csv_of,
    groups,
    number_text,
    stored_table,
    tolerance_table,
    unit_text,
)
from spingan.reports.page import Picture, page
from spingan.reports.plots import COLOURS, new_figure, save_png, svg_bytes

TITLE = "The two papers' numbers beside ours"
CAPTION = (
    "Predicted numbers over printed ones. Filled: within the tolerance that was fixed for their kind. Open: not. "
    "Numbers whose printed value is 0, limits, and what needs something that is not here are left out."
)


def write_page(found: Reproduction, path: Path) -> Path:
    """The comparison as one HTML file.

    Raises:
        UserError: It cannot be written.
    """
    check_place(path)
    write_text(path, page_html(found))
    return path


def write_folder(found: Reproduction, folder: str | Path) -> tuple[Path, ...]:
    """Page, JSON, CSV and picture in a folder; the files.

    Raises:
        UserError: They cannot be written.
    """
    place = output_folder(folder)
    files = [write_page(found, place / "reproduction.html")]
    content = json.dumps(found.to_dict(), indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    for name, text in (("reproduction.json", content), ("reproduction.csv", csv_of(found))):
        write_text(place / name, text)
        files.append(place / name)
    if _predicted(found):
        save_png(agreement_figure(found), place / "agreement.png")
        files.append(place / "agreement.png")
    return tuple(files)


def page_html(found: Reproduction) -> str:
    """The page; everything that comes from a file is escaped."""
    statuses = {status: sum(row.status == status for row in found.rows) for status in _READINGS}
    picture = Picture.svg("Agreement", CAPTION, svg_bytes(agreement_figure(found))) if _predicted(found) else None
    return page(
        "reproduction.html",
        title=TITLE,
        subtitle=found.headline,
        figures=[(status, str(number), _READINGS[status]) for status, number in statuses.items()],
        counts=count_table(found),
        agreement=picture,
        groups=[{"title": title, "rows": [_cells(row) for row in rows]} for title, rows in groups(found)],
        tolerances=tolerance_table(),
        stored=stored_table(found),
    )


_READINGS = {
    "matches": "computed, and near enough",
    "differs": "with the reason beside it",
    "taken": "the papers' own numbers",
    "needs": "with what is missing beside it",
}


def agreement_figure(found: Reproduction) -> Figure:
    """Ours over printed for every predicted number that has both, on a logarithmic axis."""
    rows = _predicted(found)
    labels = [f"{row.quantity} ({row.paper})" for row in rows]
    ratios = np.array([_ratio(row) for row in rows])
    figure, (axis,) = new_figure(8.0, 0.24 * len(rows) + 1.0)
    places = np.arange(len(rows))
    near = np.array([row.status == "matches" for row in rows])
    axis.axvline(1.0, color="#444444", linewidth=1.0)
    axis.hlines(places, 1.0, ratios, color="#c9ced6", linewidth=1.2)
    axis.plot(ratios[near], places[near], "o", color=COLOURS[0], markersize=6, label="matches")
    axis.plot(ratios[~near], places[~near], "o", color=COLOURS[1], fillstyle="none", markersize=6, label="differs")
    axis.set_xscale("log")
    axis.set_xlabel("ours / printed")
    axis.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_yticks(places, labels)
    axis.invert_yaxis()
    axis.tick_params(axis="y", labelsize=8)
    axis.legend(fontsize=8, frameon=False, loc="upper left")
    return figure


def _predicted(found: Reproduction) -> list[ComparedRow]:
    """Predicted rows with a positive ratio, compared as equals."""
    rows = []
    for row in found.rows:
        compared = row.kind == "predicted" and row.status in ("matches", "differs") and row.rule == "equals"
        if compared and _ratio(row) > 0:
            rows.append(row)
    return rows


def _ratio(row: ComparedRow) -> float:
    """Ours over printed; 0 where either is 0 or is not one number."""
    if isinstance(row.printed, list) or isinstance(row.ours, list) or not row.printed:
        return 0.0
    return (row.ours or 0.0) / row.printed


def _cells(row: ComparedRow) -> dict[str, str]:
    beside = f"beside it, not to be compared: {row.beside}" if row.beside else ""
    limit = f"limit: {row.tolerance}" if row.kind in ("fitted", "predicted") and row.status != "needs" else ""
    return {
        "quantity": row.quantity,
        "where": row.where,
        "printed": row.printed_text,
        "ours": number_text(row.ours),
        "unit": unit_text(row),
        "kind": row.kind,
        "status": row.status,
        "reason": row.reason,
        "detail": "; ".join(part for part in (row.note, limit, beside) if part),
        "command": row.command,
        "obtained": "; ".join(part for part in (row.how, row.obtained) if part),
    }
