"""The change feed: one line for each row that came, changed, went or came back.

The first filling of a table is two lines, one at its begin and one at its end (`snapshots.py`), and none in
between. Whoever copies the mirror after the end needs nothing but the lines that come after his copy.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import msgspec
from msgspec import Struct

from bitsheet_tui.fields import Kind
from bitsheet_tui.store import documents, untold
from bitsheet_tui.store.database import Database
from bitsheet_tui.store.layout import Layout, Row
from bitsheet_tui.store.untold import Told

CUT = "changes_cut"  # the fact that says which lines are not kept any more: all up to this number
BEGUN, ENDED = "begun", "ended"  # what is remembered of a first filling; None: it has not begun


class Op(StrEnum):
    """What happened to a row; `snapshot` marks the begin and the end of a table's first filling."""

    INSERT = "insert"
    UPDATE = "update"
    DELETE = "delete"
    UNDELETE = "undelete"
    SNAPSHOT = "snapshot"


class When(Struct, frozen=True, kw_only=True):
    """The commit in hand: the host's clock, the cycle, and what it is part of."""

    at: datetime
    cycle: int
    filling: bool = False  # the table is read for the first time, as far as the caller knows
    since: datetime | None = None  # the portal's clock: rows that changed later are dated (`Stored.dated`)

    @property
    def second(self) -> datetime:
        """`at` in UTC and in whole seconds, as all moments are kept."""
        return self.at.astimezone(UTC).replace(microsecond=0)


class Moved(Struct, frozen=True):
    """A row that a line tells of. `old` is what was read of it, if it was there (`Layout.select`).

    `new` may leave out the columns of fields that are gone: they are empty then.
    """

    op: Op
    old: Row | None
    new: Row


def state(database: Database, table: str) -> str | None:
    """Which marker of the table's first filling was told last."""
    if table not in database.snapshots:
        mark = database.dialect.mark
        found = database.rows(
            f"SELECT snapshot FROM bitsheet_checkpoints WHERE table_name = {mark}",  # noqa: S608
            (table,),
        )
        database.snapshots[table] = found[0][0] if found else None
    return database.snapshots[table]


def silent(database: Database, table: str) -> bool:
    """Whether the table is being filled for the first time, so that its rows have no lines of their own."""
    return state(database, table) == BEGUN


def tell_rows(database: Database, layout: Layout, when: When, rows: Sequence[Moved]) -> None:
    """Append the lines of rows that were written."""
    if not rows or silent(database, layout.table.name):
        return
    ids = [layout.row_id(row.new) for row in rows]
    held = untold.take(database, layout, [id_ for id_, row in zip(ids, rows, strict=True) if row.old])
    lines = [
        (id_, row.op, *difference(layout, row, held.get(id_))) for id_, row in zip(ids, rows, strict=True)
    ]
    tell(database, layout.table.name, when, lines)


def difference(layout: Layout, row: Moved, told: Told | None = None) -> tuple[str | None, str]:
    """(before, after) as JSON: the fields that differ; for a new row all that have a value."""
    old, new = row.old, row.new
    if layout.retired and len(new) == len(layout.names):
        new += (None,) * len(layout.retired)
    pairs = zip(old or (None,) * len(new), new, strict=False)
    places = [place for place, (was, is_) in enumerate(pairs) if was != is_]
    after = _shown(layout, new, places)
    if old is None:
        return None, documents.encode(after)
    if row.op is Op.UNDELETE:  # whoever took the row away has nothing left that could be changed
        filled = (place for place, value in enumerate(new) if value is not None)
        after = _shown(layout, new, sorted({*places, *filled}))
    before = _shown(layout, old, places)
    for name, values in (told or {}).items():
        after[name] = shown(layout, new, name)
        before[name] = before_of(values, after[name])
    return documents.encode(before), documents.encode(after)


def before_of(told: tuple[msgspec.Raw, msgspec.Raw], now: Any) -> msgspec.Raw:
    """What a line says that a field was: what was told of it, or, where it is so again, what it was since."""
    last, other = told
    return other if bytes(last) == documents.encode(now).encode() else last


def shown(layout: Layout, row: Row, name: str) -> Any:
    """The value of a column in a row as it was read; None where there is no such column."""
    place = layout.places.get(name)
    return None if place is None else documents.value(layout.column_kinds[place], row[place])


def _shown(layout: Layout, row: Row, places: Iterable[int]) -> dict[str, Any]:
    names, kinds = layout.columns, layout.column_kinds
    return {names[place]: documents.value(kinds[place], row[place]) for place in places}


def tell(
    database: Database,
    table: str,
    when: When,
    lines: Iterable[tuple[str | None, Op, str | None, str | None]],
) -> None:
    """Append (row id, op, before, after) lines, unless the table is being filled for the first time."""
    if silent(database, table):
        return
    append(database, table, when, lines)


def append(
    database: Database,
    table: str,
    when: When,
    lines: Iterable[tuple[str | None, Op, str | None, str | None]],
) -> None:
    """Append lines in any case."""
    dialect = database.dialect
    at = dialect.encode(Kind.INSTANT, when.second)
    database.many(
        "INSERT INTO bitsheet_changes (at, cycle, table_name, row_id, op, before, after)"  # noqa: S608
        f" VALUES ({dialect.marks(7)})",
        [(at, when.cycle, table, row_id, str(op), before, after) for row_id, op, before, after in lines],
    )
    database.driver.told = True
