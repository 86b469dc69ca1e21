import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from spingan.circuits.cards import load_cards
from spingan.circuits.cards.figures import card_figures
from spingan.cli import app

DOCS = Path(__file__).parents[2] / "docs" / "circuits.md"


def cards(*words):
    done = CliRunner().invoke(app, ["circuit", "cards", *words])
    assert done.exit_code == 0, done.output
    return done.stdout


def test_the_commands_figures_are_those_of_the_cards(ngspice, tmp_path):
    both = json.loads(cards("--json"))["cards"]
    assert [(each["name"], each["node"]) for each in both] == [("generic-16nm", "16nm"), ("generic-180nm", "180nm")]
    for each in both:
        figures = card_figures(load_cards(node=each["node"]))
        assert each["nmos"]["on_a_per_m"] == figures.nmos.on_a_per_m
        assert each["inverter_gain"] == figures.inverter_gain
    file = tmp_path / "mine.pm"
    file.write_text(load_cards(node="180nm").text)
    (own,) = json.loads(cards("--cards", str(file), "--node", "180nm", "--json"))["cards"]
    assert own == {**both[1], "name": "mine"}


def test_the_table_in_the_documentation_is_the_commands(ngspice):
    rows = [line.split()[1:] for line in cards().splitlines() if line.startswith("generic")]
    documented = [
        [cell.strip() for cell in line.split("|")[2:-1] if cell.strip()]
        for line in DOCS.read_text(encoding="utf-8").splitlines()
        if line.startswith(("| generic-", "| | p |"))
    ]
    assert len(rows) == 4
    assert documented == rows


@pytest.mark.parametrize("node", ["16nm", "180nm"])
def test_one_node_can_be_asked_for(ngspice, node):
    assert f"generic-{node}" in cards("--node", node)
    assert len(cards("--node", node).splitlines()) == 5  # headings, a line, units, two transistors
