"""The bench's server: one page and its requests, on the loopback only, for pages of its own only."""

import asyncio
import contextlib
import errno
import logging
import signal
import socket
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tornado import web
from tornado.httpserver import HTTPServer

from spingan import __version__
from spingan.bench.child import Drawer
from spingan.bench.guard import HOST, MOST_BODY_BYTES, Handler, Refusal
from spingan.bench.jobs import Asked, Jobs
from spingan.bench.knobs import GROUPS, knobs
from spingan.bench.repeat import repeat
from spingan.bench.settings import Settings
from spingan.bench.uploads import FitAsked, Uploads
from spingan.errors import UserError, did_you_mean
from spingan.input_files import reason
from spingan.spec.technology import shipped_technologies

USUAL_PORT = 8123
PAGES = Path(__file__).parent / "static"
SCRIPTS = ("bench", "charts", "jobs", "knobs", "measured", "state")
FILES = {  # the only files that are served
    "/": ("index.html", "text/html; charset=utf-8"),
    "/bench.css": ("bench.css", "text/css; charset=utf-8"),
    "/icon.svg": ("icon.svg", "image/svg+xml"),
    **{f"/{name}.js": (f"{name}.js", "text/javascript; charset=utf-8") for name in SCRIPTS},
}
_DRAWN = ("sketch", "draw", "judge", "bill", "curves")


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


class _Page(Handler):
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
            raise Refusal(404, "there is no such page", "The bench has one page, at /")

        await self.answer(nothing)


class _Start(Handler):
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


class _Choices(Handler):
    async def get(self) -> None:
        async def choices() -> dict[str, Any]:
            found = await self.bench.choices()
            if self.get_argument("studies", ""):
                found |= await self.bench.drawer.ask({"what": "studies"})
            return found

        await self.answer(choices)


class _Compute(Handler):
    async def post(self, what: str) -> None:
        async def compute() -> dict[str, Any]:
            settings = await self.bench.settings(self.take_json().get("settings"))
            return await self.bench.compute(what, settings)

        await self.answer(compute)


class _Repeat(Handler):
    async def post(self) -> None:
        async def lines() -> dict[str, Any]:
            settings = Settings.from_dict(_dict(self.take_json().get("settings")), "settings")
            return repeat(settings, self.bench.uploads.names, self.bench.uploads.made_by)

        await self.answer(lines)


class _Files(Handler):
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


class _Fit(Handler):
    async def post(self, name: str) -> None:
        async def fit() -> dict[str, Any]:
            uploads, asked = self.bench.uploads, FitAsked.from_dict(self.take_json(), "fit")
            source = uploads.find(name)
            made, target = uploads.place(f"{source.stem}_{asked.function}.csv")
            request = {"what": "fit", "path": str(source), "target": str(target), **asked.to_dict()}
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


class _Jobs(Handler):
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


class _OneJob(Handler):
    async def get(self, number: str) -> None:
        async def found() -> dict[str, Any]:
            return self.bench.jobs.find(int(number)).with_result()

        await self.answer(found)


class _ChangedJob(Handler):
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
            found = socket.create_server((HOST, tried))
        except OSError as error:
            if port is None and tried and error.errno == errno.EADDRINUSE:
                continue
            if error.errno == errno.EADDRINUSE:
                remedy = "Give another --port, or none: a free one is chosen then."
                raise UserError(f"port {port} is in use", remedy) from error
            raise UserError(f"port {tried} cannot be used: {reason(error)}", "Give one from 1024 to 65535.") from error
        found.setblocking(False)
        return [found]
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
        with contextlib.suppress(NotImplementedError, RuntimeError):  # Windows; or not the main thread
            loop.add_signal_handler(number, over.set)
    ready(f"http://{HOST}:{sockets[0].getsockname()[1]}/")
    warming = asyncio.ensure_future(bench.choices())  # the computing process loads while the page does
    try:
        await over.wait()
    finally:
        warming.cancel()
        server.stop()
        await asyncio.gather(warming, return_exceptions=True)
        await bench.stop()


def _dict(given: Any) -> dict[str, Any]:
    return given if isinstance(given, dict) else {"settings": given}
