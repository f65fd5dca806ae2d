"""A mirror in a SQLite file: checked before it is touched, opened for safety, its errors told by meaning."""

import errno
import os
import resource
import select
import sqlite3
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from time import monotonic
from typing import Any

from bitsheet_tui.errors import (
    MirrorHeld,
    NoMirror,
    StoreDamaged,
    StoreError,
    StoreFull,
    StoreRefused,
    StoreUnavailable,
)
from bitsheet_tui.ownership import foreign_link, hand_over
from bitsheet_tui.store.address import SqliteAddress
from bitsheet_tui.store.dialects import SQLITE, quote
from bitsheet_tui.store.lock import FileLock, Holder, InodeLock, held, identity_of, unuse, use
from bitsheet_tui.store.orm import peewee
from bitsheet_tui.text import plain

APPLICATION_ID = 0x62697473  # "bits", in bytes 68-71 of the file (sqlite.org/fileformat.html)
HEADER = b"SQLite format 3\0"
PRAGMAS = (
    ("busy_timeout", 5000),
    ("foreign_keys", "ON"),
    ("trusted_schema", "ON"),  # see USERS
    ("cell_size_check", "ON"),
)
# USERS: what people make in the file, for each of which OFF would end every write to its table: an index, a
# generated column, a view or a trigger with a function of JSON (which SQLite 3.38 to 3.40 takes for unsafe by
# mistake), a trigger that keeps an FTS5 or R*Tree table. Nothing is gained by OFF: it guards functions of a
# program against a hostile file, and this program gives SQLite none; loading extensions is off.
WRITING = (
    ("journal_mode", "WAL"),
    ("synchronous", "NORMAL"),  # a power cut may cost the newest pages; their checkpoint goes with them
    ("journal_size_limit", 64 * 2**20),
)
NEARLY = 64 * 2**10  # bytes; more than SQLite writes at a time
PINNED = 2**30  # bytes of the log beside the file that are too many
BROKEN = frozenset({sqlite3.SQLITE_IOERR})
FULL = frozenset({sqlite3.SQLITE_FULL})
DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
BUSY = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
REJECTED = frozenset({sqlite3.SQLITE_TOOBIG, sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_MISMATCH})
UNUSABLE = "unsafe use of"  # an index of a function that is not taken from a file (PRAGMA trusted_schema)
REFUSED = frozenset({sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_MISMATCH})
DENIED = frozenset(
    {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_AUTH}
)
Select = Callable[..., str]  # the columns to begin with -> SELECT
LOOK = 0.25  # seconds after which whoever waits for a commit looks again, which reads nothing
STATEMENTS = 24  # kept ready; one that writes a wide table takes 50 KB


class Sqlite:
    """One SQLite file as the store's database."""

    dialect = SQLITE
    lock_number: int | None = None  # its lock is a file's
    errors: tuple[type[Exception], ...] = (sqlite3.Error, peewee.PeeweeException)
    begin = ("IMMEDIATE",)  # a deferred transaction that turns into a writer fails at once when it must wait

    def __init__(self, address: SqliteAddress, *, readonly: bool, locked: bool) -> None:
        self.label = address.label
        self._named = address.path
        self.path = Path(os.path.realpath(address.path))  # SQLite keeps its -wal beside what a link leads to
        self.readonly = readonly
        self._lock = FileLock(Path(f"{self.path}.lock"))
        self._inode = InodeLock()
        self._cursors: dict[str, FileLock] = {}
        self._locked = locked
        self._file: tuple[int, int] | None = None
        self.astray = False
        self.told = False  # whether the transaction in hand has lines for the change feed
        self.arrived = False  # a file has no connection that could lose an answer
        self._version = 0  # of the file, as changed by others
        uri = f"{self.path.as_uri()}?mode={'ro' if readonly else 'rw'}"
        pragmas = PRAGMAS if readonly else PRAGMAS + WRITING
        self.db = peewee.SqliteDatabase(
            uri, pragmas=pragmas, uri=True, thread_safe=False, check_same_thread=False, autoconnect=False,
            cached_statements=STATEMENTS,
            field_types={"INSTANT": "TEXT", "DOCUMENT": "TEXT"},
        )  # fmt: skip

    def connect(self, within: float) -> None:  # noqa: ARG002 - a file answers at once
        """Open the file, which is checked first. A file that is not ours is left as it is."""
        if why := foreign_link(self._named):
            raise StoreUnavailable(
                f"{plain(self._named)} is not used: {why}.",
                hint="Let store.url name the file that it leads to, if that is meant.",
            )
        if self._locked and self.path.is_file():
            self._take_inode()
        unclean = self._examine()
        if self._locked:
            self._lock.take()
            self._claim()
            self._take_inode()
        self.db.connect(reuse_if_open=True)
        self._file = identity_of(self.path)
        use(self._file)
        if unclean and self._locked:
            self._check_health()

    def disconnect(self) -> None:
        """Close the file and keep the lock."""
        if self.db.close():
            unuse(self._file)

    def interrupt(self) -> None:
        """End the statement that runs, if one does; any thread may say so."""
        if not self.db.is_closed():
            self.db.connection().interrupt()

    def close(self) -> None:
        """Close the file and let others write."""
        self.disconnect()
        self._inode.release()
        self._lock.release()
        for cursor in self._cursors.values():
            cursor.release()

    def holder(self) -> Holder | None:
        """Who writes to this mirror; None: nobody."""
        return self._lock.holder()

    def strange(self) -> dict[str, str]:
        """Whoever may write to the file may do everything in any case."""
        return {}

    def called(self) -> bool:
        """Whether another process has written to the file since the last look."""
        (version,) = self.db.execute_sql("PRAGMA data_version").fetchone()
        before, self._version = self._version, version
        return bool(version != before)

    def call_holder(self) -> None:
        """Whoever holds the lock sees a commit by itself."""

    def identity(self) -> tuple[object, ...]:
        """What makes it this mirror and no other, by whatever name it is reached."""
        return identity_of(self.path) or (str(self.path),)

    def continue_numbers(self, table: str, column: str, last: int) -> None:
        """SQLite counts on from the highest number that is there."""

    def before_write(self) -> None:
        """Raises StoreUnavailable when the file was replaced or deleted while it was open.

        A lock file that was removed is made again. Raises MirrorHeld where another instance has it.
        """
        if identity_of(self.path) != self._file:
            raise self._replaced()
        self._lock.renew()

    def listen(self) -> None:
        """From now on `await_commit` knows what was committed since. Raises StoreUnavailable.

        A file that was replaced gives nothing any more.
        """
        if identity_of(self.path) != self._file:
            raise self._replaced()
        self.called()

    def await_commit(self, woken: int, seconds: float) -> bool:
        """Whether another process has written to the file since `listen`, within so many seconds.

        False at once when there is something to read from the descriptor `woken`.
        """
        until = monotonic() + seconds
        while (left := until - monotonic()) > 0:
            if select.select([woken], [], [], min(left, LOOK))[0]:
                return False
            if self.called() or identity_of(self.path) != self._file:
                return True
        return False

    def take_cursor(self, name: str) -> bool:
        """Whether this connection has the named cursor of the change feed from now on: no other has it."""
        lock = self._cursors.setdefault(name, FileLock(Path(f"{self.path}.cursor-{name}")))
        try:
            with self._naming_the_path():
                lock.take()
        except MirrorHeld:
            return False
        return True

    def begin_snapshot(self) -> None:
        """From the next query on, what others write is not seen."""
        self.db.execute_sql("BEGIN")

    def end_snapshot(self) -> None:
        """It is seen again."""
        self.db.execute_sql("ROLLBACK")

    def stream(self, sql: str) -> "Stream":
        """The rows of a query, which are not read before they are fetched."""
        return Stream(self.db.connection().cursor(), sql)

    def before_commit(self) -> None:
        """Nothing to count: a file forgets nothing while the process lives, and whoever reads looks at it."""

    def after_commit(self) -> None:
        """Nothing to count."""

    def accept(self) -> None:
        """There is nothing else to accept."""

    def lost(self, error: Exception) -> bool:  # noqa: ARG002 - a file has no connection to lose
        """Whether trying again on a new connection makes sense."""
        return False

    def says_why(self, error: Exception) -> bool:
        """Whether it is more than a consequence of another error."""
        return _code(error) in FULL | DAMAGED | BUSY | DENIED | BROKEN

    def rejected(self, error: Exception) -> bool:
        """Whether it is the fault of one row, so that others can be stored."""
        if isinstance(error, OverflowError | ValueError):
            return True
        if isinstance(error, peewee.IntegrityError | peewee.DataError | peewee.InterfaceError):
            return True
        return _code(error) in REJECTED or isinstance(
            error, sqlite3.InterfaceError | sqlite3.ProgrammingError
        )

    def too_big(self, error: Exception) -> bool:  # noqa: ARG002 - see the other driver
        """No row is: a file takes rows of any length."""
        return False

    def translate(self, error: Exception) -> StoreError:
        """The error, by its meaning."""
        code, path, text = _code(error), plain(self.path), plain(error)
        if code in DAMAGED and UNUSABLE not in text:
            return self._damaged()
        if code in FULL:
            return StoreFull(
                f"There is no space left for {path}.",
                hint="Free some space; the mirror goes on by itself.",
            )
        if code in REFUSED:
            return StoreRefused(
                f"{path} refuses a statement: {text}.",
                hint="What it names keeps the table from being mirrored; the other tables go on.",
            )
        if code in BROKEN and self._is_limited():
            return StoreFull(
                f"A limit of this process keeps {path} from growing.",
                hint="Raise the limit of file sizes (ulimit -f, LimitFSIZE=) and start again.",
            )
        return StoreUnavailable(*self._unavailable(code, path, text))

    def _unavailable(self, code: int | None, path: str, text: str) -> tuple[str, str]:
        """What to say of an error that concerns the whole file and does not damage it, and what to do."""
        if code in DAMAGED:
            return (
                f"Something that somebody made in {path} cannot be used by this SQLite: {text}.",
                "Drop what it names; the mirror goes on by itself then.",
            )
        if code in BUSY:
            return f"Another program is writing to {path}.", "A mirror that runs tries again by itself."
        if code in DENIED:
            return (
                f"The file {path} cannot be written: {text}.",
                "bitsheet-tui needs to write to the file and to its folder.",
            )
        if code in BROKEN and self._is_on_readonly():
            return (
                f"The file system of {path} has become read-only.",
                "The kernel's log says why (dmesg). Repair and mount it; the mirror goes on by itself.",
            )
        return f"SQLite failed on {path}: {text}.", ""

    def _replaced(self) -> StoreUnavailable:
        return StoreUnavailable(
            f"The file {plain(self.path)} was moved, deleted or replaced while it was in use.",
            hint="Restart bitsheet-tui to go on with the file that is there now.",
        )

    def _is_limited(self) -> bool:
        """Whether one of our files has nearly the size that a process of ours may give to a file."""
        limit, _ = resource.getrlimit(resource.RLIMIT_FSIZE)
        return limit != resource.RLIM_INFINITY and max(map(_size, self._files())) + NEARLY > limit

    def _is_on_readonly(self) -> bool:
        try:
            return bool(os.statvfs(self.path.parent).f_flag & os.ST_RDONLY)
        except OSError:
            return False

    def _files(self) -> tuple[Path, Path]:
        """The file, and what is not yet merged into it."""
        return self.path, Path(f"{self.path}-wal")

    def _damaged(self) -> StoreDamaged:
        """What is put beside the -wal of another file is damaged by it (sqlite.org/howtocorrupt.html)."""
        path = plain(self.path)
        return StoreDamaged(
            f"The file {path} is damaged or not a SQLite database; nothing in it was changed.",
            hint=f"Move it away together with {path}-wal and {path}-shm, which belong to no other file. "
            "Restore it from a backup then, or start without to read everything anew.",
        )

    def may_load(self) -> bool:
        """Whether rows may go through a table of their own, which is of no use in a file."""
        return False

    def size_bytes(self) -> int:
        """The file and what is not yet merged into it."""
        return sum(map(_size, self._files()))

    def backlog(self) -> int:
        """The size of the log beside the file, where it has grown too big; else 0.

        It is merged into the file with the next commits and cut then, but not beyond what somebody still
        reads (sqlite.org/wal.html, "Avoiding Excessively Large WAL Files").
        """
        size = _size(self._files()[1])
        return size if size >= PINNED else 0

    def stamp(self, version: int) -> None:
        """Say the version of the tables where other tools look for it."""
        self.db.execute_sql(f"PRAGMA user_version = {version:d}")

    def rest(self) -> None:
        """Let go of the pages that are kept in memory: until the next cycle nobody asks for them."""
        self.db.execute_sql("PRAGMA shrink_memory")

    def overwrite(self, on: bool) -> None:
        """Whether what is deleted or replaced from now on is overwritten in the file, too."""
        self.db.execute_sql(f"PRAGMA secure_delete = {'ON' if on else 'OFF'}")

    def clean(self, tables: Collection[str], *, whole: bool) -> bool:  # noqa: ARG002 - it is one file
        """Empty the log beside the file; `whole`: also write the file anew, without what was deleted ever.

        Whether nothing is left: a program that reads for long keeps the log.
        """
        connection = self.db.connection()
        if whole:
            connection.execute("VACUUM")
        busy, *_ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        return whole and not busy

    def altering(self) -> None:
        """Whoever reads does not keep us from changing tables."""

    def blockers(self, names: Sequence[str]) -> str:  # noqa: ARG002 - nobody locks single tables
        """Who has locked these tables or views."""
        return ""

    def replace_view(self, name: str, columns: Collection[str], select: Select) -> bool:  # noqa: ARG002
        """Make a view anew; what others hung on it stays."""
        triggers = self.db.execute_sql(
            "SELECT sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = ? ORDER BY rowid", (name,)
        ).fetchall()
        self.db.execute_sql(f"DROP VIEW IF EXISTS {quote(name)}")
        for (statement,) in ((f"CREATE VIEW {quote(name)} AS {select()}",), *triggers):
            self.db.execute_sql(statement)
        return True

    def _take_inode(self) -> None:
        """Before anything else, where there is a file: whoever does not get it leaves no trace beside it."""
        with self._naming_the_path():
            if not self._inode.take(self.path):
                raise held(self._lock.holder() or Holder())

    def _examine(self) -> bool:
        """Refuse what is not ours; True when the last writer did not end cleanly."""
        with self._naming_the_path():
            if not self.path.parent.is_dir():
                raise StoreUnavailable(
                    f"There is no folder {plain(self.path.parent)}.", hint="Create it, or change store.url."
                )
            if self.path.is_dir():
                raise StoreUnavailable(f"{plain(self.path)} is a folder.", hint="Name a file in store.url.")
            if not self.path.exists() or self.path.stat().st_size == 0:
                self._refuse_absent()
                return False
            if not os.access(self.path, os.R_OK):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
            self._refuse_foreign()
            wal = Path(f"{self.path}-wal")
            return wal.exists() and wal.stat().st_size > 0

    def _refuse_absent(self) -> None:
        if not self._locked:
            raise NoMirror(
                f"There is no mirror at {plain(self.path)} yet.",
                hint="Start bitsheet-tui, or let store.url name the mirror.",
            )

    def _refuse_foreign(self) -> None:
        connection = sqlite3.connect(f"{self.path.as_uri()}?mode=ro", uri=True, timeout=5)
        try:
            (application,) = connection.execute("PRAGMA application_id").fetchone()
            (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        except sqlite3.Error as error:
            if _code(error) == sqlite3.SQLITE_NOTADB and not self._begins_like_one():
                raise self._foreign("is not a SQLite database") from error
            raise self.translate(error) from error
        finally:
            connection.close()
        if application != APPLICATION_ID and (application or tables):
            raise self._foreign("is another program's database")
        if not tables:
            self._refuse_absent()

    def _begins_like_one(self) -> bool:
        with self.path.open("rb") as file:  # nobody has a database open here: there is none
            return file.read(len(HEADER)) == HEADER

    def _foreign(self, what: str) -> StoreDamaged:
        return StoreDamaged(
            f"The file {plain(self.path)} {what}; it was not touched.",
            hint="Let store.url name another file.",
        )

    def _claim(self) -> None:
        """Create the file for its owner only, and mark it as ours before anything else is in it."""
        with self._naming_the_path(), suppress(FileExistsError):  # one that is there is not opened and closed
            made = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            try:
                hand_over(made, self.path.parent)  # and SQLite gives the files beside it the same owner
            finally:
                os.close(made)
        connection = sqlite3.connect(self.path, timeout=5, isolation_level=None)
        try:
            if connection.execute("PRAGMA application_id").fetchone() != (APPLICATION_ID,):
                connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        except sqlite3.Error as error:
            raise self.translate(error) from error
        finally:
            connection.close()

    def _check_health(self) -> None:
        found = self.db.execute_sql("PRAGMA quick_check(1)").fetchone()
        if found != ("ok",):
            raise self.translate(_corrupt())

    @contextmanager
    def _naming_the_path(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise StoreUnavailable(
                f"{plain(self.path)} cannot be opened: {error.strerror}.",
                hint="bitsheet-tui needs to write to the file and to its folder.",
            ) from error


class Stream:
    """The rows of a query."""

    def __init__(self, cursor: Any, sql: str) -> None:
        self._cursor = cursor.execute(sql)

    def fetch(self, count: int) -> list[tuple[Any, ...]]:
        """The next so many rows; none: that was all."""
        return list(self._cursor.fetchmany(count))

    def close(self) -> None:
        """Read no more."""
        self._cursor.close()


def _corrupt() -> sqlite3.DatabaseError:
    error = sqlite3.DatabaseError("quick_check")
    error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
    return error


def _code(error: Exception) -> int | None:
    """The primary result code (sqlite.org/rescode.html), also of an error that peewee wrapped."""
    code = getattr(getattr(error, "orig", error), "sqlite_errorcode", None)
    return None if code is None else code & 0xFF


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:  # there is none
        return 0
