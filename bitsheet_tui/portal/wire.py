"""One request and its answer over HTTP: one deadline, a bounded body, no redirects, TLS always checked."""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

from bitsheet_tui import __version__
from bitsheet_tui.portal import fault, route
from bitsheet_tui.portal.verdict import Verdict
from bitsheet_tui.secret import Secret, conceal, redact_bytes

if TYPE_CHECKING:
    import httpcore

CAP_BYTES = 64 * 2**20  # of a decoded body
PIECE_BYTES = 2**18  # decoded at a time, whatever the compression promises
CONNECT_SECONDS = 10.0
KEPT_SECONDS = 5.0  # without a request
PATIENCE = {"timeout": {"connect": CONNECT_SECONDS}}
HEADERS = (
    (b"User-Agent", f"bitsheet-tui/{__version__}".encode()),
    (b"Connection", b"keep-alive"),
    (b"Accept", b"application/json"),
    (b"Accept-Encoding", b"gzip, deflate"),
    (b"Content-Type", b"application/json; charset=utf-8"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An HTTP answer. `body` is decoded, and every known secret in it is hidden."""

    status: int
    body: bytes | bytearray
    retry_after: str = ""
    location: str = ""


class Wire(Protocol):
    """Whatever carries a request to the portal."""

    async def post(self, method: str, body: bytes, within: float | None = None) -> Reply | Verdict:
        """The portal's reply, or what became of the request; `within` fewer seconds. Raises nothing."""

    async def close(self) -> None:
        """Let go of the connections."""


class HttpWire:
    """Carries requests over kept-alive connections.

    By httpcore, which is what httpx speaks HTTP with: of the rest of httpx, 3 MB, nothing would be used.
    No error leaves it: an exception of the library knows the address, and the address is a password.
    """

    def __init__(self, webhook: Secret, *, timeout: float, connections: int) -> None:
        self._webhook = webhook
        self._timeout = timeout
        self._connections = connections
        self._pool: httpcore.AsyncConnectionPool | None = None

    async def post(self, method: str, body: bytes, within: float | None = None) -> Reply | Verdict:
        """See Wire. The deadline covers everything, from the look-up of the name to the last byte."""
        import httpcore  # noqa: PLC0415 - 0.1 s that a program that asks nothing need not wait

        failures = (
            httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError, httpcore.ProxyError,
            httpcore.UnsupportedProtocol, UnicodeError, OSError,
        )  # fmt: skip
        seconds = min(self._timeout, within or self._timeout)
        try:
            pool = self._pool = self._pool or self._open()
            async with asyncio.timeout(seconds):
                return await self._post(pool, method, body)
        except TimeoutError:
            return fault.late(seconds)
        except route.NoRoute:
            return fault.no_route()
        except failures as error:
            return fault.fault(error)

    async def _post(self, pool: httpcore.AsyncConnectionPool, method: str, body: bytes) -> Reply | Verdict:
        url = route.address(self._webhook.reveal() + method)
        headers = [(b"Host", route.named(url)), *HEADERS]
        async with pool.stream("POST", url, headers=headers, content=body, extensions=PATIENCE) as response:
            told = _joined(response.headers)
            decoder = Decoder(told.get("content-encoding", ""))
            if decoder.unknown:
                return fault.cut("The answer is packed in a way that was not asked for.")
            whole = bytearray()  # one block that grows, instead of hundreds to be joined
            async for chunk in response.aiter_stream():
                for part in decoder.feed(chunk):
                    whole += part
                    if len(whole) > CAP_BYTES:
                        return fault.too_much(CAP_BYTES)
            if decoder.broken or not decoder.done:
                return fault.cut()
            return Reply(
                status=response.status,
                body=redact_bytes(whole),
                retry_after=told.get("retry-after", ""),
                location=told.get("location", ""),
            )

    def _open(self) -> httpcore.AsyncConnectionPool:
        import httpcore  # noqa: PLC0415 - see post

        logging.getLogger("httpcore").setLevel(logging.WARNING)  # it logs the address of every request
        url = self._webhook.reveal()
        return httpcore.AsyncConnectionPool(
            ssl_context=route.trusted() if urlsplit(url).scheme == "https" else None,
            proxy=None if _is_here(self._webhook) else route.proxy(url),  # no proxy leads to this machine
            max_connections=self._connections,
            max_keepalive_connections=self._connections,
            keepalive_expiry=KEPT_SECONDS,
        )

    async def close(self) -> None:
        """See Wire."""
        pool, self._pool = self._pool, None
        if pool:
            await pool.aclose()


def host_of(webhook: Secret) -> str:
    """The portal's name for people. The code in the address is hidden from now on, also by itself."""
    parts = urlsplit(webhook.reveal())
    for piece in parts.path.split("/")[3:]:  # /rest/USER/CODE/
        conceal(piece)
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.hostname or ''}{port}"


def _joined(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Headers by their names in small letters, those that come twice as one list."""
    told: dict[str, str] = {}
    for name, value in headers:
        key, text = name.decode("latin-1").lower(), value.decode("latin-1")
        told[key] = f"{told[key]}, {text}" if key in told else text
    return told


def _is_here(webhook: Secret) -> bool:
    host = urlsplit(webhook.reveal()).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class Decoder:
    """Unpacks gzip and deflate piece by piece, so that a bomb is noticed before it is unpacked."""

    def __init__(self, encoding: str) -> None:
        self._encoding = encoding.strip().lower()
        self.unknown = self._encoding not in {"", "identity", "gzip", "x-gzip", "deflate"}
        self.broken = False
        self._inflate = (
            None if self._encoding in {"", "identity"} else zlib.decompressobj(zlib.MAX_WBITS | 32)
        )
        self._begun = False

    @property
    def done(self) -> bool:
        """Nothing is missing at the end. A body of no bytes is whole, whatever the header says."""
        return self._inflate is None or self._inflate.eof or not self._begun

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """The decoded pieces of `chunk`, each at most PIECE_BYTES long."""
        if self._inflate is None:
            yield chunk
            return
        try:
            yield from self._unpack(chunk)
        except zlib.error:
            self.broken = True

    def _unpack(self, chunk: bytes) -> Iterator[bytes]:
        if not chunk or self._inflate is None:
            return
        if not self._begun and self._encoding == "deflate" and chunk[0] & 0x0F != zlib.DEFLATED:
            self._inflate = zlib.decompressobj(-zlib.MAX_WBITS)  # some servers leave the header out
        self._begun = True
        part = None
        # a full piece may have left more behind, also when the input is used up
        while (chunk or part is None or len(part) == PIECE_BYTES) and not self._inflate.eof:
            part = self._inflate.decompress(chunk, PIECE_BYTES)
            chunk = self._inflate.unconsumed_tail
            yield part
