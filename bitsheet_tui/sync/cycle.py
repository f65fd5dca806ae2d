"""One pass over the due tables: parents first, most of it in a single request.

What changed since each table's watermark is asked in one batch, comments of discussions that are due
included; a second request is made only when there is more. A table that was never read gets its first
pages here, and the rest from a backfill that runs next to the cycles. A table that fails is reported, and
tried again in the next cycle; the others go on.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from math import ceil
from time import monotonic

from msgspec import Struct, field

from bitsheet_tui import events as e
from bitsheet_tui.config import SyncSettings
from bitsheet_tui.config.settings import Unset
from bitsheet_tui.errors import BitsheetError, PortalError, Resting, StoreRefused, TooLarge
from bitsheet_tui.store.ledger import SCAN, Cycle, Job, Run
from bitsheet_tui.sync import deletions, rounds
from bitsheet_tui.sync.audit import AuditJob, DiscussionAuditJob, audits, begin_to_owe
from bitsheet_tui.sync.describing import DescribeJob, catch_up, follow_zone, prepare, widen
from bitsheet_tui.sync.desk import Desk, now
from bitsheet_tui.sync.fills import COUNTS, Fills
from bitsheet_tui.sync.jobs import CommentJob, ScanJob
from bitsheet_tui.sync.jobs import Job as TableJob
from bitsheet_tui.sync.offset import OffsetJob
from bitsheet_tui.sync.proving import proofs
from bitsheet_tui.sync.reopening import reopenings
from bitsheet_tui.sync.rereading import rereads
from bitsheet_tui.sync.rhythm import AUDIT, CYCLE, SELDOM, STATIC
from bitsheet_tui.sync.runs import account, failure, note_comments
from bitsheet_tui.sync.scan import filling
from bitsheet_tui.tables import DICTIONARIES, Paging, Table

TAILS = 6.0  # seconds in which the tail of every table is read once, where cycles are that frequent
BACKLOG = 200  # discussions; more than that are a backfill, not a part of a cycle


Failed = dict[str, BitsheetError]


class Turn(Struct, frozen=True):
    """What one cycle is to do: everything that is due, or some tables only, which moves nobody's turn."""

    names: tuple[str, ...] = ()  # none: a full cycle
    static: bool = False  # names are those of what seldom changes, because their time has come
    shares: bool = True  # counts and shares of the audit may ride


def seldom(desk: Desk, *, shares: bool) -> Turn:
    """What seldom changes, and nothing else."""
    names = (table.name for table in desk.tables if table.static)
    return Turn((*names, DICTIONARIES.name), static=True, shares=shares)


async def run(desk: Desk, fills: Fills, turn: Turn) -> Failed:
    """One cycle; returns the tables that are not up to date.

    Raises Refused and Unreachable (every table has failed then), and StoreError. A cycle that is cancelled
    or loses the store stays open in the ledger.
    """
    at = now()
    desk.cycle, desk.full = desk.store.begin_cycle(at, turn.names), desk.store.full_cycles()
    static = turn.static if turn.names else desk.rhythm.static_due(desk.settings, desk.full, at)
    tables = due(desk, turn.names, static=static)
    pass_ = Pass(desk, tables, at, desk.portal.seen().requests, turn)
    desk.say(
        e.CycleStarted(
            number=desk.cycle, at=at, tables=tuple(table.name for table in tables), asked=turn.names
        )
    )
    try:
        failed = await _read(pass_, fills, static=static)
    except PortalError as error:
        pass_.close(dict.fromkeys((table.name for table in tables), error), served=False)
        raise
    jobs = _good_runs(pass_, failed, static=static)
    pass_.close(failed, jobs)
    desk.rhythm.kept(jobs)
    return failed


def _good_runs(pass_: "Pass", failed: Failed, *, static: bool) -> list[Job]:
    """The rhythms of the schedule that have had a good run in a cycle."""
    desk, at = pass_.desk, pass_.at
    jobs: list[Job | None] = []
    if not failed and not pass_.turn.names:
        jobs.append(Job(job=CYCLE, ran_at=at, cycle=desk.full))
    if static:
        missed = tuple(table.name for table in desk.tables if table.static and table.name in failed)
        jobs.append(Job(job=STATIC, ran_at=at, cycle=desk.full, failed=missed))
    else:
        read = {table.name for table in pass_.tables if table.name not in failed}
        jobs.append(desk.rhythm.paid(STATIC, read))
    if any(count.judged for count in pass_.counts):
        settled = {count.table.name for count in pass_.counts if count.judged and not count.differs}
        owed = [count.table.name for count in pass_.counts if count.table.name not in settled]
        jobs.append(desk.rhythm.compared(at, desk.full, settled, owed))
    if any(share.done for share in pass_.shares):
        jobs.append(Job(job=AUDIT, ran_at=at, cycle=desk.full))
    return [job for job in jobs if job]


class Pass(Struct):
    """The figures of the cycle in hand."""

    desk: Desk
    tables: tuple[Table, ...]
    at: datetime
    requests: int  # the client's count before it
    turn: Turn
    runs: list[Run] = field(default_factory=list)
    counts: list[deletions.CountJob] = field(default_factory=list)  # that rode, or came back meanwhile
    shares: list[AuditJob | DiscussionAuditJob] = field(default_factory=list)  # that might
    began: float = field(default_factory=monotonic)
    rows: int = 0

    @property
    def seconds(self) -> float:
        """How long it has taken, without the start-up test."""
        return monotonic() - self.began

    def close(self, failed: Failed, jobs: Sequence[Job] = (), *, served: bool = True) -> None:
        """Tell how it went, and write it down."""
        desk, seconds = self.desk, self.seconds
        for table in self.tables:
            if error := failed.get(table.name):
                desk.say(failure(table, error, whole=not served))
                self.runs.append(account(desk, table, kind=SCAN, at=self.at, seconds=seconds, error=error))
        requests = desk.portal.seen().requests - self.requests
        desk.store.end_cycle(
            Cycle(
                number=desk.cycle, started_at=self.at, ended_at=now(), seconds=seconds, rows=self.rows,
                requests=requests, failed=tuple(failed),
            ),
            self.runs, jobs,
        )  # fmt: skip
        desk.say(
            e.CycleEnded(
                number=desk.cycle, at=self.at, seconds=seconds, rows=self.rows, requests=requests,
                failed=tuple(failed), served=served, asked=self.turn.names,
            )
        )  # fmt: skip


async def _read(pass_: Pass, fills: Fills, *, static: bool) -> Failed:
    desk = pass_.desk
    failed: Failed = {}
    known = desk.described
    failed |= await prepare(desk, pass_.tables)
    pass_.began = monotonic()
    failed |= _shaped(pass_)
    ready = [table for table in pass_.tables if table.name not in failed or _readable(desk, table)]
    _go_on(desk, fills, [table for table in ready if table.paging is Paging.KEYSET])
    deletions.remember(desk, ready)
    jobs = _jobs(desk, fills, ready, _tails(desk, ready, pass_.turn))
    describing = DescribeJob(desk) if static and known else None
    pass_.shares = _shares(pass_, jobs)
    owing = [(job, job.late) for job in pass_.shares]
    late = [job for job, is_late in owing if is_late]
    counts = _counts(pass_, fills, jobs, scarce=bool(late))
    spare = [
        *reopenings(desk, jobs, static=static),
        *(job for job, is_late in owing if not is_late),
        *proofs(desk, jobs, static=static),
    ]
    again = rereads(desk, [job.table for job in jobs])
    work = [*([describing] if describing else ()), *_in_turn(jobs, counts), *late, *again]
    await rounds.run(desk, work, spare)
    if describing:
        failed |= describing.failed
        follow_zone(desk, describing.zone)
    failed |= _refused(pass_, (*late, *spare, *again))
    failed |= _settled(pass_, jobs, failed)
    failed |= _widened(desk, ready)
    _go_on(desk, fills, [table for table in ready if table.name not in failed])
    return failed | _compare(desk, fills, ready, pass_.counts)


def _counts(pass_: Pass, fills: Fills, jobs: Sequence[TableJob], *, scarce: bool) -> list[deletions.CountJob]:
    """The counts that ride; those that take long beside the interval are asked next to the cycles."""
    desk, pass_.counts = pass_.desk, fills.counted()
    if not pass_.turn.shares:
        return []
    seen = {count.table.name for count in pass_.counts}
    due = [count for count in deletions.counts(desk, jobs, scarce=scarce) if count.table.name not in seen]
    riding, apart = deletions.divided(desk, due)
    if apart and not fills.running(COUNTS):
        fills.count(apart)
    pass_.counts += riding
    return riding


def _shares(pass_: Pass, jobs: Sequence[TableJob]) -> list[AuditJob | DiscussionAuditJob]:
    """The shares of the audit that may ride; none where it has a time of its own."""
    if AUDIT in pass_.desk.rhythm.crons:
        begin_to_owe(pass_.desk, jobs)
        return []
    return audits(pass_.desk, jobs) if pass_.turn.shares else []


def _shaped(pass_: Pass) -> Failed:
    """Try again what the database refused to change: tables, whose errors it gives, and views."""
    desk, names = pass_.desk, {table.name for table in pass_.tables}
    for view, error in desk.store.refresh_views().items():
        desk.say(e.TableFailed(table=view, at=now(), reason=None, text=str(error), hint=error.hint))
    return {name: error for name, error in catch_up(desk).items() if name in names}


def _readable(desk: Desk, table: Table) -> bool:
    """Whether the only trouble with a table is that it cannot have the columns that it should have."""
    return table.name in desk.undone and desk.knows(table)


def _refused(pass_: Pass, jobs: Sequence[TableJob]) -> Failed:
    """Work beside the scans that the database refused; where the portal does, others tell of it."""
    pass_.rows += sum(job.rows for job in jobs)
    return {job.table.name: job.error for job in jobs if isinstance(job.error, StoreRefused)}


def _settled(pass_: Pass, jobs: Sequence[TableJob], failed: Failed) -> Failed:
    """Tell of the tables that were read to their end; the errors of the others."""
    pass_.rows += sum(job.rows for job in jobs)
    for job in jobs:
        if not job.error and job.table.name not in failed:
            _settle(pass_.desk, job, pass_)
    return {job.table.name: job.error for job in jobs if job.error}


def _widened(desk: Desk, tables: Sequence[Table]) -> Failed:
    failed: Failed = {}
    for table in tables:
        try:
            widen(desk, table)
        except StoreRefused as error:
            failed[table.name] = error
    return failed


def due(desk: Desk, names: Sequence[str], *, static: bool) -> tuple[Table, ...]:
    """The named tables; none named: all, but static ones only where it is their turn.

    A static table that failed in its turn, or was never read, does not wait for the next.
    """
    wanted = [table for table in desk.tables if table.name not in desk.disabled]
    if names:
        return tuple(table for table in wanted if table.name in names)
    return tuple(table for table in wanted if static or not table.static or desk.owes(table))


def rhythm(tables: Sequence[Table], settings: SyncSettings, *, timed: bool = False) -> dict[str, float]:
    """How many seconds lie between two readings of each table, as it is set; 0 for a static one if `timed`.

    Those are read at times then that the configuration names, which may lie apart as they like.
    """
    static = 0.0 if timed else settings.interval * settings.static_every
    return {table.name: static if table.static else settings.interval for table in tables}


def least(tables: Sequence[Table], settings: SyncSettings) -> dict[str, float]:
    """How many seconds lie between two readings of a static table at least, however often cycles start."""
    seldom = SELDOM if isinstance(settings.static_every, Unset) else 0.0
    return {table.name: seldom for table in tables if table.static}


def _tails(desk: Desk, tables: Sequence[Table], turn: Turn) -> set[str]:
    """The tables whose tails ride in this cycle: all, but at intervals below TAILS a few in turn.

    A tail finds what the windows do not show, rows that are new and have old dates, and takes as long.
    """
    keyset = [table.name for table in tables if table.paging is Paging.KEYSET and table.cursors]
    most = ceil(len(keyset) * desk.settings.interval / TAILS)
    if turn.names or most >= len(keyset):
        return set(keyset)
    unread = {name for name in keyset if name not in desk.tailed}
    return unread | set(sorted(keyset, key=lambda name: desk.tailed.get(name, 0))[:most])


def _jobs(desk: Desk, fills: Fills, tables: Sequence[Table], tails: Collection[str]) -> list[TableJob]:
    jobs: list[TableJob] = []
    for table in tables:
        if job := _job(desk, fills, table, jobs, tail=table.name in tails):
            jobs.append(job)
    return jobs


def _job(desk: Desk, fills: Fills, table: Table, jobs: Sequence[TableJob], *, tail: bool) -> TableJob | None:
    if table.paging is Paging.OFFSET:
        return OffsetJob(desk, table)
    if table.paging is Paging.COMMENTS:
        parent = next((job for job in jobs if table.parent and job.table.name == table.parent.table), None)
        backlog = _unfilled_parent(desk, table) or desk.store.count_due(overlap=-1) > BACKLOG
        if backlog or fills.running(table.name):
            return None  # a backfill of its own reads them
        deletions.look_again(desk, table)
        return CommentJob(desk, table, parent=parent)
    if desk.begun.get(table.name) == desk.cycle and filling(table, desk.checkpoint(table)):
        return None  # its backfill has begun a moment ago, and reads it from there
    return ScanJob(desk, table, tail=tail)


def _in_turn(jobs: Sequence[TableJob], counts: Sequence[deletions.CountJob]) -> list[TableJob]:
    """Every count behind the scan of its table: what the scan stores is there when it is answered."""
    behind = {count.table.name: count for count in counts}
    pairs = ((job, behind.get(job.table.name)) for job in jobs)
    return [one for pair in pairs for one in pair if one is not None]


def _unfilled_parent(desk: Desk, table: Table) -> bool:
    parent = desk.table(table.parent.table) if table.parent else None
    return parent is not None and filling(parent, desk.checkpoint(parent))


def _settle(desk: Desk, job: TableJob, pass_: Pass) -> None:
    """Tell of a table that was read to its end."""
    table = job.table
    if isinstance(job, CommentJob):
        note_comments(desk, table)
        deletions.settle_comments(desk, table)
    checkpoint = desk.checkpoint(table)
    if checkpoint.watermark and not filling(table, checkpoint):
        desk.say(
            e.TableRead(table=table.name, at=now(), seconds=pass_.seconds, watermark=checkpoint.watermark)
        )
    pass_.runs.append(account(desk, table, kind=SCAN, at=pass_.at, seconds=pass_.seconds))


def _go_on(desk: Desk, fills: Fills, tables: Sequence[Table]) -> None:
    """Start the backfills that are not complete."""
    for table in tables:
        if table.paging is Paging.COMMENTS:
            few = BACKLOG if desk.saving else 0  # that the next cycle asks in its first request
            if _unfilled_parent(desk, table) or desk.store.count_due(overlap=-1) > few:
                fills.start(table)
        elif filling(table, desk.checkpoint(table)):
            fills.start(table)


def _compare(
    desk: Desk, fills: Fills, tables: Sequence[Table], counts: Sequence[deletions.CountJob]
) -> Failed:
    """Compare with the portal, next to the cycles, the tables whose count differs, or that somebody wants.

    Returns those that could not be counted: their deletions are not looked for.
    """
    failed: Failed = {}
    for count in counts:
        if isinstance(count.error, TooLarge):
            count.differs = True  # smaller ranges can be counted, next to the cycles
        elif count.error:
            desk.unsettled[count.table.name] = desk.full
            if isinstance(count.error, Resting):
                desk.say(failure(count.table, count.error))
            else:
                failed[count.table.name] = count.error
    for table in [*deletions.wanted(desk, tables), *(count.table for count in counts if count.differs)]:
        fills.compare(table)
    return failed
