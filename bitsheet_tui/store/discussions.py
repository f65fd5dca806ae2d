"""The comments of a task are read as a whole, whenever the task moved: which are due, and storing them.

The portal has no change time for a comment. It moves the task's ACTIVITY_DATE, and never says which comment
was meant, so a discussion is read again until it has been read `overlap` seconds after its last activity:
then nothing that was written before can still have been on its way. Until then it is read whenever about
twice as much time has passed since its last activity as at the reading before, so that it takes some ten
readings however closely cycles follow each other.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from bitsheet_tui.fields import Kind
from bitsheet_tui.store import values
from bitsheet_tui.store.bulk import Key, chunks
from bitsheet_tui.store.database import Database
from bitsheet_tui.store.layout import DELETED, Layout, Portal, Row
from bitsheet_tui.store.models import DiscussionRecord, FactRecord
from bitsheet_tui.store.values import Unstorable
from bitsheet_tui.tables import CATALOGUE

CHILD = next(table.name for table in CATALOGUE if table.parent)
PARENTS = frozenset(table.parent.table for table in CATALOGUE if table.parent)
FORUM, CHAT = "FORUM_TOPIC_ID", "CHAT_ID"
ACTIVITY = ("ACTIVITY_DATE", "CHANGED_DATE", "CREATED_DATE")  # the first that has a value
BEGINNING = datetime.min.replace(tzinfo=UTC)
NEVER_READ = 2**40  # seconds behind
NOTHING_TO_READ = -(2**40)
LATEST = "comments_read_at"  # the fact that names the latest reading


class Discussion(Struct, frozen=True, kw_only=True):
    """Where the comments of one task are."""

    task_id: int
    forum_topic_id: int | None
    chat_id: int | None
    known_forum: bool  # False: the portal did not say whether there is a forum topic, so it is asked
    proved_from: int | None = None  # the chat was once shown to be whole, down to this, the lowest id
    missing: frozenset[Key] = (
        frozenset()
    )  # a reading did not show them: it is read with proof of what is there
    chat_known: tuple[int, int] | None = None  # how many messages the mirror has, and the lowest id of them


class Shown(Struct, frozen=True, kw_only=True):
    """What a reading of one source showed, and what it proves."""

    ids: frozenset[int]
    ended: bool = True  # there is nothing below the lowest of them
    spans: Sequence[tuple[int, int]] = ()  # (low, below): in low <= id < below there are no others
    absent: frozenset[int] = frozenset()  # these were asked for by their ids, and are not there

    def lacks(self, ident: int) -> bool:
        """Whether the comment is not there, by proof."""
        return ident in self.absent or (self.ended and any(low <= ident < below for low, below in self.spans))

    def ends_above(self, ident: int) -> bool:
        """Whether the comment lies below all that is shown, to the end: it may as well be hidden."""
        return self.ended and all(ident < other for other in self.ids)


class DiscussionRead(Struct, frozen=True, kw_only=True):
    """Comments of one task, read at `read_at` of the portal's clock. None: that source was not read."""

    task_id: int
    read_at: datetime
    forum: Sequence[Portal] | None
    chat: Sequence[Portal] | None
    readable: bool
    lacks: str = ""  # the permission of the webhook without which it is not readable
    complete: bool = True  # False: a page of a discussion that is not yet read to its end
    missing: frozenset[Key] = frozenset()  # was so before it, and had to be proved by it
    proved_from: int | None = None  # the chat is whole, down to this, its lowest id; 0: it is empty
    # what all pages of this reading showed; None: the rows are all that there is
    forum_shown: Shown | None = None
    chat_shown: Shown | None = None


def follow(database: Database, layout: Layout, rows: Sequence[tuple[Row, Portal]]) -> None:
    """Note where the discussions of changed tasks are, and when they last moved.

    A task that does not tell its chat or its forum topic any more keeps those it had: that they are gone is
    not proved by their absence, and what cannot be opened is told as not readable.
    """
    if layout.table.name not in PARENTS or not rows:
        return
    told = [record for _, portal in rows if (record := _seen(portal))["task_id"] is not None]
    known = records(database, [record["task_id"] for record in told])
    seen = [_kept(record, known.get(record["task_id"])) for record in told]
    mark = database.dialect.marks(7)
    database.many(
        "INSERT INTO bitsheet_discussions (task_id, forum_topic_id, chat_id, known_forum, activity_date,"  # noqa: S608
        f" behind, proved_from, readable) VALUES ({mark}, {_true(database)})"
        " ON CONFLICT (task_id) DO UPDATE SET"
        " forum_topic_id = excluded.forum_topic_id, chat_id = excluded.chat_id,"
        " known_forum = excluded.known_forum, activity_date = excluded.activity_date,"
        " behind = excluded.behind, proved_from = excluded.proved_from",
        [
            (
                record["task_id"],
                record["forum_topic_id"],
                record["chat_id"],
                record["known_forum"],
                database.dialect.encode(Kind.INSTANT, record["activity_date"]),
                behind(record, record["read_at"]),
                record["proved_from"],
            )
            for record in seen
        ],
    )


def _kept(record: dict[str, Any], known: Mapping[str, Any] | None) -> dict[str, Any]:
    """What is to be remembered of a task that is known already."""
    if known is None:
        return record | {"read_at": None, "proved_from": None}
    chat = record["chat_id"] or known["chat_id"]
    return record | {
        "chat_id": chat,
        "forum_topic_id": record["forum_topic_id"] or known["forum_topic_id"],
        "read_at": known["read_at"],
        "proved_from": known["proved_from"] if chat == known["chat_id"] else None,
    }


def records(database: Database, tasks: Sequence[int]) -> dict[int, dict[str, Any]]:
    """What is remembered of the discussions of these tasks; a task that is gone has none."""
    return {
        record.task_id: record.__data__
        for chunk in chunks(tasks, 500)
        for record in DiscussionRecord.select()
        .where(DiscussionRecord.task_id.in_(chunk))
        .execute(database.peewee)
    }


def behind(record: Mapping[str, Any], read_at: datetime | None) -> int:
    """Seconds from the last reading to the last activity, rounded so that a tie is read again."""
    if not (record["forum_topic_id"] or record["chat_id"] or not record["known_forum"]):
        return NOTHING_TO_READ
    if read_at is None:
        return NEVER_READ
    if record["activity_date"] is None:
        return NOTHING_TO_READ
    late: float = (record["activity_date"] - read_at).total_seconds()
    return math.ceil(late)


def due(database: Database, *, overlap: int, limit: int, now: datetime | None = None) -> list[Discussion]:
    """The discussions to read, those that moved last first.

    `now`: the portal's clock; what was read a moment ago is left for later then.
    """
    moved = DiscussionRecord.behind.between(-overlap, NEVER_READ - 1) if now is None else _moved(overlap, now)
    # two questions, because each can be answered from an index, even when everything is due
    found = [
        *_newest(database, moved, limit),
        *_newest(database, DiscussionRecord.behind == NEVER_READ, limit),
    ]
    found.sort(key=lambda record: (record.activity_date or BEGINNING, record.task_id), reverse=True)
    return [of(record) for record in found[:limit]]


def _moved(overlap: int, now: datetime) -> Any:
    """What moved since it was read, or was read shortly after it moved and has waited for as long again."""
    behind = DiscussionRecord.behind
    found = behind.between(0, NEVER_READ - 1)
    found |= behind.between(-overlap, -1) & (
        DiscussionRecord.activity_date <= now - timedelta(seconds=overlap)
    )
    wait = 1
    while wait <= overlap:
        read = DiscussionRecord.read_at <= now - timedelta(seconds=wait)
        found |= behind.between(-min(2 * wait - 1, overlap), -wait) & read
        wait *= 2
    return behind.between(-overlap, NEVER_READ - 1) & found  # which an index answers


def _newest(database: Database, where: Any, limit: int) -> list[Any]:
    order = DiscussionRecord.activity_date.desc(nulls="LAST"), DiscussionRecord.task_id.desc()
    return list(DiscussionRecord.select().where(where).order_by(*order).limit(limit).execute(database.peewee))


def count_due(database: Database, *, overlap: int) -> int:
    """How many there are to read."""
    sql = f"SELECT count(*) FROM bitsheet_discussions WHERE behind >= {database.dialect.mark}"  # noqa: S608
    return int(database.rows(sql, (-overlap,))[0][0])


def all_due_again(database: Database, since: datetime | None = None) -> None:
    """Every discussion counts as never read, or every one that moved since then."""
    wanted = DiscussionRecord.behind > NOTHING_TO_READ
    if since:
        wanted &= DiscussionRecord.activity_date >= since
    values_ = {DiscussionRecord.read_at: None, DiscussionRecord.behind: NEVER_READ}
    DiscussionRecord.update(values_).where(wanted).execute(database.peewee)


def mark_read(
    database: Database,
    read: Sequence[DiscussionRead],
    known: Mapping[int, Mapping[str, Any]],
    held: Mapping[int, int],
    doubted: Collection[int] = (),
) -> bool:
    """These discussions were read, or could not be; `held` comments by task are not marked.

    `known` are their records. Those `doubted` are due once more, to be read with proof.
    Whether one of them is open that was closed, and was not due for that very reason (`closed.try_again`).

    What still lies ahead of the reading is due within the overlap, no more: a date in the future must not
    make a discussion due again the moment it was read.
    """
    mark = database.dialect.mark
    database.many(
        f"UPDATE bitsheet_discussions SET read_at = {mark}, readable = {mark}, lacks = {mark},"  # noqa: S608
        f" behind = {mark}, held = {mark}, proved_from = {mark} WHERE task_id = {mark}",
        [
            (
                DiscussionRecord.read_at.db_value(one.read_at),
                one.readable,
                one.lacks,
                0 if one.task_id in doubted else min(0, behind(known[one.task_id], one.read_at)),
                _held(one, known[one.task_id], held, doubted),
                _proved_from(one, known[one.task_id], lost=one.task_id in held or one.task_id in doubted),
                one.task_id,
            )
            for one in read
        ],
    )
    _note_latest(database, read)
    return any(one.readable and _was_closed(known[one.task_id]) for one in read)


def _held(
    one: DiscussionRead, known: Mapping[str, Any], held: Mapping[int, int], doubted: Collection[int]
) -> int:
    """How many comments of it are held now; as many as before where this reading does not tell."""
    before = int(known["held"])
    return held.get(one.task_id, 0 if one.readable and one.task_id not in doubted else before)


def _proved_from(one: DiscussionRead, known: Mapping[str, Any], *, lost: bool) -> int | None:
    """Down to which id the chat is proved: by this reading, unless it lost something, or as it was."""
    if lost:
        return None
    return known["proved_from"] if one.proved_from is None else one.proved_from


def _note_latest(database: Database, read: Sequence[DiscussionRead]) -> None:
    """Remember the latest of all readings, by which it is seen that the portal's clock went back."""
    newest = max((one.read_at for one in read), default=None)
    if newest and newest > (latest(database) or BEGINNING):
        note = {"key": LATEST, "value": newest.isoformat()}
        FactRecord.save_over(database.peewee, note, key=("key",))


def latest(database: Database) -> datetime | None:
    """The latest reading of a discussion, by the portal's clock of that moment."""
    record = FactRecord.one(database.peewee, FactRecord.key == LATEST)
    return datetime.fromisoformat(record.value) if record else None


def rewind(database: Database, now: datetime) -> int:
    """What was read after `now`, while the portal's clock was ahead, counts as never read; how many."""
    late = DiscussionRecord.read_at > now
    values_ = {DiscussionRecord.read_at: None, DiscussionRecord.behind: NEVER_READ}
    query = DiscussionRecord.update(values_).where(late & (DiscussionRecord.behind > NOTHING_TO_READ))
    note = {"key": LATEST, "value": now.isoformat()}
    FactRecord.save_over(database.peewee, note, key=("key",))
    return int(query.execute(database.peewee))


def _was_closed(record: Mapping[str, Any]) -> bool:
    return not record["readable"] and record["behind"] != NEVER_READ


def held(database: Database, tasks: Sequence[int]) -> dict[int, int]:
    """How many comments of each of these tasks are held; none: no entry."""
    return {
        record.task_id: record.held
        for chunk in chunks(tasks, 500)
        for record in DiscussionRecord.select(DiscussionRecord.task_id, DiscussionRecord.held)
        .where(DiscussionRecord.task_id.in_(chunk), DiscussionRecord.held > 0)
        .execute(database.peewee)
    }


def count_held(database: Database) -> tuple[int, int]:
    """How many comments are held, and in how many discussions."""
    sql = "SELECT coalesce(sum(held), 0), count(*) FROM bitsheet_discussions WHERE held > 0"
    ((comments, tasks),) = database.rows(sql)
    return int(comments), int(tasks)


def due_soon(database: Database, tasks: Sequence[int]) -> None:
    """These discussions are to be read in the next cycle."""
    for chunk in chunks(tasks, 500):
        DiscussionRecord.update({DiscussionRecord.behind: 0}).where(
            DiscussionRecord.task_id.in_(chunk), DiscussionRecord.behind < 0
        ).execute(database.peewee)


def due_again(database: Database, tasks: Sequence[int] | None = None) -> None:
    """These discussions are to be read soon; without `tasks` those of which comments are held."""
    update = DiscussionRecord.update({DiscussionRecord.behind: NEVER_READ})
    if tasks is None:
        update.where(DiscussionRecord.held > 0).execute(database.peewee)
    for chunk in chunks(tasks or (), 500):
        update.where(DiscussionRecord.task_id.in_(chunk)).execute(database.peewee)


def some(database: Database, *, below: int, limit: int) -> list[Discussion]:
    """The next discussions that there is anything to read of, from the newest task under `below` down."""
    query = (
        DiscussionRecord.select()
        .where(DiscussionRecord.task_id < below, DiscussionRecord.behind > NOTHING_TO_READ)
        .order_by(DiscussionRecord.task_id.desc())
        .limit(limit)
    )
    return [of(record) for record in query.execute(database.peewee)]


def unproved(database: Database, *, overlap: int, limit: int) -> list[Discussion]:
    """Chats that were read and not yet shown to be whole, the one first that was read longest ago."""
    query = (
        DiscussionRecord.select()
        .where(_unproved(), DiscussionRecord.behind.between(NOTHING_TO_READ + 1, -overlap - 1))
        .order_by(DiscussionRecord.read_at)
        .limit(limit)
    )
    return [of(record) for record in query.execute(database.peewee)]


def count_unproved(database: Database) -> int:
    """How many chats were read and not yet shown to be whole."""
    query = DiscussionRecord.select().where(_unproved(), DiscussionRecord.read_at.is_null(is_null=False))
    return int(query.count(database.peewee))


def _unproved() -> Any:
    record = DiscussionRecord
    return record.proved_from.is_null() & record.chat_id.is_null(is_null=False) & record.readable


def with_known(database: Database, layout: Layout, found: Sequence[Discussion]) -> list[Discussion]:
    """The same, and of chats that are not proved how many messages the mirror has, and the lowest id."""
    dialect = database.dialect
    tasks = [one.task_id for one in found if one.chat_id and one.proved_from is None]
    rows = database.rows(
        f"SELECT task_id, count(*), min(id) FROM {layout.sql_name}"  # noqa: S608 - quoted names
        f" WHERE task_id {dialect.one_of} AND source = 'chat' AND {DELETED} IS NULL GROUP BY task_id",
        (dialect.keys(tasks),),
    )
    known = {task: (int(number), int(lowest)) for task, number, lowest in rows}
    return [replace(one, chat_known=known.get(one.task_id)) for one in found]


def count_all(database: Database) -> int:
    """How many discussions there are that there is anything to read of."""
    query = DiscussionRecord.select().where(DiscussionRecord.behind > NOTHING_TO_READ)
    return int(query.count(database.peewee))


def of(record: Any) -> Discussion:
    """Where a record says that the comments are."""
    return where(record.__data__)


def where(values_: Mapping[str, Any]) -> Discussion:
    """The same for what is in a record."""
    names = ("task_id", "forum_topic_id", "chat_id", "known_forum", "proved_from")
    return Discussion(**{name: values_[name] for name in names})


def forget(database: Database, tasks: Sequence[int]) -> None:
    """These tasks are gone, and their discussions with them."""
    for chunk in chunks(tasks, 500):
        DiscussionRecord.delete().where(DiscussionRecord.task_id.in_(chunk)).execute(database.peewee)


def living_comments(database: Database, layout: Layout, tasks: Sequence[int]) -> list[tuple[Any, ...]]:
    """(source, id, task) of every comment of these tasks that is not marked as deleted."""
    dialect = database.dialect
    return database.rows(
        f"SELECT source, id, task_id FROM {layout.sql_name}"  # noqa: S608 - quoted names
        f" WHERE task_id {dialect.one_of} AND {DELETED} IS NULL",
        (dialect.keys(tasks),),
    )


def orphans(database: Database, layout: Layout) -> list[Key]:
    """The keys of comments that are not marked although their task is gone: no discussion is known of it."""
    found = database.rows(
        f"SELECT source, id FROM {layout.sql_name} AS said WHERE {DELETED} IS NULL AND NOT EXISTS"  # noqa: S608
        " (SELECT 1 FROM bitsheet_discussions AS known WHERE known.task_id = said.task_id)"
    )
    return [(source, id_) for source, id_ in found]


def _seen(portal: Portal) -> dict[str, Any]:
    moments = (_or_none(values.instant, portal.get(name)) for name in ACTIVITY)
    return {
        "task_id": _or_none(values.integer, portal.get("ID")),
        "forum_topic_id": _or_none(values.reference, portal.get(FORUM)),
        "chat_id": _or_none(values.reference, portal.get(CHAT)),
        "known_forum": FORUM in portal,
        "activity_date": next((moment for moment in moments if moment), None),
    }


def _or_none(read: Any, value: Any) -> Any:
    try:
        return read(value)
    except Unstorable:
        return None


def _true(database: Database) -> str:
    return "1" if database.dialect.name == "sqlite" else "true"
