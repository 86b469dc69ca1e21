"""A training small enough for tests. As a program: the command line on it, in a process that a test may kill.

Usage: python small_run.py '{"arguments": [...], "stuck_in_checkpoint": 3, "file_size_limit": 1000000}'
"""

import json
import os
import resource
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from spingan.nn import tensor_files, weights
from spingan.training import checkpoint, loop, nets

STEPS_AN_EPOCH = 4  # 3 of 12 images and, last, one of a single image
SETTINGS = (
    "batch_size=12",
    "epochs=3",
    "precision=fp32",
    "log_every=3",
    "checkpoint_every=2",
    "calibrate_every=5",
    "sample_count=4",
    "sample_epochs=[1]",
)
NOISE = (  # and all else that is drawn
    "read_noise={fraction: 0.02}",
    "programming_noise={fraction: 0.01}",
    "loss=relativistic",
    "slope_penalty={weight: 1, every: 2}",
    "augmentation={shift: 2, cutout: 5}",
)


def random_images(count: int = 37) -> NDArray[np.uint8]:
    """Grey 28 x 28 images of nothing."""
    return np.random.default_rng(7).integers(0, 256, (count, 28, 28), np.uint8)


def make_small() -> None:
    """What has no recipe key: one thread, and as few latents as possible behind batch norm's statistics."""
    torch.set_num_threads(1)
    nets.fitting_inputs = lambda *of: weights.fitting_inputs(*of)[:1]  # pyright: ignore[reportAttributeAccessIssue]


def small_share(function: Callable[..., None], *arguments: Any) -> None:
    """`function(*arguments)` in one of several processes."""
    make_small()
    function(*arguments)


def _get_stuck(number: int) -> None:
    """Stop for ever in the middle of writing checkpoint `number`, and say so."""
    whole = tensor_files.atomic_path
    begun = 0

    @contextmanager
    def stuck(path: Path) -> Iterator[Path]:
        nonlocal begun
        ours = Path(path).name == checkpoint.CHECKPOINT
        begun += ours
        with whole(path) as temporary:
            yield temporary
            if ours and begun == number:
                os.truncate(temporary, temporary.stat().st_size // 2)
                print("stuck", flush=True)
                signal.pause()

    tensor_files.atomic_path = stuck  # pyright: ignore[reportAttributeAccessIssue]


def run_quietly(arguments: list[str], stderr: Path) -> None:
    """The command line in this process, its standard error in a file; for a process that was forked for it."""
    with stderr.open("w") as said, Path(os.devnull).open("w") as nothing:
        os.dup2(said.fileno(), 2)
        os.dup2(nothing.fileno(), 1)
    _main({"arguments": arguments})


def _main(options: dict[str, Any]) -> None:
    from spingan.cli import main

    make_small()
    loop.load_training_set = lambda recipe: (random_images(), None)
    if "file_size_limit" in options:
        resource.setrlimit(resource.RLIMIT_FSIZE, (options["file_size_limit"],) * 2)
    if "stuck_in_checkpoint" in options:
        _get_stuck(options["stuck_in_checkpoint"])
    sys.argv = ["spingan", *options["arguments"]]
    main()


if __name__ == "__main__":
    _main(json.loads(sys.argv[1]))
