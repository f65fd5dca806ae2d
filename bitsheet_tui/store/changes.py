"""Reads the change feed and the tables for whoever copies them elsewhere: in order, a bounded page at a time.

A consumer begins with a snapshot, whose rows are of one moment and which says up to which line they are, and
goes on with the lines after it. Lines are numbered in the order of their commits: one writer at a time holds
the mirror, and a number that is there once is never given again. Numbers may be missing: what was rolled back
had some.
"""

from __future__ import annotations

import os
import select
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from msgspec import Struct

from bitsheet_tui.errors import LinesGone, StoreUnavailable
from bitsheet_tui.fields import Kind
from bitsheet_tui.secret import Secret
from bitsheet_tui.store import documents, layout, overflow, schema
from bitsheet_tui.store.database import Database, Row
from bitsheet_tui.store.dialects import quote
from bitsheet_tui.store.dictionaries import DICTIONARIES
from bitsheet_tui.store.feed import BEGUN, CUT, Op
from bitsheet_tui.store.layout import DELETED, EXTRA, SYNCED, Layout
from bitsheet_tui.store.models import CheckpointRecord, FactRecord, InstantField
from bitsheet_tui.store.store import Store
from bitsheet_tui.tables import CATALOGUE, Table, in_order

LINES = 200  # read at once: both values of a field may be long
ROWS = 200
BYTES = 4 * 2**20  # of a page, as long as its lines or rows are not longer themselves
BEGIN_ANEW = "Begin anew, with a snapshot of the tables."
TABLES: dict[str, Table] = {table.name: table for table in in_order(CATALOGUE)} | dict(DICTIONARIES)


class Line(Struct, frozen=True):
    """One line of the feed. `before` and `after` are JSON as stored; None where there is none."""

    seq: int
    at: datetime  # aware UTC, the host's clock, whole seconds
    cycle: int  # 0: a dictionary's
    table: str
    row_id: str | None  # as `Layout.row_id`: 7, or chat:15; None: of the whole table
    op: Op
    before: bytes | None
    after: bytes | None

    @property
    def size(self) -> int:
        """Bytes of what it says."""
        return len(self.before or b"") + len(self.after or b"")


class Column(Struct, frozen=True):
    """A column as a table has it now."""

    name: str
    kind: Kind
    key: bool


CONTACT_POINTS = "contact_points"
POINT_COLUMNS = (
    Column("owner_table", Kind.TEXT, key=True),
    Column("owner_id", Kind.INTEGER, key=True),
    Column("id", Kind.INTEGER, key=True),
    *(Column(name, Kind.TEXT, key=False) for name in ("type", "value_type", "value")),
    *(Column(name, Kind.INSTANT, key=False) for name in (SYNCED, DELETED)),
)
POINT_KINDS = [column.kind for column in POINT_COLUMNS]
POINTS = f"SELECT {', '.join(column.name for column in POINT_COLUMNS)} FROM {CONTACT_POINTS}"  # noqa: S608


class Changes:
    """A connection of its own that only reads. One thread uses it; `interrupt` is for any."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._woken, self._wake = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._at_once = LINES

    @classmethod
    def open(cls, url: Secret, *, schema: str = "public", base: Path | None = None) -> Changes:
        """The feed of the mirror at `url`. Raises as `Reader.open`: NoMirror where there is none yet."""
        Store.open(url, schema=schema, readonly=True, base=base).close()  # says what is wrong with it
        return cls(Database(url, schema=schema, base=base, readonly=True, locked=False))

    def close(self) -> None:
        """End the connection. Again is nothing."""
        self._database.close()
        for end in (self._woken, self._wake):
            with suppress(OSError):
                os.close(end)
        self._woken = self._wake = -1

    def interrupt(self) -> None:
        """End the query that runs, and the wait that does or begins next; from signal handlers, too."""
        with suppress(OSError):  # it is full: there is more than enough to wake up for
            os.write(self._wake, b"!")
        self._database.driver.interrupt()

    @property
    def place(self) -> tuple[str, str]:
        """The database and the schema: of a file its name and `main`."""
        driver: Any = self._database.driver
        if self._database.dialect.name == "sqlite":
            return driver.path.name, "main"
        return driver.db.database, driver.schema

    @property
    def label(self) -> str:
        """The mirror's name for people."""
        return self._database.label

    def newest(self) -> int:
        """The number of the newest line; 0: there is none yet."""
        return self._database.read(self._newest)

    def oldest(self) -> int:
        """The number of the oldest line that is kept; 0: there is none."""
        ((seq,),) = self._database.read(lambda: self._database.rows("SELECT min(seq) FROM bitsheet_changes"))
        return int(seq or 0)

    def cut(self) -> int:
        """The number of the last line that is not kept any more; 0: all are."""
        return self._database.read(lambda: cut(self._database))

    def expect(self, after: int) -> None:
        """Raises LinesGone where not every line after this one is there: nobody can go on from it."""

        def work() -> tuple[int, int]:
            return cut(self._database, after), self._newest()

        _expect(self.label, after, *self._database.read(work))

    def lines(self, after: int, *, limit: int, tables: Collection[str] = ()) -> list[Line]:
        """The next lines, of these tables or of all, ascending: at most `limit`, and often fewer.

        Empty: there are no more by now. Raises LinesGone where some after that one are not kept any more.
        """

        def work() -> tuple[list[Line], int]:
            found = self._lines(after, limit, tables)
            return found, cut(
                self._database, after
            )  # in this order: what is cut meanwhile is not passed over

        found, gone = self._database.read(work)
        _expect(self.label, after, gone, after)
        return found

    def wait(self, after: int, *, timeout: float) -> bool:
        """Whether there is a line after this one: at once, or as soon as there is within `timeout` seconds.

        False also when interrupted. PostgreSQL's server tells of a commit; a file is looked at four times a
        second, without reading it.
        """
        until = time.monotonic() + timeout

        def work() -> bool | None:
            driver = self._database.driver
            driver.listen()
            if self._newest() > after:
                return True
            left = until - time.monotonic()
            return None if left > 0 and driver.await_commit(self._woken, left) else False

        found = None
        while found is None:
            found = self._database.read(work)
        with suppress(BlockingIOError):
            os.read(self._woken, select.PIPE_BUF)
        return found

    @contextmanager
    def snapshot(self) -> Iterator[Snapshot]:
        """The tables as they are at one moment, for as long as the block takes; nothing else meanwhile.

        While it is open a server cannot change these tables, nor a file's log be merged: see the manual.
        """
        with self._database.snapshot():
            yield Snapshot(self._database, self._lines)

    def _newest(self) -> int:
        ((seq,),) = self._database.rows("SELECT max(seq) FROM bitsheet_changes")
        return int(seq or 0)

    def _lines(self, after: int, limit: int, tables: Collection[str]) -> list[Line]:
        limit = min(limit, self._at_once)
        dialect = self._database.dialect
        text = "::text" if dialect.name == "postgresql" else ""
        of, parameters = "", [after]
        if tables:
            of = f" AND table_name {dialect.one_of}"
            parameters.append(dialect.keys([*tables]))
        cursor = self._database.driver.db.connection().cursor()
        cursor.execute(
            f"SELECT seq, at, cycle, table_name, row_id, op, before{text}, after{text}"  # noqa: S608 - marks
            f" FROM bitsheet_changes WHERE seq > {dialect.mark}{of} ORDER BY seq LIMIT {limit:d}",
            parameters,
        )
        found, size = [], 0
        for values in cursor:
            found.append(_line(values))
            size += found[-1].size
            if size > BYTES:
                break
        cursor.close()
        self._at_once = next_size(LINES, len(found), size)
        return found


class Snapshot:
    """All tables at one moment. `seq`: every line up to it is in the rows, and none after it."""

    def __init__(self, database: Database, lines: Callable[[int, int, Collection[str]], list[Line]]) -> None:
        self._database, self._lines = database, lines
        self._session = database.sessions
        self._layouts: dict[str, Layout] = {}
        shapes, self.seq = self._read(self._begin)
        self._tables = [name for name in TABLES if name in shapes]
        for name in self._tables:
            there = self._read(partial(schema.physical_columns, database, name))
            self._layouts[name] = layout.build(
                TABLES[name], shapes[name], database.dialect, raw=False, overflow=EXTRA in there
            )

    def tables(self) -> list[str]:
        """The mirrored tables, parents first, then the dictionaries.

        `contact_points` is none of them: it follows from the columns of its owners, and has no lines.
        """
        return [*self._tables]

    def columns(self, table: str) -> list[Column]:
        """The columns of a table: the key first, those of fields that are gone included, `_raw` not."""
        mine = self._layouts[table]
        fields = zip(mine.columns, mine.column_kinds, strict=True)
        return [
            *(Column(name, kind, name in mine.key) for name, kind in fields),
            *(Column(name, Kind.INSTANT, key=False) for name in (SYNCED, DELETED)),
        ]

    def row_id(self, table: str, row: Row) -> str:
        """The key of a row in one word, as the lines have it."""
        return self._layouts[table].row_id(row)

    def rows(self, table: str, row_ids: Sequence[str]) -> list[Row]:
        """The rows of these keys, spelt as in the lines, as `pages` gives them; none for those not there."""
        mine = self._layouts[table]
        wanted: dict[tuple[Any, ...], list[Any]] = {}  # the last part of keys by the others
        for key in filter(None, map(mine.key_of, row_ids)):
            wanted.setdefault(key[:-1], []).append(key[-1])
        others = "".join(f"{quote(name)} = {mine.dialect.mark} AND " for name in mine.key[:-1])
        sql = f"{self._select(mine)} WHERE {others}{quote(mine.key[-1])} {mine.dialect.one_of}"
        found = {mine.row_id(row): row for row in self._shown(mine, self._some(sql, wanted))}
        return [found[row_id] for row_id in row_ids if row_id in found]

    def filling(self, table: str) -> bool:
        """Whether the table is being filled for the first time, so that its rows have no lines."""
        here = CheckpointRecord.table_name == table
        record = self._read(lambda: CheckpointRecord.one(self._database.peewee, here))
        return record is not None and record.snapshot == BEGUN

    def pages(self, table: str, *, size: int = 1000) -> Iterator[list[Row]]:
        """The rows in the order of their key, marked ones included: at most `size` at a time, fewer big ones.

        Each row has a value for each of `columns`, as `documents.value` gives it.
        """
        mine = self._layouts[table]
        sql = f"{self._select(mine)} ORDER BY {', '.join(map(quote, mine.key))}"
        stream = self._read(lambda: self._database.driver.stream(sql))
        page: list[Row] = []
        count, taken = ROWS, 0
        try:
            while rows := self._read(partial(stream.fetch, min(count, size))):
                weight = sum(map(_weight, rows))
                count = next_size(ROWS, len(rows), weight)
                page += self._shown(mine, rows)
                taken += weight
                if len(page) >= size or taken > BYTES:
                    yield page[:size]
                    page, taken = page[size:], 0
            if page:
                yield page
        finally:
            stream.close()

    def points(self, owners: Sequence[str], *, size: int = 1000) -> Iterator[list[Row]]:
        """The contact points of all rows of these tables, in the order of `POINT_COLUMNS`, as in `pages`."""
        named = ", ".join(f"'{owner}'" for owner in owners)  # names of ours
        sql = f"{POINTS} WHERE owner_table IN ({named}) ORDER BY owner_table, owner_id, id"
        stream = self._read(lambda: self._database.driver.stream(sql))
        try:
            while rows := self._read(partial(stream.fetch, size)):
                yield _shown(POINT_KINDS, rows)
        finally:
            stream.close()

    def points_of(self, owners: Sequence[str]) -> list[Row]:
        """The contact points of these rows, each spelt as its table, a colon and its key."""
        wanted: dict[tuple[Any, ...], list[Any]] = {}
        for table, _, id_ in (owner.partition(":") for owner in owners):
            wanted.setdefault((table,), []).append(int(id_))
        dialect = self._database.dialect
        sql = f"{POINTS} WHERE owner_table = {dialect.mark} AND owner_id {dialect.one_of}"
        return _shown(POINT_KINDS, self._some(sql, wanted))

    def expect(self, after: int) -> None:
        """As `Changes.expect`, of the lines up to `seq`."""
        _expect(self._database.label, after, self._read(lambda: cut(self._database, after)), self.seq)

    def lines(self, after: int, *, limit: int, tables: Collection[str] = ()) -> list[Line]:
        """As `Changes.lines`, of the lines up to `seq`."""
        found: list[Line] = self._read(lambda: self._lines(after, limit, tables))
        return found

    def _some(self, sql: str, wanted: Mapping[tuple[Any, ...], Sequence[Any]]) -> list[Row]:
        """The rows of a query that takes the first parts of keys, and then many of the last part."""
        found: list[Row] = []
        for others, last in wanted.items():
            parameters = (*others, self._database.dialect.keys(last))
            found += self._read(partial(self._database.rows, sql, parameters))
        return found

    def _begin(self) -> tuple[dict[str, tuple[layout.Column, ...]], int]:
        ((seq,),) = self._database.rows("SELECT max(seq) FROM bitsheet_changes")
        newest = int(seq or cut(self._database))
        return schema.all_remembered(self._database), newest

    @staticmethod
    def _select(mine: Layout) -> str:
        names = ", ".join(map(quote, (*mine.columns, SYNCED, DELETED)))
        return f"SELECT {names} FROM {mine.sql_name}"  # noqa: S608 - quoted names

    @staticmethod
    def _shown(mine: Layout, rows: Sequence[Row]) -> list[Row]:
        if mine.overflows:
            rows = [overflow.unfold(mine, row) for row in rows]
        return _shown((*mine.column_kinds, Kind.INSTANT, Kind.INSTANT), rows)

    def _read(self, work: Any) -> Any:
        """One query of the transaction: a session that is lost is not replaced by another moment's."""
        if not self._database.connected or self._database.sessions != self._session:
            raise StoreUnavailable(f"The snapshot of {self._database.label} is lost.", BEGIN_ANEW)
        return self._database.glance(work)


def cut(database: Database, after: int = 0) -> int:
    """The number of the last line that is not kept any more; 0: all are. Only within `work`.

    `after`: where somebody wants to go on. Lines that somebody else deleted are known by that none so old is
    there; before the first line of all there may never have been one.
    """
    found = FactRecord.one(database.peewee, FactRecord.key == CUT)
    gone = int(found.value) if found else 0
    if after > gone:
        ((oldest,),) = database.rows("SELECT min(seq) FROM bitsheet_changes")
        gone = max(gone, int(oldest or 0) - 1)
    return gone


def next_size(most: int, count: int, size: int) -> int:
    """How many to read next, where `count` had so many bytes: about a page, and at most twice as many."""
    if not count:
        return most
    return max(1, min(most, BYTES * count // max(1, size)))


def _expect(label: str, after: int, gone: int, newest: int) -> None:
    if after < gone:
        raise LinesGone(
            f"The change feed of {label} is kept from line {gone + 1} on: those after {after} are"
            " not all there any more.",
            BEGIN_ANEW,
        )
    if after > max(gone, newest):
        raise LinesGone(
            f"The change feed of {label} ends with line {newest}, before {after}: it is another"
            " one, or of an older copy of the mirror.",
            BEGIN_ANEW,
        )


def _shown(kinds: Sequence[Kind], rows: Sequence[Row]) -> list[Row]:
    columns = zip(kinds, zip(*rows, strict=True), strict=bool(rows))
    return [*zip(*(documents.column(kind, column) for kind, column in columns), strict=True)]


def _line(values: Sequence[Any]) -> Line:
    seq, at, cycle, table, row_id, op, before, after = values
    when: Any = InstantField().python_value(at)
    return Line(seq, when, cycle, table, row_id, Op(op), _bytes(before), _bytes(after))


def _bytes(document: str | None) -> bytes | None:
    return None if document is None else document.encode()


def _weight(row: Row) -> int:
    return sum(len(value) for value in row if isinstance(value, str))
