"""What could not be stored, kept with the reason until it is understood: single values, and whole rows.

A value that contradicts the kind of its field waits under that field's name; its row is stored without it.
Whole rows wait, under no field, only without a usable key, where the database refuses them, or where they are
too big to be read; their `value` is the row's JSON. What could not be read has no `value`, and waits until it
is asked for again.
"""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct

from bitsheet_tui.fields import TOO_BIG, WHOLE
from bitsheet_tui.store import values
from bitsheet_tui.store.bulk import chunks
from bitsheet_tui.store.database import Database
from bitsheet_tui.store.feed import When
from bitsheet_tui.store.layout import Layout, Odd, Portal
from bitsheet_tui.store.models import InstantField, QuarantineRecord
from bitsheet_tui.text import plain

COLUMNS = "table_name, row_id, field, value, reason, first_seen, last_seen, times"


class Poison(Struct, frozen=True, kw_only=True):
    """A row of the portal that cannot be stored."""

    row_id: str
    reason: str
    portal: Portal | None = None  # None: it was not read


class Quarantined(Struct, frozen=True, kw_only=True):
    """A line of quarantine: its newest value, why it cannot be stored, and since when."""

    table: str
    row_id: str
    field: str  # the portal's name of it; empty: a whole row
    value: str | None  # as the portal spelt it; None: it could not be kept
    reason: str
    first_seen: datetime
    last_seen: datetime
    times: int

    @property
    def whole(self) -> bool:
        """Whether the row is not in the mirror as it is now."""
        return self.field == WHOLE

    @property
    def row(self) -> Portal | None:
        """The row that waits as a whole; None: it could not be kept."""
        return json.loads(self.value) if self.whole and self.value is not None else None


class Waiting(Struct, frozen=True):
    """How many rows of a table wait as a whole, and how many values of rows that are stored."""

    rows: int = 0
    values: int = 0


def row_id(layout: Layout, portal: Portal) -> str:
    """The key of a row as far as one can tell."""
    return ":".join(values.clean(plain(portal.get(name, ""), 100)) for name in layout.table.key)


def isolate(database: Database, table: str, rows: Iterable[Poison], when: When) -> None:
    """Keep whole rows; one that is there already is counted again."""
    lines = [
        (
            row.row_id,
            WHOLE,
            None if row.portal is None else values.spelt(dict(row.portal)),
            values.clean(row.reason),
        )
        for row in rows
    ]
    _keep(database, table, lines, when)


def settle(database: Database, table: str, odd: Mapping[str, Sequence[Odd]], when: When) -> None:
    """These rows have been stored: of each wait the values that are `odd`, and nothing else any more."""
    known = {id_: {one.field for one in some} for id_, some in odd.items()}
    _drop(database, table, [(i, f) for i, f in _lines(database, table, odd) if f not in known[i]])
    lines = [(i, one.field, one.value, one.reason) for i, some in odd.items() for one in some]
    _keep(database, table, lines, when)


def release(database: Database, table: str, row_ids: Collection[str]) -> None:
    """Forget everything about these rows."""
    if row_ids and waits(database, table):
        _drop(database, table, _lines(database, table, row_ids))


def understood(database: Database, table: str, lines: Iterable[tuple[str, str]]) -> None:
    """Forget these (row id, field)."""
    _drop(database, table, list(lines))


def retire(database: Database, table: str, fields: Iterable[str]) -> None:
    """Forget the values of fields that the portal no longer has."""
    here = QuarantineRecord.table_name == table
    for some in chunks([field for field in fields if field != WHOLE], 500):
        QuarantineRecord.delete().where(here & QuarantineRecord.field.in_(some)).execute(database.peewee)


def waits(database: Database, table: str) -> bool:
    """Whether anything of the table is kept."""
    mark = database.dialect.mark
    return bool(
        database.rows(f"SELECT 1 FROM bitsheet_quarantine WHERE table_name = {mark} LIMIT 1", (table,))  # noqa: S608
    )


def whole(database: Database, table: str) -> frozenset[str]:
    """The row ids of the whole rows that are kept."""
    mark = database.dialect.mark
    found = database.rows(
        f"SELECT row_id FROM bitsheet_quarantine WHERE table_name = {mark} AND field = ''",  # noqa: S608
        (table,),
    )
    return frozenset(id_ for (id_,) in found)


def ids(database: Database, table: str) -> list[int]:
    """The ids of the whole rows that are kept, as far as they have any."""
    return [int(id_) for id_ in whole(database, table) if id_.isascii() and id_.isdigit()]


def forget_nameless(database: Database, layout: Layout) -> None:
    """Forget the whole rows without a usable key: nothing that is stored would ever release them."""
    table = layout.table.name
    lost = [id_ for id_ in whole(database, table) if layout.key_of(id_) is None]
    _drop(database, table, [(id_, WHOLE) for id_ in lost])


def count(database: Database) -> dict[str, Waiting]:
    """What of each table waits; tables of which nothing does are left out."""
    found = database.rows(
        "SELECT table_name, sum(CASE WHEN field = '' THEN 1 ELSE 0 END), count(*)"
        " FROM bitsheet_quarantine GROUP BY table_name"
    )
    return {table: Waiting(int(rows), int(total) - int(rows)) for table, rows, total in found}


def unread(database: Database, table: str) -> list[int]:
    """The ids of the rows of which something could not be read."""
    mark = database.dialect.mark
    found = database.rows(
        "SELECT DISTINCT row_id FROM bitsheet_quarantine"  # noqa: S608 - a mark
        f" WHERE table_name = {mark} AND value IS NULL AND reason LIKE {mark}",
        (table, f"{TOO_BIG}%"),
    )
    return sorted(int(id_) for (id_,) in found if id_.isascii() and id_.isdigit())


def count_values(database: Database, table: str, least: int) -> dict[str, int]:
    """How many values of each field wait, of those fields of which at least so many do.

    What could not be read contradicts nothing.
    """
    mark = database.dialect.mark
    found = database.rows(
        f"SELECT field, count(*) FROM bitsheet_quarantine WHERE table_name = {mark} AND field <> ''"  # noqa: S608
        f" AND value IS NOT NULL GROUP BY field HAVING count(*) >= {mark}",
        (table, least),
    )
    return {field: int(number) for field, number in found}


def listing(database: Database, tables: Collection[str] = ()) -> list[Quarantined]:
    """What is kept of these tables, or of all: whole rows before values, each oldest first."""
    query = QuarantineRecord.select()
    if tables:
        query = query.where(QuarantineRecord.table_name.in_(tuple(tables)))
    found = [read(record) for record in query.execute(database.peewee)]
    return sorted(found, key=lambda one: (not one.whole, one.first_seen, one.row_id, one.field))


def of_row(database: Database, table: str, id_: str) -> list[Quarantined]:
    """What is kept of one row."""
    here = (QuarantineRecord.table_name == table) & (QuarantineRecord.row_id == id_)
    return [read(record) for record in QuarantineRecord.select().where(here).execute(database.peewee)]


def read(record: Any) -> Quarantined:
    """What a record says."""
    return Quarantined(
        table=record.table_name,
        row_id=record.row_id,
        field=record.field,
        value=record.value,
        reason=record.reason,
        first_seen=record.first_seen,
        last_seen=record.last_seen,
        times=record.times,
    )


def _lines(database: Database, table: str, row_ids: Collection[str]) -> list[tuple[str, str]]:
    """(row id, field) of everything that is kept of these rows."""
    dialect = database.dialect
    return database.rows(
        "SELECT row_id, field FROM bitsheet_quarantine"  # noqa: S608 - marks
        f" WHERE table_name = {dialect.mark} AND row_id {dialect.one_of}",
        (table, dialect.keys(list(row_ids))),
    )


def _keep(
    database: Database, table: str, lines: Sequence[tuple[str, str, str | None, str]], when: When
) -> None:
    """Write (row id, field, value, reason); one that is there already is counted again."""
    at = InstantField().db_value(when.at)
    database.many(
        f"INSERT INTO bitsheet_quarantine ({COLUMNS}) VALUES ({database.dialect.marks(8)})"  # noqa: S608
        " ON CONFLICT (table_name, row_id, field) DO UPDATE SET value = excluded.value,"
        " reason = excluded.reason, last_seen = excluded.last_seen, times = bitsheet_quarantine.times + 1",
        [(table, id_, field, value, reason, at, at, 1) for id_, field, value, reason in lines],
    )


def _drop(database: Database, table: str, lines: Sequence[tuple[str, str]]) -> None:
    mark = database.dialect.mark
    database.many(
        f"DELETE FROM bitsheet_quarantine WHERE table_name = {mark} AND row_id = {mark} AND field = {mark}",  # noqa: S608
        [(table, *line) for line in lines],
    )
