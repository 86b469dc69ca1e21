"""The README: short, its links lead somewhere, its commands exist, and its numbers are what the commands print."""

import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer.main

from spingan.cli import app
from spingan.nn.model_files import model_file
from spingan.quantities import quantity_text
from test_cli import run

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def test_it_is_read_in_one_go():
    assert len(README.splitlines()) <= 120


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_to_files_lead_to_files(page):
    text = page.read_text(encoding="utf-8")
    places = [place for place in re.findall(r"\]\(([^)#\s]+)[^)]*\)", text) if "://" not in place]
    missing = [place for place in places if not (page.parent / place).exists()]
    assert not missing


def written_commands(text: str) -> set[str]:
    """Commands of spingan in code spans and blocks, with what stands for several (`a|b`) taken apart."""
    spans = [*re.findall(r"`(spingan [^`]+)`", text), *re.findall(r"^(spingan [^#\n]+)", text, re.MULTILINE)]
    commands = set()
    for span in spans:
        plain = " ".join(span.replace("\\|", "|").split())
        choices = re.search(r"\S+(\|\S+)+", plain)
        if choices and "|" in choices[0] and not choices[0].isupper():
            commands |= {plain.replace(choices[0], word) for word in choices[0].split("|")}
        else:
            commands.add(plain)
    return commands


def unknown_words(command: str) -> list[str]:
    """The subcommands and options of a command that the program does not have."""
    words = shlex.split(command.replace("...", " "))[1:]
    here: Any = typer.main.get_command(app)
    while hasattr(here, "commands") and words and words[0].islower() and not words[0].startswith("-"):
        if words[0] not in here.commands:
            return [words[0]]
        here = here.commands[words.pop(0)]
    known = {option for parameter in here.params for option in (*parameter.opts, *parameter.secondary_opts)}
    options = {word.partition("=")[0] for word in words if word.startswith("--")}
    return sorted(options - known - {"--help", "--version"})


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_and_their_options_exist(page):
    commands = written_commands(page.read_text(encoding="utf-8"))
    assert {command: found for command in commands if (found := unknown_words(command))} == {}


def test_a_command_that_does_not_exist_is_found():
    assert unknown_words("spingan evalute clothes") == ["evalute"]
    assert unknown_words("spingan cost clothes --accountng full --json") == ["--accountng"]


def test_energies_are_what_the_commands_print():
    paper = json.loads(run("cost", "fashion-mnist", "--accounting", "paper", "--json").stdout)
    clothes = json.loads(run("cost", "clothes-longer", "--json").stdout)
    energy, low, high = (clothes[f"energy_{end}j"] for end in ("per_image_", "low_", "high_"))
    reads = sum(item["energy_j"] or 0 for item in clothes["items"] if item["item"] == "array reads")
    for says in (
        f"| {paper['forward_energy_nj']:.4f} nJ (printed: 4.9) |",
        f"| {clothes['generator_forward_energy_nj']:.4f} nJ |",
        f"| {quantity_text(energy, 'J', 3)} ({low * 1e6:.2g} to {high * 1e6:.2g}), {100 * reads / energy:.0f} %",
    ):
        assert says in README, says


@pytest.mark.slow
def test_distances_and_varieties_are_what_the_commands_print():
    ours, papers = (json.loads(run("evaluate", name, "--json").stdout) for name in ("clothes-longer", "fashion-mnist"))
    first = f"{ours['value']:.2f} (float twin {ours['float_twin']:.2f}) | {papers['value']:.2f} | {ours['floor']:.3f} |"
    assert first in README, first
    for measure in ("precision", "recall", "coverage", "nearest_neighbour_ratio"):
        values = ours["variety"][measure], papers["variety"][measure], ours["variety_floor"][measure]
        row = " | ".join(f"{value:.2f}" for value in values)
        assert f"| {row} |" in README, f"{measure}: {row}"


def test_figures_of_the_other_nets_are_those_of_their_cards():
    told = re.findall(r"`([\w-]+)`[^`]*?\(distance ([\d.]+), recall ([\d.]+)[;)]", README)
    assert {name for name, *_ in told} == {"faces", "digits", "digits-on-chip", "clothes-on-chip"}
    for name, distance, recall in told:
        card = model_file(name).with_name(f"{name}.md").read_text(encoding="utf-8")
        measured = re.search(r"FD\(.*?\) = ([\d.]+);", card), re.search(r"recall ([\d.]+)", card)
        assert all(measured), name
        found = [float(each[1]) for each in measured if each]
        digits = len(distance.partition(".")[2])
        assert (float(distance), float(recall)) == (round(found[0], digits), found[1]), name
