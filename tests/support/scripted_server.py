"""A scripted HTTP server on the loopback interface: every byte it sends is the test's own."""

import asyncio
import gzip
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from bitsheet_tui.errors import Reason

CODE = "q7w8e9r0t1y2u3i4"
TIME = {
    "start": 1767225600.25, "finish": 1767225600.75, "duration": 0.5, "processing": 0.25,
    "date_start": "2026-01-01T03:00:00+03:00", "date_finish": "2026-01-01T03:00:00+03:00",
}  # fmt: skip
STARTED = datetime(2026, 1, 1, 0, 0, 0, 250_000, tzinfo=UTC)


@dataclass(frozen=True)
class Request:
    line: str
    headers: dict[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return self.line.split()[1]

    @property
    def json(self) -> Any:
        return json.loads(self.body)


Script = Callable[[Request, asyncio.StreamWriter], Awaitable[bytes | None]] | bytes


def http(status: int, body: bytes | str, **headers: str) -> bytes:
    """A whole response. Underscores in header names become hyphens."""
    raw = body.encode() if isinstance(body, str) else body
    lines = {"Content-Length": str(len(raw)), "Content-Type": "application/json"}
    lines |= {name.replace("_", "-").title(): value for name, value in headers.items()}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"HTTP/1.1 {status} Whatever\r\n{head}\r\n".encode() + raw


def ok(result: Any, **beside: Any) -> bytes:
    return http(200, json.dumps({"result": result, "time": TIME, **beside}))


def refusal(status: int, error: Any, description: str = "", **headers: str) -> bytes:
    return http(status, json.dumps({"error": error, "error_description": description}), **headers)


def maps(result: Any = (), errors: Any = (), **more: Any) -> dict[str, Any]:
    """The result of a batch; empty maps as the portal prints them."""
    empty = {"result_total": [], "result_next": [], "result_time": []}
    return {"result": result or [], "result_error": errors or [], **empty, **more}


class ScriptedServer:
    """Answers each request with the next script; the last one again and again."""

    def __init__(self, *scripts: Script) -> None:
        self.scripts = list(scripts)
        self.requests: list[Request] = []
        self._server: asyncio.Server | None = None
        self._writers: list[asyncio.StreamWriter] = []
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> "ScriptedServer":
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        return self

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        self._tasks.append(asyncio.ensure_future(self._serve(reader, writer)))

    async def __aexit__(self, *_: object) -> None:
        assert self._server
        self._server.close()
        for writer in self._writers:
            writer.transport.abort()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    @property
    def port(self) -> int:
        assert self._server
        return self._server.sockets[0].getsockname()[1]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/rest/1/{CODE}/"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while request := await _read(reader):
                self.requests.append(request)
                script = self.scripts.pop(0) if len(self.scripts) > 1 else self.scripts[0]
                reply = script if isinstance(script, bytes) else await script(request, writer)
                if reply is None:
                    break
                writer.write(reply)
                await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()


async def _read(reader: asyncio.StreamReader) -> Request | None:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
    except asyncio.IncompleteReadError:
        return None
    line, *rest = head.strip().split("\r\n")
    headers = {name.lower(): value for name, value in (one.split(": ", 1) for one in rest)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Request(line, headers, body)


WHOLE = json.dumps({"result": [], "time": TIME}).encode()
PAGE = "<html><body>Please sign in to the hotel's network</body></html>"


async def drip(_, writer):
    """One byte now and then, for ever."""
    while True:
        writer.write(b"H")
        await writer.drain()
        await asyncio.sleep(0.02)


def cut(sent):
    """Send `sent`, then close."""

    async def script(_, writer):
        writer.write(sent)
        await writer.drain()

    return script


async def reset(_, writer):
    writer.transport.abort()


GZIPPED = gzip.compress(WHOLE)
DAMAGES = {
    "a body shorter than announced": (cut(http(200, WHOLE)[:-5]), Reason.NETWORK),
    "a chunk that never ends": (
        cut(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n40\r\n" + WHOLE[:20]), Reason.NETWORK,
    ),
    "a gzip cut in the middle": (http(200, GZIPPED[:-20], content_encoding="gzip"), Reason.NETWORK),
    "a gzip that is none": (http(200, WHOLE, content_encoding="gzip"), Reason.NETWORK),
    "a packing nobody asked for": (http(200, WHOLE, content_encoding="br"), Reason.NETWORK),
    "a status line of garbage": (cut(b"\x00\x01 what is this\r\n\r\n"), Reason.NETWORK),
    "a reset": (reset, Reason.NETWORK),
    "a connection closed without a word": (cut(b""), Reason.NETWORK),
    "half of a JSON text": (http(200, WHOLE[:30]), Reason.GARBAGE),
    "a JSON text without its time": (http(200, '{"result":[],"total":0}'), Reason.GARBAGE),
    "a JSON text without its result": (http(200, json.dumps({"time": TIME})), Reason.GARBAGE),
    "a time that is none": (http(200, '{"result":[],"time":{}}'), Reason.GARBAGE),
    "a list instead of an answer": (http(200, "[]"), Reason.GARBAGE),
    "nothing at all": (http(200, ""), Reason.GARBAGE),
    "a page for people": (http(200, PAGE, content_type="text/html"), Reason.GARBAGE),
    "a page for people that says it is an error": (http(400, PAGE), Reason.GARBAGE),
    "a hundred thousand brackets": (http(200, "[" * 100_000), Reason.GARBAGE),
    "a gateway's error page": (http(502, PAGE), Reason.SERVER),
    "an error without a word": (http(503, ""), Reason.SERVER),
    "an error inside the portal": (refusal(500, "INTERNAL_SERVER_ERROR"), Reason.SERVER),
    "a gateway that lost patience": (http(504, PAGE), Reason.TIMEOUT),
}  # fmt: skip
