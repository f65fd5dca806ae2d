"""A small HTTP listener on a thread of its own: it only answers GET and HEAD, and asks nobody to wait.

HTTP is h11's. One request a connection; a connection that does not bring its request within the deadline is
closed, and where there are too many, the one that has waited longest makes room. Whoever may ask is decided
as `authentication` says: with a token whoever brings it, without one only who names this host as this host
can.
"""

import asyncio
import base64
import binascii
import threading
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from http import HTTPStatus

import h11
from msgspec import Struct

from bitsheet_tui import authentication
from bitsheet_tui.observe import logs
from bitsheet_tui.secret import Secret

CONNECTIONS = 16
DEADLINE = 5.0  # seconds for the request, and as many for the answer
HEAD_BYTES = 8192
AGAIN = 10.0  # seconds until the address is tried again
BACKLOG = 128
HEADERS = (
    ("Cache-Control", "no-store"),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
)
NO_CONTENT = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
CHALLENGE = ("WWW-Authenticate", 'Basic realm="bitsheet-tui", charset="UTF-8"')
TEXT = "text/plain; charset=utf-8"


class Page(Struct, frozen=True, kw_only=True):
    """What is answered."""

    body: bytes
    media: str = TEXT
    status: int = 200
    policy: str = NO_CONTENT  # the Content-Security-Policy
    headers: tuple[tuple[str, str], ...] = ()


def say(status: int, text: str, *headers: tuple[str, str]) -> Page:
    """A line of text."""
    return Page(status=status, body=f"{text}\n".encode(), headers=headers)


Headers = Mapping[str, str]
Answer = Callable[[str, Headers], Awaitable[Page]]  # to a path


class Listener:
    """Serves until it is closed. An address that cannot be used is told, and tried again."""

    def __init__(self, address: tuple[str, int], token: Secret, answer: Answer) -> None:
        self._address, self._token, self._answer = address, token, answer
        self._guesses = authentication.Guesses()
        self._waiting: dict[Connection, None] = {}  # for their requests, the oldest first
        self._open: set[Connection] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="metrics", daemon=True)

    def open(self) -> None:
        """Begin; never waits for the network."""
        self._thread.start()

    def close(self) -> None:
        """End, with whatever is being answered; from any thread."""
        self._ready.wait(1)
        if self._loop and self._stop:
            with suppress(RuntimeError):  # it has ended by itself
                self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(1)

    def _run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        self._ready.set()
        server = await self._bound()
        if server is None:
            return
        await self._stop.wait()
        server.close()
        for one in tuple(self._open):
            one.abort()

    async def _bound(self) -> asyncio.Server | None:
        """The socket; None: the end came first."""
        assert self._loop  # noqa: S101 - for the type checker
        assert self._stop  # noqa: S101
        host, port = self._address
        told = ""
        while not self._stop.is_set():
            try:
                server = await self._loop.create_server(lambda: Connection(self), host, port, backlog=BACKLOG)
            except OSError as error:
                if told != (
                    told := f"metrics.listen: {host}:{port} cannot be used: {error.strerror or error}"
                ):
                    logs.say("ERROR", f"{told}; tried again every {AGAIN:g} s")
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._stop.wait(), AGAIN)
            else:
                port = server.sockets[0].getsockname()[1]
                logs.say(
                    "INFO", f"metrics: listening at http://{f'[{host}]' if ':' in host else host}:{port}/"
                )
                return server
        return None

    def enter(self, one: "Connection") -> None:
        """One more, for which another may have to go."""
        self._open.add(one)
        self._waiting[one] = None
        if len(self._open) > CONNECTIONS:
            oldest = next(iter(self._waiting))
            oldest.abort()
            self.leave(oldest)

    def heard(self, one: "Connection") -> None:
        """It has brought its request."""
        self._waiting.pop(one, None)

    def leave(self, one: "Connection") -> None:
        """One less."""
        self._waiting.pop(one, None)
        self._open.discard(one)

    async def page(self, method: str, target: str, headers: Headers, whence: str) -> Page:
        """What is answered to a request."""
        if method not in {"GET", "HEAD"}:
            return say(405, "only GET and HEAD", ("Allow", "GET, HEAD"))
        if refusal := self._refusal(headers, whence):
            return refusal
        try:
            async with asyncio.timeout(DEADLINE):
                return await self._answer(target.partition("?")[0], headers)
        except TimeoutError:
            return say(503, f"no answer within {DEADLINE:g} s")

    def _refusal(self, headers: Headers, whence: str) -> Page | None:
        if not self._token:
            named = authentication.names_loopback(headers)
            return None if named else say(403, "without a token only this host may ask, by a name of its own")
        now = time.monotonic()
        if wait := self._guesses.wait(whence, now):
            return say(429, "too many wrong tokens", ("Retry-After", f"{wait:.0f}"))
        given = _token(headers)
        if given is not None and authentication.fits(self._token, given):
            return None
        if given is not None:
            self._guesses.wrong(whence, now)
            logs.say("WARNING", f"metrics: a wrong token from {whence} was refused")
        return say(401, "this needs the token", CHALLENGE)


class Connection(asyncio.Protocol):
    """One connection, and the one request it brings."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=HEAD_BYTES)
        self._transport: asyncio.Transport | None = None
        self._deadline: asyncio.TimerHandle | None = None
        self._answering: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """From now on the deadline runs."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - for the type checker
        self._transport = transport
        self._until(DEADLINE)
        self._listener.enter(self)

    def connection_lost(self, _: Exception | None) -> None:
        """It has gone, and what was being answered to it is given up."""
        if self._deadline:
            self._deadline.cancel()
        if self._answering:
            self._answering.cancel()
        self._listener.leave(self)

    def abort(self) -> None:
        """Send it away at once."""
        if self._transport:
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        """A part of the request; what comes after its head is not looked at."""
        if self._answering:
            return
        try:
            self._http.receive_data(data)
            event = self._http.next_event()
        except h11.RemoteProtocolError as error:
            self._reply(say(error.error_status_hint, "this is no request that is understood here"))
            return
        if isinstance(event, h11.Request):
            self._listener.heard(self)
            self._until(2 * DEADLINE)
            self._answering = asyncio.get_running_loop().create_task(self._take(event))

    async def _take(self, request: h11.Request) -> None:
        headers = {name.decode().title(): value.decode("latin-1") for name, value in request.headers}
        method = request.method.decode()
        page = await self._listener.page(method, request.target.decode("latin-1"), headers, self._whence())
        self._reply(page, head=method == "HEAD")

    def _whence(self) -> str:
        peer = self._transport.get_extra_info("peername") if self._transport else None
        return str(peer[0]) if peer else ""

    def _reply(self, page: Page, *, head: bool = False) -> None:
        transport = self._transport
        if transport is None or transport.is_closing() or self._http.our_state not in _TO_ANSWER:
            self.abort()
            return
        headers = [
            *HEADERS, *page.headers, ("Content-Type", page.media), ("Content-Length", str(len(page.body))),
            ("Content-Security-Policy", page.policy), ("Connection", "close"),
        ]  # fmt: skip
        start = self._http.send(
            h11.Response(status_code=page.status, reason=HTTPStatus(page.status).phrase, headers=headers)
        )
        transport.write((start or b"") + (b"" if head else page.body))
        transport.close()  # once it is written

    def _until(self, seconds: float) -> None:
        if self._deadline:
            self._deadline.cancel()
        self._deadline = asyncio.get_running_loop().call_later(seconds, self.abort)


_TO_ANSWER = (h11.IDLE, h11.SEND_RESPONSE)


def _token(headers: Headers) -> str | None:
    """What the request brings: as Bearer, or as the password of Basic, which is what a browser asks for."""
    kind, _, given = headers.get("Authorization", "").partition(" ")
    if kind.lower() != "basic":
        return authentication.bearer(headers)
    try:
        return base64.b64decode(given, validate=True).decode().partition(":")[2]
    except (binascii.Error, UnicodeDecodeError):
        return ""
