"""`bitsheet-tui changes --to`: a stream of JetStream in place of stdout."""

import os
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from bitsheet_tui.cli.ending import NAME, tell
from bitsheet_tui.errors import Exit
from bitsheet_tui.feed.following import Item, Read
from bitsheet_tui.feed.jetstream import JetStream, Message, address, need_nats
from bitsheet_tui.store.cursors import Cursor

SECONDS = 1.0  # for what is in hand when it is to stop


class Published:
    """Where the lines go, as `changes.Outlet` is for stdout. Raises UsageError."""

    def __init__(self, to: str) -> None:
        self._where = address(to, os.environ)
        need_nats()
        self.open = True
        self.code = Exit.DONE
        self.words = (f"--to {self._where.stream}",)
        self._stopped = threading.Event()
        self._stream: JetStream | None = None

    def begin(self, newest: int, stored: Cursor | None) -> None:
        """Connect. Who has a cursor published before, to a stream that is there. Raises BrokerError."""
        self._stream = JetStream.open(
            self._where, newest=newest, make=stored is None, say=lambda text: tell(f"{NAME}: {text}")
        )

    def stop(self) -> None:
        """Store what is in hand, if that is soon done. Also from a signal handler."""
        self.open = False
        self._stopped.set()
        if self._stream:
            self._stream.interrupt(SECONDS)

    @contextmanager
    def watched(self, _gone: Callable[[], None]) -> Iterator[None]:
        """Nobody need watch a stream: what is sent says that it is gone."""
        yield

    def pause(self, seconds: float) -> None:
        """Wait so long, or until it is to stop."""
        self._stopped.wait(seconds)

    def write(self, lines: Iterable[tuple[Item, bytes]]) -> bool:
        """Whether all of these are stored. Raises BrokerError."""
        messages = [
            Message(id=_id(item), table=item.table, body=line.rstrip(b"\n")) for item, line in lines if line
        ]
        return self._stream is not None and self._stream.send(messages)

    def close(self) -> None:
        """End the connection."""
        if self._stream:
            self._stream.close()


def _id(item: Item) -> str:
    return f"{item.seq}/{item.table}/{item.row_id}" if isinstance(item, Read) else f"{item.seq}"
