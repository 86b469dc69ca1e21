"""Technologies side by side as a table of text, for the terminal and the documentation."""

from typing import TYPE_CHECKING

from spingan.reports.tables import NOT_COUNTED, quantity_text

if TYPE_CHECKING:
    from spingan.comparison import Comparison
    from spingan.costs.drawing import Known

HEADINGS = ("technology", "states", "distance", "recall", "coverage", "activations", "reads", "time", "area")


def comparison_rows(found: "Comparison") -> list[tuple[str, ...]]:
    """A row a technology; `>` is a sum that lacks something."""
    rows = []
    for row in found.rows:
        cost = row.drawing
        rows.append(
            (
                row.technology,
                "float" if row.states is None else str(row.states),
                "refused" if row.distance is None else f"{row.distance:.2f}",
                "-" if row.variety is None else f"{row.variety.recall:.3f}",
                "-" if row.variety is None else f"{row.variety.coverage:.3f}",
                _text(cost.activation_energy_j, "J"),
                _text(cost.read_energy_j, "J"),
                _text(cost.time_s, "s"),
                _area(cost.area_m2),
            )
        )
    return rows


def comparison_notes(found: "Comparison") -> list[str]:
    """What each sum lacks, and why a technology is refused."""
    notes = [
        f"Recall and coverage: {found.variety_metric}, larger is better; `spingan evaluate` has their floor.",
        "Of one image, the generator alone; nothing is trained again. No amplifiers, converters, control.",
        "> is a sum that lacks something else, too:",
    ]
    for row in found.rows:
        cost = row.drawing
        missing = [
            f"{what}: {', '.join(known.missing)}"
            for what, known in (
                ("activations", cost.activation_energy_j),
                ("reads", cost.read_energy_j),
                ("time", cost.time_s),
                ("area", cost.area_m2),
            )
            if known.missing
        ]
        refused = f"refused, {row.refused}; " if row.refused else ""
        if missing or refused:
            notes.append(f"- {row.technology}: {refused}{'; '.join(missing)}")
    return notes


def _text(known: "Known", unit: str) -> str:
    if known.value is None:
        return NOT_COUNTED
    return f"{'> ' if known.missing else ''}{quantity_text(known.value, unit, 4)}"


def _area(known: "Known") -> str:
    if known.value is None:
        return NOT_COUNTED
    return f"{'> ' if known.missing else ''}{known.value * 1e6:.4g} mm²"
