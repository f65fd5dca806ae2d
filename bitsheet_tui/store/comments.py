"""Whole discussions stored at once: their comments, marks for the vanished ones, and that they were read.

A discussion of several comments that is empty all at once, or many that vanish together, may as well be a
right that was lost: those are held, which the discussion remembers, and not marked.
"""

import time
from collections.abc import Mapping, Sequence

from msgspec import Struct

from bitsheet_tui.store import census, closed, discussions, feed, tombstones, writer
from bitsheet_tui.store.bulk import Key
from bitsheet_tui.store.database import Database
from bitsheet_tui.store.discussions import DiscussionRead
from bitsheet_tui.store.feed import When
from bitsheet_tui.store.layout import Layout, Portal
from bitsheet_tui.store.writer import Stored

FORUM, CHAT = "forum", "chat"


class Brake(Struct, frozen=True, kw_only=True):
    """How many comments may vanish unasked."""

    free: int  # so many, whatever share they are
    share: float  # or this part of all
    before: int = 0  # so many have vanished already in this piece of work
    confirmed: bool = False  # what was held may go


def commit(
    database: Database,
    layout: Layout,
    read: Sequence[DiscussionRead],
    when: When,
    brake: Brake | None = None,
) -> Stored:
    """Store what was read of each discussion. A source that was not read is left as it is.

    Without a brake whatever vanished is marked.
    """
    started = time.perf_counter()
    sifted = writer.sift(layout, [row for one in read for row in rows_of(one)])
    complete = {(source, one.task_id) for one in read for source, rows in _sources(one) if rows is not None}
    seen: set[Key] = {*sifted.rows, *(_key(poison.portal) for poison in sifted.poison)}

    def work() -> Stored:
        if when.filling:
            feed.tell_snapshot(database, layout.table.name, when, None)
        there = discussions.living_comments(database, layout, sorted({task for _, task in complete}))
        stored = writer.write(database, layout, sifted, when)
        vanished: dict[tuple[str, int], list[Key]] = {}
        for source, id_, task in there:
            if (source, task) in complete and (source, id_) not in seen:
                vanished.setdefault((source, task), []).append((source, id_))
        held = _held(database, layout, read, vanished, brake) if brake else {}
        marked = [key for place, keys in vanished.items() if place[1] not in held for key in keys]
        stored.deleted = tombstones.bury(database, layout, marked, when)
        stored.held = sum(held.values())
        if discussions.mark_read(database, read, held):
            closed.try_again(database, {one.task_id for one in read})
        return stored

    stored = database.write(work)
    stored.seconds = time.perf_counter() - started
    return stored


def _held(
    database: Database,
    layout: Layout,
    read: Sequence[DiscussionRead],
    vanished: Mapping[tuple[str, int], Sequence[Key]],
    brake: Brake,
) -> dict[int, int]:
    """Of which tasks how many comments are not marked although they seem to have vanished."""
    counts: dict[int, int] = {}
    for (_, task), keys in vanished.items():
        counts[task] = counts.get(task, 0) + len(keys)
    if brake.confirmed:
        known = discussions.held(database, list(counts))
        counts = {task: number for task, number in counts.items() if not known.get(task)}
    total = brake.before + sum(counts.values())
    if total > brake.free and total > brake.share * census.count(database, layout, above=0, upto=census.ALL):
        return counts
    empty = {
        (source, one.task_id)
        for one in read
        for source, rows in _sources(one)
        if rows is not None and not rows
    }
    several = {task for (source, task), keys in vanished.items() if (source, task) in empty and len(keys) > 1}
    return {task: number for task, number in counts.items() if task in several}


def _sources(one: DiscussionRead) -> tuple[tuple[str, Sequence[Portal] | None], ...]:
    return (FORUM, one.forum), (CHAT, one.chat)


def rows_of(one: DiscussionRead) -> list[Portal]:
    """The rows as they were read, with what the reader knows: their source and their task."""
    return [
        {"SOURCE": source, "TASK_ID": one.task_id, **row}
        for source, rows in _sources(one)
        for row in rows or ()
    ]


def _key(portal: Portal) -> Key:
    """The key of a row that could not be stored: it is there, only not here."""
    id_ = str(portal.get("ID"))
    return portal["SOURCE"], int(id_) if id_.isdigit() else id_
