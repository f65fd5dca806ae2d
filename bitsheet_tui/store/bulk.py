"""Many rows at once: read by key, written by whatever the database does fastest."""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from itertools import islice
from typing import Any

from bitsheet_tui.store import overflow
from bitsheet_tui.store.database import Database
from bitsheet_tui.store.dialects import quote
from bitsheet_tui.store.layout import DELETED, EXTRA, SYNCED, Layout, Row
from bitsheet_tui.store.names import loading_name
from bitsheet_tui.text import plain

COPY_FROM = 100  # rows from which on COPY is faster than single statements
REFUSALS: tuple[type[Exception], ...] = (OverflowError, ValueError)  # some drivers say it so
Key = tuple[Any, ...]


def read(database: Database, layout: Layout, keys: Sequence[Key]) -> dict[Key, Row]:
    """The rows that are there, by key; each with `_deleted_at` as one more value at its end."""
    width = len(layout.key)
    found: dict[Key, Row] = {}
    for prefix, ids in by_prefix(keys).items():
        rows = database.rows(layout.select, (*prefix, database.dialect.keys(ids)))
        if layout.overflows:
            rows = [overflow.unfold(layout, row) for row in rows]
        found.update((row[:width], row) for row in rows)
    return found


def upsert(
    database: Database, layout: Layout, rows: Sequence[Row], present: Container[Key] = ()
) -> dict[int, str]:
    """Insert or replace the rows, each as `layout.complete` makes it; those of `present` keys are there.

    Gives the places of the rows that the database does not take, with its reasons; the others are stored.
    """
    if not rows:
        return {}
    error = _refused(database, layout, rows, present)
    if error and _too_big(database, layout, error):
        rows = [overflow.fold(layout, row, overflow.ROOMS[0]) for row in rows]
        error = _refused(database, layout, rows, present)
    return _one_by_one(database, layout, rows, error) if error else {}


def update(database: Database, layout: Layout, sql: str, rows: Sequence[Row]) -> None:
    """Run the statement, which changes some columns, once for each row; each ends with a row's key."""
    if not (rows and layout.overflows):
        database.many(sql, rows)
        return
    try:
        with database.peewee.savepoint():
            database.many(sql, rows)
    except database.driver.errors as error:
        if not _too_big(database, layout, error):
            raise
        _make_room(database, layout, [row[-len(layout.key) :] for row in rows])
        database.many(sql, rows)


def _make_room(database: Database, layout: Layout, keys: Sequence[Key]) -> None:
    """Leave more of these rows in `extra` than has to be, so that others of their values can grow."""
    places = [*layout.movable.values(), layout.position[EXTRA]]
    changes = ", ".join(f"{quote(layout.columns[place])} = {layout.dialect.mark}" for place in places)
    for key, row in read(database, layout, keys).items():
        folded = overflow.fold(layout, row[:-1], overflow.ROOMS[1])
        database.many(
            f"UPDATE {layout.sql_name} SET {changes} WHERE {key_is(layout)}",  # noqa: S608 - quoted names
            [(*(folded[place] for place in places), *key)],
        )


def touch(database: Database, layout: Layout, rows: Sequence[Row]) -> None:
    """Store volatile fields and nothing else."""
    names = layout.names[layout.stable :]
    if rows:
        width = len(layout.key)
        changes = ", ".join(f"{quote(name)} = {database.dialect.mark}" for name in names)
        update(
            database,
            layout,
            f"UPDATE {layout.sql_name} SET {changes} WHERE {key_is(layout)}",  # noqa: S608 - quoted names
            [(*row[layout.stable :], *row[:width]) for row in rows],
        )


def bury(database: Database, layout: Layout, keys: Sequence[Key], at: Any) -> None:
    """Mark the rows as deleted."""
    update(
        database,
        layout,
        f"UPDATE {layout.sql_name} SET {quote(DELETED)} = {database.dialect.mark},"  # noqa: S608
        f" {quote(SYNCED)} = {database.dialect.mark} WHERE {key_is(layout)}",
        [(at, at, *key) for key in keys],
    )


def chunks(items: Sequence[Any], size: int) -> Iterator[list[Any]]:
    """`items` in lists of at most `size`."""
    iterator = iter(items)
    while chunk := list(islice(iterator, size)):
        yield chunk


def by_prefix(keys: Sequence[Key]) -> dict[Key, list[Any]]:
    """The last parts of the keys, by what stands before them."""
    groups: dict[Key, list[Any]] = {}
    for key in keys:
        groups.setdefault(key[:-1], []).append(key[-1])
    return groups


def key_is(layout: Layout) -> str:
    """The condition for one row; its parameters are the row's key."""
    return " AND ".join(f"{quote(name)} = {layout.dialect.mark}" for name in layout.key)


def _refused(
    database: Database, layout: Layout, rows: Sequence[Row], present: Container[Key]
) -> Exception | None:
    """Write the rows; the error, where that cannot be done, and nothing is written."""
    try:
        with database.peewee.savepoint():
            _write(database, layout, rows, present)
    except (*database.driver.errors, *REFUSALS) as error:
        return error
    return None


def _too_big(database: Database, layout: Layout, error: Exception) -> bool:
    return layout.overflows and database.driver.too_big(error)


def _write(database: Database, layout: Layout, rows: Sequence[Row], present: Container[Key] = ()) -> None:
    """All of the rows. New ones are copied into the table itself, which nothing is faster than."""
    if layout.dialect.copies and len(rows) >= COPY_FROM:
        width = len(layout.key)
        fresh = [row for row in rows if row[:width] not in present]
        if len(fresh) >= COPY_FROM:
            _copy(database, layout, layout.sql_name, fresh)
            rows = [row for row in rows if row[:width] in present]
    if layout.dialect.copies and len(rows) >= COPY_FROM and database.driver.may_load():
        _load(database, layout, rows)
    elif rows:
        marks = layout.dialect.marks(len(layout.written))
        database.many(f"{layout.insert} VALUES ({marks}) {layout.on_conflict}", rows)


def _copy(database: Database, layout: Layout, into: str, rows: Sequence[Row]) -> None:
    columns = ", ".join(quote(column) for column in layout.written)
    with (
        database.peewee.connection().cursor() as cursor,
        cursor.copy(f"COPY {into} ({columns}) FROM STDIN") as copy,
    ):
        for row in rows:
            copy.write_row(row)


def _load(database: Database, layout: Layout, rows: Sequence[Row]) -> None:
    """Replace rows by way of a table that ends with the transaction.

    One that lived as long as the session would keep the server from freezing what is older than it
    (postgresql.org/docs/current/routine-vacuuming.html, 24.1.5), in the end all of its databases.
    """
    name = quote(loading_name(layout.table.name))
    columns = ", ".join(quote(column) for column in layout.written)
    database.execute(f"CREATE TEMPORARY TABLE IF NOT EXISTS {name} (LIKE {layout.sql_name}) ON COMMIT DROP")
    _copy(database, layout, f"pg_temp.{name}", rows)
    database.execute(f"{layout.insert} SELECT {columns} FROM pg_temp.{name} {layout.on_conflict}")  # noqa: S608
    database.execute(f"DELETE FROM pg_temp.{name}")  # noqa: S608 - for the next rows; TRUNCATE takes longer


def _one_by_one(database: Database, layout: Layout, rows: Sequence[Row], error: Exception) -> dict[int, str]:
    """Find the rows that are to blame; any other error is raised again."""
    if not database.driver.rejected(error):
        raise error
    reasons = {place: _refusal(database, layout, row) for place, row in enumerate(rows)}
    return {place: reason for place, reason in reasons.items() if reason}


def _refusal(database: Database, layout: Layout, row: Row) -> str:
    """Why the database refuses the row; empty when it has taken it."""
    error = _refused(database, layout, [row], ())
    for room in overflow.ROOMS:
        if error is None or not _too_big(database, layout, error):
            break
        error = _refused(database, layout, [overflow.fold(layout, row, room)], ())
    if error is not None and not database.driver.rejected(error):
        raise error
    return "" if error is None else plain(error)
