"""What a wall device's real terms are worth, as text and as a folder: the table, the terms, the curve with spread."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from spingan.devices.real_terms import KIND
from spingan.devices.wall_sensitivity import FIGURES, NONE, Effect, Sensitivity
from spingan.reports.plots import write_files
from spingan.spec.activation import ConductanceCurve
from spingan.spec.files import write_activation
from spingan.tabular import cell, csv_text, plain_text

SHOWN = {  # heading, and what a figure is multiplied by for it
    "position_low_nm": ("low nm", 1.0),
    "position_zero_nm": ("rest nm", 1.0),
    "position_high_nm": ("high nm", 1.0),
    "span_s": ("span µS", 1e6),
    "slope": ("slope", 1.0),
    "energy_j": ("energy fJ", 1e15),
    "temperature_k": ("film K", 1.0),
}


def sensitivity_text(found: Sensitivity) -> str:
    """A line that answers, the table in the convention that was asked for, and a line in the textbook's."""
    question = found.question
    asked = [one for one in found.effects if one.convention == question.convention]
    alone = [one for one in asked if one.term in question.terms.names]
    worst = max(alone, key=lambda one: abs(one.change["span_s"] or 0.0))
    bare = asked[0].figures
    share = (worst.change["span_s"] or 0.0) / (bare["span_s"] or 1.0)
    losing = [one.term for one in asked if one.lost and one.term != NONE]
    answer = f"{question.device.name}: the largest change of the span is that of {worst.term}, {share:+.0%}."
    if losing:
        answer += f" Walls are lost with {', '.join(losing)}."
    headings = ["term", *(heading for heading, _ in SHOWN.values()), "lost"]
    table = plain_text(headings, [_cells(one) for one in asked], right=range(1, len(headings)))
    lines = [answer, table]
    for one in found.effects:
        if one.term == NONE and one.convention != question.convention:
            cells = dict(zip(headings[1:], _cells(one)[1:], strict=True))
            told = ", ".join(f"{heading} {text}" for heading, text in cells.items() if text)
            lines.append(f"in the {one.convention} convention, without terms: {told}")
    return "\n".join(lines)


def headline_lines(found: Mapping[str, Mapping[str, float | None]], full_scale_a: float) -> list[str]:
    """One line a convention: where the wall stands, the span and the slope."""
    lines = []
    for convention, figures in found.items():
        shown = ("position_low_nm", "position_high_nm", "span_s", "slope")
        values = [None if (value := figures[name]) is None else value * SHOWN[name][1] for name in shown]
        low, high, span, slope = (cell(value, 3) for value in values)
        lines.append(
            f"compact wall, {convention}: at {low} and {high} nm under ±{full_scale_a * 1e6:g} µA, span {span} µS, "
            f"slope {slope}"
        )
    return lines


def _cells(effect: Effect) -> list[str]:
    cells = [effect.term]
    for name, (_, scale) in SHOWN.items():
        value, deviation = effect.figures[name], None if effect.deviation is None else effect.deviation[name]
        text = cell(None if value is None else value * scale, 3)
        cells.append(text if deviation is None else f"{text} ± {cell(deviation * scale, 2)}")
    return [*cells, f"{effect.lost}/{effect.devices}" if effect.lost else ""]


def write_sensitivity_report(
    found: Sensitivity, curve: ConductanceCurve | None, terms: Mapping[str, Any], folder: Path
) -> list[Path]:
    """Leave the table, the terms as a file to change, and the curve, if there is one."""
    headings = ["term", "convention", *FIGURES, *(f"{name}_change" for name in FIGURES),
                *(f"{name}_deviation" for name in FIGURES), "devices", "lost_devices", "note", "source"]  # fmt: skip
    rows = [
        [
            one.term, one.convention, *one.figures.values(), *one.change.values(),
            *(one.deviation.values() if one.deviation is not None else [None] * len(FIGURES)),
            one.devices, one.lost, one.note, one.source,
        ]
        for one in found.effects
    ]  # fmt: skip
    content = yaml.safe_dump({"kind": KIND, **terms}, sort_keys=False, allow_unicode=True, width=110)
    files: dict[str, Any] = {"sensitivity.csv": csv_text(headings, rows), "terms.yaml": content}
    if curve is not None:
        files[f"{curve.name}.csv"] = lambda path: write_activation(curve, path)
    return write_files(folder, files)
