"""Chats that were read and are not yet shown to be whole are looked at once more, a few in a cycle.

Most chats are one page of fewer than 20 messages, which one command reads and nothing proves (`chat.py`). So
two commands a chat ride in the cycle's request where that has room, like the audits: as many messages as the
mirror has, from above every id, and what lies below the lowest. The chat is proved when the first brings as
many and the second none; the next cycle reads it from its top when it is not so. The one that was read
longest ago comes first, so one that cannot be proved waits for its turn like any other. The audit does the
same with the chats that it comes to, so all are proved within `audit_days`.
"""

from collections.abc import Sequence
from time import monotonic

from msgspec import Struct

from bitsheet_tui.errors import TableTrouble
from bitsheet_tui.portal.answer import Ask
from bitsheet_tui.sync.deletions import brake
from bitsheet_tui.sync.desk import Answers, Desk
from bitsheet_tui.sync.discussions import DiscussionReader
from bitsheet_tui.sync.jobs import CommentJob, Job, store_discussions
from bitsheet_tui.tables import Table

SELDOM = 5  # chats, when there is time for what seldom changes
ALWAYS = 2
PAUSE = 10.0  # seconds from some to the next: cycles that follow each other closely stay short
COMMANDS = 3  # of a chat whose task has forum posts, too


def proofs(desk: Desk, jobs: Sequence[Job], *, static: bool) -> list[Job]:
    """What may ride with these jobs."""
    if monotonic() < desk.proofs_from:
        return []
    count = SELDOM if static else ALWAYS
    return [Proving(desk, job.table, count) for job in jobs if isinstance(job, CommentJob)]


class Proving(Struct):
    """A few chats that are not proved."""

    desk: Desk
    table: Table
    count: int
    complete: bool = False
    error: TableTrouble | None = None
    rows: int = 0
    _reader: DiscussionReader | None = None

    def asks(self, room: int) -> dict[str, Ask]:
        desk, table = self.desk, self.table
        count = min(self.count, room // COMMANDS)
        if count < 1:
            return {}
        self._reader = DiscussionReader(table, checking=True)
        for one in desk.store.reconciles.unproved(table, overlap=desk.settings.overlap, limit=count):
            self._reader.begin(one)
        desk.proofs_from = monotonic() + PAUSE
        return self._reader.asks(room)

    def take(self, answers: Answers) -> None:
        desk, reader = self.desk, self._reader
        if reader is None:
            return
        read = reader.take(answers, desk.portal_now())
        self.error = reader.error
        if self.error:
            return
        if reader.closed:  # all of a kind, which is for those to tell that are due
            read = [one for one in read if one.readable]
        stored = store_discussions(desk, self.table, read, brake(desk, self.table, 0))
        self.rows = stored.inserted + stored.updated
        desk.store.reconciles.read_soon((*reader.tasks, *reader.given_up))
