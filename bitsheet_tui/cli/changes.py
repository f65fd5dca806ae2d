"""`bitsheet-tui changes`: the change feed on stdout, or in a stream of JetStream: JSON for each change."""

import os
import select
import sys
import threading
import time
from argparse import Namespace
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from bitsheet_tui import commands as c
from bitsheet_tui.cli.ending import NAME, tell
from bitsheet_tui.cli.stopping import Stopping
from bitsheet_tui.config import Config, load
from bitsheet_tui.config.findings import near
from bitsheet_tui.errors import Exit, NoMirror, StoreError, StoreUnavailable, UsageError
from bitsheet_tui.feed import envelope
from bitsheet_tui.feed.following import Batch, Follower, Item, Ways, follow
from bitsheet_tui.observe.systemd import Notifier
from bitsheet_tui.store.changes import TABLES, Changes
from bitsheet_tui.store.cursors import Cursor, Cursors, check_name
from bitsheet_tui.text import plain

if TYPE_CHECKING:
    from bitsheet_tui.cli.publishing import Published

ENOUGH = 64 * 2**10  # bytes that are handed over at once
CHUNK = 4096  # bytes that a pipe which is ready takes without making anybody wait: PIPE_BUF (pipe(7))
SECONDS = 1.0  # between two notes of how far the reader is


def run(arguments: Namespace) -> int:
    """Prints changes as they are committed; stops with 0 where its reader has gone, or when asked."""
    _check(arguments)
    config = load(arguments.config, os.environ)
    if arguments.cursors:
        return _list(config)
    if arguments.drop:
        return _drop(config, arguments.cursor)
    with ExitStack() as ending:
        stopping = ending.enter_context(Stopping(Notifier({})))
        printing = Printing(config, arguments, ending.enter_context(closing(_outlet(arguments.to))))
        ending.callback(printing.close)
        stopping.engine = printing
        return printing.run()


def _outlet(to: str | None) -> "Outlet | Published":
    if not to:
        return Outlet()
    from bitsheet_tui.cli.publishing import Published  # noqa: PLC0415 - and asyncio, which stdout needs not

    return Published(to)


def _check(arguments: Namespace) -> None:
    """Raises UsageError for options that contradict each other, and tables that there are not."""
    reading = arguments.since is not None or arguments.follow or arguments.tables or arguments.to
    if arguments.cursors and (reading or arguments.cursor or arguments.drop):
        raise UsageError("--cursors goes alone", "see `bitsheet-tui changes --help`")
    if arguments.drop and (reading or not arguments.cursor):
        raise UsageError("--drop goes with --cursor NAME, and with nothing else", "--cursors lists them")
    if arguments.cursor is not None:
        check_name(arguments.cursor)
    for name in arguments.tables:
        if name not in TABLES:
            alike = near(name, TABLES)
            hint = f"did you mean {alike[0]}?" if alike else f"there are {', '.join(TABLES)}"
            raise UsageError(f"there is no table {plain(name, 80)}", hint)


def _list(config: Config) -> int:
    with closing(open_cursors(config)) as cursors, closing(open_changes(config)) as changes:
        newest, now = changes.newest(), datetime.now(UTC)
        for one in cursors.all():
            behind = max(0, newest - one.seq)
            facts = (one.name, str(one.seq), str(behind), f"{one.moved_at:%Y-%m-%dT%H:%M:%SZ}")
            print("\t".join((*facts, str(int((now - one.moved_at).total_seconds())), one.description)))
    return Exit.DONE


def _drop(config: Config, name: str) -> int:
    with closing(open_cursors(config)) as cursors:
        if not cursors.drop(name):
            known = [one.name for one in cursors.all()]
            alike = near(name, known)
            hint = f"did you mean {alike[0]}?" if alike else "--cursors lists them"
            raise UsageError(f"there is no cursor {name}", hint)
    tell(f"the cursor {name} is forgotten: whoever begins with it again gets everything")
    return Exit.DONE


def open_changes(config: Config) -> Changes:
    """The feed. Raises StoreError."""
    return Changes.open(config.store_url, schema=config.store.schema, base=config.base)


def open_cursors(config: Config) -> Cursors:
    """The cursors. Raises StoreError."""
    return Cursors.open(config.store_url, schema=config.store.schema, base=config.base)


class Printing:
    """One run of the command: from the mirror to stdout, and what has left is noted under the cursor."""

    def __init__(self, config: Config, arguments: Namespace, outlet: "Outlet | Published") -> None:
        self._config, self._arguments, self._outlet = config, arguments, outlet
        consumer = bool(arguments.cursor or arguments.follow)
        self._follower = Follower(None, tables=arguments.tables, whole=consumer)
        tables = (f"--table {name}" for name in sorted(set(arguments.tables)))
        self._description = " ".join(["changes", *tables, *outlet.words])
        self._begun = False
        self._changes: Changes | None = None
        self._cursors: Cursors | None = None
        self._encode: envelope.Encode = envelope.jsonl
        self._reached: int | None = None  # what has left, and is not noted yet
        self._noted = 0.0

    def run(self) -> int:
        """Print until all is told, or somebody stops it: the exit code. Raises StoreError, UsageError."""
        ways = Ways(
            connect=self._connect, take=self._take, go_on=lambda: self._outlet.open,
            pause=self._outlet.pause, tell=lambda text: tell(f"{NAME}: {text}"),
        )  # fmt: skip
        with self._outlet.watched(self._wake):
            try:
                follow(self._follower, ways, endless=self._arguments.follow)
                self._note()
            except StoreError:
                if self._outlet.open:
                    raise  # what was asked to stop need not say what its last query met
        return self._outlet.code

    def submit(self, _: c.Command) -> None:
        """Stop, from a signal handler."""
        self._outlet.stop()
        self._wake()

    def close(self) -> None:
        """Let go of the cursor."""
        if self._cursors:
            self._cursors.close()

    def _wake(self) -> None:
        if self._changes:
            self._changes.interrupt()

    def _connect(self) -> Changes:
        self.close()
        try:
            self._changes = open_changes(self._config)
            stored = None
            if self._arguments.cursor:
                self._cursors = open_cursors(self._config)
                stored = self._cursors.take(self._arguments.cursor)
        except NoMirror:
            raise
        except StoreUnavailable as error:
            if not self._begun:  # one that was never reached may be named wrongly
                raise StoreError(str(error), error.hint) from error
            raise
        if self._arguments.format == "debezium":
            self._encode = envelope.debezium(*self._changes.place)
        if not self._begun:
            self._follower.after = self._start(self._changes, stored)
            self._outlet.begin(self._changes.newest(), stored)
            self._begun = True
        return self._changes

    def _start(self, changes: Changes, stored: Cursor | None) -> int | None:
        """The line after which it begins; None: with the rows of the tables."""
        since: int | None = self._arguments.since
        if stored and stored.description != self._description:
            raise UsageError(
                f"the cursor {stored.name} is that of `{plain(stored.description)}`",
                "Give it the same tables, or take another name.",
            )
        if stored and since is not None:
            raise UsageError(
                f"the cursor {stored.name} is at line {stored.seq}",
                f"leave --since out, or forget it: {NAME} changes --cursor {stored.name} --drop",
            )
        if stored or since is not None:
            return stored.seq if stored else since
        return None if self._arguments.cursor or self._arguments.follow else changes.cut()

    def _take(self, batch: Batch) -> None:
        whole = self._outlet.write((item, self._encode(item)) for item in batch.items)
        if whole and batch.upto is not None:
            self._reached = batch.upto
            if not batch.items or time.monotonic() - self._noted > SECONDS:
                self._note()

    def _note(self) -> None:
        if self._cursors and self._reached is not None:
            self._cursors.move(self._arguments.cursor, self._reached, description=self._description)
            self._reached, self._noted = None, time.monotonic()


class Outlet:
    """stdout: waits for its reader however long he takes, and hardly longer once it is to stop."""

    words: tuple[str, ...] = ()  # of the command, for whoever reads of a cursor what it is of

    def __init__(self) -> None:
        sys.stdout.flush()
        self.open = True
        self.code = Exit.DONE
        self._descriptor = sys.stdout.fileno()
        self._woken, self._wake = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._until = 0.0  # for what is in hand when it is to stop

    def stop(self) -> None:
        """Finish the lines in hand, if somebody takes them. Also from a signal handler."""
        if self.open:
            self.open, self._until = False, time.monotonic() + SECONDS
            os.write(self._wake, b"!")

    @contextmanager
    def watched(self, gone: Callable[[], None]) -> Iterator[None]:
        """Stop, and call `gone`, as soon as the reader has gone: nobody need write for that."""

        def watch() -> None:
            poll = select.poll()
            poll.register(self._descriptor, 0)  # what is wrong is told in any case (poll(2))
            poll.register(self._woken, select.POLLIN)
            if any(descriptor == self._descriptor for descriptor, _ in poll.poll()):
                self.stop()
                gone()

        watching = threading.Thread(target=watch, name="reader of stdout", daemon=True)
        watching.start()
        try:
            yield
        finally:
            self.stop()
            watching.join()

    def pause(self, seconds: float) -> None:
        """Wait so long, or until it is to stop."""
        select.select([self._woken], [], [], seconds)

    def begin(self, newest: int, stored: Cursor | None) -> None:
        """Stdout is there."""

    def write(self, lines: Iterable[tuple[Item, bytes]]) -> bool:
        """Whether all of these left."""
        held = bytearray()
        for _, line in lines:
            held += line
            if len(held) >= ENOUGH:
                if not self._written(held):
                    return False
                held.clear()
        return self._written(held)

    def close(self) -> None:
        """Let go of what it took to be woken."""
        os.close(self._woken)
        os.close(self._wake)

    def _written(self, data: bytearray) -> bool:
        rest = bytes(data)
        while rest:
            if not self._ready():
                return False
            try:
                rest = rest[os.write(self._descriptor, rest[:CHUNK]) :]
            except BlockingIOError:  # somebody else made the pipe so
                continue
            except BrokenPipeError:
                self.stop()
                return False
            except OSError as error:
                tell(f"{NAME}: stdout cannot be written: {os.strerror(error.errno or 0)}")
                self.code = Exit.TABLE_FAILED
                self.stop()
                return False
        return True

    def _ready(self) -> bool:
        """Whether the reader takes some more, or has gone; False: he does not, and it is to stop."""
        while True:
            poll = select.poll()
            poll.register(self._descriptor, select.POLLOUT)
            if self.open:
                poll.register(self._woken, select.POLLIN)
            left = None if self.open else max(0.0, self._until - time.monotonic()) * 1000
            found = poll.poll(left)
            if any(descriptor == self._descriptor for descriptor, _ in found):
                return True
            if not found:
                return False
