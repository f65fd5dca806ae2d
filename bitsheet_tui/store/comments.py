"""Whole discussions stored at once: their comments, marks for the vanished ones, and that they were read."""

import time
from collections.abc import Sequence

from bitsheet_tui.store import discussions, feed, tombstones, writer
from bitsheet_tui.store.bulk import Key
from bitsheet_tui.store.database import Database
from bitsheet_tui.store.discussions import DiscussionRead
from bitsheet_tui.store.feed import When
from bitsheet_tui.store.layout import Layout, Portal
from bitsheet_tui.store.writer import Stored

FORUM, CHAT = "forum", "chat"


def commit(database: Database, layout: Layout, read: Sequence[DiscussionRead], when: When) -> Stored:
    """Store what was read of each discussion. A source that was not read is left as it is."""
    started = time.perf_counter()
    sifted = writer.sift(layout, [row for one in read for row in _rows(one)])
    complete = {(source, one.task_id) for one in read for source, rows in _sources(one) if rows is not None}
    seen: set[Key] = {*sifted.rows, *(_key(poison.portal) for poison in sifted.poison)}

    def work() -> Stored:
        if when.filling:
            feed.tell_snapshot(database, layout.table.name, when, None)
        there = discussions.living_comments(database, layout, sorted({task for _, task in complete}))
        stored = writer.write(database, layout, sifted, when)
        vanished = [
            (source, id_)
            for source, id_, task in there
            if (source, task) in complete and (source, id_) not in seen
        ]
        stored.deleted = tombstones.bury(database, layout, vanished, when)
        discussions.mark_read(database, read)
        return stored

    stored = database.write(work)
    stored.seconds = time.perf_counter() - started
    return stored


def _sources(one: DiscussionRead) -> tuple[tuple[str, Sequence[Portal] | None], ...]:
    return (FORUM, one.forum), (CHAT, one.chat)


def _rows(one: DiscussionRead) -> list[Portal]:
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
