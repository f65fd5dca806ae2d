"""One request and its answer over HTTP: one deadline, a bounded body, no redirects, TLS always checked."""

from __future__ import annotations

import asyncio
import ipaddress
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

from bitsheet_tui import __version__
from bitsheet_tui.portal import fault
from bitsheet_tui.portal.verdict import Verdict
from bitsheet_tui.secret import Secret, redact_bytes

if TYPE_CHECKING:
    from bitsheet_tui.portal.connections import Connections, Response

CAP_BYTES = 64 * 2**20  # of a decoded body
PIECE_BYTES = 2**18  # decoded at a time, whatever the compression promises
HEADERS = {
    "User-Agent": f"bitsheet-tui/{__version__}",
    "Accept": "application/json",
    "Accept-Encoding": "gzip, deflate",
    "Connection": "keep-alive",
    "Content-Type": "application/json; charset=utf-8",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An HTTP answer. `body` is decoded, and every known secret in it is hidden."""

    status: int
    body: bytes
    retry_after: str = ""
    location: str = ""


class Wire(Protocol):
    """Whatever carries a request to the portal."""

    async def post(self, method: str, body: bytes) -> Reply | Verdict:
        """The portal's reply, or what became of the request. Raises nothing."""

    async def close(self) -> None:
        """Let go of the connections."""


class HttpWire:
    """Carries requests over connections that are kept for the next one.

    No error leaves it: what went wrong on the way is told by its meaning, and never with the address, which
    is a password.
    """

    def __init__(self, webhook: Secret, *, timeout: float, connections: int) -> None:
        self._webhook = webhook
        self._timeout = timeout
        self._most = connections
        self._connections: Connections | None = None

    async def post(self, method: str, body: bytes) -> Reply | Verdict:
        """See Wire. The deadline covers everything, from the look-up of the name to the last byte."""
        url = self._webhook.reveal() + method
        deadline = asyncio.timeout(self._timeout)
        try:
            async with deadline, self._open().ask(url, HEADERS, body) as said:
                return await _read(said)
        except TimeoutError as error:
            return fault.late(self._timeout) if deadline.expired() else fault.fault(error)
        except (OSError, UnicodeError) as error:
            return fault.fault(error)

    def _open(self) -> Connections:
        if self._connections is None:
            # HTTP and certificates are behind it: a program that asks nothing need not wait for them
            from bitsheet_tui.portal.connections import Connections  # noqa: PLC0415

            # no proxy leads to this machine
            self._connections = Connections(direct=_is_here(self._webhook), kept=self._most)
        return self._connections

    async def close(self) -> None:
        """See Wire."""
        if self._connections:
            self._connections.close()


async def _read(said: Response) -> Reply | Verdict:
    """The answer behind its head, unpacked piece by piece."""
    decoder = Decoder(said.headers.get("content-encoding", ""))
    if decoder.unknown:
        return fault.cut("The answer is packed in a way that was not asked for.")
    parts: list[bytes] = []
    size = 0
    async for chunk in said.body:
        for part in decoder.feed(chunk):
            parts.append(part)
            size += len(part)
            if size > CAP_BYTES:
                return fault.too_much(CAP_BYTES)
    if decoder.broken or not decoder.done:
        return fault.cut("The answer was cut or damaged on its way.")
    return Reply(
        status=said.status,
        body=redact_bytes(b"".join(parts)),
        retry_after=said.headers.get("retry-after", ""),
        location=said.headers.get("location", ""),
    )


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
