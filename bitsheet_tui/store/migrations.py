"""The bookkeeping tables through the versions of this program: forward in one transaction, never back."""

import json
from collections.abc import Callable

from bitsheet_tui.errors import NoMirror, StoreUnavailable
from bitsheet_tui.fields import Kind
from bitsheet_tui.store import snapshots
from bitsheet_tui.store.database import Database
from bitsheet_tui.store.models import (
    CursorRecord,
    FactRecord,
    ForgottenRecord,
    JobRecord,
    QuarantineRecord,
    UntoldRecord,
    create_all,
)

VERSION_KEY = "schema_version"


def _create(database: Database) -> None:
    create_all(database.peewee)
    last = " NULLS LAST" if database.dialect.name == "postgresql" else ""  # SQLite sorts them so anyway
    database.execute(
        "CREATE INDEX bitsheet_discussions_due ON bitsheet_discussions"
        f" (behind, activity_date DESC{last}, task_id DESC)"
    )


def _reconcile(database: Database) -> None:
    create_all(database.peewee)
    _add(database, "bitsheet_discussions", {"held": "BIGINT NOT NULL DEFAULT 0"})


def _alerts(database: Database) -> None:
    text = "TEXT NOT NULL DEFAULT ''"
    document = "JSONB" if database.dialect.name == "postgresql" else "TEXT"
    _add(database, "bitsheet_alerts", {"kind": text, "about": text, "hint": text, "tables": document})
    database.execute(  # those of before were of one kind; the next cycle tells them anew, with what to do
        "UPDATE bitsheet_alerts SET kind = 'deletions_held', about = substr(key, 16) WHERE kind = ''"
    )


def _stretches(database: Database) -> None:
    document = "JSONB" if database.dialect.name == "postgresql" else "TEXT"
    _add(database, "bitsheet_checkpoints", {"unread": document})


def _closed(database: Database) -> None:
    _add(database, "bitsheet_discussions", {"lacks": "TEXT NOT NULL DEFAULT ''"})
    database.execute(
        "CREATE INDEX IF NOT EXISTS bitsheet_discussions_closed"
        " ON bitsheet_discussions (read_at) WHERE NOT readable"
    )


def _proofs(database: Database) -> None:
    _add(database, "bitsheet_discussions", {"proved_from": "BIGINT"})
    database.execute(
        "CREATE INDEX IF NOT EXISTS bitsheet_discussions_unproved"
        " ON bitsheet_discussions (read_at) WHERE proved_from IS NULL AND chat_id IS NOT NULL"
    )


def _values(database: Database) -> None:
    """Quarantine holds single values; the rows in it stay as they were, and are tried at the next start.

    One whose JSON could not be kept has no value from then on (`_unkept` lets it be read again), and without
    an id, too, it is forgotten: nothing would ever release it. A view that somebody has built upon the table
    stays as it is, so it is no other table afterwards.
    """
    cursor = database.execute("SELECT * FROM bitsheet_quarantine LIMIT 0")
    if "row_json" not in {column[0] for column in cursor.description}:
        return
    unstorable = "substr(row_json, 1, 14) = '{\"unstorable\":'"
    database.execute(f"DELETE FROM bitsheet_quarantine WHERE {unstorable} AND row_id = ''")  # noqa: S608
    if database.dialect.name == "postgresql":
        table = "ALTER TABLE bitsheet_quarantine"
        database.execute(
            f"{table} ALTER COLUMN row_json DROP NOT NULL, ADD COLUMN field TEXT NOT NULL DEFAULT ''"
        )
        database.execute(f"UPDATE bitsheet_quarantine SET row_json = NULL WHERE {unstorable}")  # noqa: S608
        database.execute(f"{table} RENAME COLUMN row_json TO value")
        database.execute(f"{table} DROP CONSTRAINT bitsheet_quarantine_pkey")
        database.execute(f"{table} ADD PRIMARY KEY (table_name, row_id, field)")
        return
    kept = database.rows(
        f"SELECT table_name, row_id, '', CASE WHEN {unstorable} THEN NULL ELSE row_json END,"  # noqa: S608
        " reason, first_seen, last_seen, times FROM bitsheet_quarantine"
    )
    database.execute("DROP TABLE bitsheet_quarantine")
    create_all(database.peewee, (QuarantineRecord,))
    database.many(f"INSERT INTO bitsheet_quarantine VALUES ({database.dialect.marks(8)})", kept)  # noqa: S608


def _previous(database: Database) -> None:
    _add(database, "bitsheet_checkpoints", {"previous": database.dialect.types[Kind.INSTANT]})


def _freshness(database: Database) -> None:
    postgresql = database.dialect.name == "postgresql"
    number, document = ("DOUBLE PRECISION", "JSONB") if postgresql else ("DOUBLE", "TEXT")
    _add(
        database,
        "bitsheet_table_runs",
        {"freshness_p50": number, "freshness_p95": number, "delays": document},
    )
    database.execute(
        "CREATE INDEX IF NOT EXISTS bitsheet_table_runs_delays"
        " ON bitsheet_table_runs (started_at) WHERE delays IS NOT NULL"
    )


def _unkept(database: Database) -> None:
    """A backfill reads the rows again whose JSON could not be kept: nothing but their ids is known."""
    kept = database.rows(
        "SELECT table_name, row_id FROM bitsheet_quarantine WHERE field = '' AND value IS NULL"
    )
    lost: dict[str, set[tuple[int, int]]] = {}
    for table, id_ in kept:
        if id_.isascii() and id_.isdigit():
            lost.setdefault(table, set()).add((int(id_) - 1, int(id_) + 1))
    mark = database.dialect.mark
    for table, floor, told in database.rows("SELECT table_name, floor, unread FROM bitsheet_checkpoints"):
        if floor is None or table not in lost:
            continue
        rest = [(above, below) for above, below in json.loads(told or "[]")] or (
            [(0, floor)] if floor else []
        )
        unread = sorted({*rest, *lost[table]}, reverse=True)
        database.execute(
            f"UPDATE bitsheet_checkpoints SET floor = {mark}, unread = {mark} WHERE table_name = {mark}",  # noqa: S608
            (max(below for _, below in unread), json.dumps(unread), table),
        )


def _snapshots(database: Database) -> None:
    create_all(database.peewee, (UntoldRecord,))
    snapshots.take_over(database)


def _quiet_cycles(database: Database) -> None:
    """Cycles in which nothing happens are one row, and only full ones count for the schedule."""
    create_all(database.peewee, (JobRecord,))
    document = "JSONB" if database.dialect.name == "postgresql" else "TEXT"
    instant, one = database.dialect.types[Kind.INSTANT], "BIGINT NOT NULL DEFAULT 1"
    cycles = {"cycles": one, "last_started_at": instant, "asked": document}
    cycles["full_cycles"] = "BIGINT NOT NULL DEFAULT 0"
    _add(database, "bitsheet_cycles", cycles)
    runs = {"cycles": one, "first_cycle": "BIGINT", "ended_at": instant}
    _add(database, "bitsheet_table_runs", runs)
    double = "DOUBLE PRECISION" if database.dialect.name == "postgresql" else "REAL"
    reconciles = {"compared_at": instant, "count_seconds": double, "marked_at": instant}
    reconciles |= dict.fromkeys(("marked", "count_used"), f"{double} NOT NULL DEFAULT 0")
    _add(database, "bitsheet_reconciles", reconciles)
    database.execute("UPDATE bitsheet_cycles SET full_cycles = number WHERE full_cycles = 0")


def _asker(database: Database) -> None:
    """Who asks is written down by the server: what a session says of itself may be anything.

    The function runs as whoever inserts, and `session_user` is the role that has connected.
    """
    _add(database, "bitsheet_control", {"role": "TEXT NOT NULL DEFAULT ''"})
    database.execute(
        "CREATE INDEX IF NOT EXISTS bitsheet_control_open ON bitsheet_control (id) WHERE done_at IS NULL"
    )
    if database.dialect.name == "postgresql":
        database.execute(
            "CREATE OR REPLACE FUNCTION bitsheet_asker() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            " IF TG_OP = 'INSERT' THEN NEW.role := session_user; ELSE NEW.role := OLD.role; END IF;"
            " RETURN NEW; END $$"
        )
        database.execute(
            "DROP TRIGGER IF EXISTS bitsheet_asker ON bitsheet_control;"
            " CREATE TRIGGER bitsheet_asker BEFORE INSERT OR UPDATE ON bitsheet_control"
            " FOR EACH ROW EXECUTE FUNCTION bitsheet_asker()"
        )


def _cursors(database: Database) -> None:
    create_all(database.peewee, (CursorRecord,))


def _privacy(database: Database) -> None:
    """Columns say under which rule they are stored, and who is forgotten has a list."""
    create_all(database.peewee, (ForgottenRecord,))
    _add(database, "bitsheet_columns", {"rule": "TEXT NOT NULL DEFAULT ''"})


def _add(database: Database, table: str, columns: dict[str, str]) -> None:
    """Add what is not there; a mirror that is made now has them from the start."""
    known = {column[0] for column in database.execute(f"SELECT * FROM {table} LIMIT 0").description}  # noqa: S608
    for name, kind in columns.items():
        if name not in known:
            database.execute(f"ALTER TABLE {table} ADD COLUMN {name} {kind}")


STEPS: tuple[Callable[[Database], None], ...] = (
    _create, _reconcile, _alerts, _stretches, _closed, _proofs, _values, _previous, _freshness, _unkept,
    _snapshots, _quiet_cycles, _asker, _cursors, _privacy,
)  # fmt: skip
"""The n-th step makes version n out of version n - 1; an empty database is version 0."""


def version(database: Database) -> int:
    """The version of the bookkeeping tables; 0 when there are none."""
    if not database.peewee.table_exists(FactRecord._meta.table_name):  # noqa: SLF001 - peewee's public place for it
        return 0
    record = FactRecord.one(database.peewee, FactRecord.key == VERSION_KEY)
    return int(record.value) if record else 0


def migrate(database: Database, steps: tuple[Callable[[Database], None], ...] = STEPS) -> None:
    """Bring the tables up to date. Raises StoreUnavailable when a newer program made them."""

    def work() -> None:
        found = version(database)
        refuse_newer(database, found, len(steps))
        for number, step in enumerate(steps[found:], start=found + 1):
            step(database)
            FactRecord.save_over(database.peewee, {"key": VERSION_KEY, "value": str(number)}, key=("key",))
            database.driver.stamp(number)

    if version_is_current(database, len(steps)):
        return
    database.write(work)


def version_is_current(database: Database, known: int) -> bool:
    """Whether there is nothing to do, so that no transaction is needed."""
    return database.read(lambda: version(database)) == known


def expect(database: Database) -> None:
    """Raises NoMirror where there is none, StoreUnavailable where it is of another version than ours."""
    found, known = database.read(lambda: version(database)), len(STEPS)
    if not found:
        raise NoMirror(
            f"There is no mirror at {database.label} yet.",
            hint="Start bitsheet-tui, or let store.url name the mirror.",
        )
    refuse_newer(database, found)
    if found < known:
        raise StoreUnavailable(
            f"The mirror {database.label} was made by an older bitsheet-tui"
            f" (version {found} of its tables; this one reads {known}).",
            hint="Start bitsheet-tui, or its service again: that brings it forward, and every row stays.",
        )


def refuse_newer(database: Database, found: int, known: int = len(STEPS)) -> None:
    """Raises StoreUnavailable when the tables are of a version this program does not know."""
    if found > known:
        raise StoreUnavailable(
            f"The mirror {database.label} was made by a newer bitsheet-tui"
            f" (version {found} of its tables; this one knows {known}).",
            hint="Install the newer bitsheet-tui; nothing was changed.",
        )
