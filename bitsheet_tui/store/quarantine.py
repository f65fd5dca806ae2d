"""Rows that could not be stored, kept with the reason until a later version of them can."""

import json
from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

from msgspec import Struct

from bitsheet_tui.store.bulk import chunks
from bitsheet_tui.store.database import Database
from bitsheet_tui.store.feed import When
from bitsheet_tui.store.layout import Layout, Portal, raw_text
from bitsheet_tui.store.models import QuarantineRecord
from bitsheet_tui.store.orm import peewee
from bitsheet_tui.store.values import clean
from bitsheet_tui.text import plain


class Poison(Struct, frozen=True, kw_only=True):
    """A row of the portal that cannot be stored."""

    row_id: str
    reason: str
    portal: Portal


class Quarantined(Struct, frozen=True, kw_only=True):
    """A row that is kept aside: its newest version, why it cannot be stored, and since when."""

    table: str
    row_id: str
    reason: str
    row: Portal
    first_seen: datetime
    last_seen: datetime
    times: int


def row_id(layout: Layout, portal: Portal) -> str:
    """The key of a row as far as one can tell."""
    return ":".join(clean(plain(portal.get(name, ""), 100)) for name in layout.table.key)


def isolate(database: Database, table: str, rows: Iterable[Poison], when: When) -> None:
    """Keep the rows; one that is there already is counted again."""
    for row in rows:
        values: dict[str, Any] = {
            "table_name": table,
            "row_id": row.row_id,
            "reason": clean(row.reason),
            "row_json": raw_text(row.portal),
            "first_seen": when.at,
            "last_seen": when.at,
        }
        query = QuarantineRecord.insert(**values).on_conflict(
            conflict_target=[QuarantineRecord.table_name, QuarantineRecord.row_id],
            preserve=[QuarantineRecord.reason, QuarantineRecord.row_json, QuarantineRecord.last_seen],
            update={QuarantineRecord.times: QuarantineRecord.times + 1},
        )
        query.execute(database.peewee)


def release(database: Database, table: str, stored: Iterable[str]) -> None:
    """Rows with these ids have been stored."""
    query = f"SELECT row_id FROM bitsheet_quarantine WHERE table_name = {database.dialect.mark}"  # noqa: S608
    kept = {id_ for (id_,) in database.rows(query, (table,))}  # for every few rows: peewee would take longer
    here = QuarantineRecord.table_name == table
    for chunk in chunks(sorted(kept.intersection(stored)), 500) if kept else ():
        QuarantineRecord.delete().where(here & QuarantineRecord.row_id.in_(chunk)).execute(database.peewee)


def ids(database: Database, table: str) -> list[int]:
    """The ids of the rows that are kept, as far as they have any."""
    here = QuarantineRecord.table_name == table
    query = QuarantineRecord.select(QuarantineRecord.row_id).where(here).execute(database.peewee)
    return [int(record.row_id) for record in query if record.row_id.isascii() and record.row_id.isdigit()]


def count(database: Database) -> dict[str, int]:
    """How many rows of each table are kept."""
    query = QuarantineRecord.select(
        QuarantineRecord.table_name, peewee.fn.COUNT(peewee.SQL("*")).alias("times")
    ).group_by(QuarantineRecord.table_name)
    return {record.table_name: int(record.times) for record in query.execute(database.peewee)}


def listing(database: Database, tables: Collection[str] = ()) -> list[Quarantined]:
    """What is kept of these tables, or of all, oldest first."""
    query = QuarantineRecord.select().order_by(QuarantineRecord.first_seen, QuarantineRecord.row_id)
    if tables:
        query = query.where(QuarantineRecord.table_name.in_(tuple(tables)))
    return [read(record) for record in query.execute(database.peewee)]


def read(record: Any) -> Quarantined:
    """What a record says."""
    return Quarantined(
        table=record.table_name,
        row_id=record.row_id,
        reason=record.reason,
        row=json.loads(record.row_json),
        first_seen=record.first_seen,
        last_seen=record.last_seen,
        times=record.times,
    )
