"""One request and its answer over HTTP: one deadline, a bounded body, no redirects, TLS always checked."""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import zlib
from collections.abc import Iterator
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

from msgspec import Struct

from bitsheet_tui import __version__
from bitsheet_tui.lean import without_click
from bitsheet_tui.portal import fault
from bitsheet_tui.portal.authorities import trust
from bitsheet_tui.portal.verdict import Verdict
from bitsheet_tui.secret import Secret, conceal, redact_bytes

if TYPE_CHECKING:
    import httpx

CAP_BYTES = 16 * 2**20  # of a decoded body; as objects it takes as much again
LARGE_BYTES = 4 * 2**20  # of a body from which on it is read while no other of such a size is
PIECE_BYTES = 2**18  # decoded at a time, whatever the compression promises
CONNECT_SECONDS = 10.0
HEADERS = {
    "User-Agent": f"bitsheet-tui/{__version__}",
    "Accept": "application/json",
    "Accept-Encoding": "gzip, deflate",
    "Content-Type": "application/json; charset=utf-8",
}


class Reply(Struct, frozen=True, kw_only=True):
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
    """Carries requests by httpx over kept-alive connections.

    No error leaves it: an exception of httpx knows the address, and the address is a password.
    """

    def __init__(self, webhook: Secret, *, timeout: float, connections: int) -> None:
        self._webhook = webhook
        self._timeout = timeout
        self._connections = connections
        self._client: httpx.AsyncClient | None = None
        self._large = asyncio.Lock()

    async def post(self, method: str, body: bytes, within: float | None = None) -> Reply | Verdict:
        """See Wire. The deadline covers everything, from the look-up of the name to the last byte."""
        seconds = min(self._timeout, within or self._timeout)
        with without_click():
            import httpx  # noqa: PLC0415 - 0.2 s that a program that asks nothing need not wait

        try:
            client = self._client = self._client or self._open()
        except (httpx.InvalidURL, ValueError, ImportError):  # the last one: SOCKS needs another library
            return fault.no_route()
        except OSError:
            return fault.no_authorities()
        try:
            async with asyncio.timeout(seconds) as deadline:
                return await self._post(client, method, body, deadline)
        except TimeoutError:
            return fault.late(seconds)
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, OSError) as error:
            return fault.fault(error)

    async def _post(
        self, client: httpx.AsyncClient, method: str, body: bytes, deadline: asyncio.Timeout
    ) -> Reply | Verdict:
        url = self._webhook.reveal() + method
        async with client.stream("POST", url, content=body) as response, AsyncExitStack() as alone:
            decoder = Decoder(response.headers.get("content-encoding", ""))
            if decoder.unknown:
                return fault.cut("The answer is packed in a way that was not asked for.")
            if _announced(response.headers) > CAP_BYTES:
                return fault.too_much(CAP_BYTES)
            whole = bytearray()  # one block that grows, instead of hundreds to be joined
            async for chunk in response.aiter_raw():
                for part in decoder.feed(chunk):
                    if len(whole) <= LARGE_BYTES < len(whole) + len(part):
                        await self._wait_for_others(alone, deadline)
                    whole += part
                    if len(whole) > CAP_BYTES:
                        return fault.too_much(CAP_BYTES)
            if decoder.broken or not decoder.done:
                return fault.cut()
            return Reply(
                status=response.status_code,
                body=redact_bytes(whole),
                retry_after=response.headers.get("retry-after", ""),
                location=response.headers.get("location", ""),
            )

    async def _wait_for_others(self, alone: AsyncExitStack, deadline: asyncio.Timeout) -> None:
        """Until no other large body is read; the time does not count, it is not the portal's."""
        left = (deadline.when() or 0.0) - asyncio.get_running_loop().time()
        deadline.reschedule(None)
        await alone.enter_async_context(self._large)
        deadline.reschedule(asyncio.get_running_loop().time() + left)

    def _open(self) -> httpx.AsyncClient:
        import httpx  # noqa: PLC0415 - see post

        for name in ("httpx", "httpcore"):  # they log the address of every request
            logging.getLogger(name).setLevel(logging.WARNING)
        return httpx.AsyncClient(
            trust_env=not is_here(self._webhook),  # no proxy leads to this machine
            verify=trust() if _is_encrypted(self._webhook) else False,
            headers=HEADERS,
            follow_redirects=False,
            timeout=httpx.Timeout(None, connect=CONNECT_SECONDS),
            limits=httpx.Limits(
                max_connections=self._connections, max_keepalive_connections=self._connections
            ),
        )

    async def close(self) -> None:
        """See Wire."""
        client, self._client = self._client, None
        if client:
            await client.aclose()


def _announced(headers: httpx.Headers) -> int:
    """The length that a body is said to have; one that is packed has not less."""
    length = headers.get("content-length", "")
    return int(length) if length.isascii() and length.isdigit() and len(length) < 20 else 0


def host_of(webhook: Secret) -> str:
    """The portal's name for people. The code in the address is hidden from now on, also by itself."""
    parts = urlsplit(webhook.reveal())
    for piece in parts.path.split("/")[3:]:  # /rest/USER/CODE/
        conceal(piece)
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.hostname or ''}{port}"


def _is_encrypted(webhook: Secret) -> bool:
    return urlsplit(webhook.reveal()).scheme == "https"


def is_here(webhook: Secret) -> bool:
    """Whether the portal is on this computer."""
    return _is_loopback(urlsplit(webhook.reveal()).hostname or "")


def is_local(name: str) -> bool:
    """Whether the portal that `host_of` calls so is on this computer; not, where there is no name."""
    host, _, port = name.rpartition(":")
    return _is_loopback(host if host and port.isdecimal() else name)


def _is_loopback(host: str) -> bool:
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
