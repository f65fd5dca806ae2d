"""The change feed: one line for each row that came, changed, went or came back."""

from collections.abc import Iterable
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import msgspec
from msgspec import Struct

from bitsheet_tui.fields import Kind
from bitsheet_tui.store import checkpoints
from bitsheet_tui.store.database import Database
from bitsheet_tui.store.layout import Layout, Row


class Op(StrEnum):
    """What happened to a row; `snapshot` says that a table is being read from scratch."""

    INSERT = "insert"
    UPDATE = "update"
    DELETE = "delete"
    UNDELETE = "undelete"
    SNAPSHOT = "snapshot"


class When(Struct, frozen=True, kw_only=True):
    """The commit in hand: the host's clock, the cycle, and whether it is part of a backfill."""

    at: datetime
    cycle: int
    filling: bool = False
    since: datetime | None = None  # the portal's clock: rows that changed later are dated (`Stored.dated`)

    @property
    def second(self) -> datetime:
        """`at` in UTC and in whole seconds, as all moments are kept."""
        return self.at.astimezone(UTC).replace(microsecond=0)


_encoder = msgspec.json.Encoder(decimal_format="number")


def difference(layout: Layout, old: Row | None, new: Row) -> tuple[str | None, str | None]:
    """(before, after) as JSON: the fields that differ; for a new row all that have a value."""
    pairs = zip(old or (None,) * layout.stable, new[: layout.stable], strict=False)
    places = [place for place, (was, is_) in enumerate(pairs) if was != is_]
    before = None if old is None else _document(layout, old, places)
    return before, _document(layout, new, places)


def _document(layout: Layout, row: Row, places: list[int]) -> str:
    shown: dict[str, Any] = {}
    for place in places:
        value = row[place]
        if value is not None and layout.kinds[place] is Kind.JSON:
            value = msgspec.Raw(value.encode())
        else:
            value = layout.shown(place, value)
        shown[layout.names[place]] = value
    return _encoder.encode(shown).decode()


def tell(
    database: Database,
    table: str,
    when: When,
    lines: Iterable[tuple[str | None, Op, str | None, str | None]],
) -> None:
    """Append (row id, op, before, after) lines."""
    dialect = database.dialect
    at = dialect.encode(Kind.INSTANT, when.second)
    database.many(
        "INSERT INTO bitsheet_changes (at, cycle, table_name, row_id, op, before, after)"  # noqa: S608
        f" VALUES ({dialect.marks(7)})",
        [(at, when.cycle, table, row_id, str(op), before, after) for row_id, op, before, after in lines],
    )


def tell_snapshot(database: Database, table: str, when: When, fill: datetime | None) -> None:
    """Append the one line that stands for a whole backfill, unless it is there."""
    mark = fill.isoformat() if fill else "begun"
    if checkpoints.snapshot_mark(database.peewee, table) != mark:
        tell(database, table, when, [(None, Op.SNAPSHOT, None, None)])
        checkpoints.mark_snapshot(database.peewee, table, mark)
