"""The engine of another process, as far as it can be seen from here: looked at, and told what to do.

On the same host its socket shows what happens as it happens. From elsewhere, or where there is no socket, the
store is looked at every few seconds. Leaving ends the looking, never the engine.
"""

import asyncio
import socket
from collections import deque
from collections.abc import Callable
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import Protocol

from msgspec import Struct
from msgspec.structs import replace

from bitsheet_tui.commands import Command, Stop, to_words
from bitsheet_tui.errors import IsReplica, MirrorHeld, StoreError
from bitsheet_tui.events import StoreTrouble
from bitsheet_tui.observe import requests, wire
from bitsheet_tui.observe.glimpse import glimpse
from bitsheet_tui.observe.peers import belongs_to, peer, trusted
from bitsheet_tui.observe.tail import Named
from bitsheet_tui.ring import LogLine, Ring
from bitsheet_tui.state import Attached, EngineState, reduce
from bitsheet_tui.store.books import SOCKET
from bitsheet_tui.store.lock import Holder
from bitsheet_tui.store.store import Store

LOOK_SECONDS = 2.0
LOG_SECONDS = 0.5
SHARE = 0.1  # of the time may be spent on looking at the store
LIMIT = 8 * 2**20  # bytes of a line
CONNECT_SECONDS = 3.0
READ_ONLY = "this console is read-only: it steers nothing"


class Running(Protocol):
    """An engine of our own, once the mirror has been taken over."""

    @property
    def state(self) -> EngineState:
        """Everything there is to see."""

    @property
    def answers(self) -> deque[str]:
        """What there is to say about commands, newest last."""

    def submit(self, command: Command) -> None:
        """Tell it something."""

    async def run(self) -> None:
        """Run until Stop."""


class Mirror(Struct, frozen=True, kw_only=True):
    """How to get at the mirror that is looked at."""

    look: Callable[[], Store]  # opens it to be read
    ask: Callable[[], Store]  # opens it to leave a request
    names: tuple[str, ...]
    portal: str
    interval: float
    take: Callable[[], Running] | None = None  # takes it over; none: never
    file: Path | None = None  # a SQLite file, whose owner is believed, too
    readonly: bool = False  # its engine is not told anything


class Onlooker:
    """Stands in for the engine of another process."""

    def __init__(self, mirror: Mirror, ring: Ring, before: EngineState) -> None:
        self._mirror = mirror
        self._ring = ring
        attached = Attached(takeover=mirror.take is not None, readonly=mirror.readonly)
        self._state = replace(before, attached=attached)
        self._answers: deque[str] = deque(maxlen=20)
        self._engine: Running | None = None  # our own, after a takeover
        self._loop: asyncio.AbstractEventLoop | None = None
        self._left = asyncio.Event()
        self._early: deque[Command] = deque()
        self._writer: asyncio.StreamWriter | None = None  # to the instance's socket
        self._logged: tuple[datetime | None, int] = (None, 0)  # the last line seen, and of which instance
        self._asking: set[asyncio.Task[None]] = set()
        self._file = Named(ring.append)  # its log, with what came before us

    @property
    def state(self) -> EngineState:
        """Its picture, or our own after a takeover."""
        return self._engine.state if self._engine else self._state

    @property
    def answers(self) -> deque[str]:
        """What it said about commands."""
        return self._engine.answers if self._engine else self._answers

    def submit(self, command: Command) -> None:
        """Pass it on, from any thread; `Stop` ends the looking."""
        if self._loop is None:
            self._early.append(command)
        else:
            with suppress(RuntimeError):  # the loop has ended
                self._loop.call_soon_threadsafe(self._pass_on, command)

    async def run(self) -> None:
        """Look until told to stop; with a takeover, run the engine once the other one has ended."""
        self._loop = asyncio.get_running_loop()
        while self._early:
            self._pass_on(self._early.popleft())
        reading = asyncio.create_task(self._read_log())
        while not self._left.is_set():
            try:
                with closing(self._mirror.look()) as store:
                    await self._look(store)
            except StoreError as error:
                await self._in_trouble(error)
        for task in (*self._asking, reading):
            task.cancel()
        self._file.close()

    # --- looking ---------------------------------------------------------------------------------------

    async def _look(self, store: Store) -> None:
        while not self._left.is_set():
            holder = store.holder()
            if holder is None and self._mirror.take and not store.replicated():
                await self._take_over()
            elif holder is None or not await self._follow(store, holder):
                await self._glance(holder)

    async def _glance(self, holder: Holder | None) -> None:
        """What the store tells, opened anew for the tables that were made since; a big one less often."""
        began = monotonic()
        mirror = self._mirror
        attached = self._attached(holder)
        with closing(mirror.look()) as store:
            self._state = glimpse(
                store, attached, names=mirror.names, portal=mirror.portal, interval=mirror.interval
            )  # fmt: skip
        await self._rest(max(LOOK_SECONDS, (monotonic() - began) / SHARE))

    @staticmethod
    def _here(holder: Holder) -> bool:
        return holder.host == socket.gethostname()

    def _attached(self, holder: Holder | None, *, live: bool = False) -> Attached:
        blank = Attached(takeover=self._mirror.take is not None, readonly=self._mirror.readonly)
        if holder is None:
            before = self._state.attached or blank
            return replace(before, live=False, gone=True, takeover=blank.takeover)
        host = "" if self._here(holder) else holder.host
        return replace(blank, pid=holder.pid, host=host, since=holder.since, live=live)

    async def _read_log(self) -> None:
        while True:
            await asyncio.sleep(LOG_SECONDS)
            self._file.look()

    async def _rest(self, seconds: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._left.wait(), seconds)

    async def _in_trouble(self, error: StoreError) -> None:
        until = datetime.now(UTC) + timedelta(seconds=LOOK_SECONDS)
        trouble = StoreTrouble(text=str(error), hint=error.hint, at=datetime.now(UTC), until=until)
        self._state = reduce(self._state, trouble)
        await self._rest(LOOK_SECONDS)

    async def _take_over(self) -> None:
        """The other one has ended: the mirror is ours, unless somebody was quicker."""
        take = self._mirror.take
        self._file.close()  # from now on it is ours, and comes without a detour
        try:
            engine = take() if take else None
        except (MirrorHeld, IsReplica):
            return
        if engine:
            before = self._state.attached
            self._engine = engine
            who = f"pid {before.pid}" if before and before.pid else "the other instance"
            engine.answers.append(f"{who} has ended: this console has taken the mirror over")
            self._say(f"{who} has ended; the mirror was taken over")
            await engine.run()
            self._left.set()

    # --- its socket --------------------------------------------------------------------------------------

    async def _follow(self, store: Store, holder: Holder) -> bool:
        """Follow the instance through its socket to its end; false where there is none to be had."""
        path = store.remembered(SOCKET) if self._here(holder) else ""
        if not path:
            return False
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                reader, writer = await asyncio.open_unix_connection(path, limit=LIMIT)
        except (OSError, TimeoutError):
            return False
        reading = asyncio.ensure_future(self._read(reader, writer, holder))
        leaving = asyncio.ensure_future(self._left.wait())
        try:
            await asyncio.wait({reading, leaving}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._writer = None
            leaving.cancel()
            reading.cancel()
            writer.close()
        return reading.done() and not reading.cancelled() and reading.result()

    async def _read(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, holder: Holder) -> bool:
        """Whether it was the instance that holds the mirror. Ends with the connection."""
        attached = self._attached(holder, live=True)
        known = False
        pid, uid = peer(writer.get_extra_info("socket"))
        if uid not in trusted(self._mirror.file) or pid not in {0, holder.pid}:
            return False  # the store can be made to name any socket; 0 is in another container
        with suppress(OSError, ValueError, wire.Garbled, asyncio.IncompleteReadError):
            while line := await reader.readline():
                told = wire.read(line)
                if isinstance(told, wire.Hello):
                    if told.pid != holder.pid or told.version != wire.VERSION:
                        return False
                    known, self._writer = True, writer
                    log = Path(told.log.partition(" ")[2])
                    self._file.find(told.log if told.log and belongs_to(log, uid) else "")
                elif known:
                    self._take(told, attached)
        return known

    def _take(self, told: wire.Told, attached: Attached) -> None:
        match told:
            case EngineState():
                self._state = replace(told, attached=attached)
            case LogLine():
                self._log(told, attached.since)
            case wire.Answer(text):
                self._answers.append(text)
            case wire.Hello():
                return
            case _:
                self._state = reduce(self._state, told)

    def _log(self, line: LogLine, since: datetime | None) -> None:
        """Lines come again with every connection; each is shown once, and not if the file has it."""
        if self._file.has(line.level):
            return
        if since != self._logged[0] or line.seq > self._logged[1]:
            self._logged = (since, line.seq)
            self._ring.append(line.at, line.level, line.table, line.text)

    def _say(self, text: str) -> None:
        self._ring.append(datetime.now(UTC), "INFO", "engine", text)

    # --- telling it ----------------------------------------------------------------------------------------

    def _pass_on(self, command: Command) -> None:
        if self._engine:
            self._engine.submit(command)
        elif isinstance(command, Stop):
            self._left.set()
        elif self._mirror.readonly:
            self._answers.append(READ_ONLY)
        elif self._writer:
            self._writer.write(wire.asked(*to_words(command)))
        else:
            task = asyncio.get_running_loop().create_task(self._ask(command))
            self._asking.add(task)
            task.add_done_callback(self._asking.discard)

    async def _ask(self, command: Command) -> None:
        self._answers.append(await asyncio.to_thread(self._answer, command))

    def _answer(self, command: Command) -> str:
        try:
            with closing(self._mirror.ask()) as store:
                if store.holder() is None:
                    return "no instance is running"
                return (
                    requests.ask(store, command) or "the instance does not answer; the request was taken back"
                )
        except StoreError as error:
            return str(error)
