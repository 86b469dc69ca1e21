"""A bench that serves in a thread, with a computing process that answers without computing."""

import asyncio
import http.client
import json
import sys
import textwrap
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tornado.httpserver import HTTPServer

from spingan.bench.child import Drawer
from spingan.bench.jobs import Jobs
from spingan.bench.server import Bench, application, listening
from spingan.bench.uploads import Uploads

# Answers as `spingan.bench.worker` does: hello by names, `draw` with what it was asked, an evaluation after a minute.
PRETENDS = textwrap.dedent(
    """
    import json, signal, sys, time
    def stopped(number, frame): raise KeyboardInterrupt
    signal.signal(signal.SIGINT, stopped)
    for line in sys.stdin:
        asked = json.loads(line)
        answer = {"result": asked}
        if asked["what"] == "hello":
            answer = {"result": {"models": [{"name": "clothes", "recipe": True}], "technologies": ["ideal", "pcm"]}}
        elif asked["what"] == "die":
            sys.exit("there is no memory left")
        elif asked["what"] == "refuse":
            answer = {"error": {"problem": "it is wrong", "remedy": "Correct it."}}
        elif asked["what"] in ("wait", "evaluate", "study"):
            try:
                print(json.dumps({"id": asked["id"], "progress": ["images", 1, 4]}), flush=True)
                time.sleep(60)
            except KeyboardInterrupt:
                answer = {"cancelled": True}
        print(json.dumps({"id": asked["id"], **answer}), flush=True)
    """
)
COMMAND = (sys.executable, "-c", PRETENDS)


@dataclass
class Served:
    """A bench that answers at `port`."""

    bench: Bench
    port: int

    def ask(
        self, path: str, body: Any = None, method: str | None = None, headers: dict[str, str] | None = None
    ) -> tuple[int, Any, http.client.HTTPMessage]:
        """Status, body (JSON where it is) and headers of an answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        given = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        sent = {"Content-Type": "application/json"} if given is not None else {}
        connection.request(method or ("GET" if body is None else "POST"), path, given, sent | (headers or {}))
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        kind = answer.headers.get("Content-Type", "")
        return answer.status, json.loads(content) if kind.startswith("application/json") else content, answer.headers


@contextmanager
def serving(folder: Path, command: tuple[str, ...] = COMMAND) -> Iterator[Served]:
    """A bench in a thread of its own, ended with all its processes."""
    sockets = listening(0)
    loop, begun, found = asyncio.new_event_loop(), threading.Event(), {}

    async def begin() -> None:
        jobs = Jobs(folder / "jobs", command=command)
        found["bench"] = Bench(Uploads(folder / "uploads"), jobs, drawer=Drawer(command))
        found["server"] = HTTPServer(application(found["bench"]), max_body_size=20_000_000)
        found["server"].add_sockets(sockets)
        begun.set()

    def run() -> None:
        asyncio.set_event_loop(loop)
        loop.run_until_complete(begin())
        loop.run_forever()

    async def end() -> None:
        found["server"].stop()
        await found["server"].close_all_connections()
        await found["bench"].stop()

    thread = threading.Thread(target=run)
    thread.start()
    begun.wait()
    try:
        yield Served(found["bench"], sockets[0].getsockname()[1])
    finally:
        asyncio.run_coroutine_threadsafe(end(), loop).result(30)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
