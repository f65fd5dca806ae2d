"""Discussions that the webhook may not read: how many, for want of what, and which to try again."""

from __future__ import annotations

from collections.abc import Collection

from msgspec import Struct

from bitsheet_tui.store import discussions
from bitsheet_tui.store.database import Database
from bitsheet_tui.store.discussions import NOTHING_TO_READ, Discussion
from bitsheet_tui.store.models import DiscussionRecord


class Closed(Struct, frozen=True, kw_only=True):
    """How many discussions the webhook may not read; `lacks` is a permission that would open some."""

    count: int
    lacks: str = ""


def count(database: Database) -> Closed:
    """How many there are, and for want of which permission."""
    sql = "SELECT lacks, count(*) FROM bitsheet_discussions WHERE NOT readable GROUP BY lacks"
    found: dict[str, int] = dict(database.rows(sql))
    return Closed(count=sum(found.values()), lacks=min(filter(None, found), default=""))


def longest_untried(database: Database, *, overlap: int, limit: int) -> list[Discussion]:
    """Those that nothing else makes due, the one that was tried longest ago first."""
    where = ~DiscussionRecord.readable & (DiscussionRecord.behind < -overlap)
    query = DiscussionRecord.select().where(where).order_by(DiscussionRecord.read_at).limit(limit)
    return [discussions.of(record) for record in query.execute(database.peewee)]


def try_again(database: Database, but: Collection[int] = ()) -> None:
    """All of them are due, `but` those tasks' that were tried a moment ago."""
    where = ~DiscussionRecord.readable & (DiscussionRecord.behind > NOTHING_TO_READ)
    found = DiscussionRecord.select(DiscussionRecord.task_id).where(where).execute(database.peewee)
    discussions.due_again(database, [record.task_id for record in found if record.task_id not in but])
