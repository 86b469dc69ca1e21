"""What a training leaves behind to look at: metrics.csv, TensorBoard events, and a progress bar while it runs."""

import csv
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import astuple
from pathlib import Path
from typing import TYPE_CHECKING, Self

from torch import Tensor

from spingan.errors import UserError
from spingan.extras import needs
from spingan.input_files import reason
from spingan.output import write_text
from spingan.progress import progress_lines

if TYPE_CHECKING:
    from spingan.training.step import StepResult

COLUMNS = (
    "epoch",
    "step",
    "discriminator_loss",
    "generator_loss",
    "discriminator_real",
    "discriminator_fake",
    "images_per_s",
    "saturated_fraction",
)
_ONLY_WHEN_TOLD = 10**9  # s; TensorBoard's own thread would answer a full disk with a traceback of its own


class Record:
    """Means over the steps since the last row, written to `metrics.csv` and to TensorBoard.

    On resuming, rows and events after the checkpoint's step are dropped: they will be written again.
    """

    def __init__(self, folder: Path, resume_step: int) -> None:
        with needs("training"):
            from torch.utils.tensorboard.writer import SummaryWriter

        self._path = folder / "metrics.csv"
        self._begin(resume_step)
        self._file = self._path.open("a", newline="", encoding="utf-8")
        self._writer = csv.writer(self._file, lineterminator="\n")  # as the rows kept on resuming end
        board = str(folder / "tensorboard")
        self._board = SummaryWriter(board, purge_step=resume_step + 1, flush_secs=_ONLY_WHEN_TOLD)
        self._forget()

    def _begin(self, resume_step: int) -> None:
        kept = [",".join(COLUMNS)]
        if resume_step and self._path.exists():
            try:
                rows = [row.split(",") for row in self._path.read_text(encoding="utf-8").splitlines()[1:]]
                kept += [",".join(row) for row in rows if len(row) == len(COLUMNS) and int(row[1]) <= resume_step]
            except Exception as error:
                remedy = "Move the file away: the run goes on without its earlier rows."
                raise UserError(f"{self._path} is damaged: {reason(error)}", remedy) from error
        write_text(self._path, "\n".join(kept) + "\n")

    def _forget(self) -> None:
        self._sums = [0.0] * 4
        self._steps = self._images = self._saturated = self._evaluated = 0
        self._since = time.monotonic()

    def add(self, result: "StepResult", saturation: Sequence[float], images: int) -> None:
        """Take one step into account; `saturation` is (saturated, evaluated) device activations."""
        self._sums = [total + value for total, value in zip(self._sums, astuple(result), strict=True)]
        self._steps += 1
        self._images += images
        self._saturated += saturation[0]
        self._evaluated += saturation[1]

    def write_row(self, epoch: int, step: int) -> None:
        """Write the means since the last row."""
        means = [total / self._steps for total in self._sums]
        speed = self._images / max(time.monotonic() - self._since, 1e-9)
        saturated = self._saturated / self._evaluated if self._evaluated else 0.0
        row = [*means, speed, saturated]
        self._writer.writerow([epoch, step, *(f"{value:.6g}" for value in row)])
        for name, value in zip(COLUMNS[2:], row, strict=True):
            self._board.add_scalar(name, value, step)
        self._forget()

    def add_images(self, images: Tensor, step: int) -> None:
        """Show generated images, in -1..1, on TensorBoard."""
        self._board.add_images("samples", (images.clamp(-1, 1) + 1) / 2, step)

    def flush(self) -> None:
        """Bring the rows to the disk, so that they are there if the checkpoint is."""
        self._file.flush()
        os.fsync(self._file.fileno())
        self._board.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._file.close()
        self._board.close()


@contextmanager
def training_progress(total: int, done: int, shown: bool) -> Iterator[Callable[[int, str], None]]:
    """A progress bar on stderr with the time left; the block calls it with (steps done, text).

    Where there is no terminal, a line a minute.
    """
    if not shown:
        yield lambda _done, _text: None
        return
    if not sys.stderr.isatty():
        advance = progress_lines(every_s=60)
        yield lambda now, _text: advance("training", now, total)
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(True))
    with Progress(*columns, console=Console(stderr=True), speed_estimate_period=300) as bar:
        task = bar.add_task("training", total=total, completed=done)
        yield lambda now, text: bar.update(task, completed=now, description=text)
