"""The open mirror: transactions that are repeated when the connection is lost, and one meaning per error."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

from bitsheet_tui.errors import BitsheetError, StoreError, StoreRefused, StoreUnavailable
from bitsheet_tui.secret import Secret
from bitsheet_tui.store.address import PostgresAddress, SqliteAddress, parse
from bitsheet_tui.store.dialects import Dialect
from bitsheet_tui.store.lock import Holder
from bitsheet_tui.store.sqlite import Sqlite

if TYPE_CHECKING:
    from bitsheet_tui.store.postgres import Postgres

T = TypeVar("T")
Row = tuple[Any, ...]
Written = Callable[[float, BitsheetError | None], None]  # how long a transaction took, and why it failed

PATIENT = 10.0  # seconds in which a server has to answer
PRESSED = 2.0  # the same when a lost session is replaced: whoever wanted something waits for it
FRESH = 3.0  # seconds for which nobody tries by the way what has just failed


class Database:
    """One connection. Any thread may use it; one at a time does.

    With `locked` no other instance writes; without it and without `readonly` small notes may be written
    while another instance works.
    """

    def __init__(self, url: Secret, *, schema: str, base: Path | None, readonly: bool, locked: bool) -> None:
        address = parse(url, schema=schema, base=base)
        self.driver = _driver(address, readonly=readonly, locked=locked)
        self.dialect: Dialect = self.driver.dialect
        self.label = self.driver.label
        self.peewee = self.driver.db
        self.written: Written | None = None
        self.sessions = 0  # that were opened
        self._mutex = threading.RLock()
        self._depth = 0
        self._open = False
        self._opener = 0  # the thread that opens it, for which nobody waits long
        self._in_vain = 0.0  # until when nobody waits for it again
        self._close_then = False
        self._failed: tuple[float, StoreError] | None = None  # when and why it could not be opened
        self._done: tuple[Any] | None = None  # what the work gave whose commit got no answer
        # what `feed` knows of first fillings, by table; forgotten whenever a transaction may be lost
        self.snapshots: dict[str, str | None] = {}

    def write(self, work: Callable[[], T]) -> T:
        """`work()` in one transaction. `work` may run twice: when the connection was lost, or for a deadlock.

        A commit whose answer got lost with the connection is looked for, and not repeated where it was done.
        Raises StoreUnavailable, StoreFull, StoreDamaged; MirrorHeld when another instance has taken over.
        """
        if self._depth or self.written is None:
            return self._run(work, writing=True)
        began, failure = time.perf_counter(), None
        try:
            return self._run(work, writing=True)
        except BitsheetError as error:
            failure = error
            raise
        finally:
            self.written(time.perf_counter() - began, failure)

    def read(self, work: Callable[[], T]) -> T:
        """`work()`, which only reads; errors as with `write`."""
        return self._run(work, writing=False)

    def execute(self, sql: str, parameters: Sequence[Any] = ()) -> Any:
        """A cursor. Only within `work`."""
        return self.peewee.execute_sql(sql, parameters)

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[Row]:
        """All rows of a query. Only within `work`."""
        cursor = self.driver.db.connection().cursor()
        cursor.execute(sql, parameters)
        return list(cursor.fetchall())

    def many(self, sql: str, rows: Iterable[Row]) -> None:
        """The statement once for each row. Only within `work`."""
        self.driver.db.connection().cursor().executemany(sql, rows)

    def holder(self) -> Holder | None:
        """Who writes to this mirror; None: nobody."""
        return self.read(self.driver.holder)

    @property
    def connected(self) -> bool:
        """Whether there is a session, as far as is known without asking."""
        return self._open

    def open(self) -> None:
        """Connect now, instead of with the first query. Whoever wants something meanwhile waits a little."""
        self._opener, self._failed = threading.get_ident(), None
        try:
            self.read(lambda: None)
        finally:
            self._opener = 0
            if self._close_then:
                self.close()

    def glance(self, work: Callable[[], T]) -> T:
        """As `read`, but a session that is lost is not replaced."""
        return self._run(work, writing=False, again=False)

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """A transaction in which every `glance` sees the same moment. Only its thread reads meanwhile."""
        with self._alone():
            self._run(self.driver.begin_snapshot, writing=False)
            session = self.sessions
            try:
                yield
            finally:
                if self._open and self.sessions == session:
                    self._run(self.driver.end_snapshot, writing=False, again=False)

    @property
    def astray(self) -> bool:
        """Whether the mirror is not as this process left it; nothing works until that is accepted."""
        return self.driver.astray

    def accept(self, learn: Callable[[], None]) -> None:
        """Take what is there now for the mirror, once `learn` has found out what that is."""
        self.driver.accept()
        self.snapshots.clear()
        learn()
        self.driver.astray = False

    def rest(self) -> None:
        """Keep nothing in memory that can be read again; one that is not open is not opened for that."""
        if self._open:
            self.read(self.driver.rest)

    def close(self) -> None:
        """End the connection and let others write. Again is nothing."""
        if self._opener not in (0, threading.get_ident()):
            self._close_then = True  # nobody waits for a server that may never answer
            return
        with self._mutex:
            self.driver.close()
            self._open = False

    def _run(self, work: Callable[[], T], *, writing: bool, again: bool = True, within: float = PATIENT) -> T:
        with self._alone():
            if self._depth:
                return work()  # part of the transaction that is open
            if again:
                self._done = None
            try:
                return self._attempt(work, writing=writing, within=within)
            except self.driver.errors as error:
                first = self._telling(error)
                told, lost = self._meaning(first), self.driver.lost(first)
                if lost:
                    self._forget()
                if not (lost and again):
                    raise told from error
            return self._run(work, writing=writing, again=False, within=PRESSED)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Nobody else uses the session meanwhile. Raises StoreUnavailable when opening it takes too long."""
        seconds = -1.0
        if self._opener not in (0, threading.get_ident()):
            seconds = PRESSED if time.monotonic() > self._in_vain else 0.0
        if not self._mutex.acquire(timeout=seconds):
            self._in_vain = time.monotonic() + FRESH
            raise StoreUnavailable(
                f"{self.label} does not answer.", "A mirror that runs tries again by itself."
            )
        try:
            yield
        finally:
            self._mutex.release()

    def _attempt(self, work: Callable[[], T], *, writing: bool, within: float) -> T:
        if not self._open:
            self._connect(within)
        if not writing:
            return work()
        if self._done and self.driver.arrived:
            return cast(T, self._done[0])
        self.driver.before_write()
        self._depth += 1
        self.driver.told = committed = False
        try:
            with self.peewee.atomic(*self.driver.begin):
                result = work()
                self.driver.before_commit()
                self._done = (result,)
            committed = True
            self.driver.after_commit()
        finally:
            self._depth -= 1
            if not committed:
                self.snapshots.clear()
        return result

    def _connect(self, within: float) -> None:
        if self._failed and time.monotonic() - self._failed[0] < FRESH:
            raise self._failed[1]
        self._failed = None
        try:
            self.driver.connect(within)
            self._open = True
            self.sessions += 1
        except self.driver.errors as error:
            self._failed = time.monotonic(), self._meaning(error)
            raise
        finally:
            if not self._open:
                self.driver.close()

    def _telling(self, error: Exception) -> Exception:
        """Of an error and those it hides, the earliest with a meaning: rolling back may fail as well."""
        told, hidden = error, error.__context__
        while isinstance(hidden, self.driver.errors):
            if self.driver.says_why(hidden):
                told = hidden
            hidden = hidden.__context__
        return told

    def _meaning(self, error: Exception) -> StoreError:
        """What it means; while there is no session there is no table that it could be the trouble of."""
        told = self.driver.translate(error)
        if not self._open and isinstance(told, StoreRefused):
            return StoreUnavailable(str(told), told.hint)
        return told

    def _forget(self) -> None:
        self._open = False
        self.driver.disconnect()


def _driver(address: SqliteAddress | PostgresAddress, *, readonly: bool, locked: bool) -> Sqlite | Postgres:
    if isinstance(address, SqliteAddress):
        return Sqlite(address, readonly=readonly, locked=locked)
    from bitsheet_tui.store.postgres import Postgres  # noqa: PLC0415 - a mirror in a file needs none of it

    return Postgres(address, readonly=readonly, locked=locked)
