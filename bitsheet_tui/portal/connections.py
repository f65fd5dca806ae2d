"""Connections to the portal, kept for the next request: HTTP/1.1 by h11, over the streams of asyncio.

A whole HTTP client library would be 5 MB of a process that is to be small, for one host and one kind of
request. Where an answer is read from, and through which proxy, is decided here; what it means is not.
"""

from __future__ import annotations

import asyncio
import base64
import os
import ssl
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import SplitResult, unquote, urlsplit

import h11

CONNECT_SECONDS = 10.0
IDLE_SECONDS = 5.0  # after that a server may have hung up just now
PIECE_BYTES = 2**18  # read at a time
HEAD_BYTES = 100 * 2**10  # of an answer, at most


class Garbled(OSError):
    """What came is not HTTP, or ended too soon."""


class NotProxied(OSError):
    """The proxy does not let us through."""


@dataclass(frozen=True, slots=True)
class Response:
    """The head of an answer, and its body as it comes, packed as the header says."""

    status: int
    headers: Mapping[str, str]  # by lower-case name
    body: AsyncIterator[bytes]


class Connections:
    """Those to one portal. `direct`: without the proxy that the environment names."""

    def __init__(self, *, direct: bool, kept: int) -> None:
        self._direct, self._kept = direct, kept
        self._idle: list[_Connection] = []
        self._context: ssl.SSLContext | None = None

    @asynccontextmanager
    async def ask(self, url: str, headers: Mapping[str, str], body: bytes) -> AsyncIterator[Response]:
        """POST `body`, and look at the answer within the block. Raises OSError, TimeoutError among them."""
        route = _Route.find(url, direct=self._direct)
        connection = await self._connect(route)
        try:
            yield await connection.ask(route.request(headers, len(body)), body)
        except h11.ProtocolError as error:
            raise Garbled from error
        finally:
            if connection.reusable and len(self._idle) < self._kept:
                self._idle.append(connection)
            else:
                connection.close()

    async def _connect(self, route: _Route) -> _Connection:
        while self._idle:
            known = self._idle.pop()
            if known.reusable:
                return known
            known.close()
        if self._context is None and route.secure:
            self._context = _trusted()
        try:
            return await _Connection.open(route, self._context)
        except h11.ProtocolError as error:
            raise Garbled from error

    def close(self) -> None:
        """Let go of those that are kept."""
        while self._idle:
            self._idle.pop().close()


@dataclass(frozen=True, slots=True)
class _Route:
    """Where an address leads: to itself, or to a proxy."""

    to: SplitResult
    proxy: SplitResult | None = None

    @classmethod
    def find(cls, url: str, *, direct: bool) -> _Route:
        """The way to `url`. The environment is read as curl reads it, unless `direct`."""
        to = urlsplit(url)
        if direct or not any(name.lower().endswith("_proxy") for name in os.environ):
            return cls(to)
        from urllib.request import getproxies, proxy_bypass  # noqa: PLC0415 - few machines need it

        proxies = getproxies()
        named = proxies.get(to.scheme) or proxies.get("all")
        if not named or proxy_bypass(to.netloc):
            return cls(to)
        return cls(to, urlsplit(named if "://" in named else f"http://{named}"))

    @property
    def secure(self) -> bool:
        """Whether certificates are needed."""
        return "https" in {self.to.scheme, self.proxy.scheme if self.proxy else ""}

    @property
    def tunnelled(self) -> bool:
        """Whether the proxy only passes bytes on, to a secure address; else it reads the requests."""
        return self.proxy is not None and self.to.scheme == "https"

    def request(self, headers: Mapping[str, str], length: int) -> h11.Request:
        """The head of a request."""
        forwarded = self.proxy is not None and not self.tunnelled
        return h11.Request(
            method="POST",
            target=self.to.geturl() if forwarded else self.to.path or "/",
            headers=[
                ("Host", _authority(self.to)), *headers.items(), ("Content-Length", str(length)),
                *(self._credentials if forwarded else ()),
            ],
        )  # fmt: skip

    def tunnel(self) -> h11.Request:
        """The head of the request for a tunnel."""
        target = f"{_host(self.to)}:{_port(self.to)}"
        return h11.Request(method="CONNECT", target=target, headers=[("Host", target), *self._credentials])

    @property
    def _credentials(self) -> list[tuple[str, str]]:
        if self.proxy is None or not self.proxy.username:
            return []
        pair = f"{unquote(self.proxy.username)}:{unquote(self.proxy.password or '')}"
        return [("Proxy-Authorization", f"Basic {base64.b64encode(pair.encode()).decode()}")]


class _Connection:
    """Sends one request after the other. Raises OSError and h11.ProtocolError."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=HEAD_BYTES)
        self._since = time.monotonic()  # when it was last used

    @classmethod
    async def open(cls, route: _Route, context: ssl.SSLContext | None) -> _Connection:
        """Connect to the portal or its proxy."""
        first = route.proxy or route.to
        async with asyncio.timeout(CONNECT_SECONDS):
            reader, writer = await asyncio.open_connection(
                first.hostname, _port(first), limit=PIECE_BYTES, happy_eyeballs_delay=0.25,
                ssl=context if first.scheme == "https" else None,
            )  # fmt: skip
            if not route.tunnelled:
                return cls(reader, writer)
            tunnel = cls(reader, writer)
            through = False
            try:
                await tunnel._dig(route)
                await writer.start_tls(context or _trusted(), server_hostname=route.to.hostname)
                through = True
            finally:
                if not through:
                    tunnel.close()
            return cls(reader, writer)

    @property
    def reusable(self) -> bool:
        """Whether another request may be sent: the last answer was complete, a moment ago."""
        fresh = time.monotonic() - self._since < IDLE_SECONDS
        return fresh and self._http.our_state is h11.IDLE and not self._reader.at_eof()

    async def ask(self, request: h11.Request, body: bytes) -> Response:
        """Send a request; the head of its answer."""
        parts = (request, *([h11.Data(data=body)] if body else []), h11.EndOfMessage())
        for part in parts:
            self._writer.write(self._http.send(part) or b"")
        await self._writer.drain()
        while not isinstance(event := await self._event(), h11.Response):
            if not isinstance(event, h11.InformationalResponse):
                raise h11.RemoteProtocolError("no answer")
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in event.headers}
        return Response(event.status_code, headers, self._body())

    async def _body(self) -> AsyncIterator[bytes]:
        while isinstance(event := await self._event(), h11.Data):
            yield bytes(event.data)
        if not isinstance(event, h11.EndOfMessage):
            raise h11.RemoteProtocolError("no end of the answer")
        if self._http.our_state is h11.DONE and self._http.their_state is h11.DONE:
            self._http.start_next_cycle()
            self._since = time.monotonic()

    def close(self) -> None:
        """At once: what was sent does not matter any more."""
        self._writer.transport.abort()

    async def _event(self) -> object:
        while (event := self._http.next_event()) is h11.NEED_DATA:
            self._http.receive_data(await self._reader.read(PIECE_BYTES))
        return event

    async def _dig(self, route: _Route) -> None:
        if not 200 <= (await self.ask(route.tunnel(), b"")).status < 300:
            raise NotProxied


def _trusted() -> ssl.SSLContext:
    """Checks certificates against those that the environment names (SSL_CERT_FILE), else certifi's."""
    from certifi import where  # noqa: PLC0415 - a portal on this machine needs none

    named = os.environ.get("SSL_CERT_FILE") or os.environ.get("SSL_CERT_DIR")
    context = ssl.create_default_context(cafile=None if named else where())
    context.set_alpn_protocols(["http/1.1"])
    return context


def _authority(address: SplitResult) -> str:
    return f"{_host(address)}:{address.port}" if address.port else _host(address)


def _host(address: SplitResult) -> str:
    name = address.hostname or ""
    return f"[{name}]" if ":" in name else name.encode("idna").decode()


def _port(address: SplitResult) -> int:
    return address.port or (443 if address.scheme == "https" else 80)
