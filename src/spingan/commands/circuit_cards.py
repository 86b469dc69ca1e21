"""The command `spingan circuit cards`: what the transistors do that the circuits are simulated with."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from spingan.commands.printing import print_json, print_table

CardsFile = Annotated[
    Path | None,
    typer.Option("--cards", metavar="FILE", help="Models of your own, n and p; by default the generic ones."),
]
Node = Annotated[
    Literal["16nm", "180nm"] | None,
    typer.Option("--node", help="Of the file, 16nm by default; of the generic ones, both."),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
HEADINGS = ("cards", "", "Vt lin", "Vt sat", "on", "off", "swing", "DIBL", "inverter turns", "gain")
UNITS = ("", "", "V", "V", "µA/µm", "nA/µm", "mV/decade", "mV/V", "V", "")


def cards(cards: CardsFile = None, node: Node = None, json: Json = False) -> None:
    """The figures of transistor cards, at their node's length and supply, by one sweep in ngspice."""
    from dataclasses import asdict

    from spingan.circuits.cards import load_cards
    from spingan.circuits.cards.figures import card_figures

    nodes = (node,) if node is not None else ("16nm",) if cards is not None else ("16nm", "180nm")
    found = [(chosen := load_cards(cards, each), card_figures(chosen)) for each in nodes]
    if json:
        print_json({"cards": [{"name": each.name, "node": each.node, **asdict(figures)} for each, figures in found]})
        return
    rows: list[tuple[str, ...]] = [UNITS]
    for each, figures in found:
        inverter = f"{figures.inverter_threshold_v:.3f}", f"{figures.inverter_gain:.1f}"
        for kind, one, last in (("n", figures.nmos, inverter), ("p", figures.pmos, ("", ""))):
            numbers = (
                f"{one.linear_threshold_v:.3f}",
                f"{one.saturation_threshold_v:.3f}",
                f"{one.on_a_per_m:.0f}",
                f"{one.off_a_per_m * 1e3:.3g}",
                f"{one.swing_v_per_decade * 1e3:.0f}",
                f"{one.dibl * 1e3:.0f}",
            )
            rows.append((each.name, kind, *numbers, *last))
    print_table(HEADINGS, rows, right=tuple(range(2, len(HEADINGS))))
