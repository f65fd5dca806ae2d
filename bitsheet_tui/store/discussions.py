"""The comments of a task are read as a whole, whenever the task moved: which are due, and storing them.

The portal has no change time for a comment. It moves the task's ACTIVITY_DATE, and never says which comment
was meant, so a discussion is read again until it has been read `overlap` seconds after its last activity:
then nothing that was written before can still have been on its way.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from msgspec import Struct

from bitsheet_tui.fields import Kind
from bitsheet_tui.store import values
from bitsheet_tui.store.bulk import chunks
from bitsheet_tui.store.database import Database
from bitsheet_tui.store.layout import DELETED, Layout, Portal, Row
from bitsheet_tui.store.models import DiscussionRecord
from bitsheet_tui.store.values import Unstorable
from bitsheet_tui.tables import CATALOGUE

CHILD = next(table.name for table in CATALOGUE if table.parent)
PARENTS = frozenset(table.parent.table for table in CATALOGUE if table.parent)
FORUM, CHAT = "FORUM_TOPIC_ID", "CHAT_ID"
ACTIVITY = ("ACTIVITY_DATE", "CHANGED_DATE", "CREATED_DATE")  # the first that has a value
BEGINNING = datetime.min.replace(tzinfo=UTC)
NEVER_READ = 2**40  # seconds behind
NOTHING_TO_READ = -(2**40)


class Discussion(Struct, frozen=True, kw_only=True):
    """Where the comments of one task are."""

    task_id: int
    forum_topic_id: int | None
    chat_id: int | None
    known_forum: bool  # False: the portal did not say whether there is a forum topic, so it is asked


class DiscussionRead(Struct, frozen=True, kw_only=True):
    """The comments of one task, read at `read_at` of the portal's clock. None: that source was not read."""

    task_id: int
    read_at: datetime
    forum: Sequence[Portal] | None
    chat: Sequence[Portal] | None
    readable: bool
    lacks: str = ""  # the permission of the webhook without which it is not readable


def follow(database: Database, layout: Layout, rows: Sequence[tuple[Row, Portal]]) -> None:
    """Note where the discussions of changed tasks are, and when they last moved."""
    if layout.table.name not in PARENTS or not rows:
        return
    seen = [_seen(portal) for _, portal in rows]
    read_at = _read_moments(database, [record["task_id"] for record in seen])
    mark = database.dialect.marks(6)
    database.many(
        "INSERT INTO bitsheet_discussions (task_id, forum_topic_id, chat_id, known_forum, activity_date,"  # noqa: S608
        f" behind, readable) VALUES ({mark}, {_true(database)}) ON CONFLICT (task_id) DO UPDATE SET"
        " forum_topic_id = excluded.forum_topic_id, chat_id = excluded.chat_id,"
        " known_forum = excluded.known_forum, activity_date = excluded.activity_date,"
        " behind = excluded.behind",
        [
            (
                record["task_id"],
                record["forum_topic_id"],
                record["chat_id"],
                record["known_forum"],
                database.dialect.encode(Kind.INSTANT, record["activity_date"]),
                behind(record, read_at.get(record["task_id"])),
            )
            for record in seen
        ],
    )


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


def due(database: Database, *, overlap: int, limit: int) -> list[Discussion]:
    """The discussions to read, those that moved last first."""
    moved = DiscussionRecord.behind.between(-overlap, NEVER_READ - 1)
    # two questions, because each can be answered from an index, even when everything is due
    found = [
        *_newest(database, moved, limit),
        *_newest(database, DiscussionRecord.behind == NEVER_READ, limit),
    ]
    found.sort(key=lambda record: (record.activity_date or BEGINNING, record.task_id), reverse=True)
    return [of(record) for record in found[:limit]]


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


def mark_read(database: Database, read: Sequence[DiscussionRead], held: Mapping[int, int]) -> bool:
    """These discussions were read, or could not be; `held` comments by task are not marked.

    Whether one of them is open that was closed, and was not due for that very reason (`closed.try_again`).

    What still lies ahead of the reading is due within the overlap, no more: a date in the future must not
    make a discussion due again the moment it was read.
    """
    records = {
        record.task_id: record.__data__
        for chunk in chunks([one.task_id for one in read], 500)
        for record in DiscussionRecord.select()
        .where(DiscussionRecord.task_id.in_(chunk))
        .execute(database.peewee)
    }
    mark = database.dialect.mark
    database.many(
        f"UPDATE bitsheet_discussions SET read_at = {mark}, readable = {mark}, lacks = {mark},"  # noqa: S608
        f" behind = {mark}, held = {mark} WHERE task_id = {mark}",
        [
            (
                DiscussionRecord.read_at.db_value(one.read_at),
                one.readable,
                one.lacks,
                min(0, behind(records[one.task_id], one.read_at)),
                held.get(one.task_id, 0 if one.readable else records[one.task_id]["held"]),
                one.task_id,
            )
            for one in read
            if one.task_id in records
        ],
    )
    return any(one.readable and _was_closed(records.get(one.task_id)) for one in read)


def _was_closed(record: Mapping[str, Any] | None) -> bool:
    return record is not None and not record["readable"] and record["behind"] != NEVER_READ


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


def count_all(database: Database) -> int:
    """How many discussions there are that there is anything to read of."""
    query = DiscussionRecord.select().where(DiscussionRecord.behind > NOTHING_TO_READ)
    return int(query.count(database.peewee))


def of(record: Any) -> Discussion:
    """Where a record says that the comments are."""
    return Discussion(
        task_id=record.task_id,
        forum_topic_id=record.forum_topic_id,
        chat_id=record.chat_id,
        known_forum=record.known_forum,
    )


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


def _read_moments(database: Database, tasks: Sequence[int]) -> dict[int, datetime]:
    dialect = database.dialect
    sql = f"SELECT task_id, read_at FROM bitsheet_discussions WHERE task_id {dialect.one_of}"  # noqa: S608
    found: dict[int, datetime] = {}
    for task, read_at in database.rows(sql, (dialect.keys(tasks),)):
        moment = DiscussionRecord.read_at.python_value(read_at)
        if moment is not None:
            found[task] = moment
    return found


def _true(database: Database) -> str:
    return "1" if database.dialect.name == "sqlite" else "true"
