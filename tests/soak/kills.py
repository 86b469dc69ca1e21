"""A small training killed at random moments and resumed each time ends bit for bit as one that was left alone.

Each training is a fork of a server process that has imported all and trained once: a start takes no ten seconds.
"""

import multiprocessing
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import small_run
from same_run import assert_same_run

from spingan.training.checkpoint import CHECKPOINT

LONGEST_S = 600.0
_LOOK_EVERY_S = 0.0005  # a checkpoint's file is half written for some milliseconds
_A_WRITE_S = 0.02  # assumed: of writing, flushing and renaming it
_FORKS = multiprocessing.get_context("forkserver")


def soak_kills(campaigns: int, kills: int, seed: int) -> int:
    """The number of campaigns that failed; each prints its own line."""
    # for the server: no thread may run where it forks, and Python 3.11 gives it no path of its own
    os.environ |= {"OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(sys.path)}
    _FORKS.set_forkserver_preload(["warm_run"])
    with tempfile.TemporaryDirectory(prefix="spingan-soak-") as place:
        _finish(Path(place) / "first", resume=False)  # waits for the server
        straight = Path(place) / "straight"
        started = time.monotonic()
        _finish(straight, resume=False)
        whole_s = time.monotonic() - started
        return sum(not _campaign(Path(place), straight, number, kills, whole_s, seed) for number in range(campaigns))


def _campaign(place: Path, straight: Path, number: int, kills: int, whole_s: float, seed: int) -> bool:
    """Whether each of the runs that together were killed `kills` times ends as the straight one.

    A run that ends before the moment at which it was to be killed is compared, and another begins in its place.
    """
    chance = random.Random(f"{seed} {number}")
    folder, said, killed, runs = place / f"run{number}", [], 0, 1
    try:
        while killed < kills:
            child = _start(folder, resume=folder.exists())
            moment, near_a_write = chance.uniform(0, whole_s / 2), chance.random() < 0.5
            child.join(moment)
            if near_a_write:
                _wait_for_a_write(folder, child)
                child.join(chance.uniform(0, _A_WRITE_S))
            child.kill()
            child.join()
            said.append(f"{moment:.2f}{'+' * near_a_write}{'' if child.exitcode else ' (ended)'}")
            assert child.exitcode in (0, -signal.SIGKILL), _words(folder)
            if child.exitcode:
                killed += 1
            else:
                assert_same_run(folder, straight)
                shutil.rmtree(folder)
                runs += 1
        _finish(folder, resume=folder.exists())
        assert_same_run(folder, straight)
        shutil.rmtree(folder)
        found = "the same"
    except AssertionError as error:
        found = error
    moments = f"after {', '.join(said)} s"
    print(f"kills: seed {seed}, campaign {number}, {killed} in {runs} runs, {moments}: {found}", flush=True)
    return found == "the same"


def _wait_for_a_write(folder: Path, child: ForkServerProcess) -> None:
    while child.is_alive() and not any(folder.glob(f".{CHECKPOINT}.*")):
        time.sleep(_LOOK_EVERY_S)


def _start(folder: Path, resume: bool) -> ForkServerProcess:
    settings = [part for setting in (*small_run.SETTINGS, *small_run.NOISE) for part in ("--set", setting)]
    arguments = ["train", "fashion-mnist", *settings, "--out", str(folder), *(["--resume"] if resume else [])]
    child = _FORKS.Process(target=small_run.run_quietly, args=(arguments, _stderr(folder)), daemon=True)
    child.start()
    return child


def _finish(folder: Path, resume: bool) -> None:
    child = _start(folder, resume)
    child.join(LONGEST_S)
    assert child.exitcode == 0, _words(folder)


def _stderr(folder: Path) -> Path:
    return folder.with_suffix(".stderr")


def _words(folder: Path) -> str:
    return " | ".join(_stderr(folder).read_text().strip().splitlines()[-2:])
