"""The pieces of work in a cycle: each gives asks, takes their answers and commits what they brought.

A job talks to the store only inside `take`, which never waits: whatever happens, a page is either committed
with its checkpoint or not at all.
"""

from collections.abc import Sequence
from typing import Protocol

from msgspec import Struct, field

from bitsheet_tui import events as e
from bitsheet_tui.errors import TableTrouble
from bitsheet_tui.portal.answer import Answer, Ask
from bitsheet_tui.portal.listing import id_of, page_rows
from bitsheet_tui.store.comments import Brake
from bitsheet_tui.store.discussions import DiscussionRead
from bitsheet_tui.store.writer import Stored
from bitsheet_tui.sync.ahead import Ahead
from bitsheet_tui.sync.backfill import with_fill
from bitsheet_tui.sync.deletions import brake
from bitsheet_tui.sync.desk import Answers, Desk, now
from bitsheet_tui.sync.discussions import DiscussionReader
from bitsheet_tui.sync.scan import TAIL, Scan, pages_for
from bitsheet_tui.tables import Table

AHEAD = 5  # discussions asked before their tasks are known; more when more came lately
STALE = 4  # times as many rows of a window that were known as were new: at short intervals
SETTLING = 1000  # discussions looked at in one go; more than a cycle ever reads


class Job(Protocol):
    """One table's work."""

    table: Table
    complete: bool
    error: TableTrouble | None
    rows: int  # inserted and updated so far

    def asks(self, room: int) -> dict[str, Ask]:
        """At most `room` commands, unless one more is indivisible; none: nothing to do right now."""

    def take(self, answers: Answers) -> None:
        """Commit what the answers to the last asks brought."""


class ScanJob(Struct):
    """What changed in one table since its watermark.

    A scan that was cut off, in an earlier cycle or process, is read to its end first; it says how things
    stood when it began, so a new one follows, and the cycle leaves the table as current as any other does.
    """

    desk: Desk
    table: Table
    tail: bool = True  # whether it reads its tail
    complete: bool = False
    error: TableTrouble | None = None
    rows: int = 0
    told: tuple[int, ...] = ()  # the rows of the page that others referred to, in the order of the page
    _scan: Scan | None = None
    _resumed: bool = False
    _rounds: int = 0
    _referred: str | None = None

    def asks(self, room: int) -> dict[str, Ask]:
        desk, table = self.desk, self.table
        if self._scan is None:
            hidden = dict(desk.hidden.get(table.name, {}))
            self._scan = Scan(
                table, desk.checkpoint(table), desk.settings.overlap, desk.chained(table), hidden,
                desk.cuts.get(table.name, ()), short=desk.short_pages.get(table.name, 0), tail=self.tail,
            )  # fmt: skip
            self._resumed = self._scan.checkpoint.scan_started is not None
        self._scan.checkpoint = desk.checkpoint(table)
        names = (*table.cursors, TAIL, "all")
        if self._rounds == 0:  # as many pages as the table lately needed, so that one request is enough
            pages = {name: pages_for(desk.pages.get((table.name, name), 0)) for name in names}
        else:
            pages = dict.fromkeys(names, room)
        self._rounds += 1
        return fitting(self._scan, pages, room)

    @property
    def early(self) -> tuple[str, ...]:
        """The commands of this request that look for new ids, which nothing else refers to."""
        return self._scan.commands(TAIL) if self._scan else ()

    @property
    def moved(self) -> int:
        """The last cycle in which rows of the table had changed."""
        return self.desk.moved.get(self.table.name, 0)

    def reference(self, cursor: str) -> str | None:
        """The command of this request that reads the newest rows that moved `cursor`.

        None: there is none, or the portal does not follow references.
        """
        found = self._scan.first_page(cursor) if self._scan and self.desk.chained(self.table) else None
        self._referred = found
        return found

    def take(self, answers: Answers) -> None:
        scan = self._scan
        if scan is None:
            return
        before = scan.checkpoint.watermark
        step = scan.take(answers)
        if step.late and before and step.checkpoint.watermark:
            back = (before - step.checkpoint.watermark).total_seconds()
            self.desk.say(e.ClockSetBack(table=self.table.name, at=now(), seconds=back))
        if self._referred and isinstance(page := answers.get(self._referred), Answer):
            self.told = tuple(id_of(self.table, row) or 0 for row in page_rows(self.table, page))
        if step.broken:  # read page by page until the next start
            self.desk.unchained.add(self.table.name)
        for name, rows in scan.brought.items():
            self.desk.pages[self.table.name, name] = rows
        self.desk.short_pages[self.table.name] = scan.short
        if step.complete:
            self._note_end(scan)
        checkpoint = with_fill(step.checkpoint, self.desk.checkpoint(self.table))
        stored = self.desk.commit(self.table, step.rows, checkpoint)
        self._note_rows(scan, stored.inserted + stored.updated)
        self.complete, self.error = step.complete and not self._resumed, step.error
        if step.complete:
            self._scan = None

    def _note_rows(self, scan: Scan, changed: int) -> None:
        self.rows += changed
        if changed:
            self.desk.moved[self.table.name] = self.desk.cycle
        read = max((scan.brought.get(name, 0) for name in self.table.cursors), default=0)
        self.desk.stale[self.table.name] = max(0, read - self.rows)

    def _note_end(self, scan: Scan) -> None:
        """Remember what the next scan of the table goes by."""
        desk, name = self.desk, self.table.name
        desk.cuts[name] = scan.cut()
        hidden = {window: one.missing for window, one in scan.readings.items()}
        desk.hide(self.table, hidden, whole=not self.table.cursors)
        if self.tail:
            desk.tailed[name] = desk.full


def fitting(scan: Scan, pages: dict[str, int], room: int) -> dict[str, Ask]:
    """The scan's asks with so many pages that they fit in `room`; one page a window at the least."""
    while True:
        asks = scan.asks(pages)
        if len(asks) <= room or all(count <= 1 for count in pages.values()):
            return asks
        pages = {name: max(1, count // 2) for name, count in pages.items()}


class CommentJob(Struct):
    """The discussions that are due: those that moved first, then those that moved a moment ago.

    One of which comments are missing is read once more at once, with proof. One whose answer is none fails
    the table, when all others are read.
    """

    desk: Desk
    table: Table
    parent: Job | None = None  # while it reads, more may come to be due
    complete: bool = False
    error: TableTrouble | None = None
    rows: int = 0
    early: tuple[str, ...] = ()  # the commands of this request that refer to no other
    _reader: DiscussionReader | None = None
    _ahead: Ahead | None = None
    _asked: bool = False
    _answered: bool = False
    _seen: set[int] = field(default_factory=set)
    _vanished: int = 0  # comments so far

    def asks(self, room: int) -> dict[str, Ask]:
        if self._reader is None:
            self._reader = DiscussionReader(self.table)
        if self._answered and self.desk.saving:
            self._reader.put_off()  # a cycle that is about to start asks for it in its first request
        elif self._reader.open < room:
            self._more(self._reader)
        asks = self._reader.asks(max(2, room))  # a discussion of both kinds takes two
        self.early = tuple(asks)
        self._ahead = None if self._asked else self._look_ahead(room - len(asks))
        self._asked = True
        if self._ahead:
            asks |= self._ahead.asks()
        waits = self.parent is not None and not (self.parent.complete or self.parent.error)
        self.complete = not asks and not waits
        if self.complete:
            self.error = self._reader.spoilt
        return asks

    def _look_ahead(self, room: int) -> Ahead | None:
        """In a cycle's first request: the discussions of tasks that this very request finds."""
        parent, link = self.parent, self.table.parent
        sources = self.desk.sources
        room //= len(sources)
        if not isinstance(parent, ScanJob) or link is None or room < 1:
            return None
        page = parent.reference(link.changed)
        lately = self.desk.pages.get((parent.table.name, link.changed), 0)
        if self._stale(parent.table, lately):
            return None
        count = min(room, max(AHEAD, lately))
        return Ahead(self.table, page, parent.table, count, sources) if page else None

    def _stale(self, tasks: Table, lately: int) -> bool:
        """Whether the window brings what it brought before: what is new in it is not its first rows.

        At short intervals that is so for as long as the overlap; else a few rows more are asked for nothing.
        """
        stale, settings = self.desk.stale.get(tasks.name, 0), self.desk.settings
        few = 1 if settings.interval < settings.overlap else AHEAD
        return stale >= few and stale > STALE * (lately - stale)

    def _more(self, reader: DiscussionReader) -> None:
        """Put discussions on the list, each once in a cycle."""
        store, overlap = self.desk.store, self.desk.settings.overlap
        store.reconciles.rewind(self.desk.portal_clock, overlap)
        limit = SETTLING + len(self._seen)
        if self._asked:  # what was read a moment ago waits for the next cycle
            due = store.due_discussions(overlap=0, limit=limit)
        else:
            due = store.due_discussions(overlap=overlap, limit=limit, now=self.desk.portal_now())
        new = [one for one in due if one.task_id not in self._seen]
        for discussion in store.reconciles.with_known(self.table, new) if new else ():
            reader.begin(discussion)
            self._seen.add(discussion.task_id)

    def take(self, answers: Answers) -> None:
        reader, self._answered = self._reader, True
        if reader is None:
            return
        desk = self.desk
        if self._ahead and isinstance(self.parent, ScanJob):
            self._more(reader)  # what the tasks' window has just told of
            self.desk.sources = reader.sources(self.parent.told) or self.desk.sources
            self._ahead.expect(reader, self.parent.told, answers)
        read = reader.take(answers, desk.portal_now())
        self.error = reader.error
        if self.error:
            self._reader = None  # what it had begun is due still
        if not read:
            return
        stored = store_discussions(desk, self.table, read, brake(desk, self.table, self._vanished))
        for discussion in stored.doubted if not self.error else ():
            reader.begin(discussion)
        self._vanished += stored.deleted + stored.held
        self.rows += stored.inserted + stored.updated


def store_discussions(desk: Desk, table: Table, read: Sequence[DiscussionRead], guard: Brake) -> Stored:
    """Commit discussions that a cycle has read, and say so."""
    watermark = desk.checkpoint(table).watermark
    stored = desk.store.commit_discussions(
        table, read, at=now(), cycle=desk.cycle, brake=guard, filling=watermark is None,
        since=desk.dating(watermark),
    )  # fmt: skip
    desk.count(table, stored)
    desk.tell(table, stored, read=sum(len(one.forum or ()) + len(one.chat or ()) for one in read))
    return stored
