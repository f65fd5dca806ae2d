"""Rows that are too big for PostgreSQL: their longest values live in `extra`, and not in their columns.

A row has to fit into a page of 8 kB (postgresql.org/docs/current/limits.html). Long values are kept outside
of it, but each leaves a pointer of 18 bytes in the row, so that of about 450 filled columns some do not fit,
whatever is in them. A row is written as it is first. Only one that the database refuses as too big is written
again with its longest values in `extra`, by the portal's names, as those of fields without a column are. What
is read of a row has them back in their places, so nothing else knows of it: a row is compared, told to the
feed and verified as a whole, and has every value in its column again as soon as it fits.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any

from bitsheet_tui.fields import Kind
from bitsheet_tui.store import values
from bitsheet_tui.store.dialects import Dialect, quote
from bitsheet_tui.store.layout import EXTRA, Column, Layout, Row, documented, undocumented

ROOMS = (7400, 5000, 2500, 0)  # bytes of a row's values, tried in this order: their sizes are estimates
MOST = 25  # bytes that a value leaves in the row at most, compressed or kept outside of it


def fold(layout: Layout, row: Row, room: int) -> Row:
    """The row with as many of its longest values in `extra` as it takes for the others to fit into `room`.

    `row` begins with what `layout.columns` name. Pure.
    """
    taken = sum(map(_size, row))
    if taken <= room:
        return row
    folded, moved = list(row), _document(row[layout.position[EXTRA]])
    filled = ((name, place) for name, place in layout.movable.items() if row[place] is not None)
    for name, place in sorted(filled, key=lambda one: _length(row[one[1]]), reverse=True):
        if taken <= room:
            break
        moved[name] = documented(layout.column_kinds[place], row[place])
        taken -= _size(row[place])
        folded[place] = None
    folded[layout.position[EXTRA]] = values.structure(moved)
    return tuple(folded)


def unfold(layout: Layout, row: Row) -> Row:
    """A row as it was read, with what `extra` has of its columns back in them. Pure."""
    place_of_extra = layout.position[EXTRA]
    if row[place_of_extra] is None:
        return row
    unfolded, kept = list(row), _document(row[place_of_extra])
    for name in [name for name in kept if name in layout.movable]:
        place = layout.movable[name]
        unfolded[place] = undocumented(layout.column_kinds[place], kept.pop(name))
    unfolded[place_of_extra] = values.structure(kept)
    return tuple(unfolded)


def returned(columns: Iterable[Column], extra: str | None) -> tuple[dict[str, Any], str | None]:
    """What `extra` has of columns, by the portal's names, and what else is in it."""
    kept, found = _document(extra), {}
    for column in columns:
        if column.name and column.field.name in kept:
            found[column.field.name] = undocumented(column.field.kind, kept.pop(column.field.name))
    return found, values.structure(kept) if found else extra


def expression(column: Column, here: str, dialect: Dialect) -> str:
    """SQL for the value of a column of a row `t` wherever it is; `here` is the column itself."""
    field = column.field
    name = field.name.replace("'", "''")
    there = f"t.{quote(EXTRA)} -> '{name}'"
    if field.kind is not Kind.JSON:
        there = f"CAST(t.{quote(EXTRA)} ->> '{name}' AS {dialect.types[field.kind]})"
    return f"coalesce({here}, {there})"


def _document(extra: str | None) -> dict[str, Any]:
    return dict(json.loads(extra)) if extra else {}


def _size(value: Any) -> int:
    """About how many bytes the value takes in the row itself."""
    if value is None:
        return 0
    if isinstance(value, str):
        length = len(value) if value.isascii() else len(value.encode())
        if value[0] in "[{":  # JSON, whose binary form is longer where it is short
            return MOST
        return min(length + 1, MOST)
    if isinstance(value, Decimal):
        return MOST
    return 12 if isinstance(value, int | datetime) and not isinstance(value, bool) else 5


def _length(value: Any) -> int:
    return len(value) if isinstance(value, str) else _size(value)
