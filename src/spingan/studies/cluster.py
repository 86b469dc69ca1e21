"""Dask behind a study: worker processes on this machine, or a scheduler that the user runs (docs/studies.md)."""

import asyncio
import logging
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any

from spingan import __version__
from spingan.errors import UserError
from spingan.extras import needs

with needs("a study"):
    import dask.config
    from distributed import Client, Nanny, Scheduler, Security, SpecCluster, Worker
    from distributed.comm.core import connect

ANSWER_LIMIT_S = 15.0  # assumed: a scheduler that is there answers within a second, even over a slow network
WORKERS_LIMIT_S = 1800.0  # assumed: as long as a batch system may take to begin a job before somebody should look
DEATHS = 3  # worker processes that a trial may take with it: one may be chance, three in a row are the trial

_SETTINGS = {
    "distributed.scheduler.worker-saturation": 1.0,  # a trial takes seconds: none waits behind another at a worker
    "distributed.scheduler.worker-ttl": None,  # a worker in a long computation is silent, and not dead
    "distributed.comm.timeouts.connect": "120s",  # a loaded machine takes long to begin a process
}


class _Unlisted:
    """A server without Dask's web pages: nobody asked for a port that is open."""

    def start_http_server(self, *args: Any, **options: Any) -> None:
        """Do nothing."""


class _Scheduler(_Unlisted, Scheduler):
    pass


class _Worker(_Unlisted, Worker):
    def __init__(self, *args: Any, **options: Any) -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches every process; the parent answers it
        super().__init__(*args, **options)


@contextmanager
def local_client(processes: int) -> Iterator[Client]:
    """A client of that many new processes with one thread each, reachable from this machine alone.

    A process that dies is replaced, and its work done again, up to `DEATHS` times. All end with this process.

    Raises:
        UserError: They do not start.
    """
    loopback = {"host": "127.0.0.1", "protocol": "tcp://"}
    options = {**loopback, "nthreads": 1, "memory_limit": 0, "silence_logs": logging.CRITICAL, "worker_class": _Worker}
    spec = {number: {"cls": Nanny, "options": options} for number in range(processes)}
    scheduler = {"cls": _Scheduler, "options": {**loopback, "port": 0, "dashboard": False}}
    with _silence(), dask.config.set({**_SETTINGS, "distributed.scheduler.allowed-failures": DEATHS - 1}):
        try:
            cluster = SpecCluster(workers=spec, scheduler=scheduler)
        except (RuntimeError, OSError, TimeoutError) as error:
            raise UserError(
                f"the worker processes do not start: {error}",
                'A script begins its work under if __name__ == "__main__": they import it.',
            ) from error
        try:
            with Client(cluster, set_as_default=False) as client:
                yield client
        finally:
            cluster.close()


@contextmanager
def remote_client(address: str, waiting: Callable[[], None]) -> Iterator[Client]:
    """A client of the scheduler at `address`, with workers that suit.

    Args:
        waiting: Called if the scheduler has no worker yet.

    Raises:
        UserError: Nobody answers there, no worker comes, or one has another version of spingan or torch.
    """
    with _silence():
        try:
            with ThreadPoolExecutor(1) as thread:  # a notebook's own runs an event loop
                thread.submit(asyncio.run, _meet(address)).result()
            client = Client(address, timeout=ANSWER_LIMIT_S, set_as_default=False)
        except Exception as error:  # whatever listens there: a web server's answer is read as the size of a message
            raise UserError(
                f"no Dask scheduler answers at {address} within {ANSWER_LIMIT_S:.0f} s",
                "Start one with: dask scheduler. It prints its address; this machine must be able to reach it.",
            ) from error
        with client:
            if not client.scheduler_info()["workers"]:
                waiting()
                with suppress(TimeoutError):
                    client.wait_for_workers(1, WORKERS_LIMIT_S)
            _check_workers(address, client)
            yield client


async def _meet(address: str) -> None:
    """Greet the scheduler. (Dask's client waits for ever where something listens and says nothing.)"""

    async def greet() -> None:
        comm = await connect(address, ANSWER_LIMIT_S, **Security().get_connection_args("client"))
        await comm.close()

    await asyncio.wait_for(greet(), ANSWER_LIMIT_S)


def _check_workers(address: str, client: Client) -> None:
    """Refuse workers that would give other numbers; those that join later refuse their work themselves."""
    import torch

    found: dict[str, Any] = client.get_versions(packages=["spingan", "torch"])["workers"]  # pyright: ignore
    if not found:
        raise UserError(
            f"the scheduler at {address} has no worker, and none came within {WORKERS_LIMIT_S / 60:.0f} minutes",
            f"Start some with: dask worker {address} --nthreads 1",
        )
    for worker, about in found.items():
        for package, ours in (("spingan", __version__), ("torch", torch.__version__)):
            theirs = about["packages"].get(package)
            if theirs != ours:
                has = f"{package} {theirs}" if theirs and theirs != "MISSING" else f"no {package}"
                raise UserError(
                    f"worker {worker} has {has}, and here is {ours}", "Install the same on both, and start it again."
                )


@contextmanager
def _silence() -> Iterator[None]:
    """Dask's logs stay off: what a user must know comes as an error."""
    names = ("distributed", "distributed.client", "distributed.scheduler", "tornado.application", "asyncio")
    loggers = [logging.getLogger(name) for name in names]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
