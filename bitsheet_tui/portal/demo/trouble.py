"""How scripted faults of whole requests look on the wire."""

import asyncio
import socket
import struct
import zlib
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from bitsheet_tui.portal.demo import php
from bitsheet_tui.portal.demo.faults import Fault, Kind
from bitsheet_tui.portal.demo.http import Deliver, Request, Response
from bitsheet_tui.portal.demo.settings import Limits

_JSON = {"Content-Type": "application/json; charset=utf-8"}
_PAGE = b"<!DOCTYPE html><html><head><title>Portal</title></head><body><h1>Please sign in</h1></body></html>"
_GZIP = 31  # the window bits that make a gzip header
_ZEROS = b"0" * 1_000_000
_LINGER = struct.pack("ii", 1, 0)


def instead(fault: Fault) -> Response | Deliver | None:
    """What is sent instead of the real answer; None: the real answer, damaged (see `damaged`)."""
    make = _INSTEAD.get(Kind(fault.kind))
    return make(fault) if make else None


def damaged(fault: Fault, response: Response) -> Response | Deliver:
    """The real answer as the fault lets it through."""
    match fault.kind:
        case Kind.TRUNCATED:
            return _truncated(response)
        case Kind.DRIP:
            return _dripping(response, fault.seconds)
        case _:  # CUT: valid JSON that ends too early
            response.body = response.body.partition(b',"time":')[0] + b"}"
            return response


def gateway(limits: Limits, request: Request, params: Mapping[str, Any]) -> Response | None:
    """What a front end says of a request that is too long, or takes longer than it waits; None: nothing."""
    if 0 < limits.most_bytes < len(request.body):
        return Response(status=413, body=_PAGE, headers={"Content-Type": "text/html"})
    if 0 < limits.most_commands < len(params.get("cmd") or ()):
        page = _PAGE if limits.gives_up == "html" else b""
        return Response(status=504, body=page, headers={"Content-Type": "text/html"})
    return None


def _status(fault: Fault) -> Response:
    told = {"error": fault.error, "error_description": fault.description}
    return Response(status=fault.status, body=php.encode(told), headers=_JSON | fault.headers)


def _html(fault: Fault) -> Response:
    return Response(status=fault.status, body=_PAGE, headers={"Content-Type": "text/html"} | fault.headers)


def _redirect(fault: Fault) -> Response:
    return Response(status=302, headers={"Location": fault.location} | fault.headers)


def _bomb(fault: Fault) -> Response:
    packer = zlib.compressobj(9, wbits=_GZIP)
    parts = [packer.compress(b'{"result":"')]
    parts += [packer.compress(_ZEROS) for _ in range(fault.size // len(_ZEROS))]
    parts += [packer.compress(b'"}'), packer.flush()]
    body = b"".join(parts)
    return Response(body=body, headers=_JSON | {"Content-Encoding": "gzip"})


async def _reset(writer: asyncio.StreamWriter) -> None:
    raw = writer.get_extra_info("socket")
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER)
    writer.transport.abort()


def _hang(seconds: float) -> Callable[[asyncio.StreamWriter], Awaitable[None]]:
    async def deliver(_writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(seconds)

    return deliver


async def _garbage(writer: asyncio.StreamWriter) -> None:
    writer.write(b"\x16\x03\x01 this is not HTTP\r\n\r\n")
    await writer.drain()


def _truncated(response: Response) -> Deliver:
    async def deliver(writer: asyncio.StreamWriter) -> None:
        writer.write(response.head() + response.body[: len(response.body) // 2])
        await writer.drain()

    return deliver


def _dripping(response: Response, seconds: float) -> Deliver:
    async def deliver(writer: asyncio.StreamWriter) -> None:
        writer.write(response.head())
        for place in range(len(response.body)):
            writer.write(response.body[place : place + 1])
            await writer.drain()
            await asyncio.sleep(seconds)

    return deliver


_INSTEAD: Mapping[Kind, Callable[[Fault], Response | Deliver]] = {
    Kind.STATUS: _status,
    Kind.HTML: _html,
    Kind.EMPTY: lambda fault: Response(status=fault.status, headers=fault.headers),
    Kind.REDIRECT: _redirect,
    Kind.BOMB: _bomb,
    Kind.RESET: lambda _: _reset,
    Kind.CLOSE: lambda _: _hang(0),
    Kind.HANG: lambda fault: _hang(fault.seconds),
    Kind.GARBAGE: lambda _: _garbage,
}
