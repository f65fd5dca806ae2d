"""What the mirror holds: rows, deleted rows, quarantined rows, and how current they are."""

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from bitsheet_tui.store import checkpoints, ledger, quarantine
from bitsheet_tui.store.database import Database
from bitsheet_tui.store.dialects import quote
from bitsheet_tui.store.layout import DELETED


class Count(Struct, frozen=True, kw_only=True):
    """One table."""

    table: str
    rows: int  # that are there, without the deleted
    deleted: int
    quarantined: int = 0  # rows that are not there because they cannot be stored
    values: int = 0  # in quarantine, of rows that are there
    synced_at: datetime | None = None  # the host's clock, when it was last read without an error
    watermark: datetime | None = None  # the portal's clock


def count_all(database: Database, tables: Sequence[str]) -> list[Count]:
    """Every table of the mirror."""
    waiting = quarantine.count(database)
    return [
        Count(
            table=table,
            rows=total - deleted,
            deleted=deleted,
            quarantined=waiting.get(table, quarantine.Waiting()).rows,
            values=waiting.get(table, quarantine.Waiting()).values,
            synced_at=ledger.last_good(database.peewee, table),
            watermark=checkpoints.load(database.peewee, table).watermark,
        )
        for table in tables
        for total, deleted in [_rows(database, table)]
    ]


def _rows(database: Database, table: str) -> tuple[int, int]:
    name = quote(table)
    ((total,),) = database.rows(f"SELECT count(*) FROM {name}")  # noqa: S608 - a quoted name
    ((deleted,),) = database.rows(f"SELECT count(*) FROM {name} WHERE {quote(DELETED)} IS NOT NULL")  # noqa: S608
    return total, deleted
