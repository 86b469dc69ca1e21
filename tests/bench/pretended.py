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

# Answers as `spingan.bench.worker` does, with numbers made up from the settings; `table` is the real one, and a job
# takes a minute, and a drawing with wires two seconds.
PRETENDS = textwrap.dedent(
    """
    import json, signal, sys, time

    def stopped(number, frame):
        raise KeyboardInterrupt

    PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg=="

    def harm(asked):
        noise = asked["settings"]["conditions"].get("programming_noise", 0)
        return noise["fraction"] if isinstance(noise, dict) else noise

    def account(scale):
        items = {name: {"energy_j": energy * scale, "low_j": energy * scale / 2, "high_j": energy * scale * 3,
                        "layers": {"conv1": energy * scale * 0.4, "conv2": energy * scale * 0.6}}
                 for name, energy in (("array reads", 9e-7), ("row drivers (DAC)", 1e-7), ("converters (ADC)", 6e-8),
                                      ("bus", 5e-8), ("buffers", 4e-8), ("shift and add", 1e-8), ("tanh", 1e-9))}
        total = sum(one["energy_j"] for one in items.values())
        return {"energy_j": total, "low_j": total / 2, "high_j": total * 3, "time_s": 5e-6, "time_pipelined_s": 1e-6,
                "power_w": 0.2, "area_m2": 5e-6, "layers": ["conv1", "conv2"], "items": items,
                "not_counted": ["leakage, clock and idle power"]}

    def curves(asked):
        values = {"adc.bits": None, "temperature_k": 300}
        relu = {"name": "relu_made", "input_unit": "A", "output_unit": "V", "input": [-2e-5, 0.0, 2e-5],
                "rising": [0.0, 0.0, 0.3], "falling": None, "full_scale": 2e-5, "source": None}
        levels = asked["settings"]["levels"] or 8
        synapse = {"name": "made", "unit": "S", "states": levels, "level": list(range(levels)),
                   "conductance": [1e-6 * (n + 1) for n in range(levels)], "error": None, "source": None}
        return {"technology": "made", "values": values, "synapse": synapse, "activations": {"relu": relu}}

    def pictures(asked):
        return {"png": PNG, "width": 466, "height": 466, "count": 64, "technology": "pcm", "own_technology": "pcm",
                "not_simulated": ["temperature_k"], "seconds": 0.1}

    def wired(asked):
        return asked["settings"]["set"].get("wire_resistance_ohm") is not None

    def draw(asked):
        if wired(asked):
            time.sleep(2)
        return pictures(asked)

    MADE = {
        "hello": lambda asked: {
            "models": [{"name": "clothes-longer", "recipe": True}, {"name": "clothes", "recipe": True}],
            "technologies": ["ideal", "pcm"],
        },
        "studies": lambda asked: {"studies": ["noise", "levels"]},
        "sketch": lambda asked: pictures(asked) if wired(asked) else {},
        "draw": draw,
        "judge": lambda asked: {"metric": "FD(made, 500)", "variety_metric": "variety(made, 500, k=5)", "count": 500,
                                "distance": 1.5 + 100 * harm(asked), "precision": 0.9, "recall": 0.9 - 5 * harm(asked),
                                "coverage": 0.8, "floor": 0.6, "floor_recall": 0.96, "floor_coverage": 0.96,
                                "seconds": 0.1},
        "bill": lambda asked: {"technology": "pcm", "programming_j": 1e-9, "assumed": ["node_nm 32 (own choice)"],
                               "drawing": account(1), "training": account(40)},
        "curves": curves,
    }

    def main():
        signal.signal(signal.SIGINT, stopped)
        for line in sys.stdin:
            asked = json.loads(line)
            what = asked["what"]
            answer = {"result": MADE[what](asked) if what in MADE else asked}
            if what == "die":
                sys.exit("there is no memory left")
            elif what == "refuse":
                answer = {"error": {"problem": "it is wrong", "remedy": "Correct it."}}
            elif what == "table":
                from spingan.bench.worker import work
                from spingan.errors import UserError
                try:
                    answer = {"result": work(asked, print)}
                except UserError as error:
                    answer = {"error": {"problem": error.problem, "remedy": error.remedy}}
            elif what in ("wait", "evaluate", "study", "appraise"):
                try:
                    print(json.dumps({"id": asked["id"], "progress": ["images", 1, 4]}), flush=True)
                    time.sleep(60)
                except KeyboardInterrupt:
                    answer = {"cancelled": True}
            print(json.dumps({"id": asked["id"], **answer}), flush=True)

    main()
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
