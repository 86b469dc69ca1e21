"""What a user can get wrong about circuits, at the command line: one clear error, status 2, and nothing left behind."""

import os
import stat
import time
from pathlib import Path

import pytest

from spingan.circuits.cards import load_cards
from spingan.devices.published import CURVES
from spingan.spec.files import read_activation, write_activation
from test_cli import assert_refused, run

CELL = "dropout-switch"  # the quickest of the cells with transistors
CURVE = read_activation(CURVES / "relu_designed.csv")
EVIL = "a b;$(touch spoilt) `touch spoilt`\n.control\nshell touch spoilt\n.endc\n'\"|&"


@pytest.fixture
def temporary(tmp_path, monkeypatch):
    """The folder where runs have theirs; the command runs in another empty one."""
    for name in ("temporary", "here"):
        (tmp_path / name).mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    monkeypatch.chdir(tmp_path / "here")
    yield tmp_path / "temporary"
    assert list((tmp_path / "temporary").iterdir()) == []


@pytest.fixture
def program(tmp_path, monkeypatch):
    """Puts a script of the caller's in the place of ngspice."""

    def install(script):
        folder = tmp_path / "programs"
        folder.mkdir()
        file = folder / "ngspice"
        file.write_text(f'#!/bin/sh\n[ "$1" = --version ] && echo ngspice-99 && exit 0\n{script}\n')
        file.chmod(file.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")

    return install


@pytest.mark.parametrize("command", [(CELL,), ("leaky-relu",), ("export", CELL), ("export", "relu")], ids="-".join)
@pytest.mark.parametrize(
    ("text", "said"),
    [
        (".model nch nmos level=14", "no pmos model"),
        ("* nothing", "no nmos model"),
        (".model nch nmos level=14\n.control\nshell touch spoilt\n.endc", "is neither .model nor .param"),
    ],
)
def test_a_card_file_without_the_models_is_refused(ngspice, temporary, tmp_path, command, text, said):
    file = tmp_path / "cards.pm"
    file.write_text(text)
    assert_refused(run("circuit", *command, "--cards", str(file)), said)
    assert not (tmp_path / "here" / "spoilt").exists()


def test_a_card_file_that_is_not_there_is_refused(ngspice, temporary):
    assert_refused(run("circuit", CELL, "--cards", "none.pm"), "none.pm", "there is no file")


def test_a_curve_that_does_not_cover_the_drive_is_refused(ngspice, temporary, tmp_path):
    upper = [at for at, value in enumerate(CURVE.input) if value > 0]
    part = {name: tuple(getattr(CURVE, name)[at] for at in upper) for name in ("input", "rising")}
    file = tmp_path / "half.csv"
    settling = CURVE.settling.model_copy(update={"input": (1e-6,), "time_s": (1e-9,)})
    write_activation(CURVE.model_copy(update={**part, "settling": settling, "linear_range": None}), file)
    assert_refused(run("circuit", "relu", "--curve", str(file)), "zero is not between them")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("relu", "--curve", "none.csv"), "there is no conductance curve none.csv"),
        (("relu", "--curve", str(CURVES / "skyrmion_designed.csv")), "kind is 'synapse'"),
        (("relu", "--curve", str(CURVES / "tanh_am_dcgan.csv")), "in V against V"),
        (("export", "zork"), "there is no cell 'zork' to export"),
        (("export", CELL, "--format", "verilog-a"), "has no device of its own"),
        (("export", "memristor"), "there is no cell 'memristor' to export"),
        (("export", "memristor", "--format", "verilog-a", "--technology", "ideal"), "has no synapse"),
        (
            ("export", "memristor", "--format", "verilog-a", "--technology", "skyrmion-designed"),
            "does not say write.pulse_amplitude_v",
        ),
        (("export-crossbar",), "give either --model or --weights"),
        (("export-crossbar", "--weights", "none.csv"), "none.csv"),
        (("export-crossbar", "--weights", "w", "--columns", "3-"), "'3-' is no column"),
        (("--time-limit-s", "0", CELL), "the time limit of 0 s is not above 0"),
    ],
)
def test_what_there_is_not_is_said_with_what_there_is(ngspice, temporary, words, said):
    assert_refused(run("circuit", *words), said)


def test_cards_that_ngspice_refuses_come_back_with_their_line(ngspice, temporary, tmp_path):
    file = tmp_path / "cards.pm"
    text = load_cards(node="180nm").text
    file.write_text(text.replace("level=8", "level=99"))
    assert_refused(run("circuit", CELL, "--cards", str(file)), "ngspice refuses", "Only MOS device levels")
    # ngspice itself would take level 1 for it, say so and go on.
    file.write_text(text.replace("nmos level=8", "nmos level=7654"))
    assert_refused(run("circuit", CELL, "--cards", str(file)), "knows no level", ".model nmos_generic nmos level=7654")


def test_a_run_past_its_time_limit_is_stopped_with_all_that_it_started(temporary, tmp_path, program):
    program(f'echo $$ > "{tmp_path}/first"; sleep 300 & echo $! > "{tmp_path}/second"; wait')
    began = time.monotonic()
    assert_refused(run("circuit", "--time-limit-s", "1", CELL), "stopped after its time limit of 1 s")
    assert time.monotonic() - began < 60
    for name in ("first", "second"):
        assert _has_ended(int((tmp_path / name).read_text()))


def _has_ended(process):
    """Whether a process ends within five seconds; one that has ended and waits to be reaped counts."""
    state = Path(f"/proc/{process}/stat")  # on Linux
    for _ in range(50):
        try:
            os.kill(process, 0)
            if state.exists() and state.read_text(encoding="ascii").rsplit(")", 1)[1].split()[0] == "Z":
                return True
        except (ProcessLookupError, FileNotFoundError):
            return True
        time.sleep(0.1)
    return False


def test_names_with_shell_characters_and_line_ends_reach_no_shell_and_no_netlist(ngspice, temporary, tmp_path):
    odd = tmp_path / EVIL.replace("/", "")
    odd.mkdir()
    cards, curve, deck = (odd / f"{odd.name}.{ending}" for ending in ("pm", "csv", "cir"))
    write_activation(CURVE.model_copy(update={"name": EVIL}), curve)
    for node, words in (
        ("180nm", (CELL,)),
        ("16nm", ("export", "relu", "--out", str(deck), "--curve", str(curve), "--cell", "fitted")),  # ngspice fits
    ):
        cards.write_text(load_cards(node=node).text)
        result = run("circuit", "--keep", str(odd / "-".join(words[-1:])), *words, "--cards", str(cards))
        assert result.exit_code == 0, result.output
    netlists = [*odd.glob("*/*/deck.cir"), deck]
    assert len(netlists) == 4  # two runs of the cell, the fit's one, and the deck
    for netlist in netlists:
        lines = netlist.read_text().splitlines()
        assert not [line for line in lines if line.startswith(("shell", "'", ".endc")) and line != ".endc"]
    assert list((tmp_path / "here").iterdir()) == []


def test_files_are_kept_on_request_only_and_never_over_older_ones(ngspice, temporary, tmp_path):
    kept = tmp_path / "kept"
    assert run("circuit", "--keep", str(kept), CELL).exit_code == 0
    runs = sorted(kept.iterdir())
    assert [folder.name for folder in runs] == [f"{number:03d}" for number in range(1, len(runs) + 1)]
    assert all({"deck.cir", "deck.raw"} <= {file.name for file in folder.iterdir()} for folder in runs)
    assert_refused(run("circuit", "--keep", str(kept), CELL), "holds files already")
    assert run("circuit", CELL).exit_code == 0
    assert sorted(kept.iterdir()) == runs


@pytest.mark.parametrize("command", [CELL, "leaky-relu", "relu", "am-dcgan-cnn"])
def test_without_ngspice_a_simulation_says_how_to_install_it(temporary, tmp_path, monkeypatch, command):
    monkeypatch.setenv("PATH", "")
    assert_refused(run("circuit", command), "ngspice is not installed", "apt-get install ngspice", "brew install")
    assert list((tmp_path / "here").iterdir()) == []


@pytest.mark.parametrize(
    "words",
    [("list",), ("export", CELL), ("export", "leaky-relu"), ("export", "leaky-relu", "--format", "verilog-a")],
    ids="-".join,
)
def test_what_needs_no_ngspice_works_without_it(temporary, monkeypatch, words):
    monkeypatch.setenv("PATH", "")
    result = run("circuit", *words)
    assert result.exit_code == 0, result.output
