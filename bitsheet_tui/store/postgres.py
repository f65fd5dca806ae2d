"""A mirror in a PostgreSQL schema: a session with limits, a lock on it, its errors told by meaning."""

from __future__ import annotations

import json
import secrets
import select
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from time import monotonic, sleep
from typing import Any

from bitsheet_tui.errors import (
    StoreDamaged,
    StoreError,
    StoreFull,
    StoreLocked,
    StoreRefused,
    StoreUnavailable,
)
from bitsheet_tui.store import values
from bitsheet_tui.store.address import PostgresAddress
from bitsheet_tui.store.dialects import POSTGRESQL, quote
from bitsheet_tui.store.lock import Holder, advisory_key, cursor_key, cursors_key, held, register_key
from bitsheet_tui.store.orm import peewee, psycopg_driver
from bitsheet_tui.text import plain

Select = Callable[..., str]  # the columns to begin with -> SELECT
OWN_SCHEMA, SHARED_SCHEMA = "bitsheet", "public"
APPLICATION = "bitsheet-tui"
CONNECTION = {
    "connect_timeout": 10, "tcp_user_timeout": 10_000, "application_name": APPLICATION,
    "keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3,
}  # fmt: skip
SESSION = {  # whatever the role, the database, the server or libpq's environment say
    "client_encoding": "UTF8",
    "DateStyle": "ISO, YMD",
    "IntervalStyle": "postgres",
    "TimeZone": "UTC",
    "default_transaction_isolation": "read committed",
    "default_transaction_deferrable": "off",
    "transform_null_equals": "off",
    "standard_conforming_strings": "on",
    "statement_timeout": "60s",
    "lock_timeout": "10s",
    "transaction_timeout": "0",  # since PostgreSQL 17
    "idle_in_transaction_session_timeout": "60s",
    "idle_session_timeout": "0",  # since PostgreSQL 14: between two cycles a session may be idle for long
    "client_min_messages": "warning",
}
SET = """
SELECT set_config(s.name, s.setting, false) FROM unnest(%s::text[], %s::text[]) AS s (name, setting)
JOIN pg_settings p ON lower(p.name) = lower(s.name)
"""
MASK = 2**32 - 1
TRUSTED = """
WITH RECURSIVE ours AS (SELECT oid FROM pg_roles WHERE rolname = current_user
 UNION SELECT m.roleid FROM pg_auth_members m JOIN ours ON m.member = ours.oid),
trusted AS (TABLE ours UNION SELECT oid FROM pg_roles WHERE rolsuper)
"""  # us, the roles that we are a member of, and superusers, as whom pg_has_role knows everybody
STRANGE = f"""{TRUSTED}, here AS (
 SELECT oid, relname, relkind, relowner FROM pg_class
 WHERE relnamespace = to_regnamespace(quote_ident(%s)) AND relkind IN ('r', 'p', 'v', 'm', 'f')
)
SELECT relname, 'belongs to the role ' || pg_get_userbyid(relowner) FROM here
WHERE starts_with(relname, 'bitsheet_') AND relowner NOT IN (TABLE trusted)
UNION ALL
SELECT relname, 'has the trigger ' || tgname || ' of the role ' || pg_get_userbyid(proowner)
FROM here JOIN pg_trigger ON tgrelid = here.oid JOIN pg_proc p ON p.oid = tgfoid
WHERE NOT tgisinternal AND proowner NOT IN (TABLE trusted)
UNION ALL
SELECT relname, 'has the rule ' || rulename FROM here JOIN pg_rewrite ON ev_class = here.oid
WHERE relkind IN ('r', 'p')
"""  # noqa: S608 - nobody's words are in it
WRITERS = """
SELECT CASE l.objsubid WHEN 2 THEN l.objid::bigint END, r.rolname, a.backend_start, a.client_addr::text
FROM (SELECT to_regclass('bitsheet_meta') AS meta, to_regnamespace(quote_ident(%s)) AS schema) here,
 pg_locks l
JOIN pg_stat_activity a USING (pid) JOIN pg_roles r ON r.oid = a.usesysid
WHERE l.locktype = 'advisory' AND l.granted AND (%s OR l.pid <> pg_backend_pid())
AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
AND ((l.objsubid = 2 AND l.classid = %s::bigint::oid)
 OR (l.objsubid = 1 AND l.classid = %s::bigint::oid AND l.objid = %s::bigint::oid))
AND CASE WHEN here.meta IS NOT NULL THEN has_table_privilege(r.oid, here.meta, 'UPDATE')
 ELSE has_schema_privilege(r.oid, here.schema, 'CREATE') END
ORDER BY l.objsubid DESC, a.backend_start
"""
AGAIN = frozenset({"40001", "40P01"})  # serialization failure, deadlock: the transaction may be repeated
GONE = frozenset({"57P01", "57P02", "57P03", "57P05"})  # terminated, crashed, cannot connect now, idle
READ_ONLY = "25006"
ELSEWHERE = frozenset({READ_ONLY, "26000"})  # no primary any more; a statement of another session
OUTDATED = "RevalidateCachedQuery"  # the server's function that finds a prepared statement has other columns
TIMED_OUT = frozenset({"57014"})
OF_A_ROW = frozenset({"22", "23", "44", "54", "P0"})  # data, integrity, limits; what a trigger raises
TOO_BIG = "54000"  # program_limit_exceeded, which it is called (54001 is a statement's)
OTHER_TYPE = "42804"
OTHER_COLUMNS = "42P16"  # a view cannot be replaced by one with other columns
LOCKED = "55P03"
PATIENCE = "1s"  # for a lock that a change of a table needs
LINGER = 2.0  # seconds: a killed instance's session lives on until the server notices
FEED = "bitsheet_changes"  # the channel; each notice names the schema of its mirror
ROWS = "bitsheet_rows"  # the cursor through which a table is read
LOOK = 0.25  # seconds after which a replica is looked at again
READING = "15min"  # for which whoever reads a snapshot may keep the server waiting
COMMITS = "commits"  # in bitsheet_meta: how many its holders have made
DAMAGED = frozenset({"XX001", "XX002"})  # data, index corrupted; XX000 is any internal error
NO_RIGHT = "42501"
DENIED = frozenset({"28000", "28P01"})


class Postgres:
    """One schema on a PostgreSQL server as the store's database."""

    dialect = POSTGRESQL
    begin: tuple[str, ...] = ()

    def __init__(self, address: PostgresAddress, *, readonly: bool, locked: bool) -> None:
        self._psycopg: Any = psycopg_driver()
        self.errors: tuple[type[Exception], ...] = (self._psycopg.Error, peewee.PeeweeException)
        self.label = address.label
        self.schema = address.schema
        self.readonly = readonly
        self._locked = locked
        self._key = advisory_key(address.database, address.schema)
        self._register = register_key(address.database, address.schema)
        self._cursor_keys = cursors_key(address.database, address.schema)
        self.lock_number: int | None = _any_number()  # that nobody can guess and take before us
        self._commits: tuple[int, ...] = ()  # what the mirror may count, as far as this process knows
        self.astray = False  # the mirror is not as this process left it
        self.arrived = False  # whether the commit that got no answer turned out to be done
        self._called = False
        self._listens: bool | None = None  # to those who append to the change feed; None: not yet
        self.told = False  # whether the transaction in hand has lines for the change feed
        self._cursors: set[str] = set()  # that this session has taken
        self._news = False  # whether they told of something since `listen`
        secret = {name: one.reveal() for name, one in address.secrets.items()}
        if address.password:
            secret["password"] = address.password.reveal()
        self.db = peewee.PostgresqlDatabase(
            address.database, prefer_psycopg3=True, thread_safe=False, autoconnect=False,
            field_types={"INSTANT": "TIMESTAMPTZ", "DOCUMENT": "JSONB"},
            **{**CONNECTION, **self._wanted(address), **address.options, **secret},
        )  # fmt: skip
        self._patience = int(self.db.connect_params["connect_timeout"])

    def connect(self, within: float) -> None:
        """Open a session in so many seconds, create the schema if it is missing, take the lock on it."""
        self.db.connect_params["connect_timeout"] = min(self._patience, round(within))
        self.db.connect(reuse_if_open=True)
        connection = self.db.connection()
        self._listens = None
        self._cursors.clear()
        # JSON comes back as the canonical text that went in
        self._psycopg.types.json.set_json_loads(lambda data: values.canonical(json.loads(data)), connection)
        if self.readonly:
            connection.prepare_threshold = None  # whoever writes may change the columns at any time
        self.db.execute_sql(SET, (list(SESSION), list(SESSION.values())))
        self._look_around()
        if self.readonly:
            self.db.execute_sql("SET default_transaction_read_only = on")
        elif self._locked:
            self._need_schema()
        self.db.execute_sql(f"SET search_path = {quote(self.schema)}, pg_temp")
        if self._locked:
            self._take_lock()
            self._recognise()
            connection.add_notify_handler(self._take_call)  # those that come with the answer to a query
            self.db.execute_sql(f"LISTEN {self._channel}")

    def _wanted(self, address: PostgresAddress) -> dict[str, str]:
        """Of several hosts, the one that may be written to."""
        several = "," in address.options.get("host", "")
        return {"target_session_attrs": "read-write"} if several and not self.readonly else {}

    def _look_around(self) -> None:
        """Learn the database's own name. Raises StoreUnavailable where it cannot hold every text.

        The name in the URL may be another one, which a pooler between us knows; the lock is the server's.
        """
        (database, encoding) = self.db.execute_sql(
            "SELECT current_database(), current_setting('server_encoding')"
        ).fetchone()
        self.schema = self.schema or self._chosen_schema()
        self._key = advisory_key(database, self.schema)
        self._register = register_key(database, self.schema)
        self._cursor_keys = cursors_key(database, self.schema)
        if encoding != "UTF8":
            raise StoreUnavailable(
                f"{self.label} is encoded as {encoding}, in which not every text can be kept.",
                hint=f"Let store.url name another database: CREATE DATABASE {plain(database)}_utf8"
                " ENCODING 'UTF8' TEMPLATE template0;",
            )

    def _chosen_schema(self) -> str:
        """Where the mirror is, if nobody has named a schema: every command finds the same.

        In `public` whoever may make tables there can make some that look like ours: a mirror there counts
        only if it is of our role, of one that we are a member of, or of a superuser, who can do anything in
        any case. Raises StoreUnavailable where it is somebody else's.
        """
        found = self.db.execute_sql(
            TRUSTED + "SELECT n.nspname, pg_get_userbyid(c.relowner), c.relowner IN (TABLE trusted)"  # noqa: S608 - nobody's words
            " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
            " WHERE c.relname = 'bitsheet_meta' AND n.nspname IN (%s, %s)",
            (OWN_SCHEMA, SHARED_SCHEMA),
        ).fetchall()
        owners = {schema: (owner, trusted) for schema, owner, trusted in found}
        if OWN_SCHEMA in owners or SHARED_SCHEMA not in owners:
            return OWN_SCHEMA
        owner, trusted = owners[SHARED_SCHEMA]
        if not trusted:
            raise StoreUnavailable(
                f"The mirror in the schema public of {self.label} belongs to the role {plain(owner, 63)}.",
                hint="If it is yours, set store.schema to public; otherwise to a schema of your own.",
            )
        return SHARED_SCHEMA

    def _need_schema(self) -> None:
        """Make the schema where it is missing: even for one that is there that takes a right of its own."""
        there = "SELECT 1 FROM pg_namespace WHERE nspname = %s"
        if not self.db.execute_sql(there, (self.schema,)).fetchone():
            self.db.execute_sql(f"CREATE SCHEMA IF NOT EXISTS {quote(self.schema)}")

    def strange(self) -> dict[str, str]:
        """The tables here on which others than we, our roles and superusers have a say, and by what.

        A trigger's function and a rule run as whoever writes to the table. Of tables of our own names the
        owner counts as well: others could have prepared them.
        """
        return {
            table: plain(why, 200) for table, why in self.db.execute_sql(STRANGE, (self.schema,)).fetchall()
        }

    @property
    def _channel(self) -> str:
        return f"bitsheet_control_{self._key & (2**64 - 1):016x}"

    def disconnect(self) -> None:
        """End the session, and with it its lock."""
        try:
            self.db.close()
        except self.errors:
            self.db._state.reset()  # noqa: SLF001 - the connection is broken; peewee has no word for "forget it"

    def interrupt(self) -> None:
        """End the statement that runs, if one does; any thread may say so."""
        if not self.db.is_closed():
            self.db.connection().cancel()

    def close(self) -> None:
        """End the session and let others write, at once: the server ends a session in its own time."""
        if (self._locked or self._cursors) and not self.db.is_closed():
            with suppress(*self.errors):  # a broken session has lost its lock already
                self.db.execute_sql("SELECT pg_advisory_unlock_all()")
        self.disconnect()

    def holder(self) -> Holder | None:
        """Who writes to this mirror; None: nobody. Of a process is believed what its own session tells."""
        found = self._writers(ourselves=True)
        if not found:
            return None
        told = self._told()
        for number, _, _, _ in found:
            if told and told.lock == number:
                return told
        _, role, since, host = found[0]
        return Holder(role=plain(role, 63), since=since, host=plain(host or "", 80))

    def _writers(self, *, ourselves: bool = False) -> list[tuple[int | None, str, Any, str | None]]:
        """The sessions that are registered as writers, but for our own: number, role, begin, host.

        Anybody who may connect can take any advisory lock: only of a role that may write to the mirror it
        means something. Instances before this one take the one lock of the mirror, and tell no number.
        """
        return list(
            self.db.execute_sql(
                WRITERS, (self.schema, ourselves, self._register & MASK, *_halves(self._key))
            ).fetchall()
        )

    def called(self) -> bool:
        """Whether somebody has notified us since the last look; nothing is sent to the server for that."""
        connection = self.db.connection()
        connection.pgconn.consume_input()
        while connection.pgconn.notifies():
            self._called = True
        called, self._called = self._called, False
        return called

    def call_holder(self) -> None:
        """Let whoever holds the lock know, once this transaction is committed."""
        self.db.execute_sql("SELECT pg_notify(%s, '')", (self._channel,))

    def identity(self) -> tuple[object, ...]:
        """What makes it this mirror and no other, by whatever name it is reached, until a restart."""
        row = self.db.execute_sql("SELECT current_database(), pg_postmaster_start_time()").fetchone()
        return (*row, self.schema)

    def continue_numbers(self, table: str, column: str, last: int) -> None:
        """The next number that the table gives to a row is higher than `last`, and than any that is there."""
        self.db.execute_sql(
            "SELECT setval(pg_get_serial_sequence(%s, %s), greatest(%s,"  # noqa: S608 - our own names
            f" (SELECT coalesce(max({quote(column)}), 1) FROM {quote(table)}), 1))",
            (table, column, last),
        )

    def before_write(self) -> None:
        """Nothing to look at: a lost session says so itself."""

    def listen(self) -> None:
        """From now on `await_commit` knows of what is told to the change feed.

        A physical replica cannot be listened to (postgresql.org/docs/current/hot-standby.html): that one is
        looked at.
        """
        if self._listens is None:
            (replica,) = self.db.execute_sql("SELECT pg_is_in_recovery()").fetchone()
            if not replica:
                self.db.connection().add_notify_handler(self._take_news)
                self.db.execute_sql(f"LISTEN {quote(FEED)}")
            self._listens = not replica
        self._news = False

    def await_commit(self, woken: int, seconds: float) -> bool:
        """Whether anything was told to the change feed since `listen`, or may have been, in so many seconds.

        False at once when there is something to read from the descriptor `woken`.
        """
        connection, until = self.db.connection(), monotonic() + seconds
        while not self._news and (left := until - monotonic()) > 0:
            heard, _, _ = select.select(
                [woken, connection.fileno()], [], [], left if self._listens else min(left, LOOK)
            )
            if woken in heard:
                return False
            if heard:
                connection.pgconn.consume_input()
                while notice := connection.pgconn.notifies():
                    self._news |= notice.extra.decode(errors="replace") == self.schema
            elif not self._listens:
                return True
        return self._news

    def _take_news(self, notice: Any) -> None:
        """Those that come with the answer to a query."""
        self._news |= notice.channel == FEED and notice.payload == self.schema

    def take_cursor(self, name: str) -> bool:
        """Whether this session has the named cursor of the change feed from now on: no other one has it."""
        if name not in self._cursors:
            keys = self._cursor_keys, cursor_key(name)
            if not self._try("%s::int, %s::int", *keys):
                return False
            self._cursors.add(name)
        return True

    def begin_snapshot(self) -> None:
        """From the next query on, what others write is not seen. Whoever reads it out may take his time."""
        self.db.execute_sql("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        self.db.execute_sql(f"SET LOCAL idle_in_transaction_session_timeout = '{READING}'")

    def end_snapshot(self) -> None:
        """It is seen again."""
        self.db.execute_sql("ROLLBACK")

    def stream(self, sql: str) -> Stream:
        """The rows of a query, which the server does not send before they are fetched. In a transaction."""
        return Stream(self.db.connection().cursor(), sql, self.errors)

    def before_commit(self) -> None:
        """Count the commit, in the same transaction: a server that forgets it is found out.

        Whoever listens is told of lines for the change feed, without another trip to the server.

        So is another writer, if ever there is one: the number is not the next one then. Raises
        StoreUnavailable, and nothing of the transaction is done.
        """
        notify, news = (", pg_notify(%s, %s)", (FEED, self.schema)) if self.told else ("", ())
        if self._locked:
            (count, *_) = self.db.execute_sql(
                "INSERT INTO bitsheet_meta (key, value) VALUES (%s, '1') ON CONFLICT (key)"  # noqa: S608 - marks
                " DO UPDATE SET value = bitsheet_meta.value::bigint + 1"
                f" RETURNING value{notify}",
                (COMMITS, *news),
            ).fetchone()
            before = int(count) - 1
            if self._commits and before not in self._commits:
                raise self._astray()
            self._commits = before, int(count)  # until it is known to be done
        elif self.told:
            self.db.execute_sql(f"SELECT {notify[2:]}", news)

    def after_commit(self) -> None:
        """The commit is done."""
        self._commits, self.arrived = self._commits[-1:], False

    def accept(self) -> None:
        """Whatever is there now is the mirror."""
        self._commits = ()

    def lost(self, error: Exception) -> bool:
        """Whether trying again, on a new session if need be, makes sense."""
        state = _state(error)
        if state in AGAIN | GONE | ELSEWHERE or state[:2] == "08" or _outdated(error):
            return True
        return not self.db.is_closed() and (self.db.connection().closed or self.db.connection().broken)

    def says_why(self, error: Exception) -> bool:
        """Whether it is more than a consequence of another error."""
        return bool(_state(error)) and not self.rejected(error)

    def rejected(self, error: Exception) -> bool:
        """Whether it is the fault of one row, so that others can be stored."""
        if isinstance(error, OverflowError | ValueError):
            return True
        if isinstance(_original(error), self._psycopg.DataError | self._psycopg.IntegrityError):
            return True
        return _state(error)[:2] in OF_A_ROW or _state(error) == OTHER_TYPE

    def too_big(self, error: Exception) -> bool:
        """Whether a row has more than fits into a page."""
        return _state(error) == TOO_BIG

    def translate(self, error: Exception) -> StoreError:
        """The error, by its meaning (postgresql.org/docs/current/errcodes-appendix.html)."""
        state, text = _state(error), plain(error)
        if state == "53100":
            return StoreFull(
                f"There is no space left at {self.label}.", "Free some space; the mirror goes on by itself."
            )
        if state in DAMAGED:
            return StoreDamaged(f"{self.label} reports damage: {text}.", "Restore it from a backup.")
        if state == LOCKED or state in AGAIN:
            return StoreLocked(
                f"{self.label} is in use: {text}.", "A mirror that runs tries again by itself."
            )
        if state == NO_RIGHT:
            return StoreRefused(f"{self.label} refuses: {text}.", "Check the rights of the role.")
        unavailable = self._unavailable(state, text)
        if unavailable is None or isinstance(_original(error), self._psycopg.DataError):
            return StoreRefused(
                f"{self.label} refuses a statement: {text}.",
                "What it names keeps the table from being mirrored; the other tables go on.",
            )
        return StoreUnavailable(*unavailable)

    def _unavailable(self, state: str, text: str) -> tuple[str, str] | None:
        """What to say of an error that is no fault of the statement, and what to do."""
        if state == READ_ONLY:
            return (
                f"{self.label} may only be read: {text}.",
                "It goes on by itself once it may write. If it is a standby, let store.url name its primary.",
            )
        if state in DENIED or "authentication" in text:
            return (
                f"{self.label} refuses: {text}.",
                "Check the user, the password and the rights of the role.",
            )
        if state in TIMED_OUT:
            return f"{self.label} did not answer in time.", "A mirror that runs tries again by itself."
        if state and state[:2] not in {"08", "53", "57"}:
            return None
        return f"{self.label} cannot be reached: {text}.", "A mirror that runs tries again by itself."

    def may_load(self) -> bool:
        """Whether temporary tables may be made, which is a right of its own."""
        (may,) = self.db.execute_sql(
            "SELECT has_database_privilege(current_database(), 'TEMPORARY')"
        ).fetchone()
        return bool(may)

    def size_bytes(self) -> int:
        """The tables of the schema with their indexes."""
        (size,) = self.db.execute_sql(
            "SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0)::bigint FROM pg_class c"
            " JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = %s AND c.relkind = 'r'",
            (self.schema,),
        ).fetchone()
        return int(size)

    def stamp(self, version: int) -> None:
        """The version stands in bitsheet_meta only."""

    def backlog(self) -> int:
        """Whoever reads for long holds up the server, which has its own means against that."""
        return 0

    def rest(self) -> None:
        """The pages of the database are the server's."""

    def overwrite(self, on: bool) -> None:
        """The server overwrites nothing by itself."""

    def clean(self, tables: Collection[str], *, whole: bool) -> bool:  # noqa: ARG002 - the server's business
        """Let the server use the room again of what was deleted; it keeps the bytes until it does.

        Its statistics have frequent values of columns, so they are made anew.
        """
        (limit,) = self.db.execute_sql("SHOW statement_timeout").fetchone()
        self.db.execute_sql("SET statement_timeout = 0")
        try:
            self.db.execute_sql(f"VACUUM (ANALYZE) {', '.join(map(quote, tables))}")
        finally:
            self.db.execute_sql("SELECT set_config('statement_timeout', %s, false)", (limit,))
        return False

    def altering(self) -> None:
        """Let this transaction wait a moment for whoever reads, and then work as long as it takes.

        Whoever waits for a lock lets nobody past that came later, so it must not wait for long.
        """
        self.db.execute_sql(f"SET LOCAL lock_timeout = '{PATIENCE}'")
        self.db.execute_sql("SET LOCAL statement_timeout = 0")  # a rewrite is one statement, however long

    def blockers(self, names: Sequence[str]) -> str:
        """Who has locked these tables or views, in a few words; empty where nobody has."""
        found = self.db.execute_sql(
            "SELECT DISTINCT a.pid, a.usename, a.application_name FROM pg_locks l"
            " JOIN pg_stat_activity a USING (pid) WHERE l.granted AND l.pid <> pg_backend_pid()"
            " AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())"
            " AND l.relation IN (SELECT to_regclass(name)::oid FROM unnest(%s::text[]) AS name)"
            " ORDER BY a.pid LIMIT 3",
            ([quote(name) for name in names],),
        ).fetchall()
        return "; ".join(
            f"pid {pid} of role {plain(role, 63)}" + (f" ({plain(application, 63)})" if application else "")
            for pid, role, application in found
        )

    def replace_view(self, name: str, columns: Collection[str], select: Select) -> bool:
        """Make a view anew and leave its rights and what is built upon it; False: that cannot be done.

        PostgreSQL lets a view get more columns at its end, and nothing else
        (postgresql.org/docs/current/sql-createview.html). Options that are not repeated are lost.
        """
        there = self.db.execute_sql(
            "SELECT attname FROM pg_attribute WHERE attrelid = to_regclass(%s) AND attnum > 0"
            " AND NOT attisdropped ORDER BY attnum",
            (quote(name),),
        ).fetchall()
        first = [column for (column,) in there]
        if not set(first) <= set(columns):
            return False
        row = self.db.execute_sql(
            "SELECT reloptions FROM pg_class WHERE oid = to_regclass(%s)", (quote(name),)
        ).fetchone()
        options = f" WITH ({', '.join(row[0])})" if row and row[0] else ""
        query = select(first).replace("%", "%%")
        try:
            with self.db.savepoint():
                self.db.execute_sql(f"CREATE OR REPLACE VIEW {quote(name)}{options} AS {query}")
        except self.errors as error:
            if _state(error) != OTHER_COLUMNS:
                raise
            return False
        return True

    def _recognise(self) -> None:
        """Raises StoreUnavailable when commits of this process are missing, or others have been added.

        A server that crashes may lose what it had acknowledged, where synchronous_commit is off; so may the
        one that takes over from it; and a backup may have been restored under us.
        """
        counted = self._counted()
        if self._commits and counted not in self._commits:
            raise self._astray()
        self.arrived = counted in self._commits[1:]
        self._commits = (counted,)

    def _astray(self) -> StoreUnavailable:
        self.astray = True
        return StoreUnavailable(
            f"{self.label} is not as it was left: its newest commits are lost, or others were made.",
            hint="Nothing to do: what is missing is read again.",
        )

    def _counted(self) -> int:
        (there,) = self.db.execute_sql("SELECT to_regclass('bitsheet_meta') IS NOT NULL").fetchone()
        query = "SELECT value FROM bitsheet_meta WHERE key = %s"
        row = self.db.execute_sql(query, (COMMITS,)).fetchone() if there else None
        return int(row[0]) if row else 0

    def _take_call(self, _: object) -> None:
        self._called = True

    def _take_lock(self) -> None:
        patience = monotonic() + LINGER
        while not self._try_lock():
            if monotonic() > patience:
                raise held(self.holder() or Holder())
            sleep(LINGER / 20 * (0.5 + secrets.randbelow(100) / 100))  # two that begin at once meet once
        (kept,) = self.db.execute_sql(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()"
        ).fetchone()
        if not kept:
            raise StoreUnavailable(
                f"{self.label} gives every statement another session, so a lock means nothing there.",
                hint="Connect to PostgreSQL itself, or let PgBouncer pool sessions instead of transactions.",
            )

    def _try_lock(self) -> bool:
        """Register this session, and let it stay so if no other writer is.

        Whoever registers does so before it looks, so of two at least one sees the other. The one lock of the
        mirror is taken besides, for instances before this one.
        """
        while not self._try("%s::int, %s::int", self._register, self.lock_number):
            if self._writers():  # our session before this one, of which the server does not know yet
                return False
            self.lock_number = _any_number()
        self._try("%s", self._key)
        if not self._writers():
            return True
        self.db.execute_sql("SELECT pg_advisory_unlock_all()")
        return False

    def _try(self, marks: str, *numbers: int | None) -> bool:
        (taken,) = self.db.execute_sql(f"SELECT pg_try_advisory_lock({marks})", numbers).fetchone()
        return bool(taken)

    def _told(self) -> Holder | None:
        """What the holder wrote about itself, if its tables are there yet."""
        (there,) = self.db.execute_sql("SELECT to_regclass('bitsheet_meta') IS NOT NULL").fetchone()
        if not there:
            return None
        row = self.db.execute_sql("SELECT value FROM bitsheet_meta WHERE key = 'holder'").fetchone()
        return Holder.from_text(row[0]) if row else None


class Stream:
    """The rows of a query, through a cursor of the server."""

    def __init__(self, cursor: Any, sql: str, errors: tuple[type[Exception], ...]) -> None:
        self._cursor, self._errors = cursor, errors
        cursor.execute(f"DECLARE {ROWS} NO SCROLL CURSOR FOR {sql}")

    def fetch(self, count: int) -> list[tuple[Any, ...]]:
        """The next so many rows; none: that was all."""
        return list(self._cursor.execute(f"FETCH FORWARD {count:d} FROM {ROWS}").fetchall())

    def close(self) -> None:
        """Read no more. A transaction that has failed has closed it already."""
        with suppress(*self._errors):
            self._cursor.execute(f"CLOSE {ROWS}")
        self._cursor.close()


def _any_number() -> int:
    return secrets.randbelow(2**31)


def _halves(key: int) -> tuple[int, int]:
    unsigned = key & (2**64 - 1)
    return unsigned >> 32, unsigned & MASK


def _original(error: Exception) -> Any:
    return getattr(error, "orig", error)


def _outdated(error: Exception) -> bool:
    diagnosis = getattr(_original(error), "diag", None)
    return getattr(diagnosis, "source_function", None) == OUTDATED


def _state(error: Exception) -> str:
    """The five characters of SQLSTATE; empty when the server could not say."""
    return getattr(_original(error), "sqlstate", None) or ""
