"""Rows that are gone from the portal: marked, told to the change feed, never removed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import Any

from bitsheet_tui.fields import Kind
from bitsheet_tui.store import bulk, checkpoints, contacts, discussions, feed, forgotten, quarantine
from bitsheet_tui.store.bulk import Key
from bitsheet_tui.store.checkpoints import Checkpoint
from bitsheet_tui.store.database import Database
from bitsheet_tui.store.dialects import quote
from bitsheet_tui.store.feed import Op, When
from bitsheet_tui.store.layout import DELETED, SYNCED, Layout

LayoutOf = Callable[[str], Layout | None]


def living(
    database: Database,
    layout: Layout,
    *,
    above: int = 0,
    upto: int | None = None,
    before: datetime | None = None,
) -> list[int]:
    """The ids in (above, upto] that are not marked; with `before` only rows that last changed before it.

    Those that are forgotten are among them: the portal has them.
    """
    where, parameters = _range(database, layout, above, upto)
    if before is not None:
        where += f" AND {quote(SYNCED)} < {database.dialect.mark}"
        parameters.append(database.dialect.encode(Kind.INSTANT, before))
    key = quote(layout.key[-1])
    sql = f"SELECT {key} FROM {layout.sql_name} WHERE {where} ORDER BY {key}"  # noqa: S608 - quoted names
    found = [row[0] for row in database.rows(sql, parameters)]
    erased = forgotten.living(database, layout, above, upto)
    return sorted([*found, *erased]) if erased else found


def count_living(database: Database, layout: Layout, *, above: int = 0, upto: int | None = None) -> int:
    """How many ids there are in (above, upto] that are not marked, the forgotten included."""
    where, parameters = _range(database, layout, above, upto)
    sql = f"SELECT count(*) FROM {layout.sql_name} WHERE {where}"  # noqa: S608 - quoted names
    return int(database.rows(sql, parameters)[0][0]) + len(forgotten.living(database, layout, above, upto))


def bury(
    database: Database, layout: Layout, keys: Sequence[Key], when: When, layout_of: LayoutOf = lambda _: None
) -> int:
    """Mark these rows, and what hangs on them: contact points, and the comments of a task."""
    if not keys:
        return 0
    at = database.dialect.encode(Kind.INSTANT, when.second)
    bulk.bury(database, layout, keys, at)
    quarantine.release(database, layout.table.name, [layout.row_id(key) for key in keys])
    lines = [(layout.row_id(key), Op.DELETE, None, None) for key in keys]
    feed.tell(database, layout.table.name, when, lines)
    ids = [key[-1] for key in keys]
    if layout.table.contacts:
        contacts.mark_gone(database, layout.table.name, ids, when)
    if layout.table.name in discussions.PARENTS:
        bury_comments(database, ids, when, layout_of)
    return len(keys)


def bury_comments(database: Database, tasks: Sequence[int], when: When, layout_of: LayoutOf) -> None:
    """These tasks are gone: so are their discussions, and the comments in them are marked."""
    discussions.forget(database, tasks)
    if comments := layout_of(discussions.CHILD):
        orphans = discussions.living_comments(database, comments, tasks)
        bury(database, comments, [row[:2] for row in orphans], when)


def sweep(
    database: Database,
    layout: Layout,
    keys: Collection[int],
    checkpoint: Checkpoint | None,
    when: When,
    layout_of: LayoutOf,
    before: datetime | None,
) -> int:
    """Mark the rows whose id is not in `keys`, a complete list; save the checkpoint with it."""

    def work() -> int:
        there = living(database, layout, before=before)
        known = keys if isinstance(keys, set | frozenset) else set(keys)
        lost = [id_ for id_ in there if id_ not in known]
        forgotten.gone(database, layout, lost, when)
        gone: list[Key] = [(id_,) for id_ in lost if id_ not in layout.forgotten]
        buried = bury(database, layout, gone, when, layout_of)
        if checkpoint:
            checkpoints.save(database.peewee, checkpoint)
        return buried

    return database.write(work)


def _range(database: Database, layout: Layout, above: int, upto: int | None) -> tuple[str, list[Any]]:
    key, mark = quote(layout.key[-1]), database.dialect.mark
    where, parameters = f"{key} > {mark} AND {quote(DELETED)} IS NULL", [above]
    if upto is not None:
        where += f" AND {key} <= {mark}"
        parameters.append(upto)
    return where, parameters
