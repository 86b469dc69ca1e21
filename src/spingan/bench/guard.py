"""What every request of the bench passes: only its own page on this machine, and no more than it can take."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

from tornado import web

from spingan.bench.child import Interrupted
from spingan.errors import UserError

HOST = "127.0.0.1"
MOST_BODY_BYTES = 20_000_000
_MOST_DRAINED_BYTES = 1 << 30  # a body that is too large is read to its end, so that its sender reads the answer
_DRAIN_S = 30.0
HOSTS = ("127.0.0.1", "localhost", "::1")
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


class Refusal(Exception):
    """A request that is refused for its form, before anybody looks at what it asks."""

    def __init__(self, status: int, problem: str, remedy: str) -> None:
        super().__init__(problem)
        self.status, self.problem, self.remedy = status, problem, remedy


@web.stream_request_body
class Handler(web.RequestHandler):
    """Refuses hosts, origins and bodies that are not the bench's own, and answers in JSON."""

    def initialize(self, bench: Any) -> None:
        self.bench = bench
        self.body = bytearray()
        self.refusal: Refusal | None = None
        self.work: asyncio.Future[Any] | None = None

    def set_default_headers(self) -> None:
        for name, value in _HEADERS.items():
            self.set_header(name, value)
        self.clear_header("Server")

    def prepare(self) -> None:
        try:
            self._check()
        except Refusal as refusal:
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
            raise Refusal(
                403,
                f"the host {', '.join(host)[:80]!r} is not this machine's loopback",
                f"Open http://{HOST}:PORT itself.",
            )
        origin = self.request.headers.get("Origin")
        if origin is not None and origin != f"http://{host[0]}":
            raise Refusal(403, f"a page of {origin[:80]!r} may not use the bench", "Open the bench's own page.")
        navigates = self.request.method == "GET" and self.request.headers.get("Sec-Fetch-Mode") == "navigate"
        if self.request.headers.get("Sec-Fetch-Site") in ("cross-site", "same-site") and not (
            navigates and self.request.path == "/"
        ):
            raise Refusal(403, "a page of another site may not use the bench", "Open the bench's own page.")
        try:
            length = int(self.request.headers.get("Content-Length", "0"))
        except ValueError:
            length = 0
        if length > MOST_BODY_BYTES:
            raise _too_large()

    def take_json(self) -> dict[str, Any]:
        """The body as one JSON object.

        Raises:
            Refusal: It is none.
        """
        if self.request.headers.get("Content-Type", "").partition(";")[0].strip().lower() != "application/json":
            raise Refusal(415, "the request is not application/json", "Use the bench's own page.")
        try:
            found = json.loads(bytes(self.body), parse_constant=_no_number)
        except (ValueError, RecursionError) as error:
            raise Refusal(400, f"the request is not JSON: {str(error)[:200]}", "Use the bench's own page.") from None
        if not isinstance(found, dict):
            raise Refusal(400, "the request is no JSON object", "Use the bench's own page.")
        return found

    async def answer(self, work: Callable[[], Awaitable[Any]]) -> None:
        """Send what `work` gives, or why it is refused."""
        try:
            if self.refusal is not None:
                raise self.refusal
            self.work = asyncio.ensure_future(work())
            found = await self.work
            self.send(200, found)
        except Refusal as refusal:
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


def _too_large() -> Refusal:
    return Refusal(
        413, f"more than {MOST_BODY_BYTES // 10**6} MB were sent", "Drop a smaller file: a table of numbers."
    )


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is no number")
