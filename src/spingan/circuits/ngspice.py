"""Runs of ngspice: a netlist in, arrays out, or one clear error.

Every run has a folder of its own, so that no older result can pass for its own, and start-up settings of its own, so
that a user's do not change it: one thread (ngspice's eight slow small circuits down), binary results, and no operating
point taken from a transient run, which ngspice 39 otherwise accepts also where the circuit has none.
"""

import math
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from itertools import count
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from spingan.circuits.messages import ignored_parameters, logical_lines, refusal, replaced_model, warnings
from spingan.circuits.raw_file import Plot, read_raw
from spingan.errors import UserError

OLDEST_VERSION = 39  # the oldest that the tests have been run with
INSTALL = "Install it: apt-get install ngspice (Debian, Ubuntu), or brew install ngspice (macOS)"
PER_LINE = 6  # pairs of numbers in a line of a netlist
SETTINGS = "set num_threads=1\nset filetype=binary\noptran 1 1 1 0 0 0\n"


@dataclass(frozen=True)
class _Wishes:
    """What `wishes` says of the runs within it."""

    keep: Path | None = None
    time_limit_s: float | None = None


_NO_WISHES = _Wishes()
_WISHES: ContextVar[_Wishes] = ContextVar("wishes", default=_NO_WISHES)


@dataclass(frozen=True, eq=False)
class Run:
    """What a run gave: plots, ngspice's warnings, and the seconds it took.

    Several analyses of one kind are in the netlist's order; the kinds follow one another as ngspice runs them.
    """

    plots: tuple[Plot, ...]
    warnings: tuple[str, ...]
    seconds: float


def run(netlist: str, *, time_limit_s: float = 60.0) -> Run:
    """Run a netlist, whose first line is its title, as in every SPICE.

    The netlist is whole: it names no other file, and no `.control` section, which could start programs.

    Args:
        time_limit_s: Longest wall-clock time.

    Raises:
        UserError: ngspice is missing or too old, it refuses the netlist or ignores parameters of a model in it, it does
            not converge, takes too long or is killed; or the netlist asks for a script or a file.
    """
    _refuse_scripts_and_files(netlist)
    if time_limit_s <= 0:
        raise UserError(f"the time limit of {time_limit_s:g} s is not above 0", "Give the seconds that a run may take")
    limit_s = _WISHES.get().time_limit_s or time_limit_s
    program = find_ngspice()
    with _folder(_next_kept()) as folder:
        (folder / "spinit").write_text(SETTINGS, encoding="ascii")
        (folder / "deck.cir").write_text(f"{netlist.rstrip()}\n.end\n", encoding="utf-8")
        started = time.perf_counter()
        finished = _execute(program, folder, limit_s)
        seconds = time.perf_counter() - started
        results = folder / "deck.raw"
        if finished.returncode != 0:
            if finished.returncode < 0:
                raise UserError(
                    f"ngspice was killed by signal {-finished.returncode}",
                    "Signal 11 is a crash on a line that it cannot read, such as an open bracket; signal 9 comes from "
                    "outside",
                )
            raise refusal(netlist, finished.stdout, finished.stderr)
        misread = replaced_model(netlist, finished.stderr) or ignored_parameters(finished.stderr)
        if misread is not None:
            raise misread
        if not results.exists():
            raise UserError("the netlist asks for no analysis", "Add one, such as .op, .dc, .ac or .tran")
        plots = read_raw(results.read_bytes(), "ngspice's result")
    unfinished = [plot.name for plot in plots if plot.points == 0]
    if unfinished or not plots:
        raise UserError(f"ngspice gave no values for {unfinished or 'any analysis'}", "Look at the netlist's analyses")
    return Run(_in_order(plots), warnings(finished.stdout, finished.stderr), seconds)


@contextmanager
def wishes(keep: Path | None = None, time_limit_s: float | None = None) -> Iterator[None]:
    """What all runs within shall do, whoever asks for them; threads must be started in a copy of the context.

    Args:
        keep: a new folder, in which each run keeps its files: in 001, 002 and so on; None: nothing is kept.
        time_limit_s: instead of each run's own; None: that.

    Raises:
        UserError: The folder holds something already, or cannot be made; or the limit is not above 0.
    """
    if time_limit_s is not None and not 0 < time_limit_s < math.inf:
        raise UserError(f"the time limit of {time_limit_s:g} s is not above 0", "Give the seconds that a run may take")
    if keep is not None:
        with _folder(keep):
            pass
    token = _WISHES.set(_Wishes(keep, time_limit_s))
    try:
        yield
    finally:
        _WISHES.reset(token)


def _next_kept() -> Path | None:
    """A new folder for a run's files, where they are to be kept; no two threads get the same."""
    keep = _WISHES.get().keep
    if keep is None:
        return None
    for number in count(sum(1 for _ in keep.iterdir()) + 1):
        folder = keep / f"{number:03d}"
        try:
            folder.mkdir()
        except FileExistsError:
            continue
        except OSError as error:
            raise UserError(f"{folder}: {error.strerror}", "Name a folder that can be written") from None
        return folder
    raise AssertionError


def _in_order(plots: tuple[Plot, ...]) -> tuple[Plot, ...]:
    """The plots with those of one kind turned round: ngspice runs the analyses of a kind last to first."""
    of_kind = {name: [plot for plot in plots if plot.name == name] for name in dict.fromkeys(p.name for p in plots)}
    return tuple(of_kind[plot.name].pop() for plot in plots)


def pairs(x: NDArray[np.float64], y: NDArray[np.float64], between: str, digits: int = 9) -> str:
    """Two columns as the numbers of a table, with exponents (ngspice reads `26.562a` as a name), on `+` lines."""
    written = [f"{a:.{digits}e}{between}{b:.{digits}e}" for a, b in zip(x.tolist(), y.tolist(), strict=True)]
    rows = [between.join(written[at : at + PER_LINE]) for at in range(0, len(written), PER_LINE)]
    return f"{between}\n+ ".join(rows)


def dc_line(source: str, lowest: float, highest: float, points: int, unit: str = "") -> str:
    """The `.dc` line that sweeps a source over evenly spaced points.

    Args:
        unit: what a volt of the source stands for, for the error.

    Raises:
        UserError: Fewer than two points, or ends that do not rise.
    """
    if points < 2 or not lowest < highest:
        raise UserError(
            f"{points} points from {lowest:g} to {highest:g}{unit} are no sweep",
            "Give two points at least, and a highest input above the lowest",
        )
    step = (highest - lowest) / (points - 1)
    # A quarter step more: the sum of the steps may end beyond the last by a rounding.
    return f".dc {source} {lowest:.9e} {highest + step / 4:.9e} {step:.9e}"


def find_ngspice() -> str:
    """The program's path, of a version that will do.

    Raises:
        UserError: There is none on the PATH, it does not say its version, or it is too old.
    """
    program = shutil.which("ngspice")
    if program is None:
        raise UserError("the program ngspice is not installed, or not on the PATH", INSTALL)
    version = _version(program, Path(program).stat().st_mtime_ns)
    if version < OLDEST_VERSION:
        raise UserError(f"{program} is ngspice {version}, older than {OLDEST_VERSION}", INSTALL)
    return program


def ngspice_version() -> int:
    """The version of the program that runs.

    Raises:
        UserError: As `find_ngspice`.
    """
    program = find_ngspice()
    return _version(program, Path(program).stat().st_mtime_ns)


@lru_cache(maxsize=8)
def _version(program: str, changed_ns: int) -> int:
    """The version that a program names, asked once for each state of its file."""
    try:
        answer = subprocess.run([program, "--version"], capture_output=True, timeout=10, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise UserError(f"{program} does not run: {error}", INSTALL) from None
    found = re.search(r"ngspice-(\d+)", answer.stdout.decode("utf-8", errors="replace"))
    if found is None:
        raise UserError(f"{program} does not say which version of ngspice it is", INSTALL)
    return int(found[1])


@contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    """An empty folder: a temporary one, or the one to keep."""
    if keep is None:
        with tempfile.TemporaryDirectory(prefix="spingan-") as temporary:
            yield Path(temporary)
        return
    try:
        keep.mkdir(parents=True, exist_ok=True)
        full = any(keep.iterdir())
    except OSError as error:
        raise UserError(f"{keep}: {error.strerror}", "Name a folder that can be made") from None
    if full:
        raise UserError(f"{keep} holds files already", "Name a new folder: old results must not pass for new ones")
    yield keep.resolve()


def _execute(program: str, folder: Path, time_limit_s: float) -> subprocess.CompletedProcess[str]:
    others = {name: value for name, value in os.environ.items() if not name.startswith(("SPICE", "NGSPICE"))}
    words = [program, "-n", "-b", "-r", "deck.raw", "deck.cir"]
    try:
        child = subprocess.Popen(
            words,
            cwd=folder,
            env=others | {"SPICE_SCRIPTS": str(folder), "LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="replace",
            process_group=0,  # of its own: ngspice may be a script that starts the program
        )
    except OSError as error:
        raise UserError(f"{program} does not run: {error.strerror}", INSTALL) from None
    with child:
        try:
            output, errors = child.communicate(timeout=time_limit_s)
        except subprocess.TimeoutExpired:
            raise UserError(
                f"ngspice was stopped after its time limit of {time_limit_s:g} s",
                "Ask for fewer points or a shorter time, or give it a higher limit",
            ) from None
        finally:
            if child.poll() is None:  # nothing that the run started outlives it, also when the user breaks it off
                with suppress(ProcessLookupError):
                    os.killpg(child.pid, signal.SIGKILL)
                child.wait()
    return subprocess.CompletedProcess(words, child.returncode, output, errors)


def _refuse_scripts_and_files(netlist: str) -> None:
    """Refuse what would let a netlist start programs or read other files; `*ng_script` makes a script of it all."""
    scripts = (".control", "*ng_script")
    files = (".include", ".inc", ".lib")
    for number, line in logical_lines(netlist):
        word = line.split()[0].lower()
        if word.startswith(scripts):
            raise UserError(
                f"netlist line {number}: {line[:60]!r} is a script", "Ask by .op, .dc, .ac, .tran lines only"
            )
        if word in files:
            raise UserError(f"netlist line {number}: {line[:60]!r} names a file", "Paste the file's text instead")
        if word == ".end" or "\0" in line:
            raise UserError(f"netlist line {number}: {line[:60]!r} is out of place", "Leave .end and NUL bytes out")
