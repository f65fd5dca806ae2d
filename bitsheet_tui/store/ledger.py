"""What happened: cycles, what each did to each table, and what is asked of the running instance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from msgspec import Struct
from msgspec.structs import asdict

from bitsheet_tui.freshness import HOUR, LastHour
from bitsheet_tui.store.models import AlertRecord, ControlRecord, CycleRecord, RunRecord
from bitsheet_tui.store.orm import peewee

FORGOTTEN = timedelta(days=30)  # requests that were answered longer ago
KEPT = timedelta(days=90)  # cycles and their runs, whether they went well or not; alerts that are over
MOST = 2000  # cycles forgotten at once, so that a long history costs no long pause
DRIFT = "drift"  # the kind of a run that read nothing
_GOOD = (RunRecord.error == "") & (RunRecord.kind != DRIFT)


class Cycle(Struct, frozen=True, kw_only=True):
    """One pass over the due tables. Without `ended_at` it is running, or its process died."""

    number: int
    started_at: datetime
    ended_at: datetime | None = None
    seconds: float | None = None
    rows: int = 0  # inserted and updated
    requests: int = 0
    failed: tuple[str, ...] = ()


class Run(Struct, frozen=True, kw_only=True):
    """What one cycle did to one table."""

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


class Request(Struct, frozen=True, kw_only=True):
    """Something asked of the running instance. `answer` is None until it has been done."""

    id: int
    at: datetime
    command: str  # pause, resume, sync, resync, confirm
    argument: str = ""
    by: str = ""
    done_at: datetime | None = None
    answer: str | None = None


def begin_cycle(database: Any, at: datetime) -> int:
    """Count one more cycle; its number grows across restarts. The first of a day forgets old ones."""
    newest = next(iter(last_cycles(database, 1)), None)
    number = newest.number + 1 if newest else 1
    CycleRecord.insert(number=number, started_at=at).execute(database)
    if newest and newest.started_at.date() != at.astimezone(UTC).date():
        _forget(database, at - KEPT)
    return number


def _forget(database: Any, before: datetime) -> None:
    """Drop cycles that began, and alerts that ended, before then; each table keeps its last good run."""
    fn = peewee.fn
    (oldest,) = CycleRecord.select(fn.MIN(CycleRecord.number)).tuples().execute(database)[0]
    old = CycleRecord.started_at < before, CycleRecord.number < oldest + MOST
    (upto,) = CycleRecord.select(fn.MAX(CycleRecord.number)).where(*old).tuples().execute(database)[0]
    if upto:
        good = RunRecord.select(fn.MAX(RunRecord.id)).where(_GOOD).group_by(RunRecord.table_name)
        kept = [newest for (newest,) in good.tuples().execute(database)]
        CycleRecord.delete().where(CycleRecord.number <= upto).execute(database)
        RunRecord.delete().where(RunRecord.cycle <= upto, RunRecord.id.not_in(kept)).execute(database)
    AlertRecord.delete().where(AlertRecord.ended_at < before).execute(database)


def end_cycle(database: Any, cycle: Cycle) -> None:
    """Write down how it went."""
    values = {
        "ended_at": cycle.ended_at, "seconds": cycle.seconds, "rows": cycle.rows, "requests": cycle.requests,
        "failed": list(cycle.failed),
    }  # fmt: skip
    CycleRecord.update(**values).where(CycleRecord.number == cycle.number).execute(database)


def last_cycles(database: Any, limit: int) -> list[Cycle]:
    """The newest cycles, newest first."""
    query = CycleRecord.select().order_by(CycleRecord.number.desc()).limit(limit)
    return [cycle(record) for record in query.execute(database)]


def record_run(database: Any, run: Run) -> None:
    """Write down what a cycle did to a table."""
    values = asdict(run)
    values["table_name"] = values.pop("table")
    RunRecord.insert(**values).execute(database)


def last_runs(database: Any, limit: int, table: str | None = None) -> list[Run]:
    """The newest runs, newest first, of one table or of all."""
    query = RunRecord.select().order_by(RunRecord.id.desc()).limit(limit)
    if table is not None:
        query = query.where(RunRecord.table_name == table)
    return [run(record) for record in query.execute(database)]


def last_good(database: Any, table: str) -> datetime | None:
    """When `table` was last read without an error."""
    here = RunRecord.table_name == table, _GOOD
    query = RunRecord.select(RunRecord.started_at).where(*here).order_by(RunRecord.id.desc()).limit(1)
    return next((record.started_at for record in query.execute(database)), None)


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
    """What has been asked and not yet done, oldest first."""
    query = ControlRecord.select().where(ControlRecord.done_at.is_null()).order_by(ControlRecord.id)
    return [_request(record) for record in query.execute(database)]


def answer(database: Any, id_: int, text: str, at: datetime) -> None:
    """The request has been done, unless it was answered before; old requests are forgotten."""
    here = (ControlRecord.id == id_) & ControlRecord.done_at.is_null()
    ControlRecord.update(done_at=at, answer=text).where(here).execute(database)
    ControlRecord.delete().where(ControlRecord.done_at < at - FORGOTTEN).execute(database)


def request(database: Any, id_: int) -> Request | None:
    """One request, with its answer if there is one."""
    record = ControlRecord.one(database, ControlRecord.id == id_)
    return None if record is None else _request(record)


def cycle(record: Any) -> Cycle:
    """What a record of a cycle says."""
    same = {name: getattr(record, name) for name in Cycle.__struct_fields__ if name != "failed"}
    return Cycle(failed=tuple(record.failed or ()), **same)


def run(record: Any) -> Run:
    """What a record of a run says."""
    names: Sequence[str] = [name for name in Run.__struct_fields__ if name != "table"]
    return Run(table=record.table_name, **{name: getattr(record, name) for name in names})


def _request(record: Any) -> Request:
    return Request(**{name: getattr(record, name) for name in Request.__struct_fields__})
