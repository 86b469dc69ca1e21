"""What the skyrmion synapse's real terms are worth, as text and as a folder: the table, and the terms to change."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from spingan.devices.real_terms import SYNAPSE_KIND
from spingan.devices.skyrmion_synapse_real import FIGURES, SynapseEffect
from spingan.reports.plots import write_files
from spingan.tabular import cell, csv_text, plain_text

SHOWN = {  # heading, and what a figure is multiplied by for it
    "skyrmions_in": ("in", 1.0),
    "skyrmions_left": ("left", 1.0),
    "skyrmions_lost": ("lost", 1.0),
    "lowest_conductance_s": ("lowest mS", 1e3),
    "span_s": ("span mS", 1e3),
    "read_displacement_nm": ("a read moves nm", 1.0),
    "pulse_energy_j": ("pulse fJ", 1e15),
    "temperature_k": ("film K", 1.0),
}


def synapse_sensitivity_text(effects: Sequence[SynapseEffect]) -> str:
    """The table, working point after working point."""
    rows = []
    for effect in effects:
        cells = [effect.synapse, effect.term]
        for name, (_, scale) in SHOWN.items():
            value, deviation = effect.figures[name], None if effect.deviation is None else effect.deviation[name]
            text = cell(None if value is None else value * scale, 3)
            cells.append(text if deviation is None else f"{text} ± {cell(deviation * scale, 2)}")
        rows.append([*cells, effect.note])
    headings = ["synapse", "term", *(heading for heading, _ in SHOWN.values()), ""]
    return plain_text(headings, rows, right=range(2, len(headings) - 1))


def write_synapse_sensitivity(effects: Sequence[SynapseEffect], terms: Mapping[str, Any], folder: Path) -> list[Path]:
    """Leave the table and the terms as a file to change."""
    headings = ["synapse", "term", *FIGURES, *(f"{name}_change" for name in FIGURES),
                *(f"{name}_deviation" for name in FIGURES), "devices", "note", "source"]  # fmt: skip
    rows = [
        [
            one.synapse, one.term, *one.figures.values(), *one.change.values(),
            *(one.deviation.values() if one.deviation is not None else [None] * len(FIGURES)),
            one.devices, one.note, one.source,
        ]
        for one in effects
    ]  # fmt: skip
    content = yaml.safe_dump({"kind": SYNAPSE_KIND, **terms}, sort_keys=False, allow_unicode=True, width=110)
    return write_files(folder, {"sensitivity.csv": csv_text(headings, rows), "terms.yaml": content})
