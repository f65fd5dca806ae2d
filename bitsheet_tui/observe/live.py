"""Shows the running engine to viewers on this host, through a Unix socket, and takes what they ask.

Everything here happens on the engine's loop and never waits for a viewer: what is new is written ten times
a second to those that keep up; whoever does not is left out until its buffer is empty, and then sent the
picture as a whole. What viewers send is taken in small portions, and one that sends nonsense is shown out.
"""

import asyncio
import os
import socket
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from bitsheet_tui import events as e
from bitsheet_tui.observe import wire
from bitsheet_tui.observe.peers import need_own_folder, peer
from bitsheet_tui.ring import LogLine, Ring
from bitsheet_tui.state import EngineState

FLUSH_SECONDS = 0.1
BUFFER = 256 * 1024  # bytes that wait for a viewer before it counts as slow
BREATH = 0.05  # seconds between two portions of what a viewer sends
PORTION = 20  # lines
MOST = 32  # viewers
TAIL = 300  # lines of the log that a new viewer is shown


class Shown(Protocol):
    """What is shown: the engine."""

    @property
    def state(self) -> EngineState:
        """Everything there is to see."""

    def grant(self, name: str, argument: str) -> str:
        """Do what is asked, and say what was done."""


class Live:
    """The viewers of one engine. `tell` is one of its listeners."""

    def __init__(self, ring: Ring) -> None:
        self._ring = ring
        self._viewers: set[Viewer] = set()
        self._fresh: list[bytes] = []
        self._logged = 0  # the last line of the log that was sent
        self._engine: Shown | None = None
        self._hello = b""
        self._path = Path()
        self._server: asyncio.Server | None = None
        self._flushing: asyncio.Task[None] | None = None

    def tell(self, event: e.Event) -> None:
        """An event of the engine; nothing is done while nobody looks."""
        if self._viewers:
            self._fresh.append(wire.event(event))

    async def open(self, engine: Shown, path: Path, hello: wire.Hello) -> None:
        """Let viewers of `engine` connect at `path`. Raises OSError where that is not possible."""
        self._engine, self._hello = engine, wire.hello(hello)
        _make_way(path)
        loop = asyncio.get_running_loop()
        self._server = await loop.create_unix_server(lambda: Viewer(self), sock=_plug(path))
        self._path = path
        self._flushing = loop.create_task(self._flush_forever())

    def close(self) -> None:
        """Send the last news, and everybody away."""
        if self._server is None or self._flushing is None:
            return
        self._flushing.cancel()
        self.flush()
        self._server.close()
        for viewer in tuple(self._viewers):
            viewer.close()
        with suppress(OSError):
            self._path.unlink()

    async def _flush_forever(self) -> None:
        while True:
            await asyncio.sleep(FLUSH_SECONDS)
            if self._viewers:
                self.flush()

    def flush(self) -> None:
        """Send what is new."""
        if self._ring.last != self._logged:
            self._fresh += map(wire.log, self._news())
        news = b"".join(self._fresh)
        self._fresh.clear()
        for viewer in tuple(self._viewers):
            viewer.show(news)

    def _news(self) -> list[LogLine]:
        lines = self._ring.after(self._logged)
        self._logged = self._ring.last
        return lines

    def enter(self, viewer: "Viewer") -> None:
        """One more; what comes before its picture is not for it."""
        if len(self._viewers) >= MOST:
            viewer.close()
            return
        self.flush()
        self._viewers.add(viewer)
        viewer.send(self._hello)
        viewer.send(b"".join(map(wire.log, self._ring.after(self._ring.last - TAIL))))
        viewer.send(self.picture())

    def leave(self, viewer: "Viewer") -> None:
        """One less."""
        self._viewers.discard(viewer)

    def picture(self) -> bytes:
        """The whole picture."""
        return wire.picture(self._engine.state) if self._engine else b""

    def grant(self, line: bytes) -> bytes:
        """Do what a viewer asks. Raises Garbled."""
        asked = wire.read_asked(line)
        return wire.answer(self._engine.grant(asked.name, asked.argument) if self._engine else "")


class Viewer(asyncio.Protocol):
    """One connection."""

    def __init__(self, live: Live) -> None:
        self._live = live
        self._transport: asyncio.Transport | None = None
        self._behind = False  # it missed something
        self._full = False
        self._rest = b""
        self._lines: list[bytes] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Only the owner of this process, and root, may look."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - for the type checker
        self._transport = transport
        transport.set_write_buffer_limits(high=BUFFER, low=0)
        if peer(transport.get_extra_info("socket"))[1] in {os.getuid(), 0}:
            self._live.enter(self)
        else:
            self.close()

    def connection_lost(self, _: Exception | None) -> None:
        """It has gone."""
        self._live.leave(self)

    def pause_writing(self) -> None:
        """It does not read."""
        self._full = self._behind = True

    def resume_writing(self) -> None:
        """It has read everything; at the next flush it gets the picture."""
        self._full = False

    def show(self, news: bytes) -> None:
        """What is new, or what it missed, unless it is too slow for either."""
        if self._full:
            self._behind = True
        elif self._behind:
            self._behind = False
            self.send(self._live.picture())
        elif news:
            self.send(news)

    def send(self, data: bytes) -> None:
        """Never waits."""
        if self._transport and not self._transport.is_closing():
            self._transport.write(data)

    def data_received(self, data: bytes) -> None:
        """Take it in portions; nothing more is read until they are done."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        self._lines += lines
        if max(map(len, [*lines, self._rest])) > wire.LONGEST:
            self.close()
        elif lines and self._transport:
            self._transport.pause_reading()
            self._take()

    def _take(self) -> None:
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        portion, self._lines = self._lines[:PORTION], self._lines[PORTION:]
        try:
            for line in portion:
                self.send(self._live.grant(line))
        except wire.Garbled:
            self.close()
            return
        next_: Callable[[], object] = self._take if self._lines else transport.resume_reading
        asyncio.get_running_loop().call_later(BREATH, self._unless_closed, next_)

    def _unless_closed(self, step: Callable[[], object]) -> None:
        if self._transport and not self._transport.is_closing():
            step()

    def close(self) -> None:
        """Send it away, with what was written for it if it takes that."""
        if self._transport:
            self._transport.close()
            self._live.leave(self)


def _make_way(path: Path) -> None:
    """What is at `path` was left by an instance that was killed: the mirror is ours now."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    need_own_folder(path.parent)
    path.unlink(missing_ok=True)


def _plug(path: Path) -> socket.socket:
    """A socket at `path`, from the first moment for our user alone, so that no mode has to be changed."""
    plug = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
    before = os.umask(0o177)
    try:
        plug.bind(str(path))
    except OSError:
        plug.close()
        raise
    finally:
        os.umask(before)
    return plug
