"""Discussions stored page by page: their comments, marks for the vanished ones, and that they were read.

A comment is marked when a reading has proved that it is not there (`sync/chat.py` and `sync/discussions.py`
say how). What is missing without proof, all that lies below the lowest message shown (somebody who joins a
chat later does not see what was said before), several comments that are all there were, and many that vanish
together may as well be hidden: those are held, which the discussion remembers, and not marked. Whoever
confirms lets go what is hidden; what nothing proves stays even then.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from bitsheet_tui.store import census, closed, discussions, snapshots, tombstones, writer
from bitsheet_tui.store.bulk import Key
from bitsheet_tui.store.database import Database
from bitsheet_tui.store.discussions import Discussion, DiscussionRead, Shown
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

    What was read of a task that is gone meanwhile is dropped: its comments went with it. Discussions of which
    comments are missing without proof come back as `doubted`, and nothing of them is marked. Without a brake
    whatever is proved to be gone is marked.
    """
    started = time.perf_counter()

    def work() -> Stored:
        known = discussions.records(database, [one.task_id for one in read])
        mine = [one for one in read if one.task_id in known]
        sifted = writer.sift(layout, [row for one in mine for row in rows_of(one)])
        if when.filling:
            snapshots.begin(database, layout.table.name, when)
        complete = [one for one in mine if one.complete]
        there = _there(database, layout, complete)
        stored = writer.write(database, layout, sifted, when)
        losses = [_loss(one, there) for one in complete]
        stored.doubted = tuple(_to_prove(known, loss) for loss in losses if loss.doubted)
        settled = [loss for loss in losses if loss.ids and not loss.doubted]
        held = _hold(database, layout, settled, brake)
        marked = [key for loss in settled for key in loss.marked]
        stored.deleted = tombstones.bury(database, layout, marked, when)
        stored.held = sum(held.values())
        doubted = {one.task_id for one in stored.doubted}
        if discussions.mark_read(database, complete, known, held, doubted):
            closed.try_again(database, {one.task_id for one in complete})
        return stored

    stored = database.write(work)
    stored.seconds = time.perf_counter() - started
    return stored


class _Loss(Struct):
    """The comments of one task that the mirror has and a reading did not show."""

    one: DiscussionRead
    ids: list[Key] = field(default_factory=list)
    gone: list[Key] = field(default_factory=list)  # by proof
    hidden: list[Key] = field(default_factory=list)  # all from some id down, or all there were
    marked: list[Key] = field(default_factory=list)

    @property
    def doubted(self) -> bool:
        """Whether it has to be asked for before anything is said of it."""
        return len(self.gone) < len(self.ids) and not self.one.missing


def _there(
    database: Database, layout: Layout, read: Sequence[DiscussionRead]
) -> dict[tuple[str, int], list[int]]:
    """The living comments' ids by source and task."""
    found: dict[tuple[str, int], list[int]] = {}
    tasks = sorted({one.task_id for one in read})
    for source, id_, task in discussions.living_comments(database, layout, tasks):
        found.setdefault((source, task), []).append(id_)
    return found


def _loss(one: DiscussionRead, there: Mapping[tuple[str, int], Sequence[int]]) -> _Loss:
    loss = _Loss(one)
    for source, shown in _shown(one):
        ids = [id_ for id_ in there.get((source, one.task_id), ()) if id_ not in shown.ids]
        if one.missing:  # what is missing only now may have come while it was read
            ids = [id_ for id_ in ids if (source, id_) in one.missing]
        gone = [id_ for id_ in ids if shown.lacks(id_)]
        if one.missing and not shown.ids and len(gone) > 1:
            gone = []  # all of several at once
        loss.ids += [(source, id_) for id_ in ids]
        loss.gone += [(source, id_) for id_ in gone]
        loss.hidden += [(source, id_) for id_ in set(ids).difference(gone) if shown.ends_above(id_)]
    return loss


def _shown(one: DiscussionRead) -> Iterator[tuple[str, Shown]]:
    """What each source showed that was read."""
    for source, rows, shown in ((FORUM, one.forum, one.forum_shown), (CHAT, one.chat, one.chat_shown)):
        if shown is not None:
            yield source, shown
        elif rows is not None:
            ids = frozenset(id_ for row in rows if (id_ := _number(row.get("ID"))) is not None)
            yield source, Shown(ids=ids, spans=((0, 2**63),))


def _number(value: object) -> int | None:
    text = str(value)
    return int(text) if text.isascii() and text.isdigit() else None


def _to_prove(known: Mapping[int, Mapping[str, Any]], loss: _Loss) -> Discussion:
    """The discussion, to be read with proof of what is missing."""
    return replace(discussions.where(known[loss.one.task_id]), missing=frozenset(loss.ids))


def _hold(database: Database, layout: Layout, losses: Sequence[_Loss], brake: Brake | None) -> dict[int, int]:
    """Say what of these losses is marked; of which tasks how many comments are held."""
    released = set(discussions.held(database, [loss.one.task_id for loss in losses]))
    if brake is None or not brake.confirmed:
        released = set()
    for loss in losses:
        loss.marked = loss.gone + (loss.hidden if loss.one.task_id in released else [])
    suspect = [loss for loss in losses if loss.one.task_id not in released]
    if brake and _too_many(database, layout, brake, sum(len(loss.marked) for loss in suspect)):
        for loss in suspect:
            loss.marked = []
    counts = {loss.one.task_id: len(loss.ids) - len(loss.marked) for loss in losses}
    return {task: count for task, count in counts.items() if count}


def _too_many(database: Database, layout: Layout, brake: Brake, gone: int) -> bool:
    total = brake.before + gone
    return total > brake.free and (
        total > brake.share * census.count(database, layout, above=0, upto=census.ALL)
    )


def _sources(one: DiscussionRead) -> tuple[tuple[str, Sequence[Portal] | None], ...]:
    return (FORUM, one.forum), (CHAT, one.chat)


def rows_of(one: DiscussionRead) -> list[Portal]:
    """The rows as they were read, with what the reader knows: their source and their task."""
    return [
        {"SOURCE": source, "TASK_ID": one.task_id, **row}
        for source, rows in _sources(one)
        for row in rows or ()
    ]
