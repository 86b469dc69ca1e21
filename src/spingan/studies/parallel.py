"""Independent pieces of work over processes, one torch thread in each: no number depends on how many there are.

They run on Dask: on processes of this machine, or on the workers of a scheduler that the user names.
"""

import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, TypeVar

from spingan.errors import UserError
from spingan.progress import Progress, no_progress

if TYPE_CHECKING:
    from distributed import Client, Future

Task = TypeVar("Task")
Result = TypeVar("Result")

SILENCE_LIMIT_S = 1800.0  # assumed: a piece of work takes seconds; half an hour without any is a process that hangs
_ADDRESS = re.compile(r"(tcp|tls|ws|wss|ucx|ucxx)://(\[[0-9a-fA-F:]+\]|[^\s/:\[\]]+):(?P<port>\d{1,5})/?")
_RESTART_LIMIT_S = 300.0  # assumed: ten times what beginning a process takes on a machine with much to do
_LOOK_EVERY_S = 5.0  # at whether the scheduler is still there


@dataclass(frozen=True)
class Workers:
    """Where pieces of work run, and where what they give is kept.

    Attributes:
        count: Processes on this machine; None: one a processor.
        scheduler: Address of a Dask scheduler whose workers do it instead (`tcp://10.0.0.5:8786`).
        results: File that gets a line a result as it comes, and from which a study that was stopped goes on.
    """

    count: int | None = None
    scheduler: str | None = None
    results: Path | None = None
    _open: "_Open | None" = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Refuse what cannot be.

        Raises:
            UserError: Fewer than one process, a number of them beside a scheduler, or what is not its address.
        """
        if self.count is not None and self.scheduler is not None:
            raise UserError(
                f"{self.count} workers here, and those of the scheduler {self.scheduler}", "Give one of the two."
            )
        if self.count is not None and self.count < 1:
            raise UserError(f"{self.count} workers", "Ask for at least one.")
        match = None if self.scheduler is None else _ADDRESS.fullmatch(self.scheduler)
        if self.scheduler is not None and (match is None or not 0 < int(match["port"]) < 65536):
            raise UserError(
                f"{self.scheduler!r} is not the address of a scheduler",
                "Give it as the scheduler prints it, for example tcp://10.0.0.5:8786",
            )


@dataclass
class _Open:
    """Processes, or a scheduler, that stay from one call of `run_parallel` to the next."""

    ends: ExitStack
    most: int
    client: "Client | None" = None


@contextmanager
def kept_open(workers: Workers, most: int) -> Iterator[Workers]:
    """The same workers, whose processes begin with the first work within the block and stay until its end.

    A new process loads torch, the net and its compiled parts again, and has forgotten the tiles that it has solved.

    Args:
        most: Pieces of work in one call: more processes would do nothing.
    """
    with ExitStack() as ends:
        yield replace(workers, _open=_Open(ends, most))


def available_workers() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def run_parallel(
    function: Callable[[Task], Result],
    tasks: Sequence[Task],
    *,
    workers: int | Workers | None = None,
    what: str = "trials",
    progress: Progress = no_progress,
) -> list[Result]:
    """`function` of every task, in the tasks' order, in new processes or on a cluster.

    Function, tasks and results are pickled: the function is a module's own, and a script that calls this begins its
    work under `if __name__ == "__main__"`, as for any process that is spawned. A process that dies is replaced, and
    its piece of work done again.

    Args:
        workers: How many processes here, by default as many as there are processors; or a `Workers`. One is a process
            of its own, too: the same numbers.
        progress: Told (what, tasks done, tasks in all).

    Raises:
        UserError: `workers` is below 1, a piece of work took several processes with it, nothing is done for half an
            hour, a scheduler is not there or its workers do not suit, results cannot be kept, or as `function` raises.
    """
    chosen = workers if isinstance(workers, Workers) else Workers(workers)
    if not tasks:
        return []
    if chosen.results is None:
        kept, results = None, {}
    else:
        from spingan.studies.results_file import ResultsFile

        kept = ResultsFile(chosen.results, function)
        results = kept.found(tasks)
    progress(what, len(results), len(tasks))
    left = [place for place in range(len(tasks)) if place not in results]
    if left:
        with _client(chosen, len(left), progress) as client:
            for place, result in _as_they_come(client, function, tasks, left, chosen):
                results[place] = result if kept is None else kept.add(tasks[place], result)
                progress(what, len(results), len(tasks))
    return [results[place] for place in range(len(tasks))]


def _client(chosen: Workers, pieces: int, progress: Progress) -> "AbstractContextManager[Client]":
    from spingan.studies.cluster import local_client, remote_client

    if chosen._open is not None:
        held = chosen._open
        client = held.client or held.ends.enter_context(_client(replace(chosen, _open=None), held.most, progress))
        held.client = client
        if client.status not in ("running", "connecting"):
            raise _lost(chosen)
        return nullcontext(client)
    if chosen.scheduler is None:
        return local_client(min(chosen.count or available_workers(), pieces))
    return remote_client(chosen.scheduler, lambda: progress("waiting for a worker", 0, 1))


def _as_they_come(
    client: "Client", function: Callable[[Task], Result], tasks: Sequence[Task], places: list[int], chosen: Workers
) -> Iterator[tuple[int, Result]]:
    """(place, result) of the tasks at those places, each as soon as it is there."""
    expected = None
    if chosen.scheduler is not None:
        from spingan.studies.results_file import code_digest

        expected = code_digest()
    arrived: SimpleQueue[Future[Any]] = SimpleQueue()
    futures: dict[Any, tuple[int, Future[Any]]] = {}
    try:
        for place in places:
            future = client.submit(_guarded, function, tasks[place], expected, pure=False)
            futures[future.key] = place, future
        for _, future in list(futures.values()):
            future.add_done_callback(arrived.put)
        while futures:
            future = _next(arrived, client, chosen)
            place, _ = futures.pop(future.key)
            yield place, _result(future, chosen)
    finally:
        if futures and client.status == "running":
            left = [future for _, future in futures.values()]
            client.cancel(left, force=True)  # what nobody waits for any longer is not begun


def _next(arrived: "SimpleQueue[Future[Any]]", client: "Client", chosen: Workers) -> "Future[Any]":
    waited_s = without_s = 0.0
    while waited_s < SILENCE_LIMIT_S:
        step_s = min(_LOOK_EVERY_S, SILENCE_LIMIT_S)
        try:
            return arrived.get(timeout=step_s)
        except Empty:
            waited_s += step_s
        if client.status not in ("running", "connecting"):
            raise _lost(chosen)
        if chosen.scheduler is None:
            without_s = 0.0 if client.scheduler_info()["workers"] else without_s + step_s
            if without_s >= _RESTART_LIMIT_S:
                raise UserError(
                    "the worker processes died and do not start again", "See that there is memory for them."
                )
    raise UserError(f"no piece of work was done within {SILENCE_LIMIT_S / 60:.0f} minutes", "Ask for fewer images.")


def _lost(chosen: Workers) -> UserError:
    where = "of this study" if chosen.scheduler is None else f"at {chosen.scheduler}"
    again = "Begin again." if chosen.results is None else "The same command goes on with what is not done yet."
    return UserError(f"the scheduler {where} is gone", again)


def _guarded(function: Callable[[Task], Result], task: Task, expected: str | None) -> Result:
    """`function(task)` on one thread; `expected`, if given, is the digest of the code that the process must have."""
    import torch

    torch.set_num_threads(1)
    if expected is not None:
        _check_this_worker(expected)
    return function(task)


def _check_this_worker(expected: str) -> None:
    from distributed import get_worker

    from spingan.studies.results_file import code_digest

    worker = get_worker()
    if worker.state.nthreads != 1:
        raise UserError(
            f"worker {worker.address} has {worker.state.nthreads} threads, and a net's layers are shared between them",
            "Start more workers with one thread each: dask worker ADDRESS --nworkers 8 --nthreads 1",
        )
    if code_digest() != expected:
        raise UserError(
            f"worker {worker.address} has a spingan with other code than here, of the same version",
            "Install the same on both, and start the worker again.",
        )


def _result(future: "Future[Any]", chosen: Workers) -> Any:
    from concurrent.futures import CancelledError

    from distributed import KilledWorker

    try:
        return future.result()
    except KilledWorker as error:
        raise UserError(
            f"a piece of work was begun {error.allowed_failures + 1} times, and each time its process was killed, "
            "perhaps for want of memory",
            "Use fewer --workers or images.",
        ) from error
    except CancelledError as error:
        raise _lost(chosen) from error
