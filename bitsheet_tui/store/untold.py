"""What the change feed has not told: a change of fields that change without meaning is stored, and no line.

The next line of the row carries every such field. So it is kept, for each row that changed in them since its
last line, what was told of a field, and what it became first. A field that is as it was told by then is
carried all the same: whoever copied the mirror in between has another value. Kept is a row once, however
often it changes, and nothing of rows that do not.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from bitsheet_tui.store import documents
from bitsheet_tui.store.database import Database
from bitsheet_tui.store.layout import Layout, Row

Told = dict[str, tuple[msgspec.Raw, msgspec.Raw]]  # column -> told last, and what differed from it first

_decoder = msgspec.json.Decoder(Told)


def keep(database: Database, layout: Layout, touched: Sequence[tuple[Row, Row]]) -> None:
    """Note these rows, as (before, after), of which no line tells."""
    if not touched:
        return
    known = _load(database, layout.table.name, [layout.row_id(new) for _, new in touched])
    lines = []
    for old, new in touched:
        row_id = layout.row_id(new)
        told = known.get(row_id, {})
        fresh = {
            layout.names[place]: (_raw(layout, place, old), _raw(layout, place, new))
            for place in range(layout.stable, len(layout.names))
            if old[place] != new[place] and layout.names[place] not in told
        }
        if fresh:
            lines.append((layout.table.name, row_id, documents.encode({**told, **fresh})))
    if lines:
        database.many(
            "INSERT INTO bitsheet_untold (table_name, row_id, told)"  # noqa: S608 - marks
            f" VALUES ({database.dialect.marks(3)})"
            " ON CONFLICT (table_name, row_id) DO UPDATE SET told = excluded.told",
            lines,
        )


def take(database: Database, layout: Layout, row_ids: Sequence[str]) -> dict[str, Told]:
    """What is kept of these rows, of which a line tells now; nothing of them is kept any more."""
    if not (layout.table.volatile and row_ids):
        return {}
    found = _load(database, layout.table.name, row_ids)
    if found:
        mark = database.dialect.mark
        database.many(
            f"DELETE FROM bitsheet_untold WHERE table_name = {mark} AND row_id = {mark}",  # noqa: S608
            [(layout.table.name, row_id) for row_id in found],
        )
    return found


def _load(database: Database, table: str, row_ids: Sequence[str]) -> dict[str, Told]:
    dialect = database.dialect
    found = database.rows(
        f"SELECT row_id, told FROM bitsheet_untold WHERE table_name = {dialect.mark}"  # noqa: S608 - marks
        f" AND row_id {dialect.one_of}",
        (table, dialect.keys(row_ids)),
    )
    return {row_id: _decoder.decode(told) for row_id, told in found}


def _raw(layout: Layout, place: int, row: Row) -> msgspec.Raw:
    return msgspec.Raw(documents.encode(documents.value(layout.kinds[place], row[place])).encode())
