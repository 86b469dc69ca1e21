"""The bench's server: one page and its requests, on the loopback only, for pages of its own only."""

import asyncio
import errno
import json
import logging
import signal
import socket
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tornado import web
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets

from spingan import __version__
from spingan.bench.child import Drawer, Interrupted
from spingan.bench.jobs import Asked, Jobs
from spingan.bench.knobs import GROUPS, knobs
from spingan.bench.repeat import repeat
from spingan.bench.settings import Settings
from spingan.bench.uploads import Uploads
from spingan.errors import UserError, did_you_mean
from spingan.spec.technology import shipped_technologies

HOST = "127.0.0.1"
USUAL_PORT = 8123
MOST_BODY_BYTES = 20_000_000
_MOST_DRAINED_BYTES = 1 << 30  # a body that is too large is read to its end, so that its sender reads the answer
_DRAIN_S = 30.0
HOSTS = ("127.0.0.1", "localhost", "::1")
PAGES = Path(__file__).parent / "static"
SCRIPTS = ("bench", "charts", "jobs", "knobs", "measured", "state")
FILES = {  # the only files that are served
    "/": ("index.html", "text/html; charset=utf-8"),
    "/bench.css": ("bench.css", "text/css; charset=utf-8"),
    "/icon.svg": ("icon.svg", "image/svg+xml"),
    **{f"/{name}.js": (f"{name}.js", "text/javascript; charset=utf-8") for name in SCRIPTS},
}
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
        "form-action 'none'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
_DRAWN = ("draw", "judge", "bill", "curves")


@dataclass
class Bench:
    """What all requests share.

    Attributes:
        models, technologies: Those that the bench was started with, besides the shipped ones.
    """

    uploads: Uploads
    jobs: Jobs
    models: tuple[str, ...] = ()
    technologies: tuple[str, ...] = ()
    drawer: Drawer = field(default_factory=Drawer)
    _choices: dict[str, Any] | None = None

    async def choices(self) -> dict[str, Any]:
        """Models and technologies to choose from; the first call waits for the computing process."""
        if self._choices is None:
            asked = {"what": "hello", "models": self.models, "technologies": self.technologies}
            self._choices = await self.drawer.ask(asked)
        return self._choices

    async def settings(self, given: Any) -> Settings:
        """The settings of a request; models and technologies only by names that the bench offers.

        Raises:
            UserError: They are not right.
        """
        settings = Settings.from_dict(given if isinstance(given, dict) else {"settings": given}, "settings")
        choices = await self.choices()
        for what, name, known in (
            ("model", settings.model, [one["name"] for one in choices["models"]]),
            ("technology", settings.technology, choices["technologies"]),
        ):
            if name is not None and name not in known:
                remedy = (
                    f"{did_you_mean(name, known)}For a file of your own start the bench with it: spingan bench --help"
                )
                raise UserError(f"the bench offers no {what} {name[:80]!r}", remedy)
        return settings

    async def compute(self, what: str, settings: Settings, **more: Any) -> dict[str, Any]:
        """An answer of the computing process."""
        files = {name: str(path) for name, path in self.uploads.paths.items()}
        return await self.drawer.ask({"what": what, "settings": settings.to_dict(), "files": files, **more})

    async def stop(self) -> None:
        """End all processes."""
        await asyncio.gather(self.jobs.stop(), self.drawer.stop())


class _Refusal(Exception):
    """A request that is refused for its form, before anybody looks at what it asks."""

    def __init__(self, status: int, problem: str, remedy: str) -> None:
        super().__init__(problem)
        self.status, self.problem, self.remedy = status, problem, remedy


@web.stream_request_body
class _Handler(web.RequestHandler):
    """Refuses hosts, origins and bodies that are not the bench's own, and answers in JSON."""

    def initialize(self, bench: Bench) -> None:
        self.bench = bench
        self.body = bytearray()
        self.refusal: _Refusal | None = None
        self.work: asyncio.Future[Any] | None = None

    def set_default_headers(self) -> None:
        for name, value in _HEADERS.items():
            self.set_header(name, value)
        self.clear_header("Server")

    def prepare(self) -> None:
        try:
            self._check()
        except _Refusal as refusal:
            self.refusal = refusal
            connection: Any = self.request.connection
            connection.set_max_body_size(_MOST_DRAINED_BYTES)
            connection.set_body_timeout(_DRAIN_S)

    def data_received(self, chunk: bytes) -> None:
        if self.refusal is None and len(self.body) + len(chunk) > MOST_BODY_BYTES:
            self.refusal = _too_large()
        if self.refusal is None:
            self.body += chunk
        else:
            self.body.clear()

    def on_connection_close(self) -> None:
        if self.work is not None:
            self.work.cancel()

    def _check(self) -> None:
        host = self.request.headers.get_list("Host")
        if len(host) != 1 or urlsplit(f"//{host[0]}").hostname not in HOSTS:
            raise _Refusal(
                403,
                f"the host {', '.join(host)[:80]!r} is not this machine's loopback",
                f"Open http://{HOST}:PORT itself.",
            )
        origin = self.request.headers.get("Origin")
        if origin is not None and origin != f"http://{host[0]}":
            raise _Refusal(403, f"a page of {origin[:80]!r} may not use the bench", "Open the bench's own page.")
        navigates = self.request.method == "GET" and self.request.headers.get("Sec-Fetch-Mode") == "navigate"
        if self.request.headers.get("Sec-Fetch-Site") in ("cross-site", "same-site") and not (
            navigates and self.request.path == "/"
        ):
            raise _Refusal(403, "a page of another site may not use the bench", "Open the bench's own page.")
        try:
            length = int(self.request.headers.get("Content-Length", "0"))
        except ValueError:
            length = 0
        if length > MOST_BODY_BYTES:
            raise _too_large()

    def take_json(self) -> dict[str, Any]:
        """The body as one JSON object.

        Raises:
            _Refusal: It is none.
        """
        if self.request.headers.get("Content-Type", "").partition(";")[0].strip().lower() != "application/json":
            raise _Refusal(415, "the request is not application/json", "Use the bench's own page.")
        try:
            found = json.loads(bytes(self.body), parse_constant=_no_number)
        except (ValueError, RecursionError) as error:
            raise _Refusal(400, f"the request is not JSON: {str(error)[:200]}", "Use the bench's own page.") from None
        if not isinstance(found, dict):
            raise _Refusal(400, "the request is no JSON object", "Use the bench's own page.")
        return found

    async def answer(self, work: Callable[[], Any]) -> None:
        """Send what `work` gives, or why it is refused."""
        try:
            if self.refusal is not None:
                raise self.refusal
            self.work = asyncio.ensure_future(work())
            self.send(200, await self.work)
        except _Refusal as refusal:
            self.send(refusal.status, {"problem": refusal.problem, "remedy": refusal.remedy})
        except UserError as error:
            self.send(400, {"problem": error.problem, "remedy": error.remedy})
        except (asyncio.CancelledError, Interrupted):
            self.send(409, {"problem": "this was interrupted by a newer request", "remedy": ""})

    def send(self, status: int, data: Any) -> None:
        """Answer in JSON; a connection that is gone is not told."""
        self.set_status(status)
        self.set_header("Content-Type", "application/json; charset=utf-8")
        self.finish(json.dumps(data, allow_nan=False, default=str))

    def write_error(self, status_code: int, **more: Any) -> None:
        self.send(status_code, {"problem": f"the bench does not do that ({status_code})", "remedy": "Reload the page."})


class _Page(_Handler):
    def get(self) -> None:
        if self.refusal is not None:
            self.send(self.refusal.status, {"problem": self.refusal.problem, "remedy": self.refusal.remedy})
            return
        if self.request.path not in FILES:
            self.send(404, {"problem": "there is no such page", "remedy": "The bench has one page, at /"})
            return
        name, kind = FILES[self.request.path]
        self.set_header("Content-Type", kind)
        self.finish((PAGES / name).read_bytes())

    async def post(self) -> None:
        async def nothing() -> None:
            raise _Refusal(404, "there is no such page", "The bench has one page, at /")

        await self.answer(nothing)


class _Start(_Handler):
    async def get(self) -> None:
        async def start() -> dict[str, Any]:
            technologies = [*self.bench.technologies, *shipped_technologies()]
            model = self.bench.models[0] if self.bench.models else Settings().model
            return {
                "version": __version__,
                "knobs": knobs(),
                "groups": GROUPS,
                "settings": Settings(model=model).to_dict(),
                "technologies": list(dict.fromkeys(technologies)),
                "most_body_bytes": MOST_BODY_BYTES,
            }

        await self.answer(start)


class _Choices(_Handler):
    async def get(self) -> None:
        async def choices() -> dict[str, Any]:
            found = await self.bench.choices()
            if self.get_argument("studies", ""):
                found |= await self.bench.drawer.ask({"what": "studies"})
            return found

        await self.answer(choices)


class _Compute(_Handler):
    async def post(self, what: str) -> None:
        async def compute() -> dict[str, Any]:
            settings = await self.bench.settings(self.take_json().get("settings"))
            return await self.bench.compute(what, settings)

        await self.answer(compute)


class _Repeat(_Handler):
    async def post(self) -> None:
        async def lines() -> dict[str, Any]:
            settings = Settings.from_dict(_dict(self.take_json().get("settings")), "settings")
            return repeat(settings, self.bench.uploads.names, self.bench.uploads.made_by)

        await self.answer(lines)


class _Files(_Handler):
    async def post(self) -> None:
        async def keep() -> dict[str, Any]:
            uploads = self.bench.uploads
            name = uploads.keep(self.get_query_argument("name", ""), bytes(self.body))
            try:
                found = await self.bench.drawer.ask({"what": "table", "path": str(uploads.paths[name])})
            except UserError as error:
                uploads.drop(name)
                said = error.problem.replace(f"{uploads.folder}/{name}/", "")
                raise UserError(said, error.remedy) from error
            return {"file": name, "called": uploads.names[name], **found}

        await self.answer(keep)


class _Fit(_Handler):
    async def post(self, name: str) -> None:
        async def fit() -> dict[str, Any]:
            uploads, asked = self.bench.uploads, self.take_json()
            source = uploads.find(name)
            function = str(asked.get("function"))[:20]
            made, target = uploads.place(f"{source.stem}_{function}.csv")
            wanted = {key: asked.get(key) for key in ("x", "y", "x_unit", "y_unit", "states")}
            request = {"what": "fit", "path": str(source), "target": str(target), "function": function, **wanted}
            try:
                found = await self.bench.drawer.ask(request)
            except UserError as error:
                said = error.problem.replace(f"{source.parent}/", "")
                raise UserError(said, error.remedy) from error
            uploads.paths[made] = target
            command, line = found.pop("made_by")
            uploads.made_by[made] = (command, line)
            return {"file": made, "called": target.name, **found}

        await self.answer(fit)


class _Jobs(_Handler):
    async def get(self) -> None:
        async def listed() -> dict[str, Any]:
            return {"jobs": self.bench.jobs.listed()}

        await self.answer(listed)

    async def post(self) -> None:
        async def start() -> dict[str, Any]:
            asked = Asked.from_dict(self.take_json(), "job")
            await self.bench.settings(asked.settings)
            return self.bench.jobs.start(asked, self.bench.uploads.paths).to_dict()

        await self.answer(start)


class _OneJob(_Handler):
    async def get(self, number: str) -> None:
        async def found() -> dict[str, Any]:
            return self.bench.jobs.find(int(number)).with_result()

        await self.answer(found)


class _ChangedJob(_Handler):
    async def post(self, number: str, what: str) -> None:
        async def change() -> dict[str, Any]:
            self.take_json()
            if what == "cancel":
                await self.bench.jobs.cancel(int(number))
            else:
                self.bench.jobs.forget(int(number))
            return {"jobs": self.bench.jobs.listed()}

        await self.answer(change)


def application(bench: Bench) -> web.Application:
    """The server's addresses."""
    more = {"bench": bench}
    routes: list[Any] = [
        (r"/api/start", _Start, more),
        (r"/api/choices", _Choices, more),
        (rf"/api/({'|'.join(_DRAWN)})", _Compute, more),
        (r"/api/repeat", _Repeat, more),
        (r"/api/files", _Files, more),
        (r"/api/files/([0-9a-f]{16})/fit", _Fit, more),
        (r"/api/jobs", _Jobs, more),
        (r"/api/jobs/(\d{1,9})", _OneJob, more),
        (r"/api/jobs/(\d{1,9})/(cancel|forget)", _ChangedJob, more),
        (r".*", _Page, more),
    ]
    return web.Application(routes)


def listening(port: int | None) -> list[socket.socket]:
    """Sockets on the loopback at `port`; None: the usual one, or a free one where that is in use.

    Raises:
        UserError: The port is in use, or may not be used.
    """
    for tried in (USUAL_PORT, 0) if port is None else (port,):
        try:
            return bind_sockets(tried, HOST)
        except (OSError, OverflowError) as error:
            if port is None and tried and getattr(error, "errno", None) == errno.EADDRINUSE:
                continue
            if getattr(error, "errno", None) == errno.EADDRINUSE:
                raise UserError(
                    f"port {port} is in use", "Give another --port, or none: a free one is chosen then."
                ) from error
            raise UserError(f"port {tried} cannot be used: {error}", "Give a --port from 1024 to 65535.") from error
    raise AssertionError("a free port is always there")


def serve(
    models: Sequence[str] = (),
    technologies: Sequence[str] = (),
    port: int | None = None,
    folder: Path = Path("runs/bench"),
    ready: Callable[[str], None] = lambda address: None,
) -> None:
    """Serve the bench until it is interrupted.

    Args:
        models: Run folders or weights files to offer before the shipped models; the first one is shown.
        technologies: Files or folders to offer before the shipped technologies.
        port: On the loopback; None: the usual one, or a free one.
        folder: Where jobs leave their files.
        ready: Called with the page's address as soon as it answers.

    Raises:
        UserError: The port cannot be used.
    """
    logging.getLogger("tornado").setLevel(logging.CRITICAL)  # what is refused, the page says
    sockets = listening(port)
    with tempfile.TemporaryDirectory(prefix="spingan-bench-") as uploads:
        asyncio.run(_serve(sockets, Uploads(Path(uploads)), folder, tuple(models), tuple(technologies), ready))


async def _serve(
    sockets: list[socket.socket],
    uploads: Uploads,
    folder: Path,
    models: tuple[str, ...],
    technologies: tuple[str, ...],
    ready: Callable[[str], None],
) -> None:
    bench = Bench(uploads, Jobs(folder), models, technologies)
    server = HTTPServer(application(bench), max_body_size=MOST_BODY_BYTES)
    server.add_sockets(sockets)
    over = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        try:
            loop.add_signal_handler(number, over.set)
        except (NotImplementedError, RuntimeError):  # Windows; or not the main thread
            pass
    ready(f"http://{HOST}:{sockets[0].getsockname()[1]}/")
    warming = asyncio.ensure_future(bench.choices())  # the computing process loads while the page does
    try:
        await over.wait()
    finally:
        warming.cancel()
        server.stop()
        await asyncio.gather(warming, return_exceptions=True)
        await bench.stop()


def _too_large() -> _Refusal:
    return _Refusal(
        413, f"more than {MOST_BODY_BYTES // 10**6} MB were sent", "Drop a smaller file: a table of numbers."
    )


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is no number")


def _dict(given: Any) -> dict[str, Any]:
    return given if isinstance(given, dict) else {"settings": given}
