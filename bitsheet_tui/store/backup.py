"""A copy of a mirror in a file, while it is written: whole and checked, or none.

SQLite's online backup (sqlite.org/backup.html) reads in steps, and begins anew whenever another connection
has written. A transaction that only reads is kept open here meanwhile, so that every step sees the same
moment, and no writer waits.
"""

import errno
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from bitsheet_tui.errors import StoreDamaged, StoreError, StoreFull, StoreUnavailable, UsageError
from bitsheet_tui.store.books import NOTIFIED, PASSING
from bitsheet_tui.text import plain

PAGES = 2000  # a step: 8 MB, between which a signal is heard
NO_LINKS = frozenset({errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EMLINK})


def copy(mirror: Path, target: Path) -> None:
    """Copy the mirror in the file `mirror` to `target`, for its owner alone.

    Raises UsageError where something is there, StoreUnavailable, StoreFull, and StoreDamaged where the copy
    is not sound.
    """
    if os.path.lexists(target):
        raise _there(target)
    with _part(target) as part:
        try:
            with closing(_open(mirror, "ro")) as source, closing(_open(part, "rw")) as made:
                source.execute("BEGIN")
                source.execute(
                    "SELECT count(*) FROM sqlite_master"
                ).fetchone()  # from here on it is one moment
                source.backup(made, pages=PAGES)
                _settle(made)
                _check(made, mirror)
        except sqlite3.Error as error:
            raise _meaning(error, mirror, target) from error
        _arrive(part, target)


def _open(path: Path, mode: str) -> sqlite3.Connection:
    return sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={mode}", uri=True, isolation_level=None, timeout=10
    )


def _settle(copy: sqlite3.Connection) -> None:
    """Make it one file, of which no instance runs and nobody asks anything."""
    copy.execute("PRAGMA journal_mode = DELETE")
    copy.execute("BEGIN")
    copy.executemany("DELETE FROM bitsheet_meta WHERE key = ?", [(key,) for key in (*PASSING, NOTIFIED)])
    copy.execute(
        "UPDATE bitsheet_control SET done_at = ?, answer = 'not done: asked before a backup'"
        " WHERE done_at IS NULL",
        (datetime.now(UTC).isoformat(),),
    )
    copy.execute("COMMIT")


def _check(copy: sqlite3.Connection, mirror: Path) -> None:
    found = copy.execute("PRAGMA integrity_check(1)").fetchone()
    if found != ("ok",):
        raise StoreDamaged(
            f"The copy of {plain(mirror)} is not sound, so there is none: {plain(found[0])}.",
            hint="The mirror itself is damaged: restore an older copy, or let it be read anew.",
        )


@contextmanager
def _part(target: Path) -> Iterator[Path]:
    """A new file beside `target`, which is gone afterwards."""
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        os.close(os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    except OSError as error:
        raise StoreUnavailable(
            f"{plain(target)} cannot be written: {error.strerror}.",
            hint="Name a file in a folder of your own.",
        ) from error
    try:
        yield part
    finally:
        for name in (part, Path(f"{part}-journal"), Path(f"{part}-wal"), Path(f"{part}-shm")):
            name.unlink(missing_ok=True)


def _arrive(part: Path, target: Path) -> None:
    """Give it its name, once it is on the disk; what has come there meanwhile is kept."""
    try:
        _flush(part)
        try:
            os.link(part, target)
        except FileExistsError:
            raise _there(target) from None
        except OSError as error:  # a file system without links
            if error.errno not in NO_LINKS or os.path.lexists(target):
                raise
            part.rename(target)
        _flush(target.parent)
    except OSError as error:
        raise StoreUnavailable(f"{plain(target)} cannot be written: {error.strerror}.") from error


def _flush(path: Path) -> None:
    opened = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def _there(target: Path) -> UsageError:
    return UsageError(f"{plain(target)} is there already, and a backup replaces nothing", "name another file")


def _meaning(error: sqlite3.Error, mirror: Path, target: Path) -> StoreError:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code == sqlite3.SQLITE_FULL:
        return StoreFull(f"There is no space left for {plain(target)}.", hint="Free some space.")
    if code in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}:
        return StoreDamaged(
            f"The mirror {plain(mirror)} is damaged, so there is no copy of it: {plain(error)}.",
            hint="Restore an older copy, or let it be read anew.",
        )
    return StoreUnavailable(f"{plain(mirror)} cannot be copied: {plain(error)}.")
