"""A run that was killed and resumed ends as one that was not, and a checkpoint that does not fit is refused."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import small_run
import torch
from safetensors.torch import load_file, save_file
from same_run import assert_same_run

from spingan.errors import UserError
from spingan.nn.tensor_files import read_metadata
from spingan.training import loop
from spingan.training.checkpoint import read_checkpoint, write_checkpoint


def _command(folder: Path, *more: str) -> list[str]:
    settings = [part for setting in (*small_run.SETTINGS, *small_run.NOISE) for part in ("--set", setting)]
    return ["train", "fashion-mnist", *settings, "--out", str(folder), *more]


def _child(folder: Path, **options: object) -> subprocess.Popen[str]:
    resume = ["--resume"] if (folder / "recipe.yaml").exists() else []
    given = json.dumps({"arguments": _command(folder, *resume), **options})
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    script = [sys.executable, small_run.__file__, given]
    return subprocess.Popen(script, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)


def _kill(child: subprocess.Popen[str]) -> None:
    child.send_signal(signal.SIGKILL)
    child.communicate()


@pytest.mark.slow
def test_a_run_killed_while_it_writes_a_checkpoint_ends_bit_for_bit_the_same(run, straight, tmp_path):
    folder = tmp_path / "run"
    child = _child(folder, stuck_in_checkpoint=3)
    assert child.stdout is not None
    assert child.stdout.readline() == "stuck\n"
    _kill(child)
    assert read_checkpoint(folder / "checkpoint.safetensors")[1]["step"] == 4
    assert list(folder.glob(".checkpoint*"))
    run(folder, *small_run.NOISE, resume=True)
    assert not list(folder.glob(".*"))
    assert_same_run(folder, straight)


@pytest.mark.slow
def test_a_run_killed_at_random_moments_ends_bit_for_bit_the_same(run, straight, tmp_path):
    folder = tmp_path / "run"
    chance = random.Random(time.time_ns())
    for _ in range(3):
        child = _child(folder)
        while not (folder / "metrics.csv").exists() and child.poll() is None:
            time.sleep(0.01)
        time.sleep(chance.uniform(0, 5))
        _kill(child)
    run(folder, *small_run.NOISE, resume=True)
    assert_same_run(folder, straight)


def test_an_interrupted_run_exits_130_and_goes_on_where_it_can(run, straight, tmp_path, monkeypatch):
    from spingan.cli import main

    plain = loop.train_step

    def interrupted(*given):
        if given[5] == 7:
            raise KeyboardInterrupt  # what SIGINT becomes, and not lost where a shell made it ignored
        return plain(*given)

    folder = tmp_path / "run"
    monkeypatch.setattr(loop, "train_step", interrupted)
    monkeypatch.setattr(loop, "load_training_set", lambda recipe: (small_run.random_images(), None))
    monkeypatch.setattr(sys, "argv", ["spingan", *_command(folder)])
    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code == 130
    monkeypatch.setattr(loop, "train_step", plain)
    run(folder, *small_run.NOISE, resume=True)
    assert_same_run(folder, straight)


@pytest.fixture
def begun(straight, tmp_path):
    """A copy of a finished run that a test may spoil."""
    folder = tmp_path / "begun"
    folder.mkdir()
    for name in ("checkpoint.safetensors", "metrics.csv"):
        (folder / name).write_bytes((straight / name).read_bytes())
    return folder


def test_a_run_is_not_overwritten_unless_asked_to_go_on(run, begun):
    with pytest.raises(UserError, match=r"holds a run already\n.*--resume"):
        run(begun, *small_run.NOISE)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ("batch_size=13", "batch_size"),
        ("seed=1", "seed"),
        ("technology=ideal", "technology"),
        ("average_decay=0.9", "average_decay"),
        ("average_from=0", "average_from for steps already made"),
        ("read_noise.fraction=0.03", "read_noise"),
        ("net=colour-64", "net"),
    ],
)
def test_a_run_does_not_go_on_with_other_settings(run, begun, change, named):
    before = (begun / "checkpoint.safetensors").read_bytes()
    with pytest.raises(UserError, match=f"begun with another {named}"):
        run(begun, *small_run.NOISE, change, resume=True)
    assert (begun / "checkpoint.safetensors").read_bytes() == before


def test_a_run_begun_before_technologies_had_a_key_goes_on(run, begun):
    checkpoint = begun / "checkpoint.safetensors"
    parts, state = read_checkpoint(checkpoint)
    for key in ("row_feed", "partial_sums", "transposed"):
        del state["technology"][key]
    write_checkpoint(checkpoint, parts, state)
    run(begun, *small_run.NOISE, resume=True)


def test_a_run_does_not_go_on_with_other_images_or_fewer_epochs(run, begun):
    with pytest.raises(UserError, match="begun with 37 images, and now there are 30"):
        run(begun, *small_run.NOISE, resume=True, images=small_run.random_images(30))
    with pytest.raises(UserError, match="more than 2 epochs already"):
        run(begun, *small_run.NOISE, "epochs=2", resume=True)


def test_a_finished_run_stays_as_it_is(run, begun):
    before = (begun / "checkpoint.safetensors").read_bytes(), (begun / "metrics.csv").read_bytes()
    run(begun, *small_run.NOISE, resume=True)
    assert ((begun / "checkpoint.safetensors").read_bytes(), (begun / "metrics.csv").read_bytes()) == before


@pytest.mark.parametrize("kind", ["truncated", "text", "empty", "weights", "no header", "other net"])
def test_a_checkpoint_that_is_none_is_an_error_that_names_it(run, straight, begun, kind):
    path = begun / "checkpoint.safetensors"
    whole = path.read_bytes()
    if kind == "weights":
        path.write_bytes((straight / "weights.safetensors").read_bytes())
    elif kind == "no header":
        save_file({"generator/a": torch.zeros(2)}, path)
    elif kind == "other net":
        tensors = load_file(path)
        tensors["generator/conv1.weight"] = torch.zeros(1, 2, 3, 3)
        save_file(tensors, path, {"spingan": json.dumps(read_metadata(straight / path.name, "checkpoint"))})
    else:
        path.write_bytes({"truncated": whole[: len(whole) // 2], "text": b"not a checkpoint", "empty": b""}[kind])
    message = "checkpoint is of another net" if kind == "other net" else r"checkpoint\.safetensors is not"
    with pytest.raises(UserError, match=message):
        run(begun, *small_run.NOISE, resume=True)


def test_resumed_optimizers_keep_every_bit(run, begun):
    before = load_file(begun / "checkpoint.safetensors")
    run(begun, *small_run.NOISE, "epochs=4", resume=True)
    after = load_file(begun / "checkpoint.safetensors")
    steps = [key for key in before if key.endswith(".step")]
    assert steps
    assert all(np.isclose(after[key] - before[key], small_run.STEPS_AN_EPOCH) for key in steps)


def test_resuming_where_nothing_was_begun_is_refused(run, tmp_path):
    with pytest.raises(UserError, match="holds no run"):
        run(tmp_path / "empty", *small_run.NOISE, resume=True)
