"""Independent pieces of work over processes, one torch thread in each: no number depends on how many there are."""

import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import get_context, parent_process
from typing import TypeVar

from spingan.errors import UserError

Task = TypeVar("Task")
Result = TypeVar("Result")
Progress = Callable[[str, int, int], None]

SILENCE_LIMIT_S = 1800.0  # assumed: a piece of work takes seconds; half an hour without any is a process that hangs


def available_workers() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def run_parallel(
    function: Callable[[Task], Result],
    tasks: Sequence[Task],
    *,
    workers: int | None = None,
    what: str = "trials",
    progress: Progress = lambda what, done, total: None,
) -> list[Result]:
    """`function` of every task, in the tasks' order, in at most `workers` new processes.

    Function, tasks and results are pickled: the function is a module's own, and a script that calls this begins its
    work under `if __name__ == "__main__"`, as for any process that is spawned.

    Args:
        workers: By default as many as there are processors. One is a process of its own, too: the same numbers.
        progress: Told (what, tasks done, tasks in all).

    Raises:
        UserError: `workers` is below 1, a process was killed or hangs, or as `function` raises.
    """
    if workers is not None and workers < 1:
        raise UserError(f"{workers} workers", "Ask for at least one.")
    if not tasks:
        return []
    processes = min(workers or available_workers(), len(tasks))
    futures: list[Future[Result | _Refusal]] = []
    pool = ProcessPoolExecutor(processes, mp_context=get_context("spawn"), initializer=_begin_worker)
    try:
        futures += [pool.submit(_guarded, function, task) for task in tasks]
        pending = set(futures)
        progress(what, 0, len(tasks))
        while pending:
            done, pending = wait(pending, SILENCE_LIMIT_S, FIRST_COMPLETED)
            if not done:
                raise UserError(
                    f"no piece of work was done within {SILENCE_LIMIT_S / 60:.0f} minutes", "Ask for fewer images."
                )
            for future in done:
                _result(future)
            progress(what, len(tasks) - len(pending), len(tasks))
        return [_result(future) for future in futures]
    except BrokenProcessPool as error:
        raise UserError(
            "a process of the study was killed, perhaps for want of memory", "Use fewer --workers or images."
        ) from error
    finally:
        for process in list((pool._processes or {}).values()):  # what hangs or is no longer wanted does not go on alone
            if any(not future.done() for future in futures):
                process.terminate()
        pool.shutdown(cancel_futures=True)


@dataclass(frozen=True)
class _Refusal:
    """A `UserError` as its two texts, which survive the way between processes."""

    problem: str
    remedy: str


def _guarded(function: Callable[[Task], Result], task: Task) -> Result | _Refusal:
    try:
        return function(task)
    except UserError as error:
        return _Refusal(error.problem, error.remedy)


def _result(future: Future[Result | _Refusal]) -> Result:
    found = future.result()
    if isinstance(found, _Refusal):
        raise UserError(found.problem, found.remedy)
    return found


def _begin_worker() -> None:
    """One torch thread, and an end with the parent's, however that comes."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    os.environ["OMP_NUM_THREADS"] = "1"
    import torch

    torch.set_num_threads(1)


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
