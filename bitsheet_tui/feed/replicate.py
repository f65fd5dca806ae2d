"""Keeps a replica current: a first copy, then one moment of its source after another, until told to stop.

What ends by itself, a server that restarts, a file that is locked, is tried again: the replica knows in its
own store how far it is.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from threading import Event
from time import monotonic

from bitsheet_tui.commands import Command, Stop
from bitsheet_tui.errors import MirrorHeld, StoreDamaged, StoreError
from bitsheet_tui.store.cursors import Cursors
from bitsheet_tui.store.replica import Replica
from bitsheet_tui.store.replicated import Replicated
from bitsheet_tui.store.source import Interrupted, Source

LOOK = 0.25  # seconds between two looks at the feed
AT_REST = 10.0  # seconds after which a replica that has nothing to do says that it is current
CURSOR = 10.0  # seconds between two notes in the source of how far its replica is
TELL = 10.0  # seconds between two lines on a first copy
AGAIN = (1.0, 2.0, 5.0, 10.0, 30.0)  # seconds until what failed is tried again
REFUSED = "not done: this is a replica, and no engine runs on it"


def cursor_of(replica: Replica) -> str:
    """The name under which a source knows the replica."""
    told = repr((replica.label, replica.schema_name)).encode()
    return f"replica-{hashlib.sha256(told).hexdigest()[:8]}"


class Replicator:
    """One source and one replica. `say` is told what people want to know; `open_cursors`: the source's."""

    def __init__(
        self,
        open_source: Callable[[], Source],
        replica: Replica,
        say: Callable[[str], None],
        open_cursors: Callable[[], Cursors] | None = None,
    ) -> None:
        self._open_source = open_source
        self._replica = replica
        self._say = say
        self._open_cursors = open_cursors
        self._moved: tuple[int, float] = (-1, 0.0)  # the line that the cursor there has, and since when
        self._source: Source | None = None
        self._stop = Event()
        self._failed = 0  # times in a row
        self._told = ""  # the trouble that was told last

    def submit(self, command: Command) -> None:
        """Stop, after the commit in hand; from any thread and from a signal handler."""
        if isinstance(command, Stop):
            self._stop.set()
            if self._source:
                self._source.interrupt()

    def run(self, *, once: bool = False) -> Replicated | None:
        """Until told to stop, or, with `once`, until the replica is what the source is; how far it is then.

        Raises ConfigError where it is no replica of that mirror, MirrorHeld where another process has taken
        it over, StoreDamaged, and with `once` any StoreError.
        """
        told: Replicated | None = None
        try:
            while not self._stop.is_set():
                try:
                    told = self._turn(told, once=once)
                except StoreError as error:
                    self._disconnect()
                    if once or isinstance(error, StoreDamaged):
                        raise
                    self._rest_after(error)
                    continue
                if once:
                    break
        except Interrupted:
            pass
        finally:
            self._disconnect()
        return told

    def _turn(self, before: Replicated | None, *, once: bool) -> Replicated:
        source = self._connected()
        self._copy(source)
        told = self._replica.follow(source, whole=once)
        if before is None or self._told:
            self._say(f"{self._replica.label} is {told.of} at line {told.seq}")
        self._failed, self._told = 0, ""
        if not once:
            self._move_cursor(told)
            self._await(source, told.seq)
        return told

    def _connected(self) -> Source:
        if self._source is None:
            self._source = self._open_source()
            self._replica.need_fit(self._source)
        if self._stop.is_set():  # the signal came before there was a source to interrupt
            raise Interrupted
        return self._source

    def _disconnect(self) -> None:
        source, self._source = self._source, None
        if source:
            source.close()

    def _copy(self, source: Source) -> None:
        tell = monotonic() + TELL
        while self._replica.copy_some(source):
            if monotonic() > tell:
                tell = monotonic() + TELL
                told = self._replica.replicated()
                if told:
                    self._say(f"{told.copied:,} rows of {told.of} are copied")
            self._obey()

    def _await(self, source: Source, seq: int) -> None:
        """Until there is a line after this one, or for a while."""
        until = monotonic() + AT_REST
        while not self._stop.is_set() and monotonic() < until and source.newest() <= seq:
            self._obey()
            self._stop.wait(LOOK)

    def _move_cursor(self, told: Replicated) -> None:
        """Let the source show how far its replica is, and keep the lines that it still needs."""
        seq, at = self._moved
        if self._open_cursors is None or seq == told.seq or monotonic() - at < CURSOR:
            return
        self._moved = told.seq, monotonic()
        try:
            with closing(self._open_cursors()) as cursors:
                cursors.move(cursor_of(self._replica), told.seq, description=f"replica {self._replica.label}")
        except (StoreError, MirrorHeld) as error:  # the copy is as good without
            self._say(f"how far the replica is cannot be noted in {told.of}: {error}")
            self._open_cursors = None

    def _rest_after(self, error: StoreError) -> None:
        if str(error) != self._told:
            self._told = str(error)
            self._say(f"{error} {error.hint}".strip())
        self._stop.wait(AGAIN[min(self._failed, len(AGAIN) - 1)])
        self._failed += 1

    def _obey(self) -> None:
        """Answer what is asked of whoever holds the mirror: it can be stopped, and nothing else."""
        if not self._replica.asked():
            return
        for request in self._replica.open_requests():
            stops = request.command == "stop"
            at = datetime.now(UTC)
            self._replica.answer(request.id, "stopping" if stops else REFUSED, at=at)
            if stops:
                self.submit(Stop())
