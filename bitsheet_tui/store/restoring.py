"""Stores what waits in quarantine without the portal: a field is text now, or a newer program reads it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from bitsheet_tui.fields import Kind
from bitsheet_tui.store import bulk, feed, quarantine, untold, values
from bitsheet_tui.store.bulk import Key
from bitsheet_tui.store.database import Database
from bitsheet_tui.store.dialects import quote
from bitsheet_tui.store.feed import Moved, Op, When
from bitsheet_tui.store.layout import DELETED, SYNCED, Layout, Row
from bitsheet_tui.store.quarantine import Quarantined
from bitsheet_tui.store.values import Unstorable

AT_ONCE = 500  # rows
Wanted = dict[Key, dict[int, Any]]  # values by the place of their column


def restore(database: Database, layout: Layout, lines: Iterable[Quarantined], when: When) -> int:
    """Give their rows the values that are understood now, within a transaction; how many rows changed.

    A value is written only where the row has none: a good one came later. What is still not understood
    waits on, uncounted.
    """
    wanted, done = _understood(layout, lines)
    changed = 0
    for keys in bulk.chunks(list(wanted), AT_ONCE):
        changed += _write(database, layout, {key: wanted[key] for key in keys}, when)
    quarantine.understood(database, layout.table.name, done)
    return changed


def _understood(layout: Layout, lines: Iterable[Quarantined]) -> tuple[Wanted, list[tuple[str, str]]]:
    wanted: Wanted = {}
    done: list[tuple[str, str]] = []
    for line in lines:
        place, key = layout.position.get(line.field), layout.key_of(line.row_id)
        if line.whole or line.value is None or place is None or key is None:
            continue
        try:
            value = layout.readers[place][1](values.unspelt(layout.kinds[place], line.value))
        except Unstorable:
            continue
        wanted.setdefault(key, {})[place] = value
        done.append((line.row_id, line.field))
    return wanted, done


def _write(database: Database, layout: Layout, wanted: Wanted, when: When) -> int:
    present = bulk.read(database, layout, list(wanted))
    pairs = [(old, _filled(old, wanted[key])) for key, old in present.items() if old[-1] is None]
    changed = [(old, new) for old, new in pairs if new != old[:-1]]
    at = database.dialect.encode(Kind.INSTANT, when.second)
    for place in sorted({place for places in wanted.values() for place in places}):
        _fill(database, layout, place, [new for old, new in changed if old[place] != new[place]], at)
    if not feed.silent(database, layout.table.name):
        told = [pair for pair in changed if _matters(layout, *pair)]
        untold.keep(database, layout, [pair for pair in changed if not _matters(layout, *pair)])
        feed.tell_rows(database, layout, when, [Moved(Op.UPDATE, old, new) for old, new in told])
    return len(changed)


def _matters(layout: Layout, old: Row, new: Row) -> bool:
    return old[: layout.stable] != new[: layout.stable]


def _filled(old: Row, found: Mapping[int, Any]) -> Row:
    return tuple(found.get(place) if value is None else value for place, value in enumerate(old[:-1]))


def _fill(database: Database, layout: Layout, place: int, rows: Iterable[Row], at: Any) -> None:
    mark, width = database.dialect.mark, len(layout.key)
    bulk.update(
        database,
        layout,
        f"UPDATE {layout.sql_name} SET {quote(layout.names[place])} = {mark}, {quote(SYNCED)} = {mark}"  # noqa: S608
        f" WHERE {quote(DELETED)} IS NULL AND {bulk.key_is(layout)}",
        [(row[place], at, *row[:width]) for row in rows],
    )
