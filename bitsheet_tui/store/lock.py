"""One writer per mirror: a lock that the kernel or the server lets go of when its holder dies."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import os
import socket
import struct
import threading
from collections import Counter
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from msgspec import Struct

from bitsheet_tui.errors import MirrorHeld, StoreUnavailable
from bitsheet_tui.ownership import foreign_link, hand_over
from bitsheet_tui.text import plain


class Holder(Struct, frozen=True, kw_only=True):
    """The instance that writes to a mirror. `since` is aware UTC; None where nobody knows."""

    pid: int | None = None
    host: str = ""
    since: datetime | None = None
    role: str = ""  # of a session of PostgreSQL whose process has not told its name
    lock: int | None = None  # the number under which its session is registered there

    @classmethod
    def me(cls, lock: int | None = None) -> Holder:
        """A holder that is this process, from now on."""
        since = datetime.now(UTC).replace(microsecond=0)
        return cls(pid=os.getpid(), host=socket.gethostname(), since=since, lock=lock)

    def to_text(self) -> str:
        """For the lock file, or for the server."""
        since = self.since.isoformat() if self.since else ""
        told = {"pid": self.pid, "host": self.host, "since": since}
        return json.dumps(told if self.lock is None else told | {"lock": self.lock})

    @classmethod
    def from_text(cls, text: str) -> Holder:
        """What `to_text` made; nobody in particular when it is something else."""
        try:
            told = json.loads(text)
            return cls(
                pid=int(told["pid"]),
                host=plain(told["host"], 80),
                since=datetime.fromisoformat(told["since"]),
                lock=int(told["lock"]) if "lock" in told else None,
            )
        except (ValueError, KeyError, TypeError):
            return cls()


def held(holder: Holder) -> MirrorHeld:
    """The error to raise when `holder` writes to the mirror."""
    parts = []
    if holder.pid:
        elsewhere = holder.host and holder.host != socket.gethostname()
        parts.append(f"pid {holder.pid} on {holder.host}" if elsewhere else f"pid {holder.pid}")
    if holder.role:
        parts.append(f"a session of role {holder.role}" + (f" from {holder.host}" if holder.host else ""))
    if holder.since:
        parts.append(f"since {holder.since.astimezone():%H:%M}")
    known = f": {', '.join(parts)}" if parts else ""
    return MirrorHeld(
        f"another instance holds this mirror{known}",
        hint="Stop it first, or use its own pause, resume and sync; status works meanwhile.",
    )


def advisory_key(database: str, schema: str) -> int:
    """The 64-bit number that stands for one mirror on a PostgreSQL server."""
    digest = hashlib.sha256(f"bitsheet-tui\0{database}\0{schema}".encode()).digest()
    return int.from_bytes(digest[:8], "big", signed=True)


def register_key(database: str, schema: str) -> int:
    """The 32-bit number under which the sessions that write to one mirror are registered there."""
    digest = hashlib.sha256(f"bitsheet-tui writers\0{database}\0{schema}".encode()).digest()
    return int.from_bytes(digest[:4], "big", signed=True)


def cursors_key(database: str, schema: str) -> int:
    """The 32-bit number that stands there for the cursors of one mirror."""
    digest = hashlib.sha256(f"bitsheet-tui cursors\0{database}\0{schema}".encode()).digest()
    return int.from_bytes(digest[:4], "big", signed=True)


def cursor_key(name: str) -> int:
    """The 32-bit number for the name of one of them."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big", signed=True)


class FileLock:
    """An exclusive lock on a file beside the mirror. The file stays; only the lock on it says anything."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._fd: int | None = None

    @property
    def taken(self) -> bool:
        """Whether this object holds the lock."""
        return self._fd is not None

    def take(self) -> None:
        """Take the lock, or raise MirrorHeld. Twice is once."""
        if self._fd is not None:
            return
        fd = self._open(os.O_RDWR | os.O_CREAT)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            holder = Holder.from_text(_read(fd))
            os.close(fd)
            raise held(holder) from None
        os.ftruncate(fd, 0)
        os.pwrite(fd, Holder.me().to_text().encode(), 0)
        self._fd = fd

    def renew(self) -> None:
        """Lock the file that is there now, if somebody removed or replaced the one that we have locked.

        Raises MirrorHeld where another instance was first.
        """
        if self._fd is None or identity(os.fstat(self._fd)) == identity_of(self.path):
            return
        ours, self._fd = self._fd, None
        try:
            self.take()
        finally:
            if self._fd is None:
                self._fd = ours
            else:
                os.close(ours)

    def release(self) -> None:
        """Let go; the file says nobody from now on."""
        fd, self._fd = self._fd, None
        if fd is not None:
            with suppress(OSError):  # the disk may have become read-only; closed is let go
                os.ftruncate(fd, 0)
            with suppress(OSError):
                os.close(fd)

    def holder(self) -> Holder | None:
        """Who holds the lock, without taking it; None: nobody."""
        if self._fd is not None:
            return Holder.from_text(_read(self._fd))
        if not self.path.exists():
            return None
        fd = self._open(os.O_RDONLY)
        try:
            fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return Holder.from_text(_read(fd))
        else:
            return None
        finally:
            os.close(fd)

    def _open(self, flags: int) -> int:
        if why := foreign_link(self.path):
            raise StoreUnavailable(
                f"The lock file {plain(self.path)} is not used: {why}.",
                hint="Remove it: what it leads to would be emptied.",
            )
        if not self.path.is_symlink():
            flags |= os.O_NOFOLLOW
        try:
            if flags & os.O_CREAT:
                self._make()
            return os.open(self.path, flags | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StoreUnavailable(
                f"The lock file {plain(self.path)} cannot be opened: {error.strerror}.",
                hint="The folder of the mirror must be writable for bitsheet-tui.",
            ) from error

    def _make(self) -> None:
        """Make it, unless it is there. Raises OSError."""
        with suppress(FileExistsError):
            made = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            try:
                mirror = self.path.with_suffix("")
                hand_over(made, mirror if mirror.exists() else self.path.parent)
            finally:
                os.close(made)


class InodeLock:
    """An exclusive lock on the database file itself, by whatever name it is reached: links lead to it, too.

    It is one byte far behind those that SQLite locks (sqlite.org/fileformat.html, 1.6), and it belongs to the
    open file and not to the process (fcntl(2), open file description locks). Where a system has no such
    locks, there is only the lock beside the file.
    """

    def __init__(self) -> None:
        self._fd: int | None = None

    def take(self, path: Path) -> bool:
        """Whether we have the lock now. Twice is once. Raises OSError where the file cannot be opened."""
        if self._fd is not None or not OWN_LOCKS:
            return True
        fd = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        try:
            fcntl.fcntl(fd, fcntl.F_OFD_SETLK, _byte(fcntl.F_WRLCK))
        except OSError as error:
            _let_go(fd)
            return error.errno not in HELD  # a file system without locks: SQLite itself will say so
        self._fd = fd
        return True

    def release(self) -> None:
        """Let go."""
        fd, self._fd = self._fd, None
        if fd is not None:
            with suppress(OSError):
                fcntl.fcntl(fd, fcntl.F_OFD_SETLK, _byte(fcntl.F_UNLCK))
            _let_go(fd)


OWN_LOCKS = hasattr(fcntl, "F_OFD_SETLK")
HELD = frozenset({errno.EAGAIN, errno.EACCES})
OUR_BYTE = 2**62
Identity = tuple[int, int]  # device, inode
_users: Counter[Identity] = Counter()  # this process's connections to each database file
_parked: dict[Identity, list[int]] = {}
_noting = threading.Lock()


def _byte(kind: int) -> bytes:
    """A `struct flock` of fcntl(2), for our byte."""
    return struct.pack("hhqqi4x", kind, os.SEEK_SET, OUR_BYTE, 1, 0)


def use(file: Identity | None) -> None:
    """Note that this process has one more connection to that file."""
    if file:
        with _noting:
            _users[file] += 1


def unuse(file: Identity | None) -> None:
    """Note that it has one less; after the last one nothing of the file is kept open."""
    if file:
        with _noting:
            _users[file] -= 1
            if _users[file] <= 0:
                del _users[file]
                for fd in _parked.pop(file, ()):
                    os.close(fd)


def _let_go(fd: int) -> None:
    """Close a file that SQLite may have open, too, once it has not.

    To close it drops every lock that this process has on it, those of SQLite's connections among them
    (sqlite.org/howtocorrupt.html, 2.2).
    """
    file = identity(os.fstat(fd))
    with _noting:
        if _users[file] > 0:
            _parked.setdefault(file, []).append(fd)
        else:
            os.close(fd)


def identity(status: os.stat_result) -> Identity:
    """What makes it this file and no other, whatever its name."""
    return status.st_dev, status.st_ino


def identity_of(path: Path) -> Identity | None:
    """The same by name; None where there is no such file, or none that we may look at."""
    try:
        return identity(path.stat())
    except OSError:
        return None


def _read(fd: int) -> str:
    return os.pread(fd, 4096, 0).decode(errors="replace")
