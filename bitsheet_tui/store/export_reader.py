"""Reads whole tables and views for an export: all of them as they were at one moment, in bounded memory.

One transaction that only reads is open from `begin` to `close`. In a SQLite file the first look fixes what it
sees. On PostgreSQL it is REPEATABLE READ, and what is read is locked against a change of its columns before
that: a rewritten table is empty to whoever looked before (postgresql.org/docs/current/mvcc-caveats.html).
Rows come in the order of the key, so that the same mirror always gives the same.

A condition is somebody's own SQL. It is one expression that filters: it has to be valid in two places of
which no other text fits into both, so it can neither end the statement nor add columns or rows. It sees what
the role of store.url sees, and nothing in the session can write.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import islice
from operator import itemgetter
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from bitsheet_tui.errors import UsageError
from bitsheet_tui.fields import Field, Kind
from bitsheet_tui.secret import Secret
from bitsheet_tui.store import feed, migrations, schema, views
from bitsheet_tui.store.database import Database, Row
from bitsheet_tui.store.dialects import quote
from bitsheet_tui.store.dictionaries import DICTIONARIES
from bitsheet_tui.store.layout import DELETED, EXTRA, RAW, SYNCED, Column
from bitsheet_tui.store.questions import ITS_OWN, OF_ITSELF, authorize
from bitsheet_tui.store.readers import CONTACT_POINTS
from bitsheet_tui.store.views import VIEWS
from bitsheet_tui.tables import CATALOGUE
from bitsheet_tui.text import plain

STEP = 50  # rows that are taken at once: of any size
PAGE = 1000  # rows of a page
HEAVY = 2**20  # letters of a page: it ends with the step in which it has so many
STEPS = 20_000  # of SQLite's machine between two looks whether a signal came: some milliseconds
LINGER = "10min"  # for which PostgreSQL keeps the transaction of somebody who asks for nothing more
DATA = "22"  # the class of SQLSTATE of values that do not fit what is done with them
CONTACT_POINT = tuple(
    Column(field=Field(name=name.upper(), kind=kind), name=name)
    for name, kind in (
        ("owner_table", Kind.TEXT), ("owner_id", Kind.INTEGER), ("id", Kind.INTEGER),
        ("type", Kind.TEXT), ("value_type", Kind.TEXT), ("value", Kind.TEXT),
    )
)  # fmt: skip
KEYS = {
    CONTACT_POINTS: ("owner_table", "owner_id", "id"),
    **{table.name: table.columns for table in (*CATALOGUE, *DICTIONARIES.values())},
}
ORDER = (*(table.name for table in CATALOGUE), CONTACT_POINTS, *DICTIONARIES, *VIEWS)
"""Every name that an export may have."""


class Output(Struct, frozen=True, kw_only=True):
    """A column of an export.

    Its values are as the driver gives them, by kind: int; NUMERIC int, float or Decimal; BOOLEAN bool, or 0
    and 1; INSTANT ISO 8601 in UTC, or datetime; DATE ISO 8601, or date; JSON canonical text; TEXT str.
    """

    name: str
    kind: Kind
    sql: str  # over the row `t`
    usual: bool = True  # whether it is there without being asked for
    label: bool = False  # whether it is a name beside a code


class Selection(Struct, frozen=True, kw_only=True):
    """What to read of one table or view."""

    name: str
    columns: tuple[Output, ...]
    where: str = ""
    deleted: bool = False


class ExportReader:
    """A connection that only reads. Every method raises StoreError, and UsageError for a wrong condition."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._shapes: dict[str, tuple[Column, ...]] = {}

    @classmethod
    def open(cls, url: Secret, *, schema: str, base: Path | None) -> ExportReader:
        """The mirror at `url`. Raises NoMirror where there is none yet."""
        database = Database(url, schema=schema, base=base, readonly=True, locked=False)
        try:
            migrations.expect(database)
        except BaseException:
            database.close()
            raise
        return cls(database)

    def close(self) -> None:
        """End the transaction and the connection; a query that still runs is ended."""
        with suppress(*self._database.driver.errors):  # it has ended by itself meanwhile
            if self._database.connected:
                self._database.driver.interrupt()
        self._database.close()

    def names(self) -> list[str]:
        """The tables and views that there are."""

        def work() -> list[str]:
            peewee = self._database.peewee
            there = {*peewee.get_tables(), *(view.name for view in peewee.get_views())}
            return [name for name in ORDER if name in there]

        return self._database.read(work)

    def begin(self, names: Sequence[str], *, others: bool) -> None:
        """From now on everything is as it is now. `others`: more is read than the tables `names`."""
        there = self.names() if others else list(names)
        with self._told():
            connection = self._database.peewee.connection()
            if self._database.dialect.name == "sqlite":
                connection.execute("PRAGMA query_only = ON")
                connection.execute("PRAGMA temp_store = FILE")  # a big sort is not to be ours to remember
                connection.set_progress_handler(lambda: 0, STEPS)  # Python hears signals in between
                connection.execute("BEGIN")
            else:
                connection.execute("SET statement_timeout = 0")
                connection.execute("SET lock_timeout = 0")
                connection.execute(f"SET idle_in_transaction_session_timeout = '{LINGER}'")
                connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
                connection.execute(f"LOCK TABLE {', '.join(map(quote, there))} IN ACCESS SHARE MODE")
        self._shapes = self._database.glance(lambda: schema.all_remembered(self._database))
        self._shapes[CONTACT_POINTS] = CONTACT_POINT

    def filling(self, name: str) -> bool:
        """Whether the table of this name, or of this view, is being read for the first time."""
        table = VIEWS.get(name, name)
        return self._database.glance(lambda: feed.silent(self._database, table))

    def columns(self, name: str) -> list[Output]:
        """Every column that can be had of a table or view, names beside codes included."""
        table = VIEWS.get(name, name)
        there = self._database.glance(lambda: schema.physical_columns(self._database, name))
        found = views.labelled(table, self._shapes, self._database.dialect)
        kinds = {column.name: column.field.kind for column in self._shapes[table] if column.name}
        kinds |= dict.fromkeys((SYNCED, DELETED), Kind.INSTANT) | dict.fromkeys((EXTRA, RAW), Kind.JSON)

        def output(column: str, sql: str, *, usual: bool = True) -> Output:
            label = column not in kinds
            kind = kinds.get(column, Kind.TEXT)
            return Output(name=column, kind=kind, sql=sql, usual=usual and not label, label=label)

        if name in VIEWS:
            shown = [output(column, f"t.{quote(column)}") for column in found if column in there]
            return [replace(column, usual=True) for column in shown]
        outputs = [
            output(column, sql) for column, sql in found.items() if column in there or column not in kinds
        ]
        surplus = any(column.name is None and not column.retired for column in self._shapes[table])
        retired = [column.name for column in self._shapes[table] if column.name and column.retired]
        own = [*((column, True) for column in retired), (EXTRA, surplus), (RAW, False)]
        own = [(column, usual) for column, usual in own if column in there and column not in found]
        outputs[-1:-1] = [output(column, f"t.{quote(column)}", usual=usual) for column, usual in own]
        return [*outputs, output(DELETED, f"t.{quote(DELETED)}", usual=False)]

    def check(self, selection: Selection) -> None:
        """Let the database say what is wrong with a condition, before anything is written."""
        if not selection.where:
            return
        alone = f"SELECT CASE WHEN (\n{selection.where}\n) THEN 1 END FROM {quote(selection.name)} t"  # noqa: S608
        for sql in (alone, self._select(selection, "1")):
            with self._told(selection.where):
                for _ in self._rows(f"EXPLAIN {sql}"):
                    pass

    def count(self, selection: Selection) -> int:
        """How many rows there are, for whom it is worth the time."""
        with self._told(selection.where):
            ((count,),) = self._rows(self._select(selection, "count(*)"))
        return int(count)

    def pages(self, selection: Selection) -> Iterator[list[Row]]:
        """The rows in the order of the key; a page has at most `PAGE` of them, fewer where they are long."""
        order = KEYS[VIEWS.get(selection.name, selection.name)]
        what = ", ".join(f"{column.sql} AS {quote(column.name)}" for column in selection.columns)
        sql = f"{self._select(selection, what)} ORDER BY {', '.join(f't.{quote(name)}' for name in order)}"
        long = [n for n, one in enumerate(selection.columns) if one.kind in {Kind.TEXT, Kind.JSON}]
        with self._told(selection.where):
            yield from _pages(self._rows(sql), _letters(long))

    def _select(self, selection: Selection, what: str) -> str:
        conditions = [f"(\n{selection.where}\n)"] if selection.where else []
        if selection.name not in VIEWS and not selection.deleted:
            conditions.append(f"t.{quote(DELETED)} IS NULL")
        where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
        return f"SELECT {what} FROM {quote(selection.name)} t{where}"  # noqa: S608 - names quoted; see above

    def _rows(self, sql: str) -> Iterator[Row]:
        """The rows of one statement as they come, in order; never several statements."""
        connection = self._database.peewee.connection()
        cursor = connection.cursor()
        if self._database.dialect.name == "sqlite":
            connection.set_authorizer(authorize)
            try:
                cursor.execute(sql)
            finally:
                connection.set_authorizer(None)
            return iter(cursor)
        return iter(cursor.stream(sql, size=STEP if _takes_chunks() else 1))

    @contextmanager
    def _told(self, where: str = "") -> Iterator[None]:
        """Errors by their meaning; with `where` they may be those of the condition."""
        try:
            yield
        except sqlite3.Warning as error:  # it is more than one statement
            raise _refused(error) from error
        except self._database.driver.errors as error:
            if where and self._is_its_own(error):
                raise _refused(error) from error
            raise self._database.driver.translate(error) from error

    def _is_its_own(self, error: Exception) -> bool:
        original: Any = getattr(error, "orig", error)
        if self._database.dialect.name == "sqlite":
            code = getattr(original, "sqlite_errorcode", None)
            return code is None or code & 0xFF in ITS_OWN
        return (getattr(original, "sqlstate", None) or "")[:2] in OF_ITSELF | {DATA}


def _refused(error: Exception) -> UsageError:
    text = str(getattr(error, "orig", error)).partition("\n")[0]
    return UsageError(f"--where is refused: {plain(text)}", "it is a condition in SQL: stage_id = 'NEW'")


def _takes_chunks() -> bool:
    """Whether libpq can give several rows at once (since PostgreSQL 17)."""
    from psycopg import pq  # noqa: PLC0415 - only here, where there is a session of it

    return pq.version() >= 170000


def _letters(places: Sequence[int]) -> Callable[[Row], Iterable[str | None]]:
    """The values at these places of a row."""
    if not places:
        return lambda _: ()
    if len(places) == 1:
        place = places[0]
        return lambda row: (row[place],)
    return itemgetter(*places)


def _pages(rows: Iterator[Row], letters: Callable[[Row], Iterable[str | None]]) -> Iterator[list[Row]]:
    page: list[Row] = []
    weight = 0
    while some := list(islice(rows, STEP)):
        page += some
        weight += sum(sum(map(len, filter(None, letters(row)))) for row in some)
        if len(page) >= PAGE or weight > HEAVY:
            yield page
            page, weight = [], 0
    if page:
        yield page
