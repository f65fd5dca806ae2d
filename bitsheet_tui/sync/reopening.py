"""Discussions that were closed to us are tried again: who gives a right back need not tell anybody.

One is tried in every cycle, and as many as there is room for when a cycle reads what seldom changes, the one
first that was tried longest ago. They ride in the cycle's request, like the audits. Once one is open, all the
others are due (`store/closed.py`).
"""

from collections.abc import Sequence

from msgspec import Struct

from bitsheet_tui.errors import TableTrouble
from bitsheet_tui.portal.answer import Ask
from bitsheet_tui.sync.deletions import brake
from bitsheet_tui.sync.desk import Answers, Desk
from bitsheet_tui.sync.discussions import DiscussionReader
from bitsheet_tui.sync.jobs import CommentJob, Job, store_discussions
from bitsheet_tui.tables import Table

SELDOM = 50  # discussions, when there is time for what seldom changes
ALWAYS = 1


def reopenings(desk: Desk, jobs: Sequence[Job], *, static: bool) -> list[Job]:
    """What may ride with these jobs."""
    count = SELDOM if static else ALWAYS
    return [Reopening(desk, job.table, count) for job in jobs if isinstance(job, CommentJob)]


class Reopening(Struct):
    """A few discussions that could not be read."""

    desk: Desk
    table: Table
    count: int
    complete: bool = False
    error: TableTrouble | None = None
    rows: int = 0
    _reader: DiscussionReader | None = None

    def asks(self, room: int) -> dict[str, Ask]:
        found = self.desk.store.reconciles.closed(
            overlap=self.desk.settings.overlap, limit=min(self.count, room // 2)
        )
        self._reader = DiscussionReader(self.table)
        for one in found:
            self._reader.begin(one)
        return self._reader.asks(room)

    def take(self, answers: Answers) -> None:
        desk, reader = self.desk, self._reader
        if reader is None:
            return
        read = reader.take(answers, desk.portal_now())
        self.error = reader.error
        if self.error:
            return
        stored = store_discussions(desk, self.table, read, brake(desk, self.table, 0))
        self.rows = stored.inserted + stored.updated
        if reader.open:  # a long chat that is open: the comments' own reading sees to it, and to the others
            desk.store.reconciles.try_again()
