"""What happened: cycles, what each did to each table, and what is asked of the running instance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct, json
from msgspec.structs import asdict

from bitsheet_tui.freshness import HOUR, LastHour
from bitsheet_tui.store.models import (
    AlertRecord,
    ChangeRecord,
    ControlRecord,
    CycleRecord,
    FactRecord,
    JobRecord,
    RunRecord,
)
from bitsheet_tui.store.orm import peewee

PORTION = 20  # requests that are looked at at once: half of them the oldest, half the newest
OPEN = 200  # requests that may wait; the others are refused
REFUSED = 5000  # of those at once
LONG = {"command": 40, "argument": 2001, "by": 100}  # characters read of what anybody may have written
FORGOTTEN = timedelta(days=30)  # requests that were answered longer ago
KEPT = timedelta(days=90)  # cycles and their runs, whether they went well or not; alerts that are over
MOST = 2000  # cycles forgotten at once, so that a long history costs no long pause
DRIFT = "drift"  # the kind of a run that read nothing
SCAN = "scan"
EXTENDED = "extended_cycle"  # the fact that says what the newest row said before its newest cycle
# what an extended row of `bitsheet_table_runs` says of the newest run
NEWEST = ("cycle", "seconds", "unchanged", "requests", "retries", "watermark_after", "ended_at")
LATELY = 8  # rows among which one is looked for that says the same; there are as many kinds of cycles at rest
_GOOD = (RunRecord.error == "") & (RunRecord.kind != DRIFT)
_QUIET = (
    (RunRecord.error == "") & (RunRecord.kind != DRIFT) & (RunRecord.inserted == 0)
    & (RunRecord.updated == 0) & (RunRecord.deleted == 0) & (RunRecord.quarantined == 0)
)  # fmt: skip


class Cycle(Struct, frozen=True, kw_only=True):
    """One pass over the due tables, or `cycles` of them in which nothing changed and nothing failed.

    `started_at` is when the first of them did, the rest is of the newest. Without `ended_at` it is running,
    or its process died.
    """

    number: int
    started_at: datetime
    ended_at: datetime | None = None
    seconds: float | None = None
    rows: int = 0  # inserted and updated
    requests: int = 0
    failed: tuple[str, ...] = ()
    cycles: int = 1
    last_started_at: datetime | None = None  # the newest of several
    asked: tuple[str, ...] = ()  # only these tables, because somebody wanted them; none: a full cycle

    @property
    def newest_at(self) -> datetime:
        """When the newest of them started."""
        return self.last_started_at or self.started_at


class Run(Struct, frozen=True, kw_only=True):
    """What one cycle did to one table, or `cycles` of them that changed nothing; see `Cycle`."""

    cycle: int
    table: str
    started_at: datetime
    kind: str = "scan"  # scan, fill, drift
    seconds: float = 0.0
    inserted: int = 0
    updated: int = 0
    unchanged: int = 0
    deleted: int = 0
    quarantined: int = 0
    requests: int = 0
    retries: int = 0
    watermark_before: datetime | None = None
    watermark_after: datetime | None = None
    freshness_p50: float | None = None  # seconds from a change to its commit, of the rows that it changed
    freshness_p95: float | None = None
    delays: Mapping[int, int] | None = None  # from which these are: see `freshness`
    error: str = ""
    hint: str = ""
    cycles: int = 1
    first_cycle: int | None = None  # of several; `cycle` is the newest
    ended_at: datetime | None = None

    @property
    def quiet(self) -> bool:
        """Whether it changed nothing and did not fail."""
        changed = self.inserted or self.updated or self.deleted or self.quarantined
        return self.kind != DRIFT and not (self.error or changed)

    @property
    def extends(self) -> bool:
        """Whether it read the table and found nothing new, as the run before it may have."""
        return self.kind == SCAN and self.quiet


class Extended(Struct, frozen=True, kw_only=True):
    """What the row of several cycles said before the newest, `cycle`, was added to it."""

    cycle: int
    number: int
    full_cycles: int
    ended_at: datetime
    seconds: float | None
    requests: int
    last_started_at: datetime | None


class Job(Struct, frozen=True, kw_only=True):
    """The last good run of one rhythm of the schedule: see `rhythm.py`."""

    job: str
    ran_at: datetime  # the host's clock
    cycle: int = 0  # how many full cycles there had been
    failed: tuple[str, ...] = ()  # tables that it could not bring up to date


class Request(Struct, frozen=True, kw_only=True):
    """Something asked of the running instance. `answer` is None until it has been done."""

    id: int
    at: datetime
    command: str  # pause, resume, sync, resync, confirm
    argument: str = ""
    by: str = ""  # as it says itself
    role: str = ""  # of its session, which is known on PostgreSQL only
    done_at: datetime | None = None
    answer: str | None = None


def begin_cycle(database: Any, at: datetime, asked: Sequence[str] = ()) -> int:
    """Count one more cycle, a full one unless only some tables are `asked` for.

    Both counts grow across restarts. Returns its number.
    """
    number, full = _newest(database)
    if number and _changed(database) >= number:
        take_out(database, number)
    CycleRecord.insert(
        number=number + 1, started_at=at, asked=list(asked) or None, full_cycles=full + (not asked)
    ).execute(database)
    return number + 1


def full_cycles(database: Any) -> int:
    """How many full cycles have begun, the one in hand included."""
    return _newest(database)[1]


def _newest(database: Any) -> tuple[int, int]:
    query = CycleRecord.select(CycleRecord.number, CycleRecord.full_cycles)
    found = query.order_by(CycleRecord.number.desc()).limit(1).tuples().execute(database)
    return next(iter(found), (0, 0))


def forget(database: Any, at: datetime) -> bool:
    """Drop some cycles, with their runs, that ended longer ago than they are kept; whether there may be more.

    The newest cycle stays, and so does each table's last good run.
    """
    fn, before = peewee.fn, at - KEPT
    bounds = CycleRecord.select(fn.MIN(CycleRecord.number), fn.MAX(CycleRecord.number))
    oldest, newest = next(iter(bounds.tuples().execute(database)))
    AlertRecord.delete().where(AlertRecord.ended_at < before).execute(database)
    ControlRecord.delete().where(ControlRecord.done_at < at - FORGOTTEN).execute(database)
    if oldest is None:
        return False
    old = fn.COALESCE(CycleRecord.ended_at, CycleRecord.started_at) < CycleRecord.started_at.db_value(before)
    here = old, CycleRecord.number < min(oldest + MOST, newest)
    (upto,) = CycleRecord.select(fn.MAX(CycleRecord.number)).where(*here).tuples().execute(database)[0]
    if upto:
        good = RunRecord.select(fn.MAX(RunRecord.id)).where(_GOOD).group_by(RunRecord.table_name)
        kept = [newest for (newest,) in good.tuples().execute(database)]
        CycleRecord.delete().where(CycleRecord.number <= upto).execute(database)
        RunRecord.delete().where(RunRecord.cycle <= upto, RunRecord.id.not_in(kept)).execute(database)
    return upto is not None


def end_cycle(database: Any, cycle: Cycle, runs: Sequence[Run] = (), jobs: Sequence[Job] = ()) -> None:
    """Write down how it went, what it did to each table, and which rhythms have had a good run with it.

    Where nothing happened since a cycle like it, that one's row is extended instead: a mirror at rest does
    not grow. What ends late may still take it out of there again.
    """
    record_runs(database, runs)
    for job in jobs:
        record_job(database, job)
    values = {
        "ended_at": cycle.ended_at, "seconds": cycle.seconds, "rows": cycle.rows, "requests": cycle.requests,
        "failed": list(cycle.failed),
    }  # fmt: skip
    like = None if cycle.rows or cycle.failed else _like(database, cycle.number)
    here = CycleRecord.number == cycle.number
    if like is None:
        CycleRecord.update(**values).where(here).execute(database)
        return
    mine = CycleRecord.one(database, here)
    same = {name: getattr(like, name) for name in Extended.__struct_fields__ if name != "cycle"}
    extended = Extended(cycle=mine.number, **same)
    fact = {"key": EXTENDED, "value": json.encode(extended).decode()}
    FactRecord.save_over(database, fact, key=("key",))
    CycleRecord.delete().where(here).execute(database)
    values |= {
        "number": mine.number, "last_started_at": mine.started_at, "full_cycles": mine.full_cycles,
        "cycles": like.cycles + 1,
    }  # fmt: skip
    CycleRecord.update(**values).where(CycleRecord.number == like.number).execute(database)


def take_out(database: Any, number: int) -> None:
    """Something has happened in a cycle after its end: where a row speaks of it and of others, part them."""
    fact = FactRecord.one(database, FactRecord.key == EXTENDED)
    before = json.decode(fact.value, type=Extended) if fact else None
    if before is None or before.cycle != number:
        return
    mine = CycleRecord.one(database, CycleRecord.number == number)
    FactRecord.delete().where(FactRecord.key == EXTENDED).execute(database)
    rest = {name: getattr(before, name) for name in Extended.__struct_fields__ if name != "cycle"}
    CycleRecord.update(**rest, cycles=mine.cycles - 1).where(CycleRecord.number == number).execute(database)
    CycleRecord.insert(
        number=number, started_at=mine.last_started_at, ended_at=mine.ended_at, seconds=mine.seconds,
        requests=mine.requests, failed=mine.failed, asked=mine.asked, full_cycles=mine.full_cycles,
    ).execute(database)  # fmt: skip


def _changed(database: Any) -> int:
    """In which cycle a row was changed last."""
    newest = ChangeRecord.select(ChangeRecord.cycle).order_by(ChangeRecord.seq.desc()).limit(1)
    return max((row.cycle for row in newest.execute(database)), default=0)


def _like(database: Any, number: int) -> Any:
    """The row of the newest cycle that asked for the same, if nothing has happened since; else None."""
    changed = _changed(database)
    query = CycleRecord.select().where(CycleRecord.number <= number)
    mine, *before = list(query.order_by(CycleRecord.number.desc()).limit(LATELY).execute(database)) or [None]
    for record in before:
        if changed >= record.number or record.ended_at is None or record.rows or record.failed:
            return None
        loud = RunRecord.select(RunRecord.id).where(RunRecord.cycle >= record.number, ~_QUIET).limit(1)
        if list(loud.execute(database)):
            return None
        if (record.asked or None) == (mine.asked or None):
            return record
    return None


def last_cycles(database: Any, limit: int) -> list[Cycle]:
    """The newest cycles, newest first."""
    query = CycleRecord.select().order_by(CycleRecord.number.desc()).limit(limit)
    return [read_cycle(record) for record in query.execute(database)]


def record_runs(database: Any, runs: Sequence[Run]) -> None:
    """Write down what a cycle did to tables: in the row of the run before where neither changed anything.

    A table may have failed after a run that went well.
    """
    extended: list[dict[str, Any]] = []
    for run in runs:
        values = asdict(run)
        values["table_name"] = values.pop("table")
        last = RunRecord.newest(database, table_name=run.table) if run.extends else None
        if last is None or not read_run(last).extends:
            if not run.quiet:
                take_out(database, run.cycle)
            RunRecord.insert(**values).execute(database)
            continue
        newest = {name: values[name] for name in NEWEST}
        first = last.first_cycle or last.cycle
        extended.append({**newest, "cycles": last.cycles + 1, "first_cycle": first, "id": last.id})
    RunRecord.amend(database, extended)


def last_job(database: Any, name: str) -> Job | None:
    """The last good run of a rhythm; None: it never had one."""
    record = JobRecord.one(database, JobRecord.job == name)
    if record is None:
        return None
    return Job(job=record.job, ran_at=record.ran_at, cycle=record.cycle, failed=tuple(record.failed or ()))


def record_job(database: Any, job: Job) -> None:
    """A rhythm has had a good run."""
    JobRecord.save_over(database, {**asdict(job), "failed": list(job.failed)}, key=("job",))


def last_runs(database: Any, limit: int, table: str | None = None) -> list[Run]:
    """The newest runs, newest first, of one table or of all."""
    query = RunRecord.select().order_by(RunRecord.id.desc()).limit(limit)
    if table is not None:
        query = query.where(RunRecord.table_name == table)
    return [read_run(record) for record in query.execute(database)]


def last_good(database: Any, table: str) -> datetime | None:
    """When `table` was last read without an error."""
    here = RunRecord.table_name == table, _GOOD
    query = RunRecord.select().where(*here).order_by(RunRecord.id.desc()).limit(1)
    return next((record.ended_at or record.started_at for record in query.execute(database)), None)


def last_hour(database: Any, at: datetime) -> LastHour:
    """How old changes were when they were committed, in the runs that began in the hour before `at`."""
    here = RunRecord.delays.is_null(False), RunRecord.started_at > at - HOUR
    query = RunRecord.select(RunRecord.started_at, RunRecord.delays).where(*here).order_by(RunRecord.id)
    found = LastHour()
    for record in query.execute(database):
        found = found.add(record.started_at, {int(bucket): rows for bucket, rows in record.delays.items()})
    return found


def ask(database: Any, *, command: str, argument: str, by: str, at: datetime) -> int:
    """Leave a request for the running instance; its id."""
    query = ControlRecord.insert(command=command, argument=argument, by=by, at=at)
    found = query.returning(ControlRecord.id).execute(database)
    return int(next(iter(found)).id)


def open_requests(database: Any) -> list[Request]:
    """What has been asked and not yet done, oldest first: of more than PORTION the oldest and the newest."""
    found: dict[int, Request] = {}
    for order in (ControlRecord.id, ControlRecord.id.desc()):
        query = _bounded().where(ControlRecord.done_at.is_null()).order_by(order).limit(PORTION // 2)
        found |= {record.id: _request(record) for record in query.execute(database)}
    return [found[id_] for id_ in sorted(found)]


def _bounded() -> Any:
    """A query for requests, which anybody may have written, cut to what can be one."""
    fields = [
        peewee.fn.SUBSTR(field, 1, LONG[field.name]).alias(field.name) if field.name in LONG else field
        for field in ControlRecord._meta.sorted_fields  # noqa: SLF001 - peewee's public place for them
    ]
    return ControlRecord.select(*fields)


def refuse_flood(database: Any, text: str, at: datetime) -> int:
    """Answer what was asked while OPEN requests waited, but for the newest; how many were refused.

    At most REFUSED of them at once, so that no answer to others waits for long.
    """
    mine = ControlRecord.alias()
    waiting = mine.select(mine.id).where(mine.done_at.is_null())
    first = [id_ for (id_,) in waiting.order_by(mine.id).limit(1).offset(OPEN).tuples().execute(database)]
    if not first:
        return 0
    newest = waiting.order_by(mine.id.desc()).limit(1).offset(PORTION // 2 - 1).tuples().execute(database)
    (upto,) = next(iter(newest))
    some = waiting.where(mine.id >= first[0], mine.id < upto).order_by(mine.id).limit(REFUSED)
    return int(
        ControlRecord.update(done_at=at, answer=text).where(ControlRecord.id.in_(some)).execute(database)
    )


def answer(database: Any, id_: int, text: str, at: datetime) -> None:
    """The request has been done, unless it was answered before."""
    here = (ControlRecord.id == id_) & ControlRecord.done_at.is_null()
    ControlRecord.update(done_at=at, answer=text).where(here).execute(database)


def request(database: Any, id_: int) -> Request | None:
    """One request, with its answer if there is one."""
    record = ControlRecord.one(database, ControlRecord.id == id_)
    return None if record is None else _request(record)


def read_cycle(record: Any) -> Cycle:
    """What a record of a cycle says."""
    names = {"failed", "asked"}
    same = {name: getattr(record, name) for name in Cycle.__struct_fields__ if name not in names}
    return Cycle(failed=tuple(record.failed or ()), asked=tuple(record.asked or ()), **same)


def read_run(record: Any) -> Run:
    """What a record of a run says."""
    names: Sequence[str] = [name for name in Run.__struct_fields__ if name != "table"]
    return Run(table=record.table_name, **{name: getattr(record, name) for name in names})


def _request(record: Any) -> Request:
    return Request(**{name: getattr(record, name) for name in Request.__struct_fields__})
