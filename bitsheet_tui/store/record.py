"""One row in full: every field with its label and the name behind its code, and how it came to be so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct

from bitsheet_tui.fields import WHOLE
from bitsheet_tui.store import overflow, quarantine, schema, views
from bitsheet_tui.store.bulk import chunks
from bitsheet_tui.store.database import Database
from bitsheet_tui.store.dialects import quote
from bitsheet_tui.store.layout import DELETED, EXTRA, RAW, SYNCED, Column
from bitsheet_tui.store.models import ChangeRecord, InstantField
from bitsheet_tui.store.quarantine import Quarantined
from bitsheet_tui.store.walk import Key

NAMES = 100  # looked up in one query


class Entry(Struct, frozen=True, kw_only=True):
    """One field of a row. `name` is what its code stands for, where it is one."""

    column: Column
    value: Any  # as the database gives it
    name: str = ""
    waiting: Quarantined | None = None  # what the portal says, where the column cannot hold it


class Record(Struct, frozen=True, kw_only=True):
    """One row."""

    table: str
    key: Key
    entries: tuple[Entry, ...]
    extra: str | None  # JSON of the fields that have no column of their own
    raw: str | None  # JSON of the row as the portal gave it, where that is kept
    synced_at: datetime | None
    deleted_at: datetime | None
    refused: str = ""  # why a newer version of it waits in quarantine, where one does

    @property
    def row_id(self) -> str:
        """The key in one word: 7, or chat:15."""
        return ":".join(map(str, self.key))


class Change(Struct, frozen=True, kw_only=True):
    """One line of the change feed; `before` and `after` hold the fields that differ."""

    seq: int
    at: datetime
    cycle: int
    table: str
    row_id: str
    op: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None


class History(Struct, frozen=True, kw_only=True):
    """Changes, the newest first; `below` is where to look on, None at the end of the feed."""

    changes: tuple[Change, ...]
    below: int | None


def load(
    database: Database, shapes: views.Shapes, table: str, key: Key, names: tuple[str, ...]
) -> Record | None:
    """The row with this key, whether it is marked as deleted or not; None where there is none.

    `names` are the columns of the key.
    """
    columns = [column for column in shapes.get(table, ()) if column.name]
    there = schema.physical_columns(database, table)
    own = [name for name in (EXTRA, RAW) if name in there]
    wanted = [*(str(column.name) for column in columns), SYNCED, DELETED, *own]
    where = " AND ".join(f"{quote(name)} = {database.dialect.mark}" for name in names)
    chosen = ", ".join(map(quote, wanted))
    found = database.rows(f"SELECT {chosen} FROM {quote(table)} WHERE {where}", key)  # noqa: S608 - quoted
    if not found:
        return None
    row = dict(zip(wanted, found[0], strict=True))
    told = _names(database, shapes, table, where, key)
    elsewhere, extra = overflow.returned(columns, row.get(EXTRA))
    waiting = {one.field: one for one in quarantine.of_row(database, table, ":".join(map(str, key)))}
    whole = waiting.get(WHOLE)
    moment = InstantField().python_value
    return Record(
        table=table,
        key=key,
        entries=tuple(
            Entry(
                column=column,
                value=elsewhere.get(column.field.name, row[str(column.name)]),
                name=told.get(str(column.name), ""),
                waiting=waiting.get(column.field.name),
            )
            for column in columns
        ),
        extra=extra,
        raw=row.get(RAW),
        synced_at=moment(row[SYNCED]),
        deleted_at=moment(row[DELETED]),
        refused=whole.reason if whole else "",
    )


def _names(database: Database, shapes: views.Shapes, table: str, where: str, key: Key) -> dict[str, str]:
    """Column -> what its code stands for."""
    found: dict[str, str] = {}
    for some in chunks(list(views.explained(table, shapes, database.dialect).items()), NAMES):
        chosen = ", ".join(sql for _, sql in some)
        rows = database.rows(f"SELECT {chosen} FROM {quote(table)} t WHERE {where}", key)  # noqa: S608
        for (column, _), value in zip(some, rows[0] if rows else (), strict=False):
            if value is not None:
                found[column] = str(value)
    return found


def history(
    database: Database, table: str, row_id: str, *, below: int | None, span: int, limit: int
) -> History:
    """What the feed tells of one row, looking at the `span` lines below number `below`, or at the newest."""
    edge = _newest(database) + 1 if below is None else below
    here = (
        (ChangeRecord.table_name == table)
        & (ChangeRecord.row_id == row_id)
        & (ChangeRecord.seq < edge)
        & (ChangeRecord.seq >= edge - span)
    )
    query = ChangeRecord.select().where(here).order_by(ChangeRecord.seq.desc()).limit(limit)
    changes = tuple(_change(record) for record in query.execute(database.peewee))
    on = changes[-1].seq if len(changes) >= limit else edge - span
    return History(changes=changes, below=on if on > 1 else None)


def changes_of(database: Database, table: str, cycle: int, *, limit: int) -> Sequence[Change]:
    """What one cycle changed in a table, in the order in which it did."""
    start, end = _first(database, cycle), _first(database, cycle + 1)
    here = (ChangeRecord.table_name == table) & (ChangeRecord.seq >= start) & (ChangeRecord.seq < end)
    query = ChangeRecord.select().where(here & (ChangeRecord.cycle == cycle)).order_by(ChangeRecord.seq)
    return [_change(record) for record in query.limit(limit).execute(database.peewee)]


def _first(database: Database, cycle: int) -> int:
    """The number of the feed's first line that is of `cycle` or later: they are told in order.

    Those of dictionaries belong to no cycle, which is written as 0.
    """
    low, high = 1, _newest(database) + 1
    while low < high:
        middle = (low + high) // 2
        found = database.rows(
            "SELECT seq, cycle FROM bitsheet_changes"  # noqa: S608 - a mark
            f" WHERE seq >= {database.dialect.mark} AND cycle > 0 ORDER BY seq LIMIT 1",
            (middle,),
        )
        if found and found[0][1] < cycle:
            low = found[0][0] + 1
        else:
            high = middle
    return low


def _newest(database: Database) -> int:
    ((seq,),) = database.rows("SELECT max(seq) FROM bitsheet_changes")
    return int(seq or 0)


def _change(record: Any) -> Change:
    return Change(
        seq=record.seq,
        at=record.at,
        cycle=record.cycle,
        table=record.table_name,
        row_id=record.row_id or "",
        op=record.op,
        before=record.before,
        after=record.after,
    )
