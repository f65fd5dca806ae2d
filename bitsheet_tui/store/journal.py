"""What the books tell: cycles and runs by filter, alerts, quarantine; newest first, a page at a time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct

from bitsheet_tui.store import ledger, quarantine
from bitsheet_tui.store.database import Database
from bitsheet_tui.store.ledger import Cycle, Run
from bitsheet_tui.store.models import AlertRecord, ColumnRecord, CycleRecord, QuarantineRecord, RunRecord
from bitsheet_tui.store.quarantine import Quarantined

NEAR = 200  # runs that are looked through for those of one cycle


class Told(Struct, frozen=True, kw_only=True):
    """An alert as it is kept. `ended_at` is None while it stands."""

    key: str
    severity: str  # error, warning
    text: str
    hint: str
    since: datetime
    ended_at: datetime | None
    times: int


class Grown(Struct, frozen=True, kw_only=True):
    """When a column of a table came, and when its field left the portal."""

    field: str
    column: str | None
    title: str
    type: str
    kind: str
    multiple: bool
    first_seen: datetime
    retired_at: datetime | None


def cycles(database: Database, *, below: int | None, failed: bool, limit: int) -> list[Cycle]:
    """The newest cycles under number `below`; with `failed` only those that left a table behind."""
    query = CycleRecord.select().order_by(CycleRecord.number.desc()).limit(limit)
    if below is not None:
        query = query.where(CycleRecord.number < below)
    if failed:  # a list that is not empty; null while it runs, or where its process died
        query = query.where(CycleRecord.failed.cast("TEXT") != "[]")
    return [ledger.read_cycle(record) for record in query.execute(database.peewee)]


def runs(
    database: Database,
    *,
    cycle: int | None = None,
    table: str | None = None,
    failed: bool = False,
    limit: int,
) -> list[Run]:
    """The newest runs of a cycle, of a table, or of all; with `failed` only those with an error."""
    if cycle is not None:
        return _of_cycle(database, cycle, limit)
    query = RunRecord.select().order_by(RunRecord.id.desc()).limit(limit)
    if table is not None:
        query = query.where(RunRecord.table_name == table)
    if failed:
        query = query.where(RunRecord.error != "")
    return [ledger.read_run(record) for record in query.execute(database.peewee)]


def _of_cycle(database: Database, cycle: int, limit: int) -> list[Run]:
    """The runs of one cycle, those among them that changed nothing as far as they are found soon."""
    asked = CycleRecord.select(CycleRecord.asked).where(CycleRecord.number == cycle)
    names = next((record.asked for record in asked.execute(database.peewee)), None)
    query = RunRecord.select().where(RunRecord.cycle >= cycle).order_by(RunRecord.cycle, RunRecord.id)
    found = [ledger.read_run(record) for record in query.limit(NEAR).execute(database.peewee)]
    mine = [run for run in found if (run.first_cycle or run.cycle) <= cycle]
    return [run for run in mine if not names or run.table in names][::-1][:limit]


def alerts(database: Database, *, limit: int) -> list[Told]:
    """Those that stand first, then the newest."""
    query = AlertRecord.select().order_by(AlertRecord.ended_at.is_null().desc(), AlertRecord.since.desc())
    return [
        Told(**{name: getattr(record, name) for name in Told.__struct_fields__})
        for record in query.limit(limit).execute(database.peewee)
    ]


def set_aside(database: Database, table: str | None, *, limit: int) -> list[Quarantined]:
    """The rows that could not be stored, of one table or of all, those seen last first."""
    query = QuarantineRecord.select().order_by(QuarantineRecord.last_seen.desc(), QuarantineRecord.row_id)
    if table is not None:
        query = query.where(QuarantineRecord.table_name == table)
    return [quarantine.read(record) for record in query.limit(limit).execute(database.peewee)]


def columns(database: Database, table: str) -> Sequence[Grown]:
    """The columns of a table, in the order of the portal's description."""
    query = ColumnRecord.select().where(ColumnRecord.table_name == table)
    query = query.order_by(ColumnRecord.position, ColumnRecord.field)
    return [_grown(record) for record in query.execute(database.peewee)]


def _grown(record: Any) -> Grown:
    same = {name: getattr(record, name) for name in Grown.__struct_fields__ if name != "column"}
    return Grown(column=record.column_name, **same)
