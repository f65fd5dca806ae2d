"""The bookkeeping tables: what the mirror knows about itself. All are named bitsheet_*."""

# ruff: noqa: D106 - peewee wants a nested class for what is not a column

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any

from bitsheet_tui.store.dialects import quote
from bitsheet_tui.store.orm import peewee


class InstantField(peewee.Field):  # type: ignore[misc]
    """An aware moment in UTC, in the same form as in the mirrored tables."""

    field_type = "INSTANT"

    def db_value(self, value: datetime | None) -> str | None:
        """ISO 8601, which both databases take."""
        return None if value is None else value.astimezone(UTC).isoformat()

    def python_value(self, value: Any) -> datetime | None:
        """SQLite gives the text back, PostgreSQL the moment."""
        if value is None:
            return None
        moment = datetime.fromisoformat(value) if isinstance(value, str) else value
        return moment.astimezone(UTC)


class DocumentField(peewee.Field):  # type: ignore[misc]
    """A JSON document."""

    field_type = "DOCUMENT"

    def db_value(self, value: Any) -> str | None:
        """JSON text, which both databases take."""
        return None if value is None else json.dumps(value, ensure_ascii=False)

    def python_value(self, value: str | None) -> Any:
        """Both databases give text back."""
        return None if value is None else json.loads(value)


class Record(peewee.Model):  # type: ignore[misc]
    """A table of ours. It belongs to no database: each query is told where to run."""

    class Meta:
        legacy_table_names = False

    @classmethod
    def one(cls, database: Any, *where: Any) -> Any:
        """The first record that fits, or None."""
        found = list(cls.select().where(*where).limit(1).execute(database))
        return found[0] if found else None

    @classmethod
    def newest(cls, database: Any, **values: Any) -> Any:
        """The record with these values and the highest id, or None."""
        columns = [field.column_name for field in cls._meta.sorted_fields]
        sql = _newest(cls._meta.table_name, tuple(columns), tuple(values), database.param)
        found = database.execute_sql(sql, cls._stored(values)).fetchone()
        if found is None:
            return None
        pairs = zip(cls._meta.sorted_fields, found, strict=True)
        return cls(**{field.name: field.python_value(value) for field, value in pairs})

    @classmethod
    def save_over(cls, database: Any, values: dict[str, Any], *, key: tuple[str, ...]) -> None:
        """Insert `values`, or let them replace what is there under the same key."""
        defaults = {field.name: value for field, value in cls._meta.defaults.items()}
        row = {**defaults, **values}
        others = tuple(name for name in values if name not in key)
        sql = _upsert(cls._meta.table_name, tuple(row), key, others, database.param)
        database.execute_sql(sql, cls._stored(row))

    @classmethod
    def amend(cls, database: Any, rows: Sequence[dict[str, Any]]) -> None:
        """Let records have other values; of each row the last is the id. All name the same columns."""
        if rows:
            *names, key = rows[0]
            sql = _update(cls._meta.table_name, tuple(names), key, database.param)
            database.connection().cursor().executemany(sql, [cls._stored(row) for row in rows])

    @classmethod
    def _stored(cls, values: dict[str, Any]) -> tuple[Any, ...]:
        fields = cls._meta.fields
        return tuple(fields[name].db_value(value) for name, value in values.items())


# The statements of every cycle, which peewee would put together anew each time. Every name in them is ours.


@cache
def _newest(table: str, columns: tuple[str, ...], where: tuple[str, ...], mark: str) -> str:
    wanted, here = _named(columns), " AND ".join(f"{quote(name)} = {mark}" for name in where)
    return f"SELECT {wanted} FROM {table} WHERE {here} ORDER BY id DESC LIMIT 1"  # noqa: S608


@cache
def _upsert(
    table: str, columns: tuple[str, ...], key: tuple[str, ...], others: tuple[str, ...], mark: str
) -> str:
    marks = ", ".join(mark for _ in columns)
    over = ", ".join(f"{quote(name)} = excluded.{quote(name)}" for name in others)
    return (
        f"INSERT INTO {table} ({_named(columns)}) VALUES ({marks})"  # noqa: S608
        f" ON CONFLICT ({_named(key)}) DO {f'UPDATE SET {over}' if over else 'NOTHING'}"
    )


@cache
def _update(table: str, columns: tuple[str, ...], key: str, mark: str) -> str:
    changes = ", ".join(f"{quote(name)} = {mark}" for name in columns)
    return f"UPDATE {table} SET {changes} WHERE {quote(key)} = {mark}"  # noqa: S608


def _named(columns: Sequence[str]) -> str:
    return ", ".join(map(quote, columns))


class FactRecord(Record):
    """Facts about the whole mirror: schema version, cycle number, holder."""

    key = peewee.TextField(primary_key=True)
    value = peewee.TextField()

    class Meta:
        table_name = "bitsheet_meta"


class ColumnRecord(Record):
    """What each column of a mirrored table holds. A retired one is no longer a field of the portal."""

    table_name = peewee.TextField()
    field = peewee.TextField()  # the portal's name
    column_name = peewee.TextField(null=True)  # none: the field lives in the column `extra`
    kind = peewee.TextField()
    type = peewee.TextField(default="")
    title = peewee.TextField(default="")
    multiple = peewee.BooleanField(default=False)
    values_json = DocumentField(null=True)
    position = peewee.IntegerField(default=0)
    first_seen = InstantField()
    retired_at = InstantField(null=True)
    # how its values are kept from being read; see `privacy`
    rule = peewee.TextField(default="", constraints=[peewee.SQL("DEFAULT ''")])

    class Meta:
        table_name = "bitsheet_columns"
        primary_key = peewee.CompositeKey("table_name", "field")


class CheckpointRecord(Record):
    """How far each table has been read."""

    table_name = peewee.TextField(primary_key=True)
    watermark = InstantField(null=True)
    previous = InstantField(null=True)
    reach = peewee.BigIntegerField(null=True)
    floor = peewee.BigIntegerField(null=True)
    fill_started = InstantField(null=True)
    unread = DocumentField(null=True)
    scan_started = InstantField(null=True)
    top = peewee.BigIntegerField(null=True)
    progress = DocumentField(null=True)
    snapshot = peewee.TextField(null=True)  # the newest marker that the change feed has; see `feed`

    class Meta:
        table_name = "bitsheet_checkpoints"


class CycleRecord(Record):
    """One pass over the due tables, or several in a row in which nothing happened.

    Without an end it runs, or its process died.
    """

    number = peewee.BigIntegerField(primary_key=True)
    started_at = InstantField()
    ended_at = InstantField(null=True)
    seconds = peewee.DoubleField(null=True)
    rows = peewee.BigIntegerField(default=0)
    requests = peewee.BigIntegerField(default=0)
    failed = DocumentField(null=True)  # names of tables
    cycles = peewee.BigIntegerField(default=1)  # how many this row speaks of; `started_at` is the first's
    last_started_at = InstantField(null=True)  # the newest's; none: there is one
    asked = DocumentField(null=True)  # the tables that somebody asked for; none: a full cycle
    full_cycles = peewee.BigIntegerField(default=0)  # full ones so far, this one included

    class Meta:
        table_name = "bitsheet_cycles"


class RunRecord(Record):
    """What one cycle did to one table, or several in a row that changed nothing of it."""

    id = peewee.BigAutoField()
    cycle = peewee.BigIntegerField(index=True)
    table_name = peewee.TextField()
    kind = peewee.TextField(default="scan")
    started_at = InstantField()
    seconds = peewee.DoubleField(default=0)
    inserted = peewee.BigIntegerField(default=0)
    updated = peewee.BigIntegerField(default=0)
    unchanged = peewee.BigIntegerField(default=0)
    deleted = peewee.BigIntegerField(default=0)
    quarantined = peewee.BigIntegerField(default=0)
    requests = peewee.BigIntegerField(default=0)
    retries = peewee.BigIntegerField(default=0)
    watermark_before = InstantField(null=True)
    watermark_after = InstantField(null=True)
    freshness_p50 = peewee.DoubleField(null=True)
    freshness_p95 = peewee.DoubleField(null=True)
    delays = DocumentField(null=True)  # bucket -> rows
    error = peewee.TextField(default="")
    hint = peewee.TextField(default="")
    cycles = peewee.BigIntegerField(default=1)  # how many this row speaks of; `started_at` is the first's
    first_cycle = peewee.BigIntegerField(null=True)  # none: `cycle`, which is the newest
    ended_at = InstantField(null=True)

    class Meta:
        table_name = "bitsheet_table_runs"
        indexes = ((("table_name", "id"), False),)


class ChangeRecord(Record):
    """The change feed."""

    seq = peewee.BigAutoField()
    at = InstantField()
    cycle = peewee.BigIntegerField()
    table_name = peewee.TextField()
    row_id = peewee.TextField(null=True)  # none for a snapshot
    op = peewee.TextField()
    before = DocumentField(null=True)
    after = DocumentField(null=True)

    class Meta:
        table_name = "bitsheet_changes"
        indexes = ((("table_name", "seq"), False),)


class CursorRecord(Record):
    """How far a consumer of the change feed has come."""

    name = peewee.TextField(primary_key=True)
    seq = peewee.BigIntegerField()
    moved_at = InstantField()
    description = peewee.TextField(default="", constraints=[peewee.SQL("DEFAULT ''")])

    class Meta:
        table_name = "bitsheet_cursors"


class UntoldRecord(Record):
    """A row that changed in fields that change without meaning, since the change feed told of it last."""

    table_name = peewee.TextField()
    row_id = peewee.TextField()
    told = peewee.TextField()  # JSON: column -> the value told last, and the first one that differed from it

    class Meta:
        table_name = "bitsheet_untold"
        primary_key = peewee.CompositeKey("table_name", "row_id")


class QuarantineRecord(Record):
    """Values that contradict their kind, and, where `field` is empty, rows that could not be stored."""

    table_name = peewee.TextField()
    row_id = peewee.TextField()
    field = peewee.TextField()
    value = peewee.TextField(null=True)  # as the portal spelt it; of a row its JSON
    reason = peewee.TextField()
    first_seen = InstantField()
    last_seen = InstantField()
    times = peewee.BigIntegerField(default=1)

    class Meta:
        table_name = "bitsheet_quarantine"
        primary_key = peewee.CompositeKey("table_name", "row_id", "field")


class ForgottenRecord(Record):
    """A row of the portal of which nothing is kept, whenever it is read."""

    table_name = peewee.TextField()
    row_id = peewee.BigIntegerField()
    at = InstantField()  # the host's clock
    gone_at = InstantField(null=True)  # since when the portal does not have it either

    class Meta:
        table_name = "bitsheet_forgotten"
        primary_key = peewee.CompositeKey("table_name", "row_id")


class DiscussionRecord(Record):
    """The comments of one task: where they are and up to when they were read."""

    task_id = peewee.BigIntegerField(primary_key=True)
    forum_topic_id = peewee.BigIntegerField(null=True)
    chat_id = peewee.BigIntegerField(null=True)
    known_forum = peewee.BooleanField(default=True)
    activity_date = InstantField(null=True)
    read_at = InstantField(null=True)
    readable = peewee.BooleanField(default=True)
    # the permission of the webhook without which it is not readable
    lacks = peewee.TextField(default="", constraints=[peewee.SQL("DEFAULT ''")])
    # seconds from the last reading to the last activity: negative when read later, huge when never read
    behind = peewee.BigIntegerField()
    # comments that seem to have vanished and are not marked
    held = peewee.BigIntegerField(default=0, constraints=[peewee.SQL("DEFAULT 0")])
    # the chat was once shown to be whole, from its newest message down to this, the lowest; 0: it was empty
    proved_from = peewee.BigIntegerField(null=True)

    class Meta:
        table_name = "bitsheet_discussions"


class ReconcileRecord(Record):
    """What is known about rows that may be gone from the portal: one record for each table."""

    table_name = peewee.TextField(primary_key=True)
    cycle = peewee.BigIntegerField(default=0)  # of the last complete comparison
    due = peewee.BooleanField(default=False)
    facts = DocumentField(null=True)  # what the webhook was allowed then
    held = peewee.BigIntegerField(default=0)
    reason = peewee.TextField(default="")
    held_since = InstantField(null=True)
    confirmed = peewee.BigIntegerField(default=0)
    audit_below = peewee.BigIntegerField(null=True)
    audited_at = InstantField(null=True)
    compared_at = InstantField(null=True)
    count_seconds = peewee.DoubleField(null=True)
    count_used = peewee.DoubleField(default=0)
    marked = peewee.DoubleField(default=0)
    marked_at = InstantField(null=True)

    class Meta:
        table_name = "bitsheet_reconciles"


class JobRecord(Record):
    """When each rhythm of the schedule had its last good run."""

    job = peewee.TextField(primary_key=True)
    ran_at = InstantField()  # the host's clock
    cycle = peewee.BigIntegerField(default=0)  # how many full cycles there had been
    failed = DocumentField(null=True)  # tables that it could not bring up to date

    class Meta:
        table_name = "bitsheet_jobs"


class AlertRecord(Record):
    """What is wrong, or was: one record for each alert there ever was."""

    key = peewee.TextField(primary_key=True)
    kind = peewee.TextField(default="", constraints=[peewee.SQL("DEFAULT ''")])
    about = peewee.TextField(default="", constraints=[peewee.SQL("DEFAULT ''")])
    tables = DocumentField(null=True)  # names
    state = peewee.TextField()
    severity = peewee.TextField(default="")
    text = peewee.TextField(default="")
    hint = peewee.TextField(default="", constraints=[peewee.SQL("DEFAULT ''")])
    since = InstantField()
    told_at = InstantField(null=True)
    ended_at = InstantField(null=True)
    times = peewee.BigIntegerField(default=1)

    class Meta:
        table_name = "bitsheet_alerts"


class ControlRecord(Record):
    """What somebody asks of the running instance, and its answer."""

    id = peewee.BigAutoField()
    at = InstantField()
    command = peewee.TextField()
    argument = peewee.TextField(default="")
    by = peewee.TextField(default="")  # what whoever asks says of itself
    done_at = InstantField(null=True)
    answer = peewee.TextField(null=True)
    # PostgreSQL's own word for whoever asks: see migrations
    role = peewee.TextField(default="", constraints=[peewee.SQL("DEFAULT ''")])

    class Meta:
        table_name = "bitsheet_control"


class ContactPointRecord(Record):
    """Phones, addresses and the like, one a row."""

    owner_table = peewee.TextField()
    owner_id = peewee.BigIntegerField()
    id = peewee.BigIntegerField()
    type = peewee.TextField(null=True)
    value_type = peewee.TextField(null=True)
    value = peewee.TextField(null=True)
    synced_at = InstantField(column_name="_synced_at")
    deleted_at = InstantField(column_name="_deleted_at", null=True)

    class Meta:
        table_name = "contact_points"
        primary_key = peewee.CompositeKey("owner_table", "owner_id", "id")


RECORDS: tuple[type[Record], ...] = (
    FactRecord, ColumnRecord, CheckpointRecord, CycleRecord, RunRecord, ChangeRecord, UntoldRecord,
    QuarantineRecord, ForgottenRecord, DiscussionRecord, ReconcileRecord, AlertRecord, ControlRecord,
    JobRecord, CursorRecord, ContactPointRecord,
)  # fmt: skip


def create_all(database: Any, records: tuple[type[Record], ...] = RECORDS) -> None:
    """Create the tables and their indexes where they are missing."""
    for record in records:
        peewee.SchemaManager(record, database=database).create_all(safe=True)
