"""The mirror that a replica copies: read-only, at one moment after another."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from msgspec import Struct

from bitsheet_tui.errors import NoMirror
from bitsheet_tui.fields import Kind
from bitsheet_tui.secret import Secret
from bitsheet_tui.store import layout as layouts
from bitsheet_tui.store import migrations, overflow, schema
from bitsheet_tui.store.bookkeeping import Known, records, some
from bitsheet_tui.store.books import PORTAL
from bitsheet_tui.store.bridge import decoded, read_of
from bitsheet_tui.store.bulk import Key, by_prefix
from bitsheet_tui.store.changes import cut
from bitsheet_tui.store.database import Database
from bitsheet_tui.store.dialects import quote
from bitsheet_tui.store.dictionaries import DICTIONARIES
from bitsheet_tui.store.feed import Op
from bitsheet_tui.store.layout import EXTRA, RAW, Column, Layout, Row
from bitsheet_tui.store.models import FactRecord, Record
from bitsheet_tui.tables import CATALOGUE, Table

T = TypeVar("T")
TABLES: Mapping[str, Table] = {table.name: table for table in CATALOGUE} | dict(DICTIONARIES)


class Marker(Struct, frozen=True):
    """What a line says of a table or a row that no value of it says."""

    phase: str = ""  # of a first filling: begin, end; redacted: fields changed everywhere without lines
    forgotten: bool = False  # the row is erased, and so are the older lines of it


class Line(Struct, frozen=True):
    """A row of the change feed, with the moment as it means and the documents as they are stored."""

    seq: int
    at: Any
    cycle: int
    table: str
    row_id: str | None
    op: str
    before: str | None
    after: str | None

    @property
    def marker(self) -> Marker:
        """What it says besides; of most lines nothing."""
        marks = self.op == Op.SNAPSHOT or (self.op == Op.DELETE and self.before is None)
        return msgspec.json.decode(self.after, type=Marker) if marks and self.after else Marker()


class Interrupted(Exception):
    """Whoever copies is told to stop: what is not committed is not done."""


class Source:
    """A mirror, of which another one is made. Every method raises StoreError."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.label = database.label
        self._interrupted = False
        self._remembered: list[Row] = []
        self._columns: dict[str, tuple[Column, ...]] = {}

    @classmethod
    def open(cls, url: Secret, *, schema: str, base: Path | None) -> Source:
        """Raises NoMirror where there is none, StoreUnavailable where it is of another version."""
        database = Database(url, schema=schema, base=base, readonly=True, locked=False)
        opened = False
        try:
            migrations.expect(database)
            opened = True
        finally:
            if not opened:
                database.close()
        return cls(database)

    def close(self) -> None:
        """End the connection."""
        self._database.close()

    def interrupt(self) -> None:
        """From now on reading raises Interrupted; any thread and a signal handler may say so."""
        self._interrupted = True

    @property
    def identity(self) -> tuple[object, ...]:
        """What makes it this mirror and no other, by whatever name it is reached."""
        return self._database.read(self._database.driver.identity)

    def newest(self) -> int:
        """The newest line; 0: there is none."""
        rows = self._database.read(
            lambda: self._database.rows("SELECT coalesce(max(seq), 0) FROM bitsheet_changes")
        )
        return int(rows[0][0])

    def portal(self) -> str:
        """The portal's host; empty before the first cycle."""
        where = FactRecord.key == PORTAL
        record = self._database.read(lambda: FactRecord.one(self._database.peewee, where))
        return str(record.value) if record else ""

    @contextmanager
    def moment(self) -> Iterator[Moment]:
        """One read transaction: everything that is read in the block is as it was at one moment.

        A session that is lost in between is not replaced: StoreUnavailable.
        """
        database = self._database
        with database.snapshot():
            yield Moment(self)

    def _ask(self, work: Callable[[], T]) -> T:
        if self._interrupted:
            raise Interrupted
        return self._database.glance(work)

    def _shapes(self) -> dict[str, tuple[Column, ...]]:
        """The columns of every table; they are read anew where anything about them has changed."""
        there = self._database.rows("SELECT * FROM bitsheet_columns ORDER BY table_name, position, field")
        if there != self._remembered:
            self._columns, self._remembered = schema.all_remembered(self._database), there
        return self._columns


class Moment:
    """The mirror at one moment. Everything of it is read some rows at a time."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._database = source._database  # noqa: SLF001 - it is a part of it
        self._ask = source._ask  # noqa: SLF001
        self.label, self.dialect = source.label, source._database.dialect  # noqa: SLF001
        self.oldest, self.seq = self._rows(
            "SELECT coalesce(min(seq), 0), coalesce(max(seq), 0) FROM bitsheet_changes"
        )[0]
        self.cut = self._ask(lambda: cut(self._database))
        self.columns = self._ask(source._shapes)  # noqa: SLF001 - the same object as long as nothing changes

    def _rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[Row]:
        return self._ask(lambda: self._database.rows(sql, parameters))

    @cached_property
    def fillings(self) -> dict[str, str | None]:
        """Which marker of its first filling each table has."""
        return dict(self._rows("SELECT table_name, snapshot FROM bitsheet_checkpoints"))

    @cached_property
    def _layouts(self) -> dict[str, Layout]:
        return {}

    def layout(self, table: str) -> Layout:
        """How the rows of a table are read: `read_of` it."""
        if table not in self._layouts:
            there = self._ask(lambda: self._database.execute(f"SELECT * FROM {quote(table)} LIMIT 0"))  # noqa: S608
            names = {column[0] for column in there.description}
            self._layouts[table] = layouts.build(
                TABLES[table], self.columns[table], self.dialect, raw=RAW in names, overflow=EXTRA in names
            )
        return self._layouts[table]

    def rows(self, table: str, keys: Sequence[Key]) -> list[Row]:
        """The rows with these keys that are there."""
        mine, dialect = self.layout(table), self.dialect
        found: list[Row] = []
        for prefix, ids in by_prefix(keys).items():
            fixed = "".join(f"{quote(name)} = {dialect.mark} AND " for name in mine.key[:-1])
            where = f"{fixed}{quote(mine.key[-1])} {dialect.one_of}"
            found += self._read(mine, where, (*prefix, dialect.keys(ids)))
        return found

    def page(self, table: str, after: Key | None, size: int) -> list[Row]:
        """The rows behind a key, in the order of their keys; None: the first."""
        mine = self.layout(table)
        where = behind(mine.key, self.dialect.mark) if after else "1 = 1"
        order = ", ".join(map(quote, mine.key))
        return self._read(mine, f"{where} ORDER BY {order} LIMIT {size:d}", after or ())

    def count(self, table: str) -> int:
        """How many rows there are, those that are marked as deleted included."""
        return int(self._rows(f"SELECT count(*) FROM {quote(table)}")[0][0])  # noqa: S608 - a quoted name

    def _read(self, mine: Layout, where: str, parameters: Sequence[Any]) -> list[Row]:
        names = ", ".join(map(quote, read_of(mine)))
        found = self._rows(f"SELECT {names} FROM {mine.sql_name} WHERE {where}", parameters)  # noqa: S608
        return [overflow.unfold(mine, row) for row in found] if mine.overflows else found

    def lines(self, after: int, upto: int, limit: int) -> list[Line]:
        """The lines in (after, upto], the oldest first."""
        mark = self.dialect.mark
        found = self._rows(
            "SELECT seq, at, cycle, table_name, row_id, op, CAST(before AS TEXT), CAST(after AS TEXT)"  # noqa: S608
            f" FROM bitsheet_changes WHERE seq > {mark} AND seq <= {mark} ORDER BY seq LIMIT {limit:d}",
            (after, upto),
        )
        return [Line(seq, decoded(self.dialect, Kind.INSTANT, at), *rest) for seq, at, *rest in found]

    def records(
        self, record: type[Record], after: Sequence[Any] | None, limit: int | None, *where: Any
    ) -> list[Known]:
        """Records behind a key, in its order."""
        return self._ask(lambda: records(self._database, record, after, limit, *where))

    def some(self, record: type[Record], keys: Sequence[Sequence[Any]]) -> list[Known]:
        """The records with these keys that are there."""
        return self._ask(lambda: some(self._database, record, keys))

    def amount(self, record: type[Record]) -> int:
        """How many records there are."""
        return int(self._ask(lambda: record.select().count(self._database.peewee)))


def identity(url: Secret, *, schema: str, base: Path | None) -> tuple[object, ...] | None:
    """That of the mirror which is there, or would be; None: nothing is there yet. Raises StoreError."""
    database = Database(url, schema=schema, base=base, readonly=True, locked=False)
    try:
        return database.read(database.driver.identity)
    except NoMirror:
        return None
    finally:
        database.close()


def behind(key: Sequence[str], mark: str) -> str:
    """The condition for rows behind a key in its order."""
    return f"({', '.join(map(quote, key))}) > ({', '.join([mark] * len(key))})"
