"""Answers a question in somebody's own SQL, over a session that can do nothing but read, and not for long."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import suppress
from itertools import islice
from pathlib import Path
from time import monotonic
from typing import Any

from msgspec import Struct

from bitsheet_tui.errors import QuestionBroken
from bitsheet_tui.secret import Secret
from bitsheet_tui.store.database import Database
from bitsheet_tui.text import plain

SECONDS = 20.0  # that an answer may take
MOST = 1000  # rows that it may have
LONGEST = 2**24  # bytes of a value
STEPS = 20_000  # of SQLite's machine between two looks at the clock: some milliseconds
READING = frozenset(
    {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE}
)
# what is wrong with the question itself (sqlite.org/rescode.html), and not with the store
ITS_OWN = frozenset(
    {
        sqlite3.SQLITE_ERROR,
        sqlite3.SQLITE_AUTH,
        sqlite3.SQLITE_INTERRUPT,
        sqlite3.SQLITE_TOOBIG,
        sqlite3.SQLITE_MISMATCH,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_NOMEM,
    }
)
# classes of SQLSTATE (postgresql.org/docs/current/errcodes-appendix.html) of which the same is true
OF_ITSELF = frozenset({"0A", "20", "21", "25", "2F", "34", "38", "39", "3F", "42", "54", "P0"})
TIMED_OUT = "57014"
HINT = "Mend the question in the configuration, and let it be read again (SIGHUP, or a new start)."
SLOW = "it takes longer than {seconds:.0f} s"
UNFIT = "a value does not fit what is done with it (SQLSTATE {state})"
LARGE = "its answer has more than {count:,} rows"


class Answer(Struct, frozen=True):
    """The columns and rows of an answer."""

    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]


class Asking:
    """One question under way. `end` may be called from any thread."""

    def __init__(self, url: Secret, *, schema: str, base: Path | None) -> None:
        self._database = Database(url, schema=schema, base=base, readonly=True, locked=False)
        self._ended = False

    def ask(self, sql: str, *, seconds: float = SECONDS, most: int = MOST) -> Answer:
        """The answer. Raises QuestionBroken where the question is to blame, or StoreError."""
        database = self._database
        query = _ask_sqlite if database.dialect.name == "sqlite" else _ask_postgresql
        try:
            database.open()
            columns, rows = query(database, sql, seconds, most, lambda: self._ended)
        except sqlite3.Warning as error:  # it is more than one statement
            raise QuestionBroken(plain(error), HINT) from error
        except database.driver.errors as error:
            raise _meaning(database, error, seconds) from error
        finally:
            database.close()
        if len(rows) > most:
            raise QuestionBroken(LARGE.format(count=most), HINT)
        return Answer(tuple(plain(name, 60) for name in columns), rows)

    def end(self) -> None:
        """Give it up."""
        self._ended = True
        driver = self._database.driver
        with suppress(*driver.errors):  # it has ended by itself meanwhile
            driver.interrupt()


def _ask_sqlite(
    database: Database, sql: str, seconds: float, most: int, ended: Callable[[], bool]
) -> tuple[list[str], list[tuple[Any, ...]]]:
    """The file is open for reading only; besides, nothing but reading passes the authorizer."""
    connection = database.peewee.connection()
    deadline = monotonic() + seconds
    connection.execute("PRAGMA query_only = ON")
    connection.execute("PRAGMA temp_store = FILE")  # a big sort is not to be ours to remember
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LONGEST)
    connection.set_progress_handler(lambda: monotonic() > deadline or ended(), STEPS)
    connection.set_authorizer(authorize)
    cursor = connection.cursor()
    cursor.execute(sql)
    return [name for name, *_ in cursor.description or ()], cursor.fetchmany(most + 1)


def authorize(action: int, *told: str | None) -> int:
    """For sqlite3's `set_authorizer`: nothing but reading passes."""
    if action == sqlite3.SQLITE_FUNCTION and "load_extension" in told:
        return sqlite3.SQLITE_DENY
    return sqlite3.SQLITE_OK if action in READING else sqlite3.SQLITE_DENY


def _ask_postgresql(
    database: Database, sql: str, seconds: float, most: int, ended: Callable[[], bool]
) -> tuple[list[str], list[tuple[Any, ...]]]:
    """Row by row, so that no more than are wanted come over; it goes as one statement, never as several."""
    connection = database.peewee.connection()
    connection.autocommit = True
    connection.execute(f"SET statement_timeout = {int(seconds * 1000)}")
    connection.execute("BEGIN READ ONLY")
    cursor = connection.cursor()
    if ended():
        return [], []
    stream = cursor.stream(sql)
    rows = [tuple(row) for row in islice(stream, most + 1)]
    columns = [column.name for column in cursor.description or ()]
    stream.close()
    return columns, rows


def _meaning(database: Database, error: Exception, seconds: float) -> Exception:
    original: Any = getattr(error, "orig", error)
    code, state = getattr(original, "sqlite_errorcode", None), getattr(original, "sqlstate", None) or ""
    if (code is not None and code & 0xFF == sqlite3.SQLITE_INTERRUPT) or state == TIMED_OUT:
        return QuestionBroken(SLOW.format(seconds=seconds), HINT)
    of_sqlite = code is None or code & 0xFF in ITS_OWN
    if state[:2] == "22":  # what the server says of it has the value in it
        return QuestionBroken(UNFIT.format(state=state), HINT)
    itself = state[:2] in OF_ITSELF if database.dialect.name == "postgresql" else of_sqlite
    if itself:
        return QuestionBroken(plain(str(original).partition("\n")[0]), HINT)
    return database.driver.translate(error)
