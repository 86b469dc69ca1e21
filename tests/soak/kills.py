"""A small training killed at random moments and resumed each time ends bit for bit as one that was left alone."""

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import small_run
from same_run import assert_same_run

LONGEST_S = 600.0  # a start takes ten seconds on a busy core


def soak_kills(campaigns: int, kills: int, seed: int) -> int:
    """The number of campaigns that failed; each prints its own line."""
    with tempfile.TemporaryDirectory(prefix="spingan-soak-") as place:
        straight = Path(place) / "straight"
        started = time.monotonic()
        _finish(straight, resume=False)
        whole_s = time.monotonic() - started
        return sum(not _campaign(Path(place), straight, number, kills, whole_s, seed) for number in range(campaigns))


def _campaign(place: Path, straight: Path, number: int, kills: int, whole_s: float, seed: int) -> bool:
    chance = random.Random(f"{seed} {number}")
    folder, moments = place / f"run{number}", []
    for _ in range(kills):
        child = _start(folder, resume=folder.exists())
        moments.append(chance.uniform(0, whole_s))
        try:
            child.wait(moments[-1])
        except subprocess.TimeoutExpired:
            child.send_signal(signal.SIGKILL)
        said = child.communicate()[1]
        if child.returncode not in (0, -signal.SIGKILL):
            return _told(number, seed, moments, said.strip().splitlines()[-2:])
    try:
        _finish(folder, resume=folder.exists())
        assert_same_run(folder, straight)
    except AssertionError as error:
        return _told(number, seed, moments, error)
    return _told(number, seed, moments, None)


def _told(number: int, seed: int, moments: list[float], error: object) -> bool:
    after = ", ".join(f"{moment:.1f}" for moment in moments)
    found = "the same" if error is None else error
    print(f"kills: seed {seed}, campaign {number}, after {after} s: {found}", flush=True)
    return error is None


def _start(folder: Path, resume: bool) -> "subprocess.Popen[str]":
    settings = [part for setting in (*small_run.SETTINGS, *small_run.NOISE) for part in ("--set", setting)]
    arguments = ["train", "fashion-mnist", *settings, "--out", str(folder), *(["--resume"] if resume else [])]
    script = [sys.executable, small_run.__file__, json.dumps({"arguments": arguments})]
    one_thread = os.environ | {"OMP_NUM_THREADS": "1"}
    return subprocess.Popen(script, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=one_thread)


def _finish(folder: Path, resume: bool) -> None:
    child = _start(folder, resume)
    said = child.communicate(timeout=LONGEST_S)[1]
    assert child.returncode == 0, said
