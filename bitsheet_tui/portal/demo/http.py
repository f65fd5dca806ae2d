"""Just enough HTTP/1.1 for loopback: keep-alive, Content-Length and chunked bodies."""

import asyncio
from collections.abc import Awaitable, Callable
from http import HTTPStatus

from msgspec import Struct, field

_HEAD = 65_536  # bytes of request line and headers
_BODY = 64 * 1024 * 1024


class Malformed(Exception):
    """The bytes are not a request."""


class Request(Struct, frozen=True, kw_only=True):
    """One request, its body complete."""

    verb: str
    path: str
    query: str
    headers: dict[str, str]  # names in lower case
    body: bytes


class Response(Struct, kw_only=True):
    """One answer."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)

    def head(self, *, length: int | None = None) -> bytes:
        """Status line and headers; `length` may be a lie."""
        lines = [f"HTTP/1.1 {self.status} {_phrase(self.status)}"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        lines += [f"Content-Length: {len(self.body) if length is None else length}", "", ""]
        return "\r\n".join(lines).encode("latin-1")


Deliver = Callable[[asyncio.StreamWriter], Awaitable[None]]
Answer = Callable[[Request], Awaitable[Response | Deliver]]


def _phrase(status: int) -> str:
    return HTTPStatus(status).phrase if status in HTTPStatus._value2member_map_ else "Unknown"


async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, answer: Answer) -> None:
    """Answer the requests of one connection until one side has enough."""
    while (request := await _read(reader)) is not None:
        response = await answer(request)
        if not isinstance(response, Response):
            await response(writer)
            return
        writer.write(response.head())
        writer.write(response.body)
        await writer.drain()
        if request.headers.get("connection", "").lower() == "close":
            return


async def _read(reader: asyncio.StreamReader) -> Request | None:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    except asyncio.LimitOverrunError as error:
        raise Malformed("headers too long") from error
    line, *rest = head.decode("latin-1").rstrip("\r\n").split("\r\n")
    words = line.split(" ")
    if len(words) != 3:
        raise Malformed("no request line")
    headers = {}
    for text in rest:
        name, _, value = text.partition(":")
        headers[name.strip().lower()] = value.strip()
    path, _, query = words[1].partition("?")
    return Request(verb=words[0], path=path, query=query, headers=headers, body=await _body(reader, headers))


async def _body(reader: asyncio.StreamReader, headers: dict[str, str]) -> bytes:
    if headers.get("transfer-encoding", "").lower() == "chunked":
        return await _chunks(reader)
    length = headers.get("content-length", "0")
    if not length.isdigit() or int(length) > _BODY:
        raise Malformed("bad length")
    return await reader.readexactly(int(length))


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    parts = []
    while True:
        try:
            size = int((await reader.readline()).split(b";")[0], 16)
        except ValueError as error:
            raise Malformed("bad chunk") from error
        if size > _BODY:
            raise Malformed("chunk too long")
        parts.append(await reader.readexactly(size))
        await reader.readline()
        if size == 0:
            return b"".join(parts)


class Listener:
    """A listening loopback socket and its conversations."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._server: asyncio.Server | None = None
        self._talks: set[asyncio.Task[None]] = set()

    async def start(self, port: int) -> int:
        """Listen; the port that was given out."""
        self._server = await asyncio.start_server(self._talk, "127.0.0.1", port, limit=_HEAD)
        number: int = self._server.sockets[0].getsockname()[1]
        return number

    async def stop(self) -> None:
        """Hang up on everybody."""
        if self._server is None:
            return
        self._server.close()
        for talk in list(self._talks):
            talk.cancel()
        await asyncio.gather(*self._talks, return_exceptions=True)
        await self._server.wait_closed()
        self._server = None

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("conversations are tasks")
        self._talks.add(task)
        try:
            await converse(reader, writer, self._answer)
        except (Malformed, asyncio.IncompleteReadError, ConnectionError):
            writer.transport.abort()
        except asyncio.CancelledError:
            writer.transport.abort()
        finally:
            self._talks.discard(task)
            writer.close()
