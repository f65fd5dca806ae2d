"""Rows that could not be stored, kept with the reason until a later version of them can."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from bitsheet_tui.store.bulk import chunks
from bitsheet_tui.store.database import Database
from bitsheet_tui.store.feed import When
from bitsheet_tui.store.layout import Layout, Portal, raw_text
from bitsheet_tui.store.models import QuarantineRecord
from bitsheet_tui.store.orm import peewee
from bitsheet_tui.store.values import clean
from bitsheet_tui.text import plain


@dataclass(frozen=True, slots=True, kw_only=True)
class Poison:
    """A row of the portal that cannot be stored."""

    row_id: str
    reason: str
    portal: Portal


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
    here = QuarantineRecord.table_name == table
    kept = {record.row_id for record in QuarantineRecord.select().where(here).execute(database.peewee)}
    for chunk in chunks(sorted(kept.intersection(stored)), 500) if kept else ():
        QuarantineRecord.delete().where(here & QuarantineRecord.row_id.in_(chunk)).execute(database.peewee)


def count(database: Database) -> dict[str, int]:
    """How many rows of each table are kept."""
    query = QuarantineRecord.select(
        QuarantineRecord.table_name, peewee.fn.COUNT(peewee.SQL("*")).alias("times")
    ).group_by(QuarantineRecord.table_name)
    return {record.table_name: int(record.times) for record in query.execute(database.peewee)}
