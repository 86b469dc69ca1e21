"""What computes: a process of its own that reads requests, a JSON line each, and answers likewise.

A request has `id`, `what` (a key of `MODULES`) and what that function takes. An answer has the same `id` and one of
`result`, `error` (`problem`, `remedy`), `progress` (what is done, parts done, parts in all) or `cancelled`. An
interrupt (SIGINT) ends the request that is being worked on, and keeps what was loaded. The process ends with its input,
and takes the processes that it began with it, so that nothing computes on when the bench is gone.
"""

import json
import math
import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from queue import SimpleQueue
from types import FrameType
from typing import Any, TextIO

from spingan.errors import UserError
from spingan.extras import explained
from spingan.progress import Progress

Work = Callable[[dict[str, Any], Progress], dict[str, Any]]
MODULES = {  # what a request asks for, and where its function is
    "hello": "drawing",
    "studies": "long_work",
    "sketch": "drawing",
    "draw": "drawing",
    "judge": "drawing",
    "bill": "costs",
    "curves": "curves",
    "table": "curves",
    "fit": "curves",
    "evaluate": "long_work",
    "study": "long_work",
    "appraise": "long_work",
    "adapt": "long_work",
}


class _Interrupts:
    """An interrupt stops work, and is nothing between two pieces of it."""

    working = False

    def __call__(self, number: int, frame: FrameType | None) -> None:
        if self.working:
            raise KeyboardInterrupt


def main() -> None:
    """Answer requests until there are no more."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what a library prints is no answer
    interrupts = _Interrupts()
    signal.signal(signal.SIGINT, interrupts)
    requests: SimpleQueue[str | None] = SimpleQueue()
    threading.Thread(target=_read, args=(requests,), daemon=True).start()
    while (line := requests.get()) is not None:
        request = json.loads(line)
        try:
            interrupts.working = True
            answer = {"result": work(request, _told(request["id"], answers))}
            interrupts.working = False
        except KeyboardInterrupt:
            interrupts.working = False
            answer = {"cancelled": True}
        except UserError as error:
            interrupts.working = False
            answer = {"error": _told_of(error)}
        except Exception as error:
            interrupts.working = False
            wanted = explained(error, "this part of the bench") if isinstance(error, ModuleNotFoundError) else None
            answer = {"error": _unknown(error) if wanted is None else _told_of(wanted)}
        _say({"id": request["id"], **answer}, answers)


def _told_of(error: UserError) -> dict[str, str]:
    return {"problem": error.problem, "remedy": error.remedy}


def _unknown(error: Exception) -> dict[str, str]:
    problem = f"the bench met an error that it does not know: {type(error).__name__}: {error}"
    return {"problem": problem[:2000], "remedy": "Change the settings, or report it."}


def _read(requests: "SimpleQueue[str | None]") -> None:
    """Pass the requests on, and end with them: at once where this process leads a group of its own."""
    for line in sys.stdin:
        requests.put(line)
    if hasattr(os, "killpg") and os.getpgrp() == os.getpid():
        os.killpg(os.getpgrp(), signal.SIGTERM)
    requests.put(None)


def work(request: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """What a request asks for."""
    from importlib import import_module

    module = import_module(f"spingan.bench.{MODULES[request['what']]}")
    return getattr(module, request["what"])(request, progress)


def files_of(request: dict[str, Any]) -> dict[str, Path]:
    """The user's files by the bench's names for them."""
    return {name: Path(path) for name, path in request.get("files", {}).items()}


def _told(number: int, answers: TextIO) -> Progress:
    def progress(what: str, done: int, total: int) -> None:
        _say({"id": number, "progress": [what, done, total]}, answers)

    return progress


def _say(answer: dict[str, Any], answers: TextIO) -> None:
    answers.write(json.dumps(_finite(answer), allow_nan=False) + "\n")
    answers.flush()


def _finite(value: Any) -> Any:
    """The value with None for numbers that are not finite, which JSON has none of."""
    if isinstance(value, dict):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


if __name__ == "__main__":
    main()
