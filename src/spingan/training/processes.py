"""Several processes that train one pair of nets: how they begin and end, and what they agree on.

Each process has the whole of both nets and computes its share of every batch; gradients, running statistics and
activation ranges are then those of the whole batch in all of them, so that their nets stay the same to the bit. Batch
norm alone sees the share (PyTorch has no synchronised one for processors).
"""

import logging
import math
import multiprocessing
import os
import signal
import socket
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from spingan.errors import UserError
from spingan.nn.noise_source import Part
from spingan.training.fabric import DDPStrategy, Fabric, LightningEnvironment

if TYPE_CHECKING:
    from multiprocessing.context import SpawnProcess

PATIENCE_S = 1800.0  # assumed: the first process writes and draws in between, for minutes at most
_GRACE_S = 5.0  # for the others to say what they died of, once one has
_Norm = nn.BatchNorm1d | nn.BatchNorm2d


@dataclass(frozen=True)
class Share:
    """A process's samples of a batch, from `first` to before `last` of `total`, and what its means weigh.

    In a batch of fewer samples than processes, some have none of their own: they compute the first again, at weight 0.
    """

    first: int
    last: int
    total: int
    weight: float

    @property
    def part(self) -> Part | None:
        """For the noise of these samples; None where they are all."""
        return None if self.last - self.first == self.total and self.weight == 1 else (self.first, self.total)


def share_of(total: int, rank: int, size: int) -> Share:
    """The share of process `rank` of `size` in a batch of `total` samples: neighbours, as evenly as it goes."""
    first, last = rank * total // size, (rank + 1) * total // size
    return Share(first, last, total, (last - first) / total) if last > first else Share(0, 1, total, 0.0)


class Together:
    """What the processes of a Fabric agree on. One alone agrees with itself, and nothing is done.

    Raises:
        UserError: In every method: another process is gone, or does not answer in time.
    """

    def __init__(self, fabric: Fabric) -> None:
        self._fabric = fabric
        self.rank, self.size = fabric.global_rank, fabric.world_size

    def share(self, total: int) -> Share:
        """This process's share of a batch."""
        return share_of(total, self.rank, self.size)

    def average_gradients(self, net: nn.Module, share: Share) -> None:
        """The gradients of the whole batch's mean loss, from those of each share's."""
        if self.size > 1:
            gradients = [parameter.grad for parameter in net.parameters() if parameter.grad is not None]
            self._average(gradients, share)

    def average_statistics(self, nets: Iterable[nn.Module], share: Share) -> None:
        """Running statistics of every batch norm: the mean over the shares, by their numbers of samples."""
        if self.size > 1:
            norms = [norm for net in nets for norm in net.modules() if isinstance(norm, _Norm)]
            kept = [part for norm in norms for part in (norm.running_mean, norm.running_var) if part is not None]
            self._average(kept, share)

    def averages(self, values: list[float], share: Share) -> list[float]:
        """Means over the whole batch, from those over each share."""
        return self.sums([value * share.weight for value in values]) if self.size > 1 else values

    def sums(self, values: Sequence[float]) -> list[float]:
        """The sum of each value over the processes."""
        if self.size == 1:
            return list(values)
        return self._reduced(torch.tensor(values, dtype=torch.float64), "sum").tolist()

    def largest(self, value: Tensor) -> Tensor:
        """The largest of the processes' values; infinite if one of them is no number."""
        return self._reduced(value.nan_to_num(nan=math.inf, posinf=math.inf), "max")

    @torch.no_grad()
    def _average(self, tensors: list[Tensor], share: Share) -> None:
        if not tensors:
            return
        whole = self._reduced(torch.cat([tensor.reshape(-1) for tensor in tensors]).mul_(share.weight), "sum")
        for tensor, piece in zip(tensors, whole.split([tensor.numel() for tensor in tensors]), strict=True):
            tensor.copy_(piece.view(tensor.shape))

    def _reduced(self, tensor: Tensor, how: str) -> Tensor:
        try:
            reduced = self._fabric.all_reduce(tensor, reduce_op=how)
        except RuntimeError as error:
            raise _LostError(str(error).splitlines()[0]) from error
        assert isinstance(reduced, Tensor)
        return reduced


class _LostError(UserError):
    """Another process is gone or silent: not the reason, which that process or its end tells."""

    def __init__(self, what: str) -> None:
        super().__init__(f"the processes of the training lost each other: {what}", "Go on with --resume.")


class _OwnSums(DDPStrategy):
    """Fabric's processes without its wrapper around the nets, which would sum gradients at each backward pass."""

    def setup_module(self, module: nn.Module) -> Any:
        """Leave the net as it is."""
        return module


def make_fabric(device: str, precision: str = "fp32", devices: int = 1) -> Fabric:
    """Fabric for one process, or, in a process that `run_together` began, for all of them.

    Raises:
        UserError: There is no such device.
    """
    said = logging.getLogger("lightning_fabric")
    level = said.level
    said.setLevel(logging.WARNING)  # it tells of bfloat16 and of processes on stderr; the run's files record them
    strategy: Any = _OwnSums(cluster_environment=LightningEnvironment()) if devices > 1 else "auto"
    kind: Any = "bf16-mixed" if precision == "bf16" else "32-true"
    try:
        fabric = Fabric(accelerator=device, devices=devices, precision=kind, strategy=strategy)
        if devices > 1:
            fabric.launch()
        return fabric
    except (ValueError, RuntimeError, ImportError) as error:
        raise UserError(
            f"cannot train on device {device!r}: {error}", "Leave --device out to take what there is."
        ) from error
    finally:
        said.setLevel(level)


def run_together(devices: int, function: Callable[..., None], *arguments: Any, patience_s: float = PATIENCE_S) -> None:
    """`function(*arguments)` in each of that many new processes, which see each other through Fabric.

    Function and arguments are pickled, and a script that calls this begins its work under `if __name__ ==
    "__main__"`. If one process fails, or is killed, all end; and all end with this one, however that does.

    Args:
        patience_s: How long a process waits for the others in one step.

    Raises:
        UserError: As `function` raises in one of them; or one was killed.
        RuntimeError: Another exception in one of them, with its traceback.
    """
    spawn = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory(prefix="spingan-") as meeting:
        processes: list[SpawnProcess] = []
        ends: list[Connection] = []
        try:
            for rank in range(devices):
                receiver, sender = spawn.Pipe(duplex=False)
                place = (rank, devices, f"{meeting}/store", patience_s)
                process = spawn.Process(target=_begin, args=(*place, sender, function, arguments), daemon=True)
                process.start()
                sender.close()
                processes.append(process)
                ends.append(receiver)
            _wait_for_all(processes, ends)
        finally:
            for process in processes:
                process.kill()
            for process, end in zip(processes, ends, strict=False):
                process.join()
                end.close()


def _wait_for_all(processes: "list[SpawnProcess]", ends: list[Connection]) -> None:
    told: list[tuple[str, ...] | None] = [None] * len(processes)
    limit = None
    while running := [process.sentinel for process in processes if process.exitcode is None]:
        left = None if limit is None else limit - time.monotonic()
        if left is not None and left <= 0:
            break
        wait(running, left)
        for rank, end in enumerate(ends):
            told[rank] = told[rank] or _last_words(end)
        failed = any(process.exitcode not in (None, 0) for process in processes)
        if any(words is not None and words[0] == "refused" for words in told):
            break
        if failed and limit is None:
            limit = time.monotonic() + _GRACE_S
    told = [words or _last_words(end) for words, end in zip(told, ends, strict=True)]  # of who ended in between
    _raise_what_they_say(told, [process.exitcode for process in processes])


def _last_words(end: Connection) -> tuple[str, ...] | None:
    try:
        return end.recv() if end.poll() else None
    except (EOFError, OSError):
        return None


def _raise_what_they_say(told: list[tuple[str, ...] | None], codes: list[int | None]) -> None:
    """The reason rather than what follows from it: an error of the user's, a death, a bug, a loss of the others."""
    said = [words for words in told if words is not None]
    for words in said:
        if words[0] == "refused":
            raise UserError(words[1], words[2])
    for rank, (words, code) in enumerate(zip(told, codes, strict=True)):
        if words is None and code not in (None, 0):
            how = f"signal {-code}" if code < 0 else f"status {code}"
            raise UserError(
                f"process {rank + 1} of {len(codes)} of the training was killed ({how}), perhaps for want of memory",
                "Go on from the last checkpoint with --resume.",
            )
    for words in sorted(said):  # "failed" before "lost"
        if words[0] == "failed":
            raise RuntimeError(f"a process of the training failed:\n{words[1]}")
        raise UserError(words[1], words[2])


def _begin(
    rank: int,
    size: int,
    store: str,
    patience_s: float,
    sender: Connection,
    function: Callable[..., None],
    arguments: tuple[Any, ...],
) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches every process; the parent answers it
    threading.Thread(target=_end_with_parent, daemon=True).start()
    os.environ["LOCAL_RANK"] = str(rank)
    loopback = [name for _, name in socket.if_nameindex() if name in ("lo", "lo0")]
    if loopback:
        os.environ.setdefault("GLOO_SOCKET_IFNAME", loopback[0])  # nothing listens beyond this machine
    try:
        limit = timedelta(seconds=patience_s)
        place = {"rank": rank, "world_size": size, "timeout": limit}
        torch.distributed.init_process_group(init_method=Path(store).as_uri(), **place)
        function(*arguments)
        torch.distributed.destroy_process_group()
    except UserError as error:
        sender.send(("lost" if isinstance(error, _LostError) else "refused", error.problem, error.remedy))
        os._exit(1)
    except BaseException:
        sender.send(("failed", traceback.format_exc()[-20_000:]))  # no more than a pipe holds, or it would wait
        os._exit(1)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
