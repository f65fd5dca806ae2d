"""The pieces of work in a cycle: each gives asks, takes their answers and commits what they brought.

A job talks to the store only inside `take`, which never waits: whatever happens, a page is either committed
with its checkpoint or not at all.
"""

from dataclasses import dataclass, field, replace
from typing import Protocol

from bitsheet_tui.errors import PortalError
from bitsheet_tui.portal.answer import Ask
from bitsheet_tui.store.checkpoints import Checkpoint
from bitsheet_tui.sync.deletions import brake
from bitsheet_tui.sync.desk import Answers, Desk, Progress, now
from bitsheet_tui.sync.discussions import DiscussionReader
from bitsheet_tui.sync.scan import TAIL, Backfill, Scan, Step, pages_for
from bitsheet_tui.tables import Table

SETTLING = 1000  # discussions looked at in one go; more than a cycle ever reads


class Job(Protocol):
    """One table's work."""

    table: Table
    complete: bool
    error: PortalError | None
    rows: int  # inserted and updated so far

    def asks(self, room: int) -> dict[str, Ask]:
        """At most `room` commands, unless one more is indivisible; none: nothing to do right now."""

    def take(self, answers: Answers) -> None:
        """Commit what the answers to the last asks brought."""


@dataclass(slots=True)
class ScanJob:
    """What changed in one table since its watermark.

    A scan that was cut off, in an earlier cycle or process, is read to its end first; it says how things
    stood when it began, so a new one follows, and the cycle leaves the table as current as any other does.
    """

    desk: Desk
    table: Table
    complete: bool = False
    error: PortalError | None = None
    rows: int = 0
    _scan: Scan | None = None
    _resumed: bool = False
    _rounds: int = 0

    def asks(self, room: int) -> dict[str, Ask]:
        desk, table = self.desk, self.table
        if self._scan is None:
            self._scan = Scan(table, desk.checkpoint(table), desk.settings.overlap, desk.chained(table))
            self._resumed = self._scan.checkpoint.scan_started is not None
        self._scan.checkpoint = desk.checkpoint(table)
        names = (*table.cursors, TAIL, "all")
        if self._rounds == 0:  # as many pages as the table lately needed, so that one request is enough
            pages = {name: pages_for(desk.pages.get((table.name, name), 0)) for name in names}
        else:
            pages = dict.fromkeys(names, room)
        self._rounds += 1
        return fitting(self._scan, pages, room)

    def take(self, answers: Answers) -> None:
        scan = self._scan
        if scan is None:
            return
        step = scan.take(answers)
        note_chain(self.desk, self.table, step)
        for name, rows in scan.brought.items():
            self.desk.pages[self.table.name, name] = rows
        now_there = self.desk.checkpoint(self.table)  # a description in this batch may have reset the fill
        checkpoint = replace(step.checkpoint, floor=now_there.floor, fill_started=now_there.fill_started)
        stored = self.desk.commit(self.table, step.rows, checkpoint)
        self.rows += stored.inserted + stored.updated
        self.complete, self.error = step.complete and not self._resumed, step.error
        if step.complete:
            self._scan = None


def fitting(scan: Scan, pages: dict[str, int], room: int) -> dict[str, Ask]:
    """The scan's asks with so many pages that they fit in `room`; one page a window at the least."""
    while True:
        asks = scan.asks(pages)
        if len(asks) <= room or all(count <= 1 for count in pages.values()):
            return asks
        pages = {name: max(1, count // 2) for name, count in pages.items()}


def note_chain(desk: Desk, table: Table, step: Step) -> None:
    """Remember that a chain did not hold: the table is read page by page until the next start."""
    if step.broken:
        desk.unchained.add(table.name)


@dataclass(slots=True)
class FillJob:
    """The rest of a table's backfill, or as much of it as is wanted at once."""

    desk: Desk
    table: Table
    done: int = 0  # rows in the mirror
    once: bool = False  # stop after one answer
    complete: bool = False
    error: PortalError | None = None
    rows: int = 0
    _fill: Backfill | None = None

    def asks(self, room: int) -> dict[str, Ask]:
        desk, table = self.desk, self.table
        if self._fill is None:
            self._fill = Backfill(table, desk.checkpoint(table), desk.chained(table))
        self._fill.checkpoint, self._fill.chained = desk.checkpoint(table), desk.chained(table)
        return self._fill.asks(room)

    def take(self, answers: Answers) -> None:
        if self._fill is None:
            return
        asked_from = self._fill.checkpoint.floor
        step = self._fill.take(answers)
        note_chain(self.desk, self.table, step)
        self.done += len(step.rows)
        progress = Progress(self.done, expected_rows(step.checkpoint, self.done))
        now_there = self.desk.checkpoint(self.table)  # a description in this batch may have reset the fill
        checkpoint = step.checkpoint if now_there.floor == asked_from else now_there
        stored = self.desk.commit(self.table, step.rows, checkpoint, progress)
        self.rows += stored.inserted + stored.updated
        self.complete, self.error = step.complete or self.once, step.error


def expected_rows(checkpoint: Checkpoint, done: int) -> int | None:
    """How many rows a backfill will have read, if ids are as dense below as they are above.

    A count by the portal would be exact, and cost it up to a minute on a large table.
    """
    reach, floor = checkpoint.reach, checkpoint.floor
    if not reach or floor is None:
        return None
    read = reach - floor + 1
    return done + round(max(0, floor - 1) * done / read) if read > 0 else None


@dataclass(slots=True)
class CommentJob:
    """The discussions that are due: those that moved first, then those that moved a moment ago."""

    desk: Desk
    table: Table
    parent: Job | None = None  # while it reads, more may come to be due
    settle: bool = True  # read once more what was active within the overlap before its last reading
    filling: bool = False
    once: bool = False  # stop after one answer; what is in the middle of being read is gone on with
    complete: bool = False
    error: PortalError | None = None
    rows: int = 0
    done: int = 0  # discussions
    _reader: DiscussionReader | None = None
    _seen: set[int] = field(default_factory=set)
    _vanished: int = 0  # comments so far

    def asks(self, room: int) -> dict[str, Ask]:
        if self._reader is None:
            self._reader = DiscussionReader(self.table)
        if self._reader.open < room:
            self._more(self._reader, room)
        asks = self._reader.asks(max(2, room))  # a discussion of both kinds takes two
        waits = self.parent is not None and not (self.parent.complete or self.parent.error)
        self.complete = not asks and not waits
        return asks

    def _more(self, reader: DiscussionReader, room: int) -> None:
        """Put discussions on the list: a backfill only those that moved since they were read (-1)."""
        overlap = self.desk.settings.overlap if self.settle else -1
        limit = SETTLING + len(self._seen) if self.settle else room
        for discussion in self.desk.store.due_discussions(overlap=overlap, limit=limit):
            if discussion.task_id not in self._seen:
                reader.begin(discussion)
                if self.settle:  # once in a cycle is enough
                    self._seen.add(discussion.task_id)

    def take(self, answers: Answers) -> None:
        if self._reader is None:
            return
        desk = self.desk
        read = self._reader.take(answers, desk.portal_now())
        self.error, self.complete = self._reader.error, self.once
        if self.error:
            self._reader = None  # what it had begun is due still
        if not read:
            return
        stored = desk.store.commit_discussions(
            self.table, read, at=now(), cycle=desk.cycle, filling=self.filling,
            brake=brake(desk, self.table, self._vanished),
        )  # fmt: skip
        self._vanished += stored.deleted + stored.held
        rows = sum(len(one.forum or ()) + len(one.chat or ()) for one in read)
        self.rows += stored.inserted + stored.updated
        self.done += len(read)
        progress = Progress(self.done, self.done + desk.store.count_due(overlap=-1)) if self.filling else None
        desk.count(self.table, stored)
        desk.tell(self.table, stored, read=rows, fill=progress)
