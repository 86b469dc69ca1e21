"""Many instances in ngspice, some in each run and some runs at once; those without a solution are counted."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from spingan.circuits.messages import NoSolution
from spingan.errors import UserError
from spingan.progress import Progress

BATCH = 20  # cells in a run of ngspice: with more, two processes are no longer busy to the end
LEAST_DEVICES = 3  # for a covariance

One = TypeVar("One")
Found = TypeVar("Found")


def must_have_a_covariance(count: int) -> None:
    """Refuse too few instances.

    Raises:
        UserError: They are fewer than `LEAST_DEVICES`.
    """
    if count < LEAST_DEVICES:
        raise UserError(f"{count} devices have no covariance", f"Ask for {LEAST_DEVICES} at least")


def in_batches(
    outputs: Callable[[range], NDArray[np.float64]],
    devices: int,
    workers: int,
    what: str,
    progress: Progress,
    batch: int = BATCH,
) -> tuple[NDArray[np.float64], tuple[int, ...]]:
    """`outputs` (cells, values) of all instances that have a solution, and the numbers of those that have none.

    Where ngspice finds none for a batch, its cells are simulated one by one.

    Raises:
        UserError: Fewer than `LEAST_DEVICES` have one; and as `outputs`.
    """

    def alone(number: int) -> NDArray[np.float64]:
        try:
            return outputs(range(number, number + 1))
        except NoSolution:
            return np.full((1, 1), np.nan)

    def found_or_nan(cells: range) -> list[NDArray[np.float64]]:
        try:
            return list(outputs(cells)[:, None])
        except NoSolution:
            return [alone(number) for number in cells]

    batches = [range(at, min(at + batch, devices)) for at in range(0, devices, batch)]
    rows = [row for rows in in_parallel(found_or_nan, batches, workers, what, progress) for row in rows]
    lost = tuple(number for number, row in enumerate(rows) if not np.isfinite(row).all())
    if devices - len(lost) < LEAST_DEVICES:
        raise UserError(
            f"{what}: ngspice found no solution for {len(lost)} of {devices}",
            "Look at the cards, or make the mismatch smaller",
        )
    return np.concatenate([row for number, row in enumerate(rows) if number not in lost]), lost


def in_parallel(
    work: Callable[[One], Found],
    items: Sequence[One],
    workers: int,
    what: str,
    progress: Progress,
) -> list[Found]:
    """`work` on every item, in their order: threads, each of which waits for a process of ngspice."""
    if workers < 1:
        raise UserError(f"workers is {workers}", "Give 1 or more")
    results: list[Found] = []
    contexts = [copy_context() for _ in items]  # so that `ngspice.wishes` hold in the threads
    with ThreadPoolExecutor(workers) as pool:
        for done, result in enumerate(pool.map(lambda own, item: own.run(work, item), contexts, items), start=1):
            results.append(result)
            progress(what, done, len(items))
    return results
