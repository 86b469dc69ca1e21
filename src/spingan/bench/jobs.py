"""Long work in the background: a process for each job, a few at once, with progress, a time limit and a stop."""

import asyncio
import contextlib
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from spingan.bench.child import WORKER, Child, Interrupted
from spingan.bench.settings import Settings
from spingan.errors import UserError
from spingan.spec.value import Value

Kind = Literal["evaluate", "study", "appraise", "adapt"]
State = Literal["running", "done", "failed", "cancelled"]
MOST_RUNNING = 2  # assumed: more only slow each other on a desk's machine
MOST_KEPT = 20
LIMITS_S: Mapping[Kind, float] = {
    "evaluate": 3600.0,
    "study": 6 * 3600.0,
    "appraise": 6 * 3600.0,
    "adapt": 24 * 3600.0,
}
"""Assumed: ten times what each takes on two cores."""


class Asked(Value):
    """What a job is asked, as the page sends it.

    Attributes:
        count, seeds: Images, and seeds of a study; None: as many as is usual.
        name: Of a study.
        epochs: Of an adaptation.
    """

    kind: Kind
    settings: dict[str, Any]
    count: int | None = Field(default=None, ge=2, le=60_000)
    seeds: int | None = Field(default=None, ge=2, le=100)
    name: str | None = Field(default=None, pattern=r"^[a-z][a-z-]{1,39}$")
    epochs: int = Field(default=1, ge=1, le=1000)


@dataclass
class Job:
    """A job, running or over."""

    number: int
    asked: Asked
    folder: Path
    child: Child = field(repr=False)
    state: State = "running"
    progress: tuple[str, int, int] = ("beginning", 0, 0)
    started: float = field(default_factory=time.time)
    ended: float | None = None
    result: dict[str, Any] | None = None
    error: dict[str, str] | None = None
    task: "asyncio.Task[None] | None" = field(default=None, repr=False)

    def to_dict(self) -> dict[str, Any]:
        """What the page lists of it; the result comes with `with_result`."""
        return {
            "number": self.number,
            **self.asked.to_dict(),
            "folder": str(self.folder),
            "state": self.state,
            "progress": list(self.progress),
            "seconds": (self.ended or time.time()) - self.started,
            "limit_s": LIMITS_S[self.asked.kind],
            "error": self.error,
        }

    def with_result(self) -> dict[str, Any]:
        """`to_dict` with what was found."""
        return {**self.to_dict(), "result": self.result}


class Jobs:
    """All jobs of a bench."""

    def __init__(
        self, folder: Path, limits_s: Mapping[Kind, float] = LIMITS_S, command: Sequence[str] = WORKER
    ) -> None:
        self._folder = folder
        self._command = command
        self._limits_s = limits_s
        self._jobs: dict[int, Job] = {}
        self._next = 1

    def listed(self) -> list[dict[str, Any]]:
        """All jobs, the newest first."""
        return [job.to_dict() for job in reversed(self._jobs.values())]

    def start(self, asked: Asked, files: Mapping[str, Path]) -> Job:
        """Begin a job.

        Raises:
            UserError: As many as may run are running, or the settings are not right.
        """
        settings = Settings.from_dict(asked.settings, "settings")
        if asked.kind == "study" and not asked.name:
            raise UserError("a study without a name", "Choose one in the list.")
        running = sum(job.state == "running" for job in self._jobs.values())
        if running >= MOST_RUNNING:
            raise UserError(f"{running} jobs are running, which is the most at once", "Wait for one, or cancel it.")
        for number in [number for number, job in self._jobs.items() if job.state != "running"][: -MOST_KEPT + 1]:
            del self._jobs[number]
        stamp = time.strftime("%Y%m%d-%H%M%S")
        place = self._folder / f"{stamp}-{self._next}-{asked.name or asked.kind}"
        job = Job(self._next, asked, place, Child(self._command))
        self._jobs[self._next] = job
        self._next += 1
        request = {
            **asked.to_dict(),
            "what": asked.kind,
            "settings": settings.to_dict(),
            "files": {name: str(path) for name, path in files.items()},
            "folder": str(job.folder),
            "workers": max(1, (os.cpu_count() or 1) // MOST_RUNNING),
            "count": asked.count or (10_000 if asked.kind == "evaluate" else None),
        }
        job.task = asyncio.create_task(self._run(job, request))
        return job

    def find(self, number: int) -> Job:
        """The job of that number.

        Raises:
            UserError: There is none.
        """
        if number not in self._jobs:
            raise UserError(f"there is no job {number}", "Reload the page; the bench may have been restarted.")
        return self._jobs[number]

    async def cancel(self, number: int) -> Job:
        """End a job, and all processes that it began.

        Raises:
            UserError: There is none of that number.
        """
        job = self.find(number)
        if job.state == "running" and job.task is not None:
            job.task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await job.task
        return job

    def forget(self, number: int) -> None:
        """Take a job that is over off the list; its files stay.

        Raises:
            UserError: There is none of that number, or it is running.
        """
        if self.find(number).state == "running":
            raise UserError(f"job {number} is running", "Cancel it first.")
        del self._jobs[number]

    async def stop(self) -> None:
        """End all jobs."""
        for number in list(self._jobs):
            await self.cancel(number)

    async def _run(self, job: Job, request: dict[str, Any]) -> None:
        def told(what: str, done: int, total: int) -> None:
            job.progress = (what, done, total)

        limit_s = self._limits_s[job.asked.kind]
        try:
            job.result = await asyncio.wait_for(job.child.ask(request, told), limit_s)
            job.state = "done"
        except TimeoutError:
            remedy = "Ask for fewer images or seeds, or run the command in a terminal."
            job.state, job.error = "failed", {"problem": f"it took longer than {limit_s:g} s", "remedy": remedy}
        except UserError as error:
            job.state, job.error = "failed", {"problem": error.problem, "remedy": error.remedy}
        except (asyncio.CancelledError, Interrupted):
            job.state = "cancelled"
        finally:
            job.ended = time.time()
            await job.child.stop()
