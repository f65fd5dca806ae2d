"""The rolling audit: every row is compared with the portal once in `audit_days`, whether it moved or not.

Some changes move no date: bindings, values written straight into the portal's database, comments that are
edited. So a few rows more are read in a cycle, from the newest id down and then from the top again, and so
are a few discussions. An audit rides in the cycle's first request where that has room, and waits for the
next cycle otherwise; one that has waited too long is part of the cycle's work like any other, so that the
period is kept where requests are always full. A row that is new meanwhile was read when it came. Rows that
the portal does not show are left to a comparison (`deletions.py`), for a page is too little to judge by.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from bitsheet_tui.errors import TableTrouble
from bitsheet_tui.portal.answer import Ask
from bitsheet_tui.portal.listing import PAGE, Window, chain, read
from bitsheet_tui.store.census import ALL
from bitsheet_tui.sync.deletions import brake, comparable
from bitsheet_tui.sync.desk import Answers, Desk, now
from bitsheet_tui.sync.discussions import DiscussionReader
from bitsheet_tui.sync.jobs import CommentJob, Job, ScanJob, store_discussions
from bitsheet_tui.tables import Paging, Table

MOST = 20  # pages of one table, or discussions, in one cycle; more that is owed is forgiven
RESERVE = 0.1  # of the period: so much an audit may be late


def audits(desk: Desk, jobs: Sequence[Job]) -> list["AuditJob | DiscussionAuditJob"]:
    """What may ride with these jobs. A table that is read whole anyway needs no audit."""
    return [
        audit(desk, job.table)
        for job in jobs
        if isinstance(job, ScanJob | CommentJob) and auditable(desk, job.table)
    ]


def begin_to_owe(desk: Desk, jobs: Sequence[Job]) -> None:
    """Note from when on these tables are to be audited, where nothing of them was."""
    for job in jobs:
        if auditable(desk, job.table) and desk.reconcile(job.table).audited_at is None:
            desk.note(replace(desk.reconcile(job.table), audited_at=now()))


def auditable(desk: Desk, table: Table) -> bool:
    """Whether rows of it may have changed without anybody having been told."""
    if table.paging is Paging.COMMENTS:
        return desk.checkpoint(table).watermark is not None
    return bool(table.cursors) and comparable(desk, table)


def audit(desk: Desk, table: Table, *, whole: bool = False) -> "AuditJob | DiscussionAuditJob":
    """The next share of a table's audit; `whole`: of all that is owed, a whole round of it at the most."""
    if table.paging is Paging.COMMENTS:
        return DiscussionAuditJob(desk, table, whole=whole)
    return AuditJob(desk, table, whole=whole)


class Pace(Struct, frozen=True):
    """How fast an audit goes: `steps` in `seconds`."""

    steps: int
    seconds: float
    most: int = MOST

    def owed(self, since: datetime, at: datetime) -> int:
        """How many whole steps are to be made, when those up to `since` have been."""
        return min(self.most, int((at - since).total_seconds() / self.seconds * self.steps))

    def late(self, since: datetime, at: datetime) -> bool:
        """Whether steps are owed for so long that they cannot wait for a request that has room."""
        owed = self.owed(since, at)
        behind = (at - since).total_seconds() > self.seconds * RESERVE
        return owed >= self.most or (owed > 0 and behind)

    def paid(self, since: datetime, steps: int, at: datetime) -> datetime:
        """Up to when they have been made after `steps` more."""
        step = timedelta(seconds=self.seconds / max(1, self.steps))
        return min(at, max(since + steps * step, at - self.most * step))


def _owed(desk: Desk, table: Table, pace: Pace) -> int:
    """The steps to be made now. A table that was never audited begins to owe now."""
    since = desk.reconcile(table).audited_at
    if since is None or since > now():
        desk.note(replace(desk.reconcile(table), audited_at=now()))
        return 0
    return pace.owed(since, now())


def _late(desk: Desk, table: Table, pace: Pace) -> bool:
    since = desk.reconcile(table).audited_at
    return since is not None and pace.late(since, now())


def _pace(desk: Desk, steps: int, *, whole: bool) -> Pace:
    return Pace(steps, _period(desk), max(1, steps) if whole else MOST)


def _period(desk: Desk) -> float:
    """Seconds in which an audit plans to come round; the rest of the days is in reserve."""
    return desk.settings.audit_days * 86400 * (1 - RESERVE)


def _pay(desk: Desk, table: Table, pace: Pace, steps: int, below: int | None, *, suspicious: bool) -> None:
    """Note how far the audit is; what is suspicious is compared at once, unless it is held already."""
    found, at = desk.reconcile(table), now()
    due = found.due or (suspicious and not found.held)
    paid = pace.paid(found.audited_at or at, steps, at)
    desk.note(replace(found, audit_below=below, audited_at=paid, due=due))


class AuditJob(Struct):
    """The next few pages of one table."""

    desk: Desk
    table: Table
    complete: bool = False
    error: TableTrouble | None = None
    rows: int = 0
    done: bool = False  # something was audited
    whole: bool = False  # whatever is owed is to be read now
    _window: Window | None = None
    _keys: tuple[str, ...] = ()

    def asks(self, room: int) -> dict[str, Ask]:
        desk, table = self.desk, self.table
        pages = min(room, _owed(desk, table, self._pace()))
        self.complete = pages < 1
        if self.complete:
            return {}
        top = (desk.checkpoint(table).reach or 0) + 1
        below = min(top, desk.reconcile(table).audit_below or top)
        self._window = Window(name="audit", above=0, below=below)
        asks = chain(table, self._window, pages if desk.chained(table) else 1, f"{table.name}audit")
        self._keys = tuple(asks)
        return asks

    @property
    def late(self) -> bool:
        """Whether it cannot wait any longer for a request that has room."""
        return _late(self.desk, self.table, self._pace())

    @property
    def owed(self) -> int:
        """How many steps are to be made now."""
        return _owed(self.desk, self.table, self._pace())

    def _pace(self) -> Pace:
        desk, table = self.desk, self.table
        if table.name not in desk.sizes:
            desk.sizes[table.name] = desk.store.reconciles.count(table, above=0, upto=ALL)
        return _pace(desk, -(-desk.sizes[table.name] // PAGE), whole=self.whole)

    def take(self, answers: Answers) -> None:
        desk, table, window = self.desk, self.table, self._window
        self.complete = True
        if window is None or window.below is None:
            return
        got = read(table, window, [answers[key] for key in self._keys])
        stored = desk.commit(table, got.rows, desk.checkpoint(table))
        self.rows = stored.inserted + stored.updated
        self.error, self.done = got.error, got.error is None
        low = 0 if got.complete else (got.lowest or window.below) - 1
        there = set(got.ids)
        mine = desk.store.reconciles.ids(table, above=low, upto=window.below - 1)
        steps = -(-len(got.rows) // PAGE)
        pace = self._pace()
        if not low:
            desk.sizes.pop(table.name)
        _pay(desk, table, pace, steps, low + 1 if low else None, suspicious=not there.issuperset(mine))


class DiscussionAuditJob(Struct):
    """The next few discussions."""

    desk: Desk
    table: Table
    complete: bool = False
    error: TableTrouble | None = None
    rows: int = 0
    done: bool = False
    whole: bool = False
    _reader: DiscussionReader | None = None
    _tasks: tuple[int, ...] = ()

    def asks(self, room: int) -> dict[str, Ask]:
        desk, table = self.desk, self.table
        count = min(room // 3, _owed(desk, table, self._pace()))  # a discussion takes three at most
        self.complete = count < 1
        if self.complete:
            return {}
        below = desk.reconcile(table).audit_below or ALL
        found = desk.store.reconciles.with_known(
            table, desk.store.reconciles.discussions(below=below, limit=count)
        )
        self._tasks = tuple(one.task_id for one in found)
        self._reader = DiscussionReader(table, checking=True)
        for one in found:
            self._reader.begin(one)
        if not found:
            self.complete = True
            desk.sizes.pop(table.name)
            desk.note(replace(desk.reconcile(table), audit_below=None))
            desk.store.reconciles.bury_orphans(table, at=now(), cycle=desk.cycle)
        return self._reader.asks(room)

    @property
    def late(self) -> bool:
        """See AuditJob."""
        return _late(self.desk, self.table, self._pace())

    @property
    def owed(self) -> int:
        """How many steps are to be made now."""
        return _owed(self.desk, self.table, self._pace())

    def _pace(self) -> Pace:
        desk, name = self.desk, self.table.name
        if name not in desk.sizes:
            desk.sizes[name] = desk.store.reconciles.count_discussions()
        return _pace(desk, desk.sizes[name], whole=self.whole)

    def take(self, answers: Answers) -> None:
        desk, table, reader = self.desk, self.table, self._reader
        self.complete = True
        if reader is None:
            return
        read_ = reader.take(answers, desk.portal_now())
        self.error = reader.error
        if self.error:
            return
        self.done = True
        stored = store_discussions(desk, table, read_, brake(desk, table, 0))
        self.rows = stored.inserted + stored.updated
        # the rest of a long chat is for the fills; whose answer is none is told by those who read it next
        desk.store.reconciles.reread((*reader.tasks, *reader.given_up))
        _pay(desk, table, self._pace(), len(self._tasks), min(self._tasks), suspicious=False)
