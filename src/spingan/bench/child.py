"""A computing process (`spingan.bench.worker`) as the server sees it: asked, interrupted, replaced."""

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from spingan.errors import UserError

Told = Callable[[str, int, int], None]
LONGEST_ANSWER = 1 << 26  # bytes of a line: far above a picture's or a table's
WORKER = (sys.executable, "-m", "spingan.bench.worker")
GRACE_S = 5.0  # assumed: in which a process that is interrupted answers


class Refused(UserError):
    """What was asked for cannot be done; the process goes on."""


class Interrupted(Exception):
    """What was asked for was interrupted."""


class Child:
    """One process, begun when it is first asked."""

    def __init__(self, command: Sequence[str] = WORKER) -> None:
        self._command = command
        self._process: asyncio.subprocess.Process | None = None
        self._last_words: deque[str] = deque(maxlen=20)
        self._listener: asyncio.Task[None] | None = None
        self._number = 0

    @property
    def runs(self) -> bool:
        """Whether there is a process."""
        return self._process is not None and self._process.returncode is None

    async def ask(self, request: dict[str, Any], told: Told = lambda what, done, total: None) -> dict[str, Any]:
        """The answer to a request, asked when no other is being worked on.

        Raises:
            Refused: The request is not right.
            Interrupted: `interrupt` was called.
            UserError: The process ended.
        """
        process = await self._begun()
        self._number += 1
        assert process.stdin is not None and process.stdout is not None
        try:
            process.stdin.write(json.dumps({"id": self._number, **request}).encode() + b"\n")
            await process.stdin.drain()
            while line := await process.stdout.readline():
                answer = json.loads(line)
                if answer.get("id") != self._number:
                    continue
                if "progress" in answer:
                    told(*answer["progress"])
                elif "cancelled" in answer:
                    raise Interrupted
                elif "error" in answer:
                    raise Refused(answer["error"]["problem"], answer["error"]["remedy"])
                else:
                    return answer["result"]
        except (BrokenPipeError, ConnectionResetError):
            pass
        status = await process.wait()
        words = self._last_words[-1] if self._last_words else f"status {status}"
        raise UserError(f"the computing process ended: {words}", "Try again; it may have had too little memory.")

    def interrupt(self) -> None:
        """End what is being worked on, and keep the process."""
        if self._process is not None and self.runs:
            self._process.send_signal(signal.SIGINT)

    async def stop(self) -> None:
        """End the process and all that it began."""
        process, self._process = self._process, None
        if process is None:
            return
        for number in (signal.SIGTERM, getattr(signal, "SIGKILL", signal.SIGTERM)):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                if hasattr(os, "killpg"):
                    os.killpg(process.pid, number)
                elif process.returncode is None:
                    process.terminate()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), GRACE_S)
        if self._listener is not None:
            self._listener.cancel()

    async def _begun(self) -> asyncio.subprocess.Process:
        if self._process is None or self._process.returncode is not None:
            self._last_words.clear()
            self._process = await asyncio.create_subprocess_exec(
                *self._command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                limit=LONGEST_ANSWER,
                start_new_session=True,  # Ctrl-C at the terminal is the server's alone
            )
            self._listener = asyncio.create_task(self._listen(self._process))
        return self._process

    async def _listen(self, process: asyncio.subprocess.Process) -> None:
        """Keep the last lines of what the process complains about."""
        assert process.stderr is not None
        while chunk := await process.stderr.read(1 << 16):
            for line in chunk.decode("utf-8", "replace").splitlines():
                if line.strip():
                    self._last_words.append(line.strip()[:500])


class Drawer:
    """The process that redraws: requests wait their turn, and one whose asker is gone is interrupted."""

    MOST_WAITING = 32
    LIMIT_S = 600.0  # assumed: wires of large tiles take minutes

    def __init__(self, command: Sequence[str] = WORKER) -> None:
        self._child = Child(command)
        self._turn = asyncio.Lock()
        self._waiting = 0

    async def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        """As `Child.ask`; cancelling it frees the process for the next.

        Raises:
            UserError: Too many requests wait, it took too long, or as `Child.ask`.
        """
        if self._waiting >= self.MOST_WAITING:
            raise UserError(f"{self._waiting} requests are waiting", "Wait, or close some tabs of the bench.")
        self._waiting += 1
        try:
            async with self._turn:
                answer = asyncio.ensure_future(self._child.ask(request))
                try:
                    return await asyncio.wait_for(asyncio.shield(answer), self.LIMIT_S)
                except TimeoutError:
                    await self._freed(answer)
                    raise UserError(
                        f"that took longer than {self.LIMIT_S:g} s", "Start it as an evaluation, which may take longer."
                    ) from None
                except asyncio.CancelledError:
                    await self._freed(answer)
                    raise
        finally:
            self._waiting -= 1

    async def stop(self) -> None:
        """End the process."""
        await self._child.stop()

    async def _freed(self, answer: "asyncio.Future[dict[str, Any]]") -> None:
        """Interrupt what is being worked on; a process that does not answer is ended, and the next begins one."""
        self._child.interrupt()
        with contextlib.suppress(Exception):
            await asyncio.wait_for(asyncio.shield(answer), GRACE_S)
        if not answer.done():
            await self._child.stop()
            answer.cancel()
            with contextlib.suppress(BaseException):
                await answer
